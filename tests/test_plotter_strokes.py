"""Geometry: simplifying keeps the shape, deviation measures ink and not points."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from plotter.strokes import Stroke, bounds, deviation, length, resample, simplify, simplify_all, stroke

numbers = st.floats(-6, 6).map(lambda v: round(v, 3))
strokes_ = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=12).map(stroke)


@given(st.lists(strokes_, min_size=1, max_size=5), st.floats(0.001, 5))
def test_simplify_keeps_ends_order_and_shape(drawing: list[Stroke], tolerance: float) -> None:
    thin = simplify_all(drawing, tolerance)
    assert len(thin) == len(drawing)
    for was, now in zip(drawing, thin, strict=True):
        assert len(now) <= len(was)
        assert (now[0] == was[0]).all()
        assert (now[-1] == was[-1]).all()
        assert deviation([was], [now]) <= tolerance + 1e-9
        assert (simplify(was, tolerance) == now).all()


def test_simplify_takes_a_straight_line_down_to_its_ends() -> None:
    line = np.column_stack((np.linspace(0, 10, 100), np.linspace(0, 5, 100)))
    assert simplify(line, 0.001).tolist() == [[0, 0], [10, 5]]


def test_simplify_keeps_what_goes_out_and_comes_back() -> None:
    there_and_back = stroke([(0, 0), (5, 0), (0, 0)])
    assert len(simplify(there_and_back, 0.02)) == 3


def test_deviation_is_about_ink_not_points() -> None:
    line = stroke([(0, 0), (10, 0)])
    assert deviation([line], [resample(line, 0.3)]) < 1e-12
    assert deviation([line], [line[::-1]]) < 1e-12
    assert math.isclose(deviation([line], [line + np.array([0, 0.5])]), 0.5)
    assert math.isclose(deviation([line], [line, stroke([(5, 3)])]), 3, abs_tol=0.001)
    assert math.isclose(deviation([stroke([(0, 0), (0, 1)])], [stroke([(0, 0), (0, 3)])]), 2)


def test_deviation_of_nothing() -> None:
    assert deviation([], []) == 0
    assert deviation([], [stroke([(1, 1)])]) == math.inf
    assert deviation([stroke([(1, 1)])], []) == math.inf


@given(strokes_, strokes_)
def test_deviation_is_symmetric_and_sees_the_corners(a: Stroke, b: Stroke) -> None:
    assert deviation([a], [b]) == deviation([b], [a])
    box_a, box_b = bounds([a]), bounds([b])
    assert deviation([a], [b]) >= max(abs(p - q) for p, q in zip(box_a, box_b, strict=True)) - 1e-9


def test_length_and_bounds() -> None:
    assert length(stroke([(0, 0), (3, 4), (3, 5)])) == 6
    assert length(stroke([(1, 1)])) == 0
    assert bounds([stroke([(0, 2), (1, -1)]), stroke([(5, 0)])]) == (0, -1, 5, 2)
