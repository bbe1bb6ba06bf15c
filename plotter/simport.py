"""The simulated machine as a Port: sim://, in this process."""

from urllib.parse import parse_qs, urlsplit

from plotter.clock import Clock, ScaledClock, VirtualClock
from plotter.machine import Machine
from plotter.port import PortError
from plotter.simulator import Simulator


class SimPort:
    """A Port whose machine lives in this process and in its own time."""

    def __init__(self, simulator: Simulator, clock: Clock) -> None:
        """Opens the port: the machine resets, as a real one does."""
        self.simulator = simulator
        self._clock = clock
        self._open = True
        simulator.open(clock.now())

    @property
    def clock(self) -> Clock:
        return self._clock

    def write(self, data: bytes) -> None:
        """Raises PortError after `close`."""
        self._check()
        self.simulator.receive(data, self._clock.now())

    def read(self, timeout_s: float) -> bytes:
        """Raises PortError after `close`."""
        self._check()
        clock, simulator = self._clock, self.simulator
        end = clock.now() + timeout_s
        while True:
            reached = simulator.run(end)
            now = clock.now()
            if reached > now:
                clock.sleep(reached - now)
            data = simulator.take_output()
            if data or reached >= end:
                return data

    def close(self) -> None:
        if self._open:
            self._open = False
            self.simulator.close(max(self._clock.now(), self.simulator.time))

    def _check(self) -> None:
        if not self._open:
            raise PortError("the simulated port is closed")


def open_sim(url: str, machine: Machine | None = None) -> SimPort:
    """A simulated machine: `sim://?speed=8` in real time times 8, `sim://?speed=max` in virtual time (the default).

    Raises PortError for anything else in the URL.
    """
    parts = urlsplit(url)
    query = parse_qs(parts.query, keep_blank_values=True)
    speed = query.pop("speed", ["max"])[-1]
    if parts.scheme != "sim" or query:
        raise PortError(f"{url}: a simulated machine is sim://?speed=N or sim://?speed=max")
    clock: Clock
    if speed == "max":
        clock = VirtualClock()
    else:
        try:
            clock = ScaledClock(float(speed))
        except ValueError as error:
            raise PortError(f"{url}: speed is 'max' or a number above 0") from error
    return SimPort(Simulator.for_machine(machine if machine is not None else Machine()), clock)
