"""Pictures: true size, the same bytes each time, every stroke there and back, dots to be seen."""

import struct
import xml.etree.ElementTree as ET
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plotter.strokes import Stroke, deviation, length, stroke
from plotter.svg import draw, png, strokes_of

GOLDEN = Path(__file__).parent / "golden" / "letters.svg"
points = st.tuples(st.floats(0, 8), st.floats(0, 8))
drawings = st.lists(st.lists(points, min_size=1, max_size=20).map(stroke), min_size=0, max_size=6)


@given(drawings)
def test_there_and_back(drawing: list[Stroke]) -> None:
    picture = draw(drawing, 8, 8)
    back = strokes_of(picture)
    assert len(back) == len(drawing)
    for was, now in zip(drawing, back, strict=True):
        assert deviation([was], [now]) <= 0.006
    assert draw(drawing, 8, 8) == picture
    assert deviation(strokes_of(draw(back, 8, 8)), back) <= 0.006


@given(st.text())
def test_words_in_the_title_stay_words(title: str) -> None:
    root = ET.fromstring(draw([stroke([(1, 1)])], 10, 10, title=title))
    assert [node.tag.split("}")[1] for node in root if node.tag.split("}")[1] != "title"] == ["rect", "g"]
    assert (root.findtext("{*}title") or "") == "".join(
        c for c in title.replace("\r\n", "\n").replace("\r", "") if c >= " " or c in "\t\n"
    )


def test_true_size_and_y_up() -> None:
    root = ET.fromstring(draw([stroke([(0, 0), (10, 0)])], 148, 105, fold="left"))
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("148mm", "105mm", "0 0 148 105")
    assert root.find(".//*[@data-stroke='0']").get("d") == "M0.000 105.000L10.000 105.000"  # type: ignore[union-attr]
    assert root.find(".//*[@class='fold']").get("d") == "M74 0V105"  # type: ignore[union-attr]


def pixels(data: bytes) -> np.ndarray:
    """The grey levels of an 8-bit RGBA PNG, row by row from the top."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, body, size = 8, b"", (0, 0)
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, chunk = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            size = struct.unpack(">II", chunk[:8])
            assert chunk[8:10] == b"\x08\x06"
        body += chunk if kind == b"IDAT" else b""
        at += length + 12
    width, height = size
    raw = np.frombuffer(zlib.decompress(body), dtype=np.uint8).reshape(height, 1 + 4 * width)
    rows = np.zeros((height, 4 * width), dtype=np.int64)
    for y in range(height):
        line, above = raw[y, 1:].astype(np.int64), rows[y - 1] if y else np.zeros(4 * width, dtype=np.int64)
        filtering = raw[y, 0]
        for x in range(4 * width):
            left, up = (rows[y, x - 4] if x >= 4 else 0), above[x]
            corner = above[x - 4] if x >= 4 else 0
            guess = left + up - corner
            paeth = min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]
            rows[y, x] = (line[x] + (0, left, up, (left + up) // 2, paeth)[filtering]) % 256
    return rows.reshape(height, width, 4)[:, :, :3].mean(axis=2)


def test_png_has_the_ink_where_it_is_and_dots_can_be_seen() -> None:
    image = pixels(png(draw([stroke([(2, 8), (8, 8)]), stroke([(5, 2)])], 10, 10, pen_mm=0.5), dpi=127))
    assert image.shape == (50, 50)
    dark = image < 128
    assert dark[9:11, 12:38].all()
    assert dark[39:41, 24:26].any()
    assert not dark[15:35].any()


@pytest.mark.parametrize("bad", ["", "<svg/>", "not xml", '<svg viewBox="0 0 1 1"><path data-stroke="0" d="Q"/></svg>'])
def test_other_pictures_are_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="not a picture of strokes"):
        strokes_of(bad)


def golden() -> str:
    import test_plotter_gcode

    return draw(test_plotter_gcode.drawing(), 80, 40, title="a <golden> card", fold="top")


def test_golden_svg() -> None:
    """Made anew by `python tests/test_plotter_svg.py`: look at the difference before committing it."""
    expected = GOLDEN.read_text(encoding="utf-8")
    assert golden() == expected
    assert deviation(strokes_of(golden()), strokes_of(expected)) == 0


def test_the_golden_comparison_can_fail() -> None:
    import test_plotter_gcode

    moved = [one + np.array([0.002, 0]) for one in test_plotter_gcode.drawing()]
    assert draw(moved, 80, 40, title="a <golden> card", fold="top") != golden()
    assert draw(test_plotter_gcode.drawing()[:-1], 80, 40, title="a <golden> card", fold="top") != golden()


if __name__ == "__main__":
    GOLDEN.write_text(golden(), encoding="utf-8")


def test_another_reader_sees_the_same_ink(tmp_path: Path) -> None:
    """svgpathtools, which knows nothing of us, finds each stroke where we drew it (y down, mm)."""
    from svgpathtools import svg2paths

    drawn = [stroke([(10, 20), (30, 22.5), (31, 40)]), stroke([(50, 60), (70, 61)])]
    (tmp_path / "card.svg").write_text(draw(drawn, 148, 105), encoding="utf-8")
    paths, attributes = svg2paths(str(tmp_path / "card.svg"))
    found = [path for path, more in zip(paths, attributes, strict=True) if "data-stroke" in more]
    assert [path.start for path in found] == [complex(10, 85), complex(50, 45)]
    assert [path.end for path in found] == [complex(31, 65), complex(70, 44)]
    assert [path.length() for path in found] == pytest.approx([length(one) for one in drawn], abs=0.01)


def test_strokes_may_be_numbered_as_they_are_drawn() -> None:
    drawing = [stroke([(1, 1), (2, 1)]), stroke([(3, 3), (4, 3)])]
    numbered = draw(drawing, 10, 10, turns=(1, 0))
    assert [one.tolist() for one in strokes_of(numbered)] == [
        one.tolist() for one in strokes_of(draw(drawing[::-1], 10, 10))
    ]
