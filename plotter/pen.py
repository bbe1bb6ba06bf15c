"""Pen: how a pen is lifted, by a servo or by a Z axis. Values, checked where they are made."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, config=_STRICT, kw_only=True)
class ServoPen:
    """A pen lifted by a hobby servo on the spindle PWM: `M3 S..`, then a dwell, because PWM does not wait.

    Settle times are in whole steps of 50 ms: GRBL 1.1 rounds `G4 P` up to them. With `hop_s` the pen is lifted only so
    far on ways of up to `hop_within_mm`, which the servo does in less time.
    """

    kind: Literal["servo"] = "servo"
    down_s: Annotated[int, Field(ge=0, le=1000)] = 700
    up_s: Annotated[int, Field(ge=0, le=1000)] = 200
    down_settle_s: Annotated[float, Field(ge=0, le=2, multiple_of=0.05)] = 0.10
    up_settle_s: Annotated[float, Field(ge=0, le=2, multiple_of=0.05)] = 0.05
    hop_s: Annotated[int, Field(ge=0, le=1000)] | None = None
    hop_down_settle_s: Annotated[float, Field(ge=0, le=2, multiple_of=0.05)] = 0.05
    hop_up_settle_s: Annotated[float, Field(ge=0, le=2, multiple_of=0.05)] = 0.05
    hop_within_mm: Annotated[float, Field(gt=0, le=3000)] = 10.0

    @model_validator(mode="after")
    def _lifts(self) -> Self:
        # A hobby servo turns 180 degrees over its whole range: less than 50 of 1000 is no lift.
        if abs(self.down_s - self.up_s) < 50:
            raise ValueError(f"down_s and up_s are {abs(self.down_s - self.up_s)} apart; the pen lifts from 50 on")
        if self.hop_s is not None and (
            self.touches(self.hop_s)
            or abs(self.hop_s - (self.down_s + self.up_s) / 2) < 25
            or not min(self.up_s, self.down_s) <= self.hop_s <= max(self.up_s, self.down_s)
        ):
            raise ValueError(f"hop_s {self.hop_s} must be between up_s and the middle of up_s and down_s, 25 off it")
        return self

    def hops(self, mm: float) -> bool:
        """Whether a way of so many mm is travelled at the lower height."""
        return self.hop_s is not None and mm <= self.hop_within_mm

    def touches(self, s: float) -> bool:
        """Whether the pen is on the paper at PWM value `s`: the half of the way that `down_s` is on."""
        return (s - (self.down_s + self.up_s) / 2) * (self.down_s - self.up_s) > 0


@dataclass(frozen=True, config=_STRICT, kw_only=True)
class ZPen:
    """A pen lifted by a Z axis, planned like any motion; on ways of up to `hop_within_mm` to `hop_mm`, if given."""

    kind: Literal["z"] = "z"
    down_mm: Annotated[float, Field(ge=-50, le=50)] = 0.0
    up_mm: Annotated[float, Field(ge=-50, le=50)] = 2.0
    hop_mm: Annotated[float, Field(ge=-50, le=50)] | None = None
    hop_within_mm: Annotated[float, Field(gt=0, le=3000)] = 10.0

    @model_validator(mode="after")
    def _lifts(self) -> Self:
        if self.up_mm < self.down_mm + 0.2:
            raise ValueError(f"up_mm {self.up_mm:g} must be at least 0.2 above down_mm {self.down_mm:g}")
        if self.hop_mm is not None and not self.surface_mm + 0.2 <= self.hop_mm <= self.up_mm:
            raise ValueError(
                f"hop_mm {self.hop_mm:g} must be at least 0.2 above where the pen meets the paper "
                f"({self.surface_mm:g}) and not above up_mm {self.up_mm:g}"
            )
        return self

    def hops(self, mm: float) -> bool:
        """Whether a way of so many mm is travelled at the lower height."""
        return self.hop_mm is not None and mm <= self.hop_within_mm

    @property
    def surface_mm(self) -> float:
        """Where the pen meets the paper: a tenth of the lift above `down_mm`, which presses a little."""
        return self.down_mm + 0.1 * (self.up_mm - self.down_mm)

    def touches(self, z: float) -> bool:
        """Whether the pen is on the paper at height `z` in mm."""
        return (self.surface_mm - z) * (self.up_mm - self.down_mm) > 0
