"""The route of the shop's figures: how jobs stand, and what has become of cards lately."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import func, select

from jobs import schema
from jobs.api_errors import responses
from jobs.api_front import Front
from jobs.job import State

_attempt, _event = schema.attempt, schema.event
_DAY = 1440
Minutes = Annotated[int, Field(ge=1, le=366 * _DAY)]


class FiguresOut(BaseModel):
    """How many jobs stand in each state, and how many cards were written and interrupted in the last minutes."""

    jobs: dict[State, int]
    minutes: int
    written: int
    interrupted: int = Field(description="Interruptions, whatever was decided about them since.")


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
            stopped = select(func.count()).where(_event.c.kind == f"job.{State.INTERRUPTED}", _event.c.at >= since)
            return FiguresOut(
                jobs=store.counts(),
                minutes=minutes,
                written=connection.scalar(written) or 0,
                interrupted=connection.scalar(stopped) or 0,
            )

    return routes
