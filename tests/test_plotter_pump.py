"""The pump: conversations of many serial ports in one thread, none of which waits for another."""

import os
import threading
import time
import tty
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from plotter.machine import Machine
from plotter.port import PortError, Talk
from plotter.pump import pump
from plotter.serialport import SerialPort, open_port


@pytest.fixture
def ptys() -> Iterator[list[tuple[int, SerialPort]]]:
    """Machines' ends of pseudo-terminals, each with our port."""
    pairs, ports = [os.openpty() for _ in range(5)], []
    for _, slave in pairs:
        tty.setraw(slave)
        port = open_port(os.ttyname(slave), baud=115200, machine=Machine())
        assert isinstance(port, SerialPort)
        ports.append(port)
    yield [(master, port) for (master, _), port in zip(pairs, ports, strict=True)]
    for (master, slave), port in zip(pairs, ports, strict=True):
        port.close()
        os.close(slave)
        try:
            os.close(master)
        except OSError:
            continue  # the test has pulled the plug


def echo(port: SerialPort, words: list[bytes], heard: list[bytes]) -> Talk:
    for word in words:
        port.write(word)
        got = b""
        while got != word:
            got += yield port.clock.now() + 5
        heard.append(got)


def test_conversations_go_on_beside_each_other(ptys: list[tuple[int, SerialPort]]) -> None:
    words = [b"%d\n" % n for n in range(50)]
    heard: list[list[bytes]] = [[] for _ in ptys]
    threads = [
        threading.Thread(target=port.run, args=(echo(port, words, said),), daemon=True)
        for (_, port), said in zip(ptys, heard, strict=True)
    ]
    for thread in threads:
        thread.start()
    back = 0
    while back < len(ptys) * sum(map(len, words)):
        for master, _ in ptys[::-1]:
            os.set_blocking(master, False)
            try:
                back += os.write(master, os.read(master, 100))
            except BlockingIOError:
                time.sleep(0.0005)
    for thread in threads:
        thread.join(10)
    assert heard == [words] * len(ptys)


def test_silence_comes_when_it_is_due_and_no_earlier(ptys: list[tuple[int, SerialPort]]) -> None:
    _, port = ptys[0]
    late: list[float] = []

    def talk() -> Talk:
        for seconds in (0.05, 0.0, 0.02, -1.0):
            until = port.clock.now() + seconds
            assert (yield until) == b""
            late.append(port.clock.now() - until)

    port.run(talk())
    assert len(late) == 4
    assert min(late) >= 0.0


def test_what_a_conversation_raises_comes_up_where_it_was_begun(ptys: list[tuple[int, SerialPort]]) -> None:
    def bad(port: SerialPort) -> Talk:
        yield port.clock.now()
        raise LookupError("gone")

    (_, one), (master, two) = ptys[:2]
    with ThreadPoolExecutor() as pool:
        other = pool.submit(two.run, echo(two, [b"still here"], []))
        with pytest.raises(LookupError, match="gone"):
            one.run(bad(one))
        os.write(master, os.read(master, 100))
        other.result(10)


def test_an_unplugged_machine_ends_its_conversation(ptys: list[tuple[int, SerialPort]]) -> None:
    master, port = ptys[0]
    threading.Timer(0.05, os.close, (master,)).start()
    with pytest.raises(PortError, match="check cable and power"):
        port.run(echo(port, [b"?"], []))


def test_bytes_that_the_wire_does_not_take_at_once_are_sent_when_it_does(ptys: list[tuple[int, SerialPort]]) -> None:
    (master, port), (_, other) = ptys[:2]
    much = b"G1X1Y1\n" * 20_000

    def talk() -> Talk:
        port.write(much)
        while (yield port.clock.now() + 5) != b"ok\r\n":
            continue

    with ThreadPoolExecutor() as pool:
        ended = pool.submit(port.run, talk())
        other.run(iter_silence(other))  # nobody waits for it
        got = b""
        while len(got) < len(much):
            got += os.read(master, 65536)
        os.write(master, b"ok\r\n")
        ended.result(10)
    assert got == much


def iter_silence(port: SerialPort) -> Talk:
    yield port.clock.now() + 0.01


def test_a_wire_that_takes_nothing_is_given_up(
    ptys: list[tuple[int, SerialPort]], monkeypatch: pytest.MonkeyPatch
) -> None:
    import plotter.serialport

    monkeypatch.setattr(plotter.serialport, "WRITE_TIMEOUT_S", 0.1)
    _, port = ptys[0]

    def talk() -> Talk:
        port.write(b"G1X1Y1\n" * 20_000)
        while True:
            yield port.clock.now() + 0.05

    with pytest.raises(PortError, match="takes no more bytes"):
        port.run(talk())


def test_ctrl_c_takes_the_port_back(ptys: list[tuple[int, SerialPort]], monkeypatch: pytest.MonkeyPatch) -> None:
    master, port = ptys[0]
    closed = threading.Event()

    def talk() -> Talk:
        try:
            while True:
                yield port.clock.now() + 0.01
        finally:
            closed.set()

    from concurrent.futures import Future

    with monkeypatch.context() as patch:

        def interrupted(*_: object) -> None:
            patch.undo()
            raise KeyboardInterrupt

        patch.setattr(Future, "result", interrupted)
        with pytest.raises(KeyboardInterrupt):
            port.run(talk())
    assert closed.is_set()
    os.write(master, b"ok\r\n")
    assert port.read(5) == b"ok\r\n"
    assert pump() is pump()


@pytest.mark.parametrize("sent", [b"", b"G1X1Y1\n" * 20_000], ids=["idle", "with a backlog"])
def test_a_port_that_is_closed_meanwhile_ends_its_conversation_and_no_other(
    sent: bytes, ptys: list[tuple[int, SerialPort]]
) -> None:
    (_, port), (master, other) = ptys[:2]

    def talk() -> Talk:
        port.write(sent)
        while True:
            yield port.clock.now() + 0.02

    threading.Timer(0.1, port.close).start()
    with pytest.raises(PortError):
        port.run(talk())
    with pytest.raises(PortError, match="closed"):
        port.run(talk())
    threading.Timer(0.05, os.write, (master, b"a")).start()
    other.run(echo(other, [b"a"], []))
