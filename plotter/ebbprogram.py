"""Programs for the EiBotBoard: a plan spelled in its commands, and the proof that a program is fit to be sent.

A program lifts the pen, goes to the home corner, where it is already unless a person has moved it (one that goes on
with a card goes straight to its first stroke), and from there on counts steps: the board knows no absolute places
while it draws. It ends at home with the pen up.
"""

from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from plotter.ebbmotion import moves
from plotter.ebbwords import TICK_S, Belt, Go, Move, Pen, Servo, Unfit, Walk, lift, lower, servo
from plotter.machine import Machine
from plotter.motion import Estimate
from plotter.plan import Toolpath
from plotter.program import Kind, Line, Point, Program, ProgramError
from plotter.strokes import Stroke

EDGE_MM = 0.02  # whole steps of both motors may end this far over an edge that the way lies on
# The first report, which says that the head is at home, and the last, which says that it is there again.
BEGIN_S = 0.12


def write(toolpath: Toolpath, *, first_stroke: int = 0, goes_on: bool = False) -> Program:
    """Spell a plan. With `first_stroke` it begins with that stroke: same numbers of strokes, full preamble; when it
    `goes_on` with a card the head may be anywhere.

    Raises ValueError unless 0 <= first_stroke <= the number of strokes.
    """
    if not 0 <= first_stroke <= len(toolpath.strokes):
        raise ValueError(f"there are {len(toolpath.strokes)} strokes; cannot begin with stroke {first_stroke}")
    machine = toolpath.machine
    belt, down, up = Belt.of(machine), lower(machine), lift(machine)
    here = home = np.array(machine.home)
    if goes_on and first_stroke < len(toolpath.strokes):
        here = toolpath.strokes[first_stroke][0]
    at = belt.motors((float(here[0]), float(here[1])))
    setup = (*servo(machine), lift(machine, first=True), str(Go(at)))
    lines = [Line(text, -1, "setup") for text in setup]

    def go(way: Stroke, stroke: int, kind: Kind) -> None:
        nonlocal at
        for move in moves(way, machine, at, draw=kind == "draw"):
            lines.append(Line(str(move), stroke, kind))
            at = at[0] + move.steps[0], at[1] + move.steps[1]

    for k in range(first_stroke, len(toolpath.strokes)):
        one = toolpath.strokes[k]
        go(np.array([here, one[0]]), k, "travel")
        lines.append(Line(down, k, "down"))
        go(one, k, "draw")
        lines.append(Line(up, k, "up"))
        here = one[-1]
    go(np.array([here, home]), len(toolpath.strokes) - 1, "park")
    if at != (0, 0):
        raise AssertionError(f"steps do not add up: {at}")
    return Program.of(lines, belt.place(at), first_stroke, walk=walker(machine))


def walker(machine: Machine) -> Callable[[], Walk]:
    """What makes the walk of this machine's programs."""
    return partial(Walk, machine)


def prove(program: Program, machine: Machine) -> None:
    """That every line may be sent to this machine: in its grammar, inside the bed, pen up on every travel.

    Raises ProgramError at the first line that may not.
    """
    walk = Walk(machine, at=None)
    width, height = machine.width_mm + EDGE_MM, machine.height_mm + EDGE_MM
    settings = frozenset(servo(machine))
    number, text = 0, ""
    for number, (text, kind) in enumerate(zip(program.texts, program.kinds, strict=True), start=1):
        was_up = walk.up
        try:
            walk.line(text)
        except Unfit as why:
            raise ProgramError(number, text, str(why)) from None
        command = walk.command
        if isinstance(command, Servo) and text not in settings:
            raise ProgramError(number, text, "it sets the servo as this machine's pen does not want it")
        if isinstance(command, Pen) and command.pin != machine.board.servo_pin:
            raise ProgramError(number, text, f"this machine's pen is on pin {machine.board.servo_pin}")
        for x, y in walk.points:
            if not (-EDGE_MM <= x <= width and -EDGE_MM <= y <= height):
                bed = f"0-{machine.width_mm:g} x 0-{machine.height_mm:g} mm"
                raise ProgramError(number, text, f"it leads to ({x:.2f}, {y:.2f}), off the bed of {bed}")
        if walk.points and was_up is None:
            raise ProgramError(number, text, "it moves before the pen has been lifted")
        if isinstance(command, Move) and walk.ticks == 0:
            raise ProgramError(number, text, "it moves nothing")
        if walk.points and (was_up is False) != (kind == "draw"):
            raise ProgramError(number, text, "it travels with the pen on the paper, or draws with the pen up")
        if isinstance(command, Go) and kind == "draw":
            raise ProgramError(number, text, "it draws by a homing move, whose way is not straight")
        if isinstance(command, Pen) and kind not in (("setup", "up") if command.up else ("down",)):
            raise ProgramError(number, text, f"it is said to be of kind '{kind}', and is not")
    if walk.up is not True:
        raise ProgramError(number, text, "it ends with the pen on the paper")
    if walk.motors is None or Belt.of(machine).place(walk.motors) != program.end:
        raise ProgramError(number, text, f"it does not end at {program.end}")


def estimate(program: Program, machine: Machine) -> Estimate:
    """How long the board needs: its commands follow each other without a gap, each as long as its own arithmetic."""
    walk = Walk(machine)
    ticks, lifts = 0, 0
    way = {"draw": 0.0, "": 0.0}
    here: Point = machine.home
    after = [0.0]
    for text, kind in zip(program.texts, program.kinds, strict=True):
        walk.line(text)
        ticks += walk.ticks
        after.append(BEGIN_S + ticks * TICK_S)
        lifts += kind == "down"
        way["draw" if kind == "draw" else ""] += _length([here, *walk.points])
        here = walk.points[-1] if walk.points else here
    return Estimate(BEGIN_S + ticks * TICK_S, way["draw"], way[""], lifts, tuple(after))


def _length(points: Iterable[Point]) -> float:
    d = np.diff(np.array(list(points)), axis=0)
    return float(np.hypot(d[:, 0], d[:, 1]).sum())
