"""The slots of the worker pool: which worker is in each, which shard it has, and what its programs print.

Used by one thread, the supervisor's loop, which makes the decisions.
"""

from __future__ import annotations

import itertools
import selectors
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.execution.output_capture import LineBuffer
from runner.records.errors import RunnerError
from runner.records.events import Event, Logged
from runner.scheduling.task_run import TaskRun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runner.execution.process_pool import Worker  # noqa: TC004 - slow to import, and a dataclass does not evaluate it
    from runner.execution.worker_protocol import Limits, Shard

_END_WAIT = 5.0  # seconds for an idle worker to end; it takes milliseconds, and it cannot outlive this process
_ARRIVAL_LIMIT = 60.0  # seconds for a shard to arrive at its worker; it takes milliseconds
_START_LIMIT = 20  # workers in a row that die before they have begun a shard, after which the run fails


@dataclass(slots=True)
class WorkerSlot:
    """A slot of the pool: its worker, the task whose shard the worker has, and whether the shard has arrived."""

    worker: Worker
    ready: bool = False
    task: TaskRun | None = None
    begun: bool = False
    assigned_at: float = 0.0  # monotonic seconds
    output_open: bool = True
    printed: LineBuffer | None = None  # what programs print for the shard
    subtasks: int = 0  # assigned to it so far


class WorkerSlots:
    """All slots. `post` takes events; `on_refused` is called, from another thread, when a shard could not be sent."""

    def __init__(
        self,
        limits: Limits,
        post: Callable[[Event], None],
        on_refused: Callable[[Worker, BaseException], None],
    ) -> None:
        self._limits = limits
        self._post = post
        self._on_refused = on_refused
        self._slots: dict[int, WorkerSlot] = {}
        self._selector = selectors.DefaultSelector()
        self._numbers = itertools.count()
        self._ending: list[Worker] = []
        self._failed_starts = 0
        self.deaths = 0  # workers that died

    def __iter__(self) -> Iterator[WorkerSlot]:
        return iter(tuple(self._slots.values()))

    def __len__(self) -> int:
        return len(self._slots)

    def __contains__(self, slot: WorkerSlot) -> bool:
        return self._slots.get(slot.worker.index) is slot

    def get(self, index: int) -> WorkerSlot | None:
        """Return the slot of the worker with this number, or None where it has been removed."""
        return self._slots.get(index)

    def start_worker(self) -> None:
        """Add a slot with a new worker, under a number that no worker has had before."""
        from runner.execution.process_pool import Worker  # noqa: PLC0415 - slow to import, and not every run has one

        number = next(self._numbers)
        slot = self._slots[number] = WorkerSlot(Worker(number, self._on_refused, self._limits.memory))
        self._selector.register(slot.worker.connection, selectors.EVENT_READ, slot)
        self._selector.register(slot.worker.output, selectors.EVENT_READ, slot)

    def wake_on(self, woken: int) -> None:
        """Have `wait` return when the descriptor `woken` is readable, too."""
        self._selector.register(woken, selectors.EVENT_READ)

    def wait(self, timeout: float) -> tuple[bool, list[WorkerSlot]]:
        """Wait up to `timeout` seconds; return whether `woken` is readable, and the slots whose workers sent messages.

        What programs have printed in the meantime is posted.
        """
        woken, talking = False, []
        for key, _ in self._selector.select(timeout):
            slot: WorkerSlot | None = key.data
            if slot is None:
                woken = True
            elif key.fileobj is slot.worker.output:
                self._read_output(slot)
            else:
                talking.append(slot)
        return woken, talking

    # ----------------------------------------------------------------------------- shards

    def assign(self, slot: WorkerSlot, task: TaskRun, shard: Shard, schema_pickle: Callable[[], bytes]) -> None:
        """Send a shard of `task` to a worker, and the schema where the worker has another one."""
        slot.subtasks += len(shard.work)
        slot.task, slot.begun, slot.printed = task, False, self._new_buffer(task.spec.id)
        slot.assigned_at = time.monotonic()
        digest = task.spec.schema_digest
        known = slot.worker.schema_digest == digest
        slot.worker.schema_digest = digest
        slot.worker.run(shard, None if known else schema_pickle())

    def begun(self, slot: WorkerSlot) -> None:
        """Record that the shard has arrived."""
        slot.begun = True
        self._failed_starts = 0

    def release(self, slot: WorkerSlot) -> TaskRun | None:
        """Record that the shard has ended and return its task. A worker that has reached its limit is replaced."""
        self._end_output(slot)
        task, slot.task = slot.task, None
        limit = self._limits.max_subtasks
        if task is not None and limit is not None and slot.subtasks >= limit:
            self._replace(slot)
        return task

    def remove_dead(self, slot: WorkerSlot) -> str:
        """Remove the slot of a worker whose connection has ended; return how it died.

        Raises RunnerError where many workers in a row die before they begin a shard.
        """
        self._end_output(slot)
        self._remove(slot)
        how = slot.worker.discard()
        self.deaths += 1
        if not slot.begun:
            self._failed_starts += 1
            if self._failed_starts >= _START_LIMIT:
                raise RunnerError(
                    f"{_START_LIMIT} workers in a row died before they did anything: {how}; "
                    "is there a limit on memory, threads or processes (ulimit -a)?"
                )
        self._post(Logged(level="warning", message=f"worker {slot.worker.pid}: {how}; it is replaced"))
        return how

    # ----------------------------------------------------------------------------- what programs print

    def _read_output(self, slot: WorkerSlot) -> None:
        """Post what programs have printed, as lines of the task whose shard the worker has, up to a limit."""
        text = slot.worker.read_output()
        if text == "" and slot.output_open:
            slot.output_open = False
            self._selector.unregister(slot.worker.output)
        if text and slot.printed is not None:
            slot.printed.write(text)

    def _end_output(self, slot: WorkerSlot) -> None:
        self._read_output(slot)
        if slot.printed is not None:
            slot.printed.end()
            slot.printed = None

    def _new_buffer(self, task_id: str) -> LineBuffer:
        return LineBuffer(lambda line: self._post(Logged(level="info", message=line, task_id=task_id)))

    # ----------------------------------------------------------------------------- ends

    def _replace(self, slot: WorkerSlot) -> None:
        """Let an idle worker end, and start a new one in its place."""
        self._remove(slot)
        slot.worker.close()
        self._ending = [*(worker for worker in self._ending if not _has_ended(worker)), slot.worker]
        self.start_worker()

    def _remove(self, slot: WorkerSlot) -> None:
        """Remove a slot, and stop reading from its worker."""
        del self._slots[slot.worker.index]
        self._selector.unregister(slot.worker.connection)
        if slot.output_open:
            self._selector.unregister(slot.worker.output)

    def kill_busy(self) -> None:
        """Kill every worker that has a shard; the end of its connection reports the death."""
        for slot in self:
            if slot.task is not None:
                slot.worker.signal_group(signal.SIGKILL)

    def kill_unreached(self, now: float) -> None:
        """Kill workers whose shard cannot arrive, or has not in time: the thread that sends it died unreported."""
        for slot in self:
            if slot.task is None or slot.begun:
                continue
            if not slot.worker.is_reachable or now >= slot.assigned_at + _ARRIVAL_LIMIT:
                slot.assigned_at = now
                slot.worker.signal_group(signal.SIGKILL)

    def shut_down(self) -> None:
        """End every worker, and what their agents started and left running."""
        slots = list(self)
        for slot in slots:
            self._remove(slot)
        self._selector.close()
        for slot in slots:
            if slot.task is not None or not slot.ready:
                slot.worker.discard()
            else:
                slot.worker.close()
        for worker in [*(slot.worker for slot in slots), *self._ending]:
            worker.join(_END_WAIT)
            worker.signal_group(signal.SIGKILL)


def _has_ended(worker: Worker) -> bool:
    """Return whether a worker has ended; if so, what its agents left running is killed, too."""
    if not worker.join(0.0):
        return False
    worker.signal_group(signal.SIGKILL)
    return True
