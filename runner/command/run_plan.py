"""Runs a plan from the command line: everything between the parsed options and the exit code.

Runs in the supervisor's main thread. Nothing is written before the whole plan is known to be valid.
"""

from __future__ import annotations

import contextlib
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from runner.command.ci_job import CiJob
from runner.command.executor_choice import LOCAL, cluster_executor, cluster_warnings, executor_settings
from runner.command.interruption import Interruption
from runner.command.live_progress import LiveProgress
from runner.command.plan_jobs import check_workspaces, prepare_plan
from runner.command.run_end import (
    Reasons,
    RunEnd,
    exit_code,
    find_drift,
    finish_success,
    in_words,
    report_conflicts,
)
from runner.command.unfinished_work import find_unfinished
from runner.execution.worker_protocol import Limits
from runner.progress.reports.console import Console
from runner.progress.stores.sqlite_store import SqliteStore
from runner.progress.stores.state_reader import StateReader
from runner.records.errors import AlreadyRunningError, ClusterError, RunnerError, StoreError, WorkspaceError
from runner.records.events import Logged
from runner.records.status import RunStatus
from runner.records.task import Merging
from runner.scheduling.supervisor import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.command.run_options import RunOptions
    from runner.generation.workspace.plan_lock import PlanLock
    from runner.plan.plan_model import Plan
    from runner.progress.reporter import Sink
    from runner.progress.reports.explanation_view import Explanation
    from runner.scheduling.job import Job
    from runner.scheduling.orchestrator import ParallelOrchestrator
    from runner.scheduling.preparation import Preparation

_MIB = 1 << 20
_WORKSPACE_LOST = "the workspace was removed or replaced during the run. Run the plan again"


def run_plan(options: RunOptions) -> int:
    """Run a plan and return the exit code. Raises `RunnerError` where it cannot start."""
    options.check_reports()
    ci = CiJob.of(os.environ, talks=options.talks, code_quality=options.code_quality)
    with ci.marks_errors(str(options.plan)), options.reports.tells_errors(str(options.plan)):
        return _run(options, ci)


def _run(options: RunOptions, ci: CiJob) -> int:
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
        return _execute(plan, preparation, jobs, options, ci, progress, lock)


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
    ci: CiJob,
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
        merging=Merging(conflict=options.conflict, git=plan.merge == "git"),
        fail_fast=options.fail_fast,
        limits=limits,
    )
    with _run_store(options) as store:
        dead_runs = store.mark_interrupted(str(plan.path))
        store.forget_old(options.keep_runs)
        plan_jobs = jobs
        unfinished = None
        if options.rerun_failed:
            with _history(options, store) as history:
                unfinished = find_unfinished(jobs, history, str(plan.path))
                jobs = unfinished.jobs
        reasons = _reasons(plan_jobs, jobs, options, ci)
        console = Console(
            quiet=options.quiet,
            log_format=options.log_format,
            check=options.check,
            explanation=_explanation(reasons, options),
            log=ci.log,
        )
        for notice in store.notices:
            console.notice(notice)
        for dead in dead_runs:
            console.notice(f"run {dead.id} of this plan was interrupted; what it had done is up to date")
        if unfinished is not None and unfinished.notice:
            console.notice(unfinished.notice)
        info = RunInfo(plan=plan.name, plan_path=str(plan.path))
        sinks: list[Sink] = [console, *progress.sinks(store)]
        orchestrator = ParallelOrchestrator(store=store, sinks=sinks, settings=settings, info=info, executor=executor)
        progress.attach(orchestrator)
        interruption = Interruption(orchestrator)
        drift: Sequence[tuple[str, str]] = ()
        failure: Exception | None = None
        with interruption.watch(), contextlib.closing(orchestrator):
            try:
                orchestrator.start_run()
                misread = (Logged(level="warning", message=warning) for warning in preparation.warnings)
                for warning in (*progress.warnings(), *misread, *(cluster_warnings(cluster) if cluster else ())):
                    orchestrator.note(warning)
                _run_jobs(orchestrator, jobs, reasons if options.explain else {})
                drift = find_drift(plan_jobs, orchestrator) if options.check else ()
                code = exit_code(orchestrator, interruption, () if options.dry_run else drift)
                code = _finish(
                    plan,
                    plan_jobs,
                    jobs,
                    options,
                    orchestrator,
                    console,
                    lock=lock,
                    interruption=interruption,
                    code=code,
                )
            except StoreError:
                raise  # nothing can be recorded
            except Exception as error:  # noqa: BLE001 - it is recorded, and raised once the reports are written
                failure, code = error, _end_early(orchestrator, error)
            progress.drain(store, console)
        end = RunEnd(plan=plan, jobs=plan_jobs, options=options, ci=ci, reasons=reasons, drift=drift, exit_code=code)
        end.show(store, orchestrator, console, ended_early=failure is not None)
    if failure is not None:
        raise failure
    return code


def _finish(
    plan: Plan,
    plan_jobs: Sequence[Job],
    jobs: Sequence[Job],
    options: RunOptions,
    orchestrator: ParallelOrchestrator,
    console: Console,
    *,
    lock: PlanLock | None,
    interruption: Interruption,
    code: int,
) -> int:
    """Do what follows the last sub-task and end the run; return its exit code, which is `code` so far."""
    status = RunStatus.CANCELLED if interruption.signal else None
    error = None
    if code == 0 and lock is not None and not lock.is_in_place():
        status, code, error = RunStatus.FAILED, 1, WorkspaceError(f"{plan.workspace}: {_WORKSPACE_LOST}")
    if code == 0 and not options.check:
        finish_success(plan_jobs, jobs, orchestrator, console, options)
        code = report_conflicts(jobs, orchestrator, console, options)
    elif options.prune and not options.check:
        console.notice("--prune removed nothing, because not every task succeeded")
    orchestrator.close(status, code, error)
    return code


def _end_early(orchestrator: ParallelOrchestrator, error: Exception) -> int:
    """End a run that cannot go on; return its exit code. The next run continues."""
    code = error.exit_code if isinstance(error, RunnerError) else 1
    if isinstance(error, ClusterError):
        orchestrator.note(Logged(level="error", message=str(error)))
        orchestrator.close(RunStatus.INTERRUPTED, code)
    else:
        orchestrator.close(RunStatus.FAILED, code, error)
    return code


def _run_jobs(orchestrator: ParallelOrchestrator, jobs: Sequence[Job], reasons: Reasons) -> None:
    """Run the jobs to their end, with the reasons of sub-tasks in their logs. Raises what ends the run early."""
    orchestrator.submit_jobs(jobs)
    for subtask_id, found in reasons.items():
        message = f"why: {in_words(found)}"
        task_id = subtask_id.partition("/")[0]
        orchestrator.note(Logged(level="info", message=message, task_id=task_id, subtask_id=subtask_id))
    orchestrator.on_idle()


def _reasons(plan_jobs: Sequence[Job], jobs: Sequence[Job], options: RunOptions, ci: CiJob) -> Reasons:
    """Return why each sub-task of the plan runs or does not, where that is shown; `jobs` have those of this run."""
    if not options.explain and not (options.check and ci.wants_faults):
        return {}
    from runner.scheduling.explanation import LEFT_OUT, Reason, explain  # noqa: PLC0415 - only where it is asked for

    chosen = {subtask.id for job in jobs for subtask in job.spec.subtasks}
    found = explain(plan_jobs, force=options.force)
    return {subtask_id: why if subtask_id in chosen else (Reason(LEFT_OUT),) for subtask_id, why in found.items()}


def _explanation(reasons: Reasons, options: RunOptions) -> Explanation | None:
    if not options.explain:
        return None
    from runner.progress.reports.explanation_view import Explanation  # noqa: PLC0415 - only where it is asked for

    texts = {subtask_id: in_words(found) for subtask_id, found in reasons.items()}
    return Explanation(reasons=texts, check=options.check)


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
