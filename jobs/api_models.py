"""What the API takes and gives, as pydantic models. What comes in is strict, bounded and closed."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, JsonValue
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from jobs.job import Attempt, Batch, Condition, Job, Mode, PlotterRow, State
from jobs.note import SEED_MAX

# PostgreSQL keeps no NUL in text.
_CLEAN = r"^[^\u0000]*$"
Words = Annotated[str, Field(max_length=5000, pattern=_CLEAN)]
Short = Annotated[str, Field(min_length=1, max_length=100, pattern=_CLEAN)]
FieldName = Annotated[str, Field(min_length=1, max_length=64, pattern=_CLEAN)]
Value = Annotated[str, Field(max_length=2000, pattern=_CLEAN)]
PlotterName = Annotated[str, Field(pattern=r"^(plt_)?[a-z0-9][a-z0-9-]{0,30}$", examples=["plt_left"])]
JobId = Annotated[str, Field(pattern=r"^job_[0-9a-z]{26}$", examples=["job_01m9zq3v5d8h2k4n6r7t9w1x3y"])]
BatchId = Annotated[str, Field(pattern=r"^bat_[0-9a-z]{26}$", examples=["bat_01m9zq3v5d8h2k4n6r7t9w1x3y"])]


# JSON has one kind of number: 20.0 is the integer 20 (JSON Schema 2020-12, validation, section 6.1.1).
Whole = Annotated[int, BeforeValidator(lambda it: int(it) if isinstance(it, float) and it.is_integer() else it)]


class Unsent:
    """Marks what may be left out of a query or the headers: None stands for that, and no client can send it."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema of what can be sent."""
        [sent] = [one for one in handler(core)["anyOf"] if one != {"type": "null"}]
        return sent  # type: ignore[no-any-return]


# A key against its pattern is refused; pydantic's schema leaves it open.
_NO_OTHERS: dict[str, JsonValue] = {"additionalProperties": False}


class _In(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class NoteIn(_In):
    """What shall be written. Give either `text` or `template`; what is left out takes the shop's default."""

    text: Words | None = Field(None, description="Own words; merge fields stand in {braces}, {{ }} are literal braces.")
    template: Short | None = Field(None, description="Name of a template instead of own words.")
    fields: dict[FieldName, Value] = Field(
        default_factory=dict, max_length=100, description="Merge fields.", json_schema_extra=_NO_OTHERS
    )
    hand: Short | None = Field(None, description="Name of a hand; `GET /v1/hands` lists them.")
    stock: Short | None = Field(None, description="Name of a paper; `GET /v1/stocks` lists them.")
    seed: Annotated[Whole, Field(ge=0, le=SEED_MAX)] | None = Field(
        None, description="Same note and seed, same strokes. Drawn if left out."
    )
    frames: dict[FieldName, Value] = Field(
        default_factory=dict,
        max_length=10,
        description="Words for the paper's other frames, a return address say.",
        json_schema_extra=_NO_OTHERS,
    )

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        json_schema_extra={
            "examples": [{"text": "Dear Ana,\nthank you for your order.\nJo", "stock": "a6", "seed": 7}]
        },
    )


class JobIn(NoteIn):
    """An order for one card: the note, and how it shall be handled."""

    priority: Whole = Field(0, ge=-100, le=100, description="Higher is written earlier; equals by age.")
    hold: bool = Field(False, description="Keep it from being written until it is released.")
    plotter: PlotterName | None = Field(None, description="Only this plotter may write it.")
    external_id: Short | None = Field(None, description="Your own number for it; not checked for doubles.")
    metadata: dict[FieldName, Annotated[str, Field(max_length=500, pattern=_CLEAN)]] = Field(
        default_factory=dict,
        max_length=20,
        description="Up to 20 pairs of your own, given back as they are.",
        json_schema_extra=_NO_OTHERS,
    )

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "template": "thank-you-order",
                    "fields": {"first_name": "Ana", "product": "the oak stool", "agent": "Jo"},
                    "external_id": "A-1001",
                }
            ]
        },
    )


class DecisionIn(_In):
    """A person's word on an interrupted card."""

    card: Literal["good", "fresh", "give_up"] = Field(
        description="good: the card can be sent. fresh: it is spoiled, write another. give_up: write none."
    )
    note: Annotated[str, Field(max_length=500, pattern=_CLEAN)] = Field("", description="Why, for the record.")


class BlanksIn(_In):
    """A person has laid blank cards into a plotter and looked at them."""

    count: Whole = Field(ge=0, le=10000, description="How many lie there now.", examples=[20])
    stock: Short = Field(description="Which paper.", examples=["a6"])


class JobsQuery(_In):
    """Which jobs, and how many at once."""

    # Query values are text: numbers are read from them.
    model_config = ConfigDict(strict=False, extra="forbid")

    state: list[State] = Field(default_factory=list, max_length=8, description="One or more states.")
    batch: Annotated[BatchId | None, Unsent] = None
    external_id: Annotated[Short | None, Unsent] = None
    plotter: Annotated[PlotterName | None, Unsent] = Field(None, description="Asked for it, or last written on it.")
    order: Literal["newest", "oldest"] = "newest"
    limit: int = Field(50, ge=1, le=200)
    after: Annotated[JobId | None, Unsent] = Field(None, description="`next` of the page before.")


class Progress(BaseModel):
    """Strokes proven drawn, of how many."""

    stroke: int
    strokes: int


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
    priority: int
    hold: bool
    plotter: str | None = Field(description="The plotter that has or had it; before that, the one it was asked for.")
    external_id: str | None
    metadata: dict[str, str]
    batch: str | None
    row: int | None = Field(description="Its row in the batch's CSV; the header is row 1.")
    progress: Progress
    wanted: str | None = Field(description="What a person wants of the card in hand, not yet done.")
    waiting_for: str | None = Field(description="Why it is not being written, in words.")
    created_at: datetime
    updated_at: datetime
    attempts: int
    reason: str | None
    seconds: float | None = Field(description="Machine time of its latest attempt, once that has ended.")
    card: CardOut


class JobPage(BaseModel):
    """A piece of the list; ask for the next with `after` = `next`."""

    data: list[JobOut]
    has_more: bool
    next: str | None


class AttemptOut(BaseModel):
    """One plotter's try at a job."""

    number: int
    plotter: str
    claimed_at: datetime
    ink_at: datetime | None = Field(description="When the pen was allowed down.")
    ended_at: datetime | None
    outcome: str | None
    reason: str
    progress: Progress
    position: tuple[float, float] | None = Field(description="Where the pen was last seen, card frame, mm.")
    position_known: bool | None
    seconds: float | None
    decided_by: str | None
    decided_at: datetime | None
    decision: str | None
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
    warnings: list[str]


class FailureOut(BaseModel):
    """One thing wrong with one row of an upload."""

    row: int = Field(description="As a spreadsheet counts; the header is row 1.")
    column: str | None
    code: str
    message: str

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
    created_at: datetime
    started_at: datetime | None


class PlotterOut(BaseModel):
    """A plotter: what a person wants of it (`mode`), what it is (`condition`), and the card in hand."""

    id: str
    object: Literal["plotter"] = "plotter"
    name: str
    mode: Mode
    condition: Condition
    reason: str | None
    blanks: int
    capacity: int
    loaded_stock: str | None
    job: str | None
    progress: Progress | None
    position: tuple[float, float] | None = Field(description="Pen, card frame, mm.")
    held: bool
    wanted: str | None
    simulated: bool
    port_open: bool
    seen_at: datetime | None


class PlotterList(BaseModel):
    """The shop's plotters."""

    data: list[PlotterOut]


class HandOut(BaseModel):
    """A hand to write in."""

    name: str
    title: str


class HandList(BaseModel):
    """The hands there are."""

    data: list[HandOut]


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


class FaultOut(BaseModel):
    """One thing that is wrong; more keys say where."""

    field: str
    code: str
    message: str

    model_config = ConfigDict(extra="allow")


class ProblemBody(BaseModel):
    """RFC 9457. `code` is stable, for programs; docs/errors.md lists all codes."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FaultOut]


def plotter_id(name: str | None) -> str | None:
    """`plt_` + the plotter's name."""
    return None if name is None else f"plt_{name}"


def plotter_name(id: str) -> str:
    """The name in the configuration; ids and names are both taken. A name may not begin with `plt_`: it has no `_`."""
    return id.removeprefix("plt_")


def job_out(job: Job, waiting_for: str | None) -> JobOut:
    """A job as the API shows it."""
    return JobOut(
        id=job.id,
        state=job.state,
        text=job.words,
        template=job.note.template,
        hand=job.note.hand,
        stock=job.note.stock,
        seed=job.note.seed,
        priority=job.priority,
        hold=job.hold,
        plotter=plotter_id(job.on or job.plotter),
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
        card=CardOut(lines=job.lines, strokes=job.strokes, ink_mm=round(job.ink_mm, 1)),
    )


def attempt_out(one: Attempt) -> AttemptOut:
    """An attempt as the API shows it."""
    known: dict[str, Any] = {
        name: getattr(one, name)
        for name in ("number", "claimed_at", "ink_at", "ended_at", "outcome", "reason", "position_known", "seconds")
    }
    return AttemptOut(
        **known,
        plotter=f"plt_{one.plotter}",
        progress=Progress(stroke=one.stroke, strokes=one.strokes),
        position=_position(one.x, one.y),
        decided_by=one.decided_by,
        decided_at=one.decided_at,
        decision=one.decision,
        ink=one.inked,
    )


def plotter_out(row: PlotterRow, *, simulated: bool) -> PlotterOut:
    """A plotter as the API shows it."""
    return PlotterOut(
        id=row.id,
        name=row.name,
        mode=row.mode,
        condition=row.condition,
        reason=row.reason or None,
        blanks=row.blanks,
        capacity=row.capacity,
        loaded_stock=row.loaded_stock,
        job=row.job,
        progress=Progress(stroke=row.stroke, strokes=row.strokes) if row.job else None,
        position=_position(row.x, row.y) if row.job else None,
        held=row.condition is Condition.HELD,
        wanted=row.wanted,
        simulated=simulated,
        port_open=row.boot is not None and row.condition not in (Condition.OFFLINE, Condition.FAULT),
        seen_at=row.seen_at,
    )


def _position(x: float | None, y: float | None) -> tuple[float, float] | None:
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
        created_at=batch.created_at,
        started_at=batch.started_at,
    )
