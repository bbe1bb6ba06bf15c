"""The driver of the EiBotBoard (AxiDraw, NextDraw): found at a port, made ready, rescued.

Facts from "EBB Command Set" (see `plotter/ebbwords.py`), unless said otherwise. There are no limit switches and no
absolute places: where the motors are when they are switched on (EM) is (0, 0), and a person has to put the head into
the home corner before. Opening the port changes nothing; USB ignores the baud rate.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from plotter import ebbprogram
from plotter.connect import MachineMismatch, NotReady
from plotter.dialect import Unfit
from plotter.dialect import Walk as GcodeWalk
from plotter.ebb import LEAST_VOLTS, MARK, EbbSession
from plotter.ebbwords import FIRST_LIFT_MS, TICK_S, Belt, Go, Move, Pause, lift, lower, servo, share
from plotter.faults import Resume
from plotter.gcode import preamble
from plotter.jog import Push, by_moves
from plotter.machine import Machine
from plotter.motion import Estimate
from plotter.plan import Toolpath
from plotter.port import Port, PortError
from plotter.program import Point, Program
from plotter.rescue import LIFT_BY_HAND, NEAR_MM, PARK_S, Left, Rescued
from plotter.resume import rest
from plotter.wire import ANSWER_S, LONG_WAY_S, Locked, Refusal, Silence, Wire, messages

# LM "should only be considered to be fully functional as of v2.7.0"; so are `clear` and HM to a place.
OLDEST = (2, 7, 0)
# In 3.x the motion FIFO may be made longer (CU,4): so many commands bridge a pause of the host's USB.
DEPTH = 4
# The servo keeps its power so long after its last move, ms; the board's own minute lets a lifted pen sink in a pause.
SERVO_MS = 3_600_000
# The emergency stop waits for the command that waits for the FIFO, 50 ms each; then its answer, or it itself, is lost.
STOP_AGAIN_S, STOP_S = 0.25, 3.0
# Answers to stops that were said again come one after the other.
DRAIN_S = 0.05
# Answered when the FIFO has room for the last of them: then all before them is done.
_PAUSES = (str(Pause(1)),) * (DEPTH + 1)
_VERSION = re.compile(r"Firmware Version (\d+)\.(\d+)\.(\d+)")


@dataclass(frozen=True)
class EbbDriver:
    """Whole steps in 40 us ticks over a FIFO of one command or a few."""

    machine: Machine

    def write(self, toolpath: Toolpath, *, first_stroke: int = 0, from_mm: float = 0.0) -> Program:
        left = rest(toolpath, Resume(first_stroke, from_mm))
        return replace(
            ebbprogram.write(left, first_stroke=first_stroke, goes_on=bool(first_stroke or from_mm)), from_mm=from_mm
        )

    def prove(self, program: Program) -> None:
        ebbprogram.prove(program, self.machine)

    def estimate(self, program: Program) -> Estimate:
        return ebbprogram.estimate(program, self.machine)

    def connect(self, port: Port) -> EbbSession:
        """The board behind an open port: known, supplied, standing; its motors hold, and here is its home corner.

        Raises PortError when no board answers, MachineMismatch, NotReady.
        """
        session = EbbSession(self.machine)
        wire = Wire(port, session)
        _stop(wire)
        try:
            version = _version(messages(wire.ask("V")))
            if version >= (3, 0, 0):
                if not session.future:
                    wire.put(session.future_syntax())
                wire.ask(f"CU,4,{DEPTH}")
                session.depth = DEPTH
            _fits(wire, self.machine)
            for line in ("EM,1,1", "CS", f"SL,{MARK}", f"SR,{SERVO_MS},1"):
                wire.ask(line)
            session.marked, session.motors = True, (0, 0)
            _raise(wire)
            report = wire.status()
        except (Locked, Refusal) as error:
            raise NotReady(f"{error}; look at the machine, then connect again") from error
        if report.state != "Idle" or math.dist(report.at, self.machine.home) > NEAR_MM:
            raise NotReady(f"the board is in state {report.state} and does not stand still; connect it again")
        return session

    def rescue(self, wire: Wire, left: Left, park: Point | None) -> Rescued:
        """A pen that is down is stopped where it is (ES) and lifted; one that is up, or about to be, is braked."""
        if left == "gone":
            return Rescued(False, LIFT_BY_HAND, lifted=False)
        session = wire.session
        assert isinstance(session, EbbSession)
        session.heeds = False
        try:
            try:
                if left == "obeying" and session.up and session.motors is not None:
                    at = Belt.of(self.machine).place(session.motors)
                    if not _brake(wire, session):
                        return Rescued(False, "the pen is up")
                    return replace(self._park(wire, at, park), emptied=True)
                if left == "resting":
                    return self._park(wire, wire.status(undisturbed=True).at, park)
                if left == "obeying":
                    _stop(wire)
                    at = wire.status(undisturbed=True).at
                    _raise(wire)
                    return self._park(wire, at, park)
            except Locked:
                pass  # meanwhile, or it has restarted
            _stop(wire)
            _raise(wire)
            return Rescued(False, "the pen is up", anew=left != "locked")
        except (PortError, Refusal, Locked) as error:
            return Rescued(False, f"{LIFT_BY_HAND} ({error})", lifted=False)
        finally:
            session.heeds = True

    def _park(self, wire: Wire, stood: Point | None, park: Point | None) -> Rescued:
        if park is None:
            return Rescued(True, "the pen is up", stood)
        for line in self.move(park):
            wire.ask(line, PARK_S)
        report = wire.wait_for(frozenset({"Idle"}), PARK_S, every_s=0.2, undisturbed=True)
        if math.dist(report.at, park) <= NEAR_MM:
            return Rescued(True, "the pen is up and parked", stood)
        where = f"the pen is up, but the machine stands at X{report.at[0]:g} Y{report.at[1]:g}"
        return Rescued(False, where, stood)

    def pen(self, *, down: bool) -> tuple[str, ...]:
        return (lower(self.machine) if down else lift(self.machine), *_PAUSES)

    def move(self, to: Point) -> tuple[str, ...]:
        return (str(Go(Belt.of(self.machine).motors(to))),)

    def jog(self, wire: Wire, push: Push, *, zeroed: bool) -> Point:
        return by_moves(wire, self.machine, self.move, push, zeroed=zeroed)

    def macro(self, lines: Sequence[str]) -> tuple[str, ...]:
        """Straight ways and waits; the board switches no outputs for us."""
        walk, said = GcodeWalk(), [lift(self.machine, first=True)]
        for text in (*preamble(self.machine), *lines):
            if text.startswith("M") and not text.startswith("M3"):
                raise Unfit("an EiBotBoard has no outputs to switch")
            walk.line(text)
            if walk.points and text in lines:
                said += [line for to in walk.points for line in self.move(to)]
            elif walk.dwell_s and text in lines:
                said.append(str(Pause(max(1, round(walk.dwell_s * 1000)))))
        return (*said, *_PAUSES)


def _version(said: list[str]) -> tuple[int, int, int]:
    """Raises NotReady for another device or a firmware that is too old."""
    found = _VERSION.search(said[-1] if said else "")
    if not found:
        raise NotReady(f"this is no EiBotBoard: asked for its version it says '{said[-1][:60] if said else ''}'")
    version = (int(found[1]), int(found[2]), int(found[3]))
    if version < OLDEST:
        raise NotReady(
            f"the EiBotBoard's firmware is {found[1]}.{found[2]}.{found[3]}; Fairhand needs 2.7.0 or later, whose "
            "low-level moves are exact: update it with the maker's updater, then connect again"
        )
    return version


def _fits(wire: Wire, machine: Machine) -> None:
    """That the board is the one of the configuration, and its motors have a supply; raises NotReady."""
    (name,) = messages(wire.ask("QT"))[-1:]
    if machine.board.nickname and name.strip() != machine.board.nickname:
        raise MachineMismatch([f"the board's nickname is '{name.strip()}', not '{machine.board.nickname}'"])
    (volts,) = messages(wire.ask("QC"))[-1:]
    if int(volts.split(",")[1]) < LEAST_VOLTS:
        raise NotReady(
            f"the motors have no supply (the board measures {volts}): plug it in and switch it on, put the head into "
            "its home corner, then connect again"
        )


def _stop(wire: Wire) -> None:
    """Stop all motion; raises Silence."""
    again, end = False, wire.now() + STOP_S
    while True:
        wire.put(wire.session.reset())
        try:
            wire.banner(STOP_AGAIN_S)
            break
        except Silence:
            if wire.now() >= end:
                raise
            again = True
    if again:
        wire.rest(DRAIN_S)


def _raise(wire: Wire) -> None:
    """Servo settings and pen up, until it is; raises Silence, Refusal, Locked."""
    machine = wire.session.machine
    for line in (*servo(machine), lift(machine, first=True)):
        wire.ask(line)
    report = wire.wait_for(frozenset({"Idle"}), FIRST_LIFT_MS / 1000 + ANSWER_S, undisturbed=True)
    if report.pen != "up":
        raise Locked("the board does not say that the pen is up")


def _brake(wire: Wire, session: EbbSession) -> bool:
    """The pen is up when all that was sent is done: bring the motors to rest, in line with their last move.

    Whether they stand where all that was sent takes them.
    """
    last = session.last
    if last is not None:
        ticks = last.ticks()
        speed = [one.speed(ticks) for one in last]
        per_s = session.machine.acceleration_mm_s2[0] * session.machine.steps_per_mm[0]
        seconds = max(speed) / per_s
        ticks = math.ceil(seconds / TICK_S)
        steps = [round(v * seconds / 2) * (1 if one.steps > 0 else -1) for v, one in zip(speed, last, strict=True)]
        if ticks and any(steps):
            line = str(Move(share(steps[0], ticks, 1.0, 0.0), share(steps[1], ticks, 1.0, 0.0)))
            _when_room(wire, line)
    report = wire.wait_for(frozenset({"Idle"}), LONG_WAY_S, every_s=0.02, undisturbed=True)
    session.settle()
    assert session.motors is not None
    return math.dist(report.at, Belt.of(session.machine).place(session.motors)) <= NEAR_MM


def _when_room(wire: Wire, line: str) -> None:
    """Send a line as soon as few enough are under way; raises Silence."""
    end = wire.now() + ANSWER_S
    while not wire.session.room(line):
        if wire.now() >= end:
            raise Silence("the board takes no more commands")
        wire.listen(end - wire.now())
    wire.put(wire.session.send(line))
