"""The command line's words on what there is: hands, stocks, plotters, and specimens of the hands."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from jobs.commands import refusals, shelf_of
from jobs.shop import Shop

SPECIMEN = """Dear Sarah,
thank you for your order No. 88213! I packed the quilt, six jars of honey and the brass zither myself this \
morning; Jürgen & Zoë checked every knot. If anything is not quite right, write to me.
Warmly,
Margaret"""


def _table(title: str, head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*head, title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*row)
    Console(soft_wrap=False).print(table)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--coverage", is_flag=True, help="Which characters each shipped hand can write, in Markdown.")
@refusals
def hands(as_json: bool, coverage: bool) -> None:
    """List the hands, and whom their letters are owed to."""
    from fonts.hands import hands as all_hands

    if coverage:
        from fonts.coverage import page

        click.echo(page({name: hand.face for name, hand in all_hands().items()}), nl=False)
        return
    listed = [
        {
            "name": name,
            "title": hand.title,
            "style": hand.face.style,
            "characters": len(hand.face.glyphs),
            "acknowledgement": hand.face.acknowledgement,
        }
        for name, hand in all_hands().items()
    ]
    if as_json:
        click.echo(json.dumps({"hands": listed}, ensure_ascii=False))
        return
    _table("", ("hand", "what it is", "style"), ((str(h["name"]), str(h["title"]), str(h["style"])) for h in listed))
    for hand in listed:
        if hand["acknowledgement"]:
            click.echo(f"\n{hand['name']}: {hand['acknowledgement']}")


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
            "capacity": one.capacity,
            "slot": {"x_mm": one.slot.x_mm, "y_mm": one.slot.y_mm, "rotation_deg": one.slot.rotation_deg},
        }
        for one in shop.plotters
    ]
    if as_json:
        click.echo(json.dumps({"plotters": listed}))
        return
    rows = ((str(p["name"]), str(p["port"]), str(p["machine"]), str(p["capacity"])) for p in listed)
    _table("", ("plotter", "port", "machine", "blanks a load"), rows)


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
