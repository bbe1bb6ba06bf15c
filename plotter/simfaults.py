"""Faults as values: what goes wrong on a simulated machine, and when. No chance in it: the same faults, the same run.

In text a fault is `NAME[:ARGUMENTS][@MOMENT]`; KINDS has the names, `fairhand simulate --help` shows them:

    drop-in:1234        the 1235th byte the host sends never arrives (bytes count from 0)
    garble-in:20,33     that byte arrives as 33 instead ('!'); without a value one bit of it flips
    lose-ok:57          the 57th ok is never heard (ok's and lines count from 1)
    unplug@12.5         at machine second 12.5 the cable is out
    reset@down:3+0.2    0.2 s after the pen has touched the paper for the third time
    drop-in:7@stream    counts begin where the moment is: here at `Simulator.stream_begins()`

Moments: seconds; `down:K`, `up:K` (the pen has touched, has left the paper for the K-th time); `lower:K`, `raise:K` (a
servo is told to: before it has moved); `stream` (the test says so); each with `+SECONDS`. In a URL `+` may be a space.

How a test or a campaign uses it, in virtual time (`plotter.simport`, `plotter.sheet`):

    port = plug(machine, faults("reset@down:3+0.2"), seed=1)     # a SimPort: stream to it as to any Port
    session = connect(port, machine)
    port.simulator.stream_begins()                               # for moments and counts from here
    outcome = stream(port, session, program, watch=...)
    port.settle()                                                # the machine finishes what it has; nobody listens
    port.simulator.happened                                      # [(machine seconds, Fault), ...] that came to pass
    sheet = port.simulator.sheet                                 # a value: all that is on the paper
    sheet.strokes                                                # visible ink, machine frame as the sheet lay first
    sheet.stray_mm(path)                                         # how far ink ever is from where it should be
    sheet.passes(points), sheet.passes(points, 0.1)              # (n,) how often ink went over each point
    sheet.darkness(points)                                       # (n,) ink there: 1 one fresh pass, less when dry
    sheet.blots(0.2)                                             # [Rest(x, y, begun, seconds)] rests on the paper

After `unplug` every read and write raises PortError; `plug(machine, simulator=port.simulator)` plugs the same machine
in again (it resets, as opening does). Faults left over go on; counts and seconds are the machine's.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Event = Literal["", "down", "up", "lower", "raise", "stream"]
EVENTS: tuple[Event, ...] = ("down", "up", "lower", "raise", "stream")


@dataclass(frozen=True)
class Moment:
    """A point in machine time: seconds, or seconds after the `count`-th `event`."""

    seconds: float = 0.0
    event: Event = ""
    count: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.seconds < math.inf:
            raise ValueError(f"a moment is at 0 s or later, not {self.seconds:g}")
        if self.event not in ("", *EVENTS):
            raise ValueError(f"no moment is called '{self.event}'; there are {', '.join(EVENTS)}")
        if self.count < 1:
            raise ValueError(f"the pen's moves count from 1, not {self.count}")

    def __str__(self) -> str:
        if not self.event:
            return f"{self.seconds:g}"
        which = self.event if self.event == "stream" else f"{self.event}:{self.count}"
        return f"{which}+{self.seconds:g}" if self.seconds else which


@dataclass(frozen=True)
class Parameter:
    """One argument of a kind of fault: a number within bounds, or one of a few words."""

    name: str
    low: float = 0.0
    high: float = 1e9
    whole: bool = False
    words: tuple[str, ...] = ()
    default: float | str | None = None  # None: must be given
    optional: bool = False

    def read(self, text: str) -> float | str:
        """Raises ValueError saying what is wanted."""
        if self.words:
            if text not in self.words:
                raise ValueError(f"{self.name} is {' or '.join(self.words)}, not '{text}'")
            return text
        try:
            value = float(text)
        except ValueError as error:
            raise ValueError(f"{self.name} is a number, not '{text}'") from error
        if not self.low <= value <= self.high or (self.whole and value != int(value)):
            whole = "a whole number" if self.whole else "a number"
            raise ValueError(f"{self.name} is {whole} from {self.low:g} to {self.high:g}, not '{text}'")
        return value


@dataclass(frozen=True)
class Kind:
    """A kind of fault: what it does, what it must be told, and whether its moment begins a count or is when it is."""

    says: str
    wants: tuple[Parameter, ...] = ()
    counts: bool = False


_BYTE = Parameter("byte", whole=True)
_OK = Parameter("ok", low=1, whole=True)
_SECONDS = Parameter("seconds", low=0, high=1e5)
_VALUE = Parameter("value", high=255, whole=True, optional=True)
_MM = 50.0
# A line that the processor reads in the place of the host's, and the error it earns.
BAD_LINES = {1: b"1", 2: b"GX", 3: b"$Y", 20: b"G99", 21: b"G0G1", 23: b"G1.5", 25: b"F1F2"}

KINDS: dict[str, Kind] = {
    **{
        f"{verb}-{way}": Kind(f"{says} {whose}", (_BYTE, _VALUE) if verb == "garble" else (_BYTE,), counts=True)
        for way, whose in (("in", "that the host sends"), ("out", "that the machine sends"))
        for verb, says in (("drop", "lose byte i"), ("garble", "change byte i"), ("double", "repeat byte i"))
    },
    "lose-ok": Kind("the n-th ok is never heard", (_OK,), counts=True),
    "double-ok": Kind("the n-th ok comes twice", (_OK,), counts=True),
    "error": Kind(
        f"the n-th line is torn and earns an error ({', '.join(map(str, BAD_LINES))}; default 20)",
        (Parameter("line", low=1, whole=True), Parameter("code", 1, 99, whole=True, default=20.0)),
        counts=True,
    ),
    "unplug": Kind("the cable is out; the machine goes on with what it has"),
    "reset": Kind("the processor restarts: banner, position lost"),
    "deaf": Kind("for so long no byte arrives either way", (_SECONDS,)),
    "mute": Kind("for so long no answer arrives; the machine hears", (_SECONDS,)),
    "eeprom": Kind("for so long a write to EEPROM eats what the host sends", (_SECONDS,)),
    "hard-limit": Kind("a limit switch closes: ALARM:1, position lost"),
    "soft-limit": Kind("the next motion line is taken to lie beyond the travel: ALARM:2"),
    "door": Kind("the safety door opens"),
    "hold": Kind("somebody presses the machine's hold button"),
    "motors-off": Kind(
        "the motors have no supply: all answers, nothing moves",
        (Parameter("axes", words=("xyz", "x", "y", "z", "xy"), default="xyz"),),
    ),
    "motors-on": Kind("the motors have their supply again"),
    "lost-steps": Kind(
        "an axis is off by n steps from now on",
        (Parameter("axis", words=("x", "y", "z")), Parameter("steps", -1e6, 1e6, whole=True)),
    ),
    "servo-stuck": Kind("once there, the pen stays there", (Parameter("way", words=("up", "down")),)),
    "servo-slow": Kind("the servo needs so many times as long", (Parameter("factor", 0, 1000),)),
    "pen-dry": Kind("the ink fades after so many metres, within 0.1 m to nothing", (Parameter("metres", 0, 1e5),)),
    "paper-shift": Kind("the sheet slips under the pen, mm", (Parameter("dx", -_MM, _MM), Parameter("dy", -_MM, _MM))),
    "slow-host": Kind("the host loses so many seconds", (_SECONDS,)),
    "mains-loss": Kind(
        "no mains for so long (default: for good): processor resets, motors and servo are dead",
        (Parameter("seconds", high=1e5, optional=True),),
    ),
    "home-off": Kind("homing ends so far from the true place, mm", (Parameter("dx", -5, 5), Parameter("dy", -5, 5))),
    "home-alarm": Kind("homing ends in this alarm", (Parameter("alarm", 6, 9, whole=True),)),
}


NOTICED = ("unplug", "slow-host")  # what the host notices at once


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong: `Fault("lose-ok", (57,))`, `Fault("unplug", at=Moment(0.2, "down", 3))`.

    Raises ValueError, in words, when there is no such fault or its arguments are not what it wants.
    """

    kind: str
    args: tuple[float | str, ...] = ()
    at: Moment = Moment()

    def __post_init__(self) -> None:
        kind = KINDS.get(self.kind)
        if kind is None:
            raise ValueError(f"fault '{self.kind}' does not exist; there are {', '.join(KINDS)}")
        wanted = [p for p in kind.wants if p.default is None and not p.optional]
        if not len(wanted) <= len(self.args) <= len(kind.wants):
            form = f"{self.kind}{_form(kind)}" if kind.wants else f"{self.kind} with no argument"
            raise ValueError(f"fault '{self}': write {form}; it means: {kind.says}")
        try:
            given = tuple(p.read(str(a)) for p, a in zip(kind.wants, self.args, strict=False))
        except ValueError as error:
            raise ValueError(f"fault '{self}': {error}") from error
        rest = tuple(p.default for p in kind.wants[len(given) :] if p.default is not None)
        object.__setattr__(self, "args", given + rest)
        if self.kind == "error" and self.args[1] not in BAD_LINES:
            raise ValueError(f"fault '{self}': a code is one of {', '.join(map(str, BAD_LINES))}")

    def number(self, place: int) -> float:
        """The argument at that place, a number."""
        return float(self.args[place])

    def __str__(self) -> str:
        args = ",".join(f"{a:.12g}" if isinstance(a, int | float) else a for a in self.args)
        moment = f"@{self.at}" if self.at != Moment() else ""
        return f"{self.kind}{':' + args if args else ''}{moment}"


def fault(text: str) -> Fault:
    """A fault as it is written: `NAME[:ARGUMENTS][@MOMENT]`. Raises ValueError in words."""
    head, at, moment = text.strip().partition("@")
    name, colon, args = head.partition(":")
    if (at and not moment) or (colon and not args):
        raise ValueError(f"fault '{text}' ends too early; write NAME[:ARGUMENTS][@MOMENT], as reset@12.5")
    try:
        return Fault(name, tuple(args.split(",")) if args else (), _moment(moment))
    except ValueError as error:
        raise ValueError(str(error) if str(error).startswith("fault ") else f"fault '{text}': {error}") from error


def faults(*texts: str) -> tuple[Fault, ...]:
    """Several faults as they are written. Raises ValueError in words."""
    return tuple(fault(text) for text in texts)


def unattended(planned: Sequence[Fault]) -> Sequence[Fault]:
    """Faults of a machine that nobody tells when a stream begins; raises ValueError for those that hang on it."""
    for one in planned:
        if one.at.event == "stream":
            raise ValueError(f"fault '{one}': nobody says here when a stream begins; use seconds, or down:1")
    return planned


def _moment(text: str) -> Moment:
    if not text:
        return Moment()
    head, plus, late = text.replace(" ", "+").partition("+")
    word, colon, count = head.partition(":")
    event = next((one for one in EVENTS if one == word), None)
    if event is None:
        if plus or colon:
            raise ValueError(f"'{text}' is no moment; write seconds or {', '.join(EVENTS)}, as down:3+0.2")
        return Moment(_seconds(text))
    if (event == "stream") == bool(colon):
        raise ValueError(f"'{text}' is no moment; write stream, or down:3 for the third time")
    if colon and not count.isdecimal():
        raise ValueError(f"'{text}' is no moment: '{count}' is not a count")
    return Moment(_seconds(late) if plus else 0.0, event, int(count) if colon else 1)


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ValueError(f"'{text}' is not seconds") from error


def table(kinds: Iterable[str] = KINDS) -> list[tuple[str, str]]:
    """Each kind as it is written, and what it does."""
    return [(f"{name}{_form(KINDS[name])}[@MOMENT]", KINDS[name].says) for name in kinds]


def _form(kind: Kind) -> str:
    """The arguments as they are written: `:BYTE[,VALUE]`."""
    form = ""
    for place, one in enumerate(kind.wants):
        mark = "," if place else ":"
        word = "|".join(one.words) or one.name.upper()
        form += f"[{mark}{word}]" if one.optional or one.default is not None else f"{mark}{word}"
    return form
