"""Sends the outbox to a deployment, batch by batch: what the sink of a run and `runner sync` have in common."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard

from runner.progress.convex.outbox import MAX_EVENTS, cut_batch
from runner.progress.convex.target import SINK
from runner.records.backoff import backoff_delay

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.progress.convex.outbox import Batch
    from runner.progress.stores.state_reader import StateReader

FIRST_BACKOFF = 0.2  # seconds before the second attempt
LONGEST_BACKOFF = 10.0  # seconds between two attempts
MAX_REWINDS = 3  # in a row without a delivered batch: then the deployment does not keep what it is sent


class Client(Protocol):
    """What the sender needs of a deployment's client; see `DeploymentClient`."""

    def call(self, name: str, args: dict[str, Any]) -> Any:
        """Run a mutation. Raises ConvexCallError."""

    def close(self) -> None:
        """Close the connection."""


def retry_delay(failures: int, at_least: float | None) -> float:
    """Return the seconds to wait after `failures` failures in a row, `at_least` what the server asks for."""
    return backoff_delay(failures, first=FIRST_BACKOFF, longest=LONGEST_BACKOFF, at_least=at_least or 0.0)


class OutboxSender:
    """Sends the outbox of one state file batch by batch, the events of each run in order. Used by one thread.

    `acknowledge` is called with a run and the number up to which it was delivered, after each batch.
    """

    def __init__(self, client: Client, reader: StateReader, acknowledge: Callable[[str, int], object]) -> None:
        self._client = client
        self._reader = reader
        self._acknowledge = acknowledge
        self._delivered: dict[str, int] = {}  # by run; may be ahead of the stored acknowledgement
        self._rewinds = 0

    def position(self, run_id: str) -> int:
        """Return the number up to which a run was delivered."""
        if run_id not in self._delivered:
            self._delivered[run_id] = self._reader.acknowledged(SINK, run_id)
        return self._delivered[run_id]

    def waiting(self) -> dict[str, int]:
        """Return the number of undelivered events by run, the oldest run first."""
        found = {}
        for run_id, lag in self._reader.owed(SINK).items():
            last_seq = self._reader.acknowledged(SINK, run_id) + lag
            left = last_seq - self.position(run_id)
            if left > 0:
                found[run_id] = left
        return found

    def waiting_of_ended_runs(self) -> dict[str, int]:
        """Return the number of undelivered events by run, of runs that have ended: others send their own."""
        return {run_id: left for run_id, left in self.waiting().items() if self._reader.run(run_id).status.ended}

    def deliver(self, run_id: str) -> int:
        """Send the next batch of a run and return the number up to which it is delivered now.

        Raises `UnavailableError` where the same call may succeed later, another `ConvexCallError` where it will not.
        """
        from runner.progress.convex.client import FunctionFailedError  # noqa: PLC0415 - slow to import, and already loaded

        batch = cut_batch(islice(self._reader.events(run_id, self.position(run_id)), MAX_EVENTS))
        if batch is None:
            return self.position(run_id)
        try:
            self._send(run_id, batch)
        except FunctionFailedError as failure:
            cursor = failure.data.get("cursor")
            if failure.code != "gap" or self._rewinds >= MAX_REWINDS or not _is_cursor(cursor, batch.first_seq):
                raise
            # It is another deployment now, or has lost its data; all events are still in the state file.
            self._rewinds += 1
            self._delivered[run_id] = int(cursor)
            return int(cursor)
        self._rewinds = 0
        self._delivered[run_id] = batch.last_seq
        self._acknowledge(run_id, batch.last_seq)
        return batch.last_seq

    def close(self) -> None:
        """Close the connection and the state file."""
        self._client.close()
        self._reader.close()

    def _send(self, run_id: str, batch: Batch) -> None:
        self._client.call(
            "progress:ingest",
            {
                "producer": run_id,
                "firstSeq": batch.first_seq,
                "lastSeq": batch.last_seq,
                "events": batch.events,
            },
        )
        for part in batch.announcements:
            self._client.call(
                "progress:announce",
                {"producer": run_id, "taskId": part.task_id, "at": part.at, "subtasks": part.subtasks},
            )


def _is_cursor(value: object, first_seq: int) -> TypeGuard[float]:
    """Return whether a position reported by a deployment can be true: it lacks the event `first_seq`."""
    return isinstance(value, int | float) and 0 <= value < first_seq and value == int(value)
