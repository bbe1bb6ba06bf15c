"""Joins go on as a letter leaves, come in as the next begins, and never change what a letter reads as."""

import numpy as np
import pytest

from fonts.card import Frame
from fonts.case import Case
from fonts.face import Face, Glyph
from fonts.hand import write
from fonts.hands import hands
from fonts.spline import through

FRAME = Frame(x_mm=5, y_mm=5, width_mm=200, height_mm=100, xheight_max_mm=2.5)


def face(**glyphs: Glyph) -> Face:
    return Face(name="test", title="test", glyphs={char: (glyph,) for char, glyph in glyphs.items()}, style="cursive")


HIGH = Glyph(strokes=(through([(0.1, 1.0), (0.4, 0.0), (0.8, 1.0)]),), entry="low", exit="high")
LOW = Glyph(strokes=(through([(0.1, 0.3), (0.7, 0.6), (0.3, 1.0), (0.2, 0.0), (0.8, 0.2)]),), entry="low", exit="low")
FIT = Glyph(strokes=LOW.strokes, entry="low", exit="low", after=frozenset("v"))


def test_the_pen_lifts_between_a_high_exit_and_a_letter_that_begins_low() -> None:
    case = Case(face(v=HIGH, e=LOW, f=FIT))
    v, e, f = (case.of(char)[0] for char in "vef")
    assert not case.joins(v, e)
    assert case.joins(v, f), "a form made for it is joined"
    assert case.joins(e, v)
    assert case.joins(e, e)


def test_letters_apart_never_touch_and_sit_closer_where_shapes_allow() -> None:
    bar = Glyph(strokes=(through([(0.2, 1.9), (0.2, 0.0)]),), advance=0.4)
    tee = Glyph(strokes=(through([(0.0, 1.8), (1.2, 1.8)]), through([(0.6, 1.8), (0.6, 0.0)])), advance=1.3)
    dot = Glyph(strokes=(through([(0.1, 0.1), (0.2, 0.0)]),), advance=0.4)
    case = Case(face(l=bar, T=tee, d=dot))
    bar_form, tee_form, dot_form = (case.of(char)[0] for char in "lTd")
    apart = case.apart(bar_form, bar_form, joined=False)
    assert apart > 0.15
    assert case.apart(tee_form, dot_form, joined=False) < case.apart(tee_form, bar_form, joined=False)


@pytest.mark.parametrize("hand", list(hands()))
@pytest.mark.parametrize("word", ["minimum", "aaccddooggqq", "eaeoelez", "voworobu", "lovely", "jazz"])
def test_a_stroke_never_jumps(hand: str, word: str) -> None:
    for seed in range(5):
        written = write(word, frame=FRAME, hand=hands()[hand], seed=seed)
        for one in written.strokes:
            steps = np.hypot(*np.diff(one, axis=0).T)
            # Long straight stems are two points; nothing in a word is longer than an ascender and its descender.
            assert steps.max(initial=0.0) < 2.4 * written.xheight_mm
            turned = np.abs(np.diff(np.unwrap(np.arctan2(*np.diff(one, axis=0).T[::-1]))))
            assert (turned > 2.6).sum() <= 2 * len(word)


@pytest.mark.parametrize("hand", list(hands()))
def test_joins_are_broken_now_and_then(hand: str) -> None:
    counts = {len(write("munumunumu", frame=FRAME, hand=hands()[hand], seed=seed).strokes) for seed in range(30)}
    assert len(counts) > 2
