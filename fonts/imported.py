"""Letters of a font file made a Face: x-heights found, dots and bars told apart, joins and style guessed."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from fonts.face import Face, Glyph, Join, Style
from fonts.spline import STEP
from plotter.strokes import Stroke, resample

_FLAT = "acemnorsuvwxz"  # letters that stand between base line and x-height
_TALL, _DEEP, _CAPITALS = "bdhkl", "gpqy", "ABDEFHIKLMNPRTXYZ"
_LOWER = "abcdefghijklmnopqrstuvwxyz"
_MEETS = 0.16  # an exit and the next letter's ink that lie so close are drawn to meet, x-heights
_HIGH = 0.62  # a join at or above it is a high one
_CURSIVE, _MIXED = 0.5, 0.25  # shares of letter pairs that meet
_DOT = 0.4  # marks no larger than this are dots, x-heights
_NEED = 12  # small letters at least, of _FLAT and others, to call it a font to write with


class FontFault(ValueError):
    """A font file that cannot be written with; `file` is its name, `reason` says why."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"{file}: {reason}")
        self.file, self.reason = file, reason


@dataclass(frozen=True)
class Letter:
    """A character as a font file gives it: centre lines in font units, y up, in writing order, and its advance."""

    strokes: tuple[Stroke, ...]
    advance: float


@dataclass(frozen=True)
class Source:
    """What a font file holds, before it is a face. `kerning` and `space` are in font units."""

    file: str
    title: str
    letters: Mapping[str, Letter]
    kerning: Mapping[tuple[str, str], float]
    space: float | None = None
    acknowledgement: str = ""


def face_of(source: Source, name: str) -> Face:
    """The face that a font file's letters make; raises FontFault when there are too few to write with."""
    unit, base = _measure(source)
    glyphs = {char: _glyph(char, letter, unit, base) for char, letter in source.letters.items()}
    style, glyphs = _joined(glyphs)
    space = None if source.space is None else source.space / unit + 0.2
    return Face(
        name=name,
        title=source.title,
        glyphs={char: (form,) for char, form in glyphs.items()},
        style=style,
        ascender=_median((_top(glyphs[c]) for c in _TALL if c in glyphs), 1.9),
        descender=_median((_bottom(glyphs[c]) for c in _DEEP if c in glyphs), -0.9),
        cap_height=_median((_top(glyphs[c]) for c in _CAPITALS if c in glyphs), 1.75),
        word_space=0.95 if space is None else min(max(space, 0.75), 1.3),
        slant_deg=_slant(glyphs),
        acknowledgement=source.acknowledgement,
        kerning={pair: by / unit for pair, by in source.kerning.items() if abs(by) > 0.01 * unit},
    )


def _median(values: Iterable[float], otherwise: float) -> float:
    found = list(values)
    return float(np.median(found)) if found else otherwise


def _measure(source: Source) -> tuple[float, float]:
    """The x-height and the base line in font units, from the letters that stand between the two."""
    there = [char for char in _LOWER if char in source.letters]
    flat = [np.concatenate(source.letters[char].strokes)[:, 1] for char in _FLAT if char in source.letters]
    if len(there) < _NEED or len(flat) < 3:
        raise FontFault(
            source.file, f"only {len(there)} of the 26 small letters are in it; nothing to write notes with"
        )
    base = float(np.median([y.min() for y in flat]))
    unit = float(np.median([y.max() for y in flat])) - base
    if not (math.isfinite(unit) and unit > 0):
        raise FontFault(source.file, "its small letters have no height")
    return unit, base


def _glyph(char: str, letter: Letter, unit: float, base: float) -> Glyph:
    scaled = [resample((one - (0.0, base)) / unit, STEP) for one in letter.strokes]
    scaled = [_tick(one) if len(one) < 2 else one for one in scaled]
    late = {k for k, one in enumerate(scaled) if _is_late(char, one, scaled, k)}
    if len(late) == len(scaled):
        late = set()
    main = tuple(one for k, one in enumerate(scaled) if k not in late)
    return Glyph(strokes=main, late=tuple(scaled[k] for k in sorted(late)), advance=letter.advance / unit)


def _tick(dot: Stroke) -> Stroke:
    """A dot as a pen makes it."""
    tick: Stroke = dot[:1] + np.array([[0.015, 0.045], [0.005, 0.0], [-0.02, -0.045]])
    return tick


def _is_late(char: str, one: Stroke, every: list[Stroke], k: int) -> bool:
    """Dots and accents over a letter, and the bar of t and f: strokes that a writer comes back for."""
    if len(every) < 2 or not char.isalpha():
        return False
    low, high = one.min(axis=0), one.max(axis=0)
    others = np.concatenate([other for j, other in enumerate(every) if j != k])
    if char in "tf":
        wide, tall = high - low
        reach = others[:, 1].max() - others[:, 1].min()
        return bool(tall < 0.5 * wide and reach > 1.2 and 0.4 < low[1] < 1.5)
    if char == "x":
        return k == len(every) - 1 and _LOWER.find(char) >= 0
    small = bool((high - low).max() < _DOT)
    if char in "ij":
        return small and bool(low[1] > 1.0)
    return char not in _LOWER and bool(low[1] > others[:, 1].max() or high[1] < others[:, 1].min())


# ------------------------------------------------------------------------------------------------ joins


def _joined(glyphs: Mapping[str, Glyph]) -> tuple[Style, dict[str, Glyph]]:
    """Style, and the letters with their joins: those whose ends were drawn to meet the next letter's ink."""
    there = [char for char in _LOWER if char in glyphs]
    leave = {c: glyphs[c].strokes[-1][-1] - (glyphs[c].advance, 0.0) for c in there}
    ink = {c: np.concatenate(glyphs[c].strokes) for c in there}
    meets = {(a, b): bool(np.hypot(*(ink[b] - leave[a]).T).min() < _MEETS) for a, b in product(there, there)}
    share = sum(meets.values()) / len(meets)
    if share < _MIXED:
        return "print", dict(glyphs)
    out = dict(glyphs)
    usual = 0.5 * max(sum(meets[a, b] for b in there) for a in there)
    come = 0.5 * max(sum(meets[a, b] for a in there) for b in there)
    for char in there:
        exit: Join = "none"
        entry: Join = "none"
        first, start = glyphs[char].strokes[0], ink[char][0]
        to_the_left = first[min(7, len(first) - 1), 0] < start[0] - 0.1  # a bowl is entered over its top
        if sum(meets[char, b] for b in there) >= usual and glyphs[char].strokes[-1][-1, 1] > -0.2:
            exit = "high" if leave[char][1] > _HIGH else "low"
        near = start[0] < 0.5 * (ink[char][:, 0].max() + ink[char][:, 0].min())
        if sum(meets[a, char] for a in there) >= come and (near or to_the_left) and start[1] < 1.1:
            entry = "high" if start[1] > _HIGH else "low"
        out[char] = replace(glyphs[char], entry=entry, exit=exit)
    return "cursive" if share >= _CURSIVE else "mixed", out


# ------------------------------------------------------------------------------------------------ measures


def _top(form: Glyph) -> float:
    return float(np.concatenate(form.strokes)[:, 1].max())


def _bottom(form: Glyph) -> float:
    return float(np.concatenate(form.strokes)[:, 1].min())


def _slant(glyphs: Mapping[str, Glyph]) -> float:
    """Degrees to the right: the middle direction of the upright ink of tall letters, each bit by its length."""
    angles, weights = [], []
    for char in _TALL + "pqi":
        for one in glyphs[char].strokes if char in glyphs else ():
            d = np.diff(one, axis=0)
            d[d[:, 1] < 0] *= -1
            angle = np.degrees(np.arctan2(d[:, 0], d[:, 1]))
            upright = np.abs(angle) < 40
            angles.append(angle[upright])
            weights.append(np.hypot(*d.T)[upright])
    if not angles:
        return 0.0
    angle, weight = np.concatenate(angles), np.concatenate(weights)
    order = np.argsort(angle)
    middle = np.searchsorted(np.cumsum(weight[order]), weight.sum() / 2)
    return round(float(angle[order][min(int(middle), len(order) - 1)]), 1) if len(order) else 0.0
