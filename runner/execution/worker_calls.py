"""What the pool calls in a worker process: functions that the supervisor imports without the code that workers run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from runner.execution.worker_protocol import Shard


def initialize(events: Connection, control: Connection, output: Connection, memory: int | None) -> None:
    """As `worker.initialize`. Runs first in each child of the pool."""
    from runner.execution import worker  # noqa: PLC0415 - the forkserver has imported it

    worker.initialize(events, control, output, memory)


def run_shard(shard: Shard, schema_pickle: bytes | None) -> None:
    """As `worker.run_shard`."""
    from runner.execution import worker  # noqa: PLC0415 - the forkserver has imported it

    worker.run_shard(shard, schema_pickle)


def ping() -> None:
    """Do nothing. Submitting it makes the executor start its process."""
