"""The wire to a machine: bytes out, bytes in, in the port's own time."""

from collections.abc import Generator
from typing import Protocol, runtime_checkable

from plotter.clock import Clock

# One with a machine: it yields the port's time until which it listens, and is sent what was said by then.
Talk = Generator[float, bytes, None]


class PortError(Exception):
    """The wire failed (unplugged, refused, timed out). Says which port and what to look at."""


class Port(Protocol):
    """A byte stream to one machine. The port owns its clock: a simulated machine lives in its own time."""

    @property
    def clock(self) -> Clock: ...

    def write(self, data: bytes) -> None:
        """Send all bytes; raises PortError."""
        ...

    def read(self, timeout_s: float) -> bytes:
        """What has arrived, waiting at most `timeout_s` for the first byte; b"" on silence; raises PortError."""
        ...

    def close(self) -> None: ...


@runtime_checkable
class Shared(Protocol):
    """A port whose conversations are run together with those of other ports: none of them may wait."""

    def run(self, talk: Talk) -> None:
        """Run a conversation to its end; raises what it raises, and PortError."""
        ...


def run(port: Port, talk: Talk) -> None:
    """Run a conversation over a port to its end; raises what it raises, and PortError."""
    if isinstance(port, Shared):
        port.run(talk)
    else:
        alone(port, talk)


def alone(port: Port, talk: Talk) -> None:
    """Run a conversation in this thread."""
    try:
        until = next(talk)
        while True:
            until = talk.send(port.read(max(0.0, until - port.clock.now())))
    except StopIteration:
        return
