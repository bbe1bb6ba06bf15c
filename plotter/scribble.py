"""Scribble: what happens beside the cards: the warm-up of a fresh pen, a square in the air that proves motion."""

import numpy as np

from plotter.care import Patch
from plotter.machine import Machine
from plotter.plan import Toolpath
from plotter.program import Point
from plotter.strokes import Stroke

# A fresh pen writes after some centimetres; a row of this height and the patch's width takes about 0.3 m.
ROW_MM = 4.0
# So far a person sees that a head moves.
SQUARE_MM = 20.0


def warm_up(patch: Patch, machine: Machine, turn: int = 0) -> Toolpath:
    """A zigzag over one row of the patch, top row first; each `turn` takes the next row, and after the last the first.

    Raises ValueError when the pen does not reach all of the patch.
    """
    if not patch.inside(machine):
        raise ValueError(
            f"the scribble at ({patch.x_mm:g}, {patch.y_mm:g}) of {patch.width_mm:g} x {patch.height_mm:g} mm is not "
            f"on the bed of {machine.width_mm:g} x {machine.height_mm:g} mm"
        )
    rows = max(1, int(patch.height_mm // ROW_MM))
    height = patch.height_mm / rows
    margin = machine.pen_width_mm
    low = patch.y_mm + patch.height_mm - height * (turn % rows + 1) + margin
    x = np.arange(patch.x_mm + margin, patch.x_mm + patch.width_mm - margin, max(0.5, 1.5 * machine.pen_width_mm))
    y = np.where(np.arange(len(x)) % 2 == 0, low, low + height - 2 * margin)
    zigzag: Stroke = np.column_stack((x, y))
    return Toolpath(strokes=(zigzag,), machine=machine, park=(float(x[-1]), float(y[-1])))


def square(machine: Machine, at: Point) -> tuple[Point, ...]:
    """Corners of a square near `at` within the bed, for a head that shows with its pen up that it moves."""
    side = min(SQUARE_MM, machine.width_mm / 2, machine.height_mm / 2)
    x = at[0] + side if at[0] + side <= machine.width_mm else at[0] - side
    y = at[1] + side if at[1] + side <= machine.height_mm else at[1] - side
    return ((x, at[1]), (x, y), (at[0], y), at)
