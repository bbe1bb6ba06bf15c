"""A writer's letters held against each other: how much one letter varies from one time to the next. In x-heights."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct

from plotter.strokes import Stroke, length, resample

Letter = Sequence[Stroke]
Floats = NDArray[np.float64]
POINTS = 64  # along a letter
_PAIRS = 30  # of instances, at most, for each letter
_LEAST = 0.3  # a letter narrower than this has no width to speak of
_BENT = 1.4  # ink of a letter against the diagonal of its box, from where on it is no straight stroke
MODES = 8


@dataclass(frozen=True)
class Variation:
    """What one writer's letters do; see `variation`."""

    log_width_sd: float
    log_height_sd: float
    residual: float
    modes: tuple[float, ...]
    translation: float
    similarity: float
    affine: float


def along(letter: Letter, shares: Sequence[float] | None = None) -> Stroke:
    """`POINTS` points along a letter, each stroke having as many as its share of the ink (or of `shares`) asks for."""
    shares = shares or [max(length(one), 1e-6) for one in letter]
    cuts = np.round(np.cumsum([0.0, *shares]) / sum(shares) * POINTS).astype(int)
    parts = []
    for one, n in zip(letter, np.diff(cuts), strict=True):
        if n:
            way = max(length(one), 1e-9)
            dense = resample(one, way / 200) if way > 1e-6 else one[:1]
            parts.append(dense[np.linspace(0, len(dense) - 1, n).astype(int)])
    return np.concatenate(parts)


def distances(a: Stroke, b: Stroke) -> tuple[float, float, float]:
    """Root mean square distance of two letters' points: laid middle on middle; also turned and scaled; also sheared."""
    p, q = a - a.mean(axis=0), b - b.mean(axis=0)
    return _rms(p - q), _rms(_similar(p, q) - q), _rms(_affine(p, q) - q)


def variation(letters: Mapping[str, Sequence[Letter]]) -> Variation:
    """How the instances of each letter differ, medians over letters with at least four of one number of strokes.

    Width and height: sd of their logs. Residual: rms distance from the mean letter after the best affine map, with
    the shares of its energy in cosine modes 1..8 along the letter. Two instances: rms distance after translation,
    similarity and affine map.
    """
    wide, tall, residuals, pairs = [], [], [], []
    energy = np.zeros(POINTS)
    for instances in letters.values():
        counts = [len(one) for one in instances]
        kept = [one for one in instances if len(one) == max(counts, key=counts.count)]
        if len(kept) < 4:
            continue
        boxes = np.array([np.ptp(np.concatenate(one), axis=0) for one in kept])
        if np.median(boxes[:, 0]) > _LEAST:
            wide.append(float(np.log(np.maximum(boxes[:, 0], 0.05)).std(ddof=1)))
        tall.append(float(np.log(np.maximum(boxes[:, 1], 0.05)).std(ddof=1)))
        shares = np.mean([[length(one) / sum(map(length, letter)) for one in letter] for letter in kept], axis=0)
        shapes = [along(one, shares.tolist()) for one in kept]
        shapes = [one - one.mean(axis=0) for one in shapes]
        mean = np.mean(shapes, axis=0)
        off = [_affine(mean, one) - one for one in shapes]
        residuals.append(_rms(np.array(off)))
        for one in off:
            energy += (dct(one, axis=0, norm="ortho") ** 2).sum(axis=1)
        for i, j in list(combinations(range(len(shapes)), 2))[:_PAIRS]:
            pairs.append(distances(shapes[i], shapes[j]))
    if not pairs:
        nothing = math.nan
        return Variation(nothing, nothing, nothing, (nothing,) * MODES, nothing, nothing, nothing)
    two = np.median(pairs, axis=0)
    return Variation(
        log_width_sd=float(np.median(wide)) if wide else math.nan,
        log_height_sd=float(np.median(tall)),
        residual=float(np.median(residuals)),
        modes=tuple((energy[1 : MODES + 1] / energy[1:].sum()).tolist()),
        translation=float(two[0]),
        similarity=float(two[1]),
        affine=float(two[2]),
    )


def repeats(line: Mapping[str, Sequence[Letter]]) -> list[float]:
    """Distance after similarity of every two instances of a letter in one line, those of straight strokes left out.

    People draw an l like an l; in bent letters a distance under .05 is a stamp, or rare luck.
    """
    found = []
    for instances in line.values():
        for a, b in combinations(instances, 2):
            box = np.ptp(np.concatenate(a), axis=0)
            if len(a) == len(b) and sum(map(length, a)) > _BENT * math.hypot(*box):
                shares = [length(one) for one in a]
                found.append(distances(along(a, shares), along(b, shares))[1])
    return found


def _rms(off: Floats) -> float:
    return float(np.sqrt((off**2).sum(axis=-1).mean()))


def _similar(p: Stroke, q: Stroke) -> Stroke:
    """`p` (about 0) turned and scaled to lie nearest to `q`."""
    z, w = p[:, 0] + 1j * p[:, 1], q[:, 0] + 1j * q[:, 1]
    turned = z * (np.vdot(z, w) / max(float(np.vdot(z, z).real), 1e-12))
    return np.column_stack((turned.real, turned.imag))


def _affine(p: Stroke, q: Stroke) -> Stroke:
    """`p` (about 0) mapped linearly to lie nearest to `q`."""
    solved: Stroke = p @ np.linalg.lstsq(p, q, rcond=None)[0]
    return solved
