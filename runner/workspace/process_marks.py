"""A mark that a process leaves on what it writes, by which others can tell whether that process is gone.

Used for half-written files, claims and the plan lock. A pid alone will not do: it is given out again, and in
another container or on another host it means another process. So a mark also names where its pid is valid and
when the process began.
"""

from __future__ import annotations

import hashlib
import os
import socket
from functools import lru_cache
from pathlib import Path

_STARTTIME_FIELD = 22  # of /proc/<pid>/stat, counted from 1; see proc(5)
_FIELDS_BEFORE_STATE = 2  # pid and name; the name may hold blanks, so fields are counted from behind it
_ENDED = {"Z", "X", "x"}  # states of a process that has ended and was not yet waited for


def own_mark() -> str:
    """Return this process's mark: letters, digits and `-` only."""
    return _mark_of(os.getpid())


def is_gone(mark: str) -> bool:
    """Whether the process that left `mark` is known to have ended; False where that cannot be known."""
    space, _, rest = mark.partition("-")
    pid, _, start = rest.partition("-")
    if space != _pid_space() or not pid.isascii() or not pid.isdigit():
        return False
    now = _start_time(int(pid))
    if now is not None:
        return now != start
    return not _exists(int(pid))


@lru_cache(maxsize=1)
def _mark_of(pid: int) -> str:
    return f"{_pid_space()}-{pid}-{_start_time(pid) or 0}"


@lru_cache(maxsize=1)
def _pid_space() -> str:
    """Return a short name for the host and, where there are such, the container in which a pid is valid."""
    try:
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        namespace = ""
    return hashlib.sha256(f"{socket.gethostname()} {namespace}".encode()).hexdigest()[:6]


def _start_time(pid: int) -> str | None:
    """Return when a process began, in ticks since the host did; None if it is not there or there is no `/proc`.

    One that has ended and was not yet waited for never began, as far as anyone here is concerned: "".
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = stat[stat.rfind(")") + 1 :].split()
    if fields[0] in _ENDED:
        return ""
    return fields[_STARTTIME_FIELD - _FIELDS_BEFORE_STATE - 1]


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True  # it belongs to someone else, or the number is none that could be looked up
    return True
