"""A plotter with an EiBotBoard that does no I/O: bytes in at machine times, bytes out, and ink on paper.

Facts as in `plotter/ebbwords.py` and `plotter/ebb.py`: motion in 40 us ticks by the firmware's own arithmetic, a motion
FIFO of one command (3.x: more, CU,4), a parser that waits for it and lets everything behind it wait, answers in legacy
or future syntax. Where it is less than a real board: accumulators are always emptied (as `clear` 3 does, which all our
moves say); a rate that passes 0 within a move is refused (2.7 and 2.8 roll it over, 3.x turns the motor round).
How long the firmware takes to read a command is not documented but for the shortest moves that it sustains (3-5 ms).
"""

import math
import re
from collections import deque
from collections.abc import Callable, Sequence

from plotter.ebbfaults import Agenda
from plotter.ebbqueue import QUEUED, Motion, Refused, motion
from plotter.ebbwords import SERVO_FRAME_S, TICK_S, Belt, Motors, Unfit
from plotter.machine import Machine, ServoPen
from plotter.paper import Paper, Place
from plotter.servo import Servo
from plotter.sheet import Sheet
from plotter.simfaults import Fault
from plotter.strokes import Stroke

SAMPLE_S = 0.002  # the pen's way is looked at so often
PARSE_S = {"LM": 0.003, "SM": 0.002, "SP": 0.001}  # reading a command; all others:
PARSE_OTHER_S = 0.0003
SUPPLY, NO_SUPPLY = 300, 60  # what QC measures with a 9 V supply, and without (plotink: typically 300)
FAST_HZ = 1000.0  # steps/s from which a motor that stands for want of a command has been torn to a stop
MOST_FIFO = 32
VERSION = "2.8.1"
_LINE_END = re.compile(rb"[\r\n]")


class EbbBoard:
    """The other end of the wire, and the machine. Everything is a pure function of the bytes received and their times.

    Paper and head survive opening, closing and restarts.
    """

    def __init__(
        self,
        machine: Machine,
        *,
        version: str = VERSION,
        faults: Sequence[Fault] = (),
        link_s: float = 0.001,
        on_stroke: Callable[[float, Stroke], None] | None = None,
    ) -> None:
        """The head stands in the home corner; `link_s` is a frame of the USB link, `on_stroke` hears finished ink.

        Raises ValueError for a fault that a board cannot have.
        """
        assert isinstance(machine.pen, ServoPen)
        self.machine, self.version, self.servo = machine, version, Servo(machine.pen)
        self.nickname = machine.board.nickname
        self.powered = True  # the motors' supply; the board itself lives on USB
        self.unplugged = False
        self.late_s = 0.0
        self.happened: list[tuple[float, Fault]] = []
        self.torn: list[float] = []  # when the FIFO ran dry at speed
        self._belt, self._link_s = Belt.of(machine), link_s
        self.paper = Paper(machine.pen, (*machine.home, 0.0), (lambda s: on_stroke(self._t, s)) if on_stroke else None)
        self._true: Motors = (0, 0)  # where the motors really are
        self._t = 0.0
        self._pulse: float | None = None  # what the servo is told, once it is told anything
        self._out: list[tuple[float, bytes]] = []
        self._deaf_until = self._mute_until = 0.0
        self._agenda = Agenda(faults, self, machine.steps_per_mm[0])
        self._power_up()

    def _power_up(self) -> None:
        self._in: deque[tuple[float, bytes]] = deque()
        self._text = b""
        self._free = self._t  # when the parser is done with what it reads
        self._held_up: tuple[str, Motion] | None = None  # what it waits with for the FIFO
        self._fifo: deque[Motion] = deque()
        self._doing: Motion | None = None
        self._begun = self._end = self._sample = math.inf
        self._base: Motors = (0, 0)
        self._counted: Motors = (0, 0)
        self._depth, self._future = 1, False
        self._servo = {4: 12000, 5: 16000, 11: 0, 12: 0}
        self._layer, self._button, self._up = 0, False, True
        self._left = 0.0  # speed at which the last move ended, steps/s

    # ------------------------------------------------------------------ the wire
    def open(self, t: float) -> None:
        """USB: opening the port changes nothing."""
        self._advance(t)
        self.unplugged = False

    def close(self, t: float) -> None:
        """The board goes on with what it has; nobody hears it."""
        self._advance(t)
        self._out.clear()

    def receive(self, data: bytes, t: float) -> None:
        """Bytes handed to USB at `t`; none is ever lost, the board lets the host wait."""
        if data:
            self._in.append((max(t + self._link_s, self._deaf_until), data))

    def take_output(self) -> bytes:
        """What the host can read by now."""
        ready = b"".join(data for t, data in self._out if t <= self._t)
        self._out = [(t, data) for t, data in self._out if t > self._t]
        return ready

    @property
    def time(self) -> float:
        """Machine seconds."""
        return self._t

    @property
    def busy(self) -> bool:
        """Whether anything will happen by itself."""
        return bool(self._in or self._out or self._doing or self._held_up) or self.servo.due < math.inf

    # ------------------------------------------------------------------ the paper
    @property
    def ink(self) -> list[Stroke]:
        """All visible strokes on the sheet, machine frame, the one under way included."""
        return self.sheet.strokes

    @property
    def sheet(self) -> Sheet:
        """All that is on the paper now, as a value."""
        return self.paper.sheet(self.head, self._t)

    @property
    def head(self) -> Place:
        """Where the head truly is, mm in the machine frame."""
        return (*self._belt.place(self._true), 0.0)

    @property
    def pen_down(self) -> bool:
        """Whether the pen is on the paper."""
        return self.paper.touching

    def new_sheet(self) -> list[Stroke]:
        """Change the paper; the ink of the sheet that was taken away."""
        return self.paper.new_sheet(self._t)

    def push_head(self, at: Place) -> None:
        """Somebody carries the head by hand, pen lifted; the board does not notice."""
        self._true = self._belt.motors(at[:2])
        self.paper.carry((*self._belt.place(self._true), 0.0), self._t)

    # ------------------------------------------------------------------ faults
    def unplug(self) -> None:
        """The USB cable is out; the board goes on with what it has read."""
        self.unplugged = True
        self._in.clear()
        self._out.clear()

    def restart(self) -> None:
        """The processor starts anew: counters, FIFO and settings are gone, the servo stays where it is."""
        self._power_up()
        self._out.clear()

    def press(self) -> None:
        """Somebody presses the board's PRG button."""
        self._button = True

    def stream_begins(self) -> None:
        """From here on count the moments called `stream`."""
        self._agenda.event("stream", self._t)

    def slip(self, dx: float, dy: float) -> None:
        """The belt jumps: from now on the head is off by so many mm."""
        a, b = self._belt.motors((self._belt.home[0] + dx, self._belt.home[1] + dy))
        self._true = self._true[0] + a, self._true[1] + b

    def silence(self, until: float, *, deaf: bool) -> None:
        """Until then answers are lost; when `deaf`, all that USB carries comes late instead, either way."""
        if deaf:
            self._deaf_until = until
        else:
            self._mute_until = until

    # ------------------------------------------------------------------ time
    def run(self, until: float) -> float:
        """Let machine time pass until `until`, or until the host can read something; the time reached."""
        while True:
            readable = min((t for t, _ in self._out), default=math.inf)
            turn = min(self._next(), readable, until)
            if turn > self._t:
                self._t = turn
            if readable <= self._t or turn >= until:
                return self._t
            if self._step():
                return self._t

    def _advance(self, t: float) -> None:
        while (turn := self._next()) <= t:
            self._t = max(self._t, turn)
            self._step()
        self._t = max(self._t, t)

    def _next(self) -> float:
        """When something happens next."""
        parse = max(self._in[0][0], self._free) if self._in and self._held_up is None else math.inf
        return min(parse, self._end, self._sample, self.servo.due, self._agenda.due)

    def _step(self) -> bool:
        """Let what is due now happen; whether the host notices at once."""
        t, servo = self._t, self.servo
        if self._agenda.due <= t:
            return self._agenda.act(t)
        if servo.due <= t:
            servo.due = math.inf
            self.follow()
            (self.paper.touch if servo.down else self.paper.lift)(t)
            self._agenda.event("down" if servo.down else "up", t)
        elif min(self._end, self._sample) <= t:
            self.follow()
            if self._end <= t:
                self._finish()
            else:
                self._sample = min(self._end, self._sample + SAMPLE_S)
        elif self._in and self._held_up is None and max(self._in[0][0], self._free) <= t:
            self._parse()
        return False

    # ------------------------------------------------------------------ motion
    def follow(self) -> None:
        """Counters, motors and paper come to where they are now."""
        doing = self._doing
        if doing is None or doing.shares is None:
            return
        ticks = min(doing.ticks, math.floor((self._t - self._begun) / TICK_S + 1e-6))
        a, b = (self._base[k] + doing.shares[k].at(ticks) for k in (0, 1))
        da, db = a - self._counted[0], b - self._counted[1]
        self._counted = (a, b)
        if self.powered:
            self._true = self._true[0] + da, self._true[1] + db
        self.paper.move(self.head, self._t)

    def _begin(self, motion: Motion) -> None:
        self._doing, self._begun, self._base = motion, self._t, self._counted
        self._end = self._t + motion.ticks * TICK_S
        self._sample = math.inf
        if motion.shares is not None:
            self.paper.go(self._t)
            self._sample = min(self._end, self._t + SAMPLE_S)
        if motion.pen is not None:
            self._up = motion.pen
            self._swing(self._servo[4 if motion.pen else 5], self._servo[11 if motion.pen else 12])
        if motion.enable is not None:
            self._counted = self._base = (0, 0)

    def _finish(self) -> None:
        done = self._doing
        self._doing, self._end, self._sample = None, math.inf, math.inf
        self._left = 0.0
        if done is not None and done.shares is not None:
            self._left = max(one.speed(done.ticks) for one in done.shares)
        if self._fifo:
            self._begin(self._fifo.popleft())
        elif self._left > FAST_HZ and done is not None and not done.even:
            self.torn.append(self._t)
        if self._held_up is not None and len(self._fifo) < self._depth:
            name, motion = self._held_up
            self._held_up = None
            self._enqueue(name, motion)

    def _enqueue(self, name: str, motion: Motion) -> None:
        if self._doing is None and not self._fifo:
            self._begin(motion)
        elif len(self._fifo) < self._depth:
            self._fifo.append(motion)
        else:
            self._held_up = (name, motion)
            return
        self._free = max(self._free, self._t)
        self._answer(name)

    def _swing(self, pulse: int, rate: int) -> None:
        """The servo is led to a pulse, `rate` each frame; the pen meets or leaves the paper half way."""
        board, was = self.machine.board, self._pulse
        self._pulse = pulse
        s = 1000 * (pulse - board.servo_zero) / (board.servo_full - board.servo_zero)
        far = abs(pulse - was) / 2 if was is not None else 0.0
        seconds = SERVO_FRAME_S * max(1, math.ceil(far / rate) if rate else 1)
        if self.servo.signal(s, self._t, touching=self.paper.touching, seconds=seconds):
            self._agenda.event("lower" if self.servo.down else "raise", self._t)

    # ------------------------------------------------------------------ commands
    def _parse(self) -> None:
        t, data = self._in.popleft()
        found = _LINE_END.search(data)
        if found is None:
            self._text += data
            return
        if rest := data[found.end() :]:
            self._in.appendleft((t, rest))
        text = (self._text + data[: found.start()]).decode("ascii", errors="replace").upper()
        self._text = b""
        if not text:
            return
        name, _, numbers = text.partition(",")
        self._free = self._t + PARSE_S.get(name, PARSE_OTHER_S)
        try:
            self._command(name, numbers.split(",") if numbers else [])
        except (Refused, ValueError, Unfit) as why:
            said = str(why) if isinstance(why, Refused) else "6 Err: Invalid parameter value"
            self._say(f"{name},!{said}\n" if self._future else f"!{said}\n\r")

    def _command(self, name: str, given: list[str]) -> None:
        n = [int(part) for part in given]
        if name in QUEUED:
            one = motion(name, n, self._queued_to())
            if one.ticks or one.enable is not None:
                self._enqueue(name, one)
            else:
                self._answer(name)
        elif name == "ES":
            going = self._doing is not None or bool(self._fifo)
            self.follow()
            self._fifo.clear()
            self._doing, self._end, self._sample, self._left = None, math.inf, math.inf, 0.0
            self._answer(name, f"{int(going)}" if self._future or self._three else f"{int(going)},0,0,0,0", "\n\r")
        elif name == "QG":
            self._answer(name, f"{self._state():02X}", bare=True)
        elif name == "V":
            self._answer(name, f"EBBv13_and_above EB Firmware Version {self.version}", bare=True)
        elif name == "QS":
            self.follow()
            self._answer(name, f"{self._counted[0]},{self._counted[1]}", "\n\r")
        elif name == "QC":
            self._answer(name, f"0394,{SUPPLY if self.powered else NO_SUPPLY:04d}")
        elif name == "QL":
            self._answer(name, str(self._layer))
        elif name == "QT":
            self._answer(name, self.nickname)
        elif name == "QU" and self._three and n == [2]:
            self._answer(name, str(MOST_FIFO) if self._future else f"QU,{MOST_FIFO}")
        elif name == "CU":
            self._configure(*n)
        elif name in ("SC", "CS", "SL", "SR"):
            self._set(name, n)
            self._answer(name)
        else:
            raise Refused(f"8 Err: Unknown command '{name[:2]}:{name[:2].encode().hex().upper()}'")

    def _queued_to(self) -> Motors:
        """Where all that waits will have taken the motors."""
        going = self._doing.shares if self._doing else None
        a, b = (self._base[k] + going[k].steps if going else self._counted[k] for k in (0, 1))
        waiting = [one.shares for one in self._fifo if one.shares]
        return a + sum(one[0].steps for one in waiting), b + sum(one[1].steps for one in waiting)

    def _set(self, name: str, n: list[int]) -> None:
        if name == "SC":
            which, value = n
            self._servo[which] = value
        elif name == "SL":
            self._layer = n[0]
        elif name == "CS":
            self.follow()
            self._counted = self._base = (0, 0)

    def _configure(self, which: int, value: int) -> None:
        if which == 10 and self._three:
            was, self._future = self._future, bool(value)
            self._say("CU\n" if was and value else "\n" if value else "CUOK\r\n" if was else "OK\r\n")
            return
        if which == 4 and self._three:
            self._depth = max(1, min(MOST_FIFO, value))
        self._answer("CU")

    @property
    def _three(self) -> bool:
        return int(self.version.split(".")[0]) >= 3

    def _state(self) -> int:
        shares = self._doing.shares if self._doing is not None else None
        first, second = (bool(one.steps) for one in shares) if shares else (False, False)
        bits = bool(self._fifo) + 2 * second + 4 * first + 8 * (self._doing is not None) + 16 * self._up
        button, self._button = self._button, False
        return int(bits) + 32 * button

    # ------------------------------------------------------------------ answers
    def _answer(self, name: str, data: str | None = None, ending: str = "\r\n", *, bare: bool = False) -> None:
        if self._future:
            self._say(name + ("" if data is None else f",{data}") + "\n")
        else:
            self._say(("" if data is None else data + ending) + ("" if bare else "OK\r\n"))

    def _say(self, text: str) -> None:
        t = max(self._t, self._free, self._deaf_until)
        lost = ("OK" in text or "," not in text) and "!" not in text and self._agenda.loses_ok(self._t)
        if not (self.unplugged or t < self._mute_until or lost):
            self._out.append((t + self._link_s, text.encode("ascii")))
