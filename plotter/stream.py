"""Stream: a proved program onto a machine, watched all the way, with the pen off the paper at whatever end.

`ok` means parsed, not drawn. A stroke counts as drawn when the `ok` of a line has come that GRBL gives only after all
earlier motion (a servo command or a dwell); a card counts as finished when the machine reports itself Idle at the
program's end with empty buffers.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np

from plotter.connect import MachineMismatch, NotReady
from plotter.driver import connect, driver
from plotter.faults import FAULTS, Card, Resume
from plotter.port import Port, PortError
from plotter.program import Program, ProgramError
from plotter.rescue import NEAR_MM, Left
from plotter.session import Alarm, Banner, Error, Event, Ok, Session, Status
from plotter.strokes import Stroke
from plotter.wire import Locked, Wire

__all__ = ["MachineMismatch", "NotReady", "Outcome", "Progress", "Verdict", "Wish", "connect", "stream"]

# 5 Hz is enough to watch; 10 Hz would cost 1-2.5 % of throughput.
REPORT_S = 0.2
# Ten reports and more left out: nobody is there.
SILENCE_S = 3.0
# Idle with empty buffers, and lines without an answer: beyond a dwell this is a lost answer, not a busy machine.
AUDIT_S = 1.5
# Nothing moves, nothing is answered, though the machine reports: beyond a dwell it is stuck.
STUCK_S = 8.0
# A report off the commanded way by more than this is a byte lost on the wire (motor steps are 0.0125 mm).
OFF_WAY_MM = 0.1


class Wish(Enum):
    """What a person wants of a card under way."""

    GO_ON = "go on"
    HOLD = "hold"
    STOP = "stop"


@dataclass(frozen=True)
class Progress:
    """How far a card is: strokes wholly drawn of all, the pen in the machine frame, mm, seconds of port time."""

    stroke: int
    strokes: int
    position: tuple[float, float]
    state: str
    held: bool
    seconds: float


class Verdict(Enum):
    """How it ended. REFUSED: nothing was drawn and nothing will be."""

    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    REFUSED = "refused"


@dataclass(frozen=True)
class Outcome:
    """The end of a card: what it is worth, by which fault (a key of FAULTS, "" when there was none), and in words for
    the operator, with a next step unless it is whole. `resume`: where a resumable card goes on.
    """

    card: Card
    fault: str
    reason: str
    strokes_done: int
    seconds: float
    position_known: bool
    resume: Resume | None = None

    @property
    def verdict(self) -> Verdict:
        """The card's worth as its attempt sees it: finished, nothing drawn, or something in between."""
        return {Card.WHOLE: Verdict.FINISHED, Card.BLANK: Verdict.REFUSED}.get(self.card, Verdict.INTERRUPTED)


class _Broken(Exception):
    """The card cannot go on: by which fault, why, how the machine is left, what to do next."""

    def __init__(self, fault: str, why: str, left: Left, then: str) -> None:
        super().__init__(why)
        self.fault, self.why, self.left, self.then = fault, why, left, then


_MARKING = ("down", "draw")
_ALARMED = {1: "hard-limit", 2: "soft-limit"}
STOPPED = "stopped by the operator"
_LOOK = "look at the card, then decide whether it is good or a fresh one is written"
_PLACE = "home the machine, or put the pen at its zero and connect again; then decide what becomes of the card"


def stream(
    port: Port,
    session: Session,
    program: Program,
    *,
    watch: Callable[[Progress], Wish],
    before_ink: Callable[[], None] | None = None,
) -> Outcome:
    """Write a program's strokes with the machine that `connect` found at the port.

    `watch` is called at every status report (5 Hz of port time, also while held) and whenever strokes are proved
    drawn; its answer is obeyed: HOLD pauses at the next lift, STOP lifts the pen at once. `before_ink` is called once
    when all is ready and nothing has moved; what it raises goes up. So does what `watch` raises, with the pen lifted.
    """
    wire, tongue = Wire(port, session), driver(session.machine)
    begin = wire.now()

    def refused(fault: str, why: str, *, known: bool = True) -> Outcome:
        return Outcome(Card.BLANK, fault, why, program.first_stroke, wire.now() - begin, known)

    try:
        tongue.prove(program)
        report = wire.status(undisturbed=True)
    except ProgramError as error:
        return refused("unfit", f"the program is not fit for this machine: {error}")
    except (PortError, Locked) as error:
        return refused("not-ready", f"{error}; connect it again", known=False)
    if report.state != "Idle" or session.lines_under_way:
        return refused("not-ready", f"the machine is not ready (state {report.state}); connect it again")
    if before_ink is not None:
        before_ink()
    card = _Card(wire, program, report, watch)
    try:
        try:
            card.run()
        except PortError as error:
            raise _Broken("wire-lost", str(error), "gone", _PLACE) from error
    except _Broken as broken:
        rescued = tongue.rescue(wire, broken.left, program.end)
        known, pen = rescued.known, rescued.words
        worth = card.worth(broken.fault, known)
        where = f"{card.done} of {program.strokes} strokes are drawn" if card.inked else "nothing was drawn"
        then = broken.then if known else _PLACE
        reason = f"{broken.why}. {_capital(where)}; {pen}. Next: {then}."
        resume = Resume(card.done) if worth is Card.RESUMABLE else None
        return Outcome(worth, broken.fault, reason, card.done, wire.now() - begin, known, resume)
    except BaseException:
        tongue.rescue(wire, "obeying", program.end)
        raise
    said = f"all {program.strokes} strokes are drawn"
    return Outcome(Card.WHOLE, "", said, card.done, wire.now() - begin, True)


class _Card:
    """One card under way: what has been sent, answered and proved."""

    def __init__(self, wire: Wire, program: Program, report: Status, watch: Callable[[Progress], Wish]) -> None:
        self._wire, self._session = wire, wire.session
        self._program, self._watch = program, watch
        self._begin = wire.now()
        self._texts = [line.text for line in program.lines]
        self._first_down = next((i for i, line in enumerate(program.lines) if line.kind == "down"), len(self._texts))
        self._way = _Way(program, report, wire.session.lag)
        self._report = report
        self._sent = self._answered = self._executed = 0
        self._wish = Wish.GO_ON
        self._heard = self._moved = wire.now()
        self._next_report = self._heard
        self._strayed = False
        self._lost_since: float | None = None
        self._done = program.first_stroke

    @property
    def done(self) -> int:
        """Strokes proved drawn, those before the program's first included."""
        return self._done

    @property
    def inked(self) -> bool:
        """Whether a byte was sent that can lower the pen."""
        return self._sent > self._first_down

    def worth(self, fault: str, known: bool) -> Card:
        """What the card is worth after a fault, when the machine knows where it is or not."""
        if not self.inked:
            return Card.BLANK
        if fault in ("refused", "line-lost", "reply-lost"):
            return Card.SPOILED  # what was drawn instead is not known
        at_best = FAULTS[fault].at_best
        if at_best is Card.RESUMABLE and not known:
            at_best = Card.LOOK
        if at_best is Card.LOOK and not known and self._program.lines[max(0, self._executed - 1)].kind in _MARKING:
            return Card.SPOILED
        return at_best

    def run(self) -> None:
        """Turn the crank until the machine rests at the end; raises _Broken, PortError."""
        wire = self._wire
        self._next_report = wire.now()
        while True:
            data = self._lines()
            now = wire.now()
            if now >= self._next_report:
                data += self._session.query()
                self._next_report = max(self._next_report + REPORT_S, now)
            if data:
                wire.put(data)
            for event in wire.listen(max(0.0, self._next_report - wire.now())):
                if self._on(event):
                    return
            self._look_for_silence()

    def _lines(self) -> bytes:
        """As many lines as the machine has room for and the wish allows."""
        texts, session, data = self._texts, self._session, b""
        while self._sent < len(texts) and not self._may_rest() and session.room(texts[self._sent]):
            data += session.send(texts[self._sent], self._sent)
            self._sent += 1
        return data

    def _may_rest(self) -> bool:
        """Whether a hold is wished and the next line begins with the pen up."""
        if self._wish is not Wish.HOLD:
            return False
        return self._program.lines[self._sent].kind in ("setup", "travel", "park")

    @property
    def _resting(self) -> bool:
        """Held: all that was sent has been done, the pen is up, and the machine stands."""
        return self._still and self._sent < len(self._texts) and self._may_rest()

    @property
    def _still(self) -> bool:
        """Nothing is under way, and the last report (always younger than the last answer) says Idle, buffers empty."""
        return self._session.empty(self._report) and self._answered == self._sent

    def _on(self, event: Event) -> bool:
        """Take one event in; True when the card is finished."""
        self._heard = self._wire.now()
        if isinstance(event, Ok):
            self._answered = event.index + 1
            self._moved, self._lost_since = self._heard, None
            self._executed = max(self._executed, event.executed)
            if (drawn := self._program.drawn[event.executed]) > self._done:
                self._done = drawn
                self._tell()
        elif isinstance(event, Status):
            return self._on_report(event)
        elif isinstance(event, Error):
            raise _Broken(
                "refused",
                f"the machine refused line {event.index + 1} '{event.line}' (error:{event.code}, {event.words}): "
                "bytes were lost on the wire, or this is a fault of Fairhand",
                "obeying",
                f"check cable and ground; {_LOOK}",
            )
        elif isinstance(event, Alarm):
            raise _Broken(
                _ALARMED.get(event.code, "alarm"),
                f"ALARM:{event.code}: {event.words}",
                "locked",
                f"free the head; {_PLACE}",
            )
        elif isinstance(event, Banner):
            raise _Broken(
                "restarted",
                "the machine restarted by itself (a dip in its power, its reset button, a second program on the port)",
                "restarted",
                f"check its power supply; {_PLACE}",
            )
        return False

    def _on_report(self, report: Status) -> bool:
        before, self._report = self._report, report
        now = self._heard
        if (report.position, report.planner, report.rx) != (before.position, before.planner, before.rx):
            self._moved = now
        if report.state not in ("Idle", "Run"):
            self._out_of_order(report)
        strayed, self._strayed = self._strayed, self._way.off_mm(report.at, self._answered, self._sent) > OFF_WAY_MM
        if self._strayed:
            if strayed:
                raise _Broken(
                    "off-path",
                    f"the pen is off its way, at X{report.at[0]:g} Y{report.at[1]:g}: bytes were lost on the wire",
                    "obeying",
                    f"check cable and ground; the card is spoiled: {_LOOK}",
                )
            # One report may itself have been damaged: another is asked for at once.
            self._next_report = now
        self._audit(report, now)
        if self._still and self._sent == len(self._texts):
            self._done = self._program.strokes
            end = self._program.end
            if math.dist(report.at, end) > NEAR_MM:
                raise _Broken(
                    "astray",
                    f"the machine ended at X{report.at[0]:g} Y{report.at[1]:g} instead of X{end[0]:g} Y{end[1]:g}: "
                    "bytes were lost on the wire",
                    "obeying",
                    f"check cable and ground; {_LOOK}",
                )
            self._tell(obey=False)
            return True
        if self._resting:
            self._moved = now
        self._tell()
        return False

    def _out_of_order(self, report: Status) -> None:
        """States that a card under way never passes through by itself."""
        if report.state == "Alarm":
            raise _Broken("alarm", "the machine locked itself (Alarm)", "locked", f"look why; {_PLACE}")
        if report.state == "Hold":
            raise _Broken("held", "the machine was put on hold at its own button", "obeying", _LOOK)
        if report.state == "Door":
            raise _Broken("held", "the machine's safety door was opened", "obeying", f"close it; {_LOOK}")
        raise _Broken("alarm", f"the machine went into state {report.state} by itself", "obeying", _LOOK)

    def _audit(self, report: Status, now: float) -> None:
        """Idle with empty buffers while lines wait for their answer: the answers, or the lines, are lost."""
        if not self._session.empty(report) or self._answered == self._sent:
            self._lost_since = None
        elif self._lost_since is None:
            self._lost_since = now
        elif now - self._lost_since > self._program.longest_dwell_s + AUDIT_S:
            raise _Broken(
                "line-lost",
                f"the machine has not answered {self._sent - self._answered} of its lines and is idle: "
                "bytes were lost on the wire",
                "obeying",
                f"check cable and ground; {_LOOK}",
            )

    def _look_for_silence(self) -> None:
        now = self._wire.now()
        if now - self._heard > SILENCE_S:
            raise _Broken(
                "silent", "the machine has stopped answering", "obeying", f"check its power and cable; {_PLACE}"
            )
        if now - self._moved > self._program.longest_dwell_s + STUCK_S:
            raise _Broken("stuck", "the machine reports, but nothing moves", "obeying", f"look what holds it; {_PLACE}")

    def _tell(self, *, obey: bool = True) -> None:
        """Tell the watcher, and obey."""
        report = self._report
        held = self._resting
        progress = Progress(
            self._done, self._program.strokes, report.at, report.state, held, self._wire.now() - self._begin
        )
        asked = self._wire.now()
        self._wish = self._watch(progress)
        # A watcher that takes its time is not the machine's silence.
        waited = self._wire.now() - asked
        self._heard += waited
        self._moved += waited
        if self._lost_since is not None:
            self._lost_since += waited
        if obey and self._wish is Wish.STOP:
            left: Left = "resting" if held else "obeying"
            raise _Broken("stopped", STOPPED, left, _LOOK)


class _Way:
    """The commanded way, to hold reports against: the pen must be between what is surely done and what was sent."""

    def __init__(self, program: Program, report: Status, lag: int) -> None:
        self._points = np.array([report.at, *(point for points in program.way for point in points)])
        # How many points lie behind when line i is done, the place it starts from counted.
        self._behind = np.cumsum([0, *(len(points) for points in program.way)]).tolist()
        self._lag = lag

    def off_mm(self, at: tuple[float, float], answered: int, sent: int) -> float:
        """How far a reported place is from the part of the way that the pen may be on, mm."""
        first = max(0, self._behind[answered] - self._lag)
        return _distance(self._points[first : self._behind[sent] + 1], at)


def _distance(window: Stroke, at: tuple[float, float]) -> float:
    """From a point to a polyline, mm."""
    offset = np.array(at) - window
    best = float(np.hypot(*offset.T).min())
    if len(window) > 1:
        chord = np.diff(window, axis=0)
        squared = (chord**2).sum(axis=1)
        along = (offset[:-1] * chord).sum(axis=1) / np.where(squared > 0, squared, 1.0)
        best = min(best, float(np.hypot(*(offset[:-1] - np.clip(along, 0, 1)[:, None] * chord).T).min()))
    return best


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
