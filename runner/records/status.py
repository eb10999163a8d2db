"""The states of runs, tasks and sub-tasks, and how a task's state follows from its sub-tasks'. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class SubTaskStatus(StrEnum):
    """State of one sub-task; what was up to date is `done`."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self not in {SubTaskStatus.PENDING, SubTaskStatus.RUNNING}


class TaskStatus(StrEnum):
    """State of one task; `skipped` when a task that it needs did not finish."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self not in {TaskStatus.PENDING, TaskStatus.RUNNING}


class RunStatus(StrEnum):
    """State of one run; `interrupted` when its process died before it could say how it ended."""

    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self not in {RunStatus.RUNNING, RunStatus.PAUSED}


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a task is: `completed` counts what is done, `failed` what failed or was cancelled."""

    completed: int = 0
    failed: int = 0
    total: int = 0


def aggregate(statuses: Iterable[SubTaskStatus]) -> TaskStatus:
    """Return the state of a task from the states of its sub-tasks.

    Any running, or some ended and some not: running. All ended: failed if any failed, else cancelled if any was
    cancelled, else done. None started: pending.
    """
    seen = set(statuses)
    if seen <= {SubTaskStatus.PENDING}:
        return TaskStatus.PENDING
    if not all(status.ended for status in seen):
        return TaskStatus.RUNNING
    if SubTaskStatus.FAILED in seen:
        return TaskStatus.FAILED
    if SubTaskStatus.CANCELLED in seen:
        return TaskStatus.CANCELLED
    return TaskStatus.DONE


def progress(statuses: Iterable[SubTaskStatus]) -> Progress:
    """Count a task's sub-tasks by outcome."""
    listed = list(statuses)
    return Progress(
        completed=listed.count(SubTaskStatus.DONE),
        failed=listed.count(SubTaskStatus.FAILED) + listed.count(SubTaskStatus.CANCELLED),
        total=len(listed),
    )
