"""The only geometry in the house: a Stroke is a float64 array (n, 2) in mm, y up, n >= 1; one point is a dot."""

import math
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
    return simplify_all([one], tolerance)[0]


def simplify_all(strokes: Sequence[Stroke], tolerance: float) -> list[Stroke]:
    """`simplify` for a whole drawing at once: every pass halves all open spans of all strokes together."""
    if not strokes:
        return []
    points = np.concatenate(strokes)
    counts = np.array([len(one) for one in strokes])
    last = np.cumsum(counts) - 1
    first = last - counts + 1
    keep = np.zeros(len(points), dtype=bool)
    keep[first] = keep[last] = True
    a, b = first, last
    while True:
        inner = b - a - 1
        a, b, inner = a[inner > 0], b[inner > 0], inner[inner > 0]
        if not len(a):
            break
        starts = np.cumsum(inner) - inner
        span = np.repeat(np.arange(len(a)), inner)
        at = np.arange(len(span)) - starts[span] + a[span] + 1
        chord = points[b] - points[a]
        squared = (chord**2).sum(axis=1)
        offset = points[at] - points[a][span]
        along = (offset * chord[span]).sum(axis=1) / np.where(squared > 0, squared, 1.0)[span]
        off = np.hypot(*(offset - np.clip(along, 0.0, 1.0)[:, None] * chord[span]).T)
        worst = np.maximum.reduceat(off, starts)
        peaks = np.flatnonzero(off == worst[span])[::-1]
        middle = np.empty(len(a), dtype=at.dtype)
        middle[span[peaks]] = at[peaks]  # written backwards: the first peak of a span stays
        split = worst > tolerance
        keep[middle[split]] = True
        a, b = np.concatenate((a[split], middle[split])), np.concatenate((middle[split], b[split]))
    return [points[f : n + 1][keep[f : n + 1]] for f, n in zip(first, last, strict=True)]


def deviation(a: Sequence[Stroke], b: Sequence[Stroke]) -> float:
    """How far in mm two drawings' ink is apart at worst: the symmetric Hausdorff distance (Hausdorff 1914).

    The strokes' own points, and more wherever they are over 0.05 mm apart, are held against the lines of the other
    drawing: low by 0.025 mm at the very most, and by nothing where corners differ. Infinite when only one of them has
    ink, 0 when none has.
    """
    if not a and not b:
        return 0.0
    if not a or not b:
        return math.inf
    one, other = _Ink(a), _Ink(b)
    return max(one.farthest_from(other), other.farthest_from(one))


def farthest(ink: Sequence[Stroke], path: Sequence[Stroke]) -> float:
    """How far in mm ink ever is from a path: one side of `deviation`. 0 without ink, infinite without a path."""
    if not ink:
        return 0.0
    return _Ink(ink).farthest_from(_Ink(path)) if path else math.inf


def depth_mm(a: Stroke, b: Stroke) -> float:
    """How deep two convex outlines lie in one another: the least shift that parts them; 0 or less when they are apart.

    Separating axes: convex outlines are apart exactly when some edge's normal parts their shadows.
    """
    least = math.inf
    for corners in (a, b):
        for x, y in np.roll(corners, -1, axis=0) - corners:
            normal = np.array([-y, x]) / math.hypot(x, y)
            pa, pb = a @ normal, b @ normal
            least = min(least, float(pa.max() - pb.min()), float(pb.max() - pa.min()))
    return least


_STEP_MM = 0.05


class _Ink:
    """A drawing as points at most 0.05 mm apart, each with the piece of line before and after it."""

    def __init__(self, strokes: Sequence[Stroke]) -> None:
        dense = [_between(one, _STEP_MM) for one in strokes]
        self.points = np.concatenate(dense)
        self.before = np.concatenate([np.concatenate((one[:1], one[:-1])) for one in dense])
        self.after = np.concatenate([np.concatenate((one[1:], one[-1:])) for one in dense])

    def farthest_from(self, other: "_Ink") -> float:
        from scipy.spatial import cKDTree

        tree = cKDTree(other.points, compact_nodes=False, balanced_tree=False)
        _, near = tree.query(self.points)
        far = other._distance(self.points, near)
        # The nearest line need not begin or end at the nearest point: the farthest are looked at again, all around.
        sure = np.zeros(len(far), dtype=bool)
        while not sure[worst := int(np.argmax(far))]:
            around = np.array(tree.query_ball_point(self.points[worst], far[worst] + _STEP_MM))
            far[worst] = other._distance(self.points[worst], around).min()
            sure[worst] = True
        return float(far[worst])

    def _distance(self, points: Stroke, at: NDArray[np.int_]) -> NDArray[np.float64]:
        """From points to the pieces of line that meet in our points number `at`."""
        before, here, after = self.before[at], self.points[at], self.after[at]
        return np.minimum(_to_line(points, here, before), _to_line(points, here, after))


def _between(one: Stroke, step: float) -> Stroke:
    """The stroke's own points, and more between them where they are over `step` mm apart."""
    if len(one) < 2:
        return one
    pieces = np.maximum(1, np.ceil(np.hypot(*np.diff(one, axis=0).T) / step).astype(int))
    at = np.repeat(np.arange(len(pieces)), pieces)
    part = (np.arange(len(at)) - np.repeat(np.cumsum(pieces) - pieces, pieces)) / pieces[at]
    return np.concatenate((one[at] + part[:, None] * (one[at + 1] - one[at]), one[-1:]))


def _to_line(points: Stroke, a: Stroke, b: Stroke) -> NDArray[np.float64]:
    chord = b - a
    squared = (chord**2).sum(axis=1)
    along = ((points - a) * chord).sum(axis=1) / np.where(squared > 0, squared, 1.0)
    distance: NDArray[np.float64] = np.hypot(*(points - a - np.clip(along, 0.0, 1.0)[:, None] * chord).T)
    return distance
