"""A serial line that suffers: bytes lost, changed, repeated, either way; answers lost; times when nobody hears."""

from collections import deque

from plotter.simfaults import BAD_LINES, Fault
from plotter.uart import Uart


class FaultyUart(Uart):
    """A Uart with faults. Bytes count as the host hands them over and as the machine prints them."""

    def __init__(self, baud: int, rx_bytes: int, link_s: float, seed: int) -> None:
        """`seed` decides which bit of a garbled byte flips."""
        super().__init__(baud, rx_bytes, link_s)
        self.happened: list[tuple[float, Fault]] = []
        self._seed = seed
        self._in, self._out_bytes, self._oks, self._lines = 0, 0, 0, 0
        self._at_in: dict[int, list[Fault]] = {}  # byte number -> what happens to it
        self._at_out: dict[int, list[Fault]] = {}
        self._at_ok: dict[int, list[Fault]] = {}
        self._at_line: dict[int, list[Fault]] = {}
        self._unheard: list[tuple[float, float]] = []  # from, to: what arrives then is lost
        self._muted: list[tuple[float, float]] = []

    def arm(self, fault: Fault) -> None:
        """Count from now on for a fault of bytes, answers or lines."""
        n = int(fault.number(0))
        if fault.kind.endswith("-in"):
            self._at_in.setdefault(self._in + n, []).append(fault)
        elif fault.kind.endswith("-out"):
            self._at_out.setdefault(self._out_bytes + n, []).append(fault)
        elif fault.kind.endswith("-ok"):
            self._at_ok.setdefault(self._oks + n, []).append(fault)
        else:
            self._at_line.setdefault(self._lines + n, []).append(fault)

    def lose_between(self, t: float, until: float, *, inward: bool, outward: bool) -> None:
        """What arrives from `t` on is lost, inward, and what is printed; what is on its way as well."""
        if inward:
            self._unheard.append((t, until))
            self.fill(t)
            wire, self._wire = self._wire, deque()
            for first, data in wire:
                self._keep(data, first)
            heard = [c for c in self.commands if not t < c[0] <= until]
            self.commands.clear()
            self.commands.extend(heard)
        if outward:
            self._muted.append((t, until))

    def receive(self, data: bytes, t: float) -> None:
        start = self._in
        self._in += len(data)
        if self._at_in and any(start <= n < self._in for n in self._at_in):
            data = self._suffer(data, start, self._at_in, t)
        if self._unheard and data:
            first = max(self._framed(t), self._wire_free) + self.byte_s
            lost = any(a < first + len(data) * self.byte_s and first <= b for a, b in self._unheard)
            if lost:
                for k in range(len(data)):
                    if self._deaf(first + k * self.byte_s):
                        self._wire_free = first + k * self.byte_s
                    else:
                        super().receive(data[k : k + 1], t)
                return
        super().receive(data, t)

    def read_line(self, t: float) -> bytes | None:
        line = super().read_line(t)
        if line is None:
            return None
        self._lines += 1
        for fault in self._at_line.pop(self._lines, ()):
            self.happened.append((t, fault))
            line = BAD_LINES[int(fault.number(1))]
        return line

    def _emit(self, data: bytes, t: float) -> None:
        times = 1
        if data == b"ok\r\n":
            self._oks += 1
            for fault in self._at_ok.pop(self._oks, ()):
                self.happened.append((t, fault))
                times = 0 if fault.kind == "lose-ok" else 2
        for _ in range(times):
            start = self._out_bytes
            self._out_bytes += len(data)
            sent = self._suffer(data, start, self._at_out, t) if self._at_out else data
            if sent and not any(a < t <= b for a, b in self._muted):
                super()._emit(sent, t)

    def _deaf(self, t: float) -> bool:
        return any(a < t <= b for a, b in self._unheard)

    def _keep(self, data: bytes, first: float) -> None:
        """Put bytes back on the wire, those that will be heard."""
        for k, byte in enumerate(data):
            at = first + k * self.byte_s
            if not self._deaf(at):
                self._wire.append((at, bytes((byte,))))

    def _suffer(self, data: bytes, start: int, faults: dict[int, list[Fault]], t: float) -> bytes:
        suffered = bytearray()
        for n, byte in enumerate(data, start=start):
            new = bytes((byte,))
            for fault in faults.pop(n, ()):
                self.happened.append((t, fault))
                if fault.kind.startswith("drop"):
                    new = b""
                elif fault.kind.startswith("double"):
                    new += new[-1:]
                elif len(fault.args) > 1:
                    new = bytes((int(fault.number(1)),))
                else:
                    new = bytes((byte ^ 1 << (n + self._seed) % 7,))
            suffered += new
        return bytes(suffered)
