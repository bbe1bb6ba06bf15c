"""The life of a job as one table, and what is known about a job, its attempts, and the plotters, as values."""

import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from jobs.note import Note, literal
from plotter.faults import Card, Resume
from plotter.machine import Slot


class State(StrEnum):
    """Where a job stands. Only a person ends `interrupted` (there may be ink on the card) and `quarantined` (its
    machine was found out of place afterwards)."""

    HELD = "held"
    READY = "ready"
    CLAIMED = "claimed"
    WRITING = "writing"
    INTERRUPTED = "interrupted"
    DONE = "done"
    QUARANTINED = "quarantined"
    FAILED = "failed"
    CANCELLED = "cancelled"


Who = Literal["customer", "person", "plotter", "sweeper"]


@dataclass(frozen=True)
class Rule:
    """Who may make a move, and what it means."""

    who: tuple[Who, ...]
    what: str


TRANSITIONS: Mapping[tuple[State, State], Rule] = {
    (State.HELD, State.READY): Rule(("customer", "person"), "released, or its batch started"),
    (State.HELD, State.CANCELLED): Rule(("customer", "person"), "cancelled"),
    (State.READY, State.HELD): Rule(("customer", "person"), "held back"),
    (State.READY, State.CLAIMED): Rule(("plotter",), "a plotter takes it: fence + 1, lease, attempt opened"),
    (State.READY, State.CANCELLED): Rule(("customer", "person"), "cancelled"),
    (State.CLAIMED, State.READY): Rule(("plotter", "sweeper"), "given back, no ink yet"),
    (State.CLAIMED, State.WRITING): Rule(("plotter",), "pen_down: answered before the pen may lower"),
    (State.CLAIMED, State.FAILED): Rule(("plotter",), "cannot be composed or planned here, no ink"),
    (State.CLAIMED, State.CANCELLED): Rule(("plotter", "sweeper"), "a cancel came in before the pen"),
    (State.WRITING, State.DONE): Rule(("plotter",), "Idle at the program's end"),
    (State.WRITING, State.INTERRUPTED): Rule(("plotter", "sweeper"), "fault, stop, or lease over"),
    (State.INTERRUPTED, State.DONE): Rule(
        ("person", "plotter"), "the card is good, or a late finish before anybody decided"
    ),
    (State.INTERRUPTED, State.WRITING): Rule(("person",), "go on with this card: its place is proven"),
    (State.INTERRUPTED, State.READY): Rule(("person",), "write a fresh card, the old one is spoiled"),
    (State.INTERRUPTED, State.FAILED): Rule(("person",), "given up"),
    (State.DONE, State.QUARANTINED): Rule(("plotter", "person"), "its machine was found out of place afterwards"),
    (State.QUARANTINED, State.DONE): Rule(("person",), "the card is good all the same"),
    (State.QUARANTINED, State.READY): Rule(("person",), "write a fresh card, the old one is spoiled"),
    (State.QUARANTINED, State.FAILED): Rule(("person",), "given up"),
    (State.FAILED, State.READY): Rule(("customer", "person"), "tried again"),
    (State.FAILED, State.CANCELLED): Rule(("customer", "person"), "cancelled"),
}
"""Every move there is. Nothing leaves CANCELLED; only a person's word leads from ink to a second card."""

FIRST = (State.HELD, State.READY)  # the states a job may begin in
OPEN = (State.CLAIMED, State.WRITING, State.INTERRUPTED)  # an attempt is open; the plotter takes nothing else


def sources(to: State, who: Who) -> tuple[State, ...]:
    """The states from which `who` may move a job to `to`."""
    return tuple(a for (a, b), rule in TRANSITIONS.items() if b is to and who in rule.who)


def diagram() -> str:
    """The life of a job as a Mermaid state diagram, drawn from TRANSITIONS."""
    lines = ["stateDiagram-v2", *(f"    [*] --> {state}" for state in FIRST)]
    for (a, b), rule in TRANSITIONS.items():
        what = rule.what.replace(":", " -")  # a colon begins Mermaid's label
        lines.append(f"    {a} --> {b}: {' or '.join(rule.who)} - {what}")
    ends = [s for s in State if all(a is not s for a, _ in TRANSITIONS)]
    return "\n".join([*lines, *(f"    {s} --> [*]" for s in ends)]) + "\n"


class Ids:
    """Typed ids that sort by the time they were made: prefix + 48 bits of Unix ms + 80 bits of chance, as in a ULID.

    Ids made by one Ids within one millisecond still go up: the chance part counts on (ULID spec, monotonicity).
    """

    _ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u

    def __init__(
        self, ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000, bits: Callable[[int], int] = secrets.randbits
    ) -> None:
        self._ms, self._bits = ms, bits
        self._last = 0
        self._lock = threading.Lock()

    def new(self, prefix: str) -> str:
        """`prefix` + "_" + 26 characters, above every id this Ids has made."""
        with self._lock:
            fresh = self._ms() << 80 | self._bits(79)
            self._last = fresh if fresh >> 80 > self._last >> 80 else self._last + 1
            number = self._last
        return f"{prefix}_" + "".join(self._ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a card is worth since it broke off, by which fault (a key of `plotter.faults.FAULTS`, or "").

    `resume` is where it can be gone on with, if anywhere; `resumable` says that its plotter stands ready to do so now.
    """

    card: Card
    fault: str
    resume: Resume | None
    resumable: bool


@dataclass(frozen=True, kw_only=True)
class Order:
    """A job before it is stored: the note, what the rehearsal found, and the customer's handling of it."""

    note: Note
    words: str
    lines: int = 0
    strokes: int = 0
    ink_mm: float = 0.0
    warnings: Sequence[Mapping[str, Any]] = ()
    priority: int = 0
    hold: bool = False
    plotter: str | None = None
    external_id: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    row: int | None = None


@dataclass(frozen=True, kw_only=True)
class Job:
    """A card that somebody wants, as the store knows it. `words`: the text as written; `stroke`: strokes proven drawn.

    `attempts` is also the fence: it grows by one at every claim, and only the attempt of that number may report.
    `plotter` is the one it is pinned to; `on` that of its attempt, open or the one that ended it, which took `seconds`
    of machine time. A job that is ready again has none of that: earlier attempts are told by themselves.
    """

    id: str
    state: State
    note: Note
    words: str
    lines: int
    strokes: int
    ink_mm: float
    warnings: Sequence[Mapping[str, Any]]
    priority: int
    hold: bool
    plotter: str | None
    external_id: str | None
    metadata: Mapping[str, str]
    batch: str | None
    row: int | None
    attempts: int
    reason: str
    created_at: datetime
    updated_at: datetime
    on: str | None = None
    stroke: int = 0
    wanted: str | None = None
    seconds: float | None = None
    verdict: Verdict | None = None

    def as_ordered(self) -> Note:
        """The note with the words the customer saw when ordering, whatever has become of the template since."""
        alone = self.note.text is None and self.note.template is None  # its address is the words then
        address = {} if alone else self.note.address
        return replace(self.note, template=None, text=literal(self.words), address=address)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One plotter's try at one job. `ink_at`: when the pen was allowed down; `ended_at`: when all was said.

    `outcome`: not_started, refused, cancelled, written, interrupted (open until a person decides), spoiled, given_up.
    `reason` is the machine's, `note` what a person remarked when deciding. `x`, `y`: where the pen was last seen, card
    frame mm; `slot`: where on the bed the card lies; `left_s`: machine time still to go, while it is written.
    `resumed`: how often a person had it gone on with. `inked` says that a picture of the ink is kept.
    """

    job: str
    number: int
    plotter: str
    slot: str | None
    boot: str
    claimed_at: datetime
    lease_until: datetime
    ink_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
    reason: str
    stroke: int
    strokes: int
    x: float | None
    y: float | None
    left_s: float | None
    seconds: float | None
    position_known: bool | None
    verdict: Verdict | None
    resumed: int
    wanted: str | None
    held: bool
    decided_by: str | None
    decided_at: datetime | None
    decision: str | None
    note: str | None
    inked: bool


class Mode(StrEnum):
    """What a person wants of a plotter."""

    ACTIVE = "active"
    PAUSED = "paused"


class Condition(StrEnum):
    """What a plotter is, as reported by its worker."""

    OFFLINE = "offline"
    IDLE = "idle"
    WRITING = "writing"
    HELD = "held"
    ATTENTION = "attention"
    FAULT = "fault"


Lies = Literal["blank", "writing", "undecided", "written", "nothing"]
"""What is known to lie in a slot; "nothing": nobody has said that anything does."""


@dataclass(frozen=True, kw_only=True)
class SlotRow:
    """A place for cards on a plotter's bed. `blanks`: blank cards a person has confirmed there, of paper `stock`.

    `job`: whose written card lies there, until the next load. `feed`: what is known of a feeder's card: "asked" (a
    person is to say whether one has come), "here", "missing", or "". `measured`: where two touched corners said that
    it lies, in place of the configuration.
    """

    name: str
    blanks: int = 0
    stock: str | None = None
    job: str | None = None
    feed: str = ""
    measured: Slot | None = None
    measured_at: datetime | None = None
    measured_by: str | None = None


_PLOTTER = "plt_"


def plotter_id(name: str) -> str:
    """A plotter's id, and its name as who did something: `plt_` + the name in the configuration."""
    return _PLOTTER + name


def plotter_name(id: str) -> str:
    """The name in the configuration; ids and names are both taken. A name may not begin with `plt_`: it has no `_`."""
    return id.removeprefix(_PLOTTER)


@dataclass(frozen=True, kw_only=True)
class PlotterRow:
    """A plotter as the store knows it. `blanks`: blank cards a person has confirmed loaded, in all `slots` together.

    `loaded_stock` is their paper, None when slots hold different ones; used up, it is what they were.
    `slot` is where the card in hand lies; its `outcome` is "interrupted" while a person is to decide it.
    `job` is the job of its open attempt, with `stroke` of `strokes` drawn, the pen at `x`, `y` (card frame, mm), and
    `left_s` of machine time to its end.
    """

    name: str
    mode: Mode
    condition: Condition
    reason: str
    blanks: int
    capacity: int
    loaded_stock: str | None
    boot: str | None
    seen_at: datetime | None
    slots: tuple[SlotRow, ...] = ()
    job: str | None = None
    slot: str | None = None
    outcome: str | None = None
    stroke: int = 0
    strokes: int = 0
    x: float | None = None
    y: float | None = None
    wanted: str | None = None
    left_s: float | None = None

    @property
    def id(self) -> str:
        """See `plotter_id`."""
        return plotter_id(self.name)

    @property
    def undecided(self) -> bool:
        """Whether the card in hand waits for a person's word."""
        return self.outcome == "interrupted"

    def lies(self, slot: SlotRow) -> Lies:
        """What lies in a slot of it."""
        if self.job is not None and self.slot == slot.name:
            return "undecided" if self.undecided else "writing"
        return "blank" if slot.blanks else "written" if slot.job is not None else "nothing"

    @property
    def stocks(self) -> frozenset[str]:
        """The papers of its blanks; when all are used up, those they were of."""
        if not self.slots:
            return frozenset(filter(None, (self.loaded_stock,)))
        return papers(self.slots)


def papers(slots: Sequence[SlotRow]) -> frozenset[str]:
    """The papers of the blanks in these slots; when there are none, those that were there last."""
    left = frozenset(one.stock for one in slots if one.blanks and one.stock is not None)
    return left or frozenset(one.stock for one in slots if one.stock is not None)


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Many orders that came in together; nothing of it is written before `started_at`."""

    id: str
    name: str
    total: int
    accepted: int
    refused: int
    failures: tuple[Mapping[str, Any], ...]
    warnings: tuple[Mapping[str, Any], ...]
    created_at: datetime
    started_at: datetime | None
    states: Mapping[State, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened, in the order readers may rely on. `data` never holds the customer's words."""

    number: int
    kind: str
    at: datetime
    actor: str
    job: str | None
    plotter: str | None
    data: Mapping[str, Any]

    @property
    def id(self) -> str:
        """`evt_` + its number."""
        return f"evt_{self.number}"


class Wanted(StrEnum):
    """What a person wants of the card in hand. HOLD: when the pen next lifts; LIFT: at once, wherever it is."""

    GO_ON = "go_on"
    HOLD = "hold"
    LIFT = "lift"
    STOP = "stop"
    CANCEL = "cancel"


class Decision(StrEnum):
    """A person's word on a card that is interrupted or quarantined.

    RESUME: this very card is gone on with where it broke off.
    """

    GOOD = "good"
    RESUME = "resume"
    FRESH = "fresh"
    GIVE_UP = "give_up"


class Missing(LookupError):
    """Nothing of that id is stored."""


class NotAllowed(Exception):
    """The move is not in the table from where the job, batch or plotter stands; says why and what to do instead."""


class Stale(Exception):
    """A report from an attempt that is no longer the job's own: somebody else has decided. It changes nothing."""


class Cancelled(Exception):
    """The job was cancelled before the pen came down: write nothing, give it back."""


class Taken(ValueError):
    """Another running server owns this database file or plotter."""
