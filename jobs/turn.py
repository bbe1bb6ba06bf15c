"""Turn: which job is the next for a plotter, as one statement that picks it and locks it."""

from sqlalchemy import ColumnElement, Select, and_, or_, select, true

from jobs import schema
from jobs.job import Condition, Mode, State
from jobs.store import Store

_job, _attempt, _plotter, _slot = schema.job, schema.attempt, schema.plotter, schema.slot


def first_for(store: Store, plotter: str, *conditions: Condition, most_ink_mm: float | None = None) -> Select[str]:
    """The id of the first job that a plotter may take while it is in one of these conditions."""
    driven = (
        select(_plotter.c.name)
        .where(
            _plotter.c.name == plotter,
            _plotter.c.boot == store.boot,
            _plotter.c.mode == Mode.ACTIVE,
            _plotter.c.condition.in_(conditions),
            ~select(_attempt.c.job).where(_attempt.c.plotter == plotter, _attempt.c.ended_at.is_(None)).exists(),
        )
        .exists()
    )
    with store.reading() as connection:
        papers = connection.execute(select(_slot.c.stock).where(blank_slots(plotter)).distinct()).scalars().all()
    stocks = select(_slot.c.stock).where(blank_slots(plotter), driven)
    # The queue is an index by paper: of one paper its first row is read, of several all rows must be sorted.
    of_one = stocks.limit(1).scalar_subquery()
    return (
        select(_job.c.id)
        .where(
            _job.c.state == State.READY,
            _job.c.stock == of_one if len(papers) < 2 else _job.c.stock.in_(stocks),
            or_(_job.c.plotter.is_(None), _job.c.plotter == plotter),
            true() if most_ink_mm is None else _job.c.ink_mm <= most_ink_mm,
        )
        .order_by(_job.c.priority.desc(), _job.c.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=_job)
    )


def blank_slots(plotter: str) -> ColumnElement[bool]:
    """Slots of the plotter in which a blank card lies."""
    return and_(_slot.c.plotter == plotter, _slot.c.blanks > 0)
