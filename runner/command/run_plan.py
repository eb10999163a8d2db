"""Runs a plan from the command line: everything between the parsed options and the exit code.

Runs in the supervisor's main thread. Nothing is written before the whole plan is known to be valid.
"""

from __future__ import annotations

import contextlib
import os
import shlex
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from runner.command.executor_choice import LOCAL, cluster_executor, cluster_warnings, executor_settings
from runner.command.interruption import Interruption
from runner.command.live_progress import LiveProgress
from runner.command.plan_jobs import check_workspaces, prepare_plan
from runner.command.run_reports import ReportFiles
from runner.execution.worker_protocol import Limits
from runner.progress.reports.console import Console, print_drift
from runner.progress.stores.sqlite_store import SqliteStore
from runner.progress.stores.state_reader import StateReader
from runner.records.errors import AlreadyRunningError, ClusterError
from runner.records.events import Logged
from runner.records.status import RunStatus, SubTaskStatus
from runner.records.task import ConflictPolicy, Merging
from runner.scheduling.supervisor import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from runner.generation.workspace.plan_lock import PlanLock
    from runner.plan.plan_model import Plan
    from runner.progress.notification import Notifier  # noqa: TC004 - slow to import, and a dataclass does not evaluate it
    from runner.progress.reporter import Sink
    from runner.scheduling.job import Job
    from runner.scheduling.orchestrator import ParallelOrchestrator
    from runner.scheduling.preparation import Preparation

EXIT_DRIFT = 3
_MIB = 1 << 20
_RUNS_SEARCHED = 50  # in the state folder, for what failed last
_WORKSPACE_LOST = "the workspace was removed or replaced during the run. Run the plan again"


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOptions:
    """The options of `runner run`."""

    plan: Path
    state: Path
    check: bool = False
    diff: bool = False
    force: bool = False
    conflict: ConflictPolicy = "reject"
    fail_fast: bool = False
    rerun_failed: bool = False
    prune: bool = False
    if_running: Literal["fail", "skip", "wait"] = "fail"
    wait: float = 24 * 3600.0  # seconds to wait for the end of the other run
    keep_runs: int = 100
    reports: ReportFiles = field(default_factory=ReportFiles)
    notifier: Notifier | None = None
    quiet: bool = False
    log_format: Literal["text", "json"] = "text"
    executor: str | None = None  # `local` or the address of a scheduler, in place of the plan's own


def run_plan(options: RunOptions) -> int:
    """Run a plan and return the exit code. Raises `RunnerError` where it cannot start."""
    options.reports.check()
    if options.force and options.executor in {None, LOCAL}:
        _start_forkserver()
    plan, preparation, jobs = prepare_plan(
        options.plan, options.state, refresh=not options.check, expect_work=partial(_expect_work, options)
    )
    progress = LiveProgress.choose(plan, options.state, check=options.check)
    lock: PlanLock | None = None  # stays None for a check, which writes nothing
    with contextlib.ExitStack() as stack:
        check_workspaces(plan, create=not options.check)
        if not options.check:
            try:
                lock = stack.enter_context(_plan_lock(plan, options))
            except AlreadyRunningError:
                if options.if_running == "skip":
                    return 0
                raise
        return _execute(plan, preparation, jobs, options, progress, lock)


def _expect_work(options: RunOptions, plan: Plan) -> None:
    if executor_settings(plan, options.executor) is None:
        _start_forkserver()


def _start_forkserver() -> None:
    """Start the forkserver: it imports what workers need while this process reads the schema."""
    from runner.execution.forkserver import ensure_forkserver  # noqa: PLC0415 - a run with nothing to do needs none

    ensure_forkserver()


@contextlib.contextmanager
def _plan_lock(plan: Plan, options: RunOptions) -> Iterator[PlanLock]:
    from runner.generation.workspace.plan_lock import PlanLock  # noqa: PLC0415

    lock = PlanLock(plan.workspace, plan.path)
    lock.acquire(options.wait if options.if_running == "wait" else 0.0)
    try:
        yield lock
    finally:
        lock.release()


def _execute(
    plan: Plan,
    preparation: Preparation,
    jobs: Sequence[Job],
    options: RunOptions,
    progress: LiveProgress,
    lock: PlanLock | None,
) -> int:
    from runner.scheduling.orchestrator import ParallelOrchestrator, RunInfo  # noqa: PLC0415

    cluster = executor_settings(plan, options.executor)
    limits = Limits(
        memory=None if plan.workers.memory is None else plan.workers.memory * _MIB,
        max_subtasks=plan.workers.max_subtasks,
    )
    executor = None if cluster is None else cluster_executor(plan, cluster, limits, os.environ)
    settings = Settings(
        workers=plan.concurrency.tasks,
        subtasks=plan.concurrency.subtasks,
        force=options.force,
        check=options.check,
        diff=options.diff,
        merging=Merging(conflict=options.conflict),
        fail_fast=options.fail_fast,
        limits=limits,
    )
    with _run_store(options) as store:
        console = Console(quiet=options.quiet, log_format=options.log_format, check=options.check)
        for notice in store.notices:
            console.notice(notice)
        for dead in store.mark_interrupted(str(plan.path)):
            console.notice(f"run {dead.id} of this plan was interrupted; what it had done is up to date")
        store.forget_old(options.keep_runs)
        plan_jobs = jobs
        if options.rerun_failed:
            with _history(options, store) as history:
                jobs = unfinished(jobs, history, str(plan.path))
            if not jobs:
                console.notice("nothing failed when this plan last ran")
        info = RunInfo(plan=plan.name, plan_path=str(plan.path))
        sinks: list[Sink] = [console, *progress.sinks(store)]
        orchestrator = ParallelOrchestrator(store=store, sinks=sinks, settings=settings, info=info, executor=executor)
        progress.attach(orchestrator)
        interruption = Interruption(orchestrator)
        with interruption.watch(), contextlib.closing(orchestrator):
            orchestrator.start_run()
            misread = (Logged(level="warning", message=warning) for warning in preparation.warnings)
            for warning in (*progress.warnings(), *misread, *(cluster_warnings(cluster) if cluster else ())):
                orchestrator.note(warning)
            _run_jobs(orchestrator, jobs)
            drift = _drift(plan_jobs, orchestrator) if options.check else []
            code = _exit_code(orchestrator, interruption, drift)
            status = RunStatus.CANCELLED if interruption.signal else None
            if code == 0 and lock is not None and not lock.is_in_place():
                orchestrator.note(Logged(level="error", message=f"{plan.workspace}: {_WORKSPACE_LOST}"))
                status, code = RunStatus.FAILED, 1
            if code == 0 and not options.check:
                _after_success(plan_jobs, jobs, orchestrator, console, options)
                code = _report_conflicts(jobs, orchestrator, console, options)
            orchestrator.close(status, code)
            progress.drain(store, console)
        if options.check:
            with contextlib.suppress(BrokenPipeError):  # the exit code says it, too
                print_drift(drift, orchestrator.diffs)
        _report(options, store, orchestrator, console)
    return code


def _report(options: RunOptions, store: SqliteStore, orchestrator: ParallelOrchestrator, console: Console) -> None:
    """Write the report files of an ended run, and tell whom it concerns."""
    diffs = orchestrator.diffs if options.check else None
    options.reports.write(store, orchestrator.run_id, orchestrator.changes, diffs)
    if options.notifier is not None:
        from runner.progress.reports.json_report import run_report  # noqa: PLC0415 - for a report only

        warning = options.notifier.notify(run_report(store, orchestrator.run_id))
        if warning is not None:
            console.notice(f"warning: {warning}")


def _run_jobs(orchestrator: ParallelOrchestrator, jobs: Sequence[Job]) -> None:
    """Run the jobs to their end. Where the cluster cannot be used any more, the run is ended as interrupted."""
    try:
        orchestrator.submit_jobs(jobs)
        orchestrator.on_idle()
    except ClusterError as error:
        orchestrator.note(Logged(level="error", message=str(error)))
        orchestrator.close(RunStatus.INTERRUPTED, error.exit_code)
        raise


def _report_conflicts(
    jobs: Sequence[Job], orchestrator: ParallelOrchestrator, console: Console, options: RunOptions
) -> int:
    """Print what is to be done about files in conflict; return the exit code."""
    if not any(verb == "conflict" for _, (verb, _) in orchestrator.changes):
        return 0
    from runner.command import conflict_list  # noqa: PLC0415 - few runs need it

    workspaces = {subtask.id: job.spec.workspace for job in jobs for subtask in job.spec.subtasks}
    files = conflict_list.conflicts(orchestrator.changes, workspaces)
    console.notice(conflict_list.notice(files, options.conflict, Path.cwd()))
    return 1


def _after_success(
    plan_jobs: Sequence[Job],
    jobs: Sequence[Job],
    orchestrator: ParallelOrchestrator,
    console: Console,
    options: RunOptions,
) -> None:
    """Remove or report files of dropped tables, and print how to start the generated application."""
    from runner.command import dropped_tables  # noqa: PLC0415 - with its modules, at the end of a run

    dropped = dropped_tables.find(job.spec for job in plan_jobs)
    if options.prune:
        for table in dropped:
            for event in dropped_tables.prune(table, orchestrator.run_id):
                orchestrator.note(event)
    elif dropped:
        console.notice(dropped_tables.notice(dropped))
    if options.log_format == "text":
        for hint in start_hints(jobs, Path.cwd()):
            console.notice(hint)


def _drift(jobs: Sequence[Job], orchestrator: ParallelOrchestrator) -> list[tuple[str, str]]:
    """Return what a check found, as verbs with paths: `prune` for the files of tables that the plan no longer has."""
    from runner.command import dropped_tables  # noqa: PLC0415 - with its modules, at the end of a run

    dropped = dropped_tables.find(job.spec for job in jobs)
    leftovers = dropped_tables.files_to_prune(dropped, orchestrator.run_id)
    return [*(change for _, change in orchestrator.changes), *(("prune", path) for path in leftovers)]


@contextlib.contextmanager
def _run_store(options: RunOptions) -> Iterator[SqliteStore]:
    """Open the store of this run: the state folder's, or for a check, which writes nothing there, a temporary one."""
    with contextlib.ExitStack() as stack:
        folder = options.state
        if options.check:
            import tempfile  # noqa: PLC0415 - slow to import

            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="runner-check-")))
        yield stack.enter_context(SqliteStore(folder))


@contextlib.contextmanager
def _history(options: RunOptions, store: SqliteStore) -> Iterator[StateReader]:
    """Yield the reader of earlier runs: the run's own store, or for a check the state folder, opened read-only."""
    if not options.check:
        yield store
        return
    with StateReader.open(options.state) as reader:
        yield reader


def unfinished(jobs: Sequence[Job], store: StateReader, plan_path: str) -> tuple[Job, ...]:
    """Return the jobs with only those sub-tasks that were not done when they ran last.

    A sub-task without a run counts as not done. Needs that are not run again count as met.
    """
    latest: dict[str, SubTaskStatus] = {}
    for run in store.runs(_RUNS_SEARCHED):  # the newest first
        if run.plan_path == plan_path:
            latest = {subtask.id: subtask.status for subtask in store.subtasks(run.id)} | latest
    done = {subtask_id for subtask_id, status in latest.items() if status is SubTaskStatus.DONE}
    left = {job.spec.id: [subtask for subtask in job.spec.subtasks if subtask.id not in done] for job in jobs}
    return tuple(
        replace(
            job,
            spec=replace(
                job.spec,
                subtasks=tuple(left[job.spec.id]),
                input=replace(job.spec.input, needs=tuple(need for need in job.spec.input.needs if left.get(need))),
            ),
        )
        for job in jobs
        if left[job.spec.id]
    )


def start_hints(jobs: Sequence[Job], folder: Path) -> tuple[str, ...]:
    """Return the shell commands, to be run in `folder`, that start what the jobs have generated."""
    hints = []
    for job in jobs:
        if job.start is not None:
            place = job.spec.workspace / job.start.folder
            near = place.relative_to(folder) if place.is_relative_to(folder) else place
            hints.append(f"start {job.start.what}:  cd {shlex.quote(str(near))} && {job.start.command}")
    return tuple(dict.fromkeys(hints))


def _exit_code(orchestrator: ParallelOrchestrator, interruption: Interruption, drift: Iterable[tuple[str, str]]) -> int:
    if interruption.signal is not None:
        return 128 + interruption.signal
    if not all(result.success for result in orchestrator.results.values()):
        return 1
    if any(verb != "keep" for verb, _ in drift):
        return EXIT_DRIFT
    return 0
