"""Characters drawn by us for faces that lack them: quotes, dashes, money, ligatures, a heart, a smile, a star."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files

import numpy as np

from fonts.face import Face, Glyph
from fonts.spline import through
from plotter.strokes import Stroke

# Drawn for capitals 1.8 x-heights tall; made as tall as the face's own.
_TALL = frozenset("$€£¥&§¶ẞÆŒÞŊ")
_UPRIGHT = frozenset("❤♥☺🙂😊★☆⭐")


def specials(face: Face) -> dict[str, tuple[Glyph, ...]]:
    """All specials in the slant of `face`: x-heights, base line 0; some are made of the face's own letters."""
    lean = math.tan(math.radians(face.slant_deg))
    out: dict[str, tuple[Glyph, ...]] = {}
    for characters, advance, lines in _marks():
        tall = (1.0, face.cap_height / 1.8 if characters in _TALL else 1.0)
        slope = 0.0 if characters[0] in _UPRIGHT else lean
        forms = (Glyph(strokes=tuple(_lean(one * tall, slope) for one in lines), advance=advance),)
        for char in characters:
            out[char] = forms
    _from_letters(face, out)
    return out


@cache
def _marks() -> tuple[tuple[str, float, tuple[Stroke, ...]], ...]:
    """The drawn marks: characters, advance, upright strokes."""
    out = []
    for line in (files("fonts") / "faces" / "marks.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("# "):
            characters, advance, drawing = line.split(" ", 2)
            points = [[tuple(map(float, knot.split(","))) for knot in one.split()] for one in drawing.split(" / ")]
            out.append((characters, float(advance), tuple(through(one, corner_deg=55) for one in points)))
    return tuple(out)


def _from_letters(face: Face, out: dict[str, tuple[Glyph, ...]]) -> None:
    """Signs that are the face's own letters turned, made small, ringed or set side by side."""
    own: Mapping[str, tuple[Glyph, ...]] = {**out, **face.glyphs}
    for char, source in (("¿", "?"), ("¡", "!")):
        if source in own:
            out[char] = tuple(_turned(form) for form in own[source])
    lean = math.tan(math.radians(face.slant_deg))
    small = {"¹": "1", "²": "2", "³": "3", "º": "o", "ª": "a", "⁰": "0", "⁴": "4"}
    for char, source in small.items():
        if source in own:
            out[char] = (_small(own[source][0], 0.52, 0.9 if source.isdigit() else 1.15),)
    for char, top, bottom in (("½", "1", "2"), ("¼", "1", "4"), ("¾", "3", "4"), ("⅓", "1", "3"), ("⅔", "2", "3")):
        if top in own and bottom in own:
            over, under = _small(own[top][0], 0.55, 0.86), _small(own[bottom][0], 0.55, -0.06)
            slash = _lean(through(((0.0, -0.1), (0.5, face.cap_height))), lean)
            shift = over.advance + 0.3
            strokes = (*over.strokes, *_right((slash,), over.advance - 0.15), *_right(under.strokes, shift))
            out[char] = (Glyph(strokes=strokes, advance=shift + under.advance + 0.1),)
    for char, source in (("©", "c"), ("®", "r"), ("™", "TM")):
        if all(one in own for one in source):
            out[char] = (_ringed(own[source][0]) if len(source) == 1 else _raised_pair(own["T"][0], own["M"][0]),)
    for char, pair in {"ĳ": "ij", "Ĳ": "IJ", "ŀ": "l·", "Ŀ": "L·", "ŉ": "’n"}.items():
        if all(one in own for one in pair):
            a, b = own[pair[0]][0], own[pair[1]][0]
            strokes = (*a.strokes, *_right(b.strokes, a.advance))
            late = (*a.late, *_right(b.late, a.advance))
            out[char] = (replace(b, strokes=strokes, late=late, advance=a.advance + b.advance, entry=a.entry),)
    if "N" in own:
        number, ring = own["N"][0], _small(own["o"][0], 0.5, 0.9)
        strokes = (*number.strokes, *_right(ring.strokes, number.advance))
        out["№"] = (Glyph(strokes=strokes, advance=number.advance + ring.advance),)


def _small(form: Glyph, by: float, up: float) -> Glyph:
    strokes = tuple(one * by + (0.0, up) for one in (*form.strokes, *form.late))
    return Glyph(strokes=strokes, advance=form.advance * by + 0.05)


def _turned(form: Glyph) -> Glyph:
    """Upside down about the middle of the small letters, hanging below the line as in Spanish."""
    strokes = tuple((form.advance, 1.1) - one for one in (*form.strokes, *form.late))
    return Glyph(strokes=strokes, advance=form.advance)


def _ringed(form: Glyph) -> Glyph:
    inner = _small(form, 0.6, 0.42)
    centre = np.concatenate(inner.strokes)
    cx, cy = (centre.min(axis=0) + centre.max(axis=0)) / 2
    ring = through(_ring(0.75, 0.72, 0.66, 0.7))
    return Glyph(strokes=(*_right(inner.strokes, 0.75 - cx, 0.72 - cy), ring), advance=1.55)


def _raised_pair(a: Glyph, b: Glyph) -> Glyph:
    one, two = _small(a, 0.42, 1.0), _small(b, 0.42, 1.0)
    return Glyph(strokes=(*one.strokes, *_right(two.strokes, one.advance)), advance=one.advance + two.advance)


def _right(strokes: Iterable[Stroke], dx: float, dy: float = 0.0) -> tuple[Stroke, ...]:
    return tuple(one + np.array([dx, dy]) for one in strokes)


def _lean(points: Stroke, lean: float) -> Stroke:
    return points + np.column_stack((points[:, 1] * lean, np.zeros(len(points))))


def _arc(cx: float, cy: float, rx: float, ry: float, start_deg: float, end_deg: float) -> list[tuple[float, float]]:
    """Along an ellipse, counter-clockwise from `start_deg`."""
    angles = np.radians(np.linspace(start_deg, end_deg, 11))
    return [(cx + rx * math.cos(a), cy + ry * math.sin(a)) for a in angles]


def _ring(cx: float, cy: float, rx: float, ry: float) -> list[tuple[float, float]]:
    """A ring as a hand makes it: from the top to the left and a little past its beginning."""
    return _arc(cx, cy, rx, ry, 80, 460)
