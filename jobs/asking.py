"""Asking: how the command line's words on one plotter reach the server that has its port and the books on it."""

import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from jobs.commands import FAULT, REFUSED, refusals
from jobs.shop import Shop

PATIENCE_S = 330.0  # a little longer than the longest errand


@dataclass(frozen=True)
class Asked:
    """A plotter of the running server at `address`. A refusal ends the command, with the server's own words."""

    address: str
    plotter: str

    def get(self, what: str = "") -> Any:
        """What the server says about it."""
        return self._ask("GET", what)

    def post(self, what: str, body: dict[str, Any] | None = None) -> Any:
        """What comes of a person's word on it."""
        return self._ask("POST", what, body)

    def _ask(self, method: str, what: str, body: dict[str, Any] | None = None) -> Any:
        import httpx

        path = "/".join(filter(None, ("/v1/plotters", self.plotter, what)))
        try:
            with httpx.Client(base_url=self.address, timeout=PATIENCE_S) as client:
                answer = client.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise ValueError(
                f"no server answers at {self.address} ({error}); start it with `fairhand serve`, or say --at"
            ) from None
        try:
            said = answer.json()
        except ValueError:
            click.echo(f"{self.address} is no Fairhand server: it answers {answer.status_code}", err=True)
            sys.exit(FAULT)
        if answer.is_error:
            click.echo(f"refused: {said.get('detail') or said.get('title')}", err=True)
            sys.exit(REFUSED if answer.is_client_error else FAULT)
        return said


def about_a_plotter(command: Callable[..., None]) -> Callable[..., None]:
    """A command on one plotter of the running server, which it is given as its first argument."""

    @click.argument("plotter")
    @click.option("--at", help="Address of the server; default that of the configuration.")
    @click.pass_obj
    @refusals
    @functools.wraps(command)
    def asking(load: Callable[[], Shop], /, plotter: str, at: str | None, **said: Any) -> None:
        configured = load().server.url()
        command(Asked((at or configured).rstrip("/"), plotter), **said)

    return asking
