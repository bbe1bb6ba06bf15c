"""Feeder: a fresh card brought by a macro, and the sensor that says whether it has come."""

from collections.abc import Callable

from plotter.machine import Feeder
from plotter.macros import Macro, run
from plotter.wire import Wire

# Reports while a card is awaited, s; two in succession must say that it lies there: a sheet that slides by is no card.
LOOK_S = 0.1


class NoCard(Exception):
    """The feeder has not brought a card; in words for the person who looks at it."""


def bring(wire: Wire, feeder: Feeder, one: Macro, *, between: Callable[[], None] = lambda: None) -> None:
    """Run the feeder's macro and, where a sensor watches the slot, wait until it has seen a fresh card.

    The sensor must have been free at some time since the macro began: else the card that lies there is the old one.
    `between` is called after each line and while waiting; what it raises goes up. Raises NoCard, Refusal, Locked,
    PortError.
    """
    if feeder.confirm == "operator":
        run(wire, one, between=between)
        return

    def covered() -> bool:
        return feeder.pin in wire.status().pins

    free = not covered()

    def watch() -> None:
        nonlocal free
        free = not covered() or free
        between()

    run(wire, one, between=watch)
    seen, end = 0, wire.now() + feeder.wait_s
    while seen < 2:
        if covered():
            seen += free
        else:
            free, seen = True, 0
        if seen < 2 and wire.now() >= end:
            sensor = f"its sensor (pin {feeder.pin})"
            if free:
                raise NoCard(f"the feeder has not brought a card within {feeder.wait_s:g} s: {sensor} sees none")
            raise NoCard(f"the feeder has not brought a card: the old one has not left, {sensor} was never free")
        between()
        wire.rest(LOOK_S)
