"""The options of `runner run`, as the command line has parsed them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from runner.progress.reports.report_files import ReportFiles
from runner.records.task import ConflictPolicy

if TYPE_CHECKING:
    from runner.progress.notification import Notifier  # noqa: TC004 - slow to import, and a dataclass does not evaluate it


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOptions:
    """The options of `runner run`."""

    plan: Path
    state: Path
    check: bool = False  # write nothing
    dry_run: bool = False  # with `check`: what would happen is shown, and is no drift
    diff: bool = False
    explain: bool = False
    force: bool = False
    conflict: ConflictPolicy = "reject"
    fail_fast: bool = False
    rerun_failed: bool = False
    prune: bool = False
    if_running: Literal["fail", "skip", "wait"] = "fail"
    wait: float = 24 * 3600.0  # seconds to wait for the end of the other run
    keep_runs: int = 100
    reports: ReportFiles = field(default_factory=ReportFiles)
    code_quality: Path | None = None  # of GitLab; written where a plan is not valid, too
    notifier: Notifier | None = None
    quiet: bool = False
    log_format: Literal["text", "json"] = "text"
    executor: str | None = None  # `local` or the address of a scheduler, in place of the plan's own

    def check_reports(self) -> None:
        """Raise `ReportPathError` where a report could not be written, or would replace an input or another report."""
        if not self.reports.wanted and self.code_quality is None:
            return
        from runner.plan.input_files import PlanInputs  # noqa: PLC0415 - slow to import, and for a report only
        from runner.progress.stores.state_file import FILE_NAME  # noqa: PLC0415 - likewise

        inputs = PlanInputs(self.plan).find().digests if self.plan.is_file() else (self.plan,)  # not a pipe: read once
        self.reports.check((*inputs, self.state / FILE_NAME), code_quality=self.code_quality)

    @property
    def talks(self) -> bool:
        """Whether the output is text for people, and all of it."""
        return not self.quiet and self.log_format == "text"
