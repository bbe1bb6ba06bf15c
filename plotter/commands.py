"""The command line's words on machines: simulate, ports; and `plot`'s way onto a machine."""

import json
import math
import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Protocol

import click

from plotter.machine import Machine

if TYPE_CHECKING:
    from plotter.faults import Resume
    from plotter.program import Program
    from plotter.stream import Outcome


class Models(Protocol):
    """Whoever knows the models of machines by name."""

    def machine(self, name: str | None) -> Machine: ...


_SETTING = re.compile(r"\s*\$(\d+)\s*=\s*([-+]?[\d.]+)\s*(?:[;(].*)?")


def settings_of(path: Path) -> dict[int, float]:
    """GRBL settings from a file of `$n=value` lines, as `$$` prints them; raises ValueError naming the line."""
    settings: dict[int, float] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith(("#", ";", "(")) or line.strip() == "ok":
            continue
        found = _SETTING.fullmatch(line)
        if not found:
            raise ValueError(f"{path} line {number}: '{line.strip()}' is not a setting; write $n=value, as $110=6000")
        settings[int(found[1])] = float(found[2])
    return settings


def onto_machine(
    program: "Program",
    port: str,
    machine: Machine,
    *,
    rewrite: "Callable[[Resume], Program] | None" = None,
    ink: Path | None = None,
) -> "Outcome":
    """Prove a program and write it on the machine at `port`, with a progress bar on stderr; Ctrl-C lifts the pen.

    `rewrite` gives the program that goes on where bytes were lost; without it that is the end.
    Raises PortError, ProgramError or MachineMismatch before anything has moved. `ink` is where the picture of a
    simulated machine's paper goes; raises ValueError when the machine is a real one and has no such picture.
    """
    import signal

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from plotter.driver import driver
    from plotter.serialport import open_port
    from plotter.stream import Progress as Written
    from plotter.stream import Wish, connect, stream

    driver(machine).prove(program)
    if ink is not None:
        ink.parent.mkdir(parents=True, exist_ok=True)
        ink.touch()  # a picture that cannot be written is refused before the pen moves
    wish = Wish.GO_ON

    def on_interrupt(_signal: int, _frame: FrameType | None) -> None:
        nonlocal wish
        wish = Wish.STOP

    left = driver(machine).estimate(program).left_by_stroke(program.drawn)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} strokes, {task.fields[left]} left"),
    )
    # Whoever ends this, the pen must not stay on the paper.
    before = {one: signal.signal(one, on_interrupt) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    wire = open_port(port, baud=machine.baud, machine=machine)
    simulator = getattr(wire, "simulator", None)
    try:
        if ink is not None and simulator is None:
            raise ValueError(f"--ink needs a simulated machine; {port} has no picture of its paper")
        with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bar:
            task = bar.add_task("connecting", total=program.strokes, left=_clock(left[0]))
            session = connect(wire, machine)

            def watch(now: Written) -> Wish:
                bar.update(
                    task,
                    description="held" if now.held else "writing",
                    completed=now.stroke,
                    left=_clock(left[now.stroke]),
                )
                return wish

            return stream(wire, session, program, watch=watch, rewrite=rewrite)
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
        if ink is not None and simulator is not None:
            ink.write_text(
                simulator.sheet.picture(machine.width_mm, machine.height_mm, pen_mm=machine.pen_width_mm),
                encoding="utf-8",
            )
        wire.close()


def _clock(seconds: float) -> str:
    """2:10, say."""
    return "{}:{:02d}".format(*divmod(math.ceil(seconds), 60))


@click.command()
@click.option("--pty", "as_pty", is_flag=True, help="Offer a pseudo-terminal (the default).")
@click.option("--tcp", type=click.IntRange(0, 65535), help="Offer a TCP port on 127.0.0.1 instead; 0 takes a free one.")
@click.option("--speed", default=1.0, show_default=True, help="How many times as fast as a real machine.")
@click.option("--machine", help="Model to be; default the first plotter's.")
@click.option(
    "--settings", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="File of $n=value lines."
)
@click.option("--ink", type=click.Path(path_type=Path), help="Write what is on the paper as SVG here at the end.")
@click.option("--log", type=click.Path(path_type=Path), help="Append each finished stroke here as a line of JSON.")
@click.option(
    "--dialect",
    type=click.Choice(["grbl", "grblhal", "fluidnc"]),
    default="grbl",
    show_default=True,
    help="Firmware to be.",
)
@click.option("--fault", "wrong", multiple=True, help="What goes wrong: NAME[:ARGUMENTS][@MOMENT]; see --faults.")
@click.option("--seed", default=0, show_default=True, help="Which bits flip in garbled bytes.")
@click.option("--faults", "list_faults", is_flag=True, help="List the faults there are, and leave.")
@click.pass_obj
def simulate(
    load: Callable[[], Models],
    as_pty: bool,
    tcp: int | None,
    speed: float,
    machine: str | None,
    settings: Path | None,
    ink: Path | None,
    log: Path | None,
    dialect: str,
    wrong: tuple[str, ...],
    seed: int,
    list_faults: bool,
) -> None:
    """Be a GRBL 1.1 plotter for any sender, on a pseudo-terminal or TCP.

    The first line on stdout is the port's path. SIGTERM or Ctrl-C stops it, once the ink has been written.
    """
    if as_pty and tcp is not None:
        raise click.UsageError("Choose --pty or --tcp PORT.")
    from plotter.simfaults import faults, table
    from plotter.simserve import simulate as run

    if list_faults:
        for form, says in table():
            click.echo(f"{form:40}{says}")
        return
    try:
        model = load().machine(machine)
        given = settings_of(settings) if settings else {}
        announce = partial(print, flush=True)
        tell = partial(click.echo, err=True)
        run(
            model,
            tcp=tcp,
            speed=speed,
            settings=given,
            ink=ink,
            log=log,
            faults=faults(*wrong),
            seed=seed,
            dialect=dialect,
            announce=announce,
            tell=tell,
        )
    except (ValueError, OSError) as error:
        click.echo(f"refused: {error}", err=True)
        sys.exit(3)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def ports(as_json: bool) -> None:
    """List the serial ports of this computer."""
    from serial.tools.list_ports import comports

    found = [{"device": p.device, "description": p.description, "hwid": p.hwid} for p in comports()]
    if as_json:
        click.echo(json.dumps({"ports": found}))
    elif found:
        for port in found:
            # pyserial says "n/a" of ports that tell nothing about themselves
            about = [str(port[key]) for key in ("description", "hwid") if port[key] not in (None, "n/a")]
            click.echo("  ".join([port["device"], *about]))
    else:
        click.echo("no serial ports found; try `fairhand simulate --pty` for a simulated one", err=True)


COMMANDS = (simulate, ports)
