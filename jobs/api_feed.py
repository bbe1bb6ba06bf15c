"""Feed: the event table as a stream for many readers. One task reads it; readers wait on the event loop."""

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from anyio import CapacityLimiter, to_thread
from fastapi.sse import ServerSentEvent
from sqlalchemy.exc import SQLAlchemyError

from jobs.job import Event, PlotterRow, plotter_id
from jobs.store import Store

PAGE = 500
KEPT = 4000  # events in memory; a reader that falls further behind goes back to the table
POLL_S = 1.0  # another controller's events ring no bell here
PACE_S = 0.05  # the table is read at most twenty times a second, however often the bell rings
STRIDE_S = 0.25  # progress is told at most four times a second
RETRY_MS = 2000

_log = logging.getLogger("fairhand.api")


class Feed:
    """Events of one store. `start` and `close` belong on the event loop; after `close` every stream ends at once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        # A few threads of its own: readers that catch up never take those of the other routes.
        self._threads = CapacityLimiter(4)
        self._ring: list[Event] = []
        self._base = 0  # place of the first event in the ring, counted from the start of this feed
        self._cursor = 0
        self._readers: set[_Reader] = set()
        self._steps: dict[str, Mapping[str, Any]] = {}
        self._closed = False
        self._wake = asyncio.Event()
        self._gathering = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin at the newest event."""
        self._cursor = await self._in_thread(self._store.last_event)
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._listen, args=(loop,), name="event-bell", daemon=True).start()
        self._task = asyncio.create_task(self._run())

    def close(self) -> None:
        """End every stream; callable more than once."""
        self._closed = True
        self._wake.set()
        self._store.bell.ring("feed")
        for reader in self._readers:
            reader.news.set()

    async def stop(self) -> None:
        """Close, and wait until nothing reads the store any more."""
        self.close()
        if self._task is not None:
            await self._task

    @property
    def _head(self) -> int:
        return self._base + len(self._ring)

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        """Carry the store's bell over to the event loop."""
        seen = self._store.bell.count()
        while not self._closed:
            seen = self._store.bell.wait(seen, POLL_S)
            try:
                loop.call_soon_threadsafe(self._wake.set)
            except RuntimeError:  # the loop has ended
                return

    async def _in_thread(self, work: Any, *args: Any) -> Any:
        return await to_thread.run_sync(work, *args, limiter=self._threads)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        stepped = 0.0
        while not self._closed:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._gather()
                await asyncio.sleep(PACE_S)
                if self._readers and loop.time() - stepped >= STRIDE_S:
                    stepped = loop.time()
                    self._stride(await self._in_thread(self._store.plotters))
                elif self._readers:
                    loop.call_later(STRIDE_S - (loop.time() - stepped), self._wake.set)
            except SQLAlchemyError as error:
                # Readers wait meanwhile; the next ring or poll tries again.
                _log.error("the event table cannot be read: %s", type(error).__name__)

    async def _gather(self) -> None:
        """Bring the ring up to the table."""
        async with self._gathering:
            full = True
            while full and not self._closed:
                found: list[Event] = await self._in_thread(self._events, self._cursor, None)
                full = len(found) == PAGE
                if not found:
                    return
                self._ring += found
                self._cursor = found[-1].number
                if len(self._ring) > 2 * KEPT:
                    self._base += len(self._ring) - KEPT
                    del self._ring[:-KEPT]
                for reader in self._readers:
                    reader.news.set()

    def _events(self, after: int, job: str | None) -> list[Event]:
        return self._store.events(after, job=job, limit=PAGE)

    def _stride(self, plotters: Sequence[PlotterRow]) -> None:
        """Tell every reader where the pens are, if they have moved."""
        for row in plotters:
            if row.job is None:
                self._steps.pop(row.id, None)
                continue
            step = {
                "plotter": row.id,
                "job": row.job,
                "stroke": row.stroke,
                "strokes": row.strokes,
                "x": row.x,
                "y": row.y,
                "left_s": row.left_s,
            }
            if self._steps.get(row.id) != step:
                self._steps[row.id] = step
                for reader in self._readers:
                    if reader.job in (None, row.job):
                        reader.steps[row.id] = step
                        reader.news.set()

    async def bounded(self, after: int, job: str | None, limit: int) -> AsyncIterator[ServerSentEvent]:
        """At most `limit` events that are there already, and then the end."""
        while limit > 0 and not self._closed:
            found: list[Event] = await self._in_thread(self._events, after, job)
            for event in found[:limit]:
                yield _shown(event)
            if len(found) < PAGE:
                return
            limit -= len(found)
            after = found[-1].number

    async def follow(self, after: int | None, job: str | None) -> AsyncIterator[ServerSentEvent]:
        """Events after the one numbered `after` (only new ones if None), and the pens' progress, until `close`."""
        reader = _Reader(job)
        self._readers.add(reader)
        try:
            place = None
            if after is None:
                # New is what comes after the stream has begun, not what the ring has yet to hear of.
                await self._gather()
                place = self._head
            yield ServerSentEvent(comment="fairhand", retry=RETRY_MS)
            cursor = after or 0
            known: frozenset[int] = frozenset()
            while not self._closed:
                if place is None or place < self._base:
                    # What the reader has had is in the ring below `head`. What is not in the ring yet will come into
                    # it at or after `head`: of that, the page holds some already, and what comes twice is known.
                    await self._gather()
                    head = self._head
                    page: list[Event] = await self._in_thread(self._events, cursor, job)
                    for event in page:
                        cursor = event.number
                        yield _shown(event)
                    place = head if len(page) < PAGE else None
                    known = frozenset(event.number for event in page)
                    continue
                reader.news.clear()
                news = self._ring[place - self._base :]
                place += len(news)
                for event in news:
                    cursor = event.number
                    if job in (None, event.job) and event.number not in known:
                        yield _shown(event)
                steps, reader.steps = reader.steps, {}
                for step in steps.values():
                    yield ServerSentEvent(event="progress", raw_data=_json(step))
                if not (news or steps):
                    await reader.news.wait()
        except SQLAlchemyError as error:
            # The stream ends; the reader comes back by itself with the last id it has seen.
            _log.error("the event table cannot be read: %s", type(error).__name__)
        finally:
            self._readers.discard(reader)


class _Reader:
    """Somebody who reads along: what is new for them."""

    def __init__(self, job: str | None) -> None:
        self.job = job
        self.news = asyncio.Event()
        self.steps: dict[str, Mapping[str, Any]] = {}


def _shown(event: Event) -> ServerSentEvent:
    data = {
        **event.data,
        "id": event.id,
        "at": event.at.isoformat().replace("+00:00", "Z"),
        "actor": event.actor,
        "job": event.job or event.data.get("job"),
        "plotter": event.plotter and plotter_id(event.plotter),
    }
    return ServerSentEvent(id=event.id, event=event.kind, raw_data=_json(data))


def _json(data: Mapping[str, Any]) -> str:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)
