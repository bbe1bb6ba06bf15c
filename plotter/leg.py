"""Leg: one program on its way onto the paper, from its first line until it is done or broken off.

`ok` means parsed, not drawn. Three things prove more: an answer that the firmware gives only after all earlier motion;
a report, which tells the place, the pen's command, and the bytes that have reached the machine; and the end of each
stroke, where the next line is kept back until a report has said that the pen is up, at the stroke's last point.
"""

import math
from collections.abc import Callable

from plotter.faults import Resume
from plotter.port import Talk
from plotter.program import Program
from plotter.rescue import NEAR_MM, Rescued
from plotter.session import Alarm, Banner, Error, Event, Lift, Ok, Status, Unknown
from plotter.way import MARKING, OFF_WAY_MM, Way, Window
from plotter.wire import Wire
from plotter.word import STOPPED, Broken, Progress, Wish

# Every report is an audit of the wire; 10 Hz costs a slow processor 1-2.5 % of what it can parse.
REPORT_S = 0.1
HELD_REPORT_S = 0.2
# A report that is not clear is asked for again at once, one that is waited for a little later.
SOON_S = 0.02
# After a query nothing is sent until its report has come, so that it counts exactly; a slow wire is not waited for.
QUIET_S = 0.06
# A report that has not come by then is lost.
LATE_S = 0.4
# Several of them left out: nobody is there.
SILENCE_S = 2.0
# Idle with empty buffers longer than a dwell, and lines without an answer: the answers, or the lines, are lost.
AUDIT_S = 0.15
# Nothing moves, nothing is answered, though the machine reports: beyond a dwell it is stuck.
STUCK_S = 1.0
# So many answers more than there were are looked for.
_AHEAD = 2
# No answer of GRBL is shorter than a line of ours by less: so many bytes missing at once are a whole line's.
LINE_BYTES = 4


_CABLE = "check cable and ground"


class Leg:
    """One program under way: what has been sent, answered and proved."""

    def __init__(
        self,
        wire: Wire,
        program: Program,
        report: Status,
        watch: Callable[[Progress], Wish],
        *,
        begin: float,
        one_by_one: bool = False,
    ) -> None:
        """`begin`: when the card began; `one_by_one`: each line waits for the answer to the one before it."""
        self._wire, self._session = wire, wire.session
        self.program, self._watch, self._begin = program, watch, begin
        self.one_by_one = one_by_one
        self.answers_lost = False
        self._kinds = program.kinds
        self._first_down = next((i for i, kind in enumerate(self._kinds) if kind == "down"), len(self._kinds))
        self._way = Way(program, report.at, report.pen)
        self._report = report
        self._sent = self._answered = self._executed = self._checked = 0
        self._wish = Wish.GO_ON
        self._heard = self._moved = self._spoken = self._next_report = wire.now()
        self._asked: float | None = None  # when a report was asked for that has not come
        self._calling: float | None = None  # when the first one was asked for since the machine was heard
        self._asked_executed = 0  # lines executed then
        self._vouched = 0  # lines that were executed when the last report was asked for
        self._quick = True
        self._seen_down = -1  # the last stroke in which a report has said that the pen is down
        self._due = 0  # reports that were asked for; while one more is, a report tells what was so before
        self._reached = 0  # the point of the way that the pen was last seen at, or beyond
        self._doubt = ""
        self._unanswered = -1  # lines answered when the machine was first seen idle with lines under way
        self._done = program.first_stroke

    # -- what is proved ----------------------------------------------------------------------------------------------

    @property
    def done(self) -> int:
        """Strokes proved drawn, those before the program's first included."""
        return self._done

    @property
    def inked(self) -> bool:
        """Whether a byte was sent that can lower the pen."""
        return self._sent > self._first_down

    def pen_is_up(self, *, anew: bool) -> bool:
        """Whether the pen was proved up, and nothing was sent since that lowers it; `anew`: the machine may have
        restarted since its last report, and its answers prove nothing."""
        after = self._vouched if anew else max(self._executed, self._checked)
        before = self._kinds[after - 1] if after else "setup"
        return before not in MARKING and all(kind not in MARKING for kind in self._kinds[after : self._sent])

    def resume(self, rescued: Rescued, broken: Broken) -> Resume | None:
        """Where the card goes on after the pen has left the paper; None when that is not proven."""
        if rescued.stood is None:
            return None
        # Where answers came twice, or lines were lost, what answers seemed to prove may not have been done.
        executed = self._checked if broken.fault in ("reply-lost", "line-lost") else self._executed
        if rescued.emptied:
            executed = self._answered = self._sent
        sent = self._sent if broken.before is None else min(self._sent, broken.before)
        answered = min(self._answered, sent)
        lag, reached = self._session.lag, self._reached
        for done in (executed, self._checked):
            window = self._way.window(min(done, sent), answered, sent, lag, ahead=sent - answered, reached=reached)
            pens = self._way.pens(self._way.see(rescued.stood, window), min(done, sent), answered, sent)
            if not rescued.touched or not pens or rescued.pen in pens:
                break  # else an answer came twice: what it seemed to prove is yet to come
        else:
            return None  # the pen was down where it should be up
        # An answer that came twice may have proved the line after it, too: a dot is there when a report has said so.
        proved = self._checked if self._session.noisy else executed
        found = self._way.resume(rescued.stood, window, proved, self._done)
        undrawn = broken.undrawn
        if found is not None and found.mm and rescued.pen in ("up", "off") and found.stroke != self._seen_down:
            undrawn = found.stroke  # on its way, and not on the paper: the line that lowers the pen was lost
        if found is not None and undrawn is not None and undrawn <= found.stroke:
            first = self.program.first_stroke
            return Resume(undrawn, self.program.from_mm if undrawn == first else 0.0)
        return found

    # -- the crank ---------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Turn the crank until the machine rests at the end; raises Broken, PortError."""
        self._wire.run(self._turns())

    def _turns(self) -> Talk:
        wire = self._wire
        while True:
            now = wire.now()
            late = self._asked is not None and now - self._asked >= QUIET_S
            # After a pause of this host the report may have come long ago; no other is asked for over it.
            if late and self._take((yield now)):
                return
            data = b"" if self._asked is not None and self._quick and not late else self._feed()
            if now >= self._next_report and (self._asked is None or now - self._asked >= LATE_S):
                self._due = 1 if self._asked is None else self._due + 1
                data += self._session.query()
                self._asked, self._asked_executed = now, self._executed
                self._calling = now if self._calling is None else self._calling
                self._next_report = now + (HELD_REPORT_S if self._resting else REPORT_S)
            if data:
                wire.put(data)
            until = self._next_report if self._asked is None else max(self._next_report, self._asked + LATE_S + 1e-6)
            if self._asked is not None and self._quick and not late:
                until = min(until, max(now, self._asked + QUIET_S) + 1e-6)
            if self._take((yield until)):
                return
            self._look_for_silence()

    def _take(self, data: bytes) -> bool:
        """Take in what the machine has said; True when the program is done."""
        return any(self._on(event) for event in self._session.receive(data))

    def _feed(self) -> bytes:
        """As many lines as the machine has room for and the wish allows."""
        session, data = self._session, b""
        if self._asked is not None and self._wire.now() - self._asked >= QUIET_S:
            self._quick = False
        while self._sent < len(self._kinds) and not self._waits_for_check and not self._may_rest():
            text = self.program.texts[self._sent]
            if not session.room(text) or (self.one_by_one and session.lines_under_way):
                break
            data += session.send(text, self._sent)
            self._sent += 1
        return data

    @property
    def _waits_for_check(self) -> bool:
        """Whether the pen is to travel first, or to go down next, and no report has said yet that it is up and that the
        stroke before ended well."""
        n = self._sent
        if not self._session.noisy or not 0 < n < len(self._kinds):
            return False
        if self._kinds[n] == "travel" and self._kinds[n - 1] == "setup":
            return self._checked < n
        if self._kinds[n] != "down":
            return False
        if (mark := self._last_mark(n)) < 0:
            return self._checked < n and self._kinds[n - 1] != "down"
        return self._kinds[n - 1] != "down" and self._checked <= mark

    def _last_mark(self, n: int) -> int:
        """The last line before line n that leaves ink, -1 when there is none."""
        while n and self._kinds[n - 1] not in MARKING:
            n -= 1
        return n - 1

    def _ready(self, executed: int) -> bool:
        """Whether a report can tell how the last stroke ended: it is drawn, and the pen was told to rise."""
        return executed > max(0, self._last_mark(self._sent))

    def _may_rest(self) -> bool:
        """Whether a pause is wished and the next line begins with the pen up."""
        if self._wish not in (Wish.HOLD, Wish.LIFT):
            return False
        kind, before = self._kinds[self._sent], self._kinds[max(0, self._sent - 1)]
        # A travel of several lines is one move: no rest within it.
        return kind == "setup" or (kind in ("travel", "park") and kind != before)

    @property
    def _resting(self) -> bool:
        """Held: all that was sent has been done, the pen is up, and the machine stands."""
        return self._still and self._sent < len(self._kinds) and self._may_rest()

    @property
    def _still(self) -> bool:
        """Nothing is under way, and the last report (always younger than the last answer) says Idle, buffers empty."""
        return self._session.empty(self._report) and self._answered == self._sent

    # -- what the machine says ---------------------------------------------------------------------------------------

    def _on(self, event: Event) -> bool:
        """Take one event in; True when the program is done."""
        before, self._heard, self._calling = self._heard, self._wire.now(), None
        if self._heard - before > LATE_S:
            self._moved = self._heard  # what nobody has heard of may have moved
        if isinstance(event, Status):
            return self._on_report(event)
        if isinstance(event, Ok):
            self._on_ok(event)
        elif isinstance(event, Error):
            raise Broken(
                "refused",
                f"the machine refused line {event.index + 1} '{event.line}' (error:{event.code}, {event.words}): "
                "bytes were lost on the wire, or this is a fault of Fairhand",
                "obeying",
                _CABLE,
                before=event.index,
            )
        elif isinstance(event, Alarm):
            raise Broken(event.fault, f"ALARM:{event.code}: {event.words}", "locked", "free the head")
        elif isinstance(event, Banner):
            raise Broken(
                "restarted",
                "the machine restarted by itself (a dip in its power, its reset button, a second program on the port)",
                "restarted",
                "check its power supply",
            )
        elif isinstance(event, Unknown):
            self._ask_soon(0.0)
        return False

    def _on_ok(self, event: Ok) -> None:
        self._answered = event.index + 1
        self._moved = self._spoken = self._heard
        if self._asked is None and self._answered == self._sent and self._waits_for_check:
            self._ask_soon(0.0)
        if event.executed > self._executed:
            self._executed = event.executed
            if not self._session.noisy:
                if (drawn := self.program.drawn[self._executed]) > self._done:
                    self._done = drawn
                    self._tell()
            elif self._asked is None and self._settling:
                # Is the pen where it was told to go, at the place where it should be?
                self._ask_soon(0.0)

    @property
    def _settling(self) -> bool:
        """Whether the pen was told to rise or to come down, and does not draw yet: then lines must not wait."""
        kind, then = (self._kinds[n] for n in (self._executed - 1, min(self._executed, len(self._kinds) - 1)))
        return kind in ("down", "up") and then != "draw"

    def _ask_soon(self, seconds: float = SOON_S) -> None:
        if not self._due:
            self._next_report = min(self._next_report, self._heard + seconds)

    def _on_report(self, report: Status) -> bool:
        before, self._report = self._report, report
        now = self._heard
        asked, self._asked = self._asked, None
        if asked is not None:
            self._quick = now - asked < QUIET_S
        self._due = max(0, self._due - 1)
        if self._due:
            self._next_report = now + LATE_S + QUIET_S  # as far apart as they were asked for, they come
        if report.pen == "down" and self._executed:
            self._seen_down = self.program.stroke_of[self._executed - 1]
        if (report.position, report.planner, report.rx) != (before.position, before.planner, before.rx):
            self._moved = now
        if self._doubtful(report):
            self._ask_soon(0.0)
            self._tell()
            return False
        self._vouched = self._asked_executed
        if self._session.empty(report) and self._answered < self._sent and not self._due:
            self._audit(report)
        if self._still and self._sent == len(self._kinds) and not self._due:
            self._executed = self._checked = self._sent
            self._done = self.program.strokes
            self._tell(obey=False)
            return True
        if not self._due:
            self._check()
        if self._resting:
            self._moved = now
            self._next_report = (now if asked is None else asked) + HELD_REPORT_S
        self._tell()
        return False

    def _check(self) -> None:
        """After a stroke: the next may begin once a report has found the pen up, where the stroke ends or beyond."""
        if self._still and math.dist(self._report.at, self._way.after(self._sent)) <= NEAR_MM:
            self._executed = self._checked = self._sent
        elif self._still:
            return  # an answer came twice: the last line is not done, and perhaps not read
        elif not self._ready(self._asked_executed) or self._last_mark(self._sent) < 0:
            return  # at its first stroke the pen must have come: the modes were said on this wire, too
        else:
            self._checked = max(self._checked, self._asked_executed)
        self._done = max(self._done, self.program.drawn[self._sent])

    def _doubtful(self, report: Status) -> bool:
        """Whether the report contradicts what was sent. Only the second in a row counts: one may itself be damaged."""
        doubt, self._doubt = self._doubt, ""
        at = report.at
        lines = self._executed, self._answered, self._sent
        lag = max(0, self._session.lag - max(0, report.planner))
        sight = self._way.see(at, self._way.window(*lines, lag))
        still = self._still and self._sent == len(self._kinds)
        gate = self._waits_for_check and self._ready(self._asked_executed)
        missing = None if self._due else report.missing
        broken: Broken | None = None
        if report.state == "Hold" and report.sub:
            return True  # an alarm may be what it slows down for
        if report.state not in ("Idle", "Run"):
            broken = _out_of_order(report)
        elif missing and abs(missing) >= LINE_BYTES:
            why = "answers of the machine were lost" if missing > 0 else "an answer of the machine came twice"
            broken = Broken("reply-lost", f"{why} on the wire", "obeying", _CABLE)
        elif missing:
            what = "were lost on their way to the machine" if missing > 0 else "came to the machine by themselves"
            broken = Broken("line-lost", f"bytes {what}", "obeying", _CABLE)
        elif still and math.dist(at, self._way.after(self._sent)) > NEAR_MM:
            x, y = self._way.after(self._sent)
            why = f"the machine stands at X{at[0]:g} Y{at[1]:g} instead of X{x:g} Y{y:g}: bytes were lost on the wire"
            broken = Broken("astray", why, "obeying", _CABLE)
        elif sight.off_mm > OFF_WAY_MM and self._way.see(at, self._unproved()).off_mm <= OFF_WAY_MM:
            broken = Broken("reply-lost", "an answer of the machine came twice", "obeying", _CABLE)
        elif sight.off_mm > OFF_WAY_MM:
            why = f"the pen is off its way, at X{at[0]:g} Y{at[1]:g}: bytes were lost on the wire"
            broken = Broken("off-path", why, "obeying", _CABLE)
        elif report.pen and (pens := self._way.pens(sight, *lines)) and report.pen not in pens:
            broken = self._wrong_pen(report, pens, gate)
        if broken is None or (broken.fault == "reply-lost" and missing and missing > 0):
            self._reached = max(self._reached, sight.reached)
        if broken is None:
            return False
        if doubt == broken.fault:
            raise broken
        self._doubt = broken.fault
        return True

    def _unproved(self) -> Window:
        """Where the pen may be if an answer has come twice, and what answers seemed to prove is yet to come."""
        lag = self._session.lag + _AHEAD
        return self._way.window(min(self._checked, self._sent), self._answered, self._sent, lag)

    def _wrong_pen(self, report: Status, pens: set[Lift], gate: bool) -> Broken:
        if "down" in pens and "up" not in pens and report.pen in ("up", "off"):
            why = f"the pen was told to go {report.pen}, which nobody had said: bytes were lost on the wire"
            undrawn = None if gate else self.program.stroke_of[max(0, self._answered - 1)]
            if undrawn == self._seen_down:  # in the middle of it: how far it is drawn nobody knows
                return Broken("off-path", why, "obeying", _CABLE)
            return Broken("line-lost", why, "obeying", _CABLE, undrawn=undrawn)
        return Broken("off-path", "the pen was on the paper where it should not be", "obeying", _CABLE)

    def _audit(self, report: Status) -> None:
        """Idle with empty buffers, while lines wait for their answer longer than they take."""
        if self._heard - self._spoken < self._way.dwell_s(self._answered, self._sent) + AUDIT_S:
            return
        if self._unanswered != self._answered:
            self._unanswered = self._answered
            self._ask_soon(0.0)
            return
        same = math.dist(report.at, self._way.after(self._sent)) <= NEAR_MM
        if same and report.pen in ("", *self._way.pen_after(self._sent)):
            # All was carried out: only the answers are missing.
            self._session.settle()
            self._answered = self._executed = self._sent
            self._spoken = self._moved = self._heard
            self.one_by_one = self.answers_lost = True
            return
        raise Broken(
            "line-lost",
            f"the machine has not answered {self._sent - self._answered} of its lines and is idle: "
            "bytes were lost on the wire",
            "obeying",
            _CABLE,
        )

    def _look_for_silence(self) -> None:
        now = self._wire.now()
        # Only who was asked can be silent: this host may have been away itself.
        if self._calling is not None and now - self._calling > SILENCE_S:
            raise Broken("silent", "the machine has stopped answering", "obeying", "check its power and cable")
        if self._heard - self._moved > self._way.dwell_s(self._answered, self._sent) + STUCK_S:
            why = "the machine reports, but nothing moves"
            raise Broken("stuck", why, "obeying", "look what holds it")

    def _tell(self, *, obey: bool = True) -> None:
        """Tell the watcher, and obey."""
        report = self._report
        held = self._resting
        asked = self._wire.now()
        self._wish = self._watch(
            Progress(self._done, self.program.strokes, report.at, report.state, held, asked - self._begin)
        )
        # A watcher that takes its time is not the machine's silence.
        waited = self._wire.now() - asked
        self._heard += waited
        self._moved += waited
        self._spoken += waited
        if not obey:
            return
        if self._wish is Wish.STOP:
            raise Broken("stopped", STOPPED, "resting" if held else "obeying")
        if self._wish is Wish.LIFT and not held:
            raise Broken("lifted", "the pen was lifted at a person's word", "obeying")


def _out_of_order(report: Status) -> Broken:
    """States that a card under way never passes through by itself."""
    if report.state == "Alarm":
        return Broken("alarm", "the machine locked itself (Alarm)", "locked", "look why")
    if report.state == "Hold":
        return Broken("held", "the machine was put on hold at its own button", "obeying")
    if report.state == "Door":
        return Broken("held", "the machine's safety door was opened", "obeying", "close it")
    return Broken("alarm", f"the machine went into state {report.state} by itself", "obeying")
