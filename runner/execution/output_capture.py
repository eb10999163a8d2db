"""Captures what agents print: the output of Python code goes to its sub-task, that of child programs to their task.

`SubTaskOutput` replaces `sys.stdout` and `sys.stderr` of a worker. Text from a thread that belongs to no sub-task (one
that an agent started) is written to the descriptor and so goes to the task, like the output of child programs.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LINES = 1000  # that are kept of one sub-task, or of the programs of one shard
MAX_LENGTH = 2000  # characters that are kept of one line
TRUNCATED = f"… and more: only the first {MAX_LINES:,} lines are kept"


@dataclass(slots=True)
class LineBuffer:
    """Passes on text as lines, however it arrives. After `MAX_LINES` it passes on a note and drops the rest."""

    keep: Callable[[str], None]
    _rest: str = ""
    _count: int = 0

    def write(self, text: str) -> None:
        """Add text; its complete lines are passed on."""
        if self._count > MAX_LINES:
            return
        *lines, self._rest = (self._rest + text).split("\n")
        self._rest = self._rest[: MAX_LENGTH + 1]
        for line in lines:
            self._keep(line)

    def end(self) -> None:
        """Pass on what is left as the last line."""
        if self._rest:
            self._keep(self._rest)
            self._rest = ""

    def _keep(self, line: str) -> None:
        self._count += 1
        if self._count <= MAX_LINES:
            self.keep(line if len(line) <= MAX_LENGTH else f"{line[:MAX_LENGTH]}…")
        elif self._count == MAX_LINES + 1:
            self.keep(TRUNCATED)


_current: ContextVar[LineBuffer | None] = ContextVar("_current", default=None)


@contextmanager
def captured(keep: Callable[[str], None]) -> Iterator[None]:
    """Pass what this thread prints to `keep`, line by line. Without `install` it is printed as usual."""
    lines = LineBuffer(keep)
    token = _current.set(lines)
    try:
        yield
    finally:
        _current.reset(token)
        lines.end()


class SubTaskOutput(io.TextIOBase):
    """A text stream that collects the output of each sub-task separately."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def writable(self) -> bool:
        """Return True: the stream is writable."""
        return True

    def fileno(self) -> int:
        """Return the descriptor that child programs inherit."""
        return self.descriptor

    def write(self, text: str) -> int:
        """Add text to the output of this thread's sub-task; without one, write it to the descriptor."""
        lines = _current.get()
        if lines is None:
            os.write(self.descriptor, text.encode("utf-8", "backslashreplace"))
        else:
            lines.write(text)
        return len(text)


def install() -> None:
    """Replace `sys.stdout` and `sys.stderr`."""
    sys.stdout = SubTaskOutput(1)
    sys.stderr = SubTaskOutput(2)
