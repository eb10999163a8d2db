"""Every error that the runner raises on purpose, as one tree.

A message names the place (`plans/school.yaml:12:5`), the value as the user wrote it, what was expected and the next
step. The command line maps an error to its `exit_code` and prints nothing else of it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing that is wrong with an input, and where.

    `line` and `column` count from 1; 0 means that the whole file is meant. `expected` says what would be right and
    what to do next; it is a sentence of its own.
    """

    file: str
    message: str
    expected: str = ""
    line: int = 0
    column: int = 0

    @property
    def place(self) -> str:
        """Return `file:line:column`, as far as it is known, in the form that editors jump to."""
        parts = [self.file]
        if self.line:
            parts.append(str(self.line))
            if self.column:
                parts.append(str(self.column))
        return ":".join(parts)

    def __str__(self) -> str:
        text = f"{self.place}: {self.message}"
        return f"{text}. {self.expected}" if self.expected else text


class RunnerError(Exception):
    """Something that the user can act on went wrong."""

    exit_code = 1


class InputError(RunnerError):
    """What the user gave cannot be used; nothing was run and nothing was written."""

    exit_code = 2

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class PlanError(InputError):
    """The plan is not valid."""


class DDLError(InputError):
    """The SQL schema cannot be read."""


class ClassificationError(RunnerError):
    """A description names no agent kind, or several."""

    exit_code = 2


class WorkspaceError(RunnerError):
    """The workspace, or a path in it, cannot be used."""


class UnsafePathError(WorkspaceError):
    """A generated path would leave the workspace."""


class PathOwnedError(WorkspaceError):
    """Another sub-task of this run already wrote other bytes to this path."""


class LockTimeoutError(WorkspaceError):
    """A file lock was not to be had in time."""


class StoreError(RunnerError):
    """The run's state cannot be kept."""


class WorkerStartError(RunnerError):
    """No worker process can be started; the run ends."""


class AlreadyRunningError(RunnerError):
    """This plan is already being run by another process."""

    exit_code = 75


class AgentError(RunnerError):
    """An agent could not do its work."""


class TemplateError(AgentError):
    """A template cannot be rendered; trying again would not help."""


class NonRetryable(AgentError):  # noqa: N818 - a word of the agents' face, raised by users' own agents
    """Raised by an agent whose failure would only repeat itself: the sub-task is not tried again."""


class Retryable(AgentError):  # noqa: N818 - the other word of the agents' face
    """Raised by an agent whose failure may have passed by the next try: the plan's `retries` hold for it."""


class Cancelled(RunnerError):  # noqa: N818 - the state's own word
    """The sub-task was told to stop; raised from `AgentContext.check_cancelled`."""


_FINAL = (NonRetryable, TemplateError, PathOwnedError, UnsafePathError, Cancelled)
_PASSING = (Retryable, LockTimeoutError, OSError, MemoryError)  # memory may be what a neighbour in the process took
_PASSING_ELSEWHERE = {  # module: classes that are no OSError; who raises one has loaded it
    "anthropic": ("APIConnectionError", "InternalServerError", "RateLimitError"),
    "httpx": ("TransportError",),
    "httpx2": ("TransportError",),
    "subprocess": ("TimeoutExpired",),
}


def is_retryable(error: BaseException) -> bool:
    """Whether another try could pass: only for what the world outside did, never for what the code did.

    That is an OSError (timeouts and lost connections are), a language model or server that was not to be had, a want
    of memory, and what an agent calls `Retryable`. An error raised `from` another is judged by that one where its own
    type says nothing.
    """
    passing: tuple[type[BaseException], ...] = (*_PASSING, *_loaded(_PASSING_ELSEWHERE))
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        if isinstance(link, _FINAL + passing):
            return not isinstance(link, _FINAL)
        seen.add(id(link))
        link = link.__cause__
    return False


def _loaded(names: Mapping[str, tuple[str, ...]]) -> Iterator[type[BaseException]]:
    for module, classes in names.items():
        for name in classes:
            found = getattr(sys.modules.get(module), name, None)
            if isinstance(found, type) and issubclass(found, BaseException):
                yield found
