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
corners at its ends and `---` one that its neighbours flow into. The spline is that of J. D. Hobby, Smooth, Easy to
Compute Interpolating Splines (Discrete and Computational Geometry 1, 1986), as METAFONT runs it (D. E. Knuth, The
METAFONTbook, chapter 14).
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fonts.face import Face, Glyph, Join, Style
from plotter.strokes import Stroke, resample

# A piece that turns further than this between two knots is a loop that the drawer did not draw.
MOST_TURN_DEG = 215.0
_ANCHORS = ("top", "bottom", "ogonek", "horn")
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)"
_KNOT = re.compile(
    rf"(?P<x>{_NUMBER}),(?P<y>{_NUMBER})(?P<corner>!)?"
    rf"(?:@(?P<into>{_NUMBER})(?:/(?P<out>{_NUMBER}))?)?(?:~(?P<t0>{_NUMBER})(?:/(?P<t1>{_NUMBER}))?)?"
)
_PLACE = re.compile(rf"({_NUMBER}),({_NUMBER})")


Array = NDArray[np.float64]


class KnotError(ValueError):
    """What is wrong in the text of a face, with the line and column (from 1) where it is."""

    def __init__(self, line: int, column: int, why: str) -> None:
        super().__init__(f"line {line}, column {column}: {why}")
        self.line, self.column, self.why = line, column, why


@dataclass(frozen=True)
class Knot:
    """A point the pen runs through, and how; angles in degrees, `line` says what leads to the next knot."""

    x: float
    y: float
    corner: bool = False
    into: float | None = None
    out: float | None = None
    tension: tuple[float, float] = (1.0, 1.0)
    line: str = ""
    at: tuple[int, int] = (0, 0)

    @property
    def sharp(self) -> bool:
        """Whether the pen changes its way here at once."""
        return self.corner or self.into != self.out


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


def load(text: str, *, step: float = 0.035) -> Face:
    """The face that `text` draws, its strokes smooth and dense (`step` x-heights); raises KnotError."""
    drawing = parse(text)
    wide, lean = drawing.numbers.get("wide", 1.0), math.tan(math.radians(drawing.numbers.get("lean", 0.0)))
    forms = drawing.forms
    inks = iter(solve([one for form in forms for one in (*form.pen, *form.late)], step))
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
        **{_METRICS[key]: value for key, value in drawing.numbers.items() if key in _METRICS},
    )


def solve(strokes: Sequence[Sequence[Knot]], step: float) -> list[Stroke]:
    """Each stroke's knots as a dense curve, points `step` apart at most; a single knot is a dot; raises KnotError."""
    pieces = [list(_pieces(one)) for one in strokes]
    beziers = _hobby([piece for some in pieces for piece in some])
    ink: list[Stroke] = []
    taken = 0
    for one, some in zip(strokes, pieces, strict=True):
        if not some:
            ink.append(np.array([[one[0].x, one[0].y]]))
            continue
        runs: list[list[Stroke]] = [[]]
        for piece in some:
            runs[-1].append(beziers[taken])
            taken += 1
            if piece.knots[-1].sharp:
                runs.append([])
        curves = [resample(np.concatenate(run), step) for run in runs if run]
        ink.append(np.concatenate([curves[0], *(curve[1:] for curve in curves[1:])]))
    return ink


@dataclass(frozen=True)
class _Piece:
    """Knots of one system of Hobby's equations; angles in radians, None where the end is free (curl 1)."""

    knots: Sequence[Knot]
    start: float | None
    end: float | None


def _pieces(knots: Sequence[Knot]) -> Iterator[_Piece]:
    """A stroke cut at corners, at given directions and at straight lines."""
    first = 0
    count = len(knots)
    ways = [(k.into, k.out) for k in knots]
    for n, (a, b) in enumerate(pairwise(knots)):
        if a.line == "---":
            along = math.degrees(math.atan2(b.y - a.y, b.x - a.x))
            into, out = ways[n]
            ways[n] = (into if into is not None or a.corner else along, along)
            into, out = ways[n + 1]
            ways[n + 1] = (along, out if out is not None or b.corner else along)
    for n in range(1, count):
        lined = bool(knots[n - 1].line)
        if lined or n == count - 1 or knots[n].corner or knots[n].line or ways[n] != (None, None):
            start = None if lined else _radians(ways[first][1])
            yield _Piece(knots[first : n + 1], start, None if lined else _radians(ways[n][0]))
            first = n


def _radians(degrees: float | None) -> float | None:
    return None if degrees is None else math.radians(degrees)


def _hobby(pieces: Sequence[_Piece]) -> list[Stroke]:
    """Points of the curve through each piece, all pieces of one length solved at once.

    z knots, d chords between them, psi the turn of the chords at a knot, theta the angle from chord to curve where
    it leaves a knot, phi the same where it comes in (theta + phi + psi = 0), alpha and beta one over the tensions
    where a chord begins and ends. One equation a knot: the mock curvature is the same on both sides; at a free end
    it is that of the next knot; else theta is given.
    """
    points: list[Stroke] = [np.empty((0, 2))] * len(pieces)
    for n in sorted({len(piece.knots) for piece in pieces}):
        rows = [k for k, piece in enumerate(pieces) if len(piece.knots) == n]
        some = [pieces[k] for k in rows]
        z = np.array([[complex(k.x, k.y) for k in piece.knots] for piece in some])
        tension = np.array([[k.tension for k in piece.knots[:-1]] for piece in some])
        alpha, beta = 1.0 / tension[:, :, 0], 1.0 / tension[:, :, 1]
        start = np.array([np.nan if piece.start is None else piece.start for piece in some])
        end = np.array([np.nan if piece.end is None else piece.end for piece in some])
        theta, phi = _angles(z, alpha, beta, start, end)
        turn = np.degrees(np.abs(theta + phi))
        if (turn > MOST_TURN_DEG).any():
            row, at = np.argwhere(turn > MOST_TURN_DEG)[0]
            raise KnotError(
                some[row].knots[at].at[0],
                some[row].knots[at].at[1],
                f"the curve turns {turn[row, at]:.0f} degrees before the next knot: add a knot or a corner",
            )
        chord = np.diff(z, axis=1)
        u = z[:, :-1] + np.exp(1j * theta) * chord * _reach(theta, phi) * alpha
        v = z[:, 1:] - np.exp(-1j * phi) * chord * _reach(phi, theta) * beta
        t = np.linspace(0.0, 1.0, 25)[1:]
        curve = (
            (1 - t) ** 3 * z[:, :-1, None]
            + 3 * t * (1 - t) ** 2 * u[:, :, None]
            + 3 * t**2 * (1 - t) * v[:, :, None]
            + t**3 * z[:, 1:, None]
        ).reshape(len(rows), -1)
        curve = np.concatenate((z[:, :1], curve), axis=1)
        for row, k in enumerate(rows):
            points[k] = np.column_stack((curve[row].real, curve[row].imag))
    return points


def _angles(z: NDArray[np.complex128], alpha: Array, beta: Array, start: Array, end: Array) -> tuple[Array, Array]:
    """theta and phi of every chord, shape (pieces, knots - 1)."""
    m, n = z.shape
    chord = np.diff(z, axis=1)
    d, way = np.abs(chord), np.angle(chord)
    psi = np.zeros((m, n))
    psi[:, 1:-1] = np.angle(chord[:, 1:] / chord[:, :-1])
    matrix, right = np.zeros((m, n, n)), np.zeros((m, n))
    inner = np.arange(1, n - 1)
    a0, b0, d0 = alpha[:, :-1], beta[:, :-1], d[:, :-1]
    a1, b1, d1 = alpha[:, 1:], beta[:, 1:], d[:, 1:]
    before, here = a0 / (b0**2 * d0), (3 - a0) / (b0**2 * d0)
    after, beyond = (3 - b1) / (a1**2 * d1), b1 / (a1**2 * d1)
    matrix[:, inner, inner - 1], matrix[:, inner, inner] = before, here + after
    matrix[:, inner, inner + 1] = beyond
    right[:, 1:-1] = -here * psi[:, 1:-1] - beyond * psi[:, 2:]
    a, b = alpha[:, 0], beta[:, 0]
    free = np.isnan(start)
    pull = b / a**2 + (3 - a) / b**2
    matrix[:, 0, 0] = np.where(free, (3 - b) / a**2 + a / b**2, 1.0)
    matrix[:, 0, 1] = np.where(free, pull, 0.0)
    right[:, 0] = np.where(free, -pull * psi[:, 1], _turned(np.nan_to_num(start) - way[:, 0]))
    a, b = alpha[:, -1], beta[:, -1]
    free_end = np.isnan(end)
    matrix[:, -1, -1] = np.where(free_end, (3 - a) / b**2 + b / a**2, 1.0)
    matrix[:, -1, -2] = np.where(free_end, a / b**2 + (3 - b) / a**2, 0.0)
    right[:, -1] = np.where(free_end, 0.0, _turned(np.nan_to_num(end) - way[:, -1]))
    if n == 2:  # two free ends leave the slope open: METAFONT draws a straight line
        straight = free & free_end
        matrix[straight] = np.eye(2)
        right[straight] = 0.0
    theta: Array = np.asarray(np.linalg.solve(matrix, right[:, :, None])[:, :, 0], dtype=np.float64)
    phi: Array = np.negative(psi + theta)
    return theta[:, :-1], phi[:, 1:]


def _turned(angle: Array) -> Array:
    """The angle within half a turn of zero."""
    return np.asarray(np.angle(np.exp(1j * angle)), dtype=np.float64)


def _reach(theta: Array, phi: Array) -> Array:
    """Hobby's velocity function over three: how far along the chord a control point lies; 4 at most, as in METAFONT."""
    st, ct, sp, cp = np.sin(theta), np.cos(theta), np.sin(phi), np.cos(phi)
    above = 2 + math.sqrt(2) * (st - sp / 16) * (sp - st / 16) * (ct - cp)
    below = 3 * (1 + 0.5 * (math.sqrt(5) - 1) * ct + 0.5 * (3 - math.sqrt(5)) * cp)
    reach: Array = np.clip(np.divide(above, below), 0.0, 4.0)
    return reach


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
