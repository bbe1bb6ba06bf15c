"""Feeding: a fresh card brought to the pen before a claimed job is written, confirmed by a sensor or by a person."""

from collections.abc import Callable

from jobs.dispatch import Claim, Dispatch
from jobs.job import Cancelled, Condition, PlotterRow
from plotter.feeder import NoCard, bring
from plotter.machine import Feeder, Plotter
from plotter.macros import macro
from plotter.port import PortError
from plotter.wire import Locked, Refusal, Wire

LOOK_S = 2.0  # a person's answer is looked for at least this often, should a wake-up get lost
ASK = "has the feeder brought a fresh card, and does it lie in place? Say so, and it is written on"
NONE_CAME = "the feeder has not brought a card"
_THEN = "Nothing was written. Look into the feeder, clear the slot, then confirm how many blanks it holds"


def trouble(row: PlotterRow) -> str | None:
    """Why a plotter with a feeder takes no card until a person has looked: none has come and blanks are to be confirmed
    anew, or nobody has said yet whether one came for a job that went back."""
    known = {one.feed for one in row.slots}
    if "missing" in known:
        return f"{NONE_CAME}. {_THEN}"
    return ASK if "asked" in known else None


def feed(
    claim: Claim,
    plotter: Plotter,
    dispatch: Dispatch,
    wire: Wire,
    *,
    report: Callable[[Condition, str], None],
    stopping: Callable[[], bool],
) -> None:
    """See to it that a fresh card lies in the slot; one that was brought for a job that went back is taken first.

    A silent feeder's card waits for a person's word, however long that takes, and though its job go back meanwhile.
    Raises NoCard when none has come (the blanks are to be confirmed anew then), Cancelled, Stale, PortError. Nothing
    has been drawn in any case.
    """
    feeder = plotter.feeder
    if feeder is None or _lies(claim, feeder, dispatch, wire):
        return

    def go_on() -> None:
        if stopping():
            raise Cancelled("the server is being stopped")
        claim.heed(dispatch.progress(claim, stroke=0))

    try:
        bring(wire, feeder, macro("feeder", feeder.macro, plotter.machine), between=go_on)
        if feeder.confirm == "operator":
            _ask(claim, dispatch, report, go_on)
    except NoCard:
        dispatch.fed(claim, "missing")
        raise
    except Cancelled:
        if feeder.confirm == "operator" and not _known(claim, dispatch):
            dispatch.fed(claim, "asked")  # whether a card lies there by now only a person can say
        raise
    except (Refusal, Locked) as error:
        raise PortError(f"{error}; look into the feeder, then connect again") from error
    dispatch.fed(claim, "here")


def _lies(claim: Claim, feeder: Feeder, dispatch: Dispatch, wire: Wire) -> bool:
    """Whether a fresh card has lain there since an earlier feed, and its sensor still sees it."""
    if _known(claim, dispatch) != "here":
        return False
    return feeder.confirm == "operator" or feeder.pin in wire.status().pins


def _known(claim: Claim, dispatch: Dispatch) -> str:
    row = dispatch.store.plotter(claim.plotter)
    return next(one.feed for one in row.slots if one.name == claim.slot)


def _ask(claim: Claim, dispatch: Dispatch, report: Callable[[Condition, str], None], go_on: Callable[[], None]) -> None:
    """Wait for a person's word on the card; raises NoCard when there is none."""
    bell = dispatch.store.bell
    dispatch.fed(claim, "asked")
    report(Condition.ATTENTION, ASK)
    while (said := _known(claim, dispatch)) == "asked":
        seen = bell.count("event")
        go_on()
        if _known(claim, dispatch) == "asked":
            bell.wait(seen, LOOK_S, "event")
    if said != "here":
        raise NoCard(NONE_CAME)
