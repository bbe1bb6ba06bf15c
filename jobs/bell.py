"""A wake-up within one process, rung after a commit so that readers look at once. The tables are the truth."""

import threading
from collections import Counter


class Bell:
    """Counts rings by topic ("event", "progress", "plotter:<name>"); the topic "" counts all of them."""

    def __init__(self) -> None:
        self._rung = threading.Condition()
        self._counts: Counter[str] = Counter()

    def ring(self, *topics: str) -> None:
        """Wake everybody who waits for one of the topics."""
        with self._rung:
            self._counts.update((*topics, ""))
            self._rung.notify_all()

    def count(self, topic: str = "") -> int:
        """How often the topic has been rung."""
        with self._rung:
            return self._counts[topic]

    def wait(self, seen: int, timeout_s: float, topic: str = "") -> int:
        """Wait until the topic's count differs from `seen`, at most `timeout_s` real seconds; the count now."""
        with self._rung:
            self._rung.wait_for(lambda: self._counts[topic] != seen, timeout_s)
            return self._counts[topic]
