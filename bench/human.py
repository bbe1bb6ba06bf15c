"""Our ink held against people's: every statistic, by hand, beside the human 10th, 50th and 90th percentile.

The human figures are those of online handwriting of 332 people (2,262 lines), by style, in x-heights; where only a
median over all of them is known, the middle figure stands alone. One writer is one value, so a hand is one value: the
median, or what else the name says, over all its cards. `!` marks what lies outside people's 10 to 90 in a hundred (or,
where only a median is known, over two fifths from it), `!!` what lies as far outside again as that range is wide.
"""

import argparse
import math
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from bench import measures as of
from bench.ink import Line, Word, letters, lifted, line_feet, lines, texts
from bench.instances import repeats, variation
from bench.timing import show
from fonts.hands import Hand, hands
from plotter.strokes import Stroke, length

Range = tuple[float | None, float, float | None]
STYLES = ("print", "mixed", "cursive")


def _same(median: float, low: float | None = None, high: float | None = None) -> tuple[Range, Range, Range]:
    return ((low, median, high),) * 3


HUMAN: Mapping[str, tuple[Range, Range, Range]] = {
    "strokes per letter": ((0.83, 1.10, 1.30), (0.43, 0.64, 0.92), (0.25, 0.37, 0.60)),
    "strokes per word": ((2, 4, 9), (1, 2, 5), (1, 2, 3)),
    "delayed strokes per letter": ((0, 0.09, 0.22), (0, 0.08, 0.19), (0.04, 0.11, 0.22)),
    "slant, degrees": ((-5, 2, 13), (0, 8, 19), (5, 15, 22)),
    "slant sd between words": ((1.8, 3.4, 5.9), (1.8, 3.6, 5.9), (1.7, 3.4, 5.8)),
    "word foot sd in a line": ((0.04, 0.10, 0.17), (0.05, 0.10, 0.16), (0.04, 0.09, 0.16)),
    "word slope sd, degrees": ((0.8, 1.9, 3.7), (0.8, 1.9, 3.8), (0.6, 1.6, 3.2)),
    "foot scatter in a word": ((0.10, 0.15, 0.19), (0.09, 0.14, 0.18), (0.07, 0.12, 0.17)),
    "x-height of words, cv": ((0.07, 0.13, 0.22), (0.08, 0.14, 0.26), (0.06, 0.14, 0.25)),
    "ascender": ((None, 1.97, None), (None, 1.96, None), (None, 1.98, None)),
    "descender": ((None, -0.89, None), (None, -1.00, None), (None, -0.95, None)),
    "word width per letter": ((1.04, 1.41, 1.92), (1.02, 1.42, 2.00), (0.93, 1.55, 2.23)),
    "word width per letter, cv": ((None, 0.17, None), (None, 0.19, None), (None, 0.19, None)),
    "word gap": ((1.32, 2.28, 3.58), (1.07, 1.89, 2.90), (0.74, 1.64, 2.79)),
    "word gap cv in a line": ((None, 0.21, None), (None, 0.24, None), (None, 0.26, None)),
    "gap between lifted letters": ((None, 0.40, None), (None, 0.36, None), (None, 0.43, None)),
    "gap between lifted letters, cv": ((None, 0.58, None), (None, 0.64, None), (None, 0.56, None)),
    "ink per letter": ((2.9, 3.7, 4.7), (2.9, 4.3, 5.6), (2.1, 4.5, 6.3)),
    "cusps and retraces": ((0.04, 0.07, 0.11), (0.06, 0.09, 0.14), (0.07, 0.10, 0.24)),
    "gap where a bowl closes": _same(0.19),
    "ink in uniform arcs": _same(0.18),
    "start to older ink": _same(0.59),
    "feet within .03 of the line": _same(0.17),
    "ink within 2.5 deg of vertical": _same(0.05),
    "ascender tops, sd": _same(0.30),
    # Correlations: a tenth to either side is noise. Feet within .6 stand on one letter, whose shape decides.
    "feet alike at 0-.6": _same(0.04, -0.6, 0.6),
    "feet alike at .6-1.2": _same(0.20, 0.05, 0.35),
    "feet alike at 1.2-2": _same(0.16, 0.05, 0.27),
    "feet alike at 2-3": _same(0.09, -0.01, 0.19),
    "feet alike at 3-5": _same(0.03, -0.07, 0.13),
    "feet alike beyond": _same(0.0, -0.1, 0.1),
    "letter: log width sd": _same(0.21, 0.11, 0.35),
    "letter: log height sd": _same(0.135, 0.08, 0.22),
    "letter: residual after affine": _same(0.105, 0.05, 0.20),
    **{
        f"residual in mode {mode}": _same(share)
        for mode, share in enumerate((0.14, 0.25, 0.23, 0.17, 0.09, 0.04, 0.03, 0.02), start=1)
    },
    "two instances, translated": _same(0.217),
    "two instances, similarity": _same(0.157),
    "two instances, affine": _same(0.130),
    "same word: nearest ink": _same(0.20, 0.15, 0.28),
    "same word: width differs": _same(0.16, 0.09, 0.25),
}
_NEAREST, _STAMPED = "nearest repeat in a line", "pairs in a line under .05"
_PAIRS = 60  # of words at most that are held against each other


def statistics(cards: Sequence[Sequence[Line]], instances: Mapping[str, list[list[Stroke]]]) -> dict[str, float]:
    """Every statistic of one writer: from cards (lines of words, levelled), and letters apart from each other."""
    every = [line for card in cards for line in card]
    words = [word for line in every for word in line if word.letters > 1]
    ink = [word.ink for word in words]
    marks = [sum(length(one) > of.MARK for one in one_word) for one_word in ink]
    count = np.array([word.letters for word in words], dtype=float)
    own_feet = [of.feet(one) for one in ink]
    extremes = [of.extremes(one) for one in ink]
    ascenders = np.concatenate([high[high[:, 1] > 1.45] for _, high in extremes])[:, 1]
    descenders = np.concatenate([low[low[:, 1] < -0.45] for low, _ in extremes])[:, 1]
    rows = [of.word_gaps([word.ink for word in line]) for line in every if len(line) > 3]
    gaps = [gap for one in ink for gap in of.lifted_gaps(one)]
    per_letter = [of.width(one) / n for one, n in zip(ink, count, strict=True)]
    long = [word.ink for word in words if word.letters > 3]
    offsets = [
        of.spread([float(np.mean(foot)) for foot in (of.feet(word.ink)[:, 1] for word in line) if len(foot)])
        for line in every
        if len(line) > 3
    ]
    bodies = [of.varied([of.body(word.ink) for word in line]) for line in every if len(line) > 3]
    slants = [of.spread([of.slant(word.ink) for word in line if word.letters > 3]) for line in every if len(line) > 3]
    slopes = [np.degrees(np.arctan(of.straight(foot)[0])) for foot in own_feet if of.reaches(foot, 4.0)]
    within = [
        of.spread((foot[:, 1] - np.polyval(np.polyfit(foot[:, 0], foot[:, 1], 1), foot[:, 0])).tolist())
        for foot in own_feet
        if len(foot) > 4
    ]
    feet = np.concatenate(own_feet)[:, 1]
    flat = [one for word in ink for one in word]
    alike = of.memory([line_feet(line) for line in every])
    mine = variation(instances)
    near, apart = _same_words(words)
    values = {
        "strokes per letter": sum(marks) / count.sum(),
        "strokes per word": of.middle([len(one) for one in ink]),
        "delayed strokes per letter": sum(map(of.delayed, ink)) / count.sum(),
        "slant, degrees": of.slant(flat),
        "slant sd between words": of.middle(slants),
        "word foot sd in a line": of.middle(offsets),
        "word slope sd, degrees": of.spread(slopes),
        "foot scatter in a word": of.middle(within),
        "x-height of words, cv": of.middle(bodies),
        "ascender": of.middle(ascenders.tolist()),
        "descender": of.middle(descenders.tolist()),
        "word width per letter": of.middle(per_letter),
        "word width per letter, cv": of.varied([of.width(one) / n for one, n in _counted(words) if n > 3]),
        "word gap": of.middle([gap for row in rows for gap in row]),
        "word gap cv in a line": of.middle([of.varied(row) for row in rows]),
        "gap between lifted letters": float(np.mean(gaps)) if gaps else math.nan,
        "gap between lifted letters, cv": of.varied(gaps),
        "ink per letter": sum(map(length, flat)) / count.sum(),
        "cusps and retraces": of.cusps(flat),
        "gap where a bowl closes": float(np.mean([gap for one in long for gap in of.loop_gaps(one)] or [math.nan])),
        "ink in uniform arcs": of.uniform_arcs(flat),
        "start to older ink": of.middle([far for one in ink for far in of.start_distances(one)]),
        "feet within .03 of the line": float(np.mean(np.abs(feet - np.median(feet)) < 0.03)),
        "ink within 2.5 deg of vertical": of.vertical(flat),
        "ascender tops, sd": of.spread(ascenders.tolist()),
        "letter: log width sd": mine.log_width_sd,
        "letter: log height sd": mine.log_height_sd,
        "letter: residual after affine": mine.residual,
        "two instances, translated": mine.translation,
        "two instances, similarity": mine.similarity,
        "two instances, affine": mine.affine,
        "same word: nearest ink": near,
        "same word: width differs": apart,
    }
    ranges = [name for name in HUMAN if name.startswith("feet alike")]
    values.update(zip(ranges, alike, strict=True))
    values.update({f"residual in mode {k}": share for k, share in enumerate(mine.modes, start=1)})
    return values


def _counted(words: Sequence[Word]) -> list[tuple[list[Stroke], int]]:
    return [(word.ink, word.letters) for word in words]


def _same_words(words: Sequence[Word]) -> tuple[float, float]:
    """Medians over pairs of the same word of three letters and more: nearest ink, and how much widths differ."""
    groups: dict[str, list[list[Stroke]]] = {}
    for word in words:
        if word.text.isalpha() and word.letters > 2:
            groups.setdefault(word.text, []).append(word.ink)
    pairs = [pair for group in groups.values() for pair in list(combinations(group, 2))[:4]]
    pairs = pairs[:: max(1, len(pairs) // _PAIRS)]
    widths = [(of.width(a), of.width(b)) for a, b in pairs]
    near = of.middle([of.same_word(a, b) for a, b in pairs])
    return near, of.middle([abs(a - b) / ((a + b) / 2) for a, b in widths])


def mark(value: float, human: Range) -> str:
    """Nothing within what people do, "!" outside of it, "!!" far outside."""
    if math.isnan(value):
        return "?"
    low, median, high = human
    room = 0.4 * max(abs(median), 0.1)
    low = median - room if low is None else low
    high = median + room if high is None else high
    beyond = max(low - value, value - high)
    return "" if not beyond > 0 else "!!" if beyond > high - low else "!"


def far(name: str, values: Mapping[str, float]) -> float:
    """Root mean square distance from people's median in their sd (p10 to p90 over 2.56): people are at about 1."""
    ranges = [(values[stat], human) for stat, human in _of(name) if human[0] is not None and "alike" not in stat]
    off = [
        2.56 * (value - median) / (high - low)
        for value, (low, median, high) in ranges
        if low is not None and high is not None
    ]
    return math.sqrt(float(np.nanmean(np.square(off))))


def measured(hand: Hand, cards: int) -> dict[str, float]:
    """The statistics of a hand over that many cards, each another text and another seed."""
    notes = texts()
    written = [lines(notes[k % len(notes)], hand=hand, seed=100 + k) for k in range(cards)]
    # The sentences hold the same words again and again: two sheets of them always.
    written += [lines(notes[-1], hand=hand, seed=seed) for seed in (7, 8)]
    apart = lifted(hand)
    instances: dict[str, list[list[Stroke]]] = {}
    twice: list[float] = []
    for seed in (21, 22):
        for line in lines(notes[-1], hand=apart, seed=seed):
            here: dict[str, list[list[Stroke]]] = {}
            for word in line:
                for char, ink in letters(word, apart) or ():
                    if char.islower() and ink:
                        here.setdefault(char, []).append(ink)
            twice += repeats(here)
            for char, found in here.items():
                instances.setdefault(char, []).extend(found)
    repeated = {_STAMPED: sum(one < 0.05 for one in twice) / max(1, len(twice)), _NEAREST: min(twice, default=math.nan)}
    return statistics(written, instances) | repeated


def main(arguments: Sequence[str] = ()) -> int:
    """The table for all hands, or those named."""
    parser = argparse.ArgumentParser(prog="./run bench human", description=__doc__)
    parser.add_argument("--hand", nargs="+", default=list(hands()), choices=list(hands()))
    parser.add_argument("--cards", type=int, default=4)
    asked = parser.parse_args(list(arguments))
    found = {name: measured(hands()[name], asked.cards) for name in asked.hand}
    for style_index, style in enumerate(STYLES):
        names = [name for name in asked.hand if hands()[name].face.style == style]
        if not names:
            continue
        rows: list[list[object]] = []
        for stat, by_style in HUMAN.items():
            human = by_style[style_index]
            ours = [found[name][stat] for name in names]
            rows.append([stat, *("" if one is None else f"{one:g}" for one in human), *_cells(ours, human)])
        rows += [[stat, "", "", "", *(found[name][stat] for name in names)] for stat in (_NEAREST, _STAMPED)]
        print(f"\n{style}")
        show((style, "p10", "p50", "p90", *names), rows)
    print()
    rows = [
        [
            name,
            sum(mark(found[name][stat], human) != "" for stat, human in _of(name)),
            len(HUMAN),
            far(name, found[name]),
        ]
        for name in found
    ]
    show(("hand", "outside", "of", "from the middle (a person: about 1)"), rows)
    return 0


def _of(name: str) -> list[tuple[str, Range]]:
    style = STYLES.index(hands()[name].face.style)
    return [(stat, ranges[style]) for stat, ranges in HUMAN.items()]


def _cells(values: Sequence[float], human: Range) -> list[str]:
    return [f"{value:.3g} {mark(value, human)}".strip() for value in values]
