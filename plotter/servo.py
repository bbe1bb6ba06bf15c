"""The hobby servo that lifts a pen: it needs its time, whatever the firmware believes, and it may stick or die."""

import math

from plotter.machine import ServoPen

SERVO_SHARE = 0.8  # how much of the settle time on the data sheet the servo really needs


class Servo:
    """Where the servo is on its way to, and when it is there. One without signal (M5, reset) stays where it is."""

    def __init__(self, pen: ServoPen) -> None:
        self.due = math.inf  # when the pen has reached, or left, the paper
        self.down = False  # which of the two
        self.slow = 1.0  # how many times its usual time it needs
        self.stuck: bool | None = None  # once down (True) or up (False) it never goes away again
        self.dead = False  # no supply
        self._pen = pen
        self._s: float | None = None
        self._stood: float | None = None  # where it was sent last

    def signal(self, s: float | None, t: float, *, touching: bool, seconds: float | None = None) -> bool:
        """The PWM at the pin from `t` on, None for none; whether the servo sets out for the other side.

        It needs its own time for that, or `seconds` where the board leads it there.
        """
        self._s = s
        if s is None or self.dead:
            self.due = math.inf
            return False
        was, self._stood = self._stood, s
        down = self._pen.touches(s)
        if down == touching or touching is self.stuck:
            self.due = math.inf
        elif self.due == math.inf or self.down != down:
            self.down = down
            self.due = t + self.slow * (self._needs_s(was, s, down) if seconds is None else seconds)
            return True
        return False

    def _needs_s(self, was: float | None, s: float, down: bool) -> float:
        """It turns at an even speed: between down and the height of a hop it has less far to go."""
        pen = self._pen
        way = 1.0 if was is None else min(1.0, abs(s - was) / abs(pen.down_s - pen.up_s))
        return SERVO_SHARE * (pen.down_settle_s if down else pen.up_settle_s) * way

    def power(self, t: float, *, on: bool, touching: bool) -> None:
        """The servo's supply comes or goes."""
        self.dead = not on
        self.signal(self._s, t, touching=touching)

    def stick(self, t: float, *, down: bool, touching: bool) -> None:
        """From now on the pen stays down, or up, once it is there."""
        self.stuck = down
        self.signal(self._s, t, touching=touching)
