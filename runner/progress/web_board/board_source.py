"""Where the board's runs come from, and the messages that it sends to its pages.

A message is a mapping of JSON values. Its `kind` is `whole`, the state of a run, or `change`, what has changed in it:
records of the run, its tasks and sub-tasks, with the fields below, and log lines `{seq, at, level, where, text}`. `seq`
is the number of the newest event that a message contains; a page that comes back with it gets what came after.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from runner.records.errors import RunnerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Message = dict[str, Any]
RUNS = 50  # in the history
MOST_RESUMED = 5000  # events after which a page that comes back gets the whole state
LOG_LINES = 500  # of the log, with the whole state: the newest
PART = 250  # sub-tasks in a message
RUN_FIELDS = ("id", "plan", "status", "started_at", "ended_at", "exit_code", "error")
TASK_FIELDS = (
    "id", "position", "title", "agent", "priority", "needs", "status", "error", "started_at", "ended_at",
    "pending", "running", "done", "failed", "cancelled",
)  # fmt: skip
SUBTASK_FIELDS = (
    "id", "task_id", "position", "title", "table", "status", "step", "total_steps", "message", "attempts", "error",
    "pid", "started_at", "ended_at", "up_to_date", "files",
)  # fmt: skip


class AwayError(RunnerError):
    """The source cannot be read now. It may be later."""


class Feed(Protocol):
    """Follows one run. Used by one thread at a time."""

    seq: int  # of the newest event that it has read

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come."""

    def whole(self) -> Iterator[Message]:
        """Yield the state as a whole, in parts, of which only the last one has a `seq`.

        What it reads it has read when it yields the first part.
        """

    def since(self, seq: int) -> Iterator[Message]:
        """Yield what has changed after event `seq`, or the whole state where that is much. Reads like `whole`."""

    def advance(self) -> Message | None:
        """Read new events; return what they changed, None where there are none.

        Raises AwayError where they cannot be read now, StoreError where they will not be.
        """


class BoardSource(Protocol):
    """The runs that a board shows. Used by one thread at a time."""

    poll_interval: float  # seconds between two looks for new events
    history_interval: float  # seconds between two looks for new runs

    def runs(self) -> list[Message]:
        """Return the newest runs, the newest first. Raises AwayError or StoreError."""

    def follow(self, run_id: str) -> Feed:
        """Begin to follow a run. Raises StoreError where it is not known, AwayError where that cannot be said now."""

    def close(self) -> None:
        """Release what it holds."""


def whole_state(
    run: Message, tasks: list[Message], subtasks: Iterable[Message], log: list[Message], seq: int
) -> Iterator[Message]:
    """Yield the state of a run in parts, as `Feed.whole` does.

    Sub-tasks are read while the parts are sent, so later ones may be newer than event `seq`; what has changed is sent
    again.
    """
    yield {"kind": "whole", "run": run, "tasks": tasks, "subtasks": [], "log": log}
    left = iter(subtasks)
    while part := list(islice(left, PART)):
        yield _part(run, part)
    yield _part(run, []) | {"seq": seq}


def _part(run: Message, subtasks: list[Message]) -> Message:
    return {"kind": "change", "run": run, "tasks": [], "subtasks": subtasks, "log": []}
