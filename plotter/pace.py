"""Pace: how fast a hand draws where, so that ink and rhythm vary as a writer's do."""

import numpy as np
from numpy.typing import NDArray

from plotter.strokes import Stroke

# People's speed goes with the radius of the bend to the power .29 (-.38 to -.20 over 332 writers; the two-thirds power
# law of Lacquaniti, Terzuolo and Viviani 1983 has a third).
_POWER = 0.29
_RADIUS_MM = 1.5  # of the bend that is drawn at the machine's feed: about two thirds of an x-height
_SLOWEST, _FASTEST = 0.45, 1.5  # of the feed
_REACH = 2  # points to each side over which a bend is taken
STEP_MM_MIN = 100  # feeds are told in steps, so that few lines need one


def feeds(one: Stroke, feed_mm_min: float, most_mm_min: float) -> NDArray[np.int64]:
    """The feed of each piece of a stroke in mm/min, a whole number of steps, never above `most_mm_min`.

    Slow where the line bends, quick where it runs straight; a stroke begins and ends slowly.
    """
    pieces = len(one) - 1
    if pieces < 1:
        return np.zeros(0, dtype=np.int64)
    d = np.diff(one, axis=0)
    long = np.maximum(np.hypot(d[:, 0], d[:, 1]), 1e-6)
    angle = np.unwrap(np.arctan2(d[:, 1], d[:, 0]))
    at = np.arange(pieces)
    low, high = np.maximum(at - _REACH, 0), np.minimum(at + _REACH, pieces - 1)
    along = np.concatenate(([0.0], np.cumsum(long)))
    way = along[high + 1] - along[low]
    bend = np.abs(angle[high] - angle[low]) / np.maximum(way - 0.5 * (long[low] + long[high]), 1e-6)
    speed = np.clip((np.maximum(bend, 1e-6) * _RADIUS_MM) ** -_POWER, _SLOWEST, _FASTEST)
    end = np.minimum(along[1:], along[-1] - along[:-1])
    speed *= np.clip(0.5 + 0.5 * end / _RADIUS_MM, 0.5, 1.0)
    steps = np.maximum(1, np.rint(speed * feed_mm_min / STEP_MM_MIN)).astype(np.int64)
    told: NDArray[np.int64] = np.minimum(steps, max(1, int(most_mm_min // STEP_MM_MIN))) * STEP_MM_MIN
    return told
