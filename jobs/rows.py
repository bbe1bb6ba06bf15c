"""Rows: how what the tables hold becomes values, and ink bytes."""

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Row, Select, and_, func, select

from jobs import schema
from jobs.job import Attempt, Condition, Job, Mode, PlotterRow, SlotRow, State, Verdict, Wanted, papers
from jobs.note import Note
from plotter.faults import Card, Resume
from plotter.machine import Slot
from plotter.strokes import Stroke

_job, _attempt = schema.job, schema.attempt

VERDICT = ("card", "fault", "resume_stroke", "resume_mm", "resumable")
"""Columns of an attempt that say what its card is worth."""

# The latest attempt, while it is the job's own: open, or the one that ended the job. What came to nothing, and a card
# that is spoiled, is told by the attempts alone.
OWN = and_(
    _attempt.c.number == _job.c.attempts,
    _job.c.state.not_in((State.HELD, State.READY)),
    func.coalesce(_attempt.c.outcome, "").not_in(("not_started", "spoiled")),
)


def job_rows() -> Select[Any]:
    """Jobs, each with what its own attempt says of it: `job_of` reads them."""
    own = [_attempt.c[name] for name in ("stroke", "wanted", "seconds", *VERDICT)]
    return select(_job, _attempt.c.plotter.label("on"), *own).select_from(
        _job.outerjoin(_attempt, and_(_attempt.c.job == _job.c.id, OWN))
    )


def _with_verdict(row: Mapping[Any, Any]) -> dict[Any, Any]:
    """A row with what its card is worth as one value."""
    values = dict(row)
    card, fault, stroke, mm, resumable = (values.pop(name) for name in VERDICT)
    where = None if stroke is None else Resume(stroke, mm or 0.0)
    found = Verdict(card=Card(card), fault=fault or "", resume=where, resumable=bool(resumable)) if card else None
    return {**values, "verdict": found}


def attempt_of(row: Mapping[Any, Any]) -> Attempt:
    """An attempt."""
    return Attempt(**_with_verdict(row))


def job_of(row: Mapping[Any, Any]) -> Job:
    """A job of `job_rows`."""
    values = _with_verdict(row)
    own = {key: values.pop(key) for key in ("text", "template", "fields", "hand", "stock", "seed", "frames")}
    note = Note(**own, **values.pop("asks"))
    done = values["state"] == State.DONE
    values["stroke"] = values["strokes"] if done else values["stroke"] or 0
    return Job(**{**values, "state": State(values["state"])}, note=note)


def slot_of(row: Row[Any]) -> SlotRow:
    """A place for cards on a bed."""
    values = dict(row._mapping)
    x, y, turn = (values.pop(key) for key in ("x_mm", "y_mm", "rotation_deg"))
    del values["plotter"], values["place"]
    return SlotRow(**values, measured=None if x is None else Slot(x_mm=x, y_mm=y, rotation_deg=turn))


def plotter_of(row: Row[Any], slots: tuple[SlotRow, ...]) -> PlotterRow:
    """A plotter with its bed and the card in hand."""
    values = {key: value for key, value in row._mapping.items() if value is not None}
    stocks = papers(slots)
    values["slots"], values["blanks"] = slots, sum(one.blanks for one in slots)
    values["loaded_stock"] = next(iter(stocks)) if len(stocks) == 1 else None
    values.setdefault("boot", None)
    values.setdefault("seen_at", None)
    if "wanted" in values:
        values["wanted"] = Wanted(values["wanted"])
    return PlotterRow(**{**values, "mode": Mode(values["mode"]), "condition": Condition(values["condition"])})


def pack_ink(strokes: Sequence[Stroke]) -> bytes:
    """Ink as compressed JSON: strokes in card frame, mm, rounded to 0.001."""
    return zlib.compress(json.dumps([np.round(one, 3).tolist() for one in strokes], separators=(",", ":")).encode(), 6)


def unpack_ink(data: bytes) -> list[Stroke]:
    """The strokes that `pack_ink` packed."""
    return [np.array(one, dtype=np.float64) for one in json.loads(zlib.decompress(data))]
