"""The dead man's jog: the carriage goes while a key beats, stands soon after it does not, and stays on the bed."""

import pytest

from plotter.driver import connect
from plotter.jog import AHEAD, SILENCE_S, STEP_S, Hand, Jog, Key
from plotter.machine import Machine
from plotter.simfaults import faults
from plotter.simport import plug
from plotter.wire import Locked, Wire

MACHINE = Machine()


def hand(*wrong: str) -> tuple[Wire, Hand]:
    port = plug(MACHINE, faults(*wrong))
    wire = Wire(port, connect(port, MACHINE))
    return wire, Hand(wire, Jog(MACHINE, (0.0, 0.0)))


def hold(wire: Wire, one: Hand, key: Key, seconds: float) -> None:
    end = wire.now() + seconds
    while wire.now() < end:
        one.jog.beat(key, wire.now())
        one.turn()


def let_go(wire: Wire, one: Hand) -> float:
    """How long it goes on for, s."""
    begin = wire.now()
    while not one.resting:
        one.turn()
        assert wire.now() < begin + 5
    return wire.now() - begin


def test_a_held_key_moves_the_carriage_and_tells_where_it_is() -> None:
    wire, one = hand()
    hold(wire, one, Key(1, 1, 1200), 2.0)
    x, y = one.jog.at
    assert 25 < x < 45
    assert x == pytest.approx(y, abs=0.1)
    one.jog.beat(None, wire.now())
    assert let_go(wire, one) < 0.5
    stood = one.jog.at
    hold(wire, one, Key(-1, 0, 1200), 0.5)
    let_go(wire, one)
    assert one.jog.at[0] < stood[0] - 5


def test_silence_stops_it_within_half_a_second() -> None:
    wire, one = hand()
    hold(wire, one, Key(1, 0, 3000), 1.0)
    assert let_go(wire, one) < SILENCE_S + 0.4
    at = one.jog.at
    wire.rest(1.0)
    assert wire.status().at == at


def test_it_never_leaves_the_bed() -> None:
    wire, one = hand()
    hold(wire, one, Key(-1, 1, 9000), 3.0)
    let_go(wire, one)
    assert one.jog.at == (0.0, MACHINE.height_mm)


def test_a_turn_of_the_hand_is_obeyed_at_once_and_stays_where_it_may() -> None:
    wire, one = hand()
    hold(wire, one, Key(1, 0, 3000), 1.5)
    x = one.jog.at[0]
    hold(wire, one, Key(-1, 0, 3000), 0.7)
    assert one.jog.at[0] < x  # not after a planner full of steps
    one.jog.beat(None, wire.now())
    one.turn()
    hold(wire, one, Key(-1, 0, 3000), 3.0)  # pressed again before it stands
    let_go(wire, one)
    assert one.jog.at == (0.0, 0.0)


def test_a_cut_wire_leaves_two_steps_to_go() -> None:
    wire, one = hand()
    hold(wire, one, Key(1, 0, 3000), 1.0)
    at = wire.status().at[0]
    wire.rest(5.0)
    assert wire.status().state == "Idle"
    assert wire.status().at[0] - at < 50 * (AHEAD + 1) * STEP_S


def test_a_limit_switch_ends_it() -> None:
    wire, one = hand("hard-limit@2.5")
    with pytest.raises(Locked, match="ALARM:1"):
        hold(wire, one, Key(1, 1), 5.0)
