"""Makes what a process starts die with it, at the kernel's hand: nothing survives a SIGKILL.

    supervisor ── guard ── forkserver ── worker ── programs that its agents started
        (each is killed with its parent; the guard first ends all that is below it)

Linux has a parent-death signal, and it can make a process the new parent of orphans below it. With both, a guard finds
even a program that has left its worker's process group, or whose worker died before. The signal fires when the
*thread* that forked ends, so the forkserver must be started from the main thread. Elsewhere than on Linux the end of a
worker's connections is what ends it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_PR_SET_CHILD_SUBREAPER = 36
_SIGNALS = {signal.SIGTERM, signal.SIGCHLD}  # that the guard waits for: its parent died, a child died


def die_with_parent() -> None:
    """Have this process killed when its parent dies. Does nothing where the system cannot."""
    if sys.platform.startswith("linux"):
        _when_parent_dies(signal.SIGKILL)


def split_off_guard() -> None:
    """Go on in a child process; what was this process becomes its guard and never returns from here.

    Once the parent of the guard or that child is dead, the guard kills all processes below it and ends. It holds no
    file open and leads a session, so that no terminal reaches it. Call it before any thread is started. Does nothing
    where the system cannot.
    """
    if not sys.platform.startswith("linux"):
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # none may come before it is waited for
    os.setsid()
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    child = os.fork()
    if child:
        _guard(child)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    die_with_parent()


def _guard(child: int) -> NoReturn:
    """Wait until one of the two is dead whom this process stands between, then end everything below."""
    try:
        _close_files()
        _when_parent_dies(signal.SIGTERM)
        while signal.sigwait(_SIGNALS) != signal.SIGTERM and not _reaped(child):
            pass
        _end_children()
    finally:
        os._exit(0)


def _close_files() -> None:
    """Close what is open, not each of a million numbers, which takes long where the system cannot do it at once."""
    with contextlib.suppress(OSError):
        for path in sorted(Path("/proc/self/fd").iterdir()):
            with contextlib.suppress(OSError):
                os.close(int(path.name))


def _reaped(child: int) -> bool:
    """Let go of children that have ended; say whether `child` was among them."""
    with contextlib.suppress(ChildProcessError):
        while pid := os.waitpid(-1, os.WNOHANG)[0]:
            if pid == child:
                return True
    return False


def _end_children() -> None:
    """Kill the children of this process, and theirs, which become its own, until there are none."""
    listing = Path(f"/proc/self/task/{os.getpid()}/children")
    with contextlib.suppress(ChildProcessError):
        while True:
            for pid in listing.read_text(encoding="ascii").split():
                with contextlib.suppress(PermissionError):  # a program of another user's: it is only waited for
                    os.kill(int(pid), signal.SIGKILL)
            os.waitpid(-1, 0)


def _when_parent_dies(number: signal.Signals) -> None:
    parent = os.getppid()
    _prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:  # it died between the two calls, and no signal will come
        os.kill(os.getpid(), number)


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"prctl({option}): {os.strerror(code)}")
