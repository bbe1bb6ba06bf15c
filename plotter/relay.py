"""Relay: a watcher that may have to wait (for a database, a network) asked by a stream that must not.

While a stream waits, it sends no lines, and the pen comes to rest on the paper; nor do the other streams that share its
thread. So the watcher is asked by a thread of its own: the stream goes on with its last word, and holds at the next
lift when the next one is long out: what cannot be journalled is not written.
"""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from plotter.port import Port, Shared
from plotter.word import Progress, Wish

# How long a stream waits for a word that has no other streams in its thread: a GRBL's planner and receive buffer hold
# 0.1 s of the smallest writing and more.
AT_ONCE_S = 0.03
# So long the card goes on without a word, in port time; it then holds at the next lift.
PATIENCE_S = 1.0
# While it is held nothing is in a hurry.
HELD_S = 0.25


class Relay:
    """A watch for `stream`, open as a context: its thread asks `watch`, in order, of the latest progress only.

    What `watch` raises, the stream raises with the pen lifted. At its end the last answer is waited for: nothing of a
    card is said after it.
    """

    def __init__(self, watch: Callable[[Progress], Wish], port: Port) -> None:
        """`port`: the stream's."""
        self._watch, self._waits = watch, not isinstance(port, Shared)
        self._changed = threading.Condition()
        self._asked: Progress | None = None  # and not answered yet
        self._next: Progress | None = None  # to be asked then
        self._wish = Wish.GO_ON
        self._error: BaseException | None = None
        self._open = False
        self._thread = threading.Thread(target=self._ask, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self._open = True
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._open = False
            self._changed.notify_all()
        self._thread.join()

    def __call__(self, now: Progress) -> Wish:
        """The watcher's wish: its answer to this, when that comes at once; else its last, and HOLD when that is old."""
        with self._changed:
            self._next = now
            self._changed.notify_all()
            if self._waits and (now.held or self._asked is None):
                self._changed.wait_for(self._answered, HELD_S if now.held else AT_ONCE_S)
            if self._error is not None:
                raise self._error
            out = self._asked
            if out is not None and now.seconds - out.seconds > PATIENCE_S and self._wish is Wish.GO_ON:
                return Wish.HOLD
            return self._wish

    def _answered(self) -> bool:
        return (self._asked is None and self._next is None) or self._error is not None

    def _ask(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._next is not None or not self._open)
                if not self._open:
                    return
                self._asked, self._next = self._next, None
                now = self._asked
            assert now is not None
            try:
                wish = self._watch(now)
            except BaseException as error:
                with self._changed:
                    self._error, self._asked = error, None
                    self._changed.notify_all()
                return
            with self._changed:
                self._wish, self._asked = wish, None
                self._changed.notify_all()
