"""A plotter with GRBL 1.1h that does no I/O: bytes in at machine times, bytes out, and ink on paper."""

import math
from collections.abc import Callable, Generator, Mapping, Sequence

from plotter import settings as grbl_settings
from plotter.carriage import Carriage
from plotter.controller import CHARACTER, ROOM, STOP, Wait
from plotter.firmware import Firmware
from plotter.homing import home
from plotter.machine import Machine, ServoPen, ZPen
from plotter.paper import Paper, Place
from plotter.planner import Steps
from plotter.reports import GRBL, Flavour
from plotter.servo import Servo
from plotter.settings import DEFAULT
from plotter.sheet import Sheet
from plotter.simagenda import Agenda
from plotter.simfaults import Event, Fault
from plotter.simwire import FaultyUart
from plotter.strokes import Stroke
from plotter.uart import Uart


class Simulator:
    """The other end of the wire. Everything is a pure function of the bytes received and their times.

    Paper and head survive opening and resets; EEPROM too. A servo without signal (M5, reset) stays where it is.
    """

    def __init__(
        self,
        settings: Mapping[int, float] = DEFAULT,
        *,
        pen: ServoPen | ZPen | None = None,
        at: Place = (0.0, 0.0, 0.0),
        baud: int = 115200,
        rx_bytes: int = 128,
        blocks: int = 15,
        switches: bool = True,
        link_s: float = 0.001,
        on_stroke: Callable[[float, Stroke], None] | None = None,
        faults: Sequence[Fault] = (),
        seed: int = 0,
        dialect: Flavour = GRBL,
    ) -> None:
        """`at`: where the head is, mm from machine zero; `link_s`: the frame of the USB link, 0 for none;
        `on_stroke` hears the machine's time and the ink of each stroke when the pen has left the paper;
        `faults`: what goes wrong, `seed`: how bytes are garbled; `dialect`: which of GRBL's family it is.
        Raises ValueError for faults it cannot have."""
        self.pen = pen if pen is not None else ServoPen()
        self.servo = Servo(self.pen) if isinstance(self.pen, ServoPen) else None
        self.uart = FaultyUart(baud, rx_bytes, link_s, seed) if faults else Uart(baud, rx_bytes, link_s)
        self.uart.crlf_once = dialect.crlf_once
        heights, self._surface_mm = (0.0, 0.0), 0.0
        if isinstance(self.pen, ZPen):
            heights, self._surface_mm = (self.pen.down_mm, self.pen.up_mm), self.pen.surface_mm
        self.carriage = Carriage(settings, at, switches=switches, z_reach=heights)
        self.paper = Paper(self.pen, at, (lambda s: on_stroke(self._t, s)) if on_stroke else None)
        self.unplugged = False
        self.feeder: object | None = None  # what hangs on the coolant output, if anything
        self.late_s = 0.0  # what the host has lost and has not been told yet
        self.home_alarm = 0
        self._t = self._due = 0.0
        self.next = 0.0  # before that `run` has nothing to do, unless something was received
        self.firmware = Firmware(
            settings,
            self.uart,
            blocks=blocks,
            dialect=dialect,
            on_place=self._place,
            on_go=lambda: self.paper.go(self._t),
            on_zero=lambda: self.carriage.call((0, 0, 0)),
            on_pwm=self._pwm,
            limits=self._limits,
            home=self._home,
        )
        self._agenda = Agenda(faults, self, self.uart) if isinstance(self.uart, FaultyUart) else None
        self._program: Wait | None = None
        self._wait = math.inf
        self._plan()

    @classmethod
    def for_machine(
        cls,
        machine: Machine,
        *,
        settings: Mapping[int, float] | None = None,
        link_s: float = 0.001,
        on_stroke: Callable[[float, Stroke], None] | None = None,
        faults: Sequence[Fault] = (),
        seed: int = 0,
        dialect: Flavour = GRBL,
    ) -> "Simulator":
        """A machine that is what its data sheet says but for `settings`; the head stands at machine zero.

        Raises ValueError for a setting that GRBL 1.1 does not have, or faults that this machine cannot have.
        """
        if unknown := sorted(set(settings or ()) - set(DEFAULT)):
            raise ValueError(f"GRBL 1.1 has no setting ${unknown[0]}")
        return cls(
            grbl_settings.of_machine(machine) | dict(settings or {}),
            pen=machine.pen,
            baud=machine.baud,
            rx_bytes=machine.rx_bytes,
            blocks=machine.planner_blocks,
            switches=machine.homing,
            link_s=link_s,
            on_stroke=on_stroke,
            faults=faults,
            seed=seed,
            dialect=dialect,
        )

    # ------------------------------------------------------------------ the wire

    def open(self, t: float) -> None:
        """The port is opened at `t`: DTR resets the processor; the banner comes after about 1.2 s."""
        self._advance_to(t)
        self.uart.hang_up(self._t)
        self.unplugged = False
        self.restart()

    def close(self, t: float) -> None:
        """The port is closed at `t`: the machine goes on with what it has, nobody hears it."""
        self._advance_to(t)
        self.uart.hang_up(self._t)

    def receive(self, data: bytes, t: float) -> None:
        """Bytes handed to the link at `t`; they arrive at the baud rate."""
        self.uart.receive(data, t)

    def take_output(self) -> bytes:
        """What the host can read by now."""
        return self.uart.take(self._t)

    @property
    def time(self) -> float:
        """Machine seconds."""
        return self._t

    @property
    def settings(self) -> Mapping[int, float]:
        """GRBL's `$n` as they stand now."""
        return self.firmware.settings

    @property
    def busy(self) -> bool:
        """Whether anything will happen by itself: motion, a reply, bytes on their way, a pen that settles."""
        return (
            self.firmware.stepper.running
            or self._wait >= 0.0
            or self.uart.pending
            or self.uart.readable < math.inf
            or (self.servo is not None and self.servo.due < math.inf)
        )

    # ------------------------------------------------------------------ the paper

    @property
    def ink(self) -> list[Stroke]:
        """All visible strokes on the sheet, machine frame, the one under way included."""
        return self.sheet.strokes

    @property
    def sheet(self) -> Sheet:
        """All that is on the paper now, as a value: lines, how dark, and where the pen has rested."""
        return self.paper.sheet(self.head, self._t)

    @property
    def head(self) -> Place:
        """Where the head truly is, mm from machine zero."""
        return self.carriage.to(self.firmware.stepper.steps(self._t))

    @property
    def pen_down(self) -> bool:
        """Whether the pen is on the paper."""
        return self.paper.touching

    def new_sheet(self) -> list[Stroke]:
        """Change the paper; the ink of the sheet that was taken away."""
        self.follow()
        return self.paper.new_sheet(self._t)

    def push_head(self, at: Place) -> None:
        """Somebody carries the idle head by hand, pen lifted; the firmware does not notice."""
        self.carriage.place_by_hand(at, self.firmware.stepper.steps(self._t))
        self.paper.carry(at, self._t)

    # ------------------------------------------------------------------ faults

    @property
    def happened(self) -> list[tuple[float, Fault]]:
        """Which faults have come to pass, and when."""
        return list(self.uart.happened) if isinstance(self.uart, FaultyUart) else []

    def stream_begins(self) -> None:
        """From here on count the moments called `stream`."""
        if self._agenda is not None:
            self._agenda.event("stream", self._t)
            if self._agenda.due <= self._t:
                self._agenda.act(self._t)  # counts begin before the next byte
            self._plan()

    def restart(self) -> None:
        """The processor starts anew: what it was sent and had not read, and what it had to say, is gone."""
        self.uart.power_up(self._t)
        self.firmware.t = self._t
        self.firmware.power_up()
        self._program = self.firmware.main()
        self._wait = next(self._program)
        self.next = self._t

    def unplug(self) -> None:
        """The cable is out; the machine goes on with what it has."""
        self.unplugged = True
        self.uart.hang_up(self._t)

    def follow(self) -> None:
        """Head and paper follow the motors to where they are now."""
        self._place(self.firmware.stepper.steps(self._t))

    # ------------------------------------------------------------------ time

    def run(self, until: float) -> float:
        """Let machine time pass until `until`, or until the host can read something; the time reached."""
        uart, firmware, stepper = self.uart, self.firmware, self.firmware.stepper
        commands, servo, climbs = uart.commands, self.servo, firmware.climbs
        if self._program is None:
            self._t = max(self._t, until)
            return self._t
        while True:
            now, wait = self._t, self._wait
            if wait >= 0.0:
                turn = wait
            elif firmware.flags or firmware.alarm:
                turn = now
            elif wait == CHARACTER:
                turn = uart.next_line_end()
            elif wait == ROOM and stepper.planner.room:
                turn = now
            else:
                turn = math.inf
            soonest, end = turn, stepper.end
            if end < soonest:
                soonest = end
            if commands and commands[0][0] < soonest:
                soonest = commands[0][0]
            if self._due < soonest:
                soonest = self._due
            readable = uart.readable
            if readable <= soonest or until < soonest:
                self.next = min(readable, soonest)
                self._t = max(now, min(readable, until))
                return self._t
            if soonest > now:
                self._t = now = soonest
            firmware.t = now
            if end <= soonest:
                stepper.step()
                if servo is None and climbs and climbs[0]:
                    self._rise()
                if not stepper.running:
                    if stepper.holding:
                        self.follow()
                    firmware.flags |= STOP
                elif firmware.settings[21] and self._limits():
                    firmware.hard_limit()
            elif self._due <= soonest:
                if self._act():
                    return now
            elif commands and commands[0][0] <= soonest:
                at, byte = commands.popleft()
                if at > uart.deaf_until:
                    firmware.hear(byte)
            else:
                self._wait = next(self._program)

    def _advance_to(self, t: float) -> None:
        while self._t < t:
            if self.run(t) < t:
                self.uart.take(self._t)

    # ------------------------------------------------------------------ mechanics

    def _place(self, steps: Steps) -> None:
        paper = self.paper
        was = paper.touching
        paper.move(self.carriage.to(steps), self._t)
        if paper.touching is not was:
            self._told("up" if was else "down")

    def _rise(self) -> None:
        """A pen on a screw meets the paper, or leaves it, within a move."""
        steps = self.firmware.stepper.steps(self._t)
        if (self.carriage.to(steps)[2] < self._surface_mm) is not self.paper.touching:
            self._place(steps)

    def _limits(self) -> str:
        self.carriage.to(self.firmware.stepper.steps(self.firmware.t))
        return self.carriage.pressed()

    def _pwm(self, s: float | None) -> None:
        servo = self.servo
        if servo is None:
            return
        if servo.signal(s, self.firmware.t, touching=self.paper.touching):
            self._told("lower" if servo.down else "raise")
        self._plan()

    def _act(self) -> bool:
        """The servo is there, or a fault is due; whether the host notices at once."""
        servo, agenda, noticed = self.servo, self._agenda, False
        if servo is not None and servo.due <= self._t:
            self.follow()
            servo.due = math.inf
            if servo.down:
                self.paper.touch(self._t)
            else:
                self.paper.lift(self._t)
            self._told("down" if servo.down else "up")
        elif agenda is not None:
            noticed = agenda.act(self._t)
        self._plan()
        return noticed

    def _told(self, event: Event) -> None:
        if self._agenda is not None:
            self._agenda.event(event, self._t)
            self._plan()

    def _plan(self) -> None:
        """When servo or faults want to be heard next."""
        self._due = math.inf if self.servo is None else self.servo.due
        if self._agenda is not None:
            self._due = min(self._due, self._agenda.due)

    def _home(self) -> Generator[float, None, int]:
        alarm = yield from home(self.firmware, self.carriage, lambda place: self.paper.move(place, self._t))
        return self.home_alarm or alarm
