"""Characters drawn by us for faces that lack them: quotes, dashes, money, ligatures, a heart, a smile, a star."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from fonts.face import Face, Glyph, Join
from fonts.spline import through
from plotter.strokes import Stroke

Points = Sequence[tuple[float, float]]


def specials(face: Face) -> dict[str, tuple[Glyph, ...]]:
    """All specials in the slant of `face`: x-heights, base line 0; some are made of the face's own letters."""
    lean = math.tan(math.radians(face.slant_deg))
    cap = face.cap_height
    out: dict[str, tuple[Glyph, ...]] = {}

    def draw(char: str, *lines: Points, advance: float, join: tuple[Join, Join] = ("none", "none")) -> None:
        strokes = tuple(_lean(through(one, corner_deg=55), lean) for one in lines)
        out[char] = (Glyph(strokes=strokes, advance=advance, entry=join[0], exit=join[1]),)

    nine: Points = ((0.17, 1.86), (0.2, 1.72), (0.1, 1.5))
    six: Points = ((0.24, 1.88), (0.1, 1.7), (0.13, 1.52))
    low: Points = ((0.16, 0.12), (0.19, 0.0), (0.08, -0.24))
    draw("’", nine, advance=0.36)
    draw("‘", six, advance=0.36)
    draw("”", nine, _moved(nine, 0.24), advance=0.62)
    draw("“", six, _moved(six, 0.24), advance=0.62)
    draw("‚", low, advance=0.36)
    draw("„", low, _moved(low, 0.24), advance=0.62)
    draw("'", ((0.18, 1.86), (0.17, 1.7), (0.14, 1.5)), advance=0.34)
    draw('"', ((0.16, 1.86), (0.13, 1.5)), ((0.4, 1.87), (0.38, 1.5)), advance=0.56)
    draw("`", ((0.06, 1.84), (0.26, 1.58)), advance=0.4)
    draw("´", ((0.28, 1.84), (0.1, 1.58)), advance=0.4)
    draw("–", ((0.1, 0.5), (0.6, 0.53), (1.08, 0.54)), advance=1.2)
    draw("—", ((0.1, 0.5), (0.9, 0.54), (1.68, 0.54)), advance=1.8)
    draw("-", ((0.1, 0.48), (0.35, 0.5), (0.6, 0.52)), advance=0.72)
    draw("−", ((0.1, 0.5), (0.4, 0.51), (0.8, 0.52)), advance=0.9)
    draw("_", ((0.0, -0.2), (0.5, -0.22), (1.0, -0.2)), advance=1.05)
    draw(".", ((0.16, 0.06), (0.2, 0.0)), advance=0.4)
    draw(",", low, advance=0.4)
    draw("…", ((0.14, 0.05), (0.18, 0.0)), ((0.5, 0.06), (0.54, 0.01)), ((0.87, 0.05), (0.9, 0.0)), advance=1.1)
    draw("·", ((0.16, 0.6), (0.2, 0.55)), advance=0.4)
    draw("•", *_blob(0.25, 0.62, 0.13), advance=0.55)
    draw("«", ((0.42, 0.86), (0.12, 0.52), (0.4, 0.16)), ((0.78, 0.88), (0.48, 0.53), (0.75, 0.18)), advance=0.95)
    draw("»", ((0.14, 0.86), (0.44, 0.52), (0.12, 0.16)), ((0.5, 0.88), (0.8, 0.53), (0.47, 0.18)), advance=0.95)
    draw("‹", ((0.42, 0.86), (0.12, 0.52), (0.4, 0.16)), advance=0.58)
    draw("›", ((0.14, 0.86), (0.44, 0.52), (0.12, 0.16)), advance=0.58)
    draw("[", ((0.42, 1.9), (0.14, 1.9), (0.1, -0.3), (0.4, -0.3)), advance=0.55)
    draw("]", ((0.1, 1.9), (0.38, 1.9), (0.38, -0.3), (0.08, -0.3)), advance=0.55)
    brace = ((0.46, 1.92), (0.3, 1.86), (0.26, 1.5), (0.28, 1.1), (0.1, 0.8), (0.27, 0.55), (0.25, 0.1), (0.28, -0.22), (0.45, -0.3))  # fmt: skip
    draw("{", brace, advance=0.6)
    draw("}", tuple((0.56 - x, y) for x, y in brace), advance=0.6)
    draw("°", _ring(0.26, 1.62, 0.2, 0.22), advance=0.55)
    draw("$", _scaled(_S, 0.95, cap / 1.8), ((0.52, cap + 0.22), (0.46, 0.8), (0.42, -0.25)), advance=1.05)
    draw("¢", _arc(0.5, 0.5, 0.4, 0.46, 50, 320), ((0.62, 1.25), (0.38, -0.25)), advance=1.0)
    draw("€", _arc(0.72, cap / 2, 0.54, cap / 2, 48, 312), ((0.02, 1.12), (0.88, 1.16)), ((0.0, 0.7), (0.78, 0.74)), advance=1.3)  # fmt: skip
    pound = ((1.0, 1.5), (0.88, 1.74), (0.62, 1.76), (0.45, 1.5), (0.46, 1.0), (0.42, 0.4), (0.12, 0.04), (0.5, 0.06), (0.8, -0.02), (1.08, 0.16))  # fmt: skip
    draw("£", pound, ((0.14, 0.86), (0.8, 0.9)), advance=1.25)
    draw("¥", ((0.06, cap), (0.5, 0.95), (0.98, cap)), ((0.5, 0.95), (0.5, 0.0)), ((0.18, 0.8), (0.84, 0.84)), ((0.18, 0.46), (0.84, 0.5)), advance=1.15)  # fmt: skip
    amp = ((1.14, 0.92), (0.9, 0.42), (0.56, 0.02), (0.22, 0.04), (0.1, 0.36), (0.34, 0.84), (0.7, 1.22), (0.72, 1.58), (0.48, 1.72), (0.3, 1.46), (0.5, 0.9), (0.82, 0.3), (1.2, -0.02))  # fmt: skip
    draw("&", amp, advance=1.35)
    at = ((1.02, 0.86), (0.8, 1.02), (0.54, 0.84), (0.48, 0.5), (0.66, 0.34), (0.9, 0.54), (1.04, 0.9), (0.98, 0.52), (1.14, 0.36), (1.4, 0.62), (1.38, 1.12), (1.02, 1.44), (0.5, 1.34), (0.16, 0.88), (0.18, 0.24), (0.56, -0.16), (1.16, -0.08))  # fmt: skip
    draw("@", at, advance=1.6)
    draw("×", ((0.14, 0.78), (0.66, 0.2)), ((0.66, 0.8), (0.12, 0.22)), advance=0.85)
    draw("÷", ((0.1, 0.5), (0.8, 0.52)), ((0.42, 0.86), (0.46, 0.8)), ((0.42, 0.22), (0.46, 0.16)), advance=0.95)
    draw("±", ((0.42, 1.1), (0.42, 0.36)), ((0.08, 0.74), (0.78, 0.76)), ((0.1, 0.1), (0.76, 0.12)), advance=0.95)
    draw("+", ((0.42, 0.92), (0.42, 0.16)), ((0.06, 0.54), (0.8, 0.56)), advance=0.95)
    draw("=", ((0.08, 0.7), (0.76, 0.73)), ((0.08, 0.36), (0.76, 0.38)), advance=0.95)
    sect = ((0.66, 1.6), (0.4, 1.78), (0.16, 1.5), (0.42, 1.16), (0.66, 0.86), (0.4, 0.62), (0.18, 0.9), (0.44, 0.68), (0.64, 0.32), (0.38, 0.02), (0.1, 0.2))  # fmt: skip
    draw("§", sect, advance=0.85)
    draw("¶", ((0.5, 0.9), (0.14, 1.3), (0.46, 1.76), (0.5, -0.2)), ((0.5, 1.76), (0.84, 1.76), (0.82, -0.2)), advance=1.05)  # fmt: skip
    draw("~", ((0.06, 0.44), (0.26, 0.64), (0.52, 0.46), (0.78, 0.64)), advance=0.9)
    draw("^", ((0.08, 1.3), (0.36, 1.78), (0.64, 1.32)), advance=0.75)
    draw("|", ((0.16, 1.95), (0.14, -0.35)), advance=0.35)
    draw("¦", ((0.16, 1.9), (0.15, 1.0)), ((0.15, 0.62), (0.14, -0.3)), advance=0.35)
    draw("¬", ((0.08, 0.6), (0.76, 0.62), (0.76, 0.3)), advance=0.95)
    # Letters of other alphabets of Latin.
    sharp = ((0.0, 0.3), (0.22, 0.86), (0.3, 1.5), (0.56, 1.9), (0.8, 1.62), (0.62, 1.2), (0.5, 1.06), (0.84, 0.72), (0.78, 0.14), (0.48, 0.02))  # fmt: skip
    draw("ß", ((0.18, -0.28), (0.16, 0.6), *sharp[2:]), advance=1.02)
    draw("ẞ", ((0.14, 0.0), (0.16, 1.2), (0.44, 1.74), (1.0, 1.72), (0.6, 1.1), (0.98, 0.8), (0.94, 0.2), (0.5, 0.0)), advance=1.2)  # fmt: skip
    ae = ((0.08, 0.78), (0.34, 1.0), (0.56, 0.8), (0.56, 0.44), (0.3, 0.54), (0.06, 0.28), (0.2, 0.03), (0.48, 0.16), (0.62, 0.46), (0.96, 0.6), (0.98, 0.9), (0.76, 0.98), (0.58, 0.6), (0.66, 0.12), (0.9, 0.0), (1.2, 0.22))  # fmt: skip
    draw("æ", ae, advance=1.3)
    oe = ((0.46, 0.98), (0.16, 0.84), (0.06, 0.4), (0.26, 0.02), (0.54, 0.18), (0.62, 0.62), (0.46, 0.96), (0.6, 0.5), (0.98, 0.62), (1.0, 0.92), (0.8, 0.98), (0.64, 0.6), (0.7, 0.12), (0.94, 0.0), (1.24, 0.22))  # fmt: skip
    draw("œ", oe, advance=1.34)
    draw("Æ", ((0.02, 0.0), (0.4, 0.9), (0.86, cap)), ((0.86, cap), (0.84, 0.9), (0.84, 0.02), (1.44, 0.06)), ((0.36, 0.76), (1.26, 0.84)), ((0.84, cap), (1.42, cap - 0.02)), advance=1.6)  # fmt: skip
    draw("Œ", _arc(0.6, cap / 2, 0.52, cap / 2, 60, 400), ((1.02, cap), (0.96, 0.9), (0.94, 0.02), (1.56, 0.06)), ((0.96, 0.92), (1.4, 0.96)), ((1.0, cap), (1.54, cap)), advance=1.75)  # fmt: skip
    draw("ð", ((0.26, 1.72), (0.66, 1.36), (0.8, 0.7), (0.62, 0.12), (0.34, 0.0), (0.1, 0.36), (0.3, 0.8), (0.56, 0.84), (0.76, 0.6)), ((0.28, 1.3), (0.78, 1.6)), advance=1.0)  # fmt: skip
    thorn = ((0.2, 1.75), (0.16, 0.5), (0.12, -0.7), (0.18, 0.5), (0.5, 0.98), (0.82, 0.64), (0.6, 0.06), (0.2, 0.2))
    draw("þ", thorn, advance=1.02)
    draw("Þ", ((0.2, cap), (0.18, 0.9), (0.16, 0.0)), ((0.2, 1.36), (0.7, 1.4), (1.0, 1.0), (0.7, 0.5), (0.2, 0.48)), advance=1.16)  # fmt: skip
    draw("ŋ", ((0.14, 0.96), (0.14, 0.0), (0.2, 0.66), (0.5, 0.98), (0.72, 0.7), (0.7, -0.2), (0.5, -0.62), (0.28, -0.5)), advance=1.0)  # fmt: skip
    draw("Ŋ", ((0.14, cap), (0.14, 0.0), (0.16, 1.3), (0.6, cap), (1.02, 1.2), (1.0, -0.1), (0.7, -0.4)), advance=1.3)
    draw("ſ", ((0.02, -0.3), (0.26, 0.5), (0.34, 1.5), (0.58, 1.88), (0.78, 1.7)), advance=0.6)
    draw("ĸ", ((0.16, 0.98), (0.14, 0.0)), ((0.66, 0.96), (0.18, 0.5), (0.7, 0.0)), advance=0.85)
    draw("µ", ((0.2, 0.98), (0.16, 0.3), (0.08, -0.7), (0.18, 0.1), (0.46, 0.02), (0.7, 0.4), (0.76, 0.98), (0.72, 0.2), (0.92, 0.04)), advance=1.05)  # fmt: skip
    # Signs of affection: upright.
    heart = ((0.66, 1.12), (0.5, 1.44), (0.22, 1.46), (0.08, 1.14), (0.28, 0.66), (0.66, 0.12), (1.04, 0.66), (1.24, 1.14), (1.08, 1.46), (0.82, 1.42), (0.67, 1.1))  # fmt: skip
    out["❤"] = out["♥"] = (Glyph(strokes=(through(heart, corner_deg=55),), advance=1.4),)
    face_line = through(_ring(0.72, 0.72, 0.68, 0.7))
    smile = through(((0.36, 0.56), (0.54, 0.32), (0.82, 0.28), (1.06, 0.52)))
    eyes = (through(((0.5, 1.02), (0.51, 0.86))), through(((0.92, 1.04), (0.92, 0.88))))
    out["☺"] = out["🙂"] = out["😊"] = (Glyph(strokes=(face_line, *eyes, smile), advance=1.5),)
    corners = [(0.75 + 0.72 * math.sin(a), 0.78 + 0.72 * math.cos(a)) for a in (math.tau * k * 2 / 5 for k in range(6))]
    start = 3  # people begin a star at its lower left foot
    five = corners[:-1]
    order = [*five[start:], *five[:start], five[start]]
    out["★"] = out["☆"] = out["⭐"] = (Glyph(strokes=(through(order, corner_deg=40),), advance=1.55),)
    _from_letters(face, out)
    return out


_S: Points = ((0.86, 1.5), (0.66, 1.74), (0.34, 1.72), (0.16, 1.4), (0.38, 1.04), (0.7, 0.78), (0.84, 0.4), (0.6, 0.05), (0.28, 0.04), (0.08, 0.3))  # fmt: skip


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
    for char, (top, bottom) in {"½": "12", "¼": "14", "¾": "34", "⅓": "13", "⅔": "23"}.items():
        if top in own and bottom in own:
            over, under = _small(own[top][0], 0.55, 0.86), _small(own[bottom][0], 0.55, -0.06)
            slash = _lean(through(((0.0, -0.1), (0.5, cap := face.cap_height))), lean) + (over.advance - 0.15, 0.0)
            shift = over.advance + 0.3
            strokes = (*over.strokes, slash, *(one + (shift, 0.0) for one in under.strokes))
            out[char] = (Glyph(strokes=strokes, advance=shift + under.advance + 0.05 * cap),)
    for char, source in (("©", "c"), ("®", "r"), ("™", "TM")):
        if all(one in own for one in source):
            out[char] = (_ringed(own[source][0]) if len(source) == 1 else _raised_pair(own["T"][0], own["M"][0]),)
    for char, pair in {"ĳ": "ij", "Ĳ": "IJ", "ŀ": "l·", "Ŀ": "L·", "ŉ": "’n"}.items():
        if all(one in own for one in pair):
            a, b = own[pair[0]][0], own[pair[1]][0]
            moved = tuple(one + (a.advance, 0.0) for one in b.strokes)
            late = (*a.late, *(one + (a.advance, 0.0) for one in b.late))
            out[char] = (replace(b, strokes=(*a.strokes, *moved), late=late, advance=a.advance + b.advance, entry=a.entry),)  # fmt: skip
    if "N" in own:
        number, ring = own["N"][0], _small(own["o"][0], 0.5, 0.9)
        strokes = (*number.strokes, *(one + (number.advance, 0.0) for one in ring.strokes))
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
    return Glyph(strokes=(*(one + (0.75 - cx, 0.72 - cy) for one in inner.strokes), ring), advance=1.55)


def _raised_pair(a: Glyph, b: Glyph) -> Glyph:
    one, two = _small(a, 0.42, 1.0), _small(b, 0.42, 1.0)
    return Glyph(
        strokes=(*one.strokes, *(s + (one.advance, 0.0) for s in two.strokes)), advance=one.advance + two.advance
    )


def _lean(points: Stroke, lean: float) -> Stroke:
    return points + np.column_stack((points[:, 1] * lean, np.zeros(len(points))))


def _moved(points: Points, dx: float) -> Points:
    return tuple((x + dx, y) for x, y in points)


def _scaled(points: Points, sx: float, sy: float) -> Points:
    return tuple((x * sx, y * sy) for x, y in points)


def _arc(cx: float, cy: float, rx: float, ry: float, start_deg: float, end_deg: float) -> Points:
    """Along an ellipse, counter-clockwise from `start_deg`."""
    angles = np.radians(np.linspace(start_deg, end_deg, 11))
    return tuple((cx + rx * math.cos(a), cy + ry * math.sin(a)) for a in angles)


def _ring(cx: float, cy: float, rx: float, ry: float) -> Points:
    """A ring as a hand makes it: from the top to the left and a little past its beginning."""
    return _arc(cx, cy, rx, ry, 80, 460)


def _blob(cx: float, cy: float, r: float) -> tuple[Points, ...]:
    return (_ring(cx, cy, r, r), ((cx - r * 0.5, cy), (cx + r * 0.5, cy)))
