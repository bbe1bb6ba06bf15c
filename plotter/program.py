"""Program: a pen's whole way as the lines a firmware takes, each with the stroke it belongs to and what it is for."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple, Protocol

Kind = Literal["setup", "travel", "down", "draw", "up", "park"]
Point = tuple[float, float]


class ProgramError(ValueError):
    """A program is not fit to be sent: `number` (from 1) and `text` of the line, and `why`."""

    def __init__(self, number: int, text: str, why: str) -> None:
        super().__init__(f"line {number} '{text[:80]}': {why}")
        self.number = number
        self.text = text
        self.why = why


class Line(NamedTuple):
    """One line, the stroke it belongs to (-1 before the first; a travel belongs to the stroke it goes to), its kind."""

    text: str
    stroke: int
    kind: Kind


class Walk(Protocol):
    """Where lines take the pen, fed line by line."""

    points: tuple[Point, ...]  # of the last line, machine frame, mm; none when it did not move the pen
    dwell_s: float  # how long the last line waits

    def line(self, text: str) -> None: ...


@dataclass(frozen=True)
class Program:
    """A pen's whole way: it begins and ends with the pen up; `end` is where it comes to rest, machine frame, mm.

    `first_stroke` is the first stroke it draws and `strokes` counts from 0 to the last: a program that goes on after
    an interruption knows that the strokes before it are on the paper, and of the first one `from_mm`, mm along it.
    `walk` reads its firmware's lines.

    Its lines are kept as columns: two thousand objects a card, times many plotters, are what Python's garbage collector
    would look through while all pens wait.
    """

    texts: tuple[str, ...]
    stroke_of: tuple[int, ...]
    kinds: tuple[Kind, ...]
    end: Point
    first_stroke: int = 0
    from_mm: float = 0.0
    walk: Callable[[], Walk] = field(kw_only=True)

    @classmethod
    def of(cls, lines: Iterable[Line], end: Point, first_stroke: int = 0, *, walk: Callable[[], Walk]) -> "Program":
        """The program of these lines; raises ValueError when there are none."""
        texts, strokes, kinds = zip(*lines, strict=True)
        return cls(texts, strokes, kinds, end, first_stroke, walk=walk)

    @property
    def lines(self) -> tuple[Line, ...]:
        """All lines, one by one."""
        return tuple(map(Line, self.texts, self.stroke_of, self.kinds))

    @property
    def text(self) -> str:
        """The lines as a file: LF after each."""
        return "".join(f"{text}\n" for text in self.texts)

    @cached_property
    def strokes(self) -> int:
        """How many strokes are on the paper at its end, those before `first_stroke` included."""
        return max(self.stroke_of, default=-1) + 1

    @cached_property
    def _walked(self) -> tuple[tuple[tuple[Point, ...], float], ...]:
        walk, walked = self.walk(), []
        for text in self.texts:
            walk.line(text)
            walked.append((walk.points, walk.dwell_s))
        return tuple(walked)

    @property
    def way(self) -> tuple[tuple[Point, ...], ...]:
        """For each line the points it takes the pen through, machine frame, mm; none for lines that do not move it."""
        return tuple([points for points, _ in self._walked])

    @property
    def dwell_s(self) -> tuple[float, ...]:
        """For each line how long it waits, s."""
        return tuple([dwell_s for _, dwell_s in self._walked])

    @cached_property
    def drawn(self) -> tuple[int, ...]:
        """How many strokes are on the paper once the first n lines are carried out, for n = 0 to all."""
        done = [self.first_stroke]
        for stroke, kind, then in zip(self.stroke_of, self.kinds, (*self.kinds[1:], ""), strict=True):
            done.append(stroke + 1 if kind == "up" != then else done[-1])
        return tuple(done)
