"""A sheet as it lies there: which ink, how dark, how often over the same place, where the pen has rested."""

import math
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plotter.strokes import Stroke, farthest
from plotter.svg import draw

SVG = "http://www.w3.org/2000/svg"
STEP_MM = 0.05  # ink is looked at in steps of this
BLOT_S = 0.2  # a pen that rests longer leaves a dot that one sees
SOAK_S = 0.5  # a dot has twice the line's area after so long: the measure of our pictures, not of any paper


class Rest(NamedTuple):
    """The pen stood still on the paper: where, since when (machine seconds), how long."""

    x: float
    y: float
    begun: float
    seconds: float


class Mark(NamedTuple):
    """One line of ink, from touching the paper to leaving it; `dark` at each point, 1 for a fresh pen."""

    points: Stroke
    begun: float
    ended: float
    dark: NDArray[np.float64]


@dataclass(frozen=True)
class Sheet:
    """All that is on one sheet. Machine frame as the sheet lay first, mm; machine seconds."""

    marks: tuple[Mark, ...]
    rests: tuple[Rest, ...]

    @cached_property
    def strokes(self) -> list[Stroke]:
        """The visible ink."""
        return [mark.points for mark in self.marks]

    def stray_mm(self, path: Sequence[Stroke]) -> float:
        """How far ink ever is from the path it should have followed; 0 on an empty sheet."""
        return farthest(self.strokes, path)

    def missing_mm(self, path: Sequence[Stroke]) -> float:
        """How far the path ever is from ink; infinite on an empty sheet."""
        return farthest(path, self.strokes)

    def blots(self, over_s: float = BLOT_S) -> list[Rest]:
        """Where the pen has rested on the paper for longer than `over_s`."""
        return [rest for rest in self.rests if rest.seconds > over_s]

    def passes(self, points: Stroke, within_mm: float = 0.1) -> NDArray[np.int_]:
        """How often ink went by each of (n, 2) points, at most `within_mm` off.

        Ink that has gone farther away than that and comes back has gone by twice: lines that cross count so, too. Hold
        it against `passes` of the drawing that was meant.
        """
        which, _ = self._visits(points, within_mm)
        return np.bincount(which, minlength=len(points)).astype(np.int_)

    def darkness(self, points: Stroke, within_mm: float = 0.1) -> NDArray[np.float64]:
        """How much ink is at each of (n, 2) points: 1 for one pass of a fresh pen, 2 for two, 0 for none."""
        which, dark = self._visits(points, within_mm)
        return np.bincount(which, weights=dark, minlength=len(points)).astype(np.float64)

    def picture(self, width_mm: float, height_mm: float, *, pen_mm: float) -> str:
        """The sheet as SVG in true size: ink as pale as it is, blots as dots that grow while the pen rests."""
        root = ET.fromstring(draw(self.strokes, width_mm, height_mm, pen_mm=pen_mm))
        lines = next(node for node in root.iter() if node.get("class") == "ink")
        for path, mark in zip(list(lines), self.marks, strict=True):
            if (dark := float(mark.dark.mean())) < 1.0:
                path.set("stroke-opacity", f"{dark:.2f}")
        for rest in self.blots():
            dot = ET.SubElement(lines, f"{{{SVG}}}circle", {"class": "blot", "fill": lines.attrib["stroke"]})
            dot.set("stroke", "none")
            dot.set("cx", f"{rest.x:.3f}")
            dot.set("cy", f"{height_mm - rest.y:.3f}")
            dot.set("r", f"{pen_mm / 2 * math.sqrt(1 + rest.seconds / SOAK_S):.3f}")
        ET.register_namespace("", SVG)
        return ET.tostring(root, encoding="unicode") + "\n"

    @cached_property
    def _dense(self) -> tuple[Stroke, NDArray[np.int_], NDArray[np.float64]]:
        """All ink in even steps: places, numbers that go on by 1 within a line, darkness."""
        places, numbers, dark, number = [np.empty((0, 2))], [np.empty(0, dtype=np.int_)], [np.empty(0)], 0
        for mark in self.marks:
            along = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(mark.points, axis=0).T))))
            at = np.linspace(0.0, along[-1], max(1, int(np.ceil(along[-1] / STEP_MM))) + 1 if along[-1] else 1)
            places.append(np.column_stack([np.interp(at, along, mark.points[:, axis]) for axis in (0, 1)]))
            dark.append(np.interp(at, along, mark.dark))
            numbers.append(np.arange(number, number + len(at)))
            number += len(at) + 1_000_000  # no two lines are one
        return np.concatenate(places), np.concatenate(numbers), np.concatenate(dark)

    def _visits(self, points: Stroke, within_mm: float) -> tuple[NDArray[np.int_], NDArray[np.float64]]:
        """For each time that ink goes by a point: which point, and the ink's darkness there."""
        from scipy.spatial import cKDTree

        places, numbers, dark = self._dense
        if not len(places) or not len(points):
            return np.empty(0, dtype=np.int_), np.empty(0)
        reach = within_mm + STEP_MM / 2
        near = cKDTree(points).sparse_distance_matrix(cKDTree(places), reach, output_type="ndarray")
        near = near[np.lexsort((near["j"], near["i"]))]
        which, sample = near["i"].astype(np.int_), near["j"]
        new = np.ones(len(near), dtype=bool)
        away = int(2 * reach / STEP_MM)
        new[1:] = (which[1:] != which[:-1]) | (np.diff(numbers[sample]) > away)
        first = np.flatnonzero(new)
        darkest = np.maximum.reduceat(dark[sample], first) if len(first) else np.empty(0)
        return which[first], darkest
