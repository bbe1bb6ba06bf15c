"""Jog: the carriage moved by a held key, as long as the key says so and no longer.

Short steps, two or three of them under way, each renewed by a heartbeat of the key; `0x85` stops GRBL's jog at once,
but lines that it has read by then are carried out: so there are never more than those. A key that is let go, a page
that loses its focus, a wire of a quarter second's silence: all are the same, the heartbeat stops.
"""

import math
from dataclasses import dataclass, field

from plotter.machine import Machine
from plotter.program import Point
from plotter.session import Alarm, Banner, Error, Ok, Status
from plotter.wire import Locked, Wire

# Without a heartbeat for so long the key counts as let go.
SILENCE_S = 0.25
# How long one step takes at its feed: with two under way the carriage stops 0.2 s after the last heartbeat at worst.
STEP_S = 0.1
UNDER_WAY = 2
CANCEL = b"\x85"
REPORT_S = 0.1


@dataclass(frozen=True)
class Key:
    """What a held key wants: a direction (each -1, 0 or 1) and how fast, mm/min."""

    dx: int
    dy: int
    feed_mm_min: float = 1500.0


@dataclass
class Jog:
    """One carriage in a person's hand: which step may be sent next, told by the time and the last heartbeat."""

    machine: Machine
    at: Point
    key: Key | None = None
    heard: float = -math.inf
    _to: Point = field(init=False)

    def __post_init__(self) -> None:
        self._to = self.at

    def beat(self, key: Key | None, now: float) -> None:
        """The key is still held, or another one is; None when it is let go."""
        self.key, self.heard = key, now

    def held(self, now: float) -> bool:
        """Whether the carriage may go on."""
        return self.key is not None and now - self.heard <= SILENCE_S

    def step(self, now: float) -> str | None:
        """The next line, never out of the bed; None when there is none to go."""
        if self.key is None or not self.held(now):
            return None
        mm = self.key.feed_mm_min / 60 * STEP_S
        x = min(max(self._to[0] + self.key.dx * mm, 0.0), self.machine.width_mm)
        y = min(max(self._to[1] + self.key.dy * mm, 0.0), self.machine.height_mm)
        x, y = round(x, 2), round(y, 2)
        dx, dy = round(x - self._to[0], 2), round(y - self._to[1], 2)
        if not dx and not dy:
            return None
        self._to = (x, y)
        return f"$J=G91G21X{dx:.2f}Y{dy:.2f}F{self.key.feed_mm_min:.0f}"

    def stands(self, at: Point) -> None:
        """The machine has come to rest here: steps go on from there."""
        self.at = self._to = at


class Hand:
    """The loop of one jog over a wire: `turn` it every few hundredths of a second until `resting`."""

    def __init__(self, wire: Wire, jog: Jog) -> None:
        self._wire, self.jog = wire, jog
        self._moving = False
        self._next_report = -math.inf

    @property
    def resting(self) -> bool:
        """Whether nothing moves and nothing is to be moved."""
        return not self._moving and not self.jog.held(self._wire.now())

    def turn(self, seconds: float = 0.02) -> Point:
        """Send what may be sent, hear what is said; where the carriage is. Raises Locked, PortError."""
        wire, jog, session = self._wire, self.jog, self._wire.session
        now = wire.now()
        if self._moving and not jog.held(now):
            wire.put(CANCEL)
        while session.lines_under_way < UNDER_WAY and (line := jog.step(now)) is not None:
            wire.put(session.send(line))
            self._moving = True
        if now >= self._next_report:
            wire.put(session.query())
            self._next_report = now + REPORT_S
        for event in wire.listen(seconds):
            if isinstance(event, Alarm):
                raise Locked(f"ALARM:{event.code}: {event.words}")
            if isinstance(event, Banner):
                raise Locked("the machine restarted while it was moved by hand")
            if isinstance(event, Error):
                jog.beat(None, now)  # beyond its travel (error:15), or it does not jog: no further
            elif isinstance(event, Ok):
                continue
            elif isinstance(event, Status):
                jog.at = event.at
                if event.state == "Idle" and not session.lines_under_way:
                    self._moving = False
                    if not jog.held(now):
                        jog.stands(event.at)
        return jog.at
