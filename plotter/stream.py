"""Stream: a card onto a machine, watched all the way, with the pen off the paper at whatever end.

A card is one or more legs: a leg that breaks off where the machine's place is proven and the ink is sound goes on as a
new program from that place, by itself where only the wire has failed, at a person's word where the pen was lifted for
one. Everything else ends the card, with what it is worth (`plotter/faults.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from plotter.connect import MachineMismatch, NotReady
from plotter.driver import Driver, connect, driver
from plotter.faults import FAULTS, Card, Resume
from plotter.leg import HELD_REPORT_S, Leg
from plotter.port import Port, PortError
from plotter.program import Program, ProgramError
from plotter.rescue import Rescued
from plotter.session import Session, Status
from plotter.wire import Locked, Wire
from plotter.word import PLACE, STOPPED, Broken, Progress, Wish

__all__ = ["STOPPED", "MachineMismatch", "NotReady", "Outcome", "Progress", "Verdict", "Wish", "connect", "stream"]

# Faults of the wire alone: the card goes on by itself from a proven place, each line then waiting for its answer.
_MENDED = frozenset({"reply-lost", "line-lost", "refused"})
# A wire that fails more often on one card is for a person.
MENDS = 5


class Verdict(Enum):
    """How it ended. REFUSED: nothing was drawn and nothing will be."""

    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    REFUSED = "refused"


@dataclass(frozen=True)
class Outcome:
    """The end of a card: what it is worth, by which fault (a key of FAULTS, "" when there was none), in words for the
    operator, and what to look at first at the machine. `resume`: where a resumable card goes on. `mended`: faults that
    it has survived. `lifted`: whether the pen has left the paper; else a hand must lift it.
    """

    card: Card
    fault: str
    reason: str
    strokes_done: int
    seconds: float
    position_known: bool
    resume: Resume | None = None
    mended: tuple[str, ...] = ()
    lifted: bool = True

    @property
    def verdict(self) -> Verdict:
        """The card's worth as its attempt sees it: finished, nothing drawn, or something in between."""
        return {Card.WHOLE: Verdict.FINISHED, Card.BLANK: Verdict.REFUSED}.get(self.card, Verdict.INTERRUPTED)


def stream(
    port: Port,
    session: Session,
    program: Program,
    *,
    watch: Callable[[Progress], Wish],
    before_ink: Callable[[], None] | None = None,
    rewrite: Callable[[Resume], Program] | None = None,
) -> Outcome:
    """Write a program's strokes with the machine that `connect` found at the port.

    `watch` is called at every status report (10 Hz of port time, 5 Hz while held) and whenever strokes are proved
    drawn; its answer is obeyed: HOLD pauses at the next lift, LIFT takes the pen off the paper at once and pauses
    there, STOP lifts it at once and ends. It must not wait: `plotter.relay.Relay` asks one that does. `before_ink` is
    called once when all is ready and nothing has moved; what it raises goes up. So does what `watch` raises, with the
    pen lifted. `rewrite` gives the program that goes on from a proven place; without it the first break is the end.
    """
    wire = Wire(port, session)
    begin = wire.now()

    def refused(fault: str, why: str, *, known: bool = True) -> Outcome:
        return Outcome(Card.BLANK, fault, why, program.first_stroke, wire.now() - begin, known)

    tongue = driver(session.machine)
    try:
        tongue.prove(program)
        report = wire.standing()
    except ProgramError as error:
        return refused("unfit", f"the program is not fit for this machine: {error}")
    except (PortError, Locked) as error:
        return refused("not-ready", f"{error}; connect it again", known=False)
    if report.state != "Idle" or session.lines_under_way:
        return refused("not-ready", f"the machine is not ready (state {report.state}); connect it again")
    if before_ink is not None:
        before_ink()
    return _Card(wire, tongue, program, watch, rewrite).write(report)


class _Card:
    """One card under way: its legs, and what it is worth when it ends."""

    def __init__(
        self,
        wire: Wire,
        tongue: Driver,
        program: Program,
        watch: Callable[[Progress], Wish],
        rewrite: Callable[[Resume], Program] | None,
    ) -> None:
        self._wire, self._tongue, self._watch, self._rewrite = wire, tongue, watch, rewrite
        self._program = program
        self._begin = wire.now()
        self._inked = False
        self._mended: list[str] = []

    def write(self, report: Status) -> Outcome:
        """Leg after leg until the card ends."""
        program, one_by_one = self._program, False
        while True:
            leg = Leg(self._wire, program, report, self._watch, begin=self._begin, one_by_one=one_by_one)
            try:
                broken = self._run(leg)
                self._inked = self._inked or leg.inked
                if leg.answers_lost:
                    self._mended.append("reply-lost")
                if broken is None:
                    return self._whole(leg)
                one_by_one = leg.one_by_one or broken.fault in _MENDED
                rescued, resume = self._lift(leg, broken)
                if resume is None or not self._goes_on(broken):
                    return self._ended(leg, broken, rescued, resume)
                try:
                    if broken.fault == "lifted":
                        self._wait(leg, rescued)
                    assert self._rewrite is not None
                    program = self._rewrite(resume)
                    self._tongue.prove(program)
                    report = self._wire.standing()
                except (Broken, PortError, Locked, ProgramError) as error:
                    return self._ended(leg, *self._ended_lifted(error, resume))
                if broken.fault in _MENDED:
                    self._mended.append(broken.fault)
            except BaseException:
                self._tongue.rescue(self._wire, "obeying", self._program.end)
                raise

    def _run(self, leg: Leg) -> Broken | None:
        try:
            leg.run()
        except PortError as error:
            return Broken("wire-lost", str(error), "gone")
        except Broken as broken:
            return broken
        return None

    def _goes_on(self, broken: Broken) -> bool:
        """Whether this card goes on by itself, should its place be proven."""
        if self._rewrite is None:
            return False
        return broken.fault == "lifted" or (broken.fault in _MENDED and len(self._mended) < MENDS)

    def _lift(self, leg: Leg, broken: Broken) -> tuple[Rescued, Resume | None]:
        """The pen off the paper; parked, unless the card goes on."""
        end, goes_on = self._program.end, self._goes_on(broken)
        rescued = self._tongue.rescue(self._wire, broken.left, None if goes_on else end)
        resume = leg.resume(rescued, broken) if rescued.lifted and broken.fault not in _ASTRAY else None
        if goes_on and resume is None and rescued.known:
            parked = self._tongue.rescue(self._wire, "resting", end)
            rescued = replace(parked, stood=rescued.stood, pen=rescued.pen)
        return rescued, resume

    def _wait(self, leg: Leg, rescued: Rescued) -> None:
        """Until a person lets the card go on, the pen up; raises Broken, Locked, PortError."""
        assert rescued.stood is not None
        while True:
            report = self._wire.status(undisturbed=True)
            seconds = self._wire.now() - self._begin
            wish = self._watch(Progress(leg.done, leg.program.strokes, report.at, report.state, True, seconds))
            if wish is Wish.GO_ON:
                return
            if wish is Wish.STOP:
                raise Broken("stopped", STOPPED, "resting")
            self._wire.rest(HELD_REPORT_S)

    def _ended_lifted(self, error: Exception, resume: Resume) -> tuple[Broken, Rescued, Resume | None]:
        """It was not to go on after all; the pen is up since it was lifted."""
        if isinstance(error, Broken):
            return error, self._tongue.rescue(self._wire, error.left, self._program.end), resume
        if isinstance(error, Locked):
            broken = Broken("restarted", str(error), "restarted", "check its power supply")
            return broken, Rescued(False, "the pen is up"), None
        if isinstance(error, PortError):
            return Broken("wire-lost", str(error), "gone"), Rescued(False, "the pen is up"), None
        words = f"the program that goes on is not fit for this machine: {error}"
        return Broken("unfit", words, "resting"), Rescued(True, "the pen is up"), resume

    # -- the end -----------------------------------------------------------------------------------------------------

    def _whole(self, leg: Leg) -> Outcome:
        said = f"all {leg.program.strokes} strokes are drawn"
        if self._mended:
            survived = ", ".join(FAULTS[one].title for one in dict.fromkeys(self._mended))
            said += f"; mended on the way: {survived}. Check cable and ground"
        seconds = self._wire.now() - self._begin
        return Outcome(Card.WHOLE, "", said, leg.done, seconds, True, mended=tuple(self._mended))

    def _ended(self, leg: Leg, broken: Broken, rescued: Rescued, resume: Resume | None) -> Outcome:
        card = self._worth(leg, broken, rescued, resume)
        words = rescued.words
        if not self._inked:
            words = f"{'the pen came down before it was told to' if rescued.touched else 'nothing was drawn'}; {words}"
        place = "" if rescued.known else PLACE[self._wire.session.machine.homing]
        then = "; ".join(filter(None, (broken.then, place)))
        reason = f"{broken.why}. {words[0].upper()}{words[1:]}." + (f" Next: {then}." if then else "")
        return Outcome(
            card,
            "stopped" if broken.fault == "lifted" else broken.fault,
            reason,
            leg.done,
            self._wire.now() - self._begin,
            rescued.known,
            resume if card is Card.RESUMABLE else None,
            tuple(self._mended),
            rescued.lifted,
        )

    def _worth(self, leg: Leg, broken: Broken, rescued: Rescued, resume: Resume | None) -> Card:
        """What is left of the card, by the ground rule of `plotter/faults.py`."""
        if not self._inked and broken.fault != "off-path" and not rescued.touched:
            return Card.BLANK
        if rescued.touched and resume is None:  # down where it should not be, or before it was told to be
            return Card.SPOILED
        at_best = Card.RESUMABLE if broken.fault == "lifted" else FAULTS[broken.fault].at_best
        if broken.fault == "unfit" and resume is not None:
            at_best = Card.RESUMABLE
        if at_best is Card.RESUMABLE and resume is not None and rescued.known:
            return Card.RESUMABLE
        if at_best is Card.SPOILED or (broken.fault in _MENDED and resume is None):
            return Card.SPOILED
        # The place is not proven: an eye may save the card if the pen was off the paper, or stopped on its way.
        sure = resume is not None or leg.pen_is_up(anew=rescued.anew)
        return Card.LOOK if sure or broken.fault == "soft-limit" else Card.SPOILED


# Faults that have put ink where none belongs: wherever the pen stands, nothing is proven.
_ASTRAY = frozenset(key for key, fault in FAULTS.items() if fault.at_best is Card.SPOILED)
