"""A shift at the console, in real Chromium against the real server with simulated plotters."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from browser import Visit, Visitor
from playwright.sync_api import Locator, expect
from shopfront import BAD_ORDERS, ORDERS, ROOT, House, example_shop, serving

from jobs import schema
from jobs.dispatch import Claim
from jobs.job import Condition
from plotter.faults import Card, Resume
from server import build

NOTE = "Dear Ana,\nthank you for the long letter. It lies on the shelf over my desk and I read it often.\nJo"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[str]:
    """The address of the shipped shop, its two simulated plotters eight times as fast as real ones."""
    it = example_shop()
    database = f"sqlite:///{tmp_path}/fairhand.db"
    plotters = tuple(replace(one, port="sim://?speed=8") for one in it.plotters)
    app = build(replace(it, plotters=plotters, server=replace(it.server, database=database)))
    with serving(app) as address:
        yield address


def panel(of: Visitor, name: str) -> Locator:
    return of.page.locator(f'[data-plotter="{name}"]')


def state(of: Visitor, name: str) -> Locator:
    return panel(of, name).locator(".state")


def said(of: Visitor, words: str) -> Locator:
    """A word in passing that all can see."""
    return of.page.locator("#messages li").filter(has_text=words)


def order(address: str, text: str = NOTE, **more: object) -> str:
    answer = httpx.post(f"{address}/v1/jobs", json={"text": text, "seed": 7, **more}, timeout=60)
    return str(answer.raise_for_status().json()["id"])


def load_by_keyboard(op: Visitor, plotter: str) -> None:
    op.press(plotter, "l")
    looked = op.page.get_by_label("I have looked: the bed is clear and the cards lie in place")
    op.tab_to(looked)
    op.press("Space", "Enter")
    expect(op.page.locator("#blanks")).to_be_hidden()


def begun(house: House, blanks: int = 20) -> Claim:
    """The card that the plotter left has under its pen, one of so many blanks."""
    house.load(count=blanks)
    claim = house.dispatch.claim("left")
    assert claim is not None
    house.dispatch.pen_down(claim)
    house.dispatch.report("left", Condition.WRITING)
    return claim


def interrupted(house: House, address: str) -> str:
    """A card that the plotter left has begun and not finished."""
    job = order(address)
    claim = begun(house)
    house.dispatch.finish(claim, finished=False, reason="ALARM:1", stroke=12)
    house.dispatch.report("left", Condition.ATTENTION, "look at the card")
    return job


def test_a_shift_by_keyboard_alone(shop: str, visit: Visit) -> None:
    op = visit(shop)
    expect(state(op, "left")).to_have_text("No blanks")
    load_by_keyboard(op, "1")
    expect(state(op, "left")).to_have_text("Ready")
    expect(panel(op, "left").locator(".blanks")).to_have_text("20 blanks of A6 flat card left")

    op.press("n")
    op.page.keyboard.type(NOTE)
    expect(op.page.locator("#note-picture .stroke.written").nth(40)).to_be_attached()
    expect(op.page.locator("#note-facts")).to_contain_text("of pen time")
    op.tab_to(op.page.get_by_role("button", name="Send to the plotters"))
    op.press("Enter")
    expect(op.page.locator("#note")).to_be_hidden()
    expect(said(op, "is in the queue")).to_be_visible()

    expect(state(op, "left")).to_have_text("Writing")
    ink, pale = panel(op, "left").locator(".stroke.written"), panel(op, "left").locator(".stroke:not(.written)")
    expect(ink.nth(3)).to_be_attached()
    seen = ink.count()
    expect(pale.first).to_be_attached()
    expect(ink.nth(seen + 5)).to_be_attached()
    expect(panel(op, "left").locator(".nib")).to_be_visible()

    op.press("1", "h")
    expect(state(op, "left")).to_have_text("Holding")
    expect(panel(op, "left").locator(".why")).to_contain_text("Pen up, card unharmed")
    expect(panel(op, "left").get_by_role("button", name="Go on")).to_be_visible()
    held = ink.count()
    assert pale.count() > 0
    op.press("h")
    expect(state(op, "left")).to_have_text("Writing")
    expect(ink.nth(held + 2)).to_be_attached()

    op.press("s")
    expect(op.page.locator("#stop")).to_contain_text("stays unfinished")
    asked = op.page.locator("#stop-card").inner_text()
    expect(op.page.locator("#stop-card")).not_to_have_text(asked)
    assert op.focused(op.page.get_by_role("button", name="Keep writing"))
    op.tab_to(op.page.get_by_role("button", name="Stop now"))
    op.press("Enter")
    expect(state(op, "left")).to_have_text("Waits for your decision")
    expect(panel(op, "left").locator(".nib")).to_be_hidden()
    expect(op.page).to_have_title("(1) Fairhand")

    decide = op.page.locator("#needs-list").get_by_role("button", name="Look and decide")
    expect(decide).to_be_visible()
    op.press("d")
    expect(decide).to_be_focused()
    op.press("Enter")
    drawn = op.page.locator("#decide-picture .stroke.written")
    expect(drawn.nth(held)).to_be_attached()
    expect(op.page.locator("#decide-strokes")).to_contain_text("the ink as the pen drew it")
    op.tab_to(op.page.get_by_role("button", name="Write it again on a fresh card"))
    op.press("Enter")
    expect(op.page.locator("#decide")).to_be_hidden()
    expect(state(op, "left")).to_have_text("No blanks")

    load_by_keyboard(op, "1")
    expect(panel(op, "left").locator(".caption")).to_contain_text("Just written")
    expect(pale).to_have_count(0)
    expect(op.page.locator("#figure-written")).to_have_text("1")
    expect(op.page.locator("#figure-interrupted")).to_have_text("1")
    expect(op.page).to_have_title("Fairhand")
    [job] = httpx.get(f"{shop}/v1/jobs").json()["data"]
    tries = httpx.get(f"{shop}/v1/jobs/{job['id']}/attempts").json()["data"]
    assert (job["state"], [one["outcome"] for one in tries]) == ("done", ["spoiled", "written"])


def test_a_killed_server_is_told_and_its_card_decided(tmp_path: Path, visit: Visit) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"FAIRHAND_DATABASE": f"sqlite:///{tmp_path}/fairhand.db"}

    with ExitStack() as ended:

        def serve() -> subprocess.Popen[str]:
            line = [sys.executable, str(ROOT / "server.py"), "serve", "--port", str(port), "--sim-speed", "4"]
            it = ended.enter_context(
                subprocess.Popen(line, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
            )
            ended.callback(it.kill)
            assert it.stdout is not None
            assert it.stdout.readline().strip() == f"http://127.0.0.1:{port}/"
            return it

        first = serve()
        address = f"http://127.0.0.1:{port}"
        op = visit(address)
        op.refusals.add("404 /v1/jobs")
        job = order(address)
        op.refusals = {f"404 /v1/jobs/{job}/ink.svg", *(f"ERR_ {path}" for path in ("/v1/events", "/health"))}
        load_by_keyboard(op, "1")
        expect(panel(op, "left").locator(".stroke.written").nth(3)).to_be_attached()
        first.send_signal(signal.SIGKILL)
        expect(op.page.get_by_role("alert").filter(has_text="If the server still runs")).to_be_visible()

        serve()
        expect(op.page.locator("#lost")).to_be_hidden()
        expect(state(op, "left")).to_have_text("Waits for your decision")
        panel(op, "left").get_by_role("button", name="Look and decide").click()
        expect(op.page.locator("#decide-reason")).to_contain_text("The server was restarted")
        expect(op.page.locator("#decide-strokes")).to_contain_text("there may be more on the card")
        expect(op.page.locator("#decide-picture .stroke.written").nth(2)).to_be_attached()
        op.page.get_by_role("button", name="The card is good").click()
        expect(op.page.locator("#decide")).to_be_hidden()
        expect(op.page).to_have_title("Fairhand")
        assert httpx.get(f"{address}/v1/jobs/{job}").json()["state"] == "done"


@pytest.mark.parametrize(("decision", "then"), [("The card is good", "done"), ("Give up this card", "failed")])
def test_what_a_person_decides(house: House, address: str, visit: Visit, decision: str, then: str) -> None:
    job = interrupted(house, address)
    op = visit(address)
    op.refusals = {f"404 /v1/jobs/{job}/ink.svg"}
    op.page.locator("#needs-list").get_by_role("button", name="Look and decide").click()
    op.page.get_by_label("Remark for the record").fill("ink blot")
    op.page.get_by_role("button", name=decision).click()
    expect(op.page.locator("#decide")).to_be_hidden()
    expect(op.page.locator("#needs-title")).to_be_focused()
    expect(said(op, "counts as written" if then == "done" else "is given up")).to_be_visible()
    assert httpx.get(f"{address}/v1/jobs/{job}").json()["state"] == then
    assert httpx.get(f"{address}/v1/jobs/{job}/attempts").json()["data"][0]["note"] == "ink blot"
    if then == "failed":
        need = op.page.locator("#needs-list li").filter(has_text="could not be written")
        need.get_by_role("button", name="Requeue").click()
        expect(need).to_be_hidden()
        assert httpx.get(f"{address}/v1/jobs/{job}").json()["state"] == "ready"


def test_what_needs_a_person_is_counted(house: House, address: str, visit: Visit) -> None:
    house.dispatch.report("left", Condition.IDLE)
    house.dispatch.report("right", Condition.FAULT, "the settings $110 and $120 differ from the machine's")
    op = visit(address)
    needs = op.page.locator("#needs-list li")
    expect(needs).to_have_count(1)
    expect(needs).to_contain_text("right: fault")
    expect(needs).to_contain_text("The settings $110 and $120 differ")
    order(address)
    expect(op.page).to_have_title("(2) Fairhand")
    expect(needs.nth(1)).to_contain_text("left has no blanks")
    house.load(stock="a2")
    expect(needs.nth(1)).to_contain_text("No plotter has A6 flat card")
    for _ in range(7):
        order(address, plotter="left")
    expect(op.page.locator("#figure-waiting")).to_have_text("8")


def test_orders_by_csv(address: str, visit: Visit, tmp_path: Path) -> None:
    op = visit(address)
    for name, data in (("bad.csv", BAD_ORDERS), ("good.csv", ORDERS)):
        (tmp_path / name).write_bytes(data)
    op.press("u")
    op.page.get_by_label("CSV file").set_input_files(tmp_path / "bad.csv")
    op.page.get_by_role("button", name="Check the file").click()
    expect(op.page.locator("#batch-counts")).to_have_text("10 rows: 2 can be written, 8 refused.")
    expect(op.page.locator("#batch-counts")).to_be_focused()
    rows = op.page.locator("#batch-failures tr")
    expect(rows.filter(has_text="U+13000")).to_contain_text("5message")
    with op.page.expect_download() as download:
        op.page.get_by_role("link", name="refused rows as CSV").click()
    assert download.value.path().read_bytes().startswith(b"\xef\xbb\xbfexternal_id")
    op.page.get_by_role("button", name="Leave").click()
    expect(said(op, "2 cards stay on hold; start them under Cards > On hold.")).to_be_visible()

    # Left without a start: its cards wait on hold, and can be started from the table.
    expect(op.page.locator("#figure-waiting")).to_have_text("0")
    op.page.get_by_label(re.compile("^On hold")).check()
    expect(op.page.locator("#queue tr").first).to_contain_text("Batch bad.csv, uploaded ")
    op.page.locator("#queue tr").first.get_by_role("button", name="Start its batch").click()
    expect(op.page.locator("#figure-waiting")).to_have_text("2")

    op.press("u")
    op.page.get_by_label("CSV file").set_input_files(tmp_path / "good.csv")
    op.page.get_by_role("button", name="Check the file").click()
    op.page.get_by_role("button", name="Discard all of it").click()
    expect(said(op, "18 cards are discarded; nothing was written.")).to_be_visible()
    expect(op.page.locator("#figure-waiting")).to_have_text("2")

    op.press("u")
    expect(op.page.get_by_role("button", name="Discard all of it")).to_be_hidden()
    op.page.get_by_label("CSV file").set_input_files(tmp_path / "good.csv")
    op.page.get_by_role("button", name="Check the file").click()
    op.page.get_by_role("button", name="Start writing 18 cards").click()
    expect(op.page.locator("#batch")).to_be_hidden()
    expect(op.page.locator("#figure-waiting")).to_have_text("20")


def test_orders_that_came_before_are_told_before_the_start(address: str, visit: Visit) -> None:
    op = visit(address)
    words = "already ordered: job_1 of this morning has the same external_id"
    answer = {
        "id": "bat_1",
        "total": 2,
        "accepted": 2,
        "refused": 0,
        "failures": [],
        "warnings": [{"row": 3, "code": "already_ordered", "message": words, "external_id": "A-2", "job": "job_1"}],
    }
    op.page.route("**/v1/batches", lambda route: route.fulfill(status=201, json=answer))
    op.press("u")
    op.page.get_by_label("CSV file").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": ORDERS})
    op.page.get_by_role("button", name="Check the file").click()
    expect(op.page.locator("#batch-warned-count")).to_have_text("Look before you start: 1 warning")
    expect(op.page.locator("#batch-warnings tr")).to_have_text("3A-2Already" + words.removeprefix("already"))
    expect(op.page.locator("#batch-failed")).to_be_hidden()
    assert op.axe() == []
    op.press("Escape")
    expect(said(op, "2 cards stay on hold")).to_be_visible()


@pytest.mark.parametrize(("capacity", "room"), [(1, 0), (20, 19)])
def test_the_last_blank_under_the_pen(house: House, address: str, visit: Visit, capacity: int, room: int) -> None:
    with house.store.transaction() as connection:
        connection.execute(schema.plotter.update().values(capacity=capacity))
    order(address)
    claim = begun(house, blanks=1)
    op = visit(address)
    left = panel(op, "left")
    load = left.get_by_role("button", name="Load blanks")
    expect(left.locator(".blanks")).to_have_text("The last blank is under the pen")
    expect(left.locator(".blanks")).not_to_have_attribute("data-none", "yes")
    if room:
        load.click()
        expect(op.page.get_by_label("Blank cards loaded")).to_have_attribute("max", str(room))
        expect(op.page.locator("#blanks-room")).to_contain_text("One card is under the pen")
        op.page.locator("#blanks-looked").check()
        op.page.get_by_role("button", name="Confirm blanks").click()
        expect(said(op, "left: 19 blanks of A6 flat card confirmed.")).to_be_visible()
        return
    expect(load).to_have_attribute("aria-disabled", "true")
    expect(load).to_have_attribute("title", re.compile("still being written"))
    op.press("1", "l")
    expect(said(op, "still being written")).to_be_visible()
    expect(op.page.locator("#blanks")).to_be_hidden()
    house.dispatch.finish(claim, finished=True, stroke=claim.job.strokes)
    house.dispatch.report("left", Condition.IDLE)
    expect(left.locator(".blanks")).to_have_text("No blanks loaded")
    expect(load).not_to_have_attribute("aria-disabled", "true")


def test_a_note_that_cannot_be_written_says_so_at_its_field(address: str, visit: Visit) -> None:
    op = visit(address)
    op.refusals = {"422 /v1/previews", "422 /v1/jobs"}
    op.press("n")
    op.page.keyboard.type("Dear 妹, thank you.")
    text = op.page.get_by_label("Text")
    expect(op.page.locator("#note-text-error")).to_contain_text("U+59B9")
    expect(text).to_have_attribute("aria-invalid", "true")
    op.page.get_by_role("button", name="Send to the plotters").click()
    expect(text).to_be_focused()
    text.fill("Dear {nickname}, thank you.")
    expect(op.page.locator("#note-text-error")).to_contain_text("{nickname}")
    expect(op.page.locator("#note-text-error")).to_contain_text("(for a brace itself write {{ or }})")
    text.fill("Dear Ana, thank you.")
    expect(op.page.locator("#note-text-error")).to_be_empty()
    strokes = op.page.locator("#note-picture .stroke").first
    was = strokes.get_attribute("d")
    op.page.get_by_role("button", name="Write it another way").click()
    expect(strokes).not_to_have_attribute("d", was or "")
    was = strokes.get_attribute("d")
    op.page.get_by_text("How it is written").click()
    text.fill("Dear 妹, thank you.")
    expect(op.page.locator("#note-text-error")).to_contain_text("U+59B9")
    op.page.get_by_label("in letters it has").check()
    expect(op.page.locator("#note-facts")).to_contain_text("is written as “Mei”")
    text.fill("Dear Ana, thank you.")
    expect(op.page.locator("#note-facts")).not_to_contain_text("is written as")
    was = strokes.get_attribute("d")
    op.page.get_by_label("Slant").fill("14")
    expect(strokes).not_to_have_attribute("d", was or "")
    op.page.get_by_label("Seed").fill("")
    op.page.get_by_role("button", name="Send to the plotters").click()
    expect(op.page.locator("#note-seed-error")).not_to_be_empty()
    op.page.get_by_label("Seed").fill("7")
    op.page.get_by_role("button", name="Send to the plotters").click()
    expect(op.page.locator("#queue tr")).to_have_count(1)
    assert httpx.get(f"{address}/v1/jobs").json()["data"][0]["seed"] == 7
    assert httpx.get(f"{address}/v1/jobs").json()["data"][0]["knobs"] == {"slant": 14}


def test_markup_in_a_note_stays_text(house: House, address: str, visit: Visit) -> None:
    evil = "<img src=/x onerror=alert(1)><script>alert(2)</script> & <b>bold</b>"
    job = order(address, evil, external_id="<i onclick=alert(3)>A</i>")
    house.load()
    claim = house.dispatch.claim("left")
    assert claim is not None
    house.dispatch.fail(claim, evil)
    op = visit(address)
    needs = op.page.locator("#needs-list li").filter(has_text="could not be written")
    expect(needs).to_contain_text("<i onclick=alert(3)>A</i> could not be written")
    expect(needs).to_contain_text("<script>alert(2)</script>")
    op.page.get_by_label("All", exact=True).check()
    row = op.page.locator(f'[data-job="{job}"]')
    expect(row).to_contain_text("<img src=/x onerror=alert(1)>")
    row.get_by_role("button", name="Look").click()
    expect(op.page.locator("#look-picture")).to_be_visible()
    assert op.page.locator("#queue img, #queue script, #queue b, #queue i, #needs-list img, #needs-list i").count() == 0
    assert op.page.locator("#look-picture").get_attribute("alt") == evil


def test_the_table_pages_and_moves_cards(house: House, address: str, visit: Visit) -> None:
    house.dispatch.report("left", Condition.IDLE)
    for n in range(21):
        order(address, f"Card {n}", external_id=f"N-{n}")
    op = visit(address)
    rows = op.page.locator("#queue tr")
    expect(rows).to_have_count(20)
    expect(rows.first).to_contain_text(re.compile(r"N-0 · ordered \d\d:\d\d"))
    op.page.get_by_role("button", name="Next", exact=True).click()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("N-20")
    expect(rows.locator(".job-why")).to_have_attribute("title", re.compile("load a6 blanks", re.IGNORECASE))
    rows.get_by_role("button", name="Hold back: N-20").click()
    expect(rows).to_have_count(20)
    op.page.get_by_label(re.compile("^On hold")).check()
    rows.get_by_role("button", name="Release: N-20").click()
    expect(op.page.locator("#queue-none")).to_be_visible()
    expect(op.page.locator("#queue-none")).to_have_text("No card is on hold.")
    op.page.get_by_label(re.compile("^Waiting")).check()
    expect(rows).to_have_count(20)
    cancel = rows.first.get_by_role("button", name="Cancel")
    cancel.click()
    expect(op.page.locator("#cancel-what")).to_contain_text("Card 0")
    assert op.focused(op.page.get_by_role("button", name="Keep it"))
    assert op.axe() == []
    op.press("Enter")
    expect(cancel).to_be_focused()
    cancel.click()
    op.page.get_by_role("button", name="Cancel this card").click()
    expect(said(op, "N-0 is cancelled.")).to_be_visible()
    expect(op.page.locator("#queue-title")).to_be_focused()
    expect(op.page.locator("#figure-waiting")).to_have_text("20")
    op.page.get_by_label(re.compile("^Cancelled")).check()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("N-0")
    find = op.page.get_by_label("Find an order by its number")
    find.fill("N-7")
    expect(rows).to_contain_text("N-7")
    expect(rows).to_have_count(1)
    find.fill("N-77")
    expect(op.page.locator("#queue-none")).to_have_text("No card has the order number “N-77”.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(house: House, address: str, visit: Visit, scheme: str) -> None:
    job = interrupted(house, address)
    order(address, "Dear Bo, it is done.", hold=True)
    order(address, "Dear Cy, it is done.")
    op = visit(address)
    op.refusals = {f"404 /v1/jobs/{job}/ink.svg"}
    op.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    expect(op.page.locator("#queue tr")).to_have_count(1)
    assert op.axe() == []
    for key in ("n", "u", "?"):
        op.press(key)
        expect(op.page.locator("dialog[open]")).to_be_visible()
        assert op.axe() == [], key
        op.press("Escape")
        expect(op.page.locator("dialog[open]")).to_have_count(0)
    for opener in (
        op.page.locator("#needs-list").get_by_role("button", name="Look and decide"),
        op.page.locator("#queue").get_by_role("button", name="Look"),
        panel(op, "right").get_by_role("button", name="Load blanks"),
    ):
        opener.click()
        expect(op.page.locator("dialog[open]")).to_be_visible()
        expect(op.page.locator("dialog[open] :is(svg, img, input)").first).to_be_attached()
        assert op.axe() == [], opener
        op.press("Escape")
        expect(opener).to_be_focused()


@pytest.mark.parametrize("width", [720, 800, 1024, 1440])
def test_nothing_is_cut_off_at_any_width(house: House, address: str, visit: Visit, width: int) -> None:
    """720 is a 1440 screen at 200 %."""
    interrupted(house, address)
    order(address)
    op = visit(address)
    op.page.set_viewport_size({"width": width, "height": 450})
    expect(op.page.locator("#needs-list li")).not_to_have_count(0)
    expect(op.page.locator("#queue tr")).to_have_count(1)
    assert op.javascript("document.documentElement.scrollWidth") <= width
    op.press("n")
    assert op.javascript("(it => it.scrollWidth - it.clientWidth)(document.querySelector('#note'))") == 0
    send = op.page.get_by_role("button", name="Send to the plotters")
    send.scroll_into_view_if_needed()
    expect(send).to_be_in_viewport()


def test_single_keys_can_be_turned_off(address: str, visit: Visit) -> None:
    op = visit(address)
    op.press("?")
    expect(op.page.locator("#keys dt")).to_have_count(13)
    op.page.get_by_label("Single keys work").uncheck()
    op.press("Escape", "n")
    expect(op.page.locator("dialog[open]")).to_have_count(0)
    op.page.reload()
    op.page.get_by_role("button", name="Help").click()
    expect(op.page.get_by_label("Single keys work")).not_to_be_checked()


def test_a_card_whose_place_is_proven_is_gone_on_with(house: House, address: str, visit: Visit) -> None:
    job = order(address)
    claim = begun(house)
    op = visit(address)
    op.refusals = {f"404 /v1/jobs/{job}/ink.svg"}
    op.press("1", "x")
    expect(state(op, "left")).to_have_text("Lifting the pen")
    house.dispatch.progress(claim, stroke=12, held=True, left_s=129.4)
    house.dispatch.report("left", Condition.HELD)
    expect(state(op, "left")).to_have_text("Pen lifted")
    expect(panel(op, "left")).to_contain_text("2:10 left")
    panel(op, "left").get_by_role("button", name="Go on").click()
    expect(panel(op, "left").get_by_role("button", name="Hold at next lift")).to_be_visible()
    told = {"card": Card.RESUMABLE, "fault": "stopped", "resume": Resume(12), "resumable": True}
    house.dispatch.finish(claim, finished=False, reason="stopped", stroke=12, **told)
    house.dispatch.report("left", Condition.ATTENTION, "look at the card")
    expect(op.page.locator("#needs-list li").first).to_contain_text("can be gone on with, if nobody has touched it")
    op.page.locator("#needs-list").get_by_role("button", name="Look and decide").click()
    expect(op.page.get_by_label("I have looked: only the dark strokes")).to_be_hidden()
    op.press("Escape")
    house.dispatch.offer("left", Card.LOOK)
    expect(op.page.locator("#needs-list li").first).to_contain_text("Look at it first; then it may be gone on with.")
    op.page.locator("#needs-list").get_by_role("button", name="Look and decide").click()
    go_on = op.page.get_by_role("button", name="Go on with this card")
    op.refusals.add(f"409 /v1/jobs/{job}/decide")
    go_on.click()
    expect(op.page.locator("#decide .problem")).to_contain_text("looked at first")
    op.page.get_by_label("I have looked: only the dark strokes").check()
    assert op.axe() == []
    go_on.click()
    expect(said(op, "is gone on with.")).to_be_visible()
    assert httpx.get(f"{address}/v1/jobs/{job}").json()["state"] == "writing"


def test_a_spoiled_card_is_not_offered_to_be_gone_on_with(house: House, address: str, visit: Visit) -> None:
    job = interrupted(house, address)
    op = visit(address)
    op.refusals = {f"404 /v1/jobs/{job}/ink.svg"}
    op.page.locator("#needs-list").get_by_role("button", name="Look and decide").click()
    expect(op.page.locator("#decide-verdict")).to_have_text("This card is spoiled: lay a fresh one.")
    expect(op.page.get_by_role("button", name="Write it again on a fresh card")).to_be_visible()
    expect(op.page.get_by_role("button", name="Go on with this card")).to_be_hidden()


def test_a_plotter_is_moved_by_hand_by_one_person_at_a_time(shop: str, visit: Visit) -> None:
    op = visit(shop)
    expect(state(op, "left")).to_have_text("No blanks")
    control = f"{shop}/v1/plotters/plt_left/control"
    place, step = op.page.locator("#hands-place"), op.page.get_by_label("An arrow moves")
    bo = httpx.post(control, json={"by": "Bo"}).json()["token"]
    op.press("1", "m")
    expect(place).to_contain_text("Bo has the controls since")
    expect(op.page.get_by_role("button", name="Take over")).to_be_visible()
    httpx.post(f"{control}/release", json={"token": bo}).raise_for_status()
    op.press("Escape")
    op.press("1", "m")
    expect(place).to_have_text("Nobody has the controls.")
    take = op.page.get_by_role("button", name="Take the controls")
    expect(op.page.get_by_role("button", name="Pen up")).to_be_disabled()
    op.page.get_by_label("Your name, for others to see").fill("Ana")
    assert op.axe() == []
    take.click()
    expect(op.page.get_by_role("button", name="Pen up")).to_be_enabled()
    assert httpx.get(control).json()["by"] == "Ana"

    def x() -> float:
        """Where the pen stands, told after a step sideways to it."""
        step.select_option("0.1")
        told = place.inner_text()
        op.page.get_by_role("button", name="Up", exact=True).click()
        expect(place).not_to_have_text(told)
        return float(re.findall(r"-?\d+\.\d+", place.inner_text())[0])

    assert x() == 0
    step.select_option("hold")
    op.page.locator("#hands-title").focus()
    with op.page.expect_response(lambda answer: answer.url.endswith("/jog")):
        op.page.keyboard.down("ArrowRight")
    op.page.wait_for_timeout(300)
    op.page.keyboard.up("ArrowRight")
    first = x()
    assert first > 0
    step.select_option("hold")
    op.page.locator("#hands-title").focus()
    with op.page.expect_response(lambda answer: answer.url.endswith("/jog")):
        op.page.keyboard.down("ArrowRight")
    op.javascript("window.dispatchEvent(new Event('blur'))")  # the key is still held, and nobody looks
    second = x()
    assert second >= first
    assert x() == second
    op.page.keyboard.up("ArrowRight")
    httpx.post(control, json={"by": "Bo", "take_over": True}).raise_for_status()
    op.refusals = {f"409 /v1/plotters/plt_left/{verb}" for verb in ("step", "control", "jog", "control/keep")}
    op.page.get_by_role("button", name="Up", exact=True).click()
    expect(op.page.locator("#hands .problem")).to_contain_text("Bo has the controls")
    op.page.get_by_role("button", name="Take over").click()
    expect(op.page.get_by_role("button", name="Pen up")).to_be_enabled()
    op.page.get_by_role("button", name="Let go and close").click()
    expect(op.page.locator("#hands")).to_be_hidden()
    for _ in range(50):
        if httpx.get(control).json()["by"] is None:
            return
    pytest.fail("the controls were not let go")
