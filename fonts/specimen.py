"""Specimen: all letters of a face on one sheet, or a line of each hand, to be looked at or written out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fonts.card import Frame
from fonts.face import Face
from fonts.hand import write
from fonts.hands import Hand
from plotter.strokes import Stroke

_ORDER = (
    "abcdefghijklmnopqrstuvwxyz",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "0123456789",
    ".,:;!?'\"()[]{}/\\|-_+=*<>^~`#$%&@",
    "ßæœÆŒøØłŁđĐðÐþÞı€£¿¡«»‹›‘’‚“”„–—…°·×½§©™•❤☺★",
)
_GAP = 0.55  # between forms of one character, x-heights
_APART = 1.1  # between characters


@dataclass(frozen=True)
class Sheet:
    """Ink in mm, y up, inside 0..width_mm by 0..height_mm."""

    strokes: tuple[Stroke, ...]
    width_mm: float
    height_mm: float


def sheet(face: Face, *, width_mm: float = 200.0, xheight_mm: float = 4.0, characters: Sequence[str] = _ORDER) -> Sheet:
    """Every form of `characters` that the face has, side by side, main form first; each group begins a line."""
    pitch = (face.ascender - face.descender + 0.7) * xheight_mm
    margin = 2.0 * xheight_mm
    ink: list[tuple[Stroke, float, float]] = []
    x, line = margin, 0
    for group in characters:
        for character in group:
            forms = face.glyphs.get(character, ())
            boxes = [np.concatenate((*form.strokes, *form.late)) for form in forms]
            left = [float(box[:, 0].min()) for box in boxes]
            spans = [float(np.ptp(box[:, 0])) for box in boxes]
            wide = (sum(spans) + _GAP * (len(spans) - 1)) * xheight_mm
            if x > margin and x + wide > width_mm - margin:
                x, line = margin, line + 1
            for form, x0, span in zip(forms, left, spans, strict=True):
                ink += [(one, x - x0 * xheight_mm, -line * pitch) for one in (*form.strokes, *form.late)]
                x += (span + _GAP) * xheight_mm
            if forms:
                x += (_APART - _GAP) * xheight_mm
        if x > margin:
            x, line = margin, line + 1
    height_mm = margin + line * pitch + 0.5 * xheight_mm
    first = height_mm - margin - face.ascender * xheight_mm
    strokes = tuple(one * xheight_mm + (dx, first + dy) for one, dx, dy in ink)
    return Sheet(strokes, width_mm, height_mm)


def side_by_side(hands: Mapping[str, Hand], *, width_mm: float = 180.0, xheight_mm: float = 2.4) -> Sheet:
    """Two lines of each hand, one hand under the other; its name is part of what it writes."""
    margin, pitch = 10.0, 10.0 * xheight_mm
    strokes: list[Stroke] = []
    for k, name in enumerate(reversed(list(hands))):
        frame = Frame(
            x_mm=margin,
            y_mm=margin + k * pitch,
            width_mm=width_mm - 2 * margin,
            height_mm=pitch,
            xheight_max_mm=xheight_mm,
            xheight_min_mm=0.6 * xheight_mm,
        )
        text = f"Dear Zoë, thank you for the quilt! Jack & I keep it by the window. Yours, {name.title()}"
        strokes += write(text, frame=frame, hand=hands[name], seed=1).strokes
    return Sheet(tuple(strokes), width_mm, 2 * margin + len(hands) * pitch)
