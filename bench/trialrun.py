"""Run of a trial: a shop of one plotter and one person around it, in virtual time, and what the paper says in the end.

The person does what the instructions say: goes on with a card that is said to be resumable, lays a fresh blank for one
that is spoiled or must be looked at, mends the machine before that, and delivers what is called whole. The machine's
paper is then held against the plan: nothing that was called whole may be less, and nothing may be written twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.trial import BOARDS, UNSEEN, Trial
from jobs.job import TRANSITIONS, State
from plotter.clock import VirtualClock
from plotter.drift import Felt, feel
from plotter.driver import connect, driver
from plotter.ebb import EbbSession
from plotter.ebbboard import EbbBoard
from plotter.faults import Card, Resume
from plotter.plan import Toolpath
from plotter.port import PortError
from plotter.program import Point, Program
from plotter.session import Session
from plotter.sheet import Mark, Sheet
from plotter.simfaults import Fault
from plotter.simport import SimPort, plug
from plotter.stream import NotReady, Outcome, Progress, Wish, stream
from plotter.strokes import resample
from plotter.wire import Locked, Refusal, Wire

STRAY_MM = 0.1
EYE_MM = 0.3  # what a person sees who looks a card over: less than a pen's width
REST_S = 0.5
MOST_ATTEMPTS = 4
PALE = 0.75  # of a fresh pen's ink: a person sees that beside the first words
LOOK_MM = 0.1  # how far apart ink is looked at
TWICE = 6  # so many looked-at points in a row with more ink than meant are writing over
PEOPLE_WAIT_S = 1.5  # how long a person leaves a held card

Passes = NDArray[np.int_]

_W, _B, _R, _L, _S = Card.WHOLE, Card.BLANK, Card.RESUMABLE, Card.LOOK, Card.SPOILED
CHECKED = ("motors-off", "lost-steps")
# What a sheet may be called after each fault; a fault may come before the pen, or after the last stroke.
MAY_BE: dict[str, tuple[Card, ...]] = {
    "none": (_W,),
    # A wait whose point is lost lasts for minutes: the machine is then found stuck, which a person looks at.
    **dict.fromkeys(("drop-in", "garble-in", "double-in"), (_W, _B, _R, _L, _S)),
    **dict.fromkeys(("drop-out", "garble-out", "double-out", "lose-ok", "double-ok"), (_W, _B, _R)),
    "error": (_W, _B, _R, _S),
    "unplug": (_W, _B, _L, _S),
    "reset": (_W, _B, _S),
    **dict.fromkeys(("deaf", "mute"), (_W, _B, _R, _L, _S)),
    "eeprom": (_W, _B, _R, _L, _S),
    "hard-limit": (_W, _B, _S),
    "soft-limit": (_W, _B, _L, _S),
    **dict.fromkeys(("door", "hold"), (_W, _B, _R)),
    "slow-host": (_W,),
    "mains-loss": (_W, _B, _S),
    "motors-off": (_W, _B, _S),
    "stop": (_W, _B, _R),
    **dict.fromkeys(("lift", "hold-wish"), (_W,)),
}


@dataclass
class Attempt:
    """One sheet, or one stretch of its writing: how it ended, `late_s` after the fault it was seen, ink off its path,
    the longest rest on the paper after the fault was seen.
    """

    card: str
    fault: str
    reason: str
    late_s: float | None = None
    stray_mm: float = 0.0
    rest_s: float = 0.0


@dataclass
class Result:
    """What became of a trial; `problems` is empty when all was right."""

    trial: str
    kind: str
    attempts: list[Attempt] = field(default_factory=list)
    seen_by: str = ""  # what told that a card called whole was none: "check" or "eye"
    undetected_mm: float = 0.0  # how far ink on the delivered card is off its path
    problems: list[str] = field(default_factory=list)


class _Tap:
    """A port that notes when the host first cries halt."""

    def __init__(self, port: SimPort[Any]) -> None:
        self._port = port
        self.session: Session | None = None
        self.cried_s: float | None = None

    @property
    def clock(self):  # type: ignore[no-untyped-def]
        return self._port.clock

    def write(self, data: bytes) -> None:
        self._note(halts=b"!" in data or b"\x18" in data)
        self._port.write(data)

    def read(self, timeout_s: float) -> bytes:
        self._note(halts=False)
        return self._port.read(timeout_s)

    def _note(self, *, halts: bool) -> None:
        # To an EiBotBoard there is nothing to cry while its pen is up: it is seen to be heeded no more.
        heeds = not isinstance(self.session, EbbSession) or self.session.heeds
        if self.cried_s is None and (halts or not heeds):
            self.cried_s = self._port.clock.now()

    def close(self) -> None:
        self._port.close()


class _Person:
    """Who watches: lets it write, or does once what the trial wants done in the middle of the card."""

    def __init__(self, port: SimPort[Any], wish: str) -> None:
        self._port, self._wish = port, wish
        self._asked_at: float | None = None
        self._rested = False

    def __call__(self, now: Progress) -> Wish:
        if self._wish in ("", "none") or self._rested or not self._port.simulator.happened:
            return Wish.GO_ON
        if self._wish == "stop":
            self._rested = True
            return Wish.STOP
        if now.held:
            self._asked_at = self._port.clock.now() if self._asked_at is None else self._asked_at
            if self._port.clock.now() - self._asked_at > PEOPLE_WAIT_S:
                self._rested = True
                return Wish.GO_ON
        return Wish.LIFT if self._wish == "lift" else Wish.HOLD


def run(trial: Trial) -> Result:
    """Bring the card of a trial to its end, whatever it takes, and judge."""
    result = Result(str(trial), trial.kind)
    path, state = trial.path(), State.READY
    port = _plugged(trial, list(filter(None, (trial.fault, trial.also))))
    wish = trial.wish
    for _ in range(MOST_ATTEMPTS):
        state = _move(result, state, State.CLAIMED)
        sheet = _Sheet(result, trial, path, port)
        card = sheet.write(wish)
        if card is Card.BLANK:
            state = _move(result, state, State.READY)
        else:
            state = _move(result, state, State.WRITING)
            state = _move(result, state, State.DONE if card is Card.WHOLE else State.INTERRUPTED)
        if state is State.DONE and (seen_by := sheet.looked_over()):
            result.seen_by = seen_by
            state = _move(result, state, State.QUARANTINED)
        if state is State.DONE:
            sheet.deliver()
            break
        if state is not State.READY:
            state = _move(result, state, State.READY)
        port, wish = _plugged(trial), ""  # the person has mended what was broken, and laid a fresh blank
    if state is not State.DONE:
        result.problems.append(f"the job is lost in state {state}")
    return result


def _plugged(trial: Trial, wrong: Sequence[Fault] = ()) -> SimPort[Any]:
    if trial.machine in BOARDS:
        return SimPort(EbbBoard(trial.model, version=BOARDS[trial.machine], faults=wrong), VirtualClock())
    return plug(trial.model, wrong, seed=trial.seed)


def _move(result: Result, a: State, b: State) -> State:
    if (a, b) not in TRANSITIONS:
        result.problems.append(f"no move leads from {a} to {b}")
    return b


class _Sheet:
    """One blank under the pen, until it is whole or given up."""

    def __init__(self, result: Result, trial: Trial, path: Toolpath, port: SimPort[Any]) -> None:
        self._result, self._trial, self._path, self._port = result, trial, path, port
        self._tap = _Tap(port)
        self._session: Session | None = None
        self._felt: Felt | None = None
        self._home: Point = (0.0, 0.0)

    def write(self, wish: str) -> Card:
        """Write, and go on as often as the card is said to be resumable; what it is worth in the end."""
        tongue, simulator = driver(self._trial.model), self._port.simulator
        try:
            session = self._session = self._tap.session = connect(self._tap, self._trial.model)
            if self._checked:
                wire = Wire(self._tap, session)
                self._home = wire.status().at
                self._felt = feel(wire, self._home)
        except (PortError, NotReady, Locked, Refusal) as error:
            self._result.attempts.append(Attempt(Card.BLANK, "connect", str(error)))
            return Card.BLANK
        simulator.stream_begins()
        watch = _Person(self._port, wish)
        program, resume = tongue.write(self._path), None
        for _ in range(MOST_ATTEMPTS):
            outcome = stream(self._tap, session, program, watch=watch, rewrite=self._rewritten)
            ended = self._port.clock.now()
            if outcome.card is Card.BLANK and resume is not None:  # nothing came to what was on it before
                card = Card.RESUMABLE if outcome.position_known else Card.LOOK
                outcome = replace(outcome, card=card, resume=resume)
            if outcome.card is not Card.RESUMABLE:
                self._port.settle()
            self._judge(outcome, ended)
            if outcome.card is not Card.RESUMABLE or outcome.resume is None:
                return outcome.card
            self._tap.cried_s, resume = None, outcome.resume
            program = self._rewritten(resume)
        self._result.problems.append("gone on with again and again")
        return Card.SPOILED

    def _rewritten(self, at: Resume) -> Program:
        return driver(self._trial.model).write(self._path, first_stroke=at.stroke, from_mm=at.mm)

    @property
    def _checked(self) -> bool:
        """Whether the machine's place is felt at its switches before and after the card, as the shop is set up."""
        return self._trial.model.homing and self._trial.kind in (*UNSEEN, "none")

    @property
    def _unseen(self) -> bool:
        """Whether the machine cannot tell of this fault; an EiBotBoard measures its motors' supply."""
        kind = self._trial.kind
        return kind in UNSEEN and not (kind == "motors-off" and self._trial.machine in BOARDS)

    def looked_over(self) -> str:
        """What tells that a card called whole is none: the "check" at the switches, a person's "eye"; "": nothing."""
        if self._felt is not None and self._session is not None:
            try:
                if feel(Wire(self._tap, self._session), self._home).error_mm(self._felt) > STRAY_MM:
                    return "check"
            except (PortError, Locked, Refusal):
                return "check"
        sheet = self._port.simulator.sheet
        off = max(sheet.stray_mm(self._path.strokes), sheet.missing_mm(self._path.strokes))
        looked = np.concatenate([resample(one, LOOK_MM) for one in self._path.strokes])
        pale = sheet.darkness(looked, EYE_MM).min() < PALE
        return "eye" if off > EYE_MM or pale else ""

    def deliver(self) -> None:
        """The card goes out: now it must be right."""
        stray = self._port.simulator.sheet.stray_mm(self._path.strokes)
        self._result.undetected_mm = stray
        unseen = self._unseen and not (self._trial.model.homing and self._trial.kind in CHECKED)
        if stray > (EYE_MM if unseen else STRAY_MM):
            self._result.problems.append(f"delivered with ink {stray:.2f} mm off its path")

    def _judge(self, outcome: Outcome, ended: float) -> None:
        """Hold what the sheet shows against what the outcome says."""
        result, path, simulator = self._result, self._path, self._port.simulator
        sheet = simulator.sheet
        happened = next((t for t, _ in simulator.happened), None)
        seen = self._tap.cried_s if self._tap.cried_s is not None else ended
        dumb = self._trial.fault.number(0) if self._trial.kind in ("deaf", "mute", "eeprom") else 0.0
        hears = seen if happened is None else max(seen, happened + dumb)  # before that nothing could lift the pen
        late = None if happened is None or outcome.card is Card.WHOLE else max(0.0, seen - happened)
        stray = sheet.stray_mm(path.strokes) if sheet.strokes else 0.0
        rests = [one.begun + one.seconds - max(one.begun, hears) for one in sheet.rests]
        rest = 0.0 if outcome.card is Card.WHOLE else max(0.0, *rests, 0.0)
        if not outcome.lifted or self._trial.kind == "mains-loss" or self._trial.also is not None:
            rest = 0.0  # nothing could have lifted it, and a person is told to look; a second fault may make it wait
        if rest > REST_S:
            result.problems.append(f"the pen rested {rest:.2f} s on the paper after the fault was seen")
        result.attempts.append(Attempt(outcome.card, outcome.fault, outcome.reason, late, stray, rest))
        if self._unseen:
            return  # the machine cannot tell: the check and the eye must
        alone = self._trial.also is None
        if alone and len(result.attempts) == 1 and outcome.card not in MAY_BE[self._trial.kind]:
            result.problems.append(f"called {outcome.card}, may be {' or '.join(MAY_BE[self._trial.kind])}")
        covered, meant = _passes(sheet, path), _passes(_as_meant(path), path)
        if outcome.card is Card.WHOLE:
            if stray > STRAY_MM:
                result.problems.append(f"called whole with ink {stray:.2f} mm off its path")
            _incomplete(result, covered, len(path.strokes), "called whole")
            for k, (had, wanted) in enumerate(zip(covered, meant, strict=True)):
                # A dot that is touched again is the same dot.
                if _longest(had > wanted + (len(had) == 1)) >= min(TWICE, len(had)):
                    result.problems.append(f"stroke {k} was written twice")
        elif outcome.card is Card.RESUMABLE:
            if stray > STRAY_MM:
                result.problems.append(f"called resumable with ink {stray:.2f} mm off its path")
            if outcome.resume is None:
                result.problems.append("called resumable without saying where")
            else:
                _incomplete(result, covered, outcome.resume.stroke, f"to be gone on with at {outcome.resume}")
        elif outcome.card is Card.BLANK and sheet.strokes:
            result.problems.append("called blank with ink on it")


def _incomplete(result: Result, covered: list[Passes], strokes: int, said: str) -> None:
    for k in range(strokes):
        if (covered[k] < 1).any():
            result.problems.append(f"{said} without all of stroke {k}")


def _as_meant(path: Toolpath) -> Sheet:
    return Sheet(tuple(Mark(one, 0.0, 0.0, np.ones(len(one))) for one in path.strokes), ())


def _passes(sheet: Sheet, path: Toolpath) -> list[Passes]:
    """How often ink went by each looked-at point of each stroke."""
    looked = [resample(one, LOOK_MM) for one in path.strokes]
    passes = sheet.passes(np.concatenate(looked))
    return np.split(passes, np.cumsum([len(one) for one in looked])[:-1])


def _longest(which: NDArray[np.bool_]) -> int:
    """The longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], which.astype(int), [0]))))
    return int((edges[1::2] - edges[::2]).max(initial=0))
