"""Time: the time model beside real firmware and beside the simulator, also where programs are out of the ordinary."""

import csv
import math
from dataclasses import replace
from pathlib import Path

from bench.host import streamed
from bench.timing import show
from plotter.machine import Machine
from plotter.motion import dwell_time, estimate
from plotter.pen import ServoPen, ZPen

TIMINGS = Path(__file__).parent.parent / "tests" / "data" / "timings"
PROFILES = {
    "plotter": Machine(
        max_rate_mm_min=(10000, 10000, 3000), acceleration_mm_s2=(500, 500, 500), junction_deviation_mm=0.010
    ),
    "quick": Machine(
        max_rate_mm_min=(6000, 6000, 2400), acceleration_mm_s2=(1000, 1000, 200), junction_deviation_mm=0.030
    ),
}
MOST_OFF = 0.03


def main() -> int:
    """Real firmware on four programs and two profiles; figures it was measured to have; programs unlike those four."""
    worst = _programs()
    print()
    _figures()
    print()
    _odd()
    print(f"\nworst against real firmware: {100 * worst:.1f} % (at most {100 * MOST_OFF:.0f} %)")
    return 0 if worst <= MOST_OFF else 1


def _off(ours: float, real: float) -> str:
    return f"{100 * (ours / real - 1):+.1f}"


def _programs() -> float:
    rows: list[list[object]] = []
    worst = 0.0
    with (TIMINGS / "times.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            lines = (TIMINGS / row["program"]).read_text(encoding="ascii").splitlines()
            pen = ZPen() if "-z" in row["program"] else ServoPen()
            machine = replace(PROFILES[row["profile"]], pen=pen)
            told, took = estimate(lines, machine).seconds, streamed(lines, machine).seconds
            real = float(row["machine_time_s"])
            worst = max(worst, abs(told / real - 1), abs(took / real - 1))
            times = [f"{value:.1f}" for value in (real, told, took)]
            rows.append([row["program"], row["profile"], *times, _off(told, real), _off(took, real)])
    show(("program", "profile", "firmware s", "estimate s", "simulator s", "estimate off %", "simulator off %"), rows)
    return worst


def _ring(step: float, radius: float, times: int) -> list[tuple[float, float]]:
    n = round(2 * math.pi * radius / step)
    turn = [2 * math.pi * k / n for k in range(n)] * times
    return [(60 + radius * math.cos(a), 60 + radius * math.sin(a)) for a in turn]


def _drawn(points: list[tuple[float, float]], feed: int = 3000, spelled: str = "X{:.2f}Y{:.2f}") -> list[str]:
    start = "X{:.2f}Y{:.2f}".format(*points[0])
    head = ["G21G90G94", "M3S200", "G4P0.5", f"F{feed}", f"G0{start}", "S700", "G4P0.1", f"G1{start}"]
    return [*head, *(spelled.format(*one) for one in points), "S200", "G4P0.05"]


def _figures() -> None:
    """What was measured once on real firmware, beside the model: lifts, look-ahead, lines a second, dwells."""
    slow = PROFILES["plotter"]
    rows: list[list[object]] = []

    def lifts(up: float, down: float) -> float:
        head = ["G21G90G94", "F3000", "M3S700", "G1X10Y10"]
        each = [f"S200|G4P{up:g}|G0X{10 + 0.2 * k:.2f}|S700|G4P{down:g}" for k in range(1, 31)]
        lines = [*head, *"|".join(each).split("|")]
        return (estimate(lines, slow).seconds - estimate(head, slow).seconds) / 30

    for up, down, real in ((0.15, 0.15, 0.36), (0.05, 0.10, 0.21)):
        rows.append([f"stroke with lift {up:g}/{down:g} s, s", real, f"{lifts(up, down):.3f}"])
    for p, real in ((0.05, 0.051), (0.06, 0.101)):
        rows.append([f"G4P{p:g}, s", real, f"{dwell_time(p):.3f}"])
    fast = replace(slow, max_rate_mm_min=(60000, 60000, 3000), width_mm=3000)
    for step in (0.2, 0.5, 1.0):
        lines = ["G21G90G94", "F60000", *(f"G1X{step * k:.2f}" for k in range(1, 1201))]
        after = estimate(lines, fast).after
        top = 400 * step / (after[902] - after[502])
        rows.append([f"top speed on {step:g} mm pieces, mm/s", f"{math.sqrt(1000 * 14.2 * step):.1f}", f"{top:.1f}"])
    for feed, fits, starves in ((1500, 0.1, 0.05), (3000, 0.2, 0.1)):
        for step in (fits, starves):
            it = estimate(_drawn(_ring(step, 15, 2), feed), slow)
            share = it.ink_mm / (it.after[-3] - it.after[7]) / (feed / 60)
            word = "keeps its feed" if step == fits else "does not"
            rows.append([f"{step:g} mm pieces at F{feed}", word, f"{100 * share:.0f} % of it"])
    lines = _drawn(_ring(0.02, 15, 2), 6000)
    it = estimate(lines, slow)
    rows.append(["lines/s, full planner", "about 300", f"{(len(lines) - 10) / (it.after[-3] - it.after[7]):.0f}"])
    show(("measured on real firmware", "firmware", "model"), rows)


def _odd() -> None:
    """What the four programs do not exercise. No firmware to hold it against: the simulator, with two USB links."""
    plain = Machine()
    slow = Machine(acceleration_mm_s2=(300, 100, 50), max_rate_mm_min=(5000, 3000, 600), junction_deviation_mm=0.01)
    zigzag = [(10 + 0.5 * k, 10 + 2 * (k % 2)) for k in range(300)]
    round_trip = [f"G0X{10 + 37 * k % 200}Y{10 + 53 * k % 150}" for k in range(80)]
    ring = _drawn(_ring(0.3, 5, 6))
    programs: dict[str, tuple[Machine, list[str]]] = {
        "long travels": (plain, ["G21G90G94", *round_trip]),
        "long travels, slow unlike axes": (slow, ["G21G90G94", *round_trip]),
        "dots": (plain, ["G21G90", *(w for r in round_trip for w in (r, "M3S700", "G4P0.1", "S200", "G4P0.05"))]),
        "dots, Z pen": (replace(plain, pen=ZPen()), ["G21G90", *(w for r in round_trip for w in (r, "G0Z0", "G0Z2"))]),
        "zigzag": (plain, _drawn(zigzag)),
        "zigzag, slow unlike axes": (slow, _drawn(zigzag)),
        "feed over the axes' limit": (slow, _drawn(_ring(0.3, 10, 3), 20000)),
        "a feed on every line": (plain, [t + f"F{1500 + 100 * (k % 25)}" * (t[0] == "X") for k, t in enumerate(ring)]),
        "arcs": (plain, ["G21G90F3000", "M3S700", "G0X10Y10", *(["G3X10.4Y10I.2J0", "G3X10Y10I-.2J0"] * 200)]),
        "0.05 mm pieces": (plain, _drawn(_ring(0.05, 10, 3))),
        "0.02 mm pieces": (plain, _drawn(_ring(0.02, 10, 2))),
        "0.05 mm pieces, blanks and 4 decimals": (plain, _drawn(_ring(0.05, 10, 2), 3000, "G01 X{:.4f} Y{:.4f}")),
        "19200 baud": (replace(plain, baud=19200), ring),
    }
    rows: list[list[object]] = []
    for name, (machine, lines) in programs.items():
        row: list[object] = [name, len(lines)]
        for link_s in (0.001, 0.016):
            told, took = estimate(lines, machine, link_s=link_s).seconds, streamed(lines, machine, link_s=link_s)
            row += [f"{told:.2f}", _off(told, took.seconds), took.starved]
        rows.append(row)
    head = [f"{what}, {link} ms link" for link in (1, 16) for what in ("estimate s", "off the simulator %", "starved")]
    show(("program", "lines", *head), rows)
