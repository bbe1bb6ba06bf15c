"""Accented letters are composed where a face has none of its own, with marks where people put them."""

import csv
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from fonts.face import Face, Glyph
from fonts.hands import hands
from fonts.text import check, normalise

EXAMPLES = Path(__file__).parent.parent / "examples"
HANDS = list(hands())
LATIN_1 = "".join(map(chr, [*range(0x21, 0x7F), *range(0xA1, 0x100)]))
EXTENDED_A = "".join(map(chr, range(0x100, 0x180)))
VIETNAMESE = "ăâđêôơưĂÂĐÊÔƠƯ" + "".join(
    unicodedata.normalize("NFC", base + tone)
    for base in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
    for tone in "\u0300\u0301\u0303\u0309\u0323"
)
SPECIALS = "ßæœøłđðþıÆŒØŁĐÐÞ€£&@¿¡«»–—…‘’“”„‚™©°½❤☺★"
# Marks that stand for themselves, which no letter text holds: currency sign, diaeresis, soft hyphen, macron, cedilla.
BARE = set("¤¨\xad¯¸")


def ink(form: Glyph) -> np.ndarray:
    return np.concatenate(form.strokes)


@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize("repertoire", [LATIN_1, EXTENDED_A, VIETNAMESE, SPECIALS])
def test_every_letter_of_latin_europe_turkey_and_vietnam(hand: str, repertoire: str) -> None:
    face = hands()[hand].face
    assert "".join(char for char in repertoire if char not in face.glyphs and char not in BARE) == ""


@pytest.mark.parametrize("hand", HANDS)
def test_every_sample_can_be_written(hand: str) -> None:
    face = hands()[hand].face
    check((EXAMPLES / "notes.txt").read_text(encoding="utf-8"), face)
    check((EXAMPLES / "templates.toml").read_text(encoding="utf-8"), face)
    with (EXAMPLES / "orders.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for value in row.values():
                check(normalise(value), face)


@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize("char", "éèêëñöüůžåāăőįçşțąęḿ")
def test_marks_clear_the_letter_and_stand_over_or_under_it(hand: str, char: str) -> None:
    face = hands()[hand].face
    base, mark = unicodedata.normalize("NFD", char)[:2]
    plain = face.glyphs[{"i": "ı"}.get(base, base) if mark not in "\u0328" else base]
    for form, bare in zip(face.glyphs[char], plain, strict=True):
        assert len(form.late) > len(bare.late), "the mark is written after the word"
        body, marks = ink(form), np.concatenate(form.late[len(bare.late) :])
        middle = (marks[:, 0].min() + marks[:, 0].max()) / 2
        small = body[(body[:, 1] > -0.1) & (body[:, 1] < 1.1)]
        assert small[:, 0].min() - 0.2 <= middle <= small[:, 0].max() + 0.3
        if mark in "\u0327\u0328\u0326":
            assert marks[:, 1].min() < -0.15
        else:
            assert marks[:, 1].min() > 0.9


def test_i_loses_its_dot_under_an_accent() -> None:
    face = hands()["hershey-script"].face
    assert len(face.glyphs["í"][0].late) == 1
    assert len(face.glyphs["ï"][0].late) == 2
    assert len(face.glyphs["ı"][0].late) == 0
    assert len(face.glyphs["į"][0].late) == 2
    assert face.glyphs["İ"][0].late


@pytest.mark.parametrize("hand", HANDS)
def test_dot_stands_clear_of_a_capital(hand: str) -> None:
    for char, base in zip("İŻĖ", "IZE", strict=True):
        for form in hands()[hand].face.glyphs[char]:
            dot = form.late[-1]
            body = np.concatenate([*form.strokes, *form.late[:-1]])
            assert dot[:, 1].min() > body[:, 1].max() + 0.2, (char, base)


@pytest.mark.parametrize("char", "ďťľĽ")
def test_caron_on_tall_letters_is_an_apostrophe_at_the_right(char: str) -> None:
    face = hands()["hershey-script"].face
    form = face.glyphs[char][0]
    mark = form.late[-1]
    body = ink(form)
    high = body[:, 1].max()
    assert mark[:, 0].min() > body[body[:, 1] > high - 0.3][:, 0].max() - 0.05
    assert mark[:, 1].min() > 0.9


@pytest.mark.parametrize("char", "ấẩẫậằặốểỗộǖ")
def test_two_marks_do_not_lie_on_each_other(char: str) -> None:
    form = hands()["hershey-script"].face.glyphs[char][0]
    assert len(form.late) >= 2
    first, second = form.late[0], form.late[-1]
    gaps = np.hypot(*(first[:, None] - second[None]).transpose(2, 0, 1))
    assert gaps.min() > 0.04


def test_an_accented_letter_joins_as_the_plain_one() -> None:
    face: Face = hands()["hershey-script"].face
    plain, accented = face.glyphs["e"][0], face.glyphs["é"][0]
    assert (plain.entry, plain.exit, plain.advance) == (accented.entry, accented.exit, accented.advance)
