"""Single-line SVG fonts: read whole or refused in words; tests/data/fonts/plain.svg is drawn for this."""

import re
from pathlib import Path

import numpy as np
import pytest

from fonts.accents import complete
from fonts.imported import FontFault
from fonts.kept import keep, load
from fonts.svgfont import read

PLAIN = Path(__file__).parent / "data" / "fonts" / "plain.svg"


def test_letters_stand_between_base_line_and_x_height() -> None:
    face, report = read(PLAIN, "plain")
    for char in "acemnorsuvwxz":
        ink = np.concatenate([*face.glyphs[char][0].strokes, *face.glyphs[char][0].late])
        assert ink[:, 1].max() == pytest.approx(1.0, abs=0.12), char
        assert ink[:, 1].min() == pytest.approx(0.0, abs=0.12), char
    assert face.title == "Test Plain"
    assert face.style == "print"
    assert face.ascender == pytest.approx(1.75, abs=0.08)
    assert report.characters == len(face.glyphs) == 33
    assert "&" in face.glyphs
    assert "❤" in face.glyphs


def test_every_command_of_a_path_makes_ink(tmp_path: Path) -> None:
    both = read(PLAIN, "plain")[0].glyphs
    text = PLAIN.read_text(encoding="utf-8")
    absolute = text.replace("m 90 700 v -700 v 250 q 100 190 220 120", "M 90 700 V 0 V 250 Q 190 440 310 370")
    file = tmp_path / "absolute.svg"
    file.write_text(absolute, encoding="utf-8")
    other = read(file, "plain")[0].glyphs
    np.testing.assert_allclose(both["b"][0].strokes[0], other["b"][0].strokes[0], atol=1e-6)
    bowl = both["c"][0].strokes[0]
    assert bowl[:, 0].min() < bowl[0, 0] - 0.5, "an arc runs round its left side"


def test_dots_and_bars_are_late() -> None:
    glyphs = read(PLAIN, "plain")[0].glyphs
    late = {char: (len(glyphs[char][0].strokes), len(glyphs[char][0].late)) for char in "ijtfao"}
    assert late == {"i": (1, 1), "j": (1, 1), "t": (1, 1), "f": (1, 1), "a": (1, 0), "o": (1, 0)}
    assert len(glyphs["j"][0].late[0]) > 1, "a dot without length becomes a tick"


def test_kerning_by_characters_names_and_ranges() -> None:
    kerning = read(PLAIN, "plain")[0].kerning
    unit = 402
    assert kerning["T", "a"] == pytest.approx(-80 / unit, rel=0.02)
    assert kerning["V", "a"] == pytest.approx(-60 / unit, rel=0.02)
    assert ("A", "T") in kerning
    assert ("A", "V") in kerning
    assert ("A", "a") not in kerning


def test_what_is_left_out_is_said() -> None:
    face, report = read(PLAIN, "plain")
    assert "fi" in report.failed["ligatures"]
    assert "cannot be read" in report.failed["%"]
    assert "%" not in face.glyphs
    assert "do with it what you like" in face.acknowledgement


def test_accents_are_put_together_for_it() -> None:
    face = complete(read(PLAIN, "plain")[0])
    assert set("éüñçåőž") <= set(face.glyphs)


def test_a_kept_face_is_the_face(tmp_path: Path) -> None:
    face, report = read(PLAIN, "plain")
    keep(face, report, tmp_path / "plain.json")
    again, report_again = load(tmp_path / "plain.json")
    assert report_again == report
    assert again.kerning == pytest.approx(face.kerning, abs=0.001)
    for char, forms in face.glyphs.items():
        for one, other in zip(forms[0].strokes, again.glyphs[char][0].strokes, strict=True):
            assert np.abs(one[[0, -1]] - other[[0, -1]]).max() < 0.002
    assert (again.title, again.style, again.acknowledgement) == (face.title, face.style, face.acknowledgement)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text[:300], "not well-formed"),
        (lambda _: "<svg xmlns='http://www.w3.org/2000/svg'/>", "no <font>"),
        (lambda text: re.sub(r'svg11.dtd">', 'svg11.dtd" [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>', text), "entities"),
        (lambda text: re.sub(r' d="([^"]*)"', r' d="M 0 0 L 90 400 L 200 0 Z"', text), "outline font"),
        (lambda text: re.sub(r'<glyph unicode="[h-z]".*/>', "", text), "small letters"),
        (lambda text: text.replace('horiz-adv-x="480"', 'horiz-adv-x="1e99"'), "no number"),
    ],
    ids=["broken", "no font", "entities", "outlines", "half a font", "monstrous"],
)
def test_what_is_no_single_line_font_is_refused_with_file_and_reason(tmp_path: Path, change, words: str) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "bad.svg"
    file.write_text(change(PLAIN.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(FontFault, match=words) as fault:
        read(file, "bad")
    assert fault.value.file == "bad.svg"


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"name": 1}', "\x00", '{"glyphs": {"a": [{"strokes": []}]}}'])
def test_a_broken_kept_face_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.json").write_text(text, encoding="utf-8")
    with pytest.raises(FontFault, match=r"bad\.json: not a kept hand"):
        load(tmp_path / "bad.json")
