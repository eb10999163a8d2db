"""Slashes in keys: a path holds one as `%2F`, which servers decode before routes see the path."""

from __future__ import annotations

from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

SLASH = "\x00"  # stands for a slash within a segment of a path; no key contains it


class SlashesInKeys:
    """Middleware that keeps slashes within a segment apart from those between segments."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, its path decoded segment by segment."""
        raw: bytes = scope.get("raw_path") or b""
        if scope["type"] == "http" and b"%" in raw:
            segments = raw.decode("ascii").split("/")
            path = "/".join(unquote(segment).replace("/", SLASH) for segment in segments)
            scope = {**scope, "path": path}
        await self.app(scope, receive, send)


def shown(path: str) -> str:
    """Return the path of a request as its client sees it."""
    return path.replace(SLASH, "/")


def path_below(path: str, name: str) -> str:
    """Return the path of a part of a row: `/{id}/name`, or `:name/{code:text}` where the key would include the name."""
    return f":{name}{path}" if ":text}" in path else f"{path}/{name}"
