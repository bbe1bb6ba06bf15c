"""The mechanics: where the head truly is, whatever the firmware believes; end stops, limit switches, homing times."""

import math
from collections.abc import Mapping

from plotter.paper import Place
from plotter.planner import Steps

END_STOP_MM = 1.0  # how far beyond the switch the carriage goes before it hits the frame and steps are lost
AXES = range(3)


class Carriage:
    """Head, belts and screw. Frame: mm from machine zero, 0 to the travel on each axis."""

    def __init__(
        self, settings: Mapping[int, float], at: Place, *, switches: bool, z_reach: tuple[float, float] = (0.0, 0.0)
    ) -> None:
        """`settings` as the machine was built and adjusted: its true steps/mm, travel, and homing ends ($23).

        `z_reach`: heights in mm the pen's screw can reach even where they lie outside its travel.
        """
        self._steps_per_mm = [settings[100 + axis] for axis in AXES]
        self._travel = [settings[130 + axis] for axis in AXES]
        self._ends = [(-END_STOP_MM, travel + END_STOP_MM) for travel in self._travel]
        low, high = self._ends[2]
        self._ends[2] = (min(low, z_reach[0] - END_STOP_MM), max(high, z_reach[1] + END_STOP_MM))
        self.dead: frozenset[int] = frozenset()  # axes whose motors have no supply
        self.home_off = (0.0, 0.0)  # how far from the true place homing ends, mm
        self._low_end = [bool(int(settings[23]) >> axis & 1) for axis in AXES]
        self._switches = switches
        self._zero = list(at)  # where the motors' step 0 is
        self._at = at

    @property
    def place(self) -> Place:
        """Where the head was last known to be."""
        return self._at

    def to(self, steps: Steps) -> Place:
        """Follow the motors; steps beyond an end stop are lost for good."""
        zero, per, (xs, ys, zs) = self._zero, self._steps_per_mm, self._ends
        x, y, z = zero[0] + steps[0] / per[0], zero[1] + steps[1] / per[1], zero[2] + steps[2] / per[2]
        if xs[0] <= x <= xs[1] and ys[0] <= y <= ys[1] and zs[0] <= z <= zs[1] and not self.dead:
            self._at = (x, y, z)
            return self._at
        now = [0.0, 0.0, 0.0]
        for axis, wanted in enumerate((x, y, z)):
            low, high = self._ends[axis]
            now[axis] = self._at[axis] if axis in self.dead else min(high, max(low, wanted))
            zero[axis] += now[axis] - wanted
        self._at = (now[0], now[1], now[2])
        return self._at

    def call(self, steps: Steps) -> None:
        """From now on the present place is called `steps`."""
        for axis in AXES:
            self._zero[axis] = self._at[axis] - steps[axis] / self._steps_per_mm[axis]

    def slip(self, axis: int, steps: int) -> None:
        """The motor of an axis jumps so many steps: from now on the head is off by them."""
        self._zero[axis] += steps / self._steps_per_mm[axis]

    def place_by_hand(self, at: Place, steps: Steps) -> None:
        """Somebody pushes the head to `at` while the motors are off."""
        self._at = at
        self.call(steps)

    def pressed(self) -> str:
        """The switches that the carriage presses, as a report's `Pn:` names them."""
        return "".join("XYZ"[axis] for axis in AXES if self._switches and self._to_switch(axis) <= 0)

    def homed(self, steps: Steps) -> None:
        """Homing has ended: the present place is called `steps`, be it the true one or `home_off` beside it."""
        x, y, z = self._at
        self._at = (x + self.home_off[0], y + self.home_off[1], z)
        self.call(steps)

    def _to_switch(self, axis: int) -> float:
        return self._at[axis] if self._low_end[axis] else self._travel[axis] - self._at[axis]

    def seek(self, axes: tuple[int, ...], rate: float, acceleration: float, reach: float) -> tuple[float, bool]:
        """Run the axes onto their switches, at most `reach` mm; seconds it takes, and whether all were found."""
        live = [axis for axis in axes if axis not in self.dead]
        found = self._switches and all(self._to_switch(axis) <= (reach if axis in live else 0.0) for axis in axes)
        longest = 0.0
        place = list(self._at)
        for axis in axes:
            way = max(0.0, self._to_switch(axis)) if found else reach
            longest = max(longest, way)
            if axis not in live:
                continue
            place[axis] += -way if self._low_end[axis] else way
            low, high = self._ends[axis]
            place[axis] = min(high, max(low, place[axis]))
        self._at = (place[0], place[1], place[2])
        ramp = rate * rate / (2 * acceleration)
        return (
            math.sqrt(2 * longest / acceleration) if longest < ramp else longest / rate + rate / acceleration / 2
        ), found

    def pull_off(self, axes: tuple[int, ...], rate: float, acceleration: float, way: float) -> float:
        """Leave the switches by `way` mm; seconds it takes."""
        place = list(self._at)
        for axis in axes:
            if axis in self.dead:
                continue
            place[axis] += way if self._low_end[axis] else -way
        self._at = (place[0], place[1], place[2])
        if way < rate * rate / acceleration:
            return 2 * math.sqrt(way / acceleration)
        return way / rate + rate / acceleration
