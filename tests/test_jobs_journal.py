"""What happens to a card under the pen while the database is slow, full or gone: it is held, never blotted or lost."""

import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from floor import SHELF, Floor
from shopfront import build, open_client
from sqlalchemy.exc import OperationalError

from jobs.compose import compose
from jobs.dispatch import Claim, Dispatch
from jobs.job import Condition, State, Wanted
from plotter.clock import VirtualClock
from plotter.machine import Machine
from plotter.port import Port
from plotter.simport import SimPort
from plotter.simulator import Simulator
from plotter.strokes import deviation

WORDS = "Hello there, the disk is slow"


@contextmanager
def full_disk() -> Iterator[None]:
    """No file can grow, or be written beyond its first byte: as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_health_says_that_nothing_can_be_written(tmp_path: Path) -> None:
    house = build(tmp_path)
    with open_client(house) as api:
        assert api.get("/health").status_code == 200
        with full_disk():
            assert api.get("/v1/plotters").status_code == 200
            told = api.get("/health")
        assert (told.status_code, told.json()["code"]) == (503, "database_unavailable")
        assert api.get("/health").status_code == 200


def test_a_database_that_hangs_holds_the_card_with_its_pen_up(floor: Callable[..., Floor]) -> None:
    hangs, goes_on = threading.Event(), threading.Event()
    simulators: list[Simulator] = []

    class Hanging(Dispatch):
        def progress(self, claim: Claim, *, stroke: int, **more: Any) -> Wanted | None:
            if stroke == 3 and not hangs.is_set():
                hangs.set()
                assert goes_on.wait(60)
            return super().progress(claim, stroke=stroke, **more)

    def opener(*_: object, **__: object) -> Port:
        simulators.append(Simulator.for_machine(Machine()))
        return SimPort(simulators[-1], VirtualClock())

    f = floor(dispatch=Hanging, opener=opener)
    f.load()
    job = f.order(WORDS)
    assert hangs.wait(60)
    before = -1
    while before != (now := len(simulators[-1].ink)):  # until nothing more is drawn
        before = now
        threading.Event().wait(0.3)
    assert 3 <= now < job.strokes
    assert not simulators[-1].pen_down
    goes_on.set()
    f.until_state(job, State.DONE)
    ink = f.store.ink(job.id)
    assert ink is not None
    assert simulators[-1].sheet.blots(over_s=0.5) == []
    assert deviation(ink, compose(job.as_ordered(), SHELF).strokes) <= 0.07


def test_nothing_is_claimed_while_nothing_can_be_written_and_the_machine_keeps_its_place(
    floor: Callable[..., Floor],
) -> None:
    refused: list[str] = []

    class Full(Dispatch):
        def claim(self, plotter: str, **more: Any) -> Claim | None:
            if len(refused) < 2:
                refused.append(plotter)
                raise OperationalError("UPDATE job", {}, Exception("database or disk is full"))
            return super().claim(plotter, **more)

    opened: list[Port] = []

    def opener(*_: object, **__: object) -> Port:
        opened.append(SimPort(Simulator.for_machine(Machine()), VirtualClock()))
        return opened[-1]

    f = floor(dispatch=Full, opener=opener)
    f.until_condition(Condition.IDLE)
    job = f.order(WORDS)
    f.load()
    f.until_state(job, State.DONE)
    assert len(refused) == 2
    assert len(opened) == 2  # once to look, once for the zero of the person who loaded; not for the database
    assert f.store.plotter("left").blanks == 9
