"""Session: the host's side of GRBL 1.1 without any I/O: bytes in, events out; lines in, bytes to send out.

GRBL answers every line by exactly one `ok` or `error:N`, in order; only those free room in its receive buffer. All
else (`<...>`, `[...]`, `ALARM:N`, `$n=v`, the banner) is pushed at any moment and frees nothing. Bytes beyond the
buffer are dropped in silence, so no more may ever be under way than it holds.
"""

import re
from collections import deque
from dataclasses import dataclass

from plotter.machine import Machine
from plotter.words import ERRORS, LINE_LIMIT

# Real-time bytes: acted on at once, at any place in the stream, without an `ok`.
STATUS = b"?"
HOLD = b"!"
RESUME = b"~"
RESET = b"\x18"

ALARMS = {
    1: "a limit switch was hit: the position is lost",
    2: "a move would have left the machine's travel (soft limit)",
    3: "it was reset while moving: the position is lost",
    4: "the probe was not in its expected state",
    5: "the probe touched nothing",
    6: "homing was cut short by a reset",
    7: "homing was cut short by the safety door",
    8: "homing could not pull off the limit switch",
    9: "homing found no limit switch",
    10: "homing found no second limit switch",
}
# GRBL 1.1 numbers; grblHAL's differ above 9.

_CLEAN = re.compile(r"[A-Z0-9.+\-$=]*")
# GRBL, grblHAL and FluidNC: "Grbl 1.1h ['$' for help]", "GrblHAL 1.1f ['$' or '$HELP' for help]".
_BANNER = re.compile(r"Grbl(?:HAL)? \S+ \[.*\]", re.IGNORECASE)
_NUMBERED = re.compile(r"(error|ALARM):(\d+)")
_SETTING = re.compile(r"\$(\d+)=(-?[\d.]+)(?: .*)?")
_REPORT = re.compile(r"<(\w+)(?::(\d))?((?:\|[^|>]*)*)>")
# No answer of GRBL 1.1 is longer than a settings line with its description; more without an end is noise.
_LONGEST_ANSWER = 512


@dataclass(frozen=True)
class Banner:
    """The firmware has started: all it knew of modes and lines is gone. `awaited` when the host had asked for it."""

    text: str
    awaited: bool


@dataclass(frozen=True)
class Ok:
    """A line was taken: parsed, and queued or done. `index` is the sender's own number for it."""

    index: int
    line: str


@dataclass(frozen=True)
class Error:
    """A line was refused; GRBL runs the lines after it all the same."""

    index: int
    line: str
    code: int

    @property
    def words(self) -> str:
        return ERRORS.get(self.code, "an error GRBL 1.1 does not know")


@dataclass(frozen=True)
class Alarm:
    """The machine has locked itself."""

    code: int

    @property
    def words(self) -> str:
        return ALARMS.get(self.code, "an alarm GRBL 1.1 does not know")


@dataclass(frozen=True)
class Status:
    """A status report: `state` (Idle, Run, Hold, ...) with `sub` (Hold:0 stands, Hold:1 slows), `position` in work mm.

    `planner` and `rx` are free blocks and bytes, -1 when the machine does not say ($10).
    """

    state: str
    sub: int
    position: tuple[float, float, float]
    planner: int
    rx: int

    @property
    def at(self) -> tuple[float, float]:
        return self.position[:2]


@dataclass(frozen=True)
class Setting:
    """One line of the answer to `$$`."""

    number: int
    value: float


@dataclass(frozen=True)
class Message:
    """A line in brackets: `[MSG:...]`, `[OPT:...]`, `[VER:...]`, ..."""

    text: str


@dataclass(frozen=True)
class Unknown:
    """A line that GRBL 1.1 does not send, or an answer to nothing: the wire is disturbed, or this is no GRBL."""

    text: str


Event = Banner | Ok | Error | Alarm | Status | Setting | Message | Unknown


class NoRoom(Exception):
    """The line does not fit into the machine's receive buffer now: a fault of the caller, who can ask `room`."""


class Session:
    """What host and machine have said to each other since the last banner."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._budget = 0
        self.limit(machine.rx_bytes)
        self._under_way: deque[tuple[int, str, int]] = deque()
        self._bytes_under_way = 0
        self._partial = b""
        # After opening and after a reset the firmware's start-up is awaited: what comes before belongs to nobody.
        self._awaiting_banner = True
        self._offset = (0.0, 0.0, 0.0)
        self.settings: dict[int, float] = {}
        # Free planner blocks and RX bytes when nothing is queued, as an Idle report has shown them.
        self.full: tuple[int, int] = (-1, -1)

    @property
    def budget(self) -> int:
        """How many bytes may be under way at once: one less than the receive buffer, 127 at most (GRBL 1.1's)."""
        return self._budget

    def limit(self, rx_bytes: int) -> None:
        """Take the size of the receive buffer that the machine reports (`[OPT:V,15,128]`)."""
        self._budget = min(rx_bytes, 128) - 1

    @property
    def awaiting_banner(self) -> bool:
        return self._awaiting_banner

    @property
    def offset(self) -> tuple[float, float, float]:
        """Machine minus work coordinates (WCO), as the last report that told it had it."""
        return self._offset

    @property
    def lines_under_way(self) -> int:
        """Lines sent and not answered."""
        return len(self._under_way)

    @property
    def bytes_under_way(self) -> int:
        return self._bytes_under_way

    def room(self, line: str) -> bool:
        """Whether this line fits into the receive buffer now."""
        return self._bytes_under_way + len(line) + 1 <= self._budget and not self._awaiting_banner

    def send(self, line: str, index: int = -1) -> bytes:
        """The bytes of a line, counted as under way; its answer will carry `index`.

        Raises NoRoom, and ValueError for a line that must never be on the wire: anything but capitals, digits and
        `. + - $ =`, or over 79 characters.
        """
        if not _CLEAN.fullmatch(line) or len(line) > LINE_LIMIT:
            raise ValueError(f"{line[:90]!r} must not be sent: capitals, digits and . + - $ = only, 79 at most")
        if not self.room(line):
            raise NoRoom(line)
        self._under_way.append((index, line, len(line) + 1))
        self._bytes_under_way += len(line) + 1
        return line.encode("ascii") + b"\n"

    def reset(self) -> bytes:
        """The byte that restarts the firmware; until its banner everything received is ignored."""
        self._forget()
        self._awaiting_banner = True
        return RESET

    def _forget(self) -> None:
        self._under_way.clear()
        self._bytes_under_way = 0

    def receive(self, data: bytes) -> list[Event]:
        """What the machine has said with these bytes, in order. Any cut of the stream gives the same events."""
        events: list[Event] = []
        *lines, self._partial = (self._partial + data).split(b"\n")
        if len(self._partial) > _LONGEST_ANSWER:
            lines.append(self._partial)
            self._partial = b""
        for raw in lines:
            event = self._event(raw.strip(b"\r").decode("ascii", errors="backslashreplace"))
            if event is not None:
                events.append(event)
        return events

    def _event(self, text: str) -> Event | None:
        if self._awaiting_banner:
            return self._before_banner(text)
        if text == "ok":
            if not self._under_way:
                return Unknown("an ok too many")
            index, line, size = self._under_way.popleft()
            self._bytes_under_way -= size
            return Ok(index, line)
        if text.startswith("<"):
            return self._status(text)
        if found := _NUMBERED.fullmatch(text):
            return self._numbered(found[1], int(found[2]))
        if _BANNER.fullmatch(text):
            self._forget()
            return Banner(text, awaited=False)
        if text.startswith("[") and text.endswith("]"):
            return Message(text[1:-1])
        if found := _SETTING.fullmatch(text):
            self.settings[int(found[1])] = float(found[2])
            return Setting(int(found[1]), float(found[2]))
        # GRBL's banner begins with an empty line; stored start-up lines are echoed as ">G20:ok".
        return Unknown(text) if text and not text.startswith((">", "$N")) else None

    def _before_banner(self, text: str) -> Event | None:
        """Before the banner come a stray `ok`, a dump after a blank EEPROM, noise; an alarm is news all the same."""
        if _BANNER.fullmatch(text):
            self._forget()
            self._awaiting_banner = False
            return Banner(text, awaited=True)
        found = _NUMBERED.fullmatch(text)
        return Alarm(int(found[2])) if found and found[1] == "ALARM" else None

    def _numbered(self, kind: str, code: int) -> Event:
        if kind == "ALARM":
            return Alarm(code)
        if not self._under_way:
            return Unknown(f"error:{code} to no line")
        index, line, size = self._under_way.popleft()
        self._bytes_under_way -= size
        return Error(index, line, code)

    def _status(self, text: str) -> Event:
        found = _REPORT.fullmatch(text)
        if not found:
            return Unknown(text)
        fields = dict(field.split(":", 1) for field in found[3].split("|") if ":" in field)
        try:
            if "WCO" in fields:
                self._offset = _three(fields["WCO"])
            if "MPos" in fields:
                x, y, z = (m - o for m, o in zip(_three(fields["MPos"]), self._offset, strict=True))
                position = (x, y, z)
            else:
                position = _three(fields["WPos"])
            planner, rx = (int(part) for part in fields.get("Bf", "-1,-1").split(","))
        except (KeyError, ValueError):
            return Unknown(text)
        return Status(found[1], int(found[2] or 0), position, planner, rx)


def _three(text: str) -> tuple[float, float, float]:
    # grblHAL with more axes sends more numbers; the first three are X, Y, Z.
    x, y, z, *_ = (float(part) for part in text.split(","))
    return (x, y, z)
