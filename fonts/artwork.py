"""Artwork: signatures and doodles out of SVG files, as strokes in mm. Lines only: a pen fills nothing."""

import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NoReturn
from xml.parsers import expat

import numpy as np
from numpy.typing import NDArray

from plotter.strokes import Stroke, bounds, simplify_all

Matrix = NDArray[np.float64]  # 3 x 3, user units of an element to mm

MOST_BYTES = 1 << 20
MOST_POINTS = 200_000
MOST_STROKES = 10_000  # a pen lifts five times a second: half an hour's work
TOLERANCE_MM = 0.02
_STEP_MM = 0.15  # between points on a curve
_DEEPEST = 100  # groups in groups
_FAR = 1e7  # no number in a drawing reaches it
_FAR_MM = 1e4  # nor does a drawing reach so far
_SVG = "{http://www.w3.org/2000/svg}"
_MM = {"": 25.4 / 96, "px": 25.4 / 96, "pt": 25.4 / 72, "pc": 25.4 / 6, "mm": 1.0, "cm": 10.0, "in": 25.4, "q": 0.25}
_LENGTH = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*(|px|pt|pc|mm|cm|in|q)\s*", re.IGNORECASE)
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_INHERITED = ("fill", "stroke", "visibility", "data-hatch")
_LOOKS = frozenset((*_INHERITED, "display", "clip-path", "mask", "filter"))
_GROUPS = {"g", "a"}
_SHAPES = {"path", "line", "polyline", "polygon", "rect", "circle", "ellipse"}
# Say something about the drawing, or wait to be used: without ink of their own.
_SILENT = {
    "title",
    "desc",
    "metadata",
    "defs",
    "style",
    "symbol",
    "clipPath",
    "mask",
    "marker",
    "pattern",
    "filter",
} | {
    "linearGradient",
    "radialGradient",
    "script",
}
_TOO_MANY = f"the drawing has more than {MOST_STROKES} strokes; simplify it first"
_REMEDY = {
    "text": "turn the letters into paths first",
    "use": "turn clones into paths first",
    "image": "a pen draws no pictures made of dots",
    "svg": "an SVG inside another cannot be read; ungroup it first",
}


class NotArtwork(ValueError):
    """An SVG that no pen can draw as it is, and what to do about it."""


@dataclass(frozen=True, eq=False)
class Artwork:
    """Strokes in mm, y up, in the order of the file; the ink's lower left corner is the origin."""

    strokes: tuple[Stroke, ...]
    width_mm: float
    height_mm: float


def read(svg: bytes) -> Artwork:
    """The drawing of an SVG file: shapes and groups, their transforms, units and viewBox; raises NotArtwork.

    What is filled is refused, unless a `data-hatch` on it, or on a group around it, gives the distance in mm of the
    lines it shall be hatched with. What SVG itself does not show (neither fill nor stroke) is not drawn.
    """
    if len(svg) > MOST_BYTES:
        raise NotArtwork(f"the file has {len(svg)} bytes; at most {MOST_BYTES} are taken")
    root = _parsed(svg)
    if root.tag != f"{_SVG}svg":
        raise NotArtwork("the file is no SVG: its outermost element is not <svg> of http://www.w3.org/2000/svg")
    rules = _rules(root)
    strokes: list[Stroke] = []
    points = 0
    for one in _inside(root, _to_mm(root), _looks(root, {}, rules), rules):
        strokes.append(one)
        points += len(one)
        if points > MOST_POINTS:
            raise NotArtwork(f"the drawing has more than {MOST_POINTS} points; simplify it first")
        if len(strokes) > MOST_STROKES:
            raise NotArtwork(_TOO_MANY)
    if not strokes:
        raise NotArtwork("nothing in it is drawn with a stroke")
    box = bounds(strokes)
    flipped = [np.column_stack((one[:, 0] - box.x0, box.y1 - one[:, 1])) for one in strokes]
    kept = simplify_all(flipped, TOLERANCE_MM)
    return Artwork(tuple(kept), box.x1 - box.x0, box.y1 - box.y0)


def _parsed(svg: bytes) -> ET.Element:
    """The elements; a document that declares entities is refused before any is put in."""

    def refuse(*_: Any) -> NoReturn:
        raise NotArtwork("the file declares XML entities; save it as plain SVG")

    guard = expat.ParserCreate()
    guard.EntityDeclHandler = refuse
    try:
        guard.Parse(svg, True)
        return ET.fromstring(svg)
    except (expat.ExpatError, ET.ParseError, LookupError, ValueError) as error:
        if isinstance(error, NotArtwork):
            raise
        raise NotArtwork(f"the file is not well-formed XML: {error}") from None


def _length(text: str | None, what: str) -> float | None:
    """A length in mm; None where there is none, or only a share of something."""
    if text is None or text.strip().endswith("%") or text.strip() == "auto":
        return None
    found = _LENGTH.fullmatch(text)
    if not found or not math.isfinite(float(found[1])):
        raise NotArtwork(f"{what}=“{text[:30]}” is no length; units are mm, cm, in, pt, pc, px")
    return float(found[1]) * _MM[found[2].lower()]


def _to_mm(root: ET.Element) -> Matrix:
    """User units of the whole drawing to mm (SVG 1.1, 7: units, viewBox; proportions are kept)."""
    width, height = _length(root.get("width"), "width"), _length(root.get("height"), "height")
    scale = _MM["px"]
    if (box := root.get("viewBox")) is not None:
        try:
            _, _, wide, high = (float(part) for part in box.replace(",", " ").split())
        except ValueError:
            raise NotArtwork(f"viewBox=“{box[:40]}” is not four numbers") from None
        if not (0 < wide < _FAR and 0 < high < _FAR):
            raise NotArtwork("the viewBox is empty, or has no end")
        shares = [size / part for size, part in ((width, wide), (height, high)) if size]
        scale = min(shares, default=scale)
    return np.diag([scale, scale, 1.0])


# ------------------------------------------------------------------------------------------------ looks


Rules = Mapping[str, Mapping[str, tuple[int, str]]]  # selector -> property -> its place in the file, value


def _rules(root: ET.Element) -> Rules:
    """What style sheets in the file say of elements and classes; selectors of other kinds say nothing to us."""
    text = " ".join(node.text or "" for node in root.iter(f"{_SVG}style"))
    rules: dict[str, dict[str, tuple[int, str]]] = {}
    for place, block in enumerate(_COMMENT.sub(" ", text).split("}")[:-1]):
        before, _, body = block.rpartition("{")
        declared = {name: (place, value) for name, value in _declared(body).items() if name in _LOOKS}
        for selector in before.rpartition("{")[2].split(",") if declared else ():
            rules.setdefault(selector.strip(), {}).update(declared)
    return rules


def _declared(style: str) -> dict[str, str]:
    pairs = (part.partition(":") for part in style.split(";"))
    return {name.strip(): value.replace("!important", "").strip() for name, _, value in pairs if value.strip()}


def _looks(node: ET.Element, around: Mapping[str, str], rules: Rules) -> dict[str, str]:
    """How an element looks: what is inherited, its attributes, style sheets, its style, the later the stronger."""
    looks = {name: around[name] for name in _INHERITED if name in around}
    looks |= node.attrib
    tag, classes = node.tag.removeprefix(_SVG), dict.fromkeys(node.get("class", "").split())
    selectors = [tag, *(f"{of}.{one}" for one in classes for of in ("", tag))]
    said = [(place, name, value) for one in selectors for name, (place, value) in rules.get(one, {}).items()]
    looks |= {name: value for _, name, value in sorted(said)}
    looks |= _declared(node.get("style", ""))
    return looks


def _none(value: str) -> bool:
    return value.strip().lower() in ("none", "transparent")


# ------------------------------------------------------------------------------------------------ shapes


def _inside(
    group: ET.Element,
    matrix: Matrix,
    around: Mapping[str, str],
    rules: Rules,
    depth: int = 0,
) -> Iterator[Stroke]:
    """The strokes of all that stands in a group, mm, y down, in the order of the file."""
    from svgpathtools.parser import parse_transform

    if depth > _DEEPEST:
        raise NotArtwork(f"groups stand more than {_DEEPEST} deep in one another; ungroup them first")
    for node in group:
        if not isinstance(node.tag, str) or not node.tag.startswith(_SVG):
            continue  # comments, and what editors keep for themselves
        tag = node.tag.removeprefix(_SVG)
        if tag in _SILENT:
            continue
        what = f"<{tag}>" + (f" “{node.get('id')}”" if node.get("id") else "")
        if tag not in _GROUPS | _SHAPES:
            raise NotArtwork(f"{what} cannot be drawn: {_REMEDY.get(tag, 'only shapes and groups can')}")
        looks = _looks(node, around, rules)
        if looks.get("display") == "none":
            continue
        for name in ("clip-path", "mask", "filter"):
            if not _none(looks.get(name, "none")):
                raise NotArtwork(f"{what} has a {name}: release or flatten it first")
        try:
            own = matrix @ parse_transform(node.get("transform"), strict=True)
            if not (np.abs(own) < _FAR).all():  # nor for what is no number
                raise ValueError
        except (ValueError, IndexError):
            raise NotArtwork(f"the transform of {what} cannot be read") from None
        if tag in _GROUPS:
            yield from _inside(node, own, looks, rules, depth + 1)
        elif looks.get("visibility", "visible") == "visible":
            yield from _drawn(_outline(node, tag, what), what, own, looks)


def _outline(node: ET.Element, tag: str, what: str) -> list[Any]:
    """A shape as continuous paths of svgpathtools, in its own units."""
    from svgpathtools import parse_path, svg_to_paths

    units = {name: _length(node.get(name), name) for name in ("x", "y", "width", "height", "rx", "ry", "cx", "cy", "r")}
    shape = {name: value / _MM["px"] for name, value in units.items() if value is not None}
    ends = {name: (_length(node.get(name), name) or 0.0) / _MM["px"] for name in ("x1", "y1", "x2", "y2")}
    try:
        match tag:
            case "path":
                d = node.get("d", "")
            case "line":
                d = f"M{ends['x1']} {ends['y1']}L{ends['x2']} {ends['y2']}"
            case "polyline":
                d = svg_to_paths.polyline2pathd({"points": node.get("points", "")})
            case "polygon":
                d = svg_to_paths.polygon2pathd({"points": node.get("points", "")})
            case "rect":
                wide, high = shape.get("width", 0.0), shape.get("height", 0.0)
                for name, most in (("rx", wide / 2), ("ry", high / 2)):
                    if name in shape:
                        shape[name] = min(shape[name], most)
                d = svg_to_paths.rect2pathd(shape) if wide > 0 and high > 0 else ""
            case _:
                radii = [shape[name] for name in ("r", "rx", "ry") if name in shape]
                d = svg_to_paths.ellipse2pathd(shape) if radii and min(radii) > 0 else ""
        return list(parse_path(d).continuous_subpaths()) if d.strip() else []
    except (ValueError, IndexError, KeyError, TypeError, AssertionError, ZeroDivisionError):
        raise NotArtwork(f"the shape of {what} cannot be read") from None


def _drawn(paths: list[Any], what: str, matrix: Matrix, looks: Mapping[str, str]) -> Iterator[Stroke]:
    for part in (part for path in paths for part in path):
        ends = (part.start, part.end, part.radius) if hasattr(part, "radius") else part.bpoints()
        if not all(abs(end) < _FAR for end in ends):
            raise NotArtwork(f"{what} reaches further than any paper")
    if len(paths) > MOST_STROKES:
        raise NotArtwork(_TOO_MANY)
    strokes = [_flat(path, matrix) for path in paths if len(path)]
    if not all((np.abs(one) < _FAR_MM).all() for one in strokes):
        raise NotArtwork(f"{what} reaches further than any paper")
    solid = [one for one in strokes if _bulges(one)]
    if solid and not _none(looks.get("fill", "black")):
        if "data-hatch" not in looks:
            raise NotArtwork(
                f'{what} is filled, and a pen fills nothing: give it fill="none" and a stroke, '
                'or data-hatch="0.6" to have it hatched with lines 0.6 mm apart'
            )
        apart = _length(f"{looks['data-hatch']}mm", "data-hatch") or 0.0
        if apart < 0.2:
            raise NotArtwork(f"data-hatch of {what} must be at least 0.2 (mm)")
        yield from _hatched(solid, apart)
    if not _none(looks.get("stroke", "none")):
        yield from strokes


def _flat(path: Any, matrix: Matrix) -> Stroke:
    """A continuous path as points, mm: lines by their ends, curves at even parameters about a step apart."""
    scale = math.sqrt(abs(float(np.linalg.det(matrix[:2, :2]))))
    points: list[complex] = [path[0].start]
    for part in path:
        if type(part).__name__ == "Line":
            points.append(part.end)
            continue
        if hasattr(part, "radius"):  # an arc
            rough = math.radians(abs(part.delta)) * max(part.radius.real, part.radius.imag)
        else:
            rough = sum(abs(b - a) for a, b in pairwise(part.bpoints()))
        n = min(400, max(8, math.ceil(rough * scale / _STEP_MM)))
        points += [part.point(k / n) for k in range(1, n + 1)]
    flat = np.array([(one.real, one.imag, 1.0) for one in points]) @ matrix.T
    moved = np.append(True, np.hypot(*np.diff(flat[:, :2], axis=0).T) > 1e-9)
    return np.ascontiguousarray(flat[moved, :2])


def _bulges(one: Stroke) -> bool:
    """Whether a shape is more than a straight line there and back."""
    off = one - one[0]
    far = off[np.hypot(*off.T).argmax()]
    return bool(np.abs(off[:, 0] * far[1] - off[:, 1] * far[0]).max() > 1e-3 * max(1e-9, float(far @ far)))


def _hatched(shapes: list[Stroke], apart_mm: float) -> Iterator[Stroke]:
    """Lines at 45 degrees inside closed shapes, by the even-odd rule, to and fro."""
    turn = np.array([[1.0, 1.0], [-1.0, 1.0]]) / math.sqrt(2)
    turned = [np.vstack((one, one[:1])) @ turn.T for one in shapes]
    a = np.concatenate([one[:-1] for one in turned])
    b = np.concatenate([one[1:] for one in turned])
    low, high = float(a[:, 1].min()), float(a[:, 1].max())
    for k in range(int((high - low) / apart_mm)):
        y = low + (k + 0.5) * apart_mm
        over = (a[:, 1] <= y) != (b[:, 1] <= y)
        if not over.any():
            continue
        p, q = a[over], b[over]
        x = np.sort(p[:, 0] + (y - p[:, 1]) / (q[:, 1] - p[:, 1]) * (q[:, 0] - p[:, 0]))
        for left, right in zip(x[::2], x[1::2], strict=False):
            if right - left > 0.1:
                ends = np.array([[left, y], [right, y]]) @ turn
                yield ends if k % 2 == 0 else ends[::-1]
