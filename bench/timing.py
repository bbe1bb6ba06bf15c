"""Medians of several runs, and a table of them."""

import statistics
import time
from collections.abc import Callable, Sequence


def median_ms(work: Callable[[], object], runs: int = 9, warmup: int = 2) -> float:
    """The median wall time of `work` in ms over `runs` calls after `warmup` uncounted ones."""
    for _ in range(warmup):
        work()
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return 1000 * statistics.median(times)


def show(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table in Markdown."""
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in row) + " |")
