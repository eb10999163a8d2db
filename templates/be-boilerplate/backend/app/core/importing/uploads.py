"""The file of an import while it is read: a temporary file on disk, so that its size does not matter for memory."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import IO

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from app.core.problems import FieldError, ProblemError, invalid

_IN_MEMORY = 2**20  # bytes of a file that is not written to disk


@asynccontextmanager
async def uploaded(request: Request) -> AsyncIterator[IO[bytes]]:
    """Provide the body of a request as a file, which is deleted at the end. `RequestLimits` limits its size."""
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        async for part in request.stream():
            await run_in_threadpool(file.write, part)
        file.seek(0)
        yield file


def unreadable(message: str) -> ProblemError:
    """Return a problem 422: the file cannot be read; `message` follows the word `file`."""
    return invalid([FieldError(field="file", code="file", message=message)])
