"""Projects events onto the records of runs, tasks, sub-tasks and attempts. Pure: no clock, no database.

A record follows from the events alone, so another place that projects the same events has the same records (Convex
does: `convex/projection.ts`). Fields that an event and a record have in common are copied by name. No state ever goes
backwards: a late event, from a worker that was given up, is kept and changes no record.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from runner.progress.stores.run_records import AttemptRecord, RunRecord, SubTaskRecord, TaskRecord
from runner.records.events import (
    Event,
    RunEnded,
    RunPaused,
    RunResumed,
    RunStarted,
    SubTaskEnded,
    SubTaskRetrying,
    SubTaskStarted,
    SubTaskStep,
    TaskAdded,
    TaskEnded,
    TaskStarted,
)
from runner.records.json_values import field_names, iso
from runner.records.status import RunStatus, SubTaskStatus, aggregate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_STATUSES = tuple(SubTaskStatus)
UNKNOWN_EXIT = -1  # the exit code in a `RunEnded` that somebody else wrote: nobody saw how the process ended


@dataclass(slots=True)
class State:
    """The records that a batch of events may change. `apply_events` changes them in place."""

    run: RunRecord | None = None
    tasks: dict[str, TaskRecord] = field(default_factory=dict)
    subtasks: dict[str, SubTaskRecord] = field(default_factory=dict)
    attempts: dict[tuple[str, int], AttemptRecord] = field(default_factory=dict)  # by sub-task and number
    task_count: int = 0  # of the whole run


def collect_touched(events: Iterable[Event]) -> tuple[set[str], set[str]]:
    """Return the ids of the tasks and of the sub-tasks whose records the events may change."""
    tasks: set[str] = set()
    subtasks: set[str] = set()
    for event in events:
        if isinstance(event, (SubTaskStarted, SubTaskStep, SubTaskRetrying, SubTaskEnded)):
            tasks.add(event.task_id)
            subtasks.add(event.subtask_id)
        elif isinstance(event, (TaskAdded, TaskStarted, TaskEnded)):
            tasks.add(event.task_id)
    return tasks, subtasks


def apply_events(state: State, run_id: str, events: Iterable[Event], process: str | None = None) -> None:
    """Change `state` by `events`, in order. `process` identifies the process of a run that starts among them."""
    for event in events:
        if isinstance(event, RunStarted):
            state.run = RunRecord(
                id=run_id,
                process=process,
                status=RunStatus.RUNNING,
                started_at=iso(event.at),
                **_shared(event, RunRecord),
            )
        elif (handler := _HANDLERS.get(type(event))) is not None:
            handler(state, event)


def _pause_run(state: State, _event: RunPaused) -> None:
    if state.run is not None and not state.run.status.ended:
        state.run.status = RunStatus.PAUSED


def _resume_run(state: State, _event: RunResumed) -> None:
    if state.run is not None and not state.run.status.ended:
        state.run.status = RunStatus.RUNNING


def _end_run(state: State, event: RunEnded) -> None:
    run = state.run
    if run is None or run.status.ended:
        return
    _copy(event, run)
    run.exit_code = None if event.exit_code == UNKNOWN_EXIT else event.exit_code
    run.ended_at = iso(event.at)


def _add_task(state: State, event: TaskAdded) -> None:
    if event.task_id in state.tasks:
        return
    state.tasks[event.task_id] = TaskRecord(
        id=event.task_id,
        position=state.task_count,
        pending=len(event.subtasks),
        **_shared(event, TaskRecord),
    )
    state.task_count += 1
    for position, spec in enumerate(event.subtasks):
        state.subtasks[spec.id] = SubTaskRecord(
            task_id=event.task_id, position=position, **_shared(spec, SubTaskRecord)
        )


def _start_task(state: State, event: TaskStarted) -> None:
    task = state.tasks.get(event.task_id)
    if task is not None and task.started_at is None:
        task.started_at = iso(event.at)


def _end_task(state: State, event: TaskEnded) -> None:
    task = state.tasks.get(event.task_id)
    if task is None or task.ended_at is not None:
        return
    _copy(event, task)
    task.ended_at = iso(event.at)


def _start_subtask(state: State, event: SubTaskStarted) -> None:
    subtask = state.subtasks.get(event.subtask_id)
    if subtask is None or subtask.status.ended:
        return
    attempt = _attempt(state, subtask.id, event.attempt)
    _copy(event, attempt)
    attempt.started_at = iso(event.at)
    _copy(event, subtask)
    subtask.attempts = max(subtask.attempts, event.attempt)
    subtask.step, subtask.message = 0, None
    subtask.started_at = subtask.started_at or attempt.started_at
    _move(state, subtask, SubTaskStatus.RUNNING)


def _step_subtask(state: State, event: SubTaskStep) -> None:
    subtask = state.subtasks.get(event.subtask_id)
    if subtask is None or subtask.status.ended:
        return
    _copy(event, subtask)


def _retry_subtask(state: State, event: SubTaskRetrying) -> None:
    """Record how the attempt ended; the sub-task stays `running` until the next one begins."""
    subtask = state.subtasks.get(event.subtask_id)
    if subtask is None or subtask.status.ended:
        return
    _copy(event, subtask)
    attempt = _attempt(state, subtask.id, event.attempt)
    _copy(event, attempt)
    attempt.ended_at = iso(event.at)


def _end_subtask(state: State, event: SubTaskEnded) -> None:
    subtask = state.subtasks.get(event.subtask_id)
    if subtask is None or subtask.status.ended:
        return
    _move(state, subtask, event.status)
    _copy(event, subtask)
    subtask.attempts = max(subtask.attempts, event.attempt)
    subtask.ended_at = iso(event.at)
    if subtask.started_at is not None:
        attempt = _attempt(state, subtask.id, subtask.attempts)
        _copy(event, attempt)
        attempt.ended_at = subtask.ended_at


def _attempt(state: State, subtask_id: str, number: int) -> AttemptRecord:
    return state.attempts.setdefault((subtask_id, number), AttemptRecord(subtask_id=subtask_id, number=number))


def _move(state: State, subtask: SubTaskRecord, status: SubTaskStatus) -> None:
    """Set a sub-task's state, and its task's counts and state, which follow from it."""
    if subtask.status is status:
        return
    task = state.tasks.get(subtask.task_id)
    if task is not None:
        setattr(task, subtask.status.value, getattr(task, subtask.status.value) - 1)
        setattr(task, status.value, getattr(task, status.value) + 1)
        if task.ended_at is None:
            task.status = aggregate([each for each in _STATUSES if getattr(task, each.value)])
    subtask.status = status


def _copy(event: Any, record: Any) -> None:
    """Set the fields of a record that the event has, too."""
    kinds: tuple[Any, Any] = type(event), type(record)
    for name in _shared_names(*kinds):
        setattr(record, name, getattr(event, name))


def _shared(source: Any, target: Any) -> dict[str, Any]:
    """Return the values of `source` whose names are fields of `target`."""
    kind: Any = type(source)
    return {name: getattr(source, name) for name in _shared_names(kind, target)}


@cache
def _shared_names(source: Any, target: Any) -> tuple[str, ...]:
    return tuple(name for name in field_names(source) if name in field_names(target))


_HANDLERS: dict[type, Callable[[State, Any], None]] = {
    RunPaused: _pause_run,
    RunResumed: _resume_run,
    RunEnded: _end_run,
    TaskAdded: _add_task,
    TaskStarted: _start_task,
    TaskEnded: _end_task,
    SubTaskStarted: _start_subtask,
    SubTaskStep: _step_subtask,
    SubTaskRetrying: _retry_subtask,
    SubTaskEnded: _end_subtask,
}
