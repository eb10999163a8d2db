"""Limits on request bodies: their size, and the time that a client may take to send them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_CLOSE = {"Connection": "close"}  # the rest of the body is not read


IMPORT_PATHS = ("/import", "/import/columns")


@dataclass(frozen=True, kw_only=True, slots=True)
class BodyLimits:
    """The largest size of a body in bytes, and the seconds within which it has to arrive."""

    max_bytes: int
    timeout: float


class RequestLimits:
    """ASGI middleware that ends requests whose bodies are too large (413) or arrive too slowly (408).

    The size applies to the declared length before anything is read, and to the bytes received, also of chunked bodies.
    The time is for the whole body. Files that are imported have limits of their own.
    """

    def __init__(self, app: ASGIApp, limits: BodyLimits, imports: BodyLimits) -> None:
        self.app = app
        self.limits = limits
        self.imports = imports

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http":
            is_import = scope["method"] == "POST" and scope["path"].endswith(IMPORT_PATHS)
            receive = _Body(self.imports if is_import else self.limits, scope, receive).receive
        await self.app(scope, receive, send)


class _Body:
    """The body of one request."""

    def __init__(self, limits: BodyLimits, scope: Scope, receive: Receive) -> None:
        declared = Headers(scope=scope).get("content-length", "")
        self._size = int(declared) if declared.isdecimal() else 0
        self._limits = limits
        self._receive = receive
        self._received = 0
        self._deadline: float | None = None
        self._is_complete = False

    async def receive(self) -> Message:
        """Receive a part of the body, or what follows it. Raises HTTPException if a limit is exceeded."""
        if self._is_complete:
            return await self._receive()
        self._check(self._size)
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + self._limits.timeout
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            detail = f"The body was not received within {self._limits.timeout:g} seconds."
            raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, detail, _CLOSE) from None
        self._received += len(message.get("body", b""))
        self._check(self._received)
        self._is_complete = not message.get("more_body", False)
        return message

    def _check(self, size: int) -> None:
        if size > self._limits.max_bytes:
            detail = f"The body must not be larger than {self._limits.max_bytes} bytes."
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail, _CLOSE)
