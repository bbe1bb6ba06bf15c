"""Bed: where the cards of a plotter lie, as the configuration says or as a person has measured it at the machine."""

from collections.abc import Mapping
from dataclasses import replace

from fonts.card import Stock
from jobs.job import PlotterRow
from plotter import bed
from plotter.machine import Plotter, Slot


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


def beyond(
    plotter: Plotter, row: PlotterRow, name: str, lies: Slot, paper: Stock, stocks: Mapping[str, Stock]
) -> str | None:
    """Why a paper cannot lie there, outside the bed or upon a blank of another slot, in words; None when it can."""
    blanks = {
        one.name: stocks[one.stock] for one in row.slots if one.blanks and one.stock is not None and one.stock in stocks
    }
    sizes = {slot: (stock.width_mm, stock.height_mm) for slot, stock in {**blanks, name: paper}.items()}
    found = bed.faults({**lying(plotter, row), name: lies}, sizes, plotter.machine)
    return found[0] if found else None


def unfit(plotter: Plotter, row: PlotterRow, stock: Stock) -> str | None:
    """Why no slot of the plotter holds this paper, in words; None when one does."""
    found = [faults(plotter, row, {name: stock}) for name in lying(plotter, row)]
    return None if not all(found) else found[0][0]
