"""The care of plotters at the console, in real Chromium: pens and ink, a machine found out of place, macros."""

from dataclasses import replace
from pathlib import Path

import httpx
from browser import Visitor
from playwright.sync_api import Browser, Locator, expect
from shopfront import House, example_shop, serving

from jobs.care import Care
from jobs.job import Condition
from plotter.care import Patch
from server import build


def care_of(op: Visitor, plotter: str = "left") -> Locator:
    op.page.locator(f'[data-plotter="{plotter}"]').get_by_role("button", name="Care").click()
    expect(op.page.locator("#care")).to_be_visible()
    return op.page.locator("#care")


def test_pens_ink_and_heights(house: House, address: str, browser: Browser) -> None:
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        op = Visitor(context, address)
        care = care_of(op)
        expect(care.locator("#care-pen")).to_contain_text("Nobody has said which pen is in it")
        expect(care.locator("#care-ink")).to_be_hidden()
        care.get_by_label("Metres it has written already").fill("100")
        care.get_by_role("button", name="This pen is in it now").click()
        expect(care.locator("#care-pen")).to_contain_text("Gel pen 0.5 mm, black: 450 of 550 m left")
        assert care.locator("#care-ink").evaluate("bar => [bar.value, bar.max]") == [450, 550]
        care.get_by_text("Heights and waits").click()
        care.get_by_label("Servo, pen on paper").fill("655")
        care.get_by_role("button", name="Keep these").click()
        expect(care.locator("#care-said")).to_have_text("Kept until the pen is changed.")
        pen = Care(house.store).fitted("left")
        assert pen is not None
        assert pen.lift["down_s"] == 655
        # What no pen can have is said where it was typed.
        care.get_by_label("Servo, pen on paper").fill("210")
        op.refusals = {"422 /v1/plotters/plt_left/pen/lift", "409 /v1/plotters/plt_left/pen/try"}
        care.get_by_role("button", name="Keep these").click()
        expect(care.locator(".problem")).to_contain_text("The pen lifts from 50 on", ignore_case=True)
        care.get_by_role("button", name="Try").click()
        expect(care.locator(".problem")).to_contain_text("cannot do that now")
        assert op.axe() == []
        op.judge()


def test_a_machine_out_of_place_is_answered_and_settled(house: House, address: str, browser: Browser) -> None:
    book = Care(house.store)
    job = str(httpx.post(f"{address}/v1/jobs", json={"text": "Hello", "seed": 7}).json()["id"])
    house.load()
    claim = house.dispatch.claim("left")
    assert claim is not None
    house.dispatch.pen_down(claim)
    house.dispatch.finish(claim, finished=True, stroke=5)
    book.ask("left", "mark", "X0 Y0")
    house.dispatch.report("left", Condition.ATTENTION, "the pen should stand over its mark")
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        op = Visitor(context, address)
        need = op.page.locator("#needs-list li").filter(has_text="left: needs care")
        need.get_by_role("button", name="Care").click()
        care = op.page.locator("#care")
        expect(care.locator("#care-question")).to_contain_text("should stand over its mark")
        care.get_by_role("button", name="No", exact=True).click()
        expect(care.locator("#care-question")).to_contain_text("1 card written since the last good check set aside")
        expect(care.locator("#care-yes")).to_be_hidden()
        assert httpx.get(f"{address}/v1/jobs/{job}").json()["state"] == "quarantined"
        care.get_by_role("button", name="Let it go on").click()
        expect(care.locator("#care-asks")).to_be_hidden()
        assert op.axe() == []
        care.get_by_role("button", name="Close").click()
        aside = op.page.locator("#needs-list li").filter(has_text="is set aside")
        op.refusals = {f"404 /v1/jobs/{job}/ink.svg"}
        aside.get_by_role("button", name="Look and decide").click()
        expect(op.page.locator("#decide-reason")).to_contain_text("found that it is off its mark")
        op.page.get_by_role("button", name="The card is good").click()
        expect(aside).to_be_hidden()
        assert httpx.get(f"{address}/v1/jobs/{job}").json()["state"] == "done"
        op.judge()


def test_a_real_worker_checks_and_runs_macros_from_the_console(browser: Browser, tmp_path: Path) -> None:
    it = example_shop()
    left = it.plotters[0]
    careful = replace(left.care, drift_check_every=50, macros={"park": ("G0X1Y1",)}, scribble=Patch(x_mm=280, y_mm=20))
    left = replace(left, port="sim://", machine=replace(left.machine, homing=True), care=careful)
    app = build(replace(it, plotters=(left,), server=replace(it.server, database=f"sqlite:///{tmp_path}/f.db")))
    with serving(app) as address, browser.new_context() as context:
        httpx.post(f"{address}/v1/plotters/left/blanks", json={"count": 5, "stock": "a6"}).raise_for_status()
        op = Visitor(context, address)
        expect(op.page.locator('[data-plotter="left"] .state')).to_have_text("Ready")
        care = care_of(op)
        care.get_by_role("button", name="Check now").click()
        expect(care.locator("#care-said")).to_have_text("It is 0.00 mm off its place")
        expect(care.locator("#care-place")).to_contain_text("good, 0.00 mm off")
        care.get_by_role("button", name="Run park").click()
        expect(care.locator("#care-said")).to_contain_text("the pen stands at X1 Y1")
        care.get_by_role("button", name="This pen is in it now").click()
        expect(care.locator("#care-pen")).to_contain_text("550 of 550 m left")
        care.get_by_role("button", name="Write it warm").click()
        expect(care.locator("#care-said")).to_have_text("The pen has written beside the cards")
        assert httpx.get(f"{address}/v1/plotters/left/care").json()["pen"]["warm"] is True
        op.judge()
