"""A shop behind its real HTTP side, for tests: real hands and papers, a database for once, plotters that tests play."""

import itertools
import socket
import threading
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from fonts.drawer import Drawer
from fonts.hands import hands
from jobs.api import create_app
from jobs.api_errors import CODES, FAULTS
from jobs.compose import Shelf
from jobs.desk import Desk
from jobs.dispatch import Dispatch
from jobs.fleet import Fleet
from jobs.job import Condition
from jobs.shop import Shop, shop
from jobs.store import Store
from plotter.machine import Plotter

ROOT = Path(__file__).parent.parent
ORDERS = (ROOT / "examples" / "orders.csv").read_bytes()
BAD_ORDERS = (ROOT / "examples" / "bad_orders.csv").read_bytes()
# What the API says of itself is the same for every shop, and takes longer to say than many a test.
_DESCRIBED: dict[str, Any] = {}


def example_shop() -> Shop:
    """The shop of the shipped configuration."""
    templates = tomllib.loads((ROOT / "examples" / "templates.toml").read_text(encoding="utf-8"))
    return shop(tomllib.loads((ROOT / "config.toml").read_text(encoding="utf-8")), templates)


@dataclass(frozen=True)
class House:
    """What a test holds of the shop."""

    app: FastAPI
    store: Store
    shop: Shop
    shelf: Shelf
    dispatch: Dispatch

    def load(self, name: str = "left", stock: str = "a6", count: int = 20) -> None:
        """Let a plotter report idle, with blanks that a person has confirmed."""
        self.dispatch.report(name, Condition.IDLE)
        Desk(self.store).load(name, count, stock, actor="test")


class Still(Fleet):
    """Plotters that are registered and have no worker: tests speak for them."""

    def start(self) -> None:
        self._dispatch.register(self.plotters)


def build(database: Path | str, *names: str, plotters: Sequence[Plotter] | None = None) -> House:
    """The shop over a database (its URL, or a folder for it), not yet running; `names` it goes by besides localhost;
    `plotters` instead of the shipped ones."""
    it = example_shop()
    it = it if plotters is None else replace(it, plotters=tuple(plotters))
    store = Store(database if isinstance(database, str) else f"sqlite:///{database / 'fairhand.db'}")
    artwork = Drawer(ROOT / "examples" / "artwork")
    shelf = Shelf(hands=hands(), stocks=it.stocks, templates=it.templates, artwork=artwork)
    dispatch = Dispatch(store)
    fleet = Still(it.plotters, dispatch=dispatch, shelf=shelf)
    it = replace(
        it,
        notes=replace(it.notes, hand=next(iter(shelf.hands))),
        server=replace(it.server, trusted_hosts=names),
    )
    app = create_app(
        store=store, dispatch=dispatch, fleet=fleet, shelf=shelf, shop=it, seeds=itertools.count(1).__next__
    )
    _DESCRIBED.update(_DESCRIBED or app.openapi())
    app.openapi_schema = _DESCRIBED
    return House(app, store, it, shelf, dispatch)


class Server(uvicorn.Server):
    """A real server on a free port of this computer, which ends its event streams before it waits for them."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=30))
        self.app = app
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.app.state.feed.close()
        await super().shutdown(sockets)


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The address of the app behind a real server, which has wholly ended afterwards."""
    server = Server(app)
    # asyncio turns Nagle's algorithm off only for sockets that say they are TCP; with it an answer takes 40 ms more.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="server")
        thread.start()
        try:
            assert server.ready.wait(30), "the server did not start"
            assert server.started
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(60)
            assert not thread.is_alive(), "the server did not stop"


@contextmanager
def open_client(house: House) -> Iterator[httpx.Client]:
    """A client of the running app, as a program on this computer is one."""
    with serving(house.app) as address, httpx.Client(base_url=address, timeout=60) as client:
        yield client


def problem(answer: httpx.Response, status: int, code: str) -> list[dict[str, Any]]:
    """The faults of an answer that must be this problem."""
    body = answer.json()
    assert (answer.status_code, body["code"], body["status"]) == (status, code, status), body
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["title"] == CODES[code].title
    assert body["detail"]
    assert {fault["code"] for fault in body["errors"]} <= set(FAULTS)
    faults: list[dict[str, Any]] = body["errors"]
    return faults
