"""Layout: which word goes on which line, how large, how far apart. Exact: there is no chance in it."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from fonts.card import Frame
from fonts.text import NBSP

# Distance between base lines in x-heights: what people like when there is room, and the least at the largest and
# at the smallest writing (people on unruled paper: 4.6; a card is small).
PITCH = 3.7
PITCH_TIGHT = (3.2, 2.85)
PARAGRAPH = 0.45  # of a line, where the note leaves a line empty
SIZES = 24  # sizes tried between largest and smallest
RESERVE = 0.06  # of the width, kept for a hand that writes wider than it meant to
_SHORT = 0.22  # a last line of one word narrower than this part of the width is a widow
_WIDOW = 0.35
_LONE = 0.2  # what a word of one letter at a line's end costs: as much as a line not quite half empty


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
    """What layout has to know of a hand, in x-heights: width of a word, word space, ink above and below the line."""

    width: Callable[[str], float]
    space: float
    above: float
    below: float


def lay_out(text: str, frame: Frame, measure: Measure) -> Layout:
    """Words of a normalised `text` onto lines within `frame`, as large as fits; raises Overflow.

    Lines of the text stay lines (greeting, closing, signature); an empty one is a gap. Long ones are broken where the
    right edge is least ragged, and without a lone short word at the end where that can be avoided.
    """
    blocks = [line.split(" ") if line else [] for line in text.split("\n")]
    kept = frame.lines == "kept"
    widths = [[measure.width(word) for word in block] for block in blocks]
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
        return _settle(blocks, widths, rows, [one or [] for one in broken], size, tight, frame, measure)
    raise _overflow(blocks, widths, frame, measure)


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


def _even(widths: Sequence[float], room: float, space: float, most: int, lone: Collection[int] = frozenset()) -> Breaks:
    """Least ragged: least sum of squared slack over at most `most` lines, the last one free (Knuth & Plass 1981).

    A lone short word on the last line costs as much as one line a good half empty; a line that ends in one of the
    words `lone` (by number) costs, too.
    """
    n = len(widths)
    best: list[dict[int, tuple[float, int]]] = [{0: (0.0, 0)}] + [{} for _ in range(n)]
    for end in range(1, n + 1):
        used = -space
        for start in range(end - 1, -1, -1):
            used += space + widths[start]
            if used > room:
                break
            slack = (room - used) / room
            cost = slack * slack + (_LONE if end - 1 in lone else 0.0)
            if end == n:
                cost = _WIDOW if end - start == 1 and used < _SHORT * room and start else 0.0
            for lines, (before, _) in best[start].items():
                if lines < most:
                    total = before + cost
                    if lines + 1 not in best[end] or total < best[end][lines + 1][0]:
                        best[end][lines + 1] = (total, start)
    lines = min(best[n], key=lambda count: (best[n][count][0] + 0.02 * count, count))
    out: Breaks = []
    end = n
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
) -> Layout:
    """Size is found: make the right edge even within the lines there is room for, and hang the lines in the frame."""
    room = _room(frame, size)
    fits = frame.height_mm / size
    if frame.lines == "flow":
        even: list[Breaks] = []
        spare = int((fits - _height(rows, tight, measure)) / tight)
        for words_of, block, breaks in zip(blocks, widths, broken, strict=True):
            lone = {k for k, word in enumerate(words_of) if len(word) == 1 and word.isalpha()}
            most = len(breaks) + min(1, spare)
            better = _even(block, room, measure.space, most, lone) if len(breaks) > 1 else breaks
            spare -= len(better) - len(breaks)
            even.append(better)
        broken, rows = even, _rows(even)
    over = sum(rows)
    pitch = min(PITCH, (fits - measure.above - measure.below) / over) if over else PITCH
    free = max(0.0, fits - _height(rows, pitch, measure))
    widest = max(
        (sum(w[a:b]) + measure.space * (b - a - 1) for w, block in zip(widths, broken, strict=True) for a, b in block),
        default=0.0,
    )
    # A few words sit where a person puts them: a little above the middle, and off the left edge.
    flow = frame.lines == "flow"
    drop = 0.38 * free if flow else 0.0
    indent = 0.4 * max(0.0, room - widest) * size if flow and widest < 0.8 * room else 0.0
    y = frame.y_mm + frame.height_mm - (measure.above + drop) * size
    lines: list[Line] = []
    words, place = 0, 0
    for words_of, breaks in zip(blocks, broken, strict=True):
        for a, b in breaks:
            y -= rows[place] * pitch * size
            lines.append(Line(tuple(words_of[a:b]), words + a, frame.x_mm + indent, y))
            place += 1
        words += len(words_of)
    return Layout(tuple(lines), size, pitch * size)


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
