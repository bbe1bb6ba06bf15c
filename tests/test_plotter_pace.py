"""A hand's pace: slow in bends, quick on straights, on the same ink, within what the machine can do."""

from dataclasses import replace

import numpy as np
import pytest

from plotter import gcode
from plotter.machine import Machine, Slot
from plotter.motion import estimate
from plotter.pace import STEP_MM_MIN, feeds
from plotter.plan import plan
from plotter.program import Program
from plotter.serialport import open_port
from plotter.simport import SimPort
from plotter.stream import Verdict, Wish, connect, stream
from plotter.strokes import Stroke, deviation, resample

EVEN = Machine()
HAND = replace(EVEN, pace="hand")


def hook(radius: float, away: float = 0.0) -> Stroke:
    """A straight of 10 mm, half a circle, 10 mm back; moved so far right and up."""
    a = np.linspace(-np.pi / 2, np.pi / 2, 40)
    bend = np.column_stack((10 + radius * np.cos(a), radius * np.sin(a)))
    there = resample(np.array([[0, -radius], [10, -radius]]), 0.2)[:-1]
    moved: Stroke = np.concatenate((there, bend, [[0, radius]])) + away
    return moved


def test_bends_are_slower_than_straights_by_the_power_law() -> None:
    slow, gentle = (feeds(hook(r), 3000, 10000)[60:80].mean() for r in (0.5, 1.0))
    straight = feeds(hook(0.5), 3000, 10000)[10:30].mean()
    assert slow < gentle < straight
    assert gentle / slow == pytest.approx(2**0.29, rel=0.06)


def test_feeds_are_whole_steps_the_machine_can_do() -> None:
    told = feeds(hook(0.5), 3000, 3200)
    assert told.max() <= 3200
    assert (told % STEP_MM_MIN == 0).all()
    assert told.min() >= STEP_MM_MIN
    assert len(feeds(np.array([[1.0, 1.0]]), 3000, 9000)) == 0


def test_the_ink_is_the_same_at_either_pace_and_the_program_is_proved() -> None:
    strokes = [hook(0.8, 20), hook(0.4, 40), np.array([[60.0, 60.0]])]
    inks, seconds = [], []
    for machine in (EVEN, HAND):
        program = gcode.write(plan(strokes, paper=(140, 100), slot=Slot(), machine=machine))
        gcode.prove(program, machine)
        inks.append(gcode.strokes(program))
        seconds.append(estimate([line.text for line in program.lines], machine).seconds)
    assert deviation(inks[1], inks[0]) < 1e-9
    texts = [line.text for line in program.lines if line.kind == "draw"]
    assert sum("F" in text for text in texts) >= 8
    assert all("F" in texts_of[0] for texts_of in _by_stroke(program)), "a stroke does not hang on the feed before it"
    assert seconds[0] != pytest.approx(seconds[1], rel=1e-3)


def _by_stroke(program: Program) -> list[list[str]]:
    drawn: dict[int, list[str]] = {}
    for line in program.lines:
        if line.kind == "draw":
            drawn.setdefault(line.stroke, []).append(line.text)
    return list(drawn.values())


def test_a_simulated_machine_draws_it_true() -> None:
    path = plan([hook(0.8, 20), hook(2.0, 40)], paper=(140, 100), slot=Slot(), machine=HAND)
    port = open_port("sim://?speed=max", baud=HAND.baud, machine=HAND)
    assert isinstance(port, SimPort)
    outcome = stream(port, connect(port, HAND), gcode.write(path), watch=lambda _: Wish.GO_ON)
    assert outcome.verdict is Verdict.FINISHED
    assert deviation(list(path.strokes), port.simulator.ink) < 0.05
