"""A shop floor for tests: a store, plotters whose threads run, and a person who waits for things without sleeping."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fonts.card import Frame, Stock
from fonts.hands import hands
from jobs.compose import Shelf, compose
from jobs.desk import Desk
from jobs.dispatch import Dispatch
from jobs.errand import Errands
from jobs.fleet import Fleet
from jobs.job import Condition, Job, Order, State
from jobs.note import Note
from jobs.store import Store
from plotter.machine import Machine, Plotter, Slot
from plotter.serialport import open_port
from plotter.strokes import deviation

MESSAGE = Frame(x_mm=12, y_mm=10, width_mm=124, height_mm=85)
A6 = Stock(title="A6 flat", width_mm=148, height_mm=105, frames={"message": MESSAGE})
C6 = replace(A6, title="C6", width_mm=150)
SHELF = Shelf(hands=hands(), stocks={"a6": A6, "c6": C6}, templates={"hello": "Dear {first_name}, thank you!"})
HAND = next(iter(SHELF.hands))
LEFT = Plotter(name="left", port="sim://", machine=Machine(), slot=Slot(x_mm=20, y_mm=15), capacity=50)
PATIENCE_S = 60.0  # for what must come on a busy computer; nothing waits that long when all is well


class Floor:
    """The floor, its plotters in virtual time unless their ports say otherwise."""

    def __init__(
        self,
        folder: Path,
        *,
        plotters: Sequence[Plotter] = (LEFT,),
        dispatch: type[Dispatch] = Dispatch,
        opener: Any = open_port,
        shelf: Shelf = SHELF,
    ) -> None:
        self.store = Store(f"sqlite:///{folder}/shop.db")
        self.desk, self.dispatch = Desk(self.store), dispatch(self.store)
        self.fleet = Fleet(plotters, dispatch=self.dispatch, shelf=shelf, opener=opener)

    @property
    def errands(self) -> Errands:
        """Those of the first plotter."""
        return next(iter(self.fleet.errands.values()))

    def order(self, text: str = "Hello there", stock: str = "a6", **more: Any) -> Job:
        """One card, rehearsed."""
        note = Note(hand=HAND, stock=stock, text=text, seed=7)
        card = compose(note, SHELF)
        facts = {"words": card.text, "lines": len(card.lines), "strokes": len(card.strokes), "ink_mm": card.ink_mm}
        return self.store.add([Order(**{"note": note, **facts, **more})], actor="customer")[0]

    def load(self, name: str = "left", count: int = 10) -> None:
        """Blanks, and the word of a person who has looked."""
        self.desk.load(name, count, "a6", actor="op")

    def until(self, true: Callable[[], bool], what: object = "it") -> None:
        """Wait for it; whatever changes rings."""
        seen, end = self.store.bell.count(), time.monotonic() + PATIENCE_S
        while not true():
            assert time.monotonic() < end, f"{what} never came; {self.store.plotters()} {self.store.jobs().data}"
            seen = self.store.bell.wait(seen, 0.5)

    def until_state(self, job: Job, *states: State) -> Job:
        """Wait until the job stands so; the job then."""
        self.until(lambda: self.store.job(job.id).state in states, f"{job.id} {states}")
        return self.store.job(job.id)

    def until_condition(self, condition: Condition, name: str = "left") -> str:
        """Wait until the plotter is so; its reason then."""
        self.until(lambda: self.store.plotter(name).condition is condition, condition)
        return self.store.plotter(name).reason

    def until_written(self, job: Job) -> Job:
        """Wait until the card is done, whole and as it was previewed; the job then."""
        done = self.until_state(job, State.DONE, State.INTERRUPTED, State.FAILED, State.CANCELLED)
        assert (done.state, done.stroke) == (State.DONE, done.strokes), done
        self.assert_ink_is_the_preview(job)
        return done

    def assert_ink_is_the_preview(self, job: Job) -> None:
        ink = self.store.ink(job.id)
        assert ink is not None
        preview = compose(self.store.job(job.id).as_ordered(), SHELF)
        assert len(ink) == len(preview.strokes)
        assert deviation(ink, preview.strokes) <= 0.05

    def close(self) -> None:
        """End all threads."""
        self.fleet.stop(grace_s=0.5)
        self.store.close()
