"""Meter: how much ink and how many lifts a program takes, told to the book of care as strokes are proved drawn."""

from itertools import accumulate

from jobs.care import Care
from plotter.gcode import strokes
from plotter.program import Program
from plotter.strokes import length


class Meter:
    """One program under way on a plotter. What the book has heard survives this host: the pen is worn all the same."""

    def __init__(self, book: Care, plotter: str, program: Program) -> None:
        self._book, self._plotter = book, plotter
        self._first = self._told = program.first_stroke
        self._mm = [0.0, *accumulate(length(one) for one in strokes(program))]

    def read(self, drawn: int, *, step_mm: float = 0.0, cards: int = 0) -> None:
        """So many of the card's strokes are proved drawn, and so many `cards` are whole: the book hears of what it does
        not know, once that is `step_mm` of ink."""
        drawn = max(drawn, self._told)
        mm = self._mm[drawn - self._first] - self._mm[self._told - self._first]
        if mm >= step_mm and (drawn > self._told or cards):
            self._book.drew(self._plotter, mm=mm, lifts=drawn - self._told, cards=cards)
            self._told = drawn
