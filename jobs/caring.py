"""Caring: what a person may ask of an idle plotter for its care: a macro, a look at its place, tests of its pen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from jobs.carer import Carer, words_of
from jobs.errand import Bench, Errand, ErrandFailed
from jobs.job import Mode
from plotter.driver import driver
from plotter.heights import Step, down_at, heights, programs, settles, without_hops
from plotter.machine import Machine, ServoPen
from plotter.macros import MacroFault, macro, run
from plotter.plan import PlanError
from plotter.program import ProgramError

# A pen that is tried stands on the paper so long, then lifts by itself: long enough to look, too short for a puddle.
TRY_S = 1.5


@dataclass(frozen=True)
class RunMacro(Errand[str]):
    """Carry out one of the plotter's macros."""

    macro: str

    def run(self, bench: Bench) -> str:
        """Raises ErrandFailed for a macro that there is none of."""
        _zeroed(bench)
        lines = bench.plotter.care.macros.get(self.macro)
        if lines is None:
            there = ", ".join(bench.plotter.care.macros) or "none"
            raise ErrandFailed(f"there is no macro '{self.macro}'; there are: {there}")
        try:
            report = run(bench.wire, macro(self.macro, lines, bench.plotter.machine))
        except MacroFault as error:
            raise ErrandFailed(str(error)) from None
        return f"done; the pen stands at X{report.at[0]:g} Y{report.at[1]:g}"


@dataclass(frozen=True)
class CheckPlace(Errand[str]):
    """Look now whether the machine stands where it believes to."""

    def run(self, bench: Bench) -> str:
        """What was found, or what a person is asked; raises ErrandFailed while something is asked already."""
        _zeroed(bench)
        carer = _carer(bench)
        if (check := carer.book.open_check(bench.plotter.name)) is not None:
            raise ErrandFailed(f"{words_of(check)}: answer that first")
        return carer.check(bench)


@dataclass(frozen=True)
class WarmUp(Errand[str]):
    """Write the pen warm beside the cards."""

    def run(self, bench: Bench) -> str:
        """Raises ErrandFailed when there is no place for it."""
        _zeroed(bench)
        patch = bench.plotter.care.scribble
        if patch is None:
            raise ErrandFailed("there is no place for a scribble: give [plotters.NAME.care.scribble]")
        carer = _carer(bench)
        if (why := carer.on_a_card(patch)) is not None:
            raise ErrandFailed(why)
        carer.warm_up(bench, patch, 0)
        return "the pen has written beside the cards"


@dataclass(frozen=True)
class PenSteps(Errand[str]):
    """Write a row of steps on a paper to spare in the first slot: one for each height, or each wait after lowering.

    The plotter must be paused, so that no card is begun on that paper.
    """

    kind: str
    values: tuple[float, ...]

    def run(self, bench: Bench) -> str:
        """Raises ErrandFailed for values that no pen can have, and where the paper would leave the bed."""
        _zeroed(bench)
        carer = _carer(bench)
        if carer.mode() is not Mode.PAUSED:
            raise ErrandFailed("pause the plotter first: the paper to spare lies where cards lie")
        try:
            steps = self._steps(bench.plotter.machine)
            written = programs(steps, carer.spare())
        except (ValueError, PlanError, ProgramError) as error:
            raise ErrandFailed(str(error)) from None
        carer.use_up()
        for machine, program in written:
            if bench.over():
                raise ErrandFailed("given up; the steps up to here are written")
            carer.write(bench, program, machine)
        take = "lowest pressure" if self.kind == "heights" else "shortest wait"
        return f"{len(self.values)} steps are written: take the {take} that draws every line whole"

    def _steps(self, machine: Machine) -> Sequence[Step]:
        return heights(machine, self.values) if self.kind == "heights" else settles(machine, self.values)


@dataclass(frozen=True)
class TryHeight(Errand[str]):
    """Bring the pen to this height where it stands, let a person look, and lift it again."""

    value: float

    def run(self, bench: Bench) -> str:
        """Raises ErrandFailed for a height that no pen can have."""
        machine = bench.plotter.machine
        if not isinstance(machine.pen, ServoPen):
            _zeroed(bench)
        try:
            lowered = down_at(_far_from(machine, self.value), self.value)
        except ValueError as error:
            raise ErrandFailed(str(error)) from None
        lift = driver(machine).pen(down=False)
        wire = bench.wire
        try:
            for line in (*lift, *driver(lowered).pen(down=True)):
                wire.ask(line)
            wire.rest(TRY_S)
        finally:
            for line in lift:
                wire.ask(line)
        return f"the pen was at {self.value:g} for {TRY_S:g} s and is up again"


def _far_from(machine: Machine, value: float) -> Machine:
    """The machine with its lifted place far from a height that is tried, so that any height may be."""
    machine = without_hops(machine)
    pen = machine.pen
    if isinstance(pen, ServoPen):
        away = 0 if value >= 500 else 1000
        return replace(machine, pen=replace(pen, up_s=away, down_s=1000 - away))
    return replace(machine, pen=replace(pen, up_mm=max(pen.up_mm, value + 0.2)))


def _carer(bench: Bench) -> Carer:
    if bench.carer is None:
        raise ErrandFailed("nobody looks after this plotter")
    return bench.carer


def _zeroed(bench: Bench) -> None:
    if not bench.zeroed:
        raise ErrandFailed(
            "the machine's zero is not known yet: push the carriage into its zero corner, lay blanks or a paper to "
            "spare in, and confirm them"
        )
