"""Jog: the carriage moved by a held key, as long as the key says so and no longer.

Short steps, never more than two of them ahead of the carriage, each renewed by a heartbeat of the key; `0x85` stops
GRBL's jog at once, and without it (the wire is cut) there are two steps left to go. A key that is let go, a page that
loses its focus, a quarter second's silence: all are the same, the heartbeat stops. Every step is told as a place, so
that none can leave the bed, whatever became of the one before.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from plotter.machine import Machine
from plotter.program import Point
from plotter.session import Alarm, Banner, Error, Ok, Status
from plotter.wire import LONG_WAY_S, Locked, Refusal, Wire

Push = Callable[[], Point]
"""Where a hand pushes now, mm/s along x and y, machine frame; (0, 0) when it has let go or has fallen silent."""

# Without a heartbeat for so long the key counts as let go.
SILENCE_S = 0.25
# How long one step takes at its feed. GRBL answers a step when it is planned and plans fifteen: so it is time that
# says how many are ahead, not answers. Two are enough to go smoothly up to sqrt(2 * 2 steps * acceleration).
STEP_S = 0.1
AHEAD = 2
CANCEL = b"\x85"
IDLE = frozenset({"Idle"})
REPORT_S = 0.1


@dataclass(frozen=True)
class Key:
    """What a held key wants: a direction (each from -1 to 1) and how fast, mm/min along an axis that is 1."""

    dx: float
    dy: float
    feed_mm_min: float = 1500.0

    @classmethod
    def of(cls, push: Point) -> "Key | None":
        """The key of a push in mm/s; None for none."""
        speed = math.hypot(*push)
        return cls(push[0] / speed, push[1] / speed, 60.0 * speed) if speed else None


@dataclass
class Jog:
    """One carriage in a person's hand: which step may be sent next, told by the time and the last heartbeat.

    Not `zeroed`, it does not know where its bed ends: the hand brings it to its zero.
    """

    machine: Machine
    at: Point
    key: Key | None = None
    heard: float = -math.inf
    zeroed: bool = True
    _to: Point = field(init=False)
    _until: float = field(default=-math.inf, init=False)  # when the steps that were sent are done

    def __post_init__(self) -> None:
        self._to = self.at

    def beat(self, key: Key | None, now: float) -> None:
        """The key is still held, or another one is; None when it is let go."""
        self.key, self.heard = key, now

    def held(self, now: float) -> bool:
        """Whether the carriage may go on."""
        return self.key is not None and now - self.heard <= SILENCE_S

    def step(self, now: float) -> str | None:
        """The next line, never out of the bed; None when there is none to go, or enough are ahead."""
        if self.key is None or not self.held(now) or self._until > now + (AHEAD - 1) * STEP_S:
            return None
        mm_s = self.key.feed_mm_min / 60
        way = (self.key.dx * mm_s, self.key.dy * mm_s)
        to = ahead(self.machine, self._to, way, zeroed=self.zeroed)
        if to == self._to:
            return None
        # A step that the edge of the bed cuts short takes as long as a whole one: along the edge it goes no faster.
        feed = math.ceil(60.0 * math.dist(to, self._to) / STEP_S)
        self._until = max(now, self._until) + STEP_S
        self._to = to
        return f"$J=G90G21X{to[0]:.2f}Y{to[1]:.2f}F{feed}"

    def stands(self, at: Point) -> None:
        """The machine has come to rest here: steps go on from there."""
        self.at = self._to = at
        self._until = -math.inf


def ahead(machine: Machine, at: Point, way: Point, *, zeroed: bool) -> Point:
    """Where one step at `way` mm/s leads to: no further than the edge of a bed that is known."""
    x, y = at[0] + way[0] * STEP_S, at[1] + way[1] * STEP_S
    if zeroed:
        x, y = min(max(x, 0.0), machine.width_mm), min(max(y, 0.0), machine.height_mm)
    return round(x, 2), round(y, 2)


class Hand:
    """The loop of one jog over a wire: `turn` it every few hundredths of a second until `resting`."""

    def __init__(self, wire: Wire, jog: Jog) -> None:
        self._wire, self.jog = wire, jog
        self._moving = self._stopping = False
        self._next_report = -math.inf

    @property
    def resting(self) -> bool:
        """Whether nothing moves and nothing is to be moved."""
        return not self._moving and not self.jog.held(self._wire.now())

    def follow(self, push: Push) -> Point:
        """Go where the hand pushes until it pushes no more and the carriage stands; where.

        Raises Refusal when the machine will not be jogged there, Locked, PortError.
        """
        while True:
            self.jog.beat(Key.of(push()), self._wire.now())
            if self.resting:
                return self.jog.at
            self.turn()

    def turn(self, seconds: float = 0.02) -> Point:
        """Send what may be sent, hear what is said; where the carriage is. Raises Refusal, Locked, PortError."""
        wire, jog, session = self._wire, self.jog, self._wire.session
        now = wire.now()
        if self._moving and not jog.held(now):
            # Again and again until it stands: a step that was still on its way begins a jog anew.
            wire.put(CANCEL)
            self._stopping = True
        # From a stop on, no step before it stands: the places that were told lie ahead of it.
        while not self._stopping and session.lines_under_way < AHEAD and (line := jog.step(now)) is not None:
            wire.put(session.send(line))
            self._moving = True
        if now >= self._next_report:
            wire.put(session.query())
            self._next_report = now + REPORT_S
        refused: Error | None = None
        for event in wire.listen(seconds):
            if isinstance(event, Alarm):
                raise Locked(f"ALARM:{event.code}: {event.words}")
            if isinstance(event, Banner):
                raise Locked("the machine restarted while it was moved by hand")
            if isinstance(event, Error):  # beyond its travel (error:15), or it does not jog: no further
                refused = event
            elif isinstance(event, Ok):
                continue
            elif isinstance(event, Status):
                jog.at = event.at
                if event.state == "Idle" and not session.lines_under_way:
                    self._moving = False
                    if self._stopping or not jog.held(now):
                        jog.stands(event.at)
                        self._stopping = False
        if refused is not None:
            wire.put(CANCEL)
            jog.stands(wire.wait_for(IDLE, LONG_WAY_S).at)
            raise Refusal(f"the machine is not moved there by hand: error:{refused.code}, {refused.words}")
        return jog.at


def by_moves(
    wire: Wire, machine: Machine, move: Callable[[Point], tuple[str, ...]], push: Push, *, zeroed: bool
) -> Point:
    """The same for a firmware without a jog: one short `move` at a time, none before the last one is done.

    Nothing is left to go when the hand lets go. Raises Refusal, Locked, PortError.
    """
    at = wire.wait_for(IDLE, LONG_WAY_S).at
    while (way := push()) != (0.0, 0.0):
        at = ahead(machine, at, way, zeroed=zeroed)
        for line in move(at):
            wire.ask(line)
        wire.rest(STEP_S)
        wire.wait_for(IDLE, LONG_WAY_S, every_s=0.01)
    return wire.wait_for(IDLE, LONG_WAY_S).at
