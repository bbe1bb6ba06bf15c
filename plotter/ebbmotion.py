"""Motion for the EiBotBoard, which plans nothing: a way cut into LM commands of whole steps and 40 us ticks.

The look-ahead is the planner's of `plotter/planner.py` over the whole way at once: junction deviation at corners,
acceleration, standstill at both ends. Each straight piece is then cut where its speed begins or ends to change; every
command ends on the nearest whole step to the way, so nothing adds up, and both motors end on the same tick.

A command lasts at least LEAST_S: the board needs 3-5 ms to take one in (its command reference, "Performance"), and one
only waits in its queue. Points nearer than that are drawn together where that stays within MERGE_MM of them, else
slower. It lasts at most MOST_S: as long an emergency stop waits behind a full queue.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from plotter.ebbwords import TICK_S, Belt, Motors, Move, share
from plotter.machine import Machine
from plotter.pace import feeds
from plotter.planner import Axes, Block, Planner
from plotter.strokes import Stroke

LEAST_S = 0.005
MOST_S = 0.050
MERGE_MM = 0.015
MOST_HZ = 24_000  # steps/s of one motor: one each tick is 25,000
_GRID = 1000.0  # lengths are planned in micrometres


class _Phase(NamedTuple):
    """A part of a straight piece: seconds, mm, speed at its begin and end in mm/s."""

    seconds: float
    mm: float
    begin: float
    end: float


def moves(way: Stroke, machine: Machine, start: Motors, *, draw: bool) -> Iterator[Move]:
    """Commands along `way` (its first point is where the motors stand, at `start`), from rest to rest."""
    belt = Belt.of(machine)
    corners = merged(_apart(way), machine.feed_mm_min / 60 * LEAST_S) if draw else _apart(way)
    blocks = _planned(corners, machine, draw=draw)
    at, clock, told, carried = start, 0.0, 0, 0.0
    begin = 0.0
    for k, block in enumerate(blocks):
        a, b = corners[k], corners[k + 1]
        along = 0.0
        for phase in _phases(block, blocks[k + 1] if k + 1 < len(blocks) else None):
            along += phase.mm
            clock += phase.seconds
            f = min(1.0, along / block.length)
            x, y = a + (b - a) * f
            to = belt.motors((float(x), float(y)))
            steps = to[0] - at[0], to[1] - at[1]
            if steps == (0, 0):
                begin = phase.begin if not carried else begin
                carried += phase.seconds
                continue
            first = begin if carried else phase.begin
            ticks = max(1, round(clock / TICK_S) - told)
            ticks = max(ticks, *(math.ceil(abs(n) / MOST_HZ / TICK_S) for n in steps))
            told += ticks
            yield Move(share(steps[0], ticks, first, phase.end), share(steps[1], ticks, first, phase.end))
            at, carried = to, 0.0


def _apart(way: Stroke) -> Stroke:
    """The way without points that its grid cannot tell from the one before."""
    cells = np.rint(way * _GRID)
    return way[np.concatenate(([True], (np.diff(cells, axis=0) != 0).any(axis=1)))]


def merged(way: Stroke, least_mm: float) -> Stroke:
    """The way with fewer points: pieces shorter than `least_mm` joined where they stay within MERGE_MM of the way."""
    points = [way[0]]
    n, at = len(way), 0
    while at < n - 1:
        to = at + 1
        while to < n - 1 and math.dist(way[at], way[to]) < least_mm and _near(way[at : to + 2]):
            to += 1
        points.append(way[to])
        at = to
    return np.array(points)


def _near(part: Stroke) -> bool:
    """Whether all points of a part are within MERGE_MM of the line between its ends, in the order of the way."""
    chord = part[-1] - part[0]
    length = float(np.hypot(*chord))
    if length < 1e-9:
        return False
    inner = part[1:-1] - part[0]
    along = inner @ chord / length
    off = np.abs(inner[:, 0] * chord[1] - inner[:, 1] * chord[0]) / length
    ordered = bool((np.diff(np.concatenate(([0.0], along, [length]))) >= 0).all())
    return ordered and float(off.max()) <= MERGE_MM


def _planned(corners: Stroke, machine: Machine, *, draw: bool) -> list[Block]:
    """The straight pieces with their speeds."""
    axes = replace(Axes.of(machine), steps_per_mm=(_GRID, _GRID, _GRID), blocks=len(corners) + 1)
    planner = Planner(axes, lambda: None)
    x, y = corners[0]
    planner.clear(axes.steps((float(x), float(y), 0.0)))
    rates = _rates(corners, machine, draw=draw)
    for (x, y), rate in zip(corners[1:].tolist(), rates, strict=True):
        planner.push(axes.steps((x, y, 0.0)), rate)
    return planner.blocks


def _rates(corners: Stroke, machine: Machine, *, draw: bool) -> list[float]:
    """The speed wanted on each piece, mm/s: as drawn or as fast as the motors go, never shorter than LEAST_S."""
    d = np.diff(corners, axis=0)
    length = np.maximum(np.hypot(d[:, 0], d[:, 1]), 1e-9)
    both = np.abs(d).sum(axis=1) / length  # each motor turns by x + y or x - y
    most = MOST_HZ / machine.steps_per_mm[0] / both
    if not draw:
        wanted = np.full(len(d), min(machine.max_rate_mm_min[:2]) / 60)
    elif machine.pace == "hand":
        wanted = feeds(corners, machine.feed_mm_min, min(machine.max_rate_mm_min[:2])) / 60
    else:
        wanted = np.full(len(d), machine.feed_mm_min / 60)
    rates: list[float] = np.minimum(np.minimum(wanted, most), length / LEAST_S).tolist()
    return rates


def _phases(block: Block, following: Block | None) -> Sequence[_Phase]:
    """How the speed goes along a piece: up, even, down; none shorter than LEAST_S unless the piece is, none longer
    than MOST_S."""
    a, length, nominal = block.acceleration, block.length, min(block.rate, block.rapid_rate)
    begin = math.sqrt(block.entry2)
    end = math.sqrt(following.entry2) if following is not None else 0.0
    top = max(begin, end, min(nominal, math.sqrt(a * length + (block.entry2 + end * end) / 2)))
    up, down = (top * top - begin * begin) / (2 * a), (top * top - end * end) / (2 * a)
    even = max(0.0, length - up - down)
    parts = [_Phase((top - begin) / a, up, begin, top), _Phase(even / top, even, top, top)]
    parts = [part for part in (*parts, _Phase((top - end) / a, down, top, end)) if part.seconds > 1e-7]
    while len(parts) > 1:
        short = min(range(len(parts)), key=lambda k: parts[k].seconds)
        if parts[short].seconds >= LEAST_S:
            break
        # With the shorter of its neighbours, which may be only one.
        before, after = (parts[k].seconds if 0 <= k < len(parts) else math.inf for k in (short - 1, short + 1))
        k = short if after <= before else short - 1
        one, two = parts[k], parts[k + 1]
        parts[k : k + 2] = [_Phase(one.seconds + two.seconds, one.mm + two.mm, one.begin, two.end)]
    return [piece for part in parts for piece in _cut(part)]


def _cut(part: _Phase) -> Iterator[_Phase]:
    """The phase in equal times of at most MOST_S; one that was joined of two speeds is short and stays whole."""
    n = math.ceil(part.seconds / MOST_S)
    if n < 2:
        yield part
        return
    seconds, gain = part.seconds / n, (part.end - part.begin) / n
    scale = part.mm / (part.seconds * (part.begin + part.end) / 2)
    for k in range(n):
        begin, end = part.begin + gain * k, part.begin + gain * (k + 1)
        yield _Phase(seconds, scale * seconds * (begin + end) / 2, begin, end)
