"""The report files that a run was asked for: checked before it starts, written after it has ended."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runner.progress.reports.report_files import check_writable, write_report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.progress.reports.run_account import FileChange
    from runner.progress.stores.state_reader import StateReader


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportFiles:
    """Where to write reports: JSON, JUnit's XML, a page of HTML, a trace, GitLab's report; None for none."""

    json: Path | None = None
    junit: Path | None = None
    page: Path | None = None
    trace: Path | None = None
    code_quality: Path | None = None  # written by `CiJob`, also where a plan is not valid

    def check(self) -> None:
        """Raise `ReportPathError` where one of them could not be written."""
        for option, path in (
            ("--json", self.json),
            ("--junit", self.junit),
            ("--report", self.page),
            ("--trace", self.trace),
            ("--code-quality", self.code_quality),
        ):
            if path is not None:
                check_writable(path, option)

    def write(
        self,
        store: StateReader,
        run_id: str,
        changes: Sequence[tuple[str, FileChange]],
        diffs: Mapping[str, str] | None,
        *,
        reasons: Mapping[str, Sequence[str]] | None = None,
        leftovers: Sequence[str] = (),
    ) -> None:
        """Write the reports of an ended run; `changes` are its files, by the id of the sub-task.

        `diffs` are those of a check, by path; None for a run that was no check. `leftovers` are the paths of dropped
        tables' files that a check found, `reasons` those of sub-tasks where they were asked for. Raises StoreError.
        """
        if self.json is not None:
            from runner.progress.reports.json_report import add_check, add_reasons, as_json, run_report  # noqa: PLC0415

            report = run_report(store, run_id)
            if diffs is not None:
                add_check(report, changes, leftovers)
            if reasons is not None:
                add_reasons(report, reasons)
            write_report(self.json, as_json(report), "--json")
        if self.junit is None and self.page is None and self.trace is None:
            return
        from runner.progress.reports.run_account import RunAccount  # noqa: PLC0415 - likewise

        account = RunAccount.of(run_id, (recorded.event for recorded in store.events(run_id)), changes, diffs)
        if self.junit is not None:
            from runner.progress.reports.junit_report import junit_xml  # noqa: PLC0415 - slow to import

            write_report(self.junit, junit_xml(account), "--junit")
        if self.page is not None:
            from runner.progress.reports.report_page import report_html  # noqa: PLC0415 - likewise

            write_report(self.page, report_html(account), "--report")
        if self.trace is not None:
            from runner.progress.reports.trace_report import trace_json  # noqa: PLC0415 - likewise

            write_report(self.trace, trace_json(account), "--trace")
