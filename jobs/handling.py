"""Handling: what a person does with an idle machine by hand: jog it, step it, send it somewhere, try its pen.

A jog is dead-man: it goes on, the pen up, only while a heartbeat of the hand that holds the key is younger than 250 ms.
When the page, the network or the person goes silent, the driver stops the machine (`plotter/jog.py`).
"""

import math
import threading
from dataclasses import dataclass
from typing import ClassVar

from jobs.errand import IDLE, Bench, Errand, ErrandFailed
from plotter.clock import Clock, RealClock
from plotter.program import Point

SILENCE_S = 0.25  # a heartbeat older than this stops the machine
FASTEST_MM_S = 100.0
STILL_S = 10.0  # longer than any jog that is under way takes to end


class Stick:
    """Which way a hand pushes, by its last heartbeat: mm/s along x and y, machine frame; (0, 0) when it is silent."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or RealClock()
        self._lock = threading.Lock()
        self._way: Point = (0.0, 0.0)
        self._at = float("-inf")
        self.moving = False

    def push(self, way: Point) -> None:
        """A heartbeat; one of (0, 0) lets go. Raises ValueError above the fastest speed."""
        if not math.hypot(*way) <= FASTEST_MM_S:
            raise ValueError(f"a jog goes at most {FASTEST_MM_S:g} mm/s")
        with self._lock:
            self._way, self._at = way, self._clock.now()

    @property
    def way(self) -> Point:
        """Where it pushes now."""
        with self._lock:
            return self._way if self._clock.now() - self._at <= SILENCE_S else (0.0, 0.0)


@dataclass(frozen=True)
class Jog(Errand[Point]):
    """Follow a stick until it lets go; where the machine then stands, machine frame, mm."""

    stick: Stick

    def run(self, bench: Bench) -> Point:
        """Raises ErrandFailed while the pen is down: it would draw."""
        bench.pen_up()
        self.stick.moving = True
        try:
            return bench.driver.jog(
                bench.wire, lambda: (0.0, 0.0) if bench.over() else self.stick.way, zeroed=bench.zeroed
            )
        finally:
            self.stick.moving = False


@dataclass(frozen=True)
class Step(Errand[Point]):
    """One step of so many mm with the pen up; where the machine then stands."""

    by: Point

    def run(self, bench: Bench) -> Point:
        at = bench.wire.status().at
        return bench.go(_inside(bench, (at[0] + self.by[0], at[1] + self.by[1])))


@dataclass(frozen=True)
class Go(Errand[Point]):
    """To a place, machine frame, mm, with the pen up; where the machine then stands."""

    to: Point

    def run(self, bench: Bench) -> Point:
        if not bench.zeroed:
            raise ErrandFailed(f"{bench.plotter.name} does not know where it is: home it, or set its origin")
        if _inside(bench, self.to) != self.to:
            machine = bench.plotter.machine
            raise ErrandFailed(f"that is off the bed of {machine.width_mm:g} x {machine.height_mm:g} mm")
        return bench.go(self.to)


@dataclass(frozen=True)
class Here(Errand[Point]):
    """Where the pen stands now, machine frame, mm: above a paper's corner, says the person who has brought it there."""

    beside_card: ClassVar[bool] = True

    def run(self, bench: Bench) -> Point:
        """Raises ErrandFailed while nobody knows where the machine's zero is."""
        if not bench.zeroed:
            raise ErrandFailed(
                f"nobody knows yet where the zero of {bench.plotter.name} is: pause it, push its carriage into its zero"
                " corner and confirm a load; then bring the pen above the corner"
            )
        return bench.wire.wait_for(IDLE, STILL_S).at


@dataclass(frozen=True)
class SetPen(Errand[None]):
    """Lower the pen, or lift it. One that is down is lifted when its hand lets go of the controls."""

    down: bool

    def run(self, bench: Bench) -> None:
        lift, lower = bench.driver.pen(down=False), bench.driver.pen(down=True)
        for line in (*lift, *lower) if self.down else lift:
            bench.wire.ask(line)
        bench.pen_down = self.down


@dataclass(frozen=True)
class SetOrigin(Errand[None]):
    """The pen stands over the machine's zero corner: the port is opened anew, and where it stands is zero."""

    def run(self, bench: Bench) -> None:
        """Raises ErrandFailed on a machine that homes: it finds its own."""
        bench.pen_up()
        if bench.plotter.machine.homing:
            raise ErrandFailed(f"{bench.plotter.name} finds its zero by homing")
        bench.again = True


def _inside(bench: Bench, to: Point) -> Point:
    """The nearest place on the bed; anywhere, while the machine does not know where it is."""
    if not bench.zeroed:
        return to
    machine = bench.plotter.machine
    return min(max(to[0], 0.0), machine.width_mm), min(max(to[1], 0.0), machine.height_mm)
