"""CSV uploads: every good row becomes a job, every bad row is named with its column and fault, and can be mended."""

import csv
import io
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shopfront import BAD_ORDERS, ORDERS, House

from jobs import api_csv
from jobs.api_address import address_faults
from jobs.api_errors import FAULTS, Problem
from jobs.compose import Fault

HEAD = b"external_id,first_name,agent,product,message,template\r\n"
GOOD_ROW = b"G-1,Ana,Jo,the oak stool,,thank-you-order\r\n"


def upload(api: httpx.Client, data: bytes, key: str | None = None, **form: str) -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    return api.post("/v1/batches", files={"orders": ("orders.csv", data, "text/csv")}, data=form, headers=headers)


def test_all_sample_orders_are_accepted(api: httpx.Client, house: House) -> None:
    for hand in house.shelf.hands:
        batch = upload(api, ORDERS, hand=hand).json()
        assert batch["failures"] == [], hand
        assert (batch["total"], batch["accepted"], batch["refused"]) == (18, 18, 0)
        assert batch["jobs"] == {"held": 18}
    page = api.get("/v1/jobs", params={"batch": batch["id"], "order": "oldest", "limit": 18}).json()
    assert [job["external_id"] for job in page["data"]][:2] == ["A-1001", "A-1002"]
    assert [job["row"] for job in page["data"]] == list(range(2, 20))
    assert page["data"][0]["waiting_for"] == "its batch has not been started"
    assert "Dear Sarah,\nThank you so much" in page["data"][0]["text"]


def test_bad_orders_are_refused_each_for_its_own_reason(api: httpx.Client) -> None:
    batch = upload(api, BAD_ORDERS).json()
    found = {(one["row"], one["column"], one["code"]) for one in batch["failures"]}
    assert found == {
        (3, "first_name", "missing_field"),
        (4, "template", "unknown_template"),
        (5, "message", "unwritable_character"),
        (6, "country", "unknown_country"),
        (7, "nickname", "missing_field"),
        (8, "external_id", "duplicate_external_id"),
        (9, "message", "text_overflow"),
        (11, "street", "missing_street"),
        (11, "postal_code", "missing_postal_code"),
        (11, "city", "missing_city"),
    }
    assert (batch["total"], batch["accepted"], batch["refused"]) == (10, 2, 8)
    unwritable = next(one for one in batch["failures"] if one["code"] == "unwritable_character")
    assert (unwritable["character"], unwritable["code_point"], unwritable["position"]) == ("𓀀", "U+13000", 6)
    jobs = api.get("/v1/jobs", params={"batch": batch["id"], "order": "oldest"}).json()["data"]
    assert [job["external_id"] for job in jobs] == ["X-1", "X-9"]
    assert api.get(f"/v1/batches/{batch['id']}").json() == batch


def test_failures_can_be_mended_and_sent_again(api: httpx.Client) -> None:
    batch = upload(api, BAD_ORDERS).json()
    answer = api.get(f"/v1/batches/{batch['id']}/failures.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["external_id"] for row in rows] == ["X-2", "X-3", "X-4", "X-5", "X-6", "X-1", "X-8", "X-10"]
    assert "no letter for" in rows[2][api_csv.REASONS]
    assert list(rows[0]) == [*BAD_ORDERS.decode().splitlines()[0].split(","), api_csv.REASONS]
    for row in rows:
        row.update(first_name="Grace", template="thank-you-order", message="", country="GB")
        row.update(street="1 Mill Road", postal_code="CB1 2AD", city="Cambridge")
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    again = upload(api, out.getvalue().encode("utf-8-sig")).json()
    assert (again["accepted"], again["failures"]) == (8, [])


def test_nothing_is_written_before_the_start(api: httpx.Client) -> None:
    batch = upload(api, HEAD + GOOD_ROW).json()
    job = api.get("/v1/jobs", params={"batch": batch["id"]}).json()["data"][0]
    refused = api.post(f"/v1/jobs/{job['id']}/release")
    assert (refused.status_code, refused.json()["code"]) == (409, "wrong_state")
    assert batch["started_at"] is None
    for _ in range(2):
        started = api.post(f"/v1/batches/{batch['id']}/start").json()
        assert started["jobs"] == {"ready": 1}
        assert started["started_at"] is not None


def test_a_batch_can_start_at_once_or_be_held(api: httpx.Client) -> None:
    assert upload(api, HEAD + GOOD_ROW, start="true").json()["jobs"] == {"ready": 1}
    held = upload(api, HEAD + GOOD_ROW, start="true", hold="true").json()
    job = api.get("/v1/jobs", params={"batch": held["id"]}).json()["data"][0]
    assert (job["state"], job["hold"]) == ("held", True)
    assert api.post(f"/v1/jobs/{job['id']}/release").json()["state"] == "ready"


def test_same_key_same_file_is_one_batch(api: httpx.Client) -> None:
    first = upload(api, HEAD + GOOD_ROW, "k1")
    again = upload(api, HEAD + GOOD_ROW, "k1")
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    other = upload(api, HEAD + GOOD_ROW + GOOD_ROW.replace(b"G-1", b"G-2"), "k1")
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    assert len(api.get("/v1/jobs").json()["data"]) == 1


def test_the_form_template_serves_rows_that_name_none(api: httpx.Client) -> None:
    data = b"external_id,first_name,agent,message\nG-1,Ana,Jo,\nG-2,Bo,Jo,My own words\n"
    batch = upload(api, data, template="thank-you-patience").json()
    texts = {job["external_id"]: job["text"] for job in api.get("/v1/jobs").json()["data"]}
    assert batch["accepted"] == 2
    assert texts["G-1"].startswith("Dear Ana")
    assert texts["G-2"] == "My own words"


def test_what_was_ordered_before_is_accepted_and_said(api: httpx.Client) -> None:
    two = HEAD + GOOD_ROW + GOOD_ROW.replace(b"G-1", b"G-2")
    first = upload(api, two).json()
    assert first["warnings"] == []
    jobs = {one["external_id"]: one["id"] for one in api.get("/v1/jobs").json()["data"]}
    api.post(f"/v1/jobs/{jobs['G-1']}/cancel")
    again = upload(api, two).json()
    assert again["accepted"] == 2
    [warning] = again["warnings"]
    assert (warning["row"], warning["code"]) == (3, "already_ordered")
    assert (warning["external_id"], warning["job"]) == ("G-2", jobs["G-2"])
    assert "G-2" in warning["message"]
    assert warning["code"] in FAULTS
    assert api.get(f"/v1/batches/{again['id']}").json() == again


def test_rows_may_ask_for_other_letters_and_are_warned_of(api: httpx.Client) -> None:
    rows = "external_id,message\nG-1,Hello\nG-2,Привет\n".encode()
    assert upload(api, rows).json()["refused"] == 1
    batch = upload(api, rows, transliterate="true").json()
    assert (batch["accepted"], len(batch["warnings"])) == (2, 1 + 6)
    told = [one for one in batch["warnings"] if one["code"] == "transliterated"]
    assert {(one["row"], one["external_id"]) for one in told} == {(3, "G-2")}
    assert "".join(one["replacement"] for one in told) == "Privet"
    assert api.get(f"/v1/batches/{batch['id']}").json() == batch


def test_columns_may_be_written_with_capitals(api: httpx.Client) -> None:
    head = b" External_ID ,First_Name,Agent,PRODUCT,Message,Template\r\n"
    rows = b"G-2,Bo,Jo,,Hello {First_Name} of {agent},\r\nG-3,,Jo,the oak stool,,thank-you-order\r\n"
    batch = upload(api, head + GOOD_ROW + rows).json()
    assert [(one["row"], one["column"]) for one in batch["failures"]] == [(4, "First_Name")]
    texts = {job["external_id"]: job["text"] for job in api.get("/v1/jobs").json()["data"]}
    assert texts["G-1"].startswith("Dear Ana")
    assert texts["G-2"] == "Hello Bo of Jo"


def test_a_file_without_words_is_refused_by_its_columns(api: httpx.Client) -> None:
    data = b"name,text\nAna,Hello\n"
    answer = upload(api, data)
    assert (answer.status_code, [one["code"] for one in answer.json()["errors"]]) == (422, ["no_words"])
    assert "the columns are: name, text" in answer.json()["detail"]
    assert upload(api, data, template="thank-you-patience").status_code == 201


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        (b"G-2,Ana,Jo,it,Own words,birthday", "message", "template_and_message"),
        (b"G-2,Ana,Jo,it,,", "message", "empty_text"),
        (b"G-2,Ana,Jo,it,,birthday,more", None, "cell_count"),
        (b"G-2,Ana", None, "cell_count"),
        (b"G-2,Ana,Jo,it,Hello {first_name,", "message", "bad_field"),
        (b"G-2,Ana,Jo,it,Hello \x07,", "message", "bad_character"),
        (b"G-2,Ana,Jo,it," + b"x" * 5001 + b",", "message", "cell_too_long"),
        (b"G" * 101 + b",Ana,Jo,it,,birthday", "external_id", "cell_too_long"),
    ],
)
def test_a_bad_row_never_blocks_the_others(api: httpx.Client, row: bytes, column: str | None, code: str) -> None:
    batch = upload(api, HEAD + row + b"\n" + GOOD_ROW).json()
    assert [(one["row"], one["column"], one["code"]) for one in batch["failures"]] == [(2, column, code)]
    assert batch["accepted"] == 1
    assert code in FAULTS


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "no_header"),
        (b"\n\n", "no_header"),
        (HEAD, "no_rows"),
        (HEAD + b",,,,,\n\n", "no_rows"),
        (b"name,name\na,b\n", "bad_header"),
        (b"name,Name\na,b\n", "bad_header"),
        (b"name,,x\na,b,c\n", "bad_header"),
        (",".join(f"c{i}" for i in range(101)).encode() + b"\n1\n", "bad_header"),
        (b"name\nM\xfcller\n", "not_utf8"),
        (b'name\n"a"b\n', "bad_csv"),
        (b'name\n"never closed\n', "bad_csv"),
        (b"name\n" + b"a\n" * (api_csv.MAX_ROWS + 1), "too_many_rows"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(api: httpx.Client, data: bytes, code: str) -> None:
    answer = upload(api, data)
    assert (answer.status_code, answer.json()["code"]) == (422, "csv_refused")
    assert [one["code"] for one in answer.json()["errors"]] == [code]
    assert code in FAULTS


def test_a_file_too_large_is_refused_before_it_is_read(api: httpx.Client) -> None:
    answer = upload(api, b"name\n" + b"x" * (api_csv.MAX_BYTES + 100_000))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_other_spreadsheets_delimiters_and_marks(delimiter: str) -> None:
    text = f"external_id{delimiter}message\r\nA{delimiter}Zoë, 3 €; “x”\r\n".replace("Zoë, 3 €; “x”", '"Zoë, 3 €; x"')
    sheet = api_csv.read(b"\xef\xbb\xbf" + text.encode())
    assert sheet.columns == ("external_id", "message")
    assert sheet.rows[0].cells == {"external_id": "A", "message": "Zoë, 3 €; x"}


def test_rows_count_as_in_a_spreadsheet() -> None:
    sheet = api_csv.read(b'a,b\n"two\nlines",1\n\n,\nx,2\n')
    assert [row.number for row in sheet.rows] == [2, 5]


@pytest.mark.parametrize("cell", ["=1+1", "+49 89 123", "-1", "@SUM(A1)", "'=x", "''-", "\t=x"])
def test_formulas_are_made_harmless(cell: str) -> None:
    text = api_csv.write_failures(["name"], [({"name": cell}, [Fault("name", "x", "=bad")])])
    for one in list(csv.reader(io.StringIO(text)))[1]:
        assert one.startswith("'") or one.startswith("name: ")


Cells = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("=+-@'\n"), max_size=12).map(str.strip)


@given(st.lists(st.tuples(Cells.filter(bool), Cells, Cells), min_size=1, max_size=5))
def test_refused_rows_come_back_as_they_were(rows: list[tuple[str, ...]]) -> None:
    columns = ("=id", "message", "city")
    kept = [dict(zip(columns, row, strict=True)) for row in rows]
    text = api_csv.write_failures(columns, [(cells, [Fault("city", "c", "why, because")]) for cells in kept])
    sheet = api_csv.read(text.encode("utf-8-sig"))
    assert sheet.columns == columns
    assert [dict(row.cells) for row in sheet.rows] == kept
    assert not any(row.faults for row in sheet.rows)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        assert api_csv.read(data).rows
    except Problem as problem:
        if problem.code != "csv_refused":
            raise


def test_addresses_need_what_their_country_needs() -> None:
    def codes(**cells: str) -> list[tuple[str, str]]:
        return [(one.field, one.code) for one in address_faults(cells)]

    assert codes(first_name="Ana") == []
    assert codes(street="3 rue X", postal_code="75018", city="Paris", country="fr") == []
    # No post code in Serbia's and Ireland's rules; no region asked for anywhere.
    assert codes(street="Cara Dušana 18", postal_code="", city="Beograd", country="RS") == []
    assert codes(street="88 Orchard Court", postal_code="560001", city="Bengaluru", country="IN") == []
    assert codes(street="1 Mill Road", postal_code=" ", city="Cambridge", country="GB") == [
        ("postal_code", "missing_postal_code")
    ]
    assert codes(street="", country="") == [("country", "missing_country")]
    for country in ("ZZ", "ALL", "USA", "Germany", "../GB", "ÄÖ", "1", "U\u017f"):
        assert codes(street="1", country=country) == [("country", "unknown_country")], country
    assert {code for _, code in codes(country="GB") + codes(country="") + codes(country="ZZ")} <= set(FAULTS)


def test_a_batch_is_discarded_as_a_whole(api: httpx.Client) -> None:
    batch = api.post("/v1/batches", files={"orders": ("a.csv", ORDERS)}).raise_for_status().json()
    first = api.get("/v1/jobs", params={"batch": batch["id"], "limit": 1}).json()["data"][0]
    discarded = api.post(f"/v1/batches/{batch['id']}/discard").raise_for_status().json()
    assert discarded["jobs"] == {"cancelled": batch["accepted"]}
    assert api.get(f"/v1/jobs/{first['id']}").json()["state"] == "cancelled"
    started = api.post(f"/v1/batches/{batch['id']}/start").raise_for_status().json()
    assert started["jobs"] == {"cancelled": batch["accepted"]}
    assert api.post("/v1/batches/bat_00000000000000000000000000/discard").status_code == 404
