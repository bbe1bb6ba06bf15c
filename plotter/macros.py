"""Macros: named lists of lines for what is not a card: going to a loading place, working a feeder. Proved before use.

A macro runs with the pen up, by a person's button while the plotter is idle, or where the shop says (after a load).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from plotter.dialect import CLEAN, Unfit, Walk
from plotter.driver import driver
from plotter.gcode import EDGE_MM, preamble
from plotter.machine import Machine, ServoPen
from plotter.program import Point
from plotter.rescue import NEAR_MM
from plotter.session import Status
from plotter.wire import LONG_WAY_S, Refusal, Wire

# A macro is a handful of moves and waits; what is longer is a program and belongs into one.
MOST_LINES = 50
# Longer than the longest wait that a line may hold (5 s).
LINE_S = 10.0
# Outputs that a firmware switches without moving: a feeder's motor or a vacuum hangs on the coolant pins.
_SWITCHES = ("M7", "M8", "M9")


class MacroFault(ValueError):
    """A macro is not fit to be run on this machine: its name, the line's number (from 1) and text, and why."""

    def __init__(self, name: str, number: int, text: str, why: str) -> None:
        super().__init__(f"macro '{name}', line {number} '{text[:80]}': {why}")
        self.name = name


@dataclass(frozen=True)
class Macro:
    """A proved macro: `lines` as they go over the wire, modes and pen lift first; `end` where it leads, if anywhere."""

    name: str
    lines: tuple[str, ...]
    end: Point | None


def macro(name: str, lines: Sequence[str], machine: Machine) -> Macro:
    """Prove a macro for a machine; raises MacroFault at the first line that may not be sent.

    A line may move inside the bed with the pen up, wait (G4), and switch outputs (M7, M8, M9 alone on their line).
    Nothing may lower the pen, let go of its servo, write to the machine's memory, move zero, or wait for a button.
    """
    if not 1 <= len(lines) <= MOST_LINES:
        raise MacroFault(name, len(lines), "", f"a macro has 1 to {MOST_LINES} lines, not {len(lines)}")
    walk = Walk()
    begin = preamble(machine)
    for text in begin:
        walk.line(text)
    up = _level(walk, machine)
    for number, text in enumerate(lines, start=1):
        if text in _SWITCHES:
            continue
        try:
            if not CLEAN.fullmatch(text):
                raise Unfit("capital letters, digits, points and signs only, no blanks, no comments")
            walk.line(text)
        except Unfit as why:
            raise MacroFault(name, number, text, str(why)) from None
        if isinstance(machine.pen, ServoPen) and walk.z is not None:
            raise MacroFault(name, number, text, "this machine's pen is lifted by S; it has no Z")
        if _level(walk, machine) != up:
            raise MacroFault(
                name, number, text, f"it moves the pen from its lifted place ({up:g}); a macro draws nothing"
            )
        for x, y in walk.points:
            if not (-EDGE_MM <= x <= machine.width_mm + EDGE_MM and -EDGE_MM <= y <= machine.height_mm + EDGE_MM):
                bed = f"0-{machine.width_mm:g} x 0-{machine.height_mm:g} mm"
                raise MacroFault(name, number, text, f"it leads to ({x:.2f}, {y:.2f}), off the bed of {bed}")
    end = None if walk.x is None or walk.y is None else (walk.x, walk.y)
    try:
        return Macro(name, driver(machine).macro(lines), end)
    except Unfit as why:
        raise MacroFault(name, len(lines), lines[-1], str(why)) from None


def macros(named: Mapping[str, Sequence[str]], machine: Machine) -> dict[str, Macro]:
    """All macros of a plotter, proved; raises MacroFault."""
    return {name: macro(name, lines, machine) for name, lines in named.items()}


def run(wire: Wire, one: Macro, *, between: Callable[[], None] = lambda: None) -> Status:
    """Carry out a macro on an idle machine, line by line, and wait until it stands; its report then.

    `between` is called after each line; what it raises goes up, with the pen up and nothing under way.
    Raises Refusal when the machine ends elsewhere than the macro leads, or refuses a line; Locked, PortError.
    """
    for text in one.lines:
        wire.ask(text, LONG_WAY_S if text == "G4P0" else LINE_S)
        between()
    report = wire.wait_for(frozenset({"Idle"}), LINE_S)
    if one.end is not None and math.dist(report.at, one.end) > NEAR_MM:
        raise Refusal(
            f"after '{one.name}' the machine stands at X{report.at[0]:g} Y{report.at[1]:g}, "
            f"not at X{one.end[0]:g} Y{one.end[1]:g}"
        )
    return report


def _level(walk: Walk, machine: Machine) -> float | None:
    return walk.s if isinstance(machine.pen, ServoPen) else walk.z
