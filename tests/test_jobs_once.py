"""One key, one batch, however many ask at once."""

from concurrent.futures import ThreadPoolExecutor

import httpx

ROWS = b"external_id,message\nA-1,Thank you!\nA-2,See you soon.\n"


def test_a_file_sent_many_times_at_once_under_one_key_is_one_batch(api: httpx.Client) -> None:
    """The preparation is long and holds no key: whoever is second must not free the key of the first."""

    def send(key: str) -> httpx.Response:
        return api.post("/v1/batches", files={"orders": ROWS}, headers={"Idempotency-Key": key})

    for round in range(12):
        key = f"k-{round}"
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(send, [key] * 8))
        assert {answer.status_code for answer in answers} <= {201, 409}
        answers.append(send(key))
        assert answers[-1].status_code == 201, "the key was lost"
        assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert len(api.get("/v1/jobs", params={"limit": 100}).json()["data"]) == 12 * 2
