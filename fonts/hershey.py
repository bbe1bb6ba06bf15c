"""The face `hershey-script`: Dr Hershey's school cursive with true joins, adult proportions and smooth lines."""

import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from fonts.face import Face, Glyph, Join
from fonts.spline import through
from plotter.strokes import Stroke

# Font units: base line y = 9, x-height line of `scripts` y = 0, caps y = -12, y down.
_BASE, _UNIT = 9.0, 9.0
_ABOVE = 0.70  # parts above the x-height, and below the base line, of their drawn length: 1.93 and -.93 as people write
_NARROW = 0.88
_CAPITAL = 0.80
# Strokes written after the word, by their place in the font's own order.
_LATE: Mapping[str, tuple[int, ...]] = {"i": (0,), "j": (0,), "t": (2,), "x": (1,)}
_ROUND = "acdgoq"  # entered over the top of the bowl
# Capitals that end where a join can leave.
_JOINING = "ACEHKMNRUXZ"
_JOIN_Y = (_BASE - 4.0) / _UNIT
_DIGIT_SLANT = 0.22
_RARE, _OTHER_WIDTH, _BOW = (
    0.22,
    0.92,
    -0.045,
)  # second forms: how often, their width, how far their sides bow, x-heights


@cache
def acknowledgement() -> str:
    """What the Hershey data asks to be distributed with it."""
    return (files("fonts") / "HERSHEY.txt").read_text(encoding="utf-8").strip()


@cache
def script() -> Face:
    """The Hershey script face: letters of `scripts`, digits and marks of `cursive`."""
    letters, marks = glyphs_of("scripts"), glyphs_of("cursive")
    glyphs: dict[str, tuple[Glyph, ...]] = {}
    for char in map(chr, range(ord("a"), ord("z") + 1)):
        glyphs[char] = _small(char, letters[char])
    for char in map(chr, range(ord("A"), ord("Z") + 1)):
        glyphs[char] = (_capital(char, letters[char]),)
    for char in "0123456789":
        glyphs[char] = (_mark(marks[char], height=1.72 / (21 / 9), width=0.62),)
    for char in "!?&()/+=%#*<>^_|\\.,:;-\"'":
        glyphs[char] = (_punctuation(char, marks[char]),)
    return Face(
        name="hershey-script",
        title="School script after Dr Hershey",
        glyphs=glyphs,
        style="cursive",
        ascender=1 + (21 / 9 - 1) * _ABOVE,
        descender=-(12 / 9) * _ABOVE,
        cap_height=1 + (21 / 9 - 1) * _ABOVE,
        word_space=0.86,
        slant_deg=14.0,
        acknowledgement=acknowledgement(),
    )


@cache
def glyphs_of(name: str) -> Mapping[str, Any]:
    """The package's glyphs of one of its fonts, by character: `char_width`, and lines for `points_of`."""
    from HersheyFonts import HersheyFonts  # 0.1 s

    font = HersheyFonts()
    font.load_default_font(name)
    return dict(font.all_glyphs)


def points_of(glyph: Any) -> list[list[tuple[float, float]]]:
    """The strokes of a glyph in font units, y down, from its left bearing."""
    return [[(float(x) - glyph.left_offset, float(y)) for x, y in one] for one in glyph.strokes]


def _upright(points: Sequence[tuple[float, float]], width: float = _NARROW) -> Stroke:
    """Font units -> x-heights, y up, with ascenders and descenders of adult length."""
    p = np.asarray(points, dtype=np.float64)
    x, y = p[:, 0] / _UNIT * width, (_BASE - p[:, 1]) / _UNIT
    y = np.where(y > 1, 1 + (y - 1) * _ABOVE, np.where(y < 0, y * _ABOVE, y))
    return np.column_stack((x, y))


def dot_tick(at: Stroke, size: float = 0.09) -> Stroke:
    """A dot as a pen makes it: a short tick, down and a little back."""
    cx, cy = at[:, 0].mean(), at[:, 1].mean()
    return np.array([[cx + size * 0.15, cy + size * 0.5], [cx + size * 0.05, cy], [cx - size * 0.2, cy - size * 0.5]])


def _small(char: str, glyph: Any) -> tuple[Glyph, ...]:
    raw = points_of(glyph)
    late_at = _LATE.get(char, ())
    main = [point for k, one in enumerate(raw) if k not in late_at for point in one]
    if char == "w":  # its first stroke hooks in from above; give it the upstroke of u
        main = [(0.0, 4.0), (2.0, 0.0), (0.2, 5.0), *main[3:]]
    elif char == "e":  # a join comes in through the cross stroke
        main[0:1] = [(1.6, 6.7)]
    elif char in "acdgq":  # bowls stay a little open at the top right
        main[0] = (main[1][0] + 0.8, main[1][1] + 0.7)
    elif char == "p":  # the bowl closes low on the stem
        main = [p for p in main if p != (2.0, 8.0)]
    points = _upright(main)
    late = tuple(
        dot_tick(_upright(raw[k])) if len(raw[k]) == 5 and char in "ij" else through(_upright(raw[k])) for k in late_at
    )
    if char in "ij":
        late = tuple(one + np.array([0.10, 0.06]) for one in late)
    advance = float(glyph.char_width) / _UNIT * _NARROW
    main_form = Glyph(strokes=(through(points),), late=late, advance=advance, entry="low", exit="low")
    # The same letter another time: narrower, its sides bowed, a bowl further open; joins stay where they are.
    other = points.copy()
    if char in "acdgq":
        other = np.concatenate((0.4 * points[:1] + 0.6 * points[1:2], points[2:]))
    other[:, 0] = _OTHER_WIDTH * other[:, 0] + _BOW * (np.sin(np.pi * other[:, 1]) - math.sin(math.pi * _JOIN_Y))
    second = Glyph(
        strokes=(through(other),),
        late=tuple(one * (_OTHER_WIDTH, 1.0) for one in late),
        advance=advance * _OTHER_WIDTH,
        entry="low",
        exit="low",
        weight=_RARE,
    )
    if char in _ROUND or char in "ebfhkl":
        return (main_form, second)
    # A writer who starts a word does not come all the way up from the middle of the line.
    begun = points.copy()
    begun[0] = points[0] * 0.45 + points[1] * 0.55
    initial = Glyph(
        strokes=(through(begun),),
        late=late,
        advance=advance,
        entry="low",
        exit="low",
        places=frozenset({"initial", "alone"}),
    )
    return (main_form, second, initial)


def _capital(char: str, glyph: Any) -> Glyph:
    raw = points_of(glyph)
    strokes = [through(_upright(one, _CAPITAL)) for one in raw]
    if char in "MN":
        strokes = [np.concatenate(strokes)]
    leave: Join = "low" if char in _JOINING else "none"
    return Glyph(strokes=tuple(strokes), advance=float(glyph.char_width) / _UNIT * _CAPITAL, exit=leave)


def _mark(glyph: Any, *, height: float = 0.75, width: float = 0.7) -> Glyph:
    """An upright mark of `cursive`, made smaller and slanted with the letters; its diamonds become dots."""
    strokes = []
    for one in points_of(glyph):
        p = np.asarray(one)
        x, y = p[:, 0] / _UNIT * width, (_BASE - p[:, 1]) / _UNIT * height
        line = np.column_stack((x + _DIGIT_SLANT * y, y))
        diamond = len(one) == 5 and bool(np.ptp(p[:, 0]) <= 2) and bool(np.ptp(p[:, 1]) <= 2)
        strokes.append(dot_tick(line) if diamond else through(line))
    return Glyph(strokes=tuple(strokes), advance=float(glyph.char_width) / _UNIT * width)


def _punctuation(char: str, glyph: Any) -> Glyph:
    if char in ".,:;":
        # The font hangs these a third of the x-height above the line, its comma with a blob for a head.
        dot = np.array([[0.2, 0.05]])
        tail = through([(0.26, 0.1), (0.27, -0.05), (0.12, -0.3)])
        high = np.array([[0.32, 0.62]])
        parts = {".": (dot_tick(dot),), ",": (tail,), ":": (dot_tick(high), dot_tick(dot)), ";": (dot_tick(high), tail)}
        return Glyph(strokes=parts[char], advance=0.5)
    if char == "-":
        return Glyph(strokes=(through([(0.1, 0.48), (0.35, 0.5), (0.62, 0.53)]),), advance=0.75)
    if char in "'\"":
        quote = [through([(0.3 + dx, 1.9), (0.25 + dx, 1.75), (0.18 + dx, 1.5)]) for dx in (0.0, 0.28)]
        return Glyph(strokes=tuple(quote[: 1 if char == "'" else 2]), advance=0.4 if char == "'" else 0.7)
    return _mark(glyph, height=0.72, width=0.55 if char in "+=<>~" else 0.66)
