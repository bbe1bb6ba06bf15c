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

import tenacity
from sqlalchemy.exc import DBAPIError, TimeoutError

from jobs.bed import as_measured
from jobs.carer import Carer, Look
from jobs.compose import Shelf
from jobs.dispatch import Dispatch
from jobs.errand import Bench, Errands
from jobs.feeding import trouble
from jobs.handling import SetPen
from jobs.job import Condition, PlotterRow, State
from jobs.waiting import HOMES_WHEN_LOADED
from jobs.writing import Writing
from plotter.clock import Clock, RealClock
from plotter.machine import Machine, Plotter
from plotter.port import Port, PortError
from plotter.serialport import open_port
from plotter.session import Alarm, Banner, Session
from plotter.stream import NotReady, connect

NO_DATABASE_S = 1.0  # how long it looks away when the database does not answer
DATABASE = (DBAPIError, TimeoutError)  # SQLAlchemy's, when the pool has no connection left
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
        self.dispatch, self.shelf, self._opener = dispatch, shelf, opener
        self.clock = clock or RealClock()
        self.bell = dispatch.store.bell
        self.errands = errands or Errands(plotter.name, self.bell)
        self.stopping = threading.Event()
        self.stop_by = float("inf")
        self._thread = threading.Thread(target=self._run, name=f"plotter-{plotter.name}", daemon=True)
        self._origin = False  # whether a person has just said that the machine stands at its zero
        self._void = False  # whether a lost connection has yet to take the blanks' confirmation with it
        self._said: tuple[Condition, str] | None = None
        self._left: Writing | None = None  # the card that lies interrupted in the plotter, while it can be gone on with
        self.carer = Carer(plotter, dispatch, self.report, shelf.stocks)
        self._said_at = 0.0

    def start(self) -> None:
        """Begin to connect and to take jobs; the plotter must have been registered."""
        self._thread.start()

    def stop(self, grace_s: float = GRACE_S) -> None:
        """Ask for the end: no new card, the one in hand is left at the next pen lift, at once after `grace_s`."""
        self.stop_by = self.clock.now() + grace_s
        self.stopping.set()
        self.bell.ring("event", f"plotter:{self.plotter.name}")

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for the end; whether it has come."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def rest(self, seconds: float) -> None:
        """Do nothing for so long, or until the end is asked for."""
        self.stopping.wait(seconds)

    # -- the thread --------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        retry = tenacity.Retrying(
            sleep=self.rest,
            stop=tenacity.stop_when_event_set(self.stopping),
            wait=tenacity.wait_exponential(multiplier=0.5, max=30),
            before_sleep=self._say_what_failed,
            reraise=True,
        )
        while not self.stopping.is_set():
            try:
                retry(self._one_connection)
            except Exception:
                # Only at the end: `retry` has said everything before.
                log.info("plotter %s: stopped while out of order", self.plotter.name, exc_info=True)
        self.errands.shut("the server is being stopped")
        self.dispatch.retire(self.plotter.name, "the server was stopped")

    def _say_what_failed(self, attempt: tenacity.RetryCallState) -> None:
        error = attempt.outcome.exception() if attempt.outcome else None
        self.errands.shut(f"it is out of order: {error}")
        if isinstance(error, PortError):
            log.warning("plotter %s: %s", self.plotter.name, error)
            self.report(Condition.OFFLINE, str(error))
        elif isinstance(error, NotReady):
            log.error("plotter %s: %s", self.plotter.name, error)
            self.report(Condition.FAULT, str(error))
        else:
            log.error("plotter %s: a fault of ours", self.plotter.name, exc_info=error)
            self.report(Condition.FAULT, f"a fault of the program: {type(error).__name__}: {error}; see the log")

    def report(self, condition: Condition, reason: str = "", *, keep_blanks: bool = True) -> None:
        """Tell the store what the plotter is, when that is news or has not been said for a while."""
        now = self.clock.now()
        news = self._said != (condition, reason)
        if news or not keep_blanks or now - self._said_at >= SEEN_S:
            try:
                self.dispatch.report(self.plotter.name, condition, reason, keep_blanks=keep_blanks)
                self._said, self._said_at = (condition, reason), now
                self._void = self._void and keep_blanks
            except DBAPIError as error:
                log.error("plotter %s: the database does not answer: %s", self.plotter.name, error.orig)

    def _one_connection(self) -> None:
        """From opening the port until it must be opened anew; raises what went wrong with it."""
        machine = self.carer.fit().machine
        if self._void:  # the store did not hear that the connection was lost: yesterday's blanks are no word for today
            self.dispatch.report(self.plotter.name, Condition.OFFLINE, "connecting again", keep_blanks=False)
            self._void = False
        if machine.homing and not self._a_person_comes():
            return
        # Whether the machine's zero is where the plan thinks: found by homing, or told by the person who has loaded
        # blanks and seen the carriage in its corner before the port was opened.
        zeroed = machine.homing or self._origin or self._somebody_has_loaded()
        self._origin = False
        with closing(self._opener(self.plotter.port, baud=machine.baud, machine=machine)) as port:
            bench = Bench(self.carer.plotter, port, connect(port, machine), zeroed, carer=self.carer)
            bench.homings = int(machine.homing)
            log.info("plotter %s: connected", self.plotter.name)
            self.carer.connected(bench)
            connected = True
            try:
                while connected and not self.stopping.is_set():
                    if bench.again:
                        self._origin = True
                        return
                    if not bench.zeroed and self._somebody_has_loaded():
                        return  # a machine that does not home takes the place where it is opened for its zero
                    try:
                        connected = self._one_look(bench)
                    except DATABASE as error:
                        # The machine keeps its place: nothing is claimed, nothing moves until the database is back.
                        log.error("plotter %s: the database does not answer: %s", self.plotter.name, error)
                        self.rest(NO_DATABASE_S)
            finally:
                self._withdraw()
                # The first motion after a reconnect waits for a person's word: blanks must be confirmed anew.
                if bench.zeroed and not self.stopping.is_set():
                    self._void = True
                    self.report(Condition.OFFLINE, "connecting again", keep_blanks=False)

    def _withdraw(self) -> None:
        """The place of the card that lies here is proven no longer."""
        try:
            self.dispatch.offer(self.plotter.name, None)
        except DBAPIError as error:
            log.error("plotter %s: the database does not answer: %s", self.plotter.name, error.orig)

    def _somebody_has_loaded(self) -> bool:
        return self.dispatch.store.plotter(self.plotter.name).blanks > 0

    def _a_person_comes(self) -> bool:
        """Homing moves the machine, so it waits for a person's word: blanks confirmed, or an errand asked for."""
        seen = self.bell.count("event")
        self.errands.open(self.dispatch.store.plotter(self.plotter.name).job)
        if self.errands.waiting or self._somebody_has_loaded():
            return True
        self.report(Condition.OFFLINE, HOMES_WHEN_LOADED)
        self.bell.wait(seen, IDLE_S, "event")
        return False

    def _one_look(self, bench: Bench) -> bool:
        """Take a card and write it, or do what a person asks, or wait a little; whether the connection can be kept."""
        seen = self.bell.count("event")
        row = self.dispatch.store.plotter(self.plotter.name)
        bench.card, bench.plotter = row.job, as_measured(self.carer.fit(bench.session), row)
        self.errands.open(row.job)
        if row.job is not None:
            return self._wait_for_a_decision(bench, row, row.job, seen)
        # A plotter in attention is idle again when its carer says so.
        # Who has the controls may have a hand over the bed: no card begins under it.
        in_hand = self.errands.control
        free = "" if in_hand is None else f"{in_hand.by} has its controls"
        if self._said is None or self._said[0] is not Condition.ATTENTION:
            self.report(Condition.IDLE, free)
        _listen(bench.port, bench.session)
        if bench.pen_down and in_hand is None:  # whoever lowered it has gone
            SetPen(down=False).run(bench)
        if self.errands.serve(bench):
            return True
        may_write = bench.zeroed and in_hand is None
        if (why := trouble(row)) is not None:
            self.report(Condition.ATTENTION, why)
            self.bell.wait(seen, IDLE_S, "event")
            return True
        look = self.carer.look(bench, row) if may_write else Look.REST
        if look not in (Look.WRITE, Look.REST):
            if look is Look.WAIT:
                self.bell.wait(seen, IDLE_S, "event")
                self.dispatch.sweep()
            return look is not Look.RECONNECT
        self.report(Condition.IDLE, free)
        claim = self.dispatch.claim(self.plotter.name, most_ink_mm=self.carer.ink_mm) if look is Look.WRITE else None
        if claim is not None:
            self.errands.shut("it is writing a card")
            return self._hold(Writing(claim, self, bench), lambda one: one.write())
        self.bell.wait(seen, IDLE_S, "event")
        self.dispatch.sweep()
        return True

    def _hold(self, card: Writing, go: Callable[[Writing], bool]) -> bool:
        """Write a card, or the rest of one, and remember it if it can be gone on with."""
        self._left = None
        keep = go(card)
        self._left = card if card.resume is not None else None
        return keep

    def _wait_for_a_decision(self, bench: Bench, row: PlotterRow, job: str, seen: int) -> bool:
        """An earlier card lies in the plotter until a person has decided it."""
        left = self._left if self._left is not None and self._left.job == job else None
        if self.dispatch.store.job(job).state is State.WRITING:
            return self._go_on(bench, left)
        _listen(bench.port, bench.session)
        self.dispatch.offer(self.plotter.name, None if left is None else left.able(bench))
        last = self.dispatch.store.attempts(job)[-1]
        where = f" in slot {row.slot}" if len(row.slots) > 1 else ""
        words = f"look at the card of {job}{where} and decide: {last.reason or 'it was interrupted'}"
        if last.position_known is False and not bench.homings:
            words = f"{words.rstrip('.')}. The position is lost: push the carriage to the machine's zero corner first"
        self.report(Condition.ATTENTION, words)
        if self.errands.serve(bench):
            return True
        self.bell.wait(seen, IDLE_S, "event")
        self.dispatch.sweep()
        if self.dispatch.store.plotter(self.plotter.name).job is not None:
            return True
        # An unknown position is found again only by homing, or by a fresh start.
        return last.position_known is not False or bench.homings > 0

    def _go_on(self, bench: Bench, left: Writing | None) -> bool:
        """A person wants the interrupted card gone on with."""
        if left is not None and left.able(bench) is not None:
            self.errands.shut("it is writing a card")
            return self._hold(left, lambda one: one.go_on(bench))
        why = "the plotter was connected anew before it could go on; nothing more was drawn"
        self.dispatch.stay(self.plotter.name, why)
        return True


def _listen(port: Port, session: Session) -> None:
    """Hear what an idle machine says: raises PortError when the wire is gone or the machine has lost its position."""
    for event in session.receive(port.read(0.0)):
        if isinstance(event, Banner):
            raise PortError("the machine restarted by itself; check its power supply, and put the pen at its zero")
        if isinstance(event, Alarm):
            raise PortError(f"ALARM:{event.code}: {event.words}; free the head, and put the pen at its zero")
