"""Manner: how one person writes a face: knobs that mean something to a user, and what makes the hand their own."""

from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

Share = Annotated[float, Field(ge=0, le=1)]
Factor = Annotated[float, Field(ge=0.6, le=1.6)]
Degrees = Annotated[float, Field(ge=-20, le=25)]
KNOBS = ("neatness", "speed", "slant", "size", "connectedness")
"""What a note may turn; the rest makes the person."""


@dataclass(frozen=True, config=ConfigDict(extra="forbid"), kw_only=True)
class Manner:
    """Knobs; .5 or 1 is as this person usually writes.

    neatness: 1 scatters half as much as people do on average, .5 as much, 0 twice as much.
    speed: 1 is in a hurry (rounder corners, wider, dots and bars further off), 0 takes its time.
    slant: degrees to the right, added to the face's own.
    size: of the writing against what the paper asks for; never below the paper's least.
    connectedness: share of the joins a face can make that are made (people make 70-90 %).
    width, space, gap, ascender, descender: factors on the face's own proportions; gap is between lifted letters.
    own: a name; under it letters differ from the drawn face, always in the same way ("" leaves them as drawn).
    """

    neatness: Share = 0.5
    speed: Share = 0.5
    slant: Degrees = 0.0
    size: Factor = 1.0
    connectedness: Share = 0.86
    width: Factor = 1.0
    space: Factor = 1.0
    gap: Factor = 1.0
    ascender: Factor = 1.0
    descender: Factor = 1.0
    own: str = ""

    @property
    def dose(self) -> float:
        """Scatter against people's median: .5 ... 2."""
        return float(2.0 ** (1.0 - 2.0 * self.neatness + 0.5 * self.hurry))

    @property
    def hurry(self) -> float:
        """Speed about its middle: -.5 ... .5."""
        return self.speed - 0.5
