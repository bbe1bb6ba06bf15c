"""SVG fonts (SVG 1.1 `<font>`) whose letters are single lines, as those made for plotters and engravers are."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import numpy as np

from fonts.face import Face
from fonts.imported import FontFault, Letter, Source, face_of
from fonts.kept import Report
from fonts.spline import through
from plotter.strokes import Stroke

_BYTES = 20_000_000
_FAR = 1e5  # no coordinate of a letter is further off, font units
_PIECES = 3000  # lines and curves of one letter
_CLOSED = 0.75  # share of closed lines from which on a font is one of outlines
_CURVE = 24  # points on a curve
_CORNER_DEG = 50.0


@dataclass
class _Found:
    """What was read of a font so far, and what was left out."""

    letters: dict[str, Letter] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)  # glyph-name -> character
    failed: dict[str, str] = field(default_factory=dict)
    ligatures: list[str] = field(default_factory=list)
    space: float | None = None
    lines: int = 0
    closed: int = 0


def read(path: Path, name: str) -> tuple[Face, Report]:
    """The face of the first font in an SVG file, and what became of it; raises FontFault."""
    root = _parsed(path)
    font = next((one for one in root.iter() if _tag(one) == "font"), None)
    if font is None:
        raise FontFault(path.name, "there is no <font> in it; a drawing is artwork, not a hand")
    found = _glyphs(font, path.name)
    if found.closed > _CLOSED * max(found.lines, 1):
        raise FontFault(path.name, "its letters are closed shapes, an outline font; give the TTF or OTF it was made of")
    source = Source(
        file=path.name,
        title=_title(font) or path.stem,
        letters=found.letters,
        kerning=_kerning(font, found),
        space=found.space,
        acknowledgement=_said(root, path.name),
    )
    face = face_of(source, name)
    small = [forms[0] for char, forms in face.glyphs.items() if "a" <= char <= "z"]
    failed = dict(found.failed)
    if found.ligatures:
        failed["ligatures"] = f"{len(found.ligatures)} left out: {' '.join(found.ligatures[:8])}"
    report = Report(
        file=path.name,
        kind="single lines",
        characters=len(found.letters),
        strokes_per_letter=round(sum(len(one.strokes) + len(one.late) for one in small) / max(len(small), 1), 2),
        joined=sum(one.exit != "none" for one in small),
        kerning_pairs=len(face.kerning),
        failed=failed,
    )
    return face, report


def _parsed(path: Path) -> Element:
    """The elements; entities of its own, which can swell to any size, are refused. Nothing outside is fetched."""
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        if path.stat().st_size > _BYTES:
            raise FontFault(path.name, f"more than {_BYTES // 1_000_000} MB: not a font to write with")
        root: Element = fromstring(path.read_bytes(), forbid_entities=True, forbid_external=True)
    except OSError as error:
        raise FontFault(path.name, f"cannot be read ({error.strerror})") from None
    except DefusedXmlException:
        raise FontFault(path.name, "declares XML entities; save it as plain SVG") from None
    except (ParseError, ValueError, LookupError) as error:
        raise FontFault(path.name, f"not well-formed XML: {error}") from None
    return root


def _tag(one: Element) -> str:
    return str(one.tag).rpartition("}")[2]


def _number(one: Element, name: str, otherwise: float, file: str) -> float:
    text = one.get(name)
    if text is None:
        return otherwise
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not abs(value) < _FAR:
        raise FontFault(file, f"{name}={text[:20]!r} of a <{_tag(one)}> is no number of a font")
    return value


def _glyphs(font: Element, file: str) -> _Found:
    found = _Found()
    usual = _number(font, "horiz-adv-x", 0.0, file)
    for one in font:
        if _tag(one) != "glyph":
            continue
        char, name = one.get("unicode", ""), one.get("glyph-name", "")
        if not char:
            continue
        if len(char) > 1:
            found.ligatures.append(char)
            continue
        found.names.setdefault(name, char)
        advance = _number(one, "horiz-adv-x", usual, file)
        drawing = one.get("d", "").strip()
        if char.isspace() or not drawing:
            if char == " ":
                found.space = advance
            elif not char.isspace():
                found.failed[char] = "has no line"
            continue
        if char in found.letters:  # of several forms the first counts, as in browsers
            continue
        try:
            strokes = _strokes(drawing)
        except (ValueError, IndexError, KeyError, TypeError, ZeroDivisionError, AssertionError) as error:
            found.failed[char] = f"its path cannot be read ({error})"
            continue
        if not strokes:
            found.failed[char] = "has no line"
            continue
        found.letters[char] = Letter(tuple(strokes), advance)
        if char.isalpha():
            found.lines += len(strokes)
            found.closed += sum(len(p) > 2 and bool(np.allclose(p[0], p[-1])) for p in strokes)
    return found


def _strokes(drawing: str) -> list[Stroke]:
    """The lines of a path, each from pen down to pen up, curves as points."""
    from svgpathtools import Line, parse_path

    runs: list[list[Any]] = []
    pieces = list(parse_path(drawing))
    if len(pieces) > _PIECES:
        raise ValueError(f"{len(pieces)} pieces")
    for one in pieces:
        if not runs or abs(runs[-1][-1].end - one.start) > 1e-6:
            runs.append([])
        runs[-1].append(one)
    strokes = []
    for run in runs:
        points = [np.array([run[0].start])]
        for one in run:
            t = np.array([1.0]) if isinstance(one, Line) else np.arange(1, _CURVE + 1) / _CURVE
            points.append(np.array([one.point(float(at)) for at in t]))
        z = np.concatenate(points)
        stroke = np.column_stack((z.real, z.imag))
        if not np.isfinite(stroke).all() or float(np.abs(stroke).max()) > _FAR:
            raise ValueError("a point lies beyond any letter")
        size = float(np.ptp(stroke, axis=0).max())
        if all(isinstance(one, Line) for one in run) and len(run) > 3 and size > 0:
            stroke = through(stroke, corner_deg=_CORNER_DEG, step=size / 60)
        strokes.append(stroke if size > 0 else stroke[:1])
    return strokes


def _kerning(font: Element, found: _Found) -> Mapping[tuple[str, str], float]:
    """Pairs of `hkern`, by characters (u1, u2) and glyph names (g1, g2); k draws the second closer by so much."""
    pairs: dict[tuple[str, str], float] = {}
    for one in font:
        if _tag(one) != "hkern":
            continue
        try:
            by = -float(one.get("k", "0"))
        except ValueError:
            continue
        if not abs(by) < _FAR:
            continue
        for a in _members(one, "1", found):
            for b in _members(one, "2", found):
                pairs.setdefault((a, b), by)
    return pairs


def _members(one: Element, side: str, found: _Found) -> Iterator[str]:
    for text in one.get(f"u{side}", "").split(","):
        if len(text) == 1 and text in found.letters:
            yield text
        elif text[:2] in ("U+", "u+"):
            low, _, high = text[2:].replace("?", "0").partition("-")
            try:
                first, last = int(low, 16), int(high or text[2:].partition("-")[0].replace("?", "F"), 16)
            except ValueError:
                continue
            yield from (char for char in found.letters if first <= ord(char) <= last)
    for name in one.get(f"g{side}", "").split(","):
        if name.strip() in found.names and found.names[name.strip()] in found.letters:
            yield found.names[name.strip()]


def _title(font: Element) -> str:
    face = next((one for one in font if _tag(one) == "font-face"), None)
    return ("" if face is None else face.get("font-family", "")).strip()


def _said(root: Element, file: str) -> str:
    """What the file says about whose it is and what may be done with it."""
    words = [
        " ".join("".join(one.itertext()).split()) for one in root.iter() if _tag(one) in ("metadata", "desc", "title")
    ]
    said = [text for k, text in enumerate(words) if text and text not in words[:k]]
    return " ".join(said)[:4000] or f"{file} says nothing about its licence: see to it that you may use it."
