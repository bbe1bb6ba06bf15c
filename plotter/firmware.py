"""GRBL 1.1h's main program: lines in, `ok` or `error:N` out; G-code to the planner, `$` statements.

A port of the rules (not the code) of gnea/grbl `main.c`, `protocol.c`, `motion_control.c` and `system.c`.
"""

from collections.abc import Generator, Iterable

from plotter import reports
from plotter import settings as grbl_settings
from plotter.controller import CHARACTER, DOOR, EVENT, HOLD, ROOM, SLEEP, START, Controller, Wait
from plotter.interpreter import (
    Action,
    Coolant,
    Dwell,
    End,
    GcodeError,
    Memory,
    Motion,
    Offsets,
    Pause,
    Probe,
    Spindle,
    Store,
)
from plotter.motion import dwell_time, line_time
from plotter.words import clean, number

BOOT_S = 1.2  # measured from DTR to the banner: the boot loader listens that long
RESET_S = 0.002
EEPROM_BYTE_S = 0.0034  # ATmega328P data sheet: erase and write

Answer = Generator[float, None, int]


class Firmware(Controller):
    """The program of the processor."""

    # ------------------------------------------------------------------ main program

    def main(self) -> Wait:
        """From power-up on, for ever."""
        yield self.t + BOOT_S
        self.uart.flush(self.t)
        self.state = "Alarm" if self.settings[22] else "Idle"
        while True:
            self._clear()
            yield self.t + RESET_S
            self._say(self.dialect.banner)
            if self.state in ("Alarm", "Sleep"):
                self._say("[MSG:'$H'|'$X' to unlock]")
                self.state = "Alarm"
            else:
                self.state = "Idle"
                yield from self._run_startup()
            while not self.abort:
                yield from self._turn()

    def _turn(self) -> Wait:
        raw = self.uart.read_line(self.t)
        if raw is None:
            if self.state == "Idle" and self.stepper.planner.blocks:
                self.flags |= START
            if self.flags:
                yield from self._realtime()
                if self.abort:
                    return
            yield CHARACTER
            return
        if self.flags:
            yield from self._realtime()
            if self.abort:
                return
        yield self.t + line_time(len(raw) + 1, moving=self.stepper.running)
        code = 0
        try:
            line = clean(raw.decode("latin-1"))
            if line[:1] == "$":
                code = yield from self._statement(line)
            elif line and self.state in ("Alarm", "Jog"):
                code = 9
            elif line and self._error:
                code = self._error
            elif line:
                yield from self._carry_out(self.interpreter.line(line))
        except GcodeError as error:
            code = error.code
        if self.dialect.errors_hold:
            self._error = code
        self._reply(code)

    def _reply(self, code: int) -> None:
        self._say(f"error:{code}" if code else "ok")

    def _dump(self, lines: list[str]) -> Wait:
        for line in lines:
            self._say(line)
        if self.uart.printed > self.t:
            yield self.uart.printed

    def _run_startup(self) -> Wait:
        for line in self.startup:
            if not line:
                continue
            try:
                yield from self._carry_out(self.interpreter.line(line))
                self._say(f">{line}:ok")
            except GcodeError as error:
                self._say(f">{line}:error:{error.code}")

    # ------------------------------------------------------------------ G-code

    def _carry_out(self, actions: Iterable[Action]) -> Wait:
        for action in actions:
            if isinstance(action, Motion):
                yield from self._move(action)
            else:
                yield from self._act(action)
            if self.abort:
                return

    def _move(self, motion: Motion, *, jog: bool = False) -> Wait:
        """`mc_line`: into the planner, once it has room."""
        target, feed = motion
        if not jog and self.fence(target):
            yield from self._soft_limit_alarm()
            return
        if self.state == "Check":
            return
        planner = self.stepper.planner
        while True:
            if self.flags:
                yield from self._realtime()
                if self.abort:
                    return
            if planner.room:
                break
            if self.state == "Idle":
                self.flags |= START
            else:
                yield ROOM
        block = planner.push(planner.axes.steps(target), None if feed is None else feed / 60, fixed=jog)
        if block is not None:
            self.climbs.append(block.start[2] != block.end[2])

    def _soft_limit_alarm(self) -> Wait:
        if self.state == "Run":
            self._soft_limit = True
            self.flags |= HOLD
            while self.state != "Idle" and not self.abort:
                if not self.flags:
                    yield EVENT
                yield from self._realtime()
            if self.abort:
                return
        self.reset()
        self.alarm = 2
        yield from self._realtime()

    def _act(self, action: Action) -> Wait:
        if isinstance(action, Offsets):
            self._cadence.wco = 0
            return
        if isinstance(action, Probe):
            yield from self._probe(action)
            return
        if self.state == "Check" and not isinstance(action, Pause | End | Store):
            return
        yield from self._synchronize()
        if self.abort:
            return
        if isinstance(action, Dwell):
            yield from self._wait(dwell_time(action.seconds))
        elif isinstance(action, Spindle):
            self._set_pwm(action.direction, action.s)
        elif isinstance(action, Coolant):
            self._coolant = action.on
            self._cadence.overrides = 0
        elif isinstance(action, Store) and action.changed:
            yield from self._write_eeprom(13)
        elif isinstance(action, Pause):
            if self.state != "Check":
                self.flags |= HOLD
                yield from self._realtime()
        elif isinstance(action, End):
            if self.state != "Check":
                self._set_pwm(5, 0.0)
                self._coolant = False
            self._say("[MSG:Pgm End]")

    def _probe(self, probe: Probe) -> Wait:
        """A probing move; this machine has no probe, so it is never touched."""
        if self.state == "Check":
            return
        yield from self._synchronize()
        if self.abort:
            return
        yield from self._move(Motion(probe.target, probe.feed_mm_min))
        yield from self._synchronize()
        if self.abort:
            return
        if probe.strict:
            self.alarm = 5
            yield from self._realtime()
        self._say(reports.probe(self._probed, self._touched))

    def _write_eeprom(self, count: int) -> Wait:
        """Write so many bytes with interrupts off: what arrives meanwhile is never heard."""
        self.uart.fill(self.t)
        self.uart.deaf_until = self.t + count * EEPROM_BYTE_S
        yield self.uart.deaf_until
        self.uart.lose(self.t)

    # ------------------------------------------------------------------ $ statements

    def _statement(self, line: str) -> Answer:
        """Carry out a `$` line; its error number, 0 for ok. Raises GcodeError, too."""
        word, rest = line[1:2], line[2:]
        if word == "":
            self._say(reports.HELP)
        elif word == "J":
            return (yield from self._jog(line))
        elif word in "$GCX":
            return (yield from self._anytime(word, rest))
        elif self.state not in ("Idle", "Alarm"):
            return 8
        elif word == "#":
            if rest:
                return 3
            yield from self._dump(reports.parameters(self.interpreter, self._probed, self._touched))
        elif word == "H":
            return (yield from self._homing(rest))
        elif word == "S":
            if rest != "LP":
                return 3
            self.flags |= SLEEP
        elif word == "I":
            if not rest:
                yield from self._dump(self.dialect.build(self.note, self.blocks, self.uart.rx_bytes))
            elif rest[0] != "=":
                return 3
            else:
                self.note = rest[1:]
                yield from self._write_eeprom(len(self.note) + 2)
        elif word == "R":
            return (yield from self._restore_defaults(rest))
        elif word == "N" and not rest:
            yield from self._dump([f"$N{n}={text}" for n, text in enumerate(self.startup)])
        elif word == "N":
            return (yield from self._startup_line(line))
        else:
            return (yield from self._setting(line))
        return 0

    def _jog(self, line: str) -> Answer:
        if self.state not in ("Idle", "Jog"):
            return 8
        if line[2:3] != "=":
            return 3
        before = self.interpreter.position
        for action in self.interpreter.jog(line):
            if isinstance(action, Motion):
                if self.beyond(action.target):
                    self.interpreter.sync(before)
                    return 15
                yield from self._move(action, jog=True)
        if self.state == "Idle" and self.stepper.planner.blocks and not self.abort:
            self.state = "Jog"
            self._go()
        return 0

    def _anytime(self, word: str, rest: str) -> Answer:
        if rest:
            return 3
        if word == "$":
            if self.state in ("Run", "Hold"):
                return 8
            yield from self._dump(reports.settings(self.settings))
        elif word == "G":
            self._say(reports.modes(self.interpreter))
        elif word == "C":
            if self.state == "Check":
                self.reset()
                self._say("[MSG:Disabled]")
            elif self.state != "Idle":
                return 8
            else:
                self.state = "Check"
                self._say("[MSG:Enabled]")
        elif self.state == "Alarm":
            self._say("[MSG:Caution: Unlocked]")
            self.state = "Idle"
        return 0

    def _homing(self, rest: str) -> Answer:
        if not self.settings[22]:
            return 5
        if rest:
            return 3
        self.state = "Home"
        alarm = yield from self._home()
        if alarm:
            self.reset()
            self.alarm = alarm
        self.flags &= ~DOOR
        yield from self._realtime()
        if not self.abort:
            self.interpreter.sync(self.position)
            self.state = "Idle"
            yield from self._run_startup()
        return 0

    def _restore_defaults(self, rest: str) -> Answer:
        if rest not in ("ST=$", "ST=#", "ST=*"):
            return 3
        if rest[-1] in "$*":
            self.settings.update(grbl_settings.DEFAULT)
        if rest[-1] in "#*":
            self.memory.places.update(Memory().places)
        if rest[-1] == "*":
            self.startup, self.note = ["", ""], ""
        yield from self._write_eeprom(100)
        self._say("[MSG:Restoring defaults]")
        self.reset()
        return 0

    def _startup_line(self, line: str) -> Answer:
        if self.state != "Idle":
            return 8
        n, at = number(line, 2)
        if line[at : at + 1] != "=":
            return 3
        text = line[at + 1 :]
        if not 0 <= n < len(self.startup):
            return 3
        yield from self._carry_out(self.interpreter.line(text) if text else ())
        self.startup[int(n)] = text
        yield from self._write_eeprom(len(text) + 2)
        return 0

    def _setting(self, line: str) -> Answer:
        n, at = number(line, 1)
        if line[at : at + 1] != "=":
            return 3
        value, at = number(line, at + 1)
        if at != len(line) or n > 255:
            return 3
        changes = grbl_settings.accepted(self.settings, int(n), value)
        changed = any(self.settings[key] != new for key, new in changes.items())
        self.settings.update(changes)
        if changed:
            self.stepper.planner.axes = self._axes()
            self.interpreter.arc_tolerance_mm = self.settings[12]
            yield from self._write_eeprom(3)
        return 0
