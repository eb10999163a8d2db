"""The loop that runs tasks: one thread of the supervisor process, which owns all run state.

It waits for messages of workers, commands of other threads and deadlines, turns messages into decisions
(`task_queue`, `task_run`: both pure) and events, and hands shards to idle workers. Other threads only `call` it.
"""

from __future__ import annotations

import itertools
import pickle
import queue
import signal
import threading
import time
from dataclasses import dataclass, replace
from multiprocessing import Pipe
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any

from runner.capture import LineKeeper
from runner.ddl.model import Schema
from runner.errors import RunnerError
from runner.events import (
    Event,
    Logged,
    RunPaused,
    RunResumed,
    SubTaskEnded,
    SubTaskRetrying,
    SubTaskStarted,
    SubTaskStep,
    TaskEnded,
    TaskStarted,
)
from runner.executors.process_pool import Worker
from runner.shard import AttemptFailed, Change, FilesChanged, Limits, Shard, ShardBegun, ShardEnded, WorkerReady
from runner.status import SubTaskStatus, TaskStatus
from runner.task import SUBTASK_CONCURRENCY, TaskResult, TaskSpec
from runner.task_queue import QueueEntry, QueueStats, Skipped, TaskQueue
from runner.task_run import Ended, Retry, SubTaskState, TaskRun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_MESSAGES_A_TURN = 256  # of one worker, before the others have their turn
_IDLE_WAIT = 60.0  # seconds; nothing is due, and everything that can happen wakes the loop
_TICK = 0.1  # seconds between two looks at the limits while tasks run
_END_WAIT = 5.0  # seconds for an idle worker to end; it takes milliseconds, and cannot outlive this process
_START_LIMIT = 20  # workers that die before they have begun a shard, in a row, before the run gives up
_SLOW_SHARE = 0.5  # of a limit, after which a sub-task is reported as slow


@dataclass(frozen=True, kw_only=True)
class Job:
    """A task and all that is needed to run it."""

    spec: TaskSpec
    schema: Schema


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """How a run is run: `workers` tasks at once, `subtasks` of each; see `Shard` for `force` and `check`."""

    workers: int = 5
    subtasks: int = SUBTASK_CONCURRENCY
    force: bool = False
    check: bool = False
    fail_fast: bool = False
    limits: Limits = Limits()


@dataclass(slots=True)
class _Slot:
    """A place of the pool: its worker, the task whose shard it has, and whether that has arrived."""

    worker: Worker
    ready: bool = False
    task: TaskRun | None = None
    begun: bool = False
    talks: bool = True  # its output is open
    keeper: LineKeeper | None = None  # of what programs print for the shard
    served: int = 0  # sub-tasks handed to it so far


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
        self._on_end = on_end
        self._on_failure = on_failure
        self._queue: TaskQueue[Job] = TaskQueue(settings.workers)
        self._idle = threading.Event()
        self._idle.set()
        self._arriving = 0  # batches that `add` announced and the loop has not seen
        self._arrivals = threading.Lock()
        self._active: dict[str, TaskRun] = {}
        self._jobs: dict[str, Job] = {}
        self._pickles: dict[str | None, bytes] = {}
        self._slots: dict[int, _Slot] = {}
        self._numbers = itertools.count()
        self._retired: list[Worker] = []
        self._failed_starts = 0
        self._stopping: str | None = None
        self._next_look = 0.0
        self._error: BaseException | None = None
        self._commands: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._woken, self._wake = Pipe(duplex=False)
        self._open = True
        self.deaths = 0  # workers that died and were replaced
        self.changes: list[tuple[str, Change]] = []  # sub-task id and change; read it once the loop is idle
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

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
        self.call(self._pause)

    def resume(self) -> None:
        """Start tasks again."""
        self.call(self._resume)

    def clear(self, reason: str) -> None:
        """Cancel every task that has not started."""
        self.call(lambda: self._clear(reason))

    def cancel(self, task_id: str, reason: str) -> None:
        """Cancel one task: what waits of it is dropped, what runs is told to stop."""
        self.call(lambda: self._cancel(task_id, reason))

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
        return self._queue.stats

    def stop(self) -> None:
        """Let the workers go and end the loop; what still runs is killed. Safe to call twice."""
        if self._thread.is_alive():
            self.call(self._close)
            self._thread.join()

    # ----------------------------------------------------------------------------- the loop

    def _run(self) -> None:
        try:
            for _ in range(self._settings.workers):
                self._new_worker()
            while self._open:
                self._turn()
        except BaseException as error:  # noqa: BLE001 - kept for the threads that wait
            with self._arrivals:
                self._error = error
            self._on_failure(error)
        finally:
            self._shut_down()
            self._idle.set()

    def _turn(self) -> None:
        slots: dict[Any, _Slot] = {slot.worker.connection: slot for slot in self._slots.values()}
        outputs: dict[Any, _Slot] = {slot.worker.output: slot for slot in self._slots.values() if slot.talks}
        ready = wait([self._woken, *slots, *outputs], _TICK if self._active else _IDLE_WAIT)
        if self._woken in ready:
            self._run_commands()
        for connection in ready:
            if connection in outputs:
                self._keep_output(outputs[connection])
        for connection in ready:
            slot = slots.get(connection)
            if slot is not None and self._slots.get(slot.worker.index) is slot:
                self._receive(slot)
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + _TICK
            self._check_limits(now)
        self._assign(now)
        with self._arrivals:
            if self._queue.is_idle and not self._arriving:
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

    def _receive(self, slot: _Slot) -> None:
        connection = slot.worker.connection
        try:
            for _ in range(_MESSAGES_A_TURN):
                self._handle(slot, connection.recv())
                if slot.worker.index not in self._slots or not connection.poll():
                    return
        except (EOFError, OSError, pickle.UnpicklingError):
            self._worker_died(slot)

    def _keep_output(self, slot: _Slot) -> None:
        """Keep what programs printed, as lines of the task whose shard the worker has; cut what is too much."""
        text = slot.worker.read_output()
        slot.talks = text != ""
        if text and slot.keeper is not None:
            slot.keeper.write(text)

    def _end_output(self, slot: _Slot) -> None:
        self._keep_output(slot)
        if slot.keeper is not None:
            slot.keeper.end()
            slot.keeper = None

    def _new_keeper(self, task_id: str) -> LineKeeper:
        return LineKeeper(lambda line: self._post(Logged(level="info", message=line, task_id=task_id)))

    def _handle(self, slot: _Slot, message: Any) -> None:
        match message:
            case WorkerReady():
                slot.ready = True
            case ShardBegun():
                slot.begun = True
                self._failed_starts = 0
            case SubTaskStarted():
                self._active[message.task_id].started(message.subtask_id, time.monotonic())
                self._post(message)
            case SubTaskStep():
                state = self._active[message.task_id].states[message.subtask_id]
                state.step, state.message = message.step, message.message
                self._post(message)
            case SubTaskEnded():
                task = self._active[message.task_id]
                task.done(message.subtask_id)
                self._post(message)
                self._end_if_complete(task)
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
        free = [slot for slot in self._slots.values() if slot.task is None]  # those that still start will take a share
        for slot in [slot for slot in free if slot.ready]:
            task = self._next_task(now)
            if task is None:
                return
            work, threads = task.take_work(len(free), others_wait=self._task_waits(), now=now)
            self._hand_over(slot, task, work, threads, now)
            free.remove(slot)

    def _next_task(self, now: float) -> TaskRun | None:
        due = [task for task in self._active.values() if task.has_due(now)]
        due.sort(key=lambda task: -task.spec.priority)
        for task in due:
            if not task.shards:
                return task
        entry = None if self._stopping else self._queue.take(now)
        if entry is not None:
            task = TaskRun(entry.payload.spec, self._settings.subtasks)
            self._active[entry.id] = task
            self._post(TaskStarted(task_id=entry.id))
            return task
        return due[0] if due else None

    def _task_waits(self) -> bool:
        stats = self._queue.stats
        return self._queue.has_ready() and stats.pending < stats.concurrency

    def _hand_over(self, slot: _Slot, task: TaskRun, work: tuple[SubTaskState, ...], threads: int, now: float) -> None:
        task.hand_over(work, slot.worker.index, threads, now)
        slot.served += len(work)
        slot.task, slot.begun, slot.keeper = task, False, self._new_keeper(task.spec.id)
        shard = Shard(
            run_id=self._run_id,
            task=replace(task.spec, subtasks=()),
            work=tuple((state.spec, state.attempt) for state in work),
            threads=threads,
            force=self._settings.force,
            check=self._settings.check,
        )
        digest = task.spec.schema_digest
        known = slot.worker.schema_digest == digest
        slot.worker.schema_digest = digest
        slot.worker.run(shard, None if known else self._pickled(digest, task))

    def _pickled(self, digest: str | None, task: TaskRun) -> bytes:
        if digest not in self._pickles:
            schema = self._jobs[task.spec.id].schema
            self._pickles[digest] = pickle.dumps(schema, pickle.HIGHEST_PROTOCOL)
        return self._pickles[digest]

    # ----------------------------------------------------------------------------- what workers tell

    def _attempt_failed(self, message: AttemptFailed) -> None:
        task = self._active[message.task_id]
        state = task.states[message.subtask_id]
        now = time.monotonic()
        if message.cancelled:
            error = state.stop_reason or message.error
            outcome = task.stopped(message.subtask_id, error, now)
        else:
            error = message.error
            outcome = task.failed(message.subtask_id, error, retryable=message.retryable, now=now)
        self._tell_outcome(task, state, error, outcome)

    def _tell_outcome(self, task: TaskRun, state: SubTaskState, error: str, outcome: Retry | Ended) -> None:
        match outcome:
            case Retry():
                self._post(
                    SubTaskRetrying(
                        task_id=task.spec.id,
                        subtask_id=state.spec.id,
                        attempt=state.attempt,
                        error=error,
                        delay=outcome.delay,
                        charged=outcome.charged,
                    )
                )
            case Ended():
                self._tell_ended(task, state)
                if outcome.status is SubTaskStatus.FAILED and self._settings.fail_fast and not self._stopping:
                    self._stop_handing_out(f"--fail-fast: {state.spec.id} failed")
                self._end_if_complete(task)

    def _tell_ended(self, task: TaskRun, state: SubTaskState) -> None:
        self._post(
            SubTaskEnded(
                task_id=task.spec.id,
                subtask_id=state.spec.id,
                status=state.status,
                attempt=state.attempt,
                error=state.error,
            )
        )

    def _shard_ended(self, slot: _Slot, error: str | None) -> None:
        self._end_output(slot)
        task, slot.task = slot.task, None
        if task is None:
            return
        most = self._settings.limits.max_subtasks
        if most is not None and slot.served >= most:
            self._retire(slot)
        for state in task.shard_ended(slot.worker.index):
            text = error or "the worker gave it back untried"
            self._tell_outcome(task, state, text, task.failed(state.spec.id, text, retryable=False, now=0.0))

    def _retire(self, slot: _Slot) -> None:
        """Let a worker end that has done its share, and start a fresh one in its place."""
        del self._slots[slot.worker.index]
        slot.worker.close()
        self._retired.append(slot.worker)
        self._new_worker()

    def _worker_died(self, slot: _Slot) -> None:
        """Replace a worker whose connection has ended; its shard's sub-tasks are tried again or charged."""
        worker, task = slot.worker, slot.task
        self._end_output(slot)
        del self._slots[worker.index]
        how = worker.discard()
        self.deaths += 1
        if not slot.begun:
            self._failed_starts += 1
            if self._failed_starts >= _START_LIMIT:
                raise RunnerError(f"{_START_LIMIT} workers in a row died before they did anything: {how}")
        self._post(Logged(level="warning", message=f"worker {worker.pid}: {how}; it is replaced"))
        if self._open:
            self._new_worker()
        if task is not None:
            outcomes = task.worker_died(worker.index, how, time.monotonic(), begun=slot.begun)
            for state, error, outcome in outcomes:
                self._tell_outcome(task, state, error, outcome)

    def _end_if_complete(self, task: TaskRun) -> None:
        if not task.ended or self._active.pop(task.spec.id, None) is None:
            return
        self._task_ended(task.spec, task.status, task.first_error, len(task.states))

    def _task_ended(self, spec: TaskSpec, status: TaskStatus, error: str | None, count: int) -> None:
        """Stamp a task's end before its worker is given away, and skip what needs it."""
        self._post(TaskEnded(task_id=spec.id, status=status, error=error))
        skipped = self._queue.finish(spec.id, status, time.monotonic())
        self._conclude(spec, status, error, count)
        self._tell_skipped(skipped)

    def _tell_skipped(self, skipped: Iterable[Skipped]) -> None:
        for entry_id, reason in skipped:
            self._post(TaskEnded(task_id=entry_id, status=TaskStatus.SKIPPED, error=reason))
            spec = self._jobs[entry_id].spec
            self._conclude(spec, TaskStatus.SKIPPED, reason, len(spec.subtasks))

    def _conclude(self, spec: TaskSpec, status: TaskStatus, error: str | None, count: int) -> None:
        del self._jobs[spec.id]
        self._on_end(
            TaskResult(
                success=status is TaskStatus.DONE,
                task_id=spec.id,
                sub_task_count=count,
                status=status,
                error=error,
            )
        )

    # ----------------------------------------------------------------------------- commands

    def _add(self, jobs: list[Job]) -> None:
        self._jobs |= {job.spec.id: job for job in jobs}
        entries = [
            QueueEntry(id=job.spec.id, payload=job, priority=job.spec.priority, needs=job.spec.needs) for job in jobs
        ]
        self._tell_skipped(self._queue.add_many(entries))
        with self._arrivals:
            self._arriving -= 1
        if self._stopping:
            self._clear(self._stopping)

    def _pause(self) -> None:
        if not self._queue.is_paused:
            self._queue.pause()
            self._post(RunPaused())

    def _resume(self) -> None:
        if self._queue.is_paused:
            self._queue.start()
            self._post(RunResumed())

    def _clear(self, reason: str) -> None:
        for entry in self._queue.clear():
            spec = entry.payload.spec
            self._post(TaskEnded(task_id=spec.id, status=TaskStatus.CANCELLED, error=reason))
            self._conclude(spec, TaskStatus.CANCELLED, reason, len(spec.subtasks))

    def _stop_handing_out(self, reason: str) -> None:
        self._stopping = reason
        self._clear(reason)
        for task in list(self._active.values()):
            self._drop_waiting(task, reason)

    def _drop_waiting(self, task: TaskRun, reason: str) -> None:
        for state in task.cancel_waiting(reason):
            self._tell_ended(task, state)
        self._end_if_complete(task)

    def _cancel(self, task_id: str, reason: str) -> None:
        task = self._active.get(task_id)
        if task is not None:
            self._drop_waiting(task, reason)
            for state in task.held:
                self._tell_to_stop(task, state, reason, charged=False)
        elif task_id in self._jobs:
            skipped = self._queue.cancel(task_id)
            self._post(TaskEnded(task_id=task_id, status=TaskStatus.CANCELLED, error=reason))
            spec = self._jobs[task_id].spec
            self._conclude(spec, TaskStatus.CANCELLED, reason, len(spec.subtasks))
            self._tell_skipped(skipped)

    def _cancel_all(self, reason: str) -> None:
        self._post(Logged(level="warning", message=f"{reason}: nothing new is started, what runs is told to stop"))
        self._stop_handing_out(reason)
        for task_id in list(self._active):
            self._cancel(task_id, reason)

    def _kill_all(self, reason: str) -> None:
        self._cancel_all(reason)
        for slot in list(self._slots.values()):
            if slot.task is not None:
                slot.worker.signal_group(signal.SIGKILL)

    def _close(self) -> None:
        self._open = False

    # ----------------------------------------------------------------------------- limits

    def _check_limits(self, now: float) -> None:
        for task in list(self._active.values()):
            limit = task.spec.timeouts.task
            if task.started_at is not None and not task.told_to_stop and now >= task.started_at + limit:
                self._task_timed_out(task)
            for state in task.running:
                self._check_subtask(task, state, now)

    def _check_subtask(self, task: TaskRun, state: SubTaskState, now: float) -> None:
        limit = task.spec.timeouts.subtask
        if state.kill_at is not None:
            if now >= state.kill_at:
                self._end_worker_of(state, now)
        elif state.started_at is None:
            return
        elif now >= state.started_at + limit:
            reason = f"timed out after {limit:g} s in {task.where(state)}"
            self._tell_to_stop(task, state, reason, charged=True)
        elif not state.slow_told and now >= state.started_at + limit * _SLOW_SHARE:
            state.slow_told = True
            message = f"SLOW: {now - state.started_at:.0f} s of at most {limit:g} s, in {task.where(state)}"
            self._post(Logged(level="warning", message=message, task_id=task.spec.id, subtask_id=state.spec.id))

    def _task_timed_out(self, task: TaskRun) -> None:
        reason = f"its task timed out after {task.spec.timeouts.task:g} s"
        self._drop_waiting(task, reason)  # from here on what fails is not tried again
        for state in task.held:
            begun = state.started_at is not None
            self._tell_to_stop(task, state, f"{reason}, in {task.where(state)}" if begun else reason, charged=begun)

    def _tell_to_stop(self, task: TaskRun, state: SubTaskState, reason: str, *, charged: bool) -> None:
        if state.stop_reason is None and state.worker is not None:
            state.stop_reason, state.stop_charged = reason, charged
            state.kill_at = time.monotonic() + task.spec.timeouts.grace
            self._slots[state.worker].worker.cancel(state.spec.id)

    def _end_worker_of(self, state: SubTaskState, now: float) -> None:
        """End the process of a sub-task that did not stop by itself: SIGTERM, and SIGKILL when it comes again."""
        if state.worker is None:
            return
        number = signal.SIGKILL if state.kill_told else signal.SIGTERM
        state.kill_told, state.kill_at = True, now + 1.0
        self._slots[state.worker].worker.signal_group(number)

    # ----------------------------------------------------------------------------- workers

    def _new_worker(self) -> None:
        number = next(self._numbers)
        self._slots[number] = _Slot(Worker(number, self._refused, self._settings.limits.memory))

    def _refused(self, worker: Worker, error: BaseException) -> None:
        """A shard could not be sent: called from a thread of the executor."""
        self.call(lambda: self._shard_refused(worker, error))

    def _shard_refused(self, worker: Worker, error: BaseException) -> None:
        slot = self._slots.get(worker.index)
        if slot is not None:
            self._shard_ended(slot, f"cannot be sent to a worker: {error}")

    def _shut_down(self) -> None:
        slots = list(self._slots.values())
        self._slots.clear()
        for slot in slots:
            if slot.task is not None or not slot.ready:
                slot.worker.discard()
            else:
                slot.worker.close()
        for worker in [*(slot.worker for slot in slots), *self._retired]:
            worker.join(_END_WAIT)
            worker.signal_group(signal.SIGKILL)  # what its agents started and left behind
