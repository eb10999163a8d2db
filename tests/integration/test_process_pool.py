"""The exit code of a dead worker, read by several threads at the same time."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from pathlib import Path

from runner.execution.forkserver import ensure_forkserver
from runner.execution.process_pool import Worker

WORKERS = 60  # a few of which would lose their exit code if two threads waited for it
ASKED_FOR = 0.02  # seconds


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
