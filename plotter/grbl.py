"""Session: the host's side of GRBL 1.1 without any I/O: bytes in, events out; lines in, bytes to send out.

GRBL answers every line by exactly one `ok` or `error:N`, in order; only those free room in its receive buffer. All
else (`<...>`, `[...]`, `ALARM:N`, `$n=v`, the banner) is pushed at any moment and frees nothing. Bytes beyond the
buffer are dropped in silence, so no more may ever be under way than it holds.
"""

import re
from collections import deque

from plotter.dialects import GRBL, Dialect
from plotter.machine import Machine, ServoPen
from plotter.session import Alarm, Banner, Error, Event, Lift, Lines, Message, NoRoom, Ok, Setting, Status, Unknown
from plotter.words import ERRORS, LINE_LIMIT

# Real-time bytes: acted on at once, at any place in the stream, without an `ok`.
STATUS = b"?"
HOLD = b"!"
RESUME = b"~"
RESET = b"\x18"

_CLEAN = re.compile(r"[A-Z0-9.+\-$=]*")
# GRBL, grblHAL and FluidNC: "Grbl 1.1h ['$' for help]", "GrblHAL 1.1f ['$' or '$HELP' for help]".
_BANNER = re.compile(r"Grbl(?:HAL)? \S+ \[.*\]", re.IGNORECASE)
_NUMBERED = re.compile(r"(error|ALARM):(\d+)")
_SETTING = re.compile(r"\$(\d+)=(-?[\d.]+)(?: .*)?")
_REPORT = re.compile(r"<(\w+)(?::(\d))?((?:\|[^|>]*)*)>")
# GRBL answers these only when all earlier motion is done (`protocol_buffer_synchronize`): proof of execution.
_SYNCHRONOUS = ("S", "M3", "G4", "P")
# Half a motor step of a screw, and the three decimals of a report.
_Z_SAME_MM = 0.03


class GrblSession:
    """What host and machine have said to each other since the last banner."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.dialect: Dialect = GRBL
        self.banner = ""  # the last one
        self._budget = self.dialect.budget(machine.rx_bytes)
        self._under_way: deque[tuple[int, str, int]] = deque()
        self._bytes_under_way = 0
        self._lines = Lines()
        # After opening and after a reset the firmware's start-up is awaited: what comes before belongs to nobody.
        self._awaiting_banner = True
        self._offset = self._offset_told = (0.0, 0.0, 0.0)
        self.settings: dict[int, float] = {}
        # Free planner blocks and RX bytes when nothing is queued, as an Idle report has shown them.
        self.full: tuple[int, int] = (-1, -1)
        # Whether nothing was sent since a report was last asked for: then all that was sent has come before the query.
        self._quiet = False

    @property
    def noisy(self) -> bool:
        """A UART: nothing on it has a checksum."""
        return True

    @property
    def budget(self) -> int:
        """How many bytes may be under way at once: one less than the receive buffer, and no more than is of use."""
        return self._budget

    def speak(self, dialect: Dialect, rx_bytes: int) -> None:
        """Take which firmware it is, and the size of the receive buffer that it reports (`[OPT:V,15,128]`)."""
        self.dialect = dialect
        self._budget = dialect.budget(rx_bytes)

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
        self._quiet = False
        return line.encode("ascii") + b"\n"

    @property
    def lag(self) -> int:
        """Moves that may be answered and yet not done, at most: planner, step segments, the line being parsed."""
        return max(self.full[0], 16) + self.dialect.beyond_planner

    def query(self) -> bytes:
        """The byte that asks for a status report; it takes no room."""
        self._quiet = True
        return STATUS

    def settle(self) -> None:
        """Take all lines under way as answered."""
        self._forget()

    def empty(self, report: Status) -> bool:
        """Whether the report says Idle with as much room as a machine with nothing to do has."""
        return report.state == "Idle" and (report.planner, report.rx) == self.full

    def reset(self) -> bytes:
        """The byte that restarts the firmware; until its banner everything received is ignored."""
        self._forget()
        self._awaiting_banner = True
        return RESET

    def _missing(self, rx: int) -> int | None:
        """Bytes sent that are not in the machine, by the free receive buffer that a report tells.

        GRBL 1.1 makes a report only between lines: it has then taken the first unanswered line out of its buffer
        whole, and all others are in there. The query was sent after them, so they have arrived.
        """
        if not self.dialect.counts or not self._quiet or rx < 0 or self.full[1] < 0:
            return None
        first = self._under_way[0][2] if self._under_way else 0
        return self._bytes_under_way - first - (self.full[1] - rx)

    def _forget(self) -> None:
        self._under_way.clear()
        self._bytes_under_way = 0

    def receive(self, data: bytes) -> list[Event]:
        """What the machine has said with these bytes, in order. Any cut of the stream gives the same events."""
        return [event for text in self._lines.cut(data) if (event := self._event(text)) is not None]

    def _event(self, text: str) -> Event | None:
        if self._awaiting_banner:
            return self._before_banner(text)
        if text == "ok":
            if not self._under_way:
                return Unknown("an ok too many")
            index, line, size = self._under_way.popleft()
            self._bytes_under_way -= size
            return Ok(index, line, index + 1 if line.startswith(_SYNCHRONOUS) else 0)
        if text.startswith("<"):
            return self._status(text)
        if found := _NUMBERED.fullmatch(text):
            return self._numbered(found[1], int(found[2]))
        if _BANNER.fullmatch(text):
            self._forget()
            self.banner = text
            return Banner(text, awaited=False)
        if text.startswith("[") and text.endswith("]"):
            return Message(text[1:-1])
        if found := _SETTING.fullmatch(text):
            self.settings[int(found[1])] = float(found[2])
            return Setting(int(found[1]), float(found[2]))
        # Stored start-up lines are echoed as ">G20:ok".
        return Unknown(text) if not text.startswith((">", "$N")) else None

    def _before_banner(self, text: str) -> Event | None:
        """Before the banner come a stray `ok`, a dump after a blank EEPROM, noise; an alarm is news all the same."""
        if _BANNER.fullmatch(text):
            self._forget()
            self._awaiting_banner = False
            self.banner = text
            return Banner(text, awaited=True)
        found = _NUMBERED.fullmatch(text)
        return self._alarm(int(found[2])) if found and found[1] == "ALARM" else None

    def _numbered(self, kind: str, code: int) -> Event:
        if kind == "ALARM":
            return self._alarm(code)
        if not self._under_way:
            return Unknown(f"error:{code} to no line")
        index, line, size = self._under_way.popleft()
        self._bytes_under_way -= size
        return Error(index, line, code, ERRORS.get(code, f"an error that {self.dialect.name} does not know"))

    def _alarm(self, code: int) -> Alarm:
        fault = {1: "hard-limit", 2: "soft-limit"}.get(code, "alarm")
        return Alarm(code, self.dialect.alarms.get(code, f"an alarm that {self.dialect.name} does not know"), fault)

    def _status(self, text: str) -> Event:
        found = _REPORT.fullmatch(text)
        if not found:
            return Unknown(text)
        fields = dict(field.split(":", 1) for field in found[3].split("|") if ":" in field)
        try:
            if "WCO" in fields:
                self._move_offset(_three(fields["WCO"]))
            if "MPos" in fields:
                x, y, z = (m - o for m, o in zip(_three(fields["MPos"]), self._offset, strict=True))
                position = (x, y, z)
            else:
                position = _three(fields["WPos"])
            planner, rx = (int(part) for part in fields.get("Bf", "-1,-1").split(","))
        except (KeyError, ValueError):
            return Unknown(text)
        pen = _lift(self.machine, position[2], fields.get("FS", ""))
        sub, pins = int(found[2] or 0), fields.get("Pn", "")
        return Status(found[1], sub, position, planner, rx, pins, pen, self._missing(rx))

    def _move_offset(self, told: tuple[float, float, float]) -> None:
        """Once it is connected nothing moves a machine's zero: a report that says so must be borne out by the next."""
        if self.full == (-1, -1) or told == self._offset_told:
            self._offset = told
        self._offset_told = told


def _lift(machine: Machine, z: float, feed_and_s: str) -> Lift:
    """Where the pen was told to be: by the S of `FS:feed,s`, or by its height."""
    pen = machine.pen
    if isinstance(pen, ServoPen):
        _, _, s = feed_and_s.partition(",")
        if not s.isdigit():
            return ""
        if s == "0" and pen.up_s:
            return "off"  # no signal, and it stays where it was: after a start, until the first M3
        if int(s) == pen.down_s:
            return "down"
        return "between" if pen.touches(int(s)) else "up"
    if abs(z - pen.down_mm) < _Z_SAME_MM:
        return "down"
    return "" if pen.touches(z) else "up"  # an axis that moves comes by all heights


def _three(text: str) -> tuple[float, float, float]:
    # grblHAL with more axes sends more numbers; the first three are X, Y, Z.
    x, y, z, *_ = (float(part) for part in text.split(","))
    return (x, y, z)
