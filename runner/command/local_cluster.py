"""A Dask cluster on this machine, to try what a run on a cluster is like. Runs until it is interrupted."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING

from runner.records.errors import ClusterError
from runner.records.port_owner import port_owner

if TYPE_CHECKING:
    from collections.abc import Callable

_HOST = "127.0.0.1"


def run_local_cluster(workers: int, port: int, say: Callable[[str], None]) -> None:
    """Start a scheduler and so many workers, say how to use them, and end them at the first SIGINT or SIGTERM.

    Raises `ClusterError` where the port is taken or no process can be started.
    """
    from distributed import LocalCluster  # noqa: PLC0415 - an extra, and slow to import

    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # the workers inherit that: a terminal sends Ctrl-C to all
    try:
        cluster = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            host=_HOST,
            scheduler_port=port,
            dashboard_address=f"{_HOST}:0",
        )
    except (OSError, RuntimeError) as error:
        owner = port_owner(port) if port else None
        reason = f"it is taken by {owner}" if owner else str(error).rstrip(".")
        raise ClusterError(
            f"no cluster can be started on port {port}: {reason}. Choose another with --port",
            input_error=owner is not None,
        ) from error
    finally:
        signal.signal(signal.SIGINT, before)
    with contextlib.closing(cluster):
        say(f"cluster {cluster.scheduler_address}: {workers} workers on this machine")
        say(f"run a plan on it:  runner PLAN --executor {cluster.scheduler_address}")
        say("Ctrl-C ends it")
        _wait_for_signal()


def _wait_for_signal() -> None:
    ended = threading.Event()
    numbers = {signal.SIGINT, signal.SIGTERM}
    before = {number: signal.signal(number, lambda *_: ended.set()) for number in numbers}
    try:
        ended.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
