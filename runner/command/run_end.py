"""What follows the last sub-task of a run: its exit code, its reports, how to start what was generated.

Runs in the supervisor's main thread.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runner.command.interruption import Interruption
    from runner.command.run_plan import RunOptions
    from runner.progress.reports.console import Console
    from runner.progress.stores.sqlite_store import SqliteStore
    from runner.scheduling.job import Job
    from runner.scheduling.orchestrator import ParallelOrchestrator

EXIT_DRIFT = 3


def report_run(options: RunOptions, store: SqliteStore, orchestrator: ParallelOrchestrator, console: Console) -> None:
    """Write the report files of an ended run and send its notification. Raises StoreError."""
    diffs = orchestrator.diffs if options.check else None
    options.reports.write(store, orchestrator.run_id, orchestrator.changes, diffs)
    if options.notifier is not None:
        from runner.progress.reports.json_report import run_report  # noqa: PLC0415 - for a report only

        warning = options.notifier.notify(run_report(store, orchestrator.run_id))
        if warning is not None:
            console.notice(f"warning: {warning}")


def finish_success(
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


def find_drift(jobs: Sequence[Job], orchestrator: ParallelOrchestrator) -> list[tuple[str, str]]:
    """Return what a check found, as verbs with paths: `prune` for the files of tables that the plan no longer has."""
    from runner.command import dropped_tables  # noqa: PLC0415 - with its modules, at the end of a run

    dropped = dropped_tables.find(job.spec for job in jobs)
    leftovers = dropped_tables.files_to_prune(dropped, orchestrator.run_id)
    return [*(change for _, change in orchestrator.changes), *(("prune", path) for path in leftovers)]


def start_hints(jobs: Sequence[Job], folder: Path) -> tuple[str, ...]:
    """Return the shell commands, to be run in `folder`, that start what the jobs have generated."""
    hints = []
    for job in jobs:
        if job.start is not None:
            place = job.spec.workspace / job.start.folder
            near = place.relative_to(folder) if place.is_relative_to(folder) else place
            hints.append(f"start {job.start.what}:  cd {shlex.quote(str(near))} && {job.start.command}")
    return tuple(dict.fromkeys(hints))


def exit_code(orchestrator: ParallelOrchestrator, interruption: Interruption, drift: Iterable[tuple[str, str]]) -> int:
    """Return the exit code of a run with these results; `drift` is what a check found."""
    if interruption.signal is not None:
        return 128 + interruption.signal
    if not all(result.success for result in orchestrator.results.values()):
        return 1
    if any(verb != "keep" for verb, _ in drift):
        return EXIT_DRIFT
    return 0
