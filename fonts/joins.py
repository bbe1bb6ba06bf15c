"""Joins: how the pen gets from one letter into the next without leaving the paper. No chance here."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fonts.case import Form
from plotter.strokes import Stroke

_LINK = 8  # points on a join
_BOWL = 30  # points from a bowl's beginning to past its left edge
_CUT = 8  # points at most that a rising tail loses to the join
_NEAR, _FAR = 2, 7  # points over which a stroke's direction at its end is taken, and whether it sets off to the left
_RETRACE = 0.03  # a way back lies this far outside the way there, x-heights


def ways(
    ink: Stroke, starts: NDArray[np.int64], ends: NDArray[np.int64], forms: Sequence[Form], joined: NDArray[np.int64]
) -> tuple[list[Stroke], NDArray[np.int64]]:
    """The pen's way from each letter of `joined` into the next, and how many of its last points it leaves out.

    `ink`: points of all letters as written, `starts` and `ends` of each; `joined`: which are joined to the next.

    A smooth curve that goes on as the letter leaves and comes in as the next begins; into a stroke that sets off to
    the left (the bowls of a c d g o q) it comes over the top and turns back.
    """
    if not len(joined):
        return [], np.zeros(0, dtype=np.int64)
    names = joined.tolist()
    leave, enter = ends[joined] - 1, starts[joined + 1]
    last = np.array([forms[k].counts[-1] for k in names])
    first = np.array([forms[k + 1].counts[0] for k in names]) - 1
    # A tail that has risen above where the next letter begins is cut short: e is entered low.
    back = leave[:, None] - np.arange(_CUT + 1)
    tail = ink[np.maximum(back, 0), 1]
    rises = (tail[:, :-1] > ink[enter, 1][:, None] + 0.03) & (tail[:, :-1] > tail[:, 1:])
    rises &= np.arange(_CUT) < np.minimum(_CUT, last - 4)[:, None]
    leaves = np.cumprod(rises, axis=1).sum(axis=1)
    leave = leave - leaves
    p, q = ink[leave], ink[enter]
    u = _unit(p - ink[leave - np.minimum(_NEAR, np.maximum(1, last - leaves - 1))])
    v = _unit(ink[enter + np.minimum(_NEAR, first)] - q)
    backward = _unit(ink[enter + np.minimum(_FAR, first)] - q)[:, 0] < -0.35
    # Up to a down stroke and sharply back: an arch would turn i into n and v into n.
    down = ~backward & (v[:, 1] < -0.6) & (q[:, 1] - p[:, 1] > 0.25)
    v[down] = _unit(q[down] - p[down] + np.array([0.0, 0.35]))
    backs: dict[int, Stroke] = {}
    over = np.flatnonzero(backward)
    if len(over):
        found, v[over] = _over_the_top(ink, p[over], enter[over], np.minimum(_BOWL, first[over] + 1))
        backs = dict(zip(over.tolist(), found, strict=True))
        q[over] = [one[0] for one in found]
    span = np.hypot(*(q - p).T)[:, None]
    c1, c2 = p + 0.36 * span * u, q - 0.36 * span * v
    t = (np.arange(1, _LINK + 1) / (_LINK + 1))[None, :, None]
    curve = (
        (1 - t) ** 3 * p[:, None]
        + 3 * (1 - t) ** 2 * t * c1[:, None]
        + 3 * (1 - t) * t**2 * c2[:, None]
        + t**3 * q[:, None]
    )
    return [np.concatenate((one, backs[k])) if k in backs else one for k, one in enumerate(curve)], leaves


def _over_the_top(
    ink: Stroke, p: Stroke, enter: NDArray[np.int64], count: NDArray[np.int64]
) -> tuple[list[Stroke], Stroke]:
    """Back along bowls to where they begin, from where a pen coming from `p` meets each best; and the direction there.

    `enter`, `count`: where each bowl begins in `ink`, and its points. A chord through the bowl would close c into e.
    """
    at = np.arange(_BOWL)
    path = ink[enter[:, None] + np.minimum(at, count[:, None] - 1)]
    left = np.maximum(1, path[:, :, 0].argmin(axis=1))
    inside = at <= left[:, None]
    back = -np.gradient(path, axis=1)
    back /= np.maximum(np.hypot(back[..., 0], back[..., 1]), 1e-9)[..., None]
    way = path - p[:, None]
    far = np.hypot(way[..., 0], way[..., 1])
    cost = np.where(inside, far - 0.4 * (way * back).sum(axis=2) / np.maximum(far, 0.15), np.inf)
    meet = np.maximum(1, cost.argmin(axis=1))
    out = []
    for k, m in enumerate(meet.tolist()):
        s = _RETRACE * np.sin(math.pi * np.arange(m) / m)
        outward = np.column_stack((-back[k, m:0:-1, 1] * s, back[k, m:0:-1, 0] * s))
        out.append(path[k, m:0:-1] + outward)
    return out, back[np.arange(len(meet)), meet]


def _unit(v: Stroke) -> Stroke:
    return v / np.maximum(np.hypot(v[:, 0], v[:, 1]), 1e-9)[:, None]
