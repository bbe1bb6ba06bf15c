"""The Hershey script: joined school cursive with adult proportions, from the hershey-fonts package."""

import string

import numpy as np
import pytest

from fonts.hands import hands
from fonts.hershey import acknowledgement, script
from fonts.lettering import sans


def test_all_of_printable_ascii_in_the_completed_face() -> None:
    face = hands()["hershey-script"].face
    assert set(string.printable) - set(string.whitespace) <= set(face.glyphs)


@pytest.mark.parametrize("char", string.ascii_lowercase)
def test_small_letters_are_one_stroke_that_joins_on_both_sides(char: str) -> None:
    for form in script().glyphs[char]:
        assert (form.entry, form.exit) == ("low", "low")
        assert len(form.strokes) == 1
        assert form.strokes[0][-1] == pytest.approx((form.advance, 5 / 9), abs=1e-9)


def test_dots_and_crosses_are_late() -> None:
    glyphs = script().glyphs
    assert {char: len(glyphs[char][0].late) for char in "ijtxa"} == {"i": 1, "j": 1, "t": 1, "x": 1, "a": 0}
    for char in "ij":
        dot = glyphs[char][0].late[0]
        assert np.ptp(dot, axis=0).max() < 0.15, "a tick, not a diamond"
        assert dot[:, 1].min() > 1.2


def test_proportions_are_an_adults() -> None:
    face = script()
    tall = max(form.strokes[0][:, 1].max() for form in face.glyphs["l"])
    deep = min(form.strokes[0][:, 1].min() for form in face.glyphs["g"])
    assert 1.8 < tall < 2.1
    assert -1.1 < deep < -0.8


@pytest.mark.parametrize("char", string.digits)
def test_digits_are_single_strokes_of_one_height(char: str) -> None:
    form = script().glyphs[char][0]
    ink = np.concatenate(form.strokes)
    assert 1.6 < ink[:, 1].max() < 1.85
    assert -0.05 < ink[:, 1].min() < 0.15
    assert len(form.strokes) <= 2


def test_the_acknowledgement_is_shipped() -> None:
    assert "Dr. A. V. Hershey" in acknowledgement()
    assert "James Hurt" in acknowledgement()
    assert hands()["hershey-script"].face.acknowledgement == acknowledgement()


def test_the_sans_covers_printable_ascii_in_two_forms_a_letter() -> None:
    face = hands()["hershey-sans"].face
    assert set(string.printable) - set(string.whitespace) <= set(face.glyphs)
    assert [char for char in string.ascii_letters + string.digits if len(face.glyphs[char]) < 2] == []
    assert face.style == "print"
    assert face.acknowledgement == acknowledgement()


@pytest.mark.parametrize("char", string.ascii_letters + string.digits)
def test_sans_letters_stand_as_tall_as_people_make_them(char: str) -> None:
    for form in sans().glyphs[char]:
        ink = np.concatenate(form.strokes)
        tall = 1.9 if char in "bdfhkl" or not char.islower() else 1.0
        if char != "t":
            assert ink[:, 1].max() == pytest.approx(tall, abs=0.2)
        low = -0.875 if char in "gpqyj" else 0.0
        assert ink[:, 1].min() == pytest.approx(low, abs=0.25)


def test_the_sans_lifts_no_more_than_people_and_leaves_its_bowls_open() -> None:
    glyphs = sans().glyphs
    strokes = [len(glyphs[char][0].strokes) + len(glyphs[char][0].late) for char in string.ascii_lowercase]
    assert sum(strokes) / 26 < 1.3
    for char in "adgqoO0":
        ink = glyphs[char][0].strokes[0]
        assert np.hypot(*(ink[0] - ink[-1])) > 0.08, char
    for char in "ij":
        assert np.ptp(glyphs[char][0].late[0], axis=0).max() < 0.15, "a tick, not a diamond"
