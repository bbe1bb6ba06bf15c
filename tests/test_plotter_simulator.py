"""The simulated machine is held against recorded conversations and measured times of real firmware."""

import csv
import math
from collections import deque
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.conformance import HEAD, HOMING_REPLY_S, REPLY_S, compare
from bench.conversation import replay, transcript
from plotter.clock import ScaledClock, VirtualClock
from plotter.driver import connect, driver
from plotter.machine import Machine, ServoPen, Slot, ZPen
from plotter.plan import plan
from plotter.port import PortError
from plotter.reports import DIALECTS, GRBLHAL
from plotter.settings import DEFAULT
from plotter.simport import SimPort, open_sim
from plotter.simulator import Simulator
from plotter.stream import Verdict, Wish
from plotter.stream import stream as write_on
from plotter.strokes import deviation, length, stroke

DATA = Path(__file__).parent / "data"
TRANSCRIPTS = sorted((DATA / "transcripts").glob("*.txt"))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda p: p.stem)
def test_conversations_with_real_firmware_go_the_same_way(path: Path) -> None:
    """Every line: texts, order, states, fields and cadence of reports; times and places as exactly as recorded."""
    found = compare(path)
    assert found.differences == []
    assert found.equal + found.in_time + found.torn == found.lines
    assert found.in_time <= 0.4 * found.lines
    assert found.late_s <= HOMING_REPLY_S if "homing" in path.name else REPLY_S
    assert bool(found.torn) == path.name.startswith("10"), "only where the ring overflowed does chance come in"


def test_bytes_that_find_the_ring_full_are_dropped_in_silence() -> None:
    """Which ones hangs on microseconds; that most are, how many answers come, that nothing says so, does not."""
    said = transcript(next(path for path in TRANSCRIPTS if path.name.startswith("10")))
    simulator = Simulator(at=HEAD["10"])
    heard = replay(said, simulator)
    assert simulator.uart.dropped > 300
    recorded, answers = (
        [one.text for one in lines if one.way == "<" and one.text[:1] != "<"] for lines in (said, heard)
    )
    assert len(answers) == pytest.approx(len(recorded), abs=2)
    assert answers[:26] == recorded[:26]
    assert not any(text.startswith("ALARM") for text in answers)


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("< error:11", "< error:20", "recorded 'error:20', heard 'error:11'"),
        ("0.500,-1.000|Bf:15,128|FS:0,0|WCO", "0.513,-1.000|Bf:15,128|FS:0,0|WCO", "0.013 mm apart"),
        ("|FS:0,0|WCO:0.000,0.000,0.000>", "|FS:0,0>", "other fields"),
        ("<Alarm|", "<Idle|", "another state"),
        ("4.295 < error:11\n", "", "answers recorded"),
        ("3.359 < ok\n3.359", "3.359 < ok\n4.459", "recorded at 4.459 s"),
    ],
)
def test_the_comparison_sees_a_difference(was: str, becomes: str, told: str, tmp_path: Path) -> None:
    text = next(path for path in TRANSCRIPTS if path.name.startswith("02")).read_text(encoding="utf-8")
    assert was in text
    changed = tmp_path / "02-changed.txt"
    changed.write_text(text.replace(was, becomes), encoding="utf-8")
    differences = compare(changed).differences
    assert any(told in one for one in differences), differences


# ---------------------------------------------------------------------- measured machine times

PROFILES = {
    "plotter": {"max_rate_mm_min": (10000, 10000, 3000), "acceleration_mm_s2": (500, 500, 500), "junction": 0.01},
    "quick": {"max_rate_mm_min": (6000, 6000, 2400), "acceleration_mm_s2": (1000, 1000, 200), "junction": 0.03},
}
TIMES = list(csv.DictReader((DATA / "timings" / "times.csv").read_text(encoding="utf-8").splitlines()))


def machine_of(profile: str, program: str) -> Machine:
    values = PROFILES[profile]
    return Machine(
        max_rate_mm_min=values["max_rate_mm_min"],
        acceleration_mm_s2=values["acceleration_mm_s2"],
        junction_deviation_mm=values["junction"],
        pen=ZPen() if "-z" in program else ServoPen(),
    )


def opened(simulator: Simulator) -> SimPort:
    """A port past its banner."""
    port = SimPort(simulator, VirtualClock())
    talk(port, b"", 2.0)
    return port


def talk(port: SimPort, data: bytes, seconds: float) -> list[str]:
    """Send, and listen for so long."""
    if data:
        port.write(data)
    end, heard = port.clock.now() + seconds, b""
    while port.clock.now() < end - 1e-9:
        heard += port.read(end - port.clock.now())
    return heard.decode("ascii").split("\r\n")[:-1]


def stream(port: SimPort, lines: list[str]) -> tuple[list[str], float]:
    """By character counting to 127 bytes: the replies, and the seconds from the first byte to standstill."""
    start, replies, rest = port.clock.now(), [], b""
    waiting: deque[int] = deque()
    sent = 0
    while len(replies) < len(lines):
        batch = b""
        while sent < len(lines) and sum(waiting) + len(lines[sent]) + 1 <= 127:
            batch += lines[sent].encode("ascii") + b"\n"
            waiting.append(len(lines[sent]) + 1)
            sent += 1
        if batch:
            port.write(batch)
        rest += port.read(60.0)
        *new, rest = rest.split(b"\r\n")
        for reply in new:
            replies.append(reply.decode("ascii"))
            waiting.popleft()
    return replies, _standstill(port) - start


def _standstill(port: SimPort) -> float:
    while not any(line.startswith("<Idle") for line in talk(port, b"?", 0.02)):
        pass
    return port.clock.now()


@pytest.mark.parametrize("row", TIMES, ids=lambda r: f"{r['program'][0]}-{r['profile']}")
def test_streamed_programs_take_the_measured_time_and_ink_what_they_say(row: dict[str, str]) -> None:
    lines = (DATA / "timings" / row["program"]).read_text(encoding="ascii").split()
    simulator = Simulator.for_machine(machine_of(row["profile"], row["program"]))
    replies, seconds = stream(opened(simulator), lines)
    assert set(replies) == {"ok"}
    assert simulator.uart.dropped == 0
    assert seconds == pytest.approx(float(row["machine_time_s"]), rel=0.01)
    if "-z" not in row["program"]:
        assert len(simulator.ink) == sum(line == "S700" for line in lines)


def test_ink_and_replies_are_the_same_in_every_run() -> None:
    lines = (DATA / "timings" / "c-print-z.gcode").read_text(encoding="ascii").split()[:400]

    def once() -> tuple[list[list[list[float]]], float]:
        simulator = Simulator.for_machine(machine_of("quick", "c-print-z"))
        _, seconds = stream(opened(simulator), lines)
        return [one.tolist() for one in simulator.ink], seconds

    assert once() == once()


# ---------------------------------------------------------------------- the paper

SETUP = b"G21G90G94\nM3S200\nF3000\n"
xy = st.tuples(st.integers(0, 30000), st.integers(0, 20000)).map(lambda p: (p[0] / 100, p[1] / 100))


@settings(max_examples=40)
@given(st.lists(st.lists(xy, min_size=1, max_size=12), min_size=1, max_size=4))
def test_the_ink_is_what_was_commanded(strokes: list[list[tuple[float, float]]]) -> None:
    lines = SETUP.decode("ascii").split()
    for points in strokes:
        lines += [f"G0X{points[0][0]:.2f}Y{points[0][1]:.2f}", "S700", "G4P0.1"]
        lines += [f"G1X{x:.2f}Y{y:.2f}" for x, y in points[1:]] + ["S200", "G4P0.05"]
    simulator = Simulator()
    replies, _ = stream(opened(simulator), lines)
    assert replies == ["ok"] * len(lines)
    assert len(simulator.ink) == len(strokes)
    for ink, points in zip(simulator.ink, strokes, strict=True):
        path = np.array(points)
        # Each vertex is rounded to whole steps of 1/80 mm.
        assert length(ink) == pytest.approx(length(path), abs=0.02 * len(points))
        assert math.dist(ink[0], points[0]) < 0.01
        assert math.dist(ink[-1], points[-1]) < 0.01


@settings(max_examples=60)
@given(st.binary(max_size=600), st.booleans())
def test_no_bytes_whatever_break_the_machine(data: bytes, moving: bool) -> None:
    port = opened(Simulator())
    talk(port, SETUP + (b"G1X250\n" if moving else b""), 0.5)
    talk(port, data, 0.5)
    talk(port, b"\x18\x18", 2.0)
    assert any(line.startswith("<") for line in talk(port, b"?", 0.2))


@settings(max_examples=25)
@given(st.lists(st.integers(0, 2000), min_size=1, max_size=80))
def test_each_line_gets_one_reply_when_none_is_lost(xs: list[int]) -> None:
    lines = ["G1F6000", *(f"X{x / 100:.2f}" for x in xs)]
    replies, _ = stream(opened(Simulator()), lines)
    assert replies == ["ok"] * len(lines)


def test_a_dot_is_a_stroke_of_one_point() -> None:
    port = opened(Simulator())
    talk(port, SETUP + b"G0X10Y5\nS700\nG4P0.1\nS200\nG4P0.05\n", 3.0)
    assert [one.tolist() for one in port.simulator.ink] == [[[10.0, 5.0]]]


def test_a_servo_that_gets_no_time_to_settle_starts_its_line_late() -> None:
    port = opened(Simulator(pen=ServoPen(down_settle_s=0.1)))
    talk(port, SETUP + b"S700\nG1X50\nS200\nG4P0.05\n", 4.0)
    (ink,) = port.simulator.ink
    assert ink[0][0] > 0.5
    assert ink[-1][0] == 50.0


def test_a_sheet_can_be_changed_and_a_pen_that_is_down_writes_on() -> None:
    port = opened(Simulator())
    talk(port, SETUP + b"S700\nG4P0.1\nG1X50\nG4P0\n", 4.0)
    (old,) = port.simulator.new_sheet()
    talk(port, b"G1X60\nS200\nG4P0.05\n", 2.0)
    (new,) = port.simulator.ink
    assert old.tolist() == [[0.0, 0.0], [50.0, 0.0]]
    assert new.tolist() == [[50.0, 0.0], [60.0, 0.0]]


def test_a_z_pen_inks_from_where_it_crosses_the_paper() -> None:
    port = opened(Simulator(pen=ZPen(down_mm=0.0, up_mm=2.0)))
    talk(port, b"G21G90\nG0Z2\nG0X10\nG1X20Z0F600\nX30\nX40Z2\n", 8.0)
    # The paper begins a tenth of the lift above `down_mm`.
    assert [s[[0, -1], 0] for s in port.simulator.ink] == [pytest.approx([19.0, 31.0], abs=0.03)]
    assert deviation(port.simulator.ink, [stroke([(19, 0), (31, 0)])]) < 0.03


@pytest.mark.parametrize(("down", "up"), [(-5.0, -1.0), (-5.0, 1.0), (0.0, 2.0), (1.0, 6.0), (-30.0, -20.0)])
def test_a_z_pen_writes_wherever_its_paper_lies(down: float, up: float) -> None:
    port = opened(Simulator(pen=ZPen(down_mm=down, up_mm=up)))
    talk(port, f"G21G90\nG0Z{up}\nG0X10\nG1Z{down}F600\nX30\nG0Z{up}\nX0\n".encode("ascii"), 15.0)
    assert deviation(port.simulator.ink, [stroke([(10, 0), (30, 0)])]) < 0.01
    assert not port.simulator.pen_down


def test_hold_and_reset_end_the_stroke_where_the_machine_stands() -> None:
    port = opened(Simulator())
    talk(port, SETUP + b"S700\nG4P0.1\nG1X200\n", 2.0)
    talk(port, b"!", 1.0)
    before = port.simulator.head
    heard = talk(port, b"\x18", 1.0)
    assert not any(line.startswith("ALARM") for line in heard)
    assert "Grbl 1.1h ['$' for help]" in heard
    status = talk(port, b"?", 0.2)[0]
    assert status.startswith(f"<Idle|MPos:{before[0]:.3f},0.000,0.000|Bf:15,128")
    assert port.simulator.head == before
    assert port.simulator.pen_down  # the signal is gone; the servo stays where it is
    (ink,) = port.simulator.ink
    assert ink[-1][0] == pytest.approx(before[0], abs=1e-4)
    talk(port, b"G21G90\nM3S200\nG4P0.05\nG0X0\n", 5.0)
    assert not port.simulator.pen_down
    assert len(port.simulator.ink) == 1


def test_opening_the_port_loses_the_position_but_not_the_paper() -> None:
    port = opened(Simulator())
    talk(port, SETUP + b"S700\nG4P0.1\nG1X50\nS200\nG4P0.05\n", 4.0)
    again = SimPort(port.simulator, port.clock)
    talk(again, b"", 2.0)
    assert talk(again, b"?", 0.2)[0].startswith("<Idle|MPos:0.000,0.000,0.000")
    assert again.simulator.head == (50.0, 0.0, 0.0)
    assert len(again.simulator.ink) == 1


# ---------------------------------------------------------------------- states


@pytest.mark.parametrize("line", [b"G1X10F600", b"G0X1Y1", b"S500", b"G4P1", b"G21", b"M5"])
def test_a_line_in_hold_stays_unread(line: bytes) -> None:
    port = opened(Simulator())
    assert talk(port, b"!", 0.2) == []
    assert talk(port, line + b"\n", 1.0) == []
    assert f"Bf:15,{127 - len(line)}" in talk(port, b"?", 0.2)[0]
    assert "ok" in talk(port, b"~", 2.0)


def test_overrides_change_the_time() -> None:
    def seconds(data: bytes) -> float:
        port = opened(Simulator())
        talk(port, data, 0.2)
        return stream(port, ["G1X100F1500"])[1]

    assert seconds(b"\x91" * 10) == pytest.approx(seconds(b"") / 2, rel=0.05)


def test_an_override_in_motion_slows_it_down_within_the_limits() -> None:
    port = opened(Simulator())
    talk(port, b"G1X200F6000\n", 1.0)
    talk(port, b"\x92" * 5, 0.5)
    assert "|FS:3000,0" in talk(port, b"?", 0.1)[0]


def test_sleep_swallows_lines_until_a_reset_and_wakes_locked() -> None:
    port = opened(Simulator())
    assert talk(port, b"$SLP\n", 0.5) == ["ok"]
    assert talk(port, b"G0X1\n", 0.5) == []
    assert talk(port, b"?", 0.2)[0].startswith("<Sleep|")
    assert "[MSG:'$H'|'$X' to unlock]" in talk(port, b"\x18", 1.0)


def test_check_mode_answers_and_does_not_move() -> None:
    port = opened(Simulator())
    assert talk(port, b"$C\n", 0.2) == ["[MSG:Enabled]", "ok"]
    assert talk(port, b"G1X10F600\nG1\nGX\n", 0.5) == ["ok", "ok", "error:2"]
    assert talk(port, b"?", 0.2)[0].startswith("<Check|MPos:0.000,0.000,0.000|")
    assert talk(port, b"$C\n", 0.5) == ["[MSG:Disabled]", "ok", "", "Grbl 1.1h ['$' for help]"]


def test_eeprom_writing_is_deaf() -> None:
    port = opened(Simulator())
    port.write(b"$110=5000\n")
    port.read(0.0025)
    assert talk(port, b"G21\nG90\n", 0.5) == ["ok"]
    assert talk(port, b"G21\n", 0.5) == ["ok"]


def test_settings_survive_a_reset_and_limit_motion() -> None:
    port = opened(Simulator())
    talk(port, b"$110=600\n", 0.2)
    talk(port, b"\x18", 0.5)
    assert "$110=600.000" in talk(port, b"$$\n", 0.5)
    assert stream(port, ["G0X10"])[1] == pytest.approx(1.05, abs=0.05)


@pytest.mark.parametrize(
    ("line", "code"),
    [("$0=2", 6), ("$20=1", 10), ("$100=-1", 4), ("$999=1", 3), ("$H", 5), ("$100=5000", 12), ("$J", 3), ("$Xa", 3)],
)
def test_statements_that_grbl_refuses(line: str, code: int) -> None:
    assert talk(opened(Simulator()), line.encode("ascii") + b"\n", 0.5) == [f"error:{code}"]


def test_a_limit_switch_in_motion_stops_everything() -> None:
    port = opened(Simulator(at=(290.0, 0.0, 0.0)))
    talk(port, b"$21=1\n", 0.2)
    heard = talk(port, b"G1X15F3000\n", 3.0)
    assert heard[:2] == ["ok", "ALARM:1"]
    assert talk(port, b"?G0X0\n", 0.5) == []
    assert port.simulator.head[0] == pytest.approx(300, abs=1)


def test_homing_with_no_switches_is_an_alarm() -> None:
    port = opened(Simulator({**DEFAULT, 22: 1}, switches=False))
    assert "ALARM:9" in talk(port, b"$H\n", 120.0)


def test_a_machine_that_homes_to_zero_knows_where_it_is() -> None:
    simulator = Simulator.for_machine(Machine(homing=True))
    simulator.push_head((40.0, 30.0, 15.0))
    port = opened(simulator)
    assert talk(port, b"$H\n", 60.0) == ["ok"]
    assert talk(port, b"?", 0.2)[0].startswith("<Idle|MPos:-299.000,-217.000,-1.000|")
    assert simulator.head == pytest.approx((1.0, 1.0, 19.0))


# ---------------------------------------------------------------------- grblHAL


def test_grblhal_says_its_name_and_sizes() -> None:
    simulator = Simulator(rx_bytes=1024, blocks=100, dialect=GRBLHAL)
    port = SimPort(simulator, VirtualClock())
    assert talk(port, b"", 2.0) == ["", "GrblHAL 1.1f ['$' or '$HELP' for help]"]
    assert "[OPT:VNMSL,100,1024,3,0]" in talk(port, b"$I\n", 0.5)
    assert "|Bf:100,1024|" in talk(port, b"?", 0.2)[0]


@pytest.mark.parametrize(
    ("sent", "answers"),
    [
        (b"G21\r\nG90\r\n", 2),
        (b"G21\rG90\r", 2),
        (b"G21\n\n", 2),
        (b"G21\r\n\r\n", 2),
        (b"\r\nG21\n", 2),
        (b"G21\n\r\n", 2),
    ],
)
def test_cr_lf_is_one_line_end_to_grblhal(sent: bytes, answers: int) -> None:
    assert talk(opened(Simulator(dialect=GRBLHAL)), sent, 0.5) == ["ok"] * answers
    port = opened(Simulator(dialect=GRBLHAL))
    assert [line for k in range(len(sent)) for line in talk(port, sent[k : k + 1], 0.1)] == ["ok"] * answers


@pytest.mark.parametrize("clears", [b"\n", b"$G\n", b"\x18"])
def test_after_an_error_grblhal_takes_no_gcode_until_it_is_told(clears: bytes) -> None:
    port = opened(Simulator(dialect=GRBLHAL))
    assert talk(port, b"G21\nG99\nG0X9\nG4P1\n", 0.5) == ["ok", "error:20", "error:20", "error:20"]
    assert port.simulator.head[0] == 0
    talk(port, clears, 0.5)
    assert talk(port, b"G0X9\n", 1.0) == ["ok"]
    assert port.simulator.head[0] == 9


@pytest.mark.parametrize(("name", "begins"), [("grblhal", "GrblHAL 1.1f"), ("fluidnc", "Grbl 3.7 [FluidNC")])
def test_a_sim_url_chooses_the_dialect(name: str, begins: str) -> None:
    port = open_sim(f"sim://?dialect={name}")
    assert talk(port, b"", 2.0)[-1].startswith(begins)
    assert talk(port, b"G21\r\nG99\r\n", 0.5) == ["ok", "error:20"]
    assert talk(port, b"G21\n", 0.5) == (["error:20"] if name == "grblhal" else ["ok"])


def test_our_driver_writes_on_the_whole_family() -> None:
    machine = Machine(rx_bytes=1024, planner_blocks=100)
    drawing = [stroke([(5, 5), (30, 5), (30, 20)]), stroke([(8, 30), (40, 33)])]
    path = plan(drawing, paper=(60, 40), slot=Slot(), machine=machine)
    for dialect in DIALECTS.values():
        port = SimPort(Simulator.for_machine(machine, dialect=dialect), VirtualClock())
        outcome = write_on(port, connect(port, machine), driver(machine).write(path), watch=lambda _: Wish.GO_ON)
        assert outcome.verdict is Verdict.FINISHED
        assert deviation(port.simulator.ink, list(path.strokes)) < 0.05


# ---------------------------------------------------------------------- sim://


def test_sim_urls_choose_the_clock() -> None:
    assert isinstance(open_sim("sim://").clock, VirtualClock)
    assert isinstance(open_sim("sim://?speed=max", Machine()).clock, VirtualClock)
    assert isinstance(open_sim("sim://?speed=50").clock, ScaledClock)


@pytest.mark.parametrize(
    "url", ["sim://?speed=0", "sim://?dialect=marlin", "sim://?speed=fast", "sim://?sped=1", "tcp://x"]
)
def test_a_wrong_sim_url_is_refused(url: str) -> None:
    with pytest.raises(PortError, match=r"sim|speed"):
        open_sim(url)


def test_a_closed_port_is_closed() -> None:
    port = open_sim("sim://")
    port.close()
    port.close()
    with pytest.raises(PortError, match="closed"):
        port.write(b"?")
    with pytest.raises(PortError, match="closed"):
        port.read(0.1)
