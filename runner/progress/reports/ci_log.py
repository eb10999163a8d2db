"""The job log of GitHub Actions and GitLab CI: parts that can be folded, and annotations of files. Pure.

GitHub reads commands in the log: "Workflow commands for GitHub Actions" in its documentation; the escapes are those of
its toolkit. What is printed may quote anything, so commands in it are switched off with `stop-commands`. GitLab reads
sections: "Custom collapsible sections" in its documentation of job logs.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Protocol

from runner.progress.reports.text_layout import one_line, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from runner.records.errors import Problem

_MOST_ANNOTATIONS = 10  # that GitHub shows of one step
_CLEAR = "\x1b[0K"


class CiLog(Protocol):
    """How a job log is written. Every method returns text for the log, in whole lines or empty."""

    def begin(self, title: str) -> str:
        """Begin a part that can be folded."""

    def end(self) -> str:
        """End the part that was begun last."""

    def quoted(self, text: str) -> str:
        """Return text, of whole lines, such that nothing in it is a command."""

    def annotations(self, problems: Sequence[Problem], title: str) -> str:
        """Mark the places of problems in their files."""


def ci_log(environ: Mapping[str, str]) -> CiLog | None:
    """Return the log of the CI job that this environment is of, None where it is of no job that is known."""
    if environ.get("GITHUB_ACTIONS") == "true":
        return GitHubLog()
    if environ.get("GITLAB_CI") == "true":
        return GitLabLog()
    return None


class GitHubLog:
    """The log of a job of GitHub Actions. `token`, which nobody can guess, ends a text without commands."""

    def __init__(self, token: str | None = None) -> None:
        self._token = token or secrets.token_hex(16)

    def begin(self, title: str) -> str:
        """Begin a group, with commands switched off."""
        return f"::group::{_data(one_line(title))}\n::stop-commands::{self._token}\n"

    def end(self) -> str:
        """Switch commands on again, and end the group."""
        return f"::{self._token}::\n::endgroup::\n"

    def quoted(self, text: str) -> str:
        """Return text with commands switched off."""
        return f"::stop-commands::{self._token}\n{text}::{self._token}::\n" if text else ""

    def annotations(self, problems: Sequence[Problem], title: str) -> str:
        """Return an error for each problem; more than GitHub shows are counted in the last one."""
        shown = list(problems[:_MOST_ANNOTATIONS])
        lines = [_error(problem, title, _text_of(problem)) for problem in shown]
        if len(problems) > _MOST_ANNOTATIONS:
            more = len(problems) - len(shown) + 1
            lines[-1] = _error(shown[-1], title, f"{_text_of(shown[-1])}\n({more:,} more in the log)")
        return "".join(lines)


class GitLabLog:
    """The log of a job of GitLab CI. `clock` returns the time in seconds since 1970."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._number = 0

    def begin(self, title: str) -> str:
        """Begin a section, which is folded at first."""
        self._number += 1
        name = f"runner_{self._number}[collapsed=true]"
        return f"{_CLEAR}section_start:{self._clock():.0f}:{name}\r{_CLEAR}{one_line(title)}\n"

    def end(self) -> str:
        """End the section."""
        return f"{_CLEAR}section_end:{self._clock():.0f}:runner_{self._number}\r{_CLEAR}\n"

    def quoted(self, text: str) -> str:
        """Return the text: without control characters it can hold no command."""
        return text

    def annotations(self, problems: Sequence[Problem], title: str) -> str:
        """Return nothing: GitLab reads them from a report (`code_quality`)."""
        del problems, title
        return ""


def _error(problem: Problem, title: str, text: str) -> str:
    properties: Iterable[tuple[str, object]] = (
        ("file", problem.file),
        ("line", problem.line),
        ("col", problem.column),
        ("title", title),
    )
    listed = ",".join(f"{name}={_property(str(value))}" for name, value in properties if value)
    return f"::error {listed}::{_data(text)}\n"


def _text_of(problem: Problem) -> str:
    return f"{problem.message}. {problem.expected}" if problem.expected else problem.message


def _data(text: str) -> str:
    """Return the text of a command, escaped."""
    return printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Return the value of a property of a command, escaped."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
