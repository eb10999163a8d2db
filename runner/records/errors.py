"""All errors that the runner raises on purpose, as one class tree.

A message names the place (`plans/school.yaml:12:5`), the value as the user wrote it, what was expected and the next
step. The command line prints the message and exits with the error's `exit_code`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing that is wrong with an input, and its place.

    `line` and `column` count from 1; 0 stands for the whole file. `expected` says what would be right and what to do
    next, in a sentence of its own.
    """

    file: str
    message: str
    expected: str = ""
    line: int = 0
    column: int = 0

    @property
    def place(self) -> str:
        """The place as `file:line:column`, as far as it is known: the form that editors jump to."""
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
    """An error that the user can act on."""

    exit_code = 1


class InputError(RunnerError):
    """An input of the user's is invalid. Nothing was run and nothing was written."""

    exit_code = 2

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class TaskInputError(RunnerError):
    """A task cannot be run as it is given. `key` is the key of a plan that is wrong, such as `tables.include.0`."""

    exit_code = 2

    def __init__(self, key: str, message: str, expected: str = "") -> None:
        self.key = key
        self.message = message
        self.expected = expected
        super().__init__(f"{message}. {expected}" if expected else message)


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
    """A file lock could not be acquired in time."""


class StoreError(RunnerError):
    """The run's state cannot be read or written."""


class ReportPathError(RunnerError):
    """A report could not be written where it was asked for. Nothing was run."""

    exit_code = 2


class MissingExtraError(RunnerError):
    """Packages that an extra of ours installs are missing. `what` needs them."""

    exit_code = 2

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs the extra `{extra}`: python -m pip install 'plan-runner[{extra}]'")


class WorkerStartError(RunnerError):
    """No worker process can be started; the run ends."""


class ClusterError(RunnerError):
    """The cluster cannot be used, or no longer. With `input_error`, the plan or the cluster has to be changed."""

    def __init__(self, text: str, *, input_error: bool = False) -> None:
        super().__init__(text)
        self.exit_code = 2 if input_error else 1


class AlreadyRunningError(RunnerError):
    """This plan is already being run by another process."""

    exit_code = 75


class AgentError(RunnerError):
    """An agent could not do its work."""


class TemplateError(AgentError):
    """A template cannot be rendered. It is not retried."""


class NonRetryable(AgentError):  # noqa: N818 - a public name, raised by users' own agents
    """Raised by an agent for a failure that another attempt would repeat: the sub-task is not retried."""


class Retryable(AgentError):  # noqa: N818 - the other public name
    """Raised by an agent for a failure that may be temporary: the sub-task is retried as the plan's `retries` say."""


class Cancelled(RunnerError):  # noqa: N818 - the name of the state
    """The sub-task was asked to stop. Raised by `AgentContext.check_cancelled`."""


_FINAL = (NonRetryable, TemplateError, PathOwnedError, UnsafePathError, Cancelled)
_TEMPORARY = (Retryable, LockTimeoutError, OSError, MemoryError)  # another sub-task may have used up the memory
_TEMPORARY_ELSEWHERE = {  # classes by module that are no OSError; an error of one is only raised once it is loaded
    "anthropic": ("APIConnectionError", "InternalServerError", "RateLimitError"),
    "httpx": ("TransportError",),
    "httpx2": ("TransportError",),
    "subprocess": ("TimeoutExpired",),
}


EXHAUSTED = "the system refuses more memory, threads or processes; see the limits of `ulimit -a`"


def is_exhaustion(error: BaseException | None) -> bool:
    """Return whether the system refused memory, or another thread or process: the limits of `ulimit` do that."""
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "start new thread" in str(error))


def in_words(error: BaseException) -> str:
    """Return what went wrong, for a record: the message of an error of ours, of others their type with it."""
    if is_exhaustion(error):
        return EXHAUSTED
    text = str(error)
    return text if isinstance(error, RunnerError) and text else f"{type(error).__name__}: {text}"


def is_retryable(error: BaseException) -> bool:
    """Return whether another attempt could succeed: True for failures of the environment, False for faults of code.

    Temporary are an OSError (timeouts and lost connections among them), an unreachable server or language model, a
    lack of memory, and what an agent raises as `Retryable`. Where the type of an error says nothing, the error that
    it was raised `from` decides.
    """
    temporary: tuple[type[BaseException], ...] = (*_TEMPORARY, *_loaded(_TEMPORARY_ELSEWHERE))
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        if isinstance(link, _FINAL + temporary):
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
