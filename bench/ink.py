"""Our own cards read back as a measurer of handwriting sees anybody's: lines of words of strokes, in x-heights."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench.measures import body, feet, levelled, middle
from fonts.card import Frame
from fonts.hand import Written, write
from fonts.hands import Hand
from plotter.strokes import Stroke

NOTES = Path(__file__).parent.parent / "examples" / "notes.txt"
# Plain sentences beside the sample notes: all letters, common words often, so that there are words to compare.
SENTENCES = (
    "Thank you for the lovely card and for the kind words that you wrote to all of us in the shop last week.",
    "We have been making these boxes by hand for many years and yours was one of the best that ever left the house.",
    "If you are ever near the river please come in and have a cup of coffee with the two of us and the old dog.",
    "The quick brown fox would have jumped over the lazy dog but it was raining and both of them were fast asleep.",
    "My sister and I will be there on Friday with a large cake and with all the love that one small car can hold.",
    "It was so good to see you again and to hear that the garden and the house and the new job are all going well.",
)
WIDE = Frame(x_mm=0, y_mm=0, width_mm=200, height_mm=300, xheight_max_mm=2.6, xheight_min_mm=2.6)


@dataclass(frozen=True)
class Word:
    """A word as written: its text and its strokes in writing order."""

    text: str
    ink: list[Stroke]

    @property
    def letters(self) -> int:
        """How many letters and digits it has; marks are not counted."""
        return sum(char.isalnum() for char in self.text)


Line = list[Word]


def texts() -> list[str]:
    """What is measured: the sample notes without odd characters (at most one in fifty), then our sentences."""
    notes = NOTES.read_text(encoding="utf-8").split("\n\n")
    plain = [note.strip() for note in notes if sum(not char.isascii() for char in note) * 50 <= len(note)]
    return [note for note in plain if len(note) > 60] + [" ".join(SENTENCES)]


def lines(text: str, *, hand: Hand, seed: int) -> list[Line]:
    """The text written by this hand on a sheet without narrow margins: each line level with its base line at 0.

    The unit is the x-height of the ink itself, as it is where a person's ink is measured.
    """
    written = write(text, frame=WIDE, hand=hand, seed=seed)
    found: list[Line] = []
    words = by_word(written)
    at = 0
    for line in written.lines:
        names = line.split()
        inks = [[one / written.xheight_mm for one in ink] for ink in words[at : at + len(names)]]
        at += len(names)
        found.append([Word(name, ink) for name, ink in zip(names, levelled(inks), strict=True)])
    # Which points count as feet and tops hangs on the unit, which hangs on them: it settles at once or never.
    for _ in range(3):
        unit = middle([body(word.ink) for line in found for word in line])
        if not math.isfinite(unit) or abs(unit - 1) < 1e-3:
            break
        found = [[Word(word.text, [one / unit for one in word.ink]) for word in line] for line in found]
    return found


def by_word(written: Written) -> list[list[Stroke]]:
    """The strokes of each word in turn, in mm."""
    words: list[list[Stroke]] = [[] for _ in range(max(written.words, default=-1) + 1)]
    for word, one in zip(written.words, written.strokes, strict=True):
        words[word].append(one)
    return words


def lifted(hand: Hand) -> Hand:
    """The same hand with no letter joined to another, so that each letter's ink is its own."""
    return replace(hand, manner=replace(hand.manner, connectedness=0.0))


def letters(word: Word, hand: Hand) -> list[tuple[str, list[Stroke]]] | None:
    """The strokes of each letter of an unjoined word; None where they cannot be told apart.

    Letters are written in turn, then their dots and bars in turn. Which form of each letter was written is not known:
    of the forms that account for all strokes, those are taken that look most like the ink.
    """
    forms = [[form.glyph for form in hand.case.of(char)] for char in word.text]
    total = len(word.ink)
    # Best cost and choices so far, by how many strokes and how many late strokes are used up.
    best: dict[tuple[int, int], tuple[float, list[tuple[int, int]]]] = {(0, 0): (0.0, [])}
    for choice in forms:
        reached: dict[tuple[int, int], tuple[float, list[tuple[int, int]]]] = {}
        for (used, late), (cost, counts) in best.items():
            for glyph in choice:
                here = (used + len(glyph.strokes), late + len(glyph.late))
                if sum(here) > total:
                    continue
                there = cost + _unlike(word.ink[used : here[0]], glyph.strokes)
                if here not in reached or there < reached[here][0]:
                    reached[here] = (there, [*counts, (len(glyph.strokes), len(glyph.late))])
        best = reached
    whole = [(cost, counts) for (used, late), (cost, counts) in best.items() if used + late == total]
    if not whole:
        return None
    counts = min(whole)[1]
    used, late = 0, sum(n for n, _ in counts)
    out = []
    for char, (own, after) in zip(word.text, counts, strict=True):
        out.append((char, word.ink[used : used + own] + word.ink[late : late + after]))
        used, late = used + own, late + after
    return out


def _unlike(ink: Sequence[Stroke], form: Sequence[Stroke]) -> float:
    """How little strokes resemble a form's: the size and the height of each."""
    cost = 0.0
    for a, b in zip(ink, form, strict=True):
        size = np.abs(np.ptp(a, axis=0) - np.ptp(b, axis=0)).sum()
        cost += float(size + abs(a[0, 1] - b[0, 1]) + abs(a[-1, 1] - b[-1, 1]))
    return cost


def line_feet(line: Line) -> Stroke:
    """All feet of a line."""
    return feet([one for word in line for one in word.ink])
