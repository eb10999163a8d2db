"""Imported by the forkserver first, while it is small: the import splits it into a guard and the server.

See `runner.execution.parent_death`. The server has another process id from here on than the one that its parent knows.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from runner.execution.forkserver import restore_environment
from runner.execution.parent_death import split_off_guard

if TYPE_CHECKING:
    from types import TracebackType


def _end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print no traceback where the system refuses processes, descriptors or memory: the supervisor reports the end."""
    if not isinstance(error, EOFError | OSError | MemoryError):
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _end
restore_environment()
split_off_guard()
