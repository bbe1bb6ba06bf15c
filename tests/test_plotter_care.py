"""Care of a machine, on ink: the warm-up beside the cards, height tests, lost steps felt at its own switches."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from plotter.care import Care, Patch, PenProfile
from plotter.connect import connect
from plotter.drift import CannotFeel, Felt, feel, rehome
from plotter.driver import driver
from plotter.heights import down_at, heights, label, paper_mm, programs, settles
from plotter.machine import Machine, ServoPen, Slot, ZPen
from plotter.scribble import square, warm_up
from plotter.simport import SimPort, open_sim
from plotter.stream import Verdict, Wish, stream
from plotter.wire import Wire

HOMING = Machine(homing=True)
PATCH = Patch(x_mm=250, y_mm=20, width_mm=30, height_mm=12)


def homed(machine: Machine = HOMING) -> tuple[SimPort[Any], Wire]:
    port = open_sim("sim://", machine)
    return port, Wire(port, connect(port, machine))


def lose(port: SimPort[Any], dx: float, dy: float) -> None:
    """The motors lose steps: the head is elsewhere, the firmware does not know."""
    x, y, z = port.simulator.head
    port.simulator.push_head((x + dx, y + dy, z))


# ------------------------------------------------------------------ pens and the scribble
def test_a_pen_brings_its_line_and_its_lift() -> None:
    fine = PenProfile(width_mm=0.25, lift=ServoPen(down_s=640), ink_m=400)
    assert fine.fits(HOMING)
    assert (fine.on(HOMING).pen, fine.on(HOMING).pen_width_mm) == (ServoPen(down_s=640), 0.25)
    assert PenProfile().on(HOMING).pen == HOMING.pen
    assert not PenProfile(lift=ZPen()).fits(HOMING)


@pytest.mark.parametrize(
    ("slot", "clear"),
    [
        (Slot(x_mm=10, y_mm=10), True),
        (Slot(x_mm=102, y_mm=10), True),  # the card ends where the patch begins
        (Slot(x_mm=102.5, y_mm=10), False),
        (Slot(x_mm=240, y_mm=10), False),  # the patch lies wholly on the card
        (Slot(x_mm=200, y_mm=30, rotation_deg=45), True),  # boxes around both overlap, they do not
        (Slot(x_mm=210, y_mm=-60, rotation_deg=45), False),
    ],
)
def test_the_patch_is_clear_of_the_card(slot: Slot, clear: bool) -> None:
    assert PATCH.clear_of(slot, (148, 105)) is clear


@pytest.mark.parametrize("machine", [Machine(), Machine(pen=ZPen())])
def test_the_warm_up_stays_on_its_patch_and_takes_the_next_row(machine: Machine) -> None:
    port = open_sim("sim://", machine)
    session = connect(port, machine)
    rows = []
    for turn in range(4):
        outcome = stream(
            port, session, driver(machine).write(warm_up(PATCH, machine, turn)), watch=lambda _: Wish.GO_ON
        )
        assert outcome.verdict is Verdict.FINISHED
        (ink,) = port.simulator.new_sheet()
        assert (ink.min(axis=0) >= (250, 20)).all()
        assert (ink.max(axis=0) <= (280, 32)).all()
        assert np.hypot(*np.diff(ink, axis=0).T).sum() > 150
        rows.append((round(ink[:, 1].min(), 1), round(ink[:, 1].max(), 1)))
    assert rows[0][0] > rows[1][1] > rows[1][0] > rows[2][1]
    assert rows[3] == rows[0]


def test_a_patch_off_the_bed_is_refused() -> None:
    with pytest.raises(ValueError, match="not on the bed"):
        warm_up(Patch(x_mm=290, y_mm=0), Machine())


@pytest.mark.parametrize("at", [(0.0, 0.0), (300.0, 218.0), (150.0, 210.0)])
def test_the_square_in_the_air_is_on_the_bed(at: tuple[float, float]) -> None:
    corners = square(Machine(), at)
    assert corners[-1] == at
    assert len(set(corners)) == 4
    assert all(0 <= x <= 300 and 0 <= y <= 218 for x, y in corners)


# ------------------------------------------------------------------ heights
@pytest.mark.parametrize(("machine", "values"), [(Machine(), [300, 450, 700, 900]), (Machine(pen=ZPen()), [0.5, -1])])
def test_each_step_is_written_at_its_own_height(machine: Machine, values: list[float]) -> None:
    port = open_sim("sim://", machine)
    session = connect(port, machine)
    steps = heights(machine, values)
    width, height = paper_mm(steps)
    slot = Slot(x_mm=20, y_mm=15)
    told: list[float] = []
    for variant, program in programs(steps, slot):
        session.machine = variant
        assert stream(port, session, program, watch=lambda _: Wish.GO_ON).verdict is Verdict.FINISHED
        told.append(variant.pen.down_s if isinstance(variant.pen, ServoPen) else variant.pen.down_mm)
    assert told[1::2] == values
    ink = np.concatenate(port.simulator.ink)
    assert (ink >= (20, 15)).all()
    assert (ink <= (20 + width, 15 + height)).all()
    written = [one for one in port.simulator.ink if len(one) > 1 and math.isclose(np.ptp(one[:, 0]), 8, abs_tol=0.02)]
    # The simulated pen touches from the middle of its way on: what is above leaves no line.
    touching = [v for v in values if machine.pen.touches(v)]
    assert len(written) == 2 * len(touching) < 2 * len(values)


def test_a_pen_that_hops_is_tested_without_hops() -> None:
    hopping = Machine(pen=ServoPen(hop_s=400))
    assert len(heights(hopping, [500, 650])) == 4  # 400 is no lift for a pen that is down at 500
    assert not any(step.machine.pen.hops(1.0) for step in settles(hopping, [0.05]))


def test_a_label_is_read_from_the_left() -> None:
    digits = label("0.15", (5, 7))
    assert [round(float(d.min()), 2) for d in digits] == sorted(round(float(d.min()), 2) for d in digits)
    assert all((d >= (5, 7)).all() and (d[:, 1] <= 7 + 2.4).all() for d in digits)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (lambda: heights(Machine(), [220]), "the pen lifts from 50 on"),
        (lambda: heights(Machine(), [650.5]), "whole number"),
        (lambda: heights(Machine(), []), "1 to 12 steps"),
        (lambda: settles(Machine(), [0.07]), "whole number of steps"),
        (lambda: settles(Machine(pen=ZPen()), [0.1]), "no wait"),
        (lambda: down_at(Machine(pen=ZPen()), 3.0), "at least 0.2 above"),
    ],
)
def test_what_no_pen_can_have_is_refused(wrong: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        wrong()


def test_waits_are_tested_in_steps_of_fifty_ms() -> None:
    steps = settles(Machine(), [0, 0.05, 0.3])
    pens = [step.machine.pen for step in steps[1::2]]
    assert [pen.down_settle_s for pen in pens if isinstance(pen, ServoPen)] == [0, 0.05, 0.3]
    assert [step.label for step in steps[1::2]] == ["0.00", "0.05", "0.30"]


# ------------------------------------------------------------------ drift
@pytest.mark.parametrize("machine", [HOMING, replace(HOMING, pen=ZPen(down_mm=-8, up_mm=-3))])
@pytest.mark.parametrize(
    ("dx", "dy", "good"),
    [
        (0, 0, True),
        (0.02, 0, True),
        (0, -0.02, True),
        (0.3, 0, False),
        (-0.15, 0, False),
        (0, 0.7, False),
        (-1.8, 0, False),
        (2.5, -2.5, False),
    ],
)
def test_lost_steps_are_felt_at_the_switches(machine: Machine, dx: float, dy: float, good: bool) -> None:
    port, wire = homed(machine)
    home = wire.status().at
    before = feel(wire, home)
    wire.ask("G90")
    wire.ask("G0X100Y80")
    wire.wait_for(frozenset({"Idle"}), 60)
    lose(port, dx, dy)
    error = feel(wire, home).error_mm(before)
    assert abs(error - math.hypot(dx, dy)) <= 0.03
    assert (error <= 0.1) is good
    assert port.simulator.ink == []
    # Homed anew, the machine is where it believes to be.
    assert rehome(wire) == home
    assert feel(wire, home).error_mm(before) <= 0.03


def test_a_switch_that_is_not_found_is_no_good_check() -> None:
    port, wire = homed()
    home = wire.status().at
    before = feel(wire, home)
    lose(port, 20, 0)
    assert feel(wire, home).x is None
    assert Felt(None, 0.0).error_mm(before) == math.inf


@pytest.mark.parametrize(("setting", "why"), [(20, "soft limits"), (21, "hard limits")])
def test_a_machine_that_would_stop_at_its_switch_is_not_felt(setting: int, why: str) -> None:
    _, wire = homed()
    wire.ask(f"${setting}=1")
    wire.ask("$$")
    with pytest.raises(CannotFeel, match=why):
        feel(wire, (1.0, 1.0))


def test_a_machine_without_switches_is_looked_at() -> None:
    _, wire = homed(Machine())
    with pytest.raises(CannotFeel, match="no homing switches"):
        feel(wire, (0.0, 0.0))


def test_care_is_bounded() -> None:
    with pytest.raises(ValueError, match="drift_limit_mm"):
        Care(drift_limit_mm=0.01)
    with pytest.raises(ValueError, match="ink_m"):
        PenProfile(ink_m=0)
