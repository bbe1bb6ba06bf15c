"""The serial port: a real pseudo-terminal and a real socket through pyserial; faults become words, never hangs."""

import os
import signal
import socket
import subprocess
import sys
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from plotter.gcode import write
from plotter.machine import Machine, Slot
from plotter.plan import plan
from plotter.port import Port, PortError
from plotter.serialport import open_port
from plotter.settings import of_machine
from plotter.stream import Progress, Verdict, Wish, connect, stream
from plotter.strokes import deviation, stroke
from plotter.svg import strokes_of


@pytest.fixture
def pty() -> Iterator[tuple[int, str]]:
    """The machine's end of a pseudo-terminal, and the path of ours."""
    master, slave = os.openpty()
    tty.setraw(slave)
    yield master, os.ttyname(slave)
    os.close(slave)
    try:
        os.close(master)
    except OSError:
        return  # the test has pulled the plug


def opened(url: str) -> Port:
    return open_port(url, baud=115200, machine=Machine())


def all_of(port: Port, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = port.read(5)
        assert part, "nothing came within 5 s"
        data += part
    return data


def test_bytes_go_both_ways_unchanged(pty: tuple[int, str]) -> None:
    master, path = pty
    port = opened(path)
    every = bytes(range(256))
    port.write(every)
    assert os.read(master, 1000) == every
    os.write(master, every)
    assert all_of(port, 256) == every
    assert port.read(0) == b""
    assert port.read(0.01) == b""
    port.close()
    port.close()


def test_silence_takes_the_time_it_was_given(pty: tuple[int, str]) -> None:
    port = opened(pty[1])
    before = port.clock.now()
    assert port.read(0.05) == b""
    assert port.clock.now() - before >= 0.045
    port.close()


def test_a_port_has_one_owner(pty: tuple[int, str]) -> None:
    port = opened(pty[1])
    with pytest.raises(PortError, match="another program holds this port"):
        opened(pty[1])
    port.close()
    opened(pty[1]).close()


def test_unplugged_while_reading_and_writing(pty: tuple[int, str]) -> None:
    master, path = pty
    port = opened(path)
    os.close(master)
    with pytest.raises(PortError, match="the machine is gone"):
        port.read(1)
    with pytest.raises(PortError, match="check cable and power"):
        port.write(b"G21\n")
    port.close()


def test_a_machine_that_takes_no_bytes(pty: tuple[int, str], monkeypatch: pytest.MonkeyPatch) -> None:
    import plotter.serialport

    monkeypatch.setattr(plotter.serialport, "WRITE_TIMEOUT_S", 0.05)
    port = opened(pty[1])
    port.write(b"G1X1Y1\n" * 100_000)
    with pytest.raises(PortError, match="takes no more bytes"):
        port.read(5)
    port.close()


def test_no_such_port_and_no_right_to_it(tmp_path: Path) -> None:
    with pytest.raises(PortError, match="there is no such port"):
        opened(str(tmp_path / "ttyUSB9"))
    plain = tmp_path / "file"
    plain.write_text("")
    with pytest.raises(PortError):
        opened(str(plain))
    with pytest.raises(PortError, match="cannot be opened"):
        opened("nosuch://x")
    with pytest.raises(PortError, match="hwgrep"):
        opened("hwgrep://no-such-adapter-anywhere")


def test_a_socket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
        port = opened(f"socket://127.0.0.1:{number}")
        other, _ = server.accept()
        with other:
            other.sendall(b"Grbl 1.1h ['$' for help]\r\n" * 40)
            assert all_of(port, 26 * 40).startswith(b"Grbl 1.1h")
            port.write(b"?")
            assert other.recv(10) == b"?"
        with pytest.raises(PortError, match="the machine is gone"):
            port.read(5)
        port.close()
    with pytest.raises(PortError, match="nothing listens there"):
        opened(f"socket://127.0.0.1:{number}")


def test_spy_shows_the_bytes(pty: tuple[int, str], capsys: pytest.CaptureFixture[str]) -> None:
    port = opened(f"spy://{pty[1]}")
    port.write(b"G21\n")
    assert os.read(pty[0], 10) == b"G21\n"
    port.close()
    assert "G21" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["pty", "tcp"])
def test_a_card_over_a_real_port_comes_out_as_planned(kind: str, tmp_path: Path) -> None:
    """The simulated machine in a process of its own, as a real one is; ten times as fast."""
    drawing = [stroke([(5, 5), (20, 5), (20, 12)]), stroke([(8, 15)]), stroke([(5, 18), (25, 19)])]
    path = plan(drawing, paper=(30, 20), slot=Slot(), machine=Machine())
    ink = tmp_path / "ink.svg"
    arguments = ["--tcp", "0"] if kind == "tcp" else ["--pty"]
    server = Path(__file__).parent.parent / "server.py"
    settings = tmp_path / "settings"
    settings.write_text("".join(f"${n}={value:g}\n" for n, value in of_machine(Machine()).items()))
    command = [sys.executable, str(server), "simulate", *arguments, "--speed", "10", "--ink", str(ink)]
    with subprocess.Popen([*command, "--settings", str(settings)], stdout=subprocess.PIPE, text=True) as machine:
        assert machine.stdout is not None
        try:
            port = opened(machine.stdout.readline().strip())
            told = []

            def watch(now: Progress) -> Wish:
                told.append(now.stroke)
                return Wish.GO_ON

            outcome = stream(port, connect(port, Machine()), write(path), watch=watch)
            port.close()
        finally:
            machine.send_signal(signal.SIGTERM)
    assert outcome.verdict is Verdict.FINISHED
    assert told[-1] == 3
    assert deviation(strokes_of(ink.read_text()), list(path.strokes)) < 0.05
