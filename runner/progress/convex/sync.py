"""Sends all unsent events of a state file to Convex, for `runner sync`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.progress.convex.client import DeploymentClient, RefusedError, UnavailableError
from runner.progress.convex.outbox_sender import OutboxSender, retry_delay
from runner.progress.convex.target import SINK
from runner.progress.stores.sqlite_store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import StrPath

    from runner.progress.convex.outbox_sender import Client
    from runner.progress.convex.target import ConvexTarget

PATIENCE = 60.0  # seconds without progress after which it gives up


@dataclass(frozen=True, kw_only=True, slots=True)
class Synced:
    """How many events of how many runs were sent, how many still wait, and the problem that keeps them, if any."""

    sent: int
    runs: int
    waiting: int
    problem: str | None = None

    def __str__(self) -> str:
        if not self.sent and not self.waiting:
            return "nothing waits to be sent to Convex"
        text = f"sent {self.sent:,} events of {self.runs:,} run{'s' if self.runs != 1 else ''} to Convex"
        return f"{text}; {self.waiting:,} wait ({self.problem})" if self.waiting else text


def sync(
    state: StrPath,
    target: ConvexTarget,
    *,
    patience: float = PATIENCE,
    connect: Callable[[ConvexTarget], Client] = DeploymentClient,
) -> Synced:
    """Send every unsent event of every run in the folder `state`; runs whose process has died are ended first.

    May run beside a running plan: Convex keeps what both send once. `patience` is how many seconds without progress it
    goes on. Raises StoreError.
    """
    store = SqliteStore(state)
    try:
        store.mark_interrupted()
        sender = OutboxSender(connect(target), store, lambda run_id, seq: store.acknowledge(SINK, run_id, seq))
        return _deliver_all(sender, patience)
    finally:
        store.close()


def _deliver_all(sender: OutboxSender, patience: float) -> Synced:
    waiting = sender.waiting()
    runs, total, problem, failures = len(waiting), sum(waiting.values()), None, 0
    deadline = time.monotonic() + patience
    try:
        while waiting:
            try:
                sender.deliver(next(iter(waiting)))
            except UnavailableError as error:
                problem = str(error)
                failures += 1
                wait = retry_delay(failures, error.retry_after)
                if time.monotonic() + wait > deadline:
                    break
                time.sleep(wait)
            except RefusedError as error:
                problem = str(error)
                break
            else:
                failures = 0
                deadline = time.monotonic() + patience
            waiting = sender.waiting()
    finally:
        sender.close()
    left = sum(waiting.values())
    return Synced(sent=max(0, total - left), runs=runs, waiting=left, problem=problem)
