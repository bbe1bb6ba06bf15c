"""Words to ink: time, points, lifts and ink per hand, side by side with vpype's text blocks and plain Hershey."""

import importlib.metadata
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import vpype
from HersheyFonts import HersheyFonts

from bench.timing import median_ms, show
from fonts.card import Frame
from fonts.hand import write
from fonts.hands import Hand, adapted, face, hands
from plotter.strokes import length

NOTES = Path(__file__).parent.parent / "examples" / "notes.txt"
A6 = Frame(x_mm=8, y_mm=8, width_mm=132, height_mm=89, xheight_max_mm=2.6, xheight_min_mm=1.3)
SHEET = Frame(x_mm=10, y_mm=10, width_mm=190, height_mm=270, xheight_max_mm=2.6, xheight_min_mm=1.3)


def main() -> int:
    """A note of 350 characters in each hand and by the peers, cost over length, loading, memory."""
    text = _words(350)
    rows: list[list[object]] = []
    times: dict[str, list[float]] = {name: [] for name in (*hands(), "vpype", "plain")}
    plain = HersheyFonts()
    plain.load_default_font("scripts")
    work = {
        **{name: _writer(hands()[name], text, A6) for name in hands()},
        "vpype": lambda: vpype.text_block(text, 500, font_name="scripts", size=14),
        "plain": lambda: list(plain.strokes_for_text(text)),
    }
    for _ in range(15):  # turn by turn, so that a noisy machine is as noisy for all
        for name, one in work.items():
            times[name].append(median_ms(one, runs=2, warmup=1))
    ms = {name: float(np.median(all_of)) for name, all_of in times.items()}
    for name, hand in hands().items():
        card = write(text, frame=A6, hand=hand, seed=1)
        ink = sum(map(length, card.strokes)) / 1000
        lifts = len(card.strokes) / len(text.split())
        rows.append(
            [name, ms[name], ms["vpype"] / ms[name], sum(map(len, card.strokes)), len(card.strokes), lifts, ink]
        )
    block = vpype.text_block(text, 500, font_name="scripts", size=14)
    version = importlib.metadata.version("vpype")
    rows.append([f"(vpype {version} text, scripts)", ms["vpype"], 1.0, sum(map(len, block)), len(block), "-", "-"])
    strokes = list(plain.strokes_for_text(text))
    rows.append(["(hershey-fonts, no layout)", ms["plain"], "-", sum(map(len, strokes)), len(strokes), "-", "-"])
    print(f"A note of {len(text)} characters, merge to thinned strokes, median of interleaved runs:\n")
    show(("hand", "ms", "times as fast as vpype", "points", "strokes", "strokes a word", "ink m"), rows)
    _lengths()
    _loading()
    return 0


def _words(characters: int) -> str:
    text = " ".join(word for word in NOTES.read_text(encoding="utf-8").split() if word.isascii())
    return textwrap.shorten(text * (1 + characters // len(text)), characters, placeholder="")


def _writer(hand: Hand, text: str, frame: Frame):  # type: ignore[no-untyped-def]
    return lambda: write(text, frame=frame, hand=hand, seed=1)


def _lengths() -> None:
    """Cost over length: linear when the time per character stays."""
    hand = next(iter(hands().values()))
    rows = []
    for characters in (100, 350, 700, 1400, 2800):
        text = _words(characters)
        ms = median_ms(_writer(hand, text, SHEET))
        rows.append([len(text), ms, 1000 * ms / len(text)])
    print()
    show(("characters", "ms", "us a character"), rows)


def _loading() -> None:
    """Each hand loaded afresh in this process, and what all of them weigh in a process of their own."""
    rows = []
    for name, hand in hands().items():
        face.cache_clear()
        begun = time.perf_counter()
        loaded = face(hand.drawn)
        drawn = time.perf_counter()
        adapted(name, hand.title, loaded, hand.manner).face  # noqa: B018 (it is made when it is looked at)
        rows.append([name, 1000 * (drawn - begun), 1000 * (time.perf_counter() - drawn)])
    print()
    show(("hand", "face loads in ms", "becomes a hand in ms"), rows)
    told = subprocess.run(
        [sys.executable, "-c", _ALL], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    before, after = map(int, told.stdout.split())
    weight = f"{(after - before) / 1024:.0f} MiB of {after / 1024:.0f} MiB"
    print(f"\nmemory of all {len(hands())} hands: {weight} in a process")


_ALL = """
from pathlib import Path
import fonts.hand
from fonts.hands import hands
def resident():
    return int(next(line for line in Path("/proc/self/status").read_text().splitlines() if "VmRSS" in line).split()[1])
print(resident())
for name in hands():
    hands()[name].case.width("every")
print(resident())
"""
