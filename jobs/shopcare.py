"""Shopcare: how the configuration words the care of a plotter, and what of it does not go together."""

from collections.abc import Mapping
from dataclasses import fields

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from fonts.card import Stock
from plotter import bed
from plotter.care import Care, PenProfile
from plotter.machine import Machine, Plotter
from plotter.macros import MacroFault, macros

_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, config=_STRICT, kw_only=True)
class CareAsked(Care):
    """The care of one plotter as the file words it: `pens` are names of [pens], all that fit when left out."""

    pens: tuple[str, ...] | None = None  # type: ignore[assignment]  # names, until the shop's pens are known

    def care(self, machine: Machine, pens: Mapping[str, PenProfile]) -> Care:
        """The care with the pens that it names; those that are not in the shop are left out."""
        named = [name for name, pen in pens.items() if pen.fits(machine)] if self.pens is None else self.pens
        said = {one.name: getattr(self, one.name) for one in fields(Care)}
        return Care(**{**said, "pens": {name: pens[name] for name in named if name in pens}})


def care_faults(name: str, asked: CareAsked, machine: Machine, pens: Mapping[str, PenProfile]) -> list[str]:
    """What of a plotter's care does not go together with its machine and the shop's pens."""
    where = f"[plotters.{name}.care]"
    faults = []
    for one in asked.pens or ():
        if one not in pens:
            faults.append(f"{where} pens: there is no pen '{one}'; [pens] has {', '.join(sorted(pens)) or 'none'}")
        elif not pens[one].fits(machine):
            faults.append(f"{where} pens: the machine cannot lift '{one}': its own pen is of kind {machine.pen.kind}")
    try:
        macros(asked.macros, machine)
    except MacroFault as error:
        faults.append(f"[plotters.{name}.care.macros] {error}")
    if asked.when_empty and asked.when_empty not in asked.macros:
        faults.append(f"{where} when_empty: there is no macro '{asked.when_empty}'")
    x, y = asked.mark
    if x > machine.width_mm or y > machine.height_mm:
        faults.append(f"{where} mark: ({x:g}, {y:g}) is not on the bed")
    if asked.motion_proof and machine.homing:
        faults.append(f"{where} motion_proof: this machine homes, which proves that it moves; leave it out")
    return faults


def patch_faults(plotter: Plotter, stocks: Mapping[str, Stock]) -> list[str]:
    """Where the scribble would come onto a card: papers that the bed can hold, in every slot."""
    patch = plotter.care.scribble
    if patch is None:
        return []
    where = f"[plotters.{plotter.name}.care.scribble]"
    if not patch.inside(plotter.machine):
        size = f"{plotter.machine.width_mm:g} x {plotter.machine.height_mm:g} mm"
        return [f"{where} it is not on the bed of {size}"]
    return [
        f"{where} it lies on a card of {stock} in slot {name}; move it beside the cards"
        for name, slot in plotter.bed.items()
        for stock, paper in ((one, (it.width_mm, it.height_mm)) for one, it in stocks.items())
        if not bed.beyond_mm(slot, paper, plotter.machine) and not patch.clear_of(slot, paper)
    ]
