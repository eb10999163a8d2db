"""The process that workers are forked from. Importing this is cheap, so that it can be started before all else."""

from __future__ import annotations

import multiprocessing
from multiprocessing import forkserver

_PRELOAD = ["runner.execution.forkserver_guard", "__main__", "runner.execution.forkserver_preload"]


def ensure_forkserver() -> None:
    """Start the process that forks workers, in the background, unless it runs. Call it from the main thread.

    Its parent-death signal follows the thread that started it: from any other thread it could die too early.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOAD)
    forkserver.ensure_running()
