"""The streams that the console writes to: past their buffers, and to nowhere once there is no reader."""

from __future__ import annotations

import contextlib
import io
import os
import select
from typing import TYPE_CHECKING, TextIO, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LEAST_COLUMNS = 40  # narrower terminals are treated as if they had these
_USUAL_COLUMNS = 80  # of a terminal that does not report its width
_FULL_PIPE_WAIT = 1.0  # seconds between two attempts to write to a full pipe


class _DirectStream(io.TextIOBase):
    """Writes to the file of a stream, past the stream's own buffer. Characters that its encoding lacks are escaped.

    A thread that hangs in a write to a pipe without a reader holds the lock of the stream's buffer, and the exit of the
    process would then hang or abort. Here is no lock.
    """

    def __init__(self, stream: TextIO) -> None:
        stream.flush()
        self._file = stream.fileno()
        self._encoding = stream.encoding
        self._waiting: list[str] = []

    @property
    def encoding(self) -> str:  # type: ignore[override]  # read-only here
        return self._encoding

    def fileno(self) -> int:
        return self._file

    def isatty(self) -> bool:
        return os.isatty(self._file)

    def write(self, text: str) -> int:
        self._waiting.append(text)
        return len(text)

    def flush(self) -> None:
        text, self._waiting = "".join(self._waiting), []
        data = memoryview(text.encode(self._encoding, "backslashreplace"))
        while data:
            try:
                data = data[os.write(self._file, data) :]
            except BlockingIOError:  # another process that shares the file has made it non-blocking
                select.select([], [self._file], [], _FULL_PIPE_WAIT)


def direct(stream: TextIO) -> TextIO:
    """Return a stream that writes past the buffer of `stream`; `stream` itself where it has no file."""
    try:
        return cast("TextIO", _DirectStream(stream))
    except (OSError, ValueError):
        return stream


@contextlib.contextmanager
def abandoned_on_error(*streams: TextIO) -> Iterator[None]:
    """Abandon the streams on an OSError, so that the exit of the process does not fail on them."""
    try:
        yield
    except OSError:
        abandon(streams)
        raise


def abandon(streams: Iterable[TextIO]) -> None:
    """Have everything that is written to the streams from now on discarded."""
    for stream in streams:
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def columns_of(stream: TextIO) -> int:
    """Return the width of a terminal in columns, at least 40."""
    with contextlib.suppress(OSError, ValueError):
        return max(_LEAST_COLUMNS, os.get_terminal_size(stream.fileno()).columns or _USUAL_COLUMNS)
    return _USUAL_COLUMNS


def width_of(stream: TextIO) -> int | None:
    """Return the width of a stream in columns, None where it is no terminal and lines stay whole."""
    return columns_of(stream) if is_terminal(stream) else None


def is_terminal(stream: TextIO) -> bool:
    """Return whether a stream is a terminal."""
    with contextlib.suppress(OSError, ValueError):
        return stream.isatty()
    return False
