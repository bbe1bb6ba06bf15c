"""The command line's words on the care of plotters: care, pen, drift, macro. Each asks the running server.

The server has the plotters' ports and the book of their pens; these commands only speak with it.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import click

from jobs.commands import FAULT, REFUSED, refusals
from jobs.shop import Shop

PATIENCE_S = 330.0  # a little longer than the longest errand

_at = click.option("--at", help="Address of the server; default that of the configuration.")
_plotter = click.argument("plotter")


def ask(shop: Shop, at: str | None, path: str, body: dict[str, Any] | None = None, *, write: bool = True) -> Any:
    """The server's answer; a refusal ends the command with the server's own words and exit code 3."""
    import httpx

    host = f"[{shop.server.host}]" if ":" in shop.server.host else shop.server.host
    address = (at or f"http://{host}:{shop.server.port}").rstrip("/")
    try:
        with httpx.Client(base_url=address, timeout=PATIENCE_S) as client:
            answer = (
                client.post(path, json=body)
                if write and body is not None
                else client.request("POST" if write else "GET", path)
            )
    except httpx.HTTPError as error:
        raise ValueError(
            f"no server answers at {address} ({error}); start it with `fairhand serve`, or say --at"
        ) from None
    try:
        said = answer.json()
    except ValueError:
        click.echo(f"{address} is no Fairhand server: it answers {answer.status_code}", err=True)
        sys.exit(FAULT)
    if answer.is_error:
        click.echo(f"refused: {said.get('detail') or said.get('title')}", err=True)
        sys.exit(REFUSED if answer.is_client_error else FAULT)
    return said


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
        click.echo(f"  {check['at'][:16]} {check['kind']}: {good}, {check['words'] or 'no words'}")
    if care["macros"]:
        click.echo(f"macros: {', '.join(care['macros'])}")
    for question in (care["asks"], care["out_of_place"]):
        if question:
            click.echo(f"WAITS: {question}")


@click.command()
@_plotter
@_at
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
@refusals
def care(load: Callable[[], Shop], /, plotter: str, at: str | None, as_json: bool) -> None:
    """Say how a plotter is looked after: pen, ink left, wear, checks of its place, what it waits for."""
    found = ask(load(), at, f"/v1/plotters/{plotter}/care", write=False)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        _tell(found)


@click.group()
def pen() -> None:
    """Say which pen is in a plotter; find its heights and waits."""


@pen.command()
@_plotter
@click.argument("name")
@click.option("--used", type=click.FloatRange(0), default=0.0, help="Metres it has written already.")
@_at
@click.pass_obj
@refusals
def change(load: Callable[[], Shop], /, plotter: str, name: str, used: float, at: str | None) -> None:
    """This pen is in the plotter now: its ink is counted from here on."""
    _tell(ask(load(), at, f"/v1/plotters/{plotter}/pen", {"pen": name, "used_m": used}))


@pen.command()
@_plotter
@click.argument("settings", nargs=-1, required=True)
@_at
@click.pass_obj
@refusals
def lift(load: Callable[[], Shop], /, plotter: str, settings: tuple[str, ...], at: str | None) -> None:
    """Set heights and waits of the pen in it: down_s=680 up_s=200 down_settle_s=0.15, or down_mm, up_mm."""
    pairs = [one.partition("=") for one in settings]
    try:
        body = {name: int(value) if value.isdigit() else float(value) for name, _, value in pairs}
    except ValueError:
        raise click.UsageError("Heights and waits are NAME=NUMBER, down_s=680 say.") from None
    _tell(ask(load(), at, f"/v1/plotters/{plotter}/pen/lift", body))


@pen.command()
@_plotter
@click.argument("kind", type=click.Choice(["heights", "settles"]))
@click.argument("values", nargs=-1, type=float, required=True)
@_at
@click.pass_obj
@refusals
def steps(load: Callable[[], Shop], /, plotter: str, kind: str, values: tuple[float, ...], at: str | None) -> None:
    """Write a row of lines on a sheet to spare, one for each height, or each wait in steps of 0.05 s."""
    body = {"kind": kind, "values": list(values)}
    click.echo(ask(load(), at, f"/v1/plotters/{plotter}/pen/steps", body)["words"])


@pen.command("try")
@_plotter
@click.argument("value", type=float)
@_at
@click.pass_obj
@refusals
def try_(load: Callable[[], Shop], /, plotter: str, value: float, at: str | None) -> None:
    """Bring the pen to one height for a moment, where it stands."""
    click.echo(ask(load(), at, f"/v1/plotters/{plotter}/pen/try", {"value": value})["words"])


@pen.command()
@_plotter
@_at
@click.pass_obj
@refusals
def warm(load: Callable[[], Shop], /, plotter: str, at: str | None) -> None:
    """Write the pen warm beside the cards."""
    click.echo(ask(load(), at, f"/v1/plotters/{plotter}/pen/scribble")["words"])


@click.group()
def drift() -> None:
    """Look whether a plotter stands where it believes to, and say what you saw."""


@drift.command()
@_plotter
@_at
@click.pass_obj
@refusals
def check(load: Callable[[], Shop], /, plotter: str, at: str | None) -> None:
    """Look now."""
    click.echo(ask(load(), at, f"/v1/plotters/{plotter}/check")["words"])


@drift.command()
@_plotter
@click.argument("word", type=click.Choice(["yes", "no"]))
@_at
@click.pass_obj
@refusals
def answer(load: Callable[[], Shop], /, plotter: str, word: str, at: str | None) -> None:
    """Answer what the plotter asks: does it stand over its mark, has it moved?"""
    _tell(ask(load(), at, f"/v1/plotters/{plotter}/check/answer", {"good": word == "yes"}))


@drift.command()
@_plotter
@_at
@click.pass_obj
@refusals
def settle(load: Callable[[], Shop], /, plotter: str, at: str | None) -> None:
    """You have looked at a machine that was out of place: it may go on."""
    _tell(ask(load(), at, f"/v1/plotters/{plotter}/check/settle"))


@click.command()
@_plotter
@click.argument("name")
@_at
@click.pass_obj
@refusals
def macro(load: Callable[[], Shop], /, plotter: str, name: str, at: str | None) -> None:
    """Run one of a plotter's macros."""
    click.echo(ask(load(), at, f"/v1/plotters/{plotter}/macro", {"macro": name})["words"])


COMMANDS = (care, pen, drift, macro)
