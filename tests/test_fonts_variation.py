"""What a hand does twice differs as a person's does, each hand is somebody else, and its knobs do as they say."""

import math
from collections.abc import Sequence
from functools import cache
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from bench import measures as of
from bench.ink import by_word, letters, lifted, lines
from bench.instances import along, distances, repeats
from fonts.card import Frame
from fonts.case import Case, Form
from fonts.face import Glyph
from fonts.hand import Written, write
from fonts.hands import Hand, face, hands
from fonts.layout import Overflow
from plotter.strokes import Stroke, bounds, length, resample

HANDS = list(hands())
FACES = {hands()[name].drawn: name for name in reversed(HANDS)}  # the first hand of each face
ONE_A_FACE = sorted(FACES.values())
OWN = [name for name in HANDS if hands()[name].manner.own]
A6 = Frame(x_mm=12, y_mm=10, width_mm=124, height_mm=85, xheight_max_mm=2.7, xheight_min_mm=1.8)
SHEET = Frame(x_mm=5, y_mm=5, width_mm=200, height_mm=287, xheight_max_mm=2.7, xheight_min_mm=1.6)
LETTERS = "aenost"
LINE = "a neat stone nest on a tan sea coast; notes on toast not eaten at ease at one"
NOTE = "Dear Zoë,\nthank you for the little letter; it was better than butter. All of us will keep it.\nYours, Jo"
# p10 and p90 over the people of each style.
STROKES_PER_WORD = {"print": (2, 9), "mixed": (1, 5), "cursive": (1, 3)}


def by(hand: Hand, text: str = NOTE, *, seed: int = 7, frame: Frame = SHEET) -> Written:
    return write(text, frame=frame, hand=hand, seed=seed)


def unlike(a: Sequence[Stroke], b: Sequence[Stroke]) -> float:
    """Root mean square distance of two letters of as many strokes, after the best shift, turn and scale; x-heights."""
    shares = [length(one) for one in a]
    return distances(along(a, shares), along(b, shares))[1]


# ------------------------------------------------------------------------------------------------ twice the same


@cache
def twice(hand: str) -> tuple[list[float], list[float]]:
    """Distances of every two instances of a letter in a line: all of them, and those of letters with turns."""
    apart = lifted(hands()[hand])
    every: list[float] = []
    bent: list[float] = []
    for seed in range(4):
        for line in lines(LINE, hand=apart, seed=seed):
            here: dict[str, list[list[Stroke]]] = {}
            for word in line:
                for char, ink in letters(word, apart) or ():
                    if char in LETTERS:
                        here.setdefault(char, []).append(ink)
            bent += repeats(here)
            every += [unlike(a, b) for found in here.values() for a, b in combinations(found, 2) if len(a) == len(b)]
    return every, bent


@pytest.mark.parametrize("hand", ONE_A_FACE)
def test_two_instances_in_a_line_differ_as_peoples_do(hand: str) -> None:
    """People: .157 of the x-height in the middle."""
    every, bent = twice(hand)
    assert len(every) > 300
    assert 0.10 < float(np.median(every)) < 0.22
    # The nearest two of a person's line are .02 to .05 apart: none is a stamp, few are lucky.
    assert min(bent) > 0.02
    assert np.mean(np.array(bent) < 0.04) < 0.03


@pytest.mark.parametrize("hand", HANDS)
def test_of_a_doubled_letter_the_second_is_another_form(hand: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[Form] = []
    choose = Case.choose

    def watched(case: Case, *place: Any) -> Form:
        chosen.append(choose(case, *place))
        return chosen[-1]

    monkeypatch.setattr(Case, "choose", watched)
    text = " ".join(word for x in "lstoef" for word in (f"n{x}{x}u", f"{x}{x}u", f"{x}{x}", f"n{x}{x}"))
    for seed in range(30):
        by(hands()[hand], text, seed=seed)
    pairs = [(a, b) for a, b in pairwise(chosen) if a.char == b.char]
    assert len(pairs) == 30 * 24
    # Of two forms one may not fit its place; of three another does.
    assert {a.char for a, b in pairs if a is b and len(hands()[hand].case.of(a.char)) > 2} == set()


@pytest.mark.parametrize("hand", ONE_A_FACE)
@pytest.mark.parametrize("pair", ["ss", "oo", "ee"])
def test_doubled_letters_differ(hand: str, pair: str) -> None:
    apart = lifted(hands()[hand])
    found = []
    for seed in range(10):
        ((word,),) = lines(f"a{pair}e", hand=apart, seed=seed)
        inks = letters(word, apart)
        assert inks is not None
        if len(inks[1][1]) == len(inks[2][1]):
            found.append(unlike(inks[1][1], inks[2][1]))
    assert min(found, default=1.0) > 0.02
    assert float(np.median(found or [1.0])) > 0.07


# ------------------------------------------------------------------------------------------------ somebody else


def test_two_hands_share_no_stroke_of_one_seed() -> None:
    """Not even hands of one face, nor the chance they are made of: shapes are held against each other in x-heights."""
    seen: dict[bytes, str] = {}
    for hand in HANDS:
        written = by(hands()[hand], "Thank you all for it.")
        for one in written.strokes:
            if len(one) > 4:
                shape = np.round((one - one[0]) / written.xheight_mm, 3).tobytes()
                assert seen.setdefault(shape, hand) == hand
    assert len(seen) > 8 * len(HANDS)


def test_two_hands_of_one_seed_share_no_chance() -> None:
    """Neither misses where the other does: else all hands of a shop would tilt and drift together."""
    drift = []
    for hand in ONE_A_FACE:
        one = hands()[hand].turned({"connectedness": 0.0, "slant": 0.0})
        feet = []
        for seed in range(12):
            written = by(one, "n n n n n n n n", seed=seed)
            low = np.array([min(float(s[:, 1].min()) for s in ink) for ink in by_word(written)]) / written.xheight_mm
            feet.append(low - low.mean())
        drift.append(np.concatenate(feet))
    alike = np.corrcoef(np.array(drift)) - np.eye(len(drift))
    assert np.abs(alike).max() < 0.45  # of 96 numbers: over four sd


@pytest.mark.parametrize("hand", OWN)
def test_people_who_learned_one_face_have_letters_of_their_own(hand: str) -> None:
    mine, drawn = hands()[hand].face.glyphs, face(hands()[hand].drawn).glyphs
    off = {}
    for char in "abcdefghijklmnopqrstuvwxyz":
        near = [unlike(mine[char][0].strokes, one.strokes) for one in drawn[char] if as_drawn(mine[char][0], one)]
        off[char] = min(near)
    # Two people differ more than this; one from himself by .157 from one time to the next.
    assert float(np.median(list(off.values()))) > 0.02
    assert [char for char in "abdeghmnopqsuw" if off[char] < 0.005] == [], "all but straight strokes"
    assert max(off.values()) < 0.25
    again = hands()[hand].face.glyphs
    assert all(again[char][0] is mine[char][0] for char in "ae"), "always the same ones"


def test_no_two_hands_of_a_face_have_the_same_letters() -> None:
    for a, b in combinations(HANDS, 2):
        one, two = hands()[a], hands()[b]
        if one.drawn == two.drawn:
            off = [
                unlike(x.strokes, y.strokes)
                for char in "abcdefghijklmnopqrstuvwxyz"
                for x in one.face.glyphs[char][:1]
                for y in two.face.glyphs[char]
                if as_drawn(x, y)
            ]
            assert float(np.median(off)) > 0.02, (a, b)


def as_drawn(mine: Glyph, drawn: Glyph) -> bool:
    """Whether a form is some person's version of a drawn one: as many points in as many strokes."""
    return [len(one) for one in mine.strokes] == [len(one) for one in drawn.strokes]


def counters(strokes: Sequence[Stroke]) -> int:
    """Enclosed white areas over a twentieth of a square x-height, drawn with a pen a tenth of one wide."""
    cell = 1 / 30
    points = np.concatenate([resample(one, cell / 2) for one in strokes])
    at = np.round((points - points.min(axis=0)) / cell).astype(int) + 4
    paper = np.ones(at.max(axis=0) + 5, dtype=bool)
    paper[tuple(at.T)] = False
    areas, count = ndimage.label(ndimage.binary_erosion(paper, iterations=1, border_value=1))
    sizes = ndimage.sum_labels(areas > 0, areas, range(1, count + 1))
    return int((np.asarray(sizes) > 0.05 * 30**2).sum()) - 1


def test_the_counter_of_counters_counts() -> None:
    way = np.linspace(0, 2 * math.pi, 40)
    ring = 0.5 * np.column_stack((np.cos(way), np.sin(way)))
    assert counters([ring]) == 1
    assert counters([ring, ring + np.array([0.6, 0.0])]) == 3, "two rings that cross have three"
    assert counters([ring[:30]]) == 0


@pytest.mark.parametrize("hand", OWN)
def test_letters_of_their_own_stay_readable(hand: str) -> None:
    mine, drawn = hands()[hand].face.glyphs, face(hands()[hand].drawn).glyphs
    closed, opened = [], []
    for char in "aeodbgpq":
        for form in mine[char]:
            whole = [counters(one.strokes) for one in drawn[char] if as_drawn(form, one)]
            here = counters(form.strokes)
            assert here <= max(whole) + 1, char
            closed += [char] if here > max(whole) else []
            opened += [char] if here < min(whole) else []
    forms = sum(len(mine[char]) for char in "aeodbgpq")
    # Bowls of people close or open by a hair; a c or an e that changes sides does so in few forms.
    assert len(closed) <= 0.2 * forms, closed
    assert len(opened) <= 0.2 * forms, opened
    assert [char for char in "cslinmuvwrtx" for form in mine[char][:1] if counters(form.strokes) > 1] == []


# ------------------------------------------------------------------------------------------------ knobs


def foot_scatter(hand: Hand) -> float:
    """Sd of the feet of a word's letters about their line, x-heights; letters apart, so that each has its foot."""
    squares = []
    for seed in range(40):
        written = by(hand, "nnnnnnnnnn nnnnnnnnnn", seed=seed)
        for ink in by_word(written):
            feet = np.array([(one[:, 0].mean(), one[:, 1].min()) for one in ink]) / written.xheight_mm
            line = np.polyfit(feet[:, 0], feet[:, 1], 1)
            squares.append(float(np.mean((feet[:, 1] - np.polyval(line, feet[:, 0])) ** 2)))
    return math.sqrt(float(np.mean(squares)))


@pytest.mark.parametrize("hand", ONE_A_FACE)
def test_neatness_doubles_or_halves_the_scatter(hand: str) -> None:
    one = hands()[hand]
    wild, usual, neat = (
        foot_scatter(one.turned({"neatness": neatness, "speed": 0.5, "connectedness": 0.0})) for neatness in (0, 0.5, 1)
    )
    assert 0.10 < usual < 0.19, "people: .12 to .15 in the middle"
    assert 1.65 < wild / usual < 2.3
    assert 0.4 < neat / usual < 0.65


@pytest.mark.parametrize("hand", ONE_A_FACE)
def test_slant_leans_the_ink_by_as_many_degrees(hand: str) -> None:
    one = hands()[hand].turned({"neatness": 1.0, "connectedness": 0.0})
    left, right = (by(one.turned({"slant": degrees}), "hill lit doll full dull little") for degrees in (-15, 15))
    assert len(left.strokes) == len(right.strokes)
    leans = []
    for a, b in zip(left.strokes, right.strokes, strict=True):
        # The same stroke twice: how far its top moved against its foot, for so much of height.
        (ax, ay), (bx, by_) = (one[one[:, 1].argmax()] - one[one[:, 1].argmin()] for one in (a, b))
        if ay > 0.8 * left.xheight_mm:
            leans.append((bx - ax) / ((ay + by_) / 2))
    assert len(leans) >= 4
    assert float(np.median(leans)) == pytest.approx(2 * math.tan(math.radians(15)), rel=0.12)


@pytest.mark.parametrize("hand", ONE_A_FACE)
def test_size_scales_the_writing_between_the_papers_limits(hand: str) -> None:
    one = hands()[hand]
    sizes = [by(one.turned({"size": size}), "Hello there").xheight_mm for size in (0.6, 0.8, 1, 1.2, 1.6)]
    np.testing.assert_allclose(sizes, [1.62, 2.16, 2.7, 3.24, 4.32], atol=0.02)
    ink = [float(np.ptp(np.concatenate(by(one.turned({"size": s}), "Hello").strokes), axis=0)[0]) for s in (0.8, 1.6)]
    assert ink[1] / ink[0] == pytest.approx(2, rel=0.03)
    assert by(one.turned({"size": 0.6}), "Hello", frame=A6).xheight_mm == A6.xheight_min_mm, "never below the least"


@pytest.mark.parametrize("hand", ONE_A_FACE)
def test_connectedness_joins(hand: str) -> None:
    one = hands()[hand]

    def strokes(share: float) -> int:
        turned = one.turned({"connectedness": share, "speed": 0.5})
        return sum(
            len(by(turned, "the other one soon threw an animal on the moon", seed=seed).strokes) for seed in range(6)
        )

    none, some, most = strokes(0), strokes(0.5), strokes(1)
    if all(form.exit == "none" for char in "abcdefghijklmnopqrstuvwxyz" for form in one.face.glyphs[char]):
        assert none == some == most, "nothing to join"
        return
    assert none > some > most
    if one.face.style != "print":
        assert most < 0.75 * none


@pytest.mark.parametrize("hand", ONE_A_FACE)
def test_speed_widens(hand: str) -> None:
    def wide(speed: float) -> float:
        turned = hands()[hand].turned({"speed": speed, "neatness": 0.8, "connectedness": 0.0})
        return sum(of.width(by(turned, "minimum", seed=seed).strokes) for seed in range(10))

    assert 1.06 < wide(1) / wide(0) < 1.3
    late = [hands()[hand].turned({"speed": speed}) for speed in (0, 1)]
    assert late[0].late_right < late[1].late_right
    assert late[0].soften < late[1].soften


@pytest.mark.parametrize("hand", HANDS)
def test_words_are_told_in_writing_order(hand: str) -> None:
    written = by(hands()[hand], frame=A6)
    words = NOTE.split()
    assert len(written.words) == len(written.strokes)
    assert list(written.words) == sorted(written.words)
    assert set(written.words) == set(range(len(words)))
    first = 0
    for line in written.lines:
        inks = by_word(written)[first : first + len(line.split())]
        middles = [float(np.concatenate(ink)[:, 0].mean()) for ink in inks]
        assert all(a < b for a, b in pairwise(middles))
        first += len(inks)
    # Each word has its own ink: as much as it has letters, or nearly.
    long = {word: sum(map(length, ink)) / written.xheight_mm for word, ink in zip(words, by_word(written), strict=True)}
    assert all(1.2 * len(word) < long[word] < 9 * len(word) for word in words if word.isalpha() and len(word) > 2), long


@pytest.mark.parametrize("hand", HANDS)
def test_a_word_has_as_many_strokes_as_peoples_have(hand: str) -> None:
    text = "Thank you for the lovely card and for the kind words that you wrote to all of us in the shop last week"
    low, high = STROKES_PER_WORD[hands()[hand].face.style]
    counts = [len(ink) for seed in range(4) for ink in by_word(by(hands()[hand], text, seed=seed))]
    assert low <= float(np.median(counts)) <= high


ENDS = [
    {"neatness": 0.0, "speed": 1.0, "slant": 25.0, "size": 1.6, "connectedness": 0.0},
    {"neatness": 0.0, "speed": 1.0, "slant": -20.0, "size": 0.6, "connectedness": 1.0},
    {"neatness": 0.0, "speed": 0.0, "slant": 25.0, "size": 1.0, "connectedness": 1.0},
]


@pytest.mark.parametrize("hand", ONE_A_FACE)
@pytest.mark.parametrize("knobs", ENDS, ids=["hurried", "back", "slow"])
def test_ink_stays_inside_the_frame_with_all_knobs_at_their_ends(hand: str, knobs: dict[str, float]) -> None:
    one, inside = hands()[hand].turned(knobs), 0
    small = Frame(x_mm=8, y_mm=6, width_mm=60, height_mm=40, xheight_max_mm=2.7, xheight_min_mm=1.6)
    for text in ("Jyfg ỆŐj! gÅ", "for fjords of joy (why?)", NOTE):
        for frame in (A6, small):
            for seed in range(5):
                try:
                    box = bounds(by(one, text, seed=seed, frame=frame).strokes)
                except Overflow:
                    continue
                inside += 1
                assert box.x0 >= frame.x_mm
                assert box.y0 >= frame.y_mm
                assert box.x1 <= frame.x_mm + frame.width_mm
                assert box.y1 <= frame.y_mm + frame.height_mm
    assert inside >= 20
