"""Host: lines streamed by character counting to a simulated machine in virtual time, as any good sender does."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from plotter.clock import VirtualClock
from plotter.machine import Machine
from plotter.planner import Block, Steps
from plotter.simport import SimPort
from plotter.simulator import Simulator
from plotter.strokes import Stroke

BOOT_S = 2.0


class Hunger:
    """How long a machine's pen has stood still on the paper for want of lines, each time: `rests`, s.

    It has starved when the planner has run empty while it is down, and a move came after that: the last planned move
    always ends at rest.
    """

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._planner = simulator.firmware.stepper.planner
        self._discard, self._push = self._planner.discard, self._planner.push
        self._planner.discard, self._planner.push = self._discarded, self._pushed  # type: ignore[method-assign]
        self._empty = False
        self._since = 0.0
        self.rests: list[float] = []

    def _discarded(self) -> None:
        self._discard()
        self._empty = self._simulator.pen_down and not self._planner.blocks
        self._since = self._simulator.firmware.t

    def _pushed(self, end: Steps, rate: float | None, *, fixed: bool = False) -> Block | None:
        if self._empty and self._simulator.pen_down:
            self.rests.append(self._simulator.firmware.t - self._since)
        self._empty = False
        return self._push(end, rate, fixed=fixed)


@dataclass(frozen=True)
class Written:
    """Machine seconds from the first byte to standstill, how often the pen stood still for want of lines, the ink."""

    seconds: float
    starved: int
    ink: list[Stroke]


def streamed(lines: Sequence[str], machine: Machine, *, link_s: float = 0.001) -> Written:
    """The program on this machine; raises RuntimeError with the line that is refused."""
    simulator = Simulator.for_machine(machine, link_s=link_s)
    hunger = Hunger(simulator)
    port = SimPort(simulator, VirtualClock())
    listen_until = port.clock.now() + BOOT_S
    while port.clock.now() < listen_until - 1e-9:
        port.read(listen_until - port.clock.now())
    start = port.clock.now()
    waiting: deque[int] = deque()
    sent = answered = 0
    heard = b""
    budget = machine.rx_bytes - 1
    while answered < len(lines):
        batch = b""
        while sent < len(lines) and sum(waiting) + len(lines[sent]) + 1 <= budget:
            batch += lines[sent].encode("ascii") + b"\n"
            waiting.append(len(lines[sent]) + 1)
            sent += 1
        if batch:
            port.write(batch)
        heard += port.read(60.0)
        *new, heard = heard.split(b"\r\n")
        for reply in new:
            if reply != b"ok":
                raise RuntimeError(f"line {answered + 1} '{lines[answered]}': {reply.decode('ascii', 'replace')}")
            answered += 1
            waiting.popleft()
    while simulator.busy:
        port.read(0.02)
        if not simulator.firmware.stepper.running and not simulator.uart.pending:
            break
    seconds = port.clock.now() - start
    ink = simulator.ink
    port.close()
    return Written(seconds, len(hunger.rests), ink)
