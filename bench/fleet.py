"""One process driving many plotters in real time: what each costs in processor and memory, and whether any starves.

The machines are simulated in a process of their own, each behind a pseudo-terminal, in real seconds; the process that
is measured opens them as it opens serial ports and streams a card to each, as the server does.
"""

import argparse
import json
import os
import resource
import select
import signal
import statistics
import subprocess
import sys
import threading
import time
import tty
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.timing import show
from plotter.machine import Machine, Slot
from plotter.program import Program
from plotter.pump import lasting

PLOTTERS = 200
TICK_S = 0.008  # how often the machines' process looks at its wires: half of the latency timer of an FTDI bridge
# Cards do not begin all at one moment: one after the other within so long, then all write for as long again and more.
BEGIN_S = 20.0
TEXT = "Dear {name}, thank you for your order, and for the kind words about the blue cups."


# ------------------------------------------------------------------ the machines' process
def machines(count: int) -> int:
    """Be `count` machines until SIGTERM; ports as the first line, as the last each rest of a pen that starved, s."""
    from bench.host import Hunger
    from plotter.clock import ScaledClock
    from plotter.simulator import Simulator

    wires = [os.openpty() for _ in range(count)]
    ends: list[bool] = []
    signal.signal(signal.SIGTERM, lambda *_: ends.append(True))
    simulators = [Simulator.for_machine(Machine()) for _ in wires]
    hungers = [Hunger(one) for one in simulators]
    clock = ScaledClock(1.0)
    by_descriptor = {}
    for (master, slave), simulator in zip(wires, simulators, strict=True):
        tty.setraw(slave)
        os.set_blocking(master, False)
        by_descriptor[master] = simulator
        simulator.open(clock.now())
    print(json.dumps([os.ttyname(slave) for _, slave in wires]), flush=True)
    lasting()
    ears = select.poll()
    for master in by_descriptor:
        ears.register(master, select.POLLIN)
    while not ends:
        begun = clock.now()
        heard = {master for master, _ in ears.poll(0)}
        for master, simulator in by_descriptor.items():
            now = clock.now()
            if master in heard:
                simulator.receive(os.read(master, 4096), now)
            elif simulator.next > now:
                continue
            said, reached = b"", -1.0
            while reached < now:
                reached = simulator.run(now)
                said += simulator.take_output()
            if said:
                os.write(master, said)
        clock.sleep(max(0.0, TICK_S - (clock.now() - begun)))
    print(json.dumps([seconds for one in hungers for seconds in one.rests]), flush=True)
    return 0


# ------------------------------------------------------------------ the process that is measured
@dataclass
class Drive:
    """One plotter's thread: connect, then write when all are ready."""

    url: str
    program: Program
    after_s: float = 0.0  # how long after all are ready it begins
    connected: threading.Event = field(default_factory=threading.Event)
    seconds: float = 0.0
    said: str = ""

    def run(self, go: threading.Event) -> None:
        from plotter.serialport import open_port
        from plotter.stream import Wish, connect, stream

        port = open_port(self.url, baud=115200, machine=Machine())
        session = connect(port, Machine())
        self.connected.set()
        go.wait()
        time.sleep(self.after_s)
        outcome = stream(port, session, self.program, watch=lambda _: Wish.GO_ON)
        self.said = outcome.card if outcome.card == "whole" else f"{outcome.card}: {outcome.reason.split('.')[0]}"
        self.seconds = outcome.seconds
        port.close()


def programs(count: int) -> list[Program]:
    """A card each, of their own seeds."""
    from fonts.card import Frame, Stock
    from fonts.hands import hands
    from jobs.compose import Shelf, compose
    from jobs.note import Note
    from plotter.driver import driver
    from plotter.plan import plan

    message = Frame(x_mm=12, y_mm=10, width_mm=124, height_mm=85)
    stock = Stock(title="A6", width_mm=148, height_mm=105, frames={"message": message})
    shelf = Shelf(hands=hands(), stocks={"a6": stock}, templates={})
    names = list(shelf.hands)[:8]
    made = []
    for k in range(count):
        note = Note(hand=names[k % len(names)], stock="a6", text=TEXT.format(name=f"Ana {k}"), seed=k)
        card = compose(note, shelf)
        path = plan(card.strokes, paper=(148, 105), slot=Slot(), machine=Machine())
        made.append(driver(Machine()).write(path))
    return made


def memory_mib() -> float:
    """Resident memory of this process now."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def main(words: Sequence[str] = ()) -> int:
    """Print the table; exit code 1 when a card is not whole or a machine was kept waiting."""
    from plotter.driver import driver

    parser = argparse.ArgumentParser(prog="./run bench fleet", description=__doc__.split("\n\n")[0])
    parser.add_argument("--plotters", type=int, default=PLOTTERS, help="how many (default %(default)s)")
    parser.add_argument("--machines", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args(words)
    if asked.machines:
        return machines(asked.machines)
    written = programs(asked.plotters)
    alone = [driver(Machine()).estimate(one).seconds for one in written]
    command = [sys.executable, "-m", "bench.fleet", "--machines", str(asked.plotters)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        ports = json.loads(other.stdout.readline())
        before_mib = memory_mib()
        drives = [
            Drive(url, one, BEGIN_S * k / asked.plotters)
            for k, (url, one) in enumerate(zip(ports, written, strict=True))
        ]
        go = threading.Event()
        threads = [threading.Thread(target=one.run, args=(go,), daemon=True) for one in drives]
        for thread in threads:
            thread.start()
        for drive in drives:
            drive.connected.wait(60)
        lasting()
        cpu, wall = time.process_time(), time.monotonic()
        go.set()
        for thread in threads:
            thread.join()
        cpu, wall = time.process_time() - cpu, time.monotonic() - wall
        more_mib = memory_mib() - before_mib
        other.send_signal(signal.SIGTERM)
        rests = sorted(json.loads(other.stdout.readline()))
    theirs = resource.getrusage(resource.RUSAGE_CHILDREN)
    late = [drive.seconds - seconds for drive, seconds in zip(drives, alone, strict=True)]
    whole = sum(drive.said == "whole" for drive in drives)
    share = 100 * cpu / sum(drive.seconds for drive in drives)
    middle = [1000 * statistics.median(rests), 1000 * rests[-1]] if rests else [0.0, 0.0]
    head = [
        *("plotters", "whole cards", "real s", "CPU s", "starved", "ms each: median", "most", "% of a core a plotter")
    ]
    head += ["MiB a plotter", "s over the estimate: median", "most", "machines' CPU s"]
    figures = [wall, cpu, len(rests), *middle, share, more_mib / asked.plotters, statistics.median(late), max(late)]
    show(head, [[asked.plotters, whole, *figures, theirs.ru_utime + theirs.ru_stime]])
    for said, times in Counter(drive.said for drive in drives if drive.said != "whole").most_common(5):
        print(f"{times} x {said or 'did not end'}")
    return 0 if whole == len(drives) and not rests else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
