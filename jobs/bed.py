"""Bed: where the cards of a plotter lie, as the configuration says or as a person has measured it at the machine."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from fonts.card import Stock
from jobs.errand import Bench, ErrandFailed
from jobs.job import PlotterRow
from plotter import bed
from plotter.machine import Plotter, Slot
from plotter.program import Point

STILL_S = 10.0  # longer than any jog that is under way takes to end


@dataclass(frozen=True)
class Here:
    """Where the pen stands now, machine frame, mm: above a paper's corner, says the person who has brought it there."""

    name: ClassVar[str] = "here"
    beside_card: ClassVar[bool] = True

    def run(self, bench: Bench) -> Point:
        """Raises ErrandFailed while nobody knows where the machine's zero is."""
        if not bench.zeroed:
            raise ErrandFailed(
                f"nobody knows yet where the zero of {bench.plotter.name} is: pause it, push its carriage into its zero"
                " corner and confirm a load; then bring the pen above the corner"
            )
        return bench.wire.wait_for(frozenset({"Idle"}), STILL_S).at


def lying(plotter: Plotter, row: PlotterRow) -> Mapping[str, Slot]:
    """Every slot of the plotter by name: as measured at the machine, else as the configuration has it."""
    measured = {one.name: one.measured for one in row.slots}
    return {name: measured.get(name) or slot for name, slot in plotter.bed.items()}


def as_measured(plotter: Plotter, row: PlotterRow) -> Plotter:
    """The plotter with its slots where they were measured to lie."""
    slots = lying(plotter, row)
    if slots == plotter.bed:
        return plotter
    return replace(plotter, slot=next(iter(slots.values())), slots=slots if plotter.slots else {})


def faults(plotter: Plotter, row: PlotterRow, papers: Mapping[str, Stock]) -> list[str]:
    """Why papers cannot lie in these slots, in words with names and mm; nothing when they can."""
    sizes = {name: (stock.width_mm, stock.height_mm) for name, stock in papers.items() if name in plotter.bed}
    return [f"{plotter.name}: {why}" for why in bed.faults(lying(plotter, row), sizes, plotter.machine)]


def beyond(plotter: Plotter, name: str, lies: Slot, paper: Stock) -> str | None:
    """Why a paper that lies there is not inside the bed, in words; None when it is."""
    found = bed.faults({name: lies}, {name: (paper.width_mm, paper.height_mm)}, plotter.machine)
    return found[0] if found else None


def unfit(plotter: Plotter, row: PlotterRow, stock: Stock) -> str | None:
    """Why no slot of the plotter holds this paper, in words; None when one does."""
    found = [faults(plotter, row, {name: stock}) for name in lying(plotter, row)]
    return None if not all(found) else found[0][0]
