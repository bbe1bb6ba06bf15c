"""Routes of a plotter's bed: what a person has laid into it, where its slots lie, what its feeder brought."""

from typing import Annotated

from fastapi import APIRouter, Path

from fonts.card import Stock
from jobs import bed
from jobs.api_asked import BlanksIn, CornersIn, FedIn, HereIn, PlotterId, SlotName
from jobs.api_errors import OF_ONE, Problem, impossible, responses
from jobs.api_front import ACTOR, Front
from jobs.api_panel import PlaceOut, PlotterOut, plotter_out
from jobs.compose import Fault
from jobs.handling import Here
from jobs.job import PlotterRow
from plotter.machine import Plotter, Slot

In = Annotated[SlotName, Path()]


def router(front: Front) -> APIRouter:
    """The routes under /v1/plotters that are about the bed."""
    routes = APIRouter(prefix="/v1/plotters", tags=["plotters"])
    store, desk = front.store, front.desk

    @routes.post("/{id}/blanks", responses=responses("not_possible", *OF_ONE))
    def blanks(id: PlotterId, body: BlanksIn) -> PlotterOut:
        """A person has laid blank cards in and looked at them. Nothing is written on a plotter before this word."""
        plotter = front.plotter(id)
        row = store.plotter(plotter.name)
        laid = _laid(plotter, row, body)
        for name, stock in laid.items():
            _stock(front, stock, "stock" if body.slots is None else f"slots.{name}")
        if body.count is not None and body.count > plotter.load:
            raise impossible("count", "out_of_range", f"{plotter.name} holds at most {plotter.load} blanks")
        if row.job is not None and row.slot is not None:  # the card in hand lies there as well
            laid.setdefault(row.slot, store.job(row.job).note.stock)
        known = {name: front.shelf.stocks[stock] for name, stock in laid.items() if stock in front.shelf.stocks}
        if why := bed.faults(plotter, row, known):
            words = "; ".join(why)
            raise Problem("not_possible", words, [Fault("slots", "does_not_fit", one) for one in why])
        if body.slots is not None:
            return plotter_out(desk.lay(plotter.name, body.slots, actor=ACTOR), plotter)
        room = max(1, plotter.load - (row.job is not None))  # where there is none that is said
        count = room if body.count is None else body.count
        return plotter_out(desk.load(plotter.name, count, body.stock or "", actor=ACTOR), plotter)

    @routes.post("/{id}/here", responses=responses("errand_failed", *OF_ONE))
    def here(id: PlotterId, body: HereIn) -> PlaceOut:
        """Where the pen stands now, machine mm; for touching a paper's corners."""
        plotter = front.plotter(id)
        x, y = front.errands[plotter.name].ask(Here(), actor=ACTOR, token=body.token)
        return PlaceOut(x_mm=round(x, 3), y_mm=round(y, 3))

    @routes.post("/{id}/slots/{slot}/measure", responses=responses("not_possible", *OF_ONE))
    def measure(id: PlotterId, slot: In, body: CornersIn) -> PlotterOut:
        """The pen was held above both lower corners of a paper: the slot lies where they say, from now on."""
        plotter = front.plotter(id)
        stock = _stock(front, body.stock, "stock")
        corners = {"lower_left": body.lower_left, "lower_right": body.lower_right}
        width, height = plotter.machine.width_mm, plotter.machine.height_mm
        off = [name for name, at in corners.items() if not (0 <= at.x_mm <= width and 0 <= at.y_mm <= height)]
        try:
            left, right = ((one.x_mm, one.y_mm) for one in corners.values())
            lies = Slot.from_corners(left, right, stock.width_mm)
        except ValueError as error:
            raise impossible((*off, "lower_right")[0], "out_of_range", str(error)) from None
        if why := bed.beyond(plotter, store.plotter(plotter.name), slot, lies, stock, front.shelf.stocks):
            raise impossible((*off, "stock")[0], "does_not_fit", why)
        return plotter_out(desk.measure(plotter.name, slot, lies, actor=ACTOR), plotter)

    @routes.post("/{id}/slots/{slot}/reset", responses=responses(*OF_ONE))
    def reset(id: PlotterId, slot: In) -> PlotterOut:
        """The slot lies again where the configuration says."""
        plotter = front.plotter(id)
        return plotter_out(desk.measure(plotter.name, slot, None, actor=ACTOR), plotter)

    @routes.post("/{id}/fed", responses=responses(*OF_ONE))
    def fed(id: PlotterId, body: FedIn) -> PlotterOut:
        """A person has looked whether the feeder has brought a card, when the plotter asks."""
        plotter = front.plotter(id)
        return plotter_out(desk.fed(plotter.name, body.card == "here", actor=ACTOR), plotter)

    return routes


def _stock(front: Front, name: str, field: str) -> Stock:
    found = front.shelf.stocks.get(name)
    if found is None:
        words = f"there is no stock “{name}”; there are: {', '.join(front.shelf.stocks)}"
        raise impossible(field, "unknown_stock", words)
    return found


def _laid(plotter: Plotter, row: PlotterRow, body: BlanksIn) -> dict[str, str]:
    """Which paper a person says lies in which slot; raises Problem when that is said twice, or not at all."""
    if body.slots is not None:
        if body.stock is not None or body.count is not None:
            raise impossible("slots", "invalid", "give either stock (and count) or slots")
        return dict(body.slots)
    if body.stock is None:
        raise impossible("stock", "missing", "say which paper: stock, or slots with a paper each")
    free = [name for name in plotter.bed if row.job is None or name != row.slot or len(plotter.bed) == 1]
    count = len(free) if body.count is None else body.count
    # Where several cards share one slot, its paper is looked at once.
    return dict.fromkeys(free[:count] or list(plotter.bed)[:1], body.stock)
