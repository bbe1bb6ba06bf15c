"""Front: what every route needs of the house, and the few things that several routes do in the same way."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Header, Request, Response
from pydantic import BaseModel

from jobs.api_asked import NoteIn, Unsent
from jobs.api_errors import Problem
from jobs.api_forms import formed
from jobs.bed import lying, unfit
from jobs.compose import Composition, Fault, Shelf, compose
from jobs.desk import Desk
from jobs.errand import Errands
from jobs.idempotency import Begun, Idempotency, Mismatch, Replay, Running
from jobs.job import Missing, plotter_name
from jobs.note import Note
from jobs.shop import Notes
from jobs.store import Store
from plotter.machine import Plotter, Slot

ACTOR = "api"  # there are no accounts yet: everybody who reaches the server is one

_Key = Annotated[
    str,
    formed(
        r"^[!-~]+$",
        "a key is of printable ASCII without blanks",
        min_length=1,
        max_length=255,
        examples=["order-A-1001"],
    ),
]
Key = Annotated[
    _Key | None,
    Unsent,
    Header(
        alias="Idempotency-Key",
        description="Your own key for this request: the same again within 24 h gets the first answer again.",
    ),
]

Answer = tuple[int, BaseModel, Mapping[str, str]]
"""Status, body, headers."""


@dataclass(frozen=True)
class Front:
    """The house as routes see it. `seeds` draws a seed for a note that names none."""

    store: Store
    desk: Desk
    idempotency: Idempotency
    shelf: Shelf
    plotters: Sequence[Plotter]
    notes: Notes
    seeds: Callable[[], int]
    errands: Mapping[str, Errands]

    def note(self, asked: NoteIn) -> Note:
        """The note that was asked for, with the shop's defaults and a seed."""
        hand, stock = asked.hand or self.notes.hand, asked.stock or self.notes.stock
        return Note(
            text=asked.text,
            template=asked.template,
            fields=asked.fields,
            hand=hand,
            stock=stock,
            seed=self.seeds() if asked.seed is None else asked.seed,
            frames=asked.frames,
            transliterate=asked.transliterate,
            artwork=self.shelf.signature(hand, stock) if asked.artwork is None else asked.artwork,
            address=asked.address.model_dump(exclude_none=True) if asked.address else {},
            knobs=asked.knobs.model_dump(exclude_none=True) if asked.knobs else {},
        )

    def rehearse(self, note: Note) -> Composition:
        """The card as it would be written; raises NoteFault."""
        return compose(note, self.shelf)

    def plotter(self, id: str) -> Plotter:
        """A configured plotter by id or name; raises Missing."""
        for one in self.plotters:
            if one.name == plotter_name(id):
                return one
        there = ", ".join(one.name for one in self.plotters)
        raise Missing(f"there is no plotter {id[:40]}; there are: {there or 'none'}")

    def slot(self, plotter: Plotter, job: str | None = None) -> Slot:
        """Where the card of a job lies, or lay, on the plotter; without a job, where the first card lies."""
        slots = lying(plotter, self.store.plotter(plotter.name))
        tried = [one.slot for one in self.store.attempts(job) if one.plotter == plotter.name] if job else []
        first = next(iter(slots))
        return slots.get(tried[-1] or first, slots[first]) if tried else slots[first]

    def unfit(self, stock: str, plotter: str | None) -> Fault | None:
        """Why no plotter, or not the one it is for, can hold this paper; None when one can, or there is none at all."""
        rows = {row.name: row for row in self.store.plotters()}
        may = [one for one in self.plotters if plotter in (None, one.name) and one.name in rows]
        why = [unfit(one, rows[one.name], self.shelf.stocks[stock]) for one in may]
        words = [one for one in why if one is not None]
        if len(words) < len(why) or not words:
            return None
        return Fault("stock", "does_not_fit", f"no plotter can hold {stock}: {'; '.join(words[:5])}")

    def asked_plotter(self, id: str | None) -> str | None:
        """The name of the plotter a job is for; raises Problem when there is none of that name."""
        if id is None:
            return None
        try:
            return self.plotter(id).name
        except Missing as error:
            raise Problem("note_refused", str(error), [Fault("plotter", "unknown_plotter", str(error))]) from None

    def once(
        self, key: str | None, request: str, prepare: Callable[[], Callable[[], Answer]], *, long: bool = False
    ) -> Response:
        """Do what was asked, once for each key: `prepare` looks and computes, the act it returns writes.

        Act and answer are kept in one transaction. A `long` preparation does not keep the key meanwhile: who asks
        again at the same time prepares as well, and the one who is later gets the answer of the one who was first.
        """
        if key is None:
            return shown(prepare()())
        act = None
        if long:
            if (met := self.idempotency.look(ACTOR, key, request)) is not None:
                return self._again(met)
            act = prepare()
        begun = self.idempotency.begin(ACTOR, key, request)
        if not isinstance(begun, Begun):
            return self._again(begun)
        try:
            act = act or prepare()
            with self.store.transaction():
                status, body, headers = act()
                text = body.model_dump_json()
                self.idempotency.finish(ACTOR, key, begun.holder, status, text, headers)
        except BaseException:
            self.idempotency.forget(ACTOR, key, begun.holder)
            raise
        return Response(text, status, headers, "application/json")

    def _again(self, met: Replay | Running | Mismatch) -> Response:
        match met:
            case Replay(status, headers, body):
                return Response(body, status, {**headers, "Idempotent-Replayed": "true"}, "application/json")
            case Running():
                raise Problem("still_running", "", headers={"Retry-After": "1"})
            case Mismatch():
                raise Problem("key_reused", "")


async def no_strangers(request: Request) -> None:
    """A query parameter that the route does not have is refused: misspelt, it would be passed over in silence."""
    operation = request.app.openapi()["paths"][request.scope["route"].path][request.method.lower()]
    known = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
    if strangers := sorted(set(request.query_params) - known):
        names = ", ".join(sorted(known)) or "none"
        words = f"there is no such query parameter here; there are: {names}"
        faults = [Fault(name[:80], "unknown_name", words) for name in strangers[:50]]
        raise Problem("invalid_request", f"{', '.join(f.field for f in faults[:5])}: {words}", faults)


def shown(answer: Answer) -> Response:
    """An answer as JSON."""
    status, body, headers = answer
    return Response(body.model_dump_json(), status, headers, "application/json")


def canonical(body: BaseModel) -> bytes:
    """The same bytes for the same request, however its JSON was spaced or ordered."""
    return json.dumps(body.model_dump(mode="json"), sort_keys=True, separators=(",", ":")).encode()
