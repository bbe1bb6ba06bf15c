"""The job server's HTTP side, put together: routes, problems, guard, events, console."""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.staticfiles import StaticFiles
from pydantic.json_schema import models_json_schema
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from jobs import (
    api_batches,
    api_bed,
    api_care,
    api_controls,
    api_csv,
    api_errors,
    api_events,
    api_figures,
    api_health,
    api_jobs,
    api_plotters,
)
from jobs.api_feed import Feed
from jobs.api_front import Front, no_strangers
from jobs.api_guard import Guard
from jobs.api_shown import FaultOut, ProblemBody
from jobs.compose import Shelf
from jobs.desk import Desk
from jobs.dispatch import Dispatch
from jobs.fleet import Fleet
from jobs.idempotency import Idempotency
from jobs.note import SEED_MAX
from jobs.shop import Shop
from jobs.store import Store

CONSOLE = Path(__file__).resolve().parent.parent / "console"
MAX_BODY = 256 * 1024  # bytes; the largest order that the models take is some 250 kB
_FORM = 64 * 1024  # what a multipart form has besides its file

_ABOUT = (
    "Note text in, a card written by a real pen out. Errors are problem+json (RFC 9457) with a stable `code`; "
    "orders take an `Idempotency-Key`; lists go by cursor; `/v1/events` tells what happens as it happens."
)


def create_app(
    *,
    store: Store,
    dispatch: Dispatch,
    fleet: Fleet,
    shelf: Shelf,
    shop: Shop,
    console: Path = CONSOLE,
    seeds: Callable[[], int] = lambda: secrets.randbelow(SEED_MAX + 1),
) -> FastAPI:
    """The application: starts the fleet when it starts, and stops it, and closes the store, when it ends.

    `app.state.feed.close()` ends the event streams: a server calls it before it waits for its connections.
    """
    feed = Feed(store)
    figures = api_health.Figures(store)
    front = Front(
        store=store,
        desk=Desk(store),
        idempotency=Idempotency(store),
        shelf=shelf,
        plotters=shop.plotters,
        notes=shop.notes,
        seeds=seeds,
        errands=fleet.errands,
    )

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(
            dispatch.sweep
        )  # what fell silent while no server ran waits for a person from the start
        await feed.start()
        await run_in_threadpool(fleet.start)
        try:
            yield
        finally:
            feed.close()
            await run_in_threadpool(fleet.stop)
            await feed.stop()
            await run_in_threadpool(store.close)

    app = FastAPI(
        title="Fairhand",
        version="1.0.0",  # of the API, not of the program
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        lifespan=life,
    )
    app.state.feed = feed
    api_errors.install(app)
    for routes in (
        api_jobs.router(front),
        api_batches.router(front),
        api_plotters.router(front),
        api_care.router(front),
        api_controls.router(front),
        api_bed.router(front),
        api_plotters.shelf_router(front),
        api_events.router(front, feed),
        api_figures.router(front),
    ):
        app.include_router(routes, dependencies=[Depends(no_strangers)])
    app.include_router(api_health.router(front, figures))
    app.add_api_route("/", _to_console, include_in_schema=False)
    app.mount("/console", StaticFiles(directory=console, html=True))
    app.add_middleware(
        Guard,
        hosts=("localhost", shop.server.host, *shop.server.trusted_hosts),
        any_address=shop.server.allow_remote,
        uploads=("/v1/batches",),
        max_body=MAX_BODY,
        max_upload=api_csv.MAX_BYTES + _FORM,
        observe=figures.observe,
    )
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _to_console() -> RedirectResponse:
    return RedirectResponse("/console/")


def _openapi(app: FastAPI) -> dict[str, Any]:
    """OpenAPI 3.1 with the model of problems, which no route returns by itself."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        _, extra = models_json_schema(
            [(ProblemBody, "serialization"), (FaultOut, "serialization")],
            ref_template="#/components/schemas/{model}",
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.update(extra["$defs"])
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        app.openapi_schema = document
    return app.openapi_schema
