"""Store: what has been asked for and how it went, on SQLite or PostgreSQL. Synchronous; call it from threads."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select, tuple_, update

from jobs import schema
from jobs.database import Database
from jobs.job import (
    TRANSITIONS,
    Attempt,
    Batch,
    Event,
    Ids,
    Job,
    Missing,
    NotAllowed,
    Order,
    PlotterRow,
    SlotRow,
    Stale,
    State,
    Who,
)
from jobs.rows import OWN, VERDICT, attempt_of, job_of, job_rows, plotter_of, slot_of, unpack_ink
from jobs.waiting import waiting_for
from plotter.strokes import Stroke

_job, _attempt, _plotter, _batch, _event, _slot = (
    schema.job,
    schema.attempt,
    schema.plotter,
    schema.batch,
    schema.event,
    schema.slot,
)

_ASKS = ("transliterate", "knobs", "address", "artwork")  # of a note, kept in one column: few ask for any of it


@dataclass(frozen=True)
class Page:
    """A piece of a list: ask for the next with `after=next`."""

    data: tuple[Job, ...]
    has_more: bool
    next: str | None


class Store(Database):
    """One database. Every state is written by `move`, together with its event, in one transaction.

    `now` replaces the clock (leases go by the database's own clock on PostgreSQL); `boot` names this start of this
    controller; `bell` rings after each commit. Raises Taken when another controller owns the SQLite file.
    """

    def __init__(self, url: str, *, now: Callable[[], datetime] | None = None, ids: Ids | None = None) -> None:
        self.ids = ids or Ids()
        self.boot = self.ids.new("boot")
        super().__init__(url, now=now)

    # -- the only writer of states -----------------------------------------------------------------------------------

    def move(
        self,
        connection: Connection,
        which: ColumnElement[bool],
        frm: State,
        to: State,
        *,
        who: Who,
        actor: str,
        reason: str = "",
        plotter: str | None = None,
        data: Mapping[str, Any] | None = None,
        **values: Any,
    ) -> list[str]:
        """Move every job that `which` picks and that stands in `frm` to `to`, with an event each; the ids moved.

        Compare-and-swap: a job that somebody else has moved is not among the ids. Raises NotAllowed for a move that
        is not in TRANSITIONS, or not for `who`.
        """
        rule = TRANSITIONS.get((frm, to))
        if rule is None or who not in rule.who:
            raise NotAllowed(f"a {who} cannot move a job that is {frm} to {to}")
        moved = connection.execute(
            update(_job)
            .where(which, _job.c.state == frm)
            .values(state=to, reason=reason, updated_at=self.now(connection), **values)
            .returning(_job.c.id)
            .execution_options(synchronize_session=False)
        ).scalars()
        ids = list(moved)
        self.tell(
            connection,
            [
                {
                    "kind": f"job.{to}",
                    "job": id,
                    "plotter": plotter,
                    "data": {"from": frm, "reason": reason, **(data or {})},
                }
                for id in ids
            ],
            actor,
        )
        return ids

    def transition(
        self,
        job_id: str,
        to: State,
        *,
        who: Who,
        actor: str,
        frm: Collection[State] | None = None,
        only: str = "",
        **more: Any,
    ) -> Job:
        """Move one job from wherever it stands (one of `frm`, if given); the job afterwards.

        Raises Missing, NotAllowed (where it stands, and `only` what can be moved so), Stale when somebody else moved
        it in between.
        """
        with self.transaction() as connection:
            state = self.lock_job(connection, job_id)
            rule = TRANSITIONS.get((state, to))
            if rule is None or who not in rule.who or (frm is not None and state not in frm):
                instead = f"only {only}" if only else f"it cannot become {to} from there"
                raise NotAllowed(f"{job_id} is {state}: {instead}")
            if not self.move(connection, _job.c.id == job_id, state, to, who=who, actor=actor, **more):
                raise Stale(f"{job_id} is no longer {state}")
            return self.job(job_id)

    def lock_job(self, connection: Connection, job_id: str) -> State:
        """The job's state, which stays so until the transaction ends; raises Missing."""
        state = connection.scalar(select(_job.c.state).where(_job.c.id == job_id).with_for_update())
        if state is None:
            raise Missing(f"there is no job {job_id}")
        return State(state)

    # -- events ------------------------------------------------------------------------------------------------------

    def tell(self, connection: Connection, events: Sequence[Mapping[str, Any]], actor: str) -> None:
        """Write event rows (kind, job, plotter, data) in the transaction under way."""
        if not events:
            return
        common = {"at": self.now(connection), "actor": actor}
        connection.execute(
            insert(_event).values(xact=schema.xact()),
            [{"job": None, "plotter": None, "data": {}, **one, **common} for one in events],
        )
        self.ring_after_commit("event")

    def events(self, after: int = 0, *, job: str | None = None, limit: int = 200) -> list[Event]:
        """Events after the one numbered `after`, in the order that all readers see.

        On PostgreSQL numbers are given out before commits happen, so going by `number > after` would lose events:
        the order is (transaction, number), and only what no transaction under way can still slip in before is shown.
        """
        with self.reading() as connection:
            query = select(_event).where(_event.c.xact < schema.settled())
            if after > 0:
                place = connection.execute(
                    select(_event.c.xact, _event.c.number)
                    .where(_event.c.number <= after)
                    .order_by(_event.c.number.desc())
                    .limit(1)
                ).one_or_none()
                if place is not None:
                    query = query.where(tuple_(_event.c.xact, _event.c.number) > tuple_(place.xact, place.number))
            if job is not None:
                query = query.where(_event.c.job == job)
            rows = connection.execute(query.order_by(_event.c.xact, _event.c.number).limit(limit)).all()
        return [Event(**{k: v for k, v in row._mapping.items() if k != "xact"}) for row in rows]

    def last_event(self) -> int:
        """The number of the newest event that `events` would show; 0 when there is none."""
        with self.reading() as connection:
            query = select(_event.c.number).where(_event.c.xact < schema.settled())
            number = connection.scalar(query.order_by(_event.c.xact.desc(), _event.c.number.desc()).limit(1))
        return number or 0

    # -- orders come in ----------------------------------------------------------------------------------------------

    def add(self, orders: Sequence[Order], *, actor: str, batch: str | None = None, started: bool = True) -> list[Job]:
        """Store orders as jobs, ready or held, with their events: all or none."""
        with self.transaction() as connection:
            at = self.now(connection)
            rows = [self._row(order, at, batch, started) for order in orders]
            if rows:
                connection.execute(insert(_job), rows)
            self.tell(
                connection,
                [{"kind": f"job.{r['state']}", "job": r["id"], "data": {"from": None, "reason": ""}} for r in rows],
                actor,
            )
        none = dict.fromkeys(("on", "stroke", "wanted", *VERDICT))
        return [job_of({**row, **none}) for row in rows]

    def _row(self, order: Order, at: datetime, batch: str | None, started: bool) -> dict[str, Any]:
        note = order.note
        return {
            "id": self.ids.new("job"),
            "state": State.HELD if order.hold or not started else State.READY,
            **{key: getattr(note, key) for key in ("text", "template", "hand", "stock", "seed")},
            **{key: dict(getattr(note, key)) for key in ("fields", "frames")},
            "asks": {key: getattr(note, key) for key in _ASKS if getattr(note, key)},
            "warnings": [dict(one) for one in order.warnings],
            **{key: getattr(order, key) for key in ("words", "lines", "strokes", "ink_mm", "priority", "hold")},
            **{key: getattr(order, key) for key in ("plotter", "external_id", "row")},
            "metadata": dict(order.metadata),
            "batch": batch,
            "attempts": 0,
            "reason": "",
            "created_at": at,
            "updated_at": at,
        }

    def add_batch(
        self,
        orders: Sequence[Order],
        *,
        actor: str,
        name: str = "",
        failures: Sequence[Mapping[str, Any]] = (),
        refused: int | None = None,
        start: bool = False,
    ) -> tuple[Batch, list[Job]]:
        """Store an upload: its good rows as jobs (held until the start), its failures as they are; one transaction.

        `refused` counts the rows that failed (a row may fail in several ways); by default one a failure.
        """
        with self.transaction() as connection:
            at = self.now(connection)
            bad = len(failures) if refused is None else refused
            id = self.ids.new("bat")
            connection.execute(
                insert(_batch).values(
                    id=id,
                    name=name,
                    total=len(orders) + bad,
                    accepted=len(orders),
                    refused=bad,
                    failures=[dict(one) for one in failures],
                    warnings=self._warnings(connection, orders),
                    created_at=at,
                    started_at=at if start else None,
                )
            )
            jobs = self.add(orders, actor=actor, batch=id, started=start)
            self.tell(connection, [{"kind": "batch.added", "data": {"batch": id, "started": start}}], actor)
            return self.batch(id), jobs

    def _warnings(self, connection: Connection, orders: Sequence[Order]) -> list[dict[str, Any]]:
        """What somebody should look at before the start, row by row."""
        told = self._already_ordered(connection, orders)
        told += [
            {**warning, "row": one.row, "external_id": one.external_id} for one in orders for warning in one.warnings
        ]
        return sorted(told, key=lambda one: one["row"] or 0)

    def _already_ordered(self, connection: Connection, orders: Sequence[Order]) -> list[dict[str, Any]]:
        """A warning for each order whose number a job has that is not cancelled; the newest such job is named."""
        numbers = {one.external_id for one in orders if one.external_id}
        query = select(_job.c.external_id, _job.c.id, _job.c.state).where(
            _job.c.external_id.in_(numbers), _job.c.state != State.CANCELLED
        )
        known = {row.external_id: row for row in connection.execute(query.order_by(_job.c.id))} if numbers else {}
        return [
            {
                "row": one.row,
                "code": "already_ordered",
                "message": f"“{one.external_id}” was ordered before and is {known[one.external_id].state}: "
                "this row writes another card",
                "external_id": one.external_id,
                "job": known[one.external_id].id,
            }
            for one in orders
            if one.external_id in known
        ]

    # -- looking -----------------------------------------------------------------------------------------------------

    def job(self, job_id: str) -> Job:
        """One job; raises Missing."""
        with self.reading() as connection:
            row = connection.execute(job_rows().where(_job.c.id == job_id)).one_or_none()
        if row is None:
            raise Missing(f"there is no job {job_id}")
        return job_of(row._mapping)

    def jobs(
        self,
        *,
        states: Collection[State] = (),
        batch: str | None = None,
        external_id: str | None = None,
        plotter: str | None = None,
        limit: int = 50,
        after: str | None = None,
        newest_first: bool = True,
    ) -> Page:
        """Jobs by age; `plotter` picks those pinned to it or last on it; raises Missing for an unknown `after`."""
        query = job_rows()
        if states:
            query = query.where(_job.c.state.in_(states))
        if batch is not None:
            query = query.where(_job.c.batch == batch)
        if external_id is not None:
            query = query.where(_job.c.external_id == external_id)
        if plotter is not None:
            query = query.where(or_(_job.c.plotter == plotter, _attempt.c.plotter == plotter))
        if after is not None:
            self.job(after)
            query = query.where(_job.c.id < after if newest_first else _job.c.id > after)
        query = query.order_by(_job.c.id.desc() if newest_first else _job.c.id).limit(limit + 1)
        with self.reading() as connection:
            rows = connection.execute(query).all()
        found = tuple(job_of(row._mapping) for row in rows[:limit])
        more = len(rows) > limit
        return Page(found, more, found[-1].id if more else None)

    def queue(self, limit: int = 50) -> list[Job]:
        """Ready jobs in the order in which plotters take them."""
        query = job_rows().where(_job.c.state == State.READY).order_by(_job.c.priority.desc(), _job.c.id).limit(limit)
        with self.reading() as connection:
            return [job_of(row._mapping) for row in connection.execute(query)]

    def counts(self, batch: str | None = None) -> dict[State, int]:
        """How many jobs stand in each state (of one batch, if given); every state is named."""
        query = select(_job.c.state, func.count()).group_by(_job.c.state)
        if batch is not None:
            query = query.where(_job.c.batch == batch)
        with self.reading() as connection:
            found = {State(state): n for state, n in connection.execute(query)}
        return {state: found.get(state, 0) for state in State}

    def attempts(self, job_id: str) -> list[Attempt]:
        """The job's attempts, oldest first; raises Missing."""
        self.job(job_id)
        query = select(*(c for c in _attempt.c if c.name != "ink"), _attempt.c.ink.is_not(None).label("inked"))
        with self.reading() as connection:
            rows = connection.execute(query.where(_attempt.c.job == job_id).order_by(_attempt.c.number)).all()
        return [attempt_of(row._mapping) for row in rows]

    def ink(self, job_id: str, number: int | None = None) -> list[Stroke] | None:
        """What was drawn (card frame, mm) in the given attempt, else on the job's own card; None if none is kept."""
        query = select(_attempt.c.ink).select_from(_job.join(_attempt, _attempt.c.job == _job.c.id))
        query = query.where(_job.c.id == job_id, OWN if number is None else _attempt.c.number == number)
        with self.reading() as connection:
            found = connection.scalar(query)
        return None if found is None else unpack_ink(found)

    def batch(self, batch_id: str) -> Batch:
        """One batch with how its jobs stand; raises Missing."""
        with self.reading() as connection:
            row = connection.execute(select(_batch).where(_batch.c.id == batch_id)).one_or_none()
            if row is None:
                raise Missing(f"there is no batch {batch_id}")
            values = dict(row._mapping)
            lists = {name: tuple(values[name]) for name in ("failures", "warnings")}
            return Batch(**{**values, **lists}, states=self.counts(batch_id))

    def plotters(self) -> list[PlotterRow]:
        """Every plotter ever configured, by name, with the card it has in hand."""
        card = [
            _attempt.c[name] for name in ("job", "slot", "outcome", "stroke", "strokes", "x", "y", "wanted", "left_s")
        ]
        query = (
            select(_plotter, *card)
            .select_from(_plotter)
            .outerjoin(_attempt, and_(_attempt.c.plotter == _plotter.c.name, _attempt.c.ended_at.is_(None)))
            .order_by(_plotter.c.name)
        )
        beds: dict[str, list[SlotRow]] = {}
        with self.reading() as connection:
            for one in connection.execute(select(_slot).order_by(_slot.c.plotter, _slot.c.place)):
                beds.setdefault(one.plotter, []).append(slot_of(one))
            return [plotter_of(row, tuple(beds.get(row.name, ()))) for row in connection.execute(query)]

    def plotter(self, name: str) -> PlotterRow:
        """One plotter by its name in the configuration; raises Missing."""
        for row in self.plotters():
            if row.name == name:
                return row
        raise Missing(f"there is no plotter {name}")

    def waiting_for(self, job: Job) -> str | None:
        """Why the job is not being written, in words; None when it is, or has ended."""
        return waiting_for(job, self.plotters())
