"""Heights: tests by which a person finds a pen's up and down, and how long it needs to settle, on a paper to spare.

Each test is a row of steps. A step is a short line, written as the pen would be if that value were set, under a label
of digits written as the pen is set now. Every step is a program of its own, proved for a machine with that value.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from plotter.driver import driver
from plotter.machine import Machine, ServoPen, Slot
from plotter.plan import plan
from plotter.program import Program
from plotter.strokes import Stroke

STEP_S = 0.05  # GRBL 1.1 rounds dwells up to it
MOST_STEPS = 12
LINE_MM, PITCH_MM, ROW_MM = 8.0, 13.0, 9.0
DIGIT_MM = 2.4
# The paper the test takes at least.
MARGIN_MM = 8.0

# Seven segments: corners of a cell 1 wide and 2 high, each digit one way of the pen.
_DIGITS = {
    "0": [(0, 0), (1, 0), (1, 2), (0, 2), (0, 0)],
    "1": [(0.5, 0), (0.5, 2)],
    "2": [(0, 2), (1, 2), (1, 1), (0, 1), (0, 0), (1, 0)],
    "3": [(0, 2), (1, 2), (1, 1), (0, 1), (1, 1), (1, 0), (0, 0)],
    "4": [(0, 2), (0, 1), (1, 1), (1, 2), (1, 0)],
    "5": [(1, 2), (0, 2), (0, 1), (1, 1), (1, 0), (0, 0)],
    "6": [(1, 2), (0, 2), (0, 0), (1, 0), (1, 1), (0, 1)],
    "7": [(0, 2), (1, 2), (0.4, 0)],
    "8": [(0, 1), (0, 2), (1, 2), (1, 1), (0, 1), (0, 0), (1, 0), (1, 1)],
    "9": [(1, 1), (0, 1), (0, 2), (1, 2), (1, 0)],
    ".": [(0.5, 0)],
    "-": [(0, 1), (1, 1)],
}


@dataclass(frozen=True)
class Step:
    """One step of a test: the machine as it would be set, and what it draws so, card frame, mm."""

    label: str
    machine: Machine
    strokes: tuple[Stroke, ...]


def label(text: str, at: tuple[float, float], height_mm: float = DIGIT_MM) -> list[Stroke]:
    """Digits, point and minus as strokes, their lower left corner at `at`; raises KeyError for anything else."""
    scale = height_mm / 2
    return [
        np.array(_DIGITS[one], dtype=np.float64) * scale + (at[0] + k * 1.6 * scale, at[1])
        for k, one in enumerate(text)
    ]


def heights(machine: Machine, values: Sequence[float]) -> list[Step]:
    """A step for each height of the pen on paper: servo command, or mm of Z. Raises ValueError when one cannot be."""
    machine = without_hops(machine)
    return _steps(machine, values, lambda value: down_at(machine, value), "{:g}")


def settles(machine: Machine, seconds: Sequence[float]) -> list[Step]:
    """A step for each wait after lowering, s, a multiple of 0.05: a hook at its start says it is too short."""
    machine = without_hops(machine)
    pen = machine.pen
    if not isinstance(pen, ServoPen):
        raise ValueError("a pen lifted by a Z axis is down when its motion has ended; there is no wait to be tested")
    return _steps(
        machine, seconds, lambda value: replace(machine, pen=replace(pen, down_settle_s=_in_steps(value))), "{:.2f}"
    )


def without_hops(machine: Machine) -> Machine:
    """The machine with a pen that is always lifted all the way: what is tested is the height on the paper."""
    pen = machine.pen
    plain = replace(pen, hop_s=None) if isinstance(pen, ServoPen) else replace(pen, hop_mm=None)
    return replace(machine, pen=plain)


def down_at(machine: Machine, value: float) -> Machine:
    """The machine with its pen on paper at this height; raises ValueError where that is none it can have."""
    pen = machine.pen
    if isinstance(pen, ServoPen):
        if value != int(value):
            raise ValueError(f"a servo command is a whole number, not {value:g}")
        return replace(machine, pen=replace(pen, down_s=int(value)))
    return replace(machine, pen=replace(pen, down_mm=value))


def _in_steps(seconds: float) -> float:
    steps = round(seconds / STEP_S)
    if abs(steps * STEP_S - seconds) > 1e-6 or steps < 0:
        raise ValueError(f"{seconds:g} s is not a whole number of steps of {STEP_S:g} s, as the firmware waits")
    return round(steps * STEP_S, 3)


def _steps(machine: Machine, values: Sequence[float], variant: Callable[[float], Machine], form: str) -> list[Step]:
    if not 1 <= len(values) <= MOST_STEPS:
        raise ValueError(f"a test has 1 to {MOST_STEPS} steps, not {len(values)}")
    steps = []
    for k, value in enumerate(values):
        x, y = MARGIN_MM + PITCH_MM * (k % 6), MARGIN_MM + ROW_MM * (k // 6)
        said = form.format(value)
        steps.append(Step(said, machine, tuple(label(said, (x, y + 2.5)))))
        lines = tuple(np.array([[x, y + dy], [x + LINE_MM, y + dy]]) for dy in (0.0, 1.0))
        steps.append(Step(said, variant(value), lines))
    return steps


def paper_mm(steps: Sequence[Step]) -> tuple[float, float]:
    """The paper a test needs, mm."""
    points = np.concatenate([stroke for step in steps for stroke in step.strokes])
    width, height = points.max(axis=0) + MARGIN_MM
    return float(width), float(height)


def programs(steps: Sequence[Step], slot: Slot) -> list[tuple[Machine, Program]]:
    """The programs of a test on a paper in `slot`, each proved for the machine it is written as.

    Raises PlanError, ProgramError.
    """
    paper, written = paper_mm(steps), []
    for step in steps:
        tongue = driver(step.machine)
        program = tongue.write(plan(step.strokes, paper=paper, slot=slot, machine=step.machine))
        tongue.prove(program)
        written.append((step.machine, program))
    return written
