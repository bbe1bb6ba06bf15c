"""The command line's words on what lies on a plotter's bed: bed, load, slot, fed. Each asks the running server."""

import json
from typing import Any

import click

from jobs.asking import Asked, about_a_plotter


class Place(click.ParamType[tuple[float, float]]):
    """X,Y in mm."""

    name = "x,y"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        if isinstance(value, tuple):
            return value
        try:
            x, y = (float(part) for part in value.split(","))
        except ValueError:
            self.fail(f"'{value}' is no place: X,Y in mm from the machine's zero", param, ctx)
        return x, y


def _tell(plotter: dict[str, Any]) -> None:
    if plotter["condition"] in ("offline", "fault"):
        click.echo(f"{plotter['name']} is {plotter['condition']}: {plotter['reason']}", err=True)
    for slot in plotter["slots"]:
        of = f" of {slot['stock']}" if slot["stock"] and slot["lies"] != "nothing" else ""
        many = f" ({slot['blanks']})" if slot["blanks"] > 1 else ""
        place = f"{slot['x_mm']:.2f}, {slot['y_mm']:.2f} mm, turned {slot['rotation_deg']:.2f} degrees"
        since = f"measured {slot['measured_at'][:16]}" if slot["measured_at"] else "as configured"
        click.echo(f"{slot['name']}: {slot['lies']}{of}{many}; lies at {place}, {since}")
        if slot["feed"] == "asked":
            click.echo(f"WAITS: has the feeder brought a card? `fairhand fed {plotter['name']} yes`, or no")


@click.command()
@about_a_plotter
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def bed(plotter: Asked, as_json: bool) -> None:
    """Say what lies in a plotter's slots, and where they lie."""
    found = plotter.get()
    if as_json:
        click.echo(json.dumps({"bed": found["bed"], "slots": found["slots"]}))
    else:
        _tell(found)


@click.command("load")
@about_a_plotter
@click.option("--stock", help="Paper of the blanks, in all slots or the first --count.")
@click.option("--count", type=click.IntRange(0, 10000), help="How many; default all that it holds.")
@click.option("--slot", "slots", multiple=True, help="SLOT=STOCK: a blank lies there; none in others not named.")
def load_blanks(plotter: Asked, stock: str | None, count: int | None, slots: tuple[str, ...]) -> None:
    """You have laid blanks in and looked: the bed is clear, the cards lie in place. The plotter writes on them then."""
    pairs = [one.partition("=") for one in slots]
    if any(not equals for _, equals, _ in pairs):
        raise click.UsageError("--slot is SLOT=STOCK, a=a6 say.")
    body: dict[str, Any] = {"slots": {name: paper for name, _, paper in pairs}} if pairs else {}
    body |= {"stock": stock} if stock is not None else {}
    body |= {"count": count} if count is not None else {}
    _tell(plotter.post("blanks", body))


@click.group()
def slot() -> None:
    """Measure where a slot lies, or take the configuration's word again."""


@slot.command()
@about_a_plotter
@click.argument("name")
@click.option("--stock", required=True, help="Paper that lies there.")
@click.option("--lower-left", "left", type=Place(), help="Its corner, X,Y in mm; else you bring the pen above it.")
@click.option("--lower-right", "right", type=Place(), help="Its corner, X,Y in mm; else you bring the pen above it.")
def measure(
    plotter: Asked,
    name: str,
    stock: str,
    left: tuple[float, float] | None,
    right: tuple[float, float] | None,
) -> None:
    """Two corners of a paper that lies in the slot say where the slot lies and how it is turned."""

    def touched(given: tuple[float, float] | None, which: str) -> dict[str, float]:
        if given is not None:
            return {"x_mm": given[0], "y_mm": given[1]}
        click.prompt(f"Bring the pen above the {which} corner, then Enter", default="", show_default=False)
        found: dict[str, float] = plotter.post("here", {})
        click.echo(f"{which}: {found['x_mm']:.2f}, {found['y_mm']:.2f}")
        return found

    body = {"stock": stock, "lower_left": touched(left, "lower left"), "lower_right": touched(right, "lower right")}
    _tell(plotter.post(f"slots/{name}/measure", body))


@slot.command()
@about_a_plotter
@click.argument("name")
def reset(plotter: Asked, name: str) -> None:
    """The slot lies again where the configuration says."""
    _tell(plotter.post(f"slots/{name}/reset"))


@click.command()
@about_a_plotter
@click.argument("word", type=click.Choice(["yes", "no"]))
def fed(plotter: Asked, word: str) -> None:
    """Answer a plotter that asks: has its feeder brought a card, and does it lie in place?"""
    _tell(plotter.post("fed", {"card": "here" if word == "yes" else "missing"}))


COMMANDS = (bed, load_blanks, slot, fed)
