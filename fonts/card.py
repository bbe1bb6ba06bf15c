"""Stock: a kind of paper, the frames that may be written in, and how large the writing may be.

Card frame: origin lower left, y up, mm.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

_STRICT = ConfigDict(extra="forbid")
Mm = Annotated[float, Field(ge=0, le=1000)]


@dataclass(frozen=True, config=_STRICT, kw_only=True)
class Frame:
    """A box that text is written in: lower left corner, width, height in mm, and the x-heights it may be written at.

    `text` is what is written when the note gives nothing for this frame (a return address, say).
    `lines` separates blocks: "flow" breaks lines to the width, "kept" keeps the note's own lines (addresses).
    `align`: lines begin at the left, or stand centred. `paragraphs`: set apart by a "gap" where the note leaves a line
    empty, or by an "indent" of their first lines. `closing`: where closing and signature stand, at the left or in the
    right half.
    """

    x_mm: Mm
    y_mm: Mm
    width_mm: Annotated[float, Field(gt=0, le=1000)]
    height_mm: Annotated[float, Field(gt=0, le=1000)]
    xheight_max_mm: Annotated[float, Field(gt=0.5, le=30)] = 2.6
    xheight_min_mm: Annotated[float, Field(gt=0.5, le=30)] = 1.7
    lines: Literal["flow", "kept"] = "flow"
    align: Literal["left", "centre"] = "left"
    paragraphs: Literal["gap", "indent"] = "gap"
    closing: Literal["left", "right"] = "left"
    text: str = ""


@dataclass(frozen=True, config=_STRICT, kw_only=True)
class Box:
    """A place for a drawing: lower left corner, width, height in mm."""

    x_mm: Mm
    y_mm: Mm
    width_mm: Annotated[float, Field(gt=0, le=1000)]
    height_mm: Annotated[float, Field(gt=0, le=1000)]


@dataclass(frozen=True, config=_STRICT, kw_only=True)
class Stock:
    """A kind of paper. The first frame takes the note's text; `title` is what a person calls it.

    `artwork` is where a note's signature or doodle goes; without it that stands under the last line of the text.
    `fold` draws the crease in previews ("none", "left" for a card opening like a book, "top" for a tent): the
    paper is the leaf that is written on, lying open on the bed.
    """

    title: str
    width_mm: Annotated[float, Field(gt=10, le=1000)]
    height_mm: Annotated[float, Field(gt=10, le=1000)]
    frames: Mapping[str, Frame]
    artwork: Box | None = None
    kind: Literal["card", "envelope"] = "card"
    fold: Literal["none", "left", "top"] = "none"
