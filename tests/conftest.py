"""What all tests share. Fixtures import what they need themselves: tests of letters do without the house."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# No test asserts time; a failure is the same in every run, and printed so that it can be run again.
settings.register_profile("house", deadline=None, derandomize=True, database=None, print_blob=True)
settings.load_profile("house")

pytest_plugins = ["postgres"]


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Opens a shop floor, or a `kind` of one, and starts its plotters; all threads end with the test."""
    from floor import Floor

    with ExitStack() as opened:

        def begin(kind: type[Floor] = Floor, **more: Any) -> Floor:
            one = kind(tmp_path, **more)
            opened.callback(one.close)
            one.fleet.start()
            return one

        yield begin


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Any]:
    """A shop over a database of its own; the test plays its plotters."""
    from shopfront import build

    one = build(tmp_path)
    yield one
    one.store.close()


@pytest.fixture
def address(house: Any) -> Iterator[str]:
    """Where it is served."""
    from shopfront import serving

    with serving(house.app) as it:
        yield it


@pytest.fixture
def api(house: Any) -> Iterator[Any]:
    """A client of it, as a program on this computer is one."""
    from shopfront import open_client

    with open_client(house) as client:
        yield client


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A Chromium for all tests of a file."""
    from browser import open_browser

    with open_browser() as it:
        yield it


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[[str], Any]]:
    """Opens the console of a server; at the end every visitor's witness speaks."""
    from browser import visiting

    with visiting(browser) as go:
        yield go
