"""When the faults of a simulated machine come to pass: at a second, or once something has happened so many times.

And what they do to the pen and the sheet, which are the same on every machine.
"""

import math
from collections import Counter

from plotter.paper import Paper
from plotter.servo import Servo
from plotter.simfaults import Event, Fault


class Calendar:
    """Faults that are yet to come. `due`: when the next is; infinity while none is known."""

    def __init__(self) -> None:
        self.due = math.inf
        self._waiting: list[Fault] = []  # for an event
        self._dated: list[tuple[float, Fault]] = []
        self._seen: Counter[Event] = Counter()

    def enter(self, fault: Fault) -> None:
        """Let a fault come at its moment."""
        if fault.at.event:
            self._waiting.append(fault)
        else:
            self._date(fault.at.seconds, fault)

    def event(self, name: Event, t: float) -> None:
        """Something that moments count has happened."""
        self._seen[name] += 1
        for fault in [f for f in self._waiting if f.at.event == name and f.at.count == self._seen[name]]:
            self._waiting.remove(fault)
            self._date(t + fault.at.seconds, fault)

    def take(self, t: float) -> list[Fault]:
        """What is due by `t`, in order; it is in the calendar no more."""
        now = [fault for at, fault in self._dated if at <= t]
        self._dated = self._dated[len(now) :]
        self._next()
        return now

    def _date(self, t: float, fault: Fault) -> None:
        self._dated.append((t, fault))
        self._dated.sort(key=lambda one: one[0])
        self._next()

    def _next(self) -> None:
        self.due = self._dated[0][0] if self._dated else math.inf


def wear(fault: Fault, t: float, paper: Paper, servo: Servo | None) -> None:
    """What is wrong with servo, pen and sheet from now on."""
    if fault.kind == "pen-dry":
        paper.new_pen(fault.number(0))
    elif fault.kind == "paper-shift":
        paper.shift(fault.number(0), fault.number(1))
    elif servo is not None and fault.kind == "servo-slow":
        servo.slow = fault.number(0)
    elif servo is not None:
        servo.stick(t, down=fault.args[0] == "down", touching=paper.touching)
