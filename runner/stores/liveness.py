"""Whether the process of a run still lives, told apart from a later one that was given the same number."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

_START_TIME = 19  # field 22 of /proc/<pid>/stat, counted from the state, which follows the name in brackets
_GONE = {"Z", "X", "x"}  # states of a process that has ended and was not yet waited for


def this_host() -> str:
    """Return the name under which this machine's runs are recorded."""
    return os.uname().nodename


def process_token(pid: int) -> str | None:
    """Return what tells this process from every other with its number: the boot and its start in that.

    None where the system does not say, or where there is no such process.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in _GONE else f"{_boot_id()}:{fields[_START_TIME]}"


def is_alive(pid: int, host: str, token: str | None) -> bool:
    """Return whether a recorded process still lives; True for one on another host, where nobody can tell."""
    if host != this_host():
        return True
    if token is not None:
        return process_token(pid) == token
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@cache
def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
