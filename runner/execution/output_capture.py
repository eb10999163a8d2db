"""Where the output of agents goes: what Python code prints, to its sub-task; what programs print, to their task.

`SubTaskOutput` stands in for `sys.stdout` and `sys.stderr` of a worker. A thread that is no sub-task's (an agent's own)
is not told apart there; its words go on to the descriptor, and so to the task, like those of child programs.
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

LINES = 1000  # of one sub-task, or of one shard's programs, that are kept
LINE_LENGTH = 2000  # characters
CUT = f"… and more: only the first {LINES:,} lines are kept"


@dataclass(slots=True)
class LineKeeper:
    """Makes lines of what is written in pieces, and stops after `LINES` with a note."""

    keep: Callable[[str], None]
    _rest: str = ""
    _count: int = 0

    def write(self, text: str) -> None:
        """Take a piece."""
        if self._count > LINES:
            return
        *lines, self._rest = (self._rest + text).split("\n")
        self._rest = self._rest[: LINE_LENGTH + 1]
        for line in lines:
            self._keep(line)

    def end(self) -> None:
        """Take what is left as the last line."""
        if self._rest:
            self._keep(self._rest)
            self._rest = ""

    def _keep(self, line: str) -> None:
        self._count += 1
        if self._count <= LINES:
            self.keep(line if len(line) <= LINE_LENGTH else f"{line[:LINE_LENGTH]}…")
        elif self._count == LINES + 1:
            self.keep(CUT)


_current: ContextVar[LineKeeper | None] = ContextVar("_current", default=None)


@contextmanager
def captured(keep: Callable[[str], None]) -> Iterator[None]:
    """Have what this thread prints kept line by line, where `install` has run; elsewhere it is printed."""
    keeper = LineKeeper(keep)
    token = _current.set(keeper)
    try:
        yield
    finally:
        _current.reset(token)
        keeper.end()


class SubTaskOutput(io.TextIOBase):
    """A text stream that gives each sub-task's words to its own keeper."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def writable(self) -> bool:
        """Say that it can be written."""
        return True

    def fileno(self) -> int:
        """Return the descriptor that child programs inherit."""
        return self.descriptor

    def write(self, text: str) -> int:
        """Take a piece of text; whoever is no sub-task writes to the descriptor."""
        keeper = _current.get()
        if keeper is None:
            os.write(self.descriptor, text.encode("utf-8", "backslashreplace"))
        else:
            keeper.write(text)
        return len(text)


def install() -> None:
    """Put the streams in place of `sys.stdout` and `sys.stderr`."""
    sys.stdout = SubTaskOutput(1)
    sys.stderr = SubTaskOutput(2)
