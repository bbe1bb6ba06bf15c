"""Cards on the simulated EiBotBoard: judged by the ink on the paper, whatever happens on the way."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from plotter.clock import VirtualClock
from plotter.driver import connect, driver
from plotter.ebb import EbbSession
from plotter.ebbboard import EbbBoard
from plotter.faults import Card, Resume
from plotter.machine import EiBotBoard, Machine, ServoPen, Slot
from plotter.macros import MacroFault, macro, run
from plotter.plan import Toolpath, plan
from plotter.port import PortError
from plotter.program import Program
from plotter.serialport import open_port
from plotter.simfaults import faults
from plotter.simport import SimPort
from plotter.stream import MachineMismatch, NotReady, Outcome, Progress, Wish, stream
from plotter.strokes import Stroke, deviation, stroke
from plotter.wire import Wire

AXI = Machine(
    firmware="ebb",
    pen=ServoPen(down_s=300, up_s=600, down_settle_s=0.15, up_settle_s=0.15),
    max_rate_mm_min=(12000, 12000, 3000),
)
SLOT = Slot(x_mm=20.0, y_mm=90.0, rotation_deg=1.5)
versions = pytest.mark.parametrize("version", ["2.7.0", "2.8.1", "3.0.2"])


def drawing() -> list[Stroke]:
    """Bows, a corner, a dot, a long line and fast loops: about 15 s of writing."""
    turn, loops = np.linspace(0, 5, 40), np.linspace(0, 16 * np.pi, 700)
    bows = [np.column_stack((8 + 12 * k + 4 * np.cos(turn), 20 + 5 * np.sin(turn))) for k in range(5)]
    return [
        *bows,
        stroke([(80, 15), (95, 15), (95, 25), (85, 18)]),
        stroke([(100, 20)]),
        stroke([(8, 50), (120, 52)]),
        np.column_stack((10 + 1.8 * loops + 1.5 * np.cos(loops), 75 + 2.5 * np.sin(loops))),
    ]


@pytest.fixture(scope="module")
def path() -> Toolpath:
    return plan(drawing(), paper=(148.0, 105.0), slot=SLOT, machine=AXI)


class Rig:
    """A board at a port, a card, and somebody who may tamper with the wire or the machine while it is written."""

    def __init__(self, path: Toolpath, version: str = "2.8.1", machine: Machine = AXI) -> None:
        self.board = EbbBoard(machine, version=version)
        self.port = Tampered(self.board, VirtualClock())
        self.path, self.machine, self.tongue = path, machine, driver(machine)
        self.program = self.tongue.write(path)
        self.seen: list[Progress] = []

    def connect(self) -> EbbSession:
        session = connect(self.port, self.machine)
        assert isinstance(session, EbbSession)
        return session

    def write(
        self,
        watch: Callable[[Progress], Wish] = lambda _: Wish.GO_ON,
        *,
        program: Program | None = None,
        goes_on: bool = False,
    ) -> Outcome:
        def seen(now: Progress) -> Wish:
            self.seen.append(now)
            return watch(now)

        def rewrite(resume: Resume) -> Program:
            return self.tongue.write(self.path, first_stroke=resume.stroke, from_mm=resume.mm)

        session = self.connect()
        self.port.counts = True
        return stream(self.port, session, program or self.program, watch=seen, rewrite=rewrite if goes_on else None)

    def stray(self) -> float:
        """How far ink is from the path, mm."""
        return self.board.sheet.stray_mm(list(self.path.strokes))

    def whole(self) -> bool:
        """All of the drawing is there, no place of it drawn twice, and nothing else."""
        strokes = list(self.path.strokes)
        points = np.concatenate([one[1:-1:3] for one in strokes if len(one) > 4])
        sheet = self.board.sheet
        return (
            self.stray() < 0.05
            and sheet.missing_mm(strokes) < 0.05
            and bool((sheet.passes(points) <= _passes(strokes, points)).all())
        )


def _passes(strokes: list[Stroke], points: Stroke) -> np.ndarray:
    from plotter.sheet import Mark, Sheet

    marks = tuple(Mark(one, 0.0, 0.0, np.ones(len(one))) for one in strokes)
    return Sheet(marks, ()).passes(points) + 1  # where a card goes on, a hair is drawn twice


class Tampered(SimPort[EbbBoard]):
    """A port whose n-th answer or command (counted from the first line of the card on) may be changed."""

    def __init__(self, board: EbbBoard, clock: VirtualClock) -> None:
        self.counts = False
        self.commands: dict[int, bytes] = {}
        self.answers: dict[int, bytes] = {}
        self._sent = self._said = 0
        self._half = b""
        super().__init__(board, clock)

    def write(self, data: bytes) -> None:
        out = b""
        for line in data.split(b"\r")[:-1]:
            if self.counts and line[:2] in (b"LM", b"SP"):
                line, self._sent = self.commands.get(self._sent, line), self._sent + 1
            out += line + b"\r"
        super().write(out)

    def read(self, timeout_s: float) -> bytes:
        got = super().read(timeout_s)
        if not self.counts:
            return got
        *lines, self._half = (self._half + got).split(b"\n")
        out = b""
        for line in lines:
            if line.strip() in (b"OK", b"LM"):
                line, self._said = self.answers.get(self._said, line), self._said + 1
            out += line + b"\n"
        return out


# ------------------------------------------------------------------ whole cards
@versions
def test_the_ink_is_the_plan(path: Toolpath, version: str) -> None:
    rig = Rig(path, version)
    begin = rig.port.clock.now()
    outcome = rig.write()
    assert outcome.card is Card.WHOLE, outcome.reason
    assert deviation(rig.board.ink, list(path.strokes)) < 0.03
    assert rig.board.torn == []  # the FIFO never ran dry while the motors ran
    assert rig.board.sheet.blots(0.3) == []
    assert rig.board.head[:2] == (0.0, 218.0)
    assert not rig.board.pen_down
    told = rig.tongue.estimate(rig.program)
    assert told.seconds == pytest.approx(outcome.seconds, rel=0.03)
    assert told.lifts == len(path.strokes)
    assert outcome.seconds < rig.port.clock.now() - begin


def test_many_cards_do_not_drift(path: Toolpath) -> None:
    rig = Rig(path)
    session = rig.connect()
    for _ in range(3):
        rig.board.new_sheet()
        assert stream(rig.port, session, rig.program, watch=lambda _: Wish.GO_ON).card is Card.WHOLE
        assert deviation(rig.board.ink, list(path.strokes)) < 0.03


def test_the_pace_of_a_hand_is_kept() -> None:
    machine = Machine(firmware="ebb", pen=AXI.pen, max_rate_mm_min=AXI.max_rate_mm_min, pace="hand")
    rig = Rig(plan(drawing(), paper=(148.0, 105.0), slot=SLOT, machine=machine), machine=machine)
    outcome = rig.write()
    assert outcome.card is Card.WHOLE
    assert deviation(rig.board.ink, list(rig.path.strokes)) < 0.03
    assert rig.tongue.estimate(rig.program).seconds == pytest.approx(outcome.seconds, rel=0.03)


# ------------------------------------------------------------------ pausing and stopping
def test_a_hold_pauses_at_the_next_lift_with_the_pen_up(path: Toolpath) -> None:
    rig = Rig(path)
    held = 0

    def watch(now: Progress) -> Wish:
        nonlocal held
        if now.held:
            held += 1
            assert not rig.board.pen_down
        return Wish.HOLD if now.stroke >= 2 and held < 15 else Wish.GO_ON

    outcome = rig.write(watch)
    assert held >= 15
    assert outcome.card is Card.WHOLE
    assert rig.whole()
    assert rig.board.torn == []


def at_mm(x: float) -> Callable[[Rig], bool]:
    """While the long line is drawn, beyond `x` in the machine frame."""
    return lambda rig: rig.board.pen_down and len(rig.board.ink) == 8 and rig.board.head[0] > x


def when(rig: Rig, moment: Callable[[Rig], bool], wish: Wish, after: Wish = Wish.GO_ON) -> Callable[[Progress], Wish]:
    said = False

    def watch(_: Progress) -> Wish:
        nonlocal said
        if not said and moment(rig):
            said = True
            return wish
        return after if said else Wish.GO_ON

    return watch


@versions
def test_a_stop_lifts_at_once_and_the_card_can_go_on(path: Toolpath, version: str) -> None:
    rig = Rig(path, version)
    outcome = rig.write(when(rig, at_mm(60), Wish.STOP))
    assert outcome.card is Card.RESUMABLE, outcome.reason
    assert outcome.position_known
    assert not rig.board.pen_down
    assert rig.stray() < 0.05
    assert rig.board.sheet.blots(0.5) == []
    assert rig.board.head[:2] == pytest.approx((0, 218))
    assert outcome.resume is not None
    assert outcome.resume.stroke == 7
    assert 20 < outcome.resume.mm < 60
    rest = rig.tongue.write(path, first_stroke=outcome.resume.stroke, from_mm=outcome.resume.mm)
    session = rig.connect()  # a person has looked: the head is in its corner
    assert stream(rig.port, session, rest, watch=lambda _: Wish.GO_ON).card is Card.WHOLE
    assert rig.whole()


@versions
def test_a_pen_lifted_at_a_persons_word_goes_on_where_it_was(path: Toolpath, version: str) -> None:
    rig = Rig(path, version)
    outcome = rig.write(when(rig, at_mm(70), Wish.LIFT), goes_on=True)
    assert outcome.card is Card.WHOLE, outcome.reason
    assert rig.whole()
    assert rig.board.sheet.blots(0.5) == []


def test_a_stop_on_the_way_brakes_and_keeps_the_place(path: Toolpath) -> None:
    rig = Rig(path)
    moment: Callable[[Rig], bool] = lambda rig: len(rig.board.ink) == 7 and not rig.board.pen_down  # noqa: E731
    outcome = rig.write(when(rig, moment, Wish.STOP))
    assert outcome.card is Card.RESUMABLE, outcome.reason
    assert outcome.resume == Resume(7, 0.0)
    assert rig.board.torn == []  # nothing was torn to a stop at speed
    assert deviation(rig.board.ink, list(path.strokes[:7])) < 0.03
    rest = rig.tongue.write(path, first_stroke=7)
    assert stream(rig.port, rig.connect(), rest, watch=lambda _: Wish.GO_ON).card is Card.WHOLE
    assert rig.whole()


@pytest.mark.parametrize("version", ["2.8.1", "3.0.2"])
def test_a_stop_on_the_way_home_knows_that_all_is_drawn(path: Toolpath, version: str) -> None:
    rig = Rig(path, version)
    parks: Callable[[Rig], bool] = lambda rig: len(rig.board.ink) == 9 and rig.board.head[0] < 15  # noqa: E731
    outcome = rig.write(when(rig, parks, Wish.STOP))
    assert outcome.card is Card.RESUMABLE, outcome.reason
    assert outcome.resume == Resume(9)
    assert rig.whole()


def test_a_stop_on_a_long_way_to_an_absolute_place_waits_for_its_end() -> None:
    path = plan(drawing()[:5], paper=(148.0, 105.0), slot=Slot(x_mm=150.0, y_mm=0.0), machine=AXI)
    rig = Rig(path)
    late: Callable[[Rig], bool] = lambda rig: rig.board.head[0] > 10  # noqa: E731
    outcome = rig.write(when(rig, late, Wish.STOP), program=rig.tongue.write(path, first_stroke=4))
    assert outcome.card is Card.BLANK
    assert outcome.position_known, outcome.reason
    assert rig.board.head[:2] == pytest.approx((0, 218))


@pytest.mark.parametrize("version", ["2.8.1", "3.0.2"])
def test_a_stop_whose_answer_is_lost_is_said_again_before_the_pen_has_blotted(path: Toolpath, version: str) -> None:
    rig = Rig(path, version)
    rig.board = EbbBoard(AXI, version=version, faults=faults("mute:2.45@down:8+0.05"))
    rig.port = Tampered(rig.board, VirtualClock())
    outcome = rig.write()
    assert outcome.fault == "silent"
    assert outcome.card in (Card.LOOK, Card.SPOILED)
    (told, _) = rig.board.happened[0]
    assert all(one.begun + one.seconds < told + 2.45 + 0.5 for one in rig.board.sheet.rests)


# ------------------------------------------------------------------ what goes wrong
def test_an_unplugged_board_is_no_whole_card(path: Toolpath) -> None:
    rig = Rig(path)

    def watch(_: Progress) -> Wish:
        if at_mm(60)(rig):
            rig.board.unplug()
        return Wish.GO_ON

    outcome = rig.write(watch)
    assert outcome.fault == "wire-lost"
    assert outcome.card in (Card.LOOK, Card.SPOILED)
    assert not outcome.position_known
    assert "by hand" in outcome.reason
    assert rig.stray() < 0.05
    with pytest.raises(PortError):
        rig.port.read(0.1)


def test_a_board_that_restarts_unseen_spoils_the_card(path: Toolpath) -> None:
    rig = Rig(path)

    def watch(_: Progress) -> Wish:
        if at_mm(60)(rig):
            rig.board.restart()
        return Wish.GO_ON

    outcome = rig.write(watch)
    assert outcome.fault == "restarted"
    assert outcome.card is Card.SPOILED
    assert not outcome.position_known
    assert not rig.board.pen_down


def test_motors_without_supply_are_noticed_though_all_answers(path: Toolpath) -> None:
    rig = Rig(path)
    gone: list[float] = []

    def watch(_: Progress) -> Wish:
        if not gone and at_mm(60)(rig):
            rig.board.powered = False
            gone.append(rig.port.clock.now())
        return Wish.GO_ON

    outcome = rig.write(watch)
    assert outcome.fault == "power-lost"
    assert outcome.card is Card.SPOILED
    assert not rig.board.pen_down
    assert "supply" in outcome.reason
    last = rig.board.sheet.marks[-1]
    assert last.ended - gone[0] < 0.6  # the pen does not stay on the paper


def test_the_button_on_the_board_pauses_the_card(path: Toolpath) -> None:
    rig = Rig(path)

    def watch(_: Progress) -> Wish:
        if at_mm(60)(rig) and len(rig.seen) < 10_000:
            rig.board.press()
        return Wish.GO_ON

    outcome = rig.write(watch)
    assert outcome.fault == "held"
    assert outcome.card is Card.RESUMABLE
    assert not rig.board.pen_down


@pytest.mark.parametrize("n", [3, 30, 61, 130])
@pytest.mark.parametrize("version", ["2.8.1", "3.0.2"])
@pytest.mark.parametrize("what", [None, b"O\x0b\r", b"!8 Err: what\r"])
def test_answers_that_are_lost_or_garbled_never_hide_stray_ink(
    path: Toolpath, version: str, n: int, what: bytes | None
) -> None:
    rig = Rig(path, version)
    rig.port.answers[n] = b"" if what is None else what
    outcome = rig.write(goes_on=True)
    assert rig.stray() < 0.1
    assert not rig.board.pen_down
    assert outcome.card is not Card.WHOLE or rig.whole()
    if what is None:
        assert outcome.card is Card.WHOLE, outcome.reason


@pytest.mark.parametrize("n", [10, 25, 30, 44, 61, 64, 65, 66, 100, 200])
@pytest.mark.parametrize("change", ["lost", "twice"])
def test_a_command_that_is_not_what_was_sent_is_never_a_whole_card_unless_it_is(
    path: Toolpath, n: int, change: str
) -> None:
    rig = Rig(path)
    lines = [line.text.encode() for line in rig.program.lines if line.text[:2] in ("LM", "SP")]
    text = lines[n]
    rig.port.commands[n] = {"lost": b"QB", "twice": text + b"\r" + text}[change]
    outcome = rig.write(goes_on=True)
    assert outcome.card is not Card.WHOLE or rig.whole(), (text, outcome)
    assert not rig.board.pen_down


# ------------------------------------------------------------------ connecting
def test_a_head_that_was_pushed_home_is_at_home(path: Toolpath) -> None:
    rig = Rig(path)
    rig.board.push_head((100.0, 100.0, 0.0))
    rig.board.push_head((0.0, 218.0, 0.0))
    assert rig.write().card is Card.WHOLE
    assert rig.whole()


def test_a_board_without_supply_is_refused_in_words(path: Toolpath) -> None:
    rig = Rig(path)
    rig.board.powered = False
    with pytest.raises(NotReady, match="no supply"):
        rig.connect()


def test_an_old_firmware_is_refused_in_words(path: Toolpath) -> None:
    with pytest.raises(NotReady, match=r"2\.6\.5; Fairhand needs 2\.7\.0"):
        Rig(path, "2.6.5").connect()


def test_another_board_is_refused_by_its_nickname(path: Toolpath) -> None:
    machine = Machine(firmware="ebb", pen=AXI.pen, board=EiBotBoard(nickname="East"))
    rig = Rig(path, machine=machine)
    rig.connect()
    rig.board.nickname = "WEST"
    with pytest.raises(MachineMismatch, match="nickname"):
        rig.connect()


def test_what_is_no_eibotboard_is_refused() -> None:
    port = open_port("sim://?speed=max", baud=115200, machine=Machine())
    with pytest.raises(PortError, match="answered"):
        connect(port, AXI)


def test_a_board_that_still_moves_is_stopped_by_connecting(path: Toolpath) -> None:
    rig = Rig(path)
    rig.port.write(b"SM,20000,8000,8000\r")
    rig.port.read(0.5)
    session = rig.connect()
    assert not session.lines_under_way
    assert rig.board.head[0] < 10
    assert not rig.board.busy


def test_pen_and_head_move_by_hand_commands(path: Toolpath) -> None:
    rig = Rig(path)
    wire = Wire(rig.port, rig.connect())
    for line in (*rig.tongue.move((50.0, 100.0)), *rig.tongue.pen(down=True)):
        wire.ask(line)
    assert rig.board.pen_down
    assert rig.board.head[:2] == pytest.approx((50, 100), abs=0.02)
    for line in rig.tongue.pen(down=False):
        wire.ask(line)
    assert not rig.board.pen_down
    assert len(rig.board.ink) == 1


def test_others_commands_are_carried_out() -> None:
    """What the maker's own software sends: SM, XM, EM, TP is not needed; answers as documented."""
    board = EbbBoard(AXI)
    port = SimPort(board, VirtualClock())

    def say(text: str, seconds: float = 2.0) -> bytes:
        port.write(text.encode() + b"\r")
        end, got = port.clock.now() + seconds, b""
        while port.clock.now() < end:
            got += port.read(end - port.clock.now())
        return got

    assert say("v") == b"EBBv13_and_above EB Firmware Version 2.8.1\r\n"
    assert say("EM,1,1") == b"OK\r\n"
    assert say("XM,1000,800,400") == b"OK\r\n"
    assert say("QS") == b"1200,400\n\rOK\r\n"
    assert board.head[:2] == pytest.approx((10, 213))
    assert say("HM,4000") == b"OK\r\n"
    assert say("QM").startswith(b"!8 Err")  # its answer is in QG
    assert say("QS") == b"0,0\n\rOK\r\n"
    assert say("SM,1,1000,1000").startswith(b"!0 Err")
    assert say("LM,5") == b"!4 Err: Missing parameter(s)\n\r"


def test_a_macro_goes_and_waits_in_the_boards_own_words(path: Toolpath) -> None:
    rig = Rig(path)
    load = macro("load", ["G0X150Y20", "G4P0.5", "G0X10"], AXI)
    report = run(Wire(rig.port, rig.connect()), load)
    assert report.at == pytest.approx((10, 20), abs=0.02)
    assert rig.board.head[:2] == pytest.approx((10, 20), abs=0.02)
    assert rig.board.ink == []
    with pytest.raises(MacroFault, match="outputs"):
        macro("vacuum", ["M8"], AXI)
    assert rig.write().card is Card.WHOLE  # from wherever the macro has left the head


def test_strokes_in_another_order_are_whole_too() -> None:
    machine = replace(AXI, order="fastest")
    rig = Rig(plan(drawing(), paper=(148.0, 105.0), slot=SLOT, machine=machine), machine=machine)
    outcome = rig.write(when(rig, lambda rig: rig.board.pen_down and len(rig.board.ink) == 5, Wish.LIFT), goes_on=True)
    assert outcome.card is Card.WHOLE
    assert rig.whole()


@pytest.mark.parametrize("version", ["2.8.1", "3.0.2"])
@pytest.mark.parametrize(
    ("fault", "named", "worth"),
    [
        ("reset@down:8+0.05", "restarted", {Card.SPOILED}),
        ("hold@down:8+0.05", "held", {Card.RESUMABLE}),
        ("motors-off@down:8+0.05", "power-lost", {Card.SPOILED}),
        ("unplug@down:8+0.05", "wire-lost", {Card.SPOILED, Card.LOOK}),
        ("deaf:0.3@down:8+0.05", "", {Card.WHOLE}),
        ("lose-ok:161", "", {Card.WHOLE}),
    ],
)
def test_each_fault_has_its_verdict(path: Toolpath, version: str, fault: str, named: str, worth: set[Card]) -> None:
    rig = Rig(path, version)
    rig.board = EbbBoard(AXI, version=version, faults=faults(fault))
    rig.port = Tampered(rig.board, VirtualClock())
    outcome = rig.write(goes_on=True)
    assert outcome.fault == named
    assert outcome.card in worth
    assert not rig.board.pen_down or rig.board.unplugged
    assert outcome.card is not Card.WHOLE or rig.whole()
    assert "by hand" not in outcome.reason or rig.board.unplugged
