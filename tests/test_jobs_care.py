"""The care of a plotter on its simulated paper: ink that runs out, pens written warm, lost steps and what becomes."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from floor import HAND, SHELF, Floor

from jobs import schema
from jobs.care import MARK, MOTION, START, SWITCHES, Care
from jobs.caring import CheckPlace, PenSteps, RunMacro, TryHeight, WarmUp
from jobs.compose import compose
from jobs.dispatch import Dispatch
from jobs.errand import Errand, ErrandFailed
from jobs.job import Condition, Decision, Mode, NotAllowed, State
from jobs.note import Note
from jobs.writing import METER_MM
from plotter import care
from plotter.machine import Machine, Plotter, Slot
from plotter.pen import ServoPen
from plotter.serialport import open_port
from plotter.simport import SimPort
from plotter.strokes import Stroke

GEL = care.PenProfile(title="gel", ink_m=550)
PATCH = care.Patch(x_mm=250, y_mm=20, width_mm=30, height_mm=12)


def plotter(*, homing: bool = False, port: str = "sim://", **of_care: Any) -> Plotter:
    return Plotter(
        name="left",
        port=port,
        machine=Machine(homing=homing),
        slot=Slot(x_mm=20, y_mm=15),
        capacity=50,
        care=care.Care(**{"pens": {"gel": GEL, "hard": care.PenProfile(lift=ServoPen(down_s=760))}, **of_care}),
    )


class Shop(Floor):
    """A plotter under care, and its paper."""

    def __init__(self, folder: Path, **of_plotter: Any) -> None:
        self.told, self.ports = "", list[SimPort[Any]]()
        super().__init__(folder, plotters=[plotter(**of_plotter)], opener=self._open)
        self.care = Care(self.store)
        self.card = compose(Note(hand=HAND, stock="a6", text="Hello there", seed=7), SHELF)

    def _open(self, url: str, *, baud: int, machine: Machine) -> SimPort[Any]:
        port = open_port(url, baud=baud, machine=machine)
        assert isinstance(port, SimPort)
        self.ports.append(port)
        write = port.write

        def heard(data: bytes) -> None:
            self.told += data.decode("latin-1")
            write(data)

        port.write = heard  # type: ignore[method-assign]
        return port

    def do(self, errand: Errand[str]) -> str:
        return self.errands.ask(errand, actor="op", within_s=60)

    def until_said(self, words: str, condition: Condition = Condition.ATTENTION) -> None:
        def said() -> bool:
            row = self.store.plotter("left")
            return row.condition is condition and words in row.reason

        self.until(said, f"{condition} '{words}'")

    def until_idle(self) -> None:
        self.until_condition(Condition.IDLE)

    def until_zeroed(self) -> None:
        """The port has been opened where the person who loaded has pushed the carriage."""

        def zeroed() -> bool:
            try:
                self.do(RunMacro("nowhere"))
            except (ErrandFailed, NotAllowed) as error:
                return "there is no macro" in str(error)
            return False

        self.until(zeroed, "the zero")

    def lose(self, dx: float, dy: float = 0.0) -> None:
        """The motors of the idle plotter lose steps."""
        x, y, z = self.ports[-1].simulator.head
        self.ports[-1].simulator.push_head((x + dx, y + dy, z))


@pytest.fixture
def shop(floor: Callable[..., Shop]) -> Callable[..., Shop]:
    return partial(floor, Shop)


# ------------------------------------------------------------------ pens and ink
def test_ink_cards_and_lifts_are_counted_as_they_are_drawn(shop: Callable[..., Shop]) -> None:
    s = shop()
    s.care.change_pen("left", "gel", ink_m=550, used_m=2, actor="op")
    s.load()
    jobs = [s.order() for _ in range(2)]
    for job in jobs:
        s.until_state(job, State.DONE)
    s.until_idle()
    s.until(lambda: s.care.wear("left").cards == 2)
    ink = s.store.ink(jobs[0].id)
    assert ink is not None
    drawn = 2 * sum(float(np.hypot(*np.diff(one, axis=0).T).sum()) for one in ink)
    pen, wear = s.care.fitted("left"), s.care.wear("left")
    assert pen is not None
    assert pen.used_mm == pytest.approx(2000 + drawn, rel=0.005)
    assert wear.drawn_mm == pytest.approx(drawn, rel=0.005)
    assert (pen.cards, pen.lifts) == (wear.cards, wear.lifts) == (2, 2 * len(s.card.strokes))


def test_ink_is_counted_while_a_card_is_written_should_its_host_die(
    shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[State, float]] = []
    drew = Care.drew

    def hear(care: Care, plotter: str, *, mm: float, **more: Any) -> None:
        heard.append((s.store.job(job.id).state, mm))
        drew(care, plotter, mm=mm, **more)

    s = shop()
    s.care.change_pen("left", "gel", ink_m=550, actor="op")
    job = s.order("Thank you for your order, and for the kind words about the blue cups. " * 2)
    monkeypatch.setattr(Care, "drew", hear)
    s.load()
    s.until_state(job, State.DONE)
    s.until(lambda: s.care.wear("left").cards == 1)
    drawn = sum(float(np.hypot(*np.diff(one, axis=0).T).sum()) for one in s.store.ink(job.id) or [])
    assert sum(mm for _, mm in heard) == pytest.approx(drawn, rel=0.005)
    under_way = [mm for state, mm in heard if state is State.WRITING]
    assert sum(under_way) > drawn - 200
    assert min(under_way) >= METER_MM


def test_a_card_that_the_pen_cannot_finish_is_not_begun(shop: Callable[..., Shop]) -> None:
    s = shop()
    need_m = s.card.ink_mm / 1000
    s.care.change_pen("left", "gel", ink_m=2.5 * need_m, actor="op")
    s.load()
    first, second, third = (s.order() for _ in range(3))
    s.until_state(second, State.DONE)
    s.until_said(f"the next card needs {need_m:.1f} m")
    assert "change the pen" in s.store.plotter("left").reason
    assert s.store.job(third.id).state is State.READY
    assert s.store.attempts(third.id) == []
    assert "needs a person" in (s.store.waiting_for(s.store.job(third.id)) or "")
    # A card with less ink goes ahead of it once it is next; the plotter goes on by itself.
    small = s.order(ink_mm=0.4 * s.card.ink_mm, priority=5)
    s.until_state(small, State.DONE)
    s.until_said("change the pen")
    s.care.change_pen("left", "gel", ink_m=550, actor="op")
    s.until_state(third, State.DONE)
    s.until(lambda: [pen.cards for pen in s.care.pens("left")] == [1, 3], "the count")
    assert s.store.job(first.id).attempts == 1


def test_a_pen_brings_its_own_heights_and_a_person_may_set_them(shop: Callable[..., Shop]) -> None:
    s = shop()
    with pytest.raises(NotAllowed, match="which pen is in"):
        s.care.set_lift("left", {"down_s": 1}, actor="op")
    s.care.change_pen("left", "hard", ink_m=None, actor="op")
    s.load()
    s.until_state(s.order(), State.DONE)
    assert 760 in levels(s)
    s.care.set_lift("left", {"down_s": 655, "down_settle_s": 0.15}, actor="op")
    s.until_state(s.order(), State.DONE)
    assert {655, 760} <= levels(s)


def levels(s: Shop) -> set[int]:
    """Every servo command that the machine was told."""
    return {int(level) for level in re.findall(r"S(\d+)", s.told)}


# ------------------------------------------------------------------ the warm-up
def test_a_fresh_pen_is_written_warm_beside_the_cards_and_only_once(shop: Callable[..., Shop]) -> None:
    s = shop(scribble=PATCH)
    s.care.change_pen("left", "gel", ink_m=550, actor="op")
    s.load()
    s.until_zeroed()
    assert s.ports[-1].simulator.ink == []  # nothing is written before a card waits
    sheets = remembered(s)
    for _ in range(2):
        s.until_state(s.order(), State.DONE)
    s.until_idle()
    (scribble,), card, *_ = [sheet for sheet in (*sheets, s.ports[-1].simulator.ink) if sheet]
    assert (scribble.min(axis=0) >= (250, 20)).all()
    assert (scribble.max(axis=0) <= (280, 32)).all()
    for sheet in (*sheets[1:], s.ports[-1].simulator.ink):
        assert all((stroke[:, 0] < 170).all() for stroke in sheet), "the scribble came onto a card"
    assert len(card) == len(s.card.strokes)
    pen = s.care.fitted("left")
    assert pen is not None
    assert pen.warmed_at is not None
    assert s.do(WarmUp()) == "the pen has written beside the cards"


def test_no_scribble_where_a_card_was_measured_to_lie(shop: Callable[..., Shop]) -> None:
    s = shop(scribble=PATCH)
    s.care.change_pen("left", "gel", ink_m=550, actor="op")
    bed = Slot(x_mm=120, y_mm=15)
    with s.store.transaction() as connection:
        place = {"x_mm": bed.x_mm, "y_mm": bed.y_mm, "rotation_deg": 0.0}
        connection.execute(schema.slot.update().where(schema.slot.c.plotter == "left").values(**place))
    s.load()
    job = s.order()
    s.until_said("lies on the card in slot card")
    with pytest.raises(ErrandFailed, match="lies on the card"):
        s.do(WarmUp())
    assert s.ports[-1].simulator.ink == []
    assert s.store.job(job.id).state is State.READY


def remembered(s: Shop) -> list[Any]:
    """The sheets that are taken away from under the pen."""
    sheets: list[Any] = []
    simulator = s.ports[-1].simulator
    take = simulator.new_sheet

    def new_sheet(*args: Any) -> Any:
        sheets.append(list(simulator.ink))
        return take(*args)

    simulator.new_sheet = new_sheet
    return sheets


# ------------------------------------------------------------------ drift
def test_lost_steps_set_aside_the_cards_since_the_last_good_check(shop: Callable[..., Shop]) -> None:
    s = shop(homing=True, drift_check_every=2)
    s.load()
    good = [s.order() for _ in range(2)]
    s.until(lambda: [c.kind for c in s.care.checks("left")] == [SWITCHES, START])
    check = s.care.checks("left")[0]
    assert check.good
    assert check.error_mm is not None
    assert check.error_mm <= 0.03
    s.until_idle()
    s.lose(0.3)
    bad = [s.order() for _ in range(2)]
    for job in bad:
        s.until_state(job, State.QUARANTINED)
    s.until_said("0.30 mm off its place: 2 cards")
    assert [s.store.job(job.id).state for job in good] == [State.DONE] * 2
    assert [s.store.attempts(job.id)[0].outcome for job in bad] == ["quarantined"] * 2
    third = s.order()
    assert "found that it is 0.30 mm off" in (s.store.waiting_for(s.store.job(bad[0].id)) or "")
    # A person looks at the cards and at the machine.
    assert s.desk.decide(bad[0].id, Decision.GOOD, actor="op").state is State.DONE
    assert s.desk.decide(bad[1].id, Decision.FRESH, actor="op").state is State.READY
    assert s.store.attempts(bad[1].id)[0].outcome == "spoiled"
    assert s.store.job(third.id).state is State.READY
    assert s.care.unchecked("left") == 0  # what a person has judged is not set aside again
    assert s.store.plotter("left").slots[0].job is None  # nor shown as a card to be sent
    s.care.settle("left", actor="op")
    s.until_state(third, State.DONE)
    s.until_state(bad[1], State.DONE)
    ink = s.store.ink(third.id)
    assert ink is not None
    assert abs(min(float(one[:, 0].min()) for one in ink) - min(float(o[:, 0].min()) for o in s.card.strokes)) < 0.05


@pytest.mark.parametrize(("steps", "state"), [(24, State.QUARANTINED), (-24, State.QUARANTINED), (1, State.DONE)])
def test_a_card_on_which_the_motors_lost_steps_is_not_left_done(
    shop: Callable[..., Shop], steps: int, state: State
) -> None:
    s = shop(homing=True, drift_check_every=1, port=f"sim://?fault=lost-steps:x,{steps}@down:1")
    s.load()
    job = s.order()
    s.until(lambda: s.care.checks("left")[:1] != [] and s.care.checks("left")[0].kind == SWITCHES, "the check")
    s.until_state(job, state)
    ink = s.store.ink(job.id)
    assert ink is not None
    # The ink is the judge: what stands a third of a millimetre off is what was set aside.
    (left, right), (want_left, want_right) = edges(ink), edges(s.card.strokes)
    off = max(abs(left - want_left), abs(right - want_right))
    assert (off > 0.2) is (state is State.QUARANTINED)
    error = s.care.checks("left")[0].error_mm
    assert error == pytest.approx(abs(steps) / 80, abs=0.03)


def edges(ink: Sequence[Stroke]) -> tuple[float, float]:
    """The leftmost and the rightmost of it, mm."""
    return min(float(one[:, 0].min()) for one in ink), max(float(one[:, 0].max()) for one in ink)


def test_without_motor_supply_no_card_is_begun(shop: Callable[..., Shop]) -> None:
    s = shop(homing=True, port="sim://?fault=motors-off@0")
    s.load()
    job = s.order()
    s.until_said("homing", Condition.FAULT)
    assert s.store.job(job.id).state is State.READY
    assert s.store.attempts(job.id) == []
    assert all(port.simulator.ink == [] for port in s.ports)


def test_a_step_or_two_are_no_drift(shop: Callable[..., Shop]) -> None:
    s = shop(homing=True, drift_check_every=1)
    s.load()
    s.until_idle()
    s.lose(0.02)
    job = s.order()
    s.until(lambda: len(s.care.checks("left")) == 2)
    check = s.care.checks("left")[0]
    assert check.good
    assert 0.01 <= (check.error_mm or 0) <= 0.05
    s.until_idle()
    assert s.store.job(job.id).state is State.DONE


def test_without_switches_a_person_looks_at_a_mark(shop: Callable[..., Shop]) -> None:
    s = shop(drift_check_every=1, mark=(5.0, 6.0))
    s.load()
    first = s.order()
    s.until_said("should stand over its mark (X5 Y6)")
    assert s.ports[-1].simulator.head[:2] == (5.0, 6.0)
    second = s.order()
    assert s.store.job(second.id).state is State.READY
    assert s.care.answer("left", True, actor="op") == 0
    s.until_state(second, State.DONE)
    s.until_said("should stand over its mark")
    assert s.care.answer("left", False, actor="op") == 1
    s.until_said("it is off its mark: 1 card")
    assert s.store.job(first.id).state is State.DONE
    assert s.store.job(second.id).state is State.QUARANTINED
    with pytest.raises(NotAllowed, match="nothing is asked"):
        s.care.answer("left", True, actor="op")
    before = len(s.ports)
    s.care.settle("left", actor="op")
    # Its zero is set anew: nothing moves before a person has pushed it there and confirmed blanks.
    s.until(lambda: len(s.ports) > before and s.store.plotter("left").blanks == 0, "a new connection")
    assert [c.kind for c in s.care.checks("left")][:2] == [MARK, MARK]


def test_a_question_lapses_when_the_plotter_is_connected_again(shop: Callable[..., Shop]) -> None:
    s = shop(drift_check_every=1)
    s.load()
    before = s.order()
    s.until_state(before, State.DONE)
    s.until_said("mark")
    s.fleet.stop(grace_s=0.5)
    s.fleet.start()
    s.until(lambda: s.care.open_check("left") is None)
    s.until(lambda: "1 card written since the last good check stay" in s.care.checks("left")[0].words)
    # Its place was set anew: the next check says nothing of the card before it.
    s.load()
    after = s.order()
    s.until_state(after, State.DONE)
    s.until_said("mark")
    assert s.care.answer("left", False, actor="op") == 1
    assert [s.store.job(one.id).state for one in (before, after)] == [State.DONE, State.QUARANTINED]
    assert len([c for c in s.care.checks("left") if "unjudged" in c.words]) == 1


# ------------------------------------------------------------------ motion, macros, heights
def test_motion_is_shown_in_the_air_before_the_first_card(shop: Callable[..., Shop]) -> None:
    s = shop(motion_proof=True)
    s.load()
    job = s.order()
    s.until_said("small square in the air")
    assert s.ports[-1].simulator.ink == []
    assert s.store.job(job.id).state is State.READY
    s.care.answer("left", False, actor="op")
    s.until_said("check the motors' supply")
    assert s.care.checks("left")[0].kind == MOTION
    s.care.settle("left", actor="op")
    s.until(lambda: s.store.plotter("left").blanks == 0, "a new connection")
    s.load()
    s.until_said("small square in the air")
    s.care.answer("left", True, actor="op")
    s.until_state(job, State.DONE)


def test_macros_run_by_a_button_and_after_the_last_blank(shop: Callable[..., Shop]) -> None:
    s = shop(macros={"load": ("G0X7Y200",), "park": ("G0X1Y1",)}, when_empty="load")
    s.until_idle()
    with pytest.raises(ErrandFailed, match="zero is not known"):
        s.do(RunMacro("park"))
    s.load(count=1)
    s.until_zeroed()
    assert "X1 Y1" in s.do(RunMacro("park"))
    with pytest.raises(ErrandFailed, match="there are: load, park"):
        s.do(RunMacro("fly"))
    s.until_state(s.order(), State.DONE)
    s.until(lambda: s.ports[-1].simulator.head[:2] == (7.0, 200.0), "the loading place")
    assert s.ports[-1].simulator.pen_down is False


def test_pen_heights_are_tested_on_a_paper_to_spare_while_paused(shop: Callable[..., Shop]) -> None:
    s = shop()
    s.load(count=1)
    s.until_zeroed()
    with pytest.raises(ErrandFailed, match="pause the plotter"):
        s.do(PenSteps("heights", (500, 700)))
    s.desk.mode("left", Mode.PAUSED, actor="op")
    assert "2 steps" in s.do(PenSteps("heights", (500, 700)))
    assert s.store.plotter("left").blanks == 0  # no card is written over them
    ink = np.concatenate(s.ports[-1].simulator.ink)
    assert (ink >= (20, 15)).all()
    with pytest.raises(ErrandFailed, match="whole number of steps"):
        s.do(PenSteps("settles", (0.03,)))
    with pytest.raises(ErrandFailed, match="no blank lies in slot card"):  # the first test lies there
        s.do(PenSteps("settles", (0.0, 0.05)))
    s.load(count=1)
    assert "the shortest wait" in s.do(PenSteps("settles", (0.0, 0.05)))
    wear = s.care.wear("left")
    assert wear.cards == 0
    assert wear.drawn_mm > 60


def test_pen_heights_are_not_tested_on_a_finished_card(shop: Callable[..., Shop]) -> None:
    s = shop()
    s.load(count=1)
    job = s.order()
    s.until_state(job, State.DONE)
    s.until_idle()
    s.desk.mode("left", Mode.PAUSED, actor="op")
    before = len(s.ports[-1].simulator.ink)
    with pytest.raises(ErrandFailed, match="no blank lies in slot card"):
        s.do(PenSteps("heights", (500, 700)))
    assert len(s.ports[-1].simulator.ink) == before


def test_a_height_is_tried_and_the_pen_lifts_by_itself(shop: Callable[..., Shop]) -> None:
    s = shop()
    s.until_idle()
    assert "is up again" in s.do(TryHeight(230))
    assert s.ports[-1].simulator.ink == []
    s.do(TryHeight(720))
    assert len(s.ports[-1].simulator.ink) == 1
    assert s.ports[-1].simulator.pen_down is False
    with pytest.raises(ErrandFailed, match="whole number"):
        s.do(TryHeight(700.5))


def test_a_check_may_be_asked_for(shop: Callable[..., Shop]) -> None:
    s = shop(homing=True, drift_check_every=100)
    s.load()
    s.until_idle()
    assert s.do(CheckPlace()) == "it is 0.00 mm off its place"
    s.lose(0, 0.5)
    assert s.do(CheckPlace()) == "it is 0.50 mm off its place"
    s.until_said("0 cards written")
    s.care.settle("left", actor="op")
    s.until_idle()


def test_no_pen_is_changed_under_a_card(shop: Callable[..., Shop]) -> None:
    s = shop()
    s.fleet.stop(grace_s=0.5)
    dispatch = Dispatch(s.store)
    dispatch.register([replace(plotter())])
    dispatch.report("left", Condition.IDLE)
    s.load()
    s.order()
    assert dispatch.claim("left") is not None
    with pytest.raises(NotAllowed, match="a card is under the pen"):
        s.care.change_pen("left", "gel", ink_m=1, actor="op")


def test_a_person_looks_at_the_ink_every_so_many_cards(shop: Callable[..., Shop]) -> None:
    s = shop(look_every=2)
    s.load()
    first = [s.order() for _ in range(2)]
    s.until_said("look at the last 2 cards: is every line on them whole")
    second = [s.order() for _ in range(2)]
    s.care.answer("left", True, actor="op")
    s.until_state(second[1], State.DONE)
    s.until_said("look at the last 2 cards")
    assert s.care.answer("left", False, actor="op") == 2
    s.until_said("ink is missing: 2 cards written since the last good check set aside. Change the pen")
    assert [s.store.job(job.id).state for job in (*first, *second)] == [State.DONE] * 2 + [State.QUARANTINED] * 2
    s.care.settle("left", actor="op")
    s.until_state(s.order(), State.DONE)  # the place is as good as before: nothing is connected anew
