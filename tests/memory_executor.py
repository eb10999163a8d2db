"""An executor without processes: its workers do what the acts of `tests/integration/acting_agents.py` mean, in no time.

It implements the acts that tests of the supervisor need. A sub-task takes `cost` seconds of the real clock, and the
threads of a shard work side by side. Everything happens in the thread that calls it, and nothing is random.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import queue
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from runner.execution.executor import Printed, WorkerDied
from runner.execution.worker_protocol import AttemptFailed, Shard, ShardBegun, ShardEnded, WorkerReady
from runner.execution.worker_protocol import Workpiece as Work
from runner.execution.workspace_access import DirectAccess
from runner.generation.agent import GeneratedFile
from runner.records.events import SubTaskEnded, SubTaskStarted, SubTaskStep
from runner.records.status import SubTaskStatus
from runner.records.task import FileCounts, SubTaskSpec

if TYPE_CHECKING:
    from runner.records.errors import RunnerError

RETRYABLE = {"os", "passing"}  # arguments of the act `raise`
NAMES = {"os": "OSError: ", "value": "ValueError: ", "exit": "SystemExit: "}


@dataclass
class _Worker:
    number: int
    shard: Shard | None = None
    left: list[tuple[SubTaskSpec, int]] = field(default_factory=list)
    running: dict[str, tuple[SubTaskSpec, int]] = field(default_factory=dict)
    cancelled: set[tuple[str, int]] = field(default_factory=set)


class MemoryExecutor:
    """`places` workers, which may be changed at any time. With `files`, what is generated is written."""

    def __init__(
        self, places: int = 5, *, cost: float = 0.0, files: bool = True, machines: int = 1, parallel: int | None = None
    ) -> None:
        self.places = places
        self.parallel = places if parallel is None else parallel
        self.machines = machines
        self.assigned: list[tuple[int, Shard, bytes | None]] = []  # everything that was handed over
        self.closed = False
        self.error: RunnerError | None = None  # what `receive` raises
        self._cost = cost
        self._files = files
        self._numbers = itertools.count()
        self._order = itertools.count()
        self._workers: dict[int, _Worker] = {}
        self._due: list[tuple[float, int, int, Any]] = []  # time, order, worker, message or sub-task
        self._accesses: dict[str, DirectAccess] = {}
        self._woken: queue.SimpleQueue[None] = queue.SimpleQueue()

    def prepare(self) -> str:
        return ""

    def start_worker(self) -> int | None:
        if len(self._workers) >= self.places:
            return None
        number = next(self._numbers)
        self._workers[number] = _Worker(number)
        self._send(number, WorkerReady(pid=number + 1))
        return number

    def assign(self, worker: int, shard: Shard, schema: bytes | None) -> None:
        self.assigned.append((worker, shard, schema))
        one = self._workers[worker]
        one.shard, one.left = shard, list(shard.work)
        self._send(worker, ShardBegun())
        for _ in range(shard.threads):
            self._begin_next(one)

    def cancel(self, worker: int, subtask_id: str, attempt: int) -> None:
        if (one := self._workers.get(worker)) is None:
            return
        one.cancelled.add((subtask_id, attempt))
        if subtask_id in one.running and self._act(one, one.running[subtask_id][0])[0] == "obey":
            self._fail(one, subtask_id, attempt, "told to stop", cancelled=True)

    def end(self, worker: int, *, force: bool) -> None:
        if worker in self._workers:
            self.die(worker, f"worker was ended by {'SIGKILL' if force else 'SIGTERM'}")

    def die(self, worker: int, how: str, *, lost: bool = False) -> None:
        """Have a worker die."""
        del self._workers[worker]
        self._send(worker, WorkerDied(name=f"worker {worker + 1}", how=how, lost=lost))

    def retire(self, worker: int) -> None:
        del self._workers[worker]
        self._due = [one for one in self._due if one[2] != worker]
        heapq.heapify(self._due)

    def receive(self, timeout: float) -> list[tuple[int, Any]]:
        if self.error is not None:
            raise self.error
        wait = timeout if not self._due else min(timeout, max(0.0, self._due[0][0] - time.monotonic()))
        if wait > 0 or not self._due:
            with contextlib.suppress(queue.Empty):
                self._woken.get(timeout=wait)
        while not self._woken.empty():
            self._woken.get()
        now, received = time.monotonic(), []
        while self._due and self._due[0][0] <= now:
            _, _, number, message = heapq.heappop(self._due)
            if isinstance(message, Work):
                self._end(number, message)
            else:
                received.append((number, message))
        return received

    def wake(self) -> None:
        self._woken.put(None)

    def close(self) -> None:
        self.closed = True
        self._workers.clear()

    # ----------------------------------------------------------------------------- the workers

    def _send(self, number: int, message: Any, after: float = 0.0) -> None:
        heapq.heappush(self._due, (time.monotonic() + after, next(self._order), number, message))

    def _act(self, worker: _Worker, subtask: SubTaskSpec) -> tuple[str, str]:
        options = {} if worker.shard is None else worker.shard.task.input.options
        acts = options.get("acts", {})
        act, _, argument = str(acts.get(subtask.table, acts.get("*", "write"))).partition(" ")
        return act, argument

    def _begin_next(self, worker: _Worker) -> None:
        if worker.left and worker.shard is not None:
            subtask, attempt = worker.left.pop(0)
            worker.running[subtask.id] = (subtask, attempt)
            task = worker.shard.task.id
            start = SubTaskStarted(
                task_id=task, subtask_id=subtask.id, attempt=attempt, total_steps=5, pid=worker.number + 1
            )
            self._send(worker.number, start)
            self._send(worker.number, SubTaskStep(task_id=task, subtask_id=subtask.id, step=4, message="render"))
            act, argument = self._act(worker, subtask)
            after = float(argument) if act == "work" else self._cost
            if act not in {"obey", "ignore"}:
                self._send(worker.number, Work(subtask=subtask, attempt=attempt), after)

    def _end(self, number: int, work: Work) -> None:
        """End an attempt as its act says."""
        worker = self._workers.get(number)
        if worker is None or worker.shard is None or work.subtask.id not in worker.running:
            return
        act, argument = self._act(worker, work.subtask)
        if (work.subtask.id, work.attempt) in worker.cancelled:
            self._fail(worker, work.subtask.id, work.attempt, "told to stop", cancelled=True)
        elif act == "signal":
            self.die(number, f"worker was ended by {argument}")
        elif act == "exit":
            self.die(number, f"worker exited with code {argument}")
        elif act == "raise":
            text = f"{NAMES.get(argument, '')}as asked"
            self._fail(worker, work.subtask.id, work.attempt, text, retryable=argument in RETRYABLE)
        else:
            if act == "program":
                self._send(number, Printed(text="a program speaks\n"))
            self._succeed(worker, worker.shard, work)

    def _succeed(self, worker: _Worker, shard: Shard, work: Work) -> None:
        counts = FileCounts(created=1)
        if self._files:
            task, options = shard.task, shard.task.input.options
            access = self._accesses.setdefault(task.id, DirectAccess(task, shard.run_id))
            table = work.subtask.table
            file = GeneratedFile(f"{options.get('folder', 'out')}/{table}.txt", f"{options.get('text', table)}\n")
            counts = access.write(work, [file], "", None).counts
        ended = SubTaskEnded(
            task_id=shard.task.id,
            subtask_id=work.subtask.id,
            status=SubTaskStatus.DONE,
            attempt=work.attempt,
            files=counts,
        )
        self._over(worker, work.subtask.id, ended)

    def _fail(
        self,
        worker: _Worker,
        subtask: str,
        attempt: int,
        error: str,
        *,
        retryable: bool = False,
        cancelled: bool = False,
    ) -> None:
        task = "" if worker.shard is None else worker.shard.task.id
        failed = AttemptFailed(
            task_id=task, subtask_id=subtask, attempt=attempt, error=error, retryable=retryable, cancelled=cancelled
        )
        self._over(worker, subtask, failed)

    def _over(self, worker: _Worker, subtask: str, message: Any) -> None:
        del worker.running[subtask]
        self._send(worker.number, message)
        self._begin_next(worker)
        if not worker.running and not worker.left:
            worker.shard = None
            self._send(worker.number, ShardEnded())
