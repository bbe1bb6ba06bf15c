"""What goes wrong on a simulated EiBotBoard, and when: the faults of `plotter/simfaults.py` that it can have."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from plotter.paper import Paper
from plotter.simfaults import Event, Fault

# USB loses and changes no bytes, and there are no switches to hit; the rest can happen to any machine.
POSSIBLE = (
    *("lose-ok", "unplug", "reset", "deaf", "mute", "hold", "motors-off", "motors-on", "lost-steps", "servo-stuck"),
    *("servo-slow", "pen-dry", "paper-shift", "slow-host"),
)


class Victim(Protocol):
    """The parts of a board and its machine that can suffer."""

    paper: Paper
    late_s: float
    powered: bool
    happened: list[tuple[float, Fault]]
    slow: float  # how many times its usual time the servo needs
    stuck: bool | None  # down (True) or up (False) it stays there

    def unplug(self) -> None: ...

    def restart(self) -> None: ...

    def press(self) -> None: ...

    def follow(self) -> None: ...

    def slip(self, dx: float, dy: float) -> None: ...

    def silence(self, until: float, *, deaf: bool) -> None: ...


class Agenda:
    """The faults of one board, in the order in which they come to pass."""

    def __init__(self, faults: Sequence[Fault], victim: Victim, steps_per_mm: float) -> None:
        """Raises ValueError for a fault that a board cannot have."""
        if wrong := [one for one in faults if one.kind not in POSSIBLE]:
            raise ValueError(f"fault '{wrong[0]}': an EiBotBoard can have {', '.join(POSSIBLE)}")
        self.due = math.inf
        self._victim, self._per_mm = victim, steps_per_mm
        self._seen: Counter[Event] = Counter()
        self._oks = 0
        self._lost = {int(one.number(0)) for one in faults if one.kind == "lose-ok"}
        rest = [one for one in faults if one.kind != "lose-ok"]
        self._waiting = [one for one in rest if one.at.event]
        self._dated = [(one.at.seconds, one) for one in rest if not one.at.event]
        self._next()

    def event(self, name: Event, t: float) -> None:
        """Something that moments count has happened."""
        self._seen[name] += 1
        for one in [f for f in self._waiting if f.at.event == name and f.at.count == self._seen[name]]:
            self._waiting.remove(one)
            self._dated.append((t + one.at.seconds, one))
        self._next()

    def loses_ok(self) -> bool:
        """Whether the OK that is about to be said is lost."""
        self._oks += 1
        return self._oks in self._lost

    def act(self, t: float) -> None:
        """Let what is due by `t` happen."""
        now = [one for at, one in sorted(self._dated, key=lambda dated: dated[0]) if at <= t]
        self._dated = [(at, one) for at, one in self._dated if at > t]
        self._next()
        for one in now:
            self._victim.happened.append((t, one))
            self._befall(one, t)

    def _next(self) -> None:
        self.due = min((at for at, _ in self._dated), default=math.inf)

    def _befall(self, fault: Fault, t: float) -> None:
        kind, victim = fault.kind, self._victim
        victim.follow()
        if kind == "unplug":
            victim.unplug()
        elif kind == "reset":
            victim.restart()
        elif kind in ("deaf", "mute"):
            victim.silence(t + fault.number(0), deaf=kind == "deaf")
        elif kind == "slow-host":
            victim.late_s += fault.number(0)
        elif kind == "hold":
            victim.press()
        elif kind in ("motors-off", "motors-on"):
            victim.powered = kind == "motors-on"
        elif kind == "lost-steps":
            mm = fault.number(1) / self._per_mm
            victim.slip(mm if fault.args[0] == "x" else 0.0, mm if fault.args[0] == "y" else 0.0)
        elif kind == "servo-stuck":
            victim.stuck = fault.args[0] == "down"
        elif kind == "servo-slow":
            victim.slow = fault.number(0)
        elif kind == "pen-dry":
            victim.paper.new_pen(fault.number(0))
        else:
            victim.paper.shift(fault.number(0), fault.number(1))
