"""Lines through few points are smooth, and long rows of strokes are worked on as well as one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fonts.spline import STEP, soften, thin, through
from plotter.strokes import Stroke, deviation, length, resample


def wave(n: int, size: float = 1.0) -> Stroke:
    t = np.linspace(0, 6, n)
    return size * np.column_stack((t, np.sin(2 * t)))


def test_through_goes_through_its_points_and_keeps_corners() -> None:
    points = [(0.0, 0.0), (1.0, 2.0), (2.0, 0.0), (3.0, 0.2), (4.0, 1.0)]
    line = through(points)
    for point in points:
        assert np.hypot(*(line - point).T).min() < 0.03
    assert line[:, 1].max() <= 2.0 + 1e-9, "a corner is not rounded off outwards"
    assert np.hypot(*np.diff(line, axis=0).T).max() < 1.5 * STEP


def test_rows_are_worked_on_as_single_strokes_are() -> None:
    rows = [wave(50), np.array([[3.0, 3.0]]), wave(9, 0.3), wave(200, 2.0)]
    counts = np.array([len(one) for one in rows])
    softer = soften(np.concatenate(rows), counts, 1.5)
    for one, soft in zip(rows, np.split(softer, np.cumsum(counts)[:-1]), strict=True):
        np.testing.assert_allclose(soft, soften(one, np.array([len(one)]), 1.5), atol=1e-12)
        np.testing.assert_allclose(soft[[0, -1]], one[[0, -1]], atol=1e-9)


def test_softening_rounds_a_cusp_and_keeps_a_straight_line() -> None:
    line = resample(np.array([[0.0, 0.0], [2.0, 1.0]]), 0.04)
    np.testing.assert_allclose(soften(line, np.array([len(line)]), 1.5), line, atol=1e-9)
    cusp = np.concatenate(
        (resample(np.array([[0.0, 0.0], [0.0, 1.0]]), 0.04), resample(np.array([[0.0, 1.0], [0.1, 0.0]]), 0.04)[1:])
    )
    top = soften(cusp, np.array([len(cusp)]), 1.5)[:, 1].max()
    assert 0.85 < top < 0.99


@given(st.integers(3, 400), st.floats(0.5, 20), st.floats(0.01, 0.1))
def test_thinning_stays_within_its_tolerance(n: int, size: float, tolerance: float) -> None:
    line = resample(wave(6000, size), 0.09)
    other = wave(n, 0.1)
    thinned = thin(np.concatenate((line, other)), np.array([len(line), len(other)]), tolerance)
    assert deviation([thinned[0]], [line]) <= 1.4 * tolerance
    assert len(thinned[0]) <= len(line)
    for one, kept in zip((line, other), thinned, strict=True):
        np.testing.assert_array_equal(kept[[0, -1]], one[[0, -1]])


def test_thinning_leaves_out_most_of_a_gentle_curve() -> None:
    line = resample(wave(400, 10.0), 0.05)
    (kept,) = thin(line, np.array([len(line)]), 0.02)
    assert len(kept) < len(line) / 5
    assert length(kept) == pytest.approx(length(line), rel=1e-3)
