"""Writing: one claimed job on its way to paper, and on again where it broke off."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import tenacity
from sqlalchemy.exc import DBAPIError

from jobs.bed import lying
from jobs.compose import NoteFault, compose
from jobs.dispatch import Claim
from jobs.errand import Bench
from jobs.feeding import feed
from jobs.job import Cancelled, Condition, Stale, State, Wanted
from jobs.meter import Meter
from plotter.driver import driver
from plotter.faults import Card, Resume
from plotter.feeder import NoCard
from plotter.plan import PlanError, Toolpath
from plotter.port import PortError
from plotter.program import Program, ProgramError
from plotter.relay import Relay
from plotter.stream import STOPPED, Outcome, Progress, Wish, stream
from plotter.strokes import Stroke

if TYPE_CHECKING:
    from jobs.worker import Worker

METER_MM = 100.0  # a host that dies in mid-card forgets at most so much of the ink it has drawn, and a stroke
PROGRESS_S = 0.25  # the store hears where the pen is at most four times a second, and at once of each stroke drawn

log = logging.getLogger("fairhand.worker")

_WISHES = {Wanted.HOLD: Wish.HOLD, Wanted.LIFT: Wish.LIFT, Wanted.STOP: Wish.STOP}


class Writing:
    """One claimed job in a plotter's hand. `resume`: where it can be gone on with, once it has broken off."""

    def __init__(self, claim: Claim, worker: "Worker", bench: Bench) -> None:
        self._claim, self._worker, self._bench = claim, worker, bench
        self._plotter, self._dispatch = worker.carer.plotter, worker.dispatch
        self._slot = lying(self._plotter, self._dispatch.store.plotter(self._plotter.name))[claim.slot]
        self._tongue = driver(self._plotter.machine)
        self._path: Toolpath | None = None
        self._meter: Meter | None = None
        self._left_s: tuple[float, ...] = ()  # to the card's end, by how many strokes are drawn
        self._allowed = False  # whether the store has allowed ink
        self._reported_at = float("-inf")
        self._nudges = -1
        self._wish = Wish.GO_ON
        self._last: Progress | None = None
        self._ending = ""
        self._seconds = 0.0  # of the legs before this one
        self._homings = 0  # of the bench, when it broke off
        self._worth, self._known = Card.BLANK, True
        self.resume: Resume | None = None

    @property
    def job(self) -> str:
        """The job's id."""
        return self._claim.job.id

    def write(self) -> bool:
        """Bring the card to its end, whatever that is; whether the connection can be kept."""
        program = self._first_program()
        if program is None:
            return True
        simulator = getattr(self._bench.port, "simulator", None)
        if simulator is not None and self._plotter.feeder is None:
            simulator.new_sheet()  # the blank that a person has loaded comes under the pen
        return self._stream(program, self._feed)

    def able(self, bench: Bench) -> Card | None:
        """What the card is worth to this connection: it can go on as it is, or once a person has looked, or not (None).

        The place is proven while the connection lasts in which it broke off; after that only by homing.
        """
        if self.resume is None:
            return None
        if bench is self._bench and self._worth is Card.RESUMABLE:
            return Card.RESUMABLE
        homed = bench.homings > (self._homings if bench is self._bench else 0)
        return Card.LOOK if homed else None

    def go_on(self, bench: Bench) -> bool:
        """Write the rest, from the proven place, as a new program; whether the connection can be kept."""
        resume, path = self.resume, self._path
        assert resume is not None
        assert path is not None
        # A pen that was changed meanwhile has its own heights; the strokes keep their numbers.
        machine = bench.session.machine
        self._path, self._tongue = replace(path, machine=machine), driver(machine)
        self._bench, self._wish, self._nudges, self._ending = bench, Wish.GO_ON, -1, ""
        return self._stream(self._rewrite(resume))

    def _stream(self, program: Program, first: Callable[[], None] = lambda: None) -> bool:
        self._meter = self._worker.carer.meter(program)
        try:
            first()
            with Relay(self._watch, self._bench.port) as watch:
                outcome = stream(
                    self._bench.port,
                    self._bench.session,
                    program,
                    watch=watch,
                    before_ink=self._before_ink,
                    rewrite=self._rewrite,
                )
        except (Cancelled, Stale, NoCard) as error:
            log.info("job %s: %s", self._claim.job.id, error)
            self._give_back(str(error))
            return True
        except Exception as error:
            self._broken(f"{error}" if isinstance(error, PortError) else f"a fault of the program: {error!r}")
            raise
        return self._settle(outcome)

    def _first_program(self) -> Program | None:
        """The job's program, proved; None when it cannot be written here, which the store then knows."""
        try:
            card = compose(self._claim.job.as_ordered(), self._worker.shelf)
            self._path = card.planned(self._slot, self._plotter.machine)
            program = self._tongue.write(self._path)
            self._tongue.prove(program)
            self._left_s = self._tongue.estimate(program).left_by_stroke(program.drawn)
            return program
        except (NoteFault, PlanError, ProgramError) as error:
            why = str(error)
            log.warning(
                "job %s cannot be written on %s: %s", self._claim.job.id, self._plotter.name, type(error).__name__
            )
        except Exception as error:
            why = f"a fault of the program: {type(error).__name__}; see the log"
            log.exception("job %s", self._claim.job.id)
        self._persist(lambda: self._dispatch.fail(self._claim, why))
        return None

    def _rewrite(self, resume: Resume) -> Program:
        """The same plan's rest: the strokes keep their numbers, so nothing is drawn twice."""
        assert self._path is not None
        return self._tongue.write(self._path, first_stroke=resume.stroke, from_mm=resume.mm)

    def _feed(self) -> None:
        """Where a feeder brings the cards: one lies under the pen, or there is none and it is raised."""
        worker = self._worker
        stopping = worker.stopping.is_set
        feed(self._claim, self._plotter, self._dispatch, self._bench.wire, report=worker.report, stopping=stopping)

    # -- while it is being written -----------------------------------------------------------------------------------

    def _before_ink(self) -> None:
        if self._worker.stopping.is_set():
            raise Cancelled("the server is being stopped")
        self._dispatch.pen_down(self._claim)
        self._allowed = True
        self._worker.report(Condition.WRITING)

    def _watch(self, now: Progress) -> Wish:
        """What the stream shall do. The store hears of each stroke drawn, at a nudge, and else four times a second.

        In a thread of its own: a database that is slow or gone holds the card at its next lift, never the pen on paper.
        """
        worker = self._worker
        if self._last is not None and now.held != self._last.held:
            worker.report(Condition.HELD if now.held else Condition.WRITING)
        drawn = self._last is None or now.stroke != self._last.stroke or now.held != self._last.held
        self._last = now
        topic = f"plotter:{self._plotter.name}"
        if now.held:  # a virtual clock would spin here
            worker.bell.wait(self._nudges, PROGRESS_S, topic)
        if worker.stopping.is_set():
            self._ending = "the server was stopped"
            return Wish.STOP if now.held or worker.clock.now() >= worker.stop_by else Wish.HOLD
        nudges = worker.bell.count(topic)
        if drawn or worker.clock.now() - self._reported_at >= PROGRESS_S or nudges != self._nudges:
            self._nudges, self._reported_at = nudges, worker.clock.now()
            self._wish = self._ask(now)
        return self._wish

    def _ask(self, now: Progress) -> Wish:
        (x, y) = self._slot.onto_card([np.array([now.position])])[0][0]
        try:
            wanted = self._dispatch.progress(
                self._claim,
                stroke=self._of_card(now.stroke),
                x=round(float(x), 2),
                y=round(float(y), 2),
                held=now.held,
                left_s=self._left_s[now.stroke],
            )
            assert self._meter is not None
            self._meter.read(now.stroke, step_mm=METER_MM)
        except Stale:
            self._ending = "somebody decided the card while it was being written"
            return Wish.STOP
        except DBAPIError as error:
            # What cannot be journalled is not written: hold at the next lift until the database is back.
            log.error("plotter %s: the database does not answer: %s", self._plotter.name, error.orig)
            return Wish.HOLD
        return _WISHES.get(wanted or Wanted.GO_ON, Wish.GO_ON)

    # -- when it has ended -------------------------------------------------------------------------------------------

    def _settle(self, outcome: Outcome) -> bool:
        card, resume = outcome.card, outcome.resume
        if card is Card.BLANK and not self._allowed:
            self._give_back(outcome.reason)
            self._worker.report(Condition.FAULT, outcome.reason, keep_blanks=False)
            return False
        if card is Card.BLANK and self.resume is not None:  # nothing came to what was on the card before
            card, resume = (Card.RESUMABLE if outcome.position_known else Card.LOOK), self.resume
        elif card is Card.LOOK and resume is None:
            # What the machine may still have drawn after the last proven stroke is for the person's eye.
            resume = Resume(outcome.strokes_done)
        finished = card is Card.WHOLE
        # The stream takes every stop for the operator's; where the worker stopped it, the worker knows why.
        said = outcome.reason.replace(STOPPED, self._ending) if self._ending else outcome.reason
        why = "" if finished else "; ".join(filter(None, (self._ending if self._ending not in said else "", said)))
        self._ended(card, resume, known=outcome.position_known)
        fault = "host" if outcome.fault == "stopped" and self._worker.stopping.is_set() else outcome.fault
        self._finish(why, fault, outcome.strokes_done, outcome.seconds, outcome.mended)
        return finished or outcome.position_known

    def _broken(self, why: str) -> None:
        """Something broke on the way: without ink the job goes back, with ink a person looks at the card."""
        if not self._allowed:
            self._give_back(why)
        else:
            # Nobody has proved where the pen was when it broke.
            self._ended(Card.SPOILED, None, known=False)
            done = self._last.stroke if self._last else 0
            self._finish(why, "host", done, self._last.seconds if self._last else 0.0)

    def _ended(self, card: Card, resume: Resume | None, *, known: bool) -> None:
        self._worth, self._known, self._homings = card, known, self._bench.homings
        self.resume = resume if card in (Card.RESUMABLE, Card.LOOK) else None

    def _finish(self, why: str, fault: str, strokes: int, seconds: float, mended: Sequence[str] = ()) -> None:
        self._seconds += seconds
        here = self._known and not self._worker.stopping.is_set()
        worth = Card.LOOK if self._worth is Card.RESUMABLE and not here else self._worth

        def tell() -> State:
            return self._dispatch.finish(
                self._claim,
                finished=worth is Card.WHOLE,
                reason=why,
                stroke=self._of_card(strokes),
                seconds=self._seconds,
                position_known=self._known,
                card=worth,
                fault=fault,
                resume=self.resume,
                resumable=worth is Card.RESUMABLE,
                mended=mended,
                ink=self._ink(),
            )

        self._persist(tell)
        if (meter := self._meter) is not None:
            self._persist(lambda: self._worker.carer.wrote(meter, strokes, whole=self._worth is Card.WHOLE))
        log.info("job %s on %s: %s", self._claim.job.id, self._plotter.name, why or "written")

    def _of_card(self, drawn: int) -> int:
        """How many of the card's strokes are on it when the program has drawn so many of its own."""
        return drawn if self._path is None else self._path.on_paper(drawn)

    def _ink(self) -> list[Stroke] | None:
        """What a simulated machine has drawn on the sheet under its pen, in the card frame; None for real paper."""
        simulator = getattr(self._bench.port, "simulator", None)
        return None if simulator is None else self._slot.onto_card(list(simulator.ink))

    def _give_back(self, why: str) -> None:
        self._persist(lambda: self._dispatch.give_back(self._claim, why))

    def _persist(self, tell: Callable[[], object]) -> None:
        """Tell the store how it ended, as often as it takes: what was drawn cannot be drawn again to find out."""
        try:
            for attempt in tenacity.Retrying(
                retry=tenacity.retry_if_exception_type(DBAPIError),
                sleep=self._worker.rest,
                stop=tenacity.stop_when_event_set(self._worker.stopping) & tenacity.stop_after_attempt(3),
                wait=tenacity.wait_exponential(multiplier=0.1, max=5),
                reraise=True,
            ):
                with attempt:
                    tell()
        except Stale as error:
            # Somebody else has decided meanwhile; their word stands.
            log.warning("plotter %s: too late: %s", self._plotter.name, error)
