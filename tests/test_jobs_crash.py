"""kill -9 at any moment: no job is lost, and no card is written twice without a person's word.

The judge is what the child printed before it died: every pen that was allowed down, every stroke of ink.
"""

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from typing import Any

import pytest

from fonts.card import Frame, Stock
from fonts.hands import hands
from jobs.compose import Shelf, compose
from jobs.desk import Desk
from jobs.dispatch import Claim, Dispatch
from jobs.fleet import Fleet
from jobs.job import Decision, Order, State
from jobs.note import Note
from jobs.store import Store
from plotter.clock import VirtualClock
from plotter.machine import Machine, Plotter
from plotter.port import Port
from plotter.simport import SimPort
from plotter.simulator import Simulator

MESSAGE = Frame(x_mm=12, y_mm=10, width_mm=124, height_mm=85)
A6 = Stock(title="A6 flat", width_mm=148, height_mm=105, frames={"message": MESSAGE})
SHELF = Shelf(hands=hands(), stocks={"a6": A6}, templates={})
HAND = next(iter(SHELF.hands))
PLOTTERS = [Plotter(name=name, port="sim://", machine=Machine(), capacity=50) for name in ("left", "right")]
CARDS = 24
# After how many lines of the child's report each kill comes: before the first ink, at it, in a card, between cards.
KILLS = (1, 2, 4, 9, 17, 30, 50)


def say(*words: object) -> None:
    # One write a line, at once in the pipe: what was said survives kill -9.
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


class Telling(Dispatch):
    """Says of every pen that it is allowed down, once the store has said so."""

    def claim(self, plotter: str, **more: Any) -> Claim | None:
        claim = super().claim(plotter, **more)
        if claim is not None:
            say("claimed", claim.job.id)
        return claim

    def pen_down(self, claim: Claim) -> None:
        super().pen_down(claim)
        say("pen_down", claim.job.id, claim.plotter)

    def finish(self, claim: Claim, **more: Any) -> State:
        state = super().finish(claim, **more)
        say("finish", claim.job.id, state)
        return state


def opener(url: str, *, baud: int, machine: Machine) -> Port:
    del url, baud
    return SimPort(Simulator.for_machine(machine, on_stroke=lambda _t, _s: say("ink")), VirtualClock())


def drive(url: str) -> None:
    """The child: a controller that writes until it is killed."""
    store = Store(url)
    dispatch = Telling(store)
    fleet = Fleet(PLOTTERS, dispatch=dispatch, shelf=SHELF, opener=opener)
    fleet.start()
    for one in PLOTTERS:
        Desk(store).load(one.name, 50, "a6", actor="op")
    threading.Event().wait()


@pytest.mark.slow
def test_kill_at_any_moment(store_url: str) -> None:
    store = Store(store_url)
    orders = []
    for n in range(CARDS):
        note = Note(hand=HAND, stock="a6", text=f"Hi there, number {n}", seed=n)
        orders.append(Order(note=note, words=f"Hi there, number {n}", strokes=len(compose(note, SHELF).strokes)))
    ids = [job.id for job in store.add(orders, actor="customer")]
    store.close()
    allowed: Counter[str] = Counter()
    fresh: Counter[str] = Counter()
    moments = []
    ready = CARDS
    for kill in KILLS:
        said = run_and_kill(store_url, after=kill, or_finished=ready)
        assert_ink_only_after_pen_down(said)
        allowed.update(words[1] for words in said if words[0] == "pen_down")
        store = Store(store_url)
        Dispatch(store).register(PLOTTERS)
        counts = store.counts()
        moments.append((kill, said[-1], {str(s): n for s, n in counts.items() if n}))
        assert sum(counts.values()) == CARDS
        assert counts[State.CLAIMED] == counts[State.WRITING] == 0
        assert counts[State.DONE] + counts[State.INTERRUPTED] + counts[State.READY] == CARDS
        for place, job in enumerate(store.jobs(states=[State.INTERRUPTED], limit=100).data):
            # A kill between the store's word and the child's leaves a pen that was allowed down and never went.
            decision = Decision.GOOD if place and allowed[job.id] else Decision.FRESH
            Desk(store).decide(job.id, decision, actor="op")
            fresh[job.id] += decision is Decision.FRESH
        ready = store.counts()[State.READY]
        store.close()
        if not ready:
            break
    finish_the_rest(store_url, allowed)
    store = Store(store_url)
    ends = store.jobs(limit=100).data
    assert {job.id: job.state for job in ends} == dict.fromkeys(ids, State.DONE), {job.reason for job in ends}
    store.close()
    for id in ids:
        assert 1 <= allowed[id] <= 1 + fresh[id], moments


def run_and_kill(url: str, *, after: int, or_finished: int) -> list[list[str]]:
    """What a child said until its kill, which comes after so many lines, or when it has written so many cards."""
    said: list[list[str]] = []
    finished: list[str] = []
    with subprocess.Popen([sys.executable, __file__, url], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        try:
            for line in child.stdout:
                said.append(line.split())
                finished = [words[2] for words in said if words[0] == "finish"]
                if len(said) == after or len(finished) == or_finished or "interrupted" in finished:
                    child.kill()
        finally:
            child.kill()
    assert child.returncode == -9, said
    assert set(finished) <= {"done"}, said
    return said


def assert_ink_only_after_pen_down(said: list[list[str]]) -> None:
    open_pens = 0
    for words in said:
        open_pens += words[0] == "pen_down"
        assert words[0] != "ink" or open_pens


def finish_the_rest(url: str, allowed: Counter[str]) -> None:
    class Counting(Dispatch):
        def pen_down(self, claim: Claim) -> None:
            super().pen_down(claim)
            allowed[claim.job.id] += 1

    store = Store(url)
    fleet = Fleet(PLOTTERS, dispatch=Counting(store), shelf=SHELF)
    fleet.start()
    for one in PLOTTERS:
        Desk(store).load(one.name, 50, "a6", actor="op")
    seen, end = 0, time.monotonic() + 120
    while store.counts()[State.DONE] < CARDS and time.monotonic() < end:
        seen = store.bell.wait(seen, 1.0)
    fleet.stop()
    store.close()


if __name__ == "__main__":
    drive(sys.argv[1])
