"""What is yet to go wrong on a simulated machine: which fault is due when, and what it does to wire, motors and pen."""

import math
from collections.abc import Sequence
from typing import Protocol

from plotter.carriage import Carriage
from plotter.controller import DOOR, HOLD
from plotter.firmware import Firmware
from plotter.paper import Paper
from plotter.servo import Servo
from plotter.simcalendar import Calendar, wear
from plotter.simfaults import KINDS, NOTICED, Fault
from plotter.simwire import FaultyUart

_FOR_EVER = math.inf


class Victim(Protocol):
    """The parts of a machine that can suffer, and the three things that befall it as a whole."""

    firmware: Firmware
    carriage: Carriage
    paper: Paper
    servo: Servo | None
    late_s: float  # what the host has lost and has not been told yet
    home_alarm: int

    def follow(self) -> None:
        """Head and paper follow the motors to where they are now."""
        ...

    def restart(self) -> None:
        """The processor starts anew."""
        ...

    def unplug(self) -> None:
        """The cable is out."""
        ...


class Agenda(Calendar):
    """The faults of one machine, in the order in which they come to pass."""

    def __init__(self, faults: Sequence[Fault], victim: Victim, uart: FaultyUart) -> None:
        """Raises ValueError for a fault that this machine cannot have."""
        super().__init__()
        self._victim, self._uart = victim, uart
        self._power_at = math.inf
        for fault in faults:
            if fault.kind.startswith("servo") and victim.servo is None:
                raise ValueError(f"fault '{fault}': this machine lifts its pen with Z; motors-off:z is the like")
            if fault.at.event in ("lower", "raise") and victim.servo is None:
                raise ValueError(f"fault '{fault}': this machine has no servo to tell; use down or up")
            if KINDS[fault.kind].counts and not fault.at.event and fault.at.seconds == 0:
                uart.arm(fault)
            else:
                self.enter(fault)

    def act(self, t: float) -> bool:
        """Let what is due by `t` happen; whether the host notices at once."""
        now = self.take(t)
        if self._power_at <= t:
            self._power_at = math.inf
            self._power(t, on=True)
        for fault in now:
            self._befall(fault, t)
        self._next()
        return any(fault.kind in NOTICED for fault in now)

    def _next(self) -> None:
        super()._next()
        self.due = min(self.due, self._power_at)

    def _befall(self, fault: Fault, t: float) -> None:
        kind, victim, firmware = fault.kind, self._victim, self._victim.firmware
        if KINDS[kind].counts:
            self._uart.arm(fault)
            return
        self._uart.happened.append((t, fault))
        if kind == "unplug":
            victim.unplug()
        elif kind == "slow-host":
            victim.late_s += fault.number(0)
        elif kind in ("deaf", "mute", "eeprom"):
            until = t + fault.number(0)
            self._uart.lose_between(t, until, inward=kind != "mute", outward=kind != "eeprom")
        elif kind == "reset":
            victim.restart()
        elif kind == "mains-loss":
            victim.restart()
            self._power(t, on=False)
            self._power_at = t + fault.number(0) if fault.args else _FOR_EVER
        elif kind == "hard-limit":
            firmware.hard_limit()
        elif kind == "soft-limit":
            self._trip()
        elif kind in ("door", "hold"):
            firmware.flags |= DOOR if kind == "door" else HOLD
        else:
            self._wear(fault, t)

    def _wear(self, fault: Fault, t: float) -> None:
        """What is wrong with motors, switches, servo, pen and sheet."""
        kind, victim = fault.kind, self._victim
        victim.follow()
        if kind in ("motors-off", "motors-on"):
            axes = str(fault.args[0]) if fault.args else ""
            victim.carriage.dead = frozenset("xyz".index(letter) for letter in axes)
        elif kind == "lost-steps":
            victim.carriage.slip("xyz".index(str(fault.args[0])), int(fault.number(1)))
            victim.follow()
        elif kind == "home-off":
            victim.carriage.home_off = (fault.number(0), fault.number(1))
        elif kind == "home-alarm":
            victim.home_alarm = int(fault.number(0))
        else:
            wear(fault, t, victim.paper, victim.servo)

    def _power(self, t: float, *, on: bool) -> None:
        """The supply of motors and servo comes or goes."""
        victim = self._victim
        victim.follow()
        victim.carriage.dead = frozenset() if on else frozenset(range(3))
        if victim.servo is not None:
            victim.servo.power(t, on=on, touching=victim.paper.touching)

    def _trip(self) -> None:
        """The firmware takes its next motion to lie beyond the travel."""
        firmware = self._victim.firmware
        usual = firmware.fence

        def tripped(_target: object) -> bool:
            firmware.fence = usual
            return True

        firmware.fence = tripped
