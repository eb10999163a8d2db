"""Report files of a run: refused before it starts where they cannot be written, later written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runner.records.atomic_files import replace_file
from runner.records.errors import InputError, ReportPathError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from _typeshed import StrPath  # noqa: TC004 - a dataclass does not evaluate it

    from runner.progress.reports.run_account import FileChange
    from runner.progress.stores.state_reader import StateReader


_OPTIONS = {"json": "--json", "junit": "--junit", "page": "--report", "trace": "--trace"}  # by field


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportFiles:
    """Where to write reports of a run: JSON, JUnit's XML, a page of HTML, a trace for Perfetto; None for none.

    Messages name the options of the command, or in the `library` these fields.
    """

    json: StrPath | None = None
    junit: StrPath | None = None
    page: StrPath | None = None
    trace: StrPath | None = None

    @property
    def wanted(self) -> bool:
        """Whether there is any."""
        return any(path is not None for _, path in self._named())

    def check(self, inputs: Iterable[StrPath] = (), *, library: bool = False, **more: StrPath | None) -> None:
        """Raise `ReportPathError` where one of them could not be written, or would replace an input or another report.

        `inputs` are files that the run reads; `more` are further reports, by the name of their option.
        """
        read = {os.path.realpath(path) for path in inputs}
        options: dict[str, str] = {}  # by the real path of the report
        further = ((f"--{name.replace('_', '-')}", path) for name, path in more.items())
        for option, path in (*self._named(library=library), *further):
            if path is None:
                continue
            check_writable(path, option)
            real = os.path.realpath(path)
            if real in read:
                raise ReportPathError(f"{path}: the run reads this file; name another one with {option}")
            if real in options and (Path(real).is_file() or not Path(real).exists()):  # a pipe may get several
                raise ReportPathError(f"{path}: {options[real]} names this file, too; name another one with {option}")
            options[real] = option

    @contextlib.contextmanager
    def tells_errors(self, plan: str) -> Iterator[None]:
        """Write JUnit's report of an invalid plan or DDL, in place of one of an earlier run, and let the error pass."""
        try:
            yield
        except InputError as error:
            if self.junit is not None:
                from runner.progress.reports.junit_report import invalid_plan_xml  # noqa: PLC0415 - slow to import

                write_report(self.junit, invalid_plan_xml(plan, error.problems), _OPTIONS["junit"])
            raise

    def _named(self, *, library: bool = False) -> list[tuple[str, StrPath | None]]:
        """Return the paths with the names of their options, or in the library of their fields."""
        return [(f"ReportFiles({name}=...)" if library else _OPTIONS[name], getattr(self, name)) for name in _OPTIONS]

    def write(
        self,
        store: StateReader,
        run_id: str,
        changes: Sequence[tuple[str, FileChange]],
        diffs: Mapping[str, str] | None,
        *,
        reasons: Mapping[str, Sequence[str]] | None = None,
        leftovers: Sequence[str] = (),
        library: bool = False,
    ) -> None:
        """Write the reports of an ended run; `changes` are its files, by the id of the sub-task.

        `diffs` are those of a check, by path; None for a run that was no check. `leftovers` are the paths of dropped
        tables' files that a check found, `reasons` those of sub-tasks where they were asked for. Raises StoreError.
        """
        names = {path: name for name, path in self._named(library=library)}
        if self.json is not None:
            from runner.progress.reports.json_report import (  # noqa: PLC0415 - for a report only
                add_check,
                add_reasons,
                as_json,
                run_report,
            )

            report = run_report(store, run_id)
            if diffs is not None:
                add_check(report, changes, leftovers)
            if reasons is not None:
                add_reasons(report, reasons)
            write_report(self.json, as_json(report), names[self.json])
        if self.junit is None and self.page is None and self.trace is None:
            return
        from runner.progress.reports.run_account import RunAccount  # noqa: PLC0415 - likewise

        events = (recorded.event for recorded in store.events(run_id))
        account = RunAccount.of(run_id, events, changes, diffs, leftovers, Path.cwd())
        if self.junit is not None:
            from runner.progress.reports.junit_report import junit_xml  # noqa: PLC0415 - slow to import

            write_report(self.junit, junit_xml(account), names[self.junit])
        if self.page is not None:
            from runner.progress.reports.report_page import report_html  # noqa: PLC0415 - likewise

            write_report(self.page, report_html(account), names[self.page])
        if self.trace is not None:
            from runner.progress.reports.trace_report import trace_json  # noqa: PLC0415 - likewise

            write_report(self.trace, trace_json(account), names[self.trace])


def check_writable(path: StrPath, option: str) -> None:
    """Raise `ReportPathError` where a report could not be written to `path`; missing folders will be created."""
    path = Path(path)
    if path.is_dir():
        raise ReportPathError(f"{path}: it is a folder; name a file with {option}")
    if path.is_symlink() and not path.exists():  # the file is created where the link leads
        real = Path(os.path.realpath(path))
        if not real.is_symlink():  # as in a circle of links
            check_writable(real, option)
            return
    if _is_special(path):
        if not os.access(path, os.W_OK):
            raise ReportPathError(f"{path}: it may not be written; name another file with {option}")
        return
    folder = path.absolute().parent
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        raise ReportPathError(f"{path}: {folder} is not a folder; name another file with {option}")
    import tempfile  # noqa: PLC0415 - slow to import, and for a report only

    try:
        with tempfile.TemporaryFile(dir=folder):  # permissions alone do not say it: of a file system that is read-only
            pass
    except OSError as error:
        reason = error.strerror or "no file can be created"
        raise ReportPathError(
            f"{path}: {folder} may not be written ({reason}); name another file with {option}"
        ) from error


def write_report(path: StrPath, text: str, option: str) -> None:
    """Write a report whole or not at all; missing folders are created. Raises StoreError.

    A path that is not a regular file, such as /dev/stdout, a pipe or a link, is written to and not replaced.
    """
    path = Path(path)
    data = text.encode("utf-8", "replace")
    try:
        if _is_special(path):
            path.write_bytes(data)
        else:
            replace_file(path, data)
    except OSError as error:
        raise StoreError(
            f"{path}: the report cannot be written ({error.strerror}); name another file with {option}"
        ) from error


def _is_special(path: Path) -> bool:
    return os.path.lexists(path) and not stat.S_ISREG(path.lstat().st_mode)
