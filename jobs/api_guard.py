"""The door of the server: who may knock, with how much, and what every answer says to browsers. Plain ASGI.

There are no accounts yet, and the server listens on this computer only; what must be kept out is a page of another
site, open in a browser on this computer, that writes to it (cross-site request forgery) or reads from it under a name
of its own (DNS rebinding).
"""

import time
from collections.abc import Callable, Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jobs.api_errors import Problem, answer_to

DRAINED = 16 * 1024 * 1024  # bytes of a refused body that are still taken in; who sends more sees a broken connection
SAFE = ("GET", "HEAD", "OPTIONS")
HEADERS = {
    # The console brings everything itself. Styles set by script go by CSSOM, which CSP does not restrict.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

Observe = Callable[[str, str, int, float], None]
"""Told of every answer: method, route, status, seconds."""


class Guard:
    """Refuses unknown names (421), writes from other sites (403), bodies too large (413) or of the wrong kind (415).

    `hosts`: names by which the server may be reached; `any_address` also lets in every bare IP address (an attacker's
    page can rebind a name, not an address). `uploads` are the paths that take multipart forms, of `max_upload` bytes.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Collection[str],
        any_address: bool,
        uploads: Collection[str],
        max_body: int,
        max_upload: int,
        observe: Observe,
    ) -> None:
        self.app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._any_address = any_address
        self._uploads = frozenset(uploads)
        self._max_body, self._max_upload = max_body, max_upload
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        begun = time.perf_counter()
        status = 0
        left = self._limit(scope)
        ended = False  # the client has sent all, or has gone

        async def counted() -> Message:
            nonlocal left, ended
            message = await receive()
            ended = ended or not message.get("more_body", False)
            left -= len(message.get("body", b""))
            if left < 0:
                raise self._too_large(scope)
            return message

        async def dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if status >= 400 and not ended:
                    await _drain(receive)
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                if scope["path"].startswith("/v1/"):
                    headers.setdefault("Cache-Control", "no-store")
                elif scope["path"].startswith("/console/"):
                    headers["Cache-Control"] = "no-cache"
            await send(message)

        try:
            self._check(scope)
            await self.app(scope, counted, dressed)
        except Exception as error:
            if status:  # half an answer is out: only the connection can be broken off
                raise
            await answer_to(error, scope)(scope, receive, dressed)
        finally:
            route = getattr(scope.get("route"), "path", "")
            if route and scope["path"] != "/v1/events":
                self._observe(scope["method"], route, status, time.perf_counter() - begun)

    def _limit(self, scope: Scope) -> int:
        return self._max_upload if scope["path"] in self._uploads else self._max_body

    def _too_large(self, scope: Scope) -> Problem:
        return Problem(
            "too_large", f"At most {self._limit(scope)} bytes are taken here.", headers={"Connection": "close"}
        )

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._known(host):
            raise Problem("unknown_host", "")
        if scope["method"] in SAFE:
            return
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site not in (None, "same-origin", "none") or (origin is not None and not _same(origin, host)):
            raise Problem("cross_site", "")
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > self._limit(scope):
            raise self._too_large(scope)
        if length not in ("", "0") or "transfer-encoding" in headers:
            kind = headers.get("content-type", "").partition(";")[0].strip().lower()
            wanted = "multipart/form-data" if scope["path"] in self._uploads else "application/json"
            if kind != wanted:
                raise Problem("unsupported_media_type", f"This address takes {wanted}.")

    def _known(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self._hosts:
            return True
        try:
            address = ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or self._any_address


async def _drain(receive: Receive) -> None:
    """Take in the rest of a refused body: closing at once would reset the connection and lose the answer."""
    taken = 0
    while taken < DRAINED:
        message = await receive()
        taken += len(message.get("body", b""))
        if not message.get("more_body", False):
            return


def _same(origin: str, host: str) -> bool:
    # The scheme is left out: behind a proxy that ends TLS, the page is https and we are http.
    return urlsplit(origin).netloc.lower() == host.lower()
