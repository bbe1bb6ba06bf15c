"""Errands: what a person asks of an idle plotter is done by its own thread, alone, and never by an old order."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
from floor import LEFT, Floor

from jobs.bell import Bell
from jobs.errand import LEASE_S, Bench, Control, ErrandFailed, Errands
from jobs.job import Condition, NotAllowed, State
from plotter.clock import VirtualClock
from plotter.machine import Machine
from plotter.port import PortError
from plotter.session import Status
from plotter.wire import Locked, Refusal


@dataclass(frozen=True)
class Report:
    """Where the machine stands."""

    name: ClassVar[str] = "report"
    beside_card: ClassVar[bool] = False

    def run(self, bench: Bench) -> Status:
        return bench.wire.status()


@dataclass(frozen=True)
class Go:
    """Move with the pen up."""

    x: float
    y: float
    name: ClassVar[str] = "go"
    beside_card: ClassVar[bool] = False

    def run(self, bench: Bench) -> tuple[float, float]:
        for line in bench.driver.move((self.x, self.y)):
            bench.wire.ask(line)
        return bench.wire.wait_for(frozenset({"Idle"}), 60).at


@dataclass(frozen=True)
class Fail:
    error: Exception
    name: ClassVar[str] = "fail"
    beside_card: ClassVar[bool] = False

    def run(self, bench: Bench) -> None:
        del bench
        raise self.error


@dataclass(frozen=True)
class Linger:
    """Stay until nobody wants it any more."""

    begun: threading.Event
    name: ClassVar[str] = "linger"
    beside_card: ClassVar[bool] = False

    def run(self, bench: Bench) -> str:
        self.begun.set()
        while not bench.over():
            threading.Event().wait(0.001)
        return "ended"


def test_the_plotters_own_thread_does_it_and_the_asker_gets_the_answer(floor: Callable[..., Floor]) -> None:
    s = floor()
    s.until_condition(Condition.IDLE)
    assert s.errands.ask(Go(30, 20), actor="op") == (30, 20)
    assert s.errands.ask(Report(), actor="op").at == (30, 20)


def test_what_the_machine_refuses_is_told_and_the_next_is_done(floor: Callable[..., Floor]) -> None:
    s = floor()
    s.until_condition(Condition.IDLE)
    for error in (ErrandFailed("the corner is out of reach"), Refusal("error:9")):
        with pytest.raises(ErrandFailed, match=str(error)):
            s.errands.ask(Fail(error), actor="op")
    assert s.errands.ask(Report(), actor="op").state == "Idle"


@pytest.mark.parametrize("error", [PortError("the cable is out"), Locked("ALARM:1")])
def test_a_broken_wire_is_told_and_the_machine_connected_anew(floor: Callable[..., Floor], error: Exception) -> None:
    s = floor()
    s.until_condition(Condition.IDLE)
    with pytest.raises(ErrandFailed, match=str(error)):
        s.errands.ask(Fail(error), actor="op")
    s.until(lambda: str(error) in s.store.plotter("left").reason)
    with pytest.raises(NotAllowed, match="out of order"):
        s.errands.ask(Report(), actor="op")
    s.until_condition(Condition.IDLE)


def test_a_machine_that_homes_takes_an_errand_for_a_persons_word(floor: Callable[..., Floor]) -> None:
    s = floor(plotters=[replace(LEFT, machine=Machine(homing=True))])
    s.until(lambda: "homes when" in s.store.plotter("left").reason)
    assert s.errands.ask(Report(), actor="op").state == "Idle"
    assert s.store.plotter("left").condition is Condition.IDLE


def test_nothing_is_asked_of_a_plotter_that_writes_or_holds_a_card_or_is_not_there() -> None:
    errands = Errands("left", Bell())
    with pytest.raises(NotAllowed, match="not connected yet"):
        errands.ask(Report(), actor="op")
    errands.open(card="job_1")
    with pytest.raises(NotAllowed, match="card of job_1: decide"):
        errands.ask(Report(), actor="op")
    errands.open()
    waits = errands.begin(Report(), actor="op")
    errands.shut("it is writing a card")
    assert waits.cancelled()
    with pytest.raises(NotAllowed, match="writing a card"):
        errands.begin(Report(), actor="op")


def test_an_errand_that_nobody_waits_for_is_not_done() -> None:
    errands = Errands("left", Bell())
    errands.open()
    with pytest.raises(NotAllowed, match="did not come to it"):
        errands.ask(Report(), actor="op", within_s=0.01)
    assert errands.serve(Bench(LEFT, None, None)) == 0  # type: ignore[arg-type]


def test_who_has_the_controls_is_alone_and_no_card_begins(floor: Callable[..., Floor]) -> None:
    s = floor()
    s.until_condition(Condition.IDLE)
    s.load()
    control = s.errands.take_control("Ana")
    job = s.order()
    for token in (None, "0123"):
        with pytest.raises(NotAllowed, match="Ana has the controls"):
            s.errands.ask(Report(), actor="op", token=token)
    s.until_condition(Condition.IDLE)
    assert s.errands.ask(Report(), actor="op", token=control.token).state == "Idle"
    assert s.store.job(job.id).state is State.READY
    s.errands.let_go(control.token)
    s.until_state(job, State.DONE)


def test_the_controls_can_be_taken_over_and_what_was_under_way_ends(floor: Callable[..., Floor]) -> None:
    s = floor()
    s.until_condition(Condition.IDLE)
    ana, begun = s.errands.take_control("Ana"), threading.Event()
    lingers = s.errands.begin(Linger(begun), actor="op", token=ana.token)
    waits = s.errands.begin(Report(), actor="op", token=ana.token)
    assert begun.wait(30)
    with pytest.raises(NotAllowed, match="Ana has the controls of left since"):
        s.errands.take_control("Bo")
    bo = s.errands.take_control("Bo", take_over=True)
    assert lingers.result(30) == "ended"
    assert waits.cancelled()
    with pytest.raises(NotAllowed, match="Bo has the controls"):
        s.errands.keep_control(ana.token)
    s.errands.let_go(ana.token)
    assert s.errands.control == bo
    assert s.errands.ask(Report(), actor="op", token=bo.token).state == "Idle"


def test_the_controls_fall_to_nobody_when_their_holder_is_not_heard_of() -> None:
    clock = VirtualClock()
    errands = Errands("left", Bell(), clock=clock)
    control = errands.take_control("Ana")
    clock.sleep(LEASE_S - 1)
    assert isinstance(errands.keep_control(control.token), Control)
    clock.sleep(LEASE_S - 1)
    assert errands.control == control
    clock.sleep(1)
    assert errands.control is None
    with pytest.raises(NotAllowed, match="not yours any more"):
        errands.keep_control(control.token)
