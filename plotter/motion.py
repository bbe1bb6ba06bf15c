"""The one time model: blocks cut into GRBL's 10 ms segments and carried out; used by simulator and estimate.

A port of the rules (not the code) of gnea/grbl `stepper.c` (`st_prep_buffer`); mm, s, mm/s, mm/s^2.
Segments are cut from the oldest block ahead of time, five wait for the motors, and a cut segment is final: so a hold
bites up to 50 ms late, and a block leaves the planner before its motion is done.
"""

import math
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from plotter.interpreter import Dwell, Interpreter, Memory, Motion, Offsets, Point, Spindle
from plotter.machine import Machine, ServoPen
from plotter.planner import Axes, Block, Planner, Steps

DT_SEGMENT = 0.01  # 1 / ACCELERATION_TICKS_PER_SECOND
SEGMENTS = 5  # SEGMENT_BUFFER_SIZE - 1
DWELL_STEP = 0.05  # DWELL_TIME_STEP: a dwell is made of whole ones
DWELL_OVERHEAD = 0.001  # measured: G4P0.05 takes 51 ms, G4P0.06 101 ms
LINK_S = 0.001  # a USB bridge's frame
OK = "ok\r\n"
INFINITY = math.inf
_NOTHING = 1e-7  # mm, far below a step: here a ramp counts as ended

# Machine time to read one line and answer it on an ATmega328P at 16 MHz, fitted to what real firmware sustained: 700
# lines/s of 11.5 bytes at rest, 320 while step interrupts and segments take their share; lines of 26.5 bytes (more
# digits and spaces, hardly more words) at 0.85 of the rate of those of 11.5.
LINE_S = 0.95e-3
BYTE_S = 0.040e-3
SHORT = 12  # bytes of a line with two coordinates
LONG_BYTE_S = 0.018e-3  # of each byte beyond
MOVING = 2.2


def line_time(length: int, *, moving: bool) -> float:
    """Seconds the firmware needs for a line of `length` bytes."""
    seconds = LINE_S + BYTE_S * min(length, SHORT) + LONG_BYTE_S * max(0, length - SHORT)
    return seconds * (MOVING if moving else 1.0)


def dwell_time(seconds: float) -> float:
    """How long GRBL 1.1 dwells for `G4 P<seconds>`."""
    return math.ceil(seconds / DWELL_STEP - 1e-5) * DWELL_STEP + DWELL_OVERHEAD


_ACCEL, _CRUISE, _DECEL, _SLOW = range(4)  # RAMP_*; _SLOW: down to an override's lower speed


class Stepper:
    """Cuts blocks into 10 ms segments ahead of time and carries them out: time, place, speed."""

    def __init__(self, axes: Axes, on_place: Callable[[Steps], None]) -> None:
        """`on_place` hears where each straight move has ended, when its last step is done."""
        self.planner = Planner(axes, self._reload)
        self._on_place = on_place
        self._queue: deque[tuple[float, Block, float]] = deque()  # seconds, block, mm left afterwards
        self._steps: Steps = (0, 0, 0)
        self.clear((0, 0, 0))

    def clear(self, steps: Steps) -> None:
        """Drop everything planned and cut; stand at `steps`."""
        self._queue.clear()
        self._cutting: Block | None = None
        self._moving: Block | None = None  # partly carried out
        self._left = 0.0
        self._keep = self._decel_override = False
        self._steps = steps
        self.speed = 0.0  # where segments are being cut, up to 50 ms ahead of the motors; `FS:` says this
        self.running = False
        self.end = INFINITY  # when the segment under way is done
        self.holding = self._ended = False
        self._ramp, self._top, self._exit, self._done_at, self._accel_until, self._decel_after = (
            _DECEL,
            0.0,
            0.0,
            0.0,
            0.0,
            0.0,
        )
        self.planner.clear(steps)

    def steps(self, t: float) -> Steps:
        """Where the motors stand at `t`."""
        block, left = self._moving, self._left
        if self.running:
            seconds, head, after = self._queue[0]
            before = left if block is head else head.length
            block = head
            left = after + (before - after) * max(0.0, min(1.0, (self.end - t) / seconds if seconds else 0.0))
        return self._steps if block is None else block.at(left)

    def start(self, t: float) -> None:
        """Begin to carry out what is planned."""
        self.holding = self._ended = False
        self.cut()
        if self._queue and not self.running:
            self.running = True
            self.end = t + self._queue[0][0]

    def hold(self) -> None:
        """Slow down within the path to standstill, from where segments are cut next."""
        self._reload()
        self.holding = True

    def release(self) -> None:
        """Standstill after a hold: plan the rest as a start from rest."""
        self.holding = False
        self.replan()

    def replan(self) -> None:
        """Plan everything anew from the present speed."""
        self._reload()
        self.planner.planned = 0
        self.planner.recalculate()

    def advance(self, t: float) -> None:
        """Carry out all segments that end by `t`."""
        while self.end <= t:
            self.step()

    def step(self) -> None:
        """Carry out the segment under way to its end; stops running when none follows."""
        queue = self._queue
        _, block, left = queue.popleft()
        if left > 0.0:
            self._moving, self._left = block, left
        else:
            self._moving, self._steps = None, block.end
            self._on_place(block.end)
        self.cut()
        if queue:
            self.end += queue[0][0]
        else:
            self.running, self.end = False, INFINITY

    def drain(self, t: float) -> float:
        """Carry out everything that is planned; when it is done, `t` at the earliest."""
        if not self.running:
            self.start(t)
        while self.running:
            t = max(t, self.end)
            self.step()
        return t

    def _reload(self) -> None:
        block = self._cutting
        if block is not None:
            self._keep = True
            block.entry2 = self.speed * self.speed
            self._cutting = None

    def _load(self, block: Block) -> None:
        """Choose the shape of the block's speed: which ramps, and where (mm from the block's end) they change."""
        if self._keep:
            self._keep = False
        elif self.holding or self._decel_override:
            self.speed = self._exit
            block.entry2 = self._exit * self._exit
            self._decel_override = False
        else:
            self.speed = math.sqrt(block.entry2)
        self._cutting = block
        left, entry2 = block.left, block.entry2
        per = 0.5 / block.acceleration
        self._done_at = 0.0
        if self.holding:
            self._ramp = _DECEL
            rest = left - per * entry2
            if rest < 0.0:
                self._exit = math.sqrt(max(0.0, entry2 - 2.0 * block.acceleration * left))
            else:
                self._done_at, self._exit = rest, 0.0
            return
        blocks = self.planner.blocks
        exit2 = blocks[1].entry2 if len(blocks) > 1 else 0.0
        self._exit = math.sqrt(exit2)
        nominal = self.planner.nominal(block)
        nominal2 = nominal * nominal
        self._ramp, self._accel_until, self._decel_after = _ACCEL, left, 0.0
        meet = 0.5 * (left + per * (entry2 - exit2))
        if entry2 > nominal2:
            self._accel_until = left - per * (entry2 - nominal2)
            if self._accel_until <= 0.0:
                self._ramp = _DECEL
                self._exit = math.sqrt(max(0.0, entry2 - 2.0 * block.acceleration * left))
                self._decel_override = True
            else:
                self._ramp, self._top, self._decel_after = _SLOW, nominal, per * (nominal2 - exit2)
        elif meet <= 0.0:
            self._accel_until, self._top = 0.0, self._exit
        elif meet >= left:
            self._ramp = _DECEL
        else:
            self._decel_after = per * (nominal2 - exit2)
            if self._decel_after < meet:
                self._top = nominal
                if entry2 == nominal2:
                    self._ramp = _CRUISE
                else:
                    self._accel_until -= per * (nominal2 - entry2)
            else:
                self._accel_until = self._decel_after = meet
                self._top = math.sqrt(2.0 * block.acceleration * meet + exit2)

    def cut(self) -> None:
        """Cut segments until five wait (`st_prep_buffer`)."""
        queue = self._queue
        while len(queue) < SEGMENTS and not self._ended:
            block = self._cutting
            if block is None:
                if not self.planner.blocks:
                    return
                block = self.planner.blocks[0]
                self._load(block)
            a, done_at, speed, ramp = block.acceleration, self._done_at, self.speed, self._ramp
            at_start = left = block.left
            least = max(0.0, left - 1.25 * block.length / block.steps)  # at least one step a segment
            limit = span = DT_SEGMENT
            total = 0.0
            while True:
                if ramp == _DECEL:
                    change = a * span
                    to = left - span * (speed - 0.5 * change)
                    if speed > change and to > done_at:
                        left = to
                        speed -= change
                    else:
                        # A hold that meets a block before its first step finds it at rest already.
                        span = 2.0 * (left - done_at) / (speed + self._exit) if left > done_at else 0.0
                        left, speed = done_at, self._exit
                elif ramp == _CRUISE:
                    to = left - self._top * span
                    if to < self._decel_after:
                        span = (left - self._decel_after) / self._top
                        left, ramp = self._decel_after, _DECEL
                    else:
                        left = to
                elif ramp == _ACCEL:
                    change = a * span
                    to = left - span * (speed + 0.5 * change)
                    if to < self._accel_until:
                        span = 2.0 * (left - self._accel_until) / (speed + self._top)
                        left, speed = self._accel_until, self._top
                        ramp = _DECEL if left == self._decel_after else _CRUISE
                    else:
                        left = to
                        speed += change
                else:
                    change = a * span
                    if speed - self._top <= change:
                        span = 2.0 * (left - self._accel_until) / (speed + self._top)
                        left, speed, ramp = self._accel_until, self._top, _CRUISE
                    else:
                        left -= span * (speed - 0.5 * change)
                        speed -= change
                if left - done_at < _NOTHING:
                    left, speed = done_at, self._exit
                total += span
                if total < limit:
                    span = limit - total
                elif left > least:
                    limit += DT_SEGMENT
                    span = limit - total
                else:
                    break
                if left <= done_at:
                    break
            self.speed, self._ramp = speed, ramp
            if self.holding and block.at(left) == block.at(at_start):
                self._ended = True  # less than a step to standstill
                return
            queue.append((total, block, left))
            block.left = left
            if left <= done_at:
                if left > 0.0:
                    self._ended = True
                    return
                self._cutting = None
                self.planner.discard()


class _Wire:
    """When lines arrive that are streamed by character counting: at the baud rate, as far as the machine has room."""

    def __init__(self, machine: Machine, link_s: float) -> None:
        self._byte_s, self._budget, self._link_s = 10 / machine.baud, machine.rx_bytes - 1, link_s
        self._under_way: deque[tuple[int, float]] = deque()  # bytes, when their answer can be read
        self._bytes = 0
        self._sent = self._free = self._answer = 0.0

    def _framed(self, t: float) -> float:
        return math.ceil(t / self._link_s - 1e-9) * self._link_s if self._link_s else t

    def arrives(self, length: int) -> float:
        """When the last byte of the next line, of `length` bytes, is there."""
        while self._under_way and self._bytes + length > self._budget:
            size, read = self._under_way.popleft()
            self._bytes -= size
            self._sent = max(self._sent, read)
        self._free = max(self._framed(self._sent), self._free) + length * self._byte_s
        return self._free

    def answered(self, length: int, t: float) -> None:
        """Its `ok` is printed at `t`."""
        self._answer = max(self._answer, t) + len(OK) * self._byte_s
        self._under_way.append((length, self._framed(self._answer)))
        self._bytes += length


@dataclass(frozen=True)
class Estimate:
    """Machine time from the first byte to standstill; way with the pen down and up; how often the pen went down.

    `after`: when the first n lines are carried out, s, for n = 0 to all.
    """

    seconds: float
    ink_mm: float
    travel_mm: float
    lifts: int
    after: tuple[float, ...]

    def left_s(self, lines: int) -> float:
        """Seconds to the end when the first `lines` lines are carried out."""
        return self.seconds - self.after[lines]

    def left_by_stroke(self, drawn: Sequence[int]) -> tuple[float, ...]:
        """Seconds to the end when so many strokes are drawn, for 0 to all; `drawn` as `Program.drawn` tells it."""
        return tuple(self.left_s(bisect_left(drawn, strokes)) for strokes in range(drawn[-1] + 1))


def estimate(lines: Iterable[str], machine: Machine, *, link_s: float = LINK_S) -> Estimate:
    """How long the machine needs for a program streamed by character counting; raises GcodeError.

    `link_s`: the USB link moves bytes in frames of so many seconds; 0 for none.
    """
    texts = list(lines)
    after = [0.0] * (len(texts) + 1)
    drawing: deque[int] = deque()  # of the blocks not done yet, how many lines are done with each

    def done(_steps: Steps) -> None:
        after[drawing.popleft()] = stepper.end

    stepper = Stepper(Axes.of(machine), done)
    planner, axes, pen = stepper.planner, stepper.planner.axes, machine.pen
    interpreter, wire = Interpreter(memory=Memory()), _Wire(machine, link_s)
    t = 0.0
    down, ink, travel, lifts = False, 0.0, 0.0, 0
    was: Point = (0.0, 0.0, 0.0)
    for number, text in enumerate(texts, start=1):
        t = max(t, wire.arrives(len(text) + 1))
        stepper.advance(t)
        t += line_time(len(text) + 1, moving=stepper.running)
        after[number] = t
        for action in interpreter.line(text):
            if isinstance(action, Motion):
                target, feed = action
                if isinstance(pen, ServoPen):
                    touching = down
                else:
                    touching = pen.touches(target[2])
                    lifts += touching and not down
                    touching, down = touching and down, touching
                way = math.dist(was[:2], target[:2])
                if touching:
                    ink += way
                else:
                    travel += way
                was = target
                while planner.room == 0:
                    if not stepper.running:
                        stepper.start(t)
                    t = max(t, stepper.end)
                    stepper.step()
                stepper.advance(t)
                if planner.push(axes.steps(target), None if feed is None else feed / 60) is not None:
                    drawing.append(number)
            elif not isinstance(action, Offsets):
                t = stepper.drain(t)
                if isinstance(action, Dwell):
                    t += dwell_time(action.seconds)
                elif isinstance(action, Spindle) and isinstance(pen, ServoPen):
                    touching = pen.touches(action.s) if action.direction != 5 else down
                    lifts += touching and not down
                    down = touching
                after[number] = t
        wire.answered(len(text) + 1, t)
    end = stepper.drain(t)
    # A line that moves nothing is carried out with those before it.
    return Estimate(end, ink, travel, lifts, tuple(accumulate(after, max)))
