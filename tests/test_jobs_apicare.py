"""The API of a plotter's care: what is shown, what a person may say, what is refused."""

import httpx
import pytest
from click.testing import CliRunner
from shopfront import ROOT, House

from jobs.care import MARK, Care
from server import main

CARE = "/v1/plotters/plt_left/care"


def test_a_pen_is_fitted_counted_and_set(house: House, api: httpx.Client) -> None:
    bare = api.get(CARE).raise_for_status().json()
    assert (bare["pen"], bare["pens"][0]["name"], bare["lift"]["down_s"]) == (None, "gel", 700)
    fitted = api.post("/v1/plotters/left/pen", json={"pen": "gel", "used_m": 50}).raise_for_status().json()
    assert (fitted["pen"]["left_m"], fitted["pen"]["warm"]) == (500, False)
    Care(house.store).drew("left", mm=1500, lifts=12, cards=1)
    set_ = api.post("/v1/plotters/left/pen/lift", json={"down_s": 650, "down_settle_s": 0.15}).raise_for_status().json()
    assert set_["lift"] == {"down_s": 650, "up_s": 200, "down_settle_s": 0.15, "up_settle_s": 0.05}
    assert (set_["pen"]["left_m"], set_["pen"]["cards"], set_["lifts"], set_["drawn_m"]) == (498.5, 1, 12, 1.5)
    assert [event.kind for event in house.store.events()].count("plotter.pen") == 2
    figures = api.get("/metrics").text
    assert 'fairhand_pen_left_meters{plotter="left"} 498.5' in figures
    assert 'fairhand_lifts_total{plotter="left"} 12.0' in figures


@pytest.mark.parametrize(
    ("path", "body", "status", "why"),
    [
        ("pen", {"pen": "quill"}, 422, "there is no pen “quill”"),
        ("pen", {"pen": "gel", "used_m": -1}, 422, "greater than or equal to 0"),
        ("pen/lift", {"down_s": 220}, 422, "the pen lifts from 50 on"),
        ("pen/lift", {"down_mm": 1}, 422, "this pen has no down_mm"),
        ("pen/lift", {"down_settle_s": 0.07}, 422, "multiple of 0.05"),
        ("pen/lift", {"down_s": 650}, 409, "nobody has said which pen"),
        ("pen/steps", {"kind": "heights", "values": []}, 422, "at least 1"),
        ("pen/steps", {"kind": "heights", "values": [700]}, 409, "cannot do that now"),
        ("pen/try", {"value": 700}, 409, "cannot do that now"),
        ("macro", {"macro": "load"}, 409, "cannot do that now"),
        ("check", None, 409, "cannot do that now"),
        ("check/answer", {"good": True}, 409, "nothing is asked"),
        ("check/settle", None, 409, "waits for nothing"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    api: httpx.Client, path: str, body: dict[str, object] | None, status: int, why: str
) -> None:
    answer = api.post(f"/v1/plotters/left/{path}", json=body) if body else api.post(f"/v1/plotters/left/{path}")
    assert (answer.status_code, why in answer.text) == (status, True), answer.text


def test_a_question_is_shown_answered_and_settled(house: House, api: httpx.Client) -> None:
    Care(house.store).ask("left", MARK, "X5 Y6")
    assert "should stand over its mark (X5 Y6)" in api.get(CARE).json()["asks"]
    found = api.post("/v1/plotters/left/check/answer", json={"good": False}).raise_for_status().json()
    assert found["asks"] is None
    assert "off its mark: 0 cards" in found["out_of_place"]
    settled = api.post("/v1/plotters/left/check/settle").raise_for_status().json()
    assert settled["out_of_place"] is None
    assert [(c["kind"], c["good"], c["by"]) for c in settled["checks"]] == [("mark", False, "api")]
    assert 'fairhand_checks_total{good="no",plotter="left"} 1.0' in api.get("/metrics").text


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["care", "left"], 0, "pen: nobody has said which; there are: gel"),
        (["pen", "change", "left", "gel", "--used", "50"], 0, "500 of 550 m left"),
        (["pen", "change", "left", "quill"], 3, "refused: there is no pen “quill”"),
        (["pen", "lift", "left", "down_s=650"], 3, "nobody has said which pen"),
        (["pen", "lift", "left", "down"], 2, "NAME=NUMBER"),
        (["pen", "steps", "left", "heights", "650", "700"], 3, "cannot do that now"),
        (["pen", "try", "left", "650"], 3, "cannot do that now"),
        (["pen", "warm", "left"], 3, "cannot do that now"),
        (["drift", "check", "left"], 3, "cannot do that now"),
        (["drift", "answer", "left", "yes"], 3, "nothing is asked"),
        (["drift", "settle", "left"], 3, "waits for nothing"),
        (["macro", "left", "load"], 3, "cannot do that now"),
        (["care", "nowhere"], 3, "there is no plotter nowhere"),
    ],
)
def test_the_command_line_asks_the_server(api: httpx.Client, words: list[str], code: int, said: str) -> None:
    done = CliRunner().invoke(main, ["--config", str(ROOT / "config.toml"), *words, "--at", str(api.base_url)])
    assert (done.exit_code, said in done.output) == (code, True), done.output


def test_a_server_that_is_not_there_is_said() -> None:
    done = CliRunner().invoke(
        main, ["--config", str(ROOT / "config.toml"), "care", "left", "--at", "http://127.0.0.1:9"]
    )
    assert done.exit_code == 3
    assert "no server answers at http://127.0.0.1:9" in done.output
