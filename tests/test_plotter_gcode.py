"""G-code: what is written is clean, reads back as the same ink, and what is unfit is refused before a byte is sent."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plotter.dialect import Walk
from plotter.gcode import prove, read, strokes, write
from plotter.interpreter import Interpreter
from plotter.machine import Machine, ServoPen, Slot, ZPen
from plotter.motion import dwell_time
from plotter.plan import Toolpath, plan
from plotter.program import Line, Program, ProgramError
from plotter.strokes import Stroke, deviation, stroke

GOLDEN = Path(__file__).parent / "golden"
SERVO, Z = Machine(), Machine(pen=ZPen())
both = pytest.mark.parametrize("machine", [SERVO, Z], ids=["servo", "z"])

places = st.tuples(st.floats(0, 300), st.floats(0, 218))
near = st.tuples(st.floats(50, 56), st.floats(50, 56))
anywhere = st.lists(st.lists(places, min_size=1, max_size=15).map(stroke), min_size=1, max_size=8)
close_by = st.lists(st.lists(near, min_size=1, max_size=15).map(stroke), min_size=1, max_size=8)


@both
@given(anywhere)
def test_every_line_is_clean_short_and_proved(machine: Machine, drawing: list[Stroke]) -> None:
    program = write(Toolpath(tuple(drawing), machine))
    prove(program, machine)
    grbl = Interpreter()
    for line in program.lines:
        assert re.fullmatch(r"[A-Z0-9.+\-$=]{1,79}", line.text)
        grbl.line(line.text)
    assert program.text == "".join(line.text + "\n" for line in program.lines)
    assert program.strokes == len(drawing)
    assert program.end == (0.0, 0.0)


@both
@given(close_by)
def test_written_and_read_back_it_is_the_same_ink(machine: Machine, drawing: list[Stroke]) -> None:
    program = write(Toolpath(tuple(drawing), machine))
    for one in (program, read(program.text)):
        prove(one, machine)
        back = strokes(one)
        assert len(back) == len(drawing)
        for was, now in zip(drawing, back, strict=True):
            assert deviation([was], [now]) <= 0.01


@both
@given(close_by, st.integers(0, 8))
def test_going_on_with_a_stroke_draws_the_rest_and_no_more(machine: Machine, drawing: list[Stroke], k: int) -> None:
    k = min(k, len(drawing))
    whole, rest = write(Toolpath(tuple(drawing), machine)), write(Toolpath(tuple(drawing), machine), first_stroke=k)
    prove(rest, machine)
    assert rest.strokes == whole.strokes == len(drawing)
    assert [one.tolist() for one in strokes(rest)] == [one.tolist() for one in strokes(whole)[k:]]
    setup = [line for line in whole.lines if line.kind == "setup"]
    assert list(rest.lines[: len(setup)]) == setup


def test_going_on_beyond_the_end_is_refused() -> None:
    with pytest.raises(ValueError, match="there are 1 strokes"):
        write(Toolpath((stroke([(1, 1)]),), SERVO), first_stroke=2)


@both
def test_the_kinds_tell_what_lines_do(machine: Machine) -> None:
    program = write(Toolpath((stroke([(10, 10), (20, 10)]), stroke([(30, 30)])), machine))
    kinds = [(line.kind, line.stroke) for line in program.lines]
    order = list(dict.fromkeys(kinds))
    assert order == [
        ("setup", -1),
        *(("travel", 0), ("down", 0), ("draw", 0), ("up", 0)),
        *(("travel", 1), ("down", 1), ("up", 1)),
        ("park", 1),
    ]
    assert [line.kind for line in read(program.text).lines] == [line.kind for line in program.lines]
    assert [line.stroke for line in read(program.text).lines] == [line.stroke for line in program.lines]


HEAD = "G21G90G94\nM3S200\nF3000\n"
UNFIT = [
    (HEAD + "G0X10Y10\nS700\nG1X301Y10\nS200\n", 6, "off the bed"),
    (HEAD + "G0X10Y10\nS700\nG1X20Y-0.1\nS200\n", 6, "off the bed"),
    (HEAD + "G0X10Y10\nS700\nG1X20Y10\n", 6, "ends with the pen on the paper"),
    (HEAD + "G0X10Y10\nS500\nG1X20Y10\nS200\n", 5, "neither this pen's up"),
    (HEAD + "G0X10Y10\nG0Z1\nS700\nG1X20Y10\nS200\n", 5, "Z"),
    ("G21G90\nF3000\nG0X10Y10\nM3S700\nG1X20Y10\nS200\n", 3, "before the pen has been lifted"),
    (HEAD + "G0X10Y10\nS700\nG1X20Y10\nG1X20Y20\nS200\nM30\n", 9, "M30 has no place"),
    (HEAD + "G0X10Y10\nS700\nG1X20Y10\nS200\nM5\n", 8, "M5 has no place"),
    (HEAD + "G10L2P1X0Y0\n", 4, "G10 has no place"),
    (HEAD + "G92X0Y0\n", 4, "G92 has no place"),
    (HEAD + "$H\n", 4, "capital letters, digits"),
    (HEAD + "G0X10\n", 4, "first move names X and Y"),
    ("G90\nG0X10Y10\n", 2, "begin with G21G90"),
    ("G21\nG0X10Y10\n", 2, "begin with G21G90"),
    ("G21G91\nM3S200\nG0X10Y10\n", 3, "first move names X and Y"),
    (HEAD + "G0X5Y5\nG1X10Y10S700\nG1X20Y10\nS200\n", 5, "take two lines"),
    (HEAD + "G0G1X10Y10\n", 4, "error:24"),
    (HEAD + "G0X10Y10\nS700\nG2X20Y10I3J0\nS200\n", 6, "error:33"),
    (HEAD + "G4P60\n", 4, "waits longer"),
    ("G21G90\nM3S200\nG0X10Y10\nS700\nG1X20Y10\nS200\n", 5, "error:22"),
    (HEAD + "G1X" + "1" * 80 + "\n", 4, "83 characters"),
    (HEAD + "G0X10Y10\n", 4, "draws nothing"),
    ("", 1, "draws nothing"),
]


@pytest.mark.parametrize(("text", "number", "why"), UNFIT)
def test_an_unfit_program_is_refused_with_line_and_reason(text: str, number: int, why: str) -> None:
    with pytest.raises(ProgramError, match=re.escape(why)) as caught:
        prove(read(text), SERVO)
    assert caught.value.number == number


@pytest.mark.parametrize(
    ("at", "text", "why"),
    [
        (0, "G21G90g94", "capital letters"),
        (0, "G21G90(Dear Ann!)", "capital letters"),
        (4, "G0X20Y20;x", "capital letters"),
        (4, "G0X20Y20\n", "capital letters"),
        (4, "G0X20Y20Ф", "capital letters"),
        (4, "", "capital letters"),
        (5, "S200", "kind 'down'"),
        (8, "G0X20Y20", "rapid speed"),
        (10, "S700", "kind 'up'"),
        (12, "G0X1Y1", "does not end at"),
    ],
)
def test_the_proof_reads_what_will_be_sent_and_not_what_was_meant(at: int, text: str, why: str) -> None:
    program = write(plan([stroke([(1, 1), (9, 9), (9, 1)])], paper=(20, 20), slot=Slot(), machine=SERVO))
    lines = list(program.lines)
    lines[at] = lines[at]._replace(text=text)
    with pytest.raises(ProgramError, match=why):
        prove(Program.of(lines, program.end, walk=Walk), SERVO)


def test_a_travel_with_the_pen_down_is_refused() -> None:
    lines = [("G21G90", "setup"), ("M3S200", "setup"), ("G0X1Y1", "travel"), ("S700", "down"), ("G0X5Y5", "travel")]
    program = Program.of((Line(text, 0, kind) for text, kind in [*lines, ("S200", "up")]), (5.0, 5.0), walk=Walk)  # type: ignore[arg-type]
    with pytest.raises(ProgramError, match="travels with the pen on the paper"):
        prove(program, SERVO)


def test_a_foreign_program_with_comments_blanks_inches_and_arcs() -> None:
    text = """%
    (by some tool; 2 strokes) G20 G90\r
    m3 s200 ; pen up
    G4 P0.1
    F100
    G0 X1 Y1
    S700
    G1 X2 Y1
    G3 X2 Y2 I0 J0.5
    S200
    G0 X3 Y3
    S700
    S200
    G0 X0 Y0
    %"""
    program = read(text)
    prove(program, SERVO)
    assert program.strokes == 2
    assert program.end == (0.0, 0.0)
    angle = np.linspace(-np.pi / 2, np.pi / 2, 400)
    arc = np.column_stack((2 + 0.5 * np.cos(angle), 1.5 + 0.5 * np.sin(angle)))
    expected = [np.concatenate(([[1, 1]], arc)) * 25.4, stroke([(3, 3)]) * 25.4]
    assert deviation(strokes(program), expected) < 0.005
    assert [line.kind for line in program.lines].count("park") == 1


def test_a_foreign_program_for_a_z_pen_that_travels_by_g1() -> None:
    program = read("G21G90\nG0Z2\nF1000\nG1X5Y5\nG1Z0\nG1X9Y5\nG1Z2\nG1X0Y0\n")
    prove(program, Z)
    assert [one.tolist() for one in strokes(program)] == [[[5, 5], [9, 5]]]


@pytest.mark.parametrize("name", ["a-script-servo", "d-script-fine-z"])
def test_programs_timed_on_real_firmware_read(name: str) -> None:
    path = Path(__file__).parent / "data" / "timings" / f"{name}.gcode"
    program = read(path.read_text(encoding="ascii"))
    pen = ZPen(up_mm=1.5) if name.endswith("z") else ServoPen()
    prove(program, Machine(pen=pen))
    assert len(strokes(program)) == program.strokes > 100


# ------------------------------------------------------------------ golden
def drawing() -> list[Stroke]:
    """A bow, a corner, a cross and a dot: what letters are made of."""
    turn = np.linspace(0.3, 5.5, 60)
    bow = np.column_stack((20 + 6 * np.cos(turn) + turn, 20 + 4 * np.sin(turn)))
    return [bow, stroke([(40, 12), (40, 30), (52, 12)]), stroke([(36, 21), (46, 21)]), stroke([(58.004, 30)])]


def golden(machine: Machine) -> str:
    slot = Slot(x_mm=15, y_mm=12, rotation_deg=2)
    return write(plan(drawing(), paper=(80, 40), slot=slot, machine=replace(machine, order="writing"))).text


def differences(text: str, other: str) -> list[str]:
    """Lines that are not the same in two texts, by number."""
    a, b = text.split("\n"), other.split("\n")
    length = max(len(a), len(b))
    a, b = a + [""] * (length - len(a)), b + [""] * (length - len(b))
    return [f"{n}: {x!r} != {y!r}" for n, (x, y) in enumerate(zip(a, b, strict=True), start=1) if x != y]


@both
def test_golden_gcode(machine: Machine) -> None:
    """Made anew by `python tests/test_plotter_gcode.py`: look at the difference before committing it."""
    expected = (GOLDEN / f"letters-{machine.pen.kind}.gcode").read_text(encoding="ascii")
    assert differences(golden(machine), expected) == []


def test_the_golden_comparison_can_fail() -> None:
    text = golden(SERVO)
    assert differences(text, text) == []
    assert differences(text.replace("S700", "S701", 1), text) != []
    assert differences(text + "\n", text) == []
    assert differences(text + "G0X1.00Y1.00\n", text) != []
    assert differences(text[:-2], text) != []


def test_the_same_program_in_another_process() -> None:
    code = "import test_plotter_gcode as t; print(t.golden(t.SERVO), end='')"
    here = Path(__file__).parent
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=here, env={"PYTHONPATH": f"{here}:{here.parent}", "PYTHONHASHSEED": "7"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert run.stdout == golden(SERVO)


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for model in (SERVO, Z):
        (GOLDEN / f"letters-{model.pen.kind}.gcode").write_text(golden(model), encoding="ascii")


HOPS = [
    Machine(pen=ServoPen(hop_s=400, hop_within_mm=3)),
    Machine(pen=ZPen(hop_mm=0.6, hop_within_mm=3)),
]


@pytest.mark.parametrize("machine", HOPS, ids=["servo", "z"])
def test_the_pen_is_lifted_less_on_short_ways_and_wholly_on_long_ones(machine: Machine) -> None:
    near, far = stroke([(13, 10), (14, 10)]), stroke([(30, 10), (31, 10)])
    program = write(Toolpath((stroke([(10, 10), (11, 10)]), near, far), machine))
    prove(program, machine)
    ups = [line.text for line in program.lines if line.kind == "up" and "G4" not in line.text]
    assert ups == (["S400N0", "S200N0", "S200N0"] if machine.pen.kind == "servo" else ["Z0.6G0", "Z2.G0", "Z2.G0"])
    dwells = [line.stroke for line in program.lines if line.kind == "down" and line.text.startswith("P.022G4")]
    assert dwells == ([0, 0, 1, 2, 2] if machine.pen.kind == "servo" else [])


@pytest.mark.parametrize("machine", HOPS, ids=["servo", "z"])
def test_a_program_does_not_end_at_the_height_of_a_hop(machine: Machine) -> None:
    low = "S400" if machine.pen.kind == "servo" else "Z0.6G0"
    program = write(Toolpath((stroke([(10, 10), (11, 10)]),), machine))
    high = next(line.text for line in reversed(program.lines) if line.kind == "up" and line.text[:2] != "G4")
    texts = tuple(low if text == high and kind == "up" else text for text, _, kind in program.lines)
    with pytest.raises(ProgramError, match="for a hop only"):
        prove(replace(program, texts=texts), machine)


@pytest.mark.parametrize("bad", [450, 460, 700, 150])
def test_a_servo_hop_keeps_off_the_paper_and_within_its_lift(bad: int) -> None:
    with pytest.raises(ValueError, match="hop_s"):
        ServoPen(hop_s=bad)


@pytest.mark.parametrize("bad", [0.3, 2.5])
def test_a_z_hop_keeps_off_the_paper_and_within_its_lift(bad: float) -> None:
    with pytest.raises(ValueError, match="hop_mm"):
        ZPen(hop_mm=bad)


@pytest.mark.parametrize("at", range(len("P."), len("P.022")))
def test_a_changed_digit_of_a_wait_leaves_it_a_wait(at: int) -> None:
    """GRBL rounds up to 50 ms: only zero is no wait at all."""
    program = write(plan([stroke([(1, 1), (9, 9)])], paper=(20, 20), slot=Slot(), machine=SERVO))
    wait = next(line.text for line in program.lines if line.kind == "down" and line.text.startswith("P"))
    for changed in ("", *"0123456789"):
        walk = Walk()
        walk.line(wait[:at] + changed + wait[at + 1 :])
        assert dwell_time(walk.dwell_s) >= dwell_time(0.05)
