"""The board's requests: its page, the events of a run, and, where that is allowed, pause, resume and cancel."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from runner.progress.reporter import ControlKind
from runner.progress.reports.commands import control
from runner.progress.web_board.board_source import AwayError
from runner.progress.web_board.local_access import LocalAccess
from runner.progress.web_board.run_streams import RunStreams
from runner.records.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from starlette.requests import Request

    from runner.progress.web_board.board_source import BoardSource

_PAGE = Path(__file__).parent / "page"
_TYPES = {
    "board.html": "text/html",
    "board.css": "text/css",
    "board.js": "text/javascript",
    "stream.js": "text/javascript",
}
_LONGEST_BODY = 4096  # bytes of a request


def board_application(source: BoardSource, token: str, port: int, *, controlled: Path | None) -> Starlette:
    """Return the ASGI application for the runs of a source.

    `controlled` is the state folder whose runs may be paused, resumed and cancelled; None where they are only shown.
    """
    board = _Board(source, controlled)
    return Starlette(
        routes=[
            Route("/", board.page),
            Route("/settings", board.settings),
            Route("/runs/{run}/events", board.events),
            Route("/runs/{run}/{kind}", board.control, methods=["POST"]),
            Route("/{name}", board.page),
        ],
        middleware=[Middleware(LocalAccess, token=token, port=port)],
        lifespan=board.lifespan,
    )


class _Board:
    """Answers the requests."""

    def __init__(self, source: BoardSource, controlled: Path | None) -> None:
        self._controlled = controlled
        self._streams = RunStreams(source)

    @contextlib.asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """End the streams with the server."""
        try:
            yield
        finally:
            await self._streams.close()

    async def page(self, request: Request) -> Response:
        """Return a file of the page."""
        name = request.path_params.get("name", "board.html")
        if name not in _TYPES:
            return JSONResponse({"message": f"there is no {name}"}, 404)
        return FileResponse(_PAGE / name, media_type=_TYPES[name])

    async def settings(self, _: Request) -> Response:
        """Return what may be done, and the newest runs."""
        return JSONResponse({"control": self._controlled is not None, "runs": await self._streams.runs()})

    async def events(self, request: Request) -> Response:
        """Return the stream of a run, from `after` or the header Last-Event-ID on."""
        after = request.query_params.get("after") or request.headers.get("last-event-id", "")
        source = self._streams.events(request.path_params["run"], int(after) if after.isdecimal() else None)
        try:
            first = await anext(source)
        except AwayError as error:
            return JSONResponse({"message": str(error)}, 503)
        except StoreError as error:
            return JSONResponse({"message": str(error)}, 404)
        return StreamingResponse(_with_first(first, source), media_type="text/event-stream")

    async def control(self, request: Request) -> Response:
        """Pause, resume or cancel a run, or cancel one task of it."""
        kind = request.path_params["kind"]
        if self._controlled is None or kind not in get_args(ControlKind):
            return JSONResponse({"message": "start the board with --allow-control to use this"}, 403)
        task = await _task(request)
        try:
            answer = await asyncio.to_thread(control, self._controlled, kind, task, run=request.path_params["run"])
        except StoreError as error:
            return JSONResponse({"message": str(error)}, 409)
        return JSONResponse({"message": answer})


async def _with_first(first: str, source: AsyncGenerator[str]) -> AsyncIterator[str]:
    async with contextlib.aclosing(source):
        yield first
        async for text in source:
            yield text


async def _task(request: Request) -> str | None:
    """Return the task that a request is about, None for the whole run."""
    body = await request.body()
    try:
        value: Any = json.loads(body[:_LONGEST_BODY] or b"{}")
    except ValueError:
        return None
    task = value.get("task") if isinstance(value, dict) else None
    return task if isinstance(task, str) else None
