"""Whether a process still lives, told apart from a later one that was given the same number.

A run's record names its process by pid, host and token. What a process writes to files carries its mark: half-written
files, claims and the plan lock. A pid alone will not do: it is given out again, and in another container or on another
host it means another process. So both also say when the process began, and where its pid is valid.
"""

from __future__ import annotations

import hashlib
import os
from functools import cache, lru_cache
from pathlib import Path

_STARTTIME_FIELD = 22  # of /proc/<pid>/stat, counted from 1; see proc(5)
_FIELDS_BEFORE_STATE = 2  # pid and name; the name may hold blanks, so fields are counted from behind it
_ENDED = {"Z", "X", "x"}  # states of a process that has ended and was not yet waited for


def this_host() -> str:
    """Return the name under which this machine's runs are recorded."""
    return os.uname().nodename


def process_token(pid: int) -> str | None:
    """Return what tells this process from every other with its number: the boot and its start in that.

    None where the system does not say, or where there is no such process.
    """
    began = _start_time(pid)
    return f"{_boot_id()}:{began}" if began else None


def is_alive(pid: int, host: str, token: str | None) -> bool:
    """Return whether a recorded process still lives; True for one on another host, where nobody can tell."""
    if host != this_host():
        return True
    return _exists(pid) if token is None else process_token(pid) == token


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
    return not _exists(int(pid)) if now is None else now != start


@lru_cache(maxsize=1)  # a child that is forked has a number of its own
def _mark_of(pid: int) -> str:
    return f"{_pid_space()}-{pid}-{_start_time(pid) or 0}"


@cache
def _pid_space() -> str:
    """Return a short name for the host and, where there are such, the container in which a pid is valid."""
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
    """Return when a process began, in ticks since the host did; None if it is not there or there is no `/proc`.

    One that has ended and was not yet waited for never began, as far as anyone here is concerned: "".
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
        return True  # it belongs to someone else, or the number is none that could be looked up
    return True
