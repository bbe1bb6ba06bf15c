"""The wire: what one simulated card costs the host, and how fast it streams."""

import time

from bench.timing import show
from fonts.hands import hands
from jobs.compose import Shelf, compose
from jobs.note import Note
from plotter.gcode import prove, write
from plotter.plan import plan
from plotter.serialport import open_port
from plotter.stream import Wish, connect, stream
from server import read_shop


def main() -> int:
    """One card per hand onto a simulated machine in virtual time: CPU seconds, lines, machine minutes."""
    shop = read_shop()
    shelf = Shelf(hands=hands(), stocks=shop.stocks, templates=shop.templates)
    plotter = shop.plotters[0]
    rows: list[list[object]] = []
    for hand in shelf.hands:
        note = Note(
            template="thank-you-order",
            fields={"first_name": "Sarah", "product": "the heritage cardigan", "agent": "Margaret"},
            hand=hand,
            stock="a6",
            seed=1,
        )
        card = compose(note, shelf)
        begun = time.process_time()
        paper = (card.stock.width_mm, card.stock.height_mm)
        program = write(plan(card.strokes, paper=paper, slot=plotter.slot, machine=plotter.machine, words=card.words))
        prove(program, plotter.machine)
        planned = time.process_time() - begun
        port = open_port("sim://?speed=max", baud=plotter.machine.baud, machine=plotter.machine)
        session = connect(port, plotter.machine)
        begun = time.process_time()
        outcome = stream(port, session, program, watch=lambda _: Wish.GO_ON)
        streamed = time.process_time() - begun
        port.close()
        rows.append(
            [
                hand,
                len(program.texts),
                1000 * planned,
                streamed,
                outcome.seconds / 60,
                len(program.texts) / outcome.seconds,
            ]
        )
    show(("hand", "lines", "plan+prove ms", "stream+simulate s CPU", "machine min", "lines/s of machine time"), rows)
    return 0
