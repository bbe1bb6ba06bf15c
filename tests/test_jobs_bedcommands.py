"""The command line's words on beds, against a running server whose plotters the test plays."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from shopfront import House, build, example_shop, serving

from jobs.job import Condition, Order
from jobs.note import Note
from plotter.machine import Feeder, Slot
from server import main

Say = Callable[..., Result]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[tuple[House, Say]]:
    left, right = example_shop().plotters
    left = replace(left, slots={"a": Slot(x_mm=5, y_mm=5), "b": Slot(x_mm=165, y_mm=5)}, capacity=1)
    it = build(tmp_path, plotters=(left, replace(right, feeder=Feeder(macro=("M8", "M9")))))
    with serving(it.app) as address:

        def say(*words: str, stdin: str = "") -> Result:
            return CliRunner().invoke(main, [*words, "--at", address], input=stdin)

        yield it, say


def test_a_load_by_the_command_line(house: tuple[House, Say]) -> None:
    it, say = house
    done = say("load", "left", "--slot", "b=c6")
    assert (done.exit_code, done.output.splitlines()) == (
        0,
        [
            "left is offline: not connected yet",
            "a: nothing; lies at 5.00, 5.00 mm, turned 0.00 degrees, as configured",
            "b: blank of c6; lies at 165.00, 5.00 mm, turned 0.00 degrees, as configured",
        ],
    )
    assert say("load", "left", "--stock", "a6").exit_code == 0
    assert [one.blanks for one in it.store.plotter("left").slots] == [1, 1]
    shown = json.loads(say("bed", "left", "--json").output)
    assert [one["lies"] for one in shown["slots"]] == ["blank", "blank"]
    assert shown["bed"] == {"width_mm": 330, "height_mm": 240}
    refused = say("load", "left", "--slot", "a=c6", "--slot", "b=a6")
    assert refused.exit_code == 3
    assert "the papers in slots a and b overlap by 2.0 mm" in refused.output
    assert say("load", "left", "--slot", "a").exit_code == 2
    assert "say which paper" in say("load", "left").output


def test_a_slot_is_measured_by_two_places_or_by_the_pen(house: tuple[House, Say]) -> None:
    it, say = house
    measure = ("slot", "measure", "left", "b", "--stock", "a6")
    wrong = say(*measure, "--lower-left", "166,6", "--lower-right", "318,7")
    assert wrong.exit_code == 3
    assert "152.00 mm apart and the paper is 148 mm wide" in wrong.output
    done = say(*measure, "--lower-left", "166,6", "--lower-right", "314,7")
    assert "b: nothing; lies at 166.00, 6.00 mm, turned 0.39 degrees, measured" in done.output
    assert it.store.plotter("left").slots[1].measured is not None
    by_pen = say(*measure, stdin="\n")
    assert by_pen.exit_code == 3
    assert "Bring the pen above the lower left corner" in by_pen.output
    assert "cannot do that now" in by_pen.output
    assert "as configured" in say("slot", "reset", "left", "b").output
    assert it.store.plotter("left").slots[1].measured is None
    assert say("slot", "reset", "left", "x").exit_code == 3
    assert say(*measure, "--lower-left", "166").exit_code == 2


def test_a_plotter_at_work_hears_words(house: tuple[House, Say]) -> None:
    it, say = house
    assert say("pause", "left").output.startswith("left: paused, ")
    assert it.store.plotter("left").mode == "paused"
    assert "left: active" in say("activate", "left").output
    assert "left is writing nothing" in say("stop", "left").output
    it.load("left", count=1)
    it.store.add([Order(note=Note(hand=it.shop.notes.hand, stock="a6", text="Hi", seed=1), words="Hi")], actor="c")
    claim = it.dispatch.claim("left")
    assert claim is not None
    it.dispatch.pen_down(claim)
    it.dispatch.progress(claim, stroke=2)
    for word, wanted in (("hold", "hold"), ("lift", "lift"), ("resume", "go on"), ("lift", "lift")):
        said = say(word, "left")
        assert (said.exit_code, f"asked to {wanted}" in said.output) == (0, True), said.output
    assert "the pen of left is lifted already" in say("hold", "left").output
    assert "asked to stop" in say("stop", "left").output
    assert "is stopped or cancelled already" in say("resume", "left").output


def test_a_feeder_is_answered(house: tuple[House, Say]) -> None:
    it, say = house
    assert "does not ask" in say("fed", "right", "yes").output
    it.load("right", count=5)
    it.store.add([Order(note=Note(hand=it.shop.notes.hand, stock="a6", text="Hi", seed=1), words="Hi")], actor="c")
    claim = it.dispatch.claim("right")
    assert claim is not None
    it.dispatch.fed(claim, "asked")
    it.dispatch.report("right", Condition.ATTENTION, "asks")
    assert "WAITS: has the feeder brought a card?" in say("bed", "right").output
    assert say("fed", "right", "yes").exit_code == 0
    assert it.store.plotter("right").slots[0].feed == "here"
