"""A pen lifted in the middle of a word, and the card gone on with: the ink before and after in two colours."""

from pathlib import Path

from bench.timing import show
from fonts.card import Frame, Stock
from fonts.hands import hands
from jobs.compose import Shelf, compose
from jobs.note import Note
from plotter.driver import connect, driver
from plotter.faults import Resume
from plotter.machine import Machine, Slot
from plotter.plan import plan
from plotter.program import Program
from plotter.simport import plug
from plotter.stream import Progress, Wish, stream
from plotter.strokes import deviation
from plotter.svg import draw, png

PICTURE = Path("out/lift.png")
LIFT_S, REST_S = 4.2, 3.0
BEFORE, AFTER = "#1b2a6b", "#c0392b"


def main() -> int:
    """Print how true the ink is and write the picture; exit code 1 when it is not."""
    machine, paper = Machine(), (80.0, 30.0)
    frame = Frame(x_mm=12, y_mm=4, width_mm=60, height_mm=22)
    shelf = Shelf(
        hands=hands(),
        stocks={"s": Stock(title="s", width_mm=paper[0], height_mm=paper[1], frames={"m": frame})},
        templates={},
    )
    card = compose(Note(hand="swan", stock="s", text="Dear Marta, thank you!", seed=11), shelf)
    path = plan(card.strokes, paper=paper, slot=Slot(), machine=machine)
    tongue, port = driver(machine), plug(machine)
    session = connect(port, machine)
    lifted: list[float] = []
    goes_on: list[Resume] = []
    strokes_before = 0

    def watch(now: Progress) -> Wish:
        nonlocal strokes_before
        if not lifted and now.seconds > LIFT_S and port.simulator.pen_down:
            lifted.append(now.seconds)
        if now.held:
            strokes_before = len(port.simulator.sheet.strokes)
        return Wish.LIFT if lifted and now.seconds < lifted[0] + REST_S else Wish.GO_ON

    def rewrite(at: Resume) -> Program:
        goes_on.append(at)
        return tongue.write(path, first_stroke=at.stroke, from_mm=at.mm)

    outcome = stream(port, session, tongue.write(path), watch=watch, rewrite=rewrite)
    sheet = port.simulator.sheet
    off = deviation(sheet.strokes, list(path.strokes))
    rested = max((one.seconds for one in sheet.rests), default=0.0)
    head = ("card", "lifted in stroke", "mm along it", "ink off the plan, mm", "longest rest on the paper, s")
    show(head, [[outcome.card, goes_on[0].stroke, goes_on[0].mm, off, rested]])
    ink = Slot().onto_card(sheet.strokes)
    before = draw(ink[:strokes_before], *paper, ink=BEFORE)
    after = draw(ink[strokes_before:], *paper, ink=AFTER)
    both = before.replace("</svg>", after[after.index("<g ") :])
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_bytes(png(both, dpi=300))
    print(f"{PICTURE}: before the lift dark, after it red")
    return 0 if outcome.card == "whole" and off < 0.05 else 1
