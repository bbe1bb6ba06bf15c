"""Worker: one plotter's thread. It claims, composes, plans, proves, writes and finishes, one card after the other.

What happens when the controller is asked to end: no new card is claimed; the stroke under the pen is finished, the pen
lifts, and the card becomes interrupted with its position known (a card takes minutes, whoever ends a server waits
seconds). A person then says whether to write a fresh one. `kill -9` ends in the same place, by `Dispatch.register`.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Protocol

import numpy as np
import tenacity
from sqlalchemy.exc import DBAPIError

from jobs.bed import lying
from jobs.carer import Carer, Look
from jobs.compose import NoteFault, Shelf, compose
from jobs.dispatch import Claim, Dispatch
from jobs.errand import Bench, Errands
from jobs.feeding import feed, trouble
from jobs.job import HOMES_WHEN_LOADED, Cancelled, Condition, Stale, State, Wanted
from plotter.clock import Clock, RealClock
from plotter.driver import driver
from plotter.feeder import NoCard
from plotter.machine import Machine, Plotter
from plotter.plan import PlanError, plan
from plotter.port import Port, PortError
from plotter.program import Program, ProgramError
from plotter.serialport import open_port
from plotter.session import Alarm, Banner, Session
from plotter.stream import STOPPED, NotReady, Outcome, Progress, Verdict, Wish, connect, stream
from plotter.strokes import Stroke
from plotter.wire import Wire

PROGRESS_S = 0.25  # the store hears of progress at most four times a second
IDLE_S = 2.0  # an idle plotter looks at the queue at least this often, should a wake-up get lost
SEEN_S = 10.0  # and says that it is there this often
GRACE_S = 10.0  # how long the stroke under the pen may take at shutdown; an A6 line is written in less

log = logging.getLogger("fairhand.worker")


class Opener(Protocol):
    """How a port is opened; `plotter.serialport.open_port` in the shop."""

    def __call__(self, url: str, *, baud: int, machine: Machine) -> Port: ...


class Worker:
    """One plotter of the shop, driven by a thread of its own from `start` to `stop`."""

    def __init__(
        self,
        plotter: Plotter,
        *,
        dispatch: Dispatch,
        shelf: Shelf,
        opener: Opener = open_port,
        clock: Clock | None = None,
        errands: Errands | None = None,
    ) -> None:
        self.plotter = plotter
        self._dispatch, self._shelf, self._opener = dispatch, shelf, opener
        self._clock = clock or RealClock()
        self._bell = dispatch.store.bell
        self.errands = errands or Errands(plotter.name, self._bell)
        self._stopping = threading.Event()
        self._stop_by = float("inf")
        self._thread = threading.Thread(target=self._run, name=f"plotter-{plotter.name}", daemon=True)
        self._void = False  # whether a lost connection has yet to take the blanks' confirmation with it
        self._said: tuple[Condition, str] | None = None
        self.carer = Carer(plotter, dispatch, self._report)
        self._said_at = 0.0

    def start(self) -> None:
        """Begin to connect and to take jobs; the plotter must have been registered."""
        self._thread.start()

    def stop(self, grace_s: float = GRACE_S) -> None:
        """Ask for the end: no new card, the one in hand is left at the next pen lift, at once after `grace_s`."""
        self._stop_by = self._clock.now() + grace_s
        self._stopping.set()
        self._bell.ring("event", f"plotter:{self.plotter.name}")

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for the end; whether it has come."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def rest(self, seconds: float) -> None:
        """Do nothing for so long, or until the end is asked for."""
        self._stopping.wait(seconds)

    # -- the thread --------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        retry = tenacity.Retrying(
            sleep=self.rest,
            stop=tenacity.stop_when_event_set(self._stopping),
            wait=tenacity.wait_exponential(multiplier=0.5, max=30),
            before_sleep=self._say_what_failed,
            reraise=True,
        )
        while not self._stopping.is_set():
            try:
                retry(self._one_connection)
            except Exception:
                # Only at the end: `retry` has said everything before.
                log.info("plotter %s: stopped while out of order", self.plotter.name, exc_info=True)
        self.errands.shut("the server is being stopped")
        self._dispatch.retire(self.plotter.name, "the server was stopped")

    def _say_what_failed(self, attempt: tenacity.RetryCallState) -> None:
        error = attempt.outcome.exception() if attempt.outcome else None
        self.errands.shut(f"it is out of order: {error}")
        if isinstance(error, PortError):
            log.warning("plotter %s: %s", self.plotter.name, error)
            self._report(Condition.OFFLINE, str(error))
        elif isinstance(error, NotReady):
            log.error("plotter %s: %s", self.plotter.name, error)
            self._report(Condition.FAULT, str(error))
        else:
            log.error("plotter %s: a fault of ours", self.plotter.name, exc_info=error)
            self._report(Condition.FAULT, f"a fault of the program: {type(error).__name__}: {error}; see the log")

    def _report(self, condition: Condition, reason: str = "", *, keep_blanks: bool = True) -> None:
        """Tell the store what the plotter is, when that is news or has not been said for a while."""
        now = self._clock.now()
        news = self._said != (condition, reason)
        if news or not keep_blanks or now - self._said_at >= SEEN_S:
            try:
                self._dispatch.report(self.plotter.name, condition, reason, keep_blanks=keep_blanks)
                self._said, self._said_at = (condition, reason), now
                self._void = self._void and keep_blanks
            except DBAPIError as error:
                log.error("plotter %s: the database does not answer: %s", self.plotter.name, error.orig)

    def _one_connection(self) -> None:
        """From opening the port until it must be opened anew; raises what went wrong with it."""
        machine = self.carer.fit().machine
        if self._void:  # the store did not hear that the connection was lost: yesterday's blanks are no word for today
            self._dispatch.report(self.plotter.name, Condition.OFFLINE, "connecting again", keep_blanks=False)
            self._void = False
        if machine.homing and not self._a_person_comes():
            return
        # Whether the machine's zero is where the plan thinks: found by homing, or told by the person who has loaded
        # blanks and seen the carriage in its corner before the port was opened.
        zeroed = machine.homing or self._somebody_has_loaded()
        with closing(self._opener(self.plotter.port, baud=machine.baud, machine=machine)) as port:
            bench = Bench(self.carer.plotter, port, connect(port, machine), zeroed, carer=self.carer)
            log.info("plotter %s: connected", self.plotter.name)
            self.carer.connected(bench)
            connected = True
            try:
                while connected and not self._stopping.is_set():
                    if not bench.zeroed and self._somebody_has_loaded():
                        return  # a machine that does not home takes the place where it is opened for its zero
                    connected = self._one_look(bench)
            finally:
                self.errands.shut("it is connecting again")
                # The first motion after a reconnect waits for a person's word: blanks must be confirmed anew.
                if bench.zeroed and not self._stopping.is_set():
                    self._void = True
                    self._report(Condition.OFFLINE, "connecting again", keep_blanks=False)

    def _somebody_has_loaded(self) -> bool:
        return self._dispatch.store.plotter(self.plotter.name).blanks > 0

    def _a_person_comes(self) -> bool:
        """Homing moves the machine, so it waits for a person's word: blanks confirmed, or an errand asked for."""
        seen = self._bell.count("event")
        self.errands.open(self._dispatch.store.plotter(self.plotter.name).job)
        if self.errands.waiting or self._somebody_has_loaded():
            return True
        self._report(Condition.OFFLINE, HOMES_WHEN_LOADED)
        self._bell.wait(seen, IDLE_S, "event")
        return False

    def _one_look(self, bench: Bench) -> bool:
        """Take a card and write it, or do what a person asks, or wait a little; whether the connection can be kept."""
        seen = self._bell.count("event")
        row = self._dispatch.store.plotter(self.plotter.name)
        bench.card, bench.plotter = row.job, self.carer.fit(bench.session)
        self.errands.open(row.job)
        if row.job is not None:
            return self._wait_for_a_decision(bench, row.job, seen)
        # A plotter in attention is idle again when its carer says so.
        if self._said is None or self._said[0] is not Condition.ATTENTION:
            self._report(Condition.IDLE)
        _listen(bench.port, bench.session)
        if self.errands.serve(bench):
            return True
        # Who has the controls may have a hand over the bed: no card begins under it.
        may_write = bench.zeroed and self.errands.control is None
        if (why := trouble(row)) is not None:
            self._report(Condition.ATTENTION, why)
            self._bell.wait(seen, IDLE_S, "event")
            return True
        look = self.carer.look(bench, row) if may_write else Look.REST
        if look not in (Look.WRITE, Look.REST):
            if look is Look.WAIT:
                self._bell.wait(seen, IDLE_S, "event")
                self._dispatch.sweep()
            return look is not Look.RECONNECT
        self._report(Condition.IDLE)
        claim = self._dispatch.claim(self.plotter.name, most_ink_mm=self.carer.ink_mm) if look is Look.WRITE else None
        if claim is not None:
            self.errands.shut("it is writing a card")
            return _Card(claim, self, bench.port, bench.session).write()
        self._bell.wait(seen, IDLE_S, "event")
        self._dispatch.sweep()
        return True

    def _wait_for_a_decision(self, bench: Bench, job: str, seen: int) -> bool:
        """An earlier card lies in the plotter until a person has decided it."""
        last = self._dispatch.store.attempts(job)[-1]
        words = f"look at the card of {job} and decide: {last.reason or 'it was interrupted'}"
        if last.position_known is False:
            words += ". The position is lost: push the carriage to the machine's zero corner first"
        self._report(Condition.ATTENTION, words)
        if self.errands.serve(bench):
            return True
        self._bell.wait(seen, IDLE_S, "event")
        self._dispatch.sweep()
        if self._dispatch.store.plotter(self.plotter.name).job is not None:
            return True
        return last.position_known is not False  # an unknown position is found again only by a fresh start


def _listen(port: Port, session: Session) -> None:
    """Hear what an idle machine says: raises PortError when the wire is gone or the machine has lost its position."""
    for event in session.receive(port.read(0.0)):
        if isinstance(event, Banner):
            raise PortError("the machine restarted by itself; check its power supply, and put the pen at its zero")
        if isinstance(event, Alarm):
            raise PortError(f"ALARM:{event.code}: {event.words}; free the head, and put the pen at its zero")


class _Card:
    """One claimed job on its way to paper."""

    def __init__(self, claim: Claim, worker: Worker, port: Port, session: Session) -> None:
        self._claim, self._worker, self._port, self._session = claim, worker, port, session
        self._plotter, self._dispatch = worker.carer.plotter, worker._dispatch
        self._written: Program | None = None
        self._slot = lying(self._plotter, self._dispatch.store.plotter(self._plotter.name))[claim.slot]
        self._allowed = False  # whether the store has allowed ink
        self._reported_at = float("-inf")
        self._nudges = -1
        self._wish = Wish.GO_ON
        self._last: Progress | None = None
        self._ending = ""

    def write(self) -> bool:
        """Bring the card to its end, whatever that is; whether the connection can be kept."""
        self._written = program = self._program()
        if program is None:
            return True
        simulator = getattr(self._port, "simulator", None)
        if simulator is not None and self._plotter.feeder is None:
            simulator.new_sheet()  # the blank that a person has loaded comes under the pen
        try:
            self._feed()
            outcome = stream(self._port, self._session, program, watch=self._watch, before_ink=self._before_ink)
        except (Cancelled, Stale, NoCard) as error:
            log.info("job %s: %s", self._claim.job.id, error)
            self._give_back(str(error))
            return True
        except Exception as error:
            self._broken(f"{error}" if isinstance(error, PortError) else f"a fault of the program: {error!r}")
            raise
        return self._settle(outcome)

    def _program(self) -> Program | None:
        """The job's program, proved; None when it cannot be written here, which the store then knows."""
        try:
            card = compose(self._claim.job.as_ordered(), self._worker._shelf)
            paper = (card.stock.width_mm, card.stock.height_mm)
            path = plan(card.strokes, paper=paper, slot=self._slot, machine=self._plotter.machine)
            tongue = driver(self._plotter.machine)
            program = tongue.write(path)
            tongue.prove(program)
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

    def _feed(self) -> None:
        """Where a feeder brings the cards: one lies under the pen, or there is none and it is raised."""
        worker = self._worker
        wire = Wire(self._port, self._session)
        stopping = worker._stopping.is_set
        feed(self._claim, self._plotter, self._dispatch, wire, report=worker._report, stopping=stopping)

    # -- while it is being written -----------------------------------------------------------------------------------

    def _before_ink(self) -> None:
        if self._worker._stopping.is_set():
            raise Cancelled("the server is being stopped")
        self._dispatch.pen_down(self._claim)
        self._allowed = True
        self._worker._report(Condition.WRITING)

    def _watch(self, now: Progress) -> Wish:
        """What the stream shall do; the store is asked at most four times a second, and at once when nudged."""
        worker = self._worker
        if self._last is not None and now.held != self._last.held:
            worker._report(Condition.HELD if now.held else Condition.WRITING)
        self._last = now
        topic = f"plotter:{self._plotter.name}"
        if now.held:  # a virtual clock would spin here
            worker._bell.wait(self._nudges, PROGRESS_S, topic)
        if worker._stopping.is_set():
            self._ending = "the server was stopped"
            return Wish.STOP if now.held or worker._clock.now() >= worker._stop_by else Wish.HOLD
        nudges = worker._bell.count(topic)
        if worker._clock.now() - self._reported_at >= PROGRESS_S or nudges != self._nudges:
            self._nudges, self._reported_at = nudges, worker._clock.now()
            self._wish = self._ask(now)
        return self._wish

    def _ask(self, now: Progress) -> Wish:
        (x, y) = self._slot.onto_card([np.array([now.position])])[0][0]
        try:
            wanted = self._dispatch.progress(
                self._claim, stroke=now.stroke, x=round(float(x), 2), y=round(float(y), 2), held=now.held
            )
        except Stale:
            self._ending = "somebody decided the card while it was being written"
            return Wish.STOP
        except DBAPIError as error:
            # What cannot be journalled is not written: hold at the next lift until the database is back.
            log.error("plotter %s: the database does not answer: %s", self._plotter.name, error.orig)
            return Wish.HOLD
        return {Wanted.HOLD: Wish.HOLD, Wanted.STOP: Wish.STOP}.get(wanted or Wanted.GO_ON, Wish.GO_ON)

    # -- when it has ended -------------------------------------------------------------------------------------------

    def _settle(self, outcome: Outcome) -> bool:
        if outcome.verdict is Verdict.REFUSED and not self._allowed:
            self._give_back(outcome.reason)
            self._worker._report(Condition.FAULT, outcome.reason, keep_blanks=False)
            return False
        finished = outcome.verdict is Verdict.FINISHED
        # The stream takes every stop for the operator's; where the worker stopped it, the worker knows why.
        said = outcome.reason.replace(STOPPED, self._ending) if self._ending else outcome.reason
        why = "" if finished else "; ".join(filter(None, (self._ending if self._ending not in said else "", said)))
        self._finish(finished, why, outcome.strokes_done, outcome.seconds, outcome.position_known)
        return finished or outcome.position_known

    def _broken(self, why: str) -> None:
        """Something broke on the way: without ink the job goes back, with ink a person looks at the card."""
        if not self._allowed:
            self._give_back(why)
        else:
            done = self._last.stroke if self._last else 0
            self._finish(False, why, done, self._last.seconds if self._last else None, False)

    def _finish(self, finished: bool, why: str, strokes: int, seconds: float | None, position_known: bool) -> None:
        def tell() -> State:
            return self._dispatch.finish(
                self._claim,
                finished=finished,
                reason=why,
                stroke=strokes,
                seconds=seconds,
                position_known=position_known,
                ink=self._ink(),
            )

        self._persist(tell)
        if (program := self._written) is not None:
            self._persist(lambda: self._worker.carer.drew(program, strokes))
        log.info("job %s on %s: %s", self._claim.job.id, self._plotter.name, "written" if finished else why)

    def _ink(self) -> list[Stroke] | None:
        """What a simulated machine has drawn on the sheet under its pen, in the card frame; None for real paper."""
        simulator = getattr(self._port, "simulator", None)
        return None if simulator is None else self._slot.onto_card(list(simulator.ink))

    def _give_back(self, why: str) -> None:
        self._persist(lambda: self._dispatch.give_back(self._claim, why))

    def _persist(self, tell: Callable[[], object]) -> None:
        """Tell the store how it ended, as often as it takes: what was drawn cannot be drawn again to find out."""
        try:
            for attempt in tenacity.Retrying(
                retry=tenacity.retry_if_exception_type(DBAPIError),
                sleep=self._worker.rest,
                stop=tenacity.stop_when_event_set(self._worker._stopping) & tenacity.stop_after_attempt(3),
                wait=tenacity.wait_exponential(multiplier=0.1, max=5),
                reraise=True,
            ):
                with attempt:
                    tell()
        except Stale as error:
            # Somebody else has decided meanwhile; their word stands.
            log.warning("plotter %s: too late: %s", self._plotter.name, error)
