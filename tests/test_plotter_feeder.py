"""A feeder: what its sensor says is what lies there, and an empty or jammed one is said so."""

import pytest

from plotter.connect import connect
from plotter.feeder import NoCard, bring
from plotter.machine import Feeder, Machine
from plotter.macros import macro
from plotter.port import PortError
from plotter.simfeeder import SimFeeder
from plotter.simport import SimPort, open_sim
from plotter.wire import Wire

MACHINE = Machine()
PIN = Feeder(macro=("M8", "G4P1", "M9", "G4P0.5"), confirm="pin", wait_s=3)
BY_EYE = Feeder(macro=PIN.macro)


def at(url: str = "sim://") -> tuple[SimPort, Wire]:
    port = open_sim(url, MACHINE)
    return port, Wire(port, connect(port, MACHINE))


def test_each_feed_brings_a_fresh_card_until_there_is_none() -> None:
    port, wire = at("sim://?feeder=2")
    one = macro("feeder", PIN.macro, MACHINE)
    for _ in range(2):
        bring(wire, PIN, one)
        assert "P" in wire.status().pins
    begin = wire.now()
    with pytest.raises(NoCard, match=r"not brought a card within 3 s: its sensor \(pin P\) sees none"):
        bring(wire, PIN, one)
    assert 3 <= wire.now() - begin < 7
    assert wire.status().pins == ""
    assert port.simulator.ink == []


def test_a_card_that_jams_has_not_come() -> None:
    _, wire = at("sim://?feeder=9&jam=2")
    one = macro("feeder", PIN.macro, MACHINE)
    bring(wire, PIN, one)
    with pytest.raises(NoCard, match="sees none"):
        bring(wire, PIN, one)


def test_an_old_card_that_stays_is_no_fresh_one() -> None:
    port, wire = at()
    SimFeeder(port.simulator, 5, ejects=False)
    one = macro("feeder", PIN.macro, MACHINE)
    bring(wire, PIN, one)
    with pytest.raises(NoCard, match="the old one has not left"):
        bring(wire, PIN, one)


def test_a_motor_that_stops_too_early_brings_nothing() -> None:
    _, wire = at("sim://?feeder=5")
    short = macro("feeder", ["M8", "G4P0.5", "M9"], MACHINE)
    with pytest.raises(NoCard):
        bring(wire, PIN, short)


def test_without_a_sensor_a_person_is_to_say_so() -> None:
    port, wire = at()
    feeder = SimFeeder(port.simulator, 0)
    heard: list[int] = []
    bring(wire, BY_EYE, macro("feeder", BY_EYE.macro, MACHINE), between=lambda: heard.append(1))
    assert not feeder.lies
    assert len(heard) >= len(BY_EYE.macro)


def test_a_url_that_means_nothing_is_refused() -> None:
    with pytest.raises(PortError, match="&feeder=N"):
        open_sim("sim://?feeder=many")
