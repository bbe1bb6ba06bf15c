"""What stands before the API: other sites, other names, bodies of the wrong kind or size; headers on every answer."""

from collections.abc import Iterator

import httpx
import pytest
from shopfront import ROOT, problem

from jobs.api_guard import HEADERS

NOTE = {"text": "Dear Ana,\nthank you!\nJo", "seed": 7}


def test_other_sites_cannot_write(api: httpx.Client) -> None:
    own = str(api.base_url).rstrip("/")
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": own.replace("127.0.0.1", "localhost")},
        {"Origin": own.rsplit(":", 1)[0]},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": own},
    ):
        problem(api.post("/v1/jobs", json=NOTE, headers=headers), 403, "cross_site")
        assert api.get("/v1/jobs", headers=headers).json()["data"] == []
    headers = {"Origin": own, "Sec-Fetch-Site": "same-origin"}
    assert api.post("/v1/jobs", json=NOTE, headers=headers).status_code == 201


@pytest.mark.parametrize(
    ("host", "known"),
    [("evil.example", False), ("localhost.evil.example", False), ("192.168.1.7", False), ("", False), ("[", False),
     ("localhost", True), ("LOCALHOST:8420", True), ("127.0.0.1:1", True), ("[::1]:8420", True)],
)  # fmt: skip
def test_only_by_its_own_names(api: httpx.Client, host: str, known: bool) -> None:
    answer = api.get("/v1/plotters", headers={"Host": host})
    if known:
        assert answer.status_code == 200
    else:
        problem(answer, 421, "unknown_host")


def test_every_answer_is_armoured(api: httpx.Client) -> None:
    for path in ("/v1/jobs", "/v1/nothing", "/console/nothing.js", "/", "/health"):
        answer = api.get(path)
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS, path
    assert api.get("/v1/jobs").headers["cache-control"] == "no-store"
    assert "server" not in {name for name in api.get("/health").headers if name != "server"}


def test_the_console_is_served(api: httpx.Client) -> None:
    assert api.get("/").headers["location"] == "/console/"
    script = api.get("/console/api.js")
    assert script.text == (ROOT / "console" / "api.js").read_text(encoding="utf-8")
    assert script.headers["content-type"].startswith("text/javascript")
    for path in ("/console/../config.toml", "/console/%2e%2e/config.toml", "/console/%2e%2e%2fserver.py"):
        problem(api.get(path), 404, "not_found")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_bodies_of_another_kind_are_refused(api: httpx.Client, kind: str) -> None:
    headers = {"Content-Type": kind}
    problem(api.post("/v1/jobs", content=b'{"text":"hi"}', headers=headers), 415, "unsupported_media_type")


def test_bodies_that_cannot_be_read(api: httpx.Client) -> None:
    json_type = {"Content-Type": "application/json"}
    problem(api.post("/v1/jobs", content=b'{"text":', headers=json_type), 400, "malformed_body")
    problem(api.post("/v1/jobs", content=b"\xff\xfe", headers=json_type), 400, "malformed_body")
    problem(api.post("/v1/jobs", content=b"[" * 100_000, headers=json_type), 400, "malformed_body")
    problem(api.post("/v1/jobs", content=b'{"\\ud800": 1}', headers=json_type), 422, "invalid_request")
    problem(api.post("/v1/jobs", content=b'{"text": "\\ud800"}', headers=json_type), 422, "invalid_request")
    problem(api.post("/v1/jobs", content=b'{"text": "hi", "seed": NaN}', headers=json_type), 422, "invalid_request")
    problem(api.post("/v1/jobs"), 422, "invalid_request")
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    problem(api.post("/v1/batches", content=b"nonsense", headers=form), 400, "malformed_body")
    no_boundary = {"Content-Type": "multipart/form-data"}
    problem(api.post("/v1/batches", content=b"nonsense", headers=no_boundary), 400, "malformed_body")


def test_bodies_too_large_are_refused(api: httpx.Client) -> None:
    problem(api.post("/v1/jobs", json={"text": "x" * 300_000}), 413, "too_large")

    def chunks() -> Iterator[bytes]:
        for _ in range(400):
            yield b" " * 1024

    answer = api.post("/v1/jobs", content=chunks(), headers={"Content-Type": "application/json"})
    problem(answer, 413, "too_large")


def test_methods_that_are_not_taken(api: httpx.Client) -> None:
    answer = api.delete("/v1/jobs")
    problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, POST"
    problem(api.get("/v1/previews"), 405, "method_not_allowed")
