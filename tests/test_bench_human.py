"""The measures of handwriting on ink whose measure is known, and the readers of our own cards."""

import math

import numpy as np
import pytest

from bench import instances, measures, ocr
from bench.human import HUMAN, mark
from bench.ink import Word, by_word, letters, lifted, lines, texts
from fonts.card import Frame
from fonts.hand import write
from fonts.hands import hands
from plotter.strokes import Stroke, stroke


def circle(radius: float, start: float = 0.0, turn: float = 360.0, x: float = 0.0, y: float = 0.0) -> Stroke:
    at = np.radians(start + np.linspace(0, turn, 200))
    return np.column_stack((x + radius * np.cos(at), y + radius * np.sin(at)))


def moved(one: Stroke, x: float, y: float = 0.0) -> Stroke:
    return np.asarray(one + np.array([x, y]))


def stem(x: float, low: float = 0.0, high: float = 1.0, lean: float = 0.0) -> Stroke:
    """Downwards."""
    shift = math.tan(math.radians(lean))
    return stroke([(x + high * shift, high), (x + low * shift, low)])


def arches(n: int, heights: list[float] | None = None) -> Stroke:
    """An m of many legs, one x-height apart, standing at `heights`."""
    feet = heights or [0.0] * n
    points = [(0.0, 1.0)]
    for k, foot in enumerate(feet):
        points += [(k + 0.25, foot), (k + 0.75, 1.0)]
    return stroke(points)


def test_a_circle_of_an_x_height_is_all_uniform_arc_and_a_stem_or_a_small_one_is_none() -> None:
    assert measures.uniform_arcs([circle(0.5, turn=720)]) > 0.9  # but for the ends of the stroke
    assert measures.uniform_arcs([stem(0), circle(0.2)]) == 0.0
    assert math.isnan(measures.uniform_arcs([]))


def test_a_retraced_stroke_has_a_cusp_and_a_circle_has_none() -> None:
    retraced = stroke([(0, 0), (0, 2), (0.02, 0)])
    assert 0.03 < measures.cusps([retraced]) < 0.11
    assert measures.cusps([circle(0.5)]) == 0.0


@pytest.mark.parametrize("lean", [-12.0, 0.0, 8.0, 20.0])
def test_slant_is_what_stems_lean(lean: float) -> None:
    ink = [stem(0, lean=lean), stem(1, high=2, lean=lean), stroke([(0, 0.5), (4, 0.5)])]
    assert measures.slant(ink) == pytest.approx(lean, abs=0.2)


def test_vertical_counts_what_stands_within_two_and_a_half_degrees() -> None:
    assert measures.vertical([stem(0, lean=2), stem(1, lean=3)]) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("open_by", [0.1, 0.25, 0.4])
def test_the_gap_of_a_bowl(open_by: float) -> None:
    turn = 360 - math.degrees(2 * math.asin(open_by / 2 / 0.5))
    (gap,) = measures.loop_gaps([circle(0.5, turn=turn)])
    assert gap == pytest.approx(open_by, abs=0.02)
    assert measures.loop_gaps([stem(0), arches(3)]) == []


def test_a_closed_bowl_has_no_gap() -> None:
    (gap,) = measures.loop_gaps([circle(0.5, turn=400)])
    assert gap < 0.06


def test_how_far_a_stroke_starts_from_older_ink() -> None:
    assert measures.start_distances([stem(0), stem(0.7), stroke([(0.7, 0.5), (1, 0.5)])]) == pytest.approx([0.7, 0])


def test_a_dot_after_the_word_is_delayed_and_a_letter_is_not() -> None:
    dot = stroke([(0.1, 1.5), (0.15, 1.5)])
    assert measures.delayed([stem(0), stem(1), stem(2), dot]) == 1
    assert measures.delayed([stem(0), dot, stem(1), stem(2)]) == 0


def test_gaps_between_lifted_letters_pass_over_dots_and_crossed_bars() -> None:
    bar = stroke([(-0.3, 0.9), (0.5, 0.9)])
    dot = stroke([(0.8, 1.5), (0.85, 1.5)])
    assert measures.lifted_gaps([stem(0), bar, dot, stem(1), stem(1.25)]) == pytest.approx([0.5, 0.25])


def test_feet_tops_ascenders_and_descenders() -> None:
    ink = [stem(0, 0.1), stem(1, -1.0, 1.05), stem(2, 0.0, 2.0)]
    assert sorted(measures.feet(ink)[:, 1]) == pytest.approx([0.0, 0.1])
    assert sorted(measures.tops(ink)[:, 1]) == pytest.approx([1.0, 1.05])
    low, high = measures.extremes(ink)
    assert low[:, 1].min() == pytest.approx(-1.0)
    assert high[:, 1].max() == pytest.approx(2.0)


def test_a_line_is_levelled_wherever_it_stands_with_descenders_left_out() -> None:
    words = [[moved(arches(6), 8 * k), stem(8 * k + 6.5, -1.0, 1.0)] for k in range(5)]
    slope = math.tan(math.radians(2.0))
    tilted = [[np.column_stack((one[:, 0], one[:, 1] + slope * one[:, 0] + 40)) for one in word] for word in words]
    level = measures.levelled(tilted)
    feet = measures.feet([one for word in level for one in word])
    assert len(feet) == 30
    assert np.abs(feet[:, 1]).max() < 0.02
    assert measures.body(level[0]) == pytest.approx(1.0, abs=0.03)


def test_words_have_widths_and_gaps() -> None:
    words = [[stem(0), stem(2)], [stem(4.5)], [stem(6)]]
    assert measures.width(words[0]) == 2
    assert measures.word_gaps(words) == pytest.approx([2.5, 1.5])


def test_feet_that_wander_slowly_are_alike_and_feet_by_lot_are_not() -> None:
    r = np.random.default_rng(1)
    x = np.arange(1200.0)
    slow = 0.1 * np.sin(x / 3)
    alike = measures.memory([np.column_stack((x, slow))])
    assert alike[1] > 0.9
    assert alike[3] < alike[1]
    lot = measures.memory([np.column_stack((x, r.normal(0, 0.1, 1200)))])
    assert max(abs(one) for one in lot[1:]) < 0.12


def test_the_same_word_moved_is_the_same_and_a_wider_one_is_not() -> None:
    word = [arches(4), stem(5)]
    elsewhere = [moved(one, 30, 2) for one in word]
    wider = [one * (1.3, 1) for one in word]
    assert measures.same_word(word, elsewhere) < 0.01
    assert 0.05 < measures.same_word(word, wider) < 0.4


def test_weighted_median_spread_and_middle() -> None:
    assert measures.weighted_median(np.array([1.0, 2.0, 9.0]), np.array([1.0, 1.0, 5.0])) == 9
    assert math.isnan(measures.weighted_median(np.zeros(0), np.zeros(0)))
    assert measures.spread([1, 3, math.nan]) == pytest.approx(math.sqrt(2))
    assert measures.varied([1, 3]) == pytest.approx(math.sqrt(2) / 2)
    assert measures.middle([math.nan, 5, 1, 2]) == 2


def test_instances_that_differ_by_a_map_alone_leave_no_residual() -> None:
    letter = instances.along([circle(0.5, 40, 300), stem(0.5)])
    turned = 1.3 * letter @ np.array([[0.9, 0.1], [-0.1, 0.9]])
    sheared = letter @ np.array([[1.2, 0.0], [0.3, 0.9]])
    moved, similar, affine = instances.distances(letter, turned + 4)
    assert moved > 0.1
    assert similar == pytest.approx(0, abs=1e-6)
    _, similar, affine = instances.distances(letter, sheared)
    assert similar > 0.03
    assert affine == pytest.approx(0, abs=1e-6)


def test_variation_finds_the_scatter_that_was_put_in() -> None:
    r = np.random.default_rng(3)
    base = [circle(0.5, 40, 300), stem(0.5)]
    many = [[one * scale for one in base] for scale in np.exp(r.normal(0, (0.2, 0.1), (400, 2)))]
    found = instances.variation({"a": many})
    assert found.log_width_sd == pytest.approx(0.2, abs=0.02)
    assert found.log_height_sd == pytest.approx(0.1, abs=0.02)
    assert found.residual < 0.02


def test_residuals_are_told_by_mode() -> None:
    r = np.random.default_rng(4)
    x = np.linspace(0, 3, 120)
    base = np.column_stack((x, np.sin(2 * x)))
    along = np.linspace(0, 1, 120)
    many = [[base + 0.05 * r.normal(size=2) * np.cos(5 * math.pi * along)[:, None]] for _ in range(60)]
    found = instances.variation({"s": many})
    assert found.modes[4] == max(found.modes)
    assert 0.02 < found.residual < 0.06  # part of it an affine map takes up


def test_a_stamp_repeats_itself_and_straight_letters_may() -> None:
    bowl, bar = [circle(0.5, 40, 300)], [stem(0, high=2)]
    assert instances.repeats({"o": [bowl, [bowl[0] + 7]], "l": [bar, bar]}) == pytest.approx([0.0], abs=1e-6)


def test_marks_tell_outside_from_far_outside() -> None:
    assert [mark(one, (1.0, 2.0, 3.0)) for one in (1.0, 3.0, 3.5, 5.5, 0.5, -1.5)] == ["", "", "!", "!!", "!", "!!"]
    assert mark(0.25, (None, 0.19, None)) == ""
    assert mark(0.06, (None, 0.19, None)) == "!"
    assert mark(math.nan, (None, 0.19, None)) == "?"
    assert all(len(ranges) == 3 for ranges in HUMAN.values())


def test_our_lines_are_read_back_word_by_word() -> None:
    hand = hands()["wren"]
    text = "some words of ours to measure and then a good many more of them so that there are lines " * 3
    text = text.strip()
    found = lines(text, hand=hand, seed=5)
    assert " ".join(word.text for line in found for word in line) == text
    assert all(word.ink for line in found for word in line)
    middle = measures.middle([measures.body(word.ink) for line in found for word in line])
    assert middle == pytest.approx(1.0, abs=0.02)
    assert len(texts()) > 8


def test_letters_of_a_lifted_word_are_told_apart() -> None:
    hand = lifted(hands()["wren"])
    (line,) = lines("bitten apples", hand=hand, seed=2)
    for word in line:
        found = letters(word, hand)
        assert found is not None
        assert "".join(char for char, _ in found) == word.text
        assert sum(len(ink) for _, ink in found) == len(word.ink)
        starts = [ink[0][:, 0].mean() for _, ink in found]
        assert starts == sorted(starts)
    assert letters(Word("a", [stem(k) for k in range(9)]), hand) is None


def test_every_stroke_belongs_to_a_word() -> None:
    frame = Frame(x_mm=0, y_mm=0, width_mm=120, height_mm=80)
    written = write("three words here", frame=frame, hand=hands()["wren"], seed=1)
    assert [len(ink) > 0 for ink in by_word(written)] == [True, True, True]


def test_edit_distance_and_error() -> None:
    assert ocr.distance("kitten", "sitting") == 3
    assert ocr.distance("", "abc") == 3
    assert ocr.distance("abc", "") == 3
    assert ocr.error([("abcd", "abcd"), ("abcdef", "abxdef")]) == pytest.approx(0.1)
    assert ocr.letters("It's 5 O'clock!") == "its5oclock"


def test_what_was_found_is_read_by_rows() -> None:
    found = [(50.0, 11.0, "b"), (0.0, 10.0, "a"), (60.0, 40.0, "d"), (5.0, 42.0, "c")]
    assert ocr.ordered(found, row=20.0) == "a b c d"
    assert ocr.ordered([], row=20.0) == ""


def test_a_card_is_read_whole_and_line_by_line() -> None:
    seen: list[bool] = []

    def read(picture: bytes, look: bool) -> list[tuple[float, float, str]]:
        assert picture.startswith(b"\x89PNG")
        seen.append(look)
        return [(0.0, 0.0, "hello")]

    text = "a note that is long enough for two lines of a card, or even for three when the hand is wide"
    one = ocr.reading(text, hand=hands()["wren"], seed=1, read=read)
    assert one.text.split() == text.split()
    assert seen == [True] + [False] * len(one.lines)
    assert len(one.lines) > 1
