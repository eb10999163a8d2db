"""The interface of a run: takes tasks and returns their results.

    caller's thread          supervisor process                                        worker processes (5)
    ───────────────          ──────────────────                                        ────────────────────
    execute_task ──► Preparation ──► Supervisor loop ──── shard ───────────────────►   SubTaskManager
    submit            (agent, schema,   TaskQueue: which task next                       5 threads, one agent a
    pause, start,      tables, digest)  TaskRun: which sub-tasks, retries, suspects      table; files under locks
    clear, cancel                       ▲                                                     │
                                        └───────── events, over one pipe a worker ◄──────────┘
                                        │
                                        ▼ post
                                     Reporter thread ──► store (SQLite, durable) ──► console, Convex, …

Every arrow is one-way. The loop decides, the reporter records, sinks show; none of them waits for the one below.
"""

from __future__ import annotations

import os
import threading
import uuid
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from runner.ddl.live.database_snapshots import FOLDER as DDL_FOLDER
from runner.ddl.live.database_snapshots import DatabaseSnapshots
from runner.execution.local_executor import LocalExecutor
from runner.generation.model.naming import free_name, kebab
from runner.generation.workspace.claims import begin_claims, release_claims, sweep_claims
from runner.generation.workspace.input_parts import record_parts
from runner.generation.workspace.manifest import Manifest
from runner.generation.workspace.writer import sweep_temp_files
from runner.plan.dispatcher import AgentDispatcher
from runner.progress.reporter import Control, EventStore, Reporter, Sink
from runner.progress.reports.report_files import ReportFiles
from runner.progress.stores.closing_events import closing_events
from runner.progress.stores.sqlite_store import SqliteStore
from runner.progress.stores.state_file import FILE_NAME
from runner.progress.stores.state_reader import StateReader
from runner.records.errors import StoreError, in_words
from runner.records.events import Event, Logged, RunEnded, RunStarted, TaskAdded
from runner.records.process_identity import this_host
from runner.records.status import RunStatus, TaskStatus
from runner.records.task import TASK_CONCURRENCY
from runner.scheduling.preparation import Preparation
from runner.scheduling.supervisor import Settings, Supervisor

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import TracebackType

    from _typeshed import StrPath

    from runner.execution.executor import Executor
    from runner.execution.task_queue import QueueStats
    from runner.execution.worker_protocol import FileChange
    from runner.records.task import TaskInput, TaskResult
    from runner.scheduling.job import Job

STATE_FOLDER = ".runner"  # in the current folder
CLOSE_TIMEOUT = 10.0  # seconds for the sinks to show the events that they have
_CLEARED = "cleared before it started"


@dataclass(frozen=True, kw_only=True, slots=True)
class RunInfo:
    """What the records of a run say of its plan: its name and the path of its file."""

    plan: str = "library"
    plan_path: str = ""


class ParallelOrchestrator:
    """Runs tasks: up to `concurrency` at once, each in a worker process, the most urgent first.

    `store` is the folder for durable state, or a store of the caller's own, which is used as it is and left open;
    without one it is the folder `.runner`, or a temporary one for a check. `dispatcher` finds the agent kind of a
    task that names none. `sinks` get each event once it is stored, in order, each in a thread of its own. `reports` are
    written by `close`, of a store that can be read. `executor` has the workers; without one they are processes of this
    machine. Raises `ReportPathError` where a report could not be written.

    A run begins with the first task and ends with `close`; use the orchestrator as a context manager. Its methods may
    be called from any thread. Create it and submit the first task from the main thread, though: the processes that it
    starts die with the thread that started them.
    """

    def __init__(
        self,
        concurrency: int = TASK_CONCURRENCY,
        store: EventStore | StrPath | None = None,
        dispatcher: AgentDispatcher | None = None,
        *,
        sinks: Sequence[Sink] = (),
        settings: Settings | None = None,
        info: RunInfo | None = None,
        import_path: StrPath | None = None,
        executor: Executor | None = None,
        reports: ReportFiles | None = None,
    ) -> None:
        self._reports = reports or ReportFiles()
        state = store if isinstance(store, str | os.PathLike) else STATE_FOLDER
        self._state_file = Path(state, FILE_NAME)
        self._check_reports()
        self.run_id = str(uuid.uuid4())
        self._settings = settings or Settings(workers=concurrency)
        self._info = info or RunInfo()
        self._resources = ExitStack()
        databases = DatabaseSnapshots(Path(state, DDL_FOLDER), refresh=not self._settings.check, allowed=None)
        self._resources.enter_context(databases)
        self._preparation = Preparation(dispatcher or AgentDispatcher(), import_path, databases)
        self._store = self._open_store(store)
        if self._reports.wanted and not isinstance(self._store, StateReader):
            raise TypeError("reports are written of a store that can be read; give the path of a folder as `store`")
        self._reporter = Reporter(
            self._store, sinks, run_id=self.run_id, on_failure=self._store_failed, on_control=self._control
        )
        self._executor = executor or LocalExecutor(self._settings.workers, self._settings.limits)
        self._supervisor = Supervisor(
            self.run_id,
            self._settings,
            self._executor,
            self._reporter.post,
            self._task_ended,
            self._loop_failed,
        )
        self._futures: dict[str, Future[TaskResult]] = {}
        self._results: dict[str, TaskResult] = {}
        self._workspaces: set[Path] = set()
        self._lock = threading.Lock()
        self._started = False
        self._closed = False
        self._store_error: StoreError | None = None
        self._loop_error: BaseException | None = None

    # ----------------------------------------------------------------------------- tasks in, results out

    def execute_task(self, task: TaskInput) -> TaskResult:
        """Run one task and return how it ended; blocks until then.

        Raises `TaskInputError` for a task that cannot be run as it is given, `DDLError` for an unreadable schema.
        """
        return self.submit(task).result()

    def submit(self, task: TaskInput) -> Future[TaskResult]:
        """Add a task and return a future of its result. Raises like `execute_task`, at once.

        Raises `ReportPathError` where a report would replace a file that the task is made from.
        """
        with self._lock:
            task_id = task.id or free_name(kebab(task.description), self._futures, separator="-")
        self._prepare()  # in this thread: a later one may need it first, and processes die with their thread
        job = self._preparation.prepare(replace(task, id=task_id))
        self._check_reports(self._preparation)
        return self.submit_jobs([job])[task_id]

    def submit_jobs(self, jobs: Sequence[Job]) -> Mapping[str, Future[TaskResult]]:
        """Add prepared jobs, which may need one another. Returns a future of each task's result, by task id.

        Raises ValueError for an id that was added before.
        """
        self.start_run()
        with self._lock:
            futures = {job.spec.id: _future() for job in jobs}
            twice = futures.keys() & self._futures.keys()
            if twice:
                raise ValueError(f"{min(twice)!r} was added before; each id can be added once")
            self._futures |= futures
            workspaces = {job.spec.workspace for job in jobs} - self._workspaces
            self._workspaces |= workspaces
        if not self._settings.check:
            self._claim(workspaces)
        if self._supervisor.has_work(jobs):
            self._prepare()
        for job in jobs:
            self._reporter.post(_added(job))
        self._supervisor.add(jobs)
        if not self._settings.check:
            for job in jobs:  # while workers start
                if job.read_parts is not None:
                    record_parts(job.spec.workspace, job.spec.inputs_digest, job.read_parts)
        return futures

    # ----------------------------------------------------------------------------- control

    def get_queue_stats(self) -> QueueStats:
        """Return how many tasks are waiting and running."""
        return self._supervisor.stats()

    def on_idle(self, timeout: float | None = None) -> bool:
        """Wait until no task waits or runs; False after `timeout` seconds.

        Raises `StoreError` where the run's state could not be saved, which stops the run.
        """
        idle = self._supervisor.wait_idle(timeout)
        if self._store_error is not None:
            raise self._store_error
        return idle

    def pause(self) -> None:
        """Start no new task until `start`; running tasks finish."""
        self._supervisor.pause()

    def start(self) -> None:
        """Start tasks again."""
        self._supervisor.resume()

    def clear(self) -> None:
        """Cancel every task that has not started."""
        self._supervisor.clear(_CLEARED)

    def cancel(self, task_id: str | None = None, reason: str = "cancelled") -> None:
        """Cancel one task, or all of them: what waits ends, what runs is asked to stop and has its grace period."""
        if task_id is None:
            self._supervisor.cancel_all(reason)
        else:
            self._supervisor.cancel(task_id, reason)

    def kill(self, reason: str) -> None:
        """Cancel every task and kill the workers at once."""
        self._supervisor.kill_all(reason)

    # ----------------------------------------------------------------------------- the run

    def start_run(self) -> None:
        """Begin the run, unless it has begun: its record, its reporter, its loop.

        Raises RuntimeError after `close`.
        """
        with self._lock:
            if self._closed:
                raise RuntimeError("this orchestrator is closed; create another")
            if self._started:
                return
            self._started = True
        self._reporter.start()
        self._reporter.post(
            RunStarted(
                plan=self._info.plan,
                plan_path=self._info.plan_path,
                pid=os.getpid(),
                host=this_host(),
                concurrency=self._settings.workers,
            )
        )
        self._supervisor.start()

    def note(self, event: Event) -> None:
        """Record an event of the caller's in this run. Never blocks."""
        self._reporter.post(event)

    def acknowledge(self, sink: str, run_id: str, seq: int) -> None:
        """Record that `sink` has all events of a run up to number `seq`. Never blocks."""
        self._reporter.acknowledge(sink, run_id, seq)

    @property
    def results(self) -> Mapping[str, TaskResult]:
        """The results of the tasks that have ended, by task id."""
        return dict(self._results)

    @property
    def changes(self) -> Sequence[tuple[str, FileChange]]:
        """The files that were, or with `check` would be, created, updated or kept: pairs of sub-task id and change."""
        return self._supervisor.changes

    @property
    def diffs(self) -> Mapping[str, str]:
        """How a check with `diff` would change files: unified diffs by path."""
        return self._supervisor.diffs

    @property
    def preparation(self) -> Preparation:
        """What turns tasks into jobs."""
        return self._preparation

    def close(
        self, status: RunStatus | None = None, exit_code: int | None = None, error: BaseException | None = None
    ) -> None:
        """End the run: kill what still runs, record the last event, release all resources. May be called twice.

        `error` is what ended it early; tasks that have not ended are cancelled for it. Status and exit code follow
        from the tasks unless they are given. Raises `StoreError` where the run's state or a report could not be saved.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
        with self._resources:
            if not self._started:
                return
            self._supervisor.stop()
            self._release_claims()
            self._record_end(status, exit_code, error or self._loop_error)
            self._reporter.close(CLOSE_TIMEOUT)
            self._write_reports()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self.on_idle()
        except BaseException as raised:
            error = raised
            raise
        finally:
            self.close(error=error)

    def _claim(self, workspaces: Iterable[Path]) -> None:
        """Begin to use workspaces; what a run that died there was writing is removed."""
        for workspace in workspaces:
            if sweep_claims(workspace):
                sweep_temp_files(workspace, Manifest(workspace))
            begin_claims(workspace, self.run_id)

    def _release_claims(self) -> None:
        """Give up all workspaces; what workers that died were writing there is removed."""
        for workspace in self._workspaces:
            release_claims(workspace, self.run_id)
            if self._supervisor.deaths:
                sweep_temp_files(workspace, Manifest(workspace))

    def _record_end(self, status: RunStatus | None, exit_code: int | None, error: BaseException | None) -> None:
        """Post the events that end what is still open, and the last one, that of the run."""
        ended = status or self._outcome()
        if exit_code is None:
            exit_code = 0 if ended is RunStatus.DONE and not self._has_conflicts() else 1
        reason = None if error is None or ended is RunStatus.DONE else in_words(error)
        for event in self._closing_events(f"its run ended early: {reason}" if reason else "its run was closed"):
            self._reporter.post(event)
        self._reporter.post(RunEnded(status=ended, exit_code=exit_code, error=reason))

    def _has_conflicts(self) -> bool:
        return not self._settings.check and any(verb == "conflict" for _, (verb, _) in self.changes)

    def _write_reports(self) -> None:
        """Write the reports of the ended run, from its store."""
        if isinstance(self._store, StateReader):
            self._check_reports(self._preparation)  # the caller may have gone on after `submit` refused
            diffs = self.diffs if self._settings.check else None
            self._reports.write(self._store, self.run_id, self.changes, diffs, library=True)

    def _check_reports(self, preparation: Preparation | None = None) -> None:
        """Raise `ReportPathError` where one cannot be written, or would replace what prepared tasks are made from."""
        if self._reports.wanted:
            files = preparation.files if preparation is not None else ()
            self._reports.check((*files, self._state_file), library=True)

    def _closing_events(self, reason: str) -> Sequence[Event]:
        """Return the events that end what is still open, once the loop has ended."""
        if len(self._results) == len(self._futures) or not isinstance(self._store, StateReader):
            return ()
        with suppress(StoreError):  # `close` of the reporter raises it
            self._reporter.flush(CLOSE_TIMEOUT)
            return closing_events(self._store.tasks(self.run_id), self._store.subtasks(self.run_id), reason)
        return ()

    def _outcome(self) -> RunStatus:
        if self._loop_error is not None:
            return RunStatus.FAILED
        states = {result.status for result in self._results.values()}
        if len(self._results) < len(self._futures) or TaskStatus.CANCELLED in states:
            return RunStatus.FAILED if TaskStatus.FAILED in states else RunStatus.CANCELLED
        return RunStatus.DONE if states <= {TaskStatus.DONE} else RunStatus.FAILED

    def _open_store(self, store: EventStore | StrPath | None) -> EventStore:
        """Return the caller's store; one that is opened here is closed with the run."""
        if store is None and self._settings.check:  # a check writes nothing: its record is temporary
            import tempfile  # noqa: PLC0415 - slow to import

            store = self._resources.enter_context(tempfile.TemporaryDirectory(prefix="runner-check-"))
        if store is None or isinstance(store, str | os.PathLike):
            return self._resources.enter_context(SqliteStore(STATE_FOLDER if store is None else store))
        return store

    def _prepare(self) -> None:
        if line := self._executor.prepare():
            self._reporter.post(Logged(level="info", message=line))

    def _task_ended(self, result: TaskResult) -> None:
        self._results[result.task_id] = result
        self._futures[result.task_id].set_result(result)

    def _loop_failed(self, error: BaseException) -> None:
        """Fail the futures of all tasks that have not ended: no loop will end them."""
        self._loop_error = error
        with self._lock:
            futures = [future for future in self._futures.values() if not future.done()]
        for future in futures:
            future.set_exception(error)

    def _store_failed(self, error: StoreError) -> None:
        self._store_error = error
        self._supervisor.kill_all(f"the run's state cannot be saved: {error}")

    def _control(self, control: Control) -> str:
        match control.kind:
            case "pause":
                self.pause()
                return "paused"
            case "resume":
                self.start()
                return "resumed"
            case "cancel":
                return self._cancel_asked(control)

    def _cancel_asked(self, control: Control) -> str:
        if control.task_id is not None and control.task_id not in self._futures:
            return f"no task {control.task_id!r} in this run"
        if control.task_id is not None and (ended := self._results.get(control.task_id)) is not None:
            return f"task {control.task_id!r} has ended already: {ended.status.value}"
        self.cancel(control.task_id, f"cancelled by process {control.requested_by}")
        return "cancelled"


def _future() -> Future[TaskResult]:
    """Return a future that counts as running: `cancel` of the orchestrator ends a task, that of a future does not."""
    future: Future[TaskResult] = Future()
    future.set_running_or_notify_cancel()
    return future


def _added(job: Job) -> TaskAdded:
    spec = job.spec
    return TaskAdded(
        task_id=spec.id,
        title=spec.title,
        description=spec.input.description,
        agent=spec.agent,
        classification=spec.classification,
        priority=spec.input.priority,
        needs=spec.input.needs,
        workspace=str(spec.workspace),
        subtasks=spec.subtasks,
    )
