"""Words to ink: time, points, strokes and ink per hand, with the plain Hershey package beside it."""

from pathlib import Path

from HersheyFonts import HersheyFonts

from bench.timing import median_ms, show
from fonts.hands import hands
from jobs.compose import Shelf, compose
from jobs.note import Note, literal
from plotter.strokes import length
from server import read_shop

NOTES = Path(__file__).parent.parent / "examples" / "notes.txt"


def main() -> int:
    """A note of about 350 characters in each hand, and the same words by HersheyFonts.strokes_for_text."""
    paragraphs = NOTES.read_text(encoding="utf-8").split("\n\n")
    text = min(paragraphs, key=lambda one: abs(len(one) - 350)).strip()
    shelf = Shelf(hands=hands(), stocks=read_shop().stocks, templates={})
    rows: list[list[object]] = []
    for hand in shelf.hands:
        note = Note(text=literal(text), hand=hand, stock="a6", seed=1)
        card = compose(note, shelf)
        rows.append(
            [
                hand,
                len(text),
                median_ms(lambda note=note: compose(note, shelf)),  # type: ignore[misc]
                sum(map(len, card.strokes)),
                len(card.strokes),
                sum(map(length, card.strokes)) / 1000,
            ]
        )
    plain = HersheyFonts()
    plain.load_default_font("scripts")
    strokes = list(plain.strokes_for_text(text))
    rows.append(
        [
            "(hershey-fonts, plain)",
            len(text),
            median_ms(lambda: list(plain.strokes_for_text(text))),
            sum(map(len, strokes)),
            len(strokes),
            "-",
        ]
    )
    show(("hand", "characters", "ms", "points", "strokes", "ink m"), rows)
    return 0
