"""Rescue: how the pen comes off the paper when a card breaks off, for each way a GRBL machine can be left.

The lift-pause: hold (the planner brings the pen to a stand on its path), reset (which in Hold keeps the position and
forgets all lines), the modes, pen up. In Hold itself GRBL takes no lines, so nothing else lifts a servo's pen there.
"""

import math
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

from plotter.gcode import preamble, raise_by_its_height, write_move
from plotter.grbl import HOLD
from plotter.machine import ServoPen
from plotter.port import PortError
from plotter.session import Lift, Status
from plotter.wire import ANSWER_S, Locked, Refusal, Silence, Wire

# How the machine was left: it obeys; it stands at rest with the pen up; it is locked; it has restarted; it is gone.
Left = Literal["obeying", "resting", "locked", "restarted", "gone"]

# A plotter at 10,000 mm/min and 100 mm/s^2 needs 1.7 s to stand still.
STANDSTILL_S = 5.0
# Across a 3 m bed at 1,000 mm/min.
PARK_S = 180.0
NEAR_MM = 0.05
# GRBL 1.1 delays 500 ms after printing an alarm.
ALARM_DEAF_S = 0.52
# A byte that acts at once may be lost as any other: it is said again. A reset is answered within 10 ms.
AGAIN_S, RESET_S = 0.25, 1.0
# The longest that a line which lifts the pen takes: a Z axis over 20 mm at 1,000 mm/min.
RISEN_S = 1.5

_TOUCHING = ("down", "between")
_STANDING = frozenset({"Hold", "Door", "Alarm", "Sleep"})
LIFT_BY_HAND = "the pen could not be lifted: lift it by hand"


@dataclass(frozen=True)
class Rescued:
    """How it went: whether the machine knows where it is, what an operator has to know besides, where the pen left
    the paper (machine frame, mm; None when that is not certain), and whether it did.

    `pen`: "down" or "between" when it was seen to be so on the way there; else as the machine told it at its stand, ""
    when nobody knows. `emptied`: whether all that was sent has been carried out before. `anew`: whether it was found to
    have restarted, or locked itself, which may have been before: only what it has reported since is sure.
    """

    known: bool
    words: str
    stood: tuple[float, float] | None = None
    lifted: bool = True
    pen: Lift = ""
    emptied: bool = False
    anew: bool = False

    @property
    def touched(self) -> bool:
        """Whether the pen was seen on the paper on its way to its stand."""
        return self.pen in _TOUCHING


def rescue(wire: Wire, left: Left, park: tuple[float, float] | None) -> Rescued:
    """Lift the pen as soon as the machine allows, then bring a machine that knows its place to `park`, if any.

    One that restarts meanwhile is told anew to lift it. Never raises PortError: a machine that does not obey is told of
    in the words.
    """
    stood: tuple[float, float] | None = None
    try:
        try:
            if left == "gone":
                return Rescued(False, LIFT_BY_HAND, lifted=False)
            if left == "restarted":
                return _raised(wire)
            if left == "resting":
                stood = wire.status(undisturbed=True).at
                return _park(wire, stood, park)
            if left == "obeying":
                rescued = _lift(wire)
                stood = rescued.stood
                return replace(_park(wire, stood, park), pen=rescued.pen) if rescued.known else rescued
        except Locked:
            pass  # meanwhile, or it has restarted
        # A machine that homes wakes up locked, and hears at once.
        return replace(_unlock(wire, deaf=left != "restarted"), stood=stood, anew=left != "locked")
    except (PortError, Refusal, Locked) as error:
        return Rescued(False, f"{LIFT_BY_HAND} ({error})", stood, lifted=False)


def _unlock(wire: Wire, *, deaf: bool) -> Rescued:
    """The pen up on a machine that has locked itself, or started anew: its place is not known. `deaf`: it may be."""
    machine = wire.session.machine
    if deaf:  # after ALARM:1 and 2 GRBL waits half a second, forgets any reset that came meanwhile, then waits for one
        wire.rest(ALARM_DEAF_S)
    reset(wire)
    if _told(wire).state == "Alarm":
        if not isinstance(machine.pen, ServoPen):
            # A Z axis that may sit on its limit switch is not moved without a person.
            return Rescued(False, LIFT_BY_HAND, lifted=False)
        _ask_all(wire, ("$X",))
    return _raised(wire)


def _raised(wire: Wire) -> Rescued:
    """The pen up on a machine whose place is not known."""
    raised = _raise(wire, raise_by_its_height(wire.session.machine))
    return Rescued(False, "the pen is up", pen=_pressed(raised))


def _lift(wire: Wire) -> Rescued:
    """Hold, reset once it stands (which keeps the position), pen up."""
    held: Status | None = None
    with suppress(Silence):
        held = _hold(wire)
    known = held is not None and held.state not in ("Alarm", "Sleep")
    if not known:
        wire.rest(ALARM_DEAF_S)
    known = not reset(wire) and known
    # The firmware is deaf to lines for a moment after its banner; it tells its state when it hears again.
    if _told(wire).state == "Alarm":
        _ask_all(wire, ("$X",))
        known = False
    raised = _raise(wire, preamble(wire.session.machine))
    # A machine that has restarted by itself meanwhile says the same as one that was reset, but not the same place.
    if held is None or not known or math.dist(held.at, raised.at) > NEAR_MM:
        return Rescued(False, "the pen is up", pen=_pressed(raised))
    # An open door takes the servo's signal away, wherever it is.
    seen = held.pen if held.state == "Hold" else ""
    return Rescued(True, "the pen is up", raised.at, pen=_pressed(raised) or seen)


def _hold(wire: Wire) -> Status:
    """Bring the machine to a stand; how it then reports itself, the pen down if it was on the way. Raises Silence."""
    end, again = wire.now() + STANDSTILL_S, 0.0
    touched: Lift = ""
    while True:
        if wire.now() >= again:
            wire.put(HOLD)
            again = wire.now() + AGAIN_S
        # Even an idle GRBL goes into Hold; a report of Idle is one that was asked for before.
        report = _told(wire)
        touched = report.pen if report.pen in _TOUCHING else touched
        if report.state in _STANDING and (report.sub == 0 or report.state not in ("Hold", "Door")):
            # Lines that wait for standstill are carried out even then: the pen may have risen since.
            return replace(report, pen=touched) if touched else report
        if wire.now() >= end:
            raise Silence(f"the machine is in state {report.state} and does not come to rest")
        if wire.rest(0.02):
            raise Locked("the machine has locked itself or restarted while it was slowed down")


def reset(wire: Wire) -> bool:
    """Restart the firmware; whether an alarm came before its banner. Raises Silence."""
    for last in (False, False, True):
        wire.put(wire.session.reset())
        try:
            return wire.banner(RESET_S)
        except Silence:
            if last:
                raise
    raise AssertionError


def _told(wire: Wire) -> Status:
    """A report; one that was lost on the way is asked for again. Raises Silence, and Locked when it has restarted."""
    end = wire.now() + ANSWER_S
    while True:
        try:
            return wire.status(within_s=AGAIN_S, undisturbed=True)
        except Silence:
            if wire.now() >= end:
                raise


def _raise(wire: Wire, lines: tuple[str, ...]) -> Status:
    """Pen up by these lines, seen in the report; what the wire has spoilt is said again.

    The pen of the report is on the paper when what was spoilt has pressed it there. Raises Silence, Refusal, Locked.
    """
    pressed: Lift = ""
    for last in (False, False, True):
        try:
            for line in lines:  # only a height or a dwell keeps an answer waiting
                wire.ask(line, RISEN_S if last or "Z" in line or "G4" in line else AGAIN_S)
            report = _told(wire)
            if last or report.pen in ("up", ""):
                return replace(report, pen=pressed) if pressed else report
            pressed = report.pen if report.pen in _TOUCHING else pressed
        except (Silence, Refusal):
            if last:
                raise
        reset(wire)  # half a line may be left in the machine
        if _told(wire).state == "Alarm":
            raise Locked("the machine has locked itself")
    raise AssertionError


def _pressed(raised: Status) -> Lift:
    return raised.pen if raised.pen in _TOUCHING else ""


def _park(wire: Wire, stood: tuple[float, float] | None, park: tuple[float, float] | None) -> Rescued:
    if park is None:
        return Rescued(True, "the pen is up", stood)
    _ask_all(wire, (write_move(park),))
    report = wire.wait_for(frozenset({"Idle"}), PARK_S, every_s=0.2, undisturbed=True)
    if report.state == "Idle" and math.dist(report.at, park) <= NEAR_MM:
        return Rescued(True, "the pen is up and parked", stood)
    where = f"the pen is up, but the machine stands at X{report.at[0]:g} Y{report.at[1]:g}"
    return Rescued(False, where, stood)


def _ask_all(wire: Wire, lines: tuple[str, ...]) -> None:
    for line in lines:
        try:
            wire.ask(line)
        except Refusal:
            wire.ask(line)  # once more: bytes get lost
