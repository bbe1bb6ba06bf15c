"""What the pen leaves on the paper, as it happens: lines, rests, fading ink. The oracle of every test.

True positions of the head, machine frame, mm, as the sheet lay when it was laid: a sheet that slips carries its ink
along, so what is written later lies elsewhere on it.
"""

import math
from collections.abc import Callable

import numpy as np

from plotter.machine import ServoPen, ZPen
from plotter.sheet import Mark, Rest, Sheet
from plotter.strokes import Stroke, stroke

XY = tuple[float, float]
Place = tuple[float, float, float]
FADE_MM = 100.0  # a pen that runs dry: over this much ink it fades to nothing
REST_S = 0.05  # shorter rests leave no more than writing does
_SAME = 1e-6  # mm


class Paper:
    """The sheet under the pen. It knows only where the head goes, whether the pen touches, and what time it is.

    A pen that already stands low when the machine is switched on marks nothing until it has been up once: the sheet
    is laid under a raised pen.
    """

    def __init__(self, pen: ServoPen | ZPen, at: Place, on_stroke: Callable[[Stroke], None] | None = None) -> None:
        """`on_stroke` hears of each stroke when the pen has left the paper."""
        self.pen = pen
        self.on_stroke = on_stroke
        self._servo = isinstance(pen, ServoPen)
        self._surface_mm = pen.surface_mm if isinstance(pen, ZPen) else 0.0
        self._at = at
        self._done: list[Mark] = []
        self._rests: list[Rest] = []
        self._open: list[XY] | None = None
        self._begun = 0.0  # the open line
        self._since = 0.0  # when the pen came to its last place on the paper
        self._left = 0.0  # when the way that ends next began
        self._raised = not (isinstance(pen, ZPen) and pen.touches(at[2]))
        self._slip: XY = (0.0, 0.0)
        self._dry_mm = math.inf  # the pen fades from here on
        self._used_mm = 0.0

    @property
    def touching(self) -> bool:
        """Whether the pen is on the paper."""
        return self._open is not None

    def sheet(self, at: Place, t: float) -> Sheet:
        """All that is on the paper, the line and the rest under way included, with the head at `at` now."""
        if self._open is None:
            return Sheet(tuple(self._done), tuple(self._rests))
        here = self._on_sheet(at)
        moved = _apart(self._open[-1], here)
        line = _ink([*self._open, here] if moved else self._open)
        rest = self._rest(self._left if moved else t)
        return Sheet((*self._done, *self._visible(line, t)), (*self._rests, *rest))

    def new_sheet(self, t: float) -> list[Stroke]:
        """Take the sheet away and lay a new one; the ink of the old one. A pen that is down goes on writing."""
        down = self.touching
        self._end(t)
        old, self._done, self._rests = self._done, [], []
        self._slip = (0.0, 0.0)
        if down:
            self._begin(self._at[:2], t)
        return [mark.points for mark in old]

    def new_pen(self, dry_m: float = math.inf) -> None:
        """From now on the pen has so many metres until it fades."""
        drawn = 0.0 if self._open is None else float(np.hypot(*np.diff(_ink(self._open), axis=0).T).sum())
        self._used_mm, self._dry_mm = -drawn, 1000.0 * dry_m

    def shift(self, dx: float, dy: float) -> None:
        """The sheet slips under the pen by so many mm; one that touches draws that."""
        self._slip = (self._slip[0] + dx, self._slip[1] + dy)
        if self._open is not None:
            self._open.append(self._on_sheet(self._at))

    def touch(self, t: float) -> None:
        """The servo has brought the pen onto the paper where the head is."""
        if self._open is None:
            self._begin(self._at[:2], t)

    def lift(self, t: float) -> None:
        """The servo has taken the pen off the paper."""
        self._end(t)

    def go(self, t: float) -> None:
        """The motors start from rest."""
        self._left = t

    def move(self, to: Place, t: float) -> None:
        """The head has come straight to `to`, at `t`."""
        was, self._at = self._at, to
        line = self._open
        if self._servo or to[2] == was[2]:
            if line is not None:
                (x, y), (dx, dy), (a, b) = to[:2], self._slip, line[-1]
                x, y = x - dx, y - dy
                if abs(x - a) > _SAME or abs(y - b) > _SAME:
                    if self._left - self._since > REST_S:
                        self._rests += self._rest(self._left)
                    line.append((x, y))
                    self._since = t
            self._left = t
            return
        down = to[2] < self._surface_mm
        if line is not None:
            point = self._on_sheet(to) if down else self._crossing(was, to)
            if _apart(line[-1], point):
                self._rests += self._rest(self._left)
                line.append(point)
                self._since = t
            if not down:
                self._end(t)
        elif down and self._raised:
            self._begin(self._crossing(was, to), t, on_sheet=True)
            if _apart(self._crossing(was, to), here := self._on_sheet(to)):
                self._open = [*(self._open or ()), here]
        self._left = t
        self._raised = self._raised or not down

    def carry(self, to: Place, t: float) -> None:
        """Somebody lifts the pen by hand, carries the head to `to` and lets go: a servo that was down is down again."""
        down = self.touching and self._servo
        self._end(t)
        self._at = to
        if down:
            self._begin(to[:2], t)

    def _on_sheet(self, at: Place) -> XY:
        dx, dy = self._slip
        return at[0] - dx, at[1] - dy

    def _crossing(self, a: Place, b: Place) -> XY:
        surface = self._surface_mm
        f = (surface - a[2]) / (b[2] - a[2])
        return self._on_sheet((a[0] + f * (b[0] - a[0]), a[1] + f * (b[1] - a[1]), surface))

    def _rest(self, end: float) -> list[Rest]:
        if self._open is None or end - self._since <= REST_S:
            return []
        return [Rest(*self._open[-1], self._since, end - self._since)]

    def _begin(self, at: XY, t: float, *, on_sheet: bool = False) -> None:
        self._open = [at if on_sheet else self._on_sheet((*at, 0.0))]
        self._begun = self._since = t

    def _end(self, t: float) -> None:
        if self._open is None:
            return
        self._rests += self._rest(t)
        line = _ink(self._open)
        self._open = None
        visible = self._visible(line, t)
        if self._dry_mm < math.inf:
            self._used_mm += float(np.hypot(*np.diff(line, axis=0).T).sum())
        self._done += visible
        if self.on_stroke is not None:
            for mark in visible:
                self.on_stroke(mark.points)

    def _visible(self, line: Stroke, t: float) -> list[Mark]:
        """The line as a mark: whole from a fresh pen, fading from one that runs dry, none from a dry one."""
        if self._dry_mm == math.inf:
            return [Mark(line, self._begun, t, np.ones(len(line)))]
        along = self._used_mm + np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))))
        dry = self._dry_mm + FADE_MM
        if along[0] >= dry:
            return []
        inside = [mm for mm in (self._dry_mm, dry) if along[0] < mm < along[-1]]
        at = np.unique(np.concatenate((along[along <= dry], inside)))
        points = np.column_stack((np.interp(at, along, line[:, 0]), np.interp(at, along, line[:, 1])))
        return [Mark(points, self._begun, t, np.clip((dry - at) / FADE_MM, 0.0, 1.0))]


def _apart(a: XY, b: XY) -> bool:
    return abs(a[0] - b[0]) > _SAME or abs(a[1] - b[1]) > _SAME


def _ink(points: list[XY]) -> Stroke:
    return stroke([(round(x, 4), round(y, 4)) for x, y in points])
