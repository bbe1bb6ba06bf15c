"""The wire to a machine: bytes out, bytes in, in the port's own time."""

from typing import Protocol

from plotter.clock import Clock


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
