"""The command line's words on the care of plotters: care, pen, drift, macro. Each asks the running server."""

import json
from typing import Any

import click

from jobs.asking import Asked, about_a_plotter
from jobs.job import plotter_name


def _tell(care: dict[str, Any]) -> None:
    pen = care["pen"]
    if pen is None:
        click.echo(f"pen: nobody has said which; there are: {', '.join(one['name'] for one in care['pens']) or 'none'}")
    else:
        left = (
            "nobody knows how much ink it holds"
            if pen["left_m"] is None
            else f"{pen['left_m']:g} of {pen['ink_m']:g} m left"
        )
        click.echo(f"pen: {pen['name']} ({pen['title']}), {left}; {pen['cards']} cards, {pen['lifts']} lifts")
    click.echo("lift: " + ", ".join(f"{name} {value:g}" for name, value in care["lift"].items()))
    click.echo(f"in its life: {care['cards']} cards, {care['drawn_m']:g} m of line, {care['lifts']} lifts")
    every = care["drift_check_every"]
    click.echo(
        f"place: {f'checked every {every} cards' if every else 'never checked'}; {care['unchecked']} cards unchecked"
    )
    for check in care["checks"][:5]:
        good = {True: "good", False: "BAD", None: "open"}[check["good"]]
        click.echo(f"  {check['at'][:16]} {check['kind']}: {good}{', ' if check['words'] else ''}{check['words']}")
    if care["macros"]:
        click.echo(f"macros: {', '.join(care['macros'])}")
    for question in (care["asks"], care["out_of_place"]):
        if question:
            name = plotter_name(care["id"])
            how = f"answer {name} yes`, or no" if question == care["asks"] else f"settle {name}`"
            click.echo(f"WAITS: {question} (`fairhand drift {how})")


@click.command()
@about_a_plotter
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def care(plotter: Asked, as_json: bool) -> None:
    """Say how a plotter is looked after: pen, ink left, wear, checks of its place, what it waits for."""
    found = plotter.get("care")
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        _tell(found)


@click.group()
def pen() -> None:
    """Say which pen is in a plotter; find its heights and waits."""


@pen.command()
@about_a_plotter
@click.argument("name")
@click.option("--used", type=click.FloatRange(0), default=0.0, help="Metres it has written already.")
def change(plotter: Asked, name: str, used: float) -> None:
    """This pen is in the plotter now: its ink is counted from here on."""
    _tell(plotter.post("pen", {"pen": name, "used_m": used}))


@pen.command()
@about_a_plotter
@click.argument("settings", nargs=-1, required=True)
def lift(plotter: Asked, settings: tuple[str, ...]) -> None:
    """Set heights and waits of the pen in it: down_s=680 up_s=200 down_settle_s=0.15, or down_mm, up_mm."""
    pairs = [one.partition("=") for one in settings]
    try:
        body = {name: int(value) if value.isdigit() else float(value) for name, _, value in pairs}
    except ValueError:
        raise click.UsageError("Heights and waits are NAME=NUMBER, down_s=680 say.") from None
    _tell(plotter.post("pen/lift", body))


@pen.command()
@about_a_plotter
@click.argument("kind", type=click.Choice(["heights", "settles"]))
@click.argument("values", nargs=-1, type=float, required=True)
def steps(plotter: Asked, kind: str, values: tuple[float, ...]) -> None:
    """Write a row of lines on a sheet to spare, one for each height, or each wait in steps of 0.05 s."""
    body = {"kind": kind, "values": list(values)}
    click.echo(plotter.post("pen/steps", body)["words"])


@pen.command("try")
@about_a_plotter
@click.argument("value", type=float)
def try_(plotter: Asked, value: float) -> None:
    """Bring the pen to one height for a moment, where it stands."""
    click.echo(plotter.post("pen/try", {"value": value})["words"])


@pen.command()
@about_a_plotter
def warm(plotter: Asked) -> None:
    """Write the pen warm beside the cards."""
    click.echo(plotter.post("pen/scribble")["words"])


@click.group()
def drift() -> None:
    """Look whether a plotter stands where it believes to, and say what you saw."""


@drift.command()
@about_a_plotter
def check(plotter: Asked) -> None:
    """Look now."""
    click.echo(plotter.post("check")["words"])


@drift.command()
@about_a_plotter
@click.argument("word", type=click.Choice(["yes", "no"]))
def answer(plotter: Asked, word: str) -> None:
    """Answer what the plotter asks: does it stand over its mark, has it moved?"""
    _tell(plotter.post("check/answer", {"good": word == "yes"}))


@drift.command()
@about_a_plotter
def settle(plotter: Asked) -> None:
    """You have looked at a machine that was out of place: it may go on."""
    _tell(plotter.post("check/settle"))


@click.command()
@about_a_plotter
@click.argument("name")
def macro(plotter: Asked, name: str) -> None:
    """Run one of a plotter's macros."""
    click.echo(plotter.post("macro", {"macro": name})["words"])


COMMANDS = (care, pen, drift, macro)
