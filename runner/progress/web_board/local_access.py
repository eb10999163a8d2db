"""Who may use the board: a browser of this machine that knows the address with its token, and no page of another site.

A site that a user visits can send requests to 127.0.0.1, directly or by a name of its own that it lets resolve to that
address (DNS rebinding). The token is in no address that it knows; beside it the Host must be this server's, and the
Origin, which browsers send with requests of scripts, too.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Receive, Scope, Send

NAMES = ("127.0.0.1", "localhost", "[::1]")
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class LocalAccess:
    """Middleware that refuses all other requests, and takes the token off the path."""

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app = app
        self._token = token.encode()
        self._hosts = {f"{name}:{port}".encode() for name in NAMES}
        self._origins = {b"http://" + host for host in self._hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        token, _, rest = scope["path"].lstrip("/").partition("/")
        del token

        async def send_with_headers(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                headers: list[tuple[bytes, bytes]] = list(_pairs(message.get("headers")))
                headers += [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
                message = {**message, "headers": headers}
            await send(message)

        await self._app({**scope, "path": f"/{rest}", "raw_path": None}, receive, send_with_headers)  # type: ignore[arg-type]

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if headers.get(b"host") not in self._hosts:
            return PlainTextResponse("this board answers to 127.0.0.1 and localhost only\n", 421)
        origin = headers.get(b"origin")
        if origin is not None and origin not in self._origins:
            return PlainTextResponse("another site may not use this board\n", 403)
        if headers.get(b"sec-fetch-site") in {b"cross-site", b"same-site"} and (
            headers.get(b"sec-fetch-mode") != b"navigate"
        ):
            return PlainTextResponse("another site may not use this board\n", 403)
        token, slash, _ = scope["path"].lstrip("/").partition("/")
        if not slash or not hmac.compare_digest(token.encode(), self._token):
            return PlainTextResponse("open the address that `runner board` has printed, with its token\n", 404)
        return None


def _pairs(headers: object) -> Iterable[tuple[bytes, bytes]]:
    return headers if isinstance(headers, list) else ()
