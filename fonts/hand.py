"""The hand: how a person deviates from their letters. All chance lives here, keyed by (seed, line, word, letter)."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fonts.card import Frame
from fonts.case import TRAILING, Case, Form
from fonts.joins import ways
from fonts.layout import Layout, lay_out
from fonts.spline import STEP, even, soften, thin
from fonts.text import NBSP, check, normalise
from plotter.strokes import Stroke

if TYPE_CHECKING:
    from fonts.hands import Hand

TOLERANCE_MM = 0.02  # strokes keep their shape within this when points are left out
_DECIMALS = 4  # of a mm: far below a machine's step, above what maths libraries differ in
# Energy of a letter's residual by cosine mode along its way, 1..6 (measured on people; above 8 there is nothing).
_MODES = np.sqrt(2 * np.array([0.14, 0.25, 0.23, 0.17, 0.09, 0.04]))
# Clear space between the ink of two words: never less, nor less after a mark, and the most, in usual word spaces.
_LEAST, _LEAST_AFTER, _MOST = 0.7, 0.88, 1.4
_LOW, _BANDS, _BAND = -1.4, 20, 0.2  # heights at which two words are held against each other, x-heights
_OVERLAP = 0.35  # how far the ends of two words may pass over each other, at different heights; less after a mark
_AWAY = 99.0
_MEMORY = 0.35  # correlation of neighbouring letters' feet, and of their tops, inside a word

Floats = NDArray[np.float64]
Words64 = NDArray[np.uint64]


@dataclass(frozen=True)
class Written:
    """A text as written: strokes in mm, card frame, in writing order; its lines; the x-height in mm."""

    strokes: list[Stroke]
    lines: tuple[str, ...]
    xheight_mm: float


@dataclass(frozen=True)
class _Word:
    """Letters written in one go: the `part`-th piece (between firm spaces) of word `number` of the note."""

    line: int
    number: int
    part: int
    text: str


@dataclass
class _Letters:
    """The letters of a note in writing order, a list entry each."""

    forms: list[Form]
    word: list[int]
    joined: list[bool]  # to the letter after it
    apart: list[float]  # from its origin to the next one's, x-heights


def write(text: str, *, frame: Frame, hand: "Hand", seed: int) -> Written:
    """The text in this hand inside `frame`: same text, frame, hand and seed give the same strokes, to the bit.

    Chance is keyed by line, word and letter, so that editing one word leaves the shapes of the others alone. Raises
    Unwritable for characters without letters and Overflow for what does not fit at the smallest writing.
    """
    check(text, hand.face)
    layout = lay_out(normalise(text), frame, hand.measure)
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
    points = _held_in(points, counts, owner, frame)
    strokes = thin(points, counts, TOLERANCE_MM)
    return Written([np.round(one, _DECIMALS) for one in strokes], lines, layout.xheight_mm)


# ------------------------------------------------------------------------------------------------ chance


def _mixed(x: Words64) -> Words64:
    """SplitMix64's finaliser (Steele, Lea, Flood 2014): 64 bits in, 64 well mixed bits out."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def _keys(seed: int, kind: str, *places: "list[int] | NDArray[np.int64]") -> Words64:
    """One key for each place: the same seed, kind and place give the same key everywhere."""
    name = int.from_bytes(kind.encode()[:8].ljust(8), "big")
    state = np.array([seed & 0xFFFFFFFFFFFFFFFF, (seed >> 64) & 0xFFFFFFFFFFFFFFFF, name], dtype=np.uint64)
    key = np.zeros(1, dtype=np.uint64)
    for one in state:
        key = _mixed(key + one + np.uint64(0x9E3779B97F4A7C15))
    for place in places:
        key = _mixed(key + np.asarray(place, dtype=np.int64).astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15))
    return key


def _bits(keys: Words64, n: int) -> Words64:
    step = np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return _mixed(keys[:, None] + step)


def _uniform(keys: Words64, n: int) -> Floats:
    return (_bits(keys, n) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _normal(keys: Words64, n: int) -> Floats:
    """Nearly normal, mean 0, sd 1, never beyond 3.5: sums of four uniforms, exact on every machine."""
    bits = _bits(keys, n)
    mask = np.uint64(0xFFFF)
    total = sum(((bits >> np.uint64(16 * k)) & mask).astype(np.float64) for k in range(4))
    return (np.asarray(total) / 65536.0 - 2.0 + 2.0 / 65536.0) * math.sqrt(3.0)


# ------------------------------------------------------------------------------------------------ letters


def _letters(words: list[_Word], hand: "Hand", chances: Floats) -> _Letters:
    """Forms by place, neighbours and whim, and where the pen stays down; two chances a letter."""
    case = hand.case
    out = _Letters([], [], [], [])
    at = 0
    rows = chances.tolist()
    for index, word in enumerate(words):
        used: dict[str, int] = {}
        before: Form | None = None
        last = len(word.text) - 1
        for k, char in enumerate(word.text):
            whim, stay = rows[at]
            at += 1
            form = _form(case, word.text, k, last, used.get(char), whim)
            used[char] = form.index
            if before is not None:
                joined = case.joins(before, form) and stay >= hand.breaks
                out.joined[-1] = joined
                out.apart[-1] = case.apart(before, form, joined=joined)
            out.forms.append(form)
            out.word.append(index)
            out.joined.append(False)
            out.apart.append(0.0)
            before = form
    return out


def _form(case: Case, word: str, k: int, last: int, used: int | None, whim: float) -> Form:
    """One of the forms that may stand here: made for these neighbours if any is; none twice running if others fit."""
    forms = case.of(word[k])
    if len(forms) == 1:
        return forms[0]
    place = "alone" if last == 0 else "initial" if k == 0 else "final" if k == last else "medial"
    left, right = word[k - 1] if k else "", word[k + 1] if k < last else ""
    fit: list[Form] = []
    made: list[Form] = []
    for form in forms:
        glyph = form.glyph
        if glyph.places and place not in glyph.places:
            continue
        if (glyph.after and left not in glyph.after) or (glyph.before and right not in glyph.before):
            continue
        (made if glyph.after or glyph.before else fit).append(form)
    choice = made or fit or [forms[0]]
    if len(choice) > 1 and used is not None:
        choice = [form for form in choice if form.index != used] or choice
    total = sum(form.glyph.weight for form in choice)
    mark = whim * total
    for form in choice:
        mark -= form.glyph.weight
        if mark < 0:
            return form
    return choice[-1]


def _remembered(z: Floats, word: NDArray[np.int64]) -> Floats:
    """AR(1) along the letters of each word, with the sd of `z`."""
    out = z.copy()
    keep = math.sqrt(1 - _MEMORY**2)
    values = out.tolist()
    owner = word.tolist()
    for k in range(1, len(values)):
        if owner[k] == owner[k - 1]:
            before = values[k - 1]
            values[k] = [_MEMORY * a + keep * b for a, b in zip(before, values[k], strict=True)]
    return np.array(values)


# ------------------------------------------------------------------------------------------------ ink


def _ink(
    words: list[_Word], layout: Layout, hand: "Hand", seed: int
) -> tuple[Stroke, NDArray[np.int64], NDArray[np.int64]]:
    """All strokes end to end in mm, points in each, and the line each belongs to."""
    size = layout.xheight_mm
    lengths = np.array([len(word.text) for word in words])
    word_of = np.repeat(np.arange(len(words)), lengths)
    number = np.array([word.number for word in words])
    part = np.array([word.part for word in words])
    line = np.array([word.line for word in words])
    nth = np.arange(len(word_of)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    letter_keys = _keys(seed, "letter", number[word_of], part[word_of], nth)
    letters = _letters(words, hand, _uniform(_keys(seed, "form", number[word_of], part[word_of], nth), 2))
    z = _normal(letter_keys, 19)
    zw = _normal(_keys(seed, "word", number, part), 6)
    zl = _normal(_keys(seed, "line", np.arange(len(layout.lines))), 4)
    zc = _normal(_keys(seed, "card"), 2)[0]
    dose = hand.dose

    # Each letter: width, height, shear, turn, foot.
    scatter = _remembered(z[:, :3], word_of)
    wide = hand.width * (1 + dose * (hand.width_sd * z[:, 3] + hand.word_width_sd * zw[word_of, 0]))
    tall = 1 + dose * (hand.height_sd * scatter[:, 1] + hand.word_size_sd * zw[word_of, 1])
    foot = dose * hand.foot_sd * scatter[:, 0]
    lean = np.tan(
        np.radians(
            hand.slant_deg + dose * (hand.slant_sd_deg * zw[word_of, 2] + hand.letter_slant_sd_deg * scatter[:, 2])
        )
    )
    turn = np.radians(dose * hand.turn_sd_deg * z[:, 4])
    gap = dose * hand.gap_sd * z[:, 5]
    forms = letters.forms
    before_mark = np.array([form.char in TRAILING for form in forms[1:]] + [False])
    gap[before_mark] = np.abs(gap[before_mark])  # a full stop under the letter before it is lost

    # Letters side by side within words, words within lines, x-heights.
    step = np.array(letters.apart) * wide + np.where(letters.joined, 0.5 * gap + hand.link, gap)
    along = np.cumsum(step) - step
    first = np.cumsum(lengths) - lengths
    along -= np.repeat(along[first], lengths)
    x0 = np.array([form.x0 for form in forms]) * wide
    x1 = np.array([form.x1 for form in forms]) * wide
    origin = np.repeat(x0[first], lengths)
    along -= origin
    ends = np.maximum.reduceat(along + x1, first)
    usual = hand.face.word_space * hand.space
    space = usual * np.exp(dose * hand.space_sd * np.clip(zw[:, 3], -1.6, 1.6))
    left = np.maximum(0.0, 0.22 + dose * hand.left_sd * zl[line, 0])
    slope = np.radians(dose * (hand.word_slope_sd_deg * zw[word_of, 4]))
    y = foot + (dose * hand.word_foot_sd * zw[:, 5])[word_of] + slope * (along - 0.5 * ends[word_of])

    # Every piece (a letter's own strokes, or one late stroke of it) under its own affine map.
    a, b, c, d = wide, (lean - turn) * tall, turn + slope, tall
    pieces, maps, lates = _pieces(forms, a, b, c, d, along, y, letter_keys, dose, hand)
    n = np.array([len(piece) for piece in pieces])
    base = np.concatenate(pieces)
    m = np.repeat(maps, n, axis=0)
    ink = np.column_stack(
        (m[:, 0] * base[:, 0] + m[:, 1] * base[:, 1] + m[:, 4], m[:, 2] * base[:, 0] + m[:, 3] * base[:, 1] + m[:, 5])
    )
    own = int(n[: len(forms)].sum())
    t = np.concatenate([form.along for form in forms])
    basis = np.cos(math.pi * t[:, None] * np.arange(1, len(_MODES) + 1))
    size_of = np.array([min(1.0, form.length / 3) for form in forms])
    coefficients = (dose * hand.wobble * size_of)[:, None, None] * z[:, 7:19].reshape(len(forms), 2, -1) * _MODES
    ink[:own] += np.einsum("nk,nak->na", basis, np.repeat(coefficients, n[: len(forms)], axis=0))

    strokes, owner = _strokes(ink, n, letters, lates, word_of)
    counts = np.array([len(one) for one in strokes])
    points, counts = even(np.concatenate(strokes), counts, STEP)
    points = soften(points, counts, hand.soften / STEP)
    # Words side by side in lines, then the line: its slope, its height, then mm.
    at_word = np.repeat(np.array(owner), counts)
    points[:, 0] += _places(points, at_word, words, ends, space, left, usual)[at_word]
    owner_line = line[np.array(owner)]
    at_line = np.repeat(owner_line, counts)
    tilt = np.radians(hand.line_slope_deg + dose * (hand.line_slope_sd_deg * zl[:, 1] + hand.card_slope_sd_deg * zc[0]))
    left_mm = np.array([one.x_mm for one in layout.lines])
    base_mm = np.array([one.y_mm for one in layout.lines]) + dose * hand.pitch_sd_mm * zl[:, 2]
    px, py = points[:, 0], points[:, 1] + tilt[at_line] * (points[:, 0] - 12.0)
    return np.column_stack((left_mm[at_line] + px * size, base_mm[at_line] + py * size)), counts, owner_line


def _places(
    ink: Stroke, word: NDArray[np.int64], words: list[_Word], ends: Floats, space: Floats, left: Floats, usual: float
) -> Floats:
    """Where each word's origin stands on its line, x-heights: so far from the word before it as `space` says.

    Words that would run together by their ink are moved apart, and words that would fall apart closer.
    """
    band = np.clip(((ink[:, 1] - _LOW) / _BAND).astype(np.int64), 0, _BANDS - 1)
    cell = word * _BANDS + band
    near, far = np.full(len(words) * _BANDS, _AWAY), np.full(len(words) * _BANDS, -_AWAY)
    np.minimum.at(near, cell, ink[:, 0])
    np.maximum.at(far, cell, ink[:, 0])
    starts, stops = near.reshape(-1, _BANDS), far.reshape(-1, _BANDS)
    around = stops.copy()
    around[:, 1:] = np.maximum(around[:, 1:], stops[:, :-1])
    around[:, :-1] = np.maximum(around[:, :-1], stops[:, 1:])
    # From origin to origin where the ink of a word and of the one before it touch.
    touch = (around[:-1] - starts[1:]).max(axis=1)
    marked = np.array([one.text[-1] in TRAILING for one in words[:-1]], dtype=bool)
    over = np.where(marked, _LEAST_AFTER - _LEAST, _OVERLAP)
    touch = np.maximum(touch, stops[:-1].max(axis=1) - starts[1:].min(axis=1) - over).tolist()
    place: list[float] = []
    for k, one in enumerate(words):
        if k == 0 or one.line != words[k - 1].line:
            place.append(float(left[k]))
            continue
        pause = 0.2 if words[k - 1].text[-1] in ".!?" else 0.0
        apart = float(ends[k - 1] + space[k]) + pause
        least = (_LEAST_AFTER if marked[k - 1] else _LEAST) + pause
        place.append(place[-1] + min(max(apart, touch[k - 1] + least), touch[k - 1] + _MOST * usual))
    return np.array(place)


def _pieces(
    forms: list[Form],
    a: Floats,
    b: Floats,
    c: Floats,
    d: Floats,
    x: Floats,
    y: Floats,
    keys: Words64,
    dose: float,
    hand: "Hand",
) -> tuple[list[Stroke], Floats, list[list[int]]]:
    """Points of every piece, its map (a b c d x y), and the pieces that are late strokes of each letter.

    Late strokes are made in passing: further right the later, longer or shorter, turned, higher or lower.
    """
    pieces = [form.points for form in forms]
    lates: list[list[int]] = [[] for _ in forms]
    owners: list[int] = []
    nth: list[int] = []
    for k, form in enumerate(forms):
        for j, stroke in enumerate(form.glyph.late):
            lates[k].append(len(pieces))
            pieces.append(stroke)
            owners.append(k)
            nth.append(j)
    maps = np.column_stack((a, b, c, d, x, y))
    if not owners:
        return pieces, maps, lates
    at = np.array(owners)
    z = _normal(_mixed(keys[at] + np.array(nth, dtype=np.uint64) + np.uint64(1)), 5)
    z0 = _normal(_mixed(keys[at] + np.uint64(77)), 2)  # what the marks of one letter share
    middles = np.array([(stroke.min(axis=0) + stroke.max(axis=0)) / 2 for stroke in pieces[len(forms) :]])
    spans = np.array([np.ptp(stroke[:, 0]) for stroke in pieces[len(forms) :]])
    own = np.array([float(middle[1]) > 0.0 for middle in middles])
    longer = 1 + dose * 0.16 * z[:, 0]
    turned = dose * np.where(spans > 0.3, 0.07, 0.16) * z[:, 1]
    # In the letter's own axes about the stroke's middle: scale, turn; then the letter's map.
    p, q, r, s = longer, -turned, turned, 1 + dose * 0.10 * z[:, 2]
    shift_x = hand.late_right * (0.6 + 0.5 * dose * z0[:, 0]) * own + dose * 0.035 * z[:, 3]
    shift_y = dose * (0.05 * z0[:, 1] * own + 0.025 * z[:, 4])
    ox = middles[:, 0] + shift_x - (p * middles[:, 0] + q * middles[:, 1])
    oy = middles[:, 1] + shift_y - (r * middles[:, 0] + s * middles[:, 1])
    la, lb, lc, ld = a[at], b[at], c[at], d[at]
    mine = np.column_stack(
        (
            la * p + lb * r,
            la * q + lb * s,
            lc * p + ld * r,
            lc * q + ld * s,
            la * ox + lb * oy + x[at],
            lc * ox + ld * oy + y[at],
        )
    )
    return pieces, np.concatenate((maps, mine)), lates


def _strokes(
    ink: Stroke,
    n: NDArray[np.int64],
    letters: _Letters,
    lates: list[list[int]],
    word_of: NDArray[np.int64],
) -> tuple[list[Stroke], list[int]]:
    """Pen-down to pen-up: letters linked where they join, late strokes after their word; the word each belongs to."""
    ends = np.cumsum(n)
    starts = ends - n
    links, leaves = ways(ink, starts, ends, letters.forms, letters.joined)
    out: list[Stroke] = []
    owner: list[int] = []
    run: list[Stroke] = []
    begin, finish = starts.tolist(), ends.tolist()
    last_of_word = np.append(word_of[1:] != word_of[:-1], True).tolist()
    marks: list[int] = []
    for k, form in enumerate(letters.forms):
        at, word = begin[k], letters.word[k]
        for j, count in enumerate(form.counts):
            if j:
                out.append(np.concatenate(run))
                owner.append(word)
                run = []
            run.append(ink[at : at + count])
            at += count
        marks += lates[k]
        if letters.joined[k]:
            run[-1] = run[-1][: len(run[-1]) - leaves[k]]
            run.append(links[k])
            continue
        out.append(np.concatenate(run))
        owner.append(word)
        run = []
        if last_of_word[k]:
            for mark in marks:
                out.append(ink[begin[mark] : finish[mark]])
                owner.append(word)
            marks = []
    return out, owner


def _held_in(points: Stroke, counts: NDArray[np.int64], line: NDArray[np.int64], frame: Frame) -> Stroke:
    """Ink inside the frame: a line that ran too far is written closer, one too high or low moves in."""
    starts = np.flatnonzero(np.append(True, line[1:] != line[:-1]))
    at = (np.cumsum(counts) - counts)[starts]
    low, high = np.minimum.reduceat(points, at), np.maximum.reduceat(points, at)
    edge = 10.0**-_DECIMALS
    near = np.array([frame.x_mm, frame.y_mm]) + edge
    far = near + np.array([frame.width_mm, frame.height_mm]) - 2 * edge
    new_low = np.maximum(low, near)
    room = far - near
    room = np.column_stack((far[0] - np.minimum(new_low[:, 0], far[0] - 1e-9), np.full(len(low), room[1])))
    scale = np.minimum(1.0, room / np.maximum(high - low, 1e-9))
    new_low = np.minimum(new_low, far - (high - low) * scale)
    per = np.diff(np.append(at, len(points)))
    moved: Stroke = (points - np.repeat(low, per, axis=0)) * np.repeat(scale, per, axis=0)
    moved += np.repeat(new_low, per, axis=0)
    return moved
