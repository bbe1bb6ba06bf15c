"""Text is made uniform before it is written, and what has no letter is refused by name and place."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fonts.hands import hands
from fonts.text import Unwritable, check, normalise


@pytest.mark.parametrize(
    ("given_text", "written"),
    [
        ("Zoe\u0308", "Zoë"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("love \u2764\ufe0f", "love ❤"),
        ("so\u00adft zero\u200bwidth", "soft zerowidth"),
        ("e\u2011mail", "e-mail"),
        ("10\u202f000", "10\u00a0000"),
        ("fidélité : oui !", "fidélité\u00a0: oui\u00a0!"),
        ("a  b   c ", "a b c"),
        ("Dear A,\n\n\n\nthanks", "Dear A,\n\nthanks"),
        ("\n\n hello\t", "hello"),
    ],
)
def test_normalise(given_text: str, written: str) -> None:
    assert normalise(given_text) == written


@given(st.text(max_size=60))
def test_normalise_is_done_once(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert unicodedata.is_normalized("NFC", once)


def test_unwritable_says_character_code_point_name_and_place() -> None:
    face = hands()["hershey-script"].face
    with pytest.raises(Unwritable) as caught:
        check("Hello 𓀀 there ☃", face)
    assert caught.value.faults == [
        ("𓀀", "U+13000", "EGYPTIAN HIEROGLYPH A001", 6),
        ("☃", "U+2603", "SNOWMAN", 14),
    ]
    assert "U+13000" in str(caught.value)
    assert "character 7" in str(caught.value)


def test_places_are_those_of_the_text_as_given() -> None:
    face = hands()["hershey-script"].face
    with pytest.raises(Unwritable) as caught:
        check("Zoe\u0308\u200b  \r\n☃", face)
    assert [fault[3] for fault in caught.value.faults] == [9]


def test_control_characters_are_refused_not_dropped() -> None:
    with pytest.raises(Unwritable) as caught:
        check("a\x07b", hands()["hershey-script"].face)
    assert caught.value.faults == [("\x07", "U+0007", "an unnamed character", 1)]


def test_a_mark_that_composes_with_nothing_is_refused() -> None:
    with pytest.raises(Unwritable):
        check("q\u0489", hands()["hershey-script"].face)
