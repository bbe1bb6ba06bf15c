"""Desk: what a person (or the customer) may say about jobs, batches and plotters. `actor` is who said it."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, and_, func, select, update

from jobs import schema
from jobs.job import (
    Batch,
    Decision,
    Job,
    Missing,
    Mode,
    NotAllowed,
    PlotterRow,
    State,
    Wanted,
)
from jobs.store import Store

_job, _attempt, _plotter, _batch = schema.job, schema.attempt, schema.plotter, schema.batch


class Desk:
    """A person's verbs over one store. Each raises Missing for an unknown id, NotAllowed (in words) where it cannot."""

    def __init__(self, store: Store) -> None:
        self.store = store

    # -- jobs --------------------------------------------------------------------------------------------------------

    def cancel(self, job_id: str, *, actor: str) -> Job:
        """Cancel a job whose pen has not touched paper: at once or, when a plotter has it, before its pen comes down.

        In the second case it comes back still `claimed`, with `wanted` = cancel, and becomes cancelled in a moment.
        """
        with self.store.transaction() as connection:
            state = self.store.lock_job(connection, job_id)
            if state is State.CANCELLED:
                return self.store.job(job_id)
            if state is State.CLAIMED:
                self._wish(connection, _attempt.c.job == job_id, Wanted.CANCEL)
                return self.store.job(job_id)
            if state is State.WRITING:
                raise NotAllowed(f"{job_id} is being written: stop its plotter and decide the card instead")
            if state is State.INTERRUPTED:
                raise NotAllowed(f"{job_id} is interrupted: decide its card (good, fresh or give_up) instead")
            only = "a job whose pen has not touched the paper can be cancelled"
            return self.store.transition(job_id, State.CANCELLED, who="person", actor=actor, only=only)

    def hold_job(self, job_id: str, *, actor: str) -> Job:
        """Keep a ready job from being written until it is released."""
        return self.store.transition(
            job_id, State.HELD, who="person", actor=actor, hold=True, only="a ready job can be held back"
        )

    def release(self, job_id: str, *, actor: str) -> Job:
        """Let a held job be written; one whose batch has not been started must wait for that."""
        with self.store.transaction():
            job = self.store.job(job_id)
            if job.state is State.HELD and job.batch and self.store.batch(job.batch).started_at is None:
                raise NotAllowed(f"{job_id} belongs to {job.batch}, which has not been started: start the batch")
            only = "a held job can be released"
            held = (State.HELD,)
            return self.store.transition(
                job_id, State.READY, who="person", actor=actor, frm=held, only=only, hold=False
            )

    def requeue(self, job_id: str, *, actor: str) -> Job:
        """Try a failed job again."""
        only = "a failed job can be tried again"
        return self.store.transition(job_id, State.READY, who="person", actor=actor, frm=(State.FAILED,), only=only)

    def decide(self, job_id: str, decision: Decision, *, actor: str, note: str = "") -> Job:
        """A person's word on an interrupted or quarantined card: good, a fresh one shall be written, or given up."""
        to = {Decision.GOOD: State.DONE, Decision.FRESH: State.READY, Decision.GIVE_UP: State.FAILED}[decision]
        outcome = {Decision.GOOD: "written", Decision.FRESH: "spoiled", Decision.GIVE_UP: "given_up"}[decision]
        with self.store.transaction() as connection:
            was = self.store.lock_job(connection, job_id)
            after = "a quarantine" if was is State.QUARANTINED else "an interruption"
            reason = "" if decision is not Decision.GIVE_UP else note or f"given up after {after}"
            job = self.store.transition(
                job_id,
                to,
                who="person",
                actor=actor,
                frm=(State.INTERRUPTED, State.QUARANTINED),
                only="an interrupted or quarantined card can be decided",
                reason=reason,
                data={"decision": decision},
            )
            now = self.store.now(connection)
            connection.execute(
                update(_attempt)
                .where(_attempt.c.job == job_id, _attempt.c.number == job.attempts)
                .values(
                    ended_at=func.coalesce(_attempt.c.ended_at, now),
                    outcome=outcome,
                    decided_by=actor,
                    decided_at=now,
                    decision=decision,
                    note=note or None,
                )
            )
            return self.store.job(job.id)

    def start_batch(self, batch_id: str, *, actor: str) -> Batch:
        """Begin a batch: its jobs become ready, except those held on their own; starting twice is no harm."""
        with self.store.transaction() as connection:
            started = connection.execute(
                update(_batch)
                .where(_batch.c.id == batch_id, _batch.c.started_at.is_(None))
                .values(started_at=self.store.now(connection))
            )
            if started.rowcount:
                mine = and_(_job.c.batch == batch_id, _job.c.hold.is_(False))
                self.store.move(connection, mine, State.HELD, State.READY, who="person", actor=actor)
                self.store.tell(connection, [{"kind": "batch.started", "data": {"batch": batch_id}}], actor)
            return self.store.batch(batch_id)

    # -- plotters ----------------------------------------------------------------------------------------------------

    def load(self, plotter: str, count: int, stock: str, *, actor: str) -> PlotterRow:
        """A person has laid `count` blank cards of `stock` into the plotter and looked at them."""
        with self.store.transaction() as connection:
            # The plotter's row is held: no pen may come down between the look and the count.
            connection.execute(select(_plotter.c.name).where(_plotter.c.name == plotter).with_for_update())
            row = self.store.plotter(plotter)
            if row.job is not None and self.store.job(row.job).state is State.INTERRUPTED:
                raise NotAllowed(f"{plotter} still has the card of {row.job}: decide that one first")
            if not 0 <= count <= row.capacity:
                raise NotAllowed(f"{plotter} takes 0 to {row.capacity} blanks, not {count}")
            if row.job is not None and count >= row.capacity:  # the card under the pen lies there as well
                if row.capacity == 1:
                    raise NotAllowed("its card is still being written: load when it is done")
                room = f"beside it there is room for {row.capacity - 1} blanks, not {count}"
                raise NotAllowed(f"its card is still being written: {room}")
            self._set(connection, plotter, blanks=count, loaded_stock=stock)
            self._tell(connection, plotter, "loaded", {"blanks": count, "stock": stock}, actor)
            return self.store.plotter(plotter)

    def mode(self, plotter: str, mode: Mode, *, actor: str) -> PlotterRow:
        """Pause a plotter (it takes no more jobs; the card in hand goes on) or make it active again."""
        with self.store.transaction() as connection:
            self._set(connection, plotter, mode=mode)
            self._tell(connection, plotter, "mode", {"mode": mode}, actor)
            return self.store.plotter(plotter)

    def wish(self, plotter: str, wanted: Wanted, *, actor: str) -> PlotterRow:
        """Hold the card in hand at the next pen lift, go on with it, or stop it (then the card is interrupted).

        A stop stands once it is said. One that comes before the pen was allowed down keeps the card clean: the job
        goes back, and the plotter is paused.
        """
        if wanted is Wanted.CANCEL:
            raise ValueError("a cancel belongs to a job: use cancel")
        with self.store.transaction() as connection:
            row = self.store.plotter(plotter)
            state = None if row.job is None else self.store.lock_job(connection, row.job)
            if state not in (State.CLAIMED, State.WRITING):
                raise NotAllowed(f"{plotter} is writing nothing: pause it to keep it from taking jobs")
            if not self._wish(connection, _attempt.c.plotter == plotter, wanted):
                raise NotAllowed(f"the card on {plotter} is being stopped or cancelled already")
            if wanted is Wanted.STOP and state is State.CLAIMED:
                self._set(connection, plotter, mode=Mode.PAUSED)
            self._tell(connection, plotter, "wish", {"wanted": wanted, "job": row.job}, actor)
            return self.store.plotter(plotter)

    # -- rows --------------------------------------------------------------------------------------------------------

    def _wish(self, connection: Connection, which: ColumnElement[bool], wanted: Wanted) -> bool:
        """A cancel stands once it is said, a stop against all but a cancel; every other wish replaces the last."""
        stands = [Wanted.CANCEL] if wanted in (Wanted.CANCEL, Wanted.STOP) else [Wanted.CANCEL, Wanted.STOP]
        still = and_(which, _attempt.c.ended_at.is_(None), func.coalesce(_attempt.c.wanted, "").not_in(stands))
        done = connection.execute(update(_attempt).where(still).values(wanted=wanted))
        names: Collection[str] = (
            connection.execute(select(_attempt.c.plotter).where(which, _attempt.c.ended_at.is_(None))).scalars().all()
        )
        self.store.ring_after_commit("event", *(f"plotter:{name}" for name in names))
        return done.rowcount > 0

    def _set(self, connection: Connection, plotter: str, **values: object) -> None:
        if connection.execute(update(_plotter).where(_plotter.c.name == plotter).values(**values)).rowcount == 0:
            raise Missing(f"there is no plotter {plotter}")

    def _tell(self, connection: Connection, plotter: str, what: str, data: dict[str, object], actor: str) -> None:
        self.store.tell(connection, [{"kind": f"plotter.{what}", "plotter": plotter, "data": data}], actor)
        self.store.ring_after_commit(f"plotter:{plotter}")
