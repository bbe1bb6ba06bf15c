"""Routes of the hand controls: who has them, and what that person does with an idle machine."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from jobs.api_asked import PlotterId, Short, Strict
from jobs.api_errors import OF_ONE, responses
from jobs.api_forms import of_control
from jobs.api_front import ACTOR, Front
from jobs.api_panel import PlaceOut
from jobs.errand import Control, Errand, Errands, Home
from jobs.handling import FASTEST_MM_S, Go, Jog, SetOrigin, SetPen, Step, Stick
from plotter.program import Point

Token = Annotated[str, of_control(examples=["0123456789abcdef"])]
Place = Annotated[float, Field(ge=0, le=3000, allow_inf_nan=False)]
Little = Annotated[float, Field(ge=-50, le=50, allow_inf_nan=False)]
Push = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
HOMING_S = 320.0  # connecting, and a homing cycle over a large bed


class TakeIn(Strict):
    """A person wants a plotter's controls."""

    by: Short = Field(description="The name that others see.", examples=["Ana"])
    take_over: bool = Field(False, description="From whoever has them; what that person has under way ends.")


class HeldIn(Strict):
    """Whoever has the controls proves it by their token."""

    token: Token


class JogIn(HeldIn):
    """A heartbeat of a held key: which way, as a share of the speed. It holds for 250 ms; x = y = 0 lets go."""

    x: Push
    y: Push
    speed_mm_s: Annotated[float, Field(gt=0, le=FASTEST_MM_S / 1.5, allow_inf_nan=False)] = 20.0


class StepIn(HeldIn):
    """One step, mm."""

    dx_mm: Little
    dy_mm: Little


class GoIn(HeldIn):
    """A place, machine frame, mm."""

    x_mm: Place
    y_mm: Place


class NibIn(HeldIn):
    """The pen up or down. One that is down is lifted when the controls are let go."""

    down: bool


class ControlOut(BaseModel):
    """Who has a plotter's controls; nobody when `by` is null. While somebody has them, it takes no card."""

    by: str | None
    since: datetime | None
    token: Token | None = Field(description="Only for whoever has just taken them.")


def router(front: Front) -> APIRouter:
    """The routes under /v1/plotters/{id} for a hand on the machine."""
    routes = APIRouter(prefix="/v1/plotters/{id}", tags=["controls"])
    moved = responses("errand_failed", *OF_ONE)
    sticks = {name: Stick() for name in front.errands}

    def errands(id: str) -> Errands:
        return front.errands[front.plotter(id).name]

    def place(id: str, errand: Errand[Point], token: str, within_s: float = 60.0) -> PlaceOut:
        x, y = errands(id).ask(errand, actor=ACTOR, token=token, within_s=within_s)
        return PlaceOut(x_mm=x, y_mm=y)

    @routes.get("/control", responses=responses("unknown_id", "invalid_request"))
    def look(id: PlotterId) -> ControlOut:
        """Who has the controls."""
        now = errands(id).control
        return _control_out(now)

    @routes.post("/control", responses=responses(*OF_ONE))
    def take(id: PlotterId, body: TakeIn) -> ControlOut:
        """Take the controls: nobody else moves the machine, and it takes no card. Unheard of for 15 s, they lapse."""
        got = errands(id).take_control(body.by, take_over=body.take_over)
        return _control_out(got, token=got.token)

    @routes.post("/control/keep", responses=responses(*OF_ONE))
    def keep(id: PlotterId, body: HeldIn) -> ControlOut:
        """Still there."""
        now = errands(id).keep_control(body.token)
        return _control_out(now)

    @routes.post("/control/release", responses=responses(*OF_ONE))
    def release(id: PlotterId, body: HeldIn) -> ControlOut:
        """Let the controls go; no harm when they are somebody else's by now."""
        errands(id).let_go(body.token)
        return look(id)

    @routes.post("/jog", responses=moved)
    def jog(id: PlotterId, body: JogIn) -> ControlOut:
        """Move while this is sent again and again, at least four times a second. Stops by itself when it is not."""
        mine, stick = errands(id), sticks[front.plotter(id).name]
        now = mine.keep_control(body.token)
        stick.push((body.x * body.speed_mm_s, body.y * body.speed_mm_s))
        if (body.x or body.y) and not stick.moving and not mine.waiting:
            mine.begin(Jog(stick), actor=ACTOR, token=body.token)
        return _control_out(now)

    @routes.post("/step", responses=moved)
    def step(id: PlotterId, body: StepIn) -> PlaceOut:
        """One step with the pen up."""
        return place(id, Step((body.dx_mm, body.dy_mm)), body.token)

    @routes.post("/go", responses=moved)
    def go(id: PlotterId, body: GoIn) -> PlaceOut:
        """To a place on the bed, with the pen up."""
        return place(id, Go((body.x_mm, body.y_mm)), body.token)

    @routes.post("/home", responses=moved)
    def home(id: PlotterId, body: HeldIn) -> PlaceOut:
        """Find the machine's place at its own switches."""
        return place(id, Home(), body.token, within_s=HOMING_S)

    @routes.post("/nib", responses=moved)
    def pen(id: PlotterId, body: NibIn) -> ControlOut:
        """Lower or lift the pen where it stands."""
        errands(id).ask(SetPen(body.down), actor=ACTOR, token=body.token)
        return look(id)

    @routes.post("/origin", responses=moved)
    def origin(id: PlotterId, body: HeldIn) -> ControlOut:
        """The pen stands over the zero corner of a machine that does not home: its zero is here from now on."""
        errands(id).ask(SetOrigin(), actor=ACTOR, token=body.token)
        return look(id)

    return routes


def _control_out(now: Control | None, *, token: str | None = None) -> ControlOut:
    if now is None:
        return ControlOut(by=None, since=None, token=None)
    return ControlOut(by=now.by, since=now.since, token=token)
