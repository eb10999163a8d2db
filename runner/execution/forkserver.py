"""Starts the process that forks the workers. Cheap to import, so that it can be started before anything else."""

from __future__ import annotations

import multiprocessing
import os
from contextlib import contextmanager
from multiprocessing import forkserver
from typing import TYPE_CHECKING

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
