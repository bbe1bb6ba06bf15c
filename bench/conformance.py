"""The simulated firmware held against conversations recorded from real GRBL 1.1h: every line, in order, in time.

A recording says when the host sent and read, not when the processor did: its reader polled about every 10 ms. So a
line is *equal* when it is the same text; *equal in time* when it is a report in motion that differs by no more than
the machine moves within the reader's window; anything else is a *difference*, and told.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.conversation import Said, replay, transcript
from bench.timing import show
from plotter.motion import DT_SEGMENT
from plotter.simulator import Simulator

TRANSCRIPTS = Path(__file__).parent.parent / "tests" / "data" / "transcripts"
# Where the head truly stood when the recording began (it shows in `Pn:X`, and in how long homing takes).
HEAD = {"10": (120.0, 100.0, 10.0), "11": (301.0, 100.0, 10.0), "12": (301.0, 100.0, 10.0), "14": (301.0, 100.0, 10.0)}
WINDOW_S = 0.02  # two polls of the recording's reader
REPLY_S = 0.06  # how far apart an answer may come: the reader's poll and the link at either end
HOMING_REPLY_S = 0.15  # the recorded machine stood somewhere else before it homed
# How far `FS:` changes within the window at 500 mm/s^2; it is told in segments, of 10 ms and whole steps.
SWEEP_MM_MIN = 1.05 * 500 * 60 * (WINDOW_S + DT_SEGMENT)
MOVING = ("Run", "Jog", "Hold:1")
STOPS = ("{21}", "{18}", "{85}")


@dataclass
class Comparison:
    """One conversation, line by line."""

    name: str
    lines: int = 0
    equal: int = 0
    in_time: int = 0
    torn: int = 0  # lines after bytes were dropped: which ones were, hangs on microseconds
    late_s: float = 0.0  # the largest distance in time of two equal answers
    off_mm: float = 0.0  # and in place, of two reports in motion
    differences: list[str] = field(default_factory=list)


def compare(path: Path) -> Comparison:
    """Play a recorded conversation to the simulator and hold all it says against the recording."""
    said = transcript(path)
    simulator = Simulator(at=HEAD.get(path.name[:2], (100.0, 100.0, 10.0)))
    heard = replay(said, simulator)
    recorded = [one for one in said if one.way == "<"]
    found = Comparison(path.stem, len(recorded))
    if simulator.uart.dropped:
        first = next((k for k, (a, b) in enumerate(zip(recorded, heard, strict=False)) if a.text != b.text), len(heard))
        found.torn = len(recorded) - first
        found.equal = first
        if len(heard) != len(recorded):
            found.differences.append(f"{len(recorded)} lines recorded, {len(heard)} heard")
        return found
    answers = [[one for one in lines if not _report(one)] for lines in (recorded, heard)]
    _replies(answers[0], answers[1], found)
    _reports(said, [one for one in heard if _report(one)], found)
    _order(recorded, heard, found)
    return found


def _report(one: Said) -> bool:
    return one.text.startswith("<")


def _replies(recorded: Sequence[Said], heard: Sequence[Said], found: Comparison) -> None:
    """Answers and messages: the same texts in the same order, at the same times."""
    if len(recorded) != len(heard):
        found.differences.append(f"{len(recorded)} answers recorded, {len(heard)} heard")
    for want, got in zip(recorded, heard, strict=False):
        if want.text != got.text:
            found.differences.append(f"at {want.t:.3f} s recorded '{want.text}', heard '{got.text}'")
            continue
        late = abs(want.t - got.t)
        found.late_s = max(found.late_s, late)
        if late > (HOMING_REPLY_S if "homing" in found.name else REPLY_S):
            found.differences.append(f"'{want.text}' recorded at {want.t:.3f} s, heard at {got.t:.3f} s")
        else:
            found.equal += 1


def _reports(said: Iterable[Said], heard: Sequence[Said], found: Comparison) -> None:
    """Status reports: state, fields and their cadence exactly; place, buffers, speed as exactly as time allows."""
    said = list(said)
    # `FS:` is what the processor plans some segments ahead: on short lines only its largest value bounds the speed.
    fastest = max((_speed_mm_s(one.text) for one in said if _report(one)), default=0.0)
    rest, moving, loose = list(heard), False, 0.0
    for one in said:
        if one.way == "!":
            loose = 0.0
        elif one.way == ">":
            if moving and any(stop in one.text for stop in STOPS):
                loose = fastest * WINDOW_S  # where it stops hangs on when that byte came
        elif _report(one):
            if not rest:
                found.differences.append(f"at {one.t:.3f} s recorded '{one.text}', heard nothing")
                continue
            got = rest.pop(0)
            moving = _fields(one.text)["state"] in MOVING
            if one.text == got.text:
                found.equal += 1
            elif (why := _apart(one.text, got.text, fastest * WINDOW_S if moving else loose, found)) is None:
                found.in_time += 1
            else:
                found.differences.append(f"at {one.t:.3f} s {why}: recorded '{one.text}', heard '{got.text}'")
    found.differences += [f"heard '{got.text}' at {got.t:.3f} s, recorded nothing" for got in rest]


def _fields(report: str) -> dict[str, str]:
    """`<Idle|MPos:..|Bf:..>` as names and values, in order."""
    state, *fields = report.strip("<>").split("|")
    return {"state": state} | dict(one.split(":", 1) for one in fields)


def _numbers(text: str) -> list[float]:
    return [float(n) for n in text.split(",")]


def _speed_mm_s(report: str) -> float:
    return _numbers(_fields(report)["FS"])[0] / 60


def _apart(want: str, got: str, window_mm: float, found: Comparison) -> str | None:
    """What two reports differ in more than the reader's window explains; None when nothing."""
    a, b = _fields(want), _fields(got)
    if list(a) != list(b):
        return "other fields"
    in_motion = a["state"] in MOVING
    for name, value in a.items():
        other = b[name]
        if value == other:
            continue
        if name == "MPos":
            off = math.dist(_numbers(value), _numbers(other))
            found.off_mm = max(found.off_mm, off)
            if off > (window_mm + 0.02 if window_mm else 0.0):  # a step or two more, but at rest none
                return f"{off:.3f} mm apart"
        elif name == "Bf" and in_motion:
            blocks, free = (abs(m - n) for m, n in zip(_numbers(value), _numbers(other), strict=True))
            if blocks > 1 or free > 20:  # a line more or less has come meanwhile
                return "other buffers"
        elif name == "FS" and in_motion:
            if abs(_numbers(value)[0] - _numbers(other)[0]) > SWEEP_MM_MIN:
                return "another speed"
        else:
            return f"another {name}"
    return None


def _order(recorded: Sequence[Said], heard: Sequence[Said], found: Comparison) -> None:
    """That answers and reports come in the recorded order, but for those within one window."""

    def answers_before(lines: Sequence[Said], t: float | None = None, late: float = 0.0) -> list[int]:
        before, counts = 0, []
        for one in lines:
            if _report(one):
                counts.append(before if t is None else sum(not _report(o) and o.t <= one.t + late for o in lines))
            else:
                before += 1
        return counts

    low, high = answers_before(recorded, 0.0, -WINDOW_S), answers_before(recorded, 0.0, WINDOW_S)
    for k, (n, least, most) in enumerate(zip(answers_before(heard), low, high, strict=False)):
        if not least <= n <= most:
            found.differences.append(f"report {k + 1} came after {n} answers, recorded after {least} to {most}")


def main() -> int:
    """Print the table; exit code 1 when anything differs."""
    rows: list[list[object]] = []
    told: list[str] = []
    for path in sorted(TRANSCRIPTS.glob("*.txt")):
        one = compare(path)
        what = f"{len(one.differences)}" if one.differences else "none"
        what += f"; {one.torn} lines after dropped bytes only counted" if one.torn else ""
        rows.append([one.name, one.lines, one.equal, one.in_time, 1000 * one.late_s, one.off_mm, what])
        told += [f"{one.name}: {difference}" for difference in one.differences]
    show(("transcript", "lines", "equal", "equal in time", "latest ms", "off mm in motion", "differences"), rows)
    print(f"\nsum: {sum(int(str(row[1])) for row in rows)} lines, {len(told)} differences", *told, sep="\n")
    return int(bool(told))
