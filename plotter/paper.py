"""What the pen leaves on the paper: the oracle of every test. Machine frame, mm, true positions of the head."""

from collections.abc import Callable

from plotter.machine import ServoPen, ZPen
from plotter.strokes import Stroke, stroke

XY = tuple[float, float]
Place = tuple[float, float, float]
_SAME = 1e-6  # mm


class Paper:
    """The sheet under the pen. It knows only where the head goes and whether the pen touches.

    A pen that already stands low when the machine is switched on marks nothing until it has been up once: the sheet
    is laid under a raised pen.
    """

    def __init__(self, pen: ServoPen | ZPen, at: Place, on_stroke: Callable[[Stroke], None] | None = None) -> None:
        """`on_stroke` hears of each stroke when the pen has left the paper."""
        self.pen = pen
        self.on_stroke = on_stroke
        self._at = at
        self._done: list[Stroke] = []
        self._open: list[XY] | None = None
        self._raised = not (isinstance(pen, ZPen) and pen.touches(at[2]))

    @property
    def touching(self) -> bool:
        """Whether the pen is on the paper."""
        return self._open is not None

    def strokes(self, at: Place) -> list[Stroke]:
        """All ink, the stroke under way included, with the head at `at` now."""
        if self._open is None:
            return list(self._done)
        here = at[:2]
        return [*self._done, _ink([*self._open, here] if _apart(self._open[-1], here) else self._open)]

    def new_sheet(self) -> list[Stroke]:
        """Take the sheet away and lay a new one; the ink of the old one. A pen that is down goes on writing."""
        down = self.touching
        self._end()
        old, self._done = self._done, []
        if down:
            self._begin(self._at[:2])
        return old

    def touch(self) -> None:
        """The servo has brought the pen onto the paper where the head is."""
        if self._open is None:
            self._begin(self._at[:2])

    def lift(self) -> None:
        """The servo has taken the pen off the paper."""
        self._end()

    def move(self, to: Place) -> None:
        """The head has moved straight to `to`."""
        was, self._at = self._at, to
        if isinstance(self.pen, ServoPen):
            if self._open is not None and _apart(self._open[-1], to[:2]):
                self._open.append(to[:2])
            return
        down = self.pen.touches(to[2])
        if self._open is not None:
            point = to[:2] if down else self._crossing(was, to)
            if _apart(self._open[-1], point):
                self._open.append(point)
            if not down:
                self._end()
        elif down and self._raised:
            self._begin(self._crossing(was, to))
            self.move(to)
        self._raised = self._raised or not down

    def carry(self, to: Place) -> None:
        """Somebody lifts the pen by hand, carries the head to `to` and lets go: a servo that was down is down again."""
        down = self.touching and isinstance(self.pen, ServoPen)
        self._end()
        self._at = to
        if down:
            self._begin(to[:2])

    def _crossing(self, a: Place, b: Place) -> XY:
        surface = self.pen.surface_mm if isinstance(self.pen, ZPen) else 0.0
        f = (surface - a[2]) / (b[2] - a[2])
        return a[0] + f * (b[0] - a[0]), a[1] + f * (b[1] - a[1])

    def _begin(self, at: XY) -> None:
        self._open = [at]

    def _end(self) -> None:
        if self._open is not None:
            one = _ink(self._open)
            self._open = None
            self._done.append(one)
            if self.on_stroke is not None:
                self.on_stroke(one)


def _apart(a: XY, b: XY) -> bool:
    return abs(a[0] - b[0]) > _SAME or abs(a[1] - b[1]) > _SAME


def _ink(points: list[XY]) -> Stroke:
    return stroke([(round(x, 4), round(y, 4)) for x, y in points])
