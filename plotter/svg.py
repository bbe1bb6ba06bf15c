"""SVG: ink as a picture in true size, and back; PNG of it. The flip between y up and y down lives here."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import Literal

import numpy as np

from plotter.strokes import Stroke, simplify_all, stroke

# Points that change the picture by less than this are left out, mm: a tenth of what a machine can do.
TOLERANCE_MM = 0.005


def draw(
    strokes: Sequence[Stroke],
    width_mm: float,
    height_mm: float,
    *,
    pen_mm: float = 0.35,
    title: str = "",
    fold: Literal["none", "left", "top"] = "none",
    ink: str = "#1d2a6b",
    paper: str = "#fffdf7",
    turns: Sequence[int] = (),
) -> str:
    """Ink on paper as SVG in true size: one `<path data-stroke="k">` a stroke, round ends, dots too.

    `strokes` in mm, y up, origin at the paper's lower left corner; `turns`: for each its number k, where that is not
    its place in the list. Same strokes, same text, to the byte. Strokes keep their shape within TOLERANCE_MM.
    """
    root = ET.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "width": f"{width_mm:g}mm",
            "height": f"{height_mm:g}mm",
            "viewBox": f"0 0 {width_mm:g} {height_mm:g}",
        },
    )
    if title:
        root.set("role", "img")
        ET.SubElement(root, "title").text = "".join(c for c in title if c >= " " or c in "\t\n")
    ET.SubElement(root, "rect", {"width": f"{width_mm:g}", "height": f"{height_mm:g}", "fill": paper})
    crease = {"left": f"M{width_mm / 2:g} 0V{height_mm:g}", "top": f"M0 {height_mm / 2:g}H{width_mm:g}"}.get(fold)
    if crease:
        ET.SubElement(
            root,
            "path",
            {"class": "fold", "d": crease, "stroke": "#b8b2a4", "stroke-width": "0.2", "stroke-dasharray": "2 1.5"},
        )
    lines = ET.SubElement(
        root,
        "g",
        {
            "class": "ink",
            "fill": "none",
            "stroke": ink,
            "stroke-width": f"{pen_mm:g}",
            "stroke-linecap": "round",
            "stroke-linejoin": "round",
        },
    )
    for k, one in enumerate(simplify_all(strokes, TOLERANCE_MM)):
        ET.SubElement(lines, "path", {"data-stroke": str(turns[k] if turns else k), "d": _path(one, height_mm)})
    return ET.tostring(root, encoding="unicode") + "\n"


def _path(one: Stroke, height_mm: float) -> str:
    """`M x y L x y ...`; a dot is a line to where it began, which round ends make visible."""
    turned = np.round(np.column_stack((one[:, 0], height_mm - one[:, 1])), 3) + 0.0
    points = ["%.3f %.3f" % (x, y) for x, y in turned.tolist()]  # noqa: UP031 (twice as fast)
    return f"M{points[0]}L{' '.join(points[1:] or points)}"


def strokes_of(svg: str) -> list[Stroke]:
    """The strokes of a picture that `draw` made: mm, y up, in writing order; raises ValueError for any other SVG."""
    try:
        root = ET.fromstring(svg)
        height = float(root.attrib["viewBox"].split()[3])
        paths = [node for node in root.iter() if node.tag.endswith("path") and "data-stroke" in node.attrib]
        paths.sort(key=lambda node: int(node.attrib["data-stroke"]))
        return [_stroke(node.attrib["d"], height) for node in paths]
    except (ET.ParseError, KeyError, IndexError, ValueError) as error:
        raise ValueError(f"this is not a picture of strokes as Fairhand draws them: {error}") from None


def _stroke(path: str, height_mm: float) -> Stroke:
    numbers = np.array(path.removeprefix("M").replace("L", " ").split(), dtype=np.float64).reshape(-1, 2)
    points = np.column_stack((numbers[:, 0], height_mm - numbers[:, 1]))
    return stroke(points[:1] if len(points) == 2 and (points[0] == points[1]).all() else points)


def png(svg: str, dpi: int = 300) -> bytes:
    """The picture as PNG at `dpi` pixels an inch of paper; raises ValueError when it is not SVG."""
    import resvg_py

    # No text stands in it, so no fonts are looked for: the same picture on every computer.
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, dpi=float(dpi), skip_system_fonts=True))
