"""Settling: what becomes of an attempt that nobody answers for any more: no ink -> ready, maybe ink -> interrupted."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, insert, select, update

from jobs import schema
from jobs.job import Stale, State, Wanted, Who, plotter_id
from jobs.store import Store
from plotter.faults import Card, Resume

_job, _attempt, _slot, _tally = schema.job, schema.attempt, schema.slot, schema.tally

_OPEN = ("wanted", "plotter", "number", "stroke", "held", "resume_stroke", "resume_mm")


def settle(store: Store, which: ColumnElement[bool], reason: str) -> None:
    """Settle these attempts, each in a transaction of its own; one that answers in between is left alone."""
    undecided = and_(_attempt.c.ended_at.is_(None), _attempt.c.outcome.is_(None))
    with store.reading() as connection:
        ids = list(connection.execute(select(_attempt.c.job).where(undecided, which)).scalars())
    for id in ids:
        with store.transaction() as connection:
            state = store.lock_job(connection, id)
            row = connection.execute(
                select(*(_attempt.c[name] for name in _OPEN)).where(_attempt.c.job == id, undecided, which)
            ).one_or_none()
            if row is None:
                continue
            if state is State.CLAIMED:
                settle_unwritten(store, connection, id, row.wanted, "sweeper", reason, None)
            elif state is State.WRITING:
                # The pen was surely up only where the card was held; elsewhere it may have come to rest on paper.
                card, resume = (Card.LOOK, _rest_of(row)) if row.held else (Card.SPOILED, None)
                store.move(
                    connection,
                    _job.c.id == id,
                    State.WRITING,
                    State.INTERRUPTED,
                    who="sweeper",
                    actor="controller",
                    reason=reason,
                    plotter=row.plotter,
                    data={"attempt": row.number, **told(card, "host", resume)},
                )
                count(connection, row.plotter, "host", card)
                verdict = {"card": card, "fault": "host", **resume_columns(resume), "position_known": False}
                end(connection, id, outcome="interrupted", reason=reason, wanted=None, left_s=None, **verdict)
                no_blanks(connection, row.plotter)


def settle_unwritten(
    store: Store, connection: Connection, id: str, wanted: str | None, who: Who, reason: str, plotter: str | None
) -> None:
    """The job has no ink: ready again, or cancelled when that is wanted. Raises Stale when it is claimed no longer."""
    cancel = wanted == Wanted.CANCEL
    to = State.CANCELLED if cancel else State.READY
    actor = plotter_id(plotter) if plotter else "controller"
    moved = store.move(
        connection, _job.c.id == id, State.CLAIMED, to, who=who, actor=actor, reason=reason if not cancel else ""
    )
    if not moved:
        raise Stale(f"{id} is no longer claimed")
    now: datetime = store.now(connection)
    end(connection, id, outcome="cancelled" if cancel else "not_started", reason=reason, ended_at=now)


def count(connection: Connection, plotter: str, fault: str, card: str) -> None:
    """Once more this fault, with this left of the card."""
    key = {"plotter": plotter, "fault": fault, "card": card}
    mine = and_(*(_tally.c[name] == value for name, value in key.items()))
    # The plotter's own thread is the only one that counts for it.
    if connection.execute(update(_tally).where(mine).values(times=_tally.c.times + 1)).rowcount == 0:
        connection.execute(insert(_tally).values(**key, times=1))


def end(connection: Connection, id: str, **values: object) -> None:
    """How the job's open attempt stands now."""
    connection.execute(update(_attempt).where(_attempt.c.job == id, _attempt.c.ended_at.is_(None)).values(**values))


def no_blanks(connection: Connection, plotter: str) -> None:
    """No blank of the plotter is trusted until a person confirms it."""
    connection.execute(update(_slot).where(_slot.c.plotter == plotter).values(blanks=0))


def told(card: Card, fault: str, resume: Resume | None) -> dict[str, object]:
    """What an event says of a broken card."""
    return {"card": card, "fault": fault, "resume": None if resume is None else [resume.stroke, resume.mm]}


def _rest_of(row: Row[Any]) -> Resume | None:
    """Where a card that was to be gone on with, and was not, still can be."""
    return None if row.resume_stroke is None else Resume(row.resume_stroke, row.resume_mm)


def resume_columns(resume: Resume | None) -> dict[str, object]:
    """Where a card can be gone on with, as columns."""
    return {"resume_stroke": resume and resume.stroke, "resume_mm": resume and resume.mm}
