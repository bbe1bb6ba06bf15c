"""Way: where the lines of a program take the pen, to hold reports against and to find a place on it again."""

import math
from typing import NamedTuple

import numpy as np

from plotter.faults import Resume
from plotter.program import Point, Program
from plotter.resume import DONE_MM
from plotter.session import Lift
from plotter.strokes import Stroke

# A report off the commanded way by more than this is a byte lost on the wire (motor steps are 0.0125 mm).
OFF_WAY_MM = 0.1
# Two places on the way that a report cannot tell apart: the earlier is taken, and ink drawn over itself.
_SAME_MM = 0.02
# Steps, and coordinates of two decimals, leave a reported place so far from the line at most.
_NEAR_MM = 0.05
# A hold, a reset or a report may find the line being parsed done, and one more when an answer was lost.
_AHEAD = 2

MARKING = ("down", "draw")


class Window(NamedTuple):
    """The part of the way that the pen may be on: numbers of its first and its last point."""

    first: int
    last: int


class Sight(NamedTuple):
    """A reported place held against a part of the way: to each piece of it the distance, mm, and how far along the
    piece the nearest point is, 0 to 1. A part of one point is one piece of no length."""

    at: Point
    window: Window
    distances: Stroke
    share: Stroke

    @property
    def off_mm(self) -> float:
        """How far the place is from that part of the way."""
        return float(self.distances.min())

    @property
    def near(self) -> list[int]:
        """The points that the pieces which the place may be on begin with."""
        return [self.window.first + k for k in np.flatnonzero(self.distances <= _NEAR_MM).tolist()]

    @property
    def reached(self) -> int:
        """The number of the point that the pen has surely come to.

        A line that crosses itself comes by the same place twice: this is the first time.
        """
        return min(self.near, default=self.window.first)


class Way:
    """A program's way from where it starts, the pen told to be as it then is.

    Lines are counted from 0; "after n lines" is when n are carried out.
    """

    def __init__(self, program: Program, start: Point, pen: Lift = "") -> None:
        self._program = program
        self._first_pen = pen
        self._points: Stroke = np.array([start, *(point for points in program.way for point in points)])
        counts = [len(points) for points in program.way]
        # The number of the point where the pen is after n lines, the start being point 0.
        self._after: list[int] = np.cumsum([0, *counts]).tolist()
        self._line = np.concatenate(([-1], np.repeat(np.arange(len(counts)), counts)))
        long = np.hypot(*np.diff(self._points, axis=0).T)
        self._along = np.concatenate(([0.0], np.cumsum(long)))
        # Of each stroke the line that begins to draw it, and the last one that leaves ink.
        self._begin: dict[int, int] = {}
        self._end: dict[int, int] = {}
        for n, (stroke, kind) in enumerate(zip(program.stroke_of, program.kinds, strict=True)):
            if kind == "draw":
                self._begin.setdefault(stroke, n)
            if kind in MARKING:
                self._end[stroke] = n

        # Points where the pen goes up or down.
        self._turns = np.zeros(len(self._points), dtype=bool)
        for n, kind in enumerate(program.kinds):
            if kind in ("down", "up"):
                self._turns[self._after[n + 1]] = True
        self._setup = next((n for n, kind in enumerate(program.kinds) if kind != "setup"), len(program.kinds))
        self._dwell_s = program.dwell_s

    def dwell_s(self, answered: int, sent: int) -> float:
        """How long the machine may stand and say nothing, s: the longest wait among the lines it may be at."""
        return max(self._dwell_s[answered : min(answered + _AHEAD, sent)], default=0.0)

    def after(self, lines: int) -> Point:
        """Where the pen is after so many lines, machine frame, mm."""
        x, y = self._points[self._after[lines]]
        return float(x), float(y)

    def window(
        self, executed: int, answered: int, sent: int, lag: int, *, ahead: int = _AHEAD, reached: int = 0
    ) -> Window:
        """Where the pen may be: beyond what is surely done and what it was seen at, at most `lag` moves behind the
        answers, not beyond what can have been read."""
        first = max(self._after[executed], self._after[answered] - lag, reached)
        return Window(first, max(first, self._after[min(answered + ahead, sent)]))

    def pens(self, sight: Sight, executed: int, answered: int, sent: int) -> set[Lift]:
        """Where the pen may have been told to be at a place that was seen; empty when anywhere."""
        first = max(executed, int(self._line[sight.window.first]) + 1)
        told = {pen for n in range(first, min(answered + _AHEAD, sent) + 1) for pen in self.pen_after(n)}
        here: set[Lift] = set()
        for begin in sight.near:
            ends = range(begin, min(begin + 1, sight.window.last) + 1)
            if any(self._turns[p] and math.dist(self._points[p], sight.at) <= 2 * _NEAR_MM for p in ends):
                return told
            here.update(self.pen_after(int(self._line[ends[-1]]) + 1))
        return told & here if here else told

    def pen_after(self, lines: int) -> tuple[Lift, ...]:
        """Where the pen has been told to be after so many lines; while a program sets up, where it was or up."""
        if lines < self._setup or not lines:
            return ("up", "off", "", self._first_pen)
        kind = self._program.kinds[lines - 1]
        return ("down",) if kind in MARKING else ("up",)

    def resume(self, at: Point, window: Window, proved: int, done: int) -> Resume | None:
        """Where the card goes on when the pen has left the paper at `at`; None when that is not on the way.

        `done` strokes are proved drawn, and so many lines are `proved` to be carried out.
        """
        sight = self.see(at, window)
        if sight.off_mm > OFF_WAY_MM:
            return None
        k = int(np.argmax(sight.distances <= sight.off_mm + _SAME_MM))  # the earliest
        point, share = window.first + k, sight.share[k]
        piece = min(point + 1, window.last)
        line = int(self._line[piece]) if share > 0 or piece == point else int(self._line[point])
        mm = float(self._along[point] + share * (self._along[piece] - self._along[point]))
        if line < 0 or self._program.kinds[line] == "setup":
            return self._from(done, 0.0)
        stroke = self._program.stroke_of[line]
        if self._program.kinds[line] == "park":
            return Resume(self._program.strokes)
        if stroke < done:
            return self._from(done, 0.0)
        if stroke not in self._begin:  # a dot
            return Resume(stroke + 1) if proved > self._end[stroke] else self._from(stroke, 0.0)
        if self._program.kinds[line] != "draw":
            return self._from(stroke, 0.0)
        begin = self._along[self._after[self._begin[stroke]]]
        end = self._along[self._after[self._end[stroke] + 1]]
        if mm >= end - DONE_MM:
            return Resume(stroke + 1)
        return self._from(stroke, max(0.0, mm - float(begin)))

    def _from(self, stroke: int, mm: float) -> Resume:
        """Our program may itself have begun within its first stroke."""
        program = self._program
        before = program.from_mm if stroke == program.first_stroke else 0.0
        return Resume(stroke, round(before + mm, 3))

    def see(self, at: Point, window: Window) -> Sight:
        """Hold a reported place against a part of the way."""
        points = self._points[window.first : window.last + 1]
        if len(points) == 1:
            return Sight(at, window, np.array([math.dist(points[0], at)]), np.zeros(1))
        x, y = points.T
        dx, dy = x[1:] - x[:-1], y[1:] - y[:-1]
        squared = dx * dx + dy * dy
        squared[squared == 0.0] = 1.0
        px, py = at[0] - x[:-1], at[1] - y[:-1]
        share = ((px * dx + py * dy) / squared).clip(0.0, 1.0)
        return Sight(at, window, np.hypot(px - share * dx, py - share * dy), share)
