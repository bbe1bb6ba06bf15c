"""Desk: what a person (or the customer) may say about jobs, batches and plotters. `actor` is who said it."""

from collections.abc import Collection, Mapping

from sqlalchemy import ColumnElement, Connection, and_, func, select, update

from jobs import schema
from jobs.dispatch import LEASE
from jobs.job import Batch, Decision, Job, Missing, Mode, NotAllowed, PlotterRow, State, Wanted
from jobs.store import Store
from plotter.faults import Card
from plotter.machine import Slot

_job, _attempt, _plotter, _batch, _slot = schema.job, schema.attempt, schema.plotter, schema.batch, schema.slot


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

    def decide(self, job_id: str, decision: Decision, *, actor: str, note: str = "", looked: bool = False) -> Job:
        """A person's word on an interrupted or quarantined card: good, a fresh one shall be written, or given up.

        An interrupted one may also be gone on with: see `resume`.
        """
        if decision is Decision.RESUME:
            return self.resume(job_id, actor=actor, looked=looked, note=note)
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
            if decision is not Decision.GOOD:  # what still lies there is nobody's card
                connection.execute(update(_slot).where(_slot.c.job == job_id).values(job=None))
            now = self.store.now(connection)
            connection.execute(
                update(_attempt)
                .where(_attempt.c.job == job_id, _attempt.c.number == job.attempts)
                .values(
                    ended_at=func.coalesce(_attempt.c.ended_at, now),
                    outcome=outcome,
                    resumable=False,
                    decided_by=actor,
                    decided_at=now,
                    decision=decision,
                    note=note or None,
                )
            )
            return self.store.job(job.id)

    def resume(self, job_id: str, *, actor: str, looked: bool = False, note: str = "") -> Job:
        """A person's word that nobody has touched the paper and this very card is gone on with where it broke off.

        Only while its plotter stands ready for it. A card that must be looked at first wants the word (`looked`) that
        the pen stands where the writing breaks off.
        """
        with self.store.transaction() as connection:
            state = self.store.lock_job(connection, job_id)
            verdict = self.store.job(job_id).verdict
            if state is State.INTERRUPTED:
                if verdict is None or verdict.resume is None:
                    raise NotAllowed(f"{job_id} cannot be gone on with: where its writing broke off is not proven")
                if not verdict.resumable:
                    raise NotAllowed(
                        f"{job_id} cannot be gone on with: its plotter was connected anew. One that homes finds its "
                        "place again (Home), unless the server was restarted, too"
                    )
                if verdict.card is Card.LOOK and not looked:
                    raise NotAllowed(f"{job_id} must be looked at first: say that you have looked")
            resume = None if verdict is None else verdict.resume
            where = None if resume is None else [resume.stroke, resume.mm]
            job = self.store.transition(
                job_id,
                State.WRITING,
                who="person",
                actor=actor,
                frm=(State.INTERRUPTED,),
                only="an interrupted card can be gone on with",
                data={"decision": Decision.RESUME, "resume": where, "note": note},
            )
            now = self.store.now(connection)
            connection.execute(
                update(_attempt)
                .where(_attempt.c.job == job_id, _attempt.c.ended_at.is_(None))
                .values(
                    outcome=None,
                    wanted=None,
                    held=True,  # the pen is up until the plotter goes on
                    resumable=False,
                    resumed=_attempt.c.resumed + 1,
                    lease_until=now + LEASE,
                    decided_by=actor,
                    decided_at=now,
                    decision=Decision.RESUME,
                    note=note or None,
                )
            )
            self.store.ring_after_commit("event")
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

    def discard_batch(self, batch_id: str, *, actor: str) -> Batch:
        """Cancel all that no plotter has in hand of a batch; what is written or being written stays as it is."""
        with self.store.transaction() as connection:
            self.store.batch(batch_id)
            for state in (State.HELD, State.READY, State.FAILED):
                mine = _job.c.batch == batch_id
                self.store.move(connection, mine, state, State.CANCELLED, who="person", actor=actor)
            self.store.tell(connection, [{"kind": "batch.discarded", "data": {"batch": batch_id}}], actor)
            return self.store.batch(batch_id)

    # -- plotters ----------------------------------------------------------------------------------------------------

    def load(self, plotter: str, count: int, stock: str, *, actor: str) -> PlotterRow:
        """A person has laid `count` blank cards of `stock` into the plotter and looked at them.

        Where there are several slots, each of the first `count` that are free holds one.
        """
        with self.store.transaction() as connection:
            row = self._loadable(connection, plotter)
            if not 0 <= count <= row.capacity:
                raise NotAllowed(f"{plotter} takes 0 to {row.capacity} blanks, not {count}")
            if row.job is not None and count >= row.capacity:  # the card under the pen lies there as well
                if row.capacity == 1:
                    raise NotAllowed("its card is still being written: load when it is done")
                room = f"beside it there is room for {row.capacity - 1} blanks, not {count}"
                raise NotAllowed(f"its card is still being written: {room}")
            if len(row.slots) == 1:
                return self._lay(connection, row, {row.slots[0].name: (count, stock)}, actor)
            free = [one.name for one in row.slots if row.job is None or one.name != row.slot]
            return self._lay(connection, row, dict.fromkeys(free[:count], (1, stock)), actor)

    def lay(self, plotter: str, papers: Mapping[str, str], *, actor: str) -> PlotterRow:
        """A person has laid one blank card into each of these slots, of the paper named, and none into the others."""
        with self.store.transaction() as connection:
            row = self._loadable(connection, plotter)
            if unknown := sorted(set(papers) - {one.name for one in row.slots}):
                known = ", ".join(one.name for one in row.slots)
                raise Missing(f"{plotter} has no slot {unknown[0]}; it has {known}")
            if row.job is not None and row.slot in papers:
                raise NotAllowed(f"the card in slot {row.slot} is still being written: load that slot when it is done")
            return self._lay(connection, row, {name: (1, stock) for name, stock in papers.items()}, actor)

    def _loadable(self, connection: Connection, plotter: str) -> PlotterRow:
        """The plotter's row is held: no pen may come down between the look and the count."""
        connection.execute(select(_plotter.c.name).where(_plotter.c.name == plotter).with_for_update())
        row = self.store.plotter(plotter)
        if row.undecided:
            raise NotAllowed(f"{plotter} still has the card of {row.job}: decide that one first")
        return row

    def _lay(
        self, connection: Connection, row: PlotterRow, blanks: Mapping[str, tuple[int, str]], actor: str
    ) -> PlotterRow:
        """What a person says lies on the bed replaces all that was known of it, but for the card in hand."""
        for slot in row.slots:
            count, stock = blanks.get(slot.name, (0, slot.stock))
            values: dict[str, object] = {"blanks": count, "stock": stock}
            if row.job is None or row.slot != slot.name:
                # A card that a feeder has brought may lie there still, or was taken out: it is asked about first.
                values["feed"] = "asked" if slot.feed in ("here", "asked") else ""
                values |= {"job": None} if slot.name in blanks else {}
            here = and_(_slot.c.plotter == row.name, _slot.c.name == slot.name)
            connection.execute(update(_slot).where(here).values(**values))
        found = self.store.plotter(row.name)
        lies = {name: stock for name, (count, stock) in blanks.items() if count}
        said: dict[str, object] = {"blanks": found.blanks, "stock": found.loaded_stock, "slots": lies}
        self._tell(connection, row.name, "loaded", said, actor)
        return found

    def measure(self, plotter: str, slot: str, lies: Slot | None, *, actor: str) -> PlotterRow:
        """A slot lies where two touched corners say, or, with None, where the configuration says again."""
        with self.store.transaction() as connection:
            row = self._loadable(connection, plotter)
            if slot not in {one.name for one in row.slots}:
                raise Missing(f"{plotter} has no slot {slot}; it has {', '.join(one.name for one in row.slots)}")
            if row.job is not None:
                raise NotAllowed(f"{plotter} has a card under its pen: measure when it is done")
            now = None if lies is None else self.store.now(connection)
            values = {key: None if lies is None else getattr(lies, key) for key in ("x_mm", "y_mm", "rotation_deg")}
            here = and_(_slot.c.plotter == plotter, _slot.c.name == slot)
            by = None if lies is None else actor
            connection.execute(update(_slot).where(here).values(**values, measured_at=now, measured_by=by))
            self._tell(connection, plotter, "measured" if lies else "unmeasured", {"slot": slot, **values}, actor)
            return self.store.plotter(plotter)

    def fed(self, plotter: str, came: bool, *, actor: str) -> PlotterRow:
        """A person's answer to whether the feeder has brought a card."""
        with self.store.transaction() as connection:
            asked = and_(_slot.c.plotter == plotter, _slot.c.feed == "asked")
            said = connection.execute(update(_slot).where(asked).values(feed="here" if came else "missing"))
            if not said.rowcount:
                raise NotAllowed(f"{plotter} does not ask whether its feeder has brought a card")
            self._tell(connection, plotter, "fed", {"came": came}, actor)
            self.store.ring_after_commit("event")
            return self.store.plotter(plotter)

    def mode(self, plotter: str, mode: Mode, *, actor: str) -> PlotterRow:
        """Pause a plotter (it takes no more jobs; the card in hand goes on) or make it active again."""
        with self.store.transaction() as connection:
            self._set(connection, plotter, mode=mode)
            self._tell(connection, plotter, "mode", {"mode": mode}, actor)
            return self.store.plotter(plotter)

    def wish(self, plotter: str, wanted: Wanted, *, actor: str) -> PlotterRow:
        """Hold the card in hand at the next pen lift, lift its pen at once, go on with it, or stop it (interrupted).

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
                lifted = row.wanted == Wanted.LIFT and wanted is Wanted.HOLD
                what = f"the pen of {plotter} is lifted" if lifted else f"the card on {plotter} is stopped or cancelled"
                raise NotAllowed(f"{what} already")
            if wanted is Wanted.STOP and state is State.CLAIMED:
                self._set(connection, plotter, mode=Mode.PAUSED)
            self._tell(connection, plotter, "wish", {"wanted": wanted, "job": row.job}, actor)
            return self.store.plotter(plotter)

    # -- rows --------------------------------------------------------------------------------------------------------

    def _wish(self, connection: Connection, which: ColumnElement[bool], wanted: Wanted) -> bool:
        """A cancel stands once it is said, a stop against all but a cancel; every other wish replaces the last.

        To hold a card whose pen is being lifted asks for what is done already.
        """
        stands = [Wanted.CANCEL] if wanted in (Wanted.CANCEL, Wanted.STOP) else [Wanted.CANCEL, Wanted.STOP]
        stands += [Wanted.LIFT] if wanted is Wanted.HOLD else []
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
