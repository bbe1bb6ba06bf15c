"""The time model: planner and segments against hand-computed cases and machine times of real firmware."""

import csv
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.host import streamed
from plotter.interpreter import GcodeError
from plotter.machine import Machine, ServoPen, ZPen
from plotter.motion import Estimate, Stepper, dwell_time, estimate
from plotter.planner import Axes, Block, Planner
from plotter.settings import of_machine

TIMINGS = Path(__file__).parent / "data" / "timings"
AXES = Axes(max_rate=(100.0, 100.0, 50.0), acceleration=(500.0, 500.0, 500.0), junction_deviation_mm=0.01)


def planner(axes: Axes = AXES) -> Planner:
    return Planner(axes, lambda: None)


def line(plan: Planner, x: float, y: float, rate: float | None = 50.0) -> Block:
    """A block to a place in mm at mm/s."""
    block = plan.push(plan.axes.steps((x, y, 0.0)), rate)
    assert block is not None
    return block


def drawn(points: list[tuple[float, float]], rate: float | None = 50.0, axes: Axes = AXES) -> float:
    """Seconds for a polyline from zero, all of it planned before the start."""
    stepper = Stepper(axes, lambda _steps: None)
    for x, y in points:
        stepper.planner.push(axes.steps((x, y, 0.0)), rate)
    return stepper.drain(0.0)


# ---------------------------------------------------------------------- planner


def test_rates_and_accelerations_are_those_of_the_axis_that_limits() -> None:
    axes = Axes(max_rate=(100.0, 40.0, 50.0), acceleration=(500.0, 200.0, 500.0))
    block = line(planner(axes), 30, 40, None)
    # Unit vector (.6, .8): y reaches its limits at 40/.8 and 200/.8 along the way.
    assert block.rate == pytest.approx(50)
    assert block.acceleration == pytest.approx(250)
    assert block.length == pytest.approx(50)


def test_the_corner_formula_by_hand() -> None:
    plan = planner()
    line(plan, 10, 0)
    corner = line(plan, 10, 10)
    # A right angle: sin(90/2) = .7071; across it, along (-1, 1)/sqrt 2, both axes give 500 sqrt 2.
    half = math.sqrt(0.5)
    assert corner.junction2 == pytest.approx(500 * math.sqrt(2) * 0.01 * half / (1 - half))


def test_straight_on_has_no_limit_and_turning_back_stops() -> None:
    plan = planner()
    line(plan, 10, 0)
    assert line(plan, 20, 0).junction2 > 1e30
    assert line(plan, 5, 0).junction2 == 0


def test_a_block_that_finds_the_planner_empty_starts_from_rest() -> None:
    plan = planner()
    assert line(plan, 10, 0).max_entry2 == 0


def test_entry_speeds_never_exceed_what_the_rest_of_the_plan_can_stop() -> None:
    plan = planner()
    blocks = [line(plan, 0.2 * k, 0) for k in range(1, 16)]
    for k, block in enumerate(blocks):
        assert block.entry2 <= 2 * 500 * 0.2 * (15 - k) + 1e-6
        assert block.entry2 <= 2 * 500 * 0.2 * k + 1e-6
    assert plan.room == 0


def test_a_line_without_a_step_is_no_block() -> None:
    assert planner().push((0, 0, 0), 10.0) is None


def test_an_override_lowers_what_is_planned_already() -> None:
    plan = planner()
    blocks = [line(plan, 10 * k, 0) for k in range(1, 4)]
    plan.override(0.5, 1.0)
    plan.planned = 0
    plan.recalculate()
    assert plan.nominal(blocks[1]) == pytest.approx(25)
    assert blocks[1].entry2 <= 25**2 + 1e-9


# ---------------------------------------------------------------------- time


def test_a_trapezoid_by_hand() -> None:
    # 50 mm/s at 500 mm/s^2: 0.1 s and 2.5 mm to get there, the same to stop, 45 mm between.
    assert drawn([(50, 0)]) == pytest.approx(0.1 + 45 / 50 + 0.1, rel=1e-3)


def test_a_triangle_by_hand() -> None:
    # 2 mm is too short for 50 mm/s: twice sqrt(2 s / a) with s = 1 mm.
    assert drawn([(2, 0)]) == pytest.approx(2 * math.sqrt(2 / 500), rel=1e-3)


def test_straight_pieces_take_the_time_of_the_whole() -> None:
    whole = drawn([(50, 0)])
    assert drawn([(k * 50 / 12, 0) for k in range(1, 13)]) == pytest.approx(whole, rel=5e-3)


def test_turning_back_costs_a_stop() -> None:
    assert drawn([(25, 0), (0, 0)]) == pytest.approx(2 * drawn([(25, 0)]), rel=2e-3)


def test_look_ahead_bounds_the_speed_on_short_pieces() -> None:
    # Fits measurements within 0.2 %: v = sqrt(2 a * 14.2 L) with a full planner.
    machine = Machine(
        max_rate_mm_min=(30000, 30000, 3000), acceleration_mm_s2=(500, 500, 500), feed_mm_min=30000, width_mm=3000
    )
    step = 0.5
    lines = ["G1F30000", *(f"X{step * k:.2f}" for k in range(1, 2001))]
    speed = math.sqrt(2 * 500 * 14.2 * step)
    assert estimate(lines, machine).seconds == pytest.approx(2000 * step / speed + speed / 500, rel=0.02)


@pytest.mark.parametrize(("p", "seconds"), [(0.0, 0.001), (0.001, 0.051), (0.05, 0.051), (0.06, 0.101), (0.15, 0.151)])
def test_a_dwell_is_made_of_steps_of_50_ms(p: float, seconds: float) -> None:
    assert dwell_time(p) == pytest.approx(seconds)


def test_a_hold_brakes_with_the_acceleration_within_the_path() -> None:
    stepper = Stepper(AXES, lambda _steps: None)
    for k in range(1, 11):
        stepper.planner.push(AXES.steps((10.0 * k, 0.0, 0.0)), 50.0)
    stepper.start(0.0)
    stepper.advance(0.5)
    at = stepper.steps(0.5)[0] / 80
    stepper.hold()
    stepper.advance(10.0)
    stopped = stepper.steps(10.0)[0] / 80
    assert not stepper.running
    # 2.5 mm to brake from 50 mm/s, after the up to five 10 ms segments that were cut already.
    assert 2.5 - 0.02 <= stopped - at <= 2.5 + 0.05 * 50 + 0.02
    stepper.release()
    stepper.start(10.0)
    stepper.advance(60.0)
    assert stepper.steps(60.0) == (8000, 0, 0)


corners = st.lists(
    st.tuples(st.integers(-4000, 4000), st.integers(-4000, 4000)).map(lambda p: (p[0] / 80, p[1] / 80)), max_size=40
)


@given(corners, st.floats(1.0, 100.0))
def test_no_plan_breaks_a_limit_and_every_plan_arrives(points: list[tuple[float, float]], rate: float) -> None:
    places: list[tuple[int, int, int]] = []
    stepper = Stepper(AXES, places.append)
    t = 0.0
    want = []
    for x, y in points:
        while stepper.planner.room == 0:
            if not stepper.running:
                stepper.start(t)
            t = stepper.end
            stepper.step()
            assert stepper.speed <= 100.0 * math.sqrt(2) + 1e-6
        block = stepper.planner.push(AXES.steps((x, y, 0.0)), rate)
        if block is not None:
            want.append(block.end)
        for before, after in zip(stepper.planner.blocks, stepper.planner.blocks[1:], strict=False):
            assert after.entry2 <= after.max_entry2 + 1e-9
            assert after.entry2 <= before.entry2 + 2 * before.acceleration * before.left + 1e-6
    end = stepper.drain(t)
    assert places == want
    way = sum(math.dist(a, b) / 80 for a, b in zip([(0, 0, 0), *want], want, strict=False))
    assert end >= way / rate - 1e-6


# ---------------------------------------------------------------------- estimate


PROFILES = {"plotter": (10000, 3000, 500, 500, 0.01), "quick": (6000, 2400, 1000, 200, 0.03)}
TIMES = list(csv.DictReader((TIMINGS / "times.csv").read_text(encoding="utf-8").splitlines()))


@pytest.mark.parametrize("row", TIMES, ids=lambda r: f"{r['program'][0]}-{r['profile']}")
def test_estimates_are_the_measured_times(row: dict[str, str]) -> None:
    rate, rate_z, a, a_z, deviation = PROFILES[row["profile"]]
    machine = Machine(
        max_rate_mm_min=(rate, rate, rate_z),
        acceleration_mm_s2=(a, a, a_z),
        junction_deviation_mm=deviation,
        pen=ZPen() if "-z" in row["program"] else ServoPen(),
    )
    lines = (TIMINGS / row["program"]).read_text(encoding="ascii").split()
    assert estimate(lines, machine).seconds == pytest.approx(float(row["machine_time_s"]), rel=0.01)


def test_an_estimate_tells_ink_from_travel_and_counts_lifts() -> None:
    lines = ["G21G90", "M3S200", "F3000", "G0X10", "S700", "G4P0.1", "G1X20", "Y5", "S200", "G4P0.05", "G0X0Y0"]
    it = estimate(lines, Machine())
    assert (it.ink_mm, it.lifts) == (pytest.approx(15), 1)
    assert it.travel_mm == pytest.approx(10 + math.hypot(20, 5))
    lines = ["G21G90", "G0Z2", "F3000", "G0X10", "G0Z0", "G1X20", "Y5", "G0Z2", "G0X0Y0"]
    it = estimate(lines, Machine(pen=ZPen()))
    assert (it.ink_mm, it.lifts) == (pytest.approx(15), 1)
    assert it.travel_mm == pytest.approx(10 + math.hypot(20, 5))


def test_an_estimate_refuses_what_grbl_refuses() -> None:
    with pytest.raises(GcodeError):
        estimate(["G1X10"], Machine())


def test_a_machine_and_its_settings_are_the_same_axes() -> None:
    machine = Machine(homing=True, steps_per_mm=(40, 50, 60))
    assert Axes.of_settings(of_machine(machine)) == Axes.of(machine)


# ---------------------------------------------------------------------- time that is left, and the wire


def ring(step: float, radius: float = 5.0) -> list[tuple[float, float]]:
    n = round(2 * math.pi * radius / step)
    return [
        (50 + radius * math.cos(2 * math.pi * k / n), 50 + radius * math.sin(2 * math.pi * k / n)) for k in range(n)
    ]


def drawing(points: list[tuple[float, float]], feed: str = "F3000", spelled: str = "X{:.2f}Y{:.2f}") -> list[str]:
    head = ["G21G90G94", "M3S200", feed, "G0X55Y50", "S700", "G4P0.1", "G1X55Y50"]
    return [*head, *(spelled.format(x, y) for x, y in points), "S200", "G4P0.05", "G0X0Y0"]


def test_what_is_left_is_told_by_the_strokes_that_are_drawn() -> None:
    it = Estimate(10.0, 0.0, 0.0, 2, (0.0, 1.0, 4.0, 5.0, 8.0, 9.0))
    assert it.left_by_stroke([0, 0, 0, 1, 1, 2]) == (10.0, 5.0, 1.0)
    assert it.left_by_stroke([2, 2, 2, 3, 3, 4]) == (10.0, 10.0, 10.0, 5.0, 1.0)  # goes on after the second stroke


def test_an_estimate_knows_when_each_line_is_carried_out() -> None:
    lines = ["G21G90", "M3S200", "F3000", "G0X10", "S700", "G4P0.1", "G1X20", "X20", "Y10", "S200", "G4P0.05", "G0X0Y0"]
    it = estimate(lines, Machine())
    assert len(it.after) == len(lines) + 1
    assert it.after[0] == 0.0
    assert list(it.after) == sorted(it.after)
    assert it.left_s(0) == it.seconds
    assert it.left_s(len(lines)) == 0.0
    # The pen waits 101 ms, then 10 mm at 50 mm/s and 1000 mm/s^2 take .25 s, with next to no stop at a corner.
    assert it.after[6] - it.after[5] == pytest.approx(dwell_time(0.1), abs=0.005)
    assert 0.2 < it.after[7] - it.after[6] < 0.26
    assert it.after[8] == it.after[7], "a line to where the pen is already"
    assert it.after[10] == pytest.approx(it.after[9], abs=0.005), "S waits for the motion, then takes no time"
    ended = estimate(lines[:9], Machine()).seconds
    assert it.after[9] == pytest.approx(ended, abs=0.005)


def test_a_slow_wire_and_long_lines_are_part_of_the_time() -> None:
    lines = drawing(ring(0.3) * 3)
    size = sum(len(line) + 1 for line in lines)
    assert estimate(lines, Machine()).seconds < 0.8 * size * 10 / 9600
    assert estimate(lines, Machine(baud=9600)).seconds >= size * 10 / 9600


ODD = {
    "segments that starve": (Machine(), drawing(ring(0.02))),
    "four decimals, blanks": (Machine(), drawing(ring(0.05), spelled="G01 X{:.4f} Y{:.4f}")),
    "a feed on every line": (
        Machine(),
        [line + f"F{1500 + 100 * (k % 25)}" * (line[0] == "X") for k, line in enumerate(drawing(ring(0.3) * 2))],
    ),
    "slow, unlike axes": (Machine(acceleration_mm_s2=(300, 100, 50)), drawing(ring(0.4) * 3, "F6000")),
    "a slow wire": (Machine(baud=19200), drawing(ring(0.3) * 2)),
}


@pytest.mark.parametrize("link_s", [0.001, 0.016])
@pytest.mark.parametrize("name", ODD)
def test_the_simulator_takes_the_estimated_time(name: str, link_s: float) -> None:
    machine, lines = ODD[name]
    told = estimate(lines, machine, link_s=link_s).seconds
    assert streamed(lines, machine, link_s=link_s).seconds == pytest.approx(told, rel=0.01)


def test_starving_is_counted_where_lines_come_too_late() -> None:
    assert streamed(*ODD["segments that starve"][::-1]).starved > 50
    assert streamed(drawing(ring(0.3)), Machine()).starved == 0


@pytest.mark.parametrize(("up", "down", "seconds"), [(0.15, 0.15, 0.36), (0.05, 0.1, 0.21)])
def test_a_lift_costs_what_was_measured(up: float, down: float, seconds: float) -> None:
    """Cost of a stroke beyond its ink, measured over 30 on real firmware; the next begins 0.2 mm beside the last."""
    machine = Machine(acceleration_mm_s2=(500, 500, 500), junction_deviation_mm=0.01)
    head = ["G21G90G94", "F3000", "M3S700", "G1X10Y10"]
    strokes = []
    for k in range(1, 31):
        strokes += ["S200", f"G4P{up:g}", f"G0X{10 + 0.2 * k:.2f}", "S700", f"G4P{down:g}"]
    cost = (estimate([*head, *strokes], machine).seconds - estimate(head, machine).seconds) / 30
    assert cost == pytest.approx(seconds, rel=0.08)
