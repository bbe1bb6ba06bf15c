"""A hand misses at the turns of a letter: they are found, straight stretches stay straight, misses remember."""

from itertools import pairwise

import numpy as np
import pytest

from fonts.bend import misses, moved, turns
from fonts.chance import Floats, keys, normal
from fonts.hands import hands
from plotter.strokes import Stroke, length, resample

STEP = 0.03
STEM = resample(np.array([[0.3, 2.0], [0.3, 0.0]]), STEP)
HOOK = resample(np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), STEP)
ZIGZAG = resample(np.array([[0.0, 1.0], [0.4, 0.0], [0.8, 1.0], [1.2, 0.0], [1.6, 1.0]]), STEP)
RING = np.array([[np.cos(a), np.sin(a)] for a in np.linspace(0, 2 * np.pi, 200)])


def places(one: Stroke) -> Stroke:
    """Where the steering points of a stroke are."""
    found = turns([one])
    at = [int(np.argmax(found.cell == k)) for k in range(found.count - 1)]
    return np.vstack((one[at], one[-1]))


def noise(n: int, points: int = 8) -> Floats:
    return normal(keys(4, "test", np.arange(n)), 2 * points).reshape(n, 2, points)


def test_a_straight_stroke_is_steered_at_its_ends() -> None:
    np.testing.assert_allclose(places(STEM), [[0.3, 2.0], [0.3, 0.0]])


@pytest.mark.parametrize(
    ("one", "corners"),
    [(HOOK, [[0, 0], [0, 1], [1, 1]]), (ZIGZAG, [[0, 1], [0.4, 0], [0.8, 1], [1.2, 0], [1.6, 1]])],
)
def test_a_corner_is_a_steering_point(one: Stroke, corners: list[list[float]]) -> None:
    found = places(one)
    # A retrace of a corner may hold two steps of 75 degrees, but never in one place.
    assert len(found) == len(corners)
    np.testing.assert_allclose(found, corners, atol=1.5 * STEP)


def test_a_ring_is_steered_all_around() -> None:
    found = places(RING)
    way = np.sort(np.degrees(np.arctan2(found[:-1, 1], found[:-1, 0])) % 360)
    assert 5 <= len(way) <= 7
    assert np.diff(np.append(way, 360.0)).max() < 90


def test_no_two_steering_points_of_a_stroke_are_close() -> None:
    # Of a tight curl: it turns by a thousand degrees in little ink.
    a = np.linspace(0, 6 * np.pi, 300)
    curl = np.column_stack((0.15 * np.cos(a), 0.15 * np.sin(a) + 0.01 * a))
    found = turns([curl])
    way = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(curl, axis=0).T))))
    at = way[[int(np.argmax(found.cell == k)) for k in range(found.count - 1)]]
    assert np.diff(at).min() > 0.2
    assert found.count < length(curl) / 0.2


def test_strokes_have_steering_points_of_their_own() -> None:
    both = turns([STEM, HOOK])
    assert both.count == turns([STEM]).count + turns([HOOK]).count
    assert both.cell[: len(STEM)].max() == 0
    assert both.cell[len(STEM) :].min() == 2, "nothing lies between the end of a stroke and the start of the next"
    assert both.part.min() >= 0
    assert both.part.max() <= 1


@pytest.mark.parametrize("seed", range(5))
def test_straight_stretches_stay_straight(seed: int) -> None:
    found = turns([ZIGZAG])
    miss = normal(keys(seed, "test"), 2 * found.count).reshape(2, -1)
    out = ZIGZAG + 0.1 * moved(miss, found)
    corners = np.append([int(np.argmax(found.cell == k)) for k in range(found.count - 1)], len(out) - 1)
    moves = np.hypot(*(out - ZIGZAG).T)
    assert moves.max() > 0.05, "it did move"
    for a, b in pairwise(corners):
        piece = out[a + 1 : b - 1]  # the step across the corner belongs to neither
        chord = (piece[-1] - piece[0]) / np.hypot(*(piece[-1] - piece[0]))
        off = (piece - piece[0]) @ np.array([-chord[1], chord[0]])
        assert np.abs(off).max() < 0.01


def test_each_steering_point_moves_by_its_own_miss() -> None:
    found = turns([HOOK])
    miss = np.array([[0.1, 0.0, -0.2], [0.0, 0.3, 0.0]])
    way = moved(miss, found)
    corner = int(np.argmax(found.cell == 1))
    np.testing.assert_allclose(way[[0, corner, -1]], miss.T, atol=0.02)
    half = corner // 2
    np.testing.assert_allclose(way[half], (miss[:, 0] + miss[:, 1]) / 2, atol=0.02)


def test_misses_are_centred_over_the_points_that_there_are() -> None:
    counts = np.tile([2, 3, 5, 8], 500)
    found = misses(noise(2000), counts)
    for k, count in enumerate(counts.tolist()):
        np.testing.assert_allclose(found[k, :, :count].mean(axis=1), 0.0, atol=1e-9)


def test_misses_are_remembered_in_part() -> None:
    # Of very long letters, where taking the mean out costs little.
    found = misses(noise(4000, 60), np.full(4000, 60))
    a = found[:, :, 20:40].reshape(-1, 20)
    near = [float(np.corrcoef(a[:, 0], a[:, far])[0, 1]) for far in (1, 2, 5)]
    assert 0.45 < near[0] < 0.6
    assert near[1] == pytest.approx(near[0] ** 2, abs=0.06)
    assert near[2] < 0.1
    assert a.std() == pytest.approx(1, abs=0.05)
    x, y = found[:, 0, 30], found[:, 1, 30]
    assert abs(np.corrcoef(x, y)[0, 1]) < 0.08, "the axes know nothing of each other"


def test_a_letters_misses_do_not_hang_on_the_others() -> None:
    z, counts = noise(9), np.arange(2, 9).repeat(2)[:9]
    np.testing.assert_array_equal(misses(z, counts)[3:5], misses(z[3:5], counts[3:5]))


@pytest.mark.parametrize("dot", [np.array([[0.2, 0.1]]), np.array([[0.2, 0.1], [0.2, 0.1]]), STEM[:2]])
def test_a_dot_is_no_trouble(dot: Stroke) -> None:
    found = turns([dot])
    assert found.count == 2
    way = moved(normal(keys(1, "test"), 4).reshape(2, 2), found)
    assert way.shape == dot.shape
    assert np.isfinite(way).all()


def test_letters_of_the_hands_are_steered_where_they_bend() -> None:
    """A stroke of a letter has two ends, and further points by how far it turns: no more than one in 60 degrees."""
    for hand in hands().values():
        for char in "aenost":
            for form in hand.case.of(char):
                turned = 0.0
                for one in form.glyph.strokes:
                    d = np.diff(one, axis=0)
                    turned += float(np.degrees(np.abs(np.diff(np.unwrap(np.arctan2(d[:, 1], d[:, 0]))))).sum())
                ends = 2 * len(form.glyph.strokes)
                assert ends <= form.turns.count <= ends + turned / 60
                assert len(form.turns.cell) == len(form.turns.part) == len(form.points)
        assert hand.case.of("s")[0].turns.count >= 4
