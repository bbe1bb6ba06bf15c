"""The simulated machine as a Port: sim://, in this process."""

from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import parse_qs, urlsplit

from plotter.clock import Clock, ScaledClock, VirtualClock
from plotter.ebbboard import EbbBoard
from plotter.machine import Machine
from plotter.port import PortError
from plotter.reports import DIALECTS, GRBL, Flavour
from plotter.simfaults import Fault, faults, unattended
from plotter.simfeeder import SimFeeder
from plotter.simulator import Simulator

SETTLE_S = 30.0  # a full planner, a full buffer and a homing cycle are done sooner


class Simulated(Protocol):
    """A machine that does no I/O: what a port needs of it."""

    unplugged: bool
    late_s: float  # so long the host has done nothing

    @property
    def time(self) -> float: ...

    def open(self, t: float) -> None: ...

    def close(self, t: float) -> None: ...

    def receive(self, data: bytes, t: float) -> None: ...

    def run(self, until: float) -> float: ...

    def take_output(self) -> bytes: ...


_Machine = TypeVar("_Machine", bound=Simulated)


class SimPort(Generic[_Machine]):
    """A Port whose machine lives in this process and in its own time."""

    def __init__(self, simulator: _Machine, clock: Clock) -> None:
        """Opens the port: the machine resets, as a real one does."""
        self.simulator = simulator
        self._clock = clock
        self._open = True
        simulator.open(clock.now())

    @property
    def clock(self) -> Clock:
        return self._clock

    def write(self, data: bytes) -> None:
        """Raises PortError after `close`, and once the cable is out."""
        self._check()
        self.simulator.receive(data, self._clock.now())

    def read(self, timeout_s: float) -> bytes:
        """Raises PortError after `close`, and once the cable is out."""
        self._check()
        clock, simulator = self._clock, self.simulator
        end = clock.now() + timeout_s
        while True:
            if simulator.late_s:
                return self._wake()
            reached = simulator.run(end)
            now = clock.now()
            if reached > now:
                clock.sleep(reached - now)
            self._check()
            if simulator.late_s:
                continue
            data = simulator.take_output()
            if data or reached >= end:
                return data

    def settle(self, seconds: float = SETTLE_S) -> None:
        """Let so much time pass; the machine does what it still has to do, and nobody listens."""
        simulator, end = self.simulator, self._clock.now() + seconds
        while simulator.run(end) < end:
            simulator.take_output()
        self._clock.sleep(end - self._clock.now())
        simulator.take_output()

    def close(self) -> None:
        if self._open:
            self._open = False
            self.simulator.close(max(self._clock.now(), self.simulator.time))

    def _wake(self) -> bytes:
        """The host, having lost some time, finds all that has arrived meanwhile."""
        clock, simulator, found = self._clock, self.simulator, bytearray()
        while simulator.late_s:
            seconds, simulator.late_s = simulator.late_s, 0.0
            clock.sleep(seconds)
            now = clock.now()
            while simulator.run(now) < now:
                found += simulator.take_output()
        self._check()
        return bytes(found) + simulator.take_output()

    def _check(self) -> None:
        if not self._open:
            raise PortError("the simulated port is closed")
        if self.simulator.unplugged:
            raise PortError("the simulated machine is gone; check cable and power")


def plug(
    machine: Machine,
    faults: Sequence[Fault] = (),
    *,
    seed: int = 0,
    dialect: Flavour = GRBL,
    simulator: Simulator | None = None,
    clock: Clock | None = None,
) -> SimPort[Simulator]:
    """A simulated machine with faults, at a port, in virtual time unless there is another clock.

    With `simulator` the machine that is there already is plugged in again: then it keeps its faults, and the clock
    goes on from its time. Raises ValueError for a fault that the machine cannot have.
    """
    if simulator is None:
        simulator = Simulator.for_machine(machine, faults=faults, seed=seed, dialect=dialect)
    elif faults:
        raise ValueError("a machine that is there already has its faults")
    return SimPort(simulator, clock if clock is not None else VirtualClock(simulator.time))


def open_sim(url: str, machine: Machine | None = None) -> SimPort[Any]:
    """A simulated machine: `sim://?speed=8` in real time times 8, `sim://?speed=max` in virtual time (the default).

    `&fault=TEXT`, as often as needed, gives it faults (`plotter.simfaults`), `&seed=N` says how bytes are garbled,
    `&dialect=grblhal` lets it speak as grblHAL does;
    `&feeder=N` a feeder with N cards (`plotter.simfeeder`), of which the `&jam=K`-th never arrives.
    Raises PortError for anything else in the URL.
    """
    parts = urlsplit(url)
    query = parse_qs(parts.query, keep_blank_values=True)
    speed, seed, wrong = query.pop("speed", ["max"])[-1], query.pop("seed", ["0"])[-1], query.pop("fault", [])
    dialect = DIALECTS.get(query.pop("dialect", ["grbl"])[-1])
    cards, jam = query.pop("feeder", [""])[-1], query.pop("jam", ["0"])[-1]
    whole = seed.isdecimal() and jam.isdecimal() and (cards.isdecimal() or not cards)
    if parts.scheme != "sim" or query or not whole or dialect is None:
        raise PortError(
            f"{url}: a simulated machine is sim://?speed=N or sim://?speed=max, with &fault=TEXT and &seed=N as needed,"
            f" &dialect={'|'.join(DIALECTS)}, and &feeder=N with &jam=K"
        )
    clock: Clock
    if speed == "max":
        clock = VirtualClock()
    else:
        try:
            clock = ScaledClock(float(speed))
        except ValueError as error:
            raise PortError(f"{url}: speed is 'max' or a number above 0") from error
    try:
        planned = unattended(faults(*wrong))
        if machine is not None and machine.firmware == "ebb":
            if cards:
                raise PortError(f"{url}: a simulated EiBotBoard has no feeder")
            return SimPort(EbbBoard(machine, faults=planned), clock)
        port = plug(machine or Machine(), planned, seed=int(seed), dialect=dialect, clock=clock)
    except ValueError as error:
        raise PortError(f"{url}: {error}") from error
    if cards:
        SimFeeder(port.simulator, int(cards), jam=int(jam))
    return port
