"""A plotter with GRBL 1.1h that does no I/O: bytes in at machine times, bytes out, and ink on paper."""

import math
from collections.abc import Callable, Generator, Mapping

from plotter import settings as grbl_settings
from plotter.carriage import Carriage
from plotter.controller import CHARACTER, RESET, ROOM, SLICE_S, STOP, Wait
from plotter.firmware import Firmware
from plotter.machine import Machine, ServoPen, ZPen
from plotter.paper import Paper, Place
from plotter.planner import Steps
from plotter.settings import DEFAULT
from plotter.strokes import Stroke
from plotter.uart import Uart

HOMING_SEARCH, HOMING_LOCATE = 1.5, 5.0  # HOMING_AXIS_*_SCALAR
HOMING_CYCLES = ((2,), (0, 1))  # Z first, then X and Y together
SERVO_SHARE = 0.8  # how much of the settle time on the data sheet the servo really needs


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
    ) -> None:
        """`at`: where the head is, mm from machine zero; `link_s`: the frame of the USB link, 0 for none;
        `on_stroke` hears the machine's time and the ink of each stroke when the pen has left the paper."""
        self.pen = pen if pen is not None else ServoPen()
        self._touch_s = self._lift_s = 0.0
        if isinstance(self.pen, ServoPen):
            self._touch_s = SERVO_SHARE * self.pen.down_settle_s
            self._lift_s = SERVO_SHARE * self.pen.up_settle_s
        self.uart = Uart(baud, rx_bytes, link_s)
        self._carriage = Carriage(settings, at, switches=switches)
        self._paper = Paper(self.pen, at, (lambda s: on_stroke(self._t, s)) if on_stroke else None)
        self._pen_due, self._pen_to = math.inf, False
        self.firmware = Firmware(
            settings,
            self.uart,
            blocks=blocks,
            on_place=self._place,
            on_zero=lambda: self._carriage.call((0, 0, 0)),
            on_pwm=self._pwm,
            limits=self._limits,
            home=self._home,
        )
        self._t = 0.0
        self._program: Wait | None = None
        self._wait = math.inf

    @classmethod
    def for_machine(
        cls,
        machine: Machine,
        *,
        settings: Mapping[int, float] | None = None,
        link_s: float = 0.001,
        on_stroke: Callable[[float, Stroke], None] | None = None,
    ) -> "Simulator":
        """A machine that is what its data sheet says but for `settings`; the head stands at machine zero.

        Raises ValueError for a setting that GRBL 1.1 does not have.
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
        )

    # ------------------------------------------------------------------ the wire

    def open(self, t: float) -> None:
        """The port is opened at `t`: DTR resets the processor; the banner comes after about 1.2 s."""
        self._advance_to(t)
        self.uart.hang_up()
        self.firmware.t = self._t
        self.firmware.power_up()
        self._program = self.firmware.main()
        self._wait = next(self._program)

    def close(self, t: float) -> None:
        """The port is closed at `t`: the machine goes on with what it has, nobody hears it."""
        self._advance_to(t)
        self.uart.hang_up()

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
            or self._pen_due < math.inf
        )

    # ------------------------------------------------------------------ the paper

    @property
    def ink(self) -> list[Stroke]:
        """All strokes on the sheet, machine frame, the one under way included."""
        return self._paper.strokes(self._carriage.to(self.firmware.stepper.steps(self._t)))

    @property
    def head(self) -> Place:
        """Where the head truly is, mm from machine zero."""
        return self._carriage.to(self.firmware.stepper.steps(self._t))

    @property
    def pen_down(self) -> bool:
        """Whether the pen is on the paper."""
        return self._paper.touching

    def new_sheet(self) -> list[Stroke]:
        """Change the paper; the ink of the sheet that was taken away."""
        self._place(self.firmware.stepper.steps(self._t))
        return self._paper.new_sheet()

    def push_head(self, at: Place) -> None:
        """Somebody carries the idle head by hand, pen lifted; the firmware does not notice."""
        self._carriage.place_by_hand(at, self.firmware.stepper.steps(self._t))
        self._paper.carry(at)

    # ------------------------------------------------------------------ time

    def run(self, until: float) -> float:
        """Let machine time pass until `until`, or until the host can read something; the time reached."""
        uart, firmware, stepper = self.uart, self.firmware, self.firmware.stepper
        commands = uart.commands
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
            if self._pen_due < soonest:
                soonest = self._pen_due
            readable = uart.readable
            if readable <= soonest or until < soonest:
                self._t = max(now, min(readable, until))
                if readable <= until:
                    return self._t
                return self._t
            if soonest > now:
                self._t = now = soonest
            firmware.t = now
            if end <= soonest:
                stepper.step()
                if not stepper.running:
                    firmware.flags |= STOP
                elif firmware.settings[21] and self._limits():
                    firmware.hard_limit()
            elif self._pen_due <= soonest:
                self._move_pen()
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
        self._paper.move(self._carriage.to(steps))

    def _limits(self) -> str:
        self._carriage.to(self.firmware.stepper.steps(self.firmware.t))
        return self._carriage.pressed()

    def _pwm(self, s: float | None) -> None:
        if not isinstance(self.pen, ServoPen):
            return
        if s is None:
            self._pen_due = math.inf
            return
        down = self.pen.touches(s)
        if down == self._paper.touching:
            self._pen_due = math.inf
        elif self._pen_due == math.inf or self._pen_to != down:
            self._pen_to = down
            self._pen_due = self.firmware.t + (self._touch_s if down else self._lift_s)

    def _move_pen(self) -> None:
        self._place(self.firmware.stepper.steps(self._t))
        self._pen_due = math.inf
        if self._pen_to:
            self._paper.touch()
        else:
            self._paper.lift()

    def _home(self) -> Generator[float, None, int]:
        """gnea/grbl `limits_go_home`: seek, pull off, locate, pull off; deaf to all but a reset."""
        values, firmware = self.firmware.settings, self.firmware
        pull, axes = values[27], firmware.stepper.planner.axes
        for cycle in HOMING_CYCLES:
            reach = HOMING_SEARCH * max(values[130 + axis] for axis in cycle)
            acceleration = min(values[120 + axis] for axis in cycle)
            seek, locate = (min([values[n] / 60, *(axes.max_rate[a] for a in cycle)]) for n in (25, 24))
            for rate, way in ((seek, reach), (locate, HOMING_LOCATE * pull)):
                seconds, found = self._carriage.seek(cycle, rate, acceleration, way)
                yield from self._unheard(seconds)
                if not found:
                    return 9
                yield from self._unheard(values[26] / 1000)
                seconds = self._carriage.pull_off(cycle, seek, acceleration, pull)
                yield from self._unheard(seconds + values[26] / 1000)
                self._paper.move(self._carriage.place)
                if firmware.flags & RESET:
                    return 0
        mm = [-values[130 + axis] + pull if int(values[23]) >> axis & 1 else -pull for axis in range(3)]
        steps = axes.steps((mm[0], mm[1], mm[2]))
        self._carriage.call(steps)
        firmware.stepper.clear(steps)
        return 0

    def _unheard(self, seconds: float) -> Wait:
        end = self.firmware.t + seconds
        while self.firmware.t < end - 1e-9 and not self.firmware.flags & RESET:
            yield min(end, self.firmware.t + SLICE_S)
