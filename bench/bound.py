"""Bound: less than this no order and no sender can need for a card on this machine."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from plotter.driver import driver
from plotter.machine import Machine
from plotter.motion import estimate
from plotter.order import Floats, between_s, lift_s, travel_s
from plotter.plan import Toolpath
from plotter.planner import Axes, Planner
from plotter.strokes import Stroke, simplify

_ROUNDS = 80


def bound(strokes: Sequence[Stroke], path: Toolpath, machine: Machine) -> float:
    """Seconds: each stroke at the kinematic limit, and the shortest round of lifts and ways between `path`'s strokes.

    `strokes` (machine frame) are the ink as it was given. Lifts: those of `path`, for what is merged is no lift.
    """
    ink = sum(min(kinematic_s(one, machine), kinematic_s(simplify(one, 0.02), machine)) for one in strokes)
    lifts = len(path.strokes) * lift_more_s(machine)
    return ink + lifts + round_s(path.strokes, machine, path.park)


def kinematic_s(one: Stroke, machine: Machine) -> float:
    """Seconds for a stroke from rest to rest with feed, acceleration and corners as the machine allows, but all of it
    known beforehand: no end of the look-ahead, no wire, no parsing, no segments of 10 ms."""
    planner = Planner(_endless(machine), lambda: None)
    axes = planner.axes
    planner.clear(axes.steps((one[0, 0], one[0, 1], 0.0)))
    for x, y in one[1:].tolist():
        planner.push(axes.steps((x, y, 0.0)), machine.feed_mm_min / 60)
    blocks = planner.blocks
    seconds = 0.0
    for k, block in enumerate(blocks):
        out = blocks[k + 1].entry2 if k + 1 < len(blocks) else 0.0
        top = planner.nominal(block) ** 2
        a = block.acceleration
        peak = min(top, (block.entry2 + out) / 2 + a * block.length)
        u, v, w = block.entry2**0.5, peak**0.5, out**0.5
        ramps = (2 * peak - block.entry2 - out) / (2 * a)
        seconds += (v - u + v - w) / a + max(0.0, block.length - ramps) / v
    return seconds


def _endless(machine: Machine) -> Axes:
    axes = Axes.of(machine)
    return Axes(axes.steps_per_mm, axes.max_rate, axes.acceleration, axes.junction_deviation_mm, 1_000_000)


def round_s(strokes: Sequence[Stroke], machine: Machine, park: tuple[float, float]) -> float:
    """Seconds that lifts and ways take at the very least, whatever the order and the direction of the strokes.

    A round is a tree with one more edge: the least tree over all ends, in which strokes cost nothing and must be, with
    the price of ends raised where too many ways meet (Held and Karp 1971), is a lower bound of it. The park is a
    stroke that is left at the beginning and reached at the end, with no lift of its own.
    """
    ends = np.array([one[at] for one in strokes for at in (0, -1)] + [park, park])
    n = len(ends)
    cost = between_s(ends, machine)
    price = np.zeros(n)
    best, step = 0.0, 0.02
    for _ in range(_ROUNDS):
        priced: Floats = cost + price[:, None] + price[None]
        tree = _least_tree(priced)
        met = np.bincount(tree.ravel(), minlength=n)
        # The round closes with one way more: the cheapest that the tree has not.
        value = float(priced[tree[:, 0], tree[:, 1]].sum())
        priced[tree[:, 0], tree[:, 1]] = priced[tree[:, 1], tree[:, 0]] = np.inf
        k = np.arange(n)
        priced[k, k] = priced[k, k ^ 1] = np.inf
        closing = np.unravel_index(int(priced.argmin()), priced.shape)
        met[list(closing)] += 1
        best = max(best, value + float(priced[closing]) - float(price.sum()))
        price += step * (met - 1)
        step *= 0.96
    return best - lift_s(machine, hop=False)


def _least_tree(cost: Floats) -> NDArray[np.intp]:
    """The ways (pairs of ends) of the least tree that holds every stroke, the pairs 2 k and 2 k + 1 (Prim 1957)."""
    n = len(cost)
    near, to = cost[0].copy(), np.zeros(n, dtype=np.intp)
    inside = np.zeros(n, dtype=bool)
    ways: list[tuple[int, int]] = []

    def take(end: int) -> None:
        inside[end] = True
        near[end] = np.inf
        closer = (cost[end] < near) & ~inside
        near[closer] = cost[end][closer]
        to[closer] = end

    take(0)
    take(1)
    while len(ways) < n // 2 - 1:
        end = int(near.argmin())
        ways.append((int(to[end]), end))
        take(end)
        take(end ^ 1)
    return np.array(ways, dtype=np.intp).reshape(-1, 2)


def lift_more_s(machine: Machine) -> float:
    """What a lift takes in the time model beyond `lift_s`: lines to parse; or less, corners taken from lift to way."""
    here, there, park = np.array([[10.0, 10.0], [20.0, 10.0]]), np.array([[90.0, 10.0], [100.0, 10.0]]), (10.0, 10.0)

    def seconds(*strokes: Stroke) -> float:
        program = driver(machine).write(Toolpath(strokes, machine, park))
        return estimate(program.texts, machine).seconds

    # The second stroke, its lift, and the ways: 70 mm to it, and back 90 instead of 10.
    more = seconds(here, there) - seconds(here) - kinematic_s(there, machine)
    to, back, near = (float(travel_s(np.array([mm, 0.0]), machine)) for mm in (70.0, 90.0, 10.0))
    return more - to - back + near - lift_s(machine, hop=False)
