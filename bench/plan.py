"""Machine time: our estimate beside the times of real firmware."""

import csv
from pathlib import Path

from bench.timing import show
from plotter.machine import Machine
from plotter.motion import estimate

TIMINGS = Path(__file__).parent.parent / "tests" / "data" / "timings"
PROFILES = {
    "plotter": Machine(
        max_rate_mm_min=(10000, 10000, 3000), acceleration_mm_s2=(500, 500, 500), junction_deviation_mm=0.010
    ),
    "quick": Machine(
        max_rate_mm_min=(6000, 6000, 2400), acceleration_mm_s2=(1000, 1000, 200), junction_deviation_mm=0.030
    ),
}


def main() -> int:
    """The programs of tests/data/timings on both profiles."""
    rows: list[list[object]] = []
    with (TIMINGS / "times.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            text = (TIMINGS / row["program"]).read_text(encoding="ascii")
            ours = estimate(text.splitlines(), PROFILES[row["profile"]]).seconds
            real = float(row["machine_time_s"])
            rows.append(
                [row["program"], row["profile"], f"{real:.1f}", f"{ours:.1f}", f"{100 * (ours / real - 1):+.1f}"]
            )
    show(("program", "profile", "firmware s", "estimate s", "off %"), rows)
    return 0
