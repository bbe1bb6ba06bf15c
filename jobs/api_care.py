"""Routes of a plotter's care: its pen and ink, checks of its place, macros, tests of pen heights."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from jobs.api_asked import PlotterId, Servo, Strict
from jobs.api_errors import OF_ONE, impossible, responses
from jobs.api_forms import named
from jobs.api_front import ACTOR, Front
from jobs.care import Care, Check, FittedPen
from jobs.carer import with_lift, with_pen, words_of
from jobs.caring import CheckPlace, PenSteps, RunMacro, TryHeight, WarmUp
from jobs.errand import Errand
from jobs.job import plotter_id
from plotter.machine import Plotter, ServoPen

MacroName = Annotated[str, named(examples=["load"])]
Metres = Annotated[float, Field(ge=0, le=100_000)]
Level = Annotated[float, Field(ge=-50, le=1000)]
# Twelve steps of a test, each under its label, take some two minutes on a slow machine.
TEST_S = 300.0
CHECK_S = 120.0


class PenIn(Strict):
    """A person has put a pen into the plotter."""

    pen: MacroName = Field(description="One of the plotter's `pens`.", examples=["gel"])
    used_m: Metres = Field(0.0, description="Metres it has written already; 0 for a fresh one.")


class LiftIn(Strict):
    """Heights and waits of the pen in the plotter; what is left out stays as its profile says."""

    down_s: Servo | None = Field(None, description="Servo command, pen on paper.")
    up_s: Servo | None = Field(None, description="Servo command, pen lifted.")
    down_settle_s: Annotated[float, Field(ge=0, le=2)] | None = Field(None, description="In steps of 0.05 s.")
    up_settle_s: Annotated[float, Field(ge=0, le=2)] | None = Field(None, description="In steps of 0.05 s.")
    down_mm: Annotated[float, Field(ge=-50, le=50)] | None = Field(None, description="Z with the pen on paper.")
    up_mm: Annotated[float, Field(ge=-50, le=50)] | None = Field(None, description="Z with the pen lifted.")


class StepsIn(Strict):
    """A row of steps on a paper to spare: one for each height, or each wait after lowering."""

    kind: Literal["heights", "settles"]
    values: list[Level] = Field(min_length=1, max_length=12, description="Servo commands or mm of Z; or seconds.")


class TryIn(Strict):
    """A height that the pen shall go to where it stands."""

    value: Level = Field(description="Servo command, or mm of Z.", examples=[680])


class MacroIn(Strict):
    """A macro that shall be run."""

    macro: MacroName


class AnswerIn(Strict):
    """A person's answer to what the plotter asks."""

    good: bool = Field(description="It stands over its mark; it has moved; the ink is whole.")


class DoneOut(BaseModel):
    """What came of it, in words."""

    words: str


class PenKind(BaseModel):
    """A pen that may go into this plotter."""

    name: str
    title: str
    width_mm: float
    ink_m: float | None = Field(description="What a fresh one holds; null when nobody knows.")


class PenOut(BaseModel):
    """The pen in the plotter."""

    name: str
    title: str
    ink_m: float | None
    used_m: float
    left_m: float | None
    cards: int
    lifts: int
    warm: bool = Field(description="Whether it has written beside the cards since it was fitted.")
    fitted_at: datetime
    fitted_by: str


class CheckOut(BaseModel):
    """A look at where the machine stands."""

    kind: Literal["start", "switches", "mark", "motion", "look"]
    at: datetime
    good: bool | None = Field(description="Null while a person is asked, or when nobody could tell.")
    error_mm: float | None
    cards: int = Field(description="Cards written since the last good one before it.")
    words: str
    by: str | None = Field(description="Who answered or settled it.")


class CareOut(BaseModel):
    """A plotter's pen, wear, checks, and what may be asked of it."""

    id: str
    object: Literal["care"] = "care"
    pens: list[PenKind]
    pen: PenOut | None = Field(description="Null until a person has said which one is fitted.")
    lift: dict[str, float] = Field(description="Heights and waits that hold now.")
    drawn_m: float
    cards: int
    lifts: int = Field(description="Of the machine, whatever pen it carried.")
    drift_check_every: int = Field(description="Cards between two checks; 0 for never.")
    unchecked: int = Field(description="Cards written since the last good check.")
    asks: str | None = Field(description="What a person is asked to answer by `check/answer`.")
    out_of_place: str | None = Field(description="What was found; `check/settle` lets the plotter go on.")
    checks: list[CheckOut] = Field(description="The last ten, newest first.")
    macros: list[str]
    scribble: bool = Field(description="Whether it has a place beside the cards to write a pen warm.")


def router(front: Front) -> APIRouter:
    """The routes of care under /v1/plotters/{id}."""
    routes = APIRouter(prefix="/v1/plotters", tags=["care"])
    book = Care(front.store)

    def shown(one: Plotter) -> CareOut:
        return _care_out(one, book)

    def do(id: str, errand: Errand[str], within_s: float = 30.0) -> DoneOut:
        return DoneOut(words=front.errands[front.plotter(id).name].ask(errand, actor=ACTOR, within_s=within_s))

    @routes.get("/{id}/care", responses=responses("unknown_id", "invalid_request"))
    def care(id: PlotterId) -> CareOut:
        """How the plotter is looked after."""
        return shown(front.plotter(id))

    @routes.post("/{id}/pen", responses=responses("not_possible", *OF_ONE))
    def change_pen(id: PlotterId, body: PenIn) -> CareOut:
        """A person has put this pen into the plotter: its ink is counted from here on."""
        one = front.plotter(id)
        profile = one.care.pens.get(body.pen)
        if profile is None:
            words = f"there is no pen “{body.pen}” for {one.name}; there are: {', '.join(one.care.pens) or 'none'}"
            raise impossible("pen", "unknown_pen", words)
        book.change_pen(one.name, body.pen, ink_m=profile.ink_m, used_m=body.used_m, actor=ACTOR)
        return shown(one)

    @routes.post("/{id}/pen/lift", responses=responses("not_possible", *OF_ONE))
    def lift(id: PlotterId, body: LiftIn) -> CareOut:
        """A person has found how high this pen goes, and how long it needs to settle."""
        one = front.plotter(id)
        asked = body.model_dump(exclude_none=True)
        fitted = book.fitted(one.name)
        try:
            with_lift(with_pen(one, None if fitted is None else fitted.bare), asked)
        except ValueError as error:
            raise impossible("lift", "out_of_range", _first_words(error)) from None
        book.set_lift(one.name, asked, actor=ACTOR)
        return shown(one)

    @routes.post("/{id}/pen/steps", responses=responses("errand_failed", *OF_ONE))
    def steps(id: PlotterId, body: StepsIn) -> DoneOut:
        """Write a test of heights or waits on a paper to spare in the first slot of the paused plotter."""
        return do(id, PenSteps(body.kind, tuple(body.values)), TEST_S)

    @routes.post("/{id}/pen/try", responses=responses("errand_failed", *OF_ONE))
    def try_height(id: PlotterId, body: TryIn) -> DoneOut:
        """Bring the pen to this height for a moment, where it stands; then it lifts by itself."""
        return do(id, TryHeight(body.value))

    @routes.post("/{id}/pen/scribble", responses=responses("errand_failed", *OF_ONE))
    def scribble(id: PlotterId) -> DoneOut:
        """Write the pen warm beside the cards."""
        return do(id, WarmUp(), CHECK_S)

    @routes.post("/{id}/macro", responses=responses("errand_failed", *OF_ONE))
    def run_macro(id: PlotterId, body: MacroIn) -> DoneOut:
        """Run one of the plotter's macros, while it is idle."""
        return do(id, RunMacro(body.macro), CHECK_S)

    @routes.post("/{id}/check", responses=responses("errand_failed", *OF_ONE))
    def check(id: PlotterId) -> DoneOut:
        """Look now whether the machine stands where it believes to stand."""
        return do(id, CheckPlace(), CHECK_S)

    @routes.post("/{id}/check/answer", responses=responses(*OF_ONE))
    def answer(id: PlotterId, body: AnswerIn) -> CareOut:
        """Answer what the plotter asks. A no at its mark sets aside the cards since the last good check."""
        one = front.plotter(id)
        book.answer(one.name, body.good, actor=ACTOR)
        return shown(one)

    @routes.post("/{id}/check/settle", responses=responses(*OF_ONE))
    def settle(id: PlotterId) -> CareOut:
        """A person has looked at a machine that was found out of place: it may go on."""
        one = front.plotter(id)
        book.settle(one.name, actor=ACTOR)
        return shown(one)

    return routes


def _care_out(one: Plotter, book: Care) -> CareOut:
    fitted, wear, check = book.fitted(one.name), book.wear(one.name), book.open_check(one.name)
    machine = with_pen(one, fitted)
    return CareOut(
        id=plotter_id(one.name),
        pens=[
            PenKind(name=name, title=pen.title or name, width_mm=pen.width_mm, ink_m=pen.ink_m)
            for name, pen in one.care.pens.items()
        ],
        pen=None if fitted is None else _pen_out(one, fitted),
        lift=_lift(machine.pen),
        drawn_m=round(wear.drawn_mm / 1000, 2),
        cards=wear.cards,
        lifts=wear.lifts,
        drift_check_every=one.care.drift_check_every,
        unchecked=book.unchecked(one.name),
        asks=words_of(check) if check is not None and check.good is None else None,
        out_of_place=words_of(check) if check is not None and check.good is False else None,
        checks=[_check_out(one) for one in book.checks(one.name)],
        macros=list(one.care.macros),
        scribble=one.care.scribble is not None,
    )


def _pen_out(one: Plotter, pen: FittedPen) -> PenOut:
    profile = one.care.pens.get(pen.name)
    return PenOut(
        name=pen.name,
        title=(profile.title if profile else "") or pen.name,
        ink_m=pen.ink_m,
        used_m=round(pen.used_mm / 1000, 2),
        left_m=None if pen.left_mm is None else round(pen.left_mm / 1000, 2),
        cards=pen.cards,
        lifts=pen.lifts,
        warm=pen.warmed_at is not None,
        fitted_at=pen.fitted_at,
        fitted_by=pen.fitted_by,
    )


def _check_out(check: Check) -> CheckOut:
    return CheckOut(
        kind=check.kind,  # type: ignore[arg-type]  # the book writes no other
        at=check.at,
        good=check.good,
        error_mm=check.error_mm,
        cards=check.cards,
        words=check.words,
        by=check.settled_by or check.answered_by,
    )


def _lift(pen: Any) -> dict[str, float]:
    names = ("down_s", "up_s", "down_settle_s", "up_settle_s") if isinstance(pen, ServoPen) else ("down_mm", "up_mm")
    return {name: float(getattr(pen, name)) for name in names}


def _first_words(error: ValueError) -> str:
    """What pydantic, or the pen itself, says first."""
    found = getattr(error, "errors", None)
    if found is None:
        return str(error)
    [first, *_] = found(include_url=False)
    return str(first["msg"]).removeprefix("Value error, ")
