"""The real wire: a serial port, a pseudo-terminal or a socket through pyserial; sim:// opens a simulated machine."""

import errno
import math
import os
import select
from typing import Any

from plotter.clock import RealClock
from plotter.machine import Machine
from plotter.port import Port, PortError

# A machine that takes no byte for this long is gone or switched off, s; a full 128-byte buffer drains in 0.02 s.
WRITE_TIMEOUT_S = 3.0


def open_port(url: str, *, baud: int, machine: Machine) -> Port:
    """The wire at `url`: a device or pty path, hwgrep://..., socket://host:port, spy://..., or sim://...

    Opening a serial port resets most machines: treat it as a loss of position. Raises PortError, which says what to
    look at; a port that another program holds is refused.
    """
    if url.startswith("sim://"):
        from plotter.simport import open_sim

        return open_sim(url, machine)
    return SerialPort(url, baud)


class SerialPort:
    """A Port over pyserial, in real time, held by this process alone."""

    def __init__(self, url: str, baud: int) -> None:
        import serial

        self._url = url
        self._clock = RealClock()
        self._errors = (serial.SerialException, OSError, ValueError)
        try:
            self._wire: Any = serial.serial_for_url(
                url, baudrate=baud, timeout=0, write_timeout=WRITE_TIMEOUT_S, exclusive=True
            )
            self._file: int = self._wire.fileno()
        except self._errors as error:
            raise PortError(f"{url}: {_advice(error)}") from error
        self._ears, self._mouth = select.poll(), select.poll()
        self._ears.register(self._file, select.POLLIN)
        self._mouth.register(self._file, select.POLLOUT)
        # pyserial waits a second time around each read and write: half the cost of driving many machines. Where it has
        # only opened a descriptor, that is read and written here.
        self._plain = type(self._wire) is serial.Serial

    @property
    def clock(self) -> RealClock:
        return self._clock

    def write(self, data: bytes) -> None:
        """Send all bytes; raises PortError."""
        try:
            if not self._plain:
                self._wire.write(data)
                return
            left = data[self._give(data) :]
            while left:
                if not self._mouth.poll(1000 * WRITE_TIMEOUT_S):
                    raise TimeoutError(f"none for {WRITE_TIMEOUT_S:g} s")
                left = left[self._give(left) :]
        except self._errors as error:
            raise PortError(f"{self._url}: the machine takes no more bytes ({error}); check cable and power") from error

    def _give(self, data: bytes) -> int:
        try:
            return os.write(self._wire.fileno(), data)
        except BlockingIOError:
            return 0

    def read(self, timeout_s: float) -> bytes:
        """What has arrived, waiting at most `timeout_s` for the first byte; b"" on silence; raises PortError."""
        try:
            if not self._ears.poll(math.ceil(1000 * max(0.0, timeout_s))):
                return b""
            data = os.read(self._wire.fileno(), 4096) if self._plain else bytes(self._wire.read(4096))
        except (*self._errors, TypeError) as error:
            # pyserial raises TypeError when the port is closed by another thread while it reads.
            raise PortError(f"{self._url}: the machine is gone; check cable and power") from error
        if self._plain and not data:  # ready, and nothing there: hung up
            raise PortError(f"{self._url}: the machine is gone; check cable and power")
        return data

    def close(self) -> None:
        """Let go of the port; a port that has gone away already is closed too."""
        try:
            self._wire.close()
        except self._errors:
            # Unplugged: the kernel has closed it for us, and there is nothing left that could fail.
            return


def _advice(error: Exception) -> str:
    """What an operator can do about a port that does not open."""
    number = getattr(error, "errno", None)
    text = str(error)
    if "exclusively lock" in text or number in (errno.EBUSY, errno.EWOULDBLOCK):
        return "another program holds this port; close it (a second Fairhand, a sender, a serial monitor)"
    if number == errno.EACCES or "Permission denied" in text:
        return "this user may not open it; add the user to the group 'dialout' and log in again"
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO) or "No such file" in text:
        return "there is no such port; is the machine plugged in? `fairhand ports` lists what there is"
    if number == errno.ECONNREFUSED or "refused" in text:
        return "nothing listens there; is the machine or `fairhand simulate --tcp` running?"
    return f"it cannot be opened ({text})"
