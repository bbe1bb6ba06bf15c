"""Ink spelled as flat arcs: the same line on the paper, and refused by GRBL when the wire has changed it."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pytest

from plotter import gcode
from plotter.armour import ARCS, LONGEST_MM
from plotter.interpreter import GcodeError, Interpreter, Motion, Spindle
from plotter.machine import Machine, ServoPen, Slot
from plotter.plan import Toolpath, plan
from plotter.program import Program
from plotter.strokes import Stroke, deviation, stroke


def wave(seed: int, points: int = 12) -> Stroke:
    """A line as a pen writes it: pieces of all lengths and ways."""
    chance = np.random.default_rng(seed)
    ways = np.cumsum(chance.normal(0, 0.8, points))
    long = chance.lognormal(-1.2, 0.9, points).clip(0.02, 4)
    return stroke(50 + np.cumsum(np.stack([long * np.cos(ways), long * np.sin(ways)], axis=1), axis=0))


def planned(*strokes: Stroke) -> Toolpath:
    return plan(list(strokes), paper=(148, 105), slot=Slot(), machine=Machine())


def ink(lines: list[str]) -> tuple[list[tuple[float, float]], str]:
    """Where GRBL takes the pen by these lines after those that stand before any program, until it refuses one."""
    firmware = Interpreter()
    points, refused = [], ""
    for text in lines:
        try:
            moves = [action for action in firmware.line(text) if isinstance(action, Motion)]
        except GcodeError as error:
            refused = str(error)
            break
        points += [move.target[:2] for move in moves]
    return points, refused


def begun(program: Program) -> tuple[list[str], list[str]]:
    """What stands before the first ink of a program, and its ink."""
    texts = [line.text for line in program.lines]
    first = next(n for n, line in enumerate(program.lines) if line.kind == "draw")
    return texts[:first], [line.text for line in program.lines if line.kind == "draw"]


@pytest.mark.parametrize("seed", range(20))
def test_the_line_on_the_paper_is_the_same(seed: int) -> None:
    path = planned(wave(seed), wave(seed + 100))
    plain, armoured = gcode.write(path), gcode.write(path, ink=ARCS)
    gcode.prove(armoured, Machine())
    for straight, bent in zip(gcode.strokes(plain), gcode.strokes(armoured), strict=True):
        assert np.array_equal(straight[[0, -1]], bent[[0, -1]])
        # Every corner is kept; what is between lies on the straight piece, but for the rounding.
        at = [int(np.flatnonzero((bent == corner).all(axis=1))[0]) for corner in straight]
        assert at == sorted(at)
        for (a, b), (i, j) in zip(pairwise(straight), pairwise(at), strict=True):
            way = (b - a) / math.dist(a, b)
            for point in bent[i : j + 1]:
                assert abs(way[0] * (point - a)[1] - way[1] * (point - a)[0]) <= 0.0072
        assert np.hypot(*np.diff(bent, axis=0).T).max() <= LONGEST_MM + 0.015


def test_each_arc_is_one_straight_move() -> None:
    """More of them would be more blocks for the planner, and a bow."""
    before, lines = begun(gcode.write(planned(wave(3)), ink=ARCS))
    firmware = Interpreter()
    for text in before:
        firmware.line(text)
    for text in lines:
        assert len(firmware.line(text)) == 1, text


# A circle of 4.5 mm radius takes .3 s and more at a pen's feeds: reports come every tenth.
SEEN_MM = 3.9


def strays(seed: int, bytes_: Sequence[str]) -> Iterator[tuple[str, float, str]]:
    """For every byte of every arc, taken out or changed into each of these: the line, how far ink then lies off the
    true line, mm, and the error at which GRBL stops ("" for none)."""
    before, lines = begun(gcode.write(planned(wave(seed)), ink=ARCS))
    points, refused = ink(before + lines)
    assert not refused
    true = np.array(points)
    for n, text in enumerate(lines):
        for at in range(len(text)):
            for byte in bytes_:
                spoilt = text[:at] + byte + text[at + 1 :]
                drawn, refused = ink([*before, *lines[:n], spoilt, *lines[n + 1 :]])
                # The places before the spoilt line are as they should be.
                yield spoilt, max([_off(point, true) for point in drawn[n:]], default=0.0), refused


@pytest.mark.parametrize("seed", range(12))
def test_a_lost_byte_leaves_no_ink_off_the_line_but_what_reports_see(seed: int) -> None:
    for line, off, _ in strays(seed, [""]):
        assert off <= 0.1 or off >= SEEN_MM, line


@pytest.mark.parametrize("seed", range(6))
def test_a_changed_byte_leaves_no_ink_off_the_line_unseen(seed: int) -> None:
    """An end may come to lie where the circle crosses again: then the next arc is refused, with the pen off its way."""
    for line, off, refused in strays(seed, "01259-.XYG"):
        assert off <= 0.1 or off >= SEEN_MM or "error:33" in refused, line


def _off(at: tuple[float, float], way: Stroke) -> float:
    point, begins, pieces = np.array(at), way[:-1], np.diff(way, axis=0)
    share = ((point - begins) * pieces).sum(axis=1) / (pieces**2).sum(axis=1)
    return float(np.hypot(*(point - begins - share.clip(0, 1)[:, None] * pieces).T).min())


def test_dots_alone_have_no_arcs() -> None:
    path = planned(stroke([(10, 10)]), stroke([(20, 10)]))
    assert gcode.write(path, ink=ARCS).lines == gcode.write(path).lines
    assert [line.kind for line in gcode.write(path, first_stroke=2, ink=ARCS).lines][-1] == "park"


def on_paper(lines: list[str]) -> tuple[list[Stroke], str]:
    """The ink that a servo's pen leaves by these lines until one is refused."""
    firmware, pen = Interpreter(), Machine().pen
    assert isinstance(pen, ServoPen)
    ink: list[list[tuple[float, float]]] = []
    at, down = (0.0, 0.0), False
    for text in lines:
        try:
            actions = firmware.line(text)
        except GcodeError as error:
            return [stroke(one) for one in ink], str(error)
        for action in actions:
            if isinstance(action, Spindle):
                if pen.touches(action.s) and not down:
                    ink.append([at])
                down = pen.touches(action.s)
            elif isinstance(action, Motion):
                at = action.target[:2]
                if down:
                    ink[-1].append(at)
    return [stroke(one) for one in ink], ""


@pytest.mark.parametrize("end", ["", "\b", "7", "S", "0"])
def test_two_lines_run_together_draw_what_they_did_or_are_refused(end: str) -> None:
    """A line end is a byte as any other. What is refused is drawn up to there and not beyond."""
    path = planned(wave(1), stroke([(20, 20)]), wave(2), stroke([(30, 30), (30, 34)]))
    lines = [line.text for line in gcode.write(path, ink=ARCS).lines]
    whole, _ = on_paper(lines)
    for n in range(len(lines) - 1):
        ink, refused = on_paper([*lines[:n], lines[n] + end + lines[n + 1], *lines[n + 2 :]])
        assert ink == [] or deviation([*whole, *ink], whole) < 0.01, lines[n : n + 2]
        assert refused or len(ink) == len(whole), lines[n : n + 2]
