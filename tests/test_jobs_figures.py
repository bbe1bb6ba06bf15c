"""The shop's figures: counted from what the store knows, as far back as is asked."""

from pathlib import Path

import httpx
import pytest
from shopfront import build, open_client


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
