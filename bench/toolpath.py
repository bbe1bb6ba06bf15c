"""Toolpath: machine time of ten cards, in writing order, ours, and as vpype sorts them; how near to what is possible.

All three are streamed by character counting to the same simulated machine, with the same pen, feed and paper. vpype
runs `linesort linesimplify gwrite` with its own defaults; the profile is vpype-gcode's `gcodemm` with this pen's lines.
"""

import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from bench.bound import bound
from bench.host import streamed
from bench.timing import show
from fonts.hands import hands
from jobs.compose import Shelf, compose
from jobs.note import Note
from plotter.driver import driver
from plotter.machine import Machine, Slot
from plotter.pen import ServoPen, ZPen
from plotter.plan import Toolpath, plan
from plotter.strokes import Stroke, farthest
from server import read_shop

CARDS: tuple[tuple[str, str], ...] = (
    ("linnet", "note"),
    ("heron", "note"),
    ("crane", "note"),
    ("starling", "note"),
    ("dove", "note"),
    ("swan", "note"),
    ("lark", "note"),
    ("wren", "short"),
    ("hershey-script", "note"),
    ("hershey-sans", "short"),
)
TEXTS = {
    "note": "Dear Sarah, thank you so much for your order! The heritage cardigan was knitted last week by Margaret, "
    "who has been with us for eleven years. We think it will keep you warm through the winter, and if it does not "
    "fit, write to us and we will put it right at once. It means a great deal to a small workshop like ours. With our "
    "very best wishes, Emily and all at the Corner Shop",
    "short": "Dear Tom,\nit was a pleasure to meet you and your brother in Leeds. The kettle that you left behind is "
    "on its way; the lid has its own box.\nKindest regards,\nPriya",
}
# The pen's full lift, as (a) and (c) use it, and its hop.
PENS: dict[str, tuple[Machine, ServoPen | ZPen]] = {
    "servo, 100 ms down and 50 ms up, no hops": (Machine(), ServoPen()),
    "servo, 100 ms down and 50 ms up, hops of 50 ms": (Machine(), ServoPen(hop_s=400)),
    "servo, 150 ms down and up, hops of 100 and 50 ms": (
        Machine(pen=ServoPen(down_settle_s=0.15, up_settle_s=0.15)),
        ServoPen(down_settle_s=0.15, up_settle_s=0.15, hop_s=420, hop_down_settle_s=0.10, hop_up_settle_s=0.10),
    ),
    "Z, 2 mm, hops of 0.6 mm": (Machine(pen=ZPen()), ZPen(hop_mm=0.6)),
}


def main() -> int:
    """A table of ten cards per pen, medians below. (a) and (c) lift the pen wholly each time: vpype knows no hops."""
    shop = read_shop()
    shelf = Shelf(hands=hands(), stocks=shop.stocks, templates=shop.templates)
    for name, (full, hop) in PENS.items():
        ours = replace(full, pen=hop, order="fastest")
        rows = [_row(shelf, hand, text, full, ours) for hand, text in CARDS]
        print(f"\n{name}; {full.feed_mm_min:g} mm/min, {full.acceleration_mm_s2[0]:g} mm/s^2")
        show(HEAD, [*map(_shown, rows), _middle(rows)])
    return 0


HEAD = (
    *("card", "strokes", "(a) writing s", "(b) ours s", "(c) vpype s", "bound s", "b/a", "b/c", "b/bound"),
    *("b starved", "ink off mm", "order ms"),
)


@dataclass(frozen=True)
class Row:
    """One card on one pen: seconds of the three programs and of the bound, b's starvation and how far its ink is off
    the ink as it was composed, CPU ms to plan it."""

    hand: str
    strokes: float
    a: float
    b: float
    c: float
    bound: float
    starved: float
    off: float
    ms: float


def _ratios(row: Row) -> list[float]:
    return [row.b / value for value in (row.a, row.c, row.bound)]


def _middle(rows: Sequence[Row]) -> list[object]:
    """The median of each column; of the ratios too, not the ratio of medians."""
    row = Row("median", *(statistics.median(astuple(row)[k] for row in rows) for k in range(1, 9)))
    return _shown(row, [statistics.median(one) for one in zip(*map(_ratios, rows), strict=True)])


def _shown(row: Row, ratios: Sequence[float] = ()) -> list[object]:
    seconds = [f"{value:.1f}" for value in (row.a, row.b, row.c, row.bound)]
    shares = [f"{value:.3f}" for value in ratios or _ratios(row)]
    return [row.hand, f"{row.strokes:.0f}", *seconds, *shares, f"{row.starved:.0f}", f"{row.off:.3f}", f"{row.ms:.0f}"]


def _row(shelf: Shelf, hand: str, text: str, full: Machine, machine: Machine) -> Row:
    card = compose(Note(text=TEXTS[text], hand=hand, stock="a6", seed=1), shelf)
    paper, slot = (card.stock.width_mm, card.stock.height_mm), Slot()
    begun = time.process_time()
    ours = plan(card.strokes, paper=paper, slot=slot, machine=machine, words=card.words)
    ms = 1000 * (time.process_time() - begun)
    as_written = plan(card.strokes, paper=paper, slot=slot, machine=full)
    a, b = streamed(_lines(as_written), full), streamed(_lines(ours), machine)
    c = streamed(vpype(card.strokes, paper, slot, full), full)
    given = slot.onto_bed(list(card.strokes))
    least = bound(given, ours, machine)
    off = farthest(given, b.ink)
    return Row(hand, len(card.strokes), a.seconds, b.seconds, c.seconds, least, b.starved, off, ms)


def _lines(path: Toolpath) -> list[str]:
    """What is really sent."""
    tongue = driver(path.machine)
    program = tongue.write(path)
    tongue.prove(program)
    return list(program.texts)


def vpype(strokes: Sequence[Stroke], paper: tuple[float, float], slot: Slot, machine: Machine) -> list[str]:
    """The program that vpype and vpype-gcode make of the strokes, its pen spelled as ours is; no hops: it has none."""
    import vpype as vp
    import vpype_cli

    pen = machine.pen
    if isinstance(pen, ServoPen):
        start, down, up = f"M3S{pen.up_s}\nG4P0.5\n", f"S{pen.down_s}\nG4P{pen.down_settle_s:g}\n", ""
        up = f"S{pen.up_s}\nG4P{pen.up_settle_s:g}\n"
    else:
        start, down, up = f"G0Z{pen.up_mm:g}\n", f"G0Z{pen.down_mm:g}\n", f"G0Z{pen.up_mm:g}\n"
    vp.config_manager.config.setdefault("gwrite", {})["fairhand"] = {
        "document_start": f"G21G90G94\n{start}F{machine.feed_mm_min:g}\n",
        "segment_first": "G00 X{x:.4f} Y{y:.4f}\n" + down,
        "segment": "G01 X{x:.4f} Y{y:.4f}\n",
        "line_end": up,
        "document_end": "G0X0Y0\n",
        "unit": "mm",
    }
    mm = vp.convert_length("mm")
    lines = vp.LineCollection(one[:, 0] * mm + 1j * one[:, 1] * mm for one in slot.onto_bed(list(strokes)))
    document = vp.Document(page_size=(paper[0] * mm, paper[1] * mm))
    document.add(lines, 1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "card.gcode"
        vpype_cli.execute(f"linesort linesimplify gwrite -p fairhand {path}", document)
        return path.read_text(encoding="ascii").splitlines()
