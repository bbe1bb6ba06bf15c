"""Care: what a plotter needs besides cards. Pens and what they hold, a place to warm them up, how its place is checked.

Values, checked where they are made; what is done with them stands in `scribble`, `heights`, `drift` and `macros`.
"""

from collections.abc import Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from plotter.pen import ServoPen, ZPen
from plotter.strokes import Stroke, depth_mm

if TYPE_CHECKING:
    from plotter.machine import Machine, Slot

_STRICT = ConfigDict(extra="forbid")
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")]
Lift = Annotated[ServoPen | ZPen, Field(discriminator="kind")]


@dataclass(frozen=True, config=_STRICT, kw_only=True)
class PenProfile:
    """A kind of pen: what it is, its line, how much ink it holds, how it is lifted where that is not as usual."""

    title: Annotated[str, Field(max_length=80)] = ""
    width_mm: Annotated[float, Field(gt=0, le=3)] = 0.35
    ink_m: Annotated[float, Field(gt=0, le=100_000)] | None = None
    lift: Lift | None = None

    def on(self, machine: "Machine") -> "Machine":
        """The machine with this pen in its holder."""
        return replace(machine, pen=self.lift or machine.pen, pen_width_mm=self.width_mm)

    def fits(self, machine: "Machine") -> bool:
        """Whether the machine can lift it."""
        return self.lift is None or self.lift.kind == machine.pen.kind


@dataclass(frozen=True, config=_STRICT, kw_only=True)
class Patch:
    """A scrap of paper on the bed, beside the cards: where a fresh pen is brought to write. Machine frame, mm."""

    x_mm: Annotated[float, Field(ge=0, le=3000)]
    y_mm: Annotated[float, Field(ge=0, le=3000)]
    width_mm: Annotated[float, Field(ge=10, le=300)] = 30.0
    height_mm: Annotated[float, Field(ge=5, le=300)] = 10.0

    @property
    def corners(self) -> Stroke:
        x, y, right, top = self.x_mm, self.y_mm, self.x_mm + self.width_mm, self.y_mm + self.height_mm
        return np.array([[x, y], [right, y], [right, top], [x, top]])

    def inside(self, machine: "Machine") -> bool:
        """Whether the pen reaches all of it."""
        return self.x_mm + self.width_mm <= machine.width_mm and self.y_mm + self.height_mm <= machine.height_mm

    def clear_of(self, slot: "Slot", paper: tuple[float, float]) -> bool:
        """Whether no point of it lies on a card of `paper` = (width, height) mm in the slot."""
        width, height = paper
        card = slot.onto_bed([np.array([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]])])[0]
        return depth_mm(self.corners, card) <= 0


@dataclass(frozen=True, config=_STRICT, kw_only=True)
class Care:
    """How one plotter is looked after. `mark` is where a person can see whether the pen stands where it believes to.

    `look_every`: after how many cards a person looks whether the ink on them is whole, 0 for never;
    `drift_check_every`: how many cards may be written between two looks at the machine's place, 0 for none;
    `drift_limit_mm`: from what error on cards are set aside. `motion_proof`: whether a machine that does not home shows
    a person that it moves before it writes. `when_empty` names the macro that is run when the last blank is written.
    """

    pens: Mapping[Name, PenProfile] = field(default_factory=dict)
    scribble: Patch | None = None
    look_every: Annotated[int, Field(ge=0, le=10000)] = 0
    drift_check_every: Annotated[int, Field(ge=0, le=10000)] = 0
    drift_limit_mm: Annotated[float, Field(ge=0.05, le=1)] = 0.1
    mark: tuple[Annotated[float, Field(ge=0, le=3000)], Annotated[float, Field(ge=0, le=3000)]] = (0.0, 0.0)
    motion_proof: bool = False
    macros: Mapping[Name, tuple[str, ...]] = field(default_factory=dict)
    when_empty: str = ""
