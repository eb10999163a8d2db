"""Makes a child process die with the process that it serves, at the kernel's hand: nothing survives a SIGKILL.

Linux has a parent-death signal. It fires when the *thread* that forked ends, so the forkserver must be started from
the main thread. Elsewhere the end of a worker's connections is what ends it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent() -> None:
    """Have this process killed when its parent dies. Does nothing where the system cannot."""
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"prctl(PR_SET_PDEATHSIG): {os.strerror(code)}")
    if os.getppid() != parent:  # it died between the two calls, and no signal will come
        os.kill(os.getpid(), signal.SIGKILL)
