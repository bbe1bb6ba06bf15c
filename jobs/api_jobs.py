"""Routes of single jobs: order, look, say what shall become of it, see the card."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from jobs import api_card
from jobs.api_asked import (
    DecisionIn,
    JobId,
    JobIn,
    JobsQuery,
    PlotterName,
    Unsent,
)
from jobs.api_errors import OF_ONE, POSTED, Problem, responses, shown_fault
from jobs.api_front import ACTOR, Answer, Front, Key, canonical
from jobs.api_shown import (
    AttemptList,
    JobOut,
    JobPage,
    PreviewOut,
    attempt_out,
    job_out,
)
from jobs.idempotency import fingerprint
from jobs.job import Decision, Job, Order, plotter_name
from jobs.waiting import waiting_for
from plotter.machine import Plotter
from plotter.svg import png

Id = Annotated[JobId, Path()]
Number = Annotated[int, Field(ge=1, le=10000)]
_SVG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}}, "description": "The picture, in mm."}
}
_REPLAY = {"headers": {"Idempotent-Replayed": {"schema": {"type": "string"}, "description": "true on a replay"}}}


def router(front: Front) -> APIRouter:
    """The routes under /v1/jobs, and /v1/previews."""
    routes = APIRouter(prefix="/v1", tags=["jobs"])
    store, desk = front.store, front.desk

    def shown(job: Job) -> JobOut:
        return job_out(job, store.waiting_for(job))

    @routes.post(
        "/jobs",
        status_code=201,
        response_model=JobOut,
        responses={
            **responses("note_refused", "key_reused", "still_running", *POSTED),
            201: {
                "description": "The order is taken.",
                "headers": {
                    "Location": {"schema": {"type": "string"}, "description": "The job's address."},
                    **_REPLAY["headers"],
                },
            },
        },
    )
    def order(body: JobIn, key: Key = None) -> Response:
        """Order one card. It is rehearsed at once: what cannot be written is refused here, never at the machine."""

        def prepare() -> Any:
            note = front.note(body)
            plotter = front.asked_plotter(body.plotter)
            card = front.rehearse(note)
            if unfit := front.unfit(note.stock, plotter):
                raise Problem("note_refused", unfit.message, [unfit])
            asked = Order(
                note=note,
                words=card.text,
                lines=len(card.lines),
                strokes=len(card.strokes),
                ink_mm=card.ink_mm,
                warnings=[shown_fault(one) for one in card.warnings],
                priority=body.priority,
                hold=body.hold,
                plotter=plotter,
                external_id=body.external_id,
                metadata=body.metadata,
            )

            def act() -> Answer:
                job = store.add([asked], actor=ACTOR)[0]
                return 201, shown(job), {"Location": f"/v1/jobs/{job.id}"}

            return act

        return front.once(key, fingerprint(b"POST /v1/jobs", canonical(body)), prepare)

    @routes.get("/jobs", responses=responses("unknown_id", "invalid_request"))
    def find(query: Annotated[JobsQuery, Query()]) -> JobPage:
        """Jobs by age, newest first, page by page."""
        page = store.jobs(
            states=query.state,
            batch=query.batch,
            external_id=query.external_id,
            plotter=None if query.plotter is None else plotter_name(query.plotter),
            limit=query.limit,
            after=query.after,
            newest_first=query.order == "newest",
        )
        plotters = store.plotters()
        data = [job_out(job, waiting_for(job, plotters)) for job in page.data]
        return JobPage(data=data, has_more=page.has_more, next=page.next)

    @routes.get("/jobs/{id}", responses=responses("unknown_id", "invalid_request"))
    def look(id: Id) -> JobOut:
        """One job."""
        return shown(store.job(id))

    @routes.get("/jobs/{id}/attempts", responses=responses("unknown_id", "invalid_request"))
    def attempts(id: Id) -> AttemptList:
        """Who tried to write it, when, and how that went."""
        return AttemptList(data=[attempt_out(one) for one in store.attempts(id)])

    moved = responses(*OF_ONE)

    @routes.post("/jobs/{id}/cancel", responses=moved)
    def cancel(id: Id) -> JobOut:
        """Cancel it; possible until its pen touches the paper. In a plotter's hand it becomes cancelled in a moment."""
        return shown(desk.cancel(id, actor=ACTOR))

    @routes.post("/jobs/{id}/release", responses=moved)
    def release(id: Id) -> JobOut:
        """Let a held job be written."""
        return shown(desk.release(id, actor=ACTOR))

    @routes.post("/jobs/{id}/hold", responses=moved)
    def hold(id: Id) -> JobOut:
        """Keep a ready job from being written until it is released."""
        return shown(desk.hold_job(id, actor=ACTOR))

    @routes.post("/jobs/{id}/requeue", responses=moved)
    def requeue(id: Id) -> JobOut:
        """Try a failed job again."""
        return shown(desk.requeue(id, actor=ACTOR))

    @routes.post("/jobs/{id}/decide", responses=moved)
    def decide(id: Id, body: DecisionIn) -> JobOut:
        """A person's word on an interrupted card: nothing else leads from ink to a second card, or back to this one."""
        return shown(desk.decide(id, Decision(body.card), actor=ACTOR, note=body.note, looked=body.looked))

    _pictures(routes, front)
    return routes


def _pictures(routes: APIRouter, front: Front) -> None:
    store = front.store
    drawn = responses("unknown_id", "invalid_request", "note_refused")

    @routes.get("/jobs/{id}/preview.svg", response_class=Response, responses={**drawn, **_SVG})
    def preview_of(id: Id) -> Response:
        """The card as it is to be written, in mm: one path a stroke.

        `data-stroke` is the number of strokes that its plotter draws before it; in writing order for a job without.
        """
        job = store.job(id)
        card, where = front.rehearse(job.as_ordered()), _plotter_of(front, job)
        turns: tuple[int, ...] = ()
        if where is not None and where.name == job.on:
            turns = api_card.turns(card, where, front.slot(where, job.id))
        return _svg(api_card.picture(card, _pen(front, job), turns))

    @routes.get(
        "/jobs/{id}/gcode",
        response_class=Response,
        responses={
            **responses("unknown_id", "invalid_request", "note_refused", "does_not_fit", "no_plotter"),
            200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "The program."},
        },
    )
    def gcode(
        id: Id,
        plotter: Annotated[
            PlotterName | None, Unsent, Query(description="For which plotter; else the job's own.")
        ] = None,
    ) -> Response:
        """What is sent to the machine: GRBL G-code, proved inside paper and envelope."""
        job = store.job(id)
        where = front.plotter(plotter) if plotter else _plotter_of(front, job)
        if where is None:
            raise Problem("no_plotter", "")
        card = front.rehearse(job.as_ordered())
        text = api_card.program(card, where, front.slot(where, job.id if job.on == where.name else None)).text
        return Response(text, media_type="text/plain; charset=us-ascii")

    inked = responses("unknown_id", "no_ink", "invalid_request")
    which = Annotated[Number | None, Unsent, Query(description="Of this attempt; else of the job's own card.")]

    def ink(id: str, attempt: int | None) -> str:
        job = store.job(id)
        strokes = store.ink(id, attempt)
        stock = front.shelf.stocks.get(job.note.stock)
        if strokes is None or stock is None:
            raise Problem("no_ink", f"No picture of the ink of {id} is kept.")
        return api_card.ink(strokes, stock, _pen(front, job))

    @routes.get("/jobs/{id}/ink.svg", response_class=Response, responses={**inked, **_SVG})
    def ink_svg(id: Id, attempt: which = None) -> Response:
        """What the pen drew on the card, as the simulated plotter saw it, in mm."""
        return _svg(ink(id, attempt))

    @routes.get(
        "/jobs/{id}/ink.png",
        response_class=Response,
        responses={
            **inked,
            200: {
                "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
                "description": "The picture.",
            },
        },
    )
    def ink_png(
        id: Id,
        attempt: which = None,
        dpi: Annotated[Literal["96", "150", "300", "600"], Query(description="Points per inch.")] = "300",
    ) -> Response:
        """The same as a bitmap."""
        return Response(png(ink(id, attempt), int(dpi)), media_type="image/png")

    @routes.post("/previews", responses=responses("note_refused", "does_not_fit", *POSTED))
    def preview(body: JobIn) -> PreviewOut:
        """The card as it would be written, and what it takes; nothing is stored. Same body as an order."""
        named = front.asked_plotter(body.plotter)
        note = front.note(body)
        places = [(one, front.slot(one)) for one in front.plotters if named in (None, one.name)]
        return api_card.preview(front.rehearse(note), note.stock, places)


def _svg(text: str) -> Response:
    return Response(text, media_type="image/svg+xml")


def _plotter_of(front: Front, job: Job) -> Plotter | None:
    """The plotter that has the job, or the one it was asked for, or the first."""
    wanted = job.on or job.plotter
    return next((one for one in front.plotters if one.name == wanted), next(iter(front.plotters), None))


def _pen(front: Front, job: Job) -> float:
    plotter = _plotter_of(front, job)
    return plotter.machine.pen_width_mm if plotter else api_card.PEN_MM
