"""What a line of G-code means to GRBL 1.1: modal state, units, offsets, targets, and every way of being wrong.

A port of the rules (not the code) of gnea/grbl `gcode.c`, in its order of checks, so that the error number is GRBL's.
Shared by the simulator, the proof of a program, and the time estimate.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from plotter.arc import Point, chords
from plotter.words import ERRORS, Block, GcodeError, Modes, clean

__all__ = ["ERRORS", "Action", "GcodeError", "Interpreter", "Memory", "Motion", "Point"]

MM_PER_INCH = 25.4
MAX_LINE_NUMBER = 10_000_000


class Motion(NamedTuple):
    """A straight line to `target` (mm, machine coordinates) at `feed_mm_min`, None for a rapid."""

    target: Point
    feed_mm_min: float | None


class Dwell(NamedTuple):
    """Wait for standstill, then for `seconds`."""

    seconds: float


class Spindle(NamedTuple):
    """Wait for standstill, then set the PWM: `direction` 3 or 4, or 5 for off; `s` as programmed."""

    direction: int
    s: float


class Coolant(NamedTuple):
    """Wait for standstill, then switch the coolant pin."""

    on: bool


class Store(NamedTuple):
    """Wait for standstill, then write a place into EEPROM: "G54" to "G59", "G28", "G30"; deaf meanwhile."""

    place: str
    value: Point
    changed: bool  # GRBL writes only the bytes that differ


class Offsets(NamedTuple):
    """The work offset may have changed: the next report says it."""


class Probe(NamedTuple):
    """Move toward (or away from) the probe; `strict` alarms when nothing was touched."""

    target: Point
    feed_mm_min: float
    strict: bool


class Pause(NamedTuple):
    """M0: wait for standstill, then hold."""


class End(NamedTuple):
    """M2, M30: wait for standstill, then PWM and coolant off, `[MSG:Pgm End]`."""


Action = Motion | Dwell | Spindle | Coolant | Store | Offsets | Probe | Pause | End


def _places() -> dict[str, Point]:
    return dict.fromkeys(("G54", "G55", "G56", "G57", "G58", "G59", "G28", "G30"), (0.0, 0.0, 0.0))


@dataclass
class Memory:
    """What survives a reset: coordinate systems and predefined places in EEPROM, in machine mm."""

    places: dict[str, Point] = field(default_factory=_places)


# What nearly every line of a drawing is made of.
_N = r"(-?(?:\d{1,4}(?:\.\d{0,4})?|\.\d{1,4}))"
_F = r"(?:F(\d{1,5}(?:\.\d{0,3})?))?(?:N\d{1,5})?"
_MOVE = re.compile(rf"(?:G([01]))?(?:X{_N})?(?:Y{_N})?(?:Z{_N})?{_F}", re.ASCII)
_ARC = re.compile(rf"(?:G([23]))?X{_N}Y{_N}I{_N}J{_N}{_F}", re.ASCII)
_P = r"P(\d{1,4}(?:\.\d{0,4})?|\.\d{1,4})"
_WAIT = re.compile(rf"(?:G4{_P}|{_P}G4)(?:N\d{{1,5}})?", re.ASCII)
_S = re.compile(r"S(\d{1,4})(?:N\d{1,5})?", re.ASCII)
_PLANES = {17: (0, 1), 18: (2, 0), 19: (1, 2)}


class Interpreter:
    """G-code to actions, line by line, with GRBL's modal state. `memory` outlives a reset, all else does not."""

    def __init__(self, *, arc_tolerance_mm: float = 0.002, memory: Memory | None = None) -> None:
        self.memory = memory if memory is not None else Memory()
        self.arc_tolerance_mm = arc_tolerance_mm  # $12
        self.reset((0.0, 0.0, 0.0))

    def reset(self, position: Point) -> None:
        """All modes to default, standing at `position` (machine mm)."""
        self.modes = Modes()
        self.modes.position = position
        self._settle()

    def sync(self, position: Point) -> None:
        """The machine stands elsewhere than commanded (cancelled jog, probe): take that as the position."""
        self.modes.position = position

    @property
    def position(self) -> Point:
        """Where the last motion ends, machine mm."""
        return self.modes.position

    @property
    def offset(self) -> Point:
        """WCO: machine coordinates minus work coordinates."""
        return self._offset

    def line(self, text: str) -> tuple[Action, ...]:
        """What a line of G-code makes the machine do; raises GcodeError and leaves the state as it was."""
        if self._plain and (actions := self._short(text)) is not None:
            return actions
        return self._long(clean(text), jog=False)

    def _short(self, text: str) -> tuple[Action, ...] | None:
        """The short road for what nearly every line of a drawing is; the long one, for those left (None), gives the
        same. Raises GcodeError.
        """
        if found := _ARC.fullmatch(text):
            return self._arc(*found.groups())
        if found := _MOVE.fullmatch(text):
            return self._move(*found.groups())
        if found := _WAIT.fullmatch(text):
            return (Dwell(float(found[1] or found[2])),)
        if found := _S.fullmatch(text):
            m, s = self.modes, float(found[1])
            changed, m.s = s != m.s and m.spindle != 5, s
            return (Spindle(m.spindle, s),) if changed else ()
        return None

    def _arc(self, g: str | None, x: str, y: str, i: str, j: str, f: str | None) -> tuple[Action, ...] | None:
        m, off = self.modes, self._offset
        feed = m.feed if f is None else float(f)
        motion = m.motion if g is None else float(g)
        if not feed or motion not in (2.0, 3.0):
            return None
        was = m.position
        target = (float(x) + off[0], float(y) + off[1], was[2])
        points = _centred(was, target, (float(i), float(j)), (0, 1), motion == 2.0, self.arc_tolerance_mm)
        m.feed, m.motion, m.position = feed, motion, target
        return tuple([Motion(point, feed) for point in points])

    def _move(
        self, g: str | None, x: str | None, y: str | None, z: str | None, f: str | None
    ) -> tuple[Action, ...] | None:
        m, off = self.modes, self._offset
        feed = m.feed if f is None else float(f)
        motion = m.motion if g is None else float(g)
        moves = x or y or z
        if motion not in (0.0, 1.0) or not (feed or not motion or not (g or moves)):
            return None
        m.feed, m.motion = feed, motion
        if not moves:
            return ()
        was = m.position
        m.position = target = (
            was[0] if x is None else float(x) + off[0],
            was[1] if y is None else float(y) + off[1],
            was[2] if z is None else float(z) + off[2],
        )
        return (Motion(target, feed if motion else None),)

    def jog(self, text: str) -> tuple[Action, ...]:
        """What a `$J=` line makes the machine do: of the modes only the position changes; raises GcodeError."""
        return self._long(clean(text), jog=True)

    def _long(self, text: str, *, jog: bool) -> tuple[Action, ...]:
        if text.startswith("$") and not jog:
            raise GcodeError(3)
        actions = _Meaning(Block(text, self.modes, jog=jog), self, jog=jog).actions()
        self._settle()
        return actions

    def _settle(self) -> None:
        m = self.modes
        base = self.memory.places[f"G{m.system}"]
        self._offset = (base[0] + m.g92[0], base[1] + m.g92[1], base[2] + m.g92[2] + m.tool_length)
        self._plain = not (m.inches or m.relative or m.inverse_time) and m.plane == 17


class _Meaning:
    """One block, checked in GRBL's order against the modes before it, then carried out on them."""

    def __init__(self, block: Block, it: Interpreter, *, jog: bool) -> None:
        self.b, self.it, self.jog = block, it, jog
        self.now = it.modes
        self.was: Point = it.modes.position
        self.unused = set(block.values)
        self.scale = MM_PER_INCH if block.inches else 1.0
        self.axes = {i: block.values[a] * self.scale for i, a in enumerate("XYZ") if a in block.values}
        self.base = it.memory.places[f"G{block.system}"]
        self.lengths = (0.0, 0.0, it.modes.tool_length)
        self.target: Point = self.was
        self.g92: Point = it.modes.g92
        self.stored: Store | None = None

    def actions(self) -> tuple[Action, ...]:
        """Raises GcodeError before anything has changed."""
        b = self.b
        if self.axes and not b.axis_command:
            b.axis_command = "motion"
        if b.values.get("N", 0.0) > MAX_LINE_NUMBER:
            raise GcodeError(27)
        self.feed = self._feed()
        if b.non_modal == 4:
            if "P" not in b.values:
                raise GcodeError(28)
            self.unused.discard("P")
        if b.tool_length == "G43.1" and set(self.axes) != {2}:
            raise GcodeError(37)
        self._non_modal()
        moves = self._moves()
        self.unused -= set("NF") if self.jog else set("NFST")
        if b.axis_command:
            self.unused -= set("XYZ")
        if self.unused:
            raise GcodeError(36)
        if self.jog:
            if b.groups - {"G0", "G3", "G6"} or b.non_modal not in (0, 53):
                raise GcodeError(16)
            self.now.position = self.target
            return tuple(moves)
        return self._carry_out(moves)

    def _feed(self) -> float:
        b, now = self.b, self.now
        given = "F" in b.values
        feed = b.values.get("F", 0.0)
        if self.jog:
            if not given:
                raise GcodeError(22)
            return feed * self.scale
        if b.inverse_time:
            if b.axis_command == "motion" and b.motion not in (0.0, 80.0) and not given:
                raise GcodeError(22)
            return feed
        if now.inverse_time:
            return feed
        return feed * self.scale if given else now.feed

    def _non_modal(self) -> None:
        b, was, base, axes = self.b, self.was, self.base, self.axes
        if b.non_modal == 10:
            self.stored = self._coordinate_data()
        elif b.non_modal == 92:
            if not axes:
                raise GcodeError(26)
            self.g92 = _point(
                was[i] - base[i] - self.lengths[i] - axes[i] if i in axes else self.now.g92[i] for i in range(3)
            )
        elif b.axis_command != "length":
            absolute = [0.0] * 3
            if b.non_modal != 53:
                absolute = list(was) if b.relative else [base[i] + self.now.g92[i] + self.lengths[i] for i in range(3)]
            self.target = _point(axes[i] + absolute[i] if i in axes else was[i] for i in range(3))
            if b.non_modal in (28, 30) and not axes:
                b.axis_command = ""
            if b.non_modal == 53 and b.motion not in (0.0, 1.0):
                raise GcodeError(30)

    def _coordinate_data(self) -> Store:
        b, was, values = self.b, self.was, self.b.values
        if not self.axes:
            raise GcodeError(26)
        if "P" not in values and "L" not in values:
            raise GcodeError(28)
        chosen = math.trunc(values.get("P", 0.0))
        if chosen > 6:
            raise GcodeError(29)
        kind = math.trunc(values.get("L", 0.0))
        if kind not in (2, 20) or (kind == 2 and "R" in values):
            raise GcodeError(20)
        self.unused -= {"L", "P"}
        place = f"G{53 + chosen if chosen else b.system}"
        kept = self.it.memory.places[place]
        if kind == 2:
            value = _point(self.axes.get(i, kept[i]) for i in range(3))
        else:
            here = [was[i] - self.now.g92[i] - self.lengths[i] for i in range(3)]
            value = _point(here[i] - self.axes[i] if i in self.axes else kept[i] for i in range(3))
        return Store(place, value, changed=value != kept)

    def _moves(self) -> list[Action]:
        b = self.b
        if b.motion == 80:
            if self.axes:
                raise GcodeError(31)
            return []
        if b.axis_command != "motion":
            return []
        if b.motion != 0 and self.feed == 0.0:
            raise GcodeError(22)
        if b.motion in (0.0, 1.0):
            if not self.axes:
                return []
            return [Motion(self.target, None if b.motion == 0 else self._rate(self.target))]
        if not self.axes:
            raise GcodeError(26)
        if b.motion in (2.0, 3.0):
            return self._arc()
        if self.target == self.was:
            raise GcodeError(33)
        return [Probe(self.target, self._rate(self.target), strict=b.motion in (38.2, 38.4))]

    def _rate(self, target: Point) -> float:
        """mm/min; under G93 F says how many times a minute this move could be made."""
        return self.feed * math.dist(self.was, target) if self.b.inverse_time else self.feed

    def _arc(self) -> list[Action]:
        b, values = self.b, self.b.values
        p, q = _PLANES[b.plane]
        if not {p, q} & set(self.axes):
            raise GcodeError(32)
        x, y = self.target[p] - self.was[p], self.target[q] - self.was[q]
        if "R" in values:
            self.unused.discard("R")
            if self.target == self.was:
                raise GcodeError(33)
            radius = values["R"] * self.scale
            under_root = 4.0 * radius * radius - x * x - y * y
            if under_root < 0:
                raise GcodeError(34)
            if x == y == 0:
                raise GcodeError(33)  # GRBL divides by zero here and moves nowhere sensible
            h = -math.sqrt(under_root) / math.hypot(x, y)
            if (b.motion == 3) != (radius < 0):
                h = -h
            centre = 0.5 * (x - y * h), 0.5 * (y + x * h)
            points = chords(self.was, self.target, centre, abs(radius), (p, q), b.motion == 2, self.it.arc_tolerance_mm)
        else:
            letters = "IJK"[p], "IJK"[q]
            if not set(letters) & set(values):
                raise GcodeError(35)
            self.unused -= set("IJK")
            i, j = (values.get(a, 0.0) * self.scale for a in letters)
            points = _centred(self.was, self.target, (i, j), (p, q), b.motion == 2, self.it.arc_tolerance_mm)
        if not b.inverse_time:
            return [Motion(point, self.feed) for point in points]
        legs = zip([self.was, *points], points, strict=False)
        return [Motion(end, self.feed * len(points) * math.dist(start, end)) for start, end in legs]

    def _carry_out(self, moves: list[Action]) -> tuple[Action, ...]:
        b, now, values = self.b, self.now, self.b.values
        actions: list[Action] = []
        now.inverse_time, now.feed = b.inverse_time, self.feed
        s = values.get("S", now.s)
        if s != now.s and now.spindle != 5:
            actions.append(Spindle(now.spindle, s))
        now.s = s
        now.tool = math.trunc(values.get("T", now.tool))
        if b.spindle != now.spindle:
            now.spindle = b.spindle
            actions.append(Spindle(b.spindle, s))
        if b.coolant != now.coolant:
            now.coolant = b.coolant
            actions.append(Coolant(b.coolant == 8))
        if b.non_modal == 4:
            actions.append(Dwell(values["P"]))
        now.plane, now.inches = b.plane, b.inches
        if b.tool_length:
            length = self.axes[2] if b.tool_length == "G43.1" else 0.0
            if length != now.tool_length:
                now.tool_length = length
                actions.append(Offsets())
        if b.system != now.system:
            now.system = b.system
            actions.append(Offsets())
        now.relative = b.relative
        places = self.it.memory.places
        if self.stored is not None:
            places[self.stored.place] = self.stored.value
            actions += [self.stored, Offsets()]
        elif b.non_modal in (28, 30):
            home = places[f"G{b.non_modal:.0f}"]
            if b.axis_command:
                actions.append(Motion(self.target, None))
                home = _point(home[i] if i in self.axes else self.was[i] for i in range(3))
            actions.append(Motion(home, None))
            now.position = home
        elif b.non_modal in (28.1, 30.1):
            place = f"G{b.non_modal:.0f}"
            actions.append(Store(place, self.was, changed=places[place] != self.was))
            places[place] = self.was
        elif b.non_modal in (92, 92.1):
            now.g92 = self.g92 if b.non_modal == 92 else (0.0, 0.0, 0.0)
            actions.append(Offsets())
        now.motion = b.motion
        if moves:
            actions += moves
            now.position = self.target
        if b.flow == "pause":
            actions.append(Pause())
        elif b.flow == "end":
            now.motion, now.plane, now.system, now.spindle, now.coolant = 1.0, 17, 54, 5, 9
            now.relative = now.inverse_time = False
            actions += [End(), Offsets()]
        return tuple(actions)


def _centred(
    start: Point, end: Point, centre: tuple[float, float], plane: tuple[int, int], clockwise: bool, tolerance: float
) -> list[Point]:
    """The chords of an arc, its centre counted from its start; raises GcodeError when its ends lie on no one circle."""
    p, q = plane
    i, j = centre
    radius = math.hypot(i, j)
    off = abs(math.hypot(end[p] - start[p] - i, end[q] - start[q] - j) - radius)
    if off > 0.005 and (off > 0.5 or off > 0.001 * radius):
        raise GcodeError(33)
    return chords(start, end, centre, radius, plane, clockwise, tolerance)


def _point(values: Iterable[float]) -> Point:
    x, y, z = values
    return (x, y, z)
