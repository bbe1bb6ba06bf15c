"""Care: what is kept of pens, of wear, and of checks of a machine's place; and the words of a person about them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, insert, or_, select, update

from jobs import schema
from jobs.job import Decision, NotAllowed, State, Who, plotter_id
from jobs.store import Store

_job, _attempt, _pen, _wear, _check = schema.job, schema.attempt, schema.pen, schema.wear, schema.check

START, SWITCHES, MARK, MOTION, LOOK = "start", "switches", "mark", "motion", "look"
"""Kinds of check: the first reference; felt at the switches; a person's look at a mark, at the moving head, at ink."""
_OF_PLACE, _OF_INK = (START, SWITCHES, MARK), (START, LOOK)
_ANSWERED = {
    MARK: ("it stands over its mark", "it is off its mark"),
    MOTION: ("it moves", "it does not move: check the motors' supply"),
    LOOK: ("the ink is whole", "ink is missing"),
}


@dataclass(frozen=True, kw_only=True)
class FittedPen:
    """A pen in a plotter's holder. `ink_m`: what it held when it was new (None: nobody knows); `used_mm`: gone of that.

    `lift` are the heights and waits that a person has set for it, by the names of ServoPen and ZPen.
    """

    number: int
    name: str
    ink_m: float | None
    lift: Mapping[str, float]
    fitted_at: datetime
    fitted_by: str
    removed_at: datetime | None
    warmed_at: datetime | None
    used_mm: float
    cards: int
    lifts: int

    @property
    def bare(self) -> "FittedPen":
        """The pen as its profile has it, before anybody set its heights."""
        return replace(self, lift={})

    @property
    def left_mm(self) -> float | None:
        """Ink that it still holds, mm of line; None when nobody knows."""
        return None if self.ink_m is None else max(0.0, self.ink_m * 1000 - self.used_mm)


@dataclass(frozen=True, kw_only=True)
class Wear:
    """What a plotter has done in its life."""

    drawn_mm: float = 0.0
    cards: int = 0
    lifts: int = 0


@dataclass(frozen=True, kw_only=True)
class Check:
    """A look at where a machine stands. `good` is None while a person's answer is awaited, or when nobody could tell.

    `settled_at` ends it: a good one at once, a bad one when a person has looked at the machine.
    """

    number: int
    kind: str
    at: datetime
    good: bool | None
    error_mm: float | None
    cards: int
    words: str
    answered_by: str | None
    settled_at: datetime | None
    settled_by: str | None


class Care:
    """The book of care over one store. Raises NotAllowed (in words) where something cannot be said now."""

    def __init__(self, store: Store) -> None:
        self.store = store

    # -- looking -----------------------------------------------------------------------------------------------------

    def fitted(self, plotter: str) -> FittedPen | None:
        """The pen in the plotter's holder; None when nobody has said which."""
        with self.store.reading() as connection:
            row = connection.execute(_pens(plotter).where(_pen.c.removed_at.is_(None))).one_or_none()
        return None if row is None else FittedPen(**row._mapping)

    def pens(self, plotter: str, limit: int = 10) -> list[FittedPen]:
        """The plotter's pens, newest first."""
        with self.store.reading() as connection:
            rows = connection.execute(_pens(plotter).order_by(_pen.c.number.desc()).limit(limit)).all()
        return [FittedPen(**row._mapping) for row in rows]

    def wear(self, plotter: str) -> Wear:
        """What the plotter has done in its life."""
        with self.store.reading() as connection:
            row = connection.execute(
                select(*(_wear.c[one.name] for one in fields(Wear))).where(_wear.c.plotter == plotter)
            ).one_or_none()
        return Wear() if row is None else Wear(**row._mapping)

    def checks(self, plotter: str, limit: int = 10) -> list[Check]:
        """The plotter's checks, newest first."""
        with self.store.reading() as connection:
            rows = connection.execute(_checks(plotter).order_by(_check.c.number.desc()).limit(limit)).all()
        return [_check_of(row) for row in rows]

    def open_check(self, plotter: str) -> Check | None:
        """The check that waits for a person: for an answer, or, when it was bad, for a look at the machine."""
        with self.store.reading() as connection:
            row = connection.execute(_checks(plotter).where(_check.c.settled_at.is_(None))).one_or_none()
        return None if row is None else _check_of(row)

    def unchecked(self, plotter: str) -> int:
        """How many cards have been written on the plotter since its place was last found good."""
        return self._count(plotter, _OF_PLACE)

    def unseen(self, plotter: str) -> int:
        """How many cards have been written on the plotter since a person last found their ink whole."""
        return self._count(plotter, _OF_INK)

    def _count(self, plotter: str, kinds: Collection[str]) -> int:
        with self.store.reading() as connection:
            since = self._since(connection, plotter, kinds).subquery()
            return connection.scalar(select(func.count()).select_from(since)) or 0

    def counts(self) -> tuple[dict[str, int], dict[str, float], dict[tuple[str, bool], int]]:
        """By plotter: lifts; mm of line that its pen still holds, where that is known; checks that were good or not."""
        with self.store.reading() as connection:
            lifts = {row.plotter: row.lifts for row in connection.execute(select(_wear.c.plotter, _wear.c.lifts))}
            held = select(_pen.c.plotter, _pen.c.ink_m, _pen.c.used_mm).where(
                _pen.c.removed_at.is_(None), _pen.c.ink_m.is_not(None)
            )
            left = {name: max(0.0, ink_m * 1000 - mm) for name, ink_m, mm in connection.execute(held)}
            judged = select(_check.c.plotter, _check.c.good, func.count()).where(
                _check.c.good.is_not(None), _check.c.kind != START
            )
            rows = connection.execute(judged.group_by(_check.c.plotter, _check.c.good))
            return lifts, left, {(name, bool(good)): n for name, good, n in rows}

    # -- the plotter -------------------------------------------------------------------------------------------------

    def drew(self, plotter: str, *, mm: float, lifts: int, cards: int = 0) -> None:
        """So much ink is on paper, on so many whole cards, with so many lifts of the pen."""
        with self.store.transaction() as connection:
            connection.execute(
                update(_pen)
                .where(_pen.c.plotter == plotter, _pen.c.removed_at.is_(None))
                .values(used_mm=_pen.c.used_mm + mm, cards=_pen.c.cards + cards, lifts=_pen.c.lifts + lifts)
            )
            values = {
                "drawn_mm": _wear.c.drawn_mm + mm,
                "cards": _wear.c.cards + cards,
                "lifts": _wear.c.lifts + lifts,
            }
            known = connection.execute(update(_wear).where(_wear.c.plotter == plotter).values(**values))
            if known.rowcount == 0:
                connection.execute(insert(_wear).values(plotter=plotter, drawn_mm=mm, cards=cards, lifts=lifts))

    def warmed(self, plotter: str) -> None:
        """The pen in the holder has written beside the cards."""
        with self.store.transaction() as connection:
            now = self.store.now(connection)
            connection.execute(
                update(_pen).where(_pen.c.plotter == plotter, _pen.c.removed_at.is_(None)).values(warmed_at=now)
            )

    def void(self, plotter: str) -> None:
        """The machine was connected again: what was asked about its place before has lost its sense."""
        with self.store.transaction() as connection:
            connection.execute(
                update(_check)
                .where(_check.c.plotter == plotter, _check.c.settled_at.is_(None), _check.c.good.is_(None))
                .values(settled_at=self.store.now(connection), words="not answered before it was connected again")
            )

    def connected(self, plotter: str) -> None:
        """The machine's place has been set anew: the cards written since the last good check stay unjudged."""
        with self.store.transaction() as connection:
            self.void(plotter)
            now = self.store.now(connection)
            cards = self.unchecked(plotter)
            if not self.checks(plotter, limit=1):
                self._add(connection, plotter, START, good=True, words="the first reference")
            elif cards:
                word = "card" if cards == 1 else "cards"
                words = f"connected anew: {cards} {word} written since the last good check stay unjudged"
                self._add(connection, plotter, START, good=None, cards=cards, words=words, settled_at=now)

    def ask(self, plotter: str, kind: str, words: str) -> None:
        """Ask a person about the machine's place; its plotter waits for `answer`."""
        with self.store.transaction() as connection:
            cards = self.unseen(plotter) if kind == LOOK else self.unchecked(plotter)
            self._add(connection, plotter, kind, good=None, cards=cards, words=words)

    def found(self, plotter: str, *, error_mm: float | None, good: bool, words: str) -> int:
        """The machine's place was felt at its switches; when it was bad, how many cards are set aside."""
        with self.store.transaction() as connection:
            cards = self.unchecked(plotter)
            if not good:
                self._quarantine(connection, plotter, words, "plotter", plotter_id(plotter))
            self._add(connection, plotter, SWITCHES, good=good, error_mm=error_mm, cards=cards, words=words)
            return 0 if good else cards

    # -- a person ----------------------------------------------------------------------------------------------------

    def change_pen(self, plotter: str, name: str, *, ink_m: float | None, used_m: float = 0.0, actor: str) -> FittedPen:
        """A person has put a pen into the holder: a fresh one, or one of which `used_m` is gone already."""
        with self.store.transaction() as connection:
            self._not_under_the_pen(plotter)
            now = self.store.now(connection)
            connection.execute(
                update(_pen).where(_pen.c.plotter == plotter, _pen.c.removed_at.is_(None)).values(removed_at=now)
            )
            connection.execute(
                insert(_pen).values(
                    plotter=plotter,
                    name=name,
                    ink_m=ink_m,
                    lift={},
                    fitted_at=now,
                    fitted_by=actor,
                    used_mm=used_m * 1000,
                    cards=0,
                    lifts=0,
                )
            )
            self._tell(connection, plotter, "pen", {"pen": name, "ink_m": ink_m}, actor)
            pen = self.fitted(plotter)
        assert pen is not None
        return pen

    def set_lift(self, plotter: str, lift: Mapping[str, float], *, actor: str) -> FittedPen:
        """A person has found this pen's heights and waits; they hold until it is changed."""
        with self.store.transaction() as connection:
            self._not_under_the_pen(plotter)
            known = connection.execute(
                update(_pen).where(_pen.c.plotter == plotter, _pen.c.removed_at.is_(None)).values(lift=dict(lift))
            )
            if known.rowcount == 0:
                raise NotAllowed(f"nobody has said which pen is in {plotter}: say that first")
            self._tell(connection, plotter, "pen", {"lift": dict(lift)}, actor)
            pen = self.fitted(plotter)
        assert pen is not None
        return pen

    def answer(self, plotter: str, good: bool, *, actor: str) -> int:
        """A person's answer to the open question; how many cards are set aside by it."""
        with self.store.transaction() as connection:
            check = self.open_check(plotter)
            if check is None or check.good is not None:
                raise NotAllowed(f"nothing is asked about {plotter} now")
            yes, no = _ANSWERED[check.kind]
            cards, words = 0, yes if good else no
            if not good and check.kind != MOTION:
                cards = check.cards
                kinds = _OF_INK if check.kind == LOOK else _OF_PLACE
                self._quarantine(connection, plotter, words, "person", actor, kinds)
            now = self.store.now(connection)
            connection.execute(
                update(_check)
                .where(_check.c.number == check.number)
                .values(good=good, words=words, answered_at=now, answered_by=actor, settled_at=now if good else None)
            )
            self._tell(connection, plotter, "check", {"kind": check.kind, "good": good, "quarantined": cards}, actor)
            return cards

    def settle(self, plotter: str, *, actor: str) -> None:
        """A person has looked at a machine that was found out of place, and lets it go on."""
        with self.store.transaction() as connection:
            check = self.open_check(plotter)
            if check is None:
                raise NotAllowed(f"{plotter} waits for nothing of the kind")
            if check.good is None:
                raise NotAllowed(f"{plotter} asks something: answer that first")
            connection.execute(
                update(_check)
                .where(_check.c.number == check.number)
                .values(settled_at=self.store.now(connection), settled_by=actor)
            )
            self._tell(connection, plotter, "settled", {"kind": check.kind}, actor)

    # -- rows --------------------------------------------------------------------------------------------------------

    def _since(self, connection: Connection, plotter: str, kinds: Collection[str]) -> Select[Any]:
        """Jobs done on the plotter since its last good check of one of these kinds, and not judged by a person.

        A place that was set anew says nothing of the cards before it; their ink can still be looked at.
        """
        told = or_(_check.c.good.is_(True), _check.c.kind == START) if kinds is _OF_PLACE else _check.c.good.is_(True)
        last = connection.scalar(
            select(func.max(_check.c.number)).where(_check.c.plotter == plotter, told, _check.c.kind.in_(kinds))
        )
        at = None if last is None else connection.scalar(select(_check.c.at).where(_check.c.number == last))
        own = and_(_attempt.c.job == _job.c.id, _attempt.c.number == _job.c.attempts)
        query = (
            select(_job.c.id)
            .join(_attempt, own)
            .where(_job.c.state == State.DONE, _attempt.c.plotter == plotter, _attempt.c.outcome == "written")
            .where(or_(_attempt.c.decision.is_(None), _attempt.c.decision != Decision.GOOD))
        )
        return query if at is None else query.where(_attempt.c.ended_at > at)

    def _quarantine(
        self,
        connection: Connection,
        plotter: str,
        words: str,
        who: Who,
        actor: str,
        kinds: Collection[str] = _OF_PLACE,
    ) -> None:
        ids = list(connection.execute(self._since(connection, plotter, kinds)).scalars())
        moved = self.store.move(
            connection,
            _job.c.id.in_(ids),
            State.DONE,
            State.QUARANTINED,
            who=who,
            actor=actor,
            reason=f"written before a look at {plotter} found that {words}",
            plotter=plotter,
        )
        own = select(_job.c.attempts).where(_job.c.id == _attempt.c.job).scalar_subquery()
        connection.execute(
            update(_attempt)
            .where(_attempt.c.job.in_(moved), _attempt.c.number == own)
            .values(outcome="quarantined")
            .execution_options(synchronize_session=False)
        )

    def _add(self, connection: Connection, plotter: str, kind: str, *, good: bool | None, **more: Any) -> None:
        now = self.store.now(connection)
        values = {"cards": 0, "words": "", "settled_at": now if good else None, **more}
        connection.execute(insert(_check).values(plotter=plotter, kind=kind, at=now, good=good, **values))
        data = {"kind": kind, "good": good, "error_mm": more.get("error_mm"), "cards": values["cards"]}
        self._tell(connection, plotter, "check", data, plotter_id(plotter))

    def _not_under_the_pen(self, plotter: str) -> None:
        row = self.store.plotter(plotter)
        if row.job is not None and not row.undecided:
            raise NotAllowed(
                f"a card is under the pen of {plotter}: wait until it is written, or stop it, change the pen, and go "
                "on with the card"
            )

    def _tell(self, connection: Connection, plotter: str, what: str, data: Mapping[str, object], actor: str) -> None:
        self.store.tell(connection, [{"kind": f"plotter.{what}", "plotter": plotter, "data": dict(data)}], actor)
        self.store.ring_after_commit(f"plotter:{plotter}")


def _pens(plotter: str) -> Select[Any]:
    return select(*(_pen.c[one.name] for one in fields(FittedPen))).where(_pen.c.plotter == plotter)


def _checks(plotter: str) -> Select[Any]:
    return select(*(_check.c[one.name] for one in fields(Check))).where(_check.c.plotter == plotter)


def _check_of(row: Row[Any]) -> Check:
    return Check(**row._mapping)
