"""The command line's words on a plotter at work: pause, activate, hold, lift, resume, stop. Each asks the server."""

from typing import Any

import click

from jobs.asking import Asked, about_a_plotter


def _tell(plotter: dict[str, Any]) -> None:
    far = plotter["progress"]
    card = f", card {plotter['job']}: {far['stroke']} of {far['strokes']} strokes" if far else ""
    wanted = f", asked to {plotter['wanted'].replace('_', ' ')}" if plotter["wanted"] else ""
    click.echo(f"{plotter['name']}: {plotter['mode']}, {plotter['condition']}{card}{wanted}")
    if plotter["reason"]:
        click.echo(plotter["reason"])


def _wish(name: str, words: str) -> click.Command:
    @click.command(name, help=words)
    @about_a_plotter
    def wish(plotter: Asked) -> None:
        _tell(plotter.post(name))

    return wish


COMMANDS = (
    _wish("pause", "Let a plotter take no more cards; the one in hand goes on."),
    _wish("activate", "Let a paused plotter take cards again."),
    _wish("hold", "Hold a card at the next pen lift."),
    _wish("lift", "Lift the pen at once, in mid-stroke; `resume` sets it down in the same place."),
    _wish("resume", "Go on with a card that is held or lifted."),
    _wish("stop", "Stop at once and lift the pen: the card then waits for your decision."),
)
