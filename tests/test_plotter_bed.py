"""Where papers lie: two corners say it, a bed has edges, and papers have each their own place."""

import math

import numpy as np
import pytest

from plotter import bed
from plotter.machine import Machine, Plotter, Slot

A6 = (148.0, 105.0)
MACHINE = Machine(width_mm=330, height_mm=240)


@pytest.mark.parametrize("slot", [Slot(), Slot(x_mm=200, y_mm=20, rotation_deg=90), Slot(rotation_deg=-0.35, y_mm=40)])
def test_two_corners_say_where_a_paper_lies(slot: Slot) -> None:
    left, right = (tuple(corner) for corner in bed.outline(slot, A6)[:2])
    found = Slot.from_corners(left, right, A6[0])
    assert bed.outline(found, A6) == pytest.approx(bed.outline(slot, A6), abs=0.01)


def test_what_the_corners_differ_from_the_paper_is_shared() -> None:
    found = Slot.from_corners((10, 10), (158.4, 10), 148)
    assert (found.x_mm, found.y_mm, found.rotation_deg) == (10.2, 10, 0)


@pytest.mark.parametrize("right", [(158.6, 10), (157.4, 10), (10, 10), (float("nan"), 10)])
def test_corners_of_another_paper_are_refused(right: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=r"the corners are .* mm apart and the paper is 148 mm wide"):
        Slot.from_corners((10, 10), right, 148)


def test_a_turn_of_a_degree_moves_the_far_corner_by_its_arc() -> None:
    turned = bed.outline(Slot(x_mm=10, y_mm=10, rotation_deg=1), A6)
    assert np.hypot(*(turned[1] - (158, 10))) == pytest.approx(148 * math.radians(1), rel=1e-3)


@pytest.mark.parametrize(
    ("slot", "over"),
    [
        (Slot(x_mm=182, y_mm=135), 0),
        (Slot(x_mm=183, y_mm=10), 1),
        (Slot(x_mm=10, y_mm=140), 5),
        (Slot(x_mm=-2, y_mm=10), 2),
        (Slot(x_mm=100, y_mm=10, rotation_deg=90), 5),
    ],
)
def test_how_far_a_paper_hangs_over_the_edge(slot: Slot, over: float) -> None:
    assert bed.beyond_mm(slot, A6, MACHINE) == pytest.approx(over)


def test_papers_that_touch_do_not_overlap_and_those_that_cross_do() -> None:
    square = np.array([(0.0, 0.0), (10, 0), (10, 10), (0, 10)])
    assert bed.overlap_mm(square, square + np.array((10, 0))) == 0
    assert bed.overlap_mm(square, square + np.array((9, 3))) == pytest.approx(1)
    # Turned by 45 degrees beside a corner: the boxes around them overlap, they themselves do not.
    turned = Slot(x_mm=13, y_mm=8, rotation_deg=45).onto_bed([square])[0]
    assert bed.overlap_mm(square, turned) == 0
    assert turned[:, 0].min() < 10
    # A paper upon the middle of another, no corner of either in the other.
    bar = np.array([(-5.0, 4.0), (15, 4), (15, 6), (-5, 6)])
    assert bed.overlap_mm(square, bar) == pytest.approx(6)


def test_faults_name_slots_and_millimetres() -> None:
    slots = {"a": Slot(), "b": Slot(x_mm=150), "c": Slot(x_mm=300, y_mm=120)}
    said = bed.faults(slots, dict.fromkeys(slots, A6), MACHINE)
    assert said == [
        "in slot c the paper of 148 x 105 mm reaches 118.0 mm beyond the bed of 330 x 240 mm",
        "the papers in slots a and b overlap by 8.0 mm",
    ]
    assert bed.faults(slots, {"a": A6}, MACHINE) == []


def test_a_load_is_a_card_in_each_slot() -> None:
    four = {name: Slot() for name in "abcd"}
    assert Plotter(name="p", port="sim://", machine=MACHINE, slots=four).load == 4
    assert Plotter(name="p", port="sim://", machine=MACHINE, capacity=20).load == 20
    assert list(Plotter(name="p", port="sim://", machine=MACHINE).bed) == ["card"]
    with pytest.raises(ValueError, match="4 slots hold one card each"):
        Plotter(name="p", port="sim://", machine=MACHINE, slots=four, capacity=20)
