"""The driver of GRBL 1.1 and of the firmwares that speak its language (grblHAL, FluidNC)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from plotter import gcode
from plotter.armour import ARCS
from plotter.connect import connect
from plotter.faults import Resume
from plotter.grbl import GrblSession
from plotter.jog import IDLE, Hand, Jog, Push
from plotter.machine import Machine
from plotter.motion import Estimate, estimate
from plotter.plan import Toolpath
from plotter.port import Port
from plotter.program import Point, Program
from plotter.rescue import Left, Rescued, rescue
from plotter.resume import rest
from plotter.wire import LONG_WAY_S, Wire


@dataclass(frozen=True)
class GrblDriver:
    """G-code over character counting."""

    machine: Machine

    def write(self, toolpath: Toolpath, *, first_stroke: int = 0, from_mm: float = 0.0) -> Program:
        left = rest(toolpath, Resume(first_stroke, from_mm))
        return replace(gcode.write(left, first_stroke=first_stroke, ink=ARCS), from_mm=from_mm)

    def prove(self, program: Program) -> None:
        gcode.prove(program, self.machine)

    def estimate(self, program: Program) -> Estimate:
        return estimate(program.texts, self.machine)

    def connect(self, port: Port) -> GrblSession:
        return connect(port, self.machine)

    def rescue(self, wire: Wire, left: Left, park: Point | None) -> Rescued:
        return rescue(wire, left, park)

    def pen(self, *, down: bool) -> tuple[str, ...]:
        return gcode.lower(self.machine) if down else gcode.lift(self.machine)

    def move(self, to: Point) -> tuple[str, ...]:
        return (gcode.write_move(to),)

    def jog(self, wire: Wire, push: Push, *, zeroed: bool) -> Point:
        at = wire.wait_for(IDLE, LONG_WAY_S).at
        return Hand(wire, Jog(self.machine, at, zeroed=zeroed)).follow(push)

    def macro(self, lines: Sequence[str]) -> tuple[str, ...]:
        # The modes as everything else expects them; the dwell proves that all motion is done.
        begin = gcode.preamble(self.machine)
        return (*begin, *lines, begin[0], "G4P0")
