"""The simulated machine for other people's senders: a pseudo-terminal or a TCP port, in real time or a multiple of it.

Opening the port resets a GRBL machine, as DTR does on a real one. The paper lies there until the end.
"""

import contextlib
import ctypes
import errno
import json
import os
import select
import signal
import socket
import struct
import tty
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Protocol, TextIO

from plotter.clock import ScaledClock
from plotter.ebbboard import EbbBoard
from plotter.machine import Machine
from plotter.reports import DIALECTS
from plotter.simfaults import Fault, unattended
from plotter.simulator import Simulator
from plotter.strokes import Stroke

BUSY_S = 0.001  # real seconds between two looks at a machine in motion: a USB frame
IDLE_S = 0.05


class Line(Protocol):
    """One end of a connection that senders come to and leave."""

    path: str

    def wait(self, seconds: float) -> bool:
        """Wait at most so long for something to happen; True when a sender has just opened the port."""
        ...

    def receive(self) -> bytes:
        """What the sender has sent, without waiting."""
        ...

    def send(self, data: bytes) -> None:
        """To the sender; what it does not fetch is lost, as on a real port."""
        ...

    def unplug(self) -> None:
        """The sender finds its port gone; `path` is where the machine can be plugged in again."""
        ...

    def close(self) -> None: ...


class Pty:
    """A pseudo-terminal in raw mode (Linux); its path is opened like a serial device.

    A hang-up tells of a sender that left, but one that comes back at once cannot be told from one that stayed; so
    inotify counts who opens and who closes.
    """

    def __init__(self) -> None:
        self._plug()

    def _plug(self) -> None:
        self._master, slave = os.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        os.close(slave)
        os.set_blocking(self._master, False)
        self._watch = _inotify(self.path, _IN_OPEN | _IN_CLOSE)
        self._senders = 0

    def wait(self, seconds: float) -> bool:
        # With no sender the terminal reports its hang-up without end: then only the watch is asked.
        select.select([self._watch, self._master] if self._senders else [self._watch], [], [], seconds)
        opened = False
        for (mask,) in struct.iter_unpack(_EVENT, _read(self._watch)):
            if mask & _IN_OPEN:
                # DTR rises with the first who opens; a second finds it high, and nothing resets.
                opened = opened or self._senders == 0
                self._senders += 1
            else:
                self._senders -= 1
        return opened

    def receive(self) -> bytes:
        return _read(self._master) if self._senders else b""

    def send(self, data: bytes) -> None:
        if self._senders:
            with contextlib.suppress(BlockingIOError):
                os.write(self._master, data)

    def unplug(self) -> None:
        self.close()
        self._plug()

    def close(self) -> None:
        os.close(self._watch)
        os.close(self._master)


_IN_CLOSE, _IN_OPEN = 0x18, 0x20  # inotify(7)
_EVENT = "4xI8x"  # struct inotify_event without a name: wd, mask, cookie, len


def _inotify(path: str, mask: int) -> int:
    """A descriptor that tells what happens to the file; raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    watch: int = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if watch < 0 or libc.inotify_add_watch(watch, path.encode(), mask) < 0:
        raise OSError(ctypes.get_errno(), f"{path} cannot be watched by inotify")
    return watch


def _read(descriptor: int) -> bytes:
    """What is there, without waiting."""
    try:
        return os.read(descriptor, 4096)
    except OSError as error:
        if error.errno in (errno.EIO, errno.EAGAIN):  # the sender has just left; nothing there
            return b""
        raise


class Tcp:
    """A TCP port on this computer; one sender at a time."""

    def __init__(self, port: int) -> None:
        """Port 0 takes a free one. Raises OSError when the port is taken."""
        self._server = socket.create_server(("127.0.0.1", port))
        self._server.setblocking(False)
        self.path = f"socket://127.0.0.1:{self._server.getsockname()[1]}"
        self._client: socket.socket | None = None

    def wait(self, seconds: float) -> bool:
        ready = select.select([self._client or self._server], [], [], seconds)[0]
        if self._client is None and ready:
            self._client = self._server.accept()[0]
            self._client.setblocking(False)
            self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return True
        return False

    def receive(self) -> bytes:
        if self._client is None:
            return b""
        try:
            data = self._client.recv(4096)
        except BlockingIOError:
            return b""
        except ConnectionError:
            data = b""
        if not data:
            self._hang_up()
        return data

    def send(self, data: bytes) -> None:
        if self._client is None:
            return
        try:
            self._client.send(data)
        except BlockingIOError:
            return
        except ConnectionError:
            self._hang_up()

    def unplug(self) -> None:
        self._hang_up()

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def close(self) -> None:
        self._hang_up()
        self._server.close()


class Person(Protocol):
    """Who stands beside the machine."""

    def stops(self) -> bool:
        """Whether the machine shall end."""
        ...

    def pushes(self) -> bool:
        """True once for each time the carriage shall be pushed to the zero corner by hand."""
        ...


def serve(
    simulator: Simulator | EbbBoard,
    line: Line,
    *,
    home: tuple[float, float],
    speed: float,
    person: Person,
    announce: Callable[[str], None],
    tell: Callable[[str], None],
) -> None:
    """Be the machine at `line`, `speed` times as fast as a real one, until the person stops it.

    `home` is the corner that the person pushes the carriage to; `announce` hears the path again when the machine has
    been unplugged, `tell` hears of each fault as it happens.
    """
    clock = ScaledClock(speed)
    opened = out = False
    told = 0
    while not person.stops():
        if not simulator.busy and person.pushes():
            simulator.push_head((*home, simulator.head[2]))
        if line.wait(BUSY_S if opened and simulator.busy else IDLE_S):
            opened, out = True, False
            simulator.open(clock.now())
        data = line.receive()
        if not opened:
            continue
        now = clock.now()
        if data:
            simulator.receive(data, now)
        while True:
            reached = simulator.run(now)
            if simulator.unplugged and not out:
                out = True
                line.unplug()
                announce(line.path)
            if output := simulator.take_output():
                line.send(output)
            elif reached >= now:
                break
        for t, fault in simulator.happened[told:]:
            told += 1
            tell(f"{t:.3f} s: {fault}")


def simulate(
    machine: Machine,
    *,
    tcp: int | None = None,
    speed: float = 1.0,
    settings: dict[int, float] | None = None,
    ink: Path | None = None,
    log: Path | None = None,
    faults: Sequence[Fault] = (),
    seed: int = 0,
    dialect: str = "grbl",
    announce: Callable[[str], None],
    tell: Callable[[str], None] = lambda _: None,
    person: Person | None = None,
) -> Simulator | EbbBoard:
    """Be the machine on a pseudo-terminal, or on TCP port `tcp`, until `person` stops it.

    Without a person, signals are one: SIGTERM or SIGINT stops it, SIGUSR1 pushes the idle carriage to the zero corner
    by hand, as one does before connecting a machine that does not home.

    `announce` is told the port's path, and again after an `unplug`; `tell` hears of each of the `faults` as it happens,
    `seed` says how bytes are garbled; `dialect` is one of DIALECTS. At the end the picture of the paper is written to
    `ink`; each finished stroke is appended to `log` at once, as {"t": machine seconds, "stroke": [[x, y], ...]} in the
    machine's mm. Raises ValueError for settings GRBL does not have and faults this machine cannot have, OSError when
    the port is taken or a file cannot be written.
    """
    for fault in unattended(faults):
        if fault.kind == "slow-host":
            raise ValueError(f"fault '{fault}': the sender has a host of its own here; slow-host is for sim://")
    with contextlib.ExitStack() as stack:
        journal = stack.enter_context(log.open("a", encoding="utf-8")) if log is not None else None
        on_stroke = None if journal is None else _journal(journal)
        simulator: Simulator | EbbBoard
        width, height = machine.width_mm, machine.height_mm
        if machine.firmware == "ebb":
            if settings or dialect != "grbl":
                raise ValueError("a simulated EiBotBoard takes no settings or dialect by argument")
            simulator = EbbBoard(machine, on_stroke=on_stroke, faults=faults)
        else:
            simulator = Simulator.for_machine(
                machine, settings=settings, on_stroke=on_stroke, faults=faults, seed=seed, dialect=DIALECTS[dialect]
            )
            width, height = simulator.settings[130], simulator.settings[131]
        beside = person if person is not None else stack.enter_context(_signals())
        line: Line = Pty() if tcp is None else Tcp(tcp)
        stack.callback(line.close)
        announce(line.path)
        serve(simulator, line, home=machine.home, speed=speed, person=beside, announce=announce, tell=tell)
        if ink is not None:
            ink.write_text(simulator.sheet.picture(width, height, pen_mm=machine.pen_width_mm), encoding="utf-8")
        return simulator


def _journal(file: TextIO) -> Callable[[float, Stroke], None]:
    def write(t: float, one: Stroke) -> None:
        file.write(json.dumps({"t": round(t, 3), "stroke": one.tolist()}) + "\n")
        file.flush()

    return write


class _Signals:
    """A person whose words are signals."""

    def __init__(self) -> None:
        self.stopped = self.pushed = False

    def stops(self) -> bool:
        return self.stopped

    def pushes(self) -> bool:
        pushed, self.pushed = self.pushed, False
        return pushed

    def hear(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGUSR1:
            self.pushed = True
        else:
            self.stopped = True


@contextlib.contextmanager
def _signals() -> Iterator[_Signals]:
    """While inside, SIGTERM, SIGINT and SIGUSR1 are words of the yielded person."""
    person = _Signals()
    before = {one: signal.signal(one, person.hear) for one in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)}
    try:
        yield person
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
