"""Carer: what a plotter's thread does between two cards so that the next one comes out: ink, warm-up, place, macros."""

import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from fonts.card import Stock
from jobs.bed import lying
from jobs.care import LOOK, MARK, MOTION, Care, Check, FittedPen
from jobs.dispatch import Dispatch
from jobs.job import Condition, Mode, PlotterRow
from jobs.meter import Meter
from plotter.care import Patch
from plotter.drift import CannotFeel, Felt, feel, rehome
from plotter.driver import driver
from plotter.machine import Machine, Plotter, Slot
from plotter.macros import macro, run
from plotter.port import PortError
from plotter.program import Point, Program
from plotter.scribble import square, warm_up
from plotter.session import Session
from plotter.stream import Verdict, Wish, stream
from plotter.wire import Locked, Refusal

if TYPE_CHECKING:
    from jobs.errand import Bench

# A refill holds more or less ink than its box says, and pressure takes more: no card is begun on its last tenth.
MARGIN = 1.1
# Another controller on the same database cannot ring here: its words are seen so soon.
FRESH_S = 2.0

log = logging.getLogger("fairhand.care")
Report = Callable[[Condition, str], None]


class Look(Enum):
    """What the plotter may do next: take a card; rest; wait for a person; look again at once; be connected anew."""

    WRITE = "write"
    REST = "rest"
    WAIT = "wait"
    AGAIN = "again"
    RECONNECT = "reconnect"


class Carer:
    """The care of one plotter, in its thread. `plotter` is as it is with the pen that is in its holder."""

    def __init__(
        self, plotter: Plotter, dispatch: Dispatch, report: Report, stocks: Mapping[str, Stock] | None = None
    ) -> None:
        self.plotter = self._configured = plotter
        self.book = Care(dispatch.store)
        self._dispatch, self._report, self._stocks = dispatch, report, stocks or {}
        self._pen: FittedPen | None = None
        self._felt: Felt | None = None  # where the switches closed after the last homing at connection
        self._home: Point = (0.0, 0.0)
        self._unchecked = self._unseen = self._homings = 0
        self._read_at, self._rung = -math.inf, -1
        self._check: Check | None = None
        self._just_wrote = self._was_bad = self._moves = self._asked = False
        self._old: int | None = None  # a bad check of an earlier connection: its place has been set anew since

    # -- the pen -----------------------------------------------------------------------------------------------------

    def fit(self, session: Session | None = None) -> Plotter:
        """The plotter as it is with the pen that a person has put into it; a session goes by it from now on.

        The book is read when somebody has rung for this plotter, when the plotter itself has written, and now and then.
        """
        bell = self.book.store.bell.count(f"plotter:{self.plotter.name}")
        if bell == self._rung and time.monotonic() - self._read_at < FRESH_S:
            pen = self._pen
        else:
            self._rung, self._read_at = bell, time.monotonic()
            pen, self._check = self.book.fitted(self.plotter.name), self.book.open_check(self.plotter.name)
        if pen != self._pen or pen is None:
            self._pen = pen
            machine = with_pen(self._configured, pen)
            if machine != self.plotter.machine:
                self.plotter = replace(self.plotter, machine=machine)
        if session is not None and session.machine != self.plotter.machine:
            session.machine = self.plotter.machine
        return self.plotter

    @property
    def ink_mm(self) -> float | None:
        """How much ink a card may take at most; None when nobody knows what the pen holds."""
        left = None if self._pen is None else self._pen.left_mm
        return None if left is None else left / MARGIN

    def meter(self, program: Program) -> Meter:
        """For a program that is about to be written: what it takes of the pen's ink and the machine's lifts."""
        return Meter(self.book, self.plotter.name, program)

    def wrote(self, meter: Meter, strokes: int, *, whole: bool) -> None:
        """A card has ended with so many of its strokes on paper."""
        meter.read(strokes, cards=int(whole))
        self._just_wrote = True
        self._unchecked += int(whole)
        self._unseen += int(whole)
        self._read_at = -math.inf

    # -- a connection ------------------------------------------------------------------------------------------------

    def connected(self, bench: "Bench") -> None:
        """The machine has been found and, where it homes, homed: from here on its place is reckoned."""
        care, machine = self._configured.care, self.plotter.machine
        self._felt, self._moves, self._was_bad = None, machine.homing, False
        self.fit(bench.session)
        self.book.void(self.plotter.name)
        old = self.book.open_check(self.plotter.name)
        self._old = None if old is None else old.number
        if not self._looked_after:
            return
        self._placed_anew(bench)
        if machine.homing and care.drift_check_every:
            try:
                self._home = bench.wire.status().at
                self._felt = feel(bench.wire, self._home)
                self._home = rehome(bench.wire)
            except CannotFeel as error:
                log.warning("plotter %s: %s", self.plotter.name, error)
            except (Refusal, Locked) as error:
                raise PortError(f"{error}; look at the machine, then connect again") from error

    @property
    def _looked_after(self) -> bool:
        return bool(self._configured.care.drift_check_every or self._configured.care.look_every)

    def _placed_anew(self, bench: "Bench") -> None:
        """The machine's place was set anew: what it has written until now can no longer be judged by a look at it."""
        name = self.plotter.name
        self._homings = bench.homings
        self.book.connected(name)
        self._unchecked, self._unseen = self.book.unchecked(name), self.book.unseen(name)

    # -- between two cards -------------------------------------------------------------------------------------------

    def look(self, bench: "Bench", row: PlotterRow) -> Look:
        """Do what is due before the next card; what the plotter may do then. Raises PortError when the wire is gone."""
        if self._looked_after and bench.homings != self._homings:
            self._placed_anew(bench)
        try:
            return self._open() or self._due(bench, row) or self._next(bench, row)
        except (Refusal, Locked) as error:
            raise PortError(f"{error}; look at the machine, then connect again") from error

    def _open(self) -> Look | None:
        """A check that waits for a person."""
        check = self._check
        if check is not None:
            self._asked = True
            self._was_bad = check.good is False and check.kind != LOOK and check.number != self._old
            self._report(Condition.ATTENTION, words_of(check))
            return Look.WAIT
        if self._asked:
            self._asked, self._unchecked = False, self.book.unchecked(self.plotter.name)
            self._unseen = self.book.unseen(self.plotter.name)
        if self._was_bad and not self.plotter.machine.homing:
            return Look.RECONNECT  # its place is set anew by a person who pushes it to its zero
        self._was_bad = False
        return None

    def _due(self, bench: "Bench", row: PlotterRow) -> Look | None:
        """A proof of motion, a check, the macro after the last card: while a card was just written, or cards are in."""
        care, wrote, self._just_wrote = self._configured.care, self._just_wrote, False
        if care.motion_proof and not self._moves and row.blanks > 0:
            self._show_motion(bench)
            return Look.AGAIN
        if care.drift_check_every and self._unchecked >= care.drift_check_every and (wrote or row.blanks > 0):
            self.check(bench)
            return Look.AGAIN
        if care.look_every and self._unseen >= care.look_every and (wrote or row.blanks > 0):
            self._ask(LOOK, "")
            return Look.AGAIN
        if wrote and row.blanks == 0 and care.when_empty:
            run(bench.wire, macro(care.when_empty, care.macros[care.when_empty], self.plotter.machine))
        return None

    def _next(self, bench: "Bench", row: PlotterRow) -> Look:
        """Whether the pen can write the next card: ink enough, and warm."""
        if not self._configured.care.pens:
            return Look.WRITE
        if row.mode is not Mode.ACTIVE or row.blanks == 0:
            return Look.REST
        job = self._dispatch.next_up(self.plotter.name)
        if job is None:
            return Look.REST  # one that comes in this very moment finds the pen as cold as this look has found it
        before = self._pen
        self.fit(bench.session)
        patch, pen = self._configured.care.scribble, self._pen
        if pen != before or self._check is not None:
            return Look.AGAIN  # a person has said something since this look began, and maybe then ordered the card
        if pen is None:
            return Look.WRITE
        most = self.ink_mm
        if most is not None and job.ink_mm > most:
            left, needs = (pen.left_mm or 0.0) / 1000, job.ink_mm / 1000
            self._report(
                Condition.ATTENTION,
                f"the pen '{pen.name}' has {left:.1f} m left, the next card needs {needs:.1f} m and a tenth to spare: "
                "change the pen",
            )
            return Look.WAIT
        if patch is not None and pen.warmed_at is None:
            if (why := self.on_a_card(patch)) is not None:
                self._report(Condition.ATTENTION, why)
                return Look.WAIT
            self.warm_up(bench, patch, pen.number)
            return Look.AGAIN
        return Look.WRITE

    def slots(self) -> Mapping[str, Slot]:
        """Where cards lie: as measured at the machine, else as the configuration has it."""
        return lying(self.plotter, self._dispatch.store.plotter(self.plotter.name))

    def on_a_card(self, patch: Patch) -> str | None:
        """Why the patch must not be written on, in words: a card lies there, where slots are now."""
        row = self._dispatch.store.plotter(self.plotter.name)
        papers = {one.name: self._stocks.get(one.stock or "") for one in row.slots}
        for name, slot in lying(self.plotter, row).items():
            paper = papers.get(name)
            if paper is not None and not patch.clear_of(slot, (paper.width_mm, paper.height_mm)):
                return (
                    f"the place for the scribble lies on the card in slot {name}, as that was measured: move one of "
                    "them ([plotters.NAME.care.scribble])"
                )
        return None

    def spare(self) -> Slot:
        """Where the first slot lies, with a blank to spare in it; raises ValueError when none lies there."""
        row = self._dispatch.store.plotter(self.plotter.name)
        name, slot = next(iter(self.slots().items()))
        if row.lies(row.slots[0]) != "blank":
            raise ValueError(f"no blank lies in slot {name}: lay a paper to spare there, and confirm it as a blank")
        return slot

    def use_up(self) -> None:
        """The paper to spare is written on: no blank is trusted until a person confirms it."""
        self._dispatch.void_blanks(self.plotter.name)

    def mode(self) -> Mode:
        """What a person wants of the plotter."""
        return self._dispatch.store.plotter(self.plotter.name).mode

    # -- deeds -------------------------------------------------------------------------------------------------------

    def warm_up(self, bench: "Bench", patch: Patch, turn: int) -> None:
        """Write the pen warm on its patch; raises Refusal when that could not be finished."""
        program = driver(self.plotter.machine).write(warm_up(patch, self.plotter.machine, turn))
        self.write(bench, program, self.plotter.machine)
        self.book.warmed(self.plotter.name)
        self._read_at = -math.inf

    def write(self, bench: "Bench", program: Program, machine: Machine) -> None:
        """Write something that is no card, on a machine set like this; raises Refusal when it could not be finished."""
        bench.session.machine = machine
        meter, over = self.meter(program), bench.over
        try:
            outcome = stream(bench.port, bench.session, program, watch=lambda _: Wish.STOP if over() else Wish.GO_ON)
        finally:
            bench.session.machine = self.plotter.machine
        meter.read(outcome.strokes_done)
        if outcome.verdict is not Verdict.FINISHED:
            raise Refusal(outcome.reason)

    def check(self, bench: "Bench") -> str:
        """Look whether the machine stands where it believes to; what was found, or what a person is asked.

        A machine with switches feels them and homes anew; any other goes to its mark, and a person looks.
        """
        name, care = self.plotter.name, self._configured.care
        if self._felt is None:
            bench.go(care.mark)
            self._ask(MARK, f"X{care.mark[0]:g} Y{care.mark[1]:g}")
            return "the pen is over its mark: look, and say whether it stands there"
        error = feel(bench.wire, self._home).error_mm(self._felt)
        self._home = rehome(bench.wire)
        good = error <= care.drift_limit_mm
        far = "more than 3 mm" if math.isinf(error) else f"{error:.2f} mm"
        words = f"it is {far} off its place"
        self._read_at = -math.inf
        self.book.found(name, error_mm=None if math.isinf(error) else round(error, 3), good=good, words=words)
        self._unchecked = self.book.unchecked(name)
        log.log(logging.INFO if good else logging.ERROR, "plotter %s: %s", name, words)
        return words

    def _show_motion(self, bench: "Bench") -> None:
        """Draw a square in the air, and ask whether somebody has seen it."""
        at = bench.wire.status().at
        for corner in square(self.plotter.machine, at):
            bench.go(corner)
        self._ask(MOTION, "")
        self._moves = True

    def _ask(self, kind: str, words: str) -> None:
        self.book.ask(self.plotter.name, kind, words)
        self._read_at = -math.inf


def words_of(check: Check) -> str:
    """What a person is asked or told by an open check."""
    if check.good is None:
        if check.kind == MOTION:
            return "did the pen make a small square in the air? Say yes or no"
        if check.kind == LOOK:
            return f"look at the last {_cards(check.cards)}: is every line on them whole? Say yes or no"
        return f"the pen should stand over its mark ({check.words}): look, and say yes or no"
    if check.kind == MOTION:
        return f"{check.words}, then say that it may go on; blanks are confirmed anew"
    then = "Change the pen" if check.kind == LOOK else "Look at belts, screws and the head's way"
    return (
        f"{check.words}: {_cards(check.cards)} written since the last good check set aside. "
        f"{then}, then say that it may go on"
    )


def _cards(n: int) -> str:
    return "1 card" if n == 1 else f"{n} cards"


def with_pen(plotter: Plotter, pen: FittedPen | None) -> Machine:
    """The machine with this pen; of a pen that the configuration no longer knows, only its ink counts."""
    machine = plotter.machine
    if pen is None:
        return machine
    profile = plotter.care.pens.get(pen.name)
    if profile is not None:
        machine = profile.on(machine)
    return with_lift(machine, pen.lift) if pen.lift else machine


def with_lift(machine: Machine, lift: Mapping[str, float]) -> Machine:
    """The machine with these heights and waits of its pen; raises ValueError where no pen can have them."""
    known = {one.name for one in fields(machine.pen)} - {"kind"}
    if strangers := sorted(set(lift) - known):
        raise ValueError(f"this pen has no {strangers[0]}; it has {', '.join(sorted(known))}")
    values: dict[str, Any] = {name: int(v) if name.endswith("_s") and v == int(v) else v for name, v in lift.items()}
    return replace(machine, pen=replace(machine.pen, **values))
