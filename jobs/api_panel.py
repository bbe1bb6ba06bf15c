"""A plotter as the API shows it: its bed and what lies there, the card in hand, what a person wants of it."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from jobs.api_shown import Progress, position
from jobs.bed import lying
from jobs.job import Condition, Lies, Mode, PlotterRow, SlotRow
from plotter.machine import Plotter, Slot


class SlotOut(BaseModel):
    """A place for cards on a plotter's bed. Its lower left corner, machine mm, and turn are what is written by."""

    name: str
    lies: Lies = Field(description="What lies there.")
    blanks: int
    stock: str | None = Field(description="Of what lies there, or lay there last.")
    job: str | None = Field(description="Whose card is written there, until the next load.")
    feed: str | None = Field(description="Of a feeder's card: asked (has one come?), here, missing.")
    x_mm: float
    y_mm: float
    rotation_deg: float
    measured_at: datetime | None = Field(description="When two corners were touched; null: as configured.")


class PlaceOut(BaseModel):
    """A place on a machine's bed."""

    x_mm: float
    y_mm: float


class BedOut(BaseModel):
    """How far the pen reaches from the machine's zero, mm."""

    width_mm: float
    height_mm: float


class PlotterOut(BaseModel):
    """A plotter: what a person wants of it (`mode`), what it is (`condition`), and the card in hand."""

    id: str
    object: Literal["plotter"] = "plotter"
    name: str
    mode: Mode
    condition: Condition
    reason: str | None
    blanks: int
    capacity: int
    loaded_stock: str | None = Field(description="Of its blanks; null when they are of several papers.")
    bed: BedOut
    slots: list[SlotOut]
    slot: str | None = Field(description="Where the card in hand lies.")
    job: str | None
    progress: Progress | None
    position: tuple[float, float] | None = Field(description="Pen, card frame, mm.")
    left_s: float | None = Field(description="Machine time to the end of the card being written, by its strokes.")
    held: bool
    wanted: str | None
    simulated: bool
    port_open: bool
    seen_at: datetime | None


class PlotterList(BaseModel):
    """The shop's plotters."""

    data: list[PlotterOut]


def slot_out(plotter: PlotterRow, row: SlotRow, lies: Slot) -> SlotOut:
    """A slot as the API shows it, where it lies by now."""
    return SlotOut(
        name=row.name,
        lies=plotter.lies(row),
        blanks=row.blanks,
        stock=row.stock,
        job=row.job,
        feed=row.feed or None,
        x_mm=lies.x_mm,
        y_mm=lies.y_mm,
        rotation_deg=lies.rotation_deg,
        measured_at=row.measured_at,
    )


def plotter_out(row: PlotterRow, plotter: Plotter) -> PlotterOut:
    """A plotter as the API shows it."""
    bed = lying(plotter, row)
    return PlotterOut(
        id=row.id,
        name=row.name,
        mode=row.mode,
        condition=row.condition,
        reason=row.reason or None,
        blanks=row.blanks,
        capacity=row.capacity,
        loaded_stock=row.loaded_stock,
        bed=BedOut(width_mm=plotter.machine.width_mm, height_mm=plotter.machine.height_mm),
        slots=[slot_out(row, one, bed[one.name]) for one in row.slots if one.name in bed],
        slot=row.slot,
        job=row.job,
        progress=Progress(stroke=row.stroke, strokes=row.strokes) if row.job else None,
        position=position(row.x, row.y) if row.job else None,
        left_s=row.left_s,
        held=row.condition is Condition.HELD,
        wanted=row.wanted,
        simulated=plotter.port.startswith("sim://"),
        port_open=row.boot is not None and row.condition not in (Condition.OFFLINE, Condition.FAULT),
        seen_at=row.seen_at,
    )
