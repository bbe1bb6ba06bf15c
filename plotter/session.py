"""Session: what host and machine say to each other, without any I/O and whatever the firmware: bytes in, events out.

A firmware's own session (`plotter/grbl.py`, `plotter/ebb.py`) knows its grammar; `stream` and `wire` know only this.
"""

from dataclasses import dataclass, field
from typing import Literal, Protocol

from plotter.machine import Machine

Lift = Literal["up", "down", "between", "off", ""]


@dataclass(frozen=True)
class Banner:
    """The firmware has started: all it knew of modes and lines is gone. `awaited` when the host had asked for it."""

    text: str
    awaited: bool


@dataclass(frozen=True)
class Ok:
    """A line was taken: parsed, and queued or done. `index` is the sender's own number for it.

    `executed` is how many of the sender's lines the machine has surely carried out by now, counted from line 0; 0 when
    this answer proves nothing.
    """

    index: int
    line: str
    executed: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Error:
    """A line was refused; the machine may run the lines after it all the same. `words`: what its code means."""

    index: int
    line: str
    code: int
    words: str = field(default="", compare=False)


@dataclass(frozen=True)
class Alarm:
    """The machine has locked itself, or cannot go on; `words`: what its code means, `fault`: a key of FAULTS."""

    code: int
    words: str = field(default="", compare=False)
    fault: str = field(default="alarm", compare=False)


@dataclass(frozen=True)
class Status:
    """A status report: `state` (Idle, Run, Hold, ...) with `sub` (Hold:0 stands, Hold:1 slows), `position` in work mm.

    `planner` and `rx` are free blocks and bytes, -1 when the machine does not say. `pins`: the inputs that are active.
    `pen`: where it was told to be; "between" when that is neither up nor down, "" when the machine does not say.
    `missing`: how many of the bytes sent before the report was asked for have not come to the machine (below 0: more
    came than were sent); None when this report does not tell.
    """

    state: str
    sub: int
    position: tuple[float, float, float]
    planner: int
    rx: int
    pins: str = field(default="", compare=False)
    pen: Lift = field(default="", compare=False)
    missing: int | None = field(default=None, compare=False)

    @property
    def at(self) -> tuple[float, float]:
        return self.position[:2]


@dataclass(frozen=True)
class Setting:
    """One setting that the machine tells."""

    number: int
    value: float


@dataclass(frozen=True)
class Message:
    """A remark that answers no line."""

    text: str


@dataclass(frozen=True)
class Unknown:
    """A line that this firmware does not send, or an answer to nothing: the wire is disturbed, or this is another."""

    text: str


Event = Banner | Ok | Error | Alarm | Status | Setting | Message | Unknown


class Lines:
    """What a machine says, cut into lines; any cut of the stream gives the same. Lines end with CR, LF or both."""

    # No answer of a known firmware is longer (a setting with its description); more without an end is noise.
    LONGEST = 512

    def __init__(self) -> None:
        self._begun = b""

    def cut(self, data: bytes) -> list[str]:
        """The lines that these bytes end, without their ends and the empty ones."""
        *lines, self._begun = (self._begun + data).replace(b"\r", b"\n").split(b"\n")
        if len(self._begun) > self.LONGEST:
            lines.append(self._begun)
            self._begun = b""
        return [line.decode("ascii", errors="backslashreplace") for line in lines if line]


class NoRoom(Exception):
    """The line does not fit into the machine's receive buffer now: a fault of the caller, who can ask `room`."""


class Session(Protocol):
    """One conversation with one machine, since it last started."""

    machine: Machine

    @property
    def noisy(self) -> bool:
        """Whether bytes can be lost or changed unseen on this wire: a UART has no checksum, USB has one."""
        ...

    @property
    def awaiting_banner(self) -> bool:
        """Whether the firmware's start is awaited; what comes before belongs to nobody."""
        ...

    @property
    def lines_under_way(self) -> int:
        """Lines sent and not answered."""
        ...

    @property
    def lag(self) -> int:
        """Moves that may be answered and yet not done, at most: those the firmware keeps in its queue."""
        ...

    def room(self, line: str) -> bool:
        """Whether this line may be sent now."""
        ...

    def send(self, line: str, index: int = -1) -> bytes:
        """The bytes of a line, counted as under way; its answer carries `index`. Raises NoRoom, ValueError."""
        ...

    def settle(self) -> None:
        """Take all lines under way as answered: the machine is idle, and its answers were lost."""
        ...

    def query(self) -> bytes:
        """The bytes that ask for a status report."""
        ...

    def reset(self) -> bytes:
        """The bytes that restart the firmware; until its banner everything received is ignored."""
        ...

    def empty(self, report: Status) -> bool:
        """Whether the report says that the machine is idle and has nothing left in its buffers."""
        ...

    def receive(self, data: bytes) -> list[Event]:
        """What the machine has said with these bytes, in order. Any cut of the stream gives the same events."""
        ...
