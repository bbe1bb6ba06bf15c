"""Dispatch: the only way a plotter touches an order. Each answer is a compare-and-swap on the job's fence.

claim -> pen_down -> progress ... -> finish. Before pen_down has answered there is no ink and a job may go back by
itself; after it only a finish, or a person's word, ends the attempt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Connection, and_, case, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from jobs import schema
from jobs.job import Cancelled, Condition, Job, Mode, NotAllowed, Stale, State, Wanted, plotter_id
from jobs.rows import pack_ink
from jobs.settling import count, no_blanks, resume_columns, settle, settle_unwritten, told
from jobs.store import Store
from jobs.turn import blank_slots, first_for
from plotter.faults import Card, Resume
from plotter.machine import Plotter
from plotter.strokes import Stroke

LEASE = timedelta(seconds=60)  # renewed at every progress report; long against a slow disk, short against a dead host

_job, _attempt, _plotter, _slot = schema.job, schema.attempt, schema.plotter, schema.slot


@dataclass(frozen=True)
class Claim:
    """A job in a plotter's hand: the right to report on attempt `number` of it, until somebody decides otherwise.

    `slot` is where on the plotter's bed its card lies.
    """

    job: Job
    number: int
    plotter: str
    boot: str
    slot: str

    def heed(self, wanted: Wanted | None) -> None:
        """Before its pen comes down: raises Cancelled when a person wants it stopped or cancelled."""
        if wanted in (Wanted.CANCEL, Wanted.STOP):
            said = "cancelled" if wanted is Wanted.CANCEL else "stopped"
            raise Cancelled(f"{self.job.id} was {said} before its pen came down")


class _NoBlank(Exception):
    """The blank was taken off the bed while a job for it was being picked."""


class Dispatch:
    """Claims for plotters, over one store. `lease` is how long an attempt may be silent."""

    def __init__(self, store: Store, *, lease: timedelta = LEASE) -> None:
        self.store = store
        self.lease = lease

    # -- plotters ----------------------------------------------------------------------------------------------------

    def register(self, plotters: Sequence[Plotter]) -> None:
        """This controller drives these plotters from now on; what earlier ones left open is settled.

        Claimed jobs go back to ready, those being written become interrupted, no blank is trusted. Raises Taken.
        """
        for one in plotters:
            self.store.ownership.take_plotter(one.name)
        with self.store.transaction() as connection:
            if connection.dialect.name == "sqlite":  # one controller owns the file, so nobody drives the others
                gone = {"boot": None, "condition": Condition.OFFLINE, "reason": "not in the configuration"}
                connection.execute(update(_plotter).values(**gone))
                connection.execute(update(_slot).values(blanks=0))
            for one in plotters:
                self._register(connection, one)
        for one in plotters:
            self.reconcile(one.name)

    def _register(self, connection: Connection, one: Plotter) -> None:
        values = {
            "condition": Condition.OFFLINE,
            "reason": "not connected yet",
            "capacity": one.load,
            "boot": self.store.boot,
            "seen_at": self.store.now(connection),
        }
        known = connection.execute(update(_plotter).where(_plotter.c.name == one.name).values(**values))
        if known.rowcount == 0:
            connection.execute(insert(_plotter).values(name=one.name, mode=Mode.ACTIVE, **values))
        mine = _slot.c.plotter == one.name
        connection.execute(delete(_slot).where(mine, _slot.c.name.not_in(list(one.bed))))
        for place, name in enumerate(one.bed):
            slot: dict[str, object] = {"place": place, "blanks": 0, "feed": ""}
            if connection.execute(update(_slot).where(mine, _slot.c.name == name).values(**slot)).rowcount == 0:
                connection.execute(insert(_slot).values(plotter=one.name, name=name, **slot))
        self._tell_plotter(connection, one.name, Condition.OFFLINE, "not connected yet")

    def retire(self, plotter: str, reason: str) -> None:
        """This controller no longer drives the plotter."""
        with self.store.transaction() as connection:
            connection.execute(
                update(_plotter)
                .where(_plotter.c.name == plotter, _plotter.c.boot == self.store.boot)
                .values(boot=None, condition=Condition.OFFLINE, reason=reason)
            )
            no_blanks(connection, plotter)
            self._tell_plotter(connection, plotter, Condition.OFFLINE, reason)

    def report(self, plotter: str, condition: Condition, reason: str = "", *, keep_blanks: bool = True) -> None:
        """Say what the plotter is; an event when that changes. Without `keep_blanks` they must be confirmed anew."""
        mine = and_(_plotter.c.name == plotter, _plotter.c.boot == self.store.boot)
        with self.store.transaction() as connection:
            news = connection.execute(
                update(_plotter)
                .where(mine, or_(_plotter.c.condition != condition, _plotter.c.reason != reason))
                .values(condition=condition, reason=reason)
            )
            seen = connection.execute(update(_plotter).where(mine).values(seen_at=self.store.now(connection)))
            if seen.rowcount and not keep_blanks:
                no_blanks(connection, plotter)
            if news.rowcount:
                self._tell_plotter(connection, plotter, condition, reason)

    def void_blanks(self, plotter: str) -> None:
        """What lies there is no blank any more: a person confirms blanks anew."""
        with self.store.transaction() as connection:
            no_blanks(connection, plotter)

    def _tell_plotter(self, connection: Connection, plotter: str, condition: Condition, reason: str) -> None:
        data = {"condition": condition, "reason": reason}
        self.store.tell(
            connection, [{"kind": f"plotter.{condition}", "plotter": plotter, "data": data}], plotter_id(plotter)
        )

    # -- the life of an attempt --------------------------------------------------------------------------------------

    def next_up(self, plotter: str) -> Job | None:
        """The job that the plotter would be given if it asked now, whatever its pen still holds; None for none."""
        with self.store.reading() as connection:
            id = connection.scalar(first_for(self.store, plotter, Condition.IDLE, Condition.ATTENTION))
            return None if id is None else self.store.job(id)

    def claim(self, plotter: str, *, most_ink_mm: float | None = None) -> Claim | None:
        """The next job for the plotter, or None.

        One statement picks and takes it. The plotter must be driven by this controller, active, idle, without a card
        in hand or waiting for a person's word, with blanks confirmed; the job ready, for the loaded stock, not pinned
        elsewhere, and with no more ink than `most_ink_mm`. Most urgent first, then oldest.
        """
        first = first_for(self.store, plotter, Condition.IDLE, most_ink_mm=most_ink_mm).scalar_subquery()
        try:
            with self.store.transaction() as connection:
                taken = self.store.move(
                    connection,
                    _job.c.id == first,
                    State.READY,
                    State.CLAIMED,
                    who="plotter",
                    actor=plotter_id(plotter),
                    plotter=plotter,
                    attempts=_job.c.attempts + 1,
                )
                if not taken:
                    return None
                job = self.store.job(taken[0])
                now = self.store.now(connection)
                here = (
                    select(_slot.c.name)
                    .where(blank_slots(plotter), _slot.c.stock == job.note.stock)
                    .order_by(_slot.c.place)
                )
                slot = connection.scalar(here.limit(1).with_for_update())
                if slot is None:
                    raise _NoBlank(plotter)
                connection.execute(
                    insert(_attempt).values(
                        job=job.id,
                        number=job.attempts,
                        plotter=plotter,
                        slot=slot,
                        boot=self.store.boot,
                        claimed_at=now,
                        lease_until=now + self.lease,
                        reason="",
                        stroke=0,
                        strokes=job.strokes,
                        held=False,
                    )
                )
        except _NoBlank:
            return None
        except IntegrityError:  # a card came into this plotter's hand between the look and the take: the index said no
            return None
        return Claim(job, job.attempts, plotter, self.store.boot, slot)

    def pen_down(self, claim: Claim) -> None:
        """Ask before the pen may lower: only once this has returned may there be ink. Uses up a blank.

        May be asked twice. Raises Cancelled when the customer was faster, Stale when it is no longer ours.
        """
        with self.store.transaction() as connection:
            if self._state(connection, claim) is State.WRITING:  # it goes on: where it broke off is past
                self._update(connection, claim, resume_stroke=None, resume_mm=None)
                return
            claim.heed(self._wanted(connection, claim))
            self._move(connection, claim, State.CLAIMED, State.WRITING)
            now = self.store.now(connection)
            self._update(connection, claim, ink_at=now, lease_until=now + self.lease)
            left = case((_slot.c.blanks > 0, _slot.c.blanks - 1), else_=0)
            here = and_(_slot.c.plotter == claim.plotter, _slot.c.name == claim.slot)
            connection.execute(update(_slot).where(here).values(blanks=left, job=claim.job.id, feed=""))

    def fed(self, claim: Claim, what: str) -> None:
        """What is known of the feeder's card before the pen comes down; when it is missing no blank is trusted."""
        with self.store.transaction() as connection:
            self._state(connection, claim)
            here = and_(_slot.c.plotter == claim.plotter, _slot.c.name == claim.slot)
            connection.execute(update(_slot).where(here).values(feed=what))
            if what == "missing":
                no_blanks(connection, claim.plotter)

    def progress(
        self,
        claim: Claim,
        *,
        stroke: int,
        x: float | None = None,
        y: float | None = None,
        held: bool = False,
        left_s: float | None = None,
    ) -> Wanted | None:
        """Renew the lease and say how far the card is; what a person wants of it.

        `stroke`: strokes proven drawn, the pen at `x`, `y` (card frame, mm), `left_s` of machine time from there.

        A card that has been given up for lost meanwhile (its plotter was silent for longer than its lease) waits for a
        person: nothing more must be written on it. Raises Stale once somebody has decided the card.
        """
        with self.store.transaction() as connection:
            if self._state(connection, claim) is State.INTERRUPTED:
                return Wanted.STOP
            until = self.store.now(connection) + self.lease
            left_s = None if left_s is None else round(left_s, 1)
            self._update(connection, claim, stroke=stroke, x=x, y=y, held=held, left_s=left_s, lease_until=until)
            self.store.ring_after_commit("progress")
            return self._wanted(connection, claim)

    def give_back(self, claim: Claim, reason: str) -> None:
        """Nothing was drawn and nothing will be: the job is ready again, or cancelled if somebody wants that."""
        with self.store.transaction() as connection:
            self._state(connection, claim)
            settle_unwritten(
                self.store, connection, claim.job.id, self._wanted(connection, claim), "plotter", reason, claim.plotter
            )

    def fail(self, claim: Claim, reason: str) -> None:
        """The job cannot be written here (words for the customer); nothing was drawn."""
        with self.store.transaction() as connection:
            self._move(connection, claim, State.CLAIMED, State.FAILED, reason)
            self._update(connection, claim, ended_at=self.store.now(connection), outcome="refused", reason=reason)

    def finish(
        self,
        claim: Claim,
        *,
        finished: bool,
        reason: str = "",
        stroke: int,
        seconds: float | None = None,
        position_known: bool = True,
        card: Card | None = None,
        fault: str = "",
        resume: Resume | None = None,
        resumable: bool = False,
        mended: Sequence[str] = (),
        ink: Sequence[Stroke] | None = None,
    ) -> State:
        """How the writing ended: done, or interrupted (then the attempt stays open until a person decides).

        `card` is what an interrupted card is worth (spoiled, when nobody says), `fault` what happened, `resume` where
        it can be gone on with, `resumable` whether the plotter keeps standing ready for that, `mended` which faults the
        card has survived.

        A late finish of an attempt that was given up for lost counts while nobody has decided. `ink` is what was drawn,
        in card frame, where the machine can tell. Raises Stale.
        """
        with self.store.transaction() as connection:
            state = self._state(connection, claim)
            now = self.store.now(connection)
            worth = Card.WHOLE if finished else card or Card.SPOILED
            facts: dict[str, object] = {
                "reason": reason,
                "stroke": stroke,
                "seconds": seconds,
                "position_known": position_known,
                "card": worth,
                "resumable": resumable and not finished,
                "ink": None if ink is None else pack_ink(ink),
                "held": False,
                "left_s": None,
            }
            if state is State.CLAIMED:
                raise NotAllowed(f"{claim.job.id} has no ink: give it back instead of finishing it")
            for one in mended:
                count(connection, claim.plotter, one, "mended")
            survived = {"mended": list(mended)} if mended else {}
            if finished:
                self._move(connection, claim, state, State.DONE, data=survived)
                self._update(connection, claim, outcome="written", ended_at=now, **facts)
                return State.DONE
            if state is State.WRITING:
                self._move(connection, claim, state, State.INTERRUPTED, reason, told(worth, fault, resume) | survived)
            count(connection, claim.plotter, fault, worth)
            facts |= {"fault": fault, **resume_columns(resume)}
            self._update(connection, claim, outcome="interrupted", wanted=None, **facts)
            no_blanks(connection, claim.plotter)
            return State.INTERRUPTED

    def offer(self, plotter: str, card: Card | None) -> None:
        """The plotter stands ready, at a proven place, to go on with the interrupted card that lies in it; or not.

        `card` is what it is worth to it now: RESUMABLE as it is, LOOK once a person has looked, None not at all: then
        it is for a person's eye.
        """
        interrupted = and_(
            _attempt.c.plotter == plotter,
            _attempt.c.boot == self.store.boot,
            _attempt.c.ended_at.is_(None),
            _attempt.c.outcome == "interrupted",
            _attempt.c.resume_stroke.is_not(None),
        )
        if card is None:
            values: dict[str, object] = {"resumable": False, "card": Card.LOOK}
            news: ColumnElement[bool] = or_(_attempt.c.resumable, _attempt.c.card == Card.RESUMABLE)
        else:
            values = {"resumable": True, "card": card}
            news = or_(~_attempt.c.resumable, _attempt.c.card != card)
        with self.store.reading() as connection:
            if connection.scalar(select(func.count()).select_from(_attempt).where(interrupted, news)) == 0:
                return
        with self.store.transaction() as connection:
            if connection.execute(update(_attempt).where(interrupted, news).values(**values)).rowcount:
                said = {"kind": "plotter.offer", "plotter": plotter, "data": {"card": card}}
                self.store.tell(connection, [said], plotter_id(plotter))

    def stay(self, plotter: str, reason: str) -> None:
        """A card that was to be gone on with cannot be after all: nothing more was drawn, and it waits for a person."""
        settle(self.store, and_(_attempt.c.plotter == plotter, _attempt.c.resumed > 0), reason)

    # -- those who never answered ------------------------------------------------------------------------------------

    def reconcile(self, plotter: str) -> None:
        """Settle what an earlier controller of this plotter left open: no ink -> ready, maybe ink -> interrupted."""
        settle(
            self.store,
            and_(_attempt.c.plotter == plotter, _attempt.c.boot != self.store.boot),
            "the server was restarted",
        )

    def sweep(self) -> None:
        """Settle attempts whose lease is over: their plotter, or its host, has fallen silent."""
        with self.store.reading() as connection:
            now = self.store.now(connection)
        settle(self.store, _attempt.c.lease_until < now, "the plotter fell silent")

    # -- one row at a time, fenced -----------------------------------------------------------------------------------

    def _state(self, connection: Connection, claim: Claim) -> State:
        """The job's state if this attempt may still report on it; the job row is locked first, always."""
        state = self.store.lock_job(connection, claim.job.id)
        open_here = connection.scalar(
            select(func.count()).select_from(_attempt).where(*self._mine(claim), _attempt.c.ended_at.is_(None))
        )
        if not open_here:
            raise Stale(f"attempt {claim.number} of {claim.job.id} is closed; the job is {state}")
        return state

    def _mine(self, claim: Claim) -> tuple[ColumnElement[bool], ...]:
        return (
            _attempt.c.job == claim.job.id,
            _attempt.c.number == claim.number,
            _attempt.c.boot == claim.boot,
        )

    def _wanted(self, connection: Connection, claim: Claim) -> Wanted | None:
        found = connection.scalar(select(_attempt.c.wanted).where(*self._mine(claim)))
        return None if found is None else Wanted(found)

    def _move(
        self,
        connection: Connection,
        claim: Claim,
        frm: State,
        to: State,
        reason: str = "",
        data: Mapping[str, object] | None = None,
    ) -> None:
        moved = self.store.move(
            connection,
            and_(_job.c.id == claim.job.id, _job.c.attempts == claim.number),
            frm,
            to,
            who="plotter",
            actor=plotter_id(claim.plotter),
            reason=reason,
            plotter=claim.plotter,
            data={"attempt": claim.number, **(data or {})},
        )
        if not moved:
            raise Stale(f"{claim.job.id} is no longer {frm} under attempt {claim.number}")

    def _update(self, connection: Connection, claim: Claim, **values: object) -> None:
        done = connection.execute(
            update(_attempt).where(*self._mine(claim), _attempt.c.ended_at.is_(None)).values(**values)
        )
        if done.rowcount != 1:
            raise Stale(f"attempt {claim.number} of {claim.job.id} is closed")
