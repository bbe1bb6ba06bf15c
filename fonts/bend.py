"""Bends: where along a letter a hand may come out elsewhere than it meant to, and how the way between them follows.

A hand steers from turn to turn; what lies between two turns is one movement (minimum jerk through via points, Flash and
Hogan 1985). So a letter written again is off by something else at each turn, and in between by what lies between:
straight stretches stay straight, where a wave laid over the whole letter would make every stem tremble.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fonts.chance import Floats
from plotter.strokes import Stroke

_TURN = math.radians(75)  # of the line from one steering point to the next
_APART = 0.22  # x-heights between two of them, at the least
_MEMORY = 0.55  # correlation of one's miss with the next one's


@dataclass(frozen=True)
class Turns:
    """Steering points of a letter: how many, and for each of its points the one before it and how far it is past it."""

    count: int
    cell: NDArray[np.int64]
    part: Floats


def turns(strokes: Sequence[Stroke]) -> Turns:
    """Steering points along strokes: their ends, and one in every bend of so many degrees."""
    cells: list[NDArray[np.int64]] = []
    parts: list[Floats] = []
    count = 0
    for one in strokes:
        d = np.diff(one, axis=0)
        along = np.concatenate(([0.0], np.cumsum(np.hypot(d[:, 0], d[:, 1]))))
        angle = np.arctan2(d[:, 1], d[:, 0])
        turned = np.abs((np.diff(angle) + math.pi) % (2 * math.pi) - math.pi)
        total = np.concatenate(([0.0, 0.0], np.cumsum(turned)))[: len(one)]
        due = _TURN * (np.arange(int(total[-1] / _TURN + 0.5)) + 0.5)
        at = [0.0]
        for place in along[np.searchsorted(total, due)].tolist():
            if place - at[-1] > _APART and along[-1] - place > _APART:
                at.append(place)
        at.append(max(float(along[-1]), at[-1] + 1e-9))
        knots = np.array(at)
        cell = np.clip(np.searchsorted(knots, along, side="right") - 1, 0, len(knots) - 2)
        cells.append(cell + count)
        parts.append((along - knots[cell]) / (knots[cell + 1] - knots[cell]))
        count += len(knots)
    return Turns(count, np.concatenate(cells), np.concatenate(parts))


def misses(z: Floats, counts: NDArray[np.int64]) -> Floats:
    """How far each letter is off at each of its steering points, sd 1 on each axis: like the one before it, in part.

    `z`: normal numbers, shape (letters, 2, most points); `counts`: points each letter has. Letters do not move as a
    whole: the mean of each is taken out.
    """
    out = z.copy()
    keep = math.sqrt(1 - _MEMORY**2)
    for k in range(1, z.shape[2]):
        out[:, :, k] = _MEMORY * out[:, :, k - 1] + keep * z[:, :, k]
    there = (np.arange(z.shape[2]) < counts[:, None])[:, None, :]
    mean = (out * there).sum(axis=2) / counts[:, None]
    centred: Floats = out - mean[:, :, None]
    return centred


def moved(miss: Floats, of: Turns) -> Stroke:
    """The way each point of a letter moves: `miss` of shape (2, points), between its neighbours in proportion."""
    before, after = miss[:, of.cell], miss[:, of.cell + 1]
    way: Stroke = (before + of.part * (after - before)).T
    return way
