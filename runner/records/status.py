"""The states of runs, tasks and sub-tasks, and how the state of a task follows from those of its sub-tasks. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class SubTaskStatus(StrEnum):
    """State of a sub-task; one that was up to date is `done`."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether the state is final."""
        return self not in {SubTaskStatus.PENDING, SubTaskStatus.RUNNING}


class TaskStatus(StrEnum):
    """State of a task; `skipped` where a task that it needs is not done."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"

    @property
    def ended(self) -> bool:
        """Whether the state is final."""
        return self not in {TaskStatus.PENDING, TaskStatus.RUNNING}


class RunStatus(StrEnum):
    """State of a run; `interrupted` where its process died before the run ended."""

    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def ended(self) -> bool:
        """Whether the state is final."""
        return self not in {RunStatus.RUNNING, RunStatus.PAUSED}


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """Numbers of a task's sub-tasks: `completed` are done, `failed` failed or were cancelled."""

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
