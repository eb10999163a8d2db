"""Export of rows as files, with limits on the number of exports at once and on their duration."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import io
import json
import logging
import re
from collections.abc import (
    AsyncIterator,
    Callable,
    Collection,
    Generator,
    Iterable,
    Iterator,
    Sequence,
)
from decimal import Decimal
from enum import Enum
from itertools import chain
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError
from starlette.types import Receive, Scope, Send

from app.core.problems import too_busy, was_canceled

BLOCK_SIZE = 2**15  # characters, approximately
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")

Blocks = Generator[str, None, None] | Generator[bytes, None, None]

CSV = "text/csv"
BINARY = {"type": "string", "format": "binary"}  # the JSON Schema of a file
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

logger = logging.getLogger(__name__)


def csv_blocks(
    read: type[BaseModel], rows: Iterable[BaseModel], hidden: Collection[str] = ()
) -> Generator[str, None, None]:
    """Yield a CSV file with a header with the field names, then the rows; attributes in `hidden` are left out."""
    return blocks_of(header(read, hidden), (row_cells(row, hidden) for row in rows))


def blocks_of(
    header: Sequence[str], rows: Iterable[Iterable[Any]], *, has_mark: bool = False
) -> Generator[str, None, None]:
    """Yield a CSV file (RFC 4180) in blocks of whole lines: the header, then the cells of each row.

    `has_mark` is whether it begins with a byte order mark.
    """
    buffer = io.StringIO()
    buffer.write("\ufeff" * has_mark)
    writer = csv.writer(buffer)
    writer.writerow([text_cell(name) for name in header])
    for cells in rows:
        writer.writerow(cells)
        if buffer.tell() >= BLOCK_SIZE:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def header(read: type[BaseModel], hidden: Collection[str] = ()) -> list[str]:
    """Return the names of the fields of a schema, except those of attributes in `hidden`."""
    return [
        info.serialization_alias or name
        for name, info in read.model_fields.items()
        if name not in hidden
    ]


def row_cells(row: BaseModel, hidden: Collection[str] = ()) -> list[Any]:
    """Return the cells of a row, in the order of the header."""
    values = row.model_dump(mode="json", warnings=False, exclude=set(hidden))
    return [cell(getattr(row, name), value) for name, value in values.items()]


def row_values(row: BaseModel, hidden: Collection[str] = ()) -> list[Any]:
    """Return the values of a row in the order of the header; those that are no simple values as texts."""
    values = row.model_dump(mode="json", warnings=False, exclude=set(hidden))
    return [simple(getattr(row, name), value) for name, value in values.items()]


def simple(value: Any, serialized: Any) -> Any:
    """Return a value that a spreadsheet has a type for, or else its text."""
    if isinstance(value, _SIMPLE) and not isinstance(value, Enum):
        return value
    if isinstance(serialized, (dict, list)):
        return json.dumps(serialized, ensure_ascii=False)
    return serialized


_SIMPLE = (bool, int, float, Decimal, str, dt.date, dt.time)


def cell(value: Any, serialized: Any) -> Any:
    """Return the cell of a value. Only texts are escaped: numbers, dates and durations may start with a sign."""
    if isinstance(value, str):
        return text_cell(value)
    if isinstance(serialized, (dict, list, bool)):
        return json.dumps(serialized, ensure_ascii=False)
    return serialized


def text_cell(text: str) -> str:
    """Return the cell of a text.

    One that a spreadsheet program would evaluate as a formula is prefixed with an apostrophe (OWASP, CSV injection).
    """
    is_formula = text.startswith(_FORMULA_STARTS) and not _NUMBER.fullmatch(text)
    return f"'{text}" if is_formula else text


class ExportResponse(StreamingResponse):
    """A file for download. A client that has not received it after `timeout` seconds is disconnected.

    The first of the blocks is read at once, since an error can be reported only before the response begins. `cancel` is
    called in a thread when the client leaves: it ends the statement that the rows are read with.
    """

    def __init__(
        self,
        blocks: Blocks,
        filename: str,
        media_type: str,
        *,
        timeout: float,
        cancel: Callable[[], None],
    ) -> None:
        headers = {"Content-Disposition": attachment(filename)}
        content: Iterator[Any] = chain([next(blocks)], blocks)
        super().__init__(content, headers=headers, media_type=media_type)
        self.blocks = blocks
        self.timeout = timeout
        self.cancel = cancel
        self.client_has_left = False

    async def listen_for_disconnect(self, receive: Receive) -> None:
        """Wait until the client leaves."""
        await super().listen_for_disconnect(receive)
        self.client_has_left = True
        await asyncio.to_thread(self.cancel)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file. The server closes the connection of an incomplete response."""
        try:
            async with asyncio.timeout(self.timeout):
                await super().__call__(scope, receive, send)
        except (TimeoutError, DBAPIError) as error:
            if self.client_has_left:
                return
            if isinstance(error, DBAPIError) and not was_canceled(error):
                raise
            logger.warning("export aborted after %g seconds: %s", self.timeout, scope["path"])
        finally:
            await asyncio.to_thread(self.blocks.close)


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
