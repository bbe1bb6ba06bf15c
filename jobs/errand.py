"""Errand: what a person asks of a plotter while no card is under its pen: jog, home, try the pen, touch a corner.

An errand is a value with a `run`; the plotter's own thread carries it out between two looks at the queue, and whoever
asked waits for the answer. Errands live in memory only: what nobody waits for is not done, and nothing of it outlives a
restart, so no machine ever moves by an order of yesterday.
"""

import logging
import secrets
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from jobs.bell import Bell
from jobs.job import NotAllowed
from plotter.clock import Clock, RealClock
from plotter.drift import rehome
from plotter.driver import Driver, driver
from plotter.machine import Plotter
from plotter.port import Port, PortError
from plotter.program import Point
from plotter.session import Session
from plotter.wire import LONG_WAY_S, Locked, Refusal, Wire

if TYPE_CHECKING:
    from jobs.carer import Carer

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")

PATIENCE_S = 30.0  # how long an errand may wait and run, unless it says otherwise
LEASE_S = 15.0  # how long the controls stay with somebody who is not heard of
IDLE = frozenset({"Idle"})

log = logging.getLogger("fairhand.errand")


class ErrandFailed(Exception):
    """The plotter could not do it; in words for the person who asked."""


@dataclass(eq=False)
class Bench:
    """What the plotter's thread lends to an errand: an idle machine at an open port, the pen up.

    `zeroed`: whether the machine's zero is known to be where plans take it for; an errand that finds out sets it.
    `pen_down`: a hand has lowered the pen; `again`: the machine shall be connected anew, its zero where it stands.
    `homings`: how often the machine has been homed in this connection. An
    errand leaves the pen up and the machine Idle, whatever happens to it. `card` is the job whose interrupted card
    lies in the plotter; `carer` looks after the machine. `over` says that nobody wants the errand any more: the person
    has gone, the server ends.
    """

    plotter: Plotter
    port: Port
    session: Session
    zeroed: bool = False
    homings: int = 0
    pen_down: bool = False
    again: bool = False
    card: str | None = None
    over: Callable[[], bool] = lambda: False
    carer: "Carer | None" = None

    @property
    def wire(self) -> Wire:
        return Wire(self.port, self.session)

    @property
    def driver(self) -> Driver:
        return driver(self.plotter.machine)

    def pen_up(self) -> None:
        """Wherever an earlier card has left its servo; raises ErrandFailed when a hand has lowered it."""
        if self.pen_down:
            raise ErrandFailed("the pen is down and would draw: lift it first")
        for line in self.driver.pen(down=False):
            self.wire.ask(line)

    def go(self, to: Point) -> Point:
        """To a place, machine frame, mm, with the pen up; where the machine then stands."""
        self.pen_up()
        for line in self.driver.move(to):
            self.wire.ask(line)
        return self.wire.wait_for(IDLE, LONG_WAY_S).at


class Errand(Protocol[T_co]):
    """A request; its arguments are its fields.

    `beside_card`: whether it may be run while an interrupted card waits in the plotter for a decision.
    """

    beside_card: ClassVar[bool] = False

    def run(self, bench: Bench) -> T_co:
        """Do it in the plotter's thread; the answer. Raises ErrandFailed, PortError, Locked, Refusal in words."""
        ...


@dataclass(frozen=True)
class Home(Errand[Point]):
    """Find the machine's place again at its own switches; where it then stands, machine frame, mm."""

    beside_card: ClassVar[bool] = True

    def run(self, bench: Bench) -> Point:
        """Raises ErrandFailed on a machine that does not home."""
        if not bench.plotter.machine.homing:
            raise ErrandFailed(f"{bench.plotter.name} does not home: push its carriage into its zero corner instead")
        at = rehome(bench.wire)
        bench.homings += 1
        return at


@dataclass(frozen=True)
class Control:
    """Who has a plotter's controls: nobody else moves it by hand, and it takes no card meanwhile.

    `token` proves it; `by` is the name others see.
    """

    by: str
    token: str
    since: datetime


@dataclass(eq=False)
class _Asked:
    errand: Errand[Any]
    actor: str
    answer: Future[Any] = field(default_factory=Future)
    given_up: threading.Event = field(default_factory=threading.Event)


class Errands:
    """One plotter's errands: people ask, the plotter's thread serves. `clock` times the lease of the controls.

    To use it: a frozen dataclass that is an Errand, with `run(bench)`; `errands.ask(it, actor=...)` in a route.
    """

    def __init__(self, plotter: str, bell: Bell, *, clock: Clock | None = None) -> None:
        self.plotter = plotter
        self._bell, self._clock = bell, clock or RealClock()
        self._lock = threading.Lock()
        self._asked: deque[_Asked] = deque()
        self._under_way: _Asked | None = None
        self._shut: str | None = "it is not connected yet"
        self._card: str | None = None
        self._control: Control | None = None
        self._until = 0.0

    # -- a person ----------------------------------------------------------------------------------------------------

    def ask(self, errand: Errand[T], *, actor: str, token: str | None = None, within_s: float = PATIENCE_S) -> T:
        """Have an errand done and wait for its answer, at most `within_s` real seconds.

        Raises NotAllowed when the plotter cannot be asked now (not connected, a card under its pen, somebody else has
        the controls: `token` is theirs) or does not come to it in time, ErrandFailed when it could not do it.
        """
        answer = self.begin(errand, actor=actor, token=token)
        try:
            return answer.result(within_s)
        except TimeoutError:
            if answer.cancel():
                raise NotAllowed(f"{self.plotter} did not come to it within {within_s:g} s; try again") from None
            self._give_up(answer)
            return answer.result()
        except CancelledError:
            raise NotAllowed(f"{self.plotter}: {self._shut or 'the controls were taken over'}") from None

    def begin(self, errand: Errand[T], *, actor: str, token: str | None = None) -> "Future[T]":
        """Ask for an errand without waiting for its answer; raises NotAllowed at once as `ask` does."""
        one = _Asked(errand, actor)
        with self._lock:
            self._look_who(token)
            if self._shut is not None:
                raise NotAllowed(f"{self.plotter} cannot do that now: {self._shut}")
            if self._card is not None and not errand.beside_card:
                raise NotAllowed(f"{self.plotter} still has the card of {self._card}: decide that one first")
            self._asked.append(one)
        self._bell.ring("event", f"plotter:{self.plotter}")
        return one.answer

    def take_control(self, by: str, *, take_over: bool = False) -> Control:
        """Have the controls for as long as one is heard of; raises NotAllowed when somebody else has them.

        With `take_over` they are taken from whoever has them, and what that person has under way ends.
        """
        with self._lock:
            now = self._holder()
            if now is not None and not take_over:
                raise NotAllowed(f"{now.by} has the controls of {self.plotter} since {now.since:%H:%M} UTC; take over")
            self._drop()
            self._control = Control(by, secrets.token_hex(8), datetime.now(UTC))
            self._until = self._clock.now() + LEASE_S
            found = self._control
        self._bell.ring("event", f"plotter:{self.plotter}")
        return found

    def keep_control(self, token: str) -> Control:
        """The holder is still there; raises NotAllowed when the controls are no longer theirs."""
        with self._lock:
            self._look_who(token)
            assert self._control is not None  # else the token were nobody's
            return self._control

    def let_go(self, token: str) -> None:
        """Give the controls back; no harm when they are somebody else's by now."""
        with self._lock:
            if self._control is not None and self._control.token == token:
                self._drop()
        self._bell.ring("event", f"plotter:{self.plotter}")

    @property
    def control(self) -> Control | None:
        """Who has the controls now."""
        with self._lock:
            return self._holder()

    def _holder(self) -> Control | None:
        if self._control is not None and self._clock.now() >= self._until:
            self._drop()
        return self._control

    def _drop(self) -> None:
        """The controls are nobody's; what was asked with them is asked no more."""
        if self._control is None:
            return
        self._control = None
        while self._asked:
            self._asked.popleft().answer.cancel()
        if self._under_way is not None:
            self._under_way.given_up.set()

    def _look_who(self, token: str | None) -> None:
        now = self._holder()
        if now is None:
            if token is not None:
                raise NotAllowed(f"the controls of {self.plotter} are not yours any more: take them again")
            return
        if token is None or not secrets.compare_digest(token, now.token):
            raise NotAllowed(f"{now.by} has the controls of {self.plotter}; take them over first")
        self._until = self._clock.now() + LEASE_S

    def _give_up(self, answer: "Future[Any]") -> None:
        with self._lock:
            if self._under_way is not None and self._under_way.answer is answer:
                self._under_way.given_up.set()

    # -- the plotter's thread ----------------------------------------------------------------------------------------

    @property
    def waiting(self) -> bool:
        """Whether somebody has asked for something."""
        with self._lock:
            return bool(self._asked)

    def open(self, card: str | None = None) -> None:
        """Errands are taken from now on; with `card`, only those that may be run beside it."""
        with self._lock:
            self._shut, self._card = None, card

    def shut(self, why: str) -> None:
        """No errand is taken until `open`; those that wait are told why, in words that follow a colon."""
        with self._lock:
            self._shut = why
            while self._asked:
                self._asked.popleft().answer.cancel()

    def serve(self, bench: Bench) -> int:
        """Carry out what has been asked, in turn; how many. A fault of the wire is told to the asker and raised."""
        done = 0
        while (one := self._next()) is not None:
            bench.over = one.given_up.is_set
            log.info("plotter %s: %s, asked by %s", self.plotter, type(one.errand).__name__, one.actor)
            try:
                answer = one.errand.run(bench)
            except BaseException as error:
                one.answer.set_exception(_in_words(error))
                if isinstance(error, ErrandFailed | Refusal):
                    answer = None
                elif isinstance(error, Locked):
                    raise PortError(f"{error}; put the pen at its zero") from error
                else:
                    raise
            else:
                one.answer.set_result(answer)
            finally:
                with self._lock:
                    self._under_way = None
            done += 1
        return done

    def _next(self) -> _Asked | None:
        with self._lock:
            while self._asked:
                one = self._asked.popleft()
                if one.answer.set_running_or_notify_cancel():
                    self._under_way = one
                    return one
            return None


def _in_words(error: BaseException) -> BaseException:
    """What the asker is told: the machine's troubles in words, a fault of ours as it is."""
    if isinstance(error, PortError | Locked | Refusal):
        return ErrandFailed(str(error))
    return error
