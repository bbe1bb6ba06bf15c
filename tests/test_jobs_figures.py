"""The shop's figures: counted from what the store knows, as far back as is asked."""

from pathlib import Path

import httpx
import pytest
from shopfront import build, open_client

from plotter.faults import Card, Resume


def test_figures_count_written_and_interrupted_cards(tmp_path: Path) -> None:
    house = build(tmp_path)
    with open_client(house) as api:
        for n in range(3):
            api.post("/v1/jobs", json={"text": f"Card {n}"}).raise_for_status()
        house.load(count=3)
        for finished in (True, False):
            claim = house.dispatch.claim("left")
            assert claim is not None
            house.dispatch.pen_down(claim)
            house.dispatch.finish(claim, finished=finished, reason="", stroke=1)
        found = api.get("/v1/figures", params={"minutes": 5}).json()
        assert (found["written"], found["interrupted"], found["minutes"]) == (1, 1, 5)
        assert {state: n for state, n in found["jobs"].items() if n} == {"ready": 1, "done": 1, "interrupted": 1}
        api.post(f"/v1/jobs/{claim.job.id}/decide", json={"card": "good"}).raise_for_status()
        found = api.get("/v1/figures").json()
        assert (found["written"], found["interrupted"], found["minutes"]) == (2, 1, 1440)


@pytest.mark.parametrize("minutes", ["0", "-1", "527041", "today"])
def test_figures_go_back_a_year_at_most(tmp_path: Path, minutes: str) -> None:
    with open_client(build(tmp_path)) as api:
        answer: httpx.Response = api.get("/v1/figures", params={"minutes": minutes})
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_request"


def test_faults_are_counted_by_plotter_and_kind(tmp_path: Path) -> None:
    house = build(tmp_path)
    with open_client(house) as client:
        for fault, card in (("stopped", Card.RESUMABLE), ("stopped", Card.SPOILED), ("restarted", Card.SPOILED)):
            job = client.post("/v1/jobs", json={"text": "Hi", "seed": 7}).json()["id"]
            house.load()
            claim = house.dispatch.claim("left")
            assert claim is not None
            house.dispatch.pen_down(claim)
            place = Resume(2, 1.5) if card is Card.RESUMABLE else None
            told = {"card": card, "fault": fault, "resume": place, "resumable": place is not None}
            house.dispatch.finish(claim, finished=False, stroke=2, mended=["reply-lost"], **told)
            verdict = client.get(f"/v1/jobs/{job}").json()["verdict"]
            assert (verdict["card"], verdict["fault"]) == (card, fault)
            assert verdict["resume"] == (None if place is None else {"stroke": 2, "mm": 1.5})
            assert verdict == client.get(f"/v1/jobs/{job}/attempts").json()["data"][0]["verdict"]
            assert "fresh card" in verdict["words"] or "gone on with" in verdict["words"]
            client.post(f"/v1/jobs/{job}/decide", json={"card": "give_up"}).raise_for_status()
        found = client.get("/v1/figures").json()["faults"]
        assert [(one["plotter"], one["fault"], one["times"], one["cards"]) for one in found] == [
            ("plt_left", "stopped", 2, {"resumable": 1, "spoiled": 1}),
            ("plt_left", "restarted", 1, {"spoiled": 1}),
        ]
        figures = client.get("/metrics").text
        assert 'fairhand_faults_total{card="mended",fault="reply-lost",plotter="left"} 3.0' in figures
        assert 'fairhand_faults_total{card="resumable",fault="stopped",plotter="left"} 1.0' in figures


def test_a_card_is_gone_on_with_over_the_api(tmp_path: Path) -> None:
    house = build(tmp_path)
    with open_client(house) as client:
        job = client.post("/v1/jobs", json={"text": "Hi", "seed": 7}).json()["id"]
        house.load()
        claim = house.dispatch.claim("left")
        assert claim is not None
        assert client.post("/v1/plotters/plt_left/lift").json()["wanted"] == "lift"
        house.dispatch.pen_down(claim)
        told = {"card": Card.RESUMABLE, "fault": "stopped", "resume": Resume(2), "resumable": True}
        house.dispatch.finish(claim, finished=False, stroke=2, **told)
        house.dispatch.offer("left", Card.LOOK)
        refused = client.post(f"/v1/jobs/{job}/decide", json={"card": "resume"})
        assert (refused.status_code, refused.json()["code"]) == (409, "wrong_state")
        gone_on = client.post(f"/v1/jobs/{job}/decide", json={"card": "resume", "looked": True}).json()
        assert gone_on["state"] == "writing"
        assert gone_on["verdict"]["resumable"] is False
