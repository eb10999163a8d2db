"""Starts the process that forks the workers. Cheap to import, so that it can be started before anything else."""

from __future__ import annotations

import multiprocessing
import os
from contextlib import contextmanager, suppress
from multiprocessing import forkserver, resource_tracker
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_SAFE_PATH = "PYTHONSAFEPATH"  # see "Command line and environment" of the Python documentation
_OURS = "runner"  # its value where we have set it: any text switches it on
_PRELOAD = ["runner.execution.forkserver_guard", "__main__", "runner.execution.forkserver_preload"]


def ensure_forkserver() -> None:
    """Start the process that forks workers, in the background, unless it is running. Call it from the main thread.

    Its parent-death signal fires when the thread that started it ends, so from another thread it could die too early.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOAD)
    _RememberingTracker.install()
    with _safe_path():
        forkserver.ensure_running()


@contextmanager
def _safe_path() -> Iterator[None]:
    """Have the Python processes that are started meanwhile import nothing from the current folder.

    `multiprocessing` starts the forkserver and the resource tracker with `python -c`, which puts the current folder
    first on their path: a `queue.py` there would run in place of the standard library's.
    """
    if os.environ.get(_SAFE_PATH):
        yield
        return
    os.environ[_SAFE_PATH] = _OURS
    try:
        yield
    finally:
        del os.environ[_SAFE_PATH]


def restore_environment() -> None:
    """Remove our setting from this process, the forkserver: programs that agents start have the user's environment."""
    if os.environ.get(_SAFE_PATH) == _OURS:
        del os.environ[_SAFE_PATH]


class _RememberingTracker(resource_tracker.ResourceTracker):
    """Starts a resource tracker that was killed with the names that its predecessor knew.

    Python's own starts it with none. The new process then prints a traceback for each semaphore that is released.
    """

    _pid: int | None  # of the process; set by the base class

    def __init__(self) -> None:
        super().__init__()
        self._names: dict[Any, str] = {}

    @classmethod
    def install(cls) -> None:
        """Have `multiprocessing` use it. It has a tracker of its own only where other code has started one before."""
        current = resource_tracker._resource_tracker  # noqa: SLF001 - there is no other way to replace it
        if isinstance(current, cls) or getattr(current, "_pid", None) is not None:
            return
        tracker = resource_tracker._resource_tracker = cls()  # noqa: SLF001
        for name in ("ensure_running", "register", "unregister", "getfd"):
            setattr(resource_tracker, name, getattr(tracker, name))

    def ensure_running(self) -> None:
        before = self._pid
        super().ensure_running()
        if before is not None and self._pid != before:
            for name, kind in tuple(self._names.items()):
                super().register(name, kind)

    def register(self, name: Any, rtype: str) -> None:
        self._revive()
        self._names[name] = rtype
        super().register(name, rtype)

    def unregister(self, name: Any, rtype: str) -> None:
        self._revive()
        self._names.pop(name, None)
        super().unregister(name, rtype)

    def _revive(self) -> None:
        with suppress(RuntimeError):  # called by a finalizer in the middle of another call: CPython, gh-109629
            self.ensure_running()
