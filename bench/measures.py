"""What can be measured on handwriting, from strokes alone. Unit: x-heights, base line at y = 0, y up, writing order.

Every measure is a pure function of ink, so that anybody's strokes can be held against anybody's. Where the source of
the human figures gives no exact definition, ours was chosen so that public recordings of people (UNIPEN) give about
the human medians.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks
from scipy.spatial import cKDTree

from plotter.strokes import Stroke, length, resample

Floats = NDArray[np.float64]
STEP = 0.03  # between the points that are measured
MARK = 0.45  # a stroke shorter than this is a dot, no part of a letter
# Pens were recorded at whiteboards, at some ten points an x-height: bends sharper than this were never seen.
_DULL = 0.16
_STEEP = 40.0  # degrees about the vertical that count for slant
_BAND = 0.45  # how far a foot may be from the base line, and a top from the x-height
_BOWL = (1.2, 4.5)  # the way along a bowl, from where it opens to where it closes again
# Distances at which the feet of letters are compared.
DISTANCES = (0.0, 0.6, 1.2, 2.0, 3.0, 5.0, 20.0)


def smooth(one: Stroke, sigma: float = _DULL) -> Stroke:
    """The stroke at even steps, low-passed along its way; its ends stay where they are."""
    p = resample(one, STEP)
    n = len(p)
    if n < 4:
        return p
    reach = min(n - 1, math.ceil(4 * sigma / STEP))
    before, after = 2 * p[0] - p[reach:0:-1], 2 * p[-1] - p[-2 : -reach - 2 : -1]
    low: Stroke = gaussian_filter1d(np.concatenate((before, p, after)), sigma / STEP, axis=0)
    return low[reach : reach + n]


def turns(one: Stroke, way: float) -> Floats:
    """Degrees that the smoothed stroke turns on every stretch of that length."""
    p = smooth(one)
    if len(p) < 3:
        return np.zeros(0)
    d = np.diff(p, axis=0)
    heading = np.unwrap(np.arctan2(d[:, 1], d[:, 0]))
    k = round(way / STEP)
    return np.degrees(np.abs(heading[k:] - heading[:-k])) if len(heading) > k else np.zeros(0)


def uniform_arcs(ink: Sequence[Stroke]) -> float:
    """Share of the ink that bends as a circle of about one x-height does: 60 to 90 degrees on .6."""
    turn = np.concatenate([np.zeros(0), *(turns(one, 0.6) for one in ink)])
    return float(np.mean((turn > 60) & (turn < 90))) if len(turn) else math.nan


def cusps(ink: Sequence[Stroke]) -> float:
    """Share of the ink that turns by more than 90 degrees on .3: cusps and retraced strokes."""
    turn = np.concatenate([np.zeros(0), *(turns(one, 0.3) for one in ink)])
    return float(np.mean(turn > 90)) if len(turn) else math.nan


def lean(ink: Sequence[Stroke], way: float = 0.1) -> tuple[Floats, Floats]:
    """Degrees to the right of the vertical (-90..90) of every piece of ink of that length, and how high it rises."""
    k = max(1, round(way / STEP))
    angles, rises = [np.zeros(0)], [np.zeros(0)]
    for one in ink:
        p = resample(one, STEP)
        if len(p) > k:
            d = p[k:] - p[:-k]
            angles.append((np.degrees(np.arctan2(d[:, 0], d[:, 1])) + 90) % 180 - 90)
            rises.append(np.abs(d[:, 1]))
    return np.concatenate(angles), np.concatenate(rises)


def vertical(ink: Sequence[Stroke]) -> float:
    """Share of the ink within 2.5 degrees of vertical."""
    angles, _ = lean(ink)
    return float(np.mean(np.abs(angles) < 2.5)) if len(angles) else math.nan


def slant(ink: Sequence[Stroke]) -> float:
    """Degrees to the right that the steep ink leans: the median over its height."""
    angles, rises = lean(ink, 0.4)
    steep = np.abs(angles) < _STEEP
    return weighted_median(angles[steep], rises[steep])


def weighted_median(values: Floats, weights: Floats) -> float:
    """The value with half the weight on either side; NaN of nothing."""
    if not len(values):
        return math.nan
    order = np.argsort(values)
    heap = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(heap, heap[-1] / 2)])


def loop_gaps(ink: Sequence[Stroke]) -> list[float]:
    """For each bowl, how near its end comes to its beginning.

    A bowl is a stretch of one stroke 1.2 to 4.5 x-heights long on which the pen turns by at least 250 degrees and
    comes within .6 of where it was; one gap for each group of such stretches that overlap.
    """
    gaps = []
    for one in ink:
        p = resample(one, 2 * STEP)
        if len(p) < 20:
            continue
        d = np.diff(p, axis=0)
        heading = np.degrees(np.unwrap(np.arctan2(d[:, 1], d[:, 0])))
        heading = np.append(heading, heading[-1])
        apart = np.hypot(p[:, None, 0] - p[None, :, 0], p[:, None, 1] - p[None, :, 1])
        way = (np.arange(len(p))[None, :] - np.arange(len(p))[:, None]) * 2 * STEP
        turned = np.abs(heading[None, :] - heading[:, None])
        apart[(way < _BOWL[0]) | (way > _BOWL[1]) | (turned < 250)] = math.inf
        while apart.min(initial=math.inf) < 0.6:
            a, b = np.unravel_index(int(np.argmin(apart)), apart.shape)
            gaps.append(float(apart[a, b]))
            apart[:b, a:] = math.inf
    return gaps


def start_distances(ink: Sequence[Stroke]) -> list[float]:
    """How far each stroke's start is from the ink that was there before (its own word's, in writing order)."""
    found = []
    for k in range(1, len(ink)):
        older = np.concatenate([resample(one, STEP) for one in ink[:k]])
        found.append(float(np.hypot(*(older - ink[k][0]).T).min()))
    return found


def delayed(ink: Sequence[Stroke]) -> int:
    """Strokes of a word made later than their letter: they lie left of where the pen had got to before."""
    count, reached = 0, -math.inf
    for one in ink:
        if one[:, 0].max() < reached - 0.35:
            count += 1
        reached = max(reached, float(one[:, 0].max()))
    return count


def lifted_gaps(ink: Sequence[Stroke]) -> list[float]:
    """Clear way to the right between one mark of a word and the next, where the pen was lifted between two letters."""
    found, reached = [], -math.inf
    for one in ink:
        left, right = float(one[:, 0].min()), float(one[:, 0].max())
        if length(one) >= MARK:
            if left > reached > -math.inf:
                found.append(left - reached)
            reached = max(reached, right)
    return found


def extremes(ink: Sequence[Stroke]) -> tuple[Stroke, Stroke]:
    """Where the pen turns from down to up (or stops) and from up to down: lowest and highest points, as (n, 2)."""
    low, high = [np.zeros((0, 2))], [np.zeros((0, 2))]
    for one in ink:
        if length(one) < MARK or np.ptp(one[:, 1]) < 0.4:
            continue
        p = resample(one, STEP)
        for sign, found in ((-1.0, low), (1.0, high)):
            y = sign * p[:, 1]
            at, _ = find_peaks(np.concatenate(([y.min() - 1], y, [y.min() - 1])), prominence=0.25)
            found.append(p[at - 1])
    return np.concatenate(low), np.concatenate(high)


def feet(ink: Sequence[Stroke]) -> Stroke:
    """The lowest points of letters that stand on the line."""
    low, _ = extremes(ink)
    return low[np.abs(low[:, 1]) < _BAND]


def tops(ink: Sequence[Stroke]) -> Stroke:
    """The highest points of letters as high as an x."""
    _, high = extremes(ink)
    return high[np.abs(high[:, 1] - 1) < _BAND]


def straight(points: Stroke) -> tuple[float, float]:
    """Slope and height at x = 0 of the straight line nearest to points, strays left out; level for fewer than four."""
    if not len(points):
        return 0.0, 0.0
    if len(points) < 4 or np.ptp(points[:, 0]) < 1.0:
        return 0.0, float(np.median(points[:, 1]))
    # First the median slope of points far apart (Theil 1950, Sen 1968): descenders are many in some lines.
    i, j = np.triu_indices(len(points), 1)
    far = np.abs(points[i, 0] - points[j, 0]) > np.ptp(points[:, 0]) / 4
    d = points[j[far]] - points[i[far]]
    a = float(np.median(d[:, 1] / d[:, 0]))
    b = float(np.median(points[:, 1] - a * points[:, 0]))
    near = np.abs(points[:, 1] - a * points[:, 0] - b) < _BAND
    if near.sum() < 4:
        return a, b
    slope, height = np.polyfit(points[near, 0], points[near, 1], 1)
    return float(slope), float(height)


def reaches(points: Stroke, way: float) -> bool:
    """Whether there are enough points, far enough along the line, to speak of their slope."""
    return len(points) > 3 and float(np.ptp(points[:, 0])) > way


def levelled(words: Sequence[Sequence[Stroke]]) -> list[list[Stroke]]:
    """The words of one line, wherever it stands, so that the straight line through their feet is y = 0."""
    low, _ = extremes([one for word in words for one in word])
    slope, height = straight(low)
    return [[np.column_stack((one[:, 0], one[:, 1] - slope * one[:, 0] - height)) for one in word] for word in words]


def body(word: Sequence[Stroke]) -> float:
    """Height of the word's small letters: tops over feet; NaN of a word with fewer than two of either."""
    low, high = feet(word), tops(word)
    return float(np.median(high[:, 1]) - np.median(low[:, 1])) if min(len(low), len(high)) > 1 else math.nan


def width(word: Sequence[Stroke]) -> float:
    """From the left-most to the right-most ink."""
    x = np.concatenate(word)[:, 0]
    return float(x.max() - x.min())


def word_gaps(words: Sequence[Sequence[Stroke]]) -> list[float]:
    """Clear ways between neighbouring words of a line."""
    boxes = [np.concatenate(word)[:, 0] for word in words]
    return [float(b.min() - a.max()) for a, b in pairwise(boxes)]


def memory(lines: Sequence[Stroke]) -> list[float]:
    """Correlation of feet (one array a line, levelled) with feet so far from them, for each range of `DISTANCES`."""
    own: list[list[float]] = [[] for _ in DISTANCES[1:]]
    values = np.concatenate([line[:, 1] - line[:, 1].mean() for line in lines if len(line) > 3] or [np.zeros(0)])
    if not len(values) or values.std() == 0:
        return [math.nan] * len(own)
    for line in lines:
        if len(line) < 4:
            continue
        x, y = line[:, 0], line[:, 1] - line[:, 1].mean()
        i, j = np.triu_indices(len(line), 1)
        for k, (near, far) in enumerate(pairwise(DISTANCES)):
            there = (np.abs(x[i] - x[j]) >= near) & (np.abs(x[i] - x[j]) < far)
            own[k] += (y[i] * y[j])[there].tolist()
    return [float(np.mean(one)) / float(values.var()) if one else math.nan for one in own]


def same_word(a: Sequence[Stroke], b: Sequence[Stroke]) -> float:
    """Mean distance from each word's ink to the nearest of the other's, their middles laid on each other."""
    p, q = (np.concatenate([resample(one, STEP) for one in word]) for word in (a, b))
    p, q = p - p.mean(axis=0), q - q.mean(axis=0)
    there, back = cKDTree(q).query(p)[0], cKDTree(p).query(q)[0]
    return float((there.mean() + back.mean()) / 2)


def spread(values: Sequence[float]) -> float:
    """Standard deviation, NaN of fewer than two; NaNs left out."""
    kept = [value for value in values if math.isfinite(value)]
    return float(np.std(kept, ddof=1)) if len(kept) > 1 else math.nan


def varied(values: Sequence[float]) -> float:
    """Standard deviation over mean."""
    kept = [value for value in values if math.isfinite(value)]
    return spread(kept) / float(np.mean(kept)) if len(kept) > 1 else math.nan


def middle(values: Sequence[float]) -> float:
    """The median; NaN of nothing; NaNs left out."""
    kept = [value for value in values if math.isfinite(value)]
    return float(np.median(kept)) if kept else math.nan
