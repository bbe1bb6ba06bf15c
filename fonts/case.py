"""Case: a face's letters made ready to be set: points laid out for speed, and how far apart two of them stand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count, pairwise

import numpy as np
from numpy.typing import NDArray

from fonts.bend import Turns, turns
from fonts.face import Face, Glyph
from fonts.text import NBSP
from plotter.strokes import Stroke

# Heights at which two letters are held against each other, x-heights.
_LOW, _BANDS, _BAND = -1.0, 16, 0.2
_AWAY = 9.0
# Clear space between the ink of two lifted letters where they come closest (people: .40 on average, face to face).
LIFTED_GAP = 0.28
TRAILING = frozenset(".,;:!?…")  # kept from under the tail of the letter before
_CLEAR, _CLEAR_LATE = 0.24, 0.36  # from a letter to the mark that trails it; where a bar or dot may slip to the right
# Letters that read as others when they stand close ("clad" as "dad", "your" as "yaur"), or crowd: x-heights more.
_TOLD_APART = {"cl": 0.24, "ou": 0.2, "ur": 0.1, "dd": 0.08}
_SLASH = 0.14  # before and after one
_MOST_KEPT = 20_000  # neighbours, words: far more than a day's cards bring, a few MB
RAISED = frozenset("’‘“”'\"")  # nothing slips under them: "c'est" would read "cést"


@dataclass(frozen=True, eq=False)
class Form:
    """One form of a letter: all its points at once, lengths of its strokes, and its outline to the left and right."""

    char: str
    index: int
    glyph: Glyph
    weight: float
    points: Stroke
    counts: tuple[int, ...]
    turns: Turns
    pliant: float  # how far it is off when it is written again: a comma less than a letter
    late: tuple[Stroke, ...]
    late_middles: tuple[tuple[float, float], ...]
    late_spans: tuple[float, ...]
    x0: float  # left and right edge as the eye takes them, for the space between words
    x1: float
    left: NDArray[np.float64]
    right: NDArray[np.float64]
    start: float  # of all ink, x-heights
    reach: float  # of the body with its bars and arms, ascenders and descenders left out


def _edge(ink: Stroke, side: Callable[[Stroke], np.float64]) -> float:
    """Where a letter begins or ends for the eye: mostly at its body, a little at its tails and ascenders."""
    body = ink[(ink[:, 1] > -0.15) & (ink[:, 1] < 1.2)]
    whole = float(side(ink[:, 0]))
    return whole if not len(body) else 0.65 * float(side(body[:, 0])) + 0.35 * whole


def _middle(ink: Stroke) -> tuple[float, float]:
    x, y = (ink.min(axis=0) + ink.max(axis=0)) / 2
    return float(x), float(y)


def _told_apart(a: Form, b: Form) -> float:
    return _SLASH if "/" in (a.char, b.char) else _TOLD_APART.get(a.char + b.char, 0.0)


def _fitting(forms: Sequence[Form], place: str, left: str, right: str) -> tuple[Form, ...]:
    """The forms that may stand in a place between two letters: those made for these neighbours, if there are any."""
    fit: list[Form] = []
    made: list[Form] = []
    for form in forms:
        glyph = form.glyph
        if glyph.places and place not in glyph.places:
            continue
        if (glyph.after and left not in glyph.after) or (glyph.before and right not in glyph.before):
            continue
        (made if glyph.after or glyph.before else fit).append(form)
    return tuple(made or fit or forms[:1])


def letters_of(word: str) -> tuple[int, int]:
    """First and last letter of a word, the quotes, brackets and marks around it left out; all of it if it has none."""
    first, last = 0, len(word) - 1
    while first < last and not word[first].isalnum():
        first += 1
    while last > first and not word[last].isalnum():
        last -= 1
    return (first, last) if word[last].isalnum() else (0, len(word) - 1)


class Case:
    """All forms of a face, and distances between neighbours in x-heights, worked out once.

    Threads share it. What two of them work out at once is the same, and of two makings of a form only one is kept:
    forms are told apart by being the same thing.
    """

    def __init__(self, face: Face) -> None:
        self.face = face
        self.forms: dict[str, tuple[Form, ...]] = {}
        self._apart: dict[tuple[int, int], tuple[float, float]] = {}
        self._widths: dict[str, float] = {}
        self._fit: dict[tuple[str, str, str, str], tuple[Form, ...]] = {}
        self._numbers = count(1)  # none is given twice, whoever asks

    def of(self, char: str) -> tuple[Form, ...]:
        """The forms of a character; KeyError when the face has none."""
        forms = self.forms.get(char)
        if forms is None:
            forms = tuple(self._form(char, glyph) for glyph in self.face.glyphs[char])
            forms = self.forms.setdefault(char, forms)
        return forms

    def _form(self, char: str, glyph: Glyph) -> Form:
        points = np.concatenate(glyph.strokes)
        ink = np.concatenate((points, *glyph.late)) if glyph.late else points
        counts = tuple(len(one) for one in glyph.strokes)
        length = sum(float(np.hypot(*np.diff(one, axis=0).T).sum()) for one in glyph.strokes)
        left, right = np.full(_BANDS, _AWAY), np.full(_BANDS, -_AWAY)
        band = np.clip(((points[:, 1] - _LOW) / _BAND).astype(np.int64), 0, _BANDS - 1)
        for shift in (-1, 0, 1):
            near = np.clip(band + shift, 0, _BANDS - 1)
            np.minimum.at(left, near, points[:, 0])
            np.maximum.at(right, near, points[:, 0])
        return Form(
            char=char,
            index=next(self._numbers),
            glyph=glyph,
            weight=glyph.weight,
            points=points,
            counts=counts,
            turns=turns(glyph.strokes),
            pliant=min(1.0, length / 1.2),
            late=glyph.late,
            late_middles=tuple(_middle(one) for one in glyph.late),
            late_spans=tuple(float(np.ptp(one[:, 0])) for one in glyph.late),
            x0=_edge(ink, np.min),
            x1=_edge(ink, np.max),
            left=left,
            right=right,
            start=float(ink[:, 0].min()),
            reach=float(ink[(ink[:, 1] > -0.2) & (ink[:, 1] < 1.3), 0].max(initial=-_AWAY)),
        )

    def choose(self, char: str, word: str, k: int, ends: tuple[int, int], before: Form | None, whim: float) -> Form:
        """The form of letter `k` of `word` that may stand here, by `whim` (0..1): made for its neighbours if any is.

        `ends`: first and last of its letters, quotes and marks around them left out (`letters_of`).

        Of a doubled letter the second is another form than the first where there is one.
        """
        forms = self.of(char)
        if len(forms) == 1:
            return forms[0]
        first, last = ends
        place = "alone" if first == last else "initial" if k <= first else "final" if k >= last else "medial"
        left, right = word[k - 1 : k], word[k + 1 : k + 2]
        key = (char, place, left, right)
        fit = self._fit.get(key)
        if fit is None:
            if len(self._fit) > _MOST_KEPT:
                self._fit.clear()
            fit = self._fit[key] = _fitting(forms, place, left, right)
        if len(fit) > 1 and before is not None and before.char == char:
            fit = tuple(form for form in fit if form is not before)
        if len(fit) == 1:
            return fit[0]
        mark = whim * sum([form.weight for form in fit])
        for form in fit:
            mark -= form.weight
            if mark < 0:
                return form
        return fit[-1]

    def joins(self, a: Form, b: Form) -> bool:
        """Whether the pen can stay down from `a` to `b`.

        From a high exit it lifts before a letter that begins low, unless that form was made to follow: else "ve"
        reads "ne".
        """
        if a.glyph.exit == "none" or b.glyph.entry == "none":
            return False
        return not (a.glyph.exit == "high" and b.points[0, 1] < 0.6 and not b.glyph.after)

    def apart(self, a: Form, b: Form, *, joined: bool) -> float:
        """From the origin of `a` to that of `b`: the face's own advance when joined, else half by eye."""
        return sum(self.parts(a, b, joined=joined))

    def parts(self, a: Form, b: Form, *, joined: bool) -> tuple[float, float]:
        """`apart` in two: what the letters themselves need, and the gap on top of it that a hand may vary.

        By eye: ink comes no closer at any height than LIFTED_GAP; half, for a face's own rhythm counts too. Marks
        such as a full stop stand to the right of all of a letter: under the bar of t they would make it another.
        """
        if joined:
            return a.glyph.advance + 1.5 * _told_apart(a, b), 0.0
        key = (a.index, b.index)
        found = self._apart.get(key)
        if found is None:
            if len(self._apart) > _MOST_KEPT:
                self._apart.clear()
            found = self._apart[key] = self._lifted(a, b)
        return found

    def _lifted(self, a: Form, b: Form) -> tuple[float, float]:
        tight = float((a.right - b.left).max())
        own = a.glyph.advance + self.face.kerning.get((a.char, b.char), 0.0)
        by_eye = tight + LIFTED_GAP if tight > -0.5 * _AWAY else own
        floor = float(a.points[:, 0].max()) - b.x0 - 0.1 if a.char in RAISED else 0.6 * own
        if b.char in TRAILING:
            by_eye += 0.1
            floor = max(floor, a.reach + (_CLEAR_LATE if a.glyph.late else _CLEAR) - b.start)
        whole = max(0.5 * own + 0.5 * by_eye, by_eye - 0.06, floor)
        told = _told_apart(a, b)
        if b.char in TRAILING or a.char in RAISED or tight <= -0.5 * _AWAY:
            return whole + told, 0.0
        gap = max(whole - tight, 0.08)
        return whole - gap + told, gap

    def width(self, word: str) -> float:
        """Width of the ink of a word in its main forms, x-heights; firm spaces inside count as word spaces."""
        found = self._widths.get(word)
        if found is None:
            if len(self._widths) > _MOST_KEPT:
                self._widths.clear()
            parts = [part for part in word.split(NBSP) if part]
            gaps = max(0, len(parts) - 1) * self.face.word_space
            found = self._widths[word] = gaps + sum(self._part(part) for part in parts)
        return found

    def _part(self, part: str) -> float:
        forms = [self.of(char)[0] for char in part]
        x = -forms[0].x0
        right = x + forms[0].x1
        for a, b in pairwise(forms):
            x += self.apart(a, b, joined=self.joins(a, b))
            right = max(right, x + b.x1)
        return right
