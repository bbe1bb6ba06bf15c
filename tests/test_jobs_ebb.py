"""Cards from order to ink on a plotter with an EiBotBoard: the same worker, the same verdicts, the ink is the judge."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from floor import LEFT, Floor

from jobs.job import Condition, Decision, State
from plotter.clock import VirtualClock
from plotter.ebbboard import EbbBoard
from plotter.machine import Machine, ServoPen, Slot
from plotter.port import Port
from plotter.simfaults import faults
from plotter.simport import SimPort

AXI = replace(
    LEFT,
    machine=Machine(
        firmware="ebb",
        pen=ServoPen(down_s=300, up_s=600, down_settle_s=0.15, up_settle_s=0.15),
        max_rate_mm_min=(12000, 12000, 3000),
    ),
    slot=Slot(x_mm=20, y_mm=90, rotation_deg=1.0),
)


class Bench:
    """One board that every opened port leads to."""

    def __init__(self, *wrong: str) -> None:
        self.clock, self.board = VirtualClock(), EbbBoard(AXI.machine, faults=faults(*wrong))

    def open(self, *_: object, **__: object) -> Port:
        return SimPort(self.board, self.clock)


@pytest.mark.parametrize("slot", [AXI.slot, Slot(x_mm=280, y_mm=30, rotation_deg=90)])
def test_the_ink_is_the_preview(floor: Callable[..., Floor], slot: Slot) -> None:
    s = floor(plotters=[replace(AXI, slot=slot)])
    s.load(count=2)
    first, second = s.order("Dear Ana, thank you."), s.order("Dear Bo, it is done.")
    for job in (first, second):
        s.until_written(job)


def test_a_lost_supply_interrupts_the_card_and_a_person_decides(floor: Callable[..., Floor]) -> None:
    bench = Bench("motors-off@down:3+0.1")

    s = floor(plotters=[AXI], opener=bench.open)
    s.load()
    job = s.order("Dear Ana, thank you.")
    broken = s.until_state(job, State.INTERRUPTED, State.DONE, State.FAILED)
    assert broken.state is State.INTERRUPTED
    attempt = s.store.attempts(job.id)[0]
    assert "supply" in (attempt.reason or "")
    assert not bench.board.pen_down
    s.desk.decide(job.id, Decision.FRESH, actor="op")
    assert "no supply" in s.until_condition(Condition.FAULT)  # nothing is written before it is back
    bench.board.powered = True
    bench.board.push_head((0.0, 218.0, 0.0))
    s.load()
    s.until_state(job, State.DONE)
    s.assert_ink_is_the_preview(job)
