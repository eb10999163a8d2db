"""Which lines of a run's log are shown: of a task, of a level and above, from a time on. Pure but for the clock."""

from __future__ import annotations

import re
import typing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from runner.records.errors import RunnerError
from runner.records.events import Event, Logged, LogLevel, SubTaskEnded, SubTaskRetrying, SubTaskStep, TaskEnded
from runner.records.status import SubTaskStatus, TaskStatus

_LEVELS: tuple[LogLevel, ...] = typing.get_args(LogLevel)
_AGO = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class SinceError(RunnerError):
    """A time that cannot be read."""

    exit_code = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class LogSelection:
    """The events of `task`, all where it is None, of `level` and above, that happened at `since` or later."""

    task: str | None = None
    level: LogLevel = "debug"
    since: datetime | None = None

    @classmethod
    def create(cls, task: str | None, level: LogLevel, since: str | None) -> LogSelection:
        """Return the selection that options name; `since` is as `moment_of` reads it. Raises SinceError."""
        return cls(task=task, level=level, since=None if since is None else moment_of(since, datetime.now(UTC)))

    def has(self, event: Event) -> bool:
        """Whether an event of the task is selected."""
        if self.since is not None and event.at < self.since:
            return False
        if self.level == "debug":
            return True
        return _LEVELS.index(level_of(event)) >= _LEVELS.index(self.level)


EVERYTHING = LogSelection()


def moment_of(text: str, now: datetime) -> datetime:
    """Return what `10m`, `2h` or `3d` before `now` was, or a time in ISO 8601, local without an offset.

    Raises SinceError.
    """
    ago = _AGO.fullmatch(text.strip())
    try:
        if ago is not None:
            return now - timedelta(seconds=float(ago[1]) * _SECONDS[ago[2]])
        return datetime.fromisoformat(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise SinceError(
            f"--since {text!r} is no time; give 30s, 10m, 2h or 3d ago, or a time such as 2026-03-01T12:00"
        ) from error


_END_LEVELS: dict[SubTaskStatus | TaskStatus, LogLevel] = {
    SubTaskStatus.FAILED: "error",
    SubTaskStatus.CANCELLED: "warning",
    TaskStatus.FAILED: "error",
    TaskStatus.CANCELLED: "warning",
    TaskStatus.SKIPPED: "warning",
}  # as in convex/lines.ts


def level_of(event: Event) -> LogLevel:
    """Return the level of an event: that of a log line, of others by what they report."""
    match event:
        case Logged(level=level):
            return level
        case SubTaskStep():
            return "debug"
        case SubTaskRetrying():
            return "warning"
        case SubTaskEnded(status=status) | TaskEnded(status=status):
            return _END_LEVELS.get(status, "info")
        case _:
            return "info"
