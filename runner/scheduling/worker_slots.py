"""The places of the pool: which worker fills each, what it was handed, and what its programs print.

Used by one thread, the supervisor's loop, which decides; here is kept who has what.
"""

from __future__ import annotations

import itertools
import selectors
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.execution.output_capture import LineKeeper
from runner.execution.process_pool import Worker
from runner.records.errors import RunnerError
from runner.records.events import Event, Logged
from runner.scheduling.task_run import TaskRun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

    from runner.execution.worker_protocol import Limits, Shard

_END_WAIT = 5.0  # seconds for an idle worker to end; it takes milliseconds, and cannot outlive this process
_ARRIVAL_LIMIT = 60.0  # seconds for a shard to reach its worker; it takes milliseconds
_START_LIMIT = 20  # workers that die before they have begun a shard, in a row, before the run gives up


@dataclass(slots=True)
class WorkerSlot:
    """A place of the pool: its worker, the task whose shard it has, and whether that has arrived."""

    worker: Worker
    ready: bool = False
    task: TaskRun | None = None
    begun: bool = False
    handed_at: float = 0.0  # monotonic seconds
    talks: bool = True  # its output is open
    keeper: LineKeeper | None = None  # of what programs print for the shard
    served: int = 0  # sub-tasks handed to it so far


class WorkerSlots:
    """All places. `post` takes events; `on_refused` is told, from another thread, that a shard could not be sent."""

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
        self._retired: list[Worker] = []
        self._failed_starts = 0
        self.deaths = 0  # workers that died

    def __iter__(self) -> Iterator[WorkerSlot]:
        return iter(tuple(self._slots.values()))

    def __contains__(self, slot: WorkerSlot) -> bool:
        return self._slots.get(slot.worker.index) is slot

    def get(self, index: int) -> WorkerSlot | None:
        """Return the place whose worker has this number, unless that is gone."""
        return self._slots.get(index)

    def start_worker(self) -> None:
        """Add a place with a fresh worker, under a number that no worker had before."""
        number = next(self._numbers)
        slot = self._slots[number] = WorkerSlot(Worker(number, self._on_refused, self._limits.memory))
        self._selector.register(slot.worker.connection, selectors.EVENT_READ, slot)
        self._selector.register(slot.worker.output, selectors.EVENT_READ, slot)

    def wake_on(self, woken: Connection) -> None:
        """Have `wait` end when there is something to read on `woken`, too."""
        self._selector.register(woken, selectors.EVENT_READ)

    def wait(self, timeout: float) -> tuple[bool, list[WorkerSlot]]:
        """Wait at most `timeout` seconds for something to read; return whether it is what wakes, and who sent messages.

        What programs have printed meanwhile is kept.
        """
        woken, talking = False, []
        for key, _ in self._selector.select(timeout):
            slot: WorkerSlot | None = key.data
            if slot is None:
                woken = True
            elif key.fileobj is slot.worker.output:
                self._keep_output(slot)
            else:
                talking.append(slot)
        return woken, talking

    # ----------------------------------------------------------------------------- shards

    def hand_over(self, slot: WorkerSlot, task: TaskRun, shard: Shard, schema_pickle: Callable[[], bytes]) -> None:
        """Give a shard of `task` to a worker; the schema only where that has another one."""
        slot.served += len(shard.work)
        slot.task, slot.begun, slot.keeper = task, False, self._new_keeper(task.spec.id)
        slot.handed_at = time.monotonic()
        digest = task.spec.schema_digest
        known = slot.worker.schema_digest == digest
        slot.worker.schema_digest = digest
        slot.worker.run(shard, None if known else schema_pickle())

    def begun(self, slot: WorkerSlot) -> None:
        """Note that the shard has arrived."""
        slot.begun = True
        self._failed_starts = 0

    def take_back(self, slot: WorkerSlot) -> TaskRun | None:
        """Free a worker of its shard and return the task that it was of; one that has done its share is replaced."""
        self._end_output(slot)
        task, slot.task = slot.task, None
        most = self._limits.max_subtasks
        if task is not None and most is not None and slot.served >= most:
            self._retire(slot)
        return task

    def bury(self, slot: WorkerSlot) -> str:
        """Give up the place of a worker whose connection has ended; return how that died.

        Raises RunnerError where one worker after the other dies before it does anything.
        """
        self._end_output(slot)
        self._forget(slot)
        how = slot.worker.discard()
        self.deaths += 1
        if not slot.begun:
            self._failed_starts += 1
            if self._failed_starts >= _START_LIMIT:
                raise RunnerError(f"{_START_LIMIT} workers in a row died before they did anything: {how}")
        self._post(Logged(level="warning", message=f"worker {slot.worker.pid}: {how}; it is replaced"))
        return how

    # ----------------------------------------------------------------------------- what programs print

    def _keep_output(self, slot: WorkerSlot) -> None:
        """Keep what programs printed, as lines of the task whose shard the worker has; cut what is too much."""
        text = slot.worker.read_output()
        if text == "" and slot.talks:
            slot.talks = False
            self._selector.unregister(slot.worker.output)
        if text and slot.keeper is not None:
            slot.keeper.write(text)

    def _end_output(self, slot: WorkerSlot) -> None:
        self._keep_output(slot)
        if slot.keeper is not None:
            slot.keeper.end()
            slot.keeper = None

    def _new_keeper(self, task_id: str) -> LineKeeper:
        return LineKeeper(lambda line: self._post(Logged(level="info", message=line, task_id=task_id)))

    # ----------------------------------------------------------------------------- ends

    def _retire(self, slot: WorkerSlot) -> None:
        """Let a worker end that has done its share, and start a fresh one in its place."""
        self._forget(slot)
        slot.worker.close()
        self._retired = [*(worker for worker in self._retired if not _is_gone(worker)), slot.worker]
        self.start_worker()

    def _forget(self, slot: WorkerSlot) -> None:
        """Give up a place, and listen to its worker no more."""
        del self._slots[slot.worker.index]
        self._selector.unregister(slot.worker.connection)
        if slot.talks:
            self._selector.unregister(slot.worker.output)

    def kill_busy(self) -> None:
        """End every worker that has a shard, at once; the end of its connection tells the rest."""
        for slot in self:
            if slot.task is not None:
                slot.worker.signal_group(signal.SIGKILL)

    def end_unreached(self, now: float) -> None:
        """End workers that their shard has not reached: what hands it over has died, and nobody else would tell."""
        for slot in self:
            if slot.task is not None and not slot.begun and now >= slot.handed_at + _ARRIVAL_LIMIT:
                slot.handed_at = now
                slot.worker.signal_group(signal.SIGKILL)

    def shut_down(self) -> None:
        """Let go of every worker, and end what their agents started and left behind."""
        slots = list(self)
        for slot in slots:
            self._forget(slot)
        self._selector.close()
        for slot in slots:
            if slot.task is not None or not slot.ready:
                slot.worker.discard()
            else:
                slot.worker.close()
        for worker in [*(slot.worker for slot in slots), *self._retired]:
            worker.join(_END_WAIT)
            worker.signal_group(signal.SIGKILL)


def _is_gone(worker: Worker) -> bool:
    """Whether a worker has ended; then what its agents left behind is ended, too."""
    if not worker.join(0.0):
        return False
    worker.signal_group(signal.SIGKILL)
    return True
