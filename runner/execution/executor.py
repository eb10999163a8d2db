"""The interface between the supervisor's loop and the workers that run its shards, wherever these are.

`local_executor` has them as processes of this machine. An executor is used by one thread, the loop's; only `wake` may
be called from others. Workers are identified by numbers, of which none is used twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from runner.execution.worker_protocol import Shard


@dataclass(frozen=True, kw_only=True, slots=True)
class Printed:
    """What programs of a worker have printed: whole characters, but not always whole lines."""

    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerDied:
    """A worker has died. It is the last message of the worker. `name` and `how` are for people.

    With `lost`, what it did is not the reason: what it ran runs again and nobody is charged.
    """

    name: str
    how: str
    lost: bool = False


class Executor(Protocol):
    """Starts and ends workers, hands them shards and returns what they send.

    A worker sends `WorkerReady` once. For each shard it sends `ShardBegun`, events and other messages of
    `worker_protocol`, and `ShardEnded`. If it dies at any moment, what it had sent before is delivered, then
    `WorkerDied`.
    """

    @property
    def places(self) -> int:
        """How many workers there can be at once."""

    @property
    def parallel(self) -> int:
        """How many workers run at full speed beside each other; a task is not split further than that."""

    @property
    def machines(self) -> int:
        """How many machines there are, as far as is known; each may run as many sub-tasks of a task as one alone."""

    def prepare(self) -> str:
        """Start what takes long, as soon as it is likely that workers are needed. May be called several times.

        Returns a line for the run's log about what workers there are, empty where nothing is to be said.

        Call it from the main thread, and before `start_worker`. Raises RunnerError where there can be no workers.
        """

    def start_worker(self) -> int | None:
        """Start a worker and return its number, or None where no place is free now; `receive` returns once one is.

        Raises OSError or `WorkerStartError` where the system cannot start one.
        """

    def assign(self, worker: int, shard: Shard, schema: bytes | None) -> None:
        """Hand a shard to an idle worker, with its schema (of `Job.pickle_schema`) unless the worker holds that."""

    def cancel(self, worker: int, subtask_id: str, attempt: int) -> None:
        """Ask an attempt at a sub-task to stop at its next check. Does nothing for a worker that has died."""

    def end(self, worker: int, *, force: bool) -> None:
        """End a worker with all programs that it started: by SIGTERM, or with `force` by SIGKILL."""

    def retire(self, worker: int) -> None:
        """Let an idle worker end. Nothing more is received from it."""

    def receive(self, timeout: float) -> list[tuple[int, Any]]:
        """Wait up to `timeout` seconds for messages or `wake`; return pairs of a worker and its message.

        The messages of a worker are in the order in which it sent them. Raises RunnerError where there can be no
        workers any more.
        """

    def wake(self) -> None:
        """Have `receive` return soon. Never blocks; safe in other threads and in signal handlers."""

    def close(self) -> None:
        """End all workers and what their programs left running. Busy workers are killed."""
