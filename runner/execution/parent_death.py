"""Ends every descendant of a process that dies, even by SIGKILL, with two features of the Linux kernel.

    supervisor ── guard ── forkserver ── worker ── programs that its agents started
        (each is killed when its parent dies; the guard kills all its descendants first)

The parent-death signal kills a process with its parent. A child subreaper becomes the parent of its orphaned
descendants, so the guard finds even a program that left its worker's process group, or whose worker died before it. The
signal fires when the *thread* that forked ends, so the forkserver must be started from the main thread. On other
systems a worker ends when its connections close.
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
_SIGNALS = {signal.SIGTERM, signal.SIGCHLD}  # the guard waits for them: its parent has died, a child has died


def die_with_parent() -> None:
    """Have this process killed when its parent dies. Does nothing on other systems than Linux."""
    if sys.platform.startswith("linux"):
        _when_parent_dies(signal.SIGKILL)


def split_off_guard() -> None:
    """Fork and continue in the child; this process becomes the child's guard and never returns from here.

    When the guard's parent or the child dies, the guard kills all its descendants and exits. It keeps no file open and
    leads a session of its own, so that signals of a terminal do not reach it. Call it before any thread is started.
    Does nothing on other systems than Linux.
    """
    if not sys.platform.startswith("linux"):
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # none may be delivered before `sigwait`
    os.setsid()
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    child = os.fork()
    if child:
        _guard(child)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    die_with_parent()


def _guard(child: int) -> NoReturn:
    """Wait until the parent of this process or `child` has died, then kill all descendants."""
    try:
        _close_files()
        _when_parent_dies(signal.SIGTERM)
        while signal.sigwait(_SIGNALS) != signal.SIGTERM and not _reaped(child):
            pass
        _end_children()
    finally:
        os._exit(0)


def _close_files() -> None:
    """Close the open files. Closing each of a million possible descriptors would take long."""
    with contextlib.suppress(OSError):
        for path in sorted(Path("/proc/self/fd").iterdir()):
            with contextlib.suppress(OSError):
                os.close(int(path.name))


def _reaped(child: int) -> bool:
    """Reap children that have ended; return whether `child` was among them."""
    with contextlib.suppress(ChildProcessError):
        while pid := os.waitpid(-1, os.WNOHANG)[0]:
            if pid == child:
                return True
    return False


def _end_children() -> None:
    """Kill the children of this process, and their orphans, which become its children, until there are none."""
    listing = Path(f"/proc/self/task/{os.getpid()}/children")
    with contextlib.suppress(ChildProcessError):
        while True:
            for pid in listing.read_text(encoding="ascii").split():
                with contextlib.suppress(PermissionError):  # a program of another user: it is only waited for
                    os.kill(int(pid), signal.SIGKILL)
            os.waitpid(-1, 0)


def _when_parent_dies(number: signal.Signals) -> None:
    parent = os.getppid()
    _prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:  # it died between the two calls: the kernel sends no signal
        os.kill(os.getpid(), number)


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"prctl({option}): {os.strerror(code)}")
