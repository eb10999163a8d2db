"""Runs the sub-tasks of one task in a thread pool.

Used in a worker process, or in the caller's own process when the library is used without an orchestrator. Progress goes
to `emit`, files to the workspace; the caller decides on retries.
"""

from __future__ import annotations

import os
import threading
import traceback
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

from runner.execution.output_capture import captured
from runner.execution.task_queue import QueueStats
from runner.execution.worker_protocol import AttemptFailed, FilesChanged, Workpiece
from runner.execution.workspace_access import DirectAccess
from runner.generation.agent import Agent, AgentContext
from runner.generation.part_inputs import part_inputs
from runner.generation.registry import load_agent
from runner.records.errors import AgentError, Cancelled, PathOwnedError, RunnerError, UnsafePathError, is_retryable
from runner.records.events import Event, Logged, LogLevel, SubTaskEnded, SubTaskStarted, SubTaskStep
from runner.records.status import Progress, SubTaskStatus, TaskStatus, aggregate, progress
from runner.records.task import (
    SETUP_PIECE,
    SUBTASK_CONCURRENCY,
    FileCounts,
    Merging,
    SubTaskSpec,
    TaskSpec,
    subtasks_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from runner.execution.workspace_access import WorkspaceAccess
    from runner.generation.model.application import Application
    from runner.generation.workspace.writer import WriteReport

_CHANGES: Mapping[str, tuple[LogLevel, str]] = {  # what is logged of a file, by the verb of its change
    "keep": (
        "warning",
        "kept {path}: it was edited by hand, and the base store does not have it as it was before, to merge from. "  # noqa: ISC004
        "--force overwrites it, runner resolve settles it.",
    ),
    "merge": ("info", "merged {path}: it has your edits and what is generated now."),
    "conflict": (
        "warning",
        "conflict in {path}: your edits contradict what is generated now. runner resolve settles it.",
    ),
    "leave": ("warning", "left {path}: nothing generates it any more, but it was edited by hand."),
    "remove": ("info", "removed {path}: nothing generates it any more."),
}
WorkerMessage = Event | AttemptFailed | FilesChanged


@dataclass(frozen=True, kw_only=True, slots=True)
class SubTaskResult:
    """How one attempt at a sub-task ended. `retryable` says whether another attempt could succeed."""

    subtask_id: str
    status: SubTaskStatus
    error: str | None = None
    retryable: bool = False
    up_to_date: bool = False
    files: FileCounts = FileCounts()


def describe(error: BaseException) -> str:
    """Return the text of an error for users, with the name of its type unless the runner's own messages need none."""
    try:
        text = str(error).strip()
    except Exception:  # noqa: BLE001 - the `__str__` of an agent's own error may fail
        text = ""
    if isinstance(error, AgentError | PathOwnedError | UnsafePathError | Cancelled) and text:
        return text
    name = type(error).__name__
    return f"{name}: {text}" if text else name


def _ignore(message: WorkerMessage) -> None:
    del message


class SubTaskManager:
    """Makes one attempt at each of a task's sub-tasks, at most `concurrency` at once.

    `emit` takes events, `AttemptFailed` and `FilesChanged`. It is called from several threads and must be thread-safe.
    `queue` takes those that another one follows at once, and may keep them until then.
    With `check`, files are compared and not written, with `diff` line by line; with `force`, files that were edited by
    hand are overwritten, without it they are merged as `merging` says.
    `access` is how the workspace is reached, directly when left out. Call `cleanup` at the end.
    """

    def __init__(
        self,
        task: TaskSpec,
        application: Application,
        *,
        emit: Callable[[WorkerMessage], None] = _ignore,
        queue: Callable[[WorkerMessage], None] | None = None,
        run_id: str = "local",
        concurrency: int = SUBTASK_CONCURRENCY,
        force: bool = False,
        check: bool = False,
        diff: bool = False,
        merging: Merging = Merging(),
        access: WorkspaceAccess | None = None,
    ) -> None:
        self._task = task
        self._application = application
        self._emit = emit
        self._queue = queue or emit
        self._check = check
        self._agent: Agent = load_agent(task.agent, task.import_path)
        self._access = access or DirectAccess(task, run_id, force=force, check=check, diff=diff, merging=merging)
        self._before_write = self._queue if self._access.asks else emit
        self._concurrency = concurrency
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix=f"subtask-{task.id}")
        self._cancelled: set[tuple[str, int]] = set()  # ids of sub-tasks and numbers of attempts
        self._cancel_all = threading.Event()
        self._statuses = dict.fromkeys((subtask.id for subtask in task.subtasks), SubTaskStatus.PENDING)

    @staticmethod
    def spawn_sub_tasks(task_id: str, title: str, tables: Iterable[str] | None) -> tuple[SubTaskSpec, ...]:
        """Return the sub-tasks of a task: one for each table, or the set-up piece where `tables` is None."""
        return subtasks_of(task_id, title, tables)

    def execute_sub_tasks(self, work: Sequence[tuple[SubTaskSpec, int]] | None = None) -> tuple[SubTaskResult, ...]:
        """Make one attempt at each sub-task and return how each ended, in order. Errors of agents are not raised.

        `work` has pairs of a sub-task and the number of the attempt; without it, it is the first one for all of the
        task's sub-tasks.
        """
        pairs = [(subtask, 1) for subtask in self._task.subtasks] if work is None else work
        self._access.prepare(
            (Workpiece(subtask=subtask, attempt=attempt) for subtask, attempt in pairs), self._part_digest
        )
        futures: list[Future[SubTaskResult]] = [self._pool.submit(self._attempt, *pair) for pair in pairs]
        wait(futures)  # the supervisor ends this process when a sub-task hangs
        return tuple(future.result() for future in futures)

    def execute_boilerplate_sub_task(self) -> SubTaskResult:
        """Make one attempt at the set-up piece of a boilerplate task."""
        (result,) = self.execute_sub_tasks()
        return result

    def update_parent_task_status(self) -> tuple[TaskStatus, Progress]:
        """Return the task's current state and counts, which follow from its sub-tasks."""
        statuses = list(self._statuses.values())
        return aggregate(statuses), progress(statuses)

    def get_queue_stats(self) -> QueueStats:
        """Return how many sub-tasks are waiting and running."""
        statuses = list(self._statuses.values())
        return QueueStats(
            size=statuses.count(SubTaskStatus.PENDING),
            pending=statuses.count(SubTaskStatus.RUNNING),
            concurrency=self._concurrency,
            paused=False,
        )

    def cancel(self, subtask_id: str | None = None, attempt: int = 1) -> None:
        """Ask an attempt at one sub-task, or at all when None, to stop at its next check, begun or not."""
        if subtask_id is None:
            self._cancel_all.set()
        else:
            self._cancelled.add((subtask_id, attempt))

    def cleanup(self) -> None:
        """End the threads. May be called twice."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _is_cancelled(self, subtask_id: str, attempt: int) -> bool:
        return self._cancel_all.is_set() or (subtask_id, attempt) in self._cancelled

    def _attempt(self, subtask: SubTaskSpec, attempt: int) -> SubTaskResult:
        if self._is_cancelled(subtask.id, attempt):
            return self._failed(subtask, attempt, Cancelled("cancelled before it began"))
        self._statuses[subtask.id] = SubTaskStatus.RUNNING
        self._queue(
            SubTaskStarted(
                task_id=self._task.id,
                subtask_id=subtask.id,
                attempt=attempt,
                total_steps=self._agent.total_steps,
                pid=os.getpid(),
            )
        )
        try:
            with captured(partial(self._log, subtask, "info")):
                up_to_date, files = self._work(subtask, attempt)
        except BaseException as error:  # noqa: BLE001 - an agent may raise anything, SystemExit too: it becomes data
            return self._failed(subtask, attempt, error)
        self._statuses[subtask.id] = SubTaskStatus.DONE
        self._emit(
            SubTaskEnded(
                task_id=self._task.id,
                subtask_id=subtask.id,
                status=SubTaskStatus.DONE,
                attempt=attempt,
                up_to_date=up_to_date,
                files=files,
            )
        )
        return SubTaskResult(subtask_id=subtask.id, status=SubTaskStatus.DONE, up_to_date=up_to_date, files=files)

    def _work(self, subtask: SubTaskSpec, attempt: int) -> tuple[bool, FileCounts]:
        self._step(subtask, self._emit, 1, "start")
        task, work = self._task, Workpiece(subtask=subtask, attempt=attempt)
        part_digest = cache(partial(self._part_digest, work))
        examined = self._access.examine(work, part_digest)
        for warning in examined.warnings:
            self._log(subtask, "warning", warning)
        if examined.files:
            return True, FileCounts(identical=examined.files)
        context = AgentContext(
            schema=self._application.schema,
            shared=self._application,
            table=self._application.schema.tables_by_label[subtask.table] if subtask.table is not None else None,
            options=task.input.options,
            templates=task.templates,
            memory=examined.memory,
            present=partial(self._access.present, work),
            report=partial(self._step, subtask, self._emit),
            cancelled=partial(self._is_cancelled, subtask.id, attempt),
        )
        files = list(self._agent.generate(context))
        memory = self._agent.remember(context)
        context.check_cancelled()
        self._step(subtask, self._before_write, self._agent.total_steps, "write")
        written = self._access.write(work, files, part_digest(), memory, self._former_names(subtask))
        self._report_changes(subtask, written)
        return False, written.counts

    def _part_digest(self, work: Workpiece) -> str:
        return part_inputs(self._task, self._application, work.subtask.table or SETUP_PIECE)

    def _former_names(self, subtask: SubTaskSpec) -> tuple[str, ...]:
        """Return the names that the table of a sub-task had before the DDL renamed it, and that no table has now."""
        schema = self._application.schema
        if subtask.table is None:
            return ()
        former = map(schema.label, schema.tables_by_label[subtask.table].former)
        return tuple(name for name in former if name not in schema.tables_by_label)

    def _report_changes(self, subtask: SubTaskSpec, written: WriteReport) -> None:
        if written.changes:
            self._queue(
                FilesChanged(
                    task_id=self._task.id,
                    subtask_id=subtask.id,
                    changes=tuple((verb, path) for verb, path in written.changes),
                    diffs=written.diffs,
                )
            )
        for verb, path in () if self._check else written.changes:
            if verb in _CHANGES:
                level, text = _CHANGES[verb]
                self._log(subtask, level, text.format(path=path))

    def _step(self, subtask: SubTaskSpec, emit: Callable[[WorkerMessage], None], step: int, message: str) -> None:
        emit(SubTaskStep(task_id=self._task.id, subtask_id=subtask.id, step=step, message=message))

    def _log(self, subtask: SubTaskSpec, level: LogLevel, message: str) -> None:
        self._emit(Logged(level=level, message=message, task_id=self._task.id, subtask_id=subtask.id))

    def _failed(self, subtask: SubTaskSpec, attempt: int, error: BaseException) -> SubTaskResult:
        cancelled = isinstance(error, Cancelled)
        status = SubTaskStatus.CANCELLED if cancelled else SubTaskStatus.FAILED
        self._statuses[subtask.id] = status
        text, retryable = describe(error), is_retryable(error)
        if not isinstance(error, RunnerError):  # it is unexpected: log where it comes from
            self._log(subtask, "debug", "".join(traceback.format_exception(error)).rstrip())
        self._emit(
            AttemptFailed(
                task_id=self._task.id,
                subtask_id=subtask.id,
                attempt=attempt,
                error=text,
                retryable=retryable,
                cancelled=cancelled,
            )
        )
        return SubTaskResult(subtask_id=subtask.id, status=status, error=text, retryable=retryable)
