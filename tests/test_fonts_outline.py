"""Outline fonts as single strokes: a font is drawn here with a broad nib, and the strokes must be the nib's ways."""

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from fontTools.feaLib.builder import addOpenTypeFeaturesFromString
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from fonts.face import Face
from fonts.imported import FontFault
from fonts.kept import Report, keep, load
from fonts.outline import read

NIB = 70.0
Way = Sequence[tuple[float, float]]


def arc(cx: float, cy: float, r: float, a0: float, a1: float, n: int = 24) -> list[tuple[float, float]]:
    """Points of a circle's arc from a0 to a1 degrees."""
    angles = np.radians(np.linspace(a0, a1, n))
    return [(cx + r * math.cos(a), cy + r * math.sin(a)) for a in angles]


BOWL = arc(290, 250, 215, 40, 320)
# x-height 500 and base line 0 in the middle of the line.
WAYS: dict[str, list[Way]] = {
    "a": [arc(270, 250, 235, 0, 360, 40), [(505, 500), (505, 0)]],
    "b": [[(80, 900), (80, 0)], arc(315, 250, 235, 0, 360, 40)],
    "c": [BOWL],
    "d": [arc(270, 250, 235, 0, 360, 40), [(505, 900), (505, 0)]],
    "e": [[(70, 250), (500, 250), *arc(285, 250, 215, 10, 300)]],
    "f": [[(380, 870), (300, 900), (220, 820), (220, 0)], [(60, 500), (380, 500)]],
    "g": [arc(270, 250, 235, 0, 360, 40), [(505, 500), (505, -250), (400, -350), (150, -330)]],
    "h": [[(80, 900), (80, 0)], [(80, 300), *arc(270, 300, 190, 150, 0), (460, 0)]],
    "i": [[(120, 500), (120, 0)], [(120, 700), (122, 712)]],
    "j": [[(120, 500), (120, -250), (20, -330)], [(120, 700), (122, 712)]],
    "k": [[(80, 900), (80, 0)], [(420, 500), (80, 230)], [(160, 294), (450, 0)]],
    "l": [[(120, 900), (120, 0)]],
    "m": [[(80, 500), (80, 0)], [(80, 330), *arc(230, 350, 150, 170, 0), (380, 0)],
          [(380, 330), *arc(530, 350, 150, 170, 0), (680, 0)]],
    "n": [[(80, 500), (80, 0)], [(80, 300), *arc(270, 310, 190, 170, 0), (460, 0)]],
    "o": [arc(300, 250, 250, 0, 360, 40)],
    "p": [[(80, 500), (80, -350)], arc(315, 250, 235, 0, 360, 40)],
    "q": [arc(270, 250, 235, 0, 360, 40), [(505, 500), (505, -350)]],
    "r": [[(80, 500), (80, 0)], [(80, 300), *arc(250, 320, 170, 170, 60)]],
    "s": [[*arc(250, 370, 130, 30, 260, 16), *arc(250, 120, 130, 80, -150, 16)]],
    "t": [[(180, 750), (180, 0)], [(40, 500), (320, 500)]],
    "u": [[(80, 500), (80, 200), *arc(270, 200, 190, 180, 350), (460, 500)], [(460, 500), (460, 0)]],
    "v": [[(60, 500), (270, 0), (480, 500)]],
    "w": [[(60, 500), (220, 0), (390, 480), (560, 0), (720, 500)]],
    "x": [[(60, 500), (440, 0)], [(440, 500), (60, 0)]],
    "y": [[(60, 500), (260, 30)], [(460, 500), (140, -350)]],
    "z": [[(60, 500), (440, 500), (60, 0), (450, 0)]],
    "T": [[(40, 900), (560, 900)], [(300, 900), (300, 0)]],
    "V": [[(40, 900), (300, 0), (560, 900)]],
}  # fmt: skip


def ribbon(way: Way) -> list[Way]:
    """Outlines of a round nib's way: a disc at each of its points and a bar along each of its pieces."""
    r = NIB / 2
    shapes: list[Way] = [arc(x, y, r, 360, 15, 24) for x, y in way]
    for (x0, y0), (x1, y1) in pairwise(way):
        span = math.hypot(x1 - x0, y1 - y0)
        nx, ny = -(y1 - y0) / span * r, (x1 - x0) / span * r
        shapes.append([(x0 + nx, y0 + ny), (x1 + nx, y1 + ny), (x1 - nx, y1 - ny), (x0 - nx, y0 - ny)])
    return shapes


def build(
    path: Path, ways: dict[str, list[Way]], *, licence: str = "Drawn for a test; do with it what you like."
) -> Path:
    """A TrueType font of these letters."""
    names = [".notdef", "space", *ways]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({0x20: "space"} | {ord(char): char for char in ways})
    glyphs = {}
    for name in names:
        pen = TTGlyphPen(None)
        for way in ways.get(name, ()):
            for shape in ribbon(way):
                pen.moveTo((round(shape[0][0]), round(shape[0][1])))
                for x, y in shape[1:]:
                    pen.lineTo((round(x), round(y)))
                pen.closePath()
        glyphs[name] = pen.glyph()
    builder.setupGlyf(glyphs)
    widths = {name: round(max(x for way in ways[name] for x, _ in way)) + 80 for name in ways}
    bearings = {name: round(min(x for way in ways[name] for x, _ in way) - NIB / 2) for name in ways}
    builder.setupHorizontalMetrics({name: (widths.get(name, 300), bearings.get(name, 0)) for name in names})
    builder.setupHorizontalHeader(ascent=1000, descent=-400)
    builder.setupNameTable(
        {"familyName": "Test Nib", "styleName": "Regular", "fullName": "Test Nib", "licenseDescription": licence}
    )
    builder.setupOS2(sxHeight=500)
    builder.setupPost()
    if {"T", "V", "a"} <= set(ways):
        addOpenTypeFeaturesFromString(builder.font, "@o = [a o c]; feature kern { pos T a -90; pos V @o -60; } kern;")
    builder.save(path)
    return path


@pytest.fixture(scope="module")
def nib(tmp_path_factory: pytest.TempPathFactory) -> tuple[Face, Report]:
    return read(build(tmp_path_factory.mktemp("font") / "nib.ttf", WAYS), "nib")


@pytest.mark.parametrize("char", sorted(WAYS))
def test_strokes_run_where_the_nib_ran(nib: tuple[Face, Report], char: str) -> None:
    glyph = nib[0].glyphs[char][0]
    ink = np.concatenate([*glyph.strokes, *glyph.late])
    ran = np.concatenate([np.linspace(p, q, 40) for way in WAYS[char] for p, q in pairwise(way)]) / 500
    far = np.hypot(*(ink[:, None] - ran[None]).transpose(2, 0, 1))
    assert far.min(axis=1).max() < 0.13, "no ink beside the nib's way"
    assert far.min(axis=0).max() < 0.2, "none of its way left out"


def test_people_lift_the_pen_as_often(nib: tuple[Face, Report]) -> None:
    glyphs = nib[0].glyphs
    strokes = {char: (len(glyphs[char][0].strokes), len(glyphs[char][0].late)) for char in "abcdehlmnopqrsuvwzitfj"}
    assert strokes == dict.fromkeys("abcdehlmnopqrsuvwz", (1, 0)) | dict.fromkeys("itfj", (1, 1))


def test_strokes_begin_where_people_begin(nib: tuple[Face, Report]) -> None:
    start = {char: nib[0].glyphs[char][0].strokes[0][0] for char in "lhbpnmrcsvwzeft"}
    for char in "lhb":
        assert start[char][1] > 1.6, char
    for char in "pnmrcsvwz":
        assert start[char][1] > 0.7, char
    for char in "pnmrvwz":
        assert start[char][0] < 0.35, char
    assert start["e"] == pytest.approx((0.15, 0.5), abs=0.15)


def test_kerning_space_and_licence_come_along(nib: tuple[Face, Report]) -> None:
    face, report = nib
    assert face.kerning["T", "a"] == pytest.approx(-90 / 500, rel=0.05)
    assert face.kerning["V", "o"] == pytest.approx(-60 / 500, rel=0.05)
    assert report.kerning_pairs == 4
    assert face.acknowledgement == "Drawn for a test; do with it what you like."
    assert face.title == "Test Nib"
    assert face.ascender == pytest.approx(1.8, abs=0.06)


def test_the_report_says_how_good_it_is(nib: tuple[Face, Report]) -> None:
    report = nib[1]
    assert report.covered is not None
    assert report.covered > 0.97
    assert report.beyond is not None
    assert report.beyond < 0.1
    assert report.characters == len(WAYS)
    assert report.failed == {}


def test_a_filled_letter_is_left_out_and_said(tmp_path: Path) -> None:
    square = [[(40 + step * 20.0, 0), (40 + step * 20.0, 900)] for step in range(25)]
    _, report = read(build(tmp_path / "heavy.ttf", {**WAYS, "H": square}), "heavy")
    assert "cover only" in report.failed["H"]


def test_what_is_kept_is_the_same(tmp_path: Path, nib: tuple[Face, Report]) -> None:
    keep(*nib, tmp_path / "nib.json")
    face, report = load(tmp_path / "nib.json")
    assert report == nib[1]
    assert set(face.glyphs) == set(nib[0].glyphs)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("text.ttf", b"hello", "not a TTF"),
        ("empty.otf", b"", "not a TTF"),
        ("new.woff2", b"wOF2" + bytes(60), "WOFF2"),
        ("two.ttc", b"ttcf" + bytes(60), "collection"),
    ],
)
def test_what_is_no_font_is_refused(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(FontFault, match=words):
        read(tmp_path / name, "bad")


def test_a_truncated_font_is_refused(tmp_path: Path) -> None:
    whole = build(tmp_path / "whole.ttf", WAYS).read_bytes()
    (tmp_path / "half.ttf").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FontFault):
        read(tmp_path / "half.ttf", "half")


def test_a_font_without_small_letters_is_refused(tmp_path: Path) -> None:
    few = {char: WAYS[char] for char in "xoTV"}
    with pytest.raises(FontFault, match="small letters"):
        read(build(tmp_path / "few.ttf", few), "few")
