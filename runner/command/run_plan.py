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
    PlanRun,
    Reasons,
    RunEnd,
    exit_code,
    find_drift,
    finish_success,
    in_words,
    report_conflicts,
)
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
    from collections.abc import Iterable, Iterator, Sequence

    from runner.command.run_options import RunOptions
    from runner.generation.workspace.plan_lock import PlanLock
    from runner.plan.plan_model import ExecutorSettings, Plan
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
    check_workspaces(plan, create=not options.check)
    with contextlib.ExitStack() as stack:
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
def _plan_lock(plan: Plan, options: RunOptions) -> Iterator[PlanLock | None]:
    """Hold the lock of the plan, except in a check, which writes nothing."""
    if options.check:
        yield None
        return
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
    """Record, run and report what is to be run of a valid plan; return the exit code."""
    from runner.scheduling.orchestrator import ParallelOrchestrator, RunInfo  # noqa: PLC0415

    cluster = executor_settings(plan, options.executor)
    settings = _settings(plan, options)
    executor = None if cluster is None else cluster_executor(plan, cluster, settings.limits, os.environ)
    with _run_store(options) as store:
        dead_runs = store.mark_interrupted(str(plan.path))
        store.forget_old(options.keep_runs)
        chosen, remarks = _choose_jobs(plan, jobs, options, store)
        reasons = _reasons(jobs, chosen, options, ci)
        console = Console(
            quiet=options.quiet,
            log_format=options.log_format,
            check=options.check,
            explanation=_explanation(reasons, options),
            log=ci.log,
        )
        died = (f"run {dead.id} of this plan was interrupted; what it had done is up to date" for dead in dead_runs)
        for notice in (*store.notices, *died, *remarks):
            console.notice(notice)
        orchestrator = ParallelOrchestrator(
            store=store,
            sinks=[console, *progress.sinks(store)],
            settings=settings,
            info=RunInfo(plan=plan.name, plan_path=str(plan.path)),
            executor=executor,
        )
        progress.attach(orchestrator)
        run = PlanRun(
            plan=plan,
            plan_jobs=jobs,
            jobs=chosen,
            options=options,
            ci=ci,
            reasons=reasons,
            store=store,
            console=console,
            orchestrator=orchestrator,
        )
        return _carry_out(run, progress, _warnings(progress, preparation, cluster), lock)


def _settings(plan: Plan, options: RunOptions) -> Settings:
    limits = Limits(
        memory=None if plan.workers.memory is None else plan.workers.memory * _MIB,
        max_subtasks=plan.workers.max_subtasks,
    )
    return Settings(
        workers=plan.concurrency.tasks,
        subtasks=plan.concurrency.subtasks,
        force=options.force,
        check=options.check,
        diff=options.diff,
        merging=Merging(conflict=options.conflict, git=plan.merge == "git"),
        fail_fast=options.fail_fast,
        limits=limits,
    )


def _choose_jobs(
    plan: Plan, jobs: Sequence[Job], options: RunOptions, store: SqliteStore
) -> tuple[Sequence[Job], Sequence[str]]:
    """Return the jobs of this run: all, or with `--rerun-failed` what is not done; and what to tell about that."""
    if not options.rerun_failed:
        return jobs, ()
    from runner.command.unfinished_work import find_unfinished  # noqa: PLC0415 - for this option only

    with _history(options, store) as history:
        unfinished = find_unfinished(jobs, history, str(plan.path))
    return unfinished.jobs, (unfinished.notice,) if unfinished.notice else ()


def _warnings(progress: LiveProgress, preparation: Preparation, cluster: ExecutorSettings | None) -> Iterator[Logged]:
    """Yield the warnings that the log of a run begins with."""
    yield from progress.warnings()
    for warning in preparation.warnings:
        yield Logged(level="warning", message=warning)
    if cluster is not None:
        yield from cluster_warnings(cluster)


def _carry_out(run: PlanRun, progress: LiveProgress, warnings: Iterable[Logged], lock: PlanLock | None) -> int:
    """Run the jobs, do what follows them and show how it ended; return the exit code.

    Raises what ended the run early, once the reports are written.
    """
    interruption = Interruption(run.orchestrator)
    drift: Sequence[tuple[str, str]] = ()
    failure: Exception | None = None
    with interruption.watch(), contextlib.closing(run.orchestrator):
        try:
            _run_jobs(run, warnings)
            drift = find_drift(run) if run.options.check else ()
            code = _finish(run, drift, interruption, lock)
        except StoreError:
            raise  # nothing can be recorded
        except Exception as error:  # noqa: BLE001 - it is recorded, and raised once the reports are written
            failure, code = error, _end_early(run.orchestrator, error)
        progress.drain(run.store, run.console)
    RunEnd(run=run, drift=drift, exit_code=code).show(ended_early=failure is not None)
    if failure is not None:
        raise failure
    return code


def _run_jobs(run: PlanRun, warnings: Iterable[Logged]) -> None:
    """Run the jobs to their end, with warnings and reasons of sub-tasks in the log. Raises what ends the run early."""
    run.orchestrator.start_run()
    for warning in warnings:
        run.orchestrator.note(warning)
    run.orchestrator.submit_jobs(run.jobs)
    for subtask_id, found in run.reasons.items() if run.options.explain else ():
        message = f"why: {in_words(found)}"
        task_id = subtask_id.partition("/")[0]
        run.orchestrator.note(Logged(level="info", message=message, task_id=task_id, subtask_id=subtask_id))
    run.orchestrator.on_idle()


def _finish(run: PlanRun, drift: Sequence[tuple[str, str]], interruption: Interruption, lock: PlanLock | None) -> int:
    """Do what follows the last sub-task and end the run; return its exit code."""
    options = run.options
    code = exit_code(run.orchestrator, interruption, () if options.dry_run else drift)
    status = RunStatus.CANCELLED if interruption.signal else None
    error = None
    if code == 0 and lock is not None and not lock.is_in_place():
        status, code, error = RunStatus.FAILED, 1, WorkspaceError(f"{run.plan.workspace}: {_WORKSPACE_LOST}")
    if code == 0 and not options.check:
        finish_success(run)
        code = report_conflicts(run)
    elif options.prune and not options.check:
        run.console.notice("--prune removed nothing, because not every task succeeded")
    run.orchestrator.close(status, code, error)
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
