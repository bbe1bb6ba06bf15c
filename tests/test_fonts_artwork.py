"""Artwork is read as SVG means it, refused where a pen cannot follow, and drawn a little otherwise each time."""

import math
import os
from pathlib import Path

import numpy as np
import pytest

from fonts.artwork import MOST_BYTES, Artwork, NotArtwork, read
from fonts.card import Box
from fonts.drawer import Drawer, placed
from plotter.strokes import Stroke, bounds, deviation, length

EXAMPLES = Path(__file__).parent.parent / "examples" / "artwork"
DRAWER = Drawer(EXAMPLES)
BOX = Box(x_mm=20, y_mm=30, width_mm=30, height_mm=18)


def svg(inside: str, head: str = 'width="100mm" height="50mm" viewBox="0 0 100 50"') -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg" {head}>{inside}</svg>'.encode()


def lines(inside: str, head: str = 'width="100mm" height="50mm" viewBox="0 0 100 50"') -> Artwork:
    return read(svg(f'<g fill="none" stroke="black">{inside}</g>', head))


def refused(data: bytes) -> str:
    with pytest.raises(NotArtwork) as caught:
        read(data)
    return str(caught.value)


SHAPES = {
    '<line x1="10" y1="10" x2="40" y2="10"/>': (30, 0, 30),
    '<path d="M10 10h30v20"/>': (30, 20, 50),
    '<path d="m10,10 c0,10 30,10 30,0 s10-5,20,3 t4 4 q2 2 4 0"/>': None,
    '<polyline points="0,0 10,0 10,5"/>': (10, 5, 15),
    '<polygon points="0,0 10,0 10,5"/>': (10, 5, 15 + math.hypot(10, 5)),
    '<rect x="5" y="5" width="20" height="10"/>': (20, 10, 60),
    '<rect x="5" y="5" width="20" height="10" rx="3" ry="99"/>': (20, 10, None),
    '<circle cx="20" cy="20" r="10"/>': (20, 20, 20 * math.pi),
    '<circle r="10mm"/>': (20 * 96 / 25.4, 20 * 96 / 25.4, None),
    '<ellipse cx="20" cy="20" rx="10" ry="5"/>': (20, 10, 48.44),
    '<path d="M0 0A10 10 0 0 1 20 0"/>': (20, 10, 10 * math.pi),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_have_their_size_and_length(shape: str) -> None:
    art = lines(shape)
    [one] = art.strokes
    wanted = SHAPES[shape]
    if wanted is not None:
        wide, high, way = wanted
        assert (art.width_mm, art.height_mm) == pytest.approx((wide, high), abs=0.02)
        assert way is None or length(one) == pytest.approx(way, rel=0.002)
    box = bounds(art.strokes)
    assert (box.x0, box.y0) == pytest.approx((0, 0), abs=0.03)


def test_y_points_up_and_subpaths_are_strokes() -> None:
    art = lines('<path d="M0 0L10 10M20 0L20 4"/>')
    assert len(art.strokes) == 2
    assert art.strokes[0] == pytest.approx(np.array([[0, 10], [10, 0]]))
    assert art.strokes[1] == pytest.approx(np.array([[20, 10], [20, 6]]))


@pytest.mark.parametrize(
    ("head", "mm"),
    [
        ('width="100mm" height="50mm" viewBox="0 0 100 50"', 30),
        ('width="2in" height="1in" viewBox="0 0 100 50"', 30 * 0.508),
        ('width="72pt" height="36pt" viewBox="0,0,100,50"', 30 * 0.254),
        ('width="96" height="48"', 30 * 25.4 / 96),
        ('width="100%" viewBox="0 0 100 50"', 30 * 25.4 / 96),
        ('viewBox="-50 -50 100 50"', 30 * 25.4 / 96),
        ('width="100mm" height="100mm" viewBox="0 0 100 50"', 30),
        ('width="10cm" viewBox="0 0 100 50"', 30),
        ("", 30 * 25.4 / 96),
    ],
)
def test_units_and_view_boxes(head: str, mm: float) -> None:
    assert lines('<line x1="10" y1="10" x2="40" y2="10"/>', head).width_mm == pytest.approx(mm)


def test_transforms_of_nested_groups() -> None:
    nested = '<g transform="translate(5 5)"><g transform="rotate(90) scale(2, 3)"><path d="M0 0H10"/></g></g>'
    [one] = lines(nested + '<path d="M5 5L5 25" transform="matrix(1 0 0 1 0 0)"/>').strokes[:1]
    assert one == pytest.approx(np.array([[0, 20], [0, 0]]), abs=1e-9)


def test_style_sheets_and_inheritance_say_what_is_drawn() -> None:
    style = "<style>.a, .b { fill: none; stroke: #000 } path.c{stroke:red} /* x */ line { stroke: none }</style>"
    drawn = (
        '<path class="a" d="M0 0H10V10Z"/><path class="x b" d="M0 0H20"/><path class="c" style="fill:none" d="M0 0H5"/>'
    )
    hidden = (
        '<line x1="0" y1="0" x2="9" y2="9"/><path fill="none" d="M0 0h24v24H0z"/>'
        '<g display="none"><path d="M0 0H3V3Z"/></g><g visibility="hidden"><path d="M0 0H3V3Z"/></g>'
        "<defs><path d='M0 0H3V3Z'/></defs><metadata/><title>x</title>"
    )
    assert len(read(svg(style + drawn + hidden)).strokes) == 3
    assert "nothing in it is drawn" in refused(svg(style + hidden))


@pytest.mark.parametrize(
    "shape",
    ['<circle r="5"/>', '<path stroke="red" d="M0 0L5 5L0 9"/>', '<g fill="#fff"><rect width="5" height="5"/></g>'],
)
def test_what_is_filled_is_refused_or_hatched(shape: str) -> None:
    assert "is filled" in refused(svg(shape))
    art = read(svg(f'<g data-hatch="0.5">{shape}</g>'))
    assert len(art.strokes) > 5


def test_hatching_fills_the_shape_and_leaves_its_holes() -> None:
    ring = '<path data-hatch="0.5" fill="#000" d="M0 0H20V20H0ZM5 5H15V15H5Z"/>'
    art = read(svg(ring))
    assert sum(map(length, art.strokes)) == pytest.approx((400 - 100) / 0.5, rel=0.03)
    inner = np.concatenate([np.linspace(one[0], one[-1], 50) for one in art.strokes])
    assert not (np.abs(inner - 10).max(axis=1) < 4.5).any()
    assert "at least 0.2" in refused(svg(ring.replace('"0.5"', '"0"')))


BOMB = b"""<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<svg xmlns="http://www.w3.org/2000/svg"><title>&b;</title></svg>"""


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (BOMB, "declares XML entities"),
        (BOMB.replace(b'"aaaaaaaaaa"', b'SYSTEM "file:///etc/hostname"'), "declares XML entities"),
        (b"<svg", "not well-formed"),
        (b"\xff\xfe\x00", "not well-formed"),
        (b"", "not well-formed"),
        (b"<svg/>", "no SVG"),
        (svg('<text x="1" y="1">Hi</text>'), "turn the letters into paths"),
        (svg('<use href="#a"/>'), "clones"),
        (svg('<image href="file:///etc/hostname"/>'), "no pictures"),
        (svg('<path fill="none" stroke="red" d="M0 0L"/>'), "cannot be read"),
        (svg('<g id="top" clip-path="url(#a)"><circle r="2"/></g>'), "<g> “top” has a clip-path"),
        (svg('<path fill="none" stroke="red" transform="spin(5)" d="M0 0H5"/>'), "the transform of <path>"),
        (svg('<circle fill="none" stroke="red" r="5furlongs"/>'), "is no length"),
        (svg("", 'viewBox="0 0 0 0"'), "viewBox is empty"),
        (svg("", 'viewBox="a b"'), "four numbers"),
        (svg("<g>" * 9000 + "</g>" * 9000), "more than 100 deep"),
        (svg("") + b" " * MOST_BYTES, "bytes; at most"),
        (svg('<path fill="none" stroke="red" d="M0 0L1e999 5"/>'), "further than any paper"),
        (svg('<path fill="none" stroke="red" d="' + "M0 0A4e3 4e3 0 0 1 5e3 9" * 900 + '"/>'), "more than 200000"),
    ],
)  # fmt: skip
def test_what_no_pen_can_draw_is_refused_in_words(data: bytes, words: str) -> None:
    assert words in refused(data)


def test_the_examples_are_drawn_true_to_their_size() -> None:
    assert set(DRAWER) == {"cup", "heart", "signatures/margaret"}
    for art in DRAWER.values():
        assert 8 < art.width_mm < 40
        assert 8 < art.height_mm < 40


def test_names_come_from_the_folder_and_never_lead_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "in" / "a" / "b").mkdir(parents=True)
    for name in ("out", "in/heart", "in/a/jo", "in/a/b/deep", "in/Bad Name"):
        (tmp_path / f"{name}.svg").write_bytes((EXAMPLES / "heart.svg").read_bytes())
    drawer = Drawer(tmp_path / "in")
    assert list(drawer) == ["heart", "a/jo"]
    assert drawer.unnamed == ("Bad Name",)
    assert drawer["a/jo"].strokes
    for name in ("../out", "a/../heart", "a/b/deep", "/etc/hostname", "heart.svg", ""):
        assert name not in drawer
        with pytest.raises(KeyError):
            drawer[name]
    assert list(Drawer()) == []


@pytest.mark.parametrize("name", DRAWER)
def test_drawn_again_it_differs_as_a_hand_does(name: str) -> None:
    def drawn(seed: int) -> list[Stroke]:
        return placed(DRAWER[name], BOX, seed)

    art = DRAWER[name]
    size = max(art.width_mm, art.height_mm) * min(1, BOX.width_mm / art.width_mm, BOX.height_mm / art.height_mm)
    assert deviation(drawn(1), drawn(1)) == 0
    apart = [deviation(drawn(1), drawn(seed)) for seed in range(2, 8)]
    assert min(apart) > 0.004 * size
    assert max(apart) < 0.12 * size
    for seed in range(20):
        box = bounds(drawn(seed))
        assert box.x0 >= BOX.x_mm - 1e-3
        assert box.y0 >= BOX.y_mm - 1e-3
        assert box.x1 <= BOX.x_mm + BOX.width_mm + 1e-3
        assert box.y1 <= BOX.y_mm + BOX.height_mm + 1e-3
        assert len(drawn(seed)) == len(art.strokes)


def test_it_grows_only_where_it_may() -> None:
    wide = Box(x_mm=0, y_mm=0, width_mm=200, height_mm=200)
    art = DRAWER["heart"]
    kept, grown = (bounds(placed(art, wide, 3, grow=grow)) for grow in (False, True))
    assert kept.x1 - kept.x0 == pytest.approx(art.width_mm, rel=0.12)
    assert grown.x1 - grown.x0 > 150


@pytest.mark.parametrize(
    ("drawn", "words"),
    [
        ('<path fill="none" stroke="black" d="' + "M0 0L1 1" * 10_001 + '"/>', "more than 10000 strokes"),
        ('<path fill="none" stroke="black" d="M0 0L1 1"/>' * 10_001, "more than 10000 strokes"),
        ('<g transform="scale(1e6)"><path fill="none" stroke="black" d="M0 0L1e6 1e6"/></g>', "further than any paper"),
        ('<path data-hatch="0.2" d="M0 0H40000L0 0.05L-40 90Z"/>', "further than any paper"),
    ],
)
def test_a_drawing_no_pen_would_ever_end_is_refused(drawn: str, words: str) -> None:
    assert words in refused(svg(drawn))


@pytest.mark.parametrize("size", ["inf inf", "nan nan", "1e300 1e300", "0 5"])
def test_a_view_box_without_a_size_is_refused(size: str) -> None:
    assert "viewBox" in refused(svg('<path fill="none" stroke="black" d="M0 0L9 9"/>', f'viewBox="0 0 {size}"'))


@pytest.mark.parametrize("sheet", ["a" * 900_000, "/*" * 400_000, "path{" * 200_000, "path{x:y}" * 100_000])
def test_a_style_sheet_is_read_in_one_pass(sheet: str) -> None:
    assert lines(f"<style>{sheet}</style><path d='M0 0L9 9'/>").strokes


def test_style_sheets_say_how_a_shape_looks_the_later_the_stronger() -> None:
    sheet = (
        "/* .a{display:none} */ path,.b { fill: black } @media all { path.a{fill:none; stroke:red} } .b{fill:none /*"
    )
    assert len(lines(f'<style>{sheet}}}</style><path class="a" d="M0 0H9V9Z"/>').strokes) == 1
    assert "is filled" in refused(svg(f'<style>{sheet}</style><path class="c b" d="M0 0H9V9Z"/>'))


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.svg")
    (tmp_path / "folder.svg").mkdir()
    (tmp_path / "loop.svg").symlink_to(tmp_path / "loop.svg")
    drawer = Drawer(tmp_path)
    assert set(drawer) == {"pipe", "folder", "loop"}
    for name in drawer:
        with pytest.raises(NotArtwork, match="no file"):
            drawer[name]
