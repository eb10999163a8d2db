"""The loop that runs tasks, in a thread of the supervisor process that owns all state of the run.

It waits for messages of workers, commands of other threads and deadlines. It turns messages into decisions
(`schedule`, `time_limits`) and events, and assigns shards to idle workers. Other threads only `call` it.
"""

from __future__ import annotations

import math
import queue
import threading
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from runner.execution.executor import Printed, WorkerDied
from runner.execution.worker_protocol import (
    AttemptFailed,
    FileChange,
    FilesChanged,
    Limits,
    Shard,
    ShardBegun,
    ShardEnded,
    WorkerReady,
)
from runner.records.errors import ClusterError
from runner.records.events import Event, Logged, SubTaskEnded, SubTaskStarted, SubTaskStep
from runner.records.status import SubTaskStatus
from runner.records.task import SUBTASK_CONCURRENCY, TASK_CONCURRENCY, Merging, TaskResult
from runner.scheduling.schedule import Schedule
from runner.scheduling.survey import Survey
from runner.scheduling.time_limits import TimeLimits
from runner.scheduling.worker_slots import WorkerSlot, WorkerSlots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from runner.execution.executor import Executor
    from runner.execution.task_queue import QueueStats
    from runner.scheduling.job import Job
    from runner.scheduling.task_run import SubTaskState, TaskRun

_IDLE_WAIT = 60.0  # seconds; nothing is due, and whatever happens wakes the loop
_DEATH_WATCH = 1.0  # seconds between two looks at whether the loop's thread is alive
_PROGRESS = Printed | SubTaskStarted | SubTaskStep  # messages after which nothing more can be assigned
_TICK = 0.1  # seconds between two checks of the time limits while tasks run


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The settings of a run: `workers` tasks at once, `subtasks` of each. For the switches see `Shard`."""

    workers: int = TASK_CONCURRENCY
    subtasks: int = SUBTASK_CONCURRENCY
    force: bool = False
    check: bool = False
    diff: bool = False
    merging: Merging = Merging()
    fail_fast: bool = False
    limits: Limits = Limits()


class Supervisor:
    """Runs jobs on the workers of `executor` until `stop`, which closes it.

    `post` takes events, in order; `on_end` takes the result of each task that ends.
    If the loop itself fails, `on_failure` takes the error, no task ends any more, and `wait_idle` and `add` raise it.
    All three are called from the loop's thread.
    """

    def __init__(
        self,
        run_id: str,
        settings: Settings,
        executor: Executor,
        post: Callable[[Event], None],
        on_end: Callable[[TaskResult], None],
        on_failure: Callable[[BaseException], None],
    ) -> None:
        self._run_id = run_id
        self._settings = settings
        self._executor = executor
        self._post = post
        self._on_failure = on_failure
        self._idle = threading.Event()
        self._idle.set()
        self._arriving = 0  # batches of `add` that the loop has not processed
        self._arrivals = threading.Lock()
        self._pickles: dict[str | None, bytes] = {}
        self._survey = Survey(force=settings.force, check=settings.check)
        self._schedule = Schedule(
            settings.workers, settings.subtasks, post, on_end, survey=self._survey, fail_fast=settings.fail_fast
        )
        self._slots = WorkerSlots(executor, settings.limits, post)
        self._limits = TimeLimits(executor, post, self._schedule.drop_waiting)
        self._next_check = 0.0
        self._error: BaseException | None = None
        self._commands: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._open = True
        self.changes: list[tuple[str, FileChange]] = []  # sub-task id and change; read it once the loop is idle
        self.diffs: dict[str, str] = {}  # by path, of a check that was asked for them; likewise
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    @property
    def deaths(self) -> int:
        """How many workers have died and were replaced."""
        return self._slots.deaths

    # ----------------------------------------------------------------------------- called from other threads

    def start(self) -> None:
        """Start the loop."""
        self._thread.start()

    def has_work(self, jobs: Iterable[Job]) -> bool:
        """Return whether a sub-task of these jobs needs a worker."""
        return any(self._survey.count_work(job) for job in jobs)

    def call(self, command: Callable[[], None]) -> None:
        """Have `command` run soon in the loop's thread. Never blocks; safe in a signal handler."""
        self._commands.put(command)
        self._executor.wake()

    def add(self, jobs: Iterable[Job]) -> None:
        """Add jobs. Those that need a failed task end as skipped at once. Raises what ended the loop early."""
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
        """Cancel one task: its waiting sub-tasks end, its running ones are asked to stop."""
        self.call(lambda: self._cancel_one(task_id, reason))

    def cancel_all(self, reason: str) -> None:
        """Cancel every task and start none any more; what runs has its grace period."""
        self.call(lambda: self._cancel_all(reason))

    def kill_all(self, reason: str) -> None:
        """Cancel every task and kill the workers at once."""
        self.call(lambda: self._kill_all(reason))

    def wait_idle(self, timeout: float | None = None) -> bool:
        """Wait until nothing waits or runs; False after `timeout` seconds. Raises what ended the loop early.

        Where memory runs out, the loop may end without having said so, with a MemoryError.
        """
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        while not (ended := self._idle.wait(max(0.0, min(deadline - time.monotonic(), _DEATH_WATCH)))):
            if time.monotonic() >= deadline or self._has_died():
                break
        ended = ended or self._idle.is_set()
        if self._error is not None:
            raise self._error
        if not ended and self._has_died():
            raise MemoryError
        return ended

    def _has_died(self) -> bool:
        return self._thread.ident is not None and not self._thread.is_alive()

    def stats(self) -> QueueStats:
        """Return how many tasks are waiting and running now."""
        return self._schedule.queue.stats

    def stop(self) -> None:
        """End the workers and the loop; what still runs is killed. May be called twice."""
        if self._thread.is_alive():
            self.call(self._close)
            self._thread.join()

    # ----------------------------------------------------------------------------- the loop

    def _run(self) -> None:
        try:
            while self._open:
                self._turn()
        except ClusterError as error:
            self._abandon(error)
        except BaseException as error:  # noqa: BLE001 - raised in the threads that wait
            with self._arrivals:
                self._error = error
            self._on_failure(error)
        finally:
            try:
                self._executor.close()
            finally:
                self._idle.set()

    def _abandon(self, error: ClusterError) -> None:
        """End everything: there can be no workers any more. The next run continues."""
        with self._arrivals:
            self._error = error
        while self._arriving:  # they are on their way
            self._run_commands()
        self._schedule.abandon(str(error))

    def _turn(self) -> None:
        received = self._executor.receive(_TICK if self._schedule.active else _IDLE_WAIT)
        commanded = self._run_commands()
        for worker, message in received:
            slot = self._slots.get(worker)
            if slot is not None:
                self._handle(slot, message)
        now = time.monotonic()
        checked = now >= self._next_check
        if checked:
            self._next_check = now + _TICK
            active = list(self._schedule.active.values())
            self._limits.check(active, self._schedule.expired(now), now)
        if not (commanded or checked) and all(isinstance(message, _PROGRESS) for _, message in received):
            return  # nothing more can be assigned, and nothing has ended
        self._assign(now)
        with self._arrivals:
            if self._schedule.queue.is_idle and not self._arriving:
                self._idle.set()

    def _run_commands(self) -> bool:
        """Run the commands that have arrived; return whether there were any."""
        ran = False
        while True:
            try:
                command = self._commands.get_nowait()
            except queue.Empty:
                return ran
            command()
            ran = True

    def _handle(self, slot: WorkerSlot, message: Any) -> None:
        match message:
            case WorkerReady() | ShardBegun() | Printed():
                self._slots.note(slot, message)
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
                self.diffs.update(message.diffs)
            case ShardEnded(error=error):
                self._shard_ended(slot, error)
            case WorkerDied():
                self._worker_died(slot, message)
            case _:
                self._post(message)

    # ----------------------------------------------------------------------------- assignment

    def _assign(self, now: float) -> None:
        """Assign shards to idle workers: of running tasks without a worker, then of new ones, then of the rest.

        There are as many workers as were needed at once so far.
        """
        self._schedule.end_up_to_date(now)
        if self._schedule.queue.is_idle:
            return
        self._schedule.scale(self._executor.machines)
        self._start_workers(now)
        free = [slot for slot in self._slots if slot.task is None]  # including those that are still starting
        ready = [slot for slot in free if slot.ready]
        while ready:
            task = self._schedule.next_task(now)
            if task is None:
                return
            slot = next((one for one in ready if one.schema_digest == task.spec.schema_digest), ready[0])
            room = max(1, self._executor.parallel - len(task.shards))  # each worker more has to load the schema
            shards = min(len(free), room)
            work, threads = task.choose_shard(shards, others_wait=self._schedule.task_waits(), now=now)
            self._assign_shard(slot, task, work, threads)
            ready.remove(slot)
            free.remove(slot)

    def _start_workers(self, now: float) -> None:
        room = self._executor.places - len(self._slots)
        if room > 0:
            free = sum(slot.task is None for slot in self._slots)  # those that are still starting included
            for _ in range(min(room, self._schedule.workers_due(now, self._executor.parallel) - free)):
                if not self._slots.start_worker():
                    return

    def _assign_shard(self, slot: WorkerSlot, task: TaskRun, work: tuple[SubTaskState, ...], threads: int) -> None:
        self._survey.end()
        task.assign(work, slot.worker, threads)
        shard = Shard(
            run_id=self._run_id,
            task=replace(task.spec, subtasks=()),
            work=tuple((state.spec, state.attempt) for state in work),
            threads=threads,
            force=self._settings.force,
            check=self._settings.check,
            diff=self._settings.diff,
            merging=self._settings.merging,
        )
        self._slots.assign(slot, task, shard, partial(self._pickled, task))

    def _pickled(self, task: TaskRun) -> bytes:
        digest = task.spec.schema_digest
        if digest not in self._pickles:
            self._pickles[digest] = self._schedule.jobs[task.spec.id].pickle_schema()
        return self._pickles[digest]

    # ----------------------------------------------------------------------------- messages of workers

    def _stepped(self, message: SubTaskStep) -> None:
        task = self._schedule.active.get(message.task_id)
        state = None if task is None else task.states[message.subtask_id]
        if state is None or state.status is not SubTaskStatus.RUNNING or message.step < state.step:
            return  # from a thread that its agent left running
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
        self._schedule.report_outcome(task, state, error, outcome, message.at)

    def _shard_ended(self, slot: WorkerSlot, error: str | None) -> None:
        task = self._slots.release(slot)
        if task is None:
            return
        text = error or "the worker ended its shard without attempting it"
        for state in task.shard_ended(slot.worker):
            outcome = task.failed(state.spec.id, text, retryable=False, now=0.0)
            self._schedule.report_outcome(task, state, text, outcome)

    def _worker_died(self, slot: WorkerSlot, died: WorkerDied) -> None:
        """Replace a worker that has died; the sub-tasks of its shard are retried or charged."""
        self._slots.remove_dead(slot, died)
        if self._open:
            self._slots.start_worker()
        if (task := slot.task) is not None:
            outcomes = task.worker_died(slot.worker, died.how, time.monotonic(), begun=slot.begun, lost=died.lost)
            for state, error, outcome in outcomes:
                self._schedule.report_outcome(task, state, error, outcome)

    # ----------------------------------------------------------------------------- commands

    def _add(self, jobs: list[Job]) -> None:
        self._schedule.add(jobs)
        with self._arrivals:
            self._arriving -= 1

    def _cancel_one(self, task_id: str, reason: str) -> None:
        if task_id in self._schedule.jobs:
            message = f"{reason}: its running sub-tasks are asked to stop"
            self._post(Logged(level="warning", message=message, task_id=task_id))
            self._cancel(task_id, reason)

    def _cancel(self, task_id: str, reason: str) -> None:
        task = self._schedule.active.get(task_id)
        if task is None:
            self._schedule.cancel_waiting(task_id, reason)
            return
        self._schedule.drop_waiting(task, reason)
        for state in task.assigned:
            self._limits.ask_to_stop(task, state, reason, charged=False)

    def _cancel_all(self, reason: str) -> None:
        message = f"{reason}: nothing new is started, running sub-tasks are asked to stop"
        self._post(Logged(level="warning", message=message))
        self._schedule.stop_assigning(reason)
        for task_id in list(self._schedule.active):
            self._cancel(task_id, reason)

    def _kill_all(self, reason: str) -> None:
        self._cancel_all(reason)
        self._slots.kill_busy()

    def _close(self) -> None:
        self._open = False
