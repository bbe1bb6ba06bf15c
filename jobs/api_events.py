"""The route of events: server-sent events that resume where a reader left off."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import Field

from jobs.api_asked import JobId, Unsent
from jobs.api_errors import responses
from jobs.api_feed import Feed
from jobs.api_forms import formed
from jobs.api_front import Front

EventId = Annotated[str, formed(r"^evt_[0-9]{1,15}$", "an event's id is evt_ and its number", examples=["evt_1042"])]
Few = Annotated[int, Field(ge=1, le=1000)]


def router(front: Front, feed: Feed) -> APIRouter:
    """GET /v1/events."""
    routes = APIRouter(prefix="/v1", tags=["events"])

    def known_job(
        job: Annotated[JobId | None, Unsent, Query(description="Only what happens to this job.")] = None,
    ) -> str | None:
        """Refused before the stream begins, while there still is a status to say it with."""
        return None if job is None else front.store.job(job).id

    @routes.get(
        "/events",
        response_class=EventSourceResponse,
        responses=responses("unknown_id", "invalid_request"),
    )
    async def events(
        job: Annotated[str | None, Depends(known_job)],
        after: Annotated[
            EventId | None, Unsent, Query(description="Begin after this event; else with what is new.")
        ] = None,
        limit: Annotated[
            Few | None, Unsent, Query(description="Give at most so many that are there, then end.")
        ] = None,
        last_event_id: Annotated[
            EventId | None, Unsent, Header(description="Sent by browsers; goes before `after`.")
        ] = None,
    ) -> AsyncIterator[ServerSentEvent]:
        """What happens, as it happens: `id`, `event` = kind, `data` = JSON.

        Kinds: `job.<state>`, `plotter.<condition>`, what is said of a plotter or a batch (`plotter.loaded`,
        `batch.started` and the like), and `progress` (where the pens are, at most 4 a second, without id, not kept).
        """
        begin = last_event_id or after
        number = None if begin is None else int(begin.removeprefix("evt_"))
        stream = feed.follow(number, job) if limit is None else feed.bounded(number or 0, job, limit)
        async for one in stream:
            yield one

    return routes
