"""Other people's senders drive the simulated machine: what they say at start, how they stream, how they poll."""

import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import pytest
import serial
from click.testing import CliRunner

from plotter.commands import simulate as command
from plotter.machine import Machine, ZPen
from plotter.simfaults import KINDS, faults
from plotter.simserve import simulate
from plotter.simulator import Simulator
from plotter.strokes import deviation, length, stroke

ROOT = Path(__file__).parent.parent
SPEED = 20.0
BANNER = "Grbl 1.1h ['$' for help]"
PROGRAM = """G21
G90
M3 S200
F3000
; a house
G0 X10 Y10
S700
G4 P0.1
G1 X30
Y30 (a wall)
X20 Y40
X10 Y30
Y10
S200
G4 P0.05
G0 X0 Y0
""".splitlines()
SERVO, AXI = Machine(), Machine(firmware="ebb", steps_per_mm=(80, 80, 80))
HOUSE = stroke([(10, 10), (30, 10), (30, 30), (20, 40), (10, 30), (10, 10)])


class Machinery:
    """A simulated machine in a thread of its own, `SPEED` times as fast as a real one."""

    def __init__(self, tcp: int | None, *texts: str, model: Machine = SERVO) -> None:
        self._asked = threading.Event()
        self.announced: Queue[str] = Queue()
        self.told: list[str] = []
        self._result: Simulator | None = None

        def run() -> None:
            self._result = simulate(
                model,
                tcp=tcp,
                speed=SPEED,
                faults=faults(*texts),
                announce=self.announced.put,
                tell=self.told.append,
                person=self,
            )

        self._thread = threading.Thread(target=run, name="simulated machine")
        self._thread.start()
        self.path = self.announced.get(timeout=20)

    def stops(self) -> bool:
        return self._asked.is_set()

    def pushes(self) -> bool:
        return False

    def stop(self) -> Simulator:
        self._asked.set()
        self._thread.join(20)
        assert self._result is not None
        return self._result


@pytest.fixture(params=[None, 0], ids=["pty", "tcp"])
def machine(request: pytest.FixtureRequest) -> Iterator[Machinery]:
    one = Machinery(request.param)
    yield one
    one.stop()


class Sender:
    """A sender with its own habits: line end, polls, a buffer it counts characters against."""

    def __init__(self, path: str, *, end: bytes, poll_s: float, buffer: int = 127) -> None:
        self.wire = serial.serial_for_url(path, baudrate=115200, timeout=0)
        self._end, self._poll_s, self._buffer = end, poll_s / SPEED, buffer
        self._polled = time.monotonic()
        self._rest = b""
        self._under_way: deque[int] = deque()
        self.heard: list[str] = []
        self._seen = 0  # of what was heard, as `until` has gone through it
        self.reports: list[str] = []

    def turn(self) -> None:
        """Poll when it is due; take in what has come."""
        if self._poll_s and time.monotonic() - self._polled > self._poll_s:
            self.wire.write(b"?")
            self._polled = time.monotonic()
        data = self.wire.read(4096)
        if not data:
            time.sleep(0.0005)
        *lines, self._rest = (self._rest + data).split(b"\r\n")
        for line in (raw.decode("ascii") for raw in lines):
            if line.startswith("<"):
                self.reports.append(line)
            elif line:
                self.heard.append(line)
                if line == "ok" or line.startswith("error:"):
                    self._under_way.popleft()

    def until(self, wanted: str) -> list[str]:
        """What is heard next, up to and with the line that begins so; a report from now on counts too."""
        start, reports = self._seen, len(self.reports)
        end = time.monotonic() + 20
        while True:
            for k, line in enumerate(self.heard[start:], start=start + 1):
                if line.startswith(wanted):
                    self._seen = k
                    return self.heard[start:k]
            if any(report.startswith(wanted) for report in self.reports[reports:]):
                self._seen = len(self.heard)
                return self.heard[start:]
            assert time.monotonic() < end, (wanted, self.heard[start:], self.reports[reports:])
            self.turn()

    def line(self, text: str) -> None:
        """Send a line once the machine's buffer has room for it."""
        data = text.encode("ascii") + self._end
        while sum(self._under_way) + len(data) > self._buffer:
            self.turn()
        self._under_way.append(len(data))
        self.wire.write(data)

    def ask(self, text: str) -> list[str]:
        """Send a line and wait for its answer: all lines up to it."""
        while self._under_way:
            self.turn()
        self._seen = len(self.heard)
        self.line(text)
        return self.until("ok")

    def send(self, lines: list[str]) -> None:
        """Stream by character counting; to the last answer."""
        for line in lines:
            self.line(line)
        while self._under_way:
            self.turn()


def test_a_script_of_twenty_lines_draws(machine: Machinery, tmp_path: Path) -> None:
    program = tmp_path / "house.gcode"
    program.write_text("\n".join(PROGRAM) + "\n", encoding="ascii")
    call = [sys.executable, str(ROOT / "examples" / "send.py"), machine.path, str(program)]
    sent = subprocess.run(call, capture_output=True, text=True, timeout=60, check=False)
    assert (sent.returncode, sent.stdout.strip()) == (0, "sent"), sent.stderr
    simulator = machine.stop()
    assert deviation(simulator.ink, [HOUSE]) < 0.01


def test_a_script_is_told_of_a_line_that_grbl_refuses(machine: Machinery, tmp_path: Path) -> None:
    program = tmp_path / "wrong.gcode"
    program.write_text("G21\nG1 X\n", encoding="ascii")
    call = [sys.executable, str(ROOT / "examples" / "send.py"), machine.path, str(program)]
    sent = subprocess.run(call, capture_output=True, text=True, timeout=60, check=False)
    assert (sent.returncode, sent.stderr.strip()) == (1, "line 2 'G1 X': error:2")


def test_a_sender_with_the_habits_of_universal_gcode_sender(machine: Machinery) -> None:
    """Reset, version, settings, modes; `?` every 200 ms; check mode first, then the program by character counting."""
    sender = Sender(machine.path, end=b"\n", poll_s=0.2)
    sender.until("Grbl ")
    sender.wire.write(b"\x18")
    sender.until("Grbl ")
    sender.wire.write(b"?")
    sender.until("<Idle|MPos:0.000,0.000,0.000|Bf:15,128")
    assert sender.ask("") == ["ok"]
    assert sender.ask("$I") == ["[VER:1.1h.20190830:]", "[OPT:V,15,128]", "ok"]
    assert "$110=10000.000" in sender.ask("$$")
    assert sender.ask("$G")[0] == "[GC:G0 G54 G17 G21 G90 G94 M5 M9 T0 F0 S0]"
    assert sender.ask("$C") == ["[MSG:Enabled]", "ok"]
    sender.send(PROGRAM)
    sender.until("<Check|MPos:0.000,0.000,0.000")
    assert sender.ask("$C") == ["[MSG:Disabled]", "ok"]
    sender.until("Grbl ")
    sender.send(PROGRAM)
    sender.until("<Idle|MPos:0.000,0.000,0.000")
    assert any(report.startswith("<Run|") for report in sender.reports)
    assert any("|WCO:" in report for report in sender.reports)
    assert not any(line.startswith(("error", "ALARM")) for line in sender.heard)
    sender.wire.close()
    assert deviation(machine.stop().ink, [HOUSE]) < 0.01


def test_lines_that_end_in_cr_and_lf_earn_two_answers(machine: Machinery) -> None:
    sender = Sender(machine.path, end=b"\r\n", poll_s=0)
    sender.until("Grbl ")
    sender._under_way.extend((0, 0))  # a second answer for each line
    sender.line("G21")
    sender.line("G90")
    while sender._under_way:
        sender.turn()
    assert sender.heard[1:] == ["ok"] * 4
    sender.wire.close()


def test_a_sender_with_the_habits_of_cncjs(machine: Machinery) -> None:
    """`$$` after the banner, `?` every 250 ms and `$G` among the lines, feed hold and go on, all by counting to 120."""
    sender = Sender(machine.path, end=b"\n", poll_s=0.25, buffer=120)
    sender.until("Grbl ")
    assert "$32=0" in sender.ask("$$")
    for k, line in enumerate(PROGRAM):
        sender.line(line)
        if k % 5 == 4:
            sender.line("$G")
    sender.wire.write(b"!")
    sender.until("<Hold:0|")
    sender.wire.write(b"~")
    sender.send([])
    sender.until("<Idle|MPos:0.000,0.000,0.000")
    assert sum(line.startswith("[GC:") for line in sender.heard) == len(PROGRAM) // 5
    assert not any(line.startswith(("error", "ALARM")) for line in sender.heard)
    sender.wire.close()
    assert deviation(machine.stop().ink, [HOUSE]) < 0.01


@pytest.mark.parametrize("tcp", [None, 0], ids=["pty", "tcp"])
def test_faults_befall_other_senders_as_well(tcp: int | None) -> None:
    machine = Machinery(tcp, "lose-ok:2", "error:3", "reset@down:1+0.3")
    try:
        sender = Sender(machine.path, end=b"\n", poll_s=0.2)
        sender.until("Grbl ")
        for line in ("G21", "G90", "G94", "F3000", "M3S700", "G4P0.1", "G1X90"):
            sender.line(line)
        sender.until("error:20")
        sender.until("Grbl ")
        assert sender.heard[1:].count("ok") < 7
        sender.wire.close()
        simulator = machine.stop()
    finally:
        machine.stop()
    assert [told.partition(": ")[2] for told in machine.told] == ["lose-ok:2", "error:3,20", "reset@down:1+0.3"]
    (ink,) = simulator.ink
    assert 0 < ink[-1][0] < 89


@pytest.mark.parametrize("tcp", [None, 0], ids=["pty", "tcp"])
def test_an_unplugged_machine_goes_on_and_can_be_plugged_in_again(tcp: int | None) -> None:
    machine = Machinery(tcp, "unplug@down:1+0.3")
    try:
        sender = Sender(machine.path, end=b"\n", poll_s=0)
        sender.until("Grbl ")
        for line in ("M3S700", "G4P0.1", "G1X40F3000", "S200", "G4P0.05"):
            sender.line(line)
        with pytest.raises((serial.SerialException, OSError)):
            sender.until("never")
        sender.wire.close()
        again = Sender(machine.announced.get(timeout=20), end=b"\n", poll_s=0)
        again.until("Grbl ")
        assert again.ask("$G")[-1] == "ok"
        again.wire.close()
        simulator = machine.stop()
    finally:
        machine.stop()
    (ink,) = simulator.ink
    assert 5 < ink[-1][0] <= 40, "as far as it had come when it was plugged in again, which resets it"


@pytest.mark.parametrize("tcp", [None, 0], ids=["pty", "tcp"])
def test_a_model_with_an_eibotboard_speaks_as_one(tcp: int | None) -> None:
    machine = Machinery(tcp, model=AXI)
    try:
        with serial.serial_for_url(machine.path, baudrate=9600, timeout=20) as wire:
            wire.write(b"V\r")
            assert wire.readline().startswith(b"EBBv13_and_above EB Firmware Version 2.8")
            rests = [b"SM,300,0,0"] * 3  # one waits for the one before: with the last OK the pen is up
            heights = (b"SC,4,13450", b"SC,5,22438", b"SP,1,200")
            for line in (b"EM,1,1", *heights, b"SP,0,200", b"SM,500,1600,0", b"SP,1,200", *rests):
                wire.write(line + b"\r")
                assert wire.readline() == b"OK\r\n"
        board = machine.stop()
    finally:
        machine.stop()
    (ink,) = board.ink
    assert length(ink) == pytest.approx(1600 / 80 / 2**0.5, rel=0.01), "one motor alone moves the pen aslant"


def test_an_eibotboard_takes_no_settings() -> None:
    with pytest.raises(ValueError, match="EiBotBoard takes no"):
        simulate(AXI, settings={110: 9000.0}, announce=lambda _path: None)


@pytest.mark.parametrize("text", ["slow-host:3@5", "reset@stream", "servo-slow:2"])
def test_faults_that_cannot_be_here_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        simulate(Machine(pen=ZPen()), faults=faults(text), announce=lambda _path: None)


class Models:
    """One model, whatever its name."""

    def machine(self, _name: str | None) -> Machine:
        return Machine()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--fault", "explode"], "refused: fault 'explode' does not exist; there are drop-in"),
        (["--fault", "reset@soon"], "refused: fault 'reset@soon'"),
        (["--fault", "slow-host:3@1"], "slow-host is for sim://"),
        (["--tcp", "0", "--fault", "reset@stream"], "nobody says here when a stream begins"),
    ],
)
def test_the_command_refuses_faults_in_words(words: list[str], says: str) -> None:
    done = CliRunner().invoke(command, words, obj=Models)
    assert done.exit_code == 3
    assert says in done.output


def test_the_command_lists_the_faults() -> None:
    done = CliRunner().invoke(command, ["--faults"], obj=Models)
    assert done.exit_code == 0
    assert [line.partition("[")[0].partition(":")[0] for line in done.output.splitlines()] == list(KINDS)
