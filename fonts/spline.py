"""Smooth lines through few points, and letting go of corners as a moving hand does. Units are the caller's."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plotter.strokes import Stroke, resample

STEP = 0.06  # x-heights between the points of a dense stroke
_CORNER = 0.3  # radians of turn at one point of a dense stroke that make it a corner


def through(points: ArrayLike, *, corner_deg: float = 70.0, step: float = STEP) -> Stroke:
    """A dense stroke through `points`: centripetal Catmull-Rom, corners sharper than `corner_deg` kept.

    Centripetal parameters make neither loops nor cusps between points (Yuksel, Schaefer, Keyser 2011).
    """
    p = np.asarray(points, dtype=np.float64)
    p = p[np.concatenate(([True], np.hypot(*np.diff(p, axis=0).T) > 1e-9))]
    if len(p) < 2:
        return p
    pieces: list[Stroke] = []
    start = 0
    for k in [*_corners(p, corner_deg), len(p) - 1]:
        pieces.append(_catmull_rom(p[start : k + 1], step))
        start = k
    joined = [pieces[0], *(piece[1:] for piece in pieces[1:])]
    return np.concatenate(joined)


def _corners(p: Stroke, corner_deg: float) -> list[int]:
    d = np.diff(p, axis=0)
    a = np.arctan2(d[:, 1], d[:, 0])
    turn = np.abs((np.diff(a) + math.pi) % (2 * math.pi) - math.pi)
    return [int(k) + 1 for k in np.flatnonzero(turn > math.radians(corner_deg))]


def _catmull_rom(p: Stroke, step: float) -> Stroke:
    if len(p) == 2:
        return resample(p, step)
    q = np.concatenate((2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]))
    knots = np.concatenate(([0.0], np.cumsum(np.sqrt(np.hypot(*np.diff(q, axis=0).T)))))
    out = [p[:1]]
    for k in range(1, len(q) - 2):
        t0, t1, t2, t3 = knots[k - 1 : k + 3]
        a, b, c, d = q[k - 1 : k + 3]
        n = max(2, math.ceil(float(np.hypot(*(c - b))) / step))
        t = (t1 + (t2 - t1) * np.arange(1, n + 1) / n)[:, None]
        a1 = (t1 - t) / (t1 - t0) * a + (t - t0) / (t1 - t0) * b
        a2 = (t2 - t) / (t2 - t1) * b + (t - t1) / (t2 - t1) * c
        a3 = (t3 - t) / (t3 - t2) * c + (t - t2) / (t3 - t2) * d
        b1 = (t2 - t) / (t2 - t0) * a1 + (t - t0) / (t2 - t0) * a2
        b2 = (t3 - t) / (t3 - t1) * a2 + (t - t1) / (t3 - t1) * a3
        out.append((t2 - t) / (t2 - t1) * b1 + (t - t1) / (t2 - t1) * b2)
    return resample(np.concatenate(out), step)


def soften(points: Stroke, counts: NDArray[np.int64], sigma: float) -> Stroke:
    """Gaussian low-pass along each of many strokes laid end to end, `sigma` in points; the ends of strokes stay put.

    Rounds cusps and melts retraces as the mass of a hand does. Binomial passes: two of (1 2 1) / 4 have sd 1.
    """
    passes = max(1, math.ceil(2 * sigma**2))
    w = np.full((len(points), 1), 0.5 * sigma**2 / passes)
    ends = np.cumsum(counts)
    w[ends - 1] = 0.0
    w[ends - counts] = 0.0
    out = points.copy()
    for _ in range(passes):
        out[1:-1] += w[1:-1] * (out[:-2] - 2 * out[1:-1] + out[2:])
    return out


def thin(points: Stroke, counts: NDArray[np.int64], tolerance: float, decimals: int | None = None) -> list[Stroke]:
    """Each of many strokes laid end to end with few points for its bends: chords stay within about `tolerance`.

    A chord over an arc of curvature k and length s is off by k s^2 / 8, so points are due every sqrt(8 tol / k), here
    at half the tolerance because they are taken from the points there are; corners stay. All strokes in one pass: a
    tenth more points than Douglas and Peucker's in a twentieth of the time. Coordinates are rounded to `decimals`.
    """
    n = np.asarray(counts, dtype=np.int64)
    ends = np.cumsum(n)
    starts = ends - n
    d = np.diff(points, axis=0)
    seg = np.hypot(d[:, 0], d[:, 1])
    angle = np.arctan2(d[:, 1], d[:, 0])
    turn = np.zeros(len(points))
    turn[1:-1] = np.abs((np.diff(angle) + math.pi) % (2 * math.pi) - math.pi)
    span = np.zeros(len(points))
    span[1:-1] = 0.5 * (seg[1:] + seg[:-1])
    turn[starts] = turn[ends - 1] = 0.0
    span[starts] = span[ends - 1] = 0.0
    # Points due over each point's own stretch: sqrt(k / (8 tol / 2)) * s with k = turn / s.
    due = np.cumsum(np.sqrt(turn * span / (4 * tolerance)))
    cell = np.floor(due)
    keep = np.zeros(len(points), dtype=bool)
    keep[1:] = cell[1:] != cell[:-1]
    keep |= turn > _CORNER
    keep[starts] = keep[ends - 1] = True
    kept = np.add.reduceat(keep.astype(np.int64), starts)
    left = points[keep] if decimals is None else np.round(points[keep], decimals)
    last = np.cumsum(kept).tolist()
    return [left[a:b] for a, b in zip([0, *last], last, strict=False)]
