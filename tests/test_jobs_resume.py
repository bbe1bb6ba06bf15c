"""Going on with the same card: the ink on the paper is the whole card once, and no stroke of it twice."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from floor import LEFT, SHELF, Floor

from jobs.care import Care as CareBook
from jobs.compose import compose
from jobs.desk import Desk
from jobs.dispatch import Claim, Dispatch
from jobs.errand import Home
from jobs.job import Condition, Decision, Job, NotAllowed, State, Wanted
from plotter.care import Care, PenProfile
from plotter.clock import VirtualClock
from plotter.faults import Card
from plotter.machine import Machine, Slot
from plotter.pen import ServoPen
from plotter.plan import TOLERANCE_MM
from plotter.port import Port, PortError
from plotter.serialport import open_port
from plotter.simport import SimPort
from plotter.simulator import Simulator
from plotter.strokes import Stroke, deviation

WORDS = "Hello there, go on with me"
BEND_MM = 0.05  # what junctions and steps may do to a stroke


def pressing(*wishes: tuple[int, Wanted]) -> type[Dispatch]:
    """A dispatch behind which somebody presses each button once so many strokes are drawn, going on once it holds."""

    class Pressed(Dispatch):
        def progress(self, claim: Claim, *, stroke: int, held: bool = False, **more: Any) -> Wanted | None:
            if waiting and stroke >= waiting[0][0] and (held or waiting[0][1] is not Wanted.GO_ON):
                # Pressed after the answer to the end of a stroke: the plotter hears of it within the next.
                answer = super().progress(claim, stroke=stroke, held=held, **more)
                looks.append(stroke)
                if waiting[0][1] is not Wanted.GO_ON and len(looks) % (1 + len(waiting)):  # at other moments each time
                    self.store.bell.ring(f"plotter:{claim.plotter}")  # asked again at the next report
                else:
                    Desk(self.store).wish(claim.plotter, waiting.pop(0)[1], actor="op")
                return answer
            return super().progress(claim, stroke=stroke, held=held, **more)

    waiting = list(wishes)
    looks: list[int] = []
    return Pressed


def assert_whole_and_once(f: Floor, job: Job) -> None:
    """The ink is the card, and its length is the card's: nothing was drawn twice."""
    ink = f.store.ink(job.id)
    assert ink is not None
    wanted = compose(f.store.job(job.id).as_ordered(), SHELF).strokes
    assert deviation(ink, wanted) <= BEND_MM + TOLERANCE_MM
    # A stroke that was gone on with is two pieces of ink, which meet.
    assert length(ink) == pytest.approx(length(wanted), abs=0.02 * length(wanted))
    assert length(ink) <= length(wanted) + 0.2


def length(ink: Sequence[Stroke]) -> float:
    return float(sum(np.hypot(*np.diff(one, axis=0).T).sum() for one in ink))


def test_a_stopped_card_goes_on_at_a_persons_word(floor: Callable[..., Floor]) -> None:
    f = floor(dispatch=pressing((3, Wanted.STOP)))
    f.load()
    job = f.order(WORDS)
    stopped = f.until_state(job, State.INTERRUPTED)
    verdict = stopped.verdict
    assert verdict is not None
    assert (verdict.card, verdict.fault, verdict.resumable) == (Card.RESUMABLE, "stopped", True)
    assert verdict.resume is not None
    assert 3 <= verdict.resume.stroke < stopped.strokes
    f.until_condition(Condition.ATTENTION)
    f.desk.resume(job.id, actor="op")
    f.until_state(job, State.DONE)
    assert_whole_and_once(f, job)
    [attempt] = f.store.attempts(job.id)
    assert (attempt.outcome, attempt.resumed, attempt.decision) == ("written", 1, "resume")
    assert attempt.seconds is not None
    assert stopped.seconds is not None
    assert attempt.seconds > stopped.seconds
    kinds = [event.kind for event in f.store.events(job=job.id)]
    assert kinds[-4:] == ["job.writing", "job.interrupted", "job.writing", "job.done"]
    [broke] = [event.data for event in f.store.events(job=job.id) if event.kind == "job.interrupted"]
    assert (broke["card"], broke["fault"]) == ("resumable", "stopped")
    assert broke["resume"] == [verdict.resume.stroke, verdict.resume.mm]


def test_a_pen_that_ran_dry_in_mid_card_is_changed_and_the_card_gone_on_with(floor: Callable[..., Floor]) -> None:
    told = ""

    def hears(url: str, **more: Any) -> Port:
        port = open_port(url, **more)
        write = port.write

        def heard(data: bytes) -> None:
            nonlocal told
            told += data.decode("ascii")
            write(data)

        port.write = heard  # type: ignore[method-assign]
        return port

    pens = {"soft": PenProfile(title="soft"), "hard": PenProfile(lift=ServoPen(down_s=760, down_settle_s=0.3))}
    left = replace(LEFT, care=Care(pens=pens))
    f = floor(dispatch=pressing((3, Wanted.STOP)), plotters=[left], opener=hears)
    book = CareBook(f.store)
    book.change_pen("left", "soft", ink_m=None, actor="op")
    f.load()
    job = f.order(WORDS)
    f.until_state(job, State.INTERRUPTED)
    f.until_condition(Condition.ATTENTION)
    before = told
    assert f"S{LEFT.machine.pen.down_s}" in before
    book.change_pen("left", "hard", ink_m=None, actor="op")
    f.desk.resume(job.id, actor="op")
    f.until_state(job, State.DONE)
    assert_whole_and_once(f, job)
    after = told.removeprefix(before)
    assert ("S760" in before, "S760" in after) == (False, True)
    assert f"S{LEFT.machine.pen.down_s}" not in after
    assert [pen.lifts > 0 for pen in book.pens("left")] == [True, True]


def test_a_card_stopped_again_and_again_is_whole_in_the_end(floor: Callable[..., Floor]) -> None:
    f = floor(dispatch=pressing((2, Wanted.STOP), (5, Wanted.STOP), (8, Wanted.STOP), (12, Wanted.STOP)))
    f.load()
    job = f.order(WORDS)
    places = []
    for _ in range(4):
        verdict = f.until_state(job, State.INTERRUPTED).verdict
        assert verdict is not None
        places.append(verdict.resume)
        f.desk.resume(job.id, actor="op")
    f.until_state(job, State.DONE)
    assert_whole_and_once(f, job)
    assert f.store.attempts(job.id)[0].resumed == 4
    assert any(place is not None and place.mm > 0 for place in places)  # within a stroke, too


@pytest.mark.parametrize("wish", [Wanted.LIFT, Wanted.HOLD])
def test_the_pen_lifts_and_goes_on_in_the_same_place(floor: Callable[..., Floor], wish: Wanted) -> None:
    f = floor(dispatch=pressing((4, wish), (4, Wanted.GO_ON), (9, wish), (9, Wanted.GO_ON)))
    f.load()
    job = f.order(WORDS)
    f.until_state(job, State.DONE)
    assert_whole_and_once(f, job)
    said = [event.data.get("wanted") for event in f.store.events(limit=999) if event.kind == "plotter.wish"]
    assert said == [wish, "go_on", wish, "go_on"]
    assert "plotter.held" in [event.kind for event in f.store.events(limit=999)]


def test_a_card_is_not_gone_on_with_once_the_connection_is_lost(floor: Callable[..., Floor]) -> None:
    """A machine that does not home takes another place for its zero after it has been opened anew."""
    ports: list[Cut] = []

    def opener(*_: object, **__: object) -> Port:
        ports.append(Cut(SimPort(Simulator.for_machine(LEFT.machine), VirtualClock())))
        return ports[-1]

    f = floor(dispatch=pressing((3, Wanted.STOP)), opener=opener)
    f.load()
    job = f.order(WORDS)
    f.until(lambda: (verdict := f.store.job(job.id).verdict) is not None and verdict.resumable)
    ports[-1].cut = True
    f.until(lambda: (verdict := f.store.job(job.id).verdict) is not None and not verdict.resumable)
    with pytest.raises(NotAllowed, match="its plotter was connected anew"):
        f.desk.resume(job.id, actor="op", looked=True)
    f.desk.decide(job.id, Decision.FRESH, actor="op")
    f.until(lambda: f.store.plotter("left").condition is Condition.IDLE)
    f.load()
    f.until_state(job, State.DONE)
    assert [one.outcome for one in f.store.attempts(job.id)] == ["spoiled", "written"]
    assert_whole_and_once(f, job)


def test_after_homing_and_a_look_a_card_may_go_on_in_a_new_connection(floor: Callable[..., Floor]) -> None:
    machine = Machine(homing=True)
    simulator, clock = Simulator.for_machine(machine), VirtualClock()
    ports: list[Cut] = []

    def opener(*_: object, **__: object) -> Port:
        ports.append(Cut(SimPort(simulator, clock)))
        return ports[-1]

    plotter = replace(LEFT, machine=machine, slot=Slot(x_mm=20, y_mm=20))
    f = floor(plotters=[plotter], dispatch=pressing((3, Wanted.STOP)), opener=opener)
    f.until(lambda: "homes when" in f.store.plotter("left").reason)
    f.load()
    job = f.order(WORDS)
    f.until_state(job, State.INTERRUPTED)
    f.until(lambda: (verdict := f.store.job(job.id).verdict) is not None and verdict.resumable)
    ports[-1].cut = True
    f.until(lambda: "homes when" in f.store.plotter("left").reason)
    f.errands.ask(Home(), actor="op")
    f.until(lambda: (verdict := f.store.job(job.id).verdict) is not None and verdict.resumable)
    found = f.store.job(job.id).verdict
    assert found is not None
    assert found.card is Card.LOOK
    with pytest.raises(NotAllowed, match="looked at first"):
        f.desk.resume(job.id, actor="op")
    f.desk.resume(job.id, actor="op", looked=True)
    f.until_state(job, State.DONE)
    assert_whole_and_once(f, job)


def test_what_was_written_when_the_host_died_is_spoiled_unless_its_pen_was_known_up(
    floor: Callable[..., Floor],
) -> None:
    f = floor(plotters=[])
    for held, card, resume in ((False, Card.SPOILED, None), (True, Card.LOOK, None)):
        job = f.order(WORDS)
        f.dispatch.register([LEFT])
        f.dispatch.report("left", Condition.IDLE)
        f.load()
        claim = f.dispatch.claim("left")
        assert claim is not None
        f.dispatch.pen_down(claim)
        f.dispatch.progress(claim, stroke=5, held=held)
        f.store.boot += "again"
        f.dispatch.register([LEFT])
        found = f.store.job(job.id)
        assert found.state is State.INTERRUPTED
        assert found.verdict is not None
        assert (found.verdict.card, found.verdict.fault, found.verdict.resume) == (card, "host", resume)
        assert not found.verdict.resumable
        with pytest.raises(NotAllowed, match="cannot be gone on with"):
            f.desk.resume(job.id, actor="op", looked=True)
        f.desk.decide(job.id, Decision.GIVE_UP, actor="op")


def test_only_an_interrupted_card_is_gone_on_with(floor: Callable[..., Floor]) -> None:
    f = floor()
    job = f.order(WORDS)
    with pytest.raises(NotAllowed, match="only an interrupted card"):
        f.desk.resume(job.id, actor="op")


class Cut:
    """A cable that comes out when it is told to."""

    def __init__(self, port: SimPort) -> None:
        self._port, self.cut = port, False
        self.simulator, self.clock = port.simulator, port.clock

    def write(self, data: bytes) -> None:
        self._look()
        self._port.write(data)

    def read(self, timeout_s: float) -> bytes:
        self._look()
        return self._port.read(timeout_s)

    def close(self) -> None:
        self._port.close()

    def _look(self) -> None:
        if self.cut:
            raise PortError("the cable is out")
