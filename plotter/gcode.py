"""G-code: a plan spelled for GRBL, other people's programs read, and the proof that a program is fit to be sent.

Spelled as GRBL 1.1 likes it best: absolute (a lost line mends itself at the next), millimetres, two decimals, no
blanks, no comments, LF only. The customer's words never get near it.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plotter.dialect import Unfit, Walk
from plotter.machine import Machine, ServoPen, ZPen
from plotter.pace import feeds
from plotter.plan import Toolpath
from plotter.program import Kind, Line, Point, Program, ProgramError
from plotter.strokes import Stroke, stroke

# How long a servo of unknown place, or without power before, may take to the lifted place, s.
FIRST_LIFT_S = 0.5
# Two decimals are right to half a hundredth; an edge may be missed by that and a rounding of it.
EDGE_MM = 0.0051


# ------------------------------------------------------------------ writing
def preamble(machine: Machine) -> tuple[str, ...]:
    """Modal words as every program wants them, then the pen up, the feed: right whatever the machine did before."""
    return ("G17G21G54G90G94", *lift(machine, settle_s=FIRST_LIFT_S), f"F{_number(machine.feed_mm_min)}")


# A line end that the wire loses or changes makes one line of two. `G0X1Y1` and `S700` would be a valid one that lowers
# the pen before the way: so a servo's words and what comes before them carry this, and GRBL refuses a word said twice.
_SEAL = "N0"
# GRBL 1.1 waits in steps of 50 ms and rounds up. So this waits a step, or two, whichever digit of it the wire may lose
# or change; as a single line, .1 turned into .0 would not wait at all. P comes first: of `G4P.05` one byte makes
# `G49.05`, which is valid and does not wait. And a bit makes no letter of a 2 that GRBL takes, but T of a 4.
_TICK, _TICK_S = "P.022G4", 0.05


def _wait(seconds: float) -> tuple[str, ...]:
    """Lines that wait for standstill and then so long, in steps of 50 ms; a long wait is one line."""
    ticks = round(seconds / _TICK_S)
    return (_TICK,) * ticks or ("G4P0",) if ticks < 6 else (f"P{_number(seconds)}G4",)


def lift(machine: Machine, *, settle_s: float | None = None) -> tuple[str, ...]:
    """The pen up, from any place and modal state but units and frame; the last line's `ok` proves that it is."""
    pen = machine.pen
    if isinstance(pen, ServoPen):
        return f"M3S{pen.up_s}{_SEAL}", *_wait(pen.up_settle_s if settle_s is None else settle_s)
    return _height(pen.up_mm), "G4P0"


def lower(machine: Machine) -> tuple[str, ...]:
    """The pen down, after `lift` has said the modes; the last line's `ok` proves that it is."""
    pen = machine.pen
    if isinstance(pen, ServoPen):
        return f"S{pen.down_s}{_SEAL}", *_wait(pen.down_settle_s)
    return _height(pen.down_mm), "G4P0"


def raise_by_its_height(machine: Machine) -> tuple[str, ...]:
    """The pen up on a machine that has lost its position: a Z pen rises by its lift from wherever it is."""
    pen = machine.pen
    if isinstance(pen, ServoPen):
        return "G17G21G90G94", *lift(machine, settle_s=FIRST_LIFT_S)
    return "G17G21G91G94", _height(pen.up_mm - pen.down_mm), "G90", "G4P0"


def write_move(to: Point) -> str:
    """A rapid in a straight line; the pen must be up."""
    return f"G0X{to[0]:.2f}Y{to[1]:.2f}"


Places = NDArray[np.int64]
"""Points in hundredths of a mm, (n, 2): what two decimals can tell."""


@dataclass(frozen=True)
class Ink:
    """How ink is spelled: `pieces` gives for each straight piece, by where they all begin and end and which are the
    first of a stroke, the lines that draw it; those first ones begin with `word`."""

    word: str
    pieces: Callable[[Places, Places, NDArray[np.bool_]], list[list[str]]]


STRAIGHT = Ink("G1", lambda _, ends, __: [[text] for text in spelled(ends)])


def spelled(places: Places) -> list[str]:
    """`X..Y..` for each place."""
    return ["X%.2fY%.2f" % (x, y) for x, y in (places / 100).tolist()]  # noqa: UP031 (twice as fast)


def write(toolpath: Toolpath, *, first_stroke: int = 0, ink: Ink = STRAIGHT) -> Program:
    """Spell a plan. With `first_stroke` it goes on with that stroke: same numbers of strokes, full preamble.

    Raises ValueError unless 0 <= first_stroke <= the number of strokes.
    """
    if not 0 <= first_stroke <= len(toolpath.strokes):
        raise ValueError(f"there are {len(toolpath.strokes)} strokes; cannot begin with stroke {first_stroke}")
    machine, pen = toolpath.machine, toolpath.machine.pen
    lines = [Line(text, -1, "setup") for text in preamble(machine)]
    places, first = _places(toolpath.strokes[first_stroke:])
    last = np.roll(first, -1)
    starts = spelled(places[first])
    pieces = np.flatnonzero(last) - np.flatnonzero(first)
    drawn = iter(ink.pieces(places[~last], places[~first], first[~last]))
    hop, seal = False, _SEAL if isinstance(pen, ServoPen) else ""
    for k, (start, count) in enumerate(zip(starts, pieces.tolist(), strict=True), start=first_stroke):
        one, word = toolpath.strokes[k], ink.word
        lines.append(Line(f"G0{start}{seal}", k, "travel"))
        lines += [Line(text, k, "down") for text in _down(pen, hop=hop)]
        for feed in _paced(one, machine) if machine.pace == "hand" else ("",) * count:
            begin, *more = next(drawn)
            lines.append(Line(f"{word}{begin}{feed}", k, "draw"))
            lines += [Line(text, k, "draw") for text in more]
            word = ""
        lines[-1] = lines[-1]._replace(text=lines[-1].text + seal)
        following = toolpath.strokes[k + 1 : k + 2]
        hop = bool(following) and pen.hops(math.dist(one[-1], following[0][0]))
        lines += [Line(text, k, "up") for text in _up(pen, hop=hop)]
    (park,), _ = _places([np.array([toolpath.park])])
    lines.append(Line("G0" + spelled(park[None])[0], len(toolpath.strokes) - 1, "park"))
    x, y = (park / 100).tolist()
    return Program.of(lines, (x, y), first_stroke, walk=Walk)


def _down(pen: ServoPen | ZPen, *, hop: bool) -> tuple[str, ...]:
    """The pen onto the paper, from the height of a hop or from the full one."""
    if isinstance(pen, ServoPen):
        return f"S{pen.down_s}{_SEAL}", *_wait(pen.hop_down_settle_s if hop else pen.down_settle_s)
    return (_height(pen.down_mm),)


def _up(pen: ServoPen | ZPen, *, hop: bool) -> tuple[str, ...]:
    """The pen off the paper; the last line's `ok` proves that the stroke is drawn."""
    if isinstance(pen, ServoPen):
        s, settle = (pen.hop_s, pen.hop_up_settle_s) if hop else (pen.up_s, pen.up_settle_s)
        return f"S{s}{_SEAL}", *_wait(settle)
    # The dwell of nothing makes GRBL finish all motion before its `ok`.
    return _height(pen.hop_mm if hop and pen.hop_mm is not None else pen.up_mm), "G4P0"


def _paced(one: Stroke, machine: Machine) -> list[str]:
    """The feed of each piece of a stroke as its word, empty where it stays."""
    rounded = np.rint(one * 100)
    apart = np.concatenate(([True], (np.diff(rounded, axis=0) != 0).any(axis=1)))
    told = feeds(one[apart], machine.feed_mm_min, min(machine.max_rate_mm_min[:2])).tolist()
    return [f"F{feed}" if feed != last else "" for feed, last in zip(told, [0, *told], strict=False)]


def _places(strokes: Sequence[Stroke]) -> tuple[Places, NDArray[np.bool_]]:
    """The points of all strokes that two decimals can tell from the one before, and which begin a stroke."""
    rounded = np.rint(np.concatenate([np.empty((0, 2)), *strokes]) * 100).astype(np.int64)
    first = np.zeros(len(rounded), dtype=bool)
    first[np.cumsum([0, *map(len, strokes)])[:-1]] = True
    apart = first.copy()
    apart[1:] |= (np.diff(rounded, axis=0) != 0).any(axis=1)
    return rounded[apart], first[apart]


def _height(mm: float) -> str:
    """A rapid to a height. The height comes first and has its point: with any one byte lost it is refused, or the same.

    Of `G0Z0` the wire makes `G00`, which is a valid line that leaves the pen where it is.
    """
    number = _number(mm)
    return f"Z{number if '.' in number else number + '.'}G0"


def _number(value: float) -> str:
    """At most three decimals, no trailing zeros, no exponent."""
    return f"{value:.3f}".rstrip("0").rstrip(".") if value else "0"


# ------------------------------------------------------------------ reading
class _Level(NamedTuple):
    """Where the pen's lift is: the Z height in mm, or the servo's command."""

    z: float | None
    s: float | None


def read(text: str) -> Program:
    """Somebody's program: comments, blanks and line endings go; what is left is told apart by what it does.

    Moves at the heights (Z, else S) that drawing happens at are drawing; the others are travel. Raises ProgramError
    for words that a pen has no use for, or when nothing tells pen up from pen down.
    """
    texts = list(_stripped(text))
    walk = Walk()
    drawn: set[_Level] = set()
    flown: set[_Level] = set()
    seen: list[tuple[_Level, tuple[Point, ...]]] = []
    for number, one in texts:
        _step(walk, number, one)
        level = _Level(walk.z, walk.s)
        seen.append((level, walk.points))
        if walk.points:
            (flown if walk.rapid else drawn).add(level)
    down = _down_levels({level for level, _ in seen}, drawn, flown)
    if not down:
        number, one = texts[-1] if texts else (1, "")
        raise ProgramError(number, one, "it draws nothing: there is no G1, G2 or G3 with the pen down")
    lines: list[Line] = []
    k, was_down, end = -1, False, (0.0, 0.0)
    approach: list[int] = []
    for (number, one), (level, points) in zip(texts, seen, strict=True):
        is_down = level in down
        if points and is_down != was_down:
            raise ProgramError(number, one, "it moves the pen up or down and sideways at once; take two lines")
        if is_down and not was_down:
            k += 1
            for at in approach:
                lines[at] = lines[at]._replace(stroke=k)
            kind: Kind = "down"
        elif was_down and not is_down:
            approach, kind = [], "up"
        elif points:
            kind = "draw" if is_down else "travel"
        else:
            # A line that moves nothing (a dwell, a feed) is of the kind of the one before it.
            kind = lines[-1].kind if lines else "setup"
        if kind == "travel":
            approach.append(len(lines))
        lines.append(Line(one, k, kind))
        was_down, end = is_down, points[-1] if points else end
    last = max(at for at, line in enumerate(lines) if line.stroke == k and line.kind in ("down", "draw", "up"))
    tail = [line._replace(kind="park") if line.kind == "travel" else line for line in lines[last + 1 :]]
    return Program.of((*lines[: last + 1], *tail), end, walk=Walk)


def _stripped(text: str) -> Iterator[tuple[int, str]]:
    """Line numbers and what GRBL would make of the lines: no comments, no blanks, capitals; empty lines left out."""
    for number, raw in enumerate(text.splitlines(), start=1):
        one, depth = "", 0
        for character in raw:
            if character == ";" and not depth:
                break
            if character == "(":
                depth = 1
            elif character == ")":
                depth = 0
            elif not depth and not character.isspace():
                one += character.upper()
        if one and one != "%":
            yield number, one


def _step(walk: Walk, number: int, text: str) -> None:
    try:
        walk.line(text)
    except Unfit as why:
        raise ProgramError(number, text, str(why)) from None


def _down_levels(seen: set[_Level], drawn: set[_Level], flown: set[_Level]) -> set[_Level]:
    """The levels at which the pen is down: those drawn at and never flown at; if it flies by G1 too, the lowest Z."""
    heights = {level.z for level in drawn | flown if level.z is not None}
    if len(heights) > 1 and drawn:
        lowest = min(level.z for level in drawn if level.z is not None)
        return {level for level in drawn if level.z == lowest}
    # A drawing of nothing but dots: it never moves with the pen down.
    return drawn - flown or seen - drawn - flown - {_Level(None, None)}


# ------------------------------------------------------------------ proof
def prove(program: Program, machine: Machine) -> None:
    """That every line may be sent to this machine: clean, understood, inside the bed, pen up on every travel.

    Raises ProgramError at the first line that may not.
    """
    walk = Walk()
    ups, down = _levels(machine)
    up = ups[0]
    width, height = machine.width_mm + EDGE_MM, machine.height_mm + EDGE_MM
    is_up: bool | None = None
    number, text = 0, ""
    for number, (text, kind) in enumerate(zip(program.texts, program.kinds, strict=True), start=1):
        level = walk.z if machine.pen.kind == "z" else walk.s
        was_up = is_up
        try:
            walk.line(text)
        except Unfit as why:
            raise ProgramError(number, text, str(why)) from None
        points = walk.points
        if walk.moved_z or walk.s is not None:
            now = _pen(walk, machine, number, text)
            if now != level:
                is_up = any(math.isclose(now, one, abs_tol=1e-6) for one in ups)
                if not is_up and not math.isclose(now, down, abs_tol=1e-6):
                    raise ProgramError(
                        number, text, f"{_named(now, machine)} is neither this pen's up ({up:g}) nor down ({down:g})"
                    )
        if points:
            for x, y in points:
                if not (-EDGE_MM <= x <= width and -EDGE_MM <= y <= height):
                    bed = f"0-{machine.width_mm:g} x 0-{machine.height_mm:g} mm"
                    raise ProgramError(number, text, f"it leads to ({x:.2f}, {y:.2f}), off the bed of {bed}")
            if is_up is None:
                raise ProgramError(number, text, "it moves before the pen has been lifted")
            if was_up != is_up:
                raise ProgramError(number, text, "it moves the pen up or down and sideways at once; take two lines")
            if kind != "draw" and not is_up:
                raise ProgramError(number, text, "it travels with the pen on the paper")
            if kind == "draw" and (is_up or walk.rapid):
                raise ProgramError(number, text, "it draws with the pen up, or at rapid speed (G0)")
        _kind_fits(number, text, kind, was_up, is_up)
    if not is_up:
        raise ProgramError(number, text, "it ends with the pen on the paper")
    if (level := walk.z if machine.pen.kind == "z" else walk.s) is None or not math.isclose(level, up, abs_tol=1e-6):
        raise ProgramError(number, text, f"it ends with the pen lifted for a hop only, not to {up:g}")
    if walk.x is None or walk.y is None or math.dist((walk.x, walk.y), program.end) > EDGE_MM:
        raise ProgramError(number, text, f"it does not end at {program.end}")


def _levels(machine: Machine) -> tuple[tuple[float, ...], float]:
    """Where the pen is up, the full height first, and where it is down."""
    pen = machine.pen
    if isinstance(pen, ServoPen):
        return (float(pen.up_s), *(() if pen.hop_s is None else (float(pen.hop_s),))), float(pen.down_s)
    return (pen.up_mm, *(() if pen.hop_mm is None else (pen.hop_mm,))), pen.down_mm


def _pen(walk: Walk, machine: Machine, number: int, text: str) -> float:
    """The lift's level after this line."""
    if machine.pen.kind == "z":
        if walk.s is not None:
            raise ProgramError(number, text, "this machine's pen is lifted by Z; S and M3 mean nothing to it")
        assert walk.z is not None
        return walk.z
    if walk.moved_z:
        raise ProgramError(number, text, "this machine's pen is lifted by S; it has no Z")
    assert walk.s is not None
    return walk.s


def _named(level: float, machine: Machine) -> str:
    return f"Z{level:g}" if machine.pen.kind == "z" else f"S{level:g}"


def _kind_fits(number: int, text: str, kind: Kind, was_up: bool | None, is_up: bool | None) -> None:
    """The kinds are what `stream` steers by, so they must be true."""
    if (kind == "up" and not is_up) or (kind == "down" and is_up is not False):
        raise ProgramError(number, text, f"it is said to be of kind '{kind}', and is not")
    if kind in ("setup", "travel", "park") and was_up is not None and is_up is False:
        raise ProgramError(number, text, "it lowers the pen outside a stroke")


# ------------------------------------------------------------------ what the ink will be
def strokes(program: Program) -> list[Stroke]:
    """The ink a program leaves, machine frame, mm; the first is stroke `program.first_stroke`."""
    drawn: list[list[Point]] = []
    at: Point = (0.0, 0.0)
    current = -1
    for number, kind, points in zip(program.stroke_of, program.kinds, program.way, strict=True):
        if kind in ("down", "draw") and number != current:
            current = number
            drawn.append([at])
        if points:
            at = points[-1]
            if kind == "draw":
                drawn[-1] += points
    return [stroke(points) for points in drawn]
