"""Hobby's spline: the curve that a pen takes through a few knots.

J. D. Hobby, Smooth, Easy to Compute Interpolating Splines (Discrete and Computational Geometry 1, 1986), as METAFONT
runs it (D. E. Knuth, The METAFONTbook, chapter 14): mock curvature is continuous, so that the curve bends evenly.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from plotter.strokes import Stroke, resample

Array = NDArray[np.float64]

# A piece that turns further than this between two knots is a loop that the drawer did not draw.
MOST_TURN_DEG = 215.0


class Loop(ValueError):
    """The curve would turn too far between `knot` and the next one."""

    def __init__(self, knot: "Knot", turn_deg: float) -> None:
        self.knot = knot
        self.why = f"the curve turns {turn_deg:.0f} degrees before the next knot: add a knot or a corner"
        super().__init__(self.why)


@dataclass(frozen=True)
class Knot:
    """A point the pen runs through, and how; angles in degrees, `line` says what leads to the next knot."""

    x: float
    y: float
    corner: bool = False
    into: float | None = None
    out: float | None = None
    tension: tuple[float, float] = (1.0, 1.0)
    line: str = ""
    at: tuple[int, int] = (0, 0)

    @property
    def sharp(self) -> bool:
        """Whether the pen changes its way here at once."""
        return self.corner or self.into != self.out


def solve(strokes: Sequence[Sequence[Knot]], step: float) -> list[Stroke]:
    """Each stroke's knots as a dense curve, points `step` apart at most; a single knot is a dot; raises Loop."""
    pieces = [list(_pieces(one)) for one in strokes]
    beziers = _hobby([piece for some in pieces for piece in some])
    ink: list[Stroke] = []
    taken = 0
    for one, some in zip(strokes, pieces, strict=True):
        if not some:
            ink.append(np.array([[one[0].x, one[0].y]]))
            continue
        runs: list[list[Stroke]] = [[]]
        for piece in some:
            runs[-1].append(beziers[taken])
            taken += 1
            if piece.knots[-1].sharp:
                runs.append([])
        curves = [resample(np.concatenate(run), step) for run in runs if run]
        ink.append(np.concatenate([curves[0], *(curve[1:] for curve in curves[1:])]))
    return ink


@dataclass(frozen=True)
class _Piece:
    """Knots of one system of Hobby's equations; angles in radians, None where the end is free (curl 1)."""

    knots: Sequence[Knot]
    start: float | None
    end: float | None


def _pieces(knots: Sequence[Knot]) -> Iterator[_Piece]:
    """A stroke cut at corners, at given directions and at straight lines."""
    first = 0
    count = len(knots)
    ways = [(k.into, k.out) for k in knots]
    for n, (a, b) in enumerate(pairwise(knots)):
        if a.line == "---":
            along = math.degrees(math.atan2(b.y - a.y, b.x - a.x))
            into, out = ways[n]
            ways[n] = (into if into is not None or a.corner else along, along)
            into, out = ways[n + 1]
            ways[n + 1] = (along, out if out is not None or b.corner else along)
    for n in range(1, count):
        lined = bool(knots[n - 1].line)
        if lined or n == count - 1 or knots[n].corner or knots[n].line or ways[n] != (None, None):
            start = None if lined else _radians(ways[first][1])
            yield _Piece(knots[first : n + 1], start, None if lined else _radians(ways[n][0]))
            first = n


def _radians(degrees: float | None) -> float | None:
    return None if degrees is None else math.radians(degrees)


def _hobby(pieces: Sequence[_Piece]) -> list[Stroke]:
    """Points of the curve through each piece, all pieces of one length solved at once.

    z knots, d chords between them, psi the turn of the chords at a knot, theta the angle from chord to curve where
    it leaves a knot, phi the same where it comes in (theta + phi + psi = 0), alpha and beta one over the tensions
    where a chord begins and ends. One equation a knot: the mock curvature is the same on both sides; at a free end
    it is that of the next knot; else theta is given.
    """
    points: list[Stroke] = [np.empty((0, 2))] * len(pieces)
    for n in sorted({len(piece.knots) for piece in pieces}):
        rows = [k for k, piece in enumerate(pieces) if len(piece.knots) == n]
        some = [pieces[k] for k in rows]
        z = np.array([[complex(k.x, k.y) for k in piece.knots] for piece in some])
        tension = np.array([[k.tension for k in piece.knots[:-1]] for piece in some])
        alpha, beta = 1.0 / tension[:, :, 0], 1.0 / tension[:, :, 1]
        start = np.array([np.nan if piece.start is None else piece.start for piece in some])
        end = np.array([np.nan if piece.end is None else piece.end for piece in some])
        theta, phi = _angles(z, alpha, beta, start, end)
        turn = np.degrees(np.abs(theta + phi))
        if (turn > MOST_TURN_DEG).any():
            row, at = np.argwhere(turn > MOST_TURN_DEG)[0]
            raise Loop(some[row].knots[at], float(turn[row, at]))
        chord = np.diff(z, axis=1)
        u = z[:, :-1] + np.exp(1j * theta) * chord * _reach(theta, phi) * alpha
        v = z[:, 1:] - np.exp(-1j * phi) * chord * _reach(phi, theta) * beta
        t = np.linspace(0.0, 1.0, 25)[1:]
        curve = (
            (1 - t) ** 3 * z[:, :-1, None]
            + 3 * t * (1 - t) ** 2 * u[:, :, None]
            + 3 * t**2 * (1 - t) * v[:, :, None]
            + t**3 * z[:, 1:, None]
        ).reshape(len(rows), -1)
        curve = np.concatenate((z[:, :1], curve), axis=1)
        for row, k in enumerate(rows):
            points[k] = np.column_stack((curve[row].real, curve[row].imag))
    return points


def _angles(z: NDArray[np.complex128], alpha: Array, beta: Array, start: Array, end: Array) -> tuple[Array, Array]:
    """theta and phi of every chord, shape (pieces, knots - 1)."""
    m, n = z.shape
    chord = np.diff(z, axis=1)
    d, way = np.abs(chord), np.angle(chord)
    psi = np.zeros((m, n))
    psi[:, 1:-1] = np.angle(chord[:, 1:] / chord[:, :-1])
    # Row k says: low * theta[k - 1] + middle * theta[k] + high * theta[k + 1] = right.
    low, middle, high, right = (np.zeros((m, n)) for _ in range(4))
    a0, b0, d0 = alpha[:, :-1], beta[:, :-1], d[:, :-1]
    a1, b1, d1 = alpha[:, 1:], beta[:, 1:], d[:, 1:]
    here = (3 - a0) / (b0**2 * d0)
    low[:, 1:-1], high[:, 1:-1] = a0 / (b0**2 * d0), b1 / (a1**2 * d1)
    middle[:, 1:-1] = here + (3 - b1) / (a1**2 * d1)
    right[:, 1:-1] = -here * psi[:, 1:-1] - high[:, 1:-1] * psi[:, 2:]
    a, b = alpha[:, 0], beta[:, 0]
    free = np.isnan(start)
    pull = b / a**2 + (3 - a) / b**2
    middle[:, 0] = np.where(free, (3 - b) / a**2 + a / b**2, 1.0)
    high[:, 0] = np.where(free, pull, 0.0)
    right[:, 0] = np.where(free, -pull * psi[:, 1], _turned(np.nan_to_num(start) - way[:, 0]))
    a, b = alpha[:, -1], beta[:, -1]
    free_end = np.isnan(end)
    middle[:, -1] = np.where(free_end, (3 - a) / b**2 + b / a**2, 1.0)
    low[:, -1] = np.where(free_end, a / b**2 + (3 - b) / a**2, 0.0)
    right[:, -1] = np.where(free_end, 0.0, _turned(np.nan_to_num(end) - way[:, -1]))
    if n == 2:  # two free ends leave the slope open: METAFONT draws a straight line
        straight = free & free_end
        low[straight], high[straight], middle[straight] = 0.0, 0.0, 1.0
        right[straight] = 0.0
    theta = _solved(low, middle, high, right)
    phi: Array = np.negative(psi + theta)
    return theta[:, :-1], phi[:, 1:]


def _solved(low: Array, middle: Array, high: Array, right: Array) -> Array:
    """Tridiagonal systems, one a row, by elimination (Thomas): the middle outweighs its neighbours, no pivoting."""
    n = middle.shape[1]
    up, out = np.zeros_like(high), np.zeros_like(right)
    up[:, 0], out[:, 0] = high[:, 0] / middle[:, 0], right[:, 0] / middle[:, 0]
    for k in range(1, n):
        pivot = middle[:, k] - low[:, k] * up[:, k - 1]
        up[:, k] = high[:, k] / pivot
        out[:, k] = (right[:, k] - low[:, k] * out[:, k - 1]) / pivot
    for k in range(n - 2, -1, -1):
        out[:, k] -= up[:, k] * out[:, k + 1]
    return out


def _turned(angle: Array) -> Array:
    """The angle within half a turn of zero."""
    return np.asarray(np.angle(np.exp(1j * angle)), dtype=np.float64)


def _reach(theta: Array, phi: Array) -> Array:
    """Hobby's velocity function over three: how far along the chord a control point lies; 4 at most, as in METAFONT."""
    st, ct, sp, cp = np.sin(theta), np.cos(theta), np.sin(phi), np.cos(phi)
    above = 2 + math.sqrt(2) * (st - sp / 16) * (sp - st / 16) * (ct - cp)
    below = 3 * (1 + 0.5 * (math.sqrt(5) - 1) * ct + 0.5 * (3 - math.sqrt(5)) * cp)
    reach: Array = np.clip(np.divide(above, below), 0.0, 4.0)
    return reach
