"""The few commands of the EiBotBoard that our programs use: their grammar, their arithmetic, the walk they make.

Facts from the maker's command reference, "EBB Command Set" (evil-mad.github.io/EggBot/ebb.html for firmware 3.x,
ebb2.html for 1.8-2.8.1), and, where it is silent, from the firmware's source (evil-mad/EggBot, `ebb.c`):

- `LM,r1,n1,a1,r2,n2,a2,clear` (2.7.0 and later): each 40 us a motor's rate grows by a, then its accumulator by the
  rate; at 2^31 it steps and 2^31 is taken off. The first rate is r - a/2. It ends when both have made n steps.
  `clear` 3 empties both accumulators first (3.x sets 2^31 - 1 for a motor that runs backwards: the same arithmetic).
  A positive rate with signed steps means the same to 2.7 and to 3.x.
- `HM,f,p1,p2` (2.7.0): to an absolute place at f steps/s; it waits for all motion, and takes at least 10 ms (source).
- `SP,1|0,ms,pin`: pen up, down; the next command waits so long. `SM,ms,0,0`: wait. All these go through the FIFO.
- `SC,4|5|11|12,v` (at once): servo pulses up and down in 1/12 us; how far they go each 24 ms, up and down.
- At most 64 characters a command with its CR (2.x; 256 in 3.x).
"""

import math
import re
from dataclasses import dataclass
from typing import NamedTuple

from plotter.machine import Machine, ServoPen

Point = tuple[float, float]
Motors = tuple[int, int]

TICK_S = 40e-6  # the step interrupt, 25 kHz
FULL = 2**31  # an accumulator that has come so far makes a step
LONGEST = 63  # characters of a command, CR not counted
HOMING_HZ = 4000  # steps/s of HM: 50 mm/s on the AxiDraw, which its motors start with from rest
LEAST_HM_MS = 10


class Unfit(ValueError):
    """A command that our programs do not use, or not so."""


# ------------------------------------------------------------------ arithmetic
class Share(NamedTuple):
    """One motor's share of an LM: rate at its begin, steps with their sign, what the rate gains each tick."""

    rate: int
    steps: int
    accel: int

    def reach(self, ticks: int) -> int:
        """The accumulator after so many ticks, steps not taken off."""
        half = math.trunc(self.accel / 2)
        return ticks * (self.rate - half) + self.accel * (ticks * (ticks + 1) // 2)

    def last_rate(self, ticks: int) -> int:
        """The rate after so many ticks."""
        return self.rate - math.trunc(self.accel / 2) + self.accel * ticks

    def speed(self, ticks: int) -> float:
        """Steps/s after so many ticks; none of a motor that does not turn."""
        return self.last_rate(ticks) / FULL / TICK_S if self.steps else 0.0

    def ticks(self) -> int:
        """When the last step is made; raises Unfit when it never is, or when the rate would fall below 0 before."""
        goal = abs(self.steps) * FULL
        if not goal:
            return 0
        if self.last_rate(1) < 0:
            raise Unfit("its rate is below 0")
        if self.accel < 0:
            high = self.rate // -self.accel
            while high > 0 and self.last_rate(high) < 0:
                high -= 1
        else:
            high = 1
            while self.reach(high) < goal and high < FULL:
                high *= 2
        if self.reach(high) < goal:
            raise Unfit("its steps are never made: the rate falls to 0 before")
        low = 0
        while high - low > 1:
            middle = (low + high) // 2
            if self.reach(middle) < goal:
                low = middle
            else:
                high = middle
        return high

    def at(self, ticks: int) -> int:
        """Steps made after so many ticks, with their sign."""
        made = min(abs(self.steps), max(0, self.reach(ticks)) // FULL)
        return made if self.steps >= 0 else -made


def share(steps: int, ticks: int, begin: float, end: float) -> Share:
    """A motor's share that makes `steps` in exactly `ticks`, its speed going from `begin` to `end` (any one unit).

    A fiftieth of the mean is the least speed: the last step would else not fall on the last tick (up to 6,500 of them).
    """
    n = abs(steps)
    if not n:
        return Share(0, 0, 0)
    goal, mean = n * FULL, (begin + end) / 2
    if mean > 0:
        begin, end = max(begin / mean, 0.02), max(end / mean, 0.02)
        accel = round((end - begin) * goal / (ticks * ticks))
    else:
        accel = 0
    half = math.trunc(accel / 2)
    rate = -((accel * (ticks * (ticks + 1) // 2) - ticks * half - goal) // ticks)
    return Share(rate, steps, accel)


# ------------------------------------------------------------------ commands
class Move(NamedTuple):
    """LM: both motors' shares."""

    first: Share
    second: Share

    @property
    def steps(self) -> Motors:
        return self.first.steps, self.second.steps

    def ticks(self) -> int:
        """How long it takes; raises Unfit."""
        return max(self.first.ticks(), self.second.ticks())

    def __str__(self) -> str:
        a, b = self.first, self.second
        return f"LM,{a.rate},{a.steps},{a.accel},{b.rate},{b.steps},{b.accel},3"


class Go(NamedTuple):
    """HM: to an absolute place."""

    to: Motors

    def __str__(self) -> str:
        return f"HM,{HOMING_HZ},{self.to[0]},{self.to[1]}"


class Pen(NamedTuple):
    """SP: the pen up or down, and how long the next command waits."""

    up: bool
    ms: int
    pin: int

    def __str__(self) -> str:
        # The argument for the pin came with 2.1.1; without it, pin 1.
        return f"SP,{int(self.up)},{self.ms}" + ("" if self.pin == 1 else f",{self.pin}")


class Pause(NamedTuple):
    """SM without steps: wait."""

    ms: int

    def __str__(self) -> str:
        return f"SM,{self.ms},0,0"


class Servo(NamedTuple):
    """SC: a setting of the servo."""

    which: int
    value: int

    def __str__(self) -> str:
        return f"SC,{self.which},{self.value}"


Command = Move | Go | Pen | Pause | Servo

_MOVE = re.compile(r"LM,(\d{1,10}),(-?\d{1,7}),(-?\d{1,10}),(\d{1,10}),(-?\d{1,7}),(-?\d{1,10}),3")
_GO = re.compile(rf"HM,{HOMING_HZ},(-?\d{{1,7}}),(-?\d{{1,7}})")
_PEN = re.compile(r"SP,([01]),(\d{1,5})(?:,([02-7]))?")
_PAUSE = re.compile(r"SM,(\d{1,6}),0,0")
_SERVO = re.compile(r"SC,(4|5|11|12),(\d{1,5})")


def read(text: str) -> Command:
    """What a line means; raises Unfit for all that our programs do not send."""
    if len(text) > LONGEST:
        raise Unfit(f"it has {len(text)} characters; the board takes {LONGEST}")
    if found := _MOVE.fullmatch(text):
        a, b, c, d, e, f = (int(part) for part in found.groups())
        return Move(Share(a, b, c), Share(d, e, f))
    if found := _PEN.fullmatch(text):
        return Pen(found[1] == "1", int(found[2]), int(found[3] or 1))
    if found := _GO.fullmatch(text):
        return Go((int(found[1]), int(found[2])))
    if found := _PAUSE.fullmatch(text):
        return Pause(int(found[1]))
    if found := _SERVO.fullmatch(text):
        return Servo(int(found[1]), int(found[2]))
    raise Unfit("it is no command that writing needs, or is not spelled as Fairhand spells it")


# ------------------------------------------------------------------ geometry
@dataclass(frozen=True)
class Belt:
    """AxiDraw's one belt over two motors: each turns by x + y and x - y, x right and y down from the home corner.

    80 steps/mm at 1/16 microsteps (2032 per inch of `axidraw_conf.py`).
    """

    steps_per_mm: float
    home: Point

    @classmethod
    def of(cls, machine: Machine) -> "Belt":
        return cls(machine.steps_per_mm[0], machine.home)

    def motors(self, at: Point) -> Motors:
        """The nearest whole steps of both motors for a place in the machine frame, mm."""
        x, y = at[0] - self.home[0], self.home[1] - at[1]
        return round((x + y) * self.steps_per_mm), round((x - y) * self.steps_per_mm)

    def place(self, motors: Motors) -> Point:
        """The place in the machine frame, mm, for whole steps."""
        a, b = motors
        x, y = (a + b) / 2 / self.steps_per_mm, (a - b) / 2 / self.steps_per_mm
        return self.home[0] + x, self.home[1] - y


class Walk:
    """Where commands take the pen, fed line by line; from `home` unless a place is given."""

    def __init__(self, machine: Machine, at: Motors | None = (0, 0)) -> None:
        self._belt = Belt.of(machine)
        self.motors = at
        self.points: tuple[Point, ...] = ()
        self.dwell_s = 0.0
        self.ticks = 0  # how long the last line takes
        self.up: bool | None = None
        self.command: Command | None = None

    def line(self, text: str) -> None:
        """Raises Unfit."""
        command = self.command = read(text)
        self.points, self.dwell_s, self.ticks = (), 0.0, 0
        if isinstance(command, Move):
            if self.motors is None:
                raise Unfit("it moves on from a place that is not known")
            self.ticks = command.ticks()
            self._go(self.motors[0] + command.first.steps, self.motors[1] + command.second.steps)
        elif isinstance(command, Go):
            was = self.motors if self.motors is not None else command.to
            far = max(abs(command.to[0] - was[0]), abs(command.to[1] - was[1]))
            self.ticks = max(LEAST_HM_MS, far * 1000 // HOMING_HZ) * 25
            self._go(*command.to)
        elif isinstance(command, Pen | Pause):
            self.ticks, self.dwell_s = command.ms * 25, command.ms / 1000
            if isinstance(command, Pen):
                self.up = command.up

    def _go(self, a: int, b: int) -> None:
        self.motors = (a, b)
        self.points = (self._belt.place((a, b)),)


# ------------------------------------------------------------------ the pen
FIRST_LIFT_MS = 500  # a servo of unknown place, or without power before
SERVO_FRAME_S = 0.024  # a pulse each 24 ms: 8 channels of 3 ms, the default
SWEEP_SHARE = 0.8  # of the settle time in which the pulse goes from one height to the other


def servo(machine: Machine) -> tuple[str, ...]:
    """The servo's settings: pulses at both heights, and how fast it goes between them."""
    pen, board = machine.pen, machine.board
    assert isinstance(pen, ServoPen)
    up, down = board.pulse(pen.up_s), board.pulse(pen.down_s)

    def rate(settle_s: float) -> int:
        frames = max(1, int(SWEEP_SHARE * settle_s / SERVO_FRAME_S))
        return math.ceil(abs(up - down) / frames)

    settings = ((4, up), (5, down), (11, rate(pen.up_settle_s)), (12, rate(pen.down_settle_s)))
    return tuple(str(Servo(which, value)) for which, value in settings)


def lift(machine: Machine, *, first: bool = False) -> str:
    """The pen up; `first` from wherever it is."""
    pen = machine.pen
    assert isinstance(pen, ServoPen)
    return str(Pen(True, FIRST_LIFT_MS if first else max(1, round(pen.up_settle_s * 1000)), machine.board.servo_pin))


def lower(machine: Machine) -> str:
    """The pen down."""
    pen = machine.pen
    assert isinstance(pen, ServoPen)
    return str(Pen(False, max(1, round(pen.down_settle_s * 1000)), machine.board.servo_pin))
