"""Faces drawn as centre lines: a small text format of knots, and Hobby's spline that runs a pen through them.

Coordinates are x-heights: base line y = 0, x-height y = 1, y up. One command a line, `#` starts a line of comment:

    face wren                   name of the face; also: title, acknowledgement, style print|mixed|cursive,
    lean 7                      and numbers: ascender, descender, cap, space; `wide` stretches the drawing to the
                                right by a factor, then `lean` shears it by so many degrees
    glyph a .95 low>high        one form of one character (the first is the main one): advance, entry>exit of
                                joins, and weight=.4 places=initial,final after=b,o before=e, where they are
                                needed; the character may be U+00E6
      pen .8,.9 .5,1 .1,.4      one stroke: the knots the pen runs through
      + .4,0 .8,.9! .9,.1       more knots of the same stroke
      late .1,1 .6,1.05         a stroke that is made after the word: bars, dots
      use ‘ .3,0 .5             the strokes of another character's main form, scaled and put at x,y
      top .5,1.1                an anchor for accents: top, bottom, ogonek, horn

A knot is `x,y` with marks after it: `!` a corner (the pen stops and sets off afresh), `@90` the way the pen goes
there in degrees (0 right, 90 up), `@90/-80` the way it comes in and the way it leaves, `~1.4` tension of the piece
that follows (`~1.4/1` at its two ends; 1 is loose, 4 is tight). Between two knots `--` is a straight line with
corners at its ends and `---` one that its neighbours flow into. `fonts.hobby` draws the curve.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fonts.face import Face, Glyph, Join, Style
from fonts.hobby import Knot, Loop, solve
from fonts.spline import STEP

_ANCHORS = ("top", "bottom", "ogonek", "horn")
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)"
_KNOT = re.compile(
    rf"(?P<x>{_NUMBER}),(?P<y>{_NUMBER})(?P<corner>!)?"
    rf"(?:@(?P<into>{_NUMBER})(?:/(?P<out>{_NUMBER}))?)?(?:~(?P<t0>{_NUMBER})(?:/(?P<t1>{_NUMBER}))?)?"
)
_PLACE = re.compile(rf"({_NUMBER}),({_NUMBER})")


class KnotError(ValueError):
    """What is wrong in the text of a face, with the line and column (from 1) where it is."""

    def __init__(self, line: int, column: int, why: str) -> None:
        super().__init__(f"line {line}, column {column}: {why}")
        self.line, self.column, self.why = line, column, why


@dataclass
class Form:
    """One glyph as it was drawn: knots, before any spline."""

    character: str
    at: tuple[int, int]
    advance: float
    entry: Join = "none"
    exit: Join = "none"
    options: dict[str, frozenset[str]] = field(default_factory=dict)
    weight: float = 1.0
    pen: list[list[Knot]] = field(default_factory=list)
    late: list[list[Knot]] = field(default_factory=list)
    uses: list[tuple[str, tuple[float, float], float, tuple[int, int]]] = field(default_factory=list)
    anchors: dict[str, tuple[float, float]] = field(default_factory=dict)


@dataclass
class Drawing:
    """A face's text, read: what `load` solves and what a specimen shows the knots of."""

    words: dict[str, str] = field(default_factory=lambda: {"style": "print"})
    numbers: dict[str, float] = field(default_factory=dict)
    forms: list[Form] = field(default_factory=list)


_WORDS = ("face", "title", "style", "acknowledgement")
_METRICS = {
    "ascender": "ascender",
    "descender": "descender",
    "cap": "cap_height",
    "space": "word_space",
    "lean": "slant_deg",
}


def parse(text: str) -> Drawing:
    """The text of a face as forms and knots; raises KnotError."""
    drawing = Drawing()
    stroke: list[Knot] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        tokens = [(m.group(), (number, m.start() + 1)) for m in re.finditer(r"\S+", line)]
        if not tokens or tokens[0][0] == "#" or tokens[0][0].startswith("##"):
            continue
        (command, at), rest = tokens[0], tokens[1:]
        if command == "glyph":
            drawing.forms.append(_form(at, rest))
            stroke = None
        elif command in _WORDS:
            drawing.words[command] = line.strip()[len(command) :].strip()
            if command == "style" and drawing.words["style"] not in ("print", "mixed", "cursive"):
                raise KnotError(*at, "style is print, mixed or cursive")
        elif command in _METRICS or command == "wide":
            drawing.numbers[command] = _number(at, rest)
        elif not drawing.forms:
            raise KnotError(*at, f"{command!r} before the first glyph")
        elif command in ("pen", "late"):
            form = drawing.forms[-1]
            stroke = []
            (form.pen if command == "pen" else form.late).append(stroke)
            _knots(stroke, rest, at)
        elif command == "+":
            if stroke is None:
                raise KnotError(*at, "'+' goes on with a stroke, and there is none yet")
            _knots(stroke, rest, at)
        elif command == "use":
            drawing.forms[-1].uses.append(_use(at, rest))
        elif command in _ANCHORS:
            drawing.forms[-1].anchors[command] = _place(at, rest)
        else:
            raise KnotError(*at, f"unknown command {command!r}")
    for form in drawing.forms:
        for one in (*form.pen, *form.late):
            if one and one[-1].line:
                raise KnotError(*one[-1].at, "a straight line leads nowhere from here")
    return drawing


def load(text: str, *, step: float = STEP) -> Face:
    """The face that `text` draws, its strokes smooth and dense (`step` x-heights); raises KnotError."""
    drawing = parse(text)
    wide, lean = drawing.numbers.get("wide", 1.0), math.tan(math.radians(drawing.numbers.get("lean", 0.0)))
    forms = drawing.forms
    try:
        inks = iter(solve([one for form in forms for one in (*form.pen, *form.late)], step))
    except Loop as loop:
        raise KnotError(*loop.knot.at, loop.why) from loop
    drawn = [([next(inks) for _ in form.pen], [next(inks) for _ in form.late]) for form in forms]
    main = {form.character: ink for form, ink in reversed(list(zip(forms, drawn, strict=True)))}
    glyphs: dict[str, tuple[Glyph, ...]] = {}
    for form, (pen, late) in zip(forms, drawn, strict=True):
        pen, late = list(pen), list(late)
        for character, place, scale, at in form.uses:
            if character not in main:
                raise KnotError(*at, f"there is no glyph {character!r} to use")
            pen += [one * scale + place for one in main[character][0]]
            late += [one * scale + place for one in main[character][1]]
        if not pen and not late:
            raise KnotError(*form.at, f"the glyph {form.character!r} has no stroke")
        shear = np.array([[wide, 0.0], [lean, 1.0]])
        glyph = Glyph(
            strokes=tuple(one @ shear for one in pen),
            late=tuple(one @ shear for one in late),
            advance=form.advance * wide,
            entry=form.entry,
            exit=form.exit,
            weight=form.weight,
            anchors={name: (wide * x + lean * y, y) for name, (x, y) in form.anchors.items()},
            **form.options,
        )
        glyphs[form.character] = (*glyphs.get(form.character, ()), glyph)
    name = drawing.words.get("face", "")
    style: Mapping[str, Style] = {"print": "print", "mixed": "mixed", "cursive": "cursive"}
    return Face(
        name=name,
        title=drawing.words.get("title", name),
        glyphs=glyphs,
        style=style[drawing.words["style"]],
        acknowledgement=drawing.words.get("acknowledgement", ""),
        **dict[str, Any]({_METRICS[key]: value for key, value in drawing.numbers.items() if key in _METRICS}),
    )


def _form(at: tuple[int, int], rest: list[tuple[str, tuple[int, int]]]) -> Form:
    """`a .95 low>high weight=.4` as an empty form."""
    if len(rest) < 2:
        raise KnotError(*at, "a glyph has a character and an advance")
    (name, where), (advance, there) = rest[0], rest[1]
    if re.fullmatch(r"U\+[0-9A-Fa-f]{4,6}", name):
        name = chr(int(name[2:], 16))
    if len(name) != 1:
        raise KnotError(*where, f"a glyph is one character or U+XXXX, not {name!r}")
    if not re.fullmatch(_NUMBER, advance):
        raise KnotError(*there, f"the advance of {name!r} is a number, not {advance!r}")
    form = Form(name, at, float(advance))
    joins: Mapping[str, Join] = {"none": "none", "low": "low", "high": "high"}
    for word, spot in rest[2:]:
        key, equals, value = word.partition("=")
        entry, over, leave = word.partition(">")
        if over and entry in joins and leave in joins:
            form.entry, form.exit = joins[entry], joins[leave]
        elif equals and key in ("places", "after", "before"):
            form.options[key] = frozenset(value.split(","))
        elif key == "weight" and re.fullmatch(_NUMBER, value):
            form.weight = float(value)
        else:
            raise KnotError(*spot, f"{word!r} is none of entry>exit, weight=, places=, after=, before=")
    return form


def _knots(stroke: list[Knot], rest: list[tuple[str, tuple[int, int]]], at: tuple[int, int]) -> None:
    """Append what a line of knots says to a stroke."""
    if not rest:
        raise KnotError(*at, "a stroke has knots")
    for word, where in rest:
        if word in ("--", "---"):
            if not stroke or stroke[-1].line:
                raise KnotError(*where, f"{word!r} stands between two knots")
            last = stroke[-1]
            stroke[-1] = Knot(last.x, last.y, last.corner, last.into, last.out, last.tension, word, last.at)
            continue
        m = _KNOT.fullmatch(word)
        if not m:
            raise KnotError(*where, f"{word!r} is not a knot such as .5,1 or .5,1!@90~1.2")
        into = None if m["into"] is None else float(m["into"])
        out = into if m["out"] is None else float(m["out"])
        t0 = 1.0 if m["t0"] is None else float(m["t0"])
        t1 = t0 if m["t1"] is None else float(m["t1"])
        if min(t0, t1) < 0.75:
            raise KnotError(*where, "a tension is at least .75")
        knot = Knot(float(m["x"]), float(m["y"]), m["corner"] is not None, into, out, (t0, t1), "", where)
        if stroke and (stroke[-1].x, stroke[-1].y) == (knot.x, knot.y):
            raise KnotError(*where, "two knots in one place")
        stroke.append(knot)


def _number(at: tuple[int, int], rest: list[tuple[str, tuple[int, int]]]) -> float:
    if len(rest) != 1 or not re.fullmatch(_NUMBER, rest[0][0]):
        raise KnotError(*at, "one number belongs here")
    return float(rest[0][0])


def _place(at: tuple[int, int], rest: list[tuple[str, tuple[int, int]]]) -> tuple[float, float]:
    m = _PLACE.fullmatch(rest[0][0]) if len(rest) == 1 else None
    if m is None:
        raise KnotError(*at, "one place x,y belongs here")
    return float(m[1]), float(m[2])


def _use(
    at: tuple[int, int], rest: list[tuple[str, tuple[int, int]]]
) -> tuple[str, tuple[float, float], float, tuple[int, int]]:
    if len(rest) not in (2, 3) or len(rest[0][0]) != 1:
        raise KnotError(*at, "use names one character, a place x,y and perhaps a scale")
    scale = _number(at, rest[2:]) if len(rest) == 3 else 1.0
    return rest[0][0], _place(rest[1][1], rest[1:2]), scale, rest[0][1]
