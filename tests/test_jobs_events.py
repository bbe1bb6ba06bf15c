"""Events over a real connection: told as they happen, resumed where a reader left off, ended when the server ends."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest
from shopfront import House, serving

from jobs.job import Order
from jobs.note import Note


class Stream:
    """Events as they come over one connection."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.iter_lines()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        found: dict[str, Any] = {}
        for line in self._lines:
            if not line:
                if "data" in found:
                    yield {**found, "data": json.loads(found["data"])}
                found = {}
            else:
                name, _, value = line.partition(": ")
                found[name] = value

    def take(self, n: int) -> list[dict[str, Any]]:
        """The next n events."""
        source = iter(self)
        return [next(source) for _ in range(n)]


@contextmanager
def listening(address: str, headers: dict[str, str] | None = None, **query: Any) -> Iterator[Stream]:
    """A reader whose stream has begun."""
    with (
        httpx.Client(timeout=30) as client,
        client.stream("GET", f"{address}/v1/events", params=query, headers=headers) as response,
    ):
        assert response.status_code == 200
        stream = Stream(response)
        if "limit" not in query:
            assert next(stream._lines) == ": fairhand"
        yield stream


def add(house: House, n: int = 1, **more: Any) -> list[str]:
    """Jobs straight into the store; their ids."""
    note = Note(text="Hello", hand="wren", stock="a6")
    order = Order(note=note, words="Hello", lines=1, strokes=5, ink_mm=30.0, **more)
    return [job.id for job in house.store.add([order] * n, actor="test")]


def test_what_happens_is_told(house: House, address: str) -> None:
    add(house)
    with listening(address) as stream:
        assert stream.response.headers["content-type"].startswith("text/event-stream")
        assert stream.response.headers["x-accel-buffering"] == "no"
        assert stream.response.headers["cache-control"] in ("no-cache", "no-store")
        [job] = add(house)
        [event] = stream.take(1)
        assert event["event"] == "job.ready"
        assert event["id"] == event["data"]["id"] == f"evt_{house.store.last_event()}"
        assert (event["data"]["job"], event["data"]["actor"]) == (job, "test")
        assert event["data"]["at"].endswith("Z")
        house.load("left")
        told = [one for one in stream.take(2) if one["event"] == "plotter.idle"]
        assert told[0]["data"]["plotter"] == "plt_left"


def test_customers_words_are_not_told(house: House, address: str) -> None:
    add(house, external_id="secret")
    with listening(address, after="evt_0", limit=100) as stream:
        text = stream.response.read().decode()
    assert "job.ready" in text
    assert "Hello" not in text
    assert "secret" not in text


def test_a_reader_resumes_where_it_left_off(house: House, address: str) -> None:
    start = house.store.last_event()
    ids = add(house, 700)
    numbers = [event.number for event in house.store.events(start, limit=1000)]
    middle = numbers[300]
    with listening(address, {"Last-Event-ID": f"evt_{middle}"}) as stream:
        assert [event["id"] for event in stream.take(399)] == [f"evt_{n}" for n in numbers[301:]]
        [late] = add(house)
        assert stream.take(1)[0]["data"]["job"] == late
    with listening(address, after=f"evt_{start}") as stream:
        assert [event["data"]["job"] for event in stream.take(701)] == [*ids, late]
    # The header wins: a browser that resumes keeps the address it first asked for.
    with listening(address, {"Last-Event-ID": f"evt_{numbers[-1]}"}, after=f"evt_{start}") as stream:
        assert stream.take(1)[0]["data"]["job"] == late
    with listening(address, after="evt_999999999") as stream:
        [new] = add(house)
        assert stream.take(1)[0]["data"]["job"] == new


def test_nothing_is_lost_or_doubled_while_a_reader_catches_up(house: House, address: str) -> None:
    start = house.store.last_event()
    add(house, 1200)
    going = threading.Event()
    written: list[str] = []

    def more() -> None:
        for _ in range(300):
            written.extend(add(house))
            going.set()

    writer = threading.Thread(target=more)
    writer.start()
    assert going.wait(30)
    with listening(address, after=f"evt_{start}") as stream:
        told = stream.take(1500)
    writer.join()
    assert [event["id"] for event in told] == [f"evt_{e.number}" for e in house.store.events(start, limit=1500)]
    assert len(written) == 300


def test_a_reader_may_ask_for_one_job(house: House, address: str) -> None:
    first, second = add(house, 2)
    with listening(address, after="evt_0", job=second) as stream:
        assert stream.take(1)[0]["data"]["job"] == second
        house.store.transition(first, "cancelled", who="person", actor="test")  # type: ignore[arg-type]
        house.store.transition(second, "cancelled", who="person", actor="test")  # type: ignore[arg-type]
        [event] = stream.take(1)
        assert (event["event"], event["data"]["job"]) == ("job.cancelled", second)


def test_a_bounded_answer_ends_by_itself(house: House, address: str) -> None:
    start = house.store.last_event()
    add(house, 3)
    with listening(address, after=f"evt_{start}", limit=2) as stream:
        assert [event["event"] for event in stream] == ["job.ready"] * 2
    with listening(address, after=f"evt_{house.store.last_event()}", limit=5) as stream:
        assert list(stream) == []


def test_where_the_pen_is_is_told_and_not_kept(house: House, address: str) -> None:
    [job] = add(house)
    house.load("left")
    claim = house.dispatch.claim("left")
    assert claim is not None
    house.dispatch.pen_down(claim)
    last = f"evt_{house.store.last_event()}"
    with listening(address, after=last) as stream, listening(address, after=last, job=job) as mine:
        house.dispatch.progress(claim, stroke=2, x=12.5, y=30.0, left_s=71.26)
        for reader in (stream, mine):
            step = next(one for one in reader if one["data"]["stroke"] == 2)
            assert step == {
                "event": "progress",
                "data": {
                    **{"plotter": "plt_left", "job": job, "stroke": 2, "strokes": 5},
                    **{"x": 12.5, "y": 30.0, "left_s": 71.3},
                },
            }
    assert house.store.last_event() == int(last.removeprefix("evt_"))


@pytest.mark.parametrize(
    "bad",
    [
        {"params": {"after": "7"}},
        {"params": {"job": "nope"}},
        {"params": {"limit": 0}},
        {"headers": {"Last-Event-ID": "x"}},
    ],
)
def test_a_bad_request_gets_a_status_not_a_stream(address: str, bad: dict[str, Any]) -> None:
    answer = httpx.get(f"{address}/v1/events", timeout=30, **bad)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def test_many_readers_leave_room_for_others(house: House, address: str) -> None:
    with ExitStack() as stack:
        readers = [stack.enter_context(listening(address)) for _ in range(60)]
        # More readers than the pool has threads; plain requests still go through.
        assert httpx.get(f"{address}/health", timeout=30).status_code == 200
        [job] = add(house)
        for reader in readers:
            assert reader.take(1)[0]["data"]["job"] == job


def test_streams_end_when_the_server_ends(house: House) -> None:
    ends: list[float] = []

    def read(address: str, begun: threading.Event) -> None:
        with listening(address) as stream:
            begun.set()
            assert list(stream) == []
            ends.append(time.monotonic())

    threads = []
    with serving(house.app) as address:
        for _ in range(3):
            begun = threading.Event()
            threads.append(threading.Thread(target=read, args=(address, begun)))
            threads[-1].start()
            assert begun.wait(30)
    # `serving` waits for the server's end, and fails when its 30 s of grace were not enough.
    for thread in threads:
        thread.join(30)
    assert len(ends) == 3


def test_a_silent_stream_is_kept_alive(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    import fastapi.routing

    assert fastapi.routing._PING_INTERVAL == 15
    monkeypatch.setattr(fastapi.routing, "_PING_INTERVAL", 0.05)
    with serving(house.app) as address, listening(address) as stream:
        assert next(line for line in stream._lines if "ping" in line) == ": ping"
