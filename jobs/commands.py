"""The command line's words on notes: write, plot, estimate.

Data goes to stdout, talk to stderr. Heavy packages are imported where they are needed, so that `--help` is quick.
"""

import functools
import json
import secrets
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

from jobs.shop import Shop, ShopFault
from plotter.machine import Machine, Slot
from plotter.port import PortError

if TYPE_CHECKING:
    from fonts.hands import Hands
    from jobs.compose import Composition, Shelf
    from plotter.faults import Resume
    from plotter.program import Program

DONE, FAULT, USAGE, REFUSED, INTERRUPTED = 0, 1, 2, 3, 4
EXIT_CODES = (
    "Exit codes: 0 done; 1 a fault of ours; 2 wrong usage; "
    "3 refused, nothing has moved; 4 interrupted, the pen may have touched paper."
)

P = ParamSpec("P")
R = TypeVar("R")


def refusals(command: Callable[P, R]) -> Callable[P, R]:
    """A command whose refusals are told in words on stderr and end it with exit code 3."""

    @functools.wraps(command)
    def told(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except (ValueError, PortError, OSError) as error:
            # Every refusal in the house is a ValueError or a PortError that says what, where and what to do.
            if isinstance(error, BrokenPipeError):
                raise
            click.echo(f"refused: {error}", err=True)
            sys.exit(REFUSED)

    return told


# ------------------------------------------------------------------ what is to be written
_KNOBS = (
    ("neatness", 0, 1, "1 scatters half as much as people do, .5 as much, 0 twice."),
    ("speed", 0, 1, "1 is in a hurry, 0 takes its time."),
    ("slant", -20, 25, "Degrees to the right, on top of how the letters are drawn."),
    ("size", 0.6, 1.6, "Against what the paper asks for; never below its least."),
    ("connectedness", 0, 1, "Share of the possible joins that are made."),
)


def _note_options(command: Callable[P, R]) -> Callable[P, R]:
    for option in reversed(
        (
            click.argument("text", required=False),
            click.option("--file", "file", type=click.File("r", encoding="utf-8-sig"), help="Text file; '-' is stdin."),
            click.option("--hand", help="Hand to write in; `fairhand hands` lists them."),
            click.option("--stock", help="Paper to write on; `fairhand stocks` lists them."),
            click.option("--seed", type=click.IntRange(0, 2**53 - 1), help="Same note and seed, same strokes."),
            click.option(
                "--transliterate",
                is_flag=True,
                help="Write what the hand has no letter for in letters it has.",
            ),
            click.option("--artwork", help="Signature or doodle to go with it, by name; '' for none."),
            *(click.option(f"--{name}", type=click.FloatRange(*bounds), help=words) for name, *bounds, words in _KNOBS),
        )
    ):
        command = option(command)
    return command


def _words(text: str | None, file: Any) -> str:
    if (text is None) == (file is None):
        raise click.UsageError("Give the words either as TEXT ('-' reads stdin) or with --file FILE.")
    if file is not None:
        try:
            return str(file.read())
        except UnicodeDecodeError:
            raise ValueError(f"{file.name} is no text: it holds bytes that are no UTF-8") from None
    return sys.stdin.read() if text == "-" else str(text)


def _paragraphs(text: str) -> list[str]:
    return [part.strip("\n") for part in text.replace("\r\n", "\n").split("\n\n") if part.strip()]


def hands_of(shop: Shop) -> "Hands":
    """The hands that notes of this shop may name: shipped, added, and its own; raises ShopFault."""
    from fonts.library import NoHand, Person, library
    from fonts.manner import Manner

    knobs = [one.name for one in fields(Manner)]
    people = {
        name: Person(one.face, one.title, Manner(**{knob: getattr(one, knob) for knob in knobs}))
        for name, one in shop.hands.items()
    }
    try:
        return library(Path(shop.notes.hands) if shop.notes.hands else None, people)
    except NoHand as error:
        raise ShopFault(error.faults) from None


def shelf_of(shop: Shop) -> "Shelf":
    """The hands, stocks, templates and artwork that notes of this shop may name; raises ShopFault."""
    from fonts.drawer import Drawer
    from jobs.compose import Shelf

    notes = shop.notes
    drawer = Drawer(Path(notes.artwork) if notes.artwork else None)
    if lost := {hand: name for hand, name in notes.signatures.items() if name not in drawer}:
        raise ShopFault([f"[notes.signatures] {hand}: there is no artwork '{name}'" for hand, name in lost.items()])
    return Shelf(
        hands=hands_of(shop),
        stocks=shop.stocks,
        templates=shop.templates,
        home=notes.country,
        artwork=drawer,
        signatures=notes.signatures,
    )


def _composed(
    shop: Shop,
    text: str,
    seed: int,
    *,
    hand: str | None,
    stock: str | None,
    transliterate: bool,
    artwork: str | None,
    **knobs: float | None,
) -> "Composition":
    from jobs.compose import compose
    from jobs.note import Note, literal

    shelf = shelf_of(shop)
    hand, stock = hand or shop.notes.hand, stock or shop.notes.stock
    note = Note(
        text=literal(text),
        hand=hand,
        stock=stock,
        seed=seed,
        transliterate=transliterate,
        artwork=shelf.signature(hand, stock) if artwork is None else artwork,
        knobs={name: value for name, value in knobs.items() if value is not None},
    )
    card = compose(note, shelf)
    for warning in card.warnings:
        click.echo(f"warning: {warning.message}", err=True)
    return card


FORMATS = ("svg", "png", "json", "gcode")


@click.command()
@_note_options
@click.option("--format", "kind", type=click.Choice(FORMATS), help="Default: what -o ends in, else svg.")
@click.option("--each", is_flag=True, help="Each paragraph is a note of its own; with -o a folder for svg, png, gcode.")
@click.option("--machine", help="For gcode: the model to write for; default the first plotter's.")
@click.option("--slot", help="For gcode: where the card lies, X,Y or X,Y,DEGREES in mm from machine zero.")
@click.option("-o", "output", type=click.Path(path_type=Path), help="Where to; default stdout.")
@click.pass_obj
@refusals
def write(
    load: Callable[[], Shop],
    /,
    text: str | None,
    file: Any,
    seed: int | None,
    kind: str | None,
    each: bool,
    machine: str | None,
    slot: str | None,
    output: Path | None,
    **asked: Any,
) -> None:
    """Write words to ink, without a server: a picture, strokes in mm, or G-code.

    Without --seed a new one is drawn and told on stderr. With --each, notes that are refused are told and
    left out, the others are written, and the exit code is 3.
    """
    shop = load()
    ending = "" if output is None else output.suffix.lstrip(".").lower()
    kind = kind or (ending if ending in FORMATS else "svg")
    if kind == "png" and output is None and sys.stdout.isatty():
        raise click.UsageError("A terminal shows no PNG: say -o FILE.")
    if seed is None:
        seed = secrets.randbelow(2**31)
        click.echo(f"seed {seed}", err=True)
    words = _words(text, file)
    notes = _paragraphs(words) if each else [words]
    if each and kind != "json":
        if output is None:
            raise click.UsageError("--each with svg, png or gcode needs -o FOLDER.")
        output.mkdir(parents=True, exist_ok=True)
    samples, refused = [], 0
    for k, one in enumerate(notes):
        try:
            card = _composed(shop, one, seed + k, **asked)
        except ValueError as error:
            if not each:
                raise
            refused += 1
            click.echo(f"note {k + 1} refused: {error}", err=True)
            continue
        if kind == "json":
            samples.append({"text": one, "hand": card.hand, "seed": card.seed, "y": "up", "strokes": card.strokes})
        else:
            data = _rendered(shop, card, kind, machine, slot)
            _put(data, output / f"note-{k + 1:03d}.{kind}" if each and output else output)
    if kind == "json":
        listed = json.dumps({"samples": samples}, ensure_ascii=False, default=lambda stroke: stroke.tolist())
        _put((listed + "\n").encode(), output)
    if refused:
        click.echo(f"{refused} of {len(notes)} notes refused", err=True)
        sys.exit(REFUSED)


def _rendered(shop: Shop, card: "Composition", kind: str, machine: str | None, slot: str | None) -> bytes:
    from plotter.svg import draw, png

    if kind == "gcode":
        model, place = _machine_and_slot(shop, machine, slot)
        return _program(card, model, place).text.encode()
    paper = card.stock
    pen = shop.machine(machine).pen_width_mm
    picture = draw(card.strokes, paper.width_mm, paper.height_mm, pen_mm=pen, fold=paper.fold)
    return png(picture) if kind == "png" else picture.encode()


def _put(data: bytes, output: Path | None) -> None:
    if output is None:
        sys.stdout.buffer.write(data)
    else:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(data)


def _machine_and_slot(shop: Shop, machine: str | None, slot: str | None) -> tuple[Machine, Slot]:
    model = shop.machine(machine)
    if slot is not None:
        try:
            x, y, *turn = [float(part) for part in slot.split(",")]
            (degrees,) = turn or [0.0]
        except ValueError:
            raise click.UsageError(f"--slot is X,Y or X,Y,DEGREES in mm and degrees, not '{slot}'.") from None
        return model, Slot(x_mm=x, y_mm=y, rotation_deg=degrees)
    for plotter in shop.plotters:
        if plotter.machine == model:
            return model, plotter.slot
    return model, Slot()


def _program(card: "Composition", machine: Machine, slot: Slot) -> "Program":
    from plotter.driver import driver

    tongue = driver(machine)
    program = tongue.write(card.planned(slot, machine))
    tongue.prove(program)
    return program


# ------------------------------------------------------------------ straight onto a machine
@click.command()
@_note_options
@click.option(
    "--gcode", "gcode_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="G-code file."
)
@click.option("--port", required=True, help="Device path, pty, hwgrep://..., socket://host:port, or sim://.")
@click.option("--machine", help="Model on that port; default the first plotter's.")
@click.option("--slot", help="Where the card lies: X,Y or X,Y,DEGREES in mm from machine zero.")
@click.option("--ink", type=click.Path(path_type=Path), help="With sim://: write what is on the paper as SVG here.")
@click.pass_obj
@refusals
def plot(
    load: Callable[[], Shop],
    /,
    text: str | None,
    file: Any,
    seed: int | None,
    gcode_file: Path | None,
    port: str,
    machine: str | None,
    slot: str | None,
    ink: Path | None,
    **asked: Any,
) -> None:
    """Write a note, or a G-code file, straight onto one machine. The blank must lie in place: the pen moves at once.

    Ctrl-C lifts the pen and stops. Exit code 0 finished, 3 refused before anything moved, 4 interrupted.
    """
    from plotter.commands import onto_machine
    from plotter.driver import driver

    shop = load()
    model, place = _machine_and_slot(shop, machine, slot)
    rewrite: Callable[[Resume], Program] | None = None
    if gcode_file is not None:
        if text is not None or file is not None:
            raise click.UsageError("Give either words or --gcode FILE.")
        from plotter.gcode import read

        program = read(_gcode(gcode_file))
    else:
        seed = secrets.randbelow(2**31) if seed is None else seed
        click.echo(f"seed {seed}", err=True)
        path = _composed(shop, _words(text, file), seed, **asked).planned(place, model)
        write_on = driver(model).write
        program = write_on(path)

        def rest(resume: "Resume") -> "Program":
            return write_on(path, first_stroke=resume.stroke, from_mm=resume.mm)

        rewrite = rest
    outcome = onto_machine(program, port, model, rewrite=rewrite, ink=ink)
    far = (
        f" {outcome.strokes_done} of {program.strokes} strokes are drawn."
        if outcome.verdict.name == "INTERRUPTED"
        else ""
    )
    click.echo(f"{outcome.verdict.name.lower()}: {outcome.reason}{far}", err=True)
    sys.exit({"FINISHED": DONE, "REFUSED": REFUSED}.get(outcome.verdict.name, INTERRUPTED))


@click.command()
@_note_options
@click.option(
    "--gcode", "gcode_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="G-code file."
)
@click.option("--machine", help="Model; default the first plotter's.")
@click.option(
    "--settings", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="File of $n=value lines."
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
@refusals
def estimate(
    load: Callable[[], Shop],
    /,
    text: str | None,
    file: Any,
    seed: int | None,
    gcode_file: Path | None,
    machine: str | None,
    settings: Path | None,
    as_json: bool,
    **asked: Any,
) -> None:
    """Say how long a note or a G-code file takes on a machine, and how much ink, travel and how many lifts."""
    from plotter.driver import driver
    from plotter.motion import estimate as machine_time
    from plotter.words import GcodeError

    shop = load()
    model, place = _machine_and_slot(shop, machine, None)
    if settings is not None:
        from plotter.commands import settings_of

        model = with_settings(model, settings_of(settings))
    if gcode_file is not None:
        try:
            it = machine_time(_gcode(gcode_file).splitlines(), model)
        except GcodeError as error:
            raise ValueError(f"{gcode_file}: GRBL refuses a line of it with {error}") from None
    else:
        card = _composed(shop, _words(text, file), 0 if seed is None else seed, **asked)
        it = driver(model).estimate(_program(card, model, place))
    figures = {
        "seconds": round(it.seconds, 3),
        "ink_mm": round(it.ink_mm, 1),
        "travel_mm": round(it.travel_mm, 1),
        "lifts": it.lifts,
    }
    if as_json:
        click.echo(json.dumps(figures))
    else:
        click.echo(
            f"{_duration(it.seconds)}, {it.ink_mm / 1000:.2f} m ink, "
            f"{it.travel_mm / 1000:.2f} m travel, {it.lifts} lifts"
        )


def _gcode(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except UnicodeDecodeError:
        raise ValueError(f"{file} is no G-code: it holds bytes that are no ASCII") from None


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def with_settings(machine: Machine, settings: dict[int, float]) -> Machine:
    """The machine with the rates, accelerations and sizes that GRBL `$n=value` settings say."""

    def three(first: int, now: tuple[float, float, float]) -> tuple[float, float, float]:
        x, y, z = (settings.get(first + axis, now[axis]) for axis in range(3))
        return (x, y, z)

    return replace(
        machine,
        junction_deviation_mm=settings.get(11, machine.junction_deviation_mm),
        steps_per_mm=three(100, machine.steps_per_mm),
        max_rate_mm_min=three(110, machine.max_rate_mm_min),
        acceleration_mm_s2=three(120, machine.acceleration_mm_s2),
        width_mm=settings.get(130, machine.width_mm),
        height_mm=settings.get(131, machine.height_mm),
    )


COMMANDS = (write, plot, estimate)
