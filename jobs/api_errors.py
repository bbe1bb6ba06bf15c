"""Every way the API says no, as one table, which docs/errors.md is drawn from; problem+json is made here only."""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import Scope

from jobs.api_forms import said
from jobs.compose import Fault, NoteFault
from jobs.errand import ErrandFailed
from jobs.job import Missing, NotAllowed, Stale

MEDIA_TYPE = "application/problem+json"
TYPE = "https://fairhand.invalid/errors#"  # RFC 9457 wants a URI; .invalid (RFC 2606) never leads anywhere by accident

_log = logging.getLogger("fairhand.api")


@dataclass(frozen=True)
class Code:
    """A code of a problem: its HTTP status, its title, and what the caller can do about it."""

    status: int
    title: str
    remedy: str


CODES: Mapping[str, Code] = {
    "malformed_body": Code(400, "The body cannot be read", "Send well-formed JSON, or a well-formed multipart form."),
    "cross_site": Code(
        403,
        "The request came from another site",
        "Only pages of this server and programs (which send no Origin header) may change things.",
    ),
    "not_found": Code(404, "There is nothing at this address", "Look at /openapi.json for the paths there are."),
    "unknown_id": Code(404, "There is no such thing", "Check the id; lists show the ids there are."),
    "no_ink": Code(
        404,
        "There is no picture of the ink",
        "Ink is kept once a simulated plotter has drawn something; that of a spoiled card under its `attempt`.",
    ),
    "method_not_allowed": Code(405, "This address does not take this method", "Use a method named in Allow."),
    "wrong_state": Code(
        409, "Not from where it stands", "Read the job, batch or plotter again; `detail` says what would do."
    ),
    "still_running": Code(
        409, "The first request with this Idempotency-Key is still running", "Send the same again after a second."
    ),
    "errand_failed": Code(
        409, "The plotter could not do it", "`detail` says why; look at the machine, then ask again."
    ),
    "does_not_fit": Code(
        409, "The card cannot be written on this plotter", "Choose another plotter, or mend its slot and machine."
    ),
    "no_plotter": Code(409, "No plotter is configured", "Add one to [plotters] in config.toml."),
    "too_large": Code(413, "The body is too large", "Send less at once; `detail` says how much is taken."),
    "unknown_host": Code(
        421, "The server does not go by this name", "Add the name to [server] trusted_hosts in config.toml."
    ),
    "unsupported_media_type": Code(
        415, "The body is of the wrong kind", "Send application/json; for /v1/batches multipart/form-data."
    ),
    "invalid_request": Code(422, "The request does not hold to the schema", "Mend what `errors` names."),
    "note_refused": Code(422, "The note cannot be written", "Mend what `errors` names; nothing has been stored."),
    "not_possible": Code(422, "What is asked cannot be", "Mend what `errors` names."),
    "csv_refused": Code(422, "The CSV cannot be read", "Mend the file as `errors` says; nothing has been stored."),
    "key_reused": Code(
        422, "The Idempotency-Key was used for another request", "Use a fresh key for every new request."
    ),
    "internal_error": Code(500, "The server made a mistake", "Nothing you did; the server's log has the story."),
    "database_unavailable": Code(
        503, "The database does not answer", "Send the same again after the time in Retry-After."
    ),
}
"""Codes of whole problems: stable, documented, never reused for another meaning."""

POSTED = ("too_large", "unsupported_media_type", "invalid_request", "malformed_body")
"""How anything that is sent may be refused."""
OF_ONE = ("unknown_id", "wrong_state", *POSTED)
"""How a word on one job, batch or plotter may be refused."""

FAULTS: Mapping[str, str] = {
    # of a note
    "unknown_hand": "There is no such hand; `GET /v1/hands` lists them.",
    "unknown_stock": "There is no such stock; `GET /v1/stocks` lists them.",
    "unknown_template": "There is no such template; `GET /v1/templates` lists them.",
    "unknown_artwork": "There is no such artwork; `GET /v1/artwork` lists it.",
    "bad_artwork": "A pen cannot draw this artwork as it is: filled shapes, text, pictures.",
    "artwork_has_no_place": "The paper keeps an address's lines and has no box for artwork.",
    "unknown_frame": "The stock has no frame of this name.",
    "unknown_plotter": "There is no such plotter; `GET /v1/plotters` lists them.",
    "unknown_pen": "The plotter has no such pen; the message lists those it has.",
    "ambiguous_text": "Two texts for one place: text and template, or a text and one for the same frame.",
    "empty_text": "There is nothing to write.",
    "missing_field": "A merge field is empty or unknown and the text gives no fallback for it.",
    "bad_field": "A brace that begins no merge field: write `{{` and `}}` for literal braces.",
    "bad_seed": "The seed is beyond its bounds.",
    "off_paper": "The hand would run off the paper.",
    "unwritable_character": "No letter for this; `character`, `code_point` and `position` (from 0) name it.",
    "text_overflow": "The text does not fit the paper even at the smallest writing; `excess` is the part too much.",
    # of a card that can be written: warnings
    "transliterated": "A warning: the hand has no letter for `character`; `replacement` is written at its `position`.",
    "not_in_address": "A warning: this country's addresses have no such part; it is not written.",
    "smallest_writing": "A warning: the text is long and is written as small as the paper allows.",
    "does_not_fit": "The paper lies inside no bed, or on another; of a preview, a warning: not on this plotter.",
    # of a request
    "missing": "A value that must be there is not.",
    "unknown_name": "There is no such field or parameter here.",
    "malformed": "Not well-formed.",
    "too_long": "More than is taken.",
    "too_short": "Less than is needed.",
    "out_of_range": "A number beyond its bounds.",
    "invalid": "Not of the kind that is wanted.",
    # of a CSV file or one of its rows
    "not_utf8": "The file is not UTF-8; save it as CSV UTF-8.",
    "bad_csv": "The file is not well-formed CSV.",
    "no_header": "The first row must name the columns.",
    "bad_header": "A column without a name, or a name that stands twice.",
    "too_many_rows": "More rows than one batch takes; split the file.",
    "no_rows": "There is no row below the header.",
    "cell_count": "The row has more or fewer cells than the header.",
    "cell_too_long": "A cell with more text than is taken.",
    "bad_character": "A control character that no text holds.",
    "duplicate_external_id": "An earlier row of the file has the same external_id.",
    "no_words": "There is neither a column `message` nor `template`, and no template for all rows.",
    "already_ordered": "A warning: an earlier job that is not cancelled has this external_id; the row is accepted.",
    "template_and_message": "The row names a template and brings its own message; keep one.",
    "unknown_country": "The country is no ISO 3166 code of two letters that mail goes to.",
    "missing_street": "Addresses in this country need a street.",
    "missing_postal_code": "Addresses in this country need a postal code.",
    "missing_city": "Addresses in this country need a city.",
    "missing_country": "An address needs its country.",
}
"""Codes of single faults, in `errors` of a problem and in the failures and warnings of jobs, previews and batches."""


class Problem(HTTPException):
    """The API says no with a code of CODES. An HTTPException, so that it passes through body parsers unharmed."""

    def __init__(
        self, code: str, detail: str, faults: Sequence[Fault] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(CODES[code].status, detail, dict(headers or {}))
        self.code = code
        self.faults = tuple(faults)

    def answer(self) -> Response:
        """The answer in problem+json."""
        known = CODES[self.code]
        body = {
            "type": TYPE + self.code,
            "title": known.title,
            "status": known.status,
            "detail": self.detail or known.remedy,
            "code": self.code,
            "errors": [shown_fault(fault) for fault in self.faults],
        }
        # A lone surrogate can come in by a JSON key and has no UTF-8.
        text = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        return Response(text, known.status, self.headers, MEDIA_TYPE)


def shown_fault(fault: Fault) -> dict[str, Any]:
    """A fault as JSON: what is wrong with which field, and where exactly."""
    return {**fault.where, "field": fault.field, "code": fault.code, "message": fault.message}


def install(app: FastAPI) -> None:
    """Make every error that leaves a route problem+json; `Guard` sees to those that nobody foresaw."""
    house = (NoteFault, Missing, NotAllowed, Stale, ErrandFailed)
    for kind in (HTTPException, RequestValidationError, *house, *_DATABASE):
        app.add_exception_handler(kind, _answer)


_DATABASE = (OperationalError, InterfaceError, TimeoutError)


async def _answer(request: Request, error: Exception) -> Response:
    answer = answer_to(error, request.scope)
    if answer.status_code == 405:
        # The router names the methods of the first route at this path only, the console's files name none.
        paths = request.app.openapi()["paths"].items()
        here = [verbs for path, verbs in paths if compile_path(path)[0].match(request.scope["path"])]
        answer.headers["Allow"] = ", ".join(sorted({verb.upper() for verbs in here for verb in verbs} or {"GET"}))
    return answer


def answer_to(error: Exception, scope: Scope) -> Response:
    """The answer to any error, logged when it is ours: never with its words, which may be a customer's."""
    problem = problem_of(error)
    if problem.status_code >= 500:
        route = getattr(scope.get("route"), "path", "?")
        bare = RuntimeError(type(error).__name__).with_traceback(error.__traceback__)
        _log.error("%s %s: %s", scope["method"], route, type(error).__name__, exc_info=bare)
    return problem.answer()


def impossible(field: str, code: str, words: str) -> Problem:
    """A value that is well formed and cannot be, at this plotter in this shop."""
    return Problem("not_possible", words, [Fault(field, code, words)])


def problem_of(error: Exception) -> Problem:
    """The Problem that an error of the house, of the framework, or of the database stands for."""
    match error:
        case Problem():
            return error
        case RequestValidationError():
            return _schema(error)
        case NoteFault():
            return note_refused(error)
        case Missing():
            return Problem("unknown_id", str(error))
        case NotAllowed() | Stale():
            return Problem("wrong_state", str(error))
        case ErrandFailed():
            return Problem("errand_failed", str(error))
        case OperationalError() | InterfaceError() | TimeoutError():
            return Problem("database_unavailable", "", headers={"Retry-After": "2"})
        case HTTPException(status_code=404):
            return Problem("not_found", "")
        case HTTPException(status_code=405):
            return Problem("method_not_allowed", "", headers=error.headers)
        case HTTPException(status_code=400):
            return Problem("malformed_body", "")
        case _:
            return Problem("internal_error", "")


def note_refused(error: NoteFault) -> Problem:
    """What `compose` found wrong with a note, as a Problem."""
    return Problem("note_refused", str(error)[:2000], error.faults)


# pydantic's kinds of error -> our codes; what is not named here is "invalid"
_KINDS = {
    "missing": "missing",
    "extra_forbidden": "unknown_name",
    "json_invalid": "malformed",
    "string_too_long": "too_long",
    "too_long": "too_long",
    "string_too_short": "too_short",
    "too_short": "too_short",
    "greater_than_equal": "out_of_range",
    "greater_than": "out_of_range",
    "less_than_equal": "out_of_range",
    "less_than": "out_of_range",
}


def _schema(error: RequestValidationError) -> Problem:
    faults = []
    for one in error.errors()[:50]:
        if one["type"] == "json_invalid":
            at = one["loc"][-1]
            return Problem("malformed_body", f"The body is not JSON: {one['ctx']['error']} at character {at}.")
        where, *path = [str(part)[:80] for part in one["loc"]]
        if where == "path" and one["type"] == "string_pattern_mismatch":
            return Problem("unknown_id", f"there is none called {str(one['input'])[:80]}: {said(one)}")
        name = ".".join(path) or where
        faults.append(Fault(name, _KINDS.get(one["type"], "invalid"), said(one)))
    words = "; ".join(f"{fault.field}: {fault.message}" for fault in faults[:5])
    return Problem("invalid_request", words, faults)


_ALWAYS = ("cross_site", "unknown_host", "internal_error", "database_unavailable")


def responses(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that can say no with these codes, for OpenAPI; what any route can say is added."""
    by_status: dict[int | str, list[str]] = {}
    for code in (*codes, *_ALWAYS):
        by_status.setdefault(CODES[code].status, []).append(code)
    return {status: _documented(found) for status, found in by_status.items()}


def _documented(codes: Iterable[str]) -> dict[str, Any]:
    found = list(dict.fromkeys(codes))
    examples = {
        code: {
            "value": {
                "type": TYPE + code,
                "title": CODES[code].title,
                "status": CODES[code].status,
                "detail": CODES[code].remedy,
                "code": code,
                "errors": [],
            }
        }
        for code in found
    }
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}, "examples": examples}}
    return {"description": "; ".join(CODES[code].title for code in found), "content": content}


def markdown() -> str:
    """docs/errors.md: every code with what it means and what to do."""
    lines = [
        "# Errors",
        "",
        "Drawn from the tables in `jobs/api_errors.py`; a test fails when the two differ "
        "(`python -m jobs.api_errors > docs/errors.md` mends it).",
        "",
        "Every error is `application/problem+json` (RFC 9457), with `type`, `title`, `status`, `detail` (in words), "
        "`code` (stable, for programs) and `errors`, a list of single faults `{field, code, message, ...}`.",
        "",
        "## Problems",
        "",
        "| code | status | meaning | what to do |",
        "|---|---|---|---|",
        *(f"| `{code}` | {one.status} | {one.title} | {one.remedy} |" for code, one in CODES.items()),
        "",
        "## Faults",
        "",
        "In `errors` of a problem (with `field`), in failures of a batch (with `row` and `column`), and in `warnings`.",
        "",
        "| code | meaning |",
        "|---|---|",
        *(f"| `{code}` | {meaning} |" for code, meaning in FAULTS.items()),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(markdown(), end="")
