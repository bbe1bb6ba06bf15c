"""Armour: ink spelled so that GRBL itself refuses what the wire has changed.

A UART has no checksum, and a digit lost in `X12.34Y56.78` is a valid line to another place. But of an arc GRBL checks
that its end lies as far from the centre as its beginning (error:33 beyond 0.005 mm and 0.1 %). So each short straight
piece is spelled as the flat arc over it: a bow of less than 0.01 mm, which GRBL draws as one straight move ($12), and
whose end cannot be wrong by more than 0.1 mm without an error. Nor can the next line's beginning: a piece left out
makes the one after it refuse, too, so that nothing wrong is drawn after an error either.
"""

import math
from dataclasses import replace

from plotter.program import Line, Point, Program

# GRBL 1.1 `gc_execute_line`: radii that differ by less pass.
RADII_MM = 0.005
# `mc_arc` cuts an arc of length c and radius r into floor(c / 2 / sqrt(2 r t)) chords, t = $12 = 0.002 mm: one, as long
# as r > c^2 / (32 t). A little more, for the roundings.
_FLAT = 1.15 / (32 * 0.002)
# A wrong end e along the piece changes its radius by e c / 2r: it is refused from e = 2 r RADII_MM / c on. With the
# radius above that is 0.09 mm for pieces of this length, and less for shorter ones.
LONGEST_MM = 0.5
# The centre has two decimals, as the ends have: of a smaller circle the roundings alone would be refused.
_SMALLEST_MM = 0.5


def armoured(program: Program) -> Program:
    """The same way, its straight ink in arcs of at most 0.5 mm. Lines that are not `X..Y..` alone stay as they are."""
    lines: list[Line] = []
    at: Point | None = None
    arc = False
    for line, points in zip(program.lines, program.way, strict=True):
        if line.kind != "draw":
            arc = False
        pieces = _pieces(line.text, at, points) if line.kind == "draw" and len(points) == 1 and at else None
        if pieces:
            word = "" if arc else "G2"
            lines += [line._replace(text=(word if not n else "") + text) for n, text in enumerate(pieces)]
            arc = True
        elif line.kind == "draw" and arc and points and not line.text.startswith("G"):
            lines.append(line._replace(text=f"G1{line.text}"))
            arc = False
        else:
            lines.append(line)
        at = points[-1] if points else at
    return replace(program, lines=tuple(lines))


def _pieces(text: str, start: Point, points: tuple[Point, ...]) -> list[str] | None:
    """The arcs over a straight piece, without their G; None when the line is not one."""
    body = text.removeprefix("G1")
    place, _, feed = body.partition("F")
    if not place.startswith("X") or "Y" not in place or place.strip("XY-.0123456789"):
        return None
    (end,) = points
    count = max(1, math.ceil(math.dist(start, end) / LONGEST_MM))
    said, here = [], (round(start[0], 2), round(start[1], 2))
    for n in range(1, count + 1):
        share = n / count
        there = (
            round(start[0] + share * (end[0] - start[0]), 2),
            round(start[1] + share * (end[1] - start[1]), 2),
        )
        if there == here:
            continue
        i, j = _centre(there[0] - here[0], there[1] - here[1])
        said.append(f"X{there[0]:.2f}Y{there[1]:.2f}I{_short(i)}J{_short(j)}")
        here = there
    if said and feed:
        said[0] += f"F{feed}"
    return said


def _centre(dx: float, dy: float) -> Point:
    """From a piece's beginning to the centre of its arc, clockwise, in hundredths: of those near the best circle's the
    one that is most nearly as far from the end."""
    chord = math.hypot(dx, dy)
    radius = max(_SMALLEST_MM, _FLAT * chord * chord)
    height = math.sqrt(radius * radius - chord * chord / 4)
    x, y = dx / 2 + dy / chord * height, dy / 2 - dx / chord * height
    near = [(round(x + a / 100, 2), round(y + b / 100, 2)) for a in (0, -1, 1) for b in (0, -1, 1)]
    return min(near, key=lambda c: abs(math.hypot(*c) - math.hypot(c[0] - dx, c[1] - dy)))


def _short(value: float) -> str:
    """Two decimals at most, and nothing that GRBL does not need."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text
