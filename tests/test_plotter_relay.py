"""A watcher that does not answer: the pen goes on to the next lift, and waits there."""

import threading

import pytest

from plotter.driver import connect, driver
from plotter.faults import Card
from plotter.machine import Machine, Slot
from plotter.plan import plan
from plotter.relay import Relay
from plotter.simport import plug
from plotter.stream import Progress, Wish, stream
from plotter.strokes import stroke

MACHINE = Machine()
PATH = plan([stroke([(2, 2 + 3 * k), (58, 3 + 3 * k)]) for k in range(8)], paper=(60, 40), slot=Slot(), machine=MACHINE)


def test_an_answer_at_once_is_obeyed_as_if_nobody_were_between() -> None:
    port = plug(MACHINE)
    session = connect(port, MACHINE)

    def watch(now: Progress) -> Wish:
        return Wish.STOP if now.stroke == 3 else Wish.GO_ON

    with Relay(watch, port) as relay:
        outcome = stream(port, session, driver(MACHINE).write(PATH), watch=relay)
    assert (outcome.card, outcome.strokes_done) == (Card.RESUMABLE, 3)


def test_a_database_that_blocks_holds_the_card_at_a_lift_and_lets_no_pen_rest() -> None:
    port = plug(MACHINE)
    session = connect(port, MACHINE)
    back = threading.Event()
    held: list[tuple[int, bool]] = []

    def watch(now: Progress) -> Wish:
        if now.stroke >= 2:
            back.wait(20)
        return Wish.GO_ON

    with Relay(watch, port) as relay:

        def seen(now: Progress) -> Wish:
            if now.held:
                held.append((now.stroke, port.simulator.pen_down))
                if len(held) == 3:
                    back.set()
            return relay(now)

        outcome = stream(port, session, driver(MACHINE).write(PATH), watch=seen)
    assert outcome.card is Card.WHOLE
    assert len(held) >= 3
    assert not any(down for _, down in held)
    assert port.simulator.sheet.blots(0.5) == []
    assert port.simulator.sheet.missing_mm(PATH.strokes) < 0.1


def test_what_the_watcher_raises_comes_up_with_the_pen_lifted() -> None:
    port = plug(MACHINE)
    session = connect(port, MACHINE)

    def watch(now: Progress) -> Wish:
        if now.stroke == 2:
            raise LookupError("gone")
        return Wish.GO_ON

    with Relay(watch, port) as relay, pytest.raises(LookupError, match="gone"):
        stream(port, session, driver(MACHINE).write(PATH), watch=relay)
    assert not port.simulator.pen_down


def test_nothing_is_said_of_a_card_after_its_end() -> None:
    said: list[str] = []

    def watch(_: Progress) -> Wish:
        said.append("asked")
        threading.Event().wait(0.3)
        said.append("answered")
        return Wish.GO_ON

    with Relay(watch, plug(MACHINE)) as relay:
        relay(Progress(1, 2, (0.0, 0.0), "Run", False, 1.0))
    assert said == ["asked", "answered"]
