"""Processes of the pool that die: the exit code of a worker, and the resource tracker of `multiprocessing`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from runner.execution.forkserver import ensure_forkserver
from runner.execution.process_pool import Worker

WORKERS = 60  # a few of which would lose their exit code if two threads waited for it
ASKED_FOR = 0.02  # seconds

KILLED_TRACKER = """\
import multiprocessing, os, signal
from multiprocessing import resource_tracker
from runner.execution.forkserver import ensure_forkserver
ensure_forkserver()
locks = [multiprocessing.get_context("forkserver").Lock() for _ in range(3)]
tracker = resource_tracker._resource_tracker._pid
os.kill(tracker, signal.SIGKILL)
os.waitpid(tracker, 0)
locks.clear()
"""


def test_a_resource_tracker_that_is_killed_prints_no_traceback() -> None:
    command = [sys.executable, "-W", "ignore", "-c", KILLED_TRACKER]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout + done.stderr == ""


def test_a_dead_worker_s_exit_code_is_not_lost_by_signals_to_its_group() -> None:
    ensure_forkserver()
    ends: Counter[str] = Counter()
    for number in range(WORKERS):
        worker = Worker(number, lambda *_: None, None)
        worker.receive()  # it is ready
        os.kill(worker.pid, signal.SIGTERM)
        until = time.monotonic() + ASKED_FOR
        while time.monotonic() < until:
            if not Path(f"/proc/{worker.pid}").exists():
                worker.signal_group(signal.SIGKILL)
        ends[worker.discard()] += 1
    assert ends == {"worker was ended by SIGTERM": WORKERS}
