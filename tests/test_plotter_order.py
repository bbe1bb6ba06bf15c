"""Order: the same ink in less time, late strokes late, wet ink left alone, the same order every time."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plotter.driver import driver
from plotter.gcode import prove, write
from plotter.gcode import strokes as strokes_of
from plotter.machine import Machine, Slot
from plotter.motion import estimate
from plotter.order import DRY_S, EDGE_MM, late_after, lift_s, merge_mm, ordered, rules, travel_s
from plotter.pen import ServoPen, ZPen
from plotter.plan import Toolpath, plan
from plotter.strokes import Stroke, deviation, length, resample, stroke

SERVO, Z = Machine(), Machine(pen=ZPen())
places = st.tuples(st.floats(0, 60), st.floats(0, 40))
drawings = st.lists(st.lists(places, min_size=1, max_size=4).map(stroke), min_size=1, max_size=14)


def seconds(strokes: tuple[Stroke, ...], machine: Machine) -> float:
    program = write(Toolpath(strokes, machine))
    prove(program, machine)
    return estimate((line.text for line in program.lines), machine).seconds


def rows(lines: int, words: int, letters: int) -> tuple[list[Stroke], list[int]]:
    """Something like a page: words of upright strokes, each with a dot at its end over its first letter."""
    strokes, numbers = [], []
    for line in range(lines):
        for word in range(words):
            x, y = 10.0 * word, 60.0 - 8.0 * line
            strokes += [stroke([(x + 1.6 * k, y), (x + 1.6 * k + 0.4, y + 2)]) for k in range(letters)]
            strokes.append(stroke([(x + 0.4, y + 2.8)]))
            numbers += [line * words + word] * (letters + 1)
    return strokes, numbers


@given(drawings)
def test_it_is_the_same_ink_and_each_stroke_once(drawing: list[Stroke]) -> None:
    found = ordered(drawing, SERVO)
    assert sorted(k for group in found.written for k in group) == list(range(len(drawing)))
    for one, group in zip(found.strokes, found.written, strict=True):
        points = sum(len(drawing[k]) for k in group)
        assert len(one) == points
        if len(group) == 1:
            was = drawing[group[0]]
            assert np.array_equal(one, was) or np.array_equal(one, was[::-1])
    assert deviation(drawing, list(found.strokes)) <= merge_mm(SERVO.pen_width_mm) / 2 + 1e-9


@pytest.mark.parametrize("machine", [SERVO, Z, Machine(pen=ServoPen(hop_s=400))], ids=["servo", "z", "hop"])
def test_a_page_takes_less_time_and_the_same_order_every_time(machine: Machine) -> None:
    drawing, words = rows(4, 5, 5)
    late = late_after(drawing, words)
    found, again = ordered(drawing, machine, late=late), ordered(drawing, machine, late=late)
    assert found.written == again.written
    # The ways back to the left at four lines' ends, and to the dots, are most of what can be saved.
    assert seconds(found.strokes, machine) < 0.97 * seconds(tuple(drawing), machine)


def test_late_strokes_come_after_their_word() -> None:
    drawing, words = rows(3, 4, 5)
    late = late_after(drawing, words)
    assert {int(k) for _, k in late} == set(range(5, len(drawing), 6))
    turn = {k: n for n, group in enumerate(ordered(drawing, SERVO, late=late).written) for k in group}
    assert all(turn[a] < turn[b] for a, b in late.tolist())
    free = {k: n for n, group in enumerate(ordered(drawing, SERVO).written) for k in group}
    assert any(free[a] > free[b] for a, b in late.tolist()), "without the rule some dot would come earlier"


def test_what_lies_to_the_right_of_its_word_is_not_late() -> None:
    letters = [stroke([(k, 0), (k + 0.5, 2)]) for k in range(4)]
    assert len(late_after(letters, [0] * 4)) == 0
    assert len(late_after([*letters, stroke([(1, 3)])], [0] * 4 + [1])) == 0, "another word's ink does not count"


def crossed() -> list[Stroke]:
    """A long line, a page of others, and a bar across the first line's end."""
    between = [stroke([(20 + 2 * k, 30), (20 + 2 * k, 36)]) for k in range(12)]
    return [stroke([(10, 10), (16, 10)]), *between, stroke([(16, 8), (16, 12)])]


def test_no_stroke_crosses_ink_sooner_after_it_than_it_dries() -> None:
    drawing = crossed()
    kept = rules(drawing, np.empty((0, 2), dtype=np.intp), SERVO)
    assert (kept.one.tolist(), kept.other.tolist()) == ([0], [13])
    order = [k for group in ordered(drawing, SERVO).written for k in group]
    a, b = sorted((order.index(0), order.index(13)))
    shortest = sum(kept.seconds[k] for k in order[a + 1 : b])
    ways = [
        travel_s(drawing[k][0] - drawing[j][-1], SERVO) for j, k in zip(order[a:b], order[a + 1 : b + 1], strict=True)
    ]
    assert shortest + float(sum(ways)) >= DRY_S - 0.5
    assert b - a > 1, "they are neighbours, and would be drawn one after the other"


def test_strokes_that_their_writer_crosses_at_once_are_free() -> None:
    cross = [stroke([(10, 10), (12, 12)]), stroke([(10, 12), (12, 10)])]
    assert len(rules(cross, np.empty((0, 2), dtype=np.intp), SERVO).one) == 0


def test_a_gap_that_the_ink_closes_is_drawn_through_and_a_wider_one_is_not() -> None:
    limit = merge_mm(SERVO.pen_width_mm)
    assert 0.1 < limit < SERVO.pen_width_mm
    notch = SERVO.pen_width_mm / 2 - np.sqrt(SERVO.pen_width_mm**2 - limit**2) / 2
    assert notch == pytest.approx(EDGE_MM)
    for gap, lifts in ((0.95 * limit, 1), (1.05 * limit, 2)):
        found = ordered([stroke([(10, 10), (20, 10)]), stroke([(20 + gap, 10), (30, 10)])], SERVO)
        assert len(found.strokes) == lifts
    assert len(ordered([stroke([(10, 10), (20, 10)]), stroke([(20.1, 10)])], SERVO).strokes) == 2, "dots stay dots"


def test_travel_times_by_hand() -> None:
    machine = Machine(max_rate_mm_min=(6000, 3000, 3000), acceleration_mm_s2=(1000, 500, 500))
    # x: 100 mm/s at 1000: ramps of .1 s and 5 mm. y: half of both. (0.4, 0): twice sqrt(.4 / 1000).
    assert travel_s(np.array([50.0, 0.0]), machine) == pytest.approx(0.1 + 50 / 100)
    assert travel_s(np.array([0.0, 50.0]), machine) == pytest.approx(0.1 + 50 / 50)
    assert travel_s(np.array([0.4, 0.0]), machine) == pytest.approx(2 * np.sqrt(0.4 / 1000))
    assert travel_s(np.array([0.0, 0.0]), machine) == 0.0


@pytest.mark.parametrize(
    ("full", "hop"),
    [(SERVO, Machine(pen=ServoPen(hop_s=400))), (Z, Machine(pen=ZPen(hop_mm=0.6)))],
    ids=["servo", "z"],
)
def test_a_hop_saves_what_the_time_model_says(full: Machine, hop: Machine) -> None:
    near = tuple(stroke([(0.4 * k, 0), (0.4 * k, 1)]) for k in range(41))
    saved = (seconds(near, full) - seconds(near, hop)) / 40
    assert saved > 0.03
    assert saved == pytest.approx(lift_s(full, hop=False) - lift_s(hop, hop=True), abs=0.01)


def test_a_plan_knows_which_stroke_is_which() -> None:
    drawing, words = rows(3, 4, 5)
    machine = replace(SERVO, order="fastest")
    path = plan(drawing, paper=(148, 105), slot=Slot(rotation_deg=90, x_mm=150), machine=machine, words=words)
    back = Slot(rotation_deg=90, x_mm=150).onto_card(list(path.strokes))
    for one, group in zip(back, path.written, strict=True):
        assert len(group) > 1 or deviation([one], [drawing[group[0]]]) < 0.021
    assert sorted(path.turns) == list(range(len(drawing)))
    assert path.turns[path.written[0][0]] == 0
    assert path.on_paper(len(path.strokes)) == len(drawing)
    turn = path.turns
    assert all(turn[a] < turn[b] for a, b in late_after(drawing, words).tolist()), "late in the card's frame"
    written = plan(drawing, paper=(148, 105), slot=Slot(), machine=replace(SERVO, order="writing"))
    assert written.turns == tuple(range(len(drawing)))
    assert written.on_paper(7) == 7


@pytest.mark.parametrize("share", [0.0, 0.3, 0.77])
def test_a_card_broken_off_and_gone_on_with_is_the_whole_ink(share: float) -> None:
    """The same plan made again has the same strokes: what was drawn of one and what is left of it are all of it."""
    drawing, words = rows(2, 3, 4)
    drawing[3] = stroke([(5 + 2 * np.cos(t), 50 + 3 * np.sin(t)) for t in np.linspace(0, 5, 40)])
    machine = replace(SERVO, order="fastest")

    def path() -> Toolpath:
        return plan(drawing, paper=(148, 105), slot=Slot(), machine=machine, words=words)

    tongue, k = driver(machine), next(n for n, group in enumerate(path().written) if 3 in group)
    mm = share * length(path().strokes[k])
    left = tongue.write(path(), first_stroke=k, from_mm=mm)
    tongue.prove(left)
    whole = path().strokes
    drawn = [*whole[:k], resample(whole[k], 0.01)[: round(mm / 0.01) + 1]]
    assert deviation([*drawn, *strokes_of(left)], list(whole)) <= 0.02
    assert strokes_of(left)[0][-1] == pytest.approx(whole[k][-1], abs=0.006)
