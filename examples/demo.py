"""A day at the shop, as an integrator would do it: orders in over HTTP, cards out, pictures to look at.

Starts the real job server with its two simulated plotters, submits examples/orders.csv, lets the plotters write as fast
as it goes, then holds the ink that the simulators drew against each card's preview. Exit code 0 only if every card was
written exactly once and no ink lies further than 0.05 mm from where the preview shows it. Run by `./run demo`.
"""

import csv
import io
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from plotter.machine import Machine
from plotter.order import merge_mm
from plotter.strokes import Stroke, farthest, length
from plotter.svg import strokes_of

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "out" / "demo"
TOLERANCE_MM = 0.05
# Where two strokes meet within the line's width, the pen stays down, and the notch between them is filled.
FILLED_MM = merge_mm(Machine().pen_width_mm) / 2
PATIENCE_S = 300.0
# Each agent of the shop writes in a hand of their own.
CLASSIC_AGENTS = {"Kevin", "Piotr", "Anja", "Éloïse", "Nora"}


@contextmanager
def server() -> Iterator[str]:
    """The real job server on a free port with a fresh database; yields its address, stops it in the end."""
    command = [sys.executable, str(ROOT / "server.py"), "serve", "--config", str(ROOT / "config.toml")]
    environment = os.environ | {"FAIRHAND_DATABASE": f"sqlite:///{OUT / 'fairhand.db'}"}
    process = subprocess.Popen(
        [*command, "--port", "0", "--sim-speed", "max"], env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        if not address:
            raise SystemExit(f"the server did not start (exit code {process.wait()}); its words are above")
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=30)
    if code not in (0, -signal.SIGTERM):
        raise SystemExit(f"the server ended with exit code {code}")


def submit(api: httpx.Client) -> int:
    """Send the orders as two CSV batches, one a hand, and start them; returns how many cards were accepted."""
    with (ROOT / "examples" / "orders.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    accepted = 0
    for hand in ("wren", "hershey-script"):
        mine = [row for row in rows if (row["agent"] in CLASSIC_AGENTS) == (hand == "hershey-script")]
        sheet = io.StringIO()
        writer = csv.DictWriter(sheet, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(mine)
        answer = api.post(
            "/v1/batches",
            files={"orders": ("orders.csv", sheet.getvalue().encode(), "text/csv")},
            data={"hand": hand, "stock": "a6"},
            headers={"Idempotency-Key": f"demo-{hand}"},
        )
        batch = _good(answer).json()
        for failure in batch["failures"]:
            raise SystemExit(f"orders.csv row {failure['row']}, {failure['column']}: {failure['message']}")
        _good(api.post(f"/v1/batches/{batch['id']}/start"))
        accepted += int(batch["accepted"])
    return accepted


def _good(answer: httpx.Response) -> httpx.Response:
    if answer.is_error:
        raise SystemExit(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text}")
    return answer


def jobs(api: httpx.Client, **filters: str) -> list[dict[str, Any]]:
    """All jobs, page by page."""
    found: list[dict[str, Any]] = []
    after = None
    while True:
        page = _good(api.get("/v1/jobs", params=filters | ({"after": after} if after else {}))).json()
        found += page["data"]
        if not page["has_more"]:
            return found
        after = page["next"]


def watch(api: httpx.Client, total: int, console: Console) -> None:
    """Show a bar for the day and one for each plotter until every card is written or a person is needed."""
    columns = (TextColumn("{task.description:<28}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    deadline = time.monotonic() + PATIENCE_S
    with Progress(*columns, TimeElapsedColumn(), console=console) as bars:
        day = bars.add_task("cards", total=total)
        lanes: dict[str, TaskID] = {}
        while time.monotonic() < deadline:
            settled = [job for job in jobs(api) if job["state"] not in ("ready", "claimed", "writing", "held")]
            bars.update(day, completed=len(settled))
            for plotter in _good(api.get("/v1/plotters")).json()["data"]:
                name = plotter["name"]
                if name not in lanes:
                    lanes[name] = bars.add_task(name, total=1)
                now = plotter["progress"] or {"stroke": 0, "strokes": 1}
                bars.update(
                    lanes[name],
                    description=f"{name}: {plotter['condition']}",
                    completed=now["stroke"],
                    total=max(1, now["strokes"]),
                )
            # An interrupted card waits for a person, and its plotter with it: here nobody comes.
            if len(settled) >= total or any(job["state"] == "interrupted" for job in settled):
                return
            time.sleep(0.2)
    raise SystemExit(f"not all cards were written within {PATIENCE_S:.0f} s")


def ink_length(strokes: list[Stroke]) -> float:
    return sum(length(stroke) for stroke in strokes)


def judge(api: httpx.Client, job: dict[str, Any]) -> tuple[str, list[str], float, float]:
    """Save a card's pictures and hold its ink against its preview: plotter, faults, ink in m, worst distance in mm."""
    faults = []
    if job["state"] != "done":
        faults.append(f"{job['state']}: {job['reason']}")
    attempts = _good(api.get(f"/v1/jobs/{job['id']}/attempts")).json()["data"]
    written = [one for one in attempts if one["outcome"] == "written"]
    if len(written) != 1 or len(attempts) != 1:
        faults.append(f"written {len(written)} times in {len(attempts)} attempts")
    name = job["external_id"]
    preview = _good(api.get(f"/v1/jobs/{job['id']}/preview.svg")).text
    (OUT / f"{name}-preview.svg").write_text(preview, encoding="utf-8")
    picture = api.get(f"/v1/jobs/{job['id']}/ink.svg")
    if picture.is_error:
        return attempts[-1]["plotter"] if attempts else "-", [*faults, "no ink"], 0.0, float("inf")
    (OUT / f"{name}-ink.svg").write_text(picture.text, encoding="utf-8")
    (OUT / f"{name}-ink.png").write_bytes(_good(api.get(f"/v1/jobs/{job['id']}/ink.png")).content)
    wanted, drawn = strokes_of(preview), strokes_of(picture.text)
    off, stray = farthest(wanted, drawn), farthest(drawn, wanted)
    if off > TOLERANCE_MM:
        faults.append(f"ink is {off:.3f} mm off its preview")
    if stray > FILLED_MM + TOLERANCE_MM:
        faults.append(f"ink where the preview has none, {stray:.3f} mm off")
    # Ink drawn twice lies on itself: only its length tells.
    if abs(ink_length(drawn) - ink_length(wanted)) > 0.02 * ink_length(wanted) + 0.5:
        faults.append(f"{ink_length(drawn):.0f} mm of ink where the preview has {ink_length(wanted):.0f}")
    return attempts[-1]["plotter"], faults, ink_length(drawn) / 1000, off


def main() -> int:
    console = Console(stderr=True)
    begun = time.monotonic()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    with server() as address, httpx.Client(base_url=address, timeout=30) as api:
        total = submit(api)
        for plotter in _good(api.get("/v1/plotters")).json()["data"]:
            # The word of the person who has looked: the bed is clear and the blanks are in.
            _good(api.post(f"/v1/plotters/{plotter['id']}/blanks", json={"count": 20, "stock": "a6"}))
        watch(api, total, console)
        cards = sorted(jobs(api), key=lambda job: str(job["external_id"]))
        table = Table(box=None, padding=(0, 2, 0, 0))
        for head, side in (
            ("card", "left"),
            ("plotter", "left"),
            ("hand", "left"),
            ("strokes", "right"),
            ("ink m", "right"),
            ("sim. min", "right"),
            ("off mm", "right"),
            ("verdict", "left"),
        ):
            table.add_column(head, justify=side)  # type: ignore[arg-type]
        bad = 0
        for job in cards:
            plotter, faults, ink_m, off = judge(api, job)
            bad += bool(faults)
            table.add_row(
                job["external_id"],
                plotter,
                job["hand"],
                str(job["card"]["strokes"]),
                f"{ink_m:.2f}",
                f"{(job['seconds'] or 0) / 60:.1f}",
                f"{off:.3f}",
                "; ".join(faults) or "written once, true to its preview",
            )
    Console(width=max(110, console.width)).print(table)
    with (ROOT / "examples" / "orders.csv").open(encoding="utf-8", newline="") as file:
        ordered = sorted(row["external_id"] for row in csv.DictReader(file))
    missing = [name for name in ordered if name not in {job["external_id"] for job in cards}]
    doubled = len(cards) != len({job["external_id"] for job in cards})
    place = OUT.relative_to(ROOT)
    print(f"{len(cards)} cards in {time.monotonic() - begun:.0f} s. For each card, as A-1001:")
    print(f"  {place}/A-1001-preview.svg  {place}/A-1001-ink.svg  {place}/A-1001-ink.png")
    if bad or missing or doubled or len(cards) != len(ordered):
        print(f"FAILED: {bad} cards with faults, missing: {missing or 'none'}, doubled: {doubled}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
