"""Each fault of the table against the simulated machine, judged by the ink on the sheet and what the card is said to be
worth."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from plotter.driver import connect, driver
from plotter.faults import FAULTS, Card, Resume
from plotter.machine import Machine, Slot, ZPen
from plotter.plan import Toolpath, plan
from plotter.program import Program
from plotter.simfaults import faults
from plotter.simport import plug
from plotter.stream import Outcome, Progress, Wish, stream
from plotter.strokes import stroke

SERVO, Z = Machine(), Machine(pen=ZPen())
both = pytest.mark.parametrize("machine", [SERVO, Z], ids=["servo", "z"])
# A bow of 40 mm takes about a second: faults find the pen down.
TURN = np.linspace(0, 4.5, 60)


def drawing(machine: Machine) -> Toolpath:
    bows = [np.column_stack((10 + 14 * k + 5 * np.cos(TURN), 20 + 9 * np.sin(TURN))) for k in range(4)]
    return plan([*bows, stroke([(30, 5)])], paper=(70, 40), slot=Slot(), machine=machine)


class Written:
    """A card written with faults, and what became of it."""

    def __init__(
        self,
        machine: Machine,
        *wrong: str,
        watch: Callable[[Progress], Wish] = lambda _: Wish.GO_ON,
        mends: bool = True,
        seed: int = 1,
    ) -> None:
        self.path = drawing(machine)
        self.tongue = driver(machine)
        self.port = plug(machine, faults(*wrong), seed=seed)
        self.session = connect(self.port, machine)
        self.port.simulator.stream_begins()
        self.outcome: Outcome = stream(
            self.port,
            self.session,
            self.tongue.write(self.path),
            watch=watch,
            rewrite=self.rewrite if mends else None,
        )
        self.port.settle()

    def rewrite(self, at: Resume) -> Program:
        return self.tongue.write(self.path, first_stroke=at.stroke, from_mm=at.mm)

    @property
    def stray_mm(self) -> float:
        return float(self.port.simulator.sheet.stray_mm(self.path.strokes))

    @property
    def missing_mm(self) -> float:
        return float(self.port.simulator.sheet.missing_mm(self.path.strokes))

    def assert_whole(self) -> None:
        assert self.outcome.card is Card.WHOLE, self.outcome.reason
        assert self.stray_mm < 0.1
        assert self.missing_mm < 0.1
        assert not self.port.simulator.pen_down

    def assert_goes_on(self) -> None:
        """The place that it names is where the ink ends: the rest makes the card whole."""
        assert self.outcome.card is Card.RESUMABLE, self.outcome.reason
        assert self.outcome.resume is not None
        rest = stream(
            self.port, self.session, self.rewrite(self.outcome.resume), watch=lambda _: Wish.GO_ON, rewrite=self.rewrite
        )
        assert rest.card is Card.WHOLE, rest.reason
        self.outcome = rest
        self.assert_whole()


# ------------------------------------------------------------------ two faults at once
@pytest.mark.parametrize("second", ["reset", "mains-loss"])
@pytest.mark.parametrize("at", [round(1.9 + 0.02 * k, 2) for k in range(18)])
def test_a_restart_while_the_pen_is_lifted_for_a_mend_is_not_taken_for_ours(at: float, second: str) -> None:
    """Both end in the same banner; only the place tells, which a restart forgets."""
    one = Written(SERVO, "error:40", f"{second}@stream+{at}")
    if one.outcome.card is Card.WHOLE:
        one.assert_whole()
    else:
        assert one.outcome.card in (Card.SPOILED, Card.LOOK)
    assert one.stray_mm < 0.1


# ------------------------------------------------------------------ the wire (rows 2 and 3)
@both
@pytest.mark.parametrize("kind", ["lose-ok", "double-ok"])
@pytest.mark.parametrize("n", [2, 5, 6, 7, 60, 90, 91, 92, 93, 94, 200])
def test_answers_that_are_lost_or_come_twice_are_mended(machine: Machine, kind: str, n: int) -> None:
    one = Written(machine, f"{kind}:{n}@stream")
    one.assert_whole()
    assert set(one.outcome.mended) <= {"reply-lost", "line-lost"}


@pytest.mark.parametrize("kind", ["drop-in", "garble-in", "double-in"])
@pytest.mark.parametrize("at", range(40, 4000, 331))
def test_bytes_lost_or_changed_on_their_way_leave_no_stray_ink_unseen(kind: str, at: int) -> None:
    one = Written(SERVO, f"{kind}:{at}@stream", seed=at)
    if one.outcome.card is Card.WHOLE:
        one.assert_whole()
    else:  # a way to another place than the next stroke's beginning is seen when the pen has come down there
        assert one.outcome.card is Card.SPOILED
        assert one.outcome.fault in ("off-path", "alarm")  # a byte can become a reset


def test_every_digit_of_a_piece_of_ink_is_guarded() -> None:
    """Whatever digit becomes whatever other: the card is whole, or it is said not to be."""
    program = driver(SERVO).write(drawing(SERVO))
    line = next(n for n, each in enumerate(program.lines) if n > 40 and each.kind == "draw")
    begin = sum(len(each.text) + 1 for each in program.lines[:line])
    for k, character in enumerate(program.lines[line].text):
        if character.isdigit():
            other = ord("0") + (int(character) + 3) % 10
            # Queries stand between the lines: the byte is near.
            one = Written(SERVO, f"garble-in:{begin + k},{other}@stream")
            one.assert_whole()


def test_noise_among_the_answers_is_no_fault() -> None:
    for at in range(100, 3000, 407):
        Written(SERVO, f"garble-out:{at}@stream", seed=at).assert_whole()


def test_a_wire_that_keeps_failing_is_left_to_a_person() -> None:
    one = Written(SERVO, *(f"lose-ok:{n}@stream" for n in range(8, 200, 6)))
    assert one.outcome.card in (Card.WHOLE, Card.RESUMABLE)
    if one.outcome.card is Card.RESUMABLE:
        assert one.outcome.fault == "reply-lost"
        assert len(one.outcome.mended) == 5


# ------------------------------------------------------------------ errors (row 4)
@both
def test_a_refused_line_is_found_before_the_pen_comes_there(machine: Machine) -> None:
    one = Written(machine, "error:120@stream")
    one.assert_whole()
    assert one.outcome.mended == ("refused",)
    alone = Written(machine, "error:120@stream", mends=False)
    assert "error:20" in alone.outcome.reason
    assert "line " in alone.outcome.reason
    alone.assert_goes_on()


# ------------------------------------------------------------------ gone (rows 1, 5, 6, 20, 21)
@pytest.mark.parametrize(
    ("wrong", "fault", "card"),
    [
        ("unplug@down:2+0.3", "wire-lost", Card.SPOILED),
        ("reset@down:2+0.3", "restarted", Card.SPOILED),
        ("reset@up:2+0.01", "restarted", Card.SPOILED),
        ("mains-loss:3@down:2+0.3", "restarted", Card.SPOILED),
        ("deaf:60@down:2+0.3", "silent", Card.SPOILED),
        ("hard-limit@down:2+0.3", "hard-limit", Card.SPOILED),
        ("soft-limit@down:2+0.3", "soft-limit", Card.LOOK),
        ("unplug@0.05", "", Card.BLANK),
    ],
)
def test_a_machine_that_is_gone_or_locked(wrong: str, fault: str, card: Card) -> None:
    if not fault:
        wrong = "unplug@stream+0.05"
    one = Written(SERVO, wrong)
    assert one.outcome.card is card, one.outcome.reason
    if fault:
        assert one.outcome.fault == fault
    assert one.outcome.resume is None
    assert not one.outcome.position_known
    assert one.stray_mm < 0.1


def test_a_cable_pulled_while_held_leaves_a_card_worth_a_look() -> None:
    def watch(now: Progress) -> Wish:
        return Wish.HOLD if now.stroke >= 2 else Wish.GO_ON

    one = Written(SERVO, "unplug@stream+9", watch=watch)
    assert (one.outcome.card, one.outcome.fault) == (Card.LOOK, "wire-lost")
    assert one.outcome.strokes_done == len(one.port.simulator.ink) <= 3


# ------------------------------------------------------------------ people (row 7)
@both
@pytest.mark.parametrize("at", [0.2, 0.9, 1.35, 1.6, 2.5, 3.8])
def test_a_lift_in_the_middle_of_a_stroke_goes_on_there(machine: Machine, at: float) -> None:
    waits: list[Progress] = []

    def watch(now: Progress) -> Wish:
        if now.held:
            waits.append(now)
        return Wish.LIFT if now.seconds >= at and len(waits) < 4 else Wish.GO_ON

    one = Written(machine, watch=watch)
    one.assert_whole()
    assert len(waits) >= 3
    assert one.outcome.mended == ()
    planned = np.concatenate(one.path.strokes)
    # Where it was lifted the ink may lie over itself, nowhere else more than twice.
    assert (one.port.simulator.sheet.passes(planned) > 1).sum() <= 8


@both
def test_a_lift_leaves_the_paper_within_half_a_second(machine: Machine) -> None:
    lifts: list[float] = []

    def watch(now: Progress) -> Wish:
        if now.seconds < 1.2 or lifts:
            return Wish.GO_ON
        lifts.append(now.seconds)
        return Wish.LIFT

    one = Written(machine, watch=watch)
    one.assert_whole()
    assert lifts
    assert one.port.simulator.sheet.blots(0.5) == []


@both
@pytest.mark.parametrize("at", [1.2, 1.3, 2.2, 3.0])
def test_a_stop_names_the_place_where_the_ink_ends(machine: Machine, at: float) -> None:
    one = Written(machine, watch=lambda now: Wish.STOP if now.seconds >= at else Wish.GO_ON)
    assert one.outcome.fault == "stopped"
    assert math.dist(one.port.simulator.head[:2], (0, 0)) < 0.05
    one.assert_goes_on()


@pytest.mark.parametrize("wrong", ["hold@down:2+0.4", "door@down:2+0.4"])
def test_the_machines_own_button_is_a_pause_that_a_person_ends(wrong: str) -> None:
    one = Written(SERVO, wrong)
    assert one.outcome.fault == "held"
    assert one.port.simulator.sheet.blots(0.6) == []
    one.assert_goes_on()


# ------------------------------------------------------------------ host (rows 13, 23)
def test_a_host_that_sleeps_goes_on_where_it_was() -> None:
    Written(SERVO, "slow-host:4@down:2+0.3").assert_whole()


# ------------------------------------------------------------------ the table itself
def test_the_page_on_faults_has_the_table() -> None:
    page = (Path(__file__).parent.parent / "docs" / "faults.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert rows == [f"| `{key}` | {fault.title} | {fault.at_best.value} |" for key, fault in FAULTS.items()]


def test_every_verdict_has_its_row() -> None:
    assert {fault.at_best for fault in FAULTS.values()} == {Card.BLANK, Card.RESUMABLE, Card.LOOK, Card.SPOILED}
    assert all(fault.title for fault in FAULTS.values())
    assert Resume(3) == Resume(3, 0.0)
