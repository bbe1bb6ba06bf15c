"""A plotter's thread from claim to finish, on the simulated machine: the ink on its paper is the judge."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from floor import HAND, LEFT, SHELF, Floor
from sqlalchemy.exc import OperationalError

from jobs.compose import compose
from jobs.desk import Desk
from jobs.dispatch import Claim, Dispatch
from jobs.job import Condition, Decision, Order, State, Wanted
from jobs.note import Note
from plotter.clock import VirtualClock
from plotter.machine import Machine, Slot
from plotter.port import Port, PortError
from plotter.serialport import open_port
from plotter.simport import SimPort
from plotter.simulator import Simulator


@pytest.mark.parametrize("slot", [LEFT.slot, Slot(x_mm=180, y_mm=30, rotation_deg=90)])
def test_the_ink_is_the_preview(floor: Callable[..., Floor], slot: Slot) -> None:
    s = floor(plotters=[replace(LEFT, slot=slot)])
    s.load(count=2)
    first, second = s.order("Dear Ana, thank you."), s.order("Dear Bo, it is done.")
    for job in (first, second):
        s.until_written(job)
    attempt = s.store.attempts(first.id)[0]
    assert attempt.outcome == "written"
    assert attempt.seconds is not None
    assert attempt.seconds > 1
    assert s.store.plotter("left").blanks == 0
    kinds = [e.kind for e in s.store.events(job=first.id)]
    assert kinds == ["job.ready", "job.claimed", "job.writing", "job.done"]


def test_two_plotters_share_the_queue_and_write_each_card_once(floor: Callable[..., Floor]) -> None:
    s = floor(plotters=[LEFT, replace(LEFT, name="right")])
    s.load("left")
    s.load("right")
    jobs = [s.order(f"Card {n}") for n in range(6)]
    for job in jobs:
        assert s.until_state(job, State.DONE, State.FAILED, State.INTERRUPTED).state is State.DONE
        assert s.store.job(job.id).attempts == 1
        s.assert_ink_is_the_preview(job)


def test_the_words_ordered_are_the_words_written(floor: Callable[..., Floor]) -> None:
    """The template may change between order and plot: the customer has seen the old one."""
    note = Note(hand=HAND, stock="a6", template="hello", fields={"first_name": "Ana"})
    words = compose(note, SHELF).text
    s = floor(shelf=replace(SHELF, templates={"hello": "Something else, {first_name}"}))
    job = s.store.add([Order(note=note, words=words, strokes=1)], actor="c")[0]
    s.load()
    s.until_state(job, State.DONE)
    s.assert_ink_is_the_preview(job)


def test_what_cannot_be_written_here_fails_in_words_and_the_next_is_written(floor: Callable[..., Floor]) -> None:
    s = floor(plotters=[replace(LEFT, slot=Slot(x_mm=185, y_mm=10))])
    wide = s.order("This line is long enough to leave the bed of the machine on its right")
    narrow = s.order("Hi")
    unknown = s.store.add([Order(note=Note(hand="nobody", stock="a6", text="x"), words="x")], actor="c")[0]
    s.load()
    assert "reach" in s.until_state(wide, State.FAILED).reason
    assert "no hand “nobody”" in s.until_state(unknown, State.FAILED).reason
    s.until_state(narrow, State.DONE)
    assert [a.outcome for a in s.store.attempts(wide.id)] == ["refused"]
    assert s.store.plotter("left").blanks == 9


def meddling(at_stroke: int, *wishes: Wanted) -> type[Dispatch]:
    """A dispatch behind which somebody presses buttons, one after the other, from the given stroke on."""

    class Meddled(Dispatch):
        def progress(self, claim: Claim, *, stroke: int, held: bool = False, **more: Any) -> Wanted | None:
            waiting.extend(wishes if not said else ())
            if waiting and (stroke >= at_stroke) and (held or not said):
                said.append(waiting.pop(0))
                Desk(self.store).wish(claim.plotter, said[-1], actor="op")
            return super().progress(claim, stroke=stroke, held=held, **more)

    said: list[Wanted] = []
    waiting: list[Wanted] = []
    return Meddled


def test_what_is_left_of_the_card_falls_from_stroke_to_stroke(floor: Callable[..., Floor]) -> None:
    told: dict[int, float] = {}

    class Listening(Dispatch):
        def progress(self, claim: Claim, **facts: Any) -> Wanted | None:
            told[facts["stroke"]] = facts["left_s"]
            return super().progress(claim, **facts)

    s = floor(dispatch=Listening)
    s.load()
    job = s.until_state(s.order("Hello there, how long"), State.DONE)
    left = [told[stroke] for stroke in sorted(told)]
    assert len(left) > 3
    assert left == sorted(left, reverse=True)
    assert left[0] == pytest.approx(job.seconds, rel=0.1)
    assert left[-1] < left[0] / 5
    assert s.store.plotter("left").left_s is None


def test_hold_waits_at_a_lift_and_goes_on(floor: Callable[..., Floor]) -> None:
    s = floor(dispatch=meddling(2, Wanted.HOLD, Wanted.GO_ON))
    s.load()
    job = s.order("Hello there, hold me for a while")
    s.until_state(job, State.DONE)
    s.assert_ink_is_the_preview(job)
    kinds = [e.kind for e in s.store.events(limit=999) if e.plotter == "left"]
    assert "plotter.held" in kinds
    assert kinds[kinds.index("plotter.held") :].count("plotter.writing") == 1


def test_stop_leaves_the_card_to_a_person(floor: Callable[..., Floor]) -> None:
    s = floor(dispatch=meddling(2, Wanted.STOP))
    s.load()
    job, later = s.order("Hello there, stop me in the middle of it"), s.order("Later")
    stopped = s.until_state(job, State.INTERRUPTED)
    assert "stopped by the operator" in stopped.reason
    assert 2 <= stopped.stroke < stopped.strokes
    assert "decide" in s.until_condition(Condition.ATTENTION)
    ink = s.store.ink(job.id)
    assert ink is not None
    assert stopped.stroke <= len(ink) <= stopped.strokes
    assert s.store.attempts(job.id)[0].position_known is True
    assert s.store.job(later.id).state is State.READY
    s.desk.decide(job.id, Decision.FRESH, actor="op", note="half a card")
    s.until_condition(Condition.IDLE)
    assert s.store.job(job.id).state is State.READY  # no blank has been confirmed yet
    s.dispatch.progress = Dispatch.progress.__get__(s.dispatch)  # type: ignore[method-assign]
    s.load()
    s.until_state(later, State.DONE)
    s.until_state(job, State.DONE)
    s.assert_ink_is_the_preview(job)
    assert [a.outcome for a in s.store.attempts(job.id)] == ["spoiled", "written"]


def test_a_cancel_before_the_pen_leaves_the_blank_clean(floor: Callable[..., Floor]) -> None:
    class CancelFirst(Dispatch):
        def pen_down(self, claim: Claim) -> None:
            if claim.job.words == "Never mind":
                Desk(self.store).cancel(claim.job.id, actor="customer")
            super().pen_down(claim)

    s = floor(dispatch=CancelFirst)
    job, other = s.order("Never mind"), s.order("Written")
    s.load()
    s.until_state(job, State.CANCELLED)
    s.until_state(other, State.DONE)
    assert s.store.ink(job.id) is None
    assert s.store.attempts(job.id)[0].ink_at is None
    assert s.store.plotter("left").blanks == 9


class Cut:
    """A simulated machine whose cable breaks at the given number of bytes."""

    def __init__(self, port: Any, after: int) -> None:
        self._port, self._left = port, after
        self.simulator: Simulator = port.simulator
        self.clock = port.clock

    def write(self, data: bytes) -> None:
        self._left -= len(data)
        if self._left < 0:
            raise PortError("the cable is out")
        self._port.write(data)

    def read(self, timeout_s: float) -> bytes:
        if self._left < 0:
            raise PortError("the cable is out")
        return self._port.read(timeout_s)  # type: ignore[no-any-return]

    def close(self) -> None:
        self._port.close()


def test_a_broken_cable_is_told_in_words_and_never_a_second_card(floor: Callable[..., Floor]) -> None:
    opened = []

    def opener(url: str, *, baud: int, machine: Machine) -> Port:
        opened.append(url)
        if len(opened) == 1:
            raise PortError("there is no such port")
        port = open_port(url, baud=baud, machine=machine)
        return Cut(port, 900) if len(opened) == 2 else port

    s = floor(opener=opener)
    s.load()
    job = s.order("Hello there, the cable breaks in this one")
    broken = s.until_state(job, State.INTERRUPTED)
    assert "the cable is out" in broken.reason
    assert s.store.attempts(job.id)[0].position_known is False
    s.until_condition(Condition.ATTENTION)
    said = [e.data["reason"] for e in s.store.events(limit=999) if e.kind == "plotter.offline"]
    assert "there is no such port" in said
    assert s.store.plotter("left").blanks == 0
    s.desk.decide(job.id, Decision.FRESH, actor="op")
    s.until_condition(Condition.IDLE)
    s.load()
    s.until_state(job, State.DONE)
    s.assert_ink_is_the_preview(job)
    assert [a.outcome for a in s.store.attempts(job.id)] == ["spoiled", "written"]


def test_a_machine_that_is_not_the_model_is_refused_in_words(floor: Callable[..., Floor]) -> None:
    def opener(url: str, *, baud: int, machine: Machine) -> Port:
        return open_port(url, baud=baud, machine=replace(machine, steps_per_mm=(40.0, 80.0, 80.0)))

    s = floor(opener=opener)
    job = s.order()
    s.load()
    assert "$100 is 40, not 80" in s.until_condition(Condition.FAULT)
    assert "$100 is 40, not 80" in s.store.plotter("left").reason
    assert s.store.waiting_for(s.store.job(job.id)) == "left has a fault"


def test_a_machine_that_homes_waits_for_a_persons_word(floor: Callable[..., Floor]) -> None:
    s = floor(plotters=[replace(LEFT, machine=Machine(homing=True), slot=Slot(x_mm=20, y_mm=20))])
    s.until(lambda: "homes when" in s.store.plotter("left").reason)
    job = s.order()
    s.load()
    s.until_state(job, State.DONE)
    s.assert_ink_is_the_preview(job)


def test_without_the_database_the_pen_waits(floor: Callable[..., Floor]) -> None:
    failed: list[int] = []

    class Flaky(Dispatch):
        def progress(self, claim: Claim, *, stroke: int, **more: Any) -> Wanted | None:
            if stroke >= 2 and len(failed) < 4:
                failed.append(stroke)
                raise OperationalError("UPDATE", {}, Exception("disk full"))
            return super().progress(claim, stroke=stroke, **more)

        def finish(self, claim: Claim, **more: Any) -> State:
            if len(failed) < 6:
                failed.append(-1)
                raise OperationalError("UPDATE", {}, Exception("disk full"))
            return super().finish(claim, **more)

    s = floor(dispatch=Flaky)
    s.load()
    job = s.order("Hello there, the disk is full")
    s.until_state(job, State.DONE)
    assert len(failed) == 6
    s.assert_ink_is_the_preview(job)


def test_a_graceful_end_leaves_the_card_at_a_lift(floor: Callable[..., Floor]) -> None:
    class Ending(Dispatch):
        def progress(self, claim: Claim, *, stroke: int, **more: Any) -> Wanted | None:
            if stroke >= 2:
                s.fleet._workers[0].stop(60)
            return super().progress(claim, stroke=stroke, **more)

    s = floor(dispatch=Ending)
    s.load()
    job = s.order("Hello there, the server is stopped while this is being written")
    left = s.until_state(job, State.INTERRUPTED, State.DONE)
    s.fleet.stop()
    assert left.state is State.INTERRUPTED
    assert left.reason.startswith("the server was stopped. ")
    attempt = s.store.attempts(job.id)[0]
    assert attempt.position_known is True
    ink = s.store.ink(job.id)
    assert ink is not None
    assert len(ink) == left.stroke  # whole strokes only
    assert s.store.plotter("left").condition is Condition.OFFLINE


def test_a_fault_of_ours_fails_the_card_and_not_the_plotter(
    floor: Callable[..., Floor], monkeypatch: pytest.MonkeyPatch
) -> None:
    import jobs.writing

    def broken(*_: Any) -> Any:
        monkeypatch.undo()
        raise ZeroDivisionError("a bug")

    s = floor()
    monkeypatch.setattr(jobs.writing, "compose", broken)
    job, other = s.order("First"), s.order("Second")
    s.load()
    assert "ZeroDivisionError" in s.until_state(job, State.FAILED).reason
    s.until_state(other, State.DONE)


def test_a_machine_that_does_not_home_takes_its_zero_from_the_person_who_loads(floor: Callable[..., Floor]) -> None:
    """The carriage stands anywhere when the server connects; whoever loads blanks has pushed it into its corner."""
    clock, simulator = VirtualClock(), Simulator.for_machine(Machine())
    simulator.push_head((100.0, 50.0, 0.0))
    opened: list[Port] = []

    def opener(*_: object, **__: object) -> Port:
        opened.append(SimPort(simulator, clock))
        return opened[-1]

    s = floor(opener=opener)
    s.until_condition(Condition.IDLE)
    job = s.order("Dear Ana, thank you.")
    simulator.push_head((0.0, 0.0, 0.0))
    s.load()
    assert s.until_state(job, State.DONE, State.INTERRUPTED, State.FAILED).state is State.DONE
    s.assert_ink_is_the_preview(job)
    second = s.order("Dear Bo, thank you too.")
    s.load()  # more blanks for a machine that knows its zero: nothing is opened anew
    assert s.until_state(second, State.DONE, State.INTERRUPTED, State.FAILED).state is State.DONE
    s.assert_ink_is_the_preview(second)
    assert len(opened) == 2
