"""The bed at the console, in real Chromium: what lies where, where slots lie, what the feeder brought."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from browser import Visit, Visitor
from playwright.sync_api import Locator, expect
from shopfront import House, build, example_shop

from jobs.desk import Desk
from jobs.dispatch import Claim
from jobs.job import Condition, Order
from jobs.note import Note
from plotter.machine import Feeder, Slot

FOUR = {
    "a": Slot(x_mm=5, y_mm=5),
    "b": Slot(x_mm=165, y_mm=5),
    "c": Slot(x_mm=7, y_mm=122, rotation_deg=0.8),
    "d": Slot(x_mm=315, y_mm=228, rotation_deg=180),
}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A shop whose left plotter has four slots and whose right one a feeder; the test plays them."""
    left, right = example_shop().plotters
    left = replace(left, slots=FOUR, capacity=1)
    right = replace(right, feeder=Feeder(macro=("M8", "G4P1", "M9")))
    one = build(tmp_path, plotters=(left, right))
    yield one
    one.store.close()


def panel(of: Visitor, name: str) -> Locator:
    return of.page.locator(f'[data-plotter="{name}"]')


def said(of: Visitor, words: str) -> Locator:
    return of.page.locator("#messages li").filter(has_text=words)


def lying(of: Visitor) -> dict[str, str | None]:
    """What the panel of the left plotter shows to lie in its slots."""
    slots = panel(of, "left").locator(".lying")
    return {str(one.get_attribute("data-slot")): one.get_attribute("data-lies") for one in slots.all()}


def begin(it: House, plotter: str = "left", stock: str = "a6") -> Claim:
    """The next card, under the pen."""
    it.store.add([Order(note=Note(hand=it.shop.notes.hand, stock=stock, text="Hi", seed=1), words="Hi")], actor="c")
    it.dispatch.report(plotter, Condition.IDLE)
    claim = it.dispatch.claim(plotter)
    assert claim is not None
    return claim


def test_a_load_of_several_slots_from_confirming_to_the_decision(house: House, address: str, visit: Visit) -> None:
    house.dispatch.report("left", Condition.IDLE)
    op = visit(address)
    expect(panel(op, "left").locator(".lying")).to_have_count(4)
    assert set(lying(op).values()) == {"nothing"}
    expect(panel(op, "right").locator(".lying")).to_have_count(0)

    panel(op, "left").get_by_role("button", name="Load blanks").click()
    dialog = op.page.get_by_role("dialog", name="Load blanks on left")
    expect(dialog.get_by_label("Blank cards loaded")).to_be_hidden()
    dialog.get_by_label("Stock").select_option("a6")
    for name in FOUR:
        expect(dialog.get_by_label(f"Slot {name}")).to_have_value("a6")
    dialog.get_by_label("Slot d").select_option("")
    assert dialog.locator('.lying[data-slot="d"]').get_attribute("data-lies") == "nothing"
    # An envelope there would lie upon its neighbour: said with names and mm, and nothing is confirmed.
    dialog.get_by_label("Slot a").select_option("c6")
    dialog.get_by_label("I have looked").check()
    op.refusals = {"422 /v1/plotters/plt_left/blanks"}
    dialog.get_by_role("button", name="Confirm blanks").click()
    expect(dialog.locator(".problem")).to_contain_text("the papers in slots a and b overlap by 2.0 mm")
    assert op.axe() == []
    dialog.get_by_label("Slot a").select_option("a6")
    dialog.get_by_role("button", name="Confirm blanks").click()
    expect(said(op, "left: 3 slots with a blank confirmed.")).to_be_visible()
    expect(panel(op, "left").locator(".blanks")).to_have_text("3 blanks of A6 flat card left")
    expect(panel(op, "left").locator('.lying[data-lies="blank"]')).to_have_count(3)

    first = begin(house)
    house.dispatch.pen_down(first)
    house.dispatch.finish(first, finished=True, stroke=1)
    second = begin(house)
    house.dispatch.pen_down(second)
    house.dispatch.report("left", Condition.WRITING)
    expect(panel(op, "left").locator('.lying[data-lies="writing"]')).to_have_attribute("data-slot", "b")
    expect(panel(op, "left").locator(".caption")).to_contain_text("slot b")
    # Beside a card under the pen there is no room for a paper that would lie upon it.
    big = {"slots": {"a": "c6"}}
    refused = httpx.post(f"{address}/v1/plotters/plt_left/blanks", json=big, timeout=60)
    assert refused.status_code == 422
    assert "the papers in slots a and b overlap by 2.0 mm" in refused.json()["detail"]
    house.dispatch.finish(second, finished=False, reason="ALARM:1", stroke=0)
    house.dispatch.report("left", Condition.ATTENTION, "look at the card")
    expect(panel(op, "left").locator('.lying[data-lies="undecided"]')).to_have_attribute("data-slot", "b")
    expect(op.page.locator(".need").first).to_contain_text("was interrupted on left, slot b")
    expect(panel(op, "left").locator('.lying[data-lies="nothing"]')).to_have_count(2)
    assert lying(op) == {"a": "written", "b": "undecided", "c": "nothing", "d": "nothing"}
    assert op.axe() == []


def test_a_slot_is_measured_and_given_back_to_the_file(house: House, address: str, visit: Visit) -> None:
    house.dispatch.report("left", Condition.IDLE)
    op = visit(address)
    panel(op, "left").get_by_role("button", name="Load blanks").click()
    op.page.get_by_role("button", name="Where cards lie …").click()
    dialog = op.page.get_by_role("dialog", name="Where cards lie on left")
    dialog.get_by_label("Slot", exact=True).select_option("b")
    expect(dialog.locator("#slots-now")).to_contain_text("lies at 165.00, 5.00 mm, turned 0.00°, as the configuration")
    dialog.get_by_label("Paper that lies there").select_option("a6")
    # Nobody drives this plotter: it cannot say where its pen is, and says so.
    op.refusals = {"409 /v1/plotters/plt_left/here", "422 /v1/plotters/plt_left/slots/b/measure"}
    dialog.get_by_role("button", name="The pen is above the lower left corner").click()
    expect(dialog.locator(".problem")).to_contain_text("cannot do that now")
    for at, value in {"left-x": 166, "left-y": 6, "right-x": 318, "right-y": 7}.items():
        dialog.locator(f"#slots-{at}").fill(str(value))
    dialog.get_by_role("button", name="It lies there").click()
    expect(dialog.locator(".problem")).to_contain_text("corners are 152.00 mm apart and the paper is 148 mm wide")
    assert op.axe() == []
    dialog.locator("#slots-right-x").fill("314")
    dialog.get_by_role("button", name="It lies there").click()
    expect(dialog.locator("#slots-now")).to_contain_text("lies at 166.00, 6.00 mm, turned 0.39°, as measured")
    assert house.store.plotter("left").slots[1].measured is not None
    dialog.get_by_role("button", name="As the configuration has it").click()
    expect(dialog.locator("#slots-now")).to_contain_text("lies at 165.00, 5.00 mm")
    assert house.store.plotter("left").slots[1].measured is None


def test_a_feeder_asks_and_a_person_answers(house: House, address: str, visit: Visit) -> None:
    house.dispatch.report("left", Condition.IDLE)
    Desk(house.store).load("right", 20, "a6", actor="op")
    claim = begin(house, "right")
    house.dispatch.fed(claim, "asked")
    house.dispatch.report("right", Condition.ATTENTION, "has the feeder brought a fresh card?")
    op = visit(address)
    expect(panel(op, "right").locator(".state")).to_have_text("Has a card come?")
    need = op.page.locator(".need").filter(has_text="right: has a card come?")
    expect(need).to_be_visible()
    assert op.axe() == []
    need.get_by_role("button", name="Card is in").click()
    expect(said(op, "right writes on it.")).to_be_visible()
    assert house.store.plotter("right").slots[0].feed == "here"
    house.dispatch.fed(claim, "missing")
    house.dispatch.give_back(claim, "no card")
    house.dispatch.report("right", Condition.ATTENTION, "the feeder has not brought a card. Look into the feeder")
    need = op.page.locator(".need").filter(has_text="right: no card has come")
    expect(need).to_contain_text("The feeder has not brought a card. Look into the feeder")
    expect(need.get_by_role("button", name="Load blanks")).to_be_visible()
