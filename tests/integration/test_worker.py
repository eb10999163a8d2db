"""Cancellations, which arrive over another pipe than shards, and so before or after them."""

from __future__ import annotations

import pickle
from multiprocessing import Pipe
from typing import TYPE_CHECKING

from runner.execution.worker import _Worker
from runner.execution.worker_protocol import AttemptFailed, Cancel, Shard, ShardEnded
from runner.records.events import SubTaskEnded
from runner.records.message_pipe import Receiver
from tests.integration.jobs import job, until

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from pathlib import Path


def test_an_attempt_cancelled_before_its_shard_arrives_stops_and_no_other_does(tmp_path: Path) -> None:
    events, events_end = Pipe(duplex=False)
    control_end, control = Pipe(duplex=False)
    worker = _Worker(events_end, control_end)
    made = job("task", tmp_path / "ws", 3)
    schema = pickle.dumps(made.schema)

    def run(*work: tuple[int, int], threads: int = 2, schema: bytes | None = None) -> dict[str, str]:
        pairs = tuple((made.spec.subtasks[table], attempt) for table, attempt in work)
        worker.run(Shard(run_id="run", task=made.spec, work=pairs, threads=threads), schema)
        return outcomes(events)

    def cancel(table: int, attempt: int) -> None:
        before = len(worker._cancelled)
        control.send(Cancel(subtask_id=f"task/t{table}", attempt=attempt))
        until(lambda: len(worker._cancelled) > before, "the cancellation")

    cancel(0, 1)  # while there is no manager yet
    assert run((0, 1), (1, 1), schema=schema) == {"task/t0": "cancelled", "task/t1": "done"}
    cancel(2, 2)  # while the manager waits for work
    assert run((2, 2), (0, 2)) == {"task/t2": "cancelled", "task/t0": "done"}
    cancel(1, 3)  # for a shard whose other number of threads needs another manager
    assert run((1, 3), (2, 3), threads=1) == {"task/t1": "cancelled", "task/t2": "done"}
    for end in (control, control_end, events, events_end):
        end.close()


def outcomes(events: Connection) -> dict[str, str]:
    """Return how each sub-task of a shard ended."""
    receiver, found = Receiver(events.fileno()), {}
    while True:
        for message in receiver.receive():
            match message:
                case SubTaskEnded():
                    found[message.subtask_id] = message.status.value
                case AttemptFailed():
                    found[message.subtask_id] = "cancelled" if message.cancelled else message.error
                case ShardEnded():
                    return found
