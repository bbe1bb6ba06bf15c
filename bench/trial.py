"""Trial: one card, one machine, one fault, at one moment; a value that can be written down and run again.

A trial is a pure function of its seed, so a campaign is a range of seeds. In text it is `MACHINE/STROKES/FAULT`, with
`SEED:` before it: `17:servo/6/drop-in:412@stream`. A pair of faults is `FAULT&FAULT`.
"""

from dataclasses import dataclass, replace

import numpy as np

from plotter.ebbfaults import POSSIBLE
from plotter.machine import Machine, ServoPen, Slot, ZPen
from plotter.plan import Toolpath, plan
from plotter.simfaults import Fault, Moment, fault
from plotter.strokes import Stroke, stroke

PAPER = (60.0, 40.0)
MACHINES = {
    "servo": Machine(),
    "z": Machine(pen=ZPen()),
    "servo-homing": Machine(homing=True),
    # A small bed: its home corner is the upper left one, and the way there says nothing about faults.
    **dict.fromkeys(("ebb", "ebb3"), Machine(firmware="ebb", height_mm=60, pen=ServoPen(down_s=300, up_s=600))),
}
BOARDS = {"ebb": "2.8.1", "ebb3": "3.0.2"}  # firmware of an EiBotBoard: with a FIFO of one command, with a longer one
MOST_STROKES = 8
_TELLING = b"0123456789.-XYGSM\n!?~\x18\x84\x85\x91"  # bytes that mean something where they do not belong
# What one card of MOST_STROKES strokes takes on the wire and on the clock: where a moment may fall, with some beyond.
_BYTES_IN, _BYTES_OUT, _LINES, _SECONDS = 1900, 4200, 170, 8.0
_LEGACY_OKS = 340  # in the syntax of EiBotBoards before 3.x queries are answered by OK, too


@dataclass(frozen=True)
class Trial:
    """A card of `strokes` strokes on `machine` (a key of MACHINES), and what goes wrong.

    With a `wish` nothing does: at the fault's moment a person asks for it. `also`: a second fault.
    """

    seed: int
    machine: str
    strokes: int
    fault: Fault
    wish: str = ""
    also: Fault | None = None

    @property
    def kind(self) -> str:
        """One of KINDS."""
        return self.wish or self.fault.kind

    def __str__(self) -> str:
        what = f"{self.wish}@{self.fault.at}" if self.wish else str(self.fault)
        return f"{self.seed}:{self.machine}/{self.strokes}/{what}" + ("" if self.also is None else f"&{self.also}")

    @property
    def model(self) -> Machine:
        return MACHINES[self.machine]

    def path(self) -> Toolpath:
        """The pen's way of the card, machine frame."""
        return plan(drawing(self.seed, self.strokes), paper=PAPER, slot=Slot(), machine=self.model)


def parse(text: str) -> Trial:
    """A trial as it is written; raises ValueError in words."""
    try:
        seed, rest = text.split(":", 1)
        machine, strokes, what = rest.split("/", 2)
        what, _, also = what.partition("&")
        wish = next((one for one in WISHES if what.startswith(f"{one}@")), "")
        trial = Trial(int(seed), machine, int(strokes), fault(what.replace(wish, NOTHING) if wish else what), wish)
        trial = replace(trial, also=fault(also) if also else None)
    except ValueError as error:
        raise ValueError(f"'{text}' is no trial; write SEED:MACHINE/STROKES/FAULT ({error})") from error
    if machine not in MACHINES:
        raise ValueError(f"no machine '{machine}'; there are {', '.join(MACHINES)}")
    return trial


def drawing(seed: int, strokes: int) -> list[Stroke]:
    """A small card in the manner of writing: bows, loops, straight strokes and a dot, in writing order."""
    chance = np.random.default_rng([seed, 1])
    ink: list[Stroke] = []
    for k in range(strokes):
        x, y = 5.0 + 6.5 * (k % 8), 24.0 - 12.0 * (k // 8)
        turn = np.linspace(0, chance.uniform(2, 7), 16)
        match k % 4:
            case 3:
                ink.append(stroke([(x, y + 5)]))
            case 2:
                ink.append(stroke([(x, y), (x + chance.uniform(2, 5), y + chance.uniform(-1, 4))]))
            case _:
                r = chance.uniform(1, 2.2)
                ink.append(np.column_stack((x + 1.5 + r * np.sin(turn) + 0.2 * turn, y + 2 + r * np.cos(turn))))
    return ink


KINDS = (
    *("none", "drop-in", "garble-in", "double-in", "drop-out", "garble-out", "double-out", "lose-ok", "double-ok"),
    *("error", "unplug", "reset", "deaf", "mute", "eeprom", "hard-limit", "soft-limit", "door", "hold", "motors-off"),
    *("lost-steps", "servo-stuck", "servo-slow", "pen-dry", "paper-shift", "slow-host", "mains-loss"),
    *("stop", "lift", "hold-wish"),
)
"""The kinds of a campaign: simulated faults, and what a person does in the middle of a card (stop, lift, hold-wish)."""
WISHES = ("none", "stop", "lift", "hold-wish")
# What no sender of G-code can see: told by the check at the switches, or by a person's eye.
UNSEEN = ("motors-off", "lost-steps", "servo-stuck", "servo-slow", "pen-dry", "paper-shift")
NOTHING = "slow-host:0"  # a fault that is none, to tell when its moment has come


def can_have(machine: str, kind: str) -> bool:
    """Whether a machine (a key of MACHINES) can have this kind of fault."""
    if machine in BOARDS:
        return kind in (*POSSIBLE, *WISHES)
    return MACHINES[machine].pen.kind == "servo" or not kind.startswith("servo")


def trial(seed: int, kind: str | None = None, machine: str | None = None) -> Trial:
    """The trial of a seed; kinds take turns, those that the machine can have where it is given."""
    kinds = [one for one in KINDS if machine is None or can_have(machine, one)]
    kind = kind or kinds[seed % len(kinds)]
    chance = np.random.default_rng([seed, 2])
    machine = machine or str(chance.choice([name for name in MACHINES if can_have(name, kind)]))
    strokes = int(chance.integers(1, MOST_STROKES + 1))
    share = strokes / MOST_STROKES

    def upto(most: float) -> int:
        return int(chance.integers(0, max(2, int(most * share * 1.05))))

    late = round(float(chance.uniform(0, 0.4)), 4)
    events = ("down", "up") if MACHINES[machine].pen.kind == "z" else ("down", "up", "lower", "raise")
    event = str(chance.choice([*events, "time"]))
    seconds = round(float(chance.uniform(0, _SECONDS * share * 1.05)), 4)
    moment = (
        Moment(seconds, "stream") if event == "time" else Moment(late, event, int(chance.integers(1, strokes + 1)))  # type: ignore[arg-type]
    )
    stream = Moment(0.0, "stream")
    wait = round(float(chance.choice([0.05, 0.3, 1.0, 2.5, 4.0, 10.0]) * chance.uniform(0.8, 1.2)), 4)
    match kind:
        case "drop-in" | "double-in":
            it = Fault(kind, (upto(_BYTES_IN),), stream)
        case "garble-in":
            value = () if chance.random() < 0.5 else (int(chance.choice(list(_TELLING))),)
            it = Fault(kind, (upto(_BYTES_IN), *value), stream)
        case "drop-out" | "double-out" | "garble-out":
            it = Fault(kind, (upto(_BYTES_OUT),), stream)
        case "lose-ok" | "double-ok":
            it = Fault(kind, (1 + upto(_LEGACY_OKS if machine == "ebb" else _LINES),), stream)
        case "error":
            it = Fault(kind, (1 + upto(_LINES),), stream)
        case "deaf" | "mute" | "eeprom" | "slow-host":
            it = Fault(kind, (wait,), moment)
        case "lost-steps":
            size = int(chance.choice([-1, 1]) * chance.integers(10, 200))
            it = Fault(kind, (str(chance.choice(["x", "y"])), size), moment)
        case "servo-stuck":
            it = Fault(kind, (str(chance.choice(["up", "down"])),), moment)
        case "servo-slow":
            it = Fault(kind, (round(float(chance.uniform(2, 8)), 2),), moment)
        case "pen-dry":
            it = Fault(kind, (round(float(chance.uniform(0, 0.06) * share), 4),))
        case "paper-shift":
            it = Fault(kind, tuple(round(float(v), 3) for v in chance.uniform(-2, 2, 2)), moment)
        case "none" | "stop" | "lift" | "hold-wish":
            return Trial(seed, machine, strokes, Fault("slow-host", (0.0,), moment), kind)
        case _:
            it = Fault(kind, (), moment)
    return Trial(seed, machine, strokes, it)


def pair(seed: int, kind: str | None = None, machine: str | None = None) -> Trial:
    """The trial of a seed with two faults that a machine can tell of, or a fault and what a person does."""
    seen = [one for one in KINDS if one not in (*UNSEEN, "none") and (machine is None or can_have(machine, one))]
    one = trial(seed, kind or seen[seed % len(seen)], machine)
    others = [name for name in seen if name not in WISHES and can_have(one.machine, name)]
    other = trial(seed + _OTHERS, str(np.random.default_rng([seed, 3]).choice(others)), one.machine)
    return replace(one, strokes=max(one.strokes, other.strokes), also=other.fault)


_OTHERS = 1_000_000_000  # the second fault is that of another seed
