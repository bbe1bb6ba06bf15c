"""Loads of several cards, on ink: each in its own slot, none upon another, and what becomes of a load that breaks."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from floor import HAND, SHELF, Floor

from jobs.bed import beyond, lying
from jobs.caring import RunMacro
from jobs.compose import compose
from jobs.desk import Desk
from jobs.dispatch import Dispatch
from jobs.errand import ErrandFailed
from jobs.handling import Here
from jobs.job import Condition, Decision, Job, Missing, Mode, NotAllowed, Order, State, Wanted
from jobs.note import Note
from jobs.store import Store
from plotter import bed
from plotter.care import Care
from plotter.machine import Feeder, Machine, Plotter, Slot
from plotter.serialport import open_port
from plotter.strokes import Stroke, farthest

BED = Machine(width_mm=330, height_mm=240)
FOUR = {
    "a": Slot(x_mm=5, y_mm=8, rotation_deg=-0.6),
    "b": Slot(x_mm=165, y_mm=5),
    "c": Slot(x_mm=7, y_mm=122, rotation_deg=0.8),
    "d": Slot(x_mm=315, y_mm=228, rotation_deg=180),
}
LEFT = Plotter(name="left", port="sim://", machine=BED, slots=FOUR)
FEEDER = Feeder(macro=("M8", "G4P1", "M9"), confirm="pin", wait_s=2)
FED = Plotter(name="left", port="sim://?feeder=2", machine=BED, capacity=20, feeder=FEEDER)


class Shop(Floor):
    """A plotter at work, and all sheets as they lay under its pen, machine frame."""

    def __init__(self, folder: Path, plotter: Plotter, *, faults: str = "", **more: Any) -> None:
        self.sheets: list[list[Stroke]] = []
        self.simulators: list[Any] = []
        self._faults = faults
        super().__init__(folder, plotters=[plotter], opener=self._open, **more)

    def _open(self, url: str, **more: Any) -> Any:
        port: Any = open_port(url if self.drawn() else url + self._faults, **more)
        self.simulators.append(port.simulator)
        change = port.simulator.new_sheet
        port.simulator.new_sheet = lambda: self.sheets.append(change())
        return port

    def until_done(self, job: Job) -> Job:
        found = self.until_state(job, State.DONE, State.INTERRUPTED, State.FAILED, State.CANCELLED)
        assert found.state is State.DONE, found
        return found

    def slot(self, job: Job) -> str | None:
        return self.store.attempts(job.id)[-1].slot

    def lies(self) -> dict[str, str]:
        row = self.store.plotter("left")
        return {one.name: row.lies(one) for one in row.slots}

    def drawn(self) -> list[list[Stroke]]:
        """All sheets with ink, the one under the pen included."""
        return [one for one in [*self.sheets, *(list(sim.ink) for sim in self.simulators)] if one]


Build = Callable[..., Shop]


@pytest.fixture
def shop(floor: Callable[..., Shop]) -> Build:
    return lambda plotter=LEFT, **more: floor(Shop, plotter=plotter, **more)


def assert_on_paper(ink: Sequence[Stroke], job: Job, slot: Slot) -> None:
    """The ink, as it lay on the bed, is the preview laid into the slot, and wholly upon its paper."""
    card = compose(job.as_ordered(), SHELF)
    wanted = slot.onto_bed(card.strokes)
    assert farthest(wanted, ink) < 0.1
    # Between two strokes that all but touch the pen stays down: nowhere off them by more than half its line.
    assert farthest(ink, wanted) < BED.pen_width_mm / 2
    points = np.concatenate(slot.onto_card(list(ink)))
    assert (points > -0.01).all()
    assert (points < np.array([card.stock.width_mm, card.stock.height_mm]) + 0.01).all()


def test_four_cards_lie_in_four_slots(shop: Build) -> None:
    s = shop()
    s.desk.load("left", 4, "a6", actor="op")
    jobs = [s.order(f"Dear {name}, thank you for all of it.\nJo") for name in ("Ana", "Bo", "Cy", "Di")]
    later = s.order("Later")
    for job in jobs:
        s.until_done(job)
    assert [s.slot(job) for job in jobs] == ["a", "b", "c", "d"]
    sheets = s.drawn()
    for job, ink, slot in zip(jobs, sheets, FOUR.values(), strict=True):
        assert_on_paper(ink, job, slot)
        kept = s.store.ink(job.id)
        assert kept is not None
        assert farthest(slot.onto_bed(kept), ink) < 0.01
    assert s.lies() == dict.fromkeys("abcd", "written")
    # The load has run out: nothing is written upon a written card.
    assert s.store.waiting_for(later) == "left: load a6 blanks"
    s.desk.lay("left", {"b": "a6", "d": "a6"}, actor="op")
    s.until_done(later)
    assert s.slot(later) == "b"
    assert s.lies() == {"a": "written", "b": "written", "c": "written", "d": "blank"}


def test_different_papers_in_different_slots(shop: Build) -> None:
    s = shop()
    envelope, first, urgent = s.order("An envelope", "c6"), s.order("First"), s.order("Urgent", priority=5)
    s.desk.lay("left", {"b": "a6", "d": "c6", "c": "a6"}, actor="op")
    for job in (envelope, first, urgent):
        s.until_done(job)
    assert [s.slot(job) for job in (urgent, first, envelope)] == ["b", "c", "d"]
    begun = sorted((s.store.attempts(job.id)[0].claimed_at, s.slot(job)) for job in (envelope, first, urgent))
    assert [slot for _, slot in begun] == ["b", "d", "c"]
    assert_on_paper(s.drawn()[1], envelope, FOUR["d"])
    row = s.store.plotter("left")
    assert (row.blanks, row.loaded_stock, row.stocks) == (0, None, {"a6", "c6"})


def test_a_fault_in_the_middle_of_a_load(shop: Build) -> None:
    first = compose(Note(hand=HAND, stock="a6", text="Dear Ana, thank you.", seed=7), SHELF)
    s = shop(faults=f"?fault=reset@down:{len(first.strokes) + 3}")
    s.desk.load("left", 4, "a6", actor="op")
    whole, broken, last = s.order("Dear Ana, thank you."), s.order("Dear Bo, it is done."), s.order("Cy")
    s.until_done(whole)
    s.until_condition(Condition.ATTENTION)
    assert s.store.job(broken.id).state is State.INTERRUPTED
    # No blank is trusted until somebody has looked, wherever it lies, and nothing more is written.
    assert s.lies() == {"a": "written", "b": "undecided", "c": "nothing", "d": "nothing"}
    s.until(lambda: f"look at the card of {broken.id} in slot b and decide" in s.store.plotter("left").reason)
    assert s.store.job(last.id).state is State.READY
    with pytest.raises(NotAllowed, match="decide that one first"):
        s.desk.lay("left", {"c": "a6"}, actor="op")
    s.desk.decide(broken.id, Decision.FRESH, actor="op")
    s.desk.lay("left", {"c": "a6", "d": "a6"}, actor="op")
    assert [s.slot(s.until_done(job)) for job in (broken, last)] == ["c", "d"]
    assert_on_paper([one for one in s.sheets if one][-1], broken, FOUR["c"])
    assert [one.slot for one in s.store.attempts(broken.id)] == ["b", "c"]


def test_a_slot_is_not_measured_onto_the_blank_of_another(shop: Build) -> None:
    s = shop()
    paper = SHELF.stocks["a6"]
    onto_b = replace(FOUR["b"], x_mm=FOUR["b"].x_mm + 7)
    assert beyond(LEFT, s.store.plotter("left"), "c", onto_b, paper, SHELF.stocks) is None
    row = s.desk.lay("left", {"b": "a6", "c": "a6"}, actor="op")
    assert "slots b and c overlap" in (beyond(LEFT, row, "c", onto_b, paper, SHELF.stocks) or "")
    assert beyond(LEFT, row, "b", onto_b, paper, SHELF.stocks) is None


def test_a_slot_that_was_measured_is_written_where_it_was_measured(shop: Build) -> None:
    s = shop()
    true = Slot(x_mm=166.3, y_mm=7.1, rotation_deg=0.45)
    left, right = (tuple(corner) for corner in bed.outline(true, (148, 105))[:2])
    measured = Slot.from_corners(left, right, 148)
    s.desk.measure("left", "b", measured, actor="op")
    with pytest.raises(Missing, match="has no slot x; it has a, b, c, d"):
        s.desk.measure("left", "x", measured, actor="op")
    s.desk.lay("left", {"b": "a6"}, actor="op")
    job = s.until_done(s.order("Dear Ana, thank you."))
    assert_on_paper(s.drawn()[-1], job, true)
    row = s.desk.measure("left", "b", None, actor="op")
    assert lying(LEFT, row)["b"] == FOUR["b"]


def test_corners_are_touched_with_the_pen_and_the_next_card_lies_there(shop: Build) -> None:
    """The pen is brought above two corners of the paper as it truly lies; where it then stands says the slot."""
    true = Slot(x_mm=40, y_mm=30, rotation_deg=1.5)
    left, right, *_ = bed.outline(true, (148, 105))
    macros = {name: (f"G0X{x:.2f}Y{y:.2f}",) for name, (x, y) in (("left", left), ("right", right))}
    s = shop(replace(LEFT, slots={}, care=Care(macros=macros)))
    errands = s.fleet.errands["left"]
    s.until_condition(Condition.IDLE)
    with pytest.raises(ErrandFailed, match="nobody knows yet where the zero of left is"):
        errands.ask(Here(), actor="op")
    s.desk.mode("left", Mode.PAUSED, actor="op")
    s.desk.load("left", 1, "a6", actor="op")

    def connected_anew() -> bool:
        try:
            return errands.ask(Here(), actor="op") == (0, 0)
        except (NotAllowed, ErrandFailed):
            return False

    s.until(connected_anew)
    touched = []
    for name in macros:
        errands.ask(RunMacro(name), actor="op")
        touched.append(errands.ask(Here(), actor="op"))
    assert touched[0] == pytest.approx(left, abs=0.02)
    s.desk.measure("left", "card", Slot.from_corners(touched[0], touched[1], 148), actor="op")
    s.desk.mode("left", Mode.ACTIVE, actor="op")
    job = s.until_done(s.order("Dear Ana, thank you."))
    assert_on_paper(s.drawn()[-1], job, true)


def test_a_measured_slot_outlives_the_server(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/shop.db")
    dispatch = Dispatch(store)
    dispatch.register([LEFT])
    Desk(store).measure("left", "c", Slot(x_mm=9, y_mm=121), actor="op")
    dispatch.register([replace(LEFT, slots={"c": FOUR["c"], "e": Slot()})])
    row = store.plotter("left")
    assert [(one.name, one.measured) for one in row.slots] == [("c", Slot(x_mm=9, y_mm=121)), ("e", None)]
    assert row.capacity == 2
    store.close()


def test_while_a_card_is_written_only_the_other_slots_are_loaded(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/shop.db")
    dispatch, desk = Dispatch(store), Desk(store)
    dispatch.register([LEFT])
    dispatch.report("left", Condition.IDLE)
    note = Note(hand=HAND, stock="a6", text="Hello", seed=7)
    store.add([Order(note=note, words="Hello", strokes=3)], actor="c")
    desk.lay("left", {"b": "a6"}, actor="op")
    claim = dispatch.claim("left")
    assert claim is not None
    assert claim.slot == "b"
    dispatch.pen_down(claim)
    with pytest.raises(NotAllowed, match="the card in slot b is still being written"):
        desk.lay("left", {"a": "a6", "b": "a6"}, actor="op")
    with pytest.raises(NotAllowed, match="under its pen"):
        desk.measure("left", "a", Slot(), actor="op")
    row = desk.load("left", 2, "a6", actor="op")
    assert [row.lies(one) for one in row.slots] == ["blank", "writing", "blank", "nothing"]
    store.close()


def test_an_empty_feeder_stops_the_plotter_and_nothing_is_written(shop: Build) -> None:
    s = shop(FED)
    s.desk.load("left", 20, "a6", actor="op")
    jobs = [s.order(f"Card {n}") for n in range(3)]
    for job in jobs[:2]:
        s.until_done(job)
    assert "the feeder has not brought a card" in s.until_condition(Condition.ATTENTION)
    for job, ink in zip(jobs, s.drawn(), strict=False):
        assert_on_paper(ink, job, FED.slot)
    assert len(s.drawn()) == 2
    assert s.store.job(jobs[2].id).state is State.READY
    attempt = s.store.attempts(jobs[2].id)[0]
    assert attempt.ink_at is None
    assert "its sensor (pin P) sees none" in attempt.reason
    assert s.store.plotter("left").blanks == 0
    # Somebody has filled the magazine and confirms: it goes on.
    s.simulators[-1].feeder.cards = 5
    s.desk.load("left", 5, "a6", actor="op")
    s.until_done(jobs[2])
    assert_on_paper(s.drawn()[-1], jobs[2], FED.slot)


def test_a_feeder_that_a_person_watches_asks_before_each_card(shop: Build) -> None:
    s = shop(replace(FED, port="sim://?feeder=9", feeder=replace(FEEDER, confirm="operator")))
    with pytest.raises(NotAllowed, match="does not ask"):
        s.desk.fed("left", True, actor="op")
    s.desk.load("left", 20, "a6", actor="op")
    first, second = s.order("First"), s.order("Second")

    def asked(times: int) -> None:
        s.until(lambda: s.store.plotter("left").slots[0].feed == "asked" and s.simulators[-1].feeder.brought == times)

    asked(1)
    assert "has the feeder brought a fresh card" in s.until_condition(Condition.ATTENTION)
    assert s.store.job(first.id).state is State.CLAIMED
    s.desk.fed("left", True, actor="op")
    s.until_done(first)
    asked(2)
    s.desk.fed("left", False, actor="op")
    s.until(lambda: s.store.job(second.id).state is State.READY)
    s.until(lambda: "Nothing was written" in s.store.plotter("left").reason)
    assert s.store.plotter("left").blanks == 0
    s.desk.load("left", 3, "a6", actor="op")
    asked(3)
    s.desk.cancel(second.id, actor="customer")
    s.until(lambda: s.store.job(second.id).state is State.CANCELLED)
    assert len(s.drawn()) == 1
    # The card that was brought for it still lies there: it is asked about before another job may be written.
    third = s.order("Third")
    asked(3)
    assert "has the feeder brought a fresh card" in s.until_condition(Condition.ATTENTION)
    assert s.store.job(third.id).state is State.READY
    s.desk.load("left", 9, "a6", actor="op")  # the magazine was filled, and the card lies there still
    assert s.store.plotter("left").slots[0].feed == "asked"
    s.desk.fed("left", True, actor="op")
    s.until_done(third)
    assert s.simulators[-1].feeder.brought == 3
    assert_on_paper(s.drawn()[-1], third, FED.slot)


def test_a_card_that_was_fed_for_nothing_is_written_on_next(shop: Build) -> None:
    class Slow(Dispatch):
        """A customer cancels at the very moment when the card has come."""

        def pen_down(self, claim: Any) -> None:
            if not stopped:
                stopped.append(claim.job.id)
                Desk(self.store).cancel(claim.job.id, actor="customer")
            super().pen_down(claim)

    stopped: list[str] = []
    s = shop(replace(FED, port="sim://?feeder=9"), dispatch=Slow)
    s.desk.load("left", 20, "a6", actor="op")
    first, second = s.order("First"), s.order("Second")
    s.until_done(second)
    assert s.store.job(first.id).state is State.CANCELLED
    assert s.simulators[-1].feeder.brought == 1
    assert s.store.plotter("left").blanks == 19
    assert_on_paper(s.drawn()[-1], second, FED.slot)


def test_a_stop_while_the_feeder_works_gives_the_job_back(shop: Build) -> None:
    class Stopping(Dispatch):
        def progress(self, claim: Any, **more: Any) -> Wanted | None:
            if not stopped:
                stopped.append(1)
                Desk(self.store).wish("left", Wanted.STOP, actor="op")
            return super().progress(claim, **more)

    stopped: list[int] = []
    s = shop(replace(FED, port="sim://?feeder=9"), dispatch=Stopping)
    s.desk.load("left", 20, "a6", actor="op")
    job = s.order("First")
    s.until(lambda: s.store.job(job.id).state is State.READY and s.store.job(job.id).attempts == 1)
    assert s.drawn() == []
    assert s.store.plotter("left").mode == "paused"
