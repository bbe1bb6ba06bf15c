"""The real wire: a serial port, a pseudo-terminal or a socket through pyserial; sim:// opens a simulated machine."""

import errno
import math
import select
from typing import Any

from plotter.clock import RealClock
from plotter.descriptor import give, take
from plotter.machine import Machine
from plotter.port import Port, PortError, Talk, alone
from plotter.pump import pump

# A machine that takes no byte for this long is gone or switched off, s; a full 128-byte buffer drains in 0.02 s.
WRITE_TIMEOUT_S = 3.0
_LOOK_MS = 50  # how often a wire that takes no bytes is looked at


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
        self._ears, self._both = select.poll(), select.poll()
        self._ears.register(self._file, select.POLLIN)
        self._both.register(self._file, select.POLLIN | select.POLLOUT)
        # pyserial waits a second time around each read and write: half the cost of driving many machines. Where it has
        # only opened a descriptor, that is read and written here.
        self._plain = type(self._wire) is serial.Serial
        self._unsent, self._taken_at = b"", 0.0

    @property
    def clock(self) -> RealClock:
        return self._clock

    @property
    def file(self) -> int:
        """The descriptor; raises PortError when the port is closed."""
        try:
            return int(self._wire.fileno())
        except self._errors as error:
            raise PortError(f"{self._url}: the port is closed") from error

    @property
    def unsent(self) -> bool:
        """Whether bytes wait until the wire takes more; `read` and `write` give them to it."""
        return bool(self._unsent)

    def run(self, talk: Talk) -> None:
        """Run a conversation to its end, beside those of other serial ports; raises what it raises, and PortError."""
        if self._plain:
            pump().run(self, talk)
        else:
            alone(self, talk)

    def write(self, data: bytes) -> None:
        """Send all bytes, those that the wire does not take now with the next call; raises PortError."""
        try:
            if self._plain:
                self._give(data)
            else:
                self._wire.write(data)
        except self._errors as error:
            raise PortError(f"{self._url}: the machine takes no more bytes ({error}); check cable and power") from error

    def read(self, timeout_s: float) -> bytes:
        """What has arrived, waiting at most `timeout_s` for the first byte; b"" on silence; raises PortError."""
        end = self._clock.now() + timeout_s
        try:
            if timeout_s <= 0 and self._plain and (data := self._take()):
                return data  # one call instead of two where something is likely to be there
            while True:
                if self._unsent:
                    self.write(b"")
                left = math.ceil(1000 * max(0.0, end - self._clock.now()))
                happened = self._both.poll(min(left, _LOOK_MS)) if self._unsent else self._ears.poll(left)
                if happened and happened[0][1] != select.POLLOUT:
                    break
                if self._clock.now() >= end:
                    return b""
            data = self._take()
        except (*self._errors, TypeError) as error:
            # pyserial raises TypeError when the port is closed by another thread while it reads.
            raise PortError(f"{self._url}: the machine is gone; check cable and power") from error
        if self._plain and not data:  # ready, and nothing there: hung up
            raise PortError(f"{self._url}: the machine is gone; check cable and power")
        return data

    def _give(self, data: bytes) -> None:
        """What the wire takes now of what is to be sent; raises TimeoutError when it has taken nothing for long."""
        now = self._clock.now()
        if not self._unsent:
            self._taken_at = now
        self._unsent += data
        try:
            given = give(self._wire.fileno(), self._unsent)
        except BlockingIOError:
            given = 0
        if given:
            self._taken_at, self._unsent = now, self._unsent[given:]
        elif self._unsent and now - self._taken_at > WRITE_TIMEOUT_S:
            raise TimeoutError(f"none for {WRITE_TIMEOUT_S:g} s")

    def _take(self) -> bytes:
        try:
            return take(self._wire.fileno()) if self._plain else bytes(self._wire.read(4096))
        except BlockingIOError:
            return b""

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
