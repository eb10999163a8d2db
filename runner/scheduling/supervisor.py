"""The loop that runs tasks: one thread of the supervisor process, which owns all run state.

It waits for messages of workers, commands of other threads and deadlines, turns messages into decisions
(`schedule`, `time_limits`) and events, and hands shards to idle workers. Other threads only `call` it.
"""

from __future__ import annotations

import os
import pickle
import queue
import threading
import time
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import Pipe
from typing import TYPE_CHECKING, Any

from runner.execution.worker_protocol import (
    AttemptFailed,
    Change,
    FilesChanged,
    Limits,
    Shard,
    ShardBegun,
    ShardEnded,
    WorkerReady,
)
from runner.records.events import Event, Logged, SubTaskEnded, SubTaskStarted, SubTaskStep
from runner.records.status import SubTaskStatus
from runner.records.task import SUBTASK_CONCURRENCY, TASK_CONCURRENCY, TaskResult
from runner.scheduling.schedule import Schedule
from runner.scheduling.time_limits import TimeLimits
from runner.scheduling.worker_slots import WorkerSlot, WorkerSlots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from runner.execution.process_pool import Worker
    from runner.execution.task_queue import QueueStats
    from runner.scheduling.schedule import Job
    from runner.scheduling.task_run import SubTaskState, TaskRun

_IDLE_WAIT = 60.0  # seconds; nothing is due, and everything that can happen wakes the loop
_TICK = 0.1  # seconds between two looks at the limits while tasks run
_CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """How a run is run: `workers` tasks at once, `subtasks` of each; see `Shard` for `force` and `check`."""

    workers: int = TASK_CONCURRENCY
    subtasks: int = SUBTASK_CONCURRENCY
    force: bool = False
    check: bool = False
    fail_fast: bool = False
    limits: Limits = Limits()


class Supervisor:
    """Runs jobs until `stop`. `post` takes its events, in order; `on_end` is told each task's result.

    Should the loop itself fail, `on_failure` is told why, no task ends any more, and `wait_idle` and `add` raise.
    All three are called from the loop's thread.
    """

    def __init__(
        self,
        run_id: str,
        settings: Settings,
        post: Callable[[Event], None],
        on_end: Callable[[TaskResult], None],
        on_failure: Callable[[BaseException], None],
    ) -> None:
        self._run_id = run_id
        self._settings = settings
        self._post = post
        self._on_failure = on_failure
        self._idle = threading.Event()
        self._idle.set()
        self._arriving = 0  # batches that `add` announced and the loop has not seen
        self._arrivals = threading.Lock()
        self._pickles: dict[str | None, bytes] = {}
        self._schedule = Schedule(settings.workers, settings.subtasks, post, on_end, fail_fast=settings.fail_fast)
        self._slots = WorkerSlots(settings.limits, post, self._refused)
        self._limits = TimeLimits(self._slots, post, self._schedule.drop_waiting)
        self._next_look = 0.0
        self._error: BaseException | None = None
        self._commands: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._woken, self._wake = Pipe(duplex=False)
        self._slots.wake_on(self._woken)
        self._open = True
        self.changes: list[tuple[str, Change]] = []  # sub-task id and change; read it once the loop is idle
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    @property
    def deaths(self) -> int:
        """How many workers died and were replaced."""
        return self._slots.deaths

    # ----------------------------------------------------------------------------- called from other threads

    def start(self) -> None:
        """Start the loop and its workers."""
        self._thread.start()

    def call(self, command: Callable[[], None]) -> None:
        """Have `command` run on the loop's thread, soon. Never blocks; safe in a signal handler."""
        self._commands.put(command)
        self._wake.send_bytes(b"!")

    def add(self, jobs: Iterable[Job]) -> None:
        """Add jobs. Those that need one that has failed end as skipped at once."""
        batch = list(jobs)
        with self._arrivals:
            if self._error is not None:
                raise self._error
            self._arriving += 1
            self._idle.clear()
        self.call(lambda: self._add(batch))

    def pause(self) -> None:
        """Start no new task until `resume`; running tasks finish."""
        self.call(self._schedule.pause)

    def resume(self) -> None:
        """Start tasks again."""
        self.call(self._schedule.resume)

    def clear(self, reason: str) -> None:
        """Cancel every task that has not started."""
        self.call(lambda: self._schedule.clear(reason))

    def cancel(self, task_id: str, reason: str) -> None:
        """Cancel one task: what waits of it is dropped, what runs is told to stop."""
        self.call(lambda: self._cancel_one(task_id, reason))

    def cancel_all(self, reason: str) -> None:
        """Cancel every task, and take no more: what runs gets its grace."""
        self.call(lambda: self._cancel_all(reason))

    def kill_all(self, reason: str) -> None:
        """Cancel every task and end the workers at once."""
        self.call(lambda: self._kill_all(reason))

    def wait_idle(self, timeout: float | None = None) -> bool:
        """Wait until nothing waits or runs. Returns False on timeout; raises what ended the loop early."""
        ended = self._idle.wait(timeout)
        if self._error is not None:
            raise self._error
        return ended

    def stats(self) -> QueueStats:
        """Counts of this moment, as the loop last saw them."""
        return self._schedule.queue.stats

    def stop(self) -> None:
        """Let the workers go and end the loop; what still runs is killed. Safe to call twice."""
        if self._thread.is_alive():
            self.call(self._close)
            self._thread.join()

    # ----------------------------------------------------------------------------- the loop

    def _run(self) -> None:
        try:
            for _ in range(self._settings.workers):
                self._slots.start_worker()
            while self._open:
                self._turn()
        except BaseException as error:  # noqa: BLE001 - kept for the threads that wait
            with self._arrivals:
                self._error = error
            self._on_failure(error)
        finally:
            try:
                self._slots.shut_down()
            finally:
                self._idle.set()

    def _turn(self) -> None:
        woken, talking = self._slots.wait(_TICK if self._schedule.active else _IDLE_WAIT)
        if woken:
            self._run_commands()
        for slot in talking:
            if slot in self._slots:
                self._receive(slot)
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + _TICK
            active = list(self._schedule.active.values())
            self._limits.check(active, self._schedule.expired(now), now)
            self._slots.end_unreached(now)
        self._assign(now)
        with self._arrivals:
            if self._schedule.queue.is_idle and not self._arriving:
                self._idle.set()

    def _run_commands(self) -> None:
        while self._woken.poll():
            self._woken.recv_bytes()
        while True:
            try:
                command = self._commands.get_nowait()
            except queue.Empty:
                return
            command()

    def _receive(self, slot: WorkerSlot) -> None:
        try:
            messages = slot.worker.receive()
        except (EOFError, OSError, pickle.UnpicklingError):
            self._worker_died(slot)
            return
        for message in messages:
            if slot in self._slots:
                self._handle(slot, message)

    def _handle(self, slot: WorkerSlot, message: Any) -> None:
        match message:
            case WorkerReady():
                slot.ready = True
            case ShardBegun():
                self._slots.begun(slot)
            case SubTaskStarted():
                self._schedule.active[message.task_id].started(message.subtask_id, time.monotonic())
                self._post(message)
            case SubTaskStep():
                self._stepped(message)
            case SubTaskEnded():
                task = self._schedule.active[message.task_id]
                task.done(message.subtask_id)
                self._post(message)
                self._schedule.end_if_complete(task)
            case AttemptFailed():
                self._attempt_failed(message)
            case FilesChanged():
                self.changes += [(message.subtask_id, change) for change in message.changes]
            case ShardEnded(error=error):
                self._shard_ended(slot, error)
            case _:
                self._post(message)

    # ----------------------------------------------------------------------------- handing out

    def _assign(self, now: float) -> None:
        """Give idle workers work: running tasks that have none first, then new ones, then shards of the rest."""
        free = [slot for slot in self._slots if slot.task is None]  # those that still start will take a share
        ready = [slot for slot in free if slot.ready]
        while ready:
            task = self._schedule.next_task(now)
            if task is None:
                return
            slot = next((one for one in ready if one.worker.schema_digest == task.spec.schema_digest), ready[0])
            shards = min(len(free), max(1, _CORES - len(task.shards)))  # more would only each learn the schema anew
            work, threads = task.take_work(shards, others_wait=self._schedule.task_waits(), now=now)
            self._hand_over(slot, task, work, threads)
            ready.remove(slot)
            free.remove(slot)

    def _hand_over(self, slot: WorkerSlot, task: TaskRun, work: tuple[SubTaskState, ...], threads: int) -> None:
        task.hand_over(work, slot.worker.index, threads)
        shard = Shard(
            run_id=self._run_id,
            task=replace(task.spec, subtasks=()),
            work=tuple((state.spec, state.attempt) for state in work),
            threads=threads,
            force=self._settings.force,
            check=self._settings.check,
        )
        self._slots.hand_over(slot, task, shard, partial(self._pickled, task))

    def _pickled(self, task: TaskRun) -> bytes:
        digest = task.spec.schema_digest
        if digest not in self._pickles:
            schema = self._schedule.jobs[task.spec.id].schema
            self._pickles[digest] = pickle.dumps(schema, pickle.HIGHEST_PROTOCOL)
        return self._pickles[digest]

    # ----------------------------------------------------------------------------- what workers tell

    def _stepped(self, message: SubTaskStep) -> None:
        task = self._schedule.active.get(message.task_id)
        state = None if task is None else task.states[message.subtask_id]
        if state is None or state.status is not SubTaskStatus.RUNNING or message.step < state.step:
            return  # told by a thread that its agent left behind
        state.step, state.message = message.step, message.message
        self._post(message)

    def _attempt_failed(self, message: AttemptFailed) -> None:
        task = self._schedule.active[message.task_id]
        state = task.states[message.subtask_id]
        now = time.monotonic()
        if message.cancelled:
            error = state.stop_reason or message.error
            outcome = task.stopped(message.subtask_id, error, now)
        else:
            error = message.error
            outcome = task.failed(message.subtask_id, error, retryable=message.retryable, now=now)
        self._schedule.tell_outcome(task, state, error, outcome)

    def _shard_ended(self, slot: WorkerSlot, error: str | None) -> None:
        task = self._slots.take_back(slot)
        if task is None:
            return
        for state in task.shard_ended(slot.worker.index):
            text = error or "the worker gave it back untried"
            self._schedule.tell_outcome(task, state, text, task.failed(state.spec.id, text, retryable=False, now=0.0))

    def _worker_died(self, slot: WorkerSlot) -> None:
        """Replace a worker whose connection has ended; its shard's sub-tasks are tried again or charged."""
        how = self._slots.bury(slot)
        if self._open:
            self._slots.start_worker()
        if (task := slot.task) is not None:
            outcomes = task.worker_died(slot.worker.index, how, time.monotonic(), begun=slot.begun)
            for state, error, outcome in outcomes:
                self._schedule.tell_outcome(task, state, error, outcome)

    # ----------------------------------------------------------------------------- commands

    def _add(self, jobs: list[Job]) -> None:
        self._schedule.add(jobs)
        with self._arrivals:
            self._arriving -= 1

    def _cancel_one(self, task_id: str, reason: str) -> None:
        if task_id in self._schedule.jobs:
            self._post(Logged(level="warning", message=f"{reason}: what runs of it is told to stop", task_id=task_id))
            self._cancel(task_id, reason)

    def _cancel(self, task_id: str, reason: str) -> None:
        task = self._schedule.active.get(task_id)
        if task is None:
            self._schedule.cancel_waiting(task_id, reason)
            return
        self._schedule.drop_waiting(task, reason)
        for state in task.held:
            self._limits.tell_to_stop(task, state, reason, charged=False)

    def _cancel_all(self, reason: str) -> None:
        self._post(Logged(level="warning", message=f"{reason}: nothing new is started, what runs is told to stop"))
        self._schedule.stop_handing_out(reason)
        for task_id in list(self._schedule.active):
            self._cancel(task_id, reason)

    def _kill_all(self, reason: str) -> None:
        self._cancel_all(reason)
        self._slots.kill_busy()

    def _close(self) -> None:
        self._open = False

    def _refused(self, worker: Worker, error: BaseException) -> None:
        """A shard could not be sent: called from a thread of the executor."""
        self.call(lambda: self._shard_refused(worker, error))

    def _shard_refused(self, worker: Worker, error: BaseException) -> None:
        slot = self._slots.get(worker.index)
        if slot is not None:
            self._shard_ended(slot, f"cannot be sent to a worker: {error}")
