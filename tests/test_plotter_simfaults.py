"""Faults of the simulated machine: as text, on the wire, in the mechanics; judged by replies and by ink."""

import math
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plotter.clock import VirtualClock
from plotter.machine import Machine, ServoPen, ZPen
from plotter.port import PortError
from plotter.simfaults import EVENTS, KINDS, Event, Fault, Moment, fault, faults, table
from plotter.simport import SimPort, open_sim, plug
from plotter.simulator import Simulator
from plotter.strokes import deviation, length, stroke
from plotter.svg import strokes_of

BANNER = "Grbl 1.1h ['$' for help]"
SERVO = Machine(homing=False)


def talk(port: SimPort, text: str, seconds: float = 1.0) -> list[str]:
    """Send, and listen for so long."""
    if text:
        port.write(text.encode("latin-1"))
    end, heard = port.clock.now() + seconds, b""
    while port.clock.now() < end - 1e-9:
        heard += port.read(end - port.clock.now())
    return heard.decode("latin-1").split("\r\n")[:-1]


def opened(*texts: str, machine: Machine = SERVO, seed: int = 0) -> SimPort:
    """A machine with faults, past its banner (2 s), counts begun."""
    port = plug(machine, faults(*texts), seed=seed)
    assert BANNER in talk(port, "", 2.0)
    port.simulator.stream_begins()
    return port


def writing(*texts: str, machine: Machine = SERVO) -> SimPort:
    """A machine that was sent three lines of 40 mm at 50 mm/s, above one another."""
    port = opened(*texts, machine=machine)
    for y in (10, 20, 30):
        for line in (f"G0X10Y{y}", "M3S700", "G4P0.1", "G1X50F3000", "S200", "G4P0.05"):
            talk(port, f"{line}\n", 0.2)
    port.settle(5.0)
    return port


LINES = [stroke([(10, y), (50, y)]) for y in (10, 20, 30)]

# ---------------------------------------------------------------------- text


@pytest.mark.parametrize(
    "text",
    [
        "drop-in:1234",
        "garble-out:7,33",
        "garble-in:7@stream",
        "lose-ok:57@down:3+0.2",
        "unplug@12.5",
        "motors-off:xy@1",
        "servo-stuck:down@raise:2",
        "paper-shift:0.5,-0.25@up:4+0.01",
        "lost-steps:x,-40@3",
        "mains-loss:5@2",
        "mains-loss@2",
        "hold@stream+3",
    ],
)
def test_a_fault_prints_as_it_is_written(text: str) -> None:
    assert str(fault(text)) == text


def test_what_is_left_out_has_its_usual_value() -> None:
    assert fault("motors-off") == Fault("motors-off", ("xyz",), Moment(0.0))
    assert fault("error:3") == Fault("error", (3.0, 20.0))
    assert fault("motors-off@0").at == Moment()
    assert fault("reset@down:3 0.2") == Fault("reset", at=Moment(0.2, "down", 3)), "a + of a URL is a space"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "fault '' does not exist; there are drop-in"),
        ("explode@3", "fault 'explode' does not exist"),
        ("drop-in", "write drop-in:BYTE"),
        ("drop-in:", "ends too early"),
        ("unplug@", "ends too early"),
        ("drop-in:1.5", "byte is a whole number"),
        ("drop-in:-1", "byte is a whole number from 0"),
        ("drop-in:x", "byte is a number, not 'x'"),
        ("garble-in:3,256", "value is a whole number from 0 to 255"),
        ("lose-ok:0", "ok is a whole number from 1"),
        ("unplug:3", "write unplug with no argument"),
        ("deaf:nan@3", "seconds is a number from 0"),
        ("reset@soon", "'soon' is not seconds"),
        ("reset@-1", "at 0 s or later"),
        ("reset@nan", "at 0 s or later"),
        ("reset@down", "down:3 for the third time"),
        ("reset@down:0", "count from 1"),
        ("reset@down:x", "is not a count"),
        ("reset@stream:2", "is no moment"),
        ("reset@left:2", "is no moment"),
        ("error:3,7", "a code is one of 1, 2"),
        ("servo-stuck:left", "way is up or down"),
        ("lost-steps:q,3", "axis is x or y or z"),
    ],
)
def test_bad_text_is_refused_in_words(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=r"fault '") as refusal:
        fault(text)
    assert says in str(refusal.value)


EXAMPLES: dict[str, tuple[float | str, ...]] = {
    "error": (5.0, 20.0),
    "motors-off": ("xyz",),
    "lost-steps": ("x", 40.0),
    "servo-stuck": ("up",),
    "paper-shift": (1.0, -1.0),
    "home-off": (0.1, -0.1),
    "home-alarm": (9.0,),
    "mains-loss": (),
}


def arguments(kind: str) -> tuple[float | str, ...]:
    return EXAMPLES.get(kind, tuple(3.0 for p in KINDS[kind].wants if not p.optional))


@given(
    st.sampled_from(sorted(KINDS)),
    st.sampled_from(["", *EVENTS]),
    st.integers(1, 50),
    st.integers(0, 10**6).map(lambda n: n / 1000),
)
def test_every_kind_survives_being_written_and_read(kind: str, event: Event, count: int, seconds: float) -> None:
    one = Fault(kind, arguments(kind), Moment(seconds, event, count if event not in ("", "stream") else 1))
    assert fault(str(one)) == one


def test_the_table_names_every_kind() -> None:
    assert [row[0].partition("[")[0].partition(":")[0] for row in table()] == list(KINDS)
    assert table(["garble-in"])[0][0] == "garble-in:BYTE[,VALUE][@MOMENT]"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_happens_and_the_machine_lives_on(kind: str) -> None:
    """No fault hangs or breaks the simulator; each is told of in `happened` unless it needs homing to show."""
    port = plug(SERVO, (Fault(kind, arguments(kind), Moment(0.1, "down", 1)),))
    for k in range(40):
        try:
            talk(port, ("G0X10", "M3S700", "G4P0.1", "G1X50F3000", "S200", "G4P0.05", "?", "?")[k % 8] + "\n", 0.3)
        except PortError:
            assert kind == "unplug"
            port = plug(SERVO, simulator=port.simulator)
            talk(port, "", 2.0)
    if KINDS[kind].counts:
        assert port.simulator.happened[0][1].kind == kind
    else:
        t, told = port.simulator.happened[0]
        assert told.kind == kind
        assert t == pytest.approx(port.simulator.sheet.marks[0].begun + 0.1)


# ---------------------------------------------------------------------- wire


def test_without_faults_nothing_happens() -> None:
    port = writing()
    assert deviation(port.simulator.ink, LINES) < 0.01
    assert port.simulator.happened == []


def test_a_lost_byte_makes_another_line() -> None:
    port = opened("drop-in:4@stream")
    assert talk(port, "G0X123\n") == ["ok"]
    assert port.simulator.head[0] == pytest.approx(13.0)


def test_a_changed_byte_makes_another_line() -> None:
    port = opened("garble-in:4,57@stream")
    assert talk(port, "G0X123\n", 5.0) == ["ok"]
    assert port.simulator.head[0] == pytest.approx(193.0)


def test_which_bit_flips_hangs_on_the_seed() -> None:
    def reply(seed: int) -> list[str]:
        return talk(opened("garble-out:0@stream", seed=seed), "G21\n")

    assert len({reply(seed)[0] for seed in range(7)}) == 7
    assert reply(3) == reply(3)


def test_a_byte_may_become_a_command() -> None:
    port = opened("garble-in:5,33@stream")
    assert talk(port, "G0X123\n") == []
    assert talk(port, "?")[0].startswith("<Hold:0|")


def test_a_byte_twice_makes_another_line() -> None:
    port = opened("double-in:3@stream")
    assert talk(port, "G0X12\n", 4.0) == ["ok"]
    assert port.simulator.head[0] == pytest.approx(112.0)


def test_a_lost_newline_gives_one_answer_too_few() -> None:
    port = opened("drop-in:4@stream")
    assert talk(port, "G0X1\nY2\n") == ["ok"]
    assert port.simulator.head[:2] == pytest.approx((1.0, 2.0))


@pytest.mark.parametrize(
    ("text", "hears"),
    [
        ("drop-out:0@stream", ["k", "ok"]),
        ("garble-out:5,120@stream", ["ok", "ox"]),
        ("double-out:0@stream", ["ook", "ok"]),
        ("lose-ok:1@stream", ["ok"]),
        ("double-ok:2@stream", ["ok", "ok", "ok"]),
        ("error:2@stream", ["ok", "error:20"]),
        ("error:1,2@stream", ["error:2", "ok"]),
        ("mute:1@stream", []),
        ("deaf:0.001@stream+0.5", ["ok", "ok"]),
    ],
)
def test_answers_suffer(text: str, hears: list[str]) -> None:
    port = opened(text)
    heard = talk(port, "G21\nG90\n")
    assert heard == hears
    assert len(port.simulator.happened) == 1 or "deaf" in text


def test_deaf_is_deaf_both_ways_and_ends() -> None:
    port = opened("deaf:1@stream+0.5")
    assert talk(port, "G0X10\n", 0.6) == ["ok"]
    assert talk(port, "G0X99\n?", 1.0) == []
    assert talk(port, "?", 0.5)[0].startswith("<Idle|MPos:10.000,")


def test_eeprom_eats_what_it_is_sent_and_lets_answers_out() -> None:
    port = opened("eeprom:0.5@stream+0.1")
    assert talk(port, "G1X20F3000\n", 0.2) == ["ok"]
    assert talk(port, "G1X99\n", 1.0) == []
    assert port.simulator.head[0] == pytest.approx(20.0)


def test_unplugged_the_machine_goes_on_and_the_host_hears_of_it() -> None:
    port = opened("unplug@down:1+0.3")
    for line in ("M3S700", "G4P0.1"):
        talk(port, f"{line}\n", 0.15)
    port.write(b"G1X40F3000\n")
    with pytest.raises(PortError, match="cable"):
        talk(port, "", 5.0)
    (t, _), at = port.simulator.happened[0], port.clock.now()
    assert at == pytest.approx(t)
    with pytest.raises(PortError, match="cable"):
        port.write(b"?")
    assert port.simulator.head[0] < 35
    port.settle(2.0)
    assert port.simulator.head[0] == pytest.approx(40.0)
    again = plug(SERVO, simulator=port.simulator, clock=port.clock)
    assert BANNER in talk(again, "", 2.0)
    assert talk(again, "?")[0].startswith("<Idle|MPos:0.000,")


def test_what_had_arrived_before_the_cable_came_out_is_carried_out() -> None:
    port = opened("unplug@stream+0.2")
    port.write(b"G1X90F3000\n" + b"X1\n" * 40)  # the planner is full, the buffer too
    with pytest.raises(PortError, match="cable"):
        talk(port, "", 1.0)
    port.settle()
    assert port.simulator.head[0] == pytest.approx(1.0)


def test_a_slow_host_hears_late_and_loses_nothing() -> None:
    port = opened("slow-host:3@stream+0.05")
    port.write(b"G1X5F3000\nG4P0.2\nG0X0\n")
    begun, heard = port.clock.now(), b""
    while heard.count(b"ok") < 3:
        heard += port.read(1.0)
    assert port.clock.now() == pytest.approx(begun + 3.05, abs=0.01)
    assert heard == b"ok\r\n" * 3


def test_a_restart_loses_place_and_lines_and_says_its_banner() -> None:
    port = opened("reset@down:1+0.3")
    assert talk(port, "M3S700\nG4P0.1\nG1X40F3000\nG1X0\n", 5.0)[-2:] == ["", BANNER]
    assert talk(port, "?")[0].startswith("<Idle|MPos:0.000,")
    assert 5 < port.simulator.head[0] < 30
    assert port.simulator.pen_down


# ---------------------------------------------------------------------- firmware


def test_a_hard_limit_is_deaf_until_a_reset() -> None:
    port = opened("hard-limit@stream+0.5")
    assert "ALARM:1" in talk(port, "G1X90F3000\n", 3.0)
    assert talk(port, "?\n") == []
    assert BANNER in talk(port, "\x18")


def test_a_soft_limit_keeps_the_place() -> None:
    port = opened("soft-limit@stream+0.5")
    assert talk(port, "G1X30F3000\n", 0.6) == ["ok"]
    assert "ALARM:2" in talk(port, "G1X31\n", 3.0)
    talk(port, "\x18")
    assert talk(port, "?")[0].startswith("<Alarm|MPos:30.000,")
    assert talk(port, "$X\n") == ["[MSG:Caution: Unlocked]", "ok"]
    assert talk(port, "G0X5\n") == ["ok"], "it trips once"


@pytest.mark.parametrize(("text", "state"), [("door@stream+0.3", "Door:0"), ("hold@stream+0.3", "Hold:0")])
def test_somebody_at_the_machine(text: str, state: str) -> None:
    port = opened(text)
    talk(port, "G1X90F3000\n", 1.5)
    assert talk(port, "?")[0].startswith(f"<{state}|")
    assert 10 < port.simulator.head[0] < 30
    talk(port, "~", 6.0)
    assert port.simulator.head[0] == pytest.approx(90.0)


# ---------------------------------------------------------------------- mechanics


def test_with_the_motors_off_all_answers_and_nothing_moves() -> None:
    port = writing("motors-off")
    assert [one.tolist() for one in port.simulator.ink] == [[[0.0, 0.0]]] * 3
    assert port.simulator.head == (0.0, 0.0, 0.0)
    assert talk(port, "?")[0].startswith("<Idle|MPos:50.000,30.000,")


def test_motors_that_come_back_write_beside() -> None:
    port = writing("motors-off@down:2+0.3", "motors-on@up:2+0.01")
    first, second, third = port.simulator.ink
    assert deviation([first], LINES[:1]) < 0.01
    assert 5 < second[-1][0] - 10 < 30
    assert third[0] == pytest.approx((-1.0, 30.0), abs=0.05), "the way back ends at the frame"


def test_lost_steps_put_the_rest_beside() -> None:
    port = writing("lost-steps:x,-80@up:1+0.02")
    assert [one[:, 0].min() for one in port.simulator.ink] == pytest.approx([10.0, 9.0, 9.0], abs=0.02)
    assert port.simulator.sheet.stray_mm(LINES) == pytest.approx(1.0, abs=0.02)


def test_steps_lost_in_a_stroke_leave_a_jump() -> None:
    port = writing("lost-steps:y,40@down:1+0.4")
    assert port.simulator.ink[0][-1][1] == pytest.approx(10.5)
    assert port.simulator.sheet.stray_mm(LINES) == pytest.approx(0.5, abs=0.02)


def test_a_servo_stuck_up_writes_no_more() -> None:
    port = writing("servo-stuck:up@down:2+0.1")
    assert deviation(port.simulator.ink, LINES[:2]) < 0.01


def test_a_servo_stuck_down_drags_its_ink_along() -> None:
    port = writing("servo-stuck:down@down:1+0.1")
    (ink,) = port.simulator.ink
    assert port.simulator.pen_down
    assert deviation([ink], [stroke([(10, 10), (50, 10), (10, 20), (50, 20), (10, 30), (50, 30)])]) < 0.01


def test_a_servo_stuck_on_its_way_stays_where_it_was() -> None:
    port = writing("servo-stuck:up@lower:2+0.01")
    assert deviation(port.simulator.ink, LINES[:1]) < 0.01


def test_a_slow_servo_comes_late() -> None:
    port = opened("servo-slow:4")
    talk(port, "G0X10Y10\nM3S700\nG4P0.1\nG1X50F3000\nG4P0\nS200\nG4P0.4\n", 5.0)
    (ink,) = port.simulator.ink
    assert 15 < ink[0][0] < 25


def test_a_dry_pen_fades_to_nothing() -> None:
    port = writing("pen-dry:0.03")
    sheet = port.simulator.sheet
    assert len(sheet.strokes) == 3
    assert sheet.strokes[-1][-1] == pytest.approx((50.0, 30.0))
    dark = sheet.darkness(np.array([[30.0, 10.0], [49.0, 10.0], [30.0, 20.0], [45.0, 30.0]]))
    assert dark == pytest.approx([1.0, 0.91, 0.70, 0.15], abs=0.02)
    port = writing("pen-dry:0.01@down:1")
    sheet = port.simulator.sheet
    assert sheet.strokes[-1][-1] == pytest.approx((40.0, 30.0), abs=0.1)
    assert sheet.passes(np.array([[45.0, 30.0]])).tolist() == [0]


def test_a_slipped_sheet_has_its_later_ink_elsewhere() -> None:
    port = writing("paper-shift:1,-2@up:2+0.01")
    assert deviation(port.simulator.ink, [*LINES[:2], LINES[2] - (1, -2)]) < 0.02


def test_mains_loss_kills_processor_motors_and_servo() -> None:
    port = opened("mains-loss@down:1+0.3")
    assert BANNER in talk(port, "M3S700\nG4P0.1\nG1X40F3000\n", 3.0)
    at = port.simulator.head
    assert talk(port, "M3S200\nG4P0.1\nG0X100\n", 4.0) == ["ok"] * 3
    assert port.simulator.head == at
    assert port.simulator.pen_down


def test_mains_that_come_back_bring_motors_and_servo_back() -> None:
    port = opened("mains-loss:2@down:1+0.3")
    talk(port, "M3S700\nG4P0.1\nG1X40F3000\n", 3.0)
    at = port.simulator.head[0]
    assert talk(port, "M3S200\nG4P0.1\nG0X50\n", 4.0) == ["ok"] * 3
    assert port.simulator.head[0] == pytest.approx(at + 50)
    assert not port.simulator.pen_down


def test_homing_may_end_beside_the_true_place_or_in_an_alarm() -> None:
    machine = Machine(homing=True)
    port = plug(machine, faults("home-off:0.3,-0.2"))
    talk(port, "", 2.0)
    assert talk(port, "$H\n", 60.0) == ["ok"]
    assert port.simulator.head == pytest.approx((1.3, 0.8, 19.0))
    port = plug(machine, faults("home-alarm:9"))
    talk(port, "", 2.0)
    assert "ALARM:9" in talk(port, "$H\n", 120.0)


def test_homing_without_motors_finds_no_switch() -> None:
    simulator = Simulator.for_machine(Machine(homing=True), faults=faults("motors-off"))
    simulator.push_head((40.0, 30.0, 10.0))
    port = SimPort(simulator, VirtualClock())
    talk(port, "", 2.0)
    assert "ALARM:9" in talk(port, "$H\n", 120.0)


def test_a_dead_motor_cannot_leave_its_switch() -> None:
    port = plug(Machine(homing=True), faults("motors-off:xy"))  # the head stands at the lower left, where it homes
    talk(port, "", 2.0)
    assert "ALARM:8" in talk(port, "$H\n", 120.0)


@pytest.mark.parametrize("text", ["servo-stuck:up@3", "servo-slow:2", "reset@lower:2"])
def test_a_z_pen_has_no_servo(text: str) -> None:
    with pytest.raises(ValueError, match=r"use|lifts its pen with Z"):
        plug(Machine(pen=ZPen()), faults(text))


def test_moments_of_a_z_pen_are_when_it_meets_the_paper() -> None:
    port = opened("hold@down:2+0.1", machine=Machine(pen=ZPen()))
    for y in (10, 20):
        talk(port, f"G0Z2\nG0X10Y{y}\nG1Z0F600\nG1X50F3000\nG0Z2\n", 4.0)
    assert talk(port, "?")[0].startswith("<Hold:0|")
    assert port.simulator.pen_down
    assert len(port.simulator.ink) == 2


one_fault = st.builds(
    lambda kind, event, count, ms: Fault(kind, arguments(kind), Moment(ms / 1000, event, count)),
    st.sampled_from(sorted(KINDS)),
    st.sampled_from(["", *EVENTS]),
    st.integers(1, 3),
    st.integers(0, 3000),
)
SPOKEN = [
    "G21G90\n",
    "M3S700\n",
    "G4P0.1\n",
    "G1X50F3000\n",
    "X0Y20\n",
    "S200\n",
    "M5\n",
    "!",
    "~",
    "?",
    "\x18",
    "$X\n",
]


@settings(max_examples=150)
@given(st.lists(one_fault, max_size=5), st.lists(st.sampled_from(SPOKEN), max_size=40))
def test_whatever_goes_wrong_time_goes_on_and_ink_stays(wrong: list[Fault], spoken: list[str]) -> None:
    """No mixture of faults hangs the simulator, turns time back, or takes ink away."""
    port = plug(
        SERVO, [replace(one, at=replace(one.at, count=1)) if one.at.event == "stream" else one for one in wrong]
    )
    ink, t = 0.0, 0.0
    for k, text in enumerate(spoken):
        if k == 3:
            port.simulator.stream_begins()
        try:
            talk(port, text, 0.3)
        except PortError:
            port = plug(SERVO, simulator=port.simulator, clock=port.clock)
        assert port.simulator.time >= t
        now = sum(length(one) for one in port.simulator.ink)
        assert now >= ink - 0.01
        ink, t = now, port.simulator.time
    port.settle()
    assert [at for at, _ in port.simulator.happened] == sorted(at for at, _ in port.simulator.happened)


# ---------------------------------------------------------------------- the sheet


def test_rests_are_where_the_pen_stood_and_as_long() -> None:
    port = opened()
    talk(port, "G0X10Y10\nM3S700\nG4P0.1\nG1X50F3000\nG4P0.8\nG1X60\nS200\nG4P0.05\n", 5.0)
    (blot,) = port.simulator.sheet.blots(0.2)
    assert (blot.x, blot.y) == (50.0, 10.0)
    assert blot.seconds == pytest.approx(0.8, abs=0.03)


def test_a_hold_rests_until_it_ends_and_shows_while_it_lasts() -> None:
    port = opened("hold@down:1+0.4")
    talk(port, "G0X10Y10\nM3S700\nG4P0.1\nG1X50F3000\n", 3.0)
    head = port.simulator.head
    (blot,) = port.simulator.sheet.blots(0.5)
    assert (blot.x, blot.y) == pytest.approx(head[:2], abs=1e-3)
    assert blot.begun + blot.seconds == pytest.approx(port.simulator.time)
    talk(port, "~", 3.0)
    (after,) = [rest for rest in port.simulator.sheet.blots(0.5) if rest.x < 49]
    assert after.begun == pytest.approx(blot.begun)
    assert blot.seconds < after.seconds < blot.seconds + 0.1


@pytest.mark.parametrize("machine", [SERVO, Machine(pen=ZPen())], ids=["servo", "z"])
def test_a_line_in_motion_does_not_rest(machine: Machine) -> None:
    port = opened(machine=machine)
    down, up = ("M3S700\nG4P0.1", "S200\nG4P0.05") if isinstance(machine.pen, ServoPen) else ("G1Z0F1500", "G0Z2")
    lift = "M3S200" if isinstance(machine.pen, ServoPen) else "G0Z2"
    talk(port, f"{lift}\nG0X10Y10\n{down}\nG1X200F600\nX250\n{up}\n", 40.0)
    assert port.simulator.sheet.blots(0.15) == []
    assert port.simulator.sheet.strokes[0][-1] == pytest.approx((250.0, 10.0))


def test_a_pen_that_stays_down_on_its_screw_rests_there() -> None:
    port = opened(machine=Machine(pen=ZPen()))
    talk(port, "G0Z2\nG0X10Y10\nG1Z0F600\nG4P1\nG1X20F600\nG0Z2\n", 6.0)
    (blot,) = port.simulator.sheet.blots(0.5)
    assert (blot.x, blot.y) == (10.0, 10.0)
    assert blot.seconds == pytest.approx(1.05, abs=0.05)


def test_passes_and_darkness_count_how_often_the_ink_went_by() -> None:
    port = opened()
    talk(port, "G0X10Y10\nM3S700\nG4P0.1\nG1X50F3000\nX30\nS200\nG4P0.05\n", 4.0)
    talk(port, "G0X45Y5\nS700\nG4P0.1\nG1Y15\nS200\nG4P0.05\n", 4.0)
    points = np.array([[20.0, 10.0], [40.0, 10.0], [45.0, 10.0], [45.0, 7.0], [20.0, 11.0]])
    assert port.simulator.sheet.passes(points).tolist() == [1, 2, 3, 1, 0]
    assert port.simulator.sheet.darkness(points) == pytest.approx([1, 2, 3, 1, 0])


def test_an_empty_sheet_is_empty() -> None:
    sheet = opened().simulator.sheet
    assert sheet.strokes == []
    assert sheet.blots() == []
    assert sheet.passes(np.zeros((2, 2))).tolist() == [0, 0]
    assert sheet.stray_mm(LINES) == 0.0
    assert sheet.missing_mm(LINES) == math.inf


def test_a_pen_that_runs_dry_within_a_line_fades_from_there() -> None:
    port = opened("pen-dry:0@down:1+0.5")
    talk(port, "G0X10Y10\nM3S700\nG4P0.1\nG1X200F3000\nS200\nG4P0.05\n", 9.0)
    (mark,) = port.simulator.sheet.marks
    where = port.simulator.happened[0][0] - mark.begun
    fades = mark.points[np.flatnonzero(mark.dark == 1.0)[-1]][0]
    assert fades == pytest.approx(10 + (where - 0.08) * 50, abs=4)
    assert mark.points[-1][0] == pytest.approx(fades + 100, abs=0.1)


def test_the_picture_shows_pale_ink_and_blots() -> None:
    port = opened()
    talk(port, "G0X10Y10\nM3S700\nG4P0.1\nG1X50F3000\nS200\nG4P0.05\n", 4.0)
    picture = port.simulator.sheet.picture(60, 40, pen_mm=0.35)
    assert deviation(strokes_of(picture), LINES[:1]) < 0.01
    assert "opacity" not in picture
    assert "circle" not in picture
    port = writing("pen-dry:0.05", "hold@down:2+0.3")
    talk(port, "~", 3.0)
    root = ElementTree.fromstring(port.simulator.sheet.picture(60, 40, pen_mm=0.35))
    pale = [path.get("stroke-opacity") for path in root.iter() if path.get("data-stroke")]
    assert pale[0] is None
    assert 0.5 < float(pale[1] or 1) < 0.98
    blots = [node for node in root.iter() if node.get("class") == "blot"]
    assert len(blots) == len(port.simulator.sheet.blots())
    widest = max(blots, key=lambda node: float(node.attrib["r"]))
    assert float(widest.attrib["cy"]) == pytest.approx(20.0)
    assert float(widest.attrib["r"]) > 0.35


# ---------------------------------------------------------------------- the URL


def test_a_url_takes_faults() -> None:
    port = open_sim("sim://?fault=lose-ok:1&fault=reset@down:1+0.2&seed=7")
    talk(port, "", 2.0)
    assert talk(port, "G21\nG90\n") == ["ok"]


@pytest.mark.parametrize("url", ["sim://?fault=explode", "sim://?seed=x", "sim://?fault=reset@soon"])
def test_a_url_with_a_wrong_fault_is_refused(url: str) -> None:
    with pytest.raises(PortError, match=r"^sim://"):
        open_sim(url)


def test_the_same_faults_give_the_same_run() -> None:
    def once() -> object:
        port = plug(SERVO, faults("garble-in:30@stream", "double-out:9@stream", "mute:0.2@down:1"), seed=5)
        talk(port, "", 2.0)
        port.simulator.stream_begins()
        heard = talk(port, "G0X10Y10\nM3S700\nG4P0.1\nG1X50F3000\nX30\nS200\nG4P0.05\n", 4.0)
        return heard, [one.tolist() for one in port.simulator.ink], port.simulator.happened

    assert once() == once()
