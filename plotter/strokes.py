"""The only geometry in the house: a Stroke is a float64 array (n, 2) in mm, y up, n >= 1; one point is a dot."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Stroke = NDArray[np.float64]


class Bounds(NamedTuple):
    """The box around ink: left, bottom, right, top in mm."""

    x0: float
    y0: float
    x1: float
    y1: float


def stroke(points: ArrayLike) -> Stroke:
    """A Stroke from anything that looks like points; raises ValueError unless it is finite and (n >= 1, 2)."""
    array = np.array(points, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != 2 or len(array) < 1:
        raise ValueError(f"a stroke is one or more (x, y) points, got an array of shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError("a stroke has finite coordinates only")
    return array


def bounds(strokes: Iterable[Stroke]) -> Bounds:
    """The box around all strokes; raises ValueError when there is no ink."""
    points = np.concatenate(list(strokes))
    low, high = points.min(axis=0), points.max(axis=0)
    return Bounds(float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def length(one: Stroke) -> float:
    """Length along the stroke in mm; a dot has none."""
    return float(np.hypot(*np.diff(one, axis=0).T).sum())


def affine(strokes: Sequence[Stroke], matrix: ArrayLike) -> list[Stroke]:
    """Strokes under a 2 x 3 affine matrix: (x, y) -> A (x, y) + b."""
    m = np.asarray(matrix, dtype=np.float64)
    return [one @ m[:, :2].T + m[:, 2] for one in strokes]


def resample(one: Stroke, step: float) -> Stroke:
    """The stroke at even distances of at most `step` mm along it, both ends kept."""
    seg = np.hypot(*np.diff(one, axis=0).T)
    along = np.concatenate(([0.0], np.cumsum(seg)))
    if along[-1] == 0.0:
        return one[:1].copy()
    n = max(1, int(np.ceil(along[-1] / step)))
    at = np.linspace(0.0, along[-1], n + 1)
    return np.column_stack((np.interp(at, along, one[:, 0]), np.interp(at, along, one[:, 1])))


def simplify(one: Stroke, tolerance: float) -> Stroke:
    """Fewest points whose polyline stays within `tolerance` mm of the stroke (Ramer 1972; Douglas & Peucker 1973)."""
    n = len(one)
    if n < 3:
        return one.copy()
    keep = np.zeros(n, dtype=bool)
    keep[0] = keep[-1] = True
    stack = [(0, n - 1)]
    while stack:
        a, b = stack.pop()
        if b - a < 2:
            continue
        inner = one[a + 1 : b] - one[a]
        chord = one[b] - one[a]
        span = float(chord @ chord)
        t = np.clip(inner @ chord / span, 0.0, 1.0) if span > 0 else np.zeros(len(inner))
        off = np.hypot(*(inner - t[:, None] * chord).T)
        worst = int(np.argmax(off))
        if off[worst] > tolerance:
            middle = a + 1 + worst
            keep[middle] = True
            stack += [(a, middle), (middle, b)]
    return one[keep]
