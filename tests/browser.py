"""A real Chromium for tests of the console: what it fetches, says and shows."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect, sync_playwright

PATIENCE_MS = 30_000  # how long something that must come may take on a busy machine
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Chromium without a window; a missing one fails the test with what to type."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.fail(
            "The console is tested in a real Chromium, and there is none. Type: apt-get install chromium "
            f"(or put any Chromium on the PATH under one of the names {', '.join(_NAMES)})."
        )
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(_QUIET))
        yield browser
        browser.close()


class Visitor:
    """Somebody at the console, and a witness of all the page does."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.address = address
        self.page: Page = context.new_page()
        self.fetched: list[str] = []
        self.said: list[str] = []
        # Browsers log every answer from 400 on; tests that ask for one name it here, as "status path".
        self.refusals: set[str] = set()
        self._cdp = context.new_cdp_session(self.page)
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("request", lambda request: self.fetched.append(request.url))
        self.page.on("pageerror", lambda error: self.said.append(f"uncaught: {error}"))
        self.page.on("console", self._hear)
        self.page.on("dialog", lambda dialog: self.said.append(f"script ran: {dialog.message}"))
        self.page.goto(f"{address}/")

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        path = urlsplit(message.location["url"]).path
        if not any(path == refused.split()[1] and refused.split()[0] in message.text for refused in self.refusals):
            self.said.append(f"{message.type}: {message.text} ({path})")

    def press(self, *keys: str) -> None:
        """Keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def tab_to(self, target: Locator) -> None:
        """Go there by Tab alone."""
        expect(target).to_be_visible()
        for _ in range(120):
            if self.focused(target):
                return
            self.press("Tab")
        pytest.fail(f"Tab never came to {target}")

    def focused(self, target: Locator) -> bool:
        """Whether the keyboard is there."""
        return bool(target.evaluate("one => one === document.activeElement"))

    def javascript(self, expression: str) -> Any:
        """The value of an expression in the page. By way of the debugger: the page's own policy forbids eval."""
        found = self._cdp.send(
            "Runtime.evaluate", {"expression": expression, "awaitPromise": True, "returnByValue": True}
        )
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def axe(self) -> list[str]:
        """What axe-core finds wrong with the page as it stands."""
        if self.javascript("typeof axe") == "undefined":
            self.javascript(Axe().axe_script + "; undefined")
        found = json.loads(self.javascript("axe.run().then(it => JSON.stringify(it.violations))"))
        return [f"{one['id']}: {one['help']}: {[node['html'][:200] for node in one['nodes']]}" for one in found]

    def judge(self) -> None:
        """Nothing was said that should not be, and nothing fetched from anywhere else."""
        assert self.said == []
        assert {urlsplit(url).netloc for url in self.fetched} == {urlsplit(self.address).netloc}


Visit = Callable[[str], Visitor]


@contextmanager
def visiting(browser: Browser) -> Iterator[Visit]:
    """Opens the console of a server once it shows its figures; in the end every visitor's witness speaks."""
    visitors: list[Visitor] = []
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:

        def go(address: str) -> Visitor:
            visitors.append(Visitor(context, address))
            expect(visitors[-1].page.locator("#figure-waiting")).not_to_have_text("–")
            return visitors[-1]

        yield go
        for one in visitors:
            one.judge()
