"""Layout: which word goes on which line, how large, how far apart. Exact: there is no chance in it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fonts.card import Frame
from fonts.parts import Part, parts
from fonts.text import NBSP

# Distance between base lines in x-heights: what people like when there is room, and the least at the largest and
# at the smallest writing (people on unruled paper: 4.6; a card is small).
PITCH = 3.7
PITCH_TIGHT = (3.2, 2.85)
PARAGRAPH = 0.45  # of a line, where the note leaves a line empty
SIZES = 24  # sizes tried between largest and smallest
RESERVE = 0.06  # of the width, kept for a hand that writes wider than it meant to
INDENT = 2.4  # x-heights, of a paragraph's first line
RIGHT = 0.55  # of the width, where closing and signature stand in the right half
QUOTES = frozenset("“„«‘‚‹\"'")  # hang left of the edge
_CLOSING = 0.45  # of a line, what may set the closing apart
_SHORT = 0.22  # a last line narrower than this part of the width is a widow
_WIDOW = 0.35
# What it costs to end a line between words that belong together (0.2: as much as a line not quite half empty): a word
# of one letter or a sign and the next, a title and its name, the parts of a number.
_LONE, _TITLED, _COUNTED = 0.2, 0.3, 0.4
_TITLES = frozenset(["Mr", "Mrs", "Ms", "Dr", "Prof", "St", "No", "Nr", "Herr", "Frau", "Mme", "M", "Sr", "Sra"])
# What is left of a short line's cost where a sentence, or a part of one, ends with it; the first of two lines only.
_RESTS = {**dict.fromkeys(".!?…", 0.25), **dict.fromkeys(",;:–—", 0.55)}
_BALANCE = 0.15  # of the second of two lines' slack, too


class Overflow(ValueError):
    """A text that does not fit at the smallest writing. `excess`: too long by this part of what fits (0.34: 34 %)."""

    def __init__(self, message: str, *, excess: float, lines: int, characters: int) -> None:
        super().__init__(message)
        self.message, self.excess, self.lines, self.characters = message, excess, lines, characters


@dataclass(frozen=True)
class Line:
    """One line: words in order, the number of its first in the note, base line and left edge in mm (card frame)."""

    words: tuple[str, ...]
    first: int
    x_mm: float
    y_mm: float

    @property
    def text(self) -> str:
        return " ".join(self.words).replace(NBSP, " ")


@dataclass(frozen=True)
class Layout:
    """Lines from top to bottom; x-height and distance of base lines in mm."""

    lines: tuple[Line, ...]
    xheight_mm: float
    pitch_mm: float


@dataclass(frozen=True)
class Measure:
    """What layout has to know of a hand, in x-heights: width of a word, word space, ink above and below the line.

    `hang`: how far the word's first mark stands left of the edge that the eye sees.
    """

    width: Callable[[str], float]
    space: float
    above: float
    below: float
    hang: Callable[[str], float] = lambda _: 0.0


def lay_out(text: str, frame: Frame, measure: Measure) -> Layout:
    """Words of a normalised `text` onto lines within `frame`, as large as fits; raises Overflow.

    Lines of the text stay lines (greeting, closing, signature); an empty one is a gap. Long ones are broken where the
    right edge is least ragged, and without a lone short word at the end where that can be avoided.
    """
    kept = frame.lines == "kept"
    lines, kinds, firsts = _paragraphs(text.split("\n"), frame)
    blocks = [line.split(" ") if line else [] for line in lines]
    # A first line's indent goes with its first word.
    widths = [
        [measure.width(word) + (first if k == 0 else 0.0) for k, word in enumerate(block)]
        for block, first in zip(blocks, firsts, strict=True)
    ]
    sizes = [
        frame.xheight_max_mm + (frame.xheight_min_mm - frame.xheight_max_mm) * k / (SIZES - 1) for k in range(SIZES)
    ]
    for step, size in enumerate(sizes):
        room = _room(frame, size)
        tight = PITCH_TIGHT[0] + (PITCH_TIGHT[1] - PITCH_TIGHT[0]) * step / (SIZES - 1)
        if any(width > room for block in widths for width in block):
            continue
        broken = [_greedy(block, room, measure.space, keep=kept) for block in widths]
        if any(one is None for one in broken):
            continue
        rows = _rows([one or [] for one in broken])
        if _height(rows, tight, measure) * size > frame.height_mm:
            continue
        return _settle(blocks, widths, rows, [one or [] for one in broken], size, tight, frame, measure, kinds, firsts)
    raise _overflow(blocks, widths, frame, measure)


def _paragraphs(lines: list[str], frame: Frame) -> tuple[list[str], list[Part], list[float]]:
    """The note's lines, what each is, and the indent of its first word, x-heights."""
    kinds: list[Part] = parts(lines) if frame.lines == "flow" else ["body"] * len(lines)
    if frame.lines == "kept" or frame.paragraphs == "gap" or frame.align == "centre":
        return lines, kinds, [0.0] * len(lines)
    bodies = [k for k, kind in enumerate(kinds) if kind == "body"]
    inside = [not (kind == "gap" and bodies and bodies[0] < k < bodies[-1]) for k, kind in enumerate(kinds)]
    firsts = [INDENT if k in bodies[1:] else 0.0 for k in range(len(lines))]
    kept = [(lines[k], kinds[k], firsts[k]) for k in range(len(lines)) if inside[k]]
    return [one[0] for one in kept], [one[1] for one in kept], [one[2] for one in kept]


def _room(frame: Frame, size: float) -> float:
    """Width of a line in x-heights, less what the hand may need beyond its measure."""
    return frame.width_mm * (1 - RESERVE) / size - 0.3


Breaks = list[tuple[int, int]]  # from word, to word (exclusive), a pair for each line


def _greedy(widths: Sequence[float], room: float, space: float, *, keep: bool = False) -> Breaks | None:
    """Fewest lines; None when lines must be kept and one is too wide."""
    out: Breaks = []
    start, used = 0, 0.0
    for k, width in enumerate(widths):
        more = used + space + width if k > start else width
        if more > room and k > start:
            if keep:
                return None
            out.append((start, k))
            start, used = k, width
        else:
            used = more
    if widths:
        out.append((start, len(widths)))
    return out


def _even(words: Sequence[str], widths: Sequence[float], room: float, space: float, most: int) -> Breaks:
    """Least ragged: least sum of squared slack over at most `most` lines, the last one free (Knuth & Plass 1981).

    A lone short word on the last line costs as much as one line a good half empty; a line that ends between words that
    belong together costs, too. Of two lines the first ends best where a sentence does, and the second is not to be much
    shorter.
    """
    n = len(widths)
    two = sum(widths) + space * (n - 1) <= 2 * room
    best: list[dict[int, tuple[float, int]]] = [{0: (0.0, 0)}] + [{} for _ in range(n)]
    for end in range(1, n + 1):
        used = -space
        here = best[end]
        last = words[end - 1]
        rests = _RESTS.get(last.rstrip("”’»)\"'")[-1:], 1.0) if two else 1.0
        parted = _parted(last, words[end]) if end < n else 0.0
        for start in range(end - 1, -1, -1):
            used += space + widths[start]
            if used > room:
                break
            if not best[start]:
                continue
            slack = (room - used) / room
            cost = slack * slack * rests + parted
            if end == n:
                cost = slack * slack * (_BALANCE if two else 0.0)
                if start and used < _SHORT * room:
                    cost += _WIDOW if end - start == 1 else 0.5 * _WIDOW
            for lines, (before, _) in best[start].items():
                if lines < most:
                    total = before + cost
                    found = here.get(lines + 1)
                    if found is None or total < found[0]:
                        here[lines + 1] = (total, start)
    return _traced(best)


def _parted(last: str, following: str) -> float:
    """What ending a line between two words costs."""
    if len(last) == 1 and (last.isalpha() or last in "&+@#"):
        return _LONE
    if last.rstrip(".") in _TITLES:
        return _TITLED
    return _COUNTED if last[-1:].isdigit() and following[:1].isdigit() else 0.0


def _balanced(words: Sequence[str], widths: Sequence[float], room: float, space: float, most: int) -> Breaks:
    """Lines as long as each other, in as few as will do: for lines that stand centred."""
    n = len(widths)
    target = min(room, (sum(widths) + space * (n - most)) / most)
    best: list[dict[int, tuple[float, int]]] = [{0: (0.0, 0)}] + [{} for _ in range(n)]
    for end in range(1, n + 1):
        used = -space
        for start in range(end - 1, -1, -1):
            used += space + widths[start]
            if used > room:
                break
            for lines, (before, _) in best[start].items():
                total = before + ((used - target) / room) ** 2 + (_parted(words[end - 1], words[end]) if end < n else 0)
                if lines < most and (lines + 1 not in best[end] or total < best[end][lines + 1][0]):
                    best[end][lines + 1] = (total, start)
    return _traced(best)


def _traced(best: Sequence[dict[int, tuple[float, int]]]) -> Breaks:
    """The lines of the least cost, a little more for each line."""
    end = len(best) - 1
    lines = min(best[end], key=lambda count: (best[end][count][0] + 0.02 * count, count))
    out: Breaks = []
    while end:
        start = best[end][lines][1]
        out.append((start, end))
        end, lines = start, lines - 1
    return out[::-1]


def _rows(broken: Sequence[Breaks]) -> list[float]:
    """How far below the line before it each line stands, in line distances."""
    rows: list[float] = []
    gap = 0.0
    for block in broken:
        if not block:
            gap += PARAGRAPH
        for _ in block:
            rows.append(1 + gap if rows else 0.0)
            gap = 0.0
    return rows


def _height(rows: Sequence[float], pitch: float, measure: Measure) -> float:
    return sum(rows) * pitch + measure.above + measure.below


def _settle(
    blocks: Sequence[Sequence[str]],
    widths: Sequence[Sequence[float]],
    rows: list[float],
    broken: Sequence[Breaks],
    size: float,
    tight: float,
    frame: Frame,
    measure: Measure,
    kinds: Sequence[Part],
    firsts: Sequence[float],
) -> Layout:
    """Size is found: make the right edge even within the lines there is room for, and hang the lines in the frame."""
    room = _room(frame, size)
    fits = frame.height_mm / size
    if frame.lines == "flow":
        even: list[Breaks] = []
        spare = int((fits - _height(rows, tight, measure)) / tight)
        for words_of, block, breaks in zip(blocks, widths, broken, strict=True):
            better = breaks
            if len(breaks) > 1 and frame.align == "centre":
                better = _balanced(words_of, block, room, measure.space, len(breaks))
            elif len(breaks) > 1:
                better = _even(words_of, block, room, measure.space, len(breaks) + min(1, spare))
            spare -= len(better) - len(breaks)
            even.append(better)
        broken, rows = even, _rows(even)
    over = sum(rows)
    pitch = min(PITCH, (fits - measure.above - measure.below) / over) if over else PITCH
    free = max(0.0, fits - _height(rows, pitch, measure))
    ends = [k for k, kind in enumerate(kinds) if kind in ("closing", "signature")]
    if ends and ends[0] and kinds[ends[0] - 1] == "body":
        apart = min(_CLOSING, 0.5 * free / pitch)
        rows[sum(map(len, broken[: ends[0]]))] += apart
        free -= apart * pitch
    long = [
        [sum(w[a:b]) + measure.space * (b - a - 1) for a, b in breaks] for w, breaks in zip(widths, broken, strict=True)
    ]
    edge = _edge(blocks, broken, long, room, frame, measure)
    right = (
        min(RIGHT * room, room - max((max(long[k]) for k in ends), default=0.0)) if frame.closing == "right" else 0.0
    )
    # A few words sit where a person puts them: a little above the middle.
    drop = 0.38 * free if frame.lines == "flow" else 0.0
    y = frame.y_mm + frame.height_mm - (measure.above + drop) * size
    lines: list[Line] = []
    words, place = 0, 0
    for k, (words_of, breaks) in enumerate(zip(blocks, broken, strict=True)):
        for nth, (a, b) in enumerate(breaks):
            y -= rows[place] * pitch * size
            if frame.align == "centre":
                x = 0.5 * (frame.width_mm / size - long[k][nth]) - 0.3
            else:
                x = (max(edge, right) if k in ends else edge) + (firsts[k] if nth == 0 else 0.0)
                x -= measure.hang(words_of[a]) if frame.lines == "flow" else 0.0
            lines.append(Line(tuple(words_of[a:b]), words + a, frame.x_mm + max(0.0, x) * size, y))
            place += 1
        words += len(words_of)
    return Layout(tuple(lines), size, pitch * size)


def _edge(
    blocks: Sequence[Sequence[str]],
    broken: Sequence[Breaks],
    long: Sequence[Sequence[float]],
    room: float,
    frame: Frame,
    measure: Measure,
) -> float:
    """How far inside the frame the left edge stands, x-heights: margins share what no line needs, marks hang out."""
    if frame.lines == "kept":
        return 0.0
    free = room - max((wide for block in long for wide in block), default=room)
    out = max(
        (measure.hang(words[a]) for words, breaks in zip(blocks, broken, strict=True) for a, _ in breaks), default=0.0
    )
    return max(0.4 * max(0.0, free), min(out, max(0.0, free)))


# No words of the note are quoted: a message may end in a log.
def _overflow(
    blocks: Sequence[Sequence[str]], widths: Sequence[Sequence[float]], frame: Frame, measure: Measure
) -> Overflow:
    """How much too long, counted at the smallest writing: the characters that come after the last line that fits."""
    size = frame.xheight_min_mm
    room = _room(frame, size)
    at = f"at the smallest writing (x-height {size:g} mm)"
    if frame.lines == "kept":
        wide = [sum(w) + measure.space * (len(w) - 1) for w in widths]
        excess = max(wide) / room - 1
        if excess > 0:
            at_line = wide.index(max(wide))
            count = sum(map(len, blocks[at_line])) + len(blocks[at_line]) - 1
            cut = count - int(count / (1 + excess))
            words = f"line {at_line + 1} is {_percent(excess)} too long for {frame.width_mm:g} mm {at}{_shorten(cut)}"
            return Overflow(words, excess=excess, lines=len(blocks), characters=cut)
    for k, (block, w) in enumerate(zip(blocks, widths, strict=True)):
        excess = max(w, default=0.0) / room - 1
        if excess > 0:
            count = len(block[w.index(max(w))])
            cut = count - int(count / (1 + excess))
            word = f"a word of {count} characters in line {k + 1}"
            words = f"{word} is {_percent(excess)} too long for {frame.width_mm:g} mm {at}"
            return Overflow(words, excess=excess, lines=1, characters=cut)
    fit = over = lines = 0
    used = measure.above + measure.below
    fits = frame.height_mm / size
    gap = 0.0
    for block, w in zip(blocks, widths, strict=True):
        if not block:
            gap += PARAGRAPH
        for a, b in _greedy(w, room, measure.space) or []:
            used += (1 + gap) * PITCH_TIGHT[1] if lines else 0.0
            gap, lines = 0.0, lines + 1
            count = sum(map(len, block[a:b])) + (b - a)
            if used > fits:
                over += count
            else:
                fit += count
    excess = over / max(fit, 1)
    box = f"{frame.width_mm:g} x {frame.height_mm:g} mm"
    words = f"the text is {_percent(excess)} too long for {box} {at}{_shorten(over)}"
    return Overflow(words, excess=excess, lines=lines, characters=over)


def _shorten(characters: int) -> str:
    return f"; shorten it by about {characters} characters"


def _percent(excess: float) -> str:
    return f"{max(1, round(100 * excess))} %"
