"""A composed card as the API shows it: picture, program, time."""

from collections.abc import Sequence

from fonts.card import Stock
from jobs.api_errors import Problem, shown_fault
from jobs.api_shown import FaultOut, PreviewOut
from jobs.compose import Composition, Fault
from jobs.job import plotter_id
from plotter.driver import driver
from plotter.machine import Plotter, Slot
from plotter.plan import PlanError
from plotter.program import Program
from plotter.strokes import Stroke
from plotter.svg import draw

PEN_MM = 0.35  # a fine gel pen, where no plotter says its own


def picture(card: Composition, pen_mm: float = PEN_MM, turns: Sequence[int] = ()) -> str:
    """The card as an SVG in mm; `turns` where strokes are not drawn in writing order."""
    return ink(card.strokes, card.stock, pen_mm, turns)


def ink(strokes: Sequence[Stroke], stock: Stock, pen_mm: float = PEN_MM, turns: Sequence[int] = ()) -> str:
    """Strokes in the card frame on their paper, as an SVG in mm."""
    return draw(strokes, stock.width_mm, stock.height_mm, pen_mm=pen_mm, fold=stock.fold, turns=turns)


def program(card: Composition, plotter: Plotter, slot: Slot) -> Program:
    """What is sent to this plotter for the card when it lies in this slot; raises Problem does_not_fit."""
    try:
        return driver(plotter.machine).write(card.planned(slot, plotter.machine))
    except PlanError as error:
        raise Problem("does_not_fit", f"{plotter.name}: {error}") from None


def turns(card: Composition, plotter: Plotter, slot: Slot) -> tuple[int, ...]:
    """For each stroke of the card how many are drawn before it on this plotter; none where it cannot be written."""
    try:
        return card.planned(slot, plotter.machine).turns
    except PlanError:
        return ()


def preview(card: Composition, stock: str, places: Sequence[tuple[Plotter, Slot]]) -> PreviewOut:
    """The card on the paper called `stock`, and the time it takes in the first of these places that it fits."""
    warnings = [*card.warnings]
    seconds, lifts, where = None, len(card.strokes), None
    for one, slot in places:
        try:
            written = program(card, one, slot)
        except Problem as problem:
            warnings.append(Fault("plotter", "does_not_fit", str(problem.detail)))
            continue
        found = driver(one.machine).estimate(written)
        seconds, lifts, where = round(found.seconds, 1), found.lifts, one
        break
    frame = next(iter(card.stock.frames.values()))
    if card.xheight_mm <= frame.xheight_min_mm * 1.02:
        words = f"the text is long: it is written at the smallest size, x-height {card.xheight_mm:.1f} mm"
        warnings.append(Fault("text", "smallest_writing", words))
    return PreviewOut(
        svg=picture(card, where.machine.pen_width_mm if where else PEN_MM),
        text=card.text,
        seed=card.seed,
        hand=card.hand,
        stock=stock,
        characters=card.characters,
        lines=len(card.lines),
        strokes=len(card.strokes),
        lifts=lifts,
        ink_mm=round(card.ink_mm, 1),
        seconds=seconds,
        plotter=None if where is None else plotter_id(where.name),
        xheight_mm=round(card.xheight_mm, 3),
        warnings=[FaultOut(**shown_fault(one)) for one in warnings],
    )
