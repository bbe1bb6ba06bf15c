"""Plan: from ink on a card to the pen's way over a machine's bed, proved inside paper and envelope."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plotter.machine import Machine, Slot
from plotter.strokes import Stroke, simplify_all

# Half of what a person sees as an edge on paper (about 0.05 mm at reading distance) goes to fewer points.
TOLERANCE_MM = 0.02
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
    """The pen's way in the machine frame, mm: strokes in writing order, then with the pen up to `park`."""

    strokes: tuple[Stroke, ...]
    machine: Machine
    park: tuple[float, float] = (0.0, 0.0)


def plan(strokes: Sequence[Stroke], *, paper: tuple[float, float], slot: Slot, machine: Machine) -> Toolpath:
    """The pen's way for a card of `paper` = (width, height) mm in `slot`; writing order and number of strokes kept.

    `strokes` are in the card frame. Raises PlanError when there is no ink, OutsidePaper, OutsideEnvelope.
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
    return Toolpath(strokes=tuple(on_bed), machine=machine)


def _stray(strokes: Sequence[Stroke], size: tuple[float, float]) -> tuple[int, tuple[float, float]] | None:
    """The first point outside 0..width, 0..height, and its stroke."""
    points = np.concatenate(strokes)
    outside = ((points < -EDGE_MM) | (points > np.array(size) + EDGE_MM)).any(axis=1)
    if not outside.any():
        return None
    first = int(np.argmax(outside))
    k = int(np.searchsorted(np.cumsum([len(one) for one in strokes]), first, side="right"))
    return k, (float(points[first, 0]), float(points[first, 1]))
