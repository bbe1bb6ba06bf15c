"""What a hand has no letter for is written in letters it has where that is asked, and every replacement is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fonts.hands import hands
from fonts.text import Unwritable, check, unwritable
from fonts.transliterate import transliterate

FACE = hands()["wren"].face
LETTERS = FACE.glyphs


def test_each_replacement_is_told_by_its_place() -> None:
    text, told = transliterate("Zoë, Жанна и 你", LETTERS)
    assert text == "Zoë, Zhanna i Ni"
    assert [(one.character, one.position, one.written) for one in told[:2]] == [("Ж", 5, "Zh"), ("а", 6, "a")]
    assert (told[0].code_point, told[0].name) == ("U+0416", "CYRILLIC CAPITAL LETTER ZHE")
    assert str(told[0]) == "“Ж” (U+0416 CYRILLIC CAPITAL LETTER ZHE) at character 6 is written as “Zh”"


def test_what_can_be_written_stays_as_it_is() -> None:
    text = "Dear Zoë,\r\n“çà et là” … ĂŢ — Nguyễn Thị ß"
    assert transliterate(text, LETTERS) == (text, ())


def test_a_mark_no_letter_carries_is_told_and_not_dropped_in_silence() -> None:
    text, [one] = transliterate("ax\u035dy", LETTERS)
    assert text == "axy"
    assert (one.character, one.code_point, one.written) == ("x\u035d", "U+0078 U+035D", "x")


@pytest.mark.parametrize("text", ["Hi \U0001f389", "\ue000", "\u035d", "well \U0001f44d\U0001f3fd"])
def test_what_has_no_transliteration_is_refused(text: str) -> None:
    with pytest.raises(Unwritable) as caught:
        transliterate(text, LETTERS)
    assert caught.value.faults[0] == next(unwritable(text, LETTERS))


def test_letters_the_hand_has_not_either_are_refused() -> None:
    with pytest.raises(Unwritable):
        transliterate("ж", {"z": 1})


@given(st.text(max_size=30))
def test_all_is_written_or_refused_and_what_is_written_is_known(text: str) -> None:
    """The untouched parts stay, each replacement stands where it says, and the result can be written."""
    try:
        written, told = transliterate(text, LETTERS)
    except Unwritable:
        return
    check(written, FACE)
    assert {one.position for one in told} == {at for *_, at in unwritable(text, LETTERS)}
    grown = sum(len(one.written) for one in told)
    assert len(written) >= grown
