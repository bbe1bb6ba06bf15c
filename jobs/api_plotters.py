"""Routes of plotters, and of what there is to write with and on."""

from fastapi import APIRouter

from jobs.api_asked import PlotterId
from jobs.api_errors import OF_ONE, responses
from jobs.api_front import ACTOR, Front
from jobs.api_panel import PlotterList, PlotterOut, plotter_out
from jobs.api_shown import (
    ArtworkList,
    HandList,
    StockList,
    StockOut,
    TemplateList,
    TemplateOut,
    artwork_out,
    hand_out,
)
from jobs.job import Mode, PlotterRow, Wanted
from jobs.note import fields_of


def router(front: Front) -> APIRouter:
    """The routes under /v1/plotters."""
    routes = APIRouter(prefix="/v1/plotters", tags=["plotters"])
    store, desk = front.store, front.desk
    configured = {one.name: one for one in front.plotters}

    def shown(row: PlotterRow) -> PlotterOut:
        return plotter_out(row, configured[row.name])

    @routes.get("", responses=responses("invalid_request"))
    def all_plotters() -> PlotterList:
        """The shop's plotters and how they are."""
        return PlotterList(data=[shown(row) for row in store.plotters() if row.name in configured])

    @routes.get("/{id}", responses=responses("unknown_id", "invalid_request"))
    def look(id: PlotterId) -> PlotterOut:
        """One plotter."""
        return shown(store.plotter(front.plotter(id).name))

    moved = responses(*OF_ONE)

    @routes.post("/{id}/hold", responses=moved)
    def hold(id: PlotterId) -> PlotterOut:
        """Hold the card in hand when the pen next lifts."""
        return shown(desk.wish(front.plotter(id).name, Wanted.HOLD, actor=ACTOR))

    @routes.post("/{id}/lift", responses=moved)
    def lift(id: PlotterId) -> PlotterOut:
        """Lift the pen at once, wherever it is, and hold the card there; `resume` goes on in the same place."""
        return shown(desk.wish(front.plotter(id).name, Wanted.LIFT, actor=ACTOR))

    @routes.post("/{id}/resume", responses=moved)
    def resume(id: PlotterId) -> PlotterOut:
        """Go on with the card that is held."""
        return shown(desk.wish(front.plotter(id).name, Wanted.GO_ON, actor=ACTOR))

    @routes.post("/{id}/stop", responses=moved)
    def stop(id: PlotterId) -> PlotterOut:
        """Stop at once and lift the pen: the card is interrupted and waits for a person's word."""
        return shown(desk.wish(front.plotter(id).name, Wanted.STOP, actor=ACTOR))

    @routes.post("/{id}/pause", responses=moved)
    def pause(id: PlotterId) -> PlotterOut:
        """Take no more cards; the one in hand goes on."""
        return shown(desk.mode(front.plotter(id).name, Mode.PAUSED, actor=ACTOR))

    @routes.post("/{id}/activate", responses=moved)
    def activate(id: PlotterId) -> PlotterOut:
        """Take cards again."""
        return shown(desk.mode(front.plotter(id).name, Mode.ACTIVE, actor=ACTOR))

    return routes


def shelf_router(front: Front) -> APIRouter:
    """Hands, stocks, templates."""
    routes = APIRouter(prefix="/v1", tags=["shelf"])
    shelf = front.shelf

    @routes.get("/hands", responses=responses("invalid_request"))
    def hands() -> HandList:
        """The hands to write in, the shop's own first."""
        names = sorted(shelf.hands, key=lambda name: (name != front.notes.hand, name))
        return HandList(data=[hand_out(name, shelf.hands[name]) for name in names])

    @routes.get("/artwork", responses=responses("invalid_request"))
    def artwork() -> ArtworkList:
        """Signatures and doodles that may go with a note."""
        return ArtworkList(data=[artwork_out(name, shelf.artwork) for name in shelf.artwork])

    @routes.get("/stocks", responses=responses("invalid_request"))
    def stocks() -> StockList:
        """The papers to write on, the shop's own first."""
        names = sorted(shelf.stocks, key=lambda name: name != front.notes.stock)
        found = ((name, shelf.stocks[name]) for name in names)
        return StockList(
            data=[
                StockOut(
                    name=name,
                    title=one.title,
                    kind=one.kind,
                    width_mm=one.width_mm,
                    height_mm=one.height_mm,
                    fold=one.fold,
                    frames=list(one.frames),
                )
                for name, one in found
            ]
        )

    @routes.get("/templates", responses=responses("invalid_request"))
    def templates() -> TemplateList:
        """The note templates and their merge fields."""
        return TemplateList(
            data=[
                TemplateOut(name=name, title=name.replace("-", " "), text=text, fields=fields_of(text))
                for name, text in shelf.templates.items()
            ]
        )

    return routes
