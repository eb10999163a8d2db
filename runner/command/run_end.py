"""What follows the last sub-task of a run: its exit code, its reports, how to start what was generated.

Runs in the supervisor's main thread.
"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from runner.command.arguments import DEFAULT_STATE
from runner.command.ci_job import CiJob
from runner.command.run_options import RunOptions
from runner.plan.plan_model import Plan
from runner.progress.reports.console import Console, print_changes, print_drift, print_dry_run
from runner.progress.reports.summary import SHORT_ID
from runner.progress.reports.text_layout import shown_path
from runner.progress.stores.sqlite_store import SqliteStore
from runner.records.status import SubTaskStatus
from runner.scheduling.job import Job

if TYPE_CHECKING:
    from runner.command.interruption import Interruption
    from runner.progress.reports.run_account import RunAccount
    from runner.scheduling.explanation import Reason
    from runner.scheduling.orchestrator import ParallelOrchestrator  # noqa: TC004 - slow to import, and a dataclass does not evaluate it

EXIT_DRIFT = 3
Reasons = Mapping[str, tuple["Reason", ...]]  # of sub-tasks, by id


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanRun:
    """A run of a plan: what it was asked for, what carries it out, and where it is recorded and shown."""

    plan: Plan
    plan_jobs: Sequence[Job]  # of the whole plan
    jobs: Sequence[Job]  # of this run: with `--rerun-failed` those of the plan that are not done
    options: RunOptions
    ci: CiJob
    reasons: Reasons  # empty where they are not shown
    store: SqliteStore
    console: Console
    orchestrator: ParallelOrchestrator


@dataclass(frozen=True, kw_only=True, slots=True)
class RunEnd:
    """What is known of an ended run: of a check, `drift` are verbs with paths."""

    run: PlanRun
    drift: Sequence[tuple[str, str]]
    exit_code: int

    def show(self, *, ended_early: bool) -> None:
        """Print what a check found, write the reports and send the notification.

        A run has `ended_early` if its cluster was lost, or after an error that nobody expected.

        Raises StoreError.
        """
        run, options = self.run, self.run.options
        leftovers = [path for verb, path in self.drift if verb == "prune"]
        account = cache(self._account)
        if options.check and not ended_early:
            with contextlib.suppress(BrokenPipeError):  # the exit code says it, too
                self._print_check(account, leftovers)
        if run.ci.wants_faults:
            self._report_to_ci(account(), leftovers)
        options.reports.write(
            run.store,
            run.orchestrator.run_id,
            run.orchestrator.changes,
            run.orchestrator.diffs if options.check else None,
            reasons=self._texts(),
            leftovers=leftovers,
        )
        self._notify()
        if options.quiet and self.exit_code == 1 and not options.check:
            has_failed = not all(result.success for result in run.orchestrator.results.values())
            notice = None if has_failed else _conflict_notice(run, run.plan_jobs)
            run.console.notice(notice or self._next_step())

    def _print_check(self, account: Callable[[], RunAccount], leftovers: Sequence[str]) -> None:
        options, orchestrator, log = self.run.options, self.run.orchestrator, self.run.ci.log
        if options.log_format == "json":
            print_changes(orchestrator.run_id, orchestrator.changes, leftovers, orchestrator.diffs)
        elif options.dry_run:
            print_dry_run(account(), leftovers, log=log, prune=options.prune)
        else:
            unchecked = _unchecked(account()) if self.exit_code == 1 else 0
            print_drift(self.drift, orchestrator.diffs, log=log, quiet=options.quiet, unchecked=unchecked)

    def _report_to_ci(self, account: RunAccount, leftovers: Sequence[str]) -> None:
        from runner.command.faults import Faults  # noqa: PLC0415 - in a job of CI only

        run = self.run
        faults = Faults(run.plan, run.plan_jobs, run.reasons)
        is_check = run.options.check and not run.options.dry_run
        problems = [*faults.failed(account), *(faults.stale(account, leftovers) if is_check else ())]
        warning = run.ci.report(account, problems, self.drift, self.exit_code)
        if warning is not None:
            run.console.notice(f"warning: {warning}")

    def _notify(self) -> None:
        """Send the notification, where one is wanted."""
        notifier = self.run.options.notifier
        if notifier is None:
            return
        from runner.progress.reports.json_report import run_report  # noqa: PLC0415 - for a report only

        warning = notifier.notify(run_report(self.run.store, self.run.orchestrator.run_id))
        if warning is not None:
            self.run.console.notice(f"warning: {warning}")

    def _next_step(self) -> str:
        """Return what to do after a failed run, for those who get its output by mail."""
        options, run_id = self.run.options, self.run.orchestrator.run_id
        state = "" if options.state == DEFAULT_STATE else f" --state {shlex.quote(str(options.state))}"
        plan = shlex.quote(str(options.plan))
        return f"next: runner logs {run_id[:SHORT_ID]}{state}; once mended: runner {plan} --rerun-failed{state}"

    def _account(self) -> RunAccount:
        from runner.progress.reports.run_account import RunAccount  # noqa: PLC0415 - where it is shown only

        orchestrator = self.run.orchestrator
        diffs = orchestrator.diffs if self.run.options.check else None
        events = (recorded.event for recorded in self.run.store.events(orchestrator.run_id))
        return RunAccount.of(orchestrator.run_id, events, orchestrator.changes, diffs, folder=Path.cwd())

    def _texts(self) -> dict[str, list[str]] | None:
        """Return the reasons of each sub-task as texts, None where they were not asked for."""
        if not self.run.options.explain:
            return None
        return {subtask_id: [reason.text for reason in found] for subtask_id, found in self.run.reasons.items()}


def _unchecked(account: RunAccount) -> int:
    """Return the number of sub-tasks that have failed or did not run."""
    return sum(subtask.status is not SubTaskStatus.DONE for subtask in account.subtasks)


def in_words(reasons: Iterable[Reason]) -> str:
    """Return the reasons of a sub-task as one text."""
    return "; ".join(reason.text for reason in reasons)


def finish_success(run: PlanRun) -> None:
    """Remove or report files of dropped tables, and print how to start the generated application."""
    from runner.command import dropped_tables  # noqa: PLC0415 - with its modules, at the end of a run

    run_id = run.orchestrator.run_id
    dropped = dropped_tables.find(job.spec for job in run.plan_jobs)
    if run.options.prune:
        for table in dropped:
            for event in dropped_tables.prune(table, run_id):
                run.orchestrator.note(event)
                run.console.count_removed(event.level == "info")  # a warning names a file that stays
    elif dropped:
        run.console.notice(dropped_tables.notice(dropped, run_id))
    if run.options.log_format == "text":
        for hint in start_hints(run.jobs, Path.cwd()):
            run.console.notice(hint)


def report_conflicts(run: PlanRun) -> int:
    """Print what is to be done about files in conflict; return the exit code. In a quiet run, `RunEnd` prints it."""
    notice = _conflict_notice(run, run.jobs)
    if notice is None:
        return 0
    if not run.options.quiet:
        run.console.notice(notice)
    return 1


def _conflict_notice(run: PlanRun, jobs: Sequence[Job]) -> str | None:
    changes = run.orchestrator.changes
    if not any(verb == "conflict" for _, (verb, _) in changes):
        return None
    from runner.command import conflict_list  # noqa: PLC0415 - few runs need it

    workspaces = {subtask.id: job.spec.workspace for job in jobs for subtask in job.spec.subtasks}
    files = conflict_list.conflicts(changes, workspaces)
    return conflict_list.notice(files, workspaces.values(), run.options.conflict, Path.cwd())


def find_drift(run: PlanRun) -> list[tuple[str, str]]:
    """Return what a check found, as verbs with paths: `prune` for the files of tables that the plan no longer has."""
    from runner.command import dropped_tables  # noqa: PLC0415 - with its modules, at the end of a run

    dropped = dropped_tables.find(job.spec for job in run.plan_jobs)
    leftovers = dropped_tables.files_to_prune(dropped, run.orchestrator.run_id)
    return [*(change for _, change in run.orchestrator.changes), *(("prune", path) for path in leftovers)]


def start_hints(jobs: Sequence[Job], folder: Path) -> tuple[str, ...]:
    """Return the shell commands, to be run in `folder`, that start what the jobs have generated."""
    hints = []
    for job in jobs:
        if job.start is not None:
            place = shown_path(job.spec.workspace / job.start.folder, folder)
            hints.append(f"start {job.start.what}:  cd {shlex.quote(place)} && {job.start.command}")
    return tuple(dict.fromkeys(hints))


def exit_code(orchestrator: ParallelOrchestrator, interruption: Interruption, drift: Iterable[tuple[str, str]]) -> int:
    """Return the exit code of a run with these results; `drift` is what a check found, and has to answer for."""
    if interruption.signal is not None:
        return 128 + interruption.signal
    if not all(result.success for result in orchestrator.results.values()):
        return 1
    if any(verb != "keep" for verb, _ in drift):
        return EXIT_DRIFT
    return 0
