"""What goes through the EiBotBoard's motion FIFO, as its firmware reads it: for the simulated board."""

from collections.abc import Sequence
from dataclasses import dataclass

from plotter.ebbwords import FULL, HOMING_HZ, LEAST_HM_MS, Motors, Share

QUEUED = ("LM", "SM", "XM", "HM", "SP", "EM")


class Refused(Exception):
    """A command that the firmware answers by an error."""


@dataclass(frozen=True)
class Motion:
    """Both motors' shares, or the servo, or both motors' switch; then a wait. Ticks of 40 us."""

    ticks: int
    shares: tuple[Share, Share] | None = None
    pen: bool | None = None
    enable: tuple[int, int] | None = None
    even: bool = False  # at a speed that the motors start and stop with


def motion(name: str, n: Sequence[int], at: Motors) -> Motion:
    """A command and its numbers; `at`: where all that waits will have taken the motors.

    Raises Refused, Unfit and ValueError for what the firmware refuses.
    """
    if name == "LM":
        return _low_level(n)
    if name == "SM":
        ms, a, *rest = n
        return _even(ms, a, rest[0] if rest else 0)
    if name == "XM":
        ms, a, b, *_ = n
        return _even(ms, a + b, a - b)
    if name == "HM":
        # A real board waits for all motion to end, then reckons; here what waits is reckoned with.
        hz, *to = n
        a, b = (to[0] - at[0], to[1] - at[1]) if to else (-at[0], -at[1])
        return _even(max(LEAST_HM_MS, max(abs(a), abs(b)) * 1000 // (hz or HOMING_HZ)), a, b)
    if name == "SP":
        up, *rest = n
        return Motion(max(1, (rest[0] if rest else 0) * 25), pen=bool(up))
    first, second = n
    return Motion(0, enable=(first, second))


def _low_level(n: Sequence[int]) -> Motion:
    if len(n) not in (6, 7):
        raise Refused("4 Err: Missing parameter(s)")
    shares = Share(n[0], n[1], n[2]), Share(n[3], n[4], n[5])
    if not any(one.steps and (one.rate or one.accel) for one in shares):
        raise Refused("6 Err: Invalid parameter value")
    return Motion(max(one.ticks() for one in shares), shares)


def _even(ms: int, a: int, b: int) -> Motion:
    """Both motors at even speeds within so many milliseconds; without steps a wait."""
    ticks = ms * 25
    if ms < 1 or max(abs(a), abs(b)) > ticks:
        raise Refused("0 Err: <axis1> step rate > 25K steps/second.")
    if not a and not b:
        return Motion(ticks)
    first, second = (Share(-(-abs(n) * FULL // ticks) - (abs(n) == ticks), n, 0) for n in (a, b))
    return Motion(ticks, (first, second), even=True)
