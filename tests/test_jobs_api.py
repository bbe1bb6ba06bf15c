"""The API as integrators and the console use it: the real app behind a real server, with tests playing the plotters."""

import ast
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import numpy as np
import pytest
from shopfront import BAD_ORDERS, ROOT, House, build, open_client, problem
from sqlalchemy.exc import OperationalError

from jobs.api_csv import REASONS
from jobs.api_errors import CODES, FAULTS, markdown
from jobs.job import State
from plotter import gcode
from plotter.strokes import deviation
from plotter.svg import strokes_of

NOTE = {"text": "Dear Ana,\nthank you!\nJo", "stock": "a6", "seed": 7}
NOBODY = "job_" + "0" * 26


def order(api: httpx.Client, **more: Any) -> dict[str, Any]:
    answer = api.post("/v1/jobs", json={**NOTE, **more})
    assert answer.status_code == 201, answer.text
    job: dict[str, Any] = answer.json()
    return job


# ---------------------------------------------------------------------------------------------------------- orders


def test_an_order_is_taken_and_read_back(api: httpx.Client) -> None:
    answer = api.post("/v1/jobs", json={**NOTE, "external_id": "A-1", "metadata": {"shop": "7"}, "plotter": "plt_left"})
    job = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/v1/jobs/{job['id']}"
    assert re.fullmatch(r"job_[0-9a-z]{26}", job["id"])
    assert (job["state"], job["text"], job["seed"], job["attempts"]) == ("ready", NOTE["text"], 7, 0)
    assert (job["external_id"], job["metadata"], job["plotter"]) == ("A-1", {"shop": "7"}, "plt_left")
    assert job["card"]["lines"] == 3
    assert job["card"]["strokes"] == job["progress"]["strokes"] > 3
    assert job["card"]["ink_mm"] > 50
    assert job["waiting_for"] == "left is offline"
    assert job["created_at"].endswith("Z")
    assert api.get(answer.headers["Location"]).json() == job


def test_a_template_is_merged(api: httpx.Client) -> None:
    fields = {"first_name": "Ana", "product": "the oak stool", "agent": "Jo"}
    job = order(api, text=None, template="thank-you-order", fields=fields)
    assert job["text"].startswith("Dear Ana,\nThank you so much for your order! I packed the oak stool myself")
    assert job["template"] == "thank-you-order"


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"text": "Hello 𓀀 there"}, "text", "unwritable_character"),
        ({"text": "Dear {nickname}, hi"}, "fields.nickname", "missing_field"),
        ({"text": "Dear {first name}"}, "text", "bad_field"),
        ({"text": "  "}, "text", "empty_text"),
        ({"text": None}, "text", "empty_text"),
        ({"text": "This goes on and on. " * 150}, "text", "text_overflow"),
        ({"template": "birthday"}, "text", "ambiguous_text"),
        ({"text": None, "template": "nope"}, "template", "unknown_template"),
        ({"hand": "nope"}, "hand", "unknown_hand"),
        ({"stock": "nope"}, "stock", "unknown_stock"),
        ({"frames": {"nope": "x"}}, "frames.nope", "unknown_frame"),
        ({"plotter": "plt_nope"}, "plotter", "unknown_plotter"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/previews"])
def test_what_cannot_be_written_is_refused_at_once(
    api: httpx.Client, path: str, change: dict[str, Any], field: str, code: str
) -> None:
    faults = problem(api.post(path, json={**NOTE, **change}), 422, "note_refused")
    assert [(fault["field"], fault["code"]) for fault in faults] == [(field, code)]
    assert api.get("/v1/jobs").json()["data"] == []


def test_an_unwritable_character_is_named(api: httpx.Client) -> None:
    [fault] = problem(api.post("/v1/jobs", json={"text": "Hello 𓀀 there"}), 422, "note_refused")
    assert (fault["character"], fault["code_point"], fault["position"]) == ("𓀀", "U+13000", 6)


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"colour": "blue"}, "colour", "unknown_name"),
        ({"text": "x" * 5001}, "text", "too_long"),
        ({"text": 7}, "text", "invalid"),
        ({"text": "a\x00b"}, "text", "invalid"),
        ({"seed": 2**53}, "seed", "out_of_range"),
        ({"seed": -1}, "seed", "out_of_range"),
        ({"seed": "7"}, "seed", "invalid"),
        ({"hold": "true"}, "hold", "invalid"),
        ({"priority": 101}, "priority", "out_of_range"),
        ({"metadata": {str(i): "x" for i in range(21)}}, "metadata", "too_long"),
        ({"metadata": {"a": 1}}, "metadata.a", "invalid"),
        ({"fields": []}, "fields", "invalid"),
        ({"external_id": ""}, "external_id", "too_short"),
    ],
)
def test_a_request_against_the_schema_is_refused(api: httpx.Client, change: Any, field: str, code: str) -> None:
    faults = problem(api.post("/v1/jobs", json={**NOTE, **change}), 422, "invalid_request")
    assert [(fault["field"], fault["code"]) for fault in faults] == [(field, code)]


def test_the_seed_is_drawn_when_none_is_named(api: httpx.Client) -> None:
    first, second = order(api, seed=None), order(api, seed=None)
    assert first["seed"] != second["seed"]
    assert api.get(f"/v1/jobs/{first['id']}/preview.svg").text != api.get(f"/v1/jobs/{second['id']}/preview.svg").text


# ----------------------------------------------------------------------------------------------------- idempotency


def test_the_same_order_twice_is_one_job(api: httpx.Client) -> None:
    key = {"Idempotency-Key": "order-1"}
    first = api.post("/v1/jobs", json=NOTE, headers=key)
    again = api.post("/v1/jobs", json=dict(reversed(NOTE.items())), headers=key)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    assert "Idempotent-Replayed" not in first.headers
    problem(api.post("/v1/jobs", json={**NOTE, "seed": 8}, headers=key), 422, "key_reused")
    assert len(api.get("/v1/jobs").json()["data"]) == 1


def test_one_key_from_many_askers_is_one_job(api: httpx.Client) -> None:
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: api.post("/v1/jobs", json=NOTE, headers={"Idempotency-Key": "k"}), range(24)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    for answer in answers:
        if answer.status_code == 409:
            problem(answer, 409, "still_running")
    assert len(api.get("/v1/jobs").json()["data"]) == 1


def test_a_refused_order_leaves_its_key_free(api: httpx.Client) -> None:
    key = {"Idempotency-Key": "order-1"}
    problem(api.post("/v1/jobs", json={**NOTE, "hand": "nope"}, headers=key), 422, "note_refused")
    assert api.post("/v1/jobs", json=NOTE, headers=key).status_code == 201


def test_a_day_is_the_same_on_both_engines(store_url: str) -> None:
    house = build(store_url)
    with open_client(house) as api:
        with ThreadPoolExecutor(8) as pool:
            answers = list(
                pool.map(lambda _: api.post("/v1/jobs", json=NOTE, headers={"Idempotency-Key": "k"}), range(16))
            )
        assert {answer.status_code for answer in answers} <= {201, 409}
        [id] = {answer.json()["id"] for answer in answers if answer.status_code == 201}
        upload = api.post("/v1/batches", files={"orders": BAD_ORDERS}, headers={"Idempotency-Key": "b"})
        again = api.post("/v1/batches", files={"orders": BAD_ORDERS}, headers={"Idempotency-Key": "b"})
        assert again.content == upload.content
        batch = upload.json()
        assert (batch["accepted"], batch["refused"]) == (2, 8)
        mended = api.get(f"/v1/batches/{batch['id']}/failures.csv").content.decode("utf-8-sig")
        assert mended.splitlines()[0] == f"{BAD_ORDERS.decode().splitlines()[0]},{REASONS}"
        assert api.post(f"/v1/batches/{batch['id']}/start").json()["jobs"] == {"ready": 2}
        assert len(api.get("/v1/jobs", params={"state": "ready"}).json()["data"]) == 3
        job = interrupted(api, house)
        assert job["id"] == id  # the oldest goes first
        assert api.post(f"/v1/jobs/{id}/decide", json={"card": "good"}).json()["state"] == "done"
        assert api.get(f"/v1/jobs/{id}/ink.svg").status_code == 200
        assert 'fairhand_cards_total{outcome="written"} 1.0' in api.get("/metrics").text.splitlines()
        told = api.get("/v1/events", params={"after": "evt_0", "limit": 1000}).text
        assert told.count("event: job.done\n") == 1
        assert api.get("/health").json()["database"] == "ok"


@pytest.mark.parametrize("key", ["", "two words", "k" * 256])
def test_a_key_is_plain_and_bounded(api: httpx.Client, key: str) -> None:
    [fault] = problem(api.post("/v1/jobs", json=NOTE, headers={"Idempotency-Key": key}), 422, "invalid_request")
    assert fault["field"] == "Idempotency-Key"


# ----------------------------------------------------------------------------------------------------------- lists


def test_lists_go_by_cursor(api: httpx.Client) -> None:
    ids = [order(api, external_id=f"A-{i % 2}")["id"] for i in range(5)]

    def walk(**query: Any) -> list[str]:
        found, after = [], None
        while True:
            page = api.get("/v1/jobs", params=query | ({"after": after} if after else {})).json()
            assert len(page["data"]) <= query["limit"]
            found += [job["id"] for job in page["data"]]
            if not page["has_more"]:
                assert page["next"] is None
                return found
            after = page["next"]

    assert walk(limit=2) == ids[::-1]
    assert walk(limit=2, order="oldest") == ids
    assert walk(limit=5) == ids[::-1]
    assert walk(limit=1, external_id="A-1") == [ids[3], ids[1]]
    assert walk(limit=2, state="done") == []
    assert walk(limit=2, state=["done", "ready"]) == ids[::-1]
    assert walk(limit=9, plotter="plt_left") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("limit=201", "limit"), ("limit=x", "limit"), ("state=asleep", "state.0"),
     ("after=1", "after"), ("stat=done", "stat"), ("plotter=%00", "plotter")],
)  # fmt: skip
def test_a_bad_query_is_refused(api: httpx.Client, query: str, field: str) -> None:
    [fault] = problem(api.get(f"/v1/jobs?{query}"), 422, "invalid_request")
    assert fault["field"] == field


@pytest.mark.parametrize(
    ("path", "words"),
    [("/v1/plotters/Two x", "there is none called Two x: plotters are named in small letters"),
     ("/v1/jobs/job_7", "there is none called job_7: a job's id is job_ and 26"),
     ("/v1/plotters/left/slots/A!/reset", "there is none called A!: it is named in small letters")],
)  # fmt: skip
def test_what_no_id_can_be_is_not_there(api: httpx.Client, path: str, words: str) -> None:
    answer = api.post(path) if path.endswith("reset") else api.get(path)
    problem(answer, 404, "unknown_id")
    assert words in answer.json()["detail"]


@pytest.mark.parametrize(
    ("left", "right", "field"),
    [((-5, 10), (143, 10), "lower_left"), ((-5, 10), (150, 10), "lower_left"), ((200, 10), (348, 10), "lower_right"),
     ((10, 10), (150, 10), "lower_right"), ((10, 150), (158, 150), "stock")],
)  # fmt: skip
def test_a_corner_that_cannot_be_is_named(
    api: httpx.Client, left: tuple[float, float], right: tuple[float, float], field: str
) -> None:
    corners = {"lower_left": left, "lower_right": right}
    body = {name: {"x_mm": x, "y_mm": y} for name, (x, y) in corners.items()}
    [fault] = problem(
        api.post("/v1/plotters/left/slots/card/measure", json={"stock": "a6", **body}), 422, "not_possible"
    )
    assert fault["field"] == field


@pytest.mark.parametrize(
    ("change", "words"),
    [({"seed": "x"}, "seed: say a whole number"), ({"hold": "x"}, "hold: say true or false"),
     ({"text": 7}, "text: say a text, in quotes"), ({"plotter": "Left!"}, "plotter: plotters are named in small"),
     ({"text": "a\0b"}, "a character that no text has")],
)  # fmt: skip
def test_what_is_wrong_is_said_in_words(api: httpx.Client, change: dict[str, object], words: str) -> None:
    answer = api.post("/v1/jobs", json={**NOTE, **change})
    problem(answer, 422, "invalid_request")
    assert words in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/v1/events?limit=1&afer=evt_1", "/v1/hands?afer=1", "/v1/jobs?afer=1"])
def test_a_misspelt_parameter_is_not_passed_over(api: httpx.Client, path: str) -> None:
    [fault] = problem(api.get(path), 422, "invalid_request")
    assert (fault["field"], fault["code"]) == ("afer", "unknown_name")


def test_unknown_ids_are_not_found(api: httpx.Client) -> None:
    for path in ("", "/attempts", "/preview.svg", "/gcode", "/ink.svg", "/ink.png"):
        problem(api.get(f"/v1/jobs/{NOBODY}{path}"), 404, "unknown_id")
    for verb in ("cancel", "release", "hold", "requeue"):
        problem(api.post(f"/v1/jobs/{NOBODY}/{verb}"), 404, "unknown_id")
    problem(api.post(f"/v1/jobs/{NOBODY}/decide", json={"card": "good"}), 404, "unknown_id")
    problem(api.get("/v1/jobs", params={"after": NOBODY}), 404, "unknown_id")
    problem(api.get("/v1/batches/bat_" + "0" * 26), 404, "unknown_id")
    problem(api.get("/v1/plotters/plt_nope"), 404, "unknown_id")
    problem(api.get(f"/v1/events?limit=1&job={NOBODY}"), 404, "unknown_id")
    problem(api.get("/v1/nothing"), 404, "not_found")


# ------------------------------------------------------------------------------------------------ a person's verbs


def test_hold_release_cancel(api: httpx.Client) -> None:
    job = order(api, hold=True)
    at = f"/v1/jobs/{job['id']}"
    assert (job["state"], job["waiting_for"]) == ("held", "it is held; release it to have it written")
    assert api.post(f"{at}/release").json()["state"] == "ready"
    assert api.post(f"{at}/hold").json()["state"] == "held"
    assert api.post(f"{at}/cancel").json()["state"] == "cancelled"
    assert api.post(f"{at}/cancel").json()["state"] == "cancelled"
    for verb in ("release", "hold", "requeue"):
        problem(api.post(f"{at}/{verb}"), 409, "wrong_state")
    problem(api.post(f"{at}/decide", json={"card": "good"}), 409, "wrong_state")


def interrupted(api: httpx.Client, house: House) -> dict[str, Any]:
    """A job whose card was interrupted on `left`, with some ink: the next in the queue."""
    order(api)
    house.load("left")
    claim = house.dispatch.claim("left")
    assert claim is not None
    house.dispatch.pen_down(claim)
    house.dispatch.progress(claim, stroke=3, x=12.5, y=40.25, left_s=130.04)
    assert api.get("/v1/plotters/plt_left").json()["left_s"] == 130.0
    ink = [np.array([[10.0, 20.0], [30.0, 40.0]])]
    house.dispatch.finish(claim, finished=False, reason="the pen fell out", stroke=3, seconds=9.5, ink=ink)
    assert api.get("/v1/plotters/plt_left").json()["left_s"] is None
    found: dict[str, Any] = api.get(f"/v1/jobs/{claim.job.id}").json()
    return found


@pytest.mark.parametrize(("card", "state"), [("good", "done"), ("fresh", "ready"), ("give_up", "failed")])
def test_only_a_person_decides_an_interrupted_card(api: httpx.Client, house: House, card: str, state: str) -> None:
    job = interrupted(api, house)
    at = f"/v1/jobs/{job['id']}"
    assert (job["state"], job["plotter"], job["seconds"]) == ("interrupted", "plt_left", 9.5)
    assert job["progress"]["stroke"] == 3
    assert "a person must look at the card on left" in job["waiting_for"]
    for verb in ("cancel", "release", "requeue"):
        problem(api.post(f"{at}/{verb}"), 409, "wrong_state")
    decided = api.post(f"{at}/decide", json={"card": card, "note": "seen"}).json()
    assert decided["state"] == state
    [attempt] = api.get(f"{at}/attempts").json()["data"]
    assert (attempt["decision"], attempt["decided_by"], attempt["plotter"]) == (card, "api", "plt_left")
    assert attempt["position"] == [12.5, 40.25]
    assert (attempt["reason"], attempt["note"], attempt["ink"]) == ("the pen fell out", "seen", True)
    if card == "fresh":
        assert (decided["plotter"], decided["seconds"], decided["progress"]["stroke"]) == (None, None, 0)
        problem(api.get(f"{at}/ink.svg"), 404, "no_ink")
        assert api.get(f"{at}/ink.svg?attempt=1").status_code == 200
    problem(api.post(f"{at}/decide", json={"card": card}), 409, "wrong_state")
    if state == "failed":
        assert api.post(f"{at}/requeue").json()["state"] == "ready"


def test_plotters_do_what_a_person_says(api: httpx.Client, house: House) -> None:
    left = api.get("/v1/plotters").json()["data"][0]
    assert (left["id"], left["condition"], left["blanks"], left["simulated"]) == ("plt_left", "offline", 0, True)
    at = "/v1/plotters/plt_left"
    loaded = api.post(f"{at}/blanks", json={"count": 5, "stock": "a6"}).json()
    assert (loaded["blanks"], loaded["loaded_stock"]) == (5, "a6")
    assert api.get("/v1/plotters/left").json() == loaded == api.get(at).json()
    assert api.post(f"{at}/pause").json()["mode"] == "paused"
    assert api.post(f"{at}/activate").json()["mode"] == "active"
    for verb in ("hold", "resume", "stop"):
        problem(api.post(f"{at}/{verb}"), 409, "wrong_state")
    [fault] = problem(api.post(f"{at}/blanks", json={"count": 21, "stock": "a6"}), 422, "not_possible")
    assert (fault["field"], fault["code"]) == ("count", "out_of_range")
    [fault] = problem(api.post(f"{at}/blanks", json={"count": 1, "stock": "nope"}), 422, "not_possible")
    assert (fault["field"], fault["code"]) == ("stock", "unknown_stock")

    job = order(api)
    house.load("left")
    claim = house.dispatch.claim("left")
    assert claim is not None
    assert api.post(f"{at}/hold").json()["wanted"] == "hold"
    assert house.dispatch.progress(claim, stroke=0) == "hold"
    assert api.post(f"{at}/resume").json()["wanted"] == "go_on"
    problem(api.post(f"{at}/blanks", json={"count": 20, "stock": "a6"}), 409, "wrong_state")
    assert api.post(f"{at}/blanks", json={"count": 19, "stock": "a6"}).json()["blanks"] == 19
    assert api.post(f"/v1/jobs/{job['id']}/cancel").json()["wanted"] == "cancel"
    problem(api.post(f"{at}/stop"), 409, "wrong_state")


# ------------------------------------------------------------------------------------------------------- the card


def test_preview_shows_the_card_that_will_be_ordered(api: httpx.Client) -> None:
    seen = api.post("/v1/previews", json={**NOTE, "seed": None}).json()
    assert api.get("/v1/jobs").json()["data"] == []
    job = order(api, seed=seen["seed"])
    picture = api.get(f"/v1/jobs/{job['id']}/preview.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert picture.text == seen["svg"]
    assert (seen["text"], seen["lines"], seen["characters"]) == (NOTE["text"], 3, len(NOTE["text"]))
    assert seen["strokes"] == job["card"]["strokes"] == len(strokes_of(seen["svg"]))
    assert seen["seconds"] > 5
    assert (seen["plotter"], seen["warnings"]) == ("plt_left", [])


def test_knobs_change_the_writing_and_stay_with_the_job(api: httpx.Client) -> None:
    plain = api.post("/v1/previews", json=NOTE).json()
    job = order(api, knobs={"neatness": 1, "slant": 12.5})
    turned = api.get(f"/v1/jobs/{job['id']}/preview.svg").text
    assert job["knobs"] == {"neatness": 1, "slant": 12.5}
    assert turned != plain["svg"]
    assert turned == api.post("/v1/previews", json={**NOTE, "knobs": {"slant": 12.5, "neatness": 1.0}}).json()["svg"]
    usual = {one["name"]: one["knobs"] for one in api.get("/v1/hands").json()["data"]}
    assert api.post("/v1/previews", json={**NOTE, "knobs": usual[job["hand"]]}).json()["svg"] == plain["svg"]
    for knobs in ({"slant": 30}, {"neatness": -0.1}, {"width": 1.0}, {"size": "1"}):
        [fault] = problem(api.post("/v1/jobs", json={**NOTE, "knobs": knobs}), 422, "invalid_request")
        assert fault["field"] == f"knobs.{next(iter(knobs))}"


def test_an_envelope_is_ordered_by_the_parts_of_its_address(api: httpx.Client) -> None:
    address = {"name": "Ana Ruiz", "street_address": "Calle Mayor 3", "city": "Madrid", "postal_code": "28013"}
    body = {"stock": "c6", "seed": 7, "address": {**address, "country_code": "ES", "country_area": "Madrid"}}
    job = api.post("/v1/jobs", json=body).json()
    assert job["text"] == "Ana Ruiz\nCalle Mayor 3\n28013 MADRID\nSPAIN"
    assert job["address"] == body["address"]
    assert api.get(f"/v1/jobs/{job['id']}/preview.svg").text == api.post("/v1/previews", json=body).json()["svg"]
    refused = api.post("/v1/jobs", json={**body, "address": {"country_code": "ES"}})
    found = {(one["field"], one["code"]) for one in problem(refused, 422, "note_refused")}
    assert {(f"address.{part}", "missing") for part in ("street_address", "postal_code", "city")} <= found


def test_artwork_goes_with_an_order(api: httpx.Client) -> None:
    listed = {one["name"]: one for one in api.get("/v1/artwork").json()["data"]}
    assert listed["signatures/margaret"]["fault"] is None
    job = order(api, artwork="signatures/margaret")
    plain = order(api, artwork="")
    assert (job["artwork"], plain["artwork"]) == ("signatures/margaret", None)
    assert job["card"]["strokes"] == plain["card"]["strokes"] + listed["signatures/margaret"]["strokes"]
    body = {**NOTE, "artwork": "signatures/margaret"}
    assert api.get(f"/v1/jobs/{job['id']}/preview.svg").text == api.post("/v1/previews", json=body).json()["svg"]
    [fault] = problem(api.post("/v1/jobs", json={**NOTE, "artwork": "signatures/nobody"}), 422, "note_refused")
    assert (fault["field"], fault["code"]) == ("artwork", "unknown_artwork")
    for name in ("../config", "/etc/hostname", "a/b/c", "Heart", "heart.svg"):
        problem(api.post("/v1/jobs", json={**NOTE, "artwork": name}), 422, "invalid_request")


def test_replaced_characters_are_shown_and_stay_replaced(api: httpx.Client) -> None:
    asked = {"text": "Dear {who}, Жук", "fields": {"who": "Ana"}}
    faults = problem(api.post("/v1/previews", json={**NOTE, **asked}), 422, "note_refused")
    assert [one["position"] for one in faults] == [10, 11, 12]
    seen = api.post("/v1/previews", json={**NOTE, **asked, "transliterate": True}).json()
    job = order(api, **asked, transliterate=True)
    assert seen["text"] == job["text"] == "Dear Ana, Zhuk"
    assert job["warnings"] == seen["warnings"] == api.get(f"/v1/jobs/{job['id']}").json()["warnings"]
    assert job["warnings"][0] == {
        "field": "text",
        "code": "transliterated",
        "message": "“Ж” (U+0416 CYRILLIC CAPITAL LETTER ZHE) at character 11 is written as “Zh”",
        "character": "Ж",
        "code_point": "U+0416",
        "name": "CYRILLIC CAPITAL LETTER ZHE",
        "position": 10,
        "replacement": "Zh",
    }
    assert job["warnings"][0]["code"] in FAULTS
    assert api.get(f"/v1/jobs/{job['id']}/preview.svg").text == seen["svg"]


def test_a_card_too_large_for_the_bed_is_said(api: httpx.Client, house: House) -> None:
    stock = next(iter(house.shelf.stocks.values()))
    frame = next(iter(stock.frames.values()))
    big = type(frame)(x_mm=500, y_mm=300, width_mm=400, height_mm=200)
    vast = type(stock)(title="Poster", width_mm=1000, height_mm=600, frames={"m": big})
    house.shelf.stocks["vast"] = stock  # type: ignore[index]
    job = order(api, stock="vast")
    house.shelf.stocks["vast"] = vast  # type: ignore[index]
    seen = api.post("/v1/previews", json={**NOTE, "stock": "vast"}).json()
    assert (seen["seconds"], seen["plotter"], len(seen["warnings"])) == (None, None, 2)
    assert [(one["field"], one["code"]) for one in seen["warnings"]] == [("plotter", "does_not_fit")] * 2
    assert "left: " in seen["warnings"][0]["message"]
    problem(api.get(f"/v1/jobs/{job['id']}/gcode"), 409, "does_not_fit")
    for pinned in ({}, {"plotter": "left"}):
        [fault] = problem(api.post("/v1/jobs", json={**NOTE, "stock": "vast", **pinned}), 422, "note_refused")
        assert (fault["field"], fault["code"]) == ("stock", "does_not_fit")
        assert "1000 x 600 mm reaches 680.0 mm beyond the bed of 330 x 240 mm" in fault["message"]
    form = {"orders": ("orders.csv", b"message\nHello\n", "text/csv")}
    batch = api.post("/v1/batches", files=form, data={"stock": "vast"}).json()
    assert [(one["row"], one["code"]) for one in batch["failures"]] == [(2, "does_not_fit")]


def test_gcode_is_what_the_machine_gets(api: httpx.Client, house: House) -> None:
    job = order(api)
    answer = api.get(f"/v1/jobs/{job['id']}/gcode", params={"plotter": "right"})
    assert answer.headers["content-type"] == "text/plain; charset=us-ascii"
    program = gcode.read(answer.text)
    gcode.prove(program, house.shop.plotters[1].machine)
    slot = house.shop.plotters[1].slot
    preview = strokes_of(api.get(f"/v1/jobs/{job['id']}/preview.svg").text)
    assert deviation(slot.onto_card(gcode.strokes(program)), preview) < 0.05
    problem(api.get(f"/v1/jobs/{job['id']}/gcode?plotter=plt_nope"), 404, "unknown_id")


def test_ink_is_shown_as_it_was_drawn(api: httpx.Client, house: House) -> None:
    job = interrupted(api, house)
    at = f"/v1/jobs/{job['id']}"
    [drawn] = strokes_of(api.get(f"{at}/ink.svg").text)
    assert drawn == pytest.approx(np.array([[10.0, 20.0], [30.0, 40.0]]), abs=0.01)
    assert api.get(f"{at}/ink.svg?attempt=1").status_code == 200
    problem(api.get(f"{at}/ink.svg?attempt=2"), 404, "no_ink")
    png = api.get(f"{at}/ink.png?dpi=96")
    assert png.content.startswith(b"\x89PNG")
    assert png.headers["content-type"] == "image/png"
    assert len(api.get(f"{at}/ink.png").content) > len(png.content)
    problem(api.get(f"/v1/jobs/{order(api)['id']}/ink.png"), 404, "no_ink")


def test_customers_words_stay_out_of_pictures_and_programs(api: httpx.Client) -> None:
    job = order(api, text="<script>alert(1)</script> M5 G0", external_id="<b>")
    for path in ("preview.svg", "gcode"):
        text = api.get(f"/v1/jobs/{job['id']}/{path}").text
        assert "script" not in text
        assert "alert" not in text


def test_the_shelf_is_listed(api: httpx.Client, house: House) -> None:
    assert api.get("/v1/hands").json()["data"][0]["name"] == house.shop.notes.hand
    stocks = api.get("/v1/stocks").json()["data"]
    assert (stocks[0]["name"], stocks[0]["width_mm"], stocks[0]["frames"]) == ("a6", 148.0, ["message"])
    templates = {one["name"]: one["fields"] for one in api.get("/v1/templates").json()["data"]}
    assert templates["birthday"] == {"first_name": None, "agent": "All of us"}


# ------------------------------------------------------------------------------------------- when things go wrong


def test_our_mistakes_are_answered_and_logged_without_words(
    api: httpx.Client, house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    words = "Dear Ana, secret words"

    def broken(*_: Any, **__: Any) -> Any:
        raise ValueError(words)

    monkeypatch.setattr(house.store, "jobs", broken)
    with caplog.at_level(logging.ERROR, "fairhand.api"):
        answer = api.get("/v1/jobs")
    problem(answer, 500, "internal_error")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert words not in answer.text + caplog.text
    assert "GET /v1/jobs: ValueError" in caplog.text
    assert "broken" in caplog.text  # where it happened is said


def test_a_database_that_does_not_answer(
    api: httpx.Client, house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    words = "secret words"

    def down(*_: Any, **__: Any) -> Any:
        raise OperationalError(words, {}, Exception(words))

    monkeypatch.setattr(house.store, "plotters", down)
    for path in ("/health", "/v1/plotters", "/metrics"):
        answer = api.get(path)
        problem(answer, 503, "database_unavailable")
        assert answer.headers["retry-after"] == "2"
    assert words not in caplog.text


def test_health_and_figures(api: httpx.Client, house: House) -> None:
    assert api.get("/health").json() == {
        "status": "degraded",
        "database": "ok",
        "plotters": [
            {"id": "plt_left", "mode": "active", "condition": "offline"},
            {"id": "plt_right", "mode": "active", "condition": "offline"},
        ],
    }
    job = interrupted(api, house)
    house.load("right")
    figures = api.get("/metrics")
    assert figures.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = figures.text.splitlines()
    assert 'fairhand_jobs{state="interrupted"} 1.0' in lines
    assert 'fairhand_jobs{state="done"} 0.0' in lines
    assert 'fairhand_cards_total{outcome="interrupted"} 1.0' in lines
    assert 'fairhand_cards_total{outcome="spoiled"} 0.0' in lines
    assert 'fairhand_plotter_condition{condition="idle",plotter="right"} 1.0' in lines
    assert 'fairhand_plotter_blanks{plotter="right"} 20.0' in lines
    [ink] = [float(line.split()[1]) for line in lines if line.startswith("fairhand_ink_meters_total")]
    assert ink == pytest.approx(3 / job["card"]["strokes"] * job["card"]["ink_mm"] / 1000, rel=0.01)
    assert 'fairhand_request_seconds_count{method="POST",route="/v1/jobs",status="201"} 1.0' in lines


# ----------------------------------------------------------------------------------------------------------- docs


def test_docs_list_every_error() -> None:
    assert (ROOT / "docs" / "errors.md").read_text(encoding="utf-8") == markdown()


def test_every_code_in_the_source_is_in_the_tables() -> None:
    said: dict[str, set[str]] = {"Problem": set(), "Fault": set()}
    for path in [*(ROOT / "jobs").glob("api*.py"), ROOT / "jobs" / "compose.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in said:
                place = 0 if node.func.id == "Problem" else 1
                code = node.args[place] if len(node.args) > place else None
                if isinstance(code, ast.Constant):
                    said[node.func.id].add(str(code.value))
    assert said["Problem"] <= set(CODES)
    assert said["Fault"] <= set(FAULTS)
    assert set(CODES) - said["Problem"] == set()


def test_docs_name_every_path(house: House) -> None:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    for path, verbs in house.app.openapi()["paths"].items():
        for verb in verbs:
            assert f"`{verb.upper()} {path}`" in text, f"docs/api.md lacks `{verb.upper()} {path}`"
    for state in State:
        assert state in text
