"""Identifies processes beyond their pid, to find out whether the one that wrote something is running.

A run's record identifies its process by pid, host and token. Files that a process writes carry its mark: temporary
files, claims and the plan lock. A pid alone is not enough: the system reuses it, and in another container or on another
host it is another process. So token and mark also say when the process started and where its pid is valid.
"""

from __future__ import annotations

import hashlib
import os
from functools import cache, lru_cache
from pathlib import Path

_STARTTIME_FIELD = 22  # of /proc/<pid>/stat, counted from 1; see proc(5)
_FIELDS_BEFORE_STATE = 2  # pid and name; the name may contain blanks, so fields are counted after it
_ENDED = {"Z", "X", "x"}  # states of a process that has ended and has not been waited for


def this_host() -> str:
    """Return the host name that the records of runs on this machine have."""
    return os.uname().nodename


def process_token(pid: int) -> str | None:
    """Return what distinguishes a process from all others with its pid: the boot of the host and its start time.

    None where the system does not provide it, or where there is no such process.
    """
    start = _start_time(pid)
    return f"{_boot_id()}:{start}" if start else None


def is_alive(pid: int, host: str, token: str | None) -> bool:
    """Return whether a recorded process is still running; True for one on another host, which cannot be checked."""
    if host != this_host():
        return True
    return _exists(pid) if token is None else process_token(pid) == token


def own_mark() -> str:
    """Return this process's mark, which consists of letters, digits and `-`."""
    return _mark_of(os.getpid())


def is_gone(mark: str) -> bool:
    """Return whether the process with this mark is known to have ended; False where that cannot be checked."""
    space, _, rest = mark.partition("-")
    pid, _, start = rest.partition("-")
    if space != _pid_space() or not pid.isascii() or not pid.isdigit():
        return False
    now = _start_time(int(pid))
    return not _exists(int(pid)) if now is None else now != start


@lru_cache(maxsize=1)  # by pid: a forked child has another
def _mark_of(pid: int) -> str:
    return f"{_pid_space()}-{pid}-{_start_time(pid) or 0}"


@cache
def _pid_space() -> str:
    """Return a short name for the host and the container, if any, in which a pid is valid."""
    try:
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        namespace = ""
    return hashlib.sha256(f"{this_host()} {namespace}".encode()).hexdigest()[:6]


@cache
def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _start_time(pid: int) -> str | None:
    """Return when a process started, in clock ticks since boot; None without such a process or without `/proc`.

    Returns "" for a process that has ended and has not been waited for.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in _ENDED else fields[_STARTTIME_FIELD - _FIELDS_BEFORE_STATE - 1]


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True  # it belongs to another user, or the number is too large to be looked up
    return True
