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
