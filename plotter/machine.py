"""Machine: a model's data sheet. Slot: where a card lies on its bed. Values, checked where they are made."""

import math
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from plotter.strokes import Stroke, affine

_STRICT = ConfigDict(extra="forbid")
Rate = Annotated[float, Field(gt=0, le=1_000_000)]


@dataclass(frozen=True, config=_STRICT, kw_only=True)
class ServoPen:
    """A pen lifted by a hobby servo on the spindle PWM: `M3 S..`, then a dwell, because PWM does not wait.

    Settle times are in whole steps of 50 ms: GRBL 1.1 rounds `G4 P` up to them.
    """

    kind: Literal["servo"] = "servo"
    down_s: Annotated[int, Field(ge=0, le=1000)] = 700
    up_s: Annotated[int, Field(ge=0, le=1000)] = 200
    down_settle_s: Annotated[float, Field(ge=0, le=2, multiple_of=0.05)] = 0.10
    up_settle_s: Annotated[float, Field(ge=0, le=2, multiple_of=0.05)] = 0.05

    @model_validator(mode="after")
    def _lifts(self) -> Self:
        # A hobby servo turns 180 degrees over its whole range: less than 50 of 1000 is no lift.
        if abs(self.down_s - self.up_s) < 50:
            raise ValueError(f"down_s and up_s are {abs(self.down_s - self.up_s)} apart; the pen lifts from 50 on")
        return self

    def touches(self, s: float) -> bool:
        """Whether the pen is on the paper at PWM value `s`: the half of the way that `down_s` is on."""
        return (s - (self.down_s + self.up_s) / 2) * (self.down_s - self.up_s) > 0


@dataclass(frozen=True, config=_STRICT, kw_only=True)
class ZPen:
    """A pen lifted by a Z axis, planned like any motion."""

    kind: Literal["z"] = "z"
    down_mm: Annotated[float, Field(ge=-50, le=50)] = 0.0
    up_mm: Annotated[float, Field(ge=-50, le=50)] = 2.0

    @model_validator(mode="after")
    def _lifts(self) -> Self:
        if self.up_mm < self.down_mm + 0.2:
            raise ValueError(f"up_mm {self.up_mm:g} must be at least 0.2 above down_mm {self.down_mm:g}")
        return self

    @property
    def surface_mm(self) -> float:
        """Where the pen meets the paper: a tenth of the lift above `down_mm`, which presses a little."""
        return self.down_mm + 0.1 * (self.up_mm - self.down_mm)

    def touches(self, z: float) -> bool:
        """Whether the pen is on the paper at height `z` in mm."""
        return (self.surface_mm - z) * (self.up_mm - self.down_mm) > 0


@dataclass(frozen=True, config=_STRICT, kw_only=True)
class EiBotBoard:
    """What only a machine with an EiBotBoard has: its nickname, and the pulses of its pen lift's servo.

    Pulses in units of 1/12 us: `servo_zero` is sent for a pen command of 0, `servo_full` for 1000 (stock AxiDraw:
    9855 to 27831, higher is up). `servo_pin`: the pin of port B that the servo is plugged into.
    """

    nickname: Annotated[str, Field(max_length=16, pattern=r"^[ -~]*$")] = ""
    servo_zero: Annotated[int, Field(ge=1, le=32000)] = 9855
    servo_full: Annotated[int, Field(ge=1, le=32000)] = 27831
    servo_pin: Annotated[int, Field(ge=0, le=7)] = 1

    def pulse(self, s: float) -> int:
        """The servo's pulse for a pen command of 0 to 1000."""
        return round(self.servo_zero + (self.servo_full - self.servo_zero) * s / 1000)


@dataclass(frozen=True, config=_STRICT, kw_only=True)
class Machine:
    """One plotter model. Rates in mm/min (`$110`-`$112`), accelerations in mm/s^2 (`$120`-`$122`), as GRBL has them.

    `firmware`: "grbl" is GRBL 1.1 and what speaks its language, "ebb" is the EiBotBoard of AxiDraw and NextDraw.
    """

    firmware: Literal["grbl", "ebb"] = "grbl"
    board: EiBotBoard = Field(default_factory=EiBotBoard)
    width_mm: Annotated[float, Field(gt=0, le=3000)] = 300.0
    height_mm: Annotated[float, Field(gt=0, le=3000)] = 218.0
    feed_mm_min: Annotated[float, Field(ge=60, le=60000)] = 3000.0
    pace: Literal["even", "hand"] = "even"
    max_rate_mm_min: tuple[Rate, Rate, Rate] = (10000.0, 10000.0, 3000.0)
    acceleration_mm_s2: tuple[Rate, Rate, Rate] = (1000.0, 1000.0, 500.0)
    junction_deviation_mm: Annotated[float, Field(gt=0, le=1)] = 0.05
    steps_per_mm: tuple[Rate, Rate, Rate] = (80.0, 80.0, 80.0)
    pen: ServoPen | ZPen = Field(default_factory=ServoPen, discriminator="kind")
    pen_width_mm: Annotated[float, Field(gt=0, le=3)] = 0.35
    rx_bytes: Annotated[int, Field(ge=32, le=65536)] = 128
    planner_blocks: Annotated[int, Field(ge=2, le=1024)] = 15
    homing: bool = False
    baud: Annotated[int, Field(ge=9600, le=4000000)] = 115200

    @model_validator(mode="after")
    def _fits_its_firmware(self) -> Self:
        if self.firmware == "ebb":
            if self.pen.kind != "servo":
                raise ValueError("an EiBotBoard (firmware 'ebb') lifts its pen by a servo: pen kind 'servo'")
            if self.homing:
                raise ValueError("an EiBotBoard (firmware 'ebb') has no limit switches: homing = false")
        return self

    @property
    def home(self) -> tuple[float, float]:
        """Where the head is when the machine starts to count, mm: an AxiDraw's home corner is the upper left one."""
        return (0.0, self.height_mm) if self.firmware == "ebb" else (0.0, 0.0)


@dataclass(frozen=True, config=_STRICT, kw_only=True)
class Slot:
    """Where a card lies: its lower left corner in machine mm, turned counter-clockwise about that corner."""

    x_mm: Annotated[float, Field(ge=-3000, le=3000)] = 10.0
    y_mm: Annotated[float, Field(ge=-3000, le=3000)] = 10.0
    rotation_deg: Annotated[float, Field(ge=-180, le=180)] = 0.0

    def onto_bed(self, strokes: list[Stroke]) -> list[Stroke]:
        """Card frame -> machine frame."""
        return affine(strokes, self._matrix())

    def onto_card(self, strokes: list[Stroke]) -> list[Stroke]:
        """Machine frame -> card frame."""
        m = self._matrix()
        turn = m[:, :2].T
        return affine(strokes, np.column_stack((turn, -turn @ m[:, 2])))

    def _matrix(self) -> Stroke:
        c, s = math.cos(math.radians(self.rotation_deg)), math.sin(math.radians(self.rotation_deg))
        return np.array([[c, -s, self.x_mm], [s, c, self.y_mm]])


@dataclass(frozen=True, config=_STRICT, kw_only=True)
class Plotter:
    """One plotter of the shop: its name, its port, its model, where cards lie, how many blanks one load holds."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")]
    port: Annotated[str, Field(min_length=1, max_length=300)]
    machine: Machine
    slot: Slot = Field(default_factory=Slot)
    capacity: Annotated[int, Field(ge=1, le=10000)] = 1
