"""Time comes in by the door: everything that waits takes a Clock."""

import time
from typing import Protocol


class Clock(Protocol):
    """Seconds that only go forward. `sleep` returns once `now` has grown by at least the given seconds."""

    def now(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class RealClock:
    """The machine's own monotonic seconds."""

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class VirtualClock:
    """Seconds that pass only when somebody sleeps: as fast as the work goes, the same in every run."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += max(0.0, seconds)


class ScaledClock:
    """Seconds that pass `speed` times as fast as real ones."""

    def __init__(self, speed: float) -> None:
        if not speed > 0:
            raise ValueError(f"speed must be above 0, got {speed}")
        self._speed = speed
        self._zero = time.monotonic()

    def now(self) -> float:
        return (time.monotonic() - self._zero) * self._speed

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / self._speed)
