"""Homing, after gnea/grbl `limits_go_home`: seek the switches, pull off, locate, pull off; deaf to all but a reset."""

from collections.abc import Callable, Generator

from plotter.carriage import Carriage
from plotter.controller import RESET, SLICE_S, Controller, Wait
from plotter.paper import Place

SEARCH, LOCATE = 1.5, 5.0  # HOMING_AXIS_*_SCALAR
CYCLES = ((2,), (0, 1))  # Z first, then X and Y together


def home(firmware: Controller, carriage: Carriage, on_place: Callable[[Place], None]) -> Generator[float, None, int]:
    """Carry out the cycle; the alarm it ends with, 0 for none. `on_place` hears where the head comes to."""
    values = firmware.settings
    pull, axes = values[27], firmware.stepper.planner.axes
    for cycle in CYCLES:
        reach = SEARCH * max(values[130 + axis] for axis in cycle)
        acceleration = min(values[120 + axis] for axis in cycle)
        seek, locate = (min([values[n] / 60, *(axes.max_rate[a] for a in cycle)]) for n in (25, 24))
        for rate, way in ((seek, reach), (locate, LOCATE * pull)):
            seconds, found = carriage.seek(cycle, rate, acceleration, way)
            yield from _unheard(firmware, seconds)
            if not found:
                return 9
            yield from _unheard(firmware, values[26] / 1000)
            seconds = carriage.pull_off(cycle, seek, acceleration, pull)
            yield from _unheard(firmware, seconds + values[26] / 1000)
            on_place(carriage.place)
            if firmware.flags & RESET:
                return 0
            if any("XYZ"[axis] in carriage.pressed() for axis in cycle):
                return 8
    mm = [-values[130 + axis] + pull if int(values[23]) >> axis & 1 else -pull for axis in range(3)]
    steps = axes.steps((mm[0], mm[1], mm[2]))
    carriage.homed(steps)
    firmware.stepper.clear(steps)
    return 0


def _unheard(firmware: Controller, seconds: float) -> Wait:
    end = firmware.t + seconds
    while firmware.t < end - 1e-9 and not firmware.flags & RESET:
        yield min(end, firmware.t + SLICE_S)
