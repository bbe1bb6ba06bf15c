"""Outline fonts (TTF, OTF, WOFF) as single strokes: each letter's shape is drawn large, thinned to its centre lines,
and these are put into the order of writing. Needs the extra `import`: fontTools and scikit-image.
"""

import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import distance_transform_edt

from fonts.accents import REPERTOIRE
from fonts.face import Face
from fonts.imported import FontFault, Letter, Source, face_of
from fonts.kept import Report
from fonts.skeleton import Bitmap, skeleton
from fonts.writing import written
from plotter.strokes import Stroke, resample

_PIXELS = 140  # of the x-height in the picture a letter is thinned in
_LARGEST = 2600  # pixels on a side: what is larger is no letter
_BYTES = 30_000_000
_BORDER = 6
# A letter whose strokes cover less of its ink is not written as it looks.
_COVERED = 0.5
_DOT = 0.6  # x-heights: what is smaller is a dot, whatever its shape
WANTED = "".join(
    char
    for char in map(chr, (*range(0x21, 0x7F), *range(0xA1, 0x180), 0x2013, 0x2014, 0x2018, 0x2019, 0x201A, 0x201C,
                          0x201D, 0x201E, 0x2026, 0x20AC, 0x2022))
    if char not in REPERTOIRE and char != "\xad"
)  # fmt: skip


def read(path: Path, name: str) -> tuple[Face, Report]:
    """The face that an outline font makes, and how good it is; raises FontFault.

    Takes some seconds. Letters with accents are not read: `fonts.accents` puts them together from what is.
    """
    font = _opened(path)
    try:
        glyphs, cmap = font.getGlyphSet(), font.getBestCmap() or {}
        unit = _xheight(glyphs, cmap, path.name)
        thinned: dict[str, _Thinned] = {}
        failed: dict[str, str] = {}
        for char in WANTED:
            if ord(char) not in cmap:
                continue
            try:
                one = _letter(glyphs[cmap[ord(char)]], glyphs, char, unit)
            except Exception as error:  # a broken glyph fails in fontTools' depths in many ways; the rest is good
                failed[char] = f"cannot be read ({type(error).__name__})"
                continue
            if one is None:
                failed[char] = "has no ink"
            else:
                thinned[char] = one
        letters, quality = _good(thinned, failed)
        kerning = dict(_kerning(font, cmap, set(letters)))
        space = cmap.get(0x20)
        source = Source(
            file=path.name,
            title=_name(font, 4) or path.stem,
            letters=letters,
            kerning=kerning,
            space=None if space is None else float(glyphs[space].width),
            acknowledgement=_licence(font, path.name),
        )
    except FontFault:
        raise
    except Exception as error:  # fontTools reads tables late, and says what is broken in them in many ways
        raise FontFault(path.name, f"a broken font ({type(error).__name__}: {error})") from error
    finally:
        font.close()
    face = face_of(source, name)
    ink, covered, beyond = np.array(quality).T if quality else np.zeros((3, 1))
    report = Report(
        file=path.name,
        kind="outlines",
        characters=len(letters),
        strokes_per_letter=_per_letter(face),
        joined=sum(forms[0].exit != "none" for forms in face.glyphs.values()),
        kerning_pairs=len(face.kerning),
        covered=round(float((ink * covered).sum() / max(ink.sum(), 1e-9)), 3),
        beyond=round(float((ink * beyond).sum() / max(ink.sum(), 1e-9)), 3),
        failed=failed,
    )
    return face, report


def _per_letter(face: Face) -> float:
    small = [forms[0] for char, forms in face.glyphs.items() if "a" <= char <= "z"]
    return round(sum(len(one.strokes) + len(one.late) for one in small) / max(len(small), 1), 2)


def _opened(path: Path) -> Any:
    try:
        from fontTools.ttLib import TTFont, TTLibError
    except ImportError:
        raise FontFault(
            path.name, "outline fonts need the import extra: pip install 'fairhand[import]', or ./run env import"
        ) from None
    try:
        if path.stat().st_size > _BYTES:
            raise FontFault(path.name, f"more than {_BYTES // 1_000_000} MB: not a font to write with")
        data = path.read_bytes()
    except OSError as error:
        raise FontFault(path.name, f"cannot be read ({error.strerror})") from None
    if data[:4] == b"wOF2":
        raise FontFault(path.name, "WOFF2 is not read; convert it to TTF or OTF first")
    if data[:4] == b"ttcf":
        raise FontFault(path.name, "a collection of fonts; take one font out of it first")
    try:
        font = TTFont(io.BytesIO(data), lazy=True)
    except (TTLibError, Exception) as error:
        raise FontFault(path.name, f"not a TTF, OTF or WOFF font ({error})") from None
    if not ("glyf" in font or "CFF " in font or "CFF2" in font):
        raise FontFault(path.name, "has no outlines (a bitmap or colour font)")
    return font


def _xheight(glyphs: Any, cmap: Mapping[int, str], file: str) -> float:
    """Height of x (else of its neighbours) in font units."""
    from fontTools.pens.boundsPen import BoundsPen

    for char in "xzvuno":
        if ord(char) in cmap:
            pen = BoundsPen(glyphs)
            glyphs[cmap[ord(char)]].draw(pen)
            if pen.bounds and pen.bounds[3] > 0:
                return float(pen.bounds[3] - min(pen.bounds[1], 0.0))
    raise FontFault(file, "has no small Latin letters")


# ------------------------------------------------------------------------------------------------ letters


@dataclass(frozen=True, eq=False)
class _Thinned:
    """A letter's strokes in font units; its picture, the strokes in that, and half the width of its lines, pixels."""

    strokes: tuple[Stroke, ...]
    advance: float
    shape: Bitmap
    lines: list[Stroke]
    radius: float


def _good(thinned: Mapping[str, _Thinned], failed: dict[str, str]) -> tuple[dict[str, Letter], list[tuple[float, ...]]]:
    """The letters whose strokes cover their ink, by a pen as wide as the font's lines are; ink and shares of each."""
    usual = float(np.median([one.radius for one in thinned.values()])) if thinned else 1.0
    letters: dict[str, Letter] = {}
    quality: list[tuple[float, ...]] = []
    for char, one in thinned.items():
        covered, beyond = _quality(one.shape, one.lines, usual)
        if covered < _COVERED and max(one.shape.shape) > _DOT * _PIXELS:
            failed[char] = f"its strokes cover only {covered:.0%} of its ink"
        else:
            letters[char] = Letter(one.strokes, one.advance)
            quality.append((float(one.shape.sum()), covered, beyond))
    return letters, quality


def _letter(glyph: Any, glyphs: Any, char: str, unit: float) -> _Thinned | None:
    scale = _PIXELS / unit
    shape, left, bottom = _picture(glyph, glyphs, scale)
    if shape is None or not shape.any():
        return None
    found = skeleton(shape)
    height = shape.shape[0]
    base = -(height - _BORDER + bottom * scale)
    lines = written(found, char, float(_PIXELS), base)
    origin = np.array([_BORDER - left * scale, base])
    strokes = tuple((one - origin) / scale for one in lines)
    return _Thinned(strokes, float(glyph.width), shape, lines, found.radius)


def _picture(glyph: Any, glyphs: Any, scale: float) -> tuple[Bitmap | None, float, float]:
    """The glyph in black, and the font units of its lower left corner; row 0 is the top, an empty border around."""
    import resvg_py
    from fontTools.pens.boundsPen import BoundsPen
    from fontTools.pens.svgPathPen import SVGPathPen
    from PIL import Image

    box, pen = BoundsPen(glyphs), SVGPathPen(glyphs)
    glyph.draw(box)
    if box.bounds is None:
        return None, 0.0, 0.0
    glyph.draw(pen)
    x0, y0, x1, y1 = box.bounds
    wide, high = math.ceil((x1 - x0) * scale) + 2 * _BORDER, math.ceil((y1 - y0) * scale) + 2 * _BORDER
    if max(wide, high) > _LARGEST:
        raise ValueError("larger than a letter")
    place = f"matrix({scale:.6f} 0 0 {-scale:.6f} {_BORDER - x0 * scale:.3f} {high - _BORDER + y0 * scale:.3f})"
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}">'
        f'<rect width="{wide}" height="{high}" fill="#fff"/><path transform="{place}" d="{pen.getCommands()}"/></svg>'
    )
    image = Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg)))).convert("L")
    return np.asarray(image) < 128, float(x0), float(y0)


def _quality(shape: Bitmap, lines: list[Stroke], radius: float) -> tuple[float, float]:
    """Shares: of the ink that a pen of the stem's width covers along `lines`, and of its line that is beyond it."""
    away = np.ones(shape.shape, dtype=bool)
    for one in lines:
        dense = resample(one, 0.7) if len(one) > 1 else one
        rows = np.clip(np.rint(-dense[:, 1]).astype(int), 0, shape.shape[0] - 1)
        away[rows, np.clip(np.rint(dense[:, 0]).astype(int), 0, shape.shape[1] - 1)] = False
    far = distance_transform_edt(away)
    line = far <= radius
    covered = float((shape & (far <= 1.12 * radius + 1)).sum()) / float(shape.sum())
    return covered, float((line & ~shape).sum()) / max(float(line.sum()), 1.0)


# ------------------------------------------------------------------------------------------------ kerning, names


def _kerning(font: Any, cmap: Mapping[int, str], characters: set[str]) -> Iterator[tuple[tuple[str, str], float]]:
    """Pairs and how much further apart they stand, font units: GPOS pair adjustment, else the kern table."""
    chars: dict[str, list[str]] = {}
    for char in sorted(characters):
        chars.setdefault(cmap[ord(char)], []).append(char)
    pairs: dict[tuple[str, str], float] = {}
    if "GPOS" in font:
        for table in _pair_tables(font["GPOS"].table):
            for pair, by in _pairs(table, chars):
                pairs.setdefault(pair, by)  # the first subtable that knows a pair decides
    if not pairs and "kern" in font:
        for table in getattr(font["kern"], "kernTables", []):
            pairs |= {pair: float(by) for pair, by in getattr(table, "kernTable", {}).items()}
    for (left, right), by in pairs.items():
        for a in chars.get(left, ()):
            for b in chars.get(right, ()):
                yield (a, b), by


def _pair_tables(gpos: Any) -> Iterator[Any]:
    if gpos.FeatureList is None or gpos.LookupList is None:
        return
    wanted = {
        at
        for record in gpos.FeatureList.FeatureRecord
        if record.FeatureTag == "kern"
        for at in record.Feature.LookupListIndex
    }
    for at in sorted(wanted):
        for table in gpos.LookupList.Lookup[at].SubTable:
            inner = table.ExtSubTable if table.LookupType == 9 else table
            if inner.LookupType == 2:
                yield inner


def _pairs(table: Any, there: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], float]]:
    firsts = [glyph for glyph in table.Coverage.glyphs if glyph in there]
    if table.Format == 1:
        sets = dict(zip(table.Coverage.glyphs, table.PairSet, strict=False))
        for left in firsts:
            for record in sets[left].PairValueRecord:
                if record.SecondGlyph in there:
                    yield (left, record.SecondGlyph), _advance(record.Value1)
        return
    for left in firsts:
        row = table.Class1Record[table.ClassDef1.classDefs.get(left, 0)].Class2Record
        for right in there:
            yield (left, right), _advance(row[table.ClassDef2.classDefs.get(right, 0)].Value1)


def _advance(value: Any) -> float:
    return float(getattr(value, "XAdvance", 0) or 0) if value is not None else 0.0


def _name(font: Any, number: int) -> str:
    text = font["name"].getDebugName(number) if "name" in font else None
    return " ".join(str(text).split()) if text else ""


def _licence(font: Any, file: str) -> str:
    """What the font says about whose it is and what may be done with it: name table 0, 13, 14."""
    said = [words for number in (0, 13, 14) if (words := _name(font, number))]
    return " ".join(said) or f"{file} says nothing about its licence: see to it that you may use it."
