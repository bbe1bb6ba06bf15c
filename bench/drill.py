"""The crash drill: jobs under way on machines that outlive the server, `kill -9` at chosen moments, the ink as judge.

Two simulated plotters run as processes of their own on TCP and log every finished stroke to a file; the server is
killed and started again and again. After each start a person (this script) does what a person would: looks at each
interrupted card, asks for a fresh one, clears the bed and loads blanks. In the end every job must be done, and the
ink on the sheets must show no card begun a second time without that person's word.
"""

import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from plotter.machine import Slot
from plotter.strokes import Stroke, length
from plotter.svg import strokes_of

ROOT = Path(__file__).resolve().parent.parent
SERVER = [sys.executable, str(ROOT / "server.py")]
PATIENCE_S = 120.0
BLANKS = 20  # enough for the whole drill, so that nobody reloads a plotter that knows its zero
# A stroke of the log is a stroke of a card when it starts, ends and measures as that one does, to this many mm.
SAME_MM = 0.08
MESSAGES = (
    "Thank you for order one",
    "Happy birthday, second Sam",
    "Get well soon, third Bob",
    "With love from fourth Ana",
    "See you on Friday the fifth",
    "Sorry about lid number six",
    "Seven good years to you",
    "All the best, eighth Emil",
    "Nine lives and many cakes",
    "Ten thanks and a hug, Jo",
    "Eleven roses for Marta",
    "The twelfth cup is on us",
)


@dataclass
class Kill:
    """One kill: when, what each job was before, and what it was once the server stood again."""

    moment: str
    before: dict[str, str]
    after: dict[str, str] = field(default_factory=dict)


@dataclass
class Report:
    """What the drill found: per job its states at each kill, its end, the words of the person, and the ink."""

    kills: list[Kill]
    ends: dict[str, str]
    fresh: dict[str, int]
    begun: dict[str, int]
    whole: dict[str, int]

    def faults(self) -> list[str]:
        """What must not be: jobs lost or unfinished, cards begun or written more often than a person asked for."""
        found = [f"{name} ended as {state}" for name, state in self.ends.items() if state != "done"]
        found += [f"{name} has no whole card" for name, n in self.whole.items() if n < 1]
        for name, n in self.begun.items():
            if n > 1 + self.fresh.get(name, 0):
                found.append(f"{name} was begun {n} times, a person asked for {self.fresh.get(name, 0)} fresh cards")
        for kill in self.kills:
            found += [f"{name} lost after {kill.moment}" for name in kill.before if name not in kill.after]
            found += [
                f"{name} was {was} at {kill.moment} and came back as {kill.after.get(name)}"
                for name, was in kill.before.items()
                if kill.after.get(name) not in _MAY_COME_BACK[was]
            ]
        return found


# What a job may be after a restart, by what it was when last seen before the kill: it may have gone on a little.
_MAY_COME_BACK = {
    "ready": {"ready", "interrupted", "done"},
    "claimed": {"ready", "interrupted", "done"},
    "writing": {"interrupted", "done"},
    "interrupted": {"interrupted"},
    "done": {"done"},
}


@contextmanager
def machines(folder: Path, speed: float) -> Iterator[list[tuple[str, Path, int]]]:
    """Two simulated plotters in processes of their own: their ports, the logs of their ink, their process ids."""
    with ExitStack() as stack:
        found = []
        for name in ("left", "right"):
            log = folder / f"{name}-ink.jsonl"
            command = [*SERVER, "simulate", "--tcp", "0", "--speed", str(speed), "--log", str(log)]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
            stack.enter_context(process)
            stack.callback(process.terminate)
            assert process.stdout is not None
            found.append((process.stdout.readline().strip(), log, process.pid))
        yield found


def configuration(folder: Path, ports: list[str]) -> Path:
    """config.toml with its plotters on those ports."""
    text = (ROOT / "config.toml").read_text(encoding="utf-8").replace("examples/", f"{ROOT}/examples/")
    # The log is held against the card stroke by stroke.
    text = text.replace('order = "fastest"', 'order = "writing"')
    for port in ports:
        text = text.replace('port = "sim://?speed=8"', f'port = "{port}"', 1)
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


class Shift:
    """The server under drill, and the person who tends it."""

    def __init__(self, config: Path, database: str, machines: list[int]) -> None:
        self._machines = machines
        self._command = [*SERVER, "serve", "--config", str(config), "--port", "0"]
        self._environment = os.environ | {"FAIRHAND_DATABASE": database}
        self.fresh: dict[str, int] = {}

    def start(self) -> None:
        """Start the server; returns when it answers."""
        self._process = subprocess.Popen(
            self._command, env=self._environment, cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        address = self._process.stdout.readline().strip()
        assert address, f"the server did not start: {self._process.wait()}"
        self.api = httpx.Client(base_url=address, timeout=30)

    def kill(self) -> None:
        """`kill -9`."""
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate()
        self.api.close()

    def stop(self) -> int:
        """SIGTERM; the server's exit code."""
        self._process.send_signal(signal.SIGTERM)
        self.api.close()
        self._process.communicate(timeout=30)
        return self._process.returncode

    def jobs(self) -> dict[str, dict[str, Any]]:
        """Every job by its external id."""
        answer = self.api.get("/v1/jobs", params={"limit": 100})
        answer.raise_for_status()
        return {job["external_id"]: job for job in answer.json()["data"]}

    def states(self) -> dict[str, str]:
        return {name: job["state"] for name, job in self.jobs().items()}

    def tend(self) -> None:
        """What a person does: fresh cards for interrupted ones, carriages into their corners, blanks loaded."""
        for name, job in self.jobs().items():
            if job["state"] == "interrupted":
                self.api.post(f"/v1/jobs/{job['id']}/decide", json={"card": "fresh"}).raise_for_status()
                self.fresh[name] = self.fresh.get(name, 0) + 1
        for plotter, pid in zip(self.api.get("/v1/plotters").json()["data"], self._machines, strict=True):
            if plotter["blanks"] == 0 and plotter["condition"] in ("idle", "attention"):
                os.kill(pid, signal.SIGUSR1)  # push the carriage into its corner
                time.sleep(0.1)
                self.api.post(f"/v1/plotters/{plotter['id']}/blanks", json={"count": BLANKS, "stock": "a6"})


def drill(folder: Path, *, kills: int, speed: float, database: str | None = None, seed: int = 1) -> Report:
    """Run the drill in `folder`: twelve jobs, `kills` kills at moments drawn from `seed`; raises TimeoutError."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng(seed)
    with machines(folder, speed) as offered:
        config = configuration(folder, [port for port, _, _ in offered])
        pids = [pid for _, _, pid in offered]
        shift = Shift(config, database or f"sqlite:///{folder / 'fairhand.db'}", pids)
        shift.start()
        for number, message in enumerate(MESSAGES, start=1):
            shift.api.post(
                "/v1/jobs",
                json={"text": message, "stock": "a6", "external_id": f"D-{number:02d}", "seed": number},
                headers={"Idempotency-Key": f"drill-{number}"},
            ).raise_for_status()
        previews = {
            name: strokes_of(shift.api.get(f"/v1/jobs/{job['id']}/preview.svg").text)
            for name, job in shift.jobs().items()
        }
        told = []
        for k in range(kills):
            moment = _await_moment(shift, k, float(chance.uniform(0.0, 1.0)))
            one = Kill(moment, shift.states())
            shift.kill()
            shift.start()
            one.after = shift.states()
            told.append(one)
        deadline = time.monotonic() + PATIENCE_S
        while set(shift.states().values()) != {"done"}:
            if time.monotonic() > deadline:
                raise TimeoutError(f"not all done in {PATIENCE_S:.0f} s: {shift.states()}")
            shift.tend()
            time.sleep(0.1)
        ends = shift.states()
        shift.stop()
    begun, whole = ink_of(previews, [log for _, log, _ in offered], _slot(config))
    return Report(told, ends, shift.fresh, begun, whole)


def _await_moment(shift: Shift, k: int, fraction: float) -> str:
    """Let the shift go on to one of several kinds of moments; says which it was."""
    if k % 5 == 4:
        return "at once after the start"
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        shift.tend()
        jobs = shift.jobs()
        writing = {name: job for name, job in jobs.items() if job["state"] == "writing"}
        claimed = [name for name, job in jobs.items() if job["state"] == "claimed"]
        if not any(job["state"] in ("ready", "claimed", "writing") for job in jobs.values()):
            return "nothing left to write"
        if k % 5 == 0 and claimed:
            return f"{claimed[0]} claimed, pen not down yet"
        if k % 5 == 1 and any(job["progress"]["stroke"] == 0 for job in writing.values()):
            return "a pen just down"
        for name, job in writing.items():
            now = job["progress"]
            if k % 5 in (0, 2, 3) and now["strokes"] and now["stroke"] >= fraction * now["strokes"]:
                return f"{name} at stroke {now['stroke']} of {now['strokes']}"
        time.sleep(0.01)
    raise TimeoutError("nothing was being written")


def _slot(config: Path) -> Slot:
    return Slot(**tomllib.loads(config.read_text(encoding="utf-8"))["plotters"]["left"]["slot"])


def ink_of(previews: dict[str, list[Stroke]], logs: list[Path], slot: Slot) -> tuple[dict[str, int], dict[str, int]]:
    """From the ink alone: how often each card was begun (its first two strokes), and how often ended (its last two)."""
    begun, whole = dict.fromkeys(previews, 0), dict.fromkeys(previews, 0)
    for log in logs:
        if not log.exists():
            continue
        drawn = [np.array(json.loads(line)["stroke"]) for line in log.read_text(encoding="utf-8").splitlines()]
        ink = _marks(slot.onto_card(drawn))
        for name, strokes in previews.items():
            card = _marks(strokes)
            begun[name] += _pairs(ink, card[:2])
            whole[name] += _pairs(ink, card[-2:])
    return begun, whole


def _marks(strokes: list[Stroke]) -> Stroke:
    """For each stroke its ends and its length, mm."""
    return np.array([[*one[0], *one[-1], length(one)] for one in strokes]).reshape(-1, 5)


def _pairs(ink: Stroke, pair: Stroke) -> int:
    """How often two strokes were drawn one after the other."""
    first, second = (np.abs(ink - mark).max(axis=1) < SAME_MM for mark in pair)
    return int((first[:-1] & second[1:]).sum())


def table(report: Report) -> str:
    """The report as text: a row a job, a column a kill."""
    lines = [f"kill {k + 1}: {kill.moment}" for k, kill in enumerate(report.kills)]
    head = (
        ["job"] + [f"kill {k + 1}" for k in range(len(report.kills))] + ["end", "fresh cards asked", "begun", "whole"]
    )
    lines += ["", "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name in report.ends:
        cells = [f"{k.before.get(name, '-')} → {k.after.get(name, 'LOST')}" for k in report.kills]
        cells = [cell.split(" → ")[0] if len(set(cell.split(" → "))) == 1 else cell for cell in cells]
        cells += [report.ends[name], str(report.fresh.get(name, 0)), str(report.begun[name]), str(report.whole[name])]
        lines.append("| " + " | ".join([name, *cells]) + " |")
    faults = report.faults()
    lines += ["", "no job lost, no card begun again without a person's word" if not faults else "FAULTS:", *faults]
    return "\n".join(lines)


def main() -> int:
    """`./run bench drill`: ten kills."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        report = drill(Path(folder), kills=10, speed=10)
    print(table(report))
    return 1 if report.faults() else 0
