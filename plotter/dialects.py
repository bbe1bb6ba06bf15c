"""Dialects: in what the firmwares that speak GRBL's language differ, and how they are told apart."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_ALARMS = {
    1: "a limit switch was hit: the position is lost",
    2: "a move would have left the machine's travel (soft limit)",
    3: "it was reset while moving: the position is lost",
    4: "the probe was not in its expected state",
    5: "the probe touched nothing",
    6: "homing was cut short by a reset",
    7: "homing was cut short by the safety door",
    8: "homing could not pull off the limit switch",
    9: "homing found no limit switch",
}


@dataclass(frozen=True)
class Dialect:
    """One firmware: its name, what its alarms mean, how many bytes may be under way.

    `counts`: its reports tell the free receive buffer exactly, between lines only. `beyond_planner`: moves that have
    left the planner for the step segments (a short move takes one), and the one being parsed.
    """

    name: str
    alarms: Mapping[int, str]
    most_rx: int
    counts: bool
    beyond_planner: int

    def budget(self, reported: int) -> int:
        """How many bytes may be under way at once: one less than the receive buffer."""
        return min(reported, self.most_rx) - 1


GRBL = Dialect(
    "GRBL 1.1", {**_ALARMS, 10: "homing found no second limit switch"}, most_rx=128, counts=True, beyond_planner=12
)
# github.com/grblHAL/core `alarms.c`. Its buffers hold more than is of use: what is under way may be lost.
GRBLHAL = Dialect(
    "grblHAL",
    {
        **_ALARMS,
        10: "its emergency stop is pressed",
        11: "it wants to be homed first",
        12: "it stands on a limit switch",
        13: "its probe is protected",
        14: "its spindle did not reach its speed",
        15: "homing found no second limit switch",
        16: "its self-test failed",
        17: "a motor driver reports a fault",
        18: "homing failed",
    },
    most_rx=256,
    counts=False,
    beyond_planner=12,
)
# github.com/bdring/FluidNC `Protocol.h` (ExecAlarm), v3.
FLUIDNC = Dialect(
    "FluidNC",
    {
        **_ALARMS,
        10: "its spindle did not answer",
        11: "an input was active when it started",
        12: "homing found a limit switch at both ends",
        13: "a limit was hit while it was not homing",
        14: "it wants to be homed first",
        15: "it has not been set up",
    },
    most_rx=128,
    counts=False,
    beyond_planner=12,
)

_VERSION = re.compile(r"Grbl(?:HAL)? (\d+)\.(\d+)(\w?)", re.IGNORECASE)


class Foreign(ValueError):
    """A firmware that is not spoken to; says why."""


def recognise(banner: str, told: Iterable[str] = ()) -> Dialect:
    """Which firmware it is, by its banner and, once they are known, its answers to `$I` (without brackets).

    Raises Foreign for one that would not write as it is told.
    """
    told = list(told)
    if "FluidNC" in banner or any(one.startswith("VER:") and "FluidNC" in one for one in told):
        return FLUIDNC
    found = _VERSION.match(banner)
    if banner.lower().startswith("grblhal") or "FIRMWARE:grblHAL" in told:
        return GRBLHAL
    if found is None:
        raise Foreign(f"it calls itself '{banner[:60]}', which is no GRBL 1.1, grblHAL or FluidNC")
    if (int(found[1]), int(found[2])) != (1, 1):
        raise Foreign(
            f"it calls itself '{banner[:60]}': GRBL before 1.1 tells neither its state nor its buffers as this program "
            "needs them; install GRBL 1.1h or grblHAL on it"
        )
    return GRBL
