"""Driver: one firmware's way of saying everything a pen needs. The seam that lets one stream write on any machine."""

from collections.abc import Sequence
from typing import Protocol

from plotter.jog import Push
from plotter.machine import Machine
from plotter.motion import Estimate
from plotter.plan import Toolpath
from plotter.port import Port
from plotter.program import Point, Program
from plotter.rescue import Left, Rescued
from plotter.session import Session
from plotter.wire import Wire


class Driver(Protocol):
    """How one firmware is spoken to: programs spelled and proved, a machine found at a port, a pen rescued."""

    @property
    def machine(self) -> Machine: ...

    def write(self, toolpath: Toolpath, *, first_stroke: int = 0, from_mm: float = 0.0) -> Program:
        """Spell a plan; with `first_stroke` it goes on with that stroke, `from_mm` mm along it.

        Raises ValueError when there is none such.
        """
        ...

    def prove(self, program: Program) -> None:
        """That every line may be sent to this machine; raises ProgramError at the first that may not."""
        ...

    def estimate(self, program: Program) -> Estimate:
        """How long the machine needs for it."""
        ...

    def connect(self, port: Port) -> Session:
        """From an open port to a machine known to be the configured one, idle, at a known place.

        Raises PortError when nothing answers, MachineMismatch, NotReady.
        """
        ...

    def rescue(self, wire: Wire, left: Left, park: Point | None) -> Rescued:
        """Lift the pen as soon as the machine allows, say where that was, and bring it to `park`, if any.

        Never raises PortError. The machine has forgotten all lines that it had not carried out.
        """
        ...

    def pen(self, *, down: bool) -> tuple[str, ...]:
        """Lines that lower or lift the pen and wait until it has settled."""
        ...

    def move(self, to: Point) -> tuple[str, ...]:
        """Lines of a straight move with the pen up, machine frame, mm."""
        ...

    def jog(self, wire: Wire, push: Push, *, zeroed: bool) -> Point:
        """Go where a hand pushes, the pen up, until it pushes no more; where the machine then stands.

        It stays on its bed when it is `zeroed`. Raises Refusal, Locked, PortError.
        """
        ...

    def macro(self, lines: Sequence[str]) -> tuple[str, ...]:
        """A macro's lines (proved, in the few words of `plotter/dialect.py`) as this firmware takes them.

        Modes and pen lift come first; when the last is answered, all motion is done. Raises Unfit for what it cannot.
        """
        ...


def driver(machine: Machine) -> Driver:
    """The driver of a machine's firmware."""
    if machine.firmware == "ebb":
        from plotter.ebbdriver import EbbDriver

        return EbbDriver(machine)
    from plotter.grbldriver import GrblDriver

    return GrblDriver(machine)


def connect(port: Port, machine: Machine) -> Session:
    """The machine at an open port, ready to write; see `Driver.connect`."""
    return driver(machine).connect(port)
