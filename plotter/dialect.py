"""Dialect: the part of G-code that a program for a pen may use, and where each line takes the pen."""

import re

from plotter.interpreter import Dwell, GcodeError, Interpreter, Motion, Spindle

# GRBL 1.1 takes 79 characters a line (LINE_BUFFER_SIZE 80); a longer one earns error:11.
LONGEST = 79
# Real-time bytes are acted on at any place in the stream, so a program holds nothing but these.
CLEAN = re.compile(r"[A-Z0-9.+\-]+")
# A wait longer than this looks like a dead machine to the one who streams.
LONGEST_DWELL_S = 5.0

_WORDS = re.compile(r"([A-Z])([-+]?(?:\d+\.?\d*|\.\d+))")
# What `gcode.write` spells nine times in ten: moves, arcs, the shortest wait, the pen's command.
_PLACE = r"X-?\d{1,4}\.\d\dY-?\d{1,4}\.\d\d"
_CENTRE = r"-?(?:\d{1,4}(?:\.\d{1,2})?|\.\d{1,2})"
_PLAIN = re.compile(
    rf"(?:(?:(?:G[01])?{_PLACE}|(?:G2)?{_PLACE}I{_CENTRE}J{_CENTRE})(?:F\d{{2,5}})?|P\.\d{{1,4}}G4|S\d{{1,4}})(?:N0)?",
    re.ASCII,
)

# Words that are G-code, and why a program for a pen may not hold them.
_LETS_GO = "it lets go of the pen's servo; take it out, a program ends with its last line"
_WAITS = "it waits for a button on the machine; take it out"
_MEMORY = "it writes to the machine's permanent memory while lines are coming; take it out"
_STORED = "it goes to a place stored in the machine; say where to go with G0"
_ZERO = "it moves zero; write in one coordinate system, as G54 has it"
_PLANE = "a pen draws in the XY plane"
_FORBIDDEN = {
    **{"M0": _WAITS, "M1": _WAITS, "M2": _LETS_GO, "M30": _LETS_GO, "M4": "it is for spindles; use M3"},
    **{"M5": "it lets go of the pen's servo; lift the pen by S", "M6": "there is no tool to change; take it out"},
    **{"M7": "there is no coolant; take it out", "M8": "there is no coolant; take it out"},
    **{"G10": _MEMORY, "G28.1": _MEMORY, "G30.1": _MEMORY, "G28": _STORED, "G30": _STORED},
    **{"G43.1": _ZERO, "G53": _ZERO, "G92": _ZERO, "G92.1": _ZERO, "G93": "it counts feed in moves; use G94"},
    **{"G18": _PLANE, "G19": _PLANE},
}
_ALLOWED = {
    *("G0", "G1", "G2", "G3", "G4", "G17", "G20", "G21", "G40", "G49", "G54", "G61", "G80", "G90", "G91", "G91.1"),
    *("G94", "M3", "M9"),
}
_LETTERS = set("GMXYZIJRFSPN")
_SIDEWAYS = {"X", "Y"}

Point = tuple[float, float]


class Unfit(ValueError):
    """A line that a program for a pen may not hold; says why."""


class Walk:
    """Where a program has taken the pen so far, fed line by line; what the last line did stands in its fields.

    x, y, z in mm and s as programmed are None until the program has said them: what they are then depends on who
    used the machine before.
    """

    def __init__(self) -> None:
        self._it = Interpreter()
        self._unit = self._frame = self._ready = False
        self.x: float | None = None
        self.y: float | None = None
        self.z: float | None = None
        self.s: float | None = None
        # Of the last line: the way in XY, the last point being (x, y); whether Z moved; how long it waits.
        self.points: tuple[Point, ...] = ()
        self.moved_z = False
        self.dwell_s = 0.0

    @property
    def rapid(self) -> bool:
        """Whether moves are at rapid speed now (G0)."""
        return self._it.modes.motion == 0.0

    def line(self, text: str) -> None:
        """Take one line; raises Unfit."""
        # What is plain needs no look at each of its words.
        letters = _SIDEWAYS if self._ready and _PLAIN.fullmatch(text) else self._check(text)
        self.points, self.moved_z, self.dwell_s = (), False, 0.0
        try:
            actions = self._it.line(text)
        except GcodeError as error:
            raise Unfit(_grbl(error)) from None
        moves = []
        for action in actions:
            if isinstance(action, Motion):
                moves.append(action.target)
            elif isinstance(action, Dwell):
                self.dwell_s = action.seconds
            elif isinstance(action, Spindle):
                self.s = action.s
        if self.dwell_s > LONGEST_DWELL_S:
            raise Unfit(f"it waits longer than {LONGEST_DWELL_S:g} s, as a machine that has died does")
        if moves:
            self._moved(moves, letters)

    def _check(self, text: str) -> set[str]:
        """The letters of a clean line of allowed words."""
        if len(text) > LONGEST:
            raise Unfit(f"it has {len(text)} characters; GRBL takes {LONGEST}")
        if not CLEAN.fullmatch(text):
            raise Unfit("a program is capital letters, digits, points and signs only, and has no empty lines")
        found = _WORDS.findall(text)
        if "".join(letter + value for letter, value in found) != text:
            raise Unfit("it is not made of words like G1 or X12.5")
        for letter, value in found:
            name = f"{letter}{float(value):g}"
            if why := _FORBIDDEN.get(name):
                raise Unfit(f"{name} has no place in it: {why}")
            if letter not in _LETTERS or (letter in "GM" and name not in _ALLOWED):
                raise Unfit(f"{name} is no word for a pen")
            self._unit = self._unit or name in ("G20", "G21")
            self._frame = self._frame or name in ("G90", "G91")
        letters = {letter for letter, _ in found}
        if "F" in letters and not self._unit:
            raise Unfit("it sets a feed before G20 or G21 has said the unit; begin with G21G90")
        return letters

    def _moved(self, moves: list[tuple[float, float, float]], letters: set[str]) -> None:
        if not (self._unit and self._frame):
            raise Unfit("it moves before G20 or G21 has said the unit and G90 or G91 the frame; begin with G21G90")
        modes = self._it.modes
        sideways = bool(letters & {"X", "Y", "I", "J", "R"})
        first = (self.x is None and sideways) or (self.z is None and "Z" in letters)
        if first and (modes.relative or modes.motion > 1 or (sideways and not {"X", "Y"} <= letters)):
            raise Unfit("a program's first move names X and Y absolutely (G90); else it starts from anywhere")
        if "Z" in letters:
            self.moved_z, self.z = self.z != moves[-1][2], moves[-1][2]
        if sideways:
            self.points = tuple((x, y) for x, y, _ in moves)
            self.x, self.y = self.points[-1]
        self._ready = self.x is not None and not (modes.relative or modes.inches)


def _grbl(error: GcodeError) -> str:
    return f"GRBL would refuse it with {error}"
