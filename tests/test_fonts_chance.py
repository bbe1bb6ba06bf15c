"""Chance is the same on every machine, spread as it says, and no place knows of its neighbours."""

from collections.abc import Callable

import numpy as np
import pytest

from fonts.chance import Floats, Keys, keys, mixed, normal, uniform

MANY = np.arange(100_000)


def test_the_mixer_is_splitmix64() -> None:
    """The first three numbers of the reference implementation seeded with 0 (Vigna, splitmix64.c)."""
    steps = np.array([1, 2, 3], dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    assert [hex(one) for one in mixed(steps).tolist()] == [
        "0xe220a8397b1dcdaf",
        "0x6e789e6aa1b965f4",
        "0x6c45d188009454f",
    ]


def test_the_same_keys_on_every_machine() -> None:
    assert keys(7, "letter", [0, 1, 2], [5]).tolist() == [
        9050996111597011344,
        8921668197578119879,
        9384497604890531229,
    ]
    assert keys(2**70 + 3, "word").tolist() == [11250917308473642996]


def test_the_same_numbers_on_every_machine() -> None:
    # To the bit: a last digit that a maths library rounds otherwise would be another card.
    key = keys(7, "letter", [0, 1, 2], [5])
    assert uniform(key, 2).tolist() == [
        [0.3108965514334793, 0.375844384988143],
        [0.17763886033162368, 0.1994980035302233],
        [0.91214993570548, 0.07338876940242267],
    ]
    assert normal(key, 2).tolist() == [
        [1.6088388192741063, 0.007981557371304335],
        [-0.33752473241366776, 0.43528559571318676],
        [1.4385303566890562, -0.34521557080787163],
    ]


def test_seed_kind_and_each_place_make_another_key() -> None:
    made = [
        keys(7, "letter", [3], [4]),
        keys(8, "letter", [3], [4]),
        keys(7 + 2**64, "letter", [3], [4]),
        keys(7, "word", [3], [4]),
        keys(7, "letter", [4], [3]),
        keys(7, "letter", [4], [4]),
        keys(7, "letter", [3], [5]),
        keys(7, "letter", [3]),
        keys(7, "letter", [3], [4], [0]),
    ]
    assert len({int(one[0]) for one in made}) == len(made)


def test_no_two_of_many_places_share_a_key() -> None:
    assert len(np.unique(keys(1, "letter", MANY))) == len(MANY)
    grid = keys(1, "letter", np.repeat(np.arange(300), 300), np.tile(np.arange(300), 300))
    assert len(np.unique(grid)) == 300 * 300


def test_more_numbers_of_a_key_leave_the_first_ones_alone() -> None:
    key = keys(3, "stroke", [1, 2])
    np.testing.assert_array_equal(normal(key, 12)[:, :5], normal(key, 5))
    np.testing.assert_array_equal(uniform(key, 12)[:, :5], uniform(key, 5))


def test_uniform_fills_its_range_evenly() -> None:
    u = uniform(keys(5, "form", MANY), 4).ravel()
    assert 0 <= u.min() < 1e-4
    assert 1 - 1e-4 < u.max() < 1
    tenths = np.histogram(u, bins=10, range=(0, 1))[0] / len(u)
    assert np.abs(tenths - 0.1).max() < 0.002  # four sd of a count of 400,000


def test_normal_has_mean_0_and_sd_1_and_no_far_tails() -> None:
    z = normal(keys(5, "form", MANY), 4).ravel()
    assert z.mean() == pytest.approx(0, abs=0.007)  # four sd of the mean
    assert z.std() == pytest.approx(1, abs=0.005)
    assert np.mean(z**3) == pytest.approx(0, abs=0.02)
    assert np.mean(z**4) == pytest.approx(2.7, abs=0.03)  # of four uniforms; of Gauss 3
    assert np.abs(z).max() < 3.5
    # As many within one and two sd as of a normal number, or nearly.
    assert np.mean(np.abs(z) < 1) == pytest.approx(0.683, abs=0.02)
    assert np.mean(np.abs(z) < 2) == pytest.approx(0.954, abs=0.01)


@pytest.mark.parametrize("draw", [normal, uniform])
def test_places_and_numbers_know_nothing_of_each_other(draw: Callable[[Keys, int], Floats]) -> None:
    z = draw(keys(9, "letter", MANY), 6)
    limit = 4.5 / np.sqrt(len(MANY))
    # The numbers of one place.
    assert np.abs(np.corrcoef(z.T) - np.eye(6)).max() < limit
    # Neighbouring places, and places a word, a line or a power of two apart.
    for far in (1, 2, 3, 5, 8, 10, 16, 64, 256, 1024):
        assert abs(np.corrcoef(z[far:, 0], z[:-far, 0])[0, 1]) < limit, far
    # The same place under neighbouring seeds, under another kind, and with the places the other way round.
    for other in (
        keys(10, "letter", MANY),
        keys(8, "letter", MANY),
        keys(9, "word", MANY),
        keys(9, "letter", MANY, np.zeros_like(MANY)),
        keys(9, "letter", np.zeros_like(MANY), MANY),
    ):
        assert abs(np.corrcoef(z[:, 0], draw(other, 1)[:, 0])[0, 1]) < limit
