"""Joins: how the pen gets from one letter into the next without leaving the paper. No chance here."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fonts.case import Form
from plotter.strokes import Stroke

_LINK = 10  # points on a join
_BOWL = 45  # points from a bowl's beginning to past its left edge
_RETRACE = 0.03  # a way back lies this far outside the way there, x-heights


def ways(
    ink: Stroke, starts: NDArray[np.int64], ends: NDArray[np.int64], forms: Sequence[Form], joins: Sequence[bool]
) -> tuple[dict[int, Stroke], dict[int, int]]:
    """The pen's way from each joined letter into the next, and how many of the letter's last points it leaves out.

    `ink`: points of all letters as written, `starts` and `ends` of each, `joins`: whether it is joined to the next.

    A smooth curve that goes on as the letter leaves and comes in as the next begins; into a stroke that sets off to
    the left (the bowls of a c d g o q) it comes over the top and turns back.
    """
    joined = np.flatnonzero(joins)
    leaves: dict[int, int] = {}
    if not len(joined):
        return {}, leaves
    leave, enter = ends[joined] - 1, starts[joined + 1]
    for k, (out, into) in enumerate(zip(leave.tolist(), enter.tolist(), strict=True)):
        count = 0
        most = min(12, forms[int(joined[k])].counts[-1] - 4)
        # A tail that has risen above where the next letter begins is cut short: e is entered low.
        while (
            count < most and ink[out - count, 1] > ink[into, 1] + 0.03 and ink[out - count, 1] > ink[out - count - 1, 1]
        ):
            count += 1
        leaves[int(joined[k])] = count
        leave[k] -= count
    p, q = ink[leave], ink[enter]
    u = _unit(p - ink[leave - 3])
    first = np.array([forms[k + 1].counts[0] - 1 for k in joined.tolist()])
    v = _unit(ink[enter + np.minimum(3, first)] - q)
    backward = _unit(ink[enter + np.minimum(10, first)] - q)[:, 0] < -0.35
    # Up to a down stroke and sharply back: an arch would turn i into n and v into n.
    down = ~backward & (v[:, 1] < -0.6) & (q[:, 1] - p[:, 1] > 0.25)
    v[down] = _unit(q[down] - p[down] + np.array([0.0, 0.35]))
    backs: dict[int, Stroke] = {}
    for k in np.flatnonzero(backward).tolist():
        bowl = ink[enter[k] : enter[k] + min(_BOWL, forms[int(joined[k]) + 1].counts[0])]
        backs[k], v[k] = _over_the_top(p[k], bowl)
        q[k] = backs[k][0]
    span = np.hypot(*(q - p).T)[:, None]
    c1, c2 = p + 0.36 * span * u, q - 0.36 * span * v
    t = (np.arange(1, _LINK + 1) / (_LINK + 1))[None, :, None]
    curve = (
        (1 - t) ** 3 * p[:, None]
        + 3 * (1 - t) ** 2 * t * c1[:, None]
        + 3 * (1 - t) * t**2 * c2[:, None]
        + t**3 * q[:, None]
    )
    out = {
        int(k): np.concatenate((one, backs[at])) if at in backs else one
        for at, (k, one) in enumerate(zip(joined, curve, strict=True))
    }
    return out, leaves


def _over_the_top(p: Stroke, bowl: Stroke) -> tuple[Stroke, Stroke]:
    """Back along a bowl to where it begins, from where a pen coming from `p` meets it best; and the direction there.

    A chord through the bowl would close c into e.
    """
    left = int(np.argmin(bowl[:, 0]))
    path = bowl[: max(2, left + 1)]
    way = path - p
    far = np.hypot(way[:, 0], way[:, 1])
    back = _unit(-np.gradient(path, axis=0))
    meet = max(1, int(np.argmin(far - 0.4 * (way * back).sum(axis=1) / np.maximum(far, 0.15))))
    retrace = path[meet:0:-1]
    s = np.sin(math.pi * np.arange(len(retrace)) / len(retrace))[:, None]
    outward = np.column_stack((-back[meet:0:-1, 1], back[meet:0:-1, 0]))
    return retrace + _RETRACE * s * outward, back[meet]


def _unit(v: Stroke) -> Stroke:
    return v / np.maximum(np.hypot(v[:, 0], v[:, 1]), 1e-9)[:, None]
