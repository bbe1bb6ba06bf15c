"""Pump: one thread that runs the conversations of many serial ports.

A thread a machine costs a process of many machines several times what it does: each wake-up, read and write hands the
interpreter's lock round among all that wait for it, and lines come late. So who writes a card waits for its end, and
one event loop goes from port to port, wherever something was said or is due.
"""

import asyncio
import functools
import gc
import os
import threading
from concurrent.futures import Future
from typing import Protocol

from plotter.port import Port, Talk


class Descriptor(Port, Protocol):
    """A port that is one file descriptor, read and written without waiting, in the seconds of `time.monotonic`."""

    @property
    def file(self) -> int:
        """The descriptor; raises PortError when the port is closed."""
        ...

    @property
    def unsent(self) -> bool:
        """Whether bytes wait until the wire takes more; `read` gives them to it."""
        ...


def lasting() -> None:
    """Say that all there is now will last: Python's garbage collector no longer looks through it while pens wait (for
    0.1 s and more in a server of many plotters), and looks less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)


@functools.cache
def pump() -> "Pump":
    """The one of this process."""
    return Pump()


class Pump:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="pump", daemon=True).start()

    def run(self, port: Descriptor, talk: Talk) -> None:
        """Run a conversation to its end, beside those of other threads; raises what it raises, and PortError.

        It may not wait for anything but its port: all others would wait with it.
        """
        turn = _Turn(self._loop, port, talk)
        self._loop.call_soon_threadsafe(turn.begin)
        try:
            turn.over.result()
        except BaseException:
            if not turn.over.done():  # a person's Ctrl-C, say: the port is taken back
                asyncio.run_coroutine_threadsafe(turn.leave(), self._loop).result()
            raise
        finally:
            os.close(turn.file)  # here: the last close of a terminal may wait for what it has not sent


class _Turn:
    """A conversation under way, in the pump's thread: whatever its port says goes to it, and silence when it is due.

    Whatever goes wrong ends it: somebody waits for that.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, port: Descriptor, talk: Talk) -> None:
        self._loop, self._port, self._talk = loop, port, talk
        # A duplicate: the port may be closed by somebody else, and its number be another's the next moment.
        self.file = os.dup(port.file)
        self._timer: asyncio.TimerHandle | None = None
        self._until = 0.0
        self._backlog = False
        self.over: Future[None] = Future()

    def begin(self) -> None:
        try:
            self._loop.add_reader(self.file, self._ready)
            self._go(None)
        except BaseException as error:
            self._end(error)

    async def leave(self) -> None:
        if not self.over.done():
            self._end(None)

    def _ready(self) -> None:
        try:
            data = self._port.read(0.0)
            if data or self._loop.time() >= self._until:
                self._go(data)
            else:
                self._wait()
        except BaseException as error:
            self._end(error)

    def _due(self) -> None:
        self._timer = None
        if self._loop.time() < self._until:
            self._wait()
        else:
            self._ready()

    def _go(self, data: bytes | None) -> None:
        """One step of the conversation; raises what it raises, StopIteration at its end."""
        self._until = self._talk.send(data)  # type: ignore[arg-type]  # a generator is begun with None
        self._wait()

    def _wait(self) -> None:
        if self._timer is not None and self._until < self._timer.when():
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = self._loop.call_at(self._until, self._due)
        if self._port.unsent is not self._backlog:
            self._backlog = self._port.unsent
            if self._backlog:
                self._loop.add_writer(self.file, self._ready)
            else:
                self._loop.remove_writer(self.file)

    def _end(self, error: BaseException | None) -> None:
        self._loop.remove_reader(self.file)
        self._loop.remove_writer(self.file)
        if self._timer is not None:
            self._timer.cancel()
        try:
            self._talk.close()
        finally:
            if error is None or isinstance(error, StopIteration):
                self.over.set_result(None)
            else:
                self.over.set_exception(error)
