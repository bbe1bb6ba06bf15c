"""Two plotters, a customer, an operator, crashes and late answers, in any order: what must never happen, never does."""

import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from jobs import schema
from jobs.desk import Desk
from jobs.dispatch import Claim, Dispatch
from jobs.job import (
    FIRST,
    TRANSITIONS,
    Cancelled,
    Condition,
    Decision,
    NotAllowed,
    Order,
    Stale,
    State,
    Wanted,
)
from jobs.note import Note
from jobs.store import Store
from plotter.faults import Card, Resume
from plotter.machine import Machine, Plotter

PLOTTERS = ("p1", "p2")
ORDER = Order(note=Note(text="Hello", hand="wren", stock="a6"), words="Hello", lines=1, strokes=5, ink_mm=30.0)


def plotters() -> list[Plotter]:
    return [Plotter(name=name, port="sim://", machine=Machine(), capacity=100) for name in PLOTTERS]


# How often each happens, so that cards do get written between the misfortunes.
MOVES = {
    "order": 1, "load_and_claim": 8, "pen_down": 8, "progress": 1, "finish": 4, "give_back": 1, "fail": 1, "say": 3,
    "decide": 5, "offer": 2, "stay": 1, "wish": 1, "time_goes_by": 2, "kill_and_restart": 1,
}  # fmt: skip


class Shop(RuleBasedStateMachine):
    """The store as it is, beside a log of what pens have done: the judge is the log, not the store."""

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp(prefix="fairhand-dispatch-"))
        self.at = datetime(2026, 11, 22, tzinfo=UTC)
        self.claims: list[Claim] = []  # every claim ever made: a late worker keeps its own for ever
        self.ink: list[tuple[str, int]] = []  # (job, attempt) whose pen was allowed down, in order
        self.finished: set[tuple[str, int]] = set()
        self.fresh: list[str] = []  # jobs for which a person has asked for a second card
        self.store: Store | None = None

    @initialize()
    def open(self) -> None:
        shutil.copy(empty_database(), self.home / "shop.db")
        self._start()
        self.desk.store.add([ORDER, ORDER], actor="customer")

    def _start(self) -> None:
        if self.store is not None:
            self.store.close()
        self.store = Store(f"sqlite:///{self.home}/shop.db", now=lambda: self.at)
        self.dispatch, self.desk = Dispatch(self.store), Desk(self.store)
        self.dispatch.register(plotters())
        for name in PLOTTERS:
            self.dispatch.report(name, Condition.IDLE)

    def teardown(self) -> None:
        if self.store is not None:
            self.store.close()
        shutil.rmtree(self.home)

    def job(self, data: st.DataObject, *states: State) -> str:
        ids = [j.id for j in self.desk.store.jobs(limit=100, states=states).data]
        return data.draw(st.sampled_from(ids)) if ids else "job_none"

    def try_to(self, act: Any, *args: Any, **kwargs: Any) -> bool:
        try:
            act(*args, **kwargs)
        except (NotAllowed, Stale, Cancelled, LookupError):
            return False
        return True

    def claim_of(self, data: st.DataObject) -> Claim | None:
        # The newest most often: otherwise nearly every answer is a late one.
        if not self.claims:
            return None
        back = data.draw(st.sampled_from([1, 1, 1, 2, 2, 3, 5]))
        return self.claims[-min(back, len(self.claims))]

    @rule(data=st.data(), what=st.sampled_from([name for name, weight in MOVES.items() for _ in range(weight)]))
    def something_happens(self, data: st.DataObject, what: str) -> None:
        getattr(self, what)(data)

    def order(self, data: st.DataObject) -> None:
        held = data.draw(st.booleans())
        self.desk.store.add([Order(note=ORDER.note, words="x", strokes=5, hold=held)], actor="customer")

    def load_and_claim(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(PLOTTERS))
        self.try_to(self.desk.load, name, 5, "a6", actor="op")
        if (claim := self.dispatch.claim(name)) is not None:
            self.claims.append(claim)

    def pen_down(self, data: st.DataObject) -> None:
        if claim := self.claim_of(data):
            card = (claim.job.id, claim.number)
            if self.try_to(self.dispatch.pen_down, claim) and card not in self.ink:
                self.ink.append(card)

    def progress(self, data: st.DataObject) -> None:
        if claim := self.claim_of(data):
            self.try_to(self.dispatch.progress, claim, stroke=2)

    def finish(self, data: st.DataObject) -> None:
        if claim := self.claim_of(data):
            well = data.draw(st.booleans())
            card = data.draw(st.sampled_from([Card.RESUMABLE, Card.LOOK, Card.SPOILED]))
            more = {"card": card, "resume": Resume(3), "resumable": card is Card.RESUMABLE} if not well else {}
            told = self.try_to(self.dispatch.finish, claim, finished=well, stroke=5 if well else 3, **more)
            if told and well:
                self.finished.add((claim.job.id, claim.number))

    def give_back(self, data: st.DataObject) -> None:
        if claim := self.claim_of(data):
            self.try_to(self.dispatch.give_back, claim, "the wire")

    def fail(self, data: st.DataObject) -> None:
        if claim := self.claim_of(data):
            self.try_to(self.dispatch.fail, claim, "cannot")

    def say(self, data: st.DataObject) -> None:
        job = self.job(data)
        what = data.draw(st.sampled_from(["cancel", "hold_job", "release", "requeue"]))
        last = self.desk.store.attempts(job)[-1:] if job != "job_none" else []
        gave_up = any(attempt.decision == Decision.GIVE_UP for attempt in last)
        if self.try_to(getattr(self.desk, what), job, actor="op") and what == "requeue" and gave_up:
            self.fresh.append(job)

    def decide(self, data: st.DataObject) -> None:
        job = self.job(data, State.INTERRUPTED)
        decision = data.draw(st.sampled_from(Decision))
        ready = job != "job_none" and self.desk.store.job(job).verdict
        if self.try_to(self.desk.decide, job, decision, actor="op", looked=data.draw(st.booleans())):
            # The plotter stood ready, or it would not have been allowed; now it goes on.
            assert decision is not Decision.RESUME or (ready and ready.resumable)
            assert (self.desk.store.job(job).state is State.WRITING) == (decision is Decision.RESUME)
            if decision is Decision.GOOD:
                self.finished.add((job, self.desk.store.job(job).attempts))
            if decision is Decision.FRESH:
                self.fresh.append(job)

    def offer(self, data: st.DataObject) -> None:
        name, card = data.draw(st.sampled_from(PLOTTERS)), data.draw(st.sampled_from([Card.RESUMABLE, Card.LOOK, None]))
        self.dispatch.offer(name, card)

    def stay(self, data: st.DataObject) -> None:
        self.dispatch.stay(data.draw(st.sampled_from(PLOTTERS)), "it was connected anew")

    def wish(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(PLOTTERS))
        wanted = data.draw(st.sampled_from([Wanted.HOLD, Wanted.LIFT, Wanted.GO_ON, Wanted.STOP]))
        self.try_to(self.desk.wish, name, wanted, actor="op")

    def time_goes_by(self, data: st.DataObject) -> None:
        self.at += timedelta(seconds=data.draw(st.sampled_from([1, 61])))
        self.dispatch.sweep()

    def kill_and_restart(self, data: st.DataObject) -> None:
        del data
        self._start()
        for job in self.desk.store.jobs(states=[State.CLAIMED, State.WRITING]).data:
            raise AssertionError(f"{job.id} is {job.state} though nobody can be at it")

    @invariant()
    def never_two_open_attempts(self) -> None:
        if self.store is None:
            return
        with self.store.reading() as connection:
            rows = connection.execute(sa.select(schema.attempt).where(schema.attempt.c.ended_at.is_(None))).all()
        assert len({row.job for row in rows}) == len(rows)
        assert len({row.plotter for row in rows}) == len(rows)
        for row in rows:
            assert self.store.job(row.job).state in (State.CLAIMED, State.WRITING, State.INTERRUPTED)
            assert self.store.job(row.job).attempts == row.number

    @invariant()
    def never_ink_without_a_pen_down_and_never_done_without_a_finish(self) -> None:
        if self.store is None:
            return
        for job in self.store.jobs(limit=200).data:
            now = (job.id, job.attempts)
            if job.state in (State.WRITING, State.INTERRUPTED):
                assert now in self.ink
            if job.state is State.DONE:
                assert now in self.ink
                assert now in self.finished

    @invariant()
    def never_a_second_card_without_a_persons_word(self) -> None:
        for job in {job for job, _ in self.ink}:
            cards = sum(1 for id, _ in self.ink if id == job)
            assert cards <= 1 + self.fresh.count(job)

    @invariant()
    def every_move_is_in_the_table_and_joins_the_last(self) -> None:
        if self.store is None:
            return
        stands: dict[str, str] = {}
        for event in self.store.events(limit=10_000):
            if event.job is None or not event.kind.startswith("job."):
                continue
            to, frm = event.kind.removeprefix("job."), event.data["from"]
            assert frm == stands.get(event.job)
            assert (State(frm), State(to)) in TRANSITIONS if frm else State(to) in FIRST
            stands[event.job] = to
        assert stands == {job.id: job.state for job in self.store.jobs(limit=1000).data}


_empty: list[Path] = []


def empty_database() -> Path:
    """A migrated file to copy: migrating anew for every example would take most of the time."""
    if not _empty:
        file = Path(tempfile.mkdtemp(prefix="fairhand-empty-")) / "empty.db"
        Store(f"sqlite:///{file}").close()
        _empty.append(file)
    return _empty[0]


# Shrinking would replay hundreds of shops: the first one that fails says enough.
Shop.TestCase.settings = settings(
    phases=[Phase.generate],
    max_examples=40,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
test_any_interleaving = pytest.mark.slow(Shop.TestCase)


@pytest.fixture
def shop(store_url: str) -> Any:
    at = [datetime(2026, 11, 22, tzinfo=UTC)]
    store = Store(store_url, now=lambda: at[0])
    dispatch = Dispatch(store)
    dispatch.register(plotters())
    for name in PLOTTERS:
        dispatch.report(name, Condition.IDLE)
        Desk(store).load(name, 5, "a6", actor="op")
    yield store, dispatch, Desk(store), at
    store.close()


def test_a_silent_plotter_is_given_up_for_lost_but_may_still_report(shop: Any) -> None:
    store, dispatch, desk, at = shop
    first, second = store.add([ORDER, ORDER], actor="c")
    one, two = dispatch.claim("p1"), dispatch.claim("p2")
    dispatch.pen_down(one)
    at[0] += timedelta(seconds=59)
    dispatch.sweep()
    assert store.job(first.id).state is State.WRITING
    at[0] += timedelta(seconds=2)
    dispatch.sweep()
    assert store.job(first.id).state is State.INTERRUPTED
    assert store.job(second.id).state is State.READY  # no ink: it goes back by itself
    with pytest.raises(Stale):
        dispatch.pen_down(two)
    assert dispatch.claim("p1") is None  # its card waits for a person
    assert dispatch.progress(one, stroke=4) is Wanted.STOP  # a person may be reaching for the card by now
    assert dispatch.finish(one, finished=True, stroke=5) is State.DONE  # it had finished before it heard
    assert store.job(first.id).state is State.DONE
    assert desk.store.plotter("p1").job is None


def test_a_late_finish_after_a_persons_word_changes_nothing(shop: Any) -> None:
    store, dispatch, desk, at = shop
    job = store.add([ORDER], actor="c")[0]
    claim = dispatch.claim("p1")
    dispatch.pen_down(claim)
    at[0] += timedelta(seconds=61)
    dispatch.sweep()
    desk.decide(job.id, Decision.FRESH, actor="op")
    for late in (
        lambda: dispatch.progress(claim, stroke=4),
        lambda: dispatch.finish(claim, finished=True, stroke=5),
        lambda: dispatch.give_back(claim, ""),
        lambda: dispatch.fail(claim, ""),
        lambda: dispatch.pen_down(claim),
    ):
        with pytest.raises(Stale):
            late()
    assert store.job(job.id).state is State.READY
    assert store.attempts(job.id)[0].outcome == "spoiled"


def test_a_cancel_is_honoured_even_when_the_plotter_dies(shop: Any) -> None:
    store, dispatch, desk, at = shop
    job = store.add([ORDER], actor="c")[0]
    dispatch.claim("p1")
    desk.cancel(job.id, actor="c")
    at[0] += timedelta(seconds=61)
    dispatch.sweep()
    assert store.job(job.id).state is State.CANCELLED


def test_a_restart_settles_what_was_open(store_url: str) -> None:
    store = Store(store_url)
    dispatch, desk = Dispatch(store), Desk(store)
    dispatch.register(plotters())
    for name in PLOTTERS:
        dispatch.report(name, Condition.IDLE)
        desk.load(name, 5, "a6", actor="op")
    first, second = store.add([ORDER, ORDER], actor="c")
    dispatch.pen_down(dispatch.claim("p1"))
    dispatch.claim("p2")
    store.close()
    store = Store(store_url)
    Dispatch(store).register(plotters())
    assert store.job(first.id).state is State.INTERRUPTED
    assert store.job(second.id).state is State.READY
    assert [p.blanks for p in store.plotters()] == [0, 0]
    assert store.attempts(first.id)[0].position_known is False
    store.close()


def test_who_is_paused_offline_or_empty_takes_nothing(shop: Any) -> None:
    from jobs.job import Mode

    store, dispatch, desk, _ = shop
    store.add([ORDER], actor="c")
    desk.mode("p1", Mode.PAUSED, actor="op")
    assert dispatch.claim("p1") is None
    desk.mode("p1", Mode.ACTIVE, actor="op")
    for condition in (Condition.OFFLINE, Condition.ATTENTION, Condition.FAULT):
        dispatch.report("p1", condition, "words")
        assert dispatch.claim("p1") is None
    dispatch.report("p1", Condition.IDLE, keep_blanks=False)
    assert dispatch.claim("p1") is None
    desk.load("p1", 1, "c6", actor="op")
    assert dispatch.claim("p1") is None
    dispatch.retire("p1", "gone")
    desk.load("p1", 1, "a6", actor="op")
    assert dispatch.claim("p1") is None
    kinds = [e.kind for e in store.events() if e.plotter == "p1"]
    assert "plotter.mode" in kinds
    assert kinds.count("plotter.idle") == 2


def test_a_stop_stands_until_the_card_is_interrupted(shop: Any) -> None:
    store, dispatch, desk, _ = shop
    store.add([ORDER], actor="c")
    claim = dispatch.claim("p1")
    dispatch.pen_down(claim)
    desk.wish("p1", Wanted.STOP, actor="op")
    for later in (Wanted.GO_ON, Wanted.HOLD):
        with pytest.raises(NotAllowed):
            desk.wish("p1", later, actor="op")
    desk.wish("p1", Wanted.STOP, actor="op")
    assert dispatch.progress(claim, stroke=1) is Wanted.STOP


def test_a_stop_before_the_pen_keeps_the_card_clean_and_pauses_the_plotter(shop: Any) -> None:
    store, dispatch, desk, _ = shop
    job = store.add([ORDER], actor="c")[0]
    claim = dispatch.claim("p1")
    blanks = store.plotter("p1").blanks
    desk.wish("p1", Wanted.STOP, actor="op")
    with pytest.raises(Cancelled):
        dispatch.pen_down(claim)
    dispatch.give_back(claim, "stopped before the pen came down")
    assert store.job(job.id).state is State.READY
    assert store.plotter("p1").blanks == blanks
    assert dispatch.claim("p1") is None
