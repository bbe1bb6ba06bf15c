"""The words of a line of G-code as GRBL 1.1 reads them: blanks and comments away, letters with numbers, modal groups.

A port of the rules (not the code) of gnea/grbl `protocol.c`, `nuts_bolts.c` and the first half of `gcode.c`.
"""

import math
import re
from typing import Literal

LINE_LIMIT = 79  # LINE_BUFFER_SIZE - 1
DIGITS = 8  # MAX_INT_DIGITS
MAX_TOOL = 255  # MAX_TOOL_NUMBER

ERRORS = {
    1: "a word starts with a letter",
    2: "a number is missing or malformed",
    3: "unknown '$' statement",
    4: "a negative value where none is allowed",
    5: "homing is off",
    6: "step pulse below 3 us",
    7: "EEPROM read failed",
    8: "only when idle",
    9: "locked in alarm or jog",
    10: "soft limits need homing",
    11: "more than 79 characters",
    12: "step rate too high",
    13: "safety door open",
    14: "start-up line too long",
    15: "jog beyond the travel",
    16: "bad jog command",
    17: "laser mode needs PWM",
    20: "unsupported command",
    21: "two commands of one modal group",
    22: "no feed rate",
    23: "the command needs a whole number",
    24: "two commands want the axis words",
    25: "a word is repeated",
    26: "no axis words",
    27: "line number out of range",
    28: "a value word is missing",
    29: "no such coordinate system",
    30: "G53 needs G0 or G1",
    31: "axis words without a command that uses them",
    32: "no axis words in the arc's plane",
    33: "target cannot be reached as commanded",
    34: "arc radius error",
    35: "no centre offsets in the arc's plane",
    36: "unused words",
    37: "G43.1 needs the Z word alone",
    38: "tool number too high",
}


class GcodeError(Exception):
    """GRBL refuses the line; `code` is its `error:N`."""

    def __init__(self, code: int) -> None:
        super().__init__(f"error:{code} ({ERRORS[code]})")
        self.code = code


_PLAIN = re.compile(r"[A-Z0-9.+\-]{1,79}")
_NUMBER = re.compile(r"[+-]?(\d*)\.?(\d*)", re.ASCII)


def clean(text: str) -> str:
    """The line as GRBL's reader hands it on: no blanks, comments, control characters or '/', upper case.

    Raises GcodeError(11) above 79 characters.
    """
    if _PLAIN.fullmatch(text):
        return text
    kept: list[str] = []
    comment = ""
    for c in text:
        if comment:
            if c == ")" and comment == "(":
                comment = ""
        elif c <= " " or c == "/":
            continue
        elif c in "(;":
            comment = c
        elif len(kept) >= LINE_LIMIT:
            raise GcodeError(11)
        else:
            kept.append(c.upper() if "a" <= c <= "z" else c)
    return "".join(kept)


def number(text: str, at: int) -> tuple[float, int]:
    """The number at `at` and where it ends; 8 digits count, as in GRBL's `read_float`; raises GcodeError(2)."""
    found = _NUMBER.match(text, at)
    if found is None or not (found[1] or found[2]):
        raise GcodeError(2)
    whole, room = found[1], max(0, DIGITS - len(found[1]))
    value = float(f"{whole[:DIGITS]}{'0' * (len(whole) - DIGITS)}.{found[2][:room]}0")
    return (-value if text[at] == "-" else value), found.end()


# Modal groups of G and M words (NIST RS274/NGC v3, table 4; GRBL 1.1's selection).
_GROUP = {
    **dict.fromkeys((4, 10, 28, 30, 53, 92), "G0"),
    **dict.fromkeys((0, 1, 2, 3, 38, 80), "G1"),
    **dict.fromkeys((17, 18, 19), "G2"),
    **dict.fromkeys((90, 91), "G3"),
    **dict.fromkeys((93, 94), "G5"),
    **dict.fromkeys((20, 21), "G6"),
    40: "G7",
    **dict.fromkeys((43, 49), "G8"),
    **dict.fromkeys(range(54, 60), "G12"),
    61: "G13",
}
_M_GROUP = {**dict.fromkeys((0, 1, 2, 30), "M4"), **dict.fromkeys((3, 4, 5), "M7"), **dict.fromkeys((8, 9), "M8")}


class Modes:
    """GRBL's modal state between two lines; the defaults are those after a reset."""

    def __init__(self) -> None:
        self.motion = 0.0  # 0, 1, 2, 3, 38.2 to 38.5, 80
        self.system = 54
        self.plane = 17
        self.inches = False
        self.relative = False
        self.inverse_time = False
        self.spindle = 5
        self.coolant = 9
        self.tool = 0
        self.feed = 0.0  # mm/min, or 1/min while inverse_time
        self.s = 0.0
        self.tool_length = 0.0
        self.g92 = (0.0, 0.0, 0.0)
        self.position = (0.0, 0.0, 0.0)


class Block:
    """The words of one line, imported over the modes before it; nothing is checked that needs their meaning."""

    def __init__(self, text: str, modes: Modes, *, jog: bool) -> None:
        """Raises GcodeError."""
        self.motion = 1.0 if jog else modes.motion
        self.inverse_time = False if jog else modes.inverse_time
        self.system, self.plane, self.inches, self.relative = modes.system, modes.plane, modes.inches, modes.relative
        self.spindle, self.coolant = modes.spindle, modes.coolant
        self.flow: Literal["", "pause", "end"] = ""
        self.non_modal = 0.0
        self.tool_length: Literal["", "G43.1", "G49"] = ""
        self.axis_command: Literal["", "motion", "non-modal", "length"] = ""
        self.groups: set[str] = set()
        self.values: dict[str, float] = {}
        at, end = (3 if jog else 0), len(text)
        while at < end:
            letter = text[at]
            if not "A" <= letter <= "Z":
                raise GcodeError(1)
            value, at = number(text, at + 1)
            whole = math.trunc(value)
            hundredths = math.floor(100 * (value - whole) + 0.5)
            if letter == "G":
                self._enter(self._g(whole, hundredths))
            elif letter == "M":
                self._enter(self._m(whole, hundredths))
            elif letter in "FIJKLNPRSTXYZ":
                if letter == "T" and value > MAX_TOOL:
                    raise GcodeError(38)
                if letter in self.values:
                    raise GcodeError(25)
                if value < 0 and letter in "FNPTS":
                    raise GcodeError(4)
                self.values[letter] = value
            else:
                raise GcodeError(20)

    def _enter(self, group: str) -> None:
        if group in self.groups:
            raise GcodeError(21)
        self.groups.add(group)

    def _claim_axes(self, command: Literal["motion", "non-modal", "length"]) -> None:
        if self.axis_command:
            raise GcodeError(24)
        self.axis_command = command

    def _g(self, whole: int, hundredths: int) -> str:
        group = _GROUP.get(whole)
        if group is None:
            raise GcodeError(20)
        if whole in (10, 28, 30, 92) and hundredths == 0:
            self._claim_axes("non-modal")
        if group == "G0":
            self.non_modal = float(whole)
            if whole in (28, 30, 92):
                if hundredths not in (0, 10):
                    raise GcodeError(20)
                self.non_modal, hundredths = whole + hundredths / 100, 0
        elif group == "G1":
            if whole != 80:
                self._claim_axes("motion")
            self.motion = float(whole)
            if whole == 38:
                if hundredths not in (20, 30, 40, 50):
                    raise GcodeError(20)
                self.motion, hundredths = whole + hundredths / 100, 0
        elif group == "G2":
            self.plane = whole
        elif group == "G3" and hundredths:
            if hundredths != 10 or whole == 90:
                raise GcodeError(20)
            group, hundredths = "G4", 0  # G91.1, which is how GRBL takes I, J, K anyway
        elif group == "G3":
            self.relative = whole == 91
        elif group == "G5":
            self.inverse_time = whole == 93
        elif group == "G6":
            self.inches = whole == 20
        elif group == "G8":
            self._claim_axes("length")
            if whole == 43 and hundredths != 10:
                raise GcodeError(20)
            self.tool_length, hundredths = ("G49" if whole == 49 else "G43.1"), 0
        elif group == "G12":
            self.system = whole
        elif group == "G13" and hundredths:
            raise GcodeError(20)
        if hundredths > 0:
            raise GcodeError(23)
        return group

    def _m(self, whole: int, hundredths: int) -> str:
        if hundredths > 0:
            raise GcodeError(23)
        group = _M_GROUP.get(whole)
        if group is None:
            raise GcodeError(20)
        if group == "M4":
            self.flow = {0: "pause", 1: "", 2: "end", 30: "end"}[whole]  # type: ignore[assignment]
        elif group == "M7":
            self.spindle = whole
        else:
            self.coolant = whole
        return group
