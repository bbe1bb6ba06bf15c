"""Dialect: the part of G-code that a program for a pen may use, and where each line takes the pen."""

import math
import re
from dataclasses import dataclass

# GRBL 1.1 takes 79 characters a line (LINE_BUFFER_SIZE 80); a longer one earns error:11.
LONGEST = 79
# Real-time bytes are acted on at any place in the stream, so a program holds nothing but these.
CLEAN = re.compile(r"[A-Z0-9.+\-]+")
# A wait longer than this looks like a dead machine to the one who streams.
LONGEST_DWELL_S = 5.0
# How finely an arc is turned into chords, mm; GRBL's own $12.
ARC_TOLERANCE_MM = 0.002

_WORDS = re.compile(r"([A-Z])([-+]?(?:\d+\.?\d*|\.\d+))")
# What `gcode.write` spells nine times in ten; found at once.
_PLAIN = re.compile(r"(?:G([01]))?X(-?\d+\.\d\d)Y(-?\d+\.\d\d)")

# Words that are G-code, and why a program for a pen may not hold them.
_FORBIDDEN = {
    "M0": "it waits for a button on the machine; take it out",
    "M1": "it waits for a button on the machine; take it out",
    "M2": "it lets go of the pen's servo; take it out, a program ends with its last line",
    "M30": "it lets go of the pen's servo; take it out, a program ends with its last line",
    "M4": "it is for spindles; use M3",
    "M5": "it lets go of the pen's servo; lift the pen by S",
    "M6": "there is no tool to change; take it out",
    "M7": "there is no coolant; take it out",
    "M8": "there is no coolant; take it out",
    "G10": "it writes to the machine's permanent memory while lines are coming; set offsets by hand beforehand",
    "G28": "it goes to a place stored in the machine; say where to go with G0",
    "G28.1": "it writes to the machine's permanent memory while lines are coming; take it out",
    "G30": "it goes to a place stored in the machine; say where to go with G0",
    "G30.1": "it writes to the machine's permanent memory while lines are coming; take it out",
    "G43.1": "it moves the zero of the tool; write without it",
    "G53": "it ignores where zero is set; write in one coordinate system",
    "G92": "it moves zero; write in one coordinate system",
    "G92.1": "it moves zero; write in one coordinate system",
    "G93": "it counts feed in moves; use G94",
}
_PLANES = {"G18", "G19"}
_IGNORED = {"G17", "G40", "G49", "G54", "G61", "G80", "G91.1", "G94", "M9"}
_MOTIONS = {"G0": 0, "G1": 1, "G2": 2, "G3": 3}

Point = tuple[float, float]


class Unfit(ValueError):
    """A line that a program for a pen may not hold; says why."""


@dataclass(slots=True)
class Walk:
    """Where a program has taken the pen so far: position in mm, servo command, modal words. Fed line by line.

    `None` is "nobody has said yet": what the machine does then depends on who used it before.
    """

    x: float | None = None
    y: float | None = None
    z: float | None = None
    s: float | None = None
    spinning: bool = False
    feed: float | None = None
    unit_mm: float | None = None
    absolute: bool | None = None
    motion: int = 0
    # What the last line did.
    points: tuple[Point, ...] = ()
    moved_z: bool = False
    dwell_s: float = 0.0

    def line(self, text: str) -> None:
        """Take one clean line; `points`, `moved_z` and `dwell_s` then say what it did; raises Unfit."""
        plain = _PLAIN.fullmatch(text)
        if plain and self.unit_mm == 1.0 and self.absolute:
            mode, x, y = plain.groups()
            if mode:
                self.motion = int(mode)
            if self.motion < 2:
                if self.motion == 1 and not self.feed:
                    raise Unfit("it draws before any feed (F) is set")
                self.x, self.y = float(x), float(y)
                self.points = ((self.x, self.y),)
                self.moved_z, self.dwell_s = False, 0.0
                return
        self._slow(text)

    def _slow(self, text: str) -> None:
        self.points, self.moved_z, self.dwell_s = (), False, 0.0
        words = self._words(text)
        numbers: dict[str, float] = {}
        dwell = False
        for letter, value in words:
            name = f"{letter}{value:g}"
            if letter in "GM":
                if name in _FORBIDDEN:
                    raise Unfit(f"{name} has no place in it: {_FORBIDDEN[name]}")
                if name in _MOTIONS:
                    self.motion = _MOTIONS[name]
                elif name in ("G20", "G21"):
                    self.unit_mm = 25.4 if name == "G20" else 1.0
                elif name in ("G90", "G91"):
                    self.absolute = name == "G90"
                elif name == "G4":
                    dwell = True
                elif name == "M3":
                    self.spinning = True
                elif name in _PLANES:
                    raise Unfit(f"{name} has no place in it: a pen draws in the XY plane")
                elif name not in _IGNORED:
                    raise Unfit(f"{name} is no word for a pen")
            elif letter in numbers:
                raise Unfit(f"{letter} stands in it twice")
            elif letter in "XYZIJRFSP":
                numbers[letter] = value
            elif letter != "N":
                raise Unfit(f"{letter} is no word for a pen")
        if "F" in numbers:
            if numbers["F"] <= 0 or self.unit_mm is None:
                raise Unfit("it sets a feed that is not above 0, or before G20 or G21 has said the unit")
            self.feed = numbers["F"] * self.unit_mm
        if "S" in numbers:
            if numbers["S"] < 0:
                raise Unfit("S is below 0")
            self.s = numbers["S"]
        if dwell:
            self._wait(numbers)
        elif numbers.keys() & {"X", "Y", "Z", "I", "J", "R", "P"}:
            self._go(numbers)

    @staticmethod
    def _words(text: str) -> list[tuple[str, float]]:
        if len(text) > LONGEST:
            raise Unfit(f"it has {len(text)} characters; GRBL takes {LONGEST}")
        if not CLEAN.fullmatch(text):
            raise Unfit("a program is capital letters, digits, points and signs only, and never an empty line")
        found = _WORDS.findall(text)
        if "".join(letter + value for letter, value in found) != text:
            raise Unfit("it is not made of words like G1 or X12.5")
        return [(letter, float(value)) for letter, value in found]

    def _wait(self, numbers: dict[str, float]) -> None:
        if numbers.keys() & {"X", "Y", "Z", "I", "J", "R"}:
            raise Unfit("a dwell (G4) stands in a line of its own")
        if not 0 <= numbers.get("P", -1.0) <= LONGEST_DWELL_S:
            raise Unfit(f"a dwell (G4) needs P from 0 to {LONGEST_DWELL_S:g} seconds")
        self.dwell_s = numbers["P"]

    def _go(self, numbers: dict[str, float]) -> None:
        if "P" in numbers:
            raise Unfit("P without G4 means nothing")
        if self.unit_mm is None or self.absolute is None:
            raise Unfit("it moves before G20 or G21 has said the unit and G90 or G91 the frame; begin with G21G90")
        if not numbers.keys() & {"X", "Y", "Z"}:
            raise Unfit("an arc without X or Y goes nowhere certain; say where it ends")
        if self.motion and not self.feed:
            raise Unfit("it draws before any feed (F) is set")
        begin = (self.x, self.y)
        self.x = self._axis("X", self.x, numbers)
        self.y = self._axis("Y", self.y, numbers)
        if "Z" in numbers:
            before, self.z = self.z, self._axis("Z", self.z, numbers)
            self.moved_z = self.z != before
        if not numbers.keys() & {"X", "Y"}:
            return
        if self.x is None or self.y is None:
            raise Unfit("the first move names both X and Y; otherwise it starts from wherever the pen stands")
        if self.motion < 2:
            if numbers.keys() & {"I", "J", "R"}:
                raise Unfit("I, J and R belong to arcs (G2, G3)")
            self.points = ((self.x, self.y),)
            return
        if begin[0] is None or begin[1] is None:
            raise Unfit("an arc cannot be the first move")
        self.points = self._arc((begin[0], begin[1]), (self.x, self.y), numbers)

    def _axis(self, letter: str, now: float | None, numbers: dict[str, float]) -> float | None:
        if letter not in numbers:
            return now
        assert self.unit_mm is not None
        value = numbers[letter] * self.unit_mm
        if self.absolute:
            return value
        if now is None:
            raise Unfit("a relative move (G91) cannot be the first one: it starts from wherever the pen stands")
        return now + value

    def _arc(self, a: Point, b: Point, numbers: dict[str, float]) -> tuple[Point, ...]:
        """Chords within ARC_TOLERANCE_MM of the arc (centre from R as in NIST RS274/NGC, 3.5.3)."""
        assert self.unit_mm is not None
        clockwise = self.motion == 2
        if "R" in numbers:
            centre = _centre_of(a, b, numbers["R"] * self.unit_mm, clockwise)
        elif numbers.keys() & {"I", "J"}:
            centre = (a[0] + numbers.get("I", 0.0) * self.unit_mm, a[1] + numbers.get("J", 0.0) * self.unit_mm)
        else:
            raise Unfit("an arc needs I and J, or R")
        radius = math.dist(a, centre)
        # GRBL 1.1's error:33: ends that differ in radius by more than 0.005 mm and 0.1 %, or 0.5 mm.
        gap = abs(math.dist(b, centre) - radius)
        if gap > 0.005 and (gap > 0.5 or gap > 0.001 * radius):
            raise Unfit("the arc's two ends are not equally far from its centre")
        begin = math.atan2(a[1] - centre[1], a[0] - centre[0])
        # As GRBL 1.1's mc_arc has it, full circles (5e-7 rad) included.
        turn = math.remainder(math.atan2(b[1] - centre[1], b[0] - centre[0]) - begin, 2 * math.pi)
        if clockwise and turn >= -5e-7:
            turn -= 2 * math.pi
        elif not clockwise and turn <= 5e-7:
            turn += 2 * math.pi
        step = 2 * math.acos(max(0.0, 1 - ARC_TOLERANCE_MM / radius)) if radius > ARC_TOLERANCE_MM else math.pi
        n = max(1, math.ceil(abs(turn) / step))
        inner = (begin + turn * k / n for k in range(1, n))
        return (*((centre[0] + radius * math.cos(t), centre[1] + radius * math.sin(t)) for t in inner), b)


def _centre_of(a: Point, b: Point, radius: float, clockwise: bool) -> Point:
    dx, dy = b[0] - a[0], b[1] - a[1]
    squared = 4 * radius * radius - dx * dx - dy * dy
    chord = math.hypot(dx, dy)
    if chord == 0 or squared < 0:
        raise Unfit("no arc of that R joins the two points")
    h = -math.sqrt(squared) / chord
    if not clockwise:
        h = -h
    if radius < 0:
        h = -h
    return (a[0] + 0.5 * (dx - dy * h), a[1] + 0.5 * (dy + dx * h))
