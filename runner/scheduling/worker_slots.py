"""The workers of a run: which shard each has, which schema it holds, and what its programs print.

Used by one thread, the supervisor's loop, which makes the decisions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.execution.executor import Printed
from runner.execution.output_capture import LineBuffer
from runner.execution.worker_protocol import ShardBegun, WorkerReady
from runner.records.errors import RunnerError
from runner.records.events import Event, Logged
from runner.scheduling.task_run import TaskRun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runner.execution.executor import Executor, WorkerDied
    from runner.execution.worker_protocol import Limits, Shard

_START_LIMIT = 20  # workers in a row that die before they have begun a shard, after which the run fails


@dataclass(slots=True)
class WorkerSlot:
    """A worker by its number, the task whose shard it has, and whether the shard has arrived."""

    worker: int
    ready: bool = False
    task: TaskRun | None = None
    begun: bool = False
    schema_digest: str | None = ""  # of the schema that it was sent last; "" before the first
    printed: LineBuffer | None = None  # what programs print for the shard
    subtasks: int = 0  # assigned to it so far


class WorkerSlots:
    """The workers of `executor` that a run has. `post` takes events."""

    def __init__(self, executor: Executor, limits: Limits, post: Callable[[Event], None]) -> None:
        self._executor = executor
        self._limits = limits
        self._post = post
        self._slots: dict[int, WorkerSlot] = {}
        self._failed_starts = 0
        self.deaths = 0  # workers that died

    def __iter__(self) -> Iterator[WorkerSlot]:
        return iter(tuple(self._slots.values()))

    def __len__(self) -> int:
        return len(self._slots)

    def get(self, worker: int) -> WorkerSlot | None:
        """Return the slot of the worker with this number, or None where it has been removed."""
        return self._slots.get(worker)

    def start_worker(self) -> bool:
        """Start a worker; return False where the executor has no place for one now."""
        worker = self._executor.start_worker()
        if worker is not None:
            self._slots[worker] = WorkerSlot(worker)
        return worker is not None

    # ----------------------------------------------------------------------------- shards

    def assign(self, slot: WorkerSlot, task: TaskRun, shard: Shard, schema_pickle: Callable[[], bytes]) -> None:
        """Send a shard of `task` to a worker, and the schema where the worker has another one."""
        slot.subtasks += len(shard.work)
        slot.task, slot.begun, slot.printed = task, False, self._new_buffer(task.spec.id)
        digest = task.spec.schema_digest
        known = slot.schema_digest == digest
        slot.schema_digest = digest
        self._executor.assign(slot.worker, shard, None if known else schema_pickle())

    def note(self, slot: WorkerSlot, message: WorkerReady | ShardBegun | Printed) -> None:
        """Record what a message says of its worker."""
        match message:
            case WorkerReady():
                slot.ready = True
            case ShardBegun():
                slot.begun = True
                self._failed_starts = 0
            case Printed(text=text):
                if slot.printed is not None:
                    slot.printed.write(text)

    def release(self, slot: WorkerSlot) -> TaskRun | None:
        """Record that the shard has ended and return its task. A worker that has reached its limit is replaced."""
        self._end_output(slot)
        task, slot.task = slot.task, None
        limit = self._limits.max_subtasks
        if task is not None and limit is not None and slot.subtasks >= limit:
            del self._slots[slot.worker]
            self._executor.retire(slot.worker)
            self.start_worker()
        return task

    def remove_dead(self, slot: WorkerSlot, died: WorkerDied) -> None:
        """Remove the slot of a worker that has died.

        Raises RunnerError where many workers in a row die before they begin a shard.
        """
        self._end_output(slot)
        del self._slots[slot.worker]
        self.deaths += 1
        if not slot.begun and not died.lost:
            self._failed_starts += 1
            if self._failed_starts >= _START_LIMIT:
                raise RunnerError(
                    f"{_START_LIMIT} workers in a row died before they did anything: {died.how}; "
                    "is there a limit on memory, threads or processes (ulimit -a)?"
                )
        end = "" if died.lost else "; it is replaced"
        self._post(Logged(level="warning", message=f"{died.name}: {died.how}{end}"))

    def kill_busy(self) -> None:
        """Kill every worker that has a shard; its death is reported as a message."""
        for slot in self:
            if slot.task is not None:
                self._executor.end(slot.worker, force=True)

    # ----------------------------------------------------------------------------- what programs print

    def _new_buffer(self, task_id: str) -> LineBuffer:
        return LineBuffer(lambda line: self._post(Logged(level="info", message=line, task_id=task_id)))

    def _end_output(self, slot: WorkerSlot) -> None:
        if slot.printed is not None:
            slot.printed.end()
            slot.printed = None
