"""Export of rows as CSV, with limits on the number of exports at once and on their duration."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

from app.core.problems import too_busy

_BLOCK_SIZE = 2**15  # characters, approximately
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")

logger = logging.getLogger(__name__)


def csv_blocks(read: type[BaseModel], rows: Iterable[BaseModel]) -> Iterator[str]:
    """Yield a CSV file (RFC 4180) in blocks of whole lines: a header with the field names, then the rows.

    Text that a spreadsheet program would evaluate as a formula is prefixed with an apostrophe (OWASP, CSV injection).
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    names = [info.serialization_alias or name for name, info in read.model_fields.items()]
    writer.writerow([_text(name) for name in names])
    for row in rows:
        values = row.model_dump(mode="json", warnings=False)
        writer.writerow(_cell(getattr(row, name), value) for name, value in values.items())
        if buffer.tell() >= _BLOCK_SIZE:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _cell(value: Any, serialized: Any) -> Any:
    """Return a cell. Only texts are escaped: numbers, dates and durations may start with a sign."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(serialized, (dict, list, bool)):
        return json.dumps(serialized, ensure_ascii=False)
    return serialized


def _text(text: str) -> str:
    is_formula = text.startswith(_FORMULA_STARTS) and not _NUMBER.fullmatch(text)
    return f"'{text}" if is_formula else text


class CsvResponse(StreamingResponse):
    """A CSV file for download. A client that has not received it after `timeout` seconds is disconnected.

    `cancel` is called in a thread when the client leaves: it ends the statement that the rows are read with.
    """

    media_type = "text/csv"

    def __init__(
        self, blocks: Iterable[str], name: str, timeout: float, cancel: Callable[[], None]
    ) -> None:
        super().__init__(blocks, headers={"Content-Disposition": attachment(f"{name}.csv")})
        self.timeout = timeout
        self.cancel = cancel

    async def listen_for_disconnect(self, receive: Receive) -> None:
        """Wait until the client leaves."""
        await super().listen_for_disconnect(receive)
        await asyncio.to_thread(self.cancel)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file. The server closes the connection of an incomplete response."""
        try:
            async with asyncio.timeout(self.timeout):
                await super().__call__(scope, receive, send)
        except TimeoutError:
            logger.warning("export aborted after %g seconds: %s", self.timeout, scope["path"])


def attachment(filename: str) -> str:
    """Return the header `Content-Disposition` for a download with this name (RFC 6266, RFC 8187)."""
    if filename.isascii():
        return f'attachment; filename="{filename}"'
    fallback = filename.encode("ascii", "replace").decode().replace("?", "_")
    return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(filename, safe='')}"


async def export_slot(request: Request) -> AsyncIterator[None]:
    """Occupy one of the slots for exports until the response has been sent; raises 503 if all are occupied."""
    slots: asyncio.Semaphore = request.app.state.export_slots
    if slots.locked():
        raise too_busy("Too many exports are running.")
    async with slots:
        yield
