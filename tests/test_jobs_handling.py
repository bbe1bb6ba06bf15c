"""A hand on the machine: a jog lives by its heartbeats, one person at a time, never with the pen on paper."""

import math
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from floor import LEFT, SHELF, Floor
from shopfront import example_shop, serving

from jobs.api import create_app
from jobs.errand import Bench, ErrandFailed
from jobs.handling import SILENCE_S, Go, Jog, SetOrigin, SetPen, Step, Stick
from jobs.job import Condition, NotAllowed
from plotter.clock import Clock, VirtualClock
from plotter.driver import connect
from plotter.ebbboard import EbbBoard
from plotter.machine import Machine, Plotter
from plotter.port import Port
from plotter.program import Point
from plotter.simport import SimPort, plug
from plotter.simulator import Simulator


class Beats(Stick):
    """A hand whose page sends a heartbeat every 0.1 s for so long and then falls silent: it has crashed, say."""

    def __init__(self, clock: Clock, way: Point, seconds: float) -> None:
        super().__init__(clock)
        self.clock, self.to, self.end, self.next = clock, way, clock.now() + seconds, clock.now()

    @property
    def way(self) -> Point:
        if self.next <= min(self.clock.now(), self.end):
            self.push(self.to)
            self.next += 0.1
        return super().way


def bench_of(plotter: Plotter) -> Bench:
    ebb = plotter.machine.firmware == "ebb"
    port = SimPort(EbbBoard(plotter.machine), VirtualClock()) if ebb else plug(plotter.machine)
    return Bench(plotter, port, connect(port, plotter.machine), zeroed=True)


BOARD = replace(LEFT, machine=Machine(firmware="ebb", max_rate_mm_min=(12000, 12000, 3000)))


@pytest.fixture
def bench() -> Bench:
    return bench_of(LEFT)


def simulator_of(bench: Bench) -> Simulator:
    assert isinstance(bench.port, SimPort)
    simulator: Simulator = bench.port.simulator
    return simulator


def test_a_jog_goes_smoothly_while_its_heartbeats_come_and_stops_when_they_do_not(bench: Bench) -> None:
    clock = bench.port.clock
    stick = Beats(clock, (30.0, 40.0), 2.0)
    at = Jog(stick).run(bench)
    # As far as 50 mm/s lead while it was heard and 250 ms more; a quarter second's way is lost on the ramps.
    assert 50 * 2.0 < math.hypot(*at) < 50 * (2.0 + SILENCE_S + 0.1)
    assert at[1] == pytest.approx(at[0] * 4 / 3, abs=0.1)
    assert not stick.moving
    bench.wire.rest(1.0)
    assert bench.wire.status().at == at
    assert bench.wire.status().state == "Idle"


@pytest.mark.parametrize("plotter", [LEFT, BOARD], ids=["grbl", "ebb"])
def test_a_jog_never_leaves_the_bed_and_a_new_push_goes_on_from_where_it_stands(plotter: Plotter) -> None:
    bench = bench_of(plotter)
    clock, edge = bench.port.clock, plotter.machine.home[1]  # a GRBL machine's zero below, a board's above
    inward = 20.0 if edge == 0.0 else -20.0
    x, y = Jog(Beats(clock, (-60.0, inward), 1.0)).run(bench)
    assert x == pytest.approx(0.0, abs=0.05)
    assert 10.0 < abs(y - edge) < 30.0
    assert Jog(Stick(clock)).run(bench) == pytest.approx((x, y), abs=0.05)  # nothing pushes
    x, y = Jog(Beats(clock, (60.0, -3 * inward), 1.5)).run(bench)
    assert x > 30.0
    assert y == pytest.approx(edge, abs=0.05)
    with pytest.raises(ValueError, match="at most 100 mm/s"):
        Stick(clock).push((80.0, 80.0))


@pytest.mark.parametrize("plotter", [LEFT, BOARD], ids=["grbl", "ebb"])
def test_who_takes_the_controls_over_stops_the_jog(plotter: Plotter) -> None:
    bench = bench_of(plotter)
    clock = bench.port.clock
    end = clock.now() + 0.5
    bench.over = lambda: clock.now() >= end
    x, _ = Jog(Beats(clock, (20.0, 0.0), 60.0)).run(bench)
    assert 4.0 < x < 20 * (0.5 + 0.25)


def test_nothing_moves_by_hand_while_the_pen_is_down(bench: Bench) -> None:
    SetPen(down=True).run(bench)
    assert simulator_of(bench).pen_down
    stick = Stick(VirtualClock())
    stick.push((10.0, 0.0))
    for errand in (Jog(stick), Step((1.0, 0.0)), Go((5.0, 5.0)), SetOrigin()):
        with pytest.raises(ErrandFailed, match="the pen is down"):
            errand.run(bench)
    SetPen(down=False).run(bench)
    assert not simulator_of(bench).pen_down
    assert Step((1.0, 2.0)).run(bench) == (1.0, 2.0)
    assert Step((-50.0, 0.0)).run(bench) == (0.0, 2.0)  # no further than the edge
    with pytest.raises(ErrandFailed, match="off the bed"):
        Go((301.0, 5.0)).run(bench)
    bench.zeroed = False
    with pytest.raises(ErrandFailed, match="does not know where it is"):
        Go((5.0, 5.0)).run(bench)
    assert Step((-5.0, 0.0)).run(bench) == (-5.0, 2.0)  # towards the corner that it is to be shown


def test_a_pen_that_was_left_down_is_lifted_when_its_hand_has_gone(floor: Callable[..., Floor]) -> None:
    simulators: list[Simulator] = []

    def opener(*_: object, **__: object) -> Port:
        simulators.append(Simulator.for_machine(Machine()))
        return SimPort(simulators[-1], VirtualClock())

    f = floor(opener=opener)
    f.until_condition(Condition.IDLE)
    control = f.errands.take_control("Ana")
    f.errands.ask(SetPen(down=True), actor="op", token=control.token)
    assert simulators[-1].pen_down
    f.errands.let_go(control.token)
    f.until(lambda: not simulators[-1].pen_down)


def test_the_origin_is_where_the_hand_has_brought_the_machine(floor: Callable[..., Floor]) -> None:
    f = floor()
    f.until_condition(Condition.IDLE)
    with pytest.raises(ErrandFailed, match="does not know where it is"):
        f.errands.ask(Go((5.0, 5.0)), actor="op")
    f.errands.ask(Step((-12.0, -7.0)), actor="op")
    f.errands.ask(SetOrigin(), actor="op")
    assert f.errands.ask(Go((5.0, 5.0)), actor="op") == (5.0, 5.0)


def test_the_controls_over_the_api(tmp_path: Path) -> None:
    f = Floor(tmp_path, plotters=[replace(LEFT, port="sim://?speed=20")])
    it = replace(example_shop(), plotters=tuple(f.fleet.plotters))
    app = create_app(store=f.store, dispatch=f.dispatch, fleet=f.fleet, shelf=SHELF, shop=it)
    plotter = "v1/plotters/plt_left"
    with closing(f), serving(app) as address, httpx.Client(base_url=f"{address}/{plotter}", timeout=60) as api:
        f.until_condition(Condition.IDLE)
        assert api.get("/control").json() == {"by": None, "since": None, "token": None}
        stranger = {"token": "0" * 16}
        assert api.post("/step", json={**stranger, "dx_mm": 1, "dy_mm": 0}).status_code == 409
        ana = {"token": api.post("/control", json={"by": "Ana"}).json()["token"]}
        assert api.get("/control").json()["by"] == "Ana"
        assert api.post("/step", json={**ana, "dx_mm": 8, "dy_mm": 4.5}).json() == {"x_mm": 8.0, "y_mm": 4.5}
        taken = api.post("/control", json={"by": "Bo"})
        assert (taken.status_code, taken.json()["code"]) == (409, "wrong_state")
        assert "Ana has the controls of left since" in taken.json()["detail"]
        assert api.post("/jog", json={**ana, "x": 1, "y": 0, "speed_mm_s": 10}).json()["by"] == "Ana"
        bo = {"token": api.post("/control", json={"by": "Bo", "take_over": True}).json()["token"]}
        assert api.post("/jog", json={**ana, "x": 1, "y": 0}).status_code == 409
        origin = api.post("/home", json=bo)
        assert (origin.status_code, origin.json()["code"]) == (409, "errand_failed")
        assert "does not home" in origin.json()["detail"]
        assert api.post("/nib", json={**bo, "down": False}).json()["by"] == "Bo"
        assert api.post("/control/release", json=bo).json()["by"] is None
        with pytest.raises(NotAllowed, match="not yours any more"):
            f.errands.keep_control(bo["token"])
