"""The route of the shop's figures: how jobs stand, and what has become of cards lately."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import func, select

from jobs import schema
from jobs.api_errors import responses
from jobs.api_front import Front
from jobs.job import State, plotter_id
from plotter.faults import FAULTS, Card

_attempt, _event = schema.attempt, schema.event
_DAY = 1440
Minutes = Annotated[int, Field(ge=1, le=366 * _DAY)]


class FaultCount(BaseModel):
    """How often a fault has broken off cards of a plotter lately, and what was left of them."""

    plotter: str
    fault: str
    title: str = Field(description="The fault in words.")
    times: int
    cards: dict[Card, int] = Field(description="What the cards were worth then.")


class FiguresOut(BaseModel):
    """How many jobs stand in each state, and how many cards were written and interrupted in the last minutes."""

    jobs: dict[State, int]
    minutes: int
    written: int
    interrupted: int = Field(description="Interruptions, whatever was decided about them since.")
    faults: list[FaultCount] = Field(description="The interruptions by plotter and fault, most frequent first.")


def router(front: Front) -> APIRouter:
    """GET /v1/figures."""
    routes = APIRouter(prefix="/v1", tags=["figures"])
    store = front.store

    @routes.get("/figures", responses=responses("invalid_request"))
    def figures(
        minutes: Annotated[Minutes, Query(description="How far back `written` and `interrupted` go.")] = _DAY,
    ) -> FiguresOut:
        """The shop in a few numbers."""
        with store.reading() as connection:
            since = store.now(connection) - timedelta(minutes=minutes)
            written = select(func.count()).where(_attempt.c.outcome == "written", _attempt.c.ended_at >= since)
            stopped = select(_event.c.plotter, _event.c.data).where(
                _event.c.kind == f"job.{State.INTERRUPTED}", _event.c.at >= since
            )
            broken = [(row.plotter, row.data) for row in connection.execute(stopped)]
            return FiguresOut(
                jobs=store.counts(),
                minutes=minutes,
                written=connection.scalar(written) or 0,
                interrupted=len(broken),
                faults=_faults(broken),
            )

    return routes


def _faults(broken: Sequence[tuple[str | None, Mapping[str, Any]]]) -> list[FaultCount]:
    """Interruptions by plotter and fault. Those of before faults were told apart have none."""
    counts: dict[tuple[str, str], Counter[Card]] = {}
    for plotter, data in broken:
        if plotter is not None and data.get("fault"):
            counts.setdefault((plotter, data["fault"]), Counter())[Card(data["card"])] += 1
    found = [
        FaultCount(
            plotter=plotter_id(plotter),
            fault=fault,
            title=FAULTS[fault].title if fault in FAULTS else fault,
            times=cards.total(),
            cards=dict(cards),
        )
        for (plotter, fault), cards in counts.items()
    ]
    return sorted(found, key=lambda one: (-one.times, one.plotter, one.fault))
