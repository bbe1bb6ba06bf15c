"""The simulated machine on a pseudo-terminal and on TCP, with real pyserial at the other end."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from xml.etree import ElementTree

import pytest
import serial

from plotter.ebbboard import EbbBoard
from plotter.machine import Machine
from plotter.simfaults import faults
from plotter.simserve import simulate
from plotter.simulator import Simulator

PROGRAM = [
    "G21G90",
    "M3S200",
    "F3000",
    "G0X10Y10",
    "S700",
    "G4P0.1",
    "G1X30",
    "Y20",
    "S200",
    "G4P0.05",
    "G0X0Y0",
    "G4P0",
]


class Serving:
    """A simulated machine in a thread of its own."""

    def __init__(self, tcp: int | None, machine: Machine | None = None, **more: object) -> None:
        self._asked = threading.Event()
        self._pushed = threading.Event()
        announced: Queue[str] = Queue()
        self.result: Simulator | EbbBoard | None = None
        model = machine or Machine()

        def run() -> None:
            self.result = simulate(model, tcp=tcp, speed=20, announce=announced.put, person=self, **more)  # type: ignore[arg-type]

        self._thread = threading.Thread(target=run, name="simulated machine")
        self._thread.start()
        self.path = announced.get(timeout=20)

    def stops(self) -> bool:
        return self._asked.is_set()

    def pushes(self) -> bool:
        pushed = self._pushed.is_set()
        self._pushed.clear()
        return pushed

    def push(self) -> None:
        self._pushed.set()

    def stop(self) -> Simulator | EbbBoard:
        self._asked.set()
        self._thread.join(20)
        assert self.result is not None
        return self.result


@pytest.fixture(params=[None, 0], ids=["pty", "tcp"])
def serving(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Serving]:
    machine = Serving(request.param, ink=tmp_path / "ink.svg", log=tmp_path / "ink.jsonl", settings={110: 9000.0})
    yield machine
    machine.stop()


def until(wire: serial.SerialBase, wanted: str) -> list[str]:
    """Lines up to and with the wanted one."""
    lines = []
    while not lines or lines[-1] != wanted:
        line = wire.readline()
        assert line.endswith(b"\n"), (lines, line)
        lines.append(line.decode("ascii").strip())
    return lines


def test_a_sender_through_pyserial_gets_a_whole_machine(serving: Serving, tmp_path: Path) -> None:
    with serial.serial_for_url(serving.path, baudrate=115200, timeout=20) as wire:
        until(wire, "Grbl 1.1h ['$' for help]")
        wire.write(b"$$\n")
        assert "$110=9000.000" in until(wire, "ok")
        for line in PROGRAM:
            wire.write(line.encode("ascii") + b"\n")
            assert until(wire, "ok") == ["ok"]
    simulator = serving.stop()
    want = [[10.0, 10.0], [30.0, 10.0], [30.0, 20.0]]
    assert [stroke.tolist() for stroke in simulator.ink] == [want]
    assert [json.loads(line)["stroke"] for line in (tmp_path / "ink.jsonl").read_text().splitlines()] == [want]
    assert ElementTree.parse(tmp_path / "ink.svg").getroot().tag.endswith("svg")


def test_opening_again_resets_the_machine_and_keeps_the_paper(serving: Serving) -> None:
    for _ in range(2):
        with serial.serial_for_url(serving.path, baudrate=115200, timeout=20) as wire:
            until(wire, "Grbl 1.1h ['$' for help]")
            for line in ["M3S700", "G4P0.1", "G1X5F3000", "S200", "G4P0.05"]:
                wire.write(line.encode("ascii") + b"\n")
                until(wire, "ok")
    # The second opening took the place reached for zero.
    assert [stroke.tolist() for stroke in serving.stop().ink] == [[[0.0, 0.0], [5.0, 0.0]], [[5.0, 0.0], [10.0, 0.0]]]


def test_a_sender_that_never_reads_does_not_stop_the_machine(serving: Serving) -> None:
    with serial.serial_for_url(serving.path, baudrate=115200, timeout=20) as wire:
        until(wire, "Grbl 1.1h ['$' for help]")
        wire.write(b"M3S700\nG4P0.1\nG1X5F3000\nS200\nG4P0.05\n")
        for _ in range(5):
            wire.write(b"?" * 200)
        wire.write(b"$G\n")
        while not wire.readline().startswith(b"[GC:"):
            pass
    assert len(serving.stop().ink) == 1


def test_an_eibotboard_has_faults_too() -> None:
    board, told = Machine(firmware="ebb"), Queue[str]()
    machine = Serving(0, board, faults=faults("motors-off@2"), tell=told.put)
    try:
        with serial.serial_for_url(machine.path, timeout=5) as port:
            assert "motors-off" in told.get(timeout=20)
            port.write(b"QC\r")
            assert port.read_until(b"OK\r\n") == b"0394,0060\r\nOK\r\n"
    finally:
        machine.stop()
    with pytest.raises(ValueError, match="an EiBotBoard can have"):
        simulate(board, faults=faults("drop-in:3"), announce=lambda _path: None)


def test_unknown_settings_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\$999"):
        simulate(Machine(), settings={999: 1.0}, announce=lambda _path: None)


_ALONE = """
from pathlib import Path
from plotter.machine import Machine
from plotter.simserve import simulate
simulate(Machine(), ink=Path("ink.svg"), announce=lambda path: print(path, flush=True))
"""


@pytest.mark.parametrize("one", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_the_ink_is_written(one: signal.Signals, tmp_path: Path) -> None:
    root = str(Path(__file__).parent.parent)
    command = [sys.executable, "-c", _ALONE]
    environment = {**os.environ, "PYTHONPATH": root}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert Path(process.stdout.readline().strip()).exists()
        process.send_signal(one)
        assert process.wait(20) == 0
    assert (tmp_path / "ink.svg").exists()


def test_a_second_who_opens_a_busy_port_resets_nothing(tmp_path: Path) -> None:
    """DTR is high already: the first sender's machine goes on."""
    machine = Serving(None, ink=tmp_path / "ink.svg")
    try:
        with serial.serial_for_url(machine.path, timeout=5) as first:
            until(first, "Grbl 1.1h ['$' for help]")
            first.write(b"G21G90\nF100\n")
            until(first, "ok")
            until(first, "ok")
            second = os.open(machine.path, os.O_RDWR | os.O_NOCTTY)
            first.write(b"$G\n")
            assert "F100" in until(first, "ok")[0], "the machine has forgotten its feed: it was reset"
            os.close(second)
    finally:
        machine.stop()
