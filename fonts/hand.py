"""The hand: how a person deviates from their letters. All chance lives here, keyed by (seed, line, word, letter)."""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fonts.bend import misses
from fonts.card import Frame
from fonts.case import Form, letters_of
from fonts.chance import Floats, Keys, keys, mixed, normal, uniform
from fonts.joins import ways
from fonts.layout import Layout, lay_out
from fonts.spacing import DECIMALS, cleared, held_in, places
from fonts.spline import STEP, soften, thin
from fonts.text import NBSP, check, normalise
from plotter.strokes import Stroke

if TYPE_CHECKING:
    from fonts.hands import Hand

TOLERANCE_MM = 0.02  # strokes keep their shape within this when points are left out
_STEERED = 16  # steering points of a letter that have a chance of their own

# Scatter of a hand at its middle neatness, x-heights and degrees (sd). What is measured on people's ink (in brackets:
# medians over 332 writers) holds the scatter of their shapes too, and of those of their letters that differ by nature;
# these are what is left to chance, set so that our ink measures as theirs (`./run bench human`).
_MEMORY = 0.3  # correlation of neighbouring letters' feet, tops and slant inside a word (.16 at .6-2 x-heights)
_FOOT = 0.13  # of letters within a word (.12-.15)
_TALL = 0.11  # log height of a letter (.135)
_WIDE = 0.155  # log width of a letter (.21 over all its neighbours)
_REACH = 0.10  # of ascenders and descenders, of their length beyond the body (tops .30)
_LEAN = 3.3  # slant of a letter, degrees
_TURN = 1.7  # turn of a letter, degrees
_BEND = 0.088  # of a letter at each of its turns, each axis (residual after affine .105, alternates counted)
_GAP, _WORD_GAP = 0.4, 0.16  # log of the clear gap between lifted letters (cv .56-.64), and of all of a word's
# Hooks where the pen lands and leaves in flight, in shares of strokes (a fifth of people's turn by more than 60 degrees
# in their first .2, a tenth in their last) and x-heights; short marks have none.
_LANDING, _LEAVING, _LANDING_LENGTH, _LEAVING_LENGTH, _HOOKED, _HOOK = 0.5, 0.2, 0.11, 0.07, 0.5, 3
_LOOSEST = 1.6  # a wider gap would read as one between words
_LINK = 0.07  # of the way between joined letters
_WORD_FOOT, _WORD_SLOPE, _WORD_LEAN = 0.07, 0.4, 2.2  # (.10, 1.9 degrees, 3.5 degrees)
_WORD_TALL, _WORD_WIDE = 0.08, 0.11  # logs (x-height of words .14)
_SPACE = 0.2  # log of a word space (.21-.26)
_LEFT = 0.3  # ragged left edge (.32)
_LINE_SLOPE, _LINE_TALL, _PITCH_MM = 0.35, 0.03, 0.14  # (1.0 degree and .14 unruled: a card is small, and has edges)
_CARD_SLOPE, _CARD_LEAN, _CARD_WIDE, _CARD_SPACE = 0.4, 1.0, 0.03, 0.07


@dataclass(frozen=True)
class Written:
    """A text as written: strokes in mm, card frame, in writing order; its lines; the x-height in mm.

    `words`: for each stroke, the number of the word of the text that it belongs to.
    """

    strokes: list[Stroke]
    lines: tuple[str, ...]
    xheight_mm: float
    words: tuple[int, ...] = ()


@dataclass(frozen=True)
class _Word:
    """Letters written in one go: the `part`-th piece (between firm spaces) of word `number` of the note."""

    line: int
    number: int
    part: int
    text: str


@dataclass(frozen=True)
class _Letters:
    """The letters of a note in writing order, an entry each; distances in x-heights."""

    forms: list[Form]
    word: NDArray[np.int64]
    nth: NDArray[np.int64]  # in its word
    joined: NDArray[np.bool_]  # to the letter after it
    apart: Floats  # from its origin to the next one's, but for the gap
    gap: Floats


def write(text: str, *, frame: Frame, hand: "Hand", seed: int) -> Written:
    """The text in this hand inside `frame`: same text, frame, hand and seed give the same strokes, to the bit.

    Chance is keyed by line, word and letter, so that editing one word leaves the shapes of the others alone. Raises
    Unwritable for characters without letters and Overflow for what does not fit at the smallest writing.
    """
    check(text, hand.face)
    seed = int(keys(seed, hand.name)[0])  # two hands share no chance
    largest = max(frame.xheight_min_mm, frame.xheight_max_mm * hand.manner.size)
    layout = lay_out(normalise(text), replace(frame, xheight_max_mm=largest), hand.measure)
    words = [
        _Word(at, line.first + k, part, piece)
        for at, line in enumerate(layout.lines)
        for k, word in enumerate(line.words)
        for part, piece in enumerate(p for p in word.split(NBSP) if p)
    ]
    lines = tuple(line.text for line in layout.lines)
    if not words:
        return Written([], lines, layout.xheight_mm)
    points, counts, owner = _ink(words, layout, hand, seed)
    points = held_in(points, counts, np.array([word.line for word in words])[owner], frame)
    strokes = thin(points, counts, TOLERANCE_MM, DECIMALS)
    return Written(strokes, lines, layout.xheight_mm, tuple(words[k].number for k in owner.tolist()))


# ------------------------------------------------------------------------------------------------ letters


def _letters(words: list[_Word], hand: "Hand", seed: int) -> _Letters:
    """Forms by place, neighbours and whim, and where the pen stays down; two chances a letter."""
    lengths = np.array([len(word.text) for word in words])
    word = np.repeat(np.arange(len(words)), lengths)
    nth = np.arange(len(word)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    number, part = np.array([(one.number, one.part) for one in words]).T
    chances = uniform(keys(seed, "form", number[word], part[word], nth), 2).tolist()
    case, stays = hand.case, hand.connectedness
    forms: list[Form] = []
    joined: list[bool] = []
    apart: list[float] = []
    gap: list[float] = []
    at = 0
    for one in words:
        before: Form | None = None
        ends = letters_of(one.text)
        for k, char in enumerate(one.text):
            whim, stay = chances[at]
            at += 1
            form = case.choose(char, one.text, k, ends, before, whim)
            if before is not None:
                joins = stay < stays and case.joins(before, form)
                least, more = case.parts(before, form, joined=joins)
                joined[-1], apart[-1], gap[-1] = joins, least, more
            forms.append(form)
            joined.append(False)
            apart.append(0.0)
            gap.append(0.0)
            before = form
    return _Letters(forms, word, nth, np.array(joined), np.array(apart), np.array(gap))


def _remembered(z: Floats, nth: NDArray[np.int64]) -> Floats:
    """AR(1) along the letters of each word, with the sd of `z`."""
    out = z.copy()
    keep = math.sqrt(1 - _MEMORY**2)
    for place in range(1, int(nth.max(initial=0)) + 1):
        at = np.flatnonzero(nth == place)
        out[at] = _MEMORY * out[at - 1] + keep * z[at]
    return out


# ------------------------------------------------------------------------------------------------ ink


def _ink(
    words: list[_Word], layout: Layout, hand: "Hand", seed: int
) -> tuple[Stroke, NDArray[np.int64], NDArray[np.int64]]:
    """All strokes end to end in mm, points in each, and the word (of `words`) each belongs to."""
    size, dose = layout.xheight_mm, hand.manner.dose
    number, part, line = np.array([(word.number, word.part, word.line) for word in words]).T
    letters = _letters(words, hand, seed)
    forms, word_of = letters.forms, letters.word
    letter_keys = keys(seed, "letter", number[word_of], part[word_of], letters.nth)
    z = normal(letter_keys, 8 + 2 * _STEERED)
    zw = normal(keys(seed, "word", number, part), 7)
    zl = normal(keys(seed, "line", np.arange(len(layout.lines))), 4)
    zc = normal(keys(seed, "card"), 4)[0]

    # Each letter: width, height, shear, turn, foot, ascender and descender.
    scatter = _remembered(z[:, :3], letters.nth)
    card_wide = hand.width * math.exp(dose * _CARD_WIDE * zc[2])
    wide = card_wide * np.exp(dose * (_WIDE * z[:, 3] + _WORD_WIDE * zw[word_of, 0]))
    tall = np.exp(dose * (_TALL * scatter[:, 1] + _WORD_TALL * zw[word_of, 1] + _LINE_TALL * zl[line, 3][word_of]))
    foot = dose * _FOOT * scatter[:, 0]
    lean_deg = hand.manner.slant + dose * (_CARD_LEAN * zc[1] + _WORD_LEAN * zw[word_of, 2] + _LEAN * scatter[:, 2])
    lean, turn = np.tan(np.radians(lean_deg)), np.radians(dose * _TURN * z[:, 4])
    reach = np.exp(dose * _REACH * z[:, 6])

    # Letters side by side within words, x-heights.
    loose = dose * (_GAP * z[:, 5] + _WORD_GAP * zw[word_of, 6]) - 0.5 * dose**2 * (_GAP**2 + _WORD_GAP**2)
    loose = hand.manner.gap * np.minimum(np.exp(loose), _LOOSEST)
    link = dose * _LINK * z[:, 5] + hand.link
    step = letters.apart * wide + np.where(letters.joined, link, letters.gap * loose * card_wide)
    along = np.cumsum(step) - step
    lengths = np.bincount(word_of)
    first = np.cumsum(lengths) - lengths
    x0 = np.array([form.x0 for form in forms]) * wide
    x1 = np.array([form.x1 for form in forms]) * wide
    along -= np.repeat((along + x0)[first], lengths)
    ends = np.maximum.reduceat(along + x1, first)
    slope = np.radians(dose * _WORD_SLOPE * zw[word_of, 4])
    y = foot + (dose * _WORD_FOOT * zw[:, 5])[word_of] + slope * (along - 0.5 * ends[word_of])

    # Letters as drawn, then as a hand makes them: taller or lower, leaning, turned, bent.
    maps = np.column_stack((wide, lean - turn, turn + slope, along, y))
    n = np.array([len(form.points) for form in forms])
    own = np.concatenate([form.points for form in forms])
    letter = np.repeat(np.arange(len(forms)), n)
    ink = _placed(own, maps[letter], tall[letter], reach[letter])
    ink += _bends(forms, z[:, 8:], letter, dose)
    late, late_counts, late_of = _late(forms, maps, tall, reach, letter_keys, dose, hand)
    aside = cleared(forms, first, ink, letter, late, np.repeat(late_of, late_counts))
    ink[:, 0] += aside[letter]
    late[:, 0] += np.repeat(aside[late_of], late_counts)
    ends += np.maximum.reduceat(aside, first)
    ink, order, counts, owner = _strokes(ink, n, letters, late, late_counts, late_of)
    begins = np.flatnonzero(np.diff(owner, prepend=-1))
    nth = np.arange(len(owner)) - np.repeat(begins, np.diff(np.append(begins, len(owner))))
    points, counts = _in_flight(ink[order], counts, owner, keys(seed, "stroke", number[owner], part[owner], nth), hand)
    points = soften(points, counts, hand.soften / STEP)

    # Words side by side in lines, then the line: its slope, its height, then mm.
    usual = hand.face.word_space * hand.space
    space = usual * np.exp(dose * (_SPACE * np.clip(zw[:, 3], -2, 2) + _CARD_SPACE * zc[3]))
    left = np.maximum(0.0, 0.25 + dose * _LEFT * zl[line, 0])
    at_word = np.repeat(owner, counts)
    points[:, 0] += places(points, at_word, words, ends, space, left, usual)[at_word]
    at_line = line[at_word]
    tilt = np.radians(0.15 + dose * (_LINE_SLOPE * zl[:, 1] + _CARD_SLOPE * zc[0]))
    left_mm = np.array([one.x_mm for one in layout.lines])
    base_mm = np.array([one.y_mm for one in layout.lines]) + dose * _PITCH_MM * zl[:, 2]
    px = points[:, 0]
    py = points[:, 1] + tilt[at_line] * (px - 12.0)
    return np.column_stack((left_mm[at_line] + px * size, base_mm[at_line] + py * size)), counts, owner


def _placed(ink: Stroke, maps: Floats, tall: Floats, reach: Floats) -> Stroke:
    """Points of letters under their letters' maps (width, shear, rise, x, y), heights and reaches, a row a point."""
    x, y = ink[:, 0], ink[:, 1]
    body = np.clip(y, 0.0, 1.0)
    high = tall * (body + (y - body) * reach)
    wide, lean, rise, at_x, at_y = maps.T
    return np.column_stack((wide * x + lean * high + at_x, rise * x + high + at_y))


def _bends(forms: list[Form], z: Floats, letter: NDArray[np.int64], dose: float) -> Stroke:
    """How far each point lies off its place because the hand missed at the turns of its letter."""
    counts = np.array([form.turns.count for form in forms])
    most = z.shape[1] // 2
    miss = misses(z.reshape(len(forms), 2, most), np.minimum(counts, most))
    miss *= (dose * _BEND * np.array([form.pliant for form in forms]))[:, None, None]
    cell = np.concatenate([form.turns.cell for form in forms])
    part = np.concatenate([form.turns.part for form in forms])
    low, high = np.minimum(cell, most - 1), np.minimum(cell + 1, most - 1)
    x, y = miss[:, 0].ravel(), miss[:, 1].ravel()
    low, high = letter * most + low, letter * most + high
    return np.column_stack((x[low] + part * (x[high] - x[low]), y[low] + part * (y[high] - y[low])))


def _late(
    forms: list[Form], maps: Floats, tall: Floats, reach: Floats, letter_keys: Keys, dose: float, hand: "Hand"
) -> tuple[Stroke, NDArray[np.int64], NDArray[np.int64]]:
    """Late strokes end to end, points in each, and the letter of each.

    Made in passing: further right the later, longer or shorter, turned, higher or lower.
    """
    of = np.array([k for k, form in enumerate(forms) for _ in form.late], dtype=np.int64)
    if not len(of):
        return np.zeros((0, 2)), of, of
    strokes = [stroke for form in forms for stroke in form.late]
    nth = np.array([j for form in forms for j in range(len(form.late))], dtype=np.uint64)
    z = normal(mixed(letter_keys[of] + nth + np.uint64(1)), 5)
    shared = normal(mixed(letter_keys[of] + np.uint64(77)), 2)
    middles = np.array([middle for form in forms for middle in form.late_middles])
    spans = np.array([span for form in forms for span in form.late_spans])
    own = middles[:, 1] > 0.0
    dot = spans < 0.3
    longer = np.exp(dose * np.where(dot, 0.4, 0.18) * z[:, 0])
    turned = dose * np.where(dot, 0.4, 0.09) * z[:, 1]
    taller = np.exp(dose * 0.1 * z[:, 2])
    shift_x = hand.late_right * (0.6 + 0.6 * dose * shared[:, 0]) * own + dose * 0.04 * z[:, 3]
    shift_y = dose * (0.07 * shared[:, 1] * own + 0.03 * z[:, 4])
    counts = np.array([len(one) for one in strokes])
    k = np.repeat(np.arange(len(of)), counts)
    off = np.concatenate(strokes) - middles[k]
    x = longer[k] * off[:, 0] - turned[k] * off[:, 1] + (middles[:, 0] + shift_x)[k]
    y = turned[k] * off[:, 0] + taller[k] * off[:, 1] + (middles[:, 1] + shift_y)[k]
    at = of[k]
    return _placed(np.column_stack((x, y)), maps[at], tall[at], reach[at]), counts, of


def _strokes(
    ink: Stroke,
    n: NDArray[np.int64],
    letters: _Letters,
    late: Stroke,
    late_counts: NDArray[np.int64],
    late_of: NDArray[np.int64],
) -> tuple[Stroke, NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Pen-down to pen-up: letters linked where they join, late strokes after their word.

    All points; the order they are written in; points in each stroke; the word each stroke belongs to.
    """
    ends = np.cumsum(n)
    starts = ends - n
    joined = np.flatnonzero(letters.joined)
    links, leaves = ways(ink, starts, ends, letters.forms, joined)
    cut = dict(zip(joined.tolist(), leaves.tolist(), strict=True))
    link_counts = [len(one) for one in links]
    points = np.concatenate((ink, late, *links))
    late_ends = len(ink) + np.cumsum(late_counts)
    marks = list(zip((late_ends - late_counts).tolist(), late_ends.tolist(), late_of.tolist(), strict=True))
    link_at = len(ink) + len(late)
    begin: list[int] = []  # of each stretch of points, in writing order
    count: list[int] = []
    breaks: list[int] = []  # number of stretches before the end of each stroke
    owner: list[int] = []
    word = letters.word.tolist()
    at_mark = at_link = 0
    for k, (form, at) in enumerate(zip(letters.forms, starts.tolist(), strict=True)):
        for j, points_in in enumerate(form.counts):
            if j:
                breaks.append(len(begin))
                owner.append(word[k])
            begin.append(at)
            count.append(points_in)
            at += points_in
        if k in cut:
            count[-1] -= cut[k]
            begin.append(link_at)
            count.append(link_counts[at_link])
            link_at += link_counts[at_link]
            at_link += 1
            continue
        breaks.append(len(begin))
        owner.append(word[k])
        if k + 1 == len(word) or word[k + 1] != word[k]:
            while at_mark < len(marks) and marks[at_mark][2] <= k:
                begin.append(marks[at_mark][0])
                count.append(marks[at_mark][1] - marks[at_mark][0])
                breaks.append(len(begin))
                owner.append(word[k])
                at_mark += 1
    stretch = np.array(count)
    done = np.cumsum(stretch)
    order = np.arange(int(done[-1])) + np.repeat(np.array(begin) - done + stretch, stretch)
    return points, order, np.diff(done[np.array(breaks) - 1], prepend=0), np.array(owner)


def _in_flight(
    points: Stroke, counts: NDArray[np.int64], owner: NDArray[np.int64], stroke_keys: Keys, hand: "Hand"
) -> tuple[Stroke, NDArray[np.int64]]:
    """Strokes with the hooks of a pen that touches down before it has turned, and turns before it has left.

    A hook lies along the way through the air: from the end of the stroke before, and towards the next one's start.
    """
    z, chance = normal(stroke_keys, 4), uniform(mixed(stroke_keys + np.uint64(9)), 2)
    ends = np.cumsum(counts)
    starts = ends - counts
    p, q = points[starts], points[ends - 1]
    come, leave = p - np.roll(q, 1, axis=0), np.roll(p, -1, axis=0) - q
    come[np.diff(owner, prepend=-1) != 0] = (0.6, 0.5)  # a word is begun from the left, out of the air
    leave[np.diff(owner, append=-1) != 0] = (0.6, 0.5)
    dose = hand.manner.dose
    long = counts * STEP > _HOOKED
    out: list[Stroke] = []
    where: list[NDArray[np.int64]] = []
    for way, at, share, size, sign, k in (
        (leave, ends, _LEAVING, _LEAVING_LENGTH, 1.0, 1),  # first: it comes before the next stroke's landing
        (come, starts, _LANDING, _LANDING_LENGTH, -1.0, 0),
    ):
        some = np.flatnonzero(long & (chance[:, k] < share * dose))
        turn = np.arctan2(way[some, 1], way[some, 0]) + 0.6 * z[some, k]
        reach = size * np.exp(0.45 * z[some, 2 + k]) * sign
        step = np.column_stack((np.cos(turn), np.sin(turn))) * reach[:, None]
        far = np.linspace(1.0, 1.0 / _HOOK, _HOOK)[:: -int(sign)]
        base = p[some] if k == 0 else q[some]
        out.append((base[:, None] + step[:, None] * far[:, None]).reshape(-1, 2))
        where.append(np.repeat(at[some], _HOOK))
        counts = counts.copy()
        counts[some] += _HOOK
    return np.insert(points, np.concatenate(where), np.concatenate(out), axis=0), counts
