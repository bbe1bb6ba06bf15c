"""Routes of batches: a CSV of orders in, every row rehearsed, nothing written before the start."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Path, Response, UploadFile
from pydantic import BaseModel, ConfigDict

from jobs import api_csv
from jobs.api_address import address_faults
from jobs.api_asked import ArtworkName, BatchId, Short
from jobs.api_errors import OF_ONE, POSTED, responses, shown_fault
from jobs.api_front import ACTOR, Answer, Front, Key
from jobs.api_shown import BatchOut, batch_out
from jobs.compose import Composition, Fault, NoteFault
from jobs.idempotency import fingerprint
from jobs.job import Order
from jobs.note import MergeError, Note, fields_of

Id = Annotated[BatchId, Path()]


class Upload(BaseModel):
    """A CSV file of orders, and what holds for all its rows."""

    model_config = ConfigDict(extra="forbid")

    orders: Annotated[UploadFile, File(description="CSV, UTF-8, one order a row, columns named in the first row.")]
    hand: Short | None = None
    stock: Short | None = None
    template: Short | None = None
    transliterate: bool = False
    artwork: ArtworkName | None = None
    start: bool = False
    hold: bool = False


@dataclass(frozen=True)
class Checked:
    """A sheet, row by row: orders that can be written, and rows that cannot with everything that is wrong with them."""

    orders: list[Order]
    refused: list[tuple[api_csv.Row, list[Fault]]]


def router(front: Front) -> APIRouter:
    """The routes under /v1/batches."""
    routes = APIRouter(prefix="/v1/batches", tags=["batches"])
    store, desk = front.store, front.desk

    @routes.post(
        "",
        status_code=201,
        response_model=BatchOut,
        responses={
            **responses("csv_refused", "key_reused", "still_running", *POSTED),
            201: {
                "description": "The file is read; `failures` says which rows were refused and why.",
                "headers": {
                    "Location": {"schema": {"type": "string"}, "description": "The batch's address."},
                    "Idempotent-Replayed": {"schema": {"type": "string"}, "description": "true on a replay"},
                },
            },
        },
    )
    def upload(body: Annotated[Upload, Form(media_type="multipart/form-data")], key: Key = None) -> Response:
        """Order many cards by CSV: columns external_id, template, message; every other column is a merge field.

        Each row is rehearsed; a row that fails never blocks the others. Nothing is written before the start.
        """
        data = body.orders.file.read()
        name = (body.orders.filename or "")[:200].replace("\x00", "")
        options = body.model_dump_json(exclude={"orders"}).encode()

        def prepare() -> Any:
            sheet = api_csv.read(data)
            found = check(sheet, body, front)
            failures = [
                {
                    "row": row.number,
                    "cells": [
                        [column, row.cells.get(column, "").replace("\x00", "\ufffd")] for column in sheet.columns
                    ],
                    "faults": [_shown(fault) for fault in faults],
                }
                for row, faults in found.refused
            ]

            def act() -> Answer:
                batch, _ = store.add_batch(
                    found.orders, actor=ACTOR, name=name, failures=failures, refused=len(failures), start=body.start
                )
                return 201, batch_out(batch), {"Location": f"/v1/batches/{batch.id}"}

            return act

        return front.once(key, fingerprint(b"POST /v1/batches", data, options), prepare, long=True)

    @routes.get("/{id}", responses=responses("unknown_id", "invalid_request"))
    def look(id: Id) -> BatchOut:
        """One batch and how its jobs stand."""
        return batch_out(store.batch(id))

    @routes.get(
        "/{id}/failures.csv",
        response_class=Response,
        responses={
            **responses("unknown_id", "invalid_request"),
            200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "The refused rows."},
        },
    )
    def failures(id: Id) -> Response:
        """The refused rows with the reasons in a last column; mend the rows and send the file again as it is."""
        batch = store.batch(id)
        columns = [column for column, _ in batch.failures[0]["cells"]] if batch.failures else []
        rows = [
            (
                dict(one["cells"]),
                [Fault(f["column"] or "", f["code"], f["message"]) for f in one["faults"]],
            )
            for one in batch.failures
        ]
        # The mark at the front tells spreadsheets that it is UTF-8.
        text = "\ufeff" + api_csv.write_failures(columns, rows)
        disposition = f'attachment; filename="{id}-failures.csv"'
        return Response(text, headers={"Content-Disposition": disposition}, media_type="text/csv; charset=utf-8")

    @routes.post("/{id}/discard", responses=responses(*OF_ONE))
    def discard(id: Id) -> BatchOut:
        """Cancel its cards, all that no plotter has in hand: those under a pen or written stay as they are."""
        return batch_out(desk.discard_batch(id, actor=ACTOR))

    @routes.post("/{id}/start", responses=responses(*OF_ONE))
    def start(id: Id) -> BatchOut:
        """Let its cards be written; starting twice is no harm."""
        return batch_out(desk.start_batch(id, actor=ACTOR))

    return routes


def check(sheet: api_csv.Sheet, asked: Upload, front: Front) -> Checked:
    """Rehearse every row of a sheet; raises Problem csv_refused when no row can have any words."""
    if not asked.template and not {"message", "template"} & set(sheet.columns):
        words = (
            "there is no column message and no column template, and no template was chosen for all rows; "
            f"the columns are: {', '.join(sheet.columns)}"
        )
        raise api_csv.refused("no_words", words[:2000])
    no_room = front.unfit(stock, None) if (stock := asked.stock or front.notes.stock) in front.shelf.stocks else None
    orders: list[Order] = []
    refused: list[tuple[api_csv.Row, list[Fault]]] = []
    seen: dict[str, int] = {}
    for row in sheet.rows:
        faults = list(row.faults)
        external_id = row.cells.get("external_id", "")
        if len(external_id) > 100:
            faults.append(Fault("external_id", "cell_too_long", "an external_id has at most 100 characters"))
        elif external_id and external_id in seen:
            words = f"row {seen[external_id]} has the same external_id “{external_id}”"
            faults.append(Fault("external_id", "duplicate_external_id", words))
        elif external_id:
            seen[external_id] = row.number
        faults += address_faults(row.cells)
        # A row of the wrong shape has its words in the wrong columns: what they say would only mislead.
        if not row.faults:
            note, card, unfit = _rehearse(row.cells, asked, front)
            faults += unfit
            if no_room and not faults:
                faults.append(Fault("", no_room.code, no_room.message))
        if faults or card is None:
            refused.append((row, faults))
            continue
        orders.append(
            Order(
                note=note,
                words=card.text,
                lines=len(card.lines),
                strokes=len(card.strokes),
                ink_mm=card.ink_mm,
                warnings=[shown_fault(one) for one in card.warnings],
                hold=asked.hold,
                external_id=external_id or None,
                row=row.number,
            )
        )
    return Checked(orders, refused)


def _rehearse(cells: Mapping[str, str], asked: Upload, front: Front) -> tuple[Note, Composition | None, list[Fault]]:
    """The note of a row, its card, or what is wrong with it, by column."""
    message, template = cells.get("message", ""), cells.get("template", "")
    named = template or asked.template or ""
    fields = {name: cell for name, cell in cells.items() if name not in ("external_id", "template", "message")}
    hand, stock = asked.hand or front.notes.hand, asked.stock or front.notes.stock
    note = Note(
        text=message or None,
        template=None if message else named or None,
        fields=_as_named(fields, message or front.shelf.templates.get(named, "")),
        hand=hand,
        stock=stock,
        seed=front.seeds(),
        transliterate=asked.transliterate,
        artwork=front.shelf.signature(hand, stock) if asked.artwork is None else asked.artwork,
    )
    if message and template:
        words = f"the row names the template “{template}” and brings a message of its own; keep one of them"
        return note, None, [Fault("message", "template_and_message", words)]
    try:
        return note, front.rehearse(note), []
    except NoteFault as error:
        return note, None, [_by_column(fault, cells) for fault in error.faults]


def _as_named(fields: Mapping[str, str], text: str) -> dict[str, str]:
    """The fields, also by the names that the text has for them when only capitals differ."""
    try:
        names = [name for name in fields_of(text) if name not in fields]
    except MergeError:
        names = []  # the rehearsal says what is wrong with the text
    folded = {name.casefold(): cell for name, cell in fields.items()}
    return {**fields, **{name: folded[name.casefold()] for name in names if name.casefold() in folded}}


def _by_column(fault: Fault, columns: Iterable[str]) -> Fault:
    """The same fault, naming the column of the sheet instead of the field of a request; "" when it has none."""
    column = {"text": "message", "template": "template"}.get(fault.field, "")
    if fault.field.startswith("fields."):
        name = fault.field.removeprefix("fields.")
        column = next((one for one in columns if one.casefold() == name.casefold()), name)
    return Fault(column, fault.code, fault.message, fault.where)


def _shown(fault: Fault) -> dict[str, Any]:
    shown = shown_fault(fault)
    return {**{key: value for key, value in shown.items() if key != "field"}, "column": fault.field or None}
