"""Request ids and request logging.

Every request has an id, taken from the header `X-Request-ID` or generated. It is in the response and in each log line.
"""

from __future__ import annotations

import json
import logging
import re
import time
from contextvars import ContextVar
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "X-Request-ID"
ZONE_HEADER = "X-Time-Zone"
_VALID_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)
_current: ContextVar[str] = ContextVar("request_id", default="")

logger = logging.getLogger("app.requests")


def current_id() -> str:
    """Return the id of the request that is handled; empty outside of one."""
    return _current.get()


class RequestIds:
    """ASGI middleware that assigns request ids and logs method, path, status and duration of each request.

    Responses also name the time zone of the application.
    """

    def __init__(self, app: ASGIApp, time_zone: str) -> None:
        self.app = app
        self.time_zone = time_zone

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        received = Headers(scope=scope).get(HEADER, "")
        request_id = received if _VALID_ID.fullmatch(received) else uuid4().hex
        token, start, status = _current.set(request_id), time.perf_counter(), 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[HEADER] = request_id
                headers[ZONE_HEADER] = self.time_zone
            await send(message)

        # HEAD is handled as GET: the server itself omits the body of the response.
        handled = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        try:
            await self.app(handled, receive, send_with_id)
        finally:
            if logger.isEnabledFor(logging.INFO):
                fields = {
                    "method": scope["method"],
                    "path": scope["path"],
                    "status": status,
                    "ms": round((time.perf_counter() - start) * 1000, 1),
                }
                logger.info("%(method)s %(path)s %(status)s", fields, extra={"fields": fields})
            _current.reset(token)


class JsonLines(logging.Formatter):
    """Formats each log record as a line of JSON, with the id of the current request."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a line of JSON."""
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": _current.get() or None,
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps({name: value for name, value in line.items() if value is not None})


def log_as_json(level: str) -> None:
    """Configure logging to standard error, one line of JSON per record."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
