"""Letters ready for setting: shared by threads, and kept within bounds."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from fonts import case
from fonts.card import Frame
from fonts.hand import write
from fonts.hands import Hand, hands
from plotter.strokes import resample

A6 = Frame(x_mm=10, y_mm=10, width_mm=128, height_mm=85)
NOTE = "Dear Zoë, quick brown foxes jumped over 1,234 lazy dogs; “well”, wrote Vaughn & Jørgen (No. 56/78)! Güle güle."


@pytest.fixture
def impatient() -> Iterator[None]:
    """Threads that take turns as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def fresh() -> Hand:
    """A hand whose letters nobody has asked for yet."""
    return replace(hands()["wren"])


def ink(hand: Hand, seed: int) -> bytes:
    return b"".join(one.tobytes() for one in write(f"{NOTE} {seed}", frame=A6, hand=hand, seed=seed).strokes)


@pytest.mark.usefixtures("impatient")
def test_threads_that_write_with_one_hand_at_once_write_as_one_alone() -> None:
    alone = fresh()
    wanted = [ink(alone, seed) for seed in range(8)]
    for _ in range(3):
        shared = fresh()
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(lambda seed, hand=shared: ink(hand, seed), range(8))) == wanted


def test_what_is_kept_is_bounded_and_losing_it_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    plenty = fresh()
    wanted = [ink(plenty, seed) for seed in range(8)]
    monkeypatch.setattr(case, "_MOST_KEPT", 5)
    short = fresh()
    assert [ink(short, seed) for seed in range(8)] == wanted
    assert all(len(kept) <= 6 for kept in (short.case._widths, short.case._fit, short.case._apart))


@pytest.mark.parametrize("name", list(hands()))
def test_an_apostrophe_stays_clear_of_the_letters_around_it(name: str) -> None:
    hand = hands()[name]
    letters = "aceghmnopqrsuvwxyzOPRSUCD369"  # with one that has a bar or dot, a stroke as high is not the mark
    text = " ".join(f"{letter}’s" for letter in letters)
    wide = Frame(x_mm=0, y_mm=0, width_mm=400, height_mm=40, xheight_max_mm=2)
    for seed in range(3):
        written = write(text, frame=wide, hand=hand, seed=seed)
        for word, letter in enumerate(letters):
            strokes = [
                resample(one, 0.05) for one, of in zip(written.strokes, written.words, strict=True) if of == word
            ]
            mark = max(range(len(strokes)), key=lambda k: float(strokes[k][:, 1].min()))
            others = np.concatenate([one for k, one in enumerate(strokes) if k != mark])
            way = strokes[mark][:, None] - others[None]
            assert np.hypot(way[..., 0], way[..., 1]).min() > 0.1 * written.xheight_mm, letter
