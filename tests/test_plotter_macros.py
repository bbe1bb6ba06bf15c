"""Macros: proved before they run, and nothing on the paper afterwards."""

import pytest

from plotter.connect import connect
from plotter.machine import Machine, ZPen
from plotter.macros import MacroFault, macro, macros, run
from plotter.simport import open_sim
from plotter.wire import Refusal, Wire

SERVO, ZED = Machine(), Machine(pen=ZPen())


@pytest.mark.parametrize("machine", [SERVO, ZED])
def test_a_macro_leads_where_it_says_and_leaves_no_ink(machine: Machine) -> None:
    port = open_sim("sim://", machine)
    wire = Wire(port, connect(port, machine))
    load = macro("load", ["G0X250Y200", "G4P0.5", "M8", "G4P0.2", "M9", "G91", "G0X-5", "G90"], machine)
    assert run(wire, load).at == (245.0, 200.0)
    assert port.simulator.head[:2] == (245.0, 200.0)
    assert port.simulator.ink == []


def test_a_macro_may_only_wait() -> None:
    port = open_sim("sim://", SERVO)
    wait = macros({"wait": ["G4P1"]}, SERVO)["wait"]
    assert wait.end is None
    run(Wire(port, connect(port, SERVO)), wait)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("S700", "lifted place"),
        ("M3S700", "lifted place"),
        ("M5", "lets go"),
        ("M2", "lets go"),
        ("M0", "waits for a button"),
        ("G10L2P1X0Y0", "permanent memory"),
        ("$X", "capital letters"),
        ("$H", "capital letters"),
        ("G92X0", "moves zero"),
        ("G0X301Y5", "off the bed"),
        ("G91G0X-400", "first move"),
        ("G0Z-1", "has no Z"),
        ("G4P60", "longer"),
        ("G0X1 (to the left)", "no blanks"),
        ("g0x1y1", "capital letters"),
        ("", "capital letters"),
    ],
)
def test_what_may_not_be_sent_is_refused(line: str, why: str) -> None:
    with pytest.raises(MacroFault, match=why) as caught:
        macro("load", ["G4P0", line], SERVO)
    assert "macro 'load', line 2" in str(caught.value)


def test_a_z_pen_stays_up() -> None:
    with pytest.raises(MacroFault, match="lifted place"):
        macro("load", ["G0Z0"], ZED)
    with pytest.raises(MacroFault, match="1 to 50 lines"):
        macro("load", [], ZED)


def test_a_machine_that_ends_elsewhere_is_told_of() -> None:
    port = open_sim("sim://", SERVO)
    wire = Wire(port, connect(port, SERVO))
    there = macro("load", ["G0X10Y10"], SERVO)
    with pytest.raises(Refusal, match="not at X200"):
        run(wire, type(there)("load", there.lines, (200.0, 10.0)))
