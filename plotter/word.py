"""Word: what a person wishes of a stream, what it tells of a card, and how it says that a card cannot go on."""

from dataclasses import dataclass
from enum import Enum

from plotter.rescue import Left


class Wish(Enum):
    """What a person wants of a card under way. LIFT: the pen off the paper at once, wherever it is, and wait."""

    GO_ON = "go on"
    HOLD = "hold"
    LIFT = "lift"
    STOP = "stop"


@dataclass(frozen=True)
class Progress:
    """How far a card is: strokes wholly drawn of all, the pen in the machine frame, mm, seconds of port time."""

    stroke: int
    strokes: int
    position: tuple[float, float]
    state: str
    held: bool
    seconds: float


class Broken(Exception):
    """The leg cannot go on: by which fault, why, how the machine is left, what of it to look at next.

    `before`: the line that the machine cannot have carried out; `undrawn`: the stroke that the pen has not touched the
    paper for, when they are known.
    """

    def __init__(
        self, fault: str, why: str, left: Left, then: str = "", *, before: int | None = None, undrawn: int | None = None
    ) -> None:
        super().__init__(why)
        self.fault, self.why, self.left, self.then, self.before, self.undrawn = fault, why, left, then, before, undrawn


STOPPED = "stopped by the operator"
# How a machine's place is found again, by whether it homes.
PLACE = {True: "home the machine", False: "put the pen at the machine's zero, then connect again"}
