"""The EiBotBoard's commands, arithmetic, motion and session: what goes over the wire and what it means."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plotter.driver import driver
from plotter.ebb import MARK, EbbSession
from plotter.ebbmotion import LEAST_S, MOST_HZ, MOST_S, merged, moves
from plotter.ebbprogram import prove, write
from plotter.ebbwords import FULL, TICK_S, Belt, Move, Share, Unfit, read, share
from plotter.machine import EiBotBoard, Machine, ServoPen, ZPen
from plotter.plan import Toolpath
from plotter.program import Line, Program, ProgramError
from plotter.session import Banner, Error, Event, Message, NoRoom, Ok, Status, Unknown
from plotter.strokes import Stroke, stroke

AXI = Machine(
    firmware="ebb",
    pen=ServoPen(down_s=300, up_s=600, down_settle_s=0.15, up_settle_s=0.15),
    max_rate_mm_min=(12000, 12000, 3000),
)
TURN = np.linspace(0, 12 * math.pi, 900)
CURL = np.column_stack((60 + 1.5 * TURN + 3 * np.cos(TURN), 60 + 3 * np.sin(TURN)))


def counted(one: Share) -> tuple[int, list[int]]:
    """The firmware's own loop, tick by tick: when the last step is made, and how many are made by each tick."""
    rate, accumulator, left, made = one.rate - math.trunc(one.accel / 2), 0, abs(one.steps), [0]
    while left:
        rate += one.accel
        assert 0 <= rate < FULL
        accumulator += rate
        if accumulator >= FULL:
            accumulator -= FULL
            left -= 1
        made.append(abs(one.steps) - left)
    return len(made) - 1, made


# ------------------------------------------------------------------ arithmetic
def test_the_makers_examples_of_lm_take_as_long_as_the_maker_says() -> None:
    # "EBB Command Set", LM, examples 1 (0.4068 s), 3 (10 ms), 5 (30 ms), 6 (77 ms), 7 (500 ms)
    assert Share(3865471, 60, 1732).ticks() == pytest.approx(10169, abs=3)
    assert Move(Share(85899346, 10, 0), Share(17180814, 2, 0)).ticks() == 250
    assert Move(Share(17180814, 6, 0), Share(57266231, 20, 0)).ticks() == pytest.approx(750, abs=1)
    assert Share(42950000, 50, 13400).ticks() * TICK_S == pytest.approx(0.077, abs=0.0005)
    assert Share(17179000, 75, -687).ticks() * TICK_S == pytest.approx(0.5, abs=0.002)


@given(
    st.integers(-800, 800).filter(bool),
    st.integers(100, 2500),
    st.floats(0, 1),
    st.floats(0, 1),
)
@settings(max_examples=60, deadline=None)
def test_a_share_makes_its_steps_on_the_very_tick(steps: int, ticks: int, begin: float, end: float) -> None:
    if abs(steps) > ticks // 3:
        steps = math.copysign(ticks // 3, steps).__int__()
    one = share(steps, ticks, begin, end)
    last, made = counted(one)
    assert one.ticks() == last == ticks
    at = ticks // 2
    assert abs(one.at(at)) == made[at]


def test_a_rate_that_falls_to_nothing_never_makes_its_steps() -> None:
    with pytest.raises(Unfit):
        Share(1000000, 100, -10).ticks()


def test_the_belt_turns_both_motors_and_counts_from_the_upper_left() -> None:
    belt = Belt.of(AXI)
    assert belt.motors((0.0, 218.0)) == (0, 0)
    assert belt.motors((1.0, 218.0)) == (80, 80)  # right: both
    assert belt.motors((0.0, 217.0)) == (80, -80)  # towards the operator: against each other
    assert belt.place((80, -80)) == (0.0, 217.0)


def test_only_commands_that_writing_needs_are_read() -> None:
    for text in (
        "EM,0,0",
        "LM,1,2,3,4,5,6",
        "HM,25000,0,0",
        "SM,5,10,10",
        "SP,2,100",
        "SC,2,1",
        "R",
        "RB",
        "BL",
        "ST,x",
    ):
        with pytest.raises(Unfit):
            read(text)
    for text in ("SP,1,150", "SP,0,150,4", "SM,1,0,0", "SC,4,20640", "HM,4000,-12,12"):
        assert str(read(text)) == text


# ------------------------------------------------------------------ motion
@pytest.fixture(scope="module")
def curl() -> list[Move]:
    return list(moves(CURL, AXI, Belt.of(AXI).motors(tuple(CURL[0])), draw=True))  # type: ignore[arg-type]


def test_steps_add_up_to_the_last_one(curl: list[Move]) -> None:
    belt = Belt.of(AXI)
    a, b = belt.motors(tuple(CURL[0]))  # type: ignore[arg-type]
    total = a + sum(one.first.steps for one in curl), b + sum(one.second.steps for one in curl)
    assert total == belt.motors(tuple(CURL[-1]))  # type: ignore[arg-type]


def test_commands_are_neither_too_short_for_the_board_nor_too_long_to_stop(curl: list[Move]) -> None:
    seconds = [one.ticks() * TICK_S for one in curl]
    assert min(seconds[:-1]) > LEAST_S - 2 * TICK_S
    assert max(seconds) < MOST_S + 2 * TICK_S
    assert all(len(str(one)) <= 63 for one in curl)


def test_no_motor_runs_faster_than_the_interrupt(curl: list[Move]) -> None:
    long = moves(np.array([(0.0, 218.0), (200.0, 18.0)]), AXI, (0, 0), draw=False)
    for one in itertools.chain(curl, long):
        for motor in one:
            ticks = motor.ticks()
            assert ticks == 0 or 0 < motor.last_rate(1) / FULL / TICK_S < MOST_HZ * 1.02
            assert motor.last_rate(ticks) / FULL / TICK_S < MOST_HZ * 1.02


def test_speed_goes_on_from_command_to_command(curl: list[Move]) -> None:
    """At a boundary each motor's speed changes by what a corner allows, and by what whole steps cannot say."""
    jumps = []
    for one, two in itertools.pairwise(curl):
        ticks, following = one.ticks(), two.ticks()
        for a, b in zip(one, two, strict=True):
            left = math.copysign(a.last_rate(ticks) / FULL / TICK_S, a.steps) if a.steps else 0.0
            begins = math.copysign(b.last_rate(1) / FULL / TICK_S, b.steps) if b.steps else 0.0
            rounding = 1 / (ticks * TICK_S) + 1 / (following * TICK_S)
            jumps.append(max(0.0, abs(begins - left) - rounding) / 80)
    assert np.quantile(jumps, 0.9) < 6.0  # mm/s; the junctions of a curl of 3 mm at 50 mm/s and a deviation of 0.05
    assert max(jumps) < 30.0


def test_a_straight_travel_begins_and_ends_at_rest() -> None:
    way = list(moves(np.array([(10.0, 200.0), (110.0, 150.0)]), AXI, Belt.of(AXI).motors((10, 200)), draw=False))
    first, last = way[0].first, way[-1].first
    mean = first.steps / way[0].ticks()
    assert first.last_rate(1) / FULL < 0.2 * mean
    assert last.last_rate(last.ticks()) / FULL < 0.2 * last.steps / last.ticks()
    seconds = sum(one.ticks() for one in way) * TICK_S
    far = math.dist((10, 200), (110, 150))
    assert seconds == pytest.approx(far / 200 + 200 / 1000 / math.hypot(1, 0.5), rel=0.05)


def test_points_too_near_for_the_board_are_joined_within_a_hair() -> None:
    fine = np.column_stack((np.linspace(0, 10, 2000), 0.3 * np.sin(np.linspace(0, 10, 2000))))
    few = merged(fine, 0.25)
    assert len(few) < 80
    for a, b in itertools.pairwise(few):
        inside = fine[(fine[:, 0] >= a[0]) & (fine[:, 0] <= b[0])]
        d, off = b - a, inside - a
        assert np.abs(off[:, 0] * d[1] - off[:, 1] * d[0]).max() / math.hypot(*d) <= 0.0151


# ------------------------------------------------------------------ programs
def program(*strokes: Stroke, machine: Machine = AXI) -> Program:
    return write(Toolpath(strokes, machine))


def test_a_program_proves_itself() -> None:
    whole = program(CURL, stroke([(50, 50)]), stroke([(20, 20), (40, 20)]))
    prove(whole, AXI)
    assert whole.strokes == 3
    assert whole.end == (0.0, 218.0)
    assert [line.kind for line in whole.lines if line.stroke == 1 and line.kind != "travel"] == ["down", "up"]


def changed(whole: Program, n: int, *lines: Line) -> Program:
    return Program.of((*whole.lines[:n], *lines, *whole.lines[n + 1 :]), whole.end, walk=whole.walk)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda p, n: changed(p, n["up"]), "travels with the pen on the paper"),
        (lambda p, n: changed(p, n["down"]), "draws with the pen up"),
        (lambda p, n: changed(p, n["draw"]), "does not end at|off the bed"),
        (lambda p, n: changed(p, n["draw"], Line("LM,85899346,90000,0,0,0,0,3", 0, "draw")), "off the bed"),
        (lambda p, n: changed(p, n["draw"], Line("LM,10,5,-3,0,0,0,3", 0, "draw")), "never made"),
        (lambda p, n: changed(p, n["draw"], Line("EM,0,0", 0, "draw")), "no command that writing needs"),
        (lambda p, n: changed(p, n["setup"], Line("SC,4,9000", -1, "setup")), "servo"),
        (lambda p, n: changed(p, n["down"], Line("SP,0,150,4", 0, "down")), "pin 1"),
        (lambda p, n: changed(p, n["down"], Line("SP,0,150", 0, "travel")), "kind"),
        (lambda p, _: changed(p, 4), "before the pen has been lifted"),
    ],
)
def test_a_program_that_would_go_wrong_is_refused(change, why) -> None:  # type: ignore[no-untyped-def]
    whole = program(stroke([(20, 20), (40, 20)]))
    number = {line.kind: n for n, line in reversed(list(enumerate(whole.lines)))}
    with pytest.raises(ProgramError, match=why):
        prove(change(whole, number), AXI)


def test_an_unknown_first_stroke_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot begin with stroke 2"):
        driver(AXI).write(Toolpath((CURL,), AXI), first_stroke=2)


def test_a_machine_with_an_eibotboard_lifts_by_servo_and_does_not_home() -> None:
    with pytest.raises(ValueError, match="servo"):
        Machine(firmware="ebb", pen=ZPen())
    with pytest.raises(ValueError, match="limit switches"):
        Machine(firmware="ebb", homing=True)
    with pytest.raises(ValueError, match="one belt"):
        Machine(firmware="ebb", steps_per_mm=(80, 40, 80))
    assert EiBotBoard().pulse(600) == 20641


# ------------------------------------------------------------------ the session
def ready(*, future: bool = False, depth: int = 1) -> EbbSession:
    session = EbbSession(AXI)
    session.future, session.depth, session.marked, session.motors = future, depth, True, (0, 0)
    return session


MOVE = "LM,85899346,10,0,17180814,2,0,3"
REPORTS = {
    False: f"0394,0300\r\nOK\r\n{MARK}\r\nOK\r\n720,80\n\rOK\r\n3C\r\n".encode(),
    True: f"QC,0394,0300\nQL,{MARK}\nQS,720,80\nQG,3C\n".encode(),
}
OK = {False: b"OK\r\n", True: b"LM\n"}


@pytest.mark.parametrize("future", [False, True])
def test_a_report_is_four_answers(future: bool) -> None:
    session = ready(future=future)
    assert session.query() == b"QC\rQL\rQS\rQG\r"
    (report,) = session.receive(REPORTS[future])
    assert report == Status("Hold", 0, (5.0, 214.0, 0.0), -1, -1)
    assert isinstance(report, Status)
    assert report.pen == "up"


@pytest.mark.parametrize("future", [False, True])
@given(cuts=st.lists(st.integers(0, 120), max_size=6))
@settings(max_examples=30, deadline=None)
def test_any_cut_of_the_stream_gives_the_same_events(future: bool, cuts: list[int]) -> None:
    data = OK[future] + REPORTS[future] + OK[future] + b"nonsense\n"

    def events(parts: list[bytes]) -> list[Event]:
        session = ready(future=future)
        session.send(MOVE, 0)
        session.query()
        session.send(MOVE, 1)
        return [event for part in parts for event in session.receive(part)]

    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    whole = events([data])
    assert events([data[a:b] for a, b in itertools.pairwise(edges)]) == whole
    assert [type(event) for event in whole] == [Ok, Status, Ok, Unknown]


def test_an_answer_proves_what_the_fifo_has_no_place_for() -> None:
    for depth in (1, 4):
        session, proved = ready(depth=depth), []
        for n in range(8):
            session.send(MOVE, n)
            (ok,) = session.receive(b"OK\r\n")
            assert isinstance(ok, Ok)
            proved.append(ok.executed)
        # Line n waits in the FIFO, `depth` - 1 before it too, one more is being carried out.
        assert proved == [max(0, n - depth) for n in range(8)]


@pytest.mark.parametrize("depth", [1, 4])
def test_an_answer_proves_nothing_of_the_program_before(depth: int) -> None:
    session = ready(depth=depth)
    for n in (*range(20), -1, *range(depth + 1)):  # a card, a move by hand, the next card
        session.send(MOVE, n)
        (ok,) = session.receive(b"OK\r\n")
        assert isinstance(ok, Ok)
        assert ok.executed <= n or n < 0


def test_few_commands_are_under_way_and_none_behind_a_long_way() -> None:
    session = ready()
    session.send(MOVE, 0)
    session.send(MOVE, 1)
    with pytest.raises(NoRoom):
        session.send(MOVE, 2)
    session.receive(b"OK\r\nOK\r\n")
    session.send("HM,4000,0,0", 2)
    session.receive(b"OK\r\n")
    assert not session.room(MOVE)
    session.query()
    session.receive(REPORTS[False].replace(b"3C", b"1C"))  # moving
    assert not session.room(MOVE)
    session.query()
    session.receive(REPORTS[False].replace(b"3C", b"10"))  # at rest
    assert session.room(MOVE)


def test_idle_before_the_last_command_was_taken_is_not_empty() -> None:
    session = ready()
    session.query()
    (report,) = session.receive(REPORTS[False].replace(b"3C", b"10"))
    assert isinstance(report, Status)
    assert session.empty(report)
    session.send(MOVE, 0)
    session.receive(b"OK\r\n")
    assert not session.empty(report)


def test_only_clean_commands_are_sent() -> None:
    session = ready()
    for text in ("LM,1,1,1,1,1,1,3\rEM,0,0", "V ", "ST,Ada", "RB", "lm", "QS\n", "SP,1,100;", "HM,25000,0,0"):
        with pytest.raises(ValueError, match="must not be sent"):
            session.send(text)
    assert session.lines_under_way == 0


@pytest.mark.parametrize(
    ("future", "said"),
    [(False, b"!8 Err: Unknown command 'XX:5858'\n\r"), (True, b"LM,!6 Err: Invalid parameter value\n")],
)
def test_an_error_names_its_command(future: bool, said: bytes) -> None:
    session = ready(future=future)
    session.send(MOVE, 7)
    (error,) = session.receive(said)
    assert isinstance(error, Error)
    assert (error.index, error.line, error.code) == (7, MOVE, 8 if not future else 6)


def test_a_lost_answer_does_not_shift_the_others() -> None:
    for future in (False, True):
        session = ready(future=future)
        session.send(MOVE, 0)
        session.query()
        session.send(MOVE, 1)
        kinds = [type(event) for event in session.receive(REPORTS[future] + OK[future])]
        assert kinds == [Unknown, Status, Ok]
        assert session.lines_under_way == 0


def test_a_board_that_has_forgotten_its_mark_has_restarted() -> None:
    session = ready()
    session.send(MOVE, 0)
    session.query()
    events = session.receive(b"OK\r\n" + REPORTS[False].replace(b"\n42\r", b"\n0\r"))
    assert [type(event) for event in events] == [Ok, Banner]


def test_what_comes_before_the_stop_belongs_to_nobody() -> None:
    for said, future in ((b"1,50,1200,18634,9848\n\rOK\r\n", False), (b"0\n\rOK\r\n", False), (b"ES,1\n", True)):
        session = ready(future=future)
        session.send(MOVE, 0)
        session.query()
        assert session.reset() == b"\rES\r"
        assert not session.room(MOVE)
        before = OK[future] + REPORTS[future]
        (banner,) = session.receive(before + said)
        assert isinstance(banner, Banner)
        assert banner.awaited
        assert session.future is future
        session.send("V")
        kinds = [
            type(event) for event in session.receive(b"V," * future + b"EBBv13_and_above EB Firmware Version 2.8.1\r\n")
        ]
        assert kinds == [Message, Ok]
