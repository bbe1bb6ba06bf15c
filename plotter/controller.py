"""GRBL 1.1h's states and real-time commands: what interrupts the main program, holds it, kills it.

A port of the rules (not the code) of gnea/grbl `protocol.c` and `serial.c`. The program is a coroutine: it yields a
time to be busy until, or one of CHARACTER (waits for a line), ROOM (for a planner block), EVENT (for a flag); any flag
ends the last three.
"""

from collections import deque
from collections.abc import Callable, Generator, Mapping

from plotter import reports
from plotter.interpreter import Interpreter, Memory, Point
from plotter.motion import Stepper
from plotter.planner import Axes, Steps
from plotter.uart import Uart

CHARACTER, ROOM, EVENT = -1.0, -2.0, -3.0
Wait = Generator[float, None, None]

REPORT, START, STOP, RESET, HOLD, DOOR, CANCEL, SLEEP, OVERRIDE = (1 << n for n in range(9))

ALARM_S = 0.5  # delay_ms(500) after ALARM:N
REPORT_S = 0.0012  # measured: a report at 10 Hz costs 1 to 2.5 % of the throughput
COUNTED_S = 0.0003  # measured: three bytes have come in behind a `?` when the report counts the ring
DOOR_SPINDLE_S, DOOR_COOLANT_S = 4.0, 1.0  # SAFETY_DOOR_*_DELAY
SLICE_S = 0.05  # how often long work looks for a reset

_COMMANDS = {0x3F: REPORT, 0x7E: START, 0x21: HOLD, 0x84: DOOR}
_FEED = {0x91: 10, 0x92: -10, 0x93: 1, 0x94: -1}
_RAPID = {0x95: 100, 0x96: 50, 0x97: 25}
_SPINDLE = {0x9A: 10, 0x9B: -10, 0x9C: 1, 0x9D: -1}


class Controller:
    """The processor's memory and state; motors, wires and paper belong to the Simulator."""

    def __init__(
        self,
        values: Mapping[int, float],
        uart: Uart,
        *,
        blocks: int,
        dialect: reports.Flavour,
        on_place: Callable[[Steps], None],
        on_go: Callable[[], None],
        on_zero: Callable[[], None],
        on_pwm: Callable[[float | None], None],
        limits: Callable[[], str],
        home: Callable[[], Generator[float, None, int]],
    ) -> None:
        """`on_place` hears where the motors have come to by a straight way; `on_go` that
        they start from rest; `on_zero` that their place now counts as
        zero; `on_pwm` the S value at the pin, None for no signal; `limits` names the switches that are pressed;
        `home` carries out the homing cycle, sets the position, and gives the alarm it ended with, 0 for none.
        """
        self.settings = dict(values)
        self.uart, self._limits, self._home, self._pwm = uart, limits, home, on_pwm
        self._on_place, self._on_go, self._on_zero = on_place, on_go, on_zero
        self.blocks, self.dialect = blocks, dialect
        self.memory = Memory()
        self.startup = ["", ""]
        self.note = ""
        self.t = 0.0
        self.flags = self.alarm = 0
        self.state = "Idle"
        self.suspended = self.abort = False
        self.fence: Callable[[Point], bool] = self.beyond  # which targets are refused with ALARM:2
        self.on_coolant: Callable[[bool], None] = lambda _: None  # what hangs on the coolant output
        self.inputs: Callable[[], str] = lambda: ""  # further inputs that are active, as `Pn:` names them
        self.climbs: deque[bool] = deque()  # of the moves not done yet, which change the height
        self.stepper = Stepper(Axes.of_settings(self.settings, blocks), self._moved)
        self.interpreter = Interpreter(memory=self.memory)
        self._clear()

    # ------------------------------------------------------------------ interrupts

    def power_up(self) -> None:
        """DTR: the processor starts anew, believing it stands at zero."""
        self.flags = self.alarm = 0
        self._pwm(None)
        self._halt()
        self._on_zero()
        self.stepper.clear((0, 0, 0))
        self.state = "Boot"

    def hear(self, byte: int) -> None:
        """A real-time byte has arrived."""
        if byte == 0x18:
            self.reset()
        elif byte in _COMMANDS:
            self.flags |= _COMMANDS[byte]
        elif byte == 0x85:
            if self.state == "Jog":
                self.flags |= CANCEL
        elif 0x90 <= byte <= 0xA0:
            self._overrides.append(byte)
            self.flags |= OVERRIDE

    def reset(self) -> None:
        """`mc_reset`: kill PWM at once, and the motors when they may be moving."""
        if self.flags & RESET:
            return
        self.flags |= RESET
        self._set_pwm(5, 0.0)
        if self.state in ("Run", "Jog", "Home") or self.stepper.holding:
            self.alarm = self.alarm or (6 if self.state == "Home" else 3)
            self._stall = self.settings[1] / 1000  # st_go_idle waits $1 with interrupts off
            self._halt()

    def _halt(self) -> None:
        """Stop the motors where they stand; nothing stays planned."""
        steps = self.stepper.steps(self.t)
        self.climbs.clear()
        self._on_place(steps)
        self.stepper.clear(steps)

    def _axes(self) -> Axes:
        return Axes.of_settings(self.settings, self.blocks)

    def beyond(self, target: Point) -> bool:
        """With `$20=1`, outside the travel: GRBL's machine space is negative, from -$130 to 0."""
        return bool(self.settings[20]) and any(not -self.settings[130 + axis] <= target[axis] <= 0 for axis in range(3))

    def hard_limit(self) -> None:
        """A limit switch closed in motion with `$21=1`."""
        if not self.alarm and self.state != "Alarm":
            self.reset()
            self.alarm = 1

    def _clear(self) -> None:
        """What a reset resets: everything but EEPROM and position."""
        self.uart.flush(self.t)
        self.stepper.planner.axes = self._axes()
        self._halt()
        self.flags = self.alarm = 0
        self._overrides: list[int] = []
        self._feed = self._rapid = self._spindle = 100
        self._stall = 0.0
        self.suspended = self.abort = False
        self._hold_complete = self._jog_cancel = self._retracted = self._restoring = False
        self._soft_limit = False
        self._cadence = reports.Cadence()
        self._s = self._told_s = 0.0
        self._error = 0
        self._direction = 5
        self._coolant = False
        self._probed: Point = (0.0, 0.0, 0.0)
        self._touched = False
        self.interpreter.arc_tolerance_mm = self.settings[12]
        self.interpreter.reset(self.position)

    @property
    def _coolant(self) -> bool:
        return self._cools

    @_coolant.setter
    def _coolant(self, on: bool) -> None:
        self._cools = on
        self.on_coolant(on)

    @property
    def position(self) -> Point:
        """Where the motors stand, machine mm."""
        return self.stepper.planner.axes.mm(self.stepper.steps(self.t))

    def _say(self, text: str) -> None:
        self.uart.send(text, self.t)

    # ------------------------------------------------------------------ real-time commands

    def _realtime(self) -> Wait:
        """`protocol_execute_realtime`: act on the flags; a hold, door or sleep keeps the main program in here."""
        yield from self._flags()
        while self.suspended and not self.abort:
            if self.state in ("Door", "Sleep") and not self.stepper.running and not self._retracted:
                self._retracted = True
                self._set_pwm(5, 0.0)
            if self._restoring:
                yield from self._restore()
            elif not self.flags:
                yield EVENT
            yield from self._flags()

    def _restore(self) -> Wait:
        """Leave the door state: PWM and coolant first, with their delays, then go on."""
        modes = self.interpreter.modes
        for wanted, seconds in ((modes.spindle != 5, DOOR_SPINDLE_S), (modes.coolant == 8, DOOR_COOLANT_S)):
            if wanted:
                self._set_pwm(modes.spindle, modes.s)
                yield from self._wait(seconds)
        if self.state == "Door" and not self.abort:
            self._restoring = self._retracted = self.suspended = False
            self.state = "Idle"
            self.flags |= START

    def _flags(self) -> Wait:
        if self.alarm:
            yield from self._raise_alarm()
        flags, self.flags = self.flags, self.flags & RESET
        if flags & RESET:
            self.abort = True
            return
        if flags & REPORT:
            yield self.t + COUNTED_S
            free = self.uart.free(self.t)
            yield self.t + REPORT_S - COUNTED_S
            self._report(free)
        if flags & (CANCEL | HOLD | DOOR | SLEEP):
            self._suspend(flags)
        if flags & START and not flags & (HOLD | CANCEL | DOOR):
            self._start()
        if flags & STOP:
            self._stopped()
        if flags & OVERRIDE:
            self._override()

    def _raise_alarm(self) -> Wait:
        code, self.alarm, self.state = self.alarm, 0, "Alarm"
        if self._stall:
            yield self.t + self._stall
            self._stall = 0.0
        self._say(f"ALARM:{code}")
        yield self.t + ALARM_S
        if code in (1, 2):
            self._say("[MSG:Reset to continue]")
            self.flags = 0
            while not self.flags & RESET:  # deaf to all else
                self.flags = 0
                yield EVENT

    def _suspend(self, flags: int) -> None:
        if self.state not in ("Alarm", "Check"):
            if self.state in ("Run", "Jog") and not self._jog_cancel:
                self.stepper.hold()
                if self.state == "Jog" and not flags & SLEEP:
                    self.suspended = self._jog_cancel = True
            if self.state == "Idle":
                self.suspended = self._hold_complete = True
            if flags & HOLD and self.state not in ("Door", "Jog", "Sleep"):
                self.state = "Hold"
            if flags & DOOR:
                self._say("[MSG:Check Door]")
                self._restoring = False
                self.suspended = True
                if not self._jog_cancel and self.state != "Sleep":
                    self.state = "Door"
        if flags & SLEEP:
            self.state = "Sleep"
            self.suspended = True

    def _start(self) -> None:
        if self.state == "Door" and self._retracted:
            self._restoring = True
        elif self.state == "Idle" or (self.state == "Hold" and self._hold_complete):
            self.suspended = self._hold_complete = False
            self.state = "Run" if self.stepper.planner.blocks else "Idle"
            if self.state == "Run":
                self._go()

    def _go(self) -> None:
        self._on_go()
        self.stepper.start(self.t)

    def _moved(self, steps: Steps) -> None:
        """A move is done."""
        if self.climbs:
            self.climbs.popleft()
        self._on_place(steps)

    def _stopped(self) -> None:
        """The last segment is done."""
        if self.state in ("Hold", "Door", "Sleep") and not self._soft_limit and not self._jog_cancel:
            if self.stepper.holding:
                self.suspended = self._hold_complete = True
            self.stepper.release()
        else:
            if self._jog_cancel:
                self._halt()
                self.interpreter.sync(self.position)
            self.stepper.holding = False
            self.suspended = self._jog_cancel = self._hold_complete = False
            self.state = "Idle"

    def _override(self) -> None:
        spindle = self._spindle
        for byte in self._overrides:
            if byte == 0x90:
                self._feed = 100
            elif byte in _FEED:
                self._feed = min(200, max(10, self._feed + _FEED[byte]))
            elif byte in _RAPID:
                self._rapid = _RAPID[byte]
            elif byte == 0x99:
                self._spindle = 100
            elif byte in _SPINDLE:
                self._spindle = min(200, max(10, self._spindle + _SPINDLE[byte]))
            elif byte == 0xA0:
                self._coolant = not self._coolant
                self.interpreter.modes.coolant = 8 if self._coolant else 9
        self._overrides.clear()
        self._cadence.overrides = 0
        if self._spindle != spindle and self._direction != 5:
            self._set_pwm(self._direction, self._told_s)  # of a line that still waits for standstill it knows nothing
        self.stepper.planner.override(self._feed / 100, self._rapid / 100)
        self.stepper.replan()

    def _report(self, free: int) -> None:
        """A status report; `free` bytes of the ring when it came to saying so."""
        state = self.state
        if state == "Hold":
            state = "Hold:0" if self._hold_complete else "Hold:1"
        elif state == "Door":
            state = "Door:3" if self._restoring else "Door:0" if self._retracted else "Door:2"
        accessories = {3: "S", 4: "C", 5: ""}[self._direction] + ("F" if self._coolant else "")
        busy = self.state in reports.BUSY
        status = reports.Status(
            state=state,
            position=self.position,
            blocks=self.stepper.planner.room,
            rx=free,
            feed_mm_min=self.stepper.speed * 60 if busy else 0.0,
            s=self._s,
            pins=self.inputs() + self._limits(),
            offset=self.interpreter.offset,
            overrides=(self._feed, self._rapid, self._spindle),
            accessories=accessories,
        )
        self._say(status.line(int(self.settings[10]), *self._cadence.due(busy)))

    def _set_pwm(self, direction: int, s: float) -> None:
        """`spindle_set_state`: S within $30 and $31 at the pin, no signal for M5 or S0."""
        low, high = self.settings[31], self.settings[30]
        self._told_s = s
        s *= self._spindle / 100
        if direction == 5 or s == 0:
            direction_s = 0.0
        elif low >= high or s >= high:
            direction_s = high
        else:
            direction_s = max(s, low)
        self._direction, self._s = direction, direction_s
        self._cadence.overrides = 0
        self._pwm(direction_s or None)

    # ------------------------------------------------------------------ waiting

    def _wait(self, seconds: float) -> Wait:
        """Busy for so long, but a reset ends it."""
        end = self.t + seconds
        while self.t < end - 1e-9 and not self.abort:
            yield min(end, self.t + SLICE_S)
            if self.flags:
                yield from self._realtime()

    def _synchronize(self) -> Wait:
        """`protocol_buffer_synchronize`: carry out all that is planned, to standstill."""
        if self.state == "Idle" and self.stepper.planner.blocks:
            self.flags |= START
        while True:
            if self.flags:
                yield from self._realtime()
                if self.abort:
                    return
            elif not self.stepper.planner.blocks and self.state != "Run":
                return
            else:
                yield EVENT
