"""Drift: whether a machine still stands where it believes to stand, felt at its own limit switches.

GRBL's homing cycle gives the position a new value and does not say how far off the old one was. So the switches are
felt by short jogs: right after homing, to know at which believed place each closes, and again later: the difference is
what the motors have lost. GRBL reports the switches in `Pn:` also where `$21=0` keeps them from raising an alarm.
"""

import math
from dataclasses import dataclass

from plotter.driver import driver
from plotter.grbl import GrblSession
from plotter.program import Point
from plotter.session import Session
from plotter.wire import LONG_WAY_S, Refusal, Wire

COARSE_MM, FINE_MM = 0.2, 0.025  # a switch closes to within 0.01-0.02 mm of itself; two steps of 80 to the mm are 0.025
RUN_UP_MM = 0.5  # the last way onto a switch is always felt in the same direction and by fine steps
BEYOND_MM = 3.0  # how much farther than the pull-off a switch is looked for
CLEAR_MM = 5.0  # no rapid goes nearer to a switch than this: lost steps may have brought the head towards it
JOG_MM_MIN = 300
JOG_S = 5.0
_STANDING = frozenset({"Idle", "Alarm"})


class CannotFeel(ValueError):
    """This machine's switches cannot be felt; says why and what to do instead."""


@dataclass(frozen=True)
class Felt:
    """Where the switches of X and Y close, in the machine's own idea of its place, mm; None: nowhere in reach."""

    x: float | None
    y: float | None

    def error_mm(self, since: "Felt") -> float:
        """How far off its place the machine is, against an earlier feel; infinite when a switch was not found."""
        if self.x is None or self.y is None or since.x is None or since.y is None:
            return math.inf
        return math.hypot(self.x - since.x, self.y - since.y)


def feel(wire: Wire, home: Point) -> Felt:
    """Jog onto the switches of X and Y near `home`, where the homing cycle has ended; pen up, Idle before.

    Raises CannotFeel when the machine has no switches to feel, or stops itself there; Refusal, Locked, PortError.
    """
    session = _able(wire.session)
    signs = [-1 if int(session.settings.get(23, 0)) >> axis & 1 else 1 for axis in (0, 1)]
    for line in driver(session.machine).move((home[0] - signs[0] * CLEAR_MM, home[1] - signs[1] * CLEAR_MM)):
        wire.ask(line)
    wire.wait_for(_STANDING, LONG_WAY_S)
    found = [
        _Finger(wire, home[axis], axis, sign, session.settings.get(27, 1.0)).close() for axis, sign in enumerate(signs)
    ]
    return Felt(*found)


def _able(session: Session) -> GrblSession:
    look = "; let a person look instead: set a mark, and no homing switches are needed"
    if not isinstance(session, GrblSession) or not session.settings.get(22):
        raise CannotFeel("the machine has no homing switches" + look)
    if session.settings.get(21):
        raise CannotFeel("hard limits are on ($21=1): touching a switch would stop the machine; set $21=0" + look)
    if session.settings.get(20):
        raise CannotFeel("soft limits are on ($20=1): they stop the head short of its switches; set $20=0" + look)
    return session


class _Finger:
    """One axis on its way onto its switch; `way` counts from home towards the switch, mm."""

    def __init__(self, wire: Wire, home: float, axis: int, sign: int, pull_off: float) -> None:
        self._wire, self._home, self._axis, self._sign = wire, home, axis, sign
        self._far = pull_off + BEYOND_MM
        self._way = -CLEAR_MM

    def close(self) -> float | None:
        """The place at which the switch closes; the head is clear of it afterwards."""
        # A switch that does not open is pressed for good, or the head has been pushed far beyond it.
        found = not self._pressed() and self._seek(COARSE_MM) and self._leave() and self._seek(FINE_MM)
        place = self._place() if found else None
        self._go(-CLEAR_MM)
        return place

    def _seek(self, step: float) -> bool:
        while self._way < self._far:
            self._go(self._way + step)
            if self._pressed():
                return True
        return False

    def _leave(self) -> bool:
        """Off the switch until it opens, and the run-up beyond that."""
        while self._way > -CLEAR_MM:
            self._go(self._way - COARSE_MM)
            if not self._pressed():
                self._go(self._way - RUN_UP_MM)
                return True
        return False

    def _go(self, way: float) -> None:
        self._way = way
        self._wire.ask(f"$J=G90G21{'XY'[self._axis]}{self._place():.3f}F{JOG_MM_MIN}")
        self._wire.wait_for(_STANDING, JOG_S, every_s=0.02)

    def _pressed(self) -> bool:
        return "XY"[self._axis] in self._wire.status().pins

    def _place(self) -> float:
        return self._home + self._sign * self._way


def rehome(wire: Wire, within_s: float = 300.0) -> Point:
    """Home the machine and say where that has ended, machine frame, mm; raises Refusal, Locked, PortError."""
    wire.ask("$H", within_s)
    report = wire.status()
    if report.state != "Idle":
        raise Refusal(f"after homing the machine is in state {report.state}, not Idle")
    return report.at
