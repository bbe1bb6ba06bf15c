"""GRBL 1.1's `$n` settings: defaults of a plotter, how they print, which values are refused."""

import math
from collections.abc import Mapping

from plotter.machine import Machine
from plotter.words import GcodeError

_REALS = frozenset({11, 12, 24, 25, 27, *range(100, 103), *range(110, 113), *range(120, 123), *range(130, 133)})
_SWITCHES = frozenset({4, 5, 6, 13, 20, 21, 22, 32})
MAX_STEP_HZ = 30000.0  # MAX_STEP_RATE_HZ on the ATmega328P

DEFAULT: Mapping[int, float] = {
    **{0: 10, 1: 255, 2: 0, 3: 0, 4: 0, 5: 0, 6: 0, 10: 3, 11: 0.01, 12: 0.002, 13: 0},
    **{20: 0, 21: 0, 22: 0, 23: 0, 24: 25, 25: 500, 26: 250, 27: 1, 30: 1000, 31: 0, 32: 0},
    **{100: 80, 101: 80, 102: 80, 110: 10000, 111: 10000, 112: 3000},
    **{120: 500, 121: 500, 122: 500, 130: 300, 131: 210, 132: 20},
}


def of_machine(machine: Machine) -> dict[int, float]:
    """The settings a machine of this data sheet carries; with homing, it homes to machine zero, lower left, pen up."""
    settings = dict(DEFAULT)
    settings[11] = machine.junction_deviation_mm
    for axis in range(3):
        settings[100 + axis] = machine.steps_per_mm[axis]
        settings[110 + axis] = machine.max_rate_mm_min[axis]
        settings[120 + axis] = machine.acceleration_mm_s2[axis]
    settings[130], settings[131] = machine.width_mm, machine.height_mm
    if machine.homing:
        settings[22], settings[23] = 1, 0b011
    return settings


def text(n: int, value: float) -> str:
    """The value as `$$` prints it."""
    return f"{value:.3f}" if n in _REALS else f"{value:.0f}"


def accepted(settings: Mapping[int, float], n: int, value: float) -> dict[int, float]:
    """What `$n=value` changes; raises GcodeError when GRBL refuses it."""
    if value < 0:
        raise GcodeError(4)
    if n not in settings:
        raise GcodeError(3)
    if 100 <= n < 120:
        steps, rate = (value, settings[n + 10]) if n < 110 else (settings[n - 10], value)
        if steps * rate > MAX_STEP_HZ * 60:
            raise GcodeError(12)
    if n in _REALS:
        return {n: value}
    whole = math.trunc(value)
    if n in _SWITCHES:
        whole = min(whole, 1)
    if n == 0 and whole < 3:
        raise GcodeError(6)
    if n == 20 and whole and not settings[22]:
        raise GcodeError(10)
    if n == 22 and not whole:
        return {22: 0, 20: 0}
    return {n: whole}
