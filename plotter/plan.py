"""Plan: from ink on a card to the pen's way over a machine's bed, proved inside paper and envelope."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plotter.machine import Machine, Slot
from plotter.order import NO_PAIRS, late_after, ordered
from plotter.strokes import Stroke, simplify_all

# With the rounding to hundredths and to motor steps curves stay within 0.02 mm; more points would save no time.
TOLERANCE_MM = 0.01
# Arithmetic of a turned slot may carry a point this far over an edge that it lies on.
EDGE_MM = 1e-6


class PlanError(ValueError):
    """These strokes cannot be written here. `stroke` counts from 0; None when it is about the whole drawing."""

    def __init__(self, message: str, *, stroke: int | None = None) -> None:
        super().__init__(message)
        self.stroke = stroke


class OutsidePaper(PlanError):
    """Ink would miss the card: whoever laid out the strokes is at fault."""


class OutsideEnvelope(PlanError):
    """The card lies where the pen does not reach: the slot or the machine's size in the configuration is at fault."""


@dataclass(frozen=True, eq=False)
class Toolpath:
    """The pen's way in the machine frame, mm: strokes as they are drawn, then with the pen up to `park`.

    `written`: for each of them the numbers of the card's strokes, in writing order, that it is made of; when empty
    they are the card's, one by one.
    """

    strokes: tuple[Stroke, ...]
    machine: Machine
    park: tuple[float, float] = (0.0, 0.0)
    written: tuple[tuple[int, ...], ...] = ()

    @property
    def turns(self) -> tuple[int, ...]:
        """For each stroke of the card, in writing order, how many of the card's strokes are drawn before it."""
        order = [k for group in self.written for k in group] or range(len(self.strokes))
        turns = [0] * len(order)
        for turn, k in enumerate(order):
            turns[k] = turn
        return tuple(turns)

    def on_paper(self, drawn: int) -> int:
        """How many of the card's strokes are on the paper when so many of ours are."""
        return sum(map(len, self.written[:drawn])) if self.written else drawn


def plan(
    strokes: Sequence[Stroke],
    *,
    paper: tuple[float, float],
    slot: Slot,
    machine: Machine,
    words: Sequence[int] = (),
) -> Toolpath:
    """The pen's way for a card of `paper` = (width, height) mm in `slot`, in the order that the machine is set to.

    `strokes` are in the card frame; `words`: for each the number of its word, for late strokes to come after it. A
    pure function: a card that is gone on with later has the same strokes with the same numbers. Raises PlanError when
    there is no ink, OutsidePaper, OutsideEnvelope.
    """
    if not strokes:
        raise PlanError("there is no ink to write; give at least one stroke")
    for k, one in enumerate(strokes):
        if one.ndim != 2 or one.shape[1] != 2 or not len(one) or not np.isfinite(one).all():
            raise PlanError(f"stroke {k} is not a list of (x, y) points in mm", stroke=k)
    if stray := _stray(strokes, paper):
        k, (x, y) = stray
        raise OutsidePaper(
            f"stroke {k} leaves the paper at ({x:.2f}, {y:.2f}) mm: the card is {paper[0]:g} x {paper[1]:g} mm; "
            "keep the text frame inside the paper",
            stroke=k,
        )
    on_bed = slot.onto_bed(simplify_all(strokes, TOLERANCE_MM))
    if stray := _stray(on_bed, (machine.width_mm, machine.height_mm)):
        k, (x, y) = stray
        raise OutsideEnvelope(
            f"stroke {k} is out of the machine's reach at ({x:.2f}, {y:.2f}) mm: the bed is 0-{machine.width_mm:g} x "
            f"0-{machine.height_mm:g} mm; move the slot or take a smaller card",
            stroke=k,
        )
    if machine.order == "writing":
        return Toolpath(strokes=tuple(on_bed), machine=machine, park=machine.home)
    late = late_after(strokes, words) if words else NO_PAIRS
    found = ordered(on_bed, machine, late=late, park=machine.home)
    return Toolpath(strokes=found.strokes, machine=machine, park=machine.home, written=found.written)


def _stray(strokes: Sequence[Stroke], size: tuple[float, float]) -> tuple[int, tuple[float, float]] | None:
    """The first point outside 0..width, 0..height, and its stroke."""
    points = np.concatenate(strokes)
    outside = ((points < -EDGE_MM) | (points > np.array(size) + EDGE_MM)).any(axis=1)
    if not outside.any():
        return None
    first = int(np.argmax(outside))
    k = int(np.searchsorted(np.cumsum([len(one) for one in strokes]), first, side="right"))
    return k, (float(points[first, 0]), float(points[first, 1]))
