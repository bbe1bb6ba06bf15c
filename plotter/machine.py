"""Machine: a model's data sheet. Slot: where a card lies on its bed. Values, checked where they are made."""

import math
from collections.abc import Mapping
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from plotter.care import Care
from plotter.pen import ServoPen as ServoPen
from plotter.pen import ZPen as ZPen
from plotter.strokes import Stroke, affine

_STRICT = ConfigDict(extra="forbid")
Rate = Annotated[float, Field(gt=0, le=1_000_000)]


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
    `order`: strokes as a person writes them, or as the machine has done soonest (`plotter/order.py`).
    """

    firmware: Literal["grbl", "ebb"] = "grbl"
    board: EiBotBoard = Field(default_factory=EiBotBoard)
    width_mm: Annotated[float, Field(gt=0, le=3000)] = 300.0
    height_mm: Annotated[float, Field(gt=0, le=3000)] = 218.0
    feed_mm_min: Annotated[float, Field(ge=60, le=60000)] = 3000.0
    pace: Literal["even", "hand"] = "even"
    order: Literal["writing", "fastest"] = "writing"
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
            if self.steps_per_mm[0] != self.steps_per_mm[1]:
                raise ValueError("an EiBotBoard (firmware 'ebb') drives one belt: X and Y have the same steps_per_mm")
        return self

    @property
    def home(self) -> tuple[float, float]:
        """Where the head is when the machine starts to count, mm: an AxiDraw's home corner is the upper left one."""
        return (0.0, self.height_mm) if self.firmware == "ebb" else (0.0, 0.0)


# How far apart two touched corners may be from the paper's own side: a careful eye above a corner is within 0.2 mm.
TOUCH_MM = 0.5


@dataclass(frozen=True, config=_STRICT, kw_only=True)
class Slot:
    """Where a card lies: its lower left corner in machine mm, turned counter-clockwise about that corner."""

    x_mm: Annotated[float, Field(ge=-3000, le=3000)] = 10.0
    y_mm: Annotated[float, Field(ge=-3000, le=3000)] = 10.0
    rotation_deg: Annotated[float, Field(ge=-180, le=180)] = 0.0

    @classmethod
    def from_corners(cls, lower_left: tuple[float, float], lower_right: tuple[float, float], width_mm: float) -> "Slot":
        """The slot of a paper `width_mm` wide of which the pen was held above both lower corners (machine mm).

        What the two differ from the paper's side is shared between them. Two corners say place and turn; they cannot
        say whether the machine's axes are square: that is the machine's affair, not the slot's. Raises ValueError with
        both lengths when they are more than TOUCH_MM from one another.
        """
        (ax, ay), (bx, by) = lower_left, lower_right
        apart = math.hypot(bx - ax, by - ay)
        if not abs(apart - width_mm) <= TOUCH_MM:
            raise ValueError(
                f"the corners are {apart:.2f} mm apart and the paper is {width_mm:g} mm wide: they may differ by "
                f"{TOUCH_MM:g} mm; touch both again, lower left first, and check which paper it is"
            )
        c, s = (bx - ax) / apart, (by - ay) / apart
        x, y = (ax + bx) / 2 - c * width_mm / 2, (ay + by) / 2 - s * width_mm / 2
        return cls(x_mm=round(x, 3), y_mm=round(y, 3), rotation_deg=round(math.degrees(math.atan2(s, c)), 4))

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


Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")]


@dataclass(frozen=True, config=_STRICT, kw_only=True)
class Feeder:
    """What brings a fresh card into the only slot of a plotter: a macro, and who says that the card has come.

    "operator": a person, each time. "pin": a sensor at the slot, on an input that the machine reports; it must have
    been seen free, and then covered, within `wait_s` of the macro's end. Door, hold and reset inputs act by themselves
    and are no sensors.
    """

    macro: tuple[str, ...]
    confirm: Literal["operator", "pin"] = "operator"
    pin: Literal["P", "X", "Y", "Z"] = "P"
    wait_s: Annotated[float, Field(gt=0, le=60)] = 10.0


@dataclass(frozen=True, config=_STRICT, kw_only=True)
class Plotter:
    """One plotter of the shop: its name, its port, its model, where cards lie, how many blanks one load holds.

    `slots` are several places by name; without them there is one, `slot`. Several hold one card each. One holds
    `capacity` cards: one laid by hand, more with a `feeder` or on a machine that changes its cards by itself.
    """

    name: Name
    port: Annotated[str, Field(min_length=1, max_length=300)]
    machine: Machine
    slot: Slot = Field(default_factory=Slot)
    slots: Mapping[Name, Slot] = Field(default_factory=dict)
    capacity: Annotated[int, Field(ge=1, le=10000)] = 1
    feeder: Feeder | None = None
    care: Care = Field(default_factory=Care)

    @model_validator(mode="after")
    def _holds(self) -> Self:
        if len(self.slots) > 1 and self.capacity > 1 and self.capacity != len(self.slots):
            raise ValueError(
                f"capacity {self.capacity}: {len(self.slots)} slots hold one card each; leave capacity out"
            )
        if self.feeder and len(self.slots) > 1:
            raise ValueError(f"a feeder serves one slot; there are {len(self.slots)}")
        if self.feeder and self.feeder.confirm == "pin" and self.machine.firmware == "ebb":
            raise ValueError("an EiBotBoard reports no sensor of a feeder: confirm = 'operator'")
        if self.feeder and self.feeder.pin != "P" and self.machine.homing:
            raise ValueError(f"the feeder's pin {self.feeder.pin} is a limit switch of a machine that homes: use P")
        return self

    @property
    def bed(self) -> Mapping[str, Slot]:
        """Every slot by its name, in the order in which they are written; a lone one is called "card"."""
        return self.slots or {"card": self.slot}

    @property
    def load(self) -> int:
        """How many blanks one load holds at most."""
        return max(self.capacity, len(self.bed))
