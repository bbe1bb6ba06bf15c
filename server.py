"""Roof: reads the configuration and the environment, puts the house together, and is the command line `fairhand`."""

import functools
import os
import signal
import socket
import sys
import tomllib
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jobs import bedcommands as bedwords
from jobs import carecommands as carewords
from jobs import catalogue
from jobs import commands as orders
from jobs import wishcommands as wishes
from jobs.shop import Notes, Shop, ShopFault, is_loopback, remarks, shop
from plotter import commands as machines
from plotter.port import PortError
from plotter.simport import open_sim

if TYPE_CHECKING:
    from fastapi import FastAPI

    from fonts.drawer import Drawer

HERE = Path(__file__).resolve().parent


def read_shop(path: Path | None = None, hands: Collection[str] | None = None) -> Shop:
    """The shop that a configuration file describes; paths in it are relative to its folder. Raises ShopFault.

    Without a path: FAIRHAND_CONFIG, else ./config.toml, else the one shipped beside this file. With `hands` the hand
    must be one of them.
    FAIRHAND_DATABASE, when set, takes the place of [server] database.
    """
    path = path or _default_config()
    sections = _toml(path)
    named = sections.get("notes", {}).get("templates", "") if isinstance(sections.get("notes"), dict) else ""
    templates, faults = {}, []
    try:
        templates = _toml(path.parent / named) if isinstance(named, str) and named else {}
    except ShopFault as error:
        faults = [f"[notes] templates: {fault}" for fault in error.faults]
    faces: Collection[str] | None = None
    if hands is not None:
        from fonts.hands import faces as shipped
        from fonts.library import added

        said = (
            sections.get("notes", {}).get("hands", Notes.hands) if isinstance(sections.get("notes", {}), dict) else ""
        )
        own = added(path.parent / said) if isinstance(said, str) and said else {}
        hands, faces = {*hands, *own}, {*shipped(), *own}
    try:
        it = shop(sections, templates, hands, faces)
    except ShopFault as error:
        raise ShopFault(faults + error.faults) from None
    if faults:
        raise ShopFault(faults)
    database = os.environ.get("FAIRHAND_DATABASE") or it.server.database
    artwork = (path.parent / it.notes.artwork).resolve()
    if not artwork.is_dir():
        raise ShopFault([f"[notes] artwork: there is no folder {artwork}"])
    added_to = str((path.parent / it.notes.hands).resolve()) if it.notes.hands else ""
    notes = replace(it.notes, artwork=str(artwork) if it.notes.artwork else "", hands=added_to)
    return replace(it, server=replace(it.server, database=_beside(database, path.parent)), notes=notes)


def _default_config() -> Path:
    named = os.environ.get("FAIRHAND_CONFIG")
    here = Path("config.toml")
    return Path(named) if named else here if here.exists() else HERE / "config.toml"


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ShopFault([f"{path}: cannot be read ({error.strerror}); name another file"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ShopFault([f"{path}: not TOML: {error}"]) from None


def _beside(database: str, folder: Path) -> str:
    file = database.removeprefix("sqlite:///")
    if file == database or file.startswith("/") or file in ("", ":memory:"):
        return database
    return f"sqlite:///{(folder / file).resolve()}"


def artwork_faults(drawer: "Drawer") -> list[str]:
    """What is wrong with the drawings in the folder of artwork."""
    faults = [
        f"[notes] artwork: {name}.svg: names are of a-z, 0-9 and -, in at most one folder" for name in drawer.unnamed
    ]
    for name in drawer:
        try:
            drawer[name]
        except (ValueError, OSError) as error:
            faults.append(f"[notes] artwork: {name}.svg: {error}")
    return faults


def build(it: Shop) -> "FastAPI":
    """The server of a shop, put together: store, dispatch, one worker a plotter, routes, console."""
    from jobs.api import create_app
    from jobs.dispatch import Dispatch
    from jobs.fleet import Fleet
    from jobs.store import Store

    store = Store(it.server.database)
    try:
        for one in it.plotters:  # at once and not when the server has started: a refusal is told in words
            store.ownership.take_plotter(one.name)
    except BaseException:
        store.close()
        raise
    shelf = orders.shelf_of(it)
    dispatch = Dispatch(store)
    fleet = Fleet(it.plotters, dispatch=dispatch, shelf=shelf)
    return create_app(store=store, dispatch=dispatch, fleet=fleet, shelf=shelf, shop=it)


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=orders.EXIT_CODES)
@click.option("--config", type=click.Path(path_type=Path), help="Configuration file; default ./config.toml.")
@click.version_option(package_name="fairhand")
@click.pass_context
def main(context: click.Context, config: Path | None) -> None:
    """Fairhand: note text in, a card written by a real pen out."""
    context.obj = functools.partial(read_shop, config)


@main.command()
@click.option("--config", type=click.Path(path_type=Path), help="Configuration file; default ./config.toml.")
@click.option("--host", help="Address to listen on, instead of the configuration's.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
@click.option("--sim-speed", help="Speed of all simulated plotters: a number, or 'max' for as fast as it goes.")
@click.pass_context
@orders.refusals
def serve(
    context: click.Context, config: Path | None, host: str | None, port: int | None, sim_speed: str | None
) -> None:
    """Start the job server and the operator's console; stop it with Ctrl-C.

    The first line on stdout is the address of the console, printed when the server is ready.
    """
    it: Shop = read_shop(config) if config else context.obj()
    address = replace(it.server, host=host or it.server.host, port=it.server.port if port is None else port)
    if not (is_loopback(address.host) or address.allow_remote):
        raise ShopFault([f"--host {address.host}: other computers could reach it; set [server] allow_remote = true"])
    plotters = it.plotters
    if sim_speed is not None:
        simulated = f"sim://?speed={sim_speed}"
        try:
            open_sim(simulated).close()
        except PortError as error:
            raise ShopFault([f"--sim-speed {sim_speed}: {error}"]) from None
        plotters = tuple(replace(one, port=simulated) if one.port.startswith("sim://") else one for one in plotters)
    it = replace(it, server=address, plotters=plotters)

    import uvicorn

    from plotter.pump import lasting

    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only for sockets that say they are TCP; with it an answer takes 40 ms more.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address.host, address.port))
    except OSError as error:
        raise ShopFault(
            [f"cannot listen on {address.host} port {address.port} ({error.strerror}); choose another with --port"]
        ) from None
    bound = listener.getsockname()[1]

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                lasting()
                print(f"{address.url(bound)}/", flush=True)

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            app.state.feed.close()  # event streams never end by themselves, and uvicorn would wait for them
            await super().shutdown(sockets)

    app = build(it)
    settings = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=5, server_header=False
    )
    # uvicorn hands a signal on once it has ended everything; there is nothing left to be done about it then.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    server = Server(settings)
    # A closed terminal must not leave a pen on paper.
    signal.signal(signal.SIGHUP, lambda _, frame: server.handle_exit(signal.SIGTERM, frame))
    server.run(sockets=[listener])
    if not server.started:
        sys.exit(1)


for words in (orders, catalogue, carewords, bedwords, wishes, machines):
    for command in words.COMMANDS:
        main.add_command(command)


@main.command()
@click.option("--config", type=click.Path(path_type=Path), help="Configuration file; default ./config.toml.")
@click.pass_context
@orders.refusals
def check(context: click.Context, config: Path | None) -> None:
    """Read the configuration and say every fault at once; exit code 3 when there is one."""
    from fonts.drawer import Drawer
    from fonts.hands import hands
    from fonts.library import faults as hand_faults

    it: Shop = read_shop(config, hands()) if config else context.obj(hands=hands())
    orders.shelf_of(it)
    faults = artwork_faults(Drawer(Path(it.notes.artwork) if it.notes.artwork else None))
    faults += [f"[notes] hands: {fault}" for fault in hand_faults(Path(it.notes.hands) if it.notes.hands else None)]
    if faults:
        raise ShopFault(faults)
    for remark in remarks(it):
        click.echo(f"look at this: {remark}", err=True)
    click.echo(f"all right; plotters: {len(it.plotters)}, stocks: {len(it.stocks)}, templates: {len(it.templates)}")


if __name__ == "__main__":
    main()
