"""A hand on the machine: a jog lives by its heartbeats, one person at a time, never with the pen on paper."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from floor import LEFT, SHELF, Floor
from shopfront import example_shop, serving

from jobs.api import create_app
from jobs.errand import Bench, ErrandFailed
from jobs.handling import SILENCE_S, STEP_S, Go, Jog, SetOrigin, SetPen, Step, Stick
from jobs.job import Condition, NotAllowed
from plotter.clock import VirtualClock
from plotter.driver import connect
from plotter.machine import Machine
from plotter.port import Port
from plotter.simport import SimPort
from plotter.simulator import Simulator


@pytest.fixture
def bench() -> Bench:
    simulator = Simulator.for_machine(LEFT.machine)
    port = SimPort(simulator, VirtualClock())
    return Bench(LEFT, port, connect(port, LEFT.machine), zeroed=True)


def simulator_of(bench: Bench) -> Simulator:
    assert isinstance(bench.port, SimPort)
    return bench.port.simulator


def test_a_jog_goes_on_while_its_heartbeats_come_and_stops_when_they_do_not(bench: Bench) -> None:
    clock = VirtualClock()
    stick = Stick(clock)
    beats = 12

    class Hand(Stick):
        """Sends a heartbeat every step, then falls silent: the page has crashed."""

        left = beats

        def rest(self) -> None:
            super().rest()
            if self.left:
                self.left -= 1
                self.push((30.0, 40.0))

    stick = Hand(clock)
    stick.push((30.0, 40.0))
    at = Jog(stick).run(bench)
    last = beats * STEP_S
    assert clock.now() <= last + SILENCE_S + STEP_S + 1e-9
    assert clock.now() > last
    # Not further than what the silence allows: 50 mm/s for as long as it was heard, and 250 ms and a step.
    assert math.hypot(*at) == pytest.approx(50 * clock.now(), abs=50 * STEP_S)
    assert not stick.moving
    assert bench.wire.status().state == "Idle"


def test_a_jog_that_lets_go_stops_at_the_next_step_and_never_leaves_the_bed(bench: Bench) -> None:
    clock = VirtualClock()

    class Hand(Stick):
        def rest(self) -> None:
            super().rest()
            self.push((0.0, 0.0))

    stick = Hand(clock)
    stick.push((-60.0, 20.0))
    assert Jog(stick).run(bench) == (0.0, pytest.approx(2.0))
    assert Jog(stick).run(bench) == (0.0, pytest.approx(2.0))  # nothing pushes
    with pytest.raises(ValueError, match="at most 100 mm/s"):
        stick.push((80.0, 80.0))


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


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Callable[..., Floor]]:
    opened: list[Floor] = []

    def begin(**more: Any) -> Floor:
        opened.append(Floor(tmp_path, **more))
        return opened[-1]

    yield begin
    for one in opened:
        one.close()


def test_a_pen_that_was_left_down_is_lifted_when_its_hand_has_gone(floor: Callable[..., Floor]) -> None:
    simulators: list[Simulator] = []

    def opener(*_: object, **__: object) -> Port:
        simulators.append(Simulator.for_machine(Machine()))
        return SimPort(simulators[-1], VirtualClock())

    f = floor(opener=opener)
    f.fleet.start()
    f.until_condition(Condition.IDLE)
    control = f.errands.take_control("Ana")
    f.errands.ask(SetPen(down=True), actor="op", token=control.token)
    assert simulators[-1].pen_down
    f.errands.let_go(control.token)
    f.until(lambda: not simulators[-1].pen_down)


def test_the_origin_is_where_the_hand_has_brought_the_machine(floor: Callable[..., Floor]) -> None:
    f = floor()
    f.fleet.start()
    f.until_condition(Condition.IDLE)
    with pytest.raises(ErrandFailed, match="does not know where it is"):
        f.errands.ask(Go((5.0, 5.0)), actor="op")
    f.errands.ask(Step((-12.0, -7.0)), actor="op")
    f.errands.ask(SetOrigin(), actor="op")
    assert f.errands.ask(Go((5.0, 5.0)), actor="op") == (5.0, 5.0)


def test_the_controls_over_the_api(floor: Callable[..., Floor]) -> None:
    f = floor(plotters=[replace(LEFT, port="sim://?speed=20")])
    it = replace(example_shop(), plotters=tuple(f.fleet.plotters))
    app = create_app(store=f.store, dispatch=f.dispatch, fleet=f.fleet, shelf=SHELF, shop=it)
    with serving(app) as address, httpx.Client(base_url=f"{address}/v1/plotters/plt_left", timeout=60) as api:
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
