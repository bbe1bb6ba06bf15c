"""What goes wrong on a simulated EiBotBoard, and when: the faults of `plotter/simfaults.py` that it can have."""

from collections.abc import Sequence
from typing import Protocol

from plotter.paper import Paper
from plotter.servo import Servo
from plotter.simcalendar import Calendar, wear
from plotter.simfaults import NOTICED, Fault

# USB loses and changes no bytes, though a second program on the port may read an answer away; there are no switches to
# hit. The rest can happen to any machine.
POSSIBLE = (
    *("lose-ok", "unplug", "reset", "deaf", "mute", "hold", "motors-off", "motors-on", "lost-steps", "servo-stuck"),
    *("servo-slow", "pen-dry", "paper-shift", "slow-host"),
)


class Victim(Protocol):
    """The parts of a board and its machine that can suffer."""

    paper: Paper
    servo: Servo
    late_s: float
    powered: bool
    happened: list[tuple[float, Fault]]

    def unplug(self) -> None: ...

    def restart(self) -> None: ...

    def press(self) -> None: ...

    def follow(self) -> None: ...

    def slip(self, dx: float, dy: float) -> None: ...

    def silence(self, until: float, *, deaf: bool) -> None: ...


class Agenda(Calendar):
    """The faults of one board, in the order in which they come to pass."""

    def __init__(self, faults: Sequence[Fault], victim: Victim, steps_per_mm: float) -> None:
        """Raises ValueError for a fault that a board cannot have."""
        if wrong := [one for one in faults if one.kind not in POSSIBLE]:
            raise ValueError(f"fault '{wrong[0]}': an EiBotBoard can have {', '.join(POSSIBLE)}")
        super().__init__()
        self._victim, self._per_mm = victim, steps_per_mm
        self._oks = 0
        self._lost: dict[int, Fault] = {}
        for one in faults:
            self.enter(one)

    def loses_ok(self, t: float) -> bool:
        """Whether the OK that is about to be said is lost."""
        self._oks += 1
        fault = self._lost.pop(self._oks, None)
        if fault is not None:
            self._victim.happened.append((t, fault))
        return fault is not None

    def act(self, t: float) -> bool:
        """Let what is due by `t` happen; whether the host notices at once."""
        now = self.take(t)
        for one in now:
            self._befall(one, t)
        return any(one.kind in NOTICED for one in now)

    def _befall(self, fault: Fault, t: float) -> None:
        kind, victim = fault.kind, self._victim
        if kind == "lose-ok":
            self._lost[self._oks + int(fault.number(0))] = fault
            return
        victim.happened.append((t, fault))
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
        else:
            wear(fault, t, victim.paper, victim.servo)
