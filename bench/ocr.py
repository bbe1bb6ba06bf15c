"""Another reader: how much of our cards an OCR (RapidOCR, PP-OCR models shipped in its wheel, offline) misreads.

Cards as they come off the machine: an A6 card at 300 dpi under a 0.35 mm line. Read twice: the whole card, where the
reader finds the lines itself, and line by line with nothing to find. Error: edit distance (Levenshtein 1966) over the
characters there are, dashes and quotes of all kinds being alike; as written, without regard to capitals, and of letters
and digits alone. People's own hands are misread at .34 to .53 of the letters, plain Hershey at .01 to .04; a card has
to stay under .10.
"""

import argparse
import importlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.ink import texts
from bench.timing import show
from fonts.card import Frame
from fonts.hand import write
from fonts.hands import Hand, hands
from fonts.layout import Overflow
from plotter.strokes import Stroke, bounds
from plotter.svg import draw, png

DPI = 300
PEN_MM = 0.35
CARD = (148.0, 105.0)
FRAME = Frame(x_mm=12, y_mm=10, width_mm=124, height_mm=85, xheight_max_mm=2.7, xheight_min_mm=1.8)
_MARGIN_MM = 2.0
_ROW_MM = 3.0  # boxes of words whose middles are closer in height than this stand on one line
MISSING = "The OCR is not there. Type: ./run bench ocr (which installs it), or: pip install 'fairhand[ocr]'"

Reader = Callable[[bytes, bool], list[tuple[float, float, str]]]


@dataclass(frozen=True)
class Reading:
    """What was written and what was read, for a whole card and for each line."""

    text: str
    read: str
    lines: list[tuple[str, str]]


# Marks that the reader has no sign of its own for.
_PLAIN = str.maketrans("–—‘’“”", "--''\"\"")


def distance(a: str, b: str) -> int:
    """Fewest insertions, deletions and replacements that make one text the other (Levenshtein 1966)."""
    row = np.arange(len(b) + 1)
    codes = np.array([ord(char) for char in b], dtype=np.int64)
    steps = np.arange(len(b) + 1)
    for k, char in enumerate(a, start=1):
        best = np.concatenate(([k], np.minimum(row[1:] + 1, row[:-1] + (codes != ord(char)))))
        row = np.minimum.accumulate(best - steps) + steps
    return int(row[-1])


def letters(text: str) -> str:
    """Letters and digits alone, small."""
    return "".join(char for char in text.lower() if char.isalnum())


def error(pairs: Sequence[tuple[str, str]]) -> float:
    """Edit distance over what was written, all texts together."""
    return sum(distance(a, b) for a, b in pairs) / max(1, sum(len(a) for a, _ in pairs))


def ordered(found: Sequence[tuple[float, float, str]], row: float) -> str:
    """Texts found at (x, y) as a reader takes them: by rows (closer than `row`) from the top, then by x."""
    rows: list[list[tuple[float, float, str]]] = []
    for one in sorted(found, key=lambda at: at[1]):
        if rows and one[1] - rows[-1][-1][1] < row:
            rows[-1].append(one)
        else:
            rows.append([one])
    return " ".join(text for one in rows for _, _, text in sorted(one))


def reader() -> Reader:
    """The OCR: picture and whether to look for lines in it -> (x, y, text) of each found, px; raises ImportError."""
    module: Any = importlib.import_module("rapidocr")
    engine = module.RapidOCR(params={"Global.log_level": "error"})
    logging.getLogger("RapidOCR").setLevel(logging.ERROR)

    def read(picture: bytes, look: bool) -> list[tuple[float, float, str]]:
        result = engine(picture, use_det=look, use_cls=False, use_rec=True, text_score=0.0)
        texts = result.txts or ()
        if not look:
            return [(0.0, 0.0, text) for text in texts]
        return [
            (float(box[:, 0].min()), float(box[:, 1].mean()), t) for box, t in zip(result.boxes, texts, strict=True)
        ]

    return read


def reading(text: str, *, hand: Hand, seed: int, read: Reader) -> Reading:
    """One card written and read; raises Overflow for a text too long for it."""
    written = write(text, frame=FRAME, hand=hand, seed=seed)
    whole = read(png(draw(written.strokes, *CARD, pen_mm=PEN_MM), dpi=DPI), True)
    rows: list[tuple[str, str]] = []
    first = 0
    for line in written.lines:
        last = first + len(line.split())
        ink = [one for one, word in zip(written.strokes, written.words, strict=True) if first <= word < last]
        first = last
        if ink:
            rows.append((line, " ".join(found for _, _, found in read(_picture(ink), False))))
    return Reading(" ".join(written.lines), ordered(whole, _ROW_MM * DPI / 25.4), rows)


def _picture(ink: Sequence[Stroke]) -> bytes:
    box = bounds(ink)
    corner = np.array([box.x0 - _MARGIN_MM, box.y0 - _MARGIN_MM])
    size = (box.x1 - box.x0 + 2 * _MARGIN_MM, box.y1 - box.y0 + 2 * _MARGIN_MM)
    return png(draw([one - corner for one in ink], *size, pen_mm=PEN_MM), dpi=DPI)


def main(arguments: Sequence[str] = ()) -> int:
    """The table for all hands, or those named; 1 when one of them is misread at more than .10."""
    parser = argparse.ArgumentParser(prog="./run bench ocr", description=__doc__)
    parser.add_argument("--hand", nargs="+", default=list(hands()), choices=list(hands()))
    parser.add_argument("--cards", type=int, default=6)
    parser.add_argument("--show", action="store_true", help="every line that was misread")
    asked = parser.parse_args(list(arguments))
    try:
        read = reader()
    except ImportError:
        print(MISSING)
        return 2
    table: list[list[object]] = []
    worst = 0.0
    for name in asked.hand:
        done: list[Reading] = []
        for seed, text in enumerate(texts()):
            if len(done) == asked.cards:
                break
            try:
                done.append(reading(text, hand=hands()[name], seed=seed, read=read))
            except Overflow:
                continue  # too long for this card; there are shorter notes
        cards = [(one.text, one.read) for one in done]
        lines = [line for one in done for line in one.lines]
        if asked.show:
            for line, seen in lines:
                if line != seen:
                    print(f"{name}: {line}\n{' ' * len(name)}  {seen}")
        row = [value for pairs in (cards, lines) for value in _errors(pairs)]
        worst = max(worst, row[4])
        table.append([name, sum(len(text) for text, _ in cards), *row])
    show(("hand", "characters", "card", "any case", "letters", "lines", "any case", "letters"), table)
    return int(worst > 0.10)


def _errors(pairs: Sequence[tuple[str, str]]) -> tuple[float, float, float]:
    pairs = [(a.translate(_PLAIN), b.translate(_PLAIN)) for a, b in pairs]
    small = [(a.lower(), b.lower()) for a, b in pairs]
    return error(pairs), error(small), error([(letters(a), letters(b)) for a, b in pairs])
