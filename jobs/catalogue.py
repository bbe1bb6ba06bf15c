"""The command line's words on what there is: hands, stocks, plotters, and specimens of the hands."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import click

from jobs.commands import hands_of, refusals, shelf_of
from jobs.shop import Shop
from plotter.machine import Slot

SPECIMEN = """Dear Sarah,
thank you for your order No. 88213! I packed the quilt, six jars of honey and the brass zither myself this \
morning; Jürgen & Zoë checked every knot. If anything is not quite right, write to me.
Warmly,
Margaret"""
_LICENCE = 1200  # characters of a licence shown; the Hershey acknowledgement is shown whole


def _table(title: str, head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*head, title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*row)
    Console(soft_wrap=False).print(table)


def _shortened(words: str) -> str:
    """A licence as far as a terminal takes it; the whole of it stands in the JSON."""
    return (
        words
        if len(words) <= _LICENCE
        else f"{words[:_LICENCE].rsplit(' ', 1)[0]} ... (`fairhand hands --json` shows all)"
    )


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--coverage", is_flag=True, help="Which characters each shipped hand can write, in Markdown.")
@click.pass_context
@refusals
def hands(context: click.Context, as_json: bool, coverage: bool) -> None:
    """List the hands, and whom their letters are owed to; `hands add FILE` adds a font."""
    if context.invoked_subcommand is not None:
        return
    if coverage:
        from fonts.coverage import page
        from fonts.hands import hands as shipped

        click.echo(page({name: hand.face for name, hand in shipped().items()}), nl=False)
        return
    listed = [
        {
            "name": name,
            "title": hand.title,
            "style": hand.face.style,
            "characters": len(hand.face.glyphs),
            "acknowledgement": hand.face.acknowledgement,
        }
        for name, hand in hands_of(context.obj()).items()
    ]
    if as_json:
        click.echo(json.dumps({"hands": listed}, ensure_ascii=False))
        return
    _table("", ("hand", "what it is", "style"), ((str(h["name"]), str(h["title"]), str(h["style"])) for h in listed))
    owed: dict[str, list[str]] = {}
    for hand in listed:
        if hand["acknowledgement"]:
            owed.setdefault(str(hand["acknowledgement"]), []).append(str(hand["name"]))
    for words, names in owed.items():
        click.echo(f"\n{', '.join(names)}: {_shortened(words)}")


@hands.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", help="What notes call it: a-z, 0-9 and -; default from the file's name.")
@click.option("--title", help="What people call it; default the font's own name.")
@click.option("--replace", "again", is_flag=True, help="Take the place of a font that was added under this name.")
@click.option("-o", "output", type=click.Path(path_type=Path), default=Path("out/specimens"), show_default=True)
@click.pass_obj
@refusals
def add(load: Callable[[], Shop], file: Path, name: str | None, title: str | None, again: bool, output: Path) -> None:
    """Add a font as a hand: a single-line SVG font, or a TTF, OTF or WOFF (needs the import extra).

    Says how good it became, and draws a specimen. See to it that the font's licence lets you.
    """
    from fonts.hands import AS_DRAWN, adapted
    from fonts.kept import keep
    from fonts.library import NAME, added
    from fonts.specimen import sheet
    from plotter.svg import draw, png

    shop = load()
    if not shop.notes.hands:
        raise ValueError("[notes] hands names no folder to keep added fonts in")
    folder = Path(shop.notes.hands)
    name = name or re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-")[:31].strip("-")
    if not re.fullmatch(NAME, name):
        raise ValueError(f"'{name}' is no name for a hand: a-z, 0-9 and -, at most 31; give one with --name")
    if name in hands_of(shop) and not (again and name in added(folder)):
        raise ValueError(f"there is a hand '{name}' already; give another --name, or --replace one that was added")
    if file.suffix.lower() == ".svg":
        from fonts.svgfont import read
    else:
        from fonts.outline import read
    face, report = read(file, name)
    face = replace(face, title=title) if title else face
    hand = adapted(name, face.title, face, AS_DRAWN)
    letters = sheet(hand.face)
    picture = draw(letters.strokes, letters.width_mm, letters.height_mm, pen_mm=shop.machine(None).pen_width_mm)
    output.mkdir(parents=True, exist_ok=True)
    (output / f"{name}-letters.png").write_bytes(png(picture))
    keep(face, report, folder / f"{name}.json")
    click.echo(f"{name}: {face.title} ({report.kind}, {face.style})")
    click.echo(f"characters     {report.characters} read, {len(hand.face.glyphs)} with accents and marks put together")
    click.echo(f"strokes        {report.strokes_per_letter:.2f} a small letter; {report.joined} letters join the next")
    click.echo(f"kerning        {report.kerning_pairs} pairs")
    if report.covered is not None and report.beyond is not None:
        click.echo(f"ink            {report.covered:.0%} covered by the strokes; {report.beyond:.0%} of them beyond it")
    for char, why in report.failed.items():
        click.echo(f"left out       {char}: {why}")
    click.echo(f"licence        {_shortened(face.acknowledgement)}")
    click.echo(output / f"{name}-letters.png")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
@refusals
def stocks(load: Callable[[], Shop], as_json: bool) -> None:
    """List the papers that can be written on."""
    from pydantic import TypeAdapter

    from fonts.card import Stock

    shop = load()
    if as_json:
        listed = {name: TypeAdapter(Stock).dump_python(stock, mode="json") for name, stock in shop.stocks.items()}
        click.echo(json.dumps({"stocks": listed}, ensure_ascii=False))
        return
    rows = (
        (name, stock.title, f"{stock.width_mm:g} x {stock.height_mm:g}", ", ".join(stock.frames))
        for name, stock in shop.stocks.items()
    )
    _table("", ("stock", "what it is", "mm", "frames"), rows)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
@refusals
def plotters(load: Callable[[], Shop], as_json: bool) -> None:
    """List the plotters of the configuration."""
    shop = load()
    names = {id(model): name for name, model in shop.machines.items()}
    listed = [
        {
            "name": one.name,
            "port": one.port,
            "machine": names[id(one.machine)],
            "capacity": one.load,
            "slot": _place(next(iter(one.bed.values()))),
            "slots": {name: _place(slot) for name, slot in one.bed.items()},
        }
        for one in shop.plotters
    ]
    if as_json:
        click.echo(json.dumps({"plotters": listed}))
        return
    rows = ((str(p["name"]), str(p["port"]), str(p["machine"]), str(p["capacity"])) for p in listed)
    _table("", ("plotter", "port", "machine", "blanks a load"), rows)


def _place(slot: Slot) -> dict[str, float]:
    return {"x_mm": slot.x_mm, "y_mm": slot.y_mm, "rotation_deg": slot.rotation_deg}


@click.command()
@click.option("-o", "output", type=click.Path(path_type=Path), default=Path("out/specimens"), show_default=True)
@click.option("--dpi", type=click.IntRange(50, 1200), default=300, show_default=True, help="Pixels an inch of paper.")
@click.pass_obj
@refusals
def specimens(load: Callable[[], Shop], output: Path, dpi: int) -> None:
    """Draw every hand as PNG: its letters, three cards with different seeds, and a line of each on one sheet."""
    from fonts.specimen import sheet, side_by_side
    from jobs.compose import compose
    from jobs.note import Note, literal
    from plotter.svg import draw, png

    shop = load()
    shelf = shelf_of(shop)
    pen_mm = shop.machine(None).pen_width_mm
    output.mkdir(parents=True, exist_ok=True)
    together = side_by_side(shelf.hands)
    overview = draw(together.strokes, together.width_mm, together.height_mm, pen_mm=pen_mm)
    (output / "hands.png").write_bytes(png(overview, dpi))
    click.echo(output / "hands.png")
    for name, hand in shelf.hands.items():
        letters = sheet(hand.face)
        pictures = {f"{name}-letters": draw(letters.strokes, letters.width_mm, letters.height_mm, pen_mm=pen_mm)}
        for seed in (1, 2, 3):
            note = Note(text=literal(SPECIMEN), hand=name, stock=shop.notes.stock, seed=seed)
            card = compose(note, shelf)
            picture = draw(card.strokes, card.stock.width_mm, card.stock.height_mm, pen_mm=pen_mm)
            pictures[f"{name}-card-{seed}"] = picture
        for file, picture in pictures.items():
            (output / f"{file}.png").write_bytes(png(picture, dpi))
            click.echo(output / f"{file}.png")


COMMANDS = (hands, stocks, plotters, specimens)
