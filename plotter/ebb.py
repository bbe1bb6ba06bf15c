"""Session: the host's side of an EiBotBoard without any I/O: commands out, bytes in, events out.

Facts from "EBB Command Set" (see `plotter/ebbwords.py`). Every command is answered in order; the answer to one that
goes through the motion FIFO comes once it is in there, so it says what must be done already: of the commands answered,
at most one is being carried out and `depth` wait. A command that finds the FIFO full waits, and all behind it: queries
too, and the emergency stop. That is why commands are short and few are under way.

Answers: up to 2.x "legacy": a line of data, if any, then `OK`, but `V` and `QG` have data only; in 3.x `CU,10,1` turns
on "future syntax": `LM`, `QS,1421,-429`. Errors: `!8 Err: ...`, with the command's name before it in future syntax. In
2.x an error stands for the OK (source: the parsers return before it); in 3.x legacy it is followed by OK.

The board has no banner: opening the port restarts nothing, and one that restarts drops off the USB. A number kept in
the board (`SL`/`QL`, which a restart sets to 0) tells one that restarted unseen; `ES` stops all and stands for a reset.
"""

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from plotter.ebbwords import Belt, Go, Motors, Move, Pause, Pen, Unfit, read
from plotter.machine import Machine
from plotter.session import Alarm, Banner, Error, Event, Lift, Lines, Message, NoRoom, Ok, Status, Unknown

# Any number that a restart does not leave there.
MARK = 42
# Below this the motors have no supply (plotink `ebb_motion.queryVoltage`: a typical 9 V supply reads 300; USB alone
# leaves about 5 V less diodes).
LEAST_VOLTS = 250
# One waits for the FIFO in the board, the next in its USB buffer (64 bytes): so the FIFO never runs dry for want of
# bytes, and a stop waits behind two.
WINDOW = 2
# Reports asked for and not answered: a board that is busy is not asked again and again.
MOST_QUERIES = 4
BUTTON, PEN_UP, EXECUTING, MOTOR_1, MOTOR_2, WAITING = 32, 16, 8, 4, 2, 1  # bits of QG, 2.6.2 and later

# What connect may send besides the commands of programs.
_SETTING_UP = re.compile(r"V|QT|QC|QS|QL|QG|QU,2|EM,1,1|CS|SL,\d{1,3}|CU,4,\d{1,2}|SR,\d{1,7},1")
# What a query's data look like; those of "V" and "QG" come without an OK in legacy syntax.
_DATA = {
    "V": re.compile(r".*Firmware Version.*"),
    "QG": re.compile(r"[0-9A-F]{2}"),
    "QC": re.compile(r"\d{1,4},\d{1,4}"),
    "QS": re.compile(r"-?\d+,-?\d+"),
    "QL": re.compile(r"\d{1,3}"),
    "QU": re.compile(r"(?:QU,)?\d+"),
    "QT": re.compile(r"[ -~]*"),
}
_BARE = ("V", "QG")


def _told(name: str, text: str) -> bool:
    """Whether a line may be what a query of this name asks for."""
    return name in _DATA and _DATA[name].fullmatch(text) is not None


_STOPPED = re.compile(r"(?:ES,)?[01](?:,\d+){0,4}")
_ERROR = re.compile(r"(?:[A-Z0-9]{1,2},)?!(\d+) Err: ?(.*)")


@dataclass
class _UnderWay:
    """A command or query that was sent: its number, its text, its name, what it has answered so far."""

    index: int
    text: str
    name: str
    queued: bool = False
    data: str | None = None
    silent: bool = False  # of a report: its answer is no event of its own


class EbbSession:
    """What host and board have said to each other since the last stop."""

    noisy = False  # USB checks every packet, and the board makes the host wait instead of dropping bytes

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.depth = 1  # of the motion FIFO: 1 up to 2.x; 3.x: set by CU,4
        self.future = False
        self.marked = False  # SL has been sent
        self.motors: Motors | None = None  # where the commands sent take the motors
        self.up: bool | None = None  # and whether the pen is up then
        self.last: Move | None = None  # the last of them, when it is a move
        self._belt = Belt.of(machine)
        self._under_way: deque[_UnderWay] = deque()
        self._queued: deque[int] = deque(maxlen=64)  # numbers of the commands that went into the FIFO
        self._lines = Lines()
        self._stopping = False
        self._stopped = False
        self._report: dict[str, str] = {}
        self._since_report = 0  # commands taken since the last report
        self.heeds = True  # the button and the supply; not while a pen is rescued
        self._pressed = False  # the board tells of its button once, and has forgotten then
        self._far = False  # a move to an absolute place may be under way: it may last seconds

    # ------------------------------------------------------------------ out
    @property
    def awaiting_banner(self) -> bool:
        return self._stopping

    @property
    def lines_under_way(self) -> int:
        return sum(not one.silent for one in self._under_way)

    @property
    def lag(self) -> int:
        """Being carried out, waiting in the FIFO, waiting for it."""
        return self.depth + 2

    def room(self, _line: str) -> bool:
        """Whether few enough commands are under way; behind a move to an absolute place none waits, nor do queries."""
        return self._takes and not self._far

    @property
    def _takes(self) -> bool:
        return self.lines_under_way < WINDOW and not self._stopping

    def send(self, line: str, index: int = -1) -> bytes:
        """The bytes of a command. Raises NoRoom, and ValueError for what programs and set-up do not send."""
        if not self._takes:
            raise NoRoom(line)
        queued = False
        if not _SETTING_UP.fullmatch(line):
            try:
                queued = self._follow(line)
            except Unfit as why:
                raise ValueError(f"{line[:80]!r} must not be sent: {why}") from None
        if not index:  # another program
            self._queued.clear()
        self._under_way.append(_UnderWay(index, line, line.split(",")[0], queued))
        return line.encode("ascii") + b"\r"

    def _follow(self, line: str) -> bool:
        """Where a command takes the pen; whether it goes through the FIFO."""
        command = read(line)
        self.last = command if isinstance(command, Move) else None
        if isinstance(command, Move):
            if self.motors is not None:
                a, b = command.steps
                self.motors = self.motors[0] + a, self.motors[1] + b
        elif isinstance(command, Go):
            self.motors, self._far = command.to, True
        elif isinstance(command, Pen):
            self.up = command.up
        return isinstance(command, Move | Go | Pen | Pause)

    def query(self) -> bytes:
        """Supply, mark, place and state: the last completes the report. Nothing while too many are unanswered."""
        if sum(one.silent and one.name == "QG" for one in self._under_way) >= MOST_QUERIES:
            return b""
        names = ("QC", "QL", "QS", "QG") if self.marked else ("QC", "QS", "QG")
        self._under_way.extend(_UnderWay(-1, name, name, silent=True) for name in names)
        return b"".join(name.encode("ascii") + b"\r" for name in names)

    def future_syntax(self) -> bytes:
        """The bytes that turn future syntax on (3.x); their answer is an empty line, or `CU` where it was on."""
        self.future = True
        return b"CU,10,1\r"

    def reset(self) -> bytes:
        """Stop all motion and forget what waits (ES); what comes before its answer belongs to nobody."""
        self.settle()
        self._stopping, self._stopped = True, False
        # The empty line before it ends a command that was sent in part.
        return b"\rES\r"

    def settle(self) -> None:
        """Take all lines under way as answered."""
        self._under_way.clear()
        self._queued.clear()
        self._report.clear()

    def empty(self, report: Status) -> bool:
        """Whether the board stands, and has taken no command since it said so."""
        return report.state == "Idle" and not self._since_report

    # ------------------------------------------------------------------ in
    def receive(self, data: bytes) -> list[Event]:
        return [event for text in self._lines.cut(data) for event in self._line(text)]

    def _line(self, text: str) -> list[Event]:
        if self._stopping:
            return self._before_stop(text)
        if found := _ERROR.fullmatch(text):
            return self._refused(int(found[1]), found[2])
        if self.future and text == "OK":
            # Only legacy syntax says so, which a board has when it has started.
            self.settle()
            self.future = self.marked = False
            return [Banner("the board answers in legacy syntax", awaited=False)]
        if self.future:
            name, _, data = text.partition(",")
            return self._answer(lambda one: one.name == name, data, text)
        if text == "OK":
            # The OK of a query follows its data at once.
            if any(one.data is not None for one in self._under_way):
                return self._answer(lambda one: one.data is not None, None, text)
            # Without a nickname QT has an empty line for data.
            return self._answer(lambda one: one.name not in _DATA or one.name == "QT", None, text)
        one = next((one for one in self._under_way if one.data is None and _told(one.name, text)), None)
        if one is None:
            return [Unknown(text)]
        if one.name in _BARE:
            return self._answer(lambda other: other is one, text, text)
        one.data = text
        return []

    def _before_stop(self, text: str) -> list[Event]:
        if text.startswith("ES,") or (self._stopped and text == "OK"):
            self.future = text != "OK"
            self._stopping = False
            self.motors, self.last, self._far = None, None, False
            return [Banner(text, awaited=True)]
        self._stopped = bool(_STOPPED.fullmatch(text))
        return []

    def _answer(self, fits: Callable[[_UnderWay], bool], data: str | None, text: str) -> list[Event]:
        """Answers come in order: those of all before the first that fits are lost."""
        if not any(fits(one) for one in self._under_way):
            return [Unknown(text)]
        events: list[Event] = []
        while True:
            one = self._under_way.popleft()
            if one.queued:
                self._queued.append(one.index)
                self._since_report += 1
            if fits(one):
                break
            events.append(Unknown(f"'{one.text}' was not answered"))
        if data is not None:
            one.data = data
        if one.silent:
            return events + self._reported(one)
        if one.name in _DATA:
            events.append(Message(one.data or ""))
        return [*events, Ok(one.index, one.text, self._executed())]

    def _executed(self) -> int:
        """Of what went into the FIFO the last depth + 1 may be undone; all lines before them are done."""
        return max(0, self._queued[-self.depth - 1]) if len(self._queued) > self.depth else 0

    def _refused(self, code: int, words: str) -> list[Event]:
        while self._under_way and self._under_way[0].silent:
            self._under_way.popleft()
        if not self._under_way:
            return [Unknown(f"error {code} to no command")]
        one = self._under_way.popleft()
        return [Error(one.index, one.text, code, words)]

    def _reported(self, one: _UnderWay) -> list[Event]:
        self._report[one.name] = one.data or ""
        if one.name != "QG":
            return []
        told, self._report = self._report, {}
        try:
            return self._status(told)
        except (KeyError, ValueError):
            return [Unknown(f"half a report: {told}")]

    def _status(self, told: dict[str, str]) -> list[Event]:
        if self.marked and int(told["QL"]) != MARK:
            self.settle()
            self.marked = False
            return [Banner("the board has forgotten its mark", awaited=False)]
        if self.heeds and int(told["QC"].split(",")[1]) < LEAST_VOLTS:
            return [Alarm(0, "the motors have lost their supply: look at its plug and switch", "power-lost")]
        a, b = (int(part) for part in told["QS"].split(","))
        bits = int(told["QG"], 16)
        x, y = self._belt.place((a, b))
        moving = bits & (EXECUTING | MOTOR_1 | MOTOR_2 | WAITING)
        self._pressed = self.heeds and (self._pressed or bool(bits & BUTTON))
        state = "Hold" if self._pressed else "Run" if moving else "Idle"
        self._since_report = 0
        if state == "Idle" and not self.lines_under_way:
            self._far = False
        pen: Lift = "up" if bits & PEN_UP else "down"
        return [Status(state, 0, (x, y, 0.0), -1, -1, "", pen)]
