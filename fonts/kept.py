"""Kept: a face and what was found out about it as one text file, so that a font is read once and loads in no time."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from fonts.face import Face, Glyph, Join, Style
from fonts.imported import FontFault
from fonts.spline import STEP
from plotter.strokes import Stroke, resample, simplify

_MILLI = 1000.0  # coordinates are kept as whole thousandths of the x-height
_TOLERANCE = 0.004  # x-heights
_BYTES = 20_000_000
_Line = Annotated[list[int], Field(min_length=2)]  # x, y, x, y ...
_Size = Annotated[float, Field(gt=-100, lt=100, allow_inf_nan=False)]


@dataclass(frozen=True)
class Report:
    """How well a font became a face. `covered`, `beyond`: shares of an outline's ink that its strokes cover with the
    stem's width, and of theirs that lies outside it; None for fonts that are single lines already. `failed`:
    characters left out, with why.
    """

    file: str
    kind: str
    characters: int
    strokes_per_letter: float
    joined: int
    kerning_pairs: int
    covered: float | None = None
    beyond: float | None = None
    failed: Mapping[str, str] = field(default_factory=dict)


@checked(frozen=True, config=ConfigDict(extra="forbid"), kw_only=True)
class _Glyph:
    advance: _Size
    strokes: Annotated[list[_Line], Field(min_length=1)]
    late: list[_Line] = Field(default_factory=list)
    entry: Join = "none"
    exit: Join = "none"


@checked(frozen=True, config=ConfigDict(extra="forbid"), kw_only=True)
class _Kept:
    name: str
    title: str
    style: Style
    ascender: _Size
    descender: _Size
    cap_height: _Size
    word_space: _Size
    slant_deg: _Size
    acknowledgement: str
    glyphs: dict[str, list[_Glyph]]
    kerning: dict[str, _Size]
    report: Report


def keep(face: Face, report: Report, path: Path) -> None:
    """Write the face and its report to `path`, whole or not at all."""
    glyphs = {char: [_listed(form) for form in forms] for char, forms in sorted(face.glyphs.items())}
    listed: dict[str, Any] = {
        key: getattr(face, key)
        for key in ("name", "title", "style", "ascender", "descender", "cap_height", "word_space", "slant_deg")
    }
    listed |= {"acknowledgement": face.acknowledgement, "report": asdict(report)}
    listed["kerning"] = {a + b: round(by, 3) for (a, b), by in sorted(face.kerning.items())}
    head = json.dumps(listed, ensure_ascii=False, indent=1)[:-2]
    rows = ",\n".join(
        f"  {json.dumps(char, ensure_ascii=False)}: {json.dumps(forms, separators=(',', ':'))}"
        for char, forms in glyphs.items()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(f'{head},\n "glyphs": {{\n{rows}\n }}\n}}\n', encoding="utf-8")
    part.replace(path)


def load(path: Path) -> tuple[Face, Report]:
    """The face kept at `path`, and its report; raises FontFault when the file is not what `keep` writes."""
    try:
        if path.stat().st_size > _BYTES:
            raise FontFault(path.name, "too large for a kept hand")
        it = TypeAdapter(_Kept).validate_json(path.read_bytes())
        glyphs = {char: tuple(_glyph(form) for form in forms) for char, forms in it.glyphs.items() if forms}
    except OSError as error:
        raise FontFault(path.name, f"cannot be read ({error.strerror})") from None
    except ValidationError as error:
        one = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, one["loc"]))
        raise FontFault(path.name, f"not a kept hand: {where} {one['msg']}; add the font again") from None
    if any(len(char) != 1 for char in glyphs) or any(len(pair) != 2 for pair in it.kerning):
        raise FontFault(path.name, "not a kept hand: a letter is one character; add the font again")
    face = Face(
        name=it.name,
        title=it.title,
        glyphs=glyphs,
        style=it.style,
        ascender=it.ascender,
        descender=it.descender,
        cap_height=it.cap_height,
        word_space=it.word_space,
        slant_deg=it.slant_deg,
        acknowledgement=it.acknowledgement,
        kerning={(pair[0], pair[1]): by for pair, by in it.kerning.items()},
    )
    return face, it.report


def _listed(form: Glyph) -> dict[str, Any]:
    entry: dict[str, Any] = {"advance": round(form.advance, 3), "strokes": [_numbers(one) for one in form.strokes]}
    if form.late:
        entry["late"] = [_numbers(one) for one in form.late]
    if form.entry != "none":
        entry["entry"] = form.entry
    if form.exit != "none":
        entry["exit"] = form.exit
    return entry


def _numbers(one: Stroke) -> list[int]:
    listed: list[int] = np.rint(simplify(one, _TOLERANCE) * _MILLI).astype(np.int64).ravel().tolist()
    return listed


def _glyph(kept: _Glyph) -> Glyph:
    return Glyph(
        strokes=tuple(map(_stroke, kept.strokes)),
        late=tuple(map(_stroke, kept.late)),
        advance=kept.advance,
        entry=kept.entry,
        exit=kept.exit,
    )


def _stroke(numbers: list[int]) -> Stroke:
    points = np.array(numbers[: len(numbers) // 2 * 2], dtype=np.float64).reshape(-1, 2) / _MILLI
    reach = float(np.abs(points).max())
    if not math.isfinite(reach) or reach > 100:
        raise FontFault("letters", "a stroke runs a hundred x-heights away; add the font again")
    return resample(points, STEP)
