"""Glyph and Face: what a letter looks like. In x-heights: base line y = 0, x-height y = 1, y up. No chance here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from plotter.strokes import Stroke

Join = Literal["none", "low", "high"]
Style = Literal["print", "mixed", "cursive"]


@dataclass(frozen=True)
class Glyph:
    """One form of one character, upright or at the face's own slant, as dense smooth strokes in writing order.

    `strokes` are written at once; `late` (dots, crosses, accents) after the whole word. Both in x-heights with the
    glyph's left side bearing at x = 0. A join comes in at the first point of `strokes[0]` and leaves from the last
    point of `strokes[-1]`; `entry` / `exit` say at which height a join can do so ("low" near the base line, "high"
    near the x-height) or that the pen lifts there ("none").
    """

    strokes: tuple[Stroke, ...]
    late: tuple[Stroke, ...] = ()
    advance: float = 1.0
    entry: Join = "none"
    exit: Join = "none"
    # Where in a word this form may stand ("initial", "medial", "final", "alone"; empty means anywhere), and the letters
    # it must follow / precede.
    places: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()
    before: frozenset[str] = frozenset()
    weight: float = 1.0
    # Named points in x-heights for composing accents ("top", "bottom", "ogonek", "horn"); bounds serve where none is.
    anchors: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Face:
    """A set of letters by one person: character -> forms, the first being the main one."""

    name: str
    title: str
    glyphs: Mapping[str, tuple[Glyph, ...]]
    style: Style
    ascender: float = 2.0
    descender: float = -1.0
    cap_height: float = 1.8
    word_space: float = 0.7
    slant_deg: float = 0.0
    acknowledgement: str = ""
    # Pairs of lifted letters that stand further apart (or closer, below 0) than their advances say, x-heights.
    kerning: Mapping[tuple[str, str], float] = field(default_factory=dict)
