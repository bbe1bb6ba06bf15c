"""GRBL 1.1's look-ahead planner: how fast each straight line may be entered, from limits and corners.

A port of the rules (not the code) of gnea/grbl `planner.c`; mm, s, mm/s, mm/s^2.

    v^2 = a d sin(t/2) / (1 - sin(t/2))   junction speed: t the angle between two moves (180 degrees: straight on),
                                          d the junction deviation ($11), a what the axes allow across the corner
    v^2 = u^2 + 2 a s                     what a move of length s can gain or shed
    v^2 <= 2 a * (sum of planned lengths) because the last planned move always ends at rest

Each block knows the square of its entry speed; a block's exit speed is the entry speed of the next, 0 for the last.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from plotter.interpreter import Point
from plotter.machine import Machine

MINIMUM_RATE = 1.0 / 60.0  # MINIMUM_FEED_RATE, 1 mm/min
FAR = 1e38  # SOME_LARGE_VALUE

Steps = tuple[int, int, int]


@dataclass(frozen=True)
class Axes:
    """What the settings say of the three axes: steps/mm, mm/s, mm/s^2; junction deviation in mm; planner blocks."""

    steps_per_mm: Point = (80.0, 80.0, 80.0)
    max_rate: Point = (10000 / 60, 10000 / 60, 50.0)
    acceleration: Point = (500.0, 500.0, 500.0)
    junction_deviation_mm: float = 0.01
    blocks: int = 15

    @classmethod
    def of(cls, machine: Machine) -> "Axes":
        """The axes of a machine's data sheet."""
        x, y, z = machine.max_rate_mm_min
        return cls(
            steps_per_mm=machine.steps_per_mm,
            max_rate=(x / 60, y / 60, z / 60),
            acceleration=machine.acceleration_mm_s2,
            junction_deviation_mm=machine.junction_deviation_mm,
            blocks=machine.planner_blocks,
        )

    @classmethod
    def of_settings(cls, settings: Mapping[int, float], blocks: int = 15) -> "Axes":
        """The axes as GRBL's `$n` settings have them."""
        return cls(
            steps_per_mm=(settings[100], settings[101], settings[102]),
            max_rate=(settings[110] / 60, settings[111] / 60, settings[112] / 60),
            acceleration=(settings[120], settings[121], settings[122]),
            junction_deviation_mm=settings[11],
            blocks=blocks,
        )

    def steps(self, point: Point) -> Steps:
        """The nearest whole steps."""
        a, b, c = self.steps_per_mm
        return round(point[0] * a), round(point[1] * b), round(point[2] * c)

    def mm(self, steps: Steps) -> Point:
        """Where whole steps are."""
        a, b, c = self.steps_per_mm
        return steps[0] / a, steps[1] / b, steps[2] / c


def _limit(limits: Point, x: float, y: float, z: float) -> float:
    """The largest value along the unit vector that no axis exceeds (`limit_value_by_axis_maximum`)."""
    low = FAR
    if x:
        low = limits[0] / abs(x)
    if y and (other := limits[1] / abs(y)) < low:
        low = other
    if z and (other := limits[2] / abs(z)) < low:
        low = other
    return low


class Block:
    """One planned straight line."""

    __slots__ = (
        "acceleration",
        "end",
        "entry2",
        "fixed",
        "junction2",
        "left",
        "length",
        "max_entry2",
        "rapid",
        "rapid_rate",
        "rate",
        "start",
        "steps",
    )

    def __init__(self, start: Steps, end: Steps) -> None:
        self.start, self.end = start, end
        self.steps = 0  # of the axis that makes most
        self.length = 0.0  # mm
        self.left = 0.0  # mm not yet cut into segments
        self.acceleration = self.rapid_rate = self.rate = 0.0
        self.entry2 = self.max_entry2 = self.junction2 = 0.0  # squares of speeds
        self.rapid = False
        self.fixed = False  # no feed override: jog, homing

    def at(self, left: float) -> Steps:
        """Where the motors stand with `left` mm to go: whole steps only."""
        n = self.steps
        done = n - math.ceil(left * n / self.length - 1e-6)
        a, b = self.start, self.end
        return (
            a[0] + round((b[0] - a[0]) * done / n),
            a[1] + round((b[1] - a[1]) * done / n),
            a[2] + round((b[2] - a[2]) * done / n),
        )


class Planner:
    """The ring of planned blocks: oldest first, the last planned to stop at its end."""

    def __init__(self, axes: Axes, reload: Callable[[], None]) -> None:
        """`reload` is called when the oldest block, perhaps being cut into segments, gets a new plan."""
        self.axes = axes
        self.reload = reload
        self.blocks: list[Block] = []
        self.feed_override = self.rapid_override = 1.0
        self.position: Steps = (0, 0, 0)
        self.clear(self.position)

    def clear(self, position: Steps) -> None:
        """Forget all blocks; plan on from `position`."""
        self.blocks.clear()
        self.position = position
        self.planned = 0  # blocks before this index are optimal already
        self._unit = (0.0, 0.0, 0.0)
        self._nominal = 0.0

    @property
    def room(self) -> int:
        """How many more blocks fit: the first number of `Bf:`."""
        return self.axes.blocks - len(self.blocks)

    def _block(self, end: Steps, rate: float | None) -> tuple[Block, Point] | None:
        start = self.position
        dx, dy, dz = end[0] - start[0], end[1] - start[1], end[2] - start[2]
        n = max(abs(dx), abs(dy), abs(dz))
        if n == 0:
            return None
        axes = self.axes
        per = axes.steps_per_mm
        x, y, z = dx / per[0], dy / per[1], dz / per[2]
        length = math.sqrt(x * x + y * y + z * z)
        x, y, z = x / length, y / length, z / length
        new = Block(start, end)
        new.steps, new.length, new.left = n, length, length
        new.acceleration = _limit(axes.acceleration, x, y, z)
        new.rapid_rate = _limit(axes.max_rate, x, y, z)
        new.rapid = rate is None
        new.rate = new.rapid_rate if rate is None else rate
        return new, (x, y, z)

    def push(self, end: Steps, rate: float | None, *, fixed: bool = False) -> Block | None:
        """Plan a line to `end` at `rate` mm/s (None: rapid); None when it has no step."""
        made = self._block(end, rate)
        if made is None:
            return None
        new, unit = made
        new.fixed = fixed
        if self.blocks:
            (ax, ay, az), (x, y, z) = self._unit, unit
            cos = -(ax * x + ay * y + az * z)
            if cos < -0.999999:
                new.junction2 = FAR
            elif cos <= 0.999999:
                jx, jy, jz = x - ax, y - ay, z - az
                size = math.sqrt(jx * jx + jy * jy + jz * jz)
                across = _limit(self.axes.acceleration, jx / size, jy / size, jz / size)
                half = math.sqrt(0.5 * (1.0 - cos))
                new.junction2 = across * self.axes.junction_deviation_mm * half / (1.0 - half)
        nominal = self.nominal(new)
        self._limit_entry(new, nominal)
        self._unit, self.position = unit, end
        self.blocks.append(new)
        self.recalculate()
        return new

    def discard(self) -> None:
        """The oldest block is cut up: its place is free."""
        del self.blocks[0]
        if self.planned:
            self.planned -= 1

    def override(self, feed: float, rapid: float) -> None:
        """New overrides (1 is as programmed) for all blocks; the caller replans."""
        self.feed_override, self.rapid_override = feed, rapid
        self._nominal = FAR
        for block in self.blocks:
            self._limit_entry(block, self.nominal(block))

    def _limit_entry(self, block: Block, nominal: float) -> None:
        slower = nominal if nominal < self._nominal else self._nominal
        square = slower * slower
        block.max_entry2 = square if square < block.junction2 else block.junction2
        self._nominal = nominal

    def nominal(self, block: Block) -> float:
        """The speed wanted on the block under the overrides."""
        if block.rapid:
            rate = block.rapid_rate * self.rapid_override
        else:
            rate = block.rate if block.fixed else block.rate * self.feed_override
            if rate > block.rapid_rate:
                rate = block.rapid_rate
        return rate if rate > MINIMUM_RATE else MINIMUM_RATE

    def recalculate(self) -> None:
        """Entry speeds of the blocks that are not optimal yet: a reverse pass from rest, a forward pass from motion."""
        blocks, planned = self.blocks, self.planned
        last = len(blocks) - 1
        if last <= planned:
            return
        block = blocks[last]
        reach = 2.0 * block.acceleration * block.left
        entry2 = block.entry2 = block.max_entry2 if block.max_entry2 < reach else reach
        for i in range(last - 1, planned, -1):
            block = blocks[i]
            most = block.max_entry2
            if block.entry2 != most:
                entry2 += 2.0 * block.acceleration * block.left
                if entry2 > most:
                    entry2 = most
                block.entry2 = entry2
            else:
                entry2 = most
        if planned == 0:
            self.reload()
        block = blocks[planned]
        for i in range(planned + 1, last + 1):
            following = blocks[i]
            if block.entry2 < following.entry2:
                reach = block.entry2 + 2.0 * block.acceleration * block.left
                if reach < following.entry2:
                    following.entry2 = reach
                    planned = i
            if following.entry2 == following.max_entry2:
                planned = i
            block = following
        self.planned = planned
