"""Plan: inside paper and bed or nothing, order kept, shape kept."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plotter.machine import Machine, Slot
from plotter.plan import OutsideEnvelope, OutsidePaper, PlanError, plan
from plotter.strokes import Stroke, deviation, stroke

CARD = (148.0, 105.0)
MACHINE = Machine(order="writing")
points = st.tuples(st.floats(100, 106), st.floats(40, 46))
drawings = st.lists(st.lists(points, min_size=1, max_size=12).map(stroke), min_size=1, max_size=6)


@given(drawings, st.floats(-20, 20))
def test_ink_order_and_shape_are_kept(drawing: list[Stroke], turn: float) -> None:
    slot = Slot(x_mm=80, y_mm=60, rotation_deg=turn)
    path = plan(drawing, paper=CARD, slot=slot, machine=replace(MACHINE, width_mm=400, height_mm=400))
    assert len(path.strokes) == len(drawing)
    back = slot.onto_card(list(path.strokes))
    for was, now in zip(drawing, back, strict=True):
        assert deviation([was], [now]) <= 0.02 + 1e-6
        assert np.allclose(was[[0, -1]], now[[0, -1]])


@pytest.mark.parametrize(("x", "y"), [(-0.01, 5), (148.01, 5), (5, -0.01), (5, 105.01)])
def test_ink_off_the_paper_is_refused_by_stroke_and_place(x: float, y: float) -> None:
    with pytest.raises(OutsidePaper, match=rf"stroke 1 leaves the paper at \({x:.2f}, {y:.2f}\)") as caught:
        plan([stroke([(1, 1)]), stroke([(2, 2), (x, y)])], paper=CARD, slot=Slot(), machine=Machine())
    assert caught.value.stroke == 1


@pytest.mark.parametrize("slot", [Slot(x_mm=200), Slot(y_mm=150), Slot(x_mm=-1), Slot(rotation_deg=90, x_mm=50)])
def test_a_card_out_of_reach_is_refused(slot: Slot) -> None:
    with pytest.raises(OutsideEnvelope, match="out of the machine's reach"):
        plan([stroke([(0, 0), (140, 100)])], paper=CARD, slot=slot, machine=Machine())


@pytest.mark.parametrize("bad", [[], [np.array([[1.0, np.nan]])], [np.zeros((0, 2))], [np.zeros((2, 3))]])
def test_no_ink_or_no_numbers_are_refused(bad: list[Stroke]) -> None:
    with pytest.raises(PlanError):
        plan(bad, paper=CARD, slot=Slot(), machine=Machine())
