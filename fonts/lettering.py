"""The face `hershey-sans`: Dr Hershey's plain letters (`futural`) with the strokes, feet and gaps of one who prints.

Coordinates are the font's: base line y = 9, x-height y = -5, capitals y = -12, y down.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fonts.face import Face, Glyph
from fonts.hershey import acknowledgement, dot_tick, glyphs_of, points_of
from fonts.spline import through
from plotter.strokes import Stroke

_BASE, _UNIT = 9.0, 14.0
_ABOVE, _BELOW = (
    1.8,
    1.75,
)  # parts beyond the body, of their drawn length: 1.9 and -.88 as people write, not 1.5 and -.5
_NARROW, _CAPITAL, _DIGIT = 0.95, 0.8, 0.8
_LEAN = 0.05
_RARE = 0.22  # of alternates: people use their main form nine times in ten

Way = Sequence[tuple[float, float]]

# Letters whose strokes people put otherwise than the font: a line a form, the main one first, strokes apart by /.
_OWN = """
f 10.4,-11.2 8.4,-12 6,-10.8 5.1,-7 4.8,9.4
f 9,-11.6 6.6,-11.4 5.4,-8 5.2,8.4
i 4,-5 3.9,9
i 4,-4.6 4,6 4.8,8.6 6.6,8.2
j 6,-5 6,12 5,15 3,16 1,15.6
j 6,-5 5.8,13 4.4,15.6 2,15
k 4,-12 4,9 / 14,-5 5,3.6 7.6,2.2 15,9.2
k 4,-12 4.2,9 / 13,-4.4 4.6,4.4 / 7.6,2.4 14,8.6
l 4,-12 3.9,9
l 4,-11.6 4,6 5,8.8 7,8.2
o 10.6,-4.9 8,-5 5.6,-3.8 3.6,-0.6 3.2,3.4 5,7.6 8.6,9 12.6,7.8 15.4,4 15.6,0 13.8,-3.4 11.4,-4.4 9.8,-3.9
o 12.4,-4 8.6,-5.2 5,-3 3,1.6 4.6,7 8.6,9.2 13.4,7 15.6,2 14.4,-2.2 12.8,-3
t 5,-10.4 5,5 6,8 8,9 10.4,8.4
t 5.4,-9.6 5,9.2
u 4,-5 4,4.4 5,7.8 7.6,9 10.6,8 13.6,4.6 15,-5 15,9
u 4,-4.6 4,4 5.4,8.2 8,9 12,7 14.6,2 15,-5 15.2,6 16.6,8.6
v 2,-5 8,9 14,-5
v 2.4,-5 7,7.4 8.2,8.8 9.4,7 13.6,-5.4
w 3,-5 7,9 11,-4.2 15,9 19,-5
w 3,-4.6 6,7.6 7.4,8.6 11,-3 14,7.6 15.4,8.6 19,-5.4
x 3,-5 14,9 / 14,-5 3,9
x 3,-4.4 8,2 14.4,8.6 / 13.4,-5 8.8,1.6 2.6,8.8
y 2,-5 7.6,7.6 / 14,-5 8.2,9 6,13 4,15 1.4,15.6
y 2.4,-5 7.4,6.6 / 13.6,-5 5,16
z 3,-5 14,-5 3,9 14,8.8
z 3.4,-4.6 13.4,-5.2 3,8.6 8,8.2 14.4,9.2
A 1,9 9,-12 17,9 / 4,2.4 14.4,1.8
A 9,-12 1.4,9.4 / 8.6,-11.4 17,8.8 / 3.4,2.8 15,2
E 4,-12 4,9 16.4,9 / 3.2,-11.7 16.6,-12 / 3.4,-1.8 12,-2.2
E 16,-11.6 4.6,-12 4,8.8 16.6,8.8 / 5,-1.6 12.4,-2.4
F 4,-12 4,9 / 3.2,-11.6 16.4,-12 / 3.5,-1.8 12,-2.2
F 16,-12 4.4,-11.8 4,9.2 / 4.8,-2 12.4,-2.6
H 4,-12 4,9 / 18,-12 18,9 / 3.2,-1.6 18.8,-2.2
H 4.2,-11.4 3.8,9.4 / 3.4,-1 17.4,-2.4 / 18,-12 18.2,8.6
I 4,-12 4,9 / 0.6,-11.8 7.6,-12 / 0.4,9 7.8,8.8
I 4.2,-12 3.8,9
K 4,-12 4,9 / 17.4,-12 5,1 8,-1.4 18,9
K 4,-11.4 4.2,9.4 / 17,-11 4.8,1.6 / 8.6,-1.6 17.6,9
L 4,-12 4,9 16,8.8
L 4.2,-12 3.8,7.4 5,9 15,8.2
M 4,9 4,-12 12,8.4 20,-12 20,9
M 4,-12 3.6,9 / 4.6,-11.4 12,6 19.6,-12 20.4,9
N 4,9 4,-12 18,9 18,-12
N 4,-12 3.8,9 / 4.6,-11.6 17.6,8.8 18.2,-12.4
T 1,-12 15.4,-11.8 / 8,-12.4 8,9
T 8.2,-11.4 7.8,9 / 0.6,-11.6 15.6,-12.2
V 1,-12 9,9 17,-12
V 1.4,-12 8,7.4 9.2,8.8 10.4,6.8 17,-12.4
W 2,-12 7,9 12,-11 17,9 22,-12
W 2.4,-12 6.6,8.6 12,-5 17,8.8 21.6,-12.4
X 3,-12 17,9 / 17,-12 3,9
X 3.4,-11.4 10,-1.4 17.4,8.6 / 16.6,-12 2.6,9.2
Y 1,-12 8.6,-1.6 / 17,-12 9,-1.2 8.6,9
Y 1.6,-12 8.8,-2.4 / 16.6,-12 5,9.2
Z 3,-12 17,-12 3,9 17,8.8
Z 3.4,-11.6 16.6,-12.2 3,8.8 16.8,9 / 6.4,-1.4 13.6,-2
1 6,-8 9,-10.4 11,-12 10.9,9
1 10.6,-12 10.4,9.2
4 12.6,-12 3,2 18,1.8 / 13.2,-5 13,9
4 6,-12 4.6,1.4 17,1 / 13.6,-9 13,9.2
7 3,-12 17,-12 7,9
7 3.4,-11.4 16.6,-12.2 8,9 / 6.6,-1.4 14.6,-2
"""
_BARS: Mapping[str, tuple[Way, Way]] = {
    "t": (((1.6, -4.8), (9.6, -5.2)), ((2.2, -4.2), (9, -5))),
    "f": (((1.6, -4.6), (9.4, -5)), ((2, -3.6), (9.4, -4.6))),
}
_FIRST_BOWL, _FIRST_STEM = "adgq", "bhmnpr"


def sans() -> Face:
    """Plain letters: one stroke where people make one, bowls that stay open, dots that are ticks, two forms each."""
    raw = {char: points_of(glyph) for char, glyph in glyphs_of("futural").items()}
    advance = {char: float(glyph.char_width) for char, glyph in glyphs_of("futural").items()}
    glyphs: dict[str, tuple[Glyph, ...]] = {}
    for char in map(chr, range(ord("a"), ord("z") + 1)):
        glyphs[char] = _forms(char, _ways(char, raw[char]), advance[char], _NARROW)
    for char in map(chr, range(ord("A"), ord("Z") + 1)):
        glyphs[char] = _forms(char, _ways(char, raw[char]), advance[char], _CAPITAL)
    for char in "0123456789":
        glyphs[char] = _forms(char, _ways(char, raw[char]), advance[char], _DIGIT)
    for char in "!?&()/+=%#*<>_|\\-":
        if char in raw:
            glyphs[char] = (Glyph(strokes=_drawn(raw[char], _DIGIT), advance=advance[char] / _UNIT * _DIGIT),)
    glyphs |= _points()
    return Face(
        name="hershey-sans",
        title="Plain capitals and small letters after Dr Hershey",
        glyphs=glyphs,
        style="print",
        ascender=1 + 0.5 * _ABOVE,
        descender=-0.5 * _BELOW,
        cap_height=1 + 0.5 * _ABOVE,
        word_space=0.95,
        slant_deg=3.0,
        acknowledgement=acknowledgement(),
    )


def _ways(char: str, raw: list[list[tuple[float, float]]]) -> tuple[tuple[Way, ...], ...]:
    """The strokes of a character's two forms."""
    if own := _own(char):
        return own
    if char in _FIRST_BOWL:  # round the bowl, up the stem, and down it
        stem, bowl = raw
        top = stem[0]
        return (
            ((*bowl[1:-1], (14.2, 6.4), (15.0, top[1]), *stem[1:]),),
            (((12.4, -3.6), *bowl[3:-2], (12.6, 7.6), (15.2, 3.4), (14.8, top[1] + 0.6), *stem[1:]),),
        )
    if char in _FIRST_STEM:  # down the stem, up again and away; or with a lift
        stem, *arches = raw
        closed = [arch[:-1] if char in "bp" else arch for arch in arches]
        apart = [[(arch[0][0] + 0.9, arch[0][1] - 0.5), *arch[1:]] for arch in closed[:1]]
        second = [*apart[0], *(point for arch in closed[1:] for point in arch)]
        return (
            ((*stem, *(point for arch in closed for point in arch)),),
            (tuple(stem), tuple(second)),
        )
    if char in "BDPR":
        stem, *bowls = raw
        bowl = [
            (x, y) for k, one in enumerate(bowls[: 2 if char == "B" else 1]) for x, y in (one if k == 0 else one[1:])
        ]
        bowl = [(3.0, bowl[0][1] + 0.3), *bowl[1:-1], (bowl[-1][0] + 0.9, bowl[-1][1] - 0.2)]
        leg = [(10.4, -1.6), (18.0, 9.2)] if char == "R" else []
        return ((tuple(stem), (*bowl, *leg)), ((*stem, (4.2, stem[0][1] + 0.6), *bowl[1:-1], *leg),))
    if char in "OQ":
        ring = raw[0]
        opened = (*[(x + 0.6, y) for x, y in ring[:1]], *ring[1:-2], (ring[-2][0] - 0.6, ring[-2][1] + 0.8))
        wider = (*ring[1:-1], (ring[0][0] - 0.4, ring[0][1] + 0.9))
        return ((opened, *map(tuple, raw[1:])), (wider, *map(tuple, raw[1:])))
    if char == "G":
        round_it, bar = raw
        return ((tuple(round_it), (bar[0], (18.6, 1.0))), ((*round_it[1:], bar[0]),))
    if char == "e":
        (one,) = raw
        return (((4.2, 1.5), *one[1:8], *one[8:]),), (((5.0, 1.2), (14.6, 0.4), *one[3:-1]),)
    if char in "08":
        (ring,) = raw
        return ((*ring[:-1], (ring[-1][0] + 1.2, ring[-1][1] + 0.7)),), ((ring[1], *ring[2:-1], ring[-1]),)
    one, *rest = raw
    short = len(one) > 6 and abs(one[1][0] - one[0][0]) + abs(one[1][1] - one[0][1]) < 6
    return (tuple(one), *map(tuple, rest)), (tuple(one[1:] if short else one), *map(tuple, rest))


def _own(char: str) -> tuple[tuple[Way, ...], ...]:
    """The forms of a character in _OWN."""
    lines = (line.partition(" ") for line in _OWN.strip().splitlines())
    drawn = [rest.split("/") for name, _, rest in lines if name == char]
    return tuple(tuple(tuple(map(_knot, way.split())) for way in form) for form in drawn)


def _knot(text: str) -> tuple[float, float]:
    x, _, y = text.partition(",")
    return float(x), float(y)


def _upright(points: Way, width: float) -> Stroke:
    """Font units -> x-heights, y up, ascenders and descenders as long as people's, a little lean."""
    p = np.asarray(points, dtype=np.float64)
    x, y = p[:, 0] / _UNIT * width, (_BASE - p[:, 1]) / _UNIT
    y = np.where(y > 1, 1 + (y - 1) * _ABOVE, np.where(y < 0, y * _BELOW, y))
    return np.column_stack((x + _LEAN * y, y))


def _forms(char: str, ways: tuple[tuple[Way, ...], ...], advance: float, width: float) -> tuple[Glyph, ...]:
    forms = []
    for k, strokes in enumerate(ways):
        late: tuple[Stroke, ...] = ()
        if char in "ij":
            late = (dot_tick(_upright([((4.2, 6.2)[char == "j"] + 0.5 * k, -9.6 + 0.5 * k)], width)),)
        elif char in _BARS:
            late = (through(_upright(_BARS[char][k], width)),)
        forms.append(
            Glyph(
                strokes=tuple(through(_upright(one, width)) for one in strokes),
                late=late,
                advance=advance / _UNIT * width,
                weight=_RARE if k else 1.0,
            )
        )
    return tuple(forms)


def _drawn(raw: list[list[tuple[float, float]]], width: float) -> tuple[Stroke, ...]:
    """Strokes as the font has them; its diamonds become ticks."""
    strokes = []
    for one in raw:
        line = _upright(one, width)
        small = len(one) == 5 and one[0] == one[-1] and float(np.ptp(line, axis=0).max()) < 0.4
        strokes.append(dot_tick(line) if small else through(line))
    return tuple(strokes)


def _points() -> dict[str, tuple[Glyph, ...]]:
    """Stops and quotes: the font hangs them high and makes them of diamonds."""
    dot, high = dot_tick(np.array([[0.2, 0.05]])), dot_tick(np.array([[0.24, 0.68]]))
    tail = through([(0.24, 0.1), (0.25, -0.05), (0.1, -0.3)])
    quote = [through([(0.24 + dx, 1.85), (0.22 + dx, 1.7), (0.17 + dx, 1.45)]) for dx in (0.0, 0.26)]
    parts: Mapping[str, tuple[Any, ...]] = {
        ".": (dot,), ",": (tail,), ":": (high, dot), ";": (high, tail), "'": (quote[0],), '"': tuple(quote)
    }  # fmt: skip
    return {char: (Glyph(strokes=strokes, advance=0.7 if char == '"' else 0.5),) for char, strokes in parts.items()}
