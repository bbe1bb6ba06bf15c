"""The serial line at the machine's end: bytes at the baud rate, a 128-byte ring that drops silently, replies in time.

Real-time bytes are picked off as they arrive, wherever they stand, also inside comments; so is every byte above 0x7f.
"""

import math
import re
from collections import deque

BITS = 10  # start, eight data, stop
TX_BYTES = 104  # TX_BUFFER_SIZE: printing more than this waits
_AT_ONCE = re.compile(rb"[\x18?~!\x80-\xff]")
_CR = 0x0D
_LINE_END = re.compile(rb"[\r\n]")


class Uart:
    """What is on the wire, in the ring, and on its way out; times in machine seconds."""

    def __init__(self, baud: int, rx_bytes: int, link_s: float) -> None:
        """`link_s`: the USB link moves bytes in both directions in frames of so many seconds; 0 for none."""
        self.byte_s = BITS / baud
        self.rx_bytes = rx_bytes
        self.crlf_once = False  # CR LF ends one line, not two
        self._after_cr = False
        self.link_s = link_s
        self.commands: deque[tuple[float, int]] = deque()  # real-time bytes and when they arrive
        self.dropped = 0  # bytes lost to a full ring
        self._wire: deque[tuple[float, bytes]] = deque()  # arrival of the first byte, bytes
        self._wire_free = 0.0
        self._ring = bytearray()
        self._partial = bytearray()  # a line's beginning that the main loop has already read
        self._out: deque[tuple[float, bytes]] = deque()  # readable at, bytes
        self.readable = math.inf  # when the host can read the next reply; infinity when there is none
        self.tx_free = 0.0
        self.deaf_until = -math.inf

    def _framed(self, t: float) -> float:
        return math.ceil(t / self.link_s - 1e-9) * self.link_s if self.link_s else t

    # -------------------------------------------------------------- in

    def receive(self, data: bytes, t: float) -> None:
        """Bytes handed to the link at `t`."""
        if not data:
            return
        first = max(self._framed(t), self._wire_free) + self.byte_s
        self._wire_free = first + (len(data) - 1) * self.byte_s
        if _AT_ONCE.search(data) is None:
            self._wire.append((first, data))
            return
        start = 0
        for found in _AT_ONCE.finditer(data):
            at = found.start()
            if at > start:
                self._wire.append((first + start * self.byte_s, data[start:at]))
            self.commands.append((first + at * self.byte_s, data[at]))
            start = at + 1
        if start < len(data):
            self._wire.append((first + start * self.byte_s, data[start:]))

    def _arrived(self, t: float) -> bytes:
        """Bytes of the first piece on the wire that have arrived by `t`, taken off it."""
        first, data = self._wire[0]
        n = int((t - first) / self.byte_s + 1e-6) + 1
        if n >= len(data):
            self._wire.popleft()
            return data
        self._wire[0] = (first + n * self.byte_s, data[n:])
        return data[:n]

    def fill(self, t: float) -> None:
        """Let what has arrived by `t` into the ring; what finds it full is gone."""
        wire, ring = self._wire, self._ring
        while wire and wire[0][0] <= t + 1e-9:
            data = self._arrived(t)
            room = self.rx_bytes - len(ring)
            if len(data) <= room:
                ring += data
            else:
                ring += data[:room]
                self.dropped += len(data) - room

    def free(self, t: float) -> int:
        """Bytes free in the ring: the second number of `Bf:`."""
        self.fill(t)
        return self.rx_bytes - len(self._ring)

    def read_line(self, t: float) -> bytes | None:
        """The next line without its end, as the main loop reads it at `t`; None while its end has not arrived."""
        self.fill(t)
        ring = self._ring
        if self._after_cr and ring:
            self._after_cr = False
            if ring[:1] == b"\n":
                del ring[0]
        found = _LINE_END.search(ring)
        if found is None:
            self._partial += ring
            ring.clear()
            return None
        at = found.start()
        line = bytes(self._partial + ring[:at]) if self._partial else bytes(ring[:at])
        self._partial.clear()
        self._after_cr = self.crlf_once and ring[at] == _CR
        del ring[: at + 1]
        return line

    def next_line_end(self) -> float:
        """When the next line end arrives, of those on the wire already; infinity when none is.

        Only while the main loop waits for characters: it takes them as they come, so the ring stays empty.
        """
        if self._ring:
            if _LINE_END.search(self._ring):
                return -math.inf
            self._partial += self._ring
            self._ring.clear()
        while self._wire:
            first, data = self._wire[0]
            if self.commands and self.commands[0][0] < first:
                return math.inf  # a real-time byte comes sooner, and may keep the main loop from reading on
            found = _LINE_END.search(data)
            if found is not None:
                at = found.start()
                if at:
                    self._partial += data[:at]
                    self._wire[0] = (first + at * self.byte_s, data[at:])
                return first + at * self.byte_s
            self._partial += data
            self._wire.popleft()
        return math.inf

    @property
    def pending(self) -> bool:
        """Whether bytes are still on the wire or unread in the ring."""
        return bool(self._wire or self.commands or self._ring)

    def flush(self, t: float) -> None:
        """Throw away all that has arrived by `t` (reset)."""
        self.lose(t)
        self._after_cr = False
        self._ring.clear()
        self._partial.clear()

    def lose(self, t: float) -> None:
        """What arrived up to `t` and is not in the ring yet was never heard (interrupts off, boot loader)."""
        wire = self._wire
        while wire and wire[0][0] <= t + 1e-9:
            self._arrived(t)
        while self.commands and self.commands[0][0] <= t:
            self.commands.popleft()

    # -------------------------------------------------------------- out

    def send(self, text: str, t: float) -> None:
        """Print a line (CR LF is added) at `t`."""
        self._emit(f"{text}\r\n".encode("ascii"), t)

    def _emit(self, data: bytes, t: float) -> None:
        free = self.tx_free
        self.tx_free = (t if t > free else free) + len(data) * self.byte_s
        self._out.append((self._framed(self.tx_free), data))
        self.readable = self._out[0][0]

    @property
    def printed(self) -> float:
        """When the processor gets on after printing: with no more than the TX buffer still to go out."""
        return self.tx_free - TX_BYTES * self.byte_s

    def take(self, t: float) -> bytes:
        """The replies that the host can read by `t`."""
        out = self._out
        taken = bytearray()
        while out and out[0][0] <= t:
            taken += out.popleft()[1]
        self.readable = out[0][0] if out else math.inf
        return bytes(taken)

    def power_up(self, t: float) -> None:
        """The processor has restarted: what it had not read, and what it had to print after `t`, is gone."""
        self.flush(t)
        while self._out and self._out[-1][0] > t:
            self._out.pop()
        self.readable = self._out[0][0] if self._out else math.inf
        self.tx_free = t
        self.deaf_until = -math.inf

    def hang_up(self, t: float) -> None:
        """The port was closed, opened or torn out: what was under way on the wire is gone; what arrived stays."""
        self.fill(t)
        self._wire.clear()
        self.commands.clear()
        self._out.clear()
        self.readable = math.inf
        self._wire_free = self.tx_free = 0.0
