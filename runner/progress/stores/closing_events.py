"""The events that end what a run left open, whose process or whose loop ended before it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.records.events import Event, SubTaskEnded, TaskEnded
from runner.records.status import SubTaskStatus, aggregate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runner.progress.stores.run_records import SubTaskRecord, TaskRecord


def closing_events(tasks: Sequence[TaskRecord], subtasks: Iterable[SubTaskRecord], reason: str) -> list[Event]:
    """Return the events by which the open ones of a run's tasks and sub-tasks become cancelled, for this reason."""
    unended = [task for task in tasks if task.ended_at is None]
    begun = {task.id for task in unended if task.started_at is not None}
    events: list[Event] = []
    statuses: dict[str, list[SubTaskStatus]] = {}
    for subtask in subtasks:
        if subtask.task_id not in begun:  # a task that never began ends without its sub-tasks
            continue
        status = subtask.status if subtask.status.ended else SubTaskStatus.CANCELLED
        statuses.setdefault(subtask.task_id, []).append(status)
        if status is not subtask.status:
            events.append(
                SubTaskEnded(
                    task_id=subtask.task_id,
                    subtask_id=subtask.id,
                    status=status,
                    attempt=subtask.attempts,
                    error=reason,
                )
            )
    events.extend(
        TaskEnded(
            task_id=task.id,
            status=aggregate(statuses.get(task.id, [SubTaskStatus.CANCELLED])),
            error=reason,
        )
        for task in unended
    )
    return events
