"""Layout is exact: every word once, in order, within the frame, as large as fits; else an honest refusal."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fonts.card import Frame
from fonts.layout import RESERVE, Layout, Measure, Overflow, lay_out

MEASURE = Measure(width=lambda word: float(len(word)), space=0.7, above=2.0, below=1.0)


def frame(
    width: float = 100, height: float = 80, *, kept: bool = False, most: float = 3.0, least: float = 1.5, **more: Any
) -> Frame:
    return Frame(
        x_mm=10,
        y_mm=20,
        width_mm=width,
        height_mm=height,
        xheight_max_mm=most,
        xheight_min_mm=least,
        lines="kept" if kept else "flow",
        **more,
    )


def width(words: tuple[str, ...]) -> float:
    return sum(MEASURE.width(word) for word in words) + MEASURE.space * (len(words) - 1)


def room(layout: Layout, box: Frame) -> float:
    return box.width_mm * (1 - RESERVE) / layout.xheight_mm


def refused(text: str, box: Frame) -> Overflow | None:
    try:
        lay_out(text, box, MEASURE)
    except Overflow as refusal:
        return refusal
    return None


WORDS = st.lists(st.text("abc", min_size=1, max_size=9), min_size=1, max_size=60)
TEXTS = st.lists(WORDS, min_size=1, max_size=4).map(lambda blocks: "\n".join(" ".join(one) for one in blocks))


WAYS = st.fixed_dictionaries(
    {
        "align": st.sampled_from(["left", "centre"]),
        "paragraphs": st.sampled_from(["gap", "indent"]),
        "closing": st.sampled_from(["left", "right"]),
    }
)


@given(TEXTS, st.floats(40, 200), st.floats(20, 200), WAYS)
def test_no_word_lost_order_kept_no_line_outside(text: str, wide: float, high: float, ways: dict[str, str]) -> None:
    box = frame(wide, high, **ways)
    try:
        layout = lay_out(text, box, MEASURE)
    except Overflow:
        return
    assert [word for line in layout.lines for word in line.words] == text.split()
    at = 0
    for line in layout.lines:
        assert line.first == at
        at += len(line.words)
        assert width(line.words) <= room(layout, box)
        assert line.x_mm >= box.x_mm
        assert line.x_mm + width(line.words) * layout.xheight_mm <= box.x_mm + box.width_mm
        assert line.y_mm + MEASURE.above * layout.xheight_mm <= box.y_mm + box.height_mm + 1e-6
        assert line.y_mm - MEASURE.below * layout.xheight_mm >= box.y_mm - 1e-6
    assert all(a.y_mm > b.y_mm for a, b in pairwise(layout.lines))
    assert box.xheight_min_mm <= layout.xheight_mm <= box.xheight_max_mm


@given(TEXTS)
def test_lines_of_the_text_stay_lines(text: str) -> None:
    layout = lay_out(text, frame(400, 1000), MEASURE)
    starts = {line.first for line in layout.lines}
    at = 0
    for block in text.split("\n"):
        assert at in starts
        at += len(block.split())


def test_a_word_of_one_letter_does_not_end_a_line() -> None:
    text = "thank you for the order! I packed it right and a little more of it as I said before all of it went"
    ends = {line.words[-1] for wide in range(60, 140) for line in lay_out(text, frame(wide, 300), MEASURE).lines}
    assert not ends & {"I", "a"}


def test_what_belongs_together_stays_on_a_line() -> None:
    text = "dear Mr. Okonkwo please call us on 020 7946 0321 or ask for Abel & Son at the desk and we will come at once"
    for wide in range(80, 140):
        lines = lay_out(text, frame(wide, 300), MEASURE).lines
        assert not {line.words[-1] for line in lines} & {"Mr.", "020", "7946", "&"}, wide


@given(TEXTS, st.floats(40, 200), st.floats(20, 200))
def test_words_of_one_letter_cost_neither_room_nor_size(text: str, wide: float, high: float) -> None:
    other = " ".join("1" if word in ("a", "b", "c") else word for word in text.split(" "))
    if refused(other, frame(wide, high)):
        assert refused(text, frame(wide, high))
        return
    one, two = (lay_out(each, frame(wide, high), MEASURE) for each in (text, other))
    assert one.xheight_mm == two.xheight_mm


@given(TEXTS)
def test_shortening_by_what_the_refusal_says_makes_it_fit(text: str) -> None:
    box = frame(60, 40, least=1.9)
    text = f"{text} " * 6
    text = text.strip()
    refusal = refused(text, box)
    assume(refusal is not None)
    assert refusal is not None
    assert refusal.excess > 0
    assert 0 < refusal.characters < len(text)
    shorter = text[: len(text) - refusal.characters].strip()
    assert lay_out(shorter, box, MEASURE).lines
    # And not much more than need be: two more of the longest words would be too much again.
    assert refused(text[: len(shorter)] + " abcabcabc" * 4, box) is not None


def test_writing_shrinks_no_more_than_it_must() -> None:
    box = frame()
    assert lay_out("short", box, MEASURE).xheight_mm == box.xheight_max_mm
    sizes = [lay_out(" ".join(["abcde"] * n), box, MEASURE).xheight_mm for n in (10, 60, 90, 120)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < sizes[0]


def test_right_edge_is_even_and_no_short_word_is_left_alone() -> None:
    box = frame(60, 80, most=2.0, least=2.0)
    for n in range(8, 40):
        text = " ".join(["abcde"] * n) + " ab"
        last = lay_out(text, box, MEASURE).lines[-1]
        assert last.words != ("ab",), text


def test_kept_lines_are_never_broken() -> None:
    box = frame(40, 80, kept=True, most=3.0, least=1.0)
    layout = lay_out("Mr Abc Defghij\n12 Klmnop\nQrs", box, MEASURE)
    assert [line.text for line in layout.lines] == ["Mr Abc Defghij", "12 Klmnop", "Qrs"]
    with pytest.raises(Overflow, match=r"line 2 is \d+ % too long"):
        lay_out("short\n" + "a" * 80, box, MEASURE)


def test_a_word_wider_than_the_paper_is_named() -> None:
    with pytest.raises(Overflow, match="a word of 90 characters in line 1 is") as caught:
        lay_out("a " + "b" * 90, frame(100, 100, least=2.0), MEASURE)
    assert caught.value.excess > 0.5


def test_overflow_says_how_much() -> None:
    box = frame(100, 40, least=2.0)
    text = " ".join(["abcde"] * 200)
    with pytest.raises(Overflow, match=r"\d+ % too long .* shorten it by about \d+ characters") as caught:
        lay_out(text, box, MEASURE)
    assert 3 < caught.value.excess < 12


LETTER = "Dear Ana,\n" + "abcd " * 20 + "abcd.\n\n" + "efgh " * 20 + "efgh.\nYours,\nJo"


def test_closing_and_signature_may_stand_in_the_right_half() -> None:
    box = frame(100, 200, closing="right")
    lines = lay_out(LETTER, box, MEASURE).lines
    left = lines[0].x_mm
    assert [line.text for line in lines if line.x_mm > left + 1] == ["Yours,", "Jo"]
    assert {round((line.x_mm - box.x_mm) / box.width_mm, 1) for line in lines[-2:]} == {0.5}
    long = lay_out(LETTER + " of the very long name and an address", box, MEASURE).lines[-1]
    assert long.x_mm + width(long.words) * 3.0 <= box.x_mm + box.width_mm


def test_closing_is_set_apart_where_there_is_room() -> None:
    roomy, full = (lay_out(LETTER, frame(100, high), MEASURE).lines for high in (200, 66.5))
    steps = [a.y_mm - b.y_mm for a, b in pairwise(roomy)]
    assert steps[-2] > 1.3 * steps[-1]
    assert len(full) > 5
    assert full[-3].y_mm - full[-2].y_mm >= 0.99 * (full[-2].y_mm - full[-1].y_mm)


def test_paragraphs_are_set_apart_by_a_gap_or_by_an_indent() -> None:
    gap, indent = (lay_out(LETTER, frame(100, 400, paragraphs=way), MEASURE).lines for way in ("gap", "indent"))
    at = next(k for k, line in enumerate(gap) if line.words[0] == "efgh")
    steps = [a.y_mm - b.y_mm for a, b in pairwise(gap)]
    assert steps[at - 1] > 1.3 * steps[at]
    assert len({line.x_mm for line in gap}) == 1
    at = next(k for k, line in enumerate(indent) if line.words[0] == "efgh")
    steps = [a.y_mm - b.y_mm for a, b in pairwise(indent)]
    assert steps[at - 1] == pytest.approx(steps[at])
    assert [k for k, line in enumerate(indent) if line.x_mm > indent[0].x_mm + 1] == [at]


def test_centred_lines_share_their_margins_and_are_even() -> None:
    box = frame(100, 200, align="centre")
    layout = lay_out("abcd " * 23 + "abcd", box, MEASURE)
    long = [width(line.words) * layout.xheight_mm for line in layout.lines]
    for line, wide in zip(layout.lines, long, strict=True):
        assert line.x_mm - box.x_mm == pytest.approx(0.5 * (100 - wide), abs=1.0)
    assert min(long) > 0.7 * max(long)


def test_margins_share_what_no_line_needs() -> None:
    box = frame(100, 80)
    for text in ("abcd efgh", "abcdefgh " * 9):
        layout = lay_out(text.strip(), box, MEASURE)
        widest = max(width(line.words) * layout.xheight_mm for line in layout.lines)
        left = layout.lines[0].x_mm - box.x_mm
        assert 0.25 * (100 - widest) < left < 0.5 * (100 - widest)


def test_quotes_hang_left_of_the_edge() -> None:
    measure = replace(MEASURE, hang=lambda word: 0.5 if word[0] == "“" else 0.0)
    lines = lay_out("“abc” abc\nabc abc\n“abc", frame(), measure).lines
    assert [round((line.x_mm - lines[1].x_mm) / 3.0, 6) for line in lines] == [-0.5, 0, -0.5]


def test_a_short_text_is_broken_where_a_sentence_ends() -> None:
    lines = lay_out("Happy birthday, Sam! Save me a slice.", frame(100, 80), MEASURE).lines
    assert [line.text for line in lines] == ["Happy birthday, Sam!", "Save me a slice."]
