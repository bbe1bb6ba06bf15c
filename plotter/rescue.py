"""Rescue: how the pen comes off the paper when a card breaks off, for each way a machine can be left."""

import math
from typing import Literal

from plotter.gcode import preamble, raise_by_its_height, write_move
from plotter.grbl import HOLD
from plotter.machine import ServoPen
from plotter.port import PortError
from plotter.wire import Locked, Refusal, Wire

# How the machine was left: it obeys; it stands at rest with the pen up; it is locked; it has restarted; it is gone.
Left = Literal["obeying", "resting", "locked", "restarted", "gone"]

# A plotter at 10,000 mm/min and 100 mm/s^2 needs 1.7 s to stand still.
STANDSTILL_S = 5.0
# Across a 3 m bed at 1,000 mm/min.
PARK_S = 180.0
NEAR_MM = 0.05
# GRBL 1.1 delays 500 ms after printing an alarm.
ALARM_DEAF_S = 0.7

_STANDING = frozenset({"Hold", "Door", "Alarm", "Sleep"})
LIFT_BY_HAND = "the pen could not be lifted: lift it by hand"


def rescue(wire: Wire, left: Left, park: tuple[float, float]) -> tuple[bool, str]:
    """Lift the pen as soon as the machine allows, then bring a machine that knows its place to `park`.

    (whether the machine knows where it is, what an operator has to know besides). Never raises PortError: a machine
    that does not obey is told of in the words.
    """
    try:
        if left == "gone":
            return False, LIFT_BY_HAND
        if left == "restarted":
            _ask_all(wire, raise_by_its_height(wire.session.machine))
            return False, "the pen is up"
        if left == "resting":
            return _park(wire, park)
        return _lift(wire, left, park)
    except (PortError, Refusal, Locked) as error:
        return False, f"{LIFT_BY_HAND} ({error})"


def _lift(wire: Wire, left: Left, park: tuple[float, float]) -> tuple[bool, str]:
    """Hold, reset once it stands (which keeps the position), pen up. In Hold itself GRBL takes no lines."""
    known = left == "obeying"
    machine = wire.session.machine
    if known:
        wire.put(HOLD)
        # Even an idle GRBL goes into Hold; a report of Idle is one that was asked for before.
        known = wire.wait_for(_STANDING, STANDSTILL_S, every_s=0.03).state not in ("Alarm", "Sleep")
    else:
        # After ALARM:1 and 2 GRBL waits half a second, forgets any reset that came meanwhile, then waits for one.
        wire.rest(ALARM_DEAF_S)
    wire.put(wire.session.reset())
    known = not wire.banner() and known
    # The firmware is deaf to lines for a moment after its banner; it tells its state when it hears again.
    if wire.status().state == "Alarm":
        if left == "locked" and not isinstance(machine.pen, ServoPen):
            # A Z axis that may sit on its limit switch is not moved without a person.
            return False, LIFT_BY_HAND
        wire.ask("$X")
        known = False
    _ask_all(wire, preamble(machine))
    if not known:
        return False, "the pen is up"
    return _park(wire, park)


def _park(wire: Wire, park: tuple[float, float]) -> tuple[bool, str]:
    wire.ask(write_move(park))
    report = wire.wait_for(frozenset({"Idle", "Alarm"}), PARK_S, every_s=0.2)
    if report.state == "Idle" and math.dist(report.at, park) <= NEAR_MM:
        return True, "the pen is up and parked"
    return False, f"the pen is up, but the machine stands at X{report.at[0]:g} Y{report.at[1]:g}"


def _ask_all(wire: Wire, lines: tuple[str, ...]) -> None:
    for line in lines:
        wire.ask(line)
