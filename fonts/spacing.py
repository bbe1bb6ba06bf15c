"""Spacing: marks clear of the letters before them, words side by side, lines inside the frame. No chance in it.

All of it looks at the ink as it was really made, not at the letters as they were drawn.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fonts.card import Frame
from fonts.case import RAISED, TRAILING, Form
from fonts.chance import Floats
from plotter.strokes import Stroke

DECIMALS = 4  # of a mm: far below a machine's step, above what maths libraries differ in
_CLEAR = 0.36  # from a letter to the mark that trails it, at the least
# From an apostrophe or quote to what of its neighbours stands as high, at the least; "as high" begins so far below it.
_CLEAR_RAISED, _BELOW_RAISED = 0.24, 0.12
# Clear space between the ink of two words: never less, nor less after a mark, and the most, in usual word spaces.
_LEAST, _LEAST_AFTER, _MOST = 0.9, 1.0, 1.5
_LOW, _BANDS, _BAND = -1.4, 20, 0.2  # heights at which two words are held against each other, x-heights
_OVERLAP = 0.35  # how far the ends of two words may pass over each other, at different heights; less after a mark
_AWAY = 99.0


class Placed(Protocol):
    """A word to be placed: its line, and its letters."""

    @property
    def line(self) -> int:
        """Number of the line it stands on."""

    @property
    def text(self) -> str:
        """Its letters."""


def cleared(
    forms: list[Form],
    first: NDArray[np.int64],
    ink: Stroke,
    letter: NDArray[np.int64],
    late: Stroke,
    late_letter: NDArray[np.int64],
) -> Floats:
    """How far each letter moves right so that no mark is lost in its neighbours.

    No full stop stands under the bar or arm before it, and no apostrophe runs into a letter: "it's" would read "its".
    """
    trails = np.array([form.char in TRAILING for form in forms])
    raised = np.array([form.char in RAISED for form in forms])
    trails[first] = False
    if not (trails.any() or raised.any()):
        return np.zeros(len(forms))
    x = np.concatenate((ink, late))
    of = np.concatenate((letter, late_letter))
    reach, start = np.full(len(forms), -np.inf), np.full(len(forms), np.inf)
    low = np.flatnonzero(x[:, 1] < 1.7)
    np.maximum.at(reach, of[low], x[low, 0])
    np.minimum.at(start, of, x[:, 0])
    short = np.zeros(len(forms))
    short[1:] = np.where(trails[1:], np.maximum(0.0, reach[:-1] + _CLEAR - start[1:]), 0.0)
    if raised.any():
        short = np.maximum(short, _run_in(raised, first, x, of))
    total = np.cumsum(short)
    lengths = np.diff(np.append(first, len(forms)))
    aside: Floats = total - np.repeat(total[first], lengths)
    return aside


def _run_in(raised: NDArray[np.bool_], first: NDArray[np.int64], x: Stroke, of: NDArray[np.int64]) -> Floats:
    """How much too close each letter comes to the one before it, where one of the two is a raised mark."""
    foot = np.full(len(raised), np.inf)
    np.minimum.at(foot, of, x[:, 1])
    foot[~raised] = np.inf
    level = np.minimum(foot, np.append(np.inf, foot[:-1])) - _BELOW_RAISED  # of the pair that a letter ends
    level[first] = np.inf
    reach, start = np.full(len(raised), -np.inf), np.full(len(raised), np.inf)
    left = np.flatnonzero(x[:, 1] > np.append(level[1:], np.inf)[of])
    right = np.flatnonzero(x[:, 1] > level[of])
    np.maximum.at(reach, of[left] + 1, x[left, 0])
    np.minimum.at(start, of[right], x[right, 0])
    short: Floats = np.maximum(0.0, reach + _CLEAR_RAISED - start)
    return short


def places(
    ink: Stroke,
    word: NDArray[np.int64],
    words: Sequence[Placed],
    ends: Floats,
    space: Floats,
    left: Floats,
    usual: float,
) -> Floats:
    """Where each word's origin stands on its line, x-heights: so far from the word before it as `space` says.

    Words that would run together by their ink are moved apart, and words that would fall apart closer.
    """
    band = np.clip(((ink[:, 1] - _LOW) / _BAND).astype(np.int64), 0, _BANDS - 1)
    cell = word * _BANDS + band
    near, far = np.full(len(words) * _BANDS, _AWAY), np.full(len(words) * _BANDS, -_AWAY)
    np.minimum.at(near, cell, ink[:, 0])
    np.maximum.at(far, cell, ink[:, 0])
    starts, stops = near.reshape(-1, _BANDS), far.reshape(-1, _BANDS)
    around = stops.copy()
    around[:, 1:] = np.maximum(around[:, 1:], stops[:, :-1])
    around[:, :-1] = np.maximum(around[:, :-1], stops[:, 1:])
    # From origin to origin where the ink of a word and of the one before it touch.
    touch = (around[:-1] - starts[1:]).max(axis=1)
    marked = np.array([one.text[-1] in TRAILING for one in words[:-1]], dtype=bool)
    over = np.where(marked, _LEAST_AFTER - _LEAST, _OVERLAP)
    touch = np.maximum(touch, stops[:-1].max(axis=1) - starts[1:].min(axis=1) - over).tolist()
    place: list[float] = []
    for k, one in enumerate(words):
        if k == 0 or one.line != words[k - 1].line:
            place.append(float(left[k]))
            continue
        pause = 0.2 if words[k - 1].text[-1] in ".!?" else 0.0
        apart = float(ends[k - 1] + space[k]) + pause
        least = (_LEAST_AFTER if marked[k - 1] else _LEAST) + pause
        place.append(place[-1] + min(max(apart, touch[k - 1] + least), touch[k - 1] + _MOST * usual))
    return np.array(place)


def held_in(points: Stroke, counts: NDArray[np.int64], line: NDArray[np.int64], frame: Frame) -> Stroke:
    """Ink inside the frame: a line that ran too far is written closer, one too high or low moves in."""
    starts = np.flatnonzero(np.append(True, line[1:] != line[:-1]))
    at = (np.cumsum(counts) - counts)[starts]
    low, high = np.minimum.reduceat(points, at), np.maximum.reduceat(points, at)
    edge = 10.0**-DECIMALS
    near = np.array([frame.x_mm, frame.y_mm]) + edge
    far = near + np.array([frame.width_mm, frame.height_mm]) - 2 * edge
    new_low = np.maximum(low, near)
    room = far - near
    room = np.column_stack((far[0] - np.minimum(new_low[:, 0], far[0] - 1e-9), np.full(len(low), room[1])))
    scale = np.minimum(1.0, room / np.maximum(high - low, 1e-9))
    new_low = np.minimum(new_low, far - (high - low) * scale)
    per = np.diff(np.append(at, len(points)))
    moved: Stroke = (points - np.repeat(low, per, axis=0)) * np.repeat(scale, per, axis=0)
    moved += np.repeat(new_low, per, axis=0)
    return moved
