"""Order: the same strokes in the order and direction that take a machine least time, and no lift without need.

What lies between two strokes is the machine's time, not a distance: a rapid from rest to rest within the limits of both
axes, and what its lift costs there. The search is Or-opt (Or 1976: a few strokes elsewhere, either way round) and 2-opt
(Croes 1958: a run of strokes the other way round) from two beginnings, until no such change helps. No chance is in it:
same strokes, same machine, same order. A plotter holds its pen upright: a line is the same drawn from either end.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plotter.machine import Machine
from plotter.motion import dwell_time
from plotter.pen import ServoPen
from plotter.strokes import Stroke, length, resample

# Ink of a gel pen is dry enough for a pen to cross it after a second or two; sooner the ball drags it along.
DRY_S = 2.0
# How far an edge of ink may move before a person sees it.
EDGE_MM = 0.05
# Where there are more strokes they are put in order piece by piece: the times between all ends are held in memory.
PIECE = 1000
# How many strokes in a row are tried elsewhere: a short word is among them.
_RUN = 10
_SWEEPS = 20
_TRIES = 2
_LEAST_S = 1e-6

Ints = NDArray[np.intp]
Floats = NDArray[np.float64]
NO_PAIRS: Ints = np.empty((0, 2), dtype=np.intp)


@dataclass(frozen=True)
class Rules:
    """What an order keeps. Pairs of strokes by number: `first` before `then`; `one` and `other` DRY_S apart in time."""

    first: Ints
    then: Ints
    one: Ints
    other: Ints
    seconds: Floats  # of each stroke with its lifts, roughly


@dataclass(frozen=True, eq=False)
class Ordered:
    """Strokes as they are drawn, and for each the numbers of the given strokes that it is made of, in drawing order."""

    strokes: tuple[Stroke, ...]
    written: tuple[tuple[int, ...], ...]


def ordered(
    strokes: Sequence[Stroke],
    machine: Machine,
    *,
    late: Ints = NO_PAIRS,
    park: tuple[float, float] = (0.0, 0.0),
) -> Ordered:
    """The strokes (machine frame, mm, in writing order) in the order that takes least time, from `park` back to it.

    `late`: pairs of strokes by number, the first to be drawn before the second: what `late_after` gives.
    """
    done: list[tuple[int, bool]] = []
    for begin in range(0, len(strokes), PIECE):
        piece = strokes[begin : begin + PIECE]
        inside = ((late >= begin) & (late < begin + PIECE)).all(axis=1)
        ends = park if not done else _exit(strokes, done[-1])
        found = _search(piece, late[inside] - begin, machine, (ends, park))
        done += [(begin + k, back) for k, back in found]
    drawn: list[Stroke] = []
    written: list[tuple[int, ...]] = []
    limit = merge_mm(machine.pen_width_mm)
    for k, back in done:
        one = strokes[k][::-1] if back else strokes[k]
        gap = np.hypot(*(one[0] - drawn[-1][-1])) if drawn else np.inf
        if gap <= limit and len(one) > 1 and len(drawn[-1]) > 1:
            drawn[-1] = np.concatenate((drawn[-1], one))
            written[-1] += (k,)
        else:
            drawn.append(one)
            written.append((k,))
    return Ordered(tuple(drawn), tuple(written))


def merge_mm(width_mm: float) -> float:
    """Up to which gap the pen stays down from one stroke's end to the next one's beginning.

    Two round ends of width w, their middles g apart, leave a notch at each side; a line drawn between fills it, and it
    is w/2 - sqrt(w^2 - g^2)/2 deep. Filled notches no deeper than EDGE_MM are not seen.
    """
    half = width_mm / 2
    return width_mm if half <= EDGE_MM else 2.0 * float(np.sqrt(half**2 - (half - EDGE_MM) ** 2))


def travel_s(offsets: NDArray[np.float64], machine: Machine) -> Floats:
    """Seconds of rapids over (..., 2) mm from rest to rest: up with the acceleration, at the top rate, down again."""
    far = np.hypot(offsets[..., 0], offsets[..., 1])
    share = np.maximum(np.abs(offsets) / np.maximum(far, 1e-9)[..., None], 1e-9)
    rate = (np.array(machine.max_rate_mm_min[:2]) / 60 / share).min(axis=-1)
    up = (np.array(machine.acceleration_mm_s2[:2]) / share).min(axis=-1)
    seconds: Floats = np.where(far > rate**2 / up, far / rate + rate / up, 2.0 * np.sqrt(far / up))
    return seconds


def lift_s(machine: Machine, *, hop: bool) -> float:
    """Seconds that the pen needs up and down again."""
    pen = machine.pen
    if isinstance(pen, ServoPen):
        up, down = (pen.hop_up_settle_s, pen.hop_down_settle_s) if hop else (pen.up_settle_s, pen.down_settle_s)
        return dwell_time(up) + dwell_time(down)
    way = (pen.hop_mm if hop and pen.hop_mm is not None else pen.up_mm) - pen.down_mm
    rate, up = machine.max_rate_mm_min[2] / 60, machine.acceleration_mm_s2[2]
    return 2.0 * (way / rate + rate / up if way > rate**2 / up else 2.0 * float(np.sqrt(way / up)))


def between_s(ends: Stroke, machine: Machine) -> Floats:
    """Seconds from each of these ends of strokes to each: lift, way, and pen down; (n, n)."""
    offsets = ends[:, None] - ends[None]
    far = np.hypot(offsets[..., 0], offsets[..., 1])
    seconds = travel_s(offsets, machine) + lift_s(machine, hop=False)
    if machine.pen.hops(0.0):
        seconds -= (far <= machine.pen.hop_within_mm) * (lift_s(machine, hop=False) - lift_s(machine, hop=True))
    seconds[far <= merge_mm(machine.pen_width_mm)] = 0.0
    return seconds


def late_after(strokes: Sequence[Stroke], words: Sequence[int]) -> Ints:
    """Pairs of numbers (n, 2): the second stroke is a late one and comes after the first, as a person writes them.

    Late are dots, bars and accents: strokes that lie behind ink of their word (card frame, writing runs to the right).
    They come after all that was written of their word before them: where a word is broken off, whole letters stand.
    """
    pairs: list[tuple[int, int]] = []
    begin, right = 0, -np.inf
    for k, one in enumerate(strokes):
        if not k or words[k] != words[begin]:
            begin, right = k, -np.inf
        if float(one[:, 0].mean()) < right:
            pairs += [(j, k) for j in range(begin, k)]
        right = max(right, float(one[:, 0].max()))
    return np.array(pairs, dtype=np.intp).reshape(-1, 2)


def rules(strokes: Sequence[Stroke], late: Ints, machine: Machine) -> Rules:
    """What an order of these strokes must keep.

    Two strokes that touch, and that the writer draws more than DRY_S apart, stay so far apart: else the pen would drag
    wet ink along. Which of the two is first does not matter to the eye, ink of one pen has one colour. Strokes that
    the writer lets touch sooner (the two of an x) are free: their hand has it no better.
    """
    feed, up = machine.feed_mm_min / 60, min(machine.acceleration_mm_s2[:2])
    seconds = np.array([length(one) / feed + feed / up for one in strokes]) + lift_s(machine, hop=False)
    one, other = _touching(strokes, machine.pen_width_mm)
    starts = _starts(seconds, np.arange(len(strokes)), _ways(strokes, machine))
    dry = starts[other] - starts[one] - seconds[one] >= DRY_S
    return Rules(late[:, 0], late[:, 1], one[dry], other[dry], seconds)


def _ways(strokes: Sequence[Stroke], machine: Machine) -> Floats:
    """Seconds of travel before each stroke when they are drawn as given."""
    starts, ends = np.array([one[0] for one in strokes]), np.array([one[-1] for one in strokes])
    return np.concatenate(([0.0], travel_s(starts[1:] - ends[:-1], machine)))


def _starts(seconds: Floats, order: Ints, ways: Floats) -> Floats:
    """When each stroke begins in this order; `ways`: the seconds before each place."""
    starts = np.empty(len(order))
    took = seconds[order]
    starts[order] = np.cumsum(ways + took) - took
    return starts


def _touching(strokes: Sequence[Stroke], width_mm: float) -> tuple[Ints, Ints]:
    """Pairs of strokes whose ink meets, lower number first."""
    from scipy.spatial import cKDTree

    fine = [resample(one, width_mm) for one in strokes]
    owner = np.repeat(np.arange(len(fine)), [len(one) for one in fine])
    # Points at most a width apart: lines that are a width apart have points at most this far from one another.
    pairs = owner[cKDTree(np.concatenate(fine)).query_pairs(1.12 * width_mm, output_type="ndarray")]
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    return pairs[:, 0], pairs[:, 1]


def _exit(strokes: Sequence[Stroke], last: tuple[int, bool]) -> tuple[float, float]:
    x, y = strokes[last[0]][0 if last[1] else -1].tolist()
    return x, y


def _search(
    strokes: Sequence[Stroke],
    late: Ints,
    machine: Machine,
    ends: tuple[tuple[float, float], tuple[float, float]],
) -> list[tuple[int, bool]]:
    """The numbers of the strokes in the best order found, and which are drawn from their end."""
    n = len(strokes)
    points = np.array([one[at] for one in strokes for at in (0, -1)] + list(ends))
    cost = between_s(points, machine)
    kept = rules(strokes, late, machine)
    best: _Tour | None = None
    for begin in (2 * np.arange(n), _nearest(cost, n, kept)):
        tour = _Tour(cost, begin, kept)
        tour.improve()
        if best is None or (tour.seconds < best.seconds - _LEAST_S and tour.fits(tour.heads)):
            best = tour
    assert best is not None  # the order of writing fits its own rules
    return [(int(k) // 2, bool(k % 2)) for k in best.heads[1:-1]]


def _nearest(cost: Floats, n: int, kept: Rules) -> Ints:
    """Numbers of ends to begin at (2 k, or 2 k + 1 from its end): always the nearest that may come next."""
    waits = np.zeros(n, dtype=np.intp)
    np.add.at(waits, kept.then, 1)
    frees: list[list[int]] = [[] for _ in range(n)]
    for a, b in zip(kept.first.tolist(), kept.then.tolist(), strict=True):
        frees[a].append(b)
    barred = np.repeat(np.where(waits > 0, np.inf, 0.0), 2)
    at, heads = 2 * n, []
    for _ in range(n):
        head = int(np.argmin(cost[at, : 2 * n] + barred))
        k = head // 2
        heads.append(head)
        barred[2 * k : 2 * k + 2] = np.inf
        for free in frees[k]:
            waits[free] -= 1
            if not waits[free]:
                barred[2 * free : 2 * free + 2] = 0.0
        at = head ^ 1
    return np.array(heads, dtype=np.intp)


class _Tour:
    """An order under improvement: at each place the end that its stroke is begun at; the park is the first and last.

    Ends are numbered 2 k and 2 k + 1 for stroke k, so the other end of a stroke is `end ^ 1`.
    """

    def __init__(self, cost: Floats, begin: Ints, kept: Rules) -> None:
        n = len(kept.seconds)
        self._cost, self._kept = cost, kept
        self._into = np.arange(n + 1)[None]
        self._tries = np.ones(n + 1, dtype=bool)
        self._meets = np.full(2 * n + 2, -1, dtype=np.intp)
        self._adopt(np.concatenate(([2 * n + 1], begin, [2 * n + 1])).astype(np.intp))

    def _adopt(self, heads: Ints) -> None:
        """Take these as the order, and know what changes of it may be."""
        kept, n = self._kept, len(heads) - 2
        self.heads, self._tails = heads, heads ^ 1
        self._ways = self._cost[self._tails[:-1], heads[1:]]
        meets = np.empty(2 * n + 2, dtype=np.intp)  # of each end the one that the way there leads to
        meets[self._tails[:-1]], meets[heads[1:]] = heads[1:], self._tails[:-1]
        self._tries[np.flatnonzero(meets != self._meets) >> 1] = True
        self._meets = meets
        self.seconds = float(self._ways.sum())
        place = self._place(heads)
        first, then = place[kept.first], place[kept.then]
        # By place: the last one that must come before it, the first one that must come after it.
        self._after, self._before = np.zeros(n + 2, dtype=np.intp), np.full(n + 2, n + 1, dtype=np.intp)
        np.maximum.at(self._after, then, first)
        np.minimum.at(self._before, first, then)
        # A run from place p on may be turned round as long as it ends before place `turn[p]`.
        self._turn = np.minimum.accumulate(self._before[::-1])[::-1]

    @staticmethod
    def _place(heads: Ints) -> Ints:
        place = np.empty(len(heads), dtype=np.intp)
        place[heads[:-1] >> 1] = np.arange(len(heads) - 1)
        return place

    def fits(self, heads: Ints) -> bool:
        """Whether this order is within the rules."""
        kept = self._kept
        place = self._place(heads)
        if (place[kept.first] > place[kept.then]).any():
            return False
        if not len(kept.one):
            return True
        order = heads[1:-1] >> 1
        took = kept.seconds[order]
        starts = np.empty(len(order))
        starts[order] = np.cumsum(self._cost[heads[:-2] ^ 1, heads[1:-1]] + took) - took
        one, other = starts[kept.one], starts[kept.other]
        early = np.where(one < other, kept.one, kept.other)
        return bool((np.abs(other - one) - kept.seconds[early] >= DRY_S - 1e-9).all())

    def improve(self) -> None:
        """Change it as long as a change helps; a stroke whose neighbours stay the same is not tried again."""
        n = len(self.heads) - 2
        for _ in range(_SWEEPS):
            for p in range(1, n + 1):
                while self._tries[self.heads[p] >> 1]:
                    if not (self._turned(p) or self._moved(p)):
                        self._tries[self.heads[p] >> 1] = False
            if not self._tries[:n].any():
                return

    def _turned(self, p: int) -> bool:
        """Turn the run from place p on round, where that helps."""
        q = np.arange(p, min(int(self._turn[p]), len(self.heads) - 1))
        cost, heads, tails, ways = self._cost, self.heads, self._tails, self._ways
        gain = ways[p - 1] + ways[q] - cost[tails[p - 1]][tails[q]] - cost[heads[p]][heads[q + 1]]
        return self._best(gain, lambda k: np.concatenate((heads[:p], tails[p : p + k + 1][::-1], heads[p + k + 1 :])))

    def _moved(self, p: int) -> bool:
        """Put a run from place p on elsewhere, one way round or the other, where that helps."""
        cost, heads, tails, ways = self._cost, self.heads, self._tails, self._ways
        n = len(heads) - 2
        ends = np.arange(p, min(p + _RUN, n + 1))
        freed = ways[p - 1] + ways[ends] - cost[tails[p - 1]][heads[ends + 1]]
        if freed.max() <= _LEAST_S:
            return False
        # Between which neighbours (by the place of the first) each run may come; inside it `fits` looks.
        low = np.maximum.accumulate(self._after[p : ends[-1] + 1])[:, None]
        high = np.minimum.accumulate(self._before[p : ends[-1] + 1])[:, None]
        into, last = self._into, ends[:, None]
        barred = ((into >= p - 1) & (into <= last)) | ((into < low) & (low < p)) | ((into >= high) & (high > last))
        head, tail = cost[heads[p]], cost[tails[ends]]
        a, b = tails[:-1], heads[1:]
        gain = np.empty((2, len(ends), n + 1))
        gain[0], gain[1] = tail[:, b] + head[a], tail[:, a] + head[b]
        np.subtract(freed[:, None] + ways, gain, out=gain)
        gain[:, barred] = 0.0

        def moved(k: int) -> Ints:
            back, rest = divmod(k, len(ends) * (n + 1))
            q, at = p + rest // (n + 1), rest % (n + 1) + 1
            run = tails[p : q + 1][::-1] if back else heads[p : q + 1]
            if at <= p:
                return np.concatenate((heads[:at], run, heads[at:p], heads[q + 1 :]))
            return np.concatenate((heads[:p], heads[q + 1 : at], run, heads[at:]))

        return self._best(gain.ravel(), moved)

    def _best(self, gain: Floats, made: Callable[[int], Ints]) -> bool:
        """Adopt the change that gains most of the few best, if one is within the rules."""
        for _ in range(_TRIES):
            k = int(np.argmax(gain)) if len(gain) else 0
            if not len(gain) or gain[k] <= _LEAST_S:
                return False
            heads = made(k)
            if self.fits(heads):
                self._adopt(heads)
                return True
            gain[k] = 0.0
        return False
