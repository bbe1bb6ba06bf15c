"""Routes of a plotter's bed: what a person has laid into it, where its slots lie, what its feeder brought."""

from typing import Annotated

from fastapi import APIRouter, Path

from jobs import bed
from jobs.api_asked import BlanksIn, CornersIn, FedIn, HereIn, PlotterName, SlotName
from jobs.api_errors import Problem, responses
from jobs.api_front import ACTOR, Front
from jobs.api_panel import PlaceOut, PlotterOut, plotter_out
from jobs.compose import Fault
from jobs.handling import Here
from jobs.job import PlotterRow
from plotter.machine import Plotter, Slot

Id = Annotated[PlotterName, Path()]
In = Annotated[SlotName, Path()]
_MOVED = ("unknown_id", "wrong_state", "too_large", "unsupported_media_type", "invalid_request", "malformed_body")


def router(front: Front) -> APIRouter:
    """The routes under /v1/plotters that are about the bed."""
    routes = APIRouter(prefix="/v1/plotters", tags=["plotters"])
    store, desk = front.store, front.desk

    @routes.post("/{id}/blanks", responses=responses("not_possible", *_MOVED))
    def blanks(id: Id, body: BlanksIn) -> PlotterOut:
        """A person has laid blank cards in and looked at them. Nothing is written on a plotter before this word."""
        plotter = front.plotter(id)
        row = store.plotter(plotter.name)
        laid = _laid(plotter, row, body)
        for name, stock in laid.items():
            if stock not in front.shelf.stocks:
                words = f"there is no stock “{stock}”; there are: {', '.join(front.shelf.stocks)}"
                raise _impossible("stock" if body.slots is None else f"slots.{name}", "unknown_stock", words)
        if body.count is not None and body.count > plotter.load:
            raise _impossible("count", "out_of_range", f"{plotter.name} holds at most {plotter.load} blanks")
        if row.job is not None and row.slot is not None:  # the card in hand lies there as well
            laid.setdefault(row.slot, store.job(row.job).note.stock)
        known = {name: front.shelf.stocks[stock] for name, stock in laid.items() if stock in front.shelf.stocks}
        if why := bed.faults(plotter, row, known):
            words = "; ".join(why)
            raise Problem("not_possible", words, [Fault("slots", "does_not_fit", one) for one in why])
        if body.slots is not None:
            return plotter_out(desk.lay(plotter.name, body.slots, actor=ACTOR), plotter)
        room = plotter.load - (row.job is not None)
        count = room if body.count is None else body.count
        return plotter_out(desk.load(plotter.name, count, body.stock or "", actor=ACTOR), plotter)

    @routes.post("/{id}/here", responses=responses("errand_failed", *_MOVED))
    def here(id: Id, body: HereIn) -> PlaceOut:
        """Where the pen stands now, machine mm; for touching a paper's corners."""
        plotter = front.plotter(id)
        x, y = front.errands[plotter.name].ask(Here(), actor=ACTOR, token=body.token)
        return PlaceOut(x_mm=round(x, 3), y_mm=round(y, 3))

    @routes.post("/{id}/slots/{slot}/measure", responses=responses("not_possible", *_MOVED))
    def measure(id: Id, slot: In, body: CornersIn) -> PlotterOut:
        """The pen was held above both lower corners of a paper: the slot lies where they say, from now on."""
        plotter = front.plotter(id)
        if (stock := front.shelf.stocks.get(body.stock)) is None:
            words = f"there is no stock “{body.stock}”; there are: {', '.join(front.shelf.stocks)}"
            raise _impossible("stock", "unknown_stock", words)
        try:
            left, right = ((one.x_mm, one.y_mm) for one in (body.lower_left, body.lower_right))
            lies = Slot.from_corners(left, right, stock.width_mm)
        except ValueError as error:
            raise _impossible("lower_right", "out_of_range", str(error)) from None
        if why := bed.beyond(plotter, slot, lies, stock):
            raise _impossible("lower_left", "does_not_fit", why)
        return plotter_out(desk.measure(plotter.name, slot, lies, actor=ACTOR), plotter)

    @routes.post("/{id}/slots/{slot}/reset", responses=responses(*_MOVED))
    def reset(id: Id, slot: In) -> PlotterOut:
        """The slot lies again where the configuration says."""
        plotter = front.plotter(id)
        return plotter_out(desk.measure(plotter.name, slot, None, actor=ACTOR), plotter)

    @routes.post("/{id}/fed", responses=responses(*_MOVED))
    def fed(id: Id, body: FedIn) -> PlotterOut:
        """A person has looked whether the feeder has brought a card, when the plotter asks."""
        plotter = front.plotter(id)
        return plotter_out(desk.fed(plotter.name, body.card == "here", actor=ACTOR), plotter)

    return routes


def _laid(plotter: Plotter, row: PlotterRow, body: BlanksIn) -> dict[str, str]:
    """Which paper a person says lies in which slot; raises Problem when that is said twice, or not at all."""
    if body.slots is not None:
        if body.stock is not None or body.count is not None:
            raise _impossible("slots", "invalid", "give either stock (and count) or slots")
        return dict(body.slots)
    if body.stock is None:
        raise _impossible("stock", "missing", "say which paper: stock, or slots with a paper each")
    free = [name for name in plotter.bed if row.job is None or name != row.slot or len(plotter.bed) == 1]
    count = len(free) if body.count is None else body.count
    # Where several cards share one slot, its paper is looked at once.
    return dict.fromkeys(free[:count] or list(plotter.bed)[:1], body.stock)


def _impossible(field: str, code: str, words: str) -> Problem:
    return Problem("not_possible", words, [Fault(field, code, words)])
