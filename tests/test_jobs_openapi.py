"""The description of the API is right: whatever is sent, the answer is one that it describes, and never our mistake."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.python import asgi
from shopfront import House, build

from jobs.api_errors import CODES


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return build(tmp_path_factory.mktemp("openapi"), asgi.HOST)


CONFIG = """
seed = 20261122

[generation]
max-examples = 15
deterministic = true

[phases.stateful.generation]
max-examples = 15

# A request may hold to the schema and still ask for what cannot be written: 422 with a code that says so. That it is
# such a code, and not a complaint about the schema, is checked by `told_why`.
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "404", "409", "422"]
"""
SEMANTIC = {"note_refused", "csv_refused", "not_possible", "key_reused"}


@schemathesis.check
def told_why(ctx: Any, response: Any, case: Any) -> None:
    """What holds to the schema is never refused for its form."""
    del ctx
    if case.meta is not None and case.meta.generation.mode.is_positive and response.status_code == 422:
        assert response.json()["code"] in SEMANTIC, response.json()


@schemathesis.hook
def before_call(context: Any, case: Any, **_: Any) -> None:
    """Without a limit a stream of events never ends."""
    del context
    if case.path == "/v1/events":
        case.query = {"limit": "5", **(case.query or {})}


def test_every_answer_is_described(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """Examples, boundaries, random requests right and wrong, and chains of them; all checks that there are."""
    described = schemathesis.openapi.from_asgi("/openapi.json", house.app, config=SchemathesisConfig.from_str(CONFIG))
    statuses: Counter[int] = Counter()
    tried: set[str] = set()
    broken: list[str] = []
    try:
        for event in from_schema(described).execute():
            if isinstance(event, events.NonFatalError):
                broken.append(f"{event.label}: {event.value}")
            elif isinstance(event, events.FatalError):
                broken.append(repr(event.exception))
            elif isinstance(event, events.ScenarioFinished):
                tried.add(event.recorder.label)
                statuses.update(
                    one.response.status_code for one in event.recorder.interactions.values() if one.response is not None
                )
                broken += [
                    f"{event.recorder.label}: {check.name}: {check.failure_info.failure.message}\n"
                    f"    {check.failure_info.code_sample}"
                    for checks in event.recorder.checks.values()
                    for check in checks
                    if check.failure_info is not None
                ]
    finally:
        asgi.shutdown_lifespans()
    assert not broken, "\n".join(broken)
    assert not [record for record in caplog.records if record.name.startswith("fairhand")]
    paths = described.raw_schema["paths"]
    assert {f"{verb.upper()} {path}" for path, verbs in paths.items() for verb in verbs} <= tried
    # The run has been to all the places: taken, refused, not found, in the wrong state, by the wrong method.
    assert {200, 201, 404, 405, 409, 422} <= set(statuses)


def test_the_document_describes_every_problem(house: House) -> None:
    document = house.app.openapi()
    assert document["openapi"].startswith("3.1")
    problem = document["components"]["schemas"]["ProblemBody"]
    assert set(problem["required"]) == {"type", "title", "status", "detail", "code", "errors"}
    for path, verbs in document["paths"].items():
        for verb, operation in verbs.items():
            statuses = set(operation["responses"])
            assert {"500", "503"} <= statuses, f"{verb} {path}"
            assert operation["description"]
            if verb == "post":
                assert {"403", "413", "415", "422"} <= statuses, f"{verb} {path}"
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    assert list(answer["content"]) == ["application/problem+json"], f"{verb} {path} {status}"
                    examples = answer["content"]["application/problem+json"]["examples"]
                    assert {CODES[code].status for code in examples} == {int(status)}


def test_every_number_asked_for_has_its_bounds(house: House) -> None:
    """pydantic drops bounds of some unions from the schema without a word."""
    document = house.app.openapi()
    asked = [document["components"]["schemas"][name] for name in ("JobIn", "BlanksIn", "DecisionIn", "Upload")]
    asked += [
        one["schema"]
        for verbs in document["paths"].values()
        for op in verbs.values()
        for one in op.get("parameters", [])
    ]

    def leaves(schema: Any) -> Iterator[dict[str, Any]]:
        if isinstance(schema, dict):
            if isinstance(schema.get("type"), str):
                yield schema
            for value in schema.values():
                yield from leaves(value)
        elif isinstance(schema, list):
            for value in schema:
                yield from leaves(value)

    for schema in asked:
        for leaf in leaves(schema):
            bounds = {"integer": {"minimum", "maximum"}, "array": {"maxItems"}}.get(leaf["type"], set())
            assert bounds <= set(leaf), leaf
            if leaf["type"] == "string":
                assert {"maxLength", "pattern", "enum", "const", "contentMediaType", "format"} & set(leaf), leaf
