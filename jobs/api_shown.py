"""What the API answers, as pydantic models, and how the store's values become them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from fonts.artwork import Artwork, NotArtwork
from fonts.hands import Hand
from fonts.manner import KNOBS
from jobs.api_asked import BatchId, JobId
from jobs.api_verdict import VerdictOut, verdict_out
from jobs.job import Attempt, Batch, Condition, Job, Mode, State, plotter_id


class Progress(BaseModel):
    """Strokes proven drawn, of how many."""

    stroke: int
    strokes: int


class FaultOut(BaseModel):
    """One thing that is wrong, or that somebody should look at; more keys say where."""

    field: str
    code: str
    message: str

    model_config = ConfigDict(extra="allow")


class CardOut(BaseModel):
    """What the rehearsal found."""

    lines: int
    strokes: int
    ink_mm: float


class JobOut(BaseModel):
    """An order for one card and how it stands."""

    id: JobId
    object: Literal["job"] = "job"
    state: State
    text: str = Field(description="As it is written, merged.")
    template: str | None
    hand: str
    stock: str
    seed: int
    knobs: dict[str, float] = Field(description="Those that the note set otherwise than its hand.")
    address: dict[str, str] = Field(description="The address by its parts, as it was given.")
    artwork: str | None = Field(description="Signature or doodle that goes with it.")
    priority: int
    hold: bool
    plotter: str | None = Field(
        description="The plotter that has or wrote it; before that the one it was asked for, if any."
    )
    external_id: str | None
    metadata: dict[str, str]
    batch: str | None
    row: int | None = Field(description="Its row in the batch's CSV; the header is row 1.")
    progress: Progress
    wanted: str | None = Field(description="What a person wants of the card in hand: hold, go_on, stop or cancel.")
    waiting_for: str | None = Field(description="Why it is not being written, in words.")
    created_at: datetime
    updated_at: datetime
    attempts: int = Field(description="How often a plotter has taken it.")
    reason: str | None = Field(description="Why it stands where it stands, in words.")
    seconds: float | None = Field(description="Machine time of its card, once that is written or interrupted.")
    verdict: VerdictOut | None = Field(description="What its card is worth, once that has broken off.")
    card: CardOut
    warnings: list[FaultOut] = Field(description="What is not written as it was given, each replaced character say.")


class JobPage(BaseModel):
    """A piece of the list; ask for the next with `after` = `next`."""

    data: list[JobOut]
    has_more: bool
    next: str | None


class AttemptOut(BaseModel):
    """One plotter's try at a job."""

    number: int
    plotter: str
    slot: str | None = Field(description="Where on its bed the card lies.")
    claimed_at: datetime
    ink_at: datetime | None = Field(description="When the pen was allowed down.")
    ended_at: datetime | None
    outcome: str | None
    reason: str = Field(description="Why it ended so, as the machine told it.")
    progress: Progress
    position: tuple[float, float] | None = Field(description="Where the pen was last seen, card frame, mm.")
    position_known: bool | None
    verdict: VerdictOut | None = Field(description="What the card was worth when it last ended.")
    resumed: int = Field(description="How often a person had this very card gone on with.")
    seconds: float | None
    decided_by: str | None
    decided_at: datetime | None
    decision: str | None
    note: str | None = Field(description="What was remarked with the decision.")
    ink: bool = Field(description="Whether a picture of the ink is kept.")


class AttemptList(BaseModel):
    """A job's attempts, oldest first."""

    data: list[AttemptOut]


class PreviewOut(BaseModel):
    """A card as it would be written."""

    svg: str
    text: str
    seed: int = Field(description="Order with this seed to get this very card.")
    hand: str
    stock: str
    characters: int
    lines: int
    strokes: int
    lifts: int
    ink_mm: float
    seconds: float | None = Field(description="Machine time on the plotter named, or the first one it fits.")
    plotter: str | None
    xheight_mm: float
    warnings: list[FaultOut] = Field(description="What somebody should look at before ordering.")


class FailureOut(BaseModel):
    """One thing wrong with one row of an upload."""

    row: int = Field(description="As a spreadsheet counts; the header is row 1.")
    column: str | None
    code: str
    message: str

    model_config = ConfigDict(extra="allow")


class WarningOut(BaseModel):
    """An accepted row that somebody should look at before the start."""

    row: int = Field(description="As a spreadsheet counts; the header is row 1.")
    code: str
    message: str
    external_id: str | None
    job: JobId | None = Field(
        None, description="With already_ordered: the newest earlier job with this external_id that is not cancelled."
    )

    model_config = ConfigDict(extra="allow")


class BatchOut(BaseModel):
    """An upload: what was accepted, what was refused and why. Nothing of it is written before `started_at`."""

    id: BatchId
    object: Literal["batch"] = "batch"
    name: str
    total: int
    accepted: int
    refused: int
    jobs: dict[State, int] = Field(description="How its jobs stand.")
    failures: list[FailureOut]
    warnings: list[WarningOut] = Field(description="Of accepted rows: look before the start.")
    created_at: datetime
    started_at: datetime | None


class HandOut(BaseModel):
    """A hand to write in."""

    name: str
    title: str
    knobs: dict[str, float] = Field(description="As this person usually writes.")


class HandList(BaseModel):
    """The hands there are."""

    data: list[HandOut]


class ArtworkOut(BaseModel):
    """A signature or doodle to go with a note; one that cannot be drawn says why in `fault`."""

    name: str
    width_mm: float | None = None
    height_mm: float | None = None
    strokes: int | None = None
    fault: str | None = None


class ArtworkList(BaseModel):
    """The artwork there is."""

    data: list[ArtworkOut]


class StockOut(BaseModel):
    """A paper to write on. The first frame takes the note's words."""

    name: str
    title: str
    kind: str
    width_mm: float
    height_mm: float
    fold: str
    frames: list[str]


class StockList(BaseModel):
    """The papers there are."""

    data: list[StockOut]


class TemplateOut(BaseModel):
    """A note template; `fields` that have a fallback may be left out."""

    name: str
    title: str
    text: str
    fields: dict[str, str | None] = Field(description="Merge field -> its fallback, null when it must be given.")


class TemplateList(BaseModel):
    """The templates there are."""

    data: list[TemplateOut]


class HealthPlotter(BaseModel):
    """One plotter, in a word."""

    id: str
    mode: Mode
    condition: Condition


class HealthOut(BaseModel):
    """Whether the server can do its work; `degraded` when a plotter is in fault or needs a person."""

    status: Literal["ok", "degraded"]
    database: Literal["ok"]
    plotters: list[HealthPlotter]


class ProblemBody(BaseModel):
    """RFC 9457. `code` is stable, for programs; docs/errors.md lists all codes."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FaultOut]


def hand_out(name: str, hand: Hand) -> HandOut:
    """A hand as the API shows it."""
    return HandOut(name=name, title=hand.title, knobs={knob: getattr(hand.manner, knob) for knob in KNOBS})


def artwork_out(name: str, drawings: Mapping[str, Artwork]) -> ArtworkOut:
    """A drawing as the API shows it."""
    try:
        art = drawings[name]
    except (NotArtwork, OSError) as error:
        return ArtworkOut(name=name, fault=str(error))
    width, height = round(art.width_mm, 2), round(art.height_mm, 2)
    return ArtworkOut(name=name, width_mm=width, height_mm=height, strokes=len(art.strokes))


def job_out(job: Job, waiting_for: str | None) -> JobOut:
    """A job as the API shows it."""
    where = job.on or job.plotter
    return JobOut(
        id=job.id,
        state=job.state,
        text=job.words,
        template=job.note.template,
        hand=job.note.hand,
        stock=job.note.stock,
        seed=job.note.seed,
        knobs=dict(job.note.knobs),
        address=dict(job.note.address),
        artwork=job.note.artwork or None,
        priority=job.priority,
        hold=job.hold,
        plotter=where and plotter_id(where),
        external_id=job.external_id,
        metadata=dict(job.metadata),
        batch=job.batch,
        row=job.row,
        progress=Progress(stroke=job.stroke, strokes=job.strokes),
        wanted=job.wanted,
        waiting_for=waiting_for,
        created_at=job.created_at,
        updated_at=job.updated_at,
        attempts=job.attempts,
        reason=job.reason or None,
        seconds=job.seconds,
        verdict=verdict_out(job.verdict),
        card=CardOut(lines=job.lines, strokes=job.strokes, ink_mm=round(job.ink_mm, 1)),
        warnings=[FaultOut(**one) for one in job.warnings],
    )


def attempt_out(one: Attempt) -> AttemptOut:
    """An attempt as the API shows it."""
    known: dict[str, Any] = {
        name: getattr(one, name)
        for name in (
            "number",
            "slot",
            "claimed_at",
            "ink_at",
            "ended_at",
            "outcome",
            "reason",
            "position_known",
            "seconds",
            "resumed",
        )
    }
    return AttemptOut(
        **known,
        plotter=plotter_id(one.plotter),
        progress=Progress(stroke=one.stroke, strokes=one.strokes),
        position=position(one.x, one.y),
        verdict=verdict_out(one.verdict),
        decided_by=one.decided_by,
        decided_at=one.decided_at,
        decision=one.decision,
        note=one.note,
        ink=one.inked,
    )


def position(x: float | None, y: float | None) -> tuple[float, float] | None:
    """A place in the card frame, mm, to a thousandth; None when it is not known."""
    return None if x is None or y is None else (round(x, 3), round(y, 3))


def batch_out(batch: Batch) -> BatchOut:
    """A batch as the API shows it: a failure for each fault of each refused row."""
    failures = [
        FailureOut(**{"row": one["row"], **fault, "column": fault["column"] or None})
        for one in batch.failures
        for fault in one["faults"]
    ]
    return BatchOut(
        id=batch.id,
        name=batch.name,
        total=batch.total,
        accepted=batch.accepted,
        refused=batch.refused,
        jobs={state: n for state, n in batch.states.items() if n},
        failures=failures,
        warnings=[WarningOut(**one) for one in batch.warnings],
        created_at=batch.created_at,
        started_at=batch.started_at,
    )
