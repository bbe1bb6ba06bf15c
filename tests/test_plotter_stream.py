"""The stream against the simulated firmware: judged by the ink on the paper, never by what was sent."""

import math
from collections import deque
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plotter.clock import Clock
from plotter.dialect import Walk
from plotter.gcode import read, write
from plotter.machine import Machine, Slot, ZPen
from plotter.plan import Toolpath, plan
from plotter.port import PortError
from plotter.program import Line, Program
from plotter.serialport import open_port
from plotter.simport import SimPort
from plotter.stream import MachineMismatch, NotReady, Outcome, Progress, Verdict, Wish, connect, stream
from plotter.strokes import Stroke, deviation, stroke

SERVO, Z = Machine(), Machine(pen=ZPen())
both = pytest.mark.parametrize("machine", [SERVO, Z], ids=["servo", "z"])
PAPER = (60.0, 40.0)


def card(machine: Machine = SERVO, strokes: int = 12, first_stroke: int = 0) -> tuple[Toolpath, Program]:
    """Bows, a straight line and a dot, about 20 s of writing."""
    turn = np.linspace(0, 5, 20)
    drawing = [
        np.column_stack((6 + 8 * (k % 6) + 3 * np.cos(turn), 8 + 12 * (k // 6) + 4 * np.sin(turn)))
        for k in range(strokes - 2)
    ]
    drawing += [stroke([(5, 35), (50, 36)]), stroke([(55, 35)])]
    path = plan(drawing, paper=PAPER, slot=Slot(), machine=machine)
    return path, write(path, first_stroke=first_stroke)


def plugged(machine: Machine = SERVO) -> SimPort:
    port = open_port("sim://?speed=max", baud=machine.baud, machine=machine)
    assert isinstance(port, SimPort)
    return port


def go_on(_: Progress) -> Wish:
    return Wish.GO_ON


def written(
    port: SimPort, program: Program, watch: Callable[[Progress], Wish] = go_on, machine: Machine = SERVO
) -> Outcome:
    return stream(port, connect(port, machine), program, watch=watch)


def settle(port: SimPort) -> None:
    """Let the machine do what it still has to do; nobody listens."""
    end = port.clock.now() + 30
    while port.clock.now() < end:
        port.read(end - port.clock.now())


def covered(parts: list[Stroke], whole: list[Stroke]) -> float:
    """How far the farthest point of `parts` is from the ink of `whole`, mm."""
    return deviation([*whole, *parts], whole) if parts else 0.0


# ------------------------------------------------------------------ finished
@both
def test_a_finished_card_has_the_planned_ink(machine: Machine) -> None:
    path, program = card(machine)
    port = plugged(machine)
    told: list[Progress] = []

    def watch(now: Progress) -> Wish:
        told.append(now)
        return Wish.GO_ON

    outcome = written(port, program, watch, machine)
    assert outcome.verdict is Verdict.FINISHED
    assert outcome.position_known
    assert outcome.strokes_done == len(path.strokes) == len(port.simulator.ink)
    for planned, drawn in zip(path.strokes, port.simulator.ink, strict=True):
        assert deviation([planned], [drawn]) < 0.05
    assert math.dist(port.simulator.head[:2], program.end) < 0.02
    assert not port.simulator.pen_down
    assert [now.stroke for now in told] == sorted(now.stroke for now in told)
    assert told[-1].stroke == told[-1].strokes == len(path.strokes)
    assert {now.state for now in told} <= {"Idle", "Run"}
    assert not any(now.held for now in told)
    gaps = np.diff([now.seconds for now in told])
    assert gaps.max() < 0.45


@both
def test_a_stroke_counts_only_when_its_ink_is_on_the_paper(machine: Machine) -> None:
    path, program = card(machine)
    port = plugged(machine)

    def watch(now: Progress) -> Wish:
        done = list(path.strokes[: now.stroke])
        assert covered(done, port.simulator.ink) < 0.05
        return Wish.GO_ON

    assert written(port, program, watch, machine).verdict is Verdict.FINISHED


@settings(max_examples=15)
@given(
    st.lists(
        st.lists(st.tuples(st.floats(0, 30), st.floats(0, 30)), min_size=1, max_size=6).map(stroke),
        min_size=1,
        max_size=4,
    )
)
def test_any_drawing_comes_out_as_planned(drawing: list[Stroke]) -> None:
    path = plan(drawing, paper=(30, 30), slot=Slot(rotation_deg=3, x_mm=20), machine=SERVO)
    port = plugged()
    assert written(port, write(path)).verdict is Verdict.FINISHED
    assert len(port.simulator.ink) == len(drawing)
    assert deviation(list(path.strokes), port.simulator.ink) < 0.05


def test_two_cards_one_after_the_other_on_one_connection() -> None:
    path, program = card()
    port = plugged()
    session = connect(port, SERVO)
    for _ in range(2):
        assert stream(port, session, program, watch=go_on).verdict is Verdict.FINISHED
        assert deviation(list(path.strokes), port.simulator.new_sheet()) < 0.05


def test_writing_so_small_that_every_move_is_a_step_segment_is_not_taken_for_a_stray() -> None:
    turn = np.linspace(0, 40, 900)
    curl = np.column_stack((5 + turn + 0.9 * np.cos(turn * 6), 8 + 0.9 * np.sin(turn * 6)))
    path = plan([curl, curl + np.array([0, 10])], paper=PAPER, slot=Slot(), machine=SERVO)
    port = plugged()
    outcome = written(port, write(path))
    assert outcome.verdict is Verdict.FINISHED, outcome.reason
    assert deviation(list(path.strokes), port.simulator.ink) < 0.05


def test_a_foreign_program_with_arcs() -> None:
    text = "G21G90\nM3S200\nF2000\nG0X20Y20\nS700\nG4P0.1\nG2X40Y20I10J0\nG1X40Y30\nS200\nG4P0.05\nG0X5Y5\n"
    port = plugged()
    assert written(port, read(text)).verdict is Verdict.FINISHED
    turn = np.linspace(np.pi, 0, 200)
    arc = np.column_stack((30 + 10 * np.cos(turn), 20 + 10 * np.sin(turn)))
    assert deviation(port.simulator.ink, [np.concatenate((arc, [[40, 30]]))]) < 0.05


def test_going_on_with_a_stroke_draws_the_rest_only() -> None:
    path, rest = card(first_stroke=7)
    port = plugged()
    outcome = written(port, rest)
    assert (outcome.verdict, outcome.strokes_done) == (Verdict.FINISHED, len(path.strokes))
    assert deviation(port.simulator.ink, list(path.strokes[7:])) < 0.05


# ------------------------------------------------------------------ before ink
def test_before_ink_comes_once_and_before_anything_moves() -> None:
    _, program = card()
    port = plugged()
    calls = []

    def before() -> None:
        calls.append(port.simulator.head)
        assert not port.simulator.pen_down

    session = connect(port, SERVO)
    assert stream(port, session, program, watch=go_on, before_ink=before).verdict is Verdict.FINISHED
    assert calls == [(0.0, 0.0, 0.0)]


def test_when_before_ink_says_no_nothing_moves_and_the_next_card_can() -> None:
    path, program = card()
    port = plugged()
    session = connect(port, SERVO)

    def before() -> None:
        raise LookupError("no pen down")

    with pytest.raises(LookupError, match="no pen down"):
        stream(port, session, program, watch=go_on, before_ink=before)
    settle(port)
    assert port.simulator.ink == []
    assert port.simulator.head == (0.0, 0.0, 0.0)
    assert stream(port, session, program, watch=go_on).verdict is Verdict.FINISHED
    assert deviation(list(path.strokes), port.simulator.ink) < 0.05


class Counted:
    """A port that counts the bytes written to it."""

    def __init__(self, port: SimPort) -> None:
        self._port = port
        self.count = 0

    @property
    def clock(self) -> Clock:
        return self._port.clock

    def write(self, data: bytes) -> None:
        self.count += len(data)
        self._port.write(data)

    def read(self, timeout_s: float) -> bytes:
        return self._port.read(timeout_s)

    def close(self) -> None:
        self._port.close()


class Laggard:
    """A hub that hands on what the machine says so much later."""

    def __init__(self, port: SimPort, lag_s: float) -> None:
        self._port, self._lag_s = port, lag_s
        self._said: deque[tuple[float, bytes]] = deque()

    @property
    def clock(self) -> Clock:
        return self._port.clock

    def write(self, data: bytes) -> None:
        self._port.write(data)

    def read(self, timeout_s: float) -> bytes:
        now, end = self.clock.now, self.clock.now() + timeout_s
        while not (self._said and self._said[0][0] <= now() + 1e-9):
            if now() >= end:
                return b""
            if data := self._port.read(min([end, *(at for at, _ in self._said)]) - now()):
                self._said.append((now() + self._lag_s, data))
        return self._said.popleft()[1]

    def close(self) -> None:
        self._port.close()


@pytest.mark.parametrize("lag_s", [0.05, 0.3, 0.45, 0.7, 1.1])
def test_a_wire_that_is_late_loses_nothing(lag_s: float) -> None:
    """Reports that come after the next one was asked for say what was so before it."""
    path, program = card()
    port = plugged()
    session = connect(port, SERVO)
    outcome = stream(Laggard(port, lag_s), session, program, watch=go_on)
    assert (outcome.verdict, outcome.mended) == (Verdict.FINISHED, ()), outcome.reason
    assert len(port.simulator.ink) == len(path.strokes)


@given(
    st.integers(4, 30),
    st.sampled_from(
        ["X301Y5", "X5Y219", "X-1Y5", "G0X5Y5", "M5", "M30", "G10L2P1X0Y0", "$H", "", "(hi)", "G91", "G20", "G4P9"]
    ),
)
def test_a_program_that_is_not_fit_sends_no_byte(at: int, text: str) -> None:
    _, program = card()
    lines = [*program.lines[:at], Line(text, 0, "draw"), *program.lines[at:]]
    port = plugged()
    session = connect(port, SERVO)
    counted = Counted(port)
    outcome = stream(counted, session, Program.of(lines, program.end, walk=Walk), watch=go_on)
    assert (outcome.verdict, counted.count) == (Verdict.REFUSED, 0)
    assert "not fit for this machine" in outcome.reason


def test_a_program_that_was_written_for_another_pen_is_refused() -> None:
    port = plugged(SERVO)
    outcome = written(port, card(Z)[1])
    assert outcome.verdict is Verdict.REFUSED
    assert port.simulator.ink == []


def test_a_machine_that_is_not_idle_is_refused() -> None:
    _, program = card()
    port = plugged()
    session = connect(port, SERVO)
    port.write(b"!")
    outcome = stream(port, session, program, watch=go_on)
    assert outcome.verdict is Verdict.REFUSED
    assert "state Hold" in outcome.reason


def test_a_machine_that_restarted_while_idle_is_refused_before_it_writes_off_its_place() -> None:
    """Its banner lies unread in the port: the zero is wherever the carriage stood."""
    _, program = card()
    port = plugged()
    session = connect(port, SERVO)
    port.simulator.open(port.clock.now())
    port.clock.sleep(5.0)
    outcome = stream(port, session, program, watch=go_on)
    assert outcome.verdict is Verdict.REFUSED
    assert not outcome.position_known
    assert "connect it again" in outcome.reason
    assert port.simulator.ink == []


# ------------------------------------------------------------------ hold and stop
@both
@pytest.mark.parametrize("at", [0.0, 0.3, 3.1, 7.7])
def test_hold_rests_at_a_lift_and_goes_on_as_if_nothing_had_been(machine: Machine, at: float) -> None:
    path, program = card(machine)
    port = plugged(machine)
    resting: list[tuple[int, float]] = []

    def watch(now: Progress) -> Wish:
        if now.held:
            assert not port.simulator.pen_down
            assert now.state == "Idle"
            resting.append((len(port.simulator.ink), now.seconds))
            ink = port.simulator.ink
            assert deviation(ink, list(path.strokes[: len(ink)])) < 0.05
            assert now.stroke == len(ink)
        return Wish.HOLD if now.seconds >= at and len(resting) < 25 else Wish.GO_ON

    outcome = written(port, program, watch, machine)
    assert outcome.verdict is Verdict.FINISHED
    assert len(resting) == 25
    assert len({ink for ink, _ in resting}) == 1
    # While it is held it is asked for its wish at 5 Hz.
    assert resting[-1][1] - resting[0][1] == pytest.approx(24 * 0.2, abs=0.1)
    assert len(port.simulator.ink) == len(path.strokes)
    assert deviation(port.simulator.ink, list(path.strokes)) < 0.05


def test_hold_is_reached_within_a_few_strokes() -> None:
    _, program = card()
    port = plugged()
    asked: list[int] = []

    def watch(now: Progress) -> Wish:
        asked.append(now.stroke)
        return Wish.STOP if now.held else Wish.HOLD

    outcome = written(port, program, watch)
    assert outcome.verdict is Verdict.REFUSED or outcome.strokes_done <= 4


@both
@settings(max_examples=20)
@given(st.floats(0, 20))
def test_stop_lifts_the_pen_and_the_card_can_be_gone_on_with(machine: Machine, at: float) -> None:
    path, program = card(machine)
    port = plugged(machine)
    session = connect(port, machine)
    outcome = stream(port, session, program, watch=lambda now: Wish.STOP if now.seconds >= at else Wish.GO_ON)
    if outcome.verdict is Verdict.FINISHED:
        return
    assert "stopped by the operator" in outcome.reason
    assert outcome.position_known
    assert math.dist(port.simulator.head[:2], program.end) < 0.02
    assert not port.simulator.pen_down
    ink = port.simulator.ink
    assert covered(ink, list(path.strokes)) < 0.05
    assert covered(list(path.strokes[: outcome.strokes_done]), ink) < 0.05
    assert (outcome.verdict is Verdict.REFUSED) == (ink == []) or outcome.strokes_done == 0
    assert len(ink) - outcome.strokes_done <= 2
    rest = stream(port, session, write(path, first_stroke=outcome.strokes_done), watch=go_on)
    assert rest.verdict is Verdict.FINISHED
    assert deviation(port.simulator.ink, list(path.strokes)) < 0.05


@both
def test_stop_lets_the_pen_rest_on_the_paper_for_less_than_half_a_second(machine: Machine) -> None:
    _, program = card(machine)
    port = plugged(machine)
    stopped_at = 0.0

    def watch(now: Progress) -> Wish:
        nonlocal stopped_at
        if now.seconds > 5 and port.simulator.pen_down:
            stopped_at = port.clock.now()
            return Wish.STOP
        return Wish.GO_ON

    session = connect(port, machine)
    lifted_at: list[float] = []
    reading = port.read

    def read(timeout_s: float) -> bytes:
        data = reading(min(timeout_s, 0.005))
        if stopped_at and not lifted_at and not port.simulator.pen_down:
            lifted_at.append(port.clock.now())
        return data

    port.read = read  # type: ignore[method-assign]
    assert stream(port, session, program, watch=watch).verdict is Verdict.INTERRUPTED
    assert lifted_at[0] - stopped_at < 0.5


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_when_the_watcher_breaks_the_pen_is_lifted_first(error: type[BaseException]) -> None:
    path, program = card()
    port = plugged()

    def watch(now: Progress) -> Wish:
        if now.seconds > 5 and port.simulator.pen_down:
            raise error("broken")
        return Wish.GO_ON

    with pytest.raises(error, match="broken"):
        written(port, program, watch)
    assert not port.simulator.pen_down
    assert math.dist(port.simulator.head[:2], program.end) < 0.02
    assert covered(port.simulator.ink, list(path.strokes)) < 0.05


# ------------------------------------------------------------------ faults
class Disturbed:
    """A port on which something happens at a moment of port time, once or from then on."""

    def __init__(self, port: SimPort, fault: str, at: float) -> None:
        self._port, self._fault, self._at = port, fault, at
        self._struck = False

    @property
    def clock(self) -> Clock:
        return self._port.clock

    @property
    def due(self) -> bool:
        return self.clock.now() >= self._at

    def strike(self) -> bool:
        """Whether it happens now, for the first time."""
        first = self.due and not self._struck
        self._struck = self._struck or self.due
        return first

    def write(self, data: bytes) -> None:
        if self._fault == "unplugged" and self.due:
            raise PortError("sim: the machine is gone")
        if self._fault in ("deaf", "mute") and self.due:
            return
        if self._fault in ("byte lost", "digit changed", "line end lost") and self.due and not self._struck:
            wanted = b"\n" if self._fault == "line end lost" else b"5"
            spot = data.find(wanted)
            if spot >= 0:
                self._struck = True
                data = data[:spot] + (b"6" if self._fault == "digit changed" else b"") + data[spot + 1 :]
        self._port.write(data)

    def read(self, timeout_s: float) -> bytes:
        if self._fault == "unplugged" and self.due:
            raise PortError("sim: the machine is gone")
        simulator = self._port.simulator
        if self._fault == "restarted" and self.strike():
            simulator.open(self.clock.now())
        elif self._fault == "limit switch" and self.due and not self._struck and simulator.firmware.stepper.running:
            self._struck = True
            simulator.firmware.hard_limit()
        elif self._fault in ("hold button", "door") and self.strike():
            simulator.receive(b"!" if self._fault == "hold button" else b"\x84", self.clock.now())
        data = self._port.read(timeout_s)
        if self._fault == "mute" and self.due:
            return b""
        if self._fault == "answer lost" and self.due and not self._struck and b"ok\r\n" in data:
            self._struck = True
            data = data.replace(b"ok\r\n", b"", 1)
        if self._fault == "answer twice" and self.due and not self._struck and b"ok\r\n" in data:
            self._struck = True
            data = data.replace(b"ok\r\n", b"ok\r\nok\r\n", 1)
        if self._fault == "noise" and self.strike():
            data += b"\xff\x00ok?\xfe<Idl\r\n"
        return data

    def close(self) -> None:
        self._port.close()


# What is lost on the way to the machine, bytes have no checksum for: a wrong line can be a valid one.
SILENT = ["byte lost", "digit changed"]
GONE = ["unplugged", "deaf", "mute"]
LIVE = ["restarted", "limit switch", "hold button", "door", "answer lost", "answer twice", "line end lost", "noise"]


@pytest.mark.parametrize("fault", [*SILENT, *GONE, *LIVE])
@both
@settings(max_examples=10)
@given(st.floats(0, 20))
def test_a_fault_at_any_moment_ends_with_the_truth(machine: Machine, fault: str, at: float) -> None:
    path, program = card(machine)
    port = plugged(machine)
    session = connect(port, machine)
    began = port.clock.now()
    outcome = stream(Disturbed(port, fault, began + at), session, program, watch=go_on)
    assert port.clock.now() - began < 90
    settle(port)
    ink, planned = port.simulator.ink, list(path.strokes)
    if fault not in SILENT:
        if outcome.verdict is Verdict.FINISHED:
            assert deviation(ink, planned) < 0.05
        if fault != "line end lost":  # two lines in one, which may lift the pen too early
            assert covered(planned[: outcome.strokes_done], ink) < 0.05
            assert covered(ink, planned) < 0.05
    if outcome.verdict is Verdict.REFUSED:
        assert ink == []
    if outcome.verdict is Verdict.INTERRUPTED:
        assert "Next: " in outcome.reason or outcome.position_known
        if fault not in GONE and "by hand" not in outcome.reason:
            assert not port.simulator.pen_down
        if outcome.position_known:
            assert math.dist(port.simulator.head[:2], program.end) < 0.05
    if fault in GONE:
        assert not outcome.position_known or outcome.verdict is Verdict.FINISHED
    if fault in ("restarted", "limit switch") and outcome.verdict is Verdict.INTERRUPTED:
        assert not outcome.position_known


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("unplugged", "the machine is gone"),
        ("deaf", "stopped answering"),
        ("mute", "stopped answering"),
        ("restarted", "restarted by itself"),
        ("limit switch", "ALARM:1: a limit switch was hit"),
        ("hold button", "on hold at its own button"),
        ("door", "safety door"),
        ("answer lost", "answers of the machine were lost"),
        ("line end lost", "on the wire"),
    ],
)
def test_the_operator_is_told_what_happened_and_what_to_do(fault: str, words: str) -> None:
    _, program = card()
    port = plugged()
    session = connect(port, SERVO)
    outcome = stream(Disturbed(port, fault, port.clock.now() + 5), session, program, watch=go_on)
    assert outcome.verdict is Verdict.INTERRUPTED
    assert words in outcome.reason
    assert 0 < outcome.strokes_done < program.strokes
    assert ("by hand" in outcome.reason) == (fault in GONE)


def test_a_large_deviation_is_seen_while_it_is_drawn() -> None:
    """A digit lost in a long line: 26 mm off, seen by the reports long before the end of the card."""
    path = plan(
        [stroke([(1, 1), (55, 2)]), *card()[0].strokes], paper=(200, 100), slot=Slot(x_mm=0, y_mm=0), machine=SERVO
    )
    port = plugged()
    session = connect(port, SERVO)
    writing = port.write
    port.write = lambda data: writing(data.replace(b"X55.00Y2.00", b"X55.00Y22.0"))  # type: ignore[method-assign]
    outcome = stream(port, session, write(path), watch=go_on)
    assert outcome.verdict is Verdict.INTERRUPTED
    assert "off its way" in outcome.reason
    assert outcome.seconds < 4
    assert not port.simulator.pen_down


def test_a_watcher_that_takes_its_time_is_no_fault() -> None:
    path, program = card()
    port = plugged()

    def watch(_: Progress) -> Wish:
        port.clock.sleep(4)
        return Wish.GO_ON

    assert written(port, program, watch).verdict is Verdict.FINISHED
    assert deviation(port.simulator.ink, list(path.strokes)) < 0.05


def test_bytes_under_way_stay_within_the_machines_buffer() -> None:
    _, program = card()
    port = plugged()
    assert written(port, program).verdict is Verdict.FINISHED
    assert port.simulator.uart.dropped == 0


# ------------------------------------------------------------------ connect
def test_another_machine_is_refused_naming_every_setting() -> None:
    port = plugged(Machine(acceleration_mm_s2=(500, 1000, 500), height_mm=100, junction_deviation_mm=0.01))
    with pytest.raises(MachineMismatch) as caught:
        connect(port, SERVO)
    assert caught.value.differences == [
        "junction deviation $11 is 0.01, not 0.05",
        "X acceleration $120 is 500, not 1000",
        "Y travel $131 is 100, less than the bed's 218",
    ]
    assert port.simulator.head == (0.0, 0.0, 0.0)


def test_a_machine_that_homes_stands_in_its_bed_afterwards() -> None:
    machine = Machine(homing=True)
    path, program = card(machine)
    port = plugged(machine)
    assert written(port, program, machine=machine).verdict is Verdict.FINISHED
    assert deviation(list(path.strokes), port.simulator.ink) < 0.05
    again = connect(port, machine)
    assert stream(port, again, program, watch=go_on).verdict is Verdict.FINISHED
    assert deviation(list(path.strokes), port.simulator.ink) < 0.05


def test_a_homing_z_pen_that_nobody_has_set_on_paper_is_refused() -> None:
    machine = Machine(homing=True, pen=ZPen())
    with pytest.raises(NotReady, match="set the zero of G54 there"):
        connect(plugged(machine), machine)


def test_connecting_again_without_opening_anew_resets_the_machine() -> None:
    path, program = card()
    port = plugged()
    connect(port, SERVO)
    assert written(port, program).verdict is Verdict.FINISHED
    assert deviation(list(path.strokes), port.simulator.ink) < 0.05


def test_a_machine_found_in_motion_must_be_looked_at() -> None:
    port = plugged()
    connect(port, SERVO)
    port.write(b"G21G90\nG1X200F200\n")
    port.read(1)
    with pytest.raises(NotReady, match="lost its position"):
        connect(port, SERVO)


def test_nobody_there() -> None:
    port = plugged()
    with pytest.raises(PortError, match="no machine has answered"):
        connect(Disturbed(port, "mute", 0), SERVO)
