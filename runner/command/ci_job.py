"""A run in a job of GitHub Actions or GitLab CI: what is at fault is marked in its file, and the job gets a summary.

Runs in the supervisor's main thread. Outside of such a job, and where output is quiet or JSON, nothing is done but to
write the report of `--code-quality`.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runner.progress.reports.report_files import write_report
from runner.records.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from runner.progress.reports.ci_log import CiLog  # noqa: TC004 - slow to import, and a dataclass does not evaluate it
    from runner.progress.reports.run_account import RunAccount
    from runner.records.errors import Problem

_VARIABLES = {"GITHUB_ACTIONS", "GITLAB_CI"}
_TITLES = {0: "runner", 1: "generation failed", 2: "nothing was generated", 3: "generated code is stale"}
_CONFLICT = "edits are in conflict"


@dataclass(frozen=True, kw_only=True, slots=True)
class CiJob:
    """The job that a run is part of. Without `log` it is none that is known, or the output is not for people.

    Paths are named from `folder`, the checkout. `summary` is the file for a summary in Markdown, `code_quality` that of
    GitLab's report.
    """

    log: CiLog | None
    folder: Path
    summary: Path | None = None
    code_quality: Path | None = None

    @classmethod
    def of(cls, environ: Mapping[str, str], *, talks: bool, code_quality: Path | None) -> CiJob:
        """Return the job of this environment; `talks` is whether the output is text, and all of it."""
        log = None
        if talks and not _VARIABLES.isdisjoint(environ):
            from runner.progress.reports.ci_log import ci_log  # noqa: PLC0415 - in a job only

            log = ci_log(environ)
        summary = environ.get("GITHUB_STEP_SUMMARY") if log is not None else None
        folder = environ.get("GITHUB_WORKSPACE") or environ.get("CI_PROJECT_DIR")
        return cls(
            log=log,
            folder=Path(folder).absolute() if folder else Path.cwd(),
            summary=Path(summary) if summary else None,
            code_quality=code_quality,
        )

    @property
    def wants_faults(self) -> bool:
        """Whether anything is done with the faults of a run."""
        return self.log is not None or self.code_quality is not None

    def report(
        self, account: RunAccount, problems: Sequence[Problem], drift: Sequence[tuple[str, str]], exit_code: int
    ) -> str | None:
        """Report an ended run and its problems. Returns a warning where the summary cannot be written."""
        from runner.progress.reports.step_summary import step_summary  # noqa: PLC0415 - in a job only

        problems = self._named_from_folder(problems)
        title = _TITLES.get(exit_code, _TITLES[1])
        self._mark(problems, _CONFLICT if account.verdict == "in conflict" else title)
        return None if self.summary is None else _append(self.summary, step_summary(account, problems, drift))

    @contextlib.contextmanager
    def marks_errors(self, plan: str) -> Iterator[None]:
        """Report the problems of an invalid plan or DDL, and let the error pass."""
        try:
            yield
        except InputError as error:
            if self.wants_faults:
                from runner.progress.reports.step_summary import error_summary  # noqa: PLC0415 - in a job only

                problems = self._named_from_folder(error.problems)
                self._mark(problems, _TITLES[2])
                if self.summary is not None:
                    _append(self.summary, error_summary(plan, problems))
            raise

    def _mark(self, problems: Sequence[Problem], title: str) -> None:
        if self.log is not None and (text := self.log.annotations(problems, title)):
            from runner.progress.reports.console import print_commands  # noqa: PLC0415 - with the console's modules

            print_commands(text)
        if self.code_quality is not None:
            from runner.progress.reports.code_quality import code_quality_json  # noqa: PLC0415 - for the report only

            write_report(self.code_quality, code_quality_json(problems, "runner"), "--code-quality")

    def _named_from_folder(self, problems: Sequence[Problem]) -> list[Problem]:
        from runner.command.faults import near  # noqa: PLC0415 - in a job only

        return [near(problem, self.folder) for problem in problems]


def _append(path: Path, text: str) -> str | None:
    """Append to the summary of a job, to which other commands of the step have written before."""
    try:
        with path.open("a", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except OSError as error:
        return f"{path}: the summary of the job cannot be written: {error.strerror}"
    return None
