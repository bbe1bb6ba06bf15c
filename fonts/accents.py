"""Accents: letters with marks composed from plain ones, so that Europe, Turkey and Vietnam can be written."""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

import numpy as np

from fonts.face import Face, Glyph
from fonts.specials import specials
from fonts.spline import through
from plotter.strokes import Stroke

# Marks in x-heights about (0, 0): tops stand on it, bottoms hang from it.
_TOP: Mapping[str, tuple[tuple[tuple[float, float], ...], ...]] = {
    "\u0300": (((-0.22, 0.24), (0.0, 0.13), (0.14, 0.02)),),  # grave
    "\u0301": (((0.22, 0.27), (0.04, 0.13), (-0.08, 0.02)),),  # acute
    "\u0302": (((-0.24, 0.02), (0.0, 0.25), (0.2, 0.03)),),  # circumflex
    "\u0303": (((-0.3, 0.05), (-0.16, 0.17), (0.06, 0.08), (0.26, 0.2)),),  # tilde
    "\u0304": (((-0.26, 0.1), (0.0, 0.11), (0.26, 0.13)),),  # macron
    "\u0306": (((-0.22, 0.22), (-0.08, 0.05), (0.1, 0.06), (0.24, 0.24)),),  # breve
    "\u0307": (((-0.02, 0.12), (0.02, 0.06)),),  # dot
    "\u0308": (((-0.19, 0.13), (-0.15, 0.06)), ((0.17, 0.15), (0.2, 0.08))),  # diaeresis
    "\u0309": (((-0.1, 0.26), (0.06, 0.31), (0.1, 0.2), (-0.02, 0.13), (-0.02, 0.03)),),  # hook
    "\u030a": (((0.0, 0.27), (-0.11, 0.2), (-0.08, 0.06), (0.07, 0.04), (0.13, 0.17), (0.02, 0.26)),),  # ring
    "\u030b": (((0.0, 0.25), (-0.14, 0.03)), ((0.28, 0.26), (0.12, 0.03))),  # double acute
    "\u030c": (((-0.22, 0.22), (-0.02, 0.02), (0.22, 0.24)),),  # caron
    "\u0312": (((0.07, 0.3), (-0.05, 0.2), (0.02, 0.03)),),  # turned comma, over g
}
_BELOW: Mapping[str, tuple[tuple[tuple[float, float], ...], ...]] = {
    "\u0323": (((-0.02, -0.2), (0.02, -0.26)),),  # dot
    "\u0326": (((0.05, -0.16), (0.04, -0.28), (-0.08, -0.44)),),  # comma
    "\u0327": (((0.02, 0.02), (0.0, -0.1), (0.14, -0.18), (0.1, -0.34), (-0.12, -0.36)),),  # cedilla: touches
    "\u0331": (((-0.25, -0.2), (0.25, -0.18)),),  # macron below
}
_OGONEK = ((0.0, 0.03), (-0.13, -0.14), (-0.1, -0.31), (0.1, -0.28))
_HORN = ((-0.08, -0.02), (0.1, 0.06), (0.14, 0.18), (0.08, 0.27))
_APOSTROPHE = ((0.05, 0.0), (0.03, -0.14), (-0.05, -0.32))
_CLEARANCE = 0.15  # between a letter's top and its mark
_CAPITAL_DOT = 0.12  # a dot that much higher on capitals: on the bar of an I it would be lost
_STACK = 0.34
_SIDE_BY_SIDE = frozenset("\u0300\u0301\u0309")  # Vietnamese tones beside a circumflex or breve
_DOTLESS = {"i": "ı", "j": "ȷ"}

# What is composed for every face: Latin-1, Latin Extended-A, Romanian and Caucasian commas, Vietnamese.
REPERTOIRE = "".join(
    chr(code)
    for code in (*range(0xC0, 0x180), *range(0x1CD, 0x1DD), *range(0x1E6, 0x1EE), *range(0x1F4, 0x200),
                 *range(0x218, 0x21C), 0x1A0, 0x1A1,
                 0x1AF, 0x1B0, *range(0x226, 0x234), *range(0x1E00, 0x1F00))
    if unicodedata.decomposition(chr(code)) and not unicodedata.decomposition(chr(code)).startswith("<")
)  # fmt: skip


def complete(face: Face) -> Face:
    """The face with drawn specials where it lacks them, and with every composed letter its own letters allow.

    What the face draws itself always wins.
    """
    glyphs: dict[str, tuple[Glyph, ...]] = {**specials(face), **face.glyphs}
    for char, dotless in _DOTLESS.items():
        glyphs.setdefault(dotless, tuple(_undotted(form) for form in glyphs.get(char, ())))
    for char, (base, bar) in _BARRED.items():
        if char not in glyphs and base in glyphs:
            glyphs[char] = tuple(bar(form) for form in glyphs[base])
    for char in REPERTOIRE:
        if char not in glyphs:
            forms = compose(char, glyphs)
            if forms:
                glyphs[char] = forms
    return replace(face, glyphs={char: forms for char, forms in glyphs.items() if forms})


def compose(char: str, glyphs: Mapping[str, tuple[Glyph, ...]]) -> tuple[Glyph, ...]:
    """Forms of an accented character from its canonical decomposition (NFD); none when a part is missing."""
    parts = list(unicodedata.normalize("NFD", char))
    base, marks = parts[0], parts[1:]
    if not marks or any(mark not in _TOP and mark not in _BELOW and mark not in "\u0328\u031b" for mark in marks):
        return ()
    tops = [mark for mark in marks if mark in _TOP]
    plain = _DOTLESS.get(base, base) if tops else base
    return tuple(_accented(form, base, marks) for form in glyphs.get(plain, ()))


def _accented(form: Glyph, base: str, marks: list[str]) -> Glyph:
    late: list[Stroke] = []
    level, held = 0, ""
    for mark in marks:
        if mark == "\u030c" and base in "dtlL":
            late += _at((_APOSTROPHE,), _top_right(form))
        elif mark == "\u0327" and base == "g":
            late += _at(_TOP["\u0312"], _top(form))
        elif mark in _TOP:
            x, y = _top(form)
            if held and mark in _SIDE_BY_SIDE:
                left = mark == "\u0300"
                late += _at(_scaled(_TOP[mark], 0.85), (x + (-0.46 if left else 0.38), y + 0.24))
            else:
                aside = 0.0
                if mark in "\u0302\u0306" and any(other in "\u0301\u0309" for other in marks):
                    aside = -0.09  # makes room for the tone at its right
                lift = _CAPITAL_DOT if mark == "\u0307" and base.isupper() else 0.0
                late += _at(_TOP[mark], (x + aside, y + level * _STACK + lift))
            if mark in "\u0302\u0306":
                held = mark
            level += 1
        elif mark in _BELOW:
            x, y = _bottom(form)
            late += _at(_BELOW[mark], (x, 0.0 if mark == "\u0327" else y))
        else:
            late += _at((_OGONEK,), _ogonek(form)) if mark == "\u0328" else _at((_HORN,), _horn(form))
    return replace(form, late=(*form.late, *late))


def _at(shape: tuple[tuple[tuple[float, float], ...], ...], at: tuple[float, float]) -> list[Stroke]:
    return [_drawn(one) + at for one in shape]


@cache
def _drawn(shape: tuple[tuple[float, float], ...]) -> Stroke:
    return through(shape, corner_deg=60)


def _scaled(
    shape: tuple[tuple[tuple[float, float], ...], ...], by: float
) -> tuple[tuple[tuple[float, float], ...], ...]:
    return tuple(tuple((x * by, y * by) for x, y in one) for one in shape)


def _ink(form: Glyph) -> Stroke:
    return np.concatenate(form.strokes)


def _top(form: Glyph) -> tuple[float, float]:
    """Where a mark above goes: over the middle of the topmost part (not of the box: that fails for b d h k)."""
    if "top" in form.anchors:
        return form.anchors["top"]
    ink = _ink(form)
    high, low = float(ink[:, 1].max()), float(ink[:, 1].min())
    head = ink[ink[:, 1] > high - 0.17 * (high - low)]
    body = ink[ink[:, 1] > 0.5]
    x = float(head[:, 0].min() + head[:, 0].max()) / 2
    if high < 1.3:  # over a small letter the middle of its body counts too: u, n and y have two heads or one
        x = 0.5 * x + 0.5 * float(body[:, 0].min() + body[:, 0].max()) / 2
    return x + 0.05, max(high, 1.0) + _CLEARANCE


def _bottom(form: Glyph) -> tuple[float, float]:
    if "bottom" in form.anchors:
        return form.anchors["bottom"]
    ink = _ink(form)
    feet = ink[np.abs(ink[:, 1]) < 0.35]
    x = feet[:, 0] if len(feet) else ink[:, 0]
    return float(x.min() + x.max()) / 2 - 0.05, min(0.0, float(ink[:, 1].min()))


def _top_right(form: Glyph) -> tuple[float, float]:
    ink = _ink(form)
    high = float(ink[:, 1].max())
    return float(ink[ink[:, 1] > high - 0.35, 0].max()) + 0.16, high


def _ogonek(form: Glyph) -> tuple[float, float]:
    if "ogonek" in form.anchors:
        return form.anchors["ogonek"]
    ink = _ink(form)
    feet = ink[ink[:, 1] < 0.18]
    return float(feet[:, 0].max()) - 0.14, 0.0


def _horn(form: Glyph) -> tuple[float, float]:
    if "horn" in form.anchors:
        return form.anchors["horn"]
    ink = _ink(form)
    high = float(ink[:, 1].max())
    head = ink[ink[:, 1] > high - 0.25]
    return float(head[:, 0].max()) + 0.04, high - 0.06


def _undotted(form: Glyph) -> Glyph:
    """i or j without its dot, wherever the face draws it."""
    plain = tuple(one for one in form.strokes if float(one[:, 1].min()) < 1.02)
    return replace(form, strokes=plain or form.strokes, late=())


def _across(form: Glyph, low: float, high: float, *, by: float = 0.14) -> Glyph:
    """A stroke slanting through the bounds of the letter, from `low` to `high` of its height."""
    ink = _ink(form)
    (x0, y0), (x1, y1) = ink.min(axis=0), ink.max(axis=0)
    body = ink[(ink[:, 1] > y0 + 0.2 * (y1 - y0))]
    x0, x1 = body[:, 0].min(), min(x1, body[:, 0].max())
    line = [(x0 - by * 0.3, y0 + low * (y1 - y0)), (x1 - by * 0.6, y0 + high * (y1 - y0))]
    return replace(form, late=(*form.late, through(line)))


def _level(form: Glyph, y: float, half: float, *, rise: float = 0.05, right: float = 0.0) -> Glyph:
    """A bar across the letter's leftmost stem (`right` 0) or its rightmost (1), at height `y`."""
    ink = _ink(form)
    near = ink[np.abs(ink[:, 1] - y) < 0.12]
    x = float(near[:, 0].min() * (1 - right) + near[:, 0].max() * right)
    return replace(form, late=(*form.late, through([(x - half, y - rise), (x + half, y + rise)])))


_BARRED: Mapping[str, tuple[str, Callable[[Glyph], Glyph]]] = {
    "ø": ("o", lambda form: _across(form, -0.1, 1.15)),
    "Ø": ("O", lambda form: _across(form, -0.05, 1.05)),
    "ł": ("l", lambda form: _level(form, 0.95, 0.24, rise=0.2, right=0.5)),  # steep: level it is a t
    "Ł": ("L", lambda form: _level(form, 0.9, 0.3, rise=0.27)),
    "đ": ("d", lambda form: _level(form, 1.5, 0.3, right=1.0)),
    "Đ": ("D", lambda form: _level(form, 0.95, 0.3)),
    "Ð": ("D", lambda form: _level(form, 0.95, 0.3)),
    "ħ": ("h", lambda form: _level(form, 1.5, 0.28)),
    "Ħ": ("H", lambda form: _level(form, 1.4, 0.6, right=0.5)),
    "ŧ": ("t", lambda form: _level(form, 0.55, 0.24, right=0.5)),
    "Ŧ": ("T", lambda form: _level(form, 0.9, 0.3, right=0.5)),
}
