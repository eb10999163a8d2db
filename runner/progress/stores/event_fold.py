"""How events become the rows of runs, tasks, sub-tasks and tries. Pure: no clock, no database.

What a row says follows from the events alone, so that a copy elsewhere that folds the same events says the
same. No state ever goes backwards: what comes late, from a worker that was given up, is kept as an event and
changes no row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
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
from runner.records.json_values import iso
from runner.records.status import RunStatus, SubTaskStatus, aggregate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

UNKNOWN_EXIT = -1  # the exit code in a `RunEnded` that somebody else wrote: nobody saw how the process ended


@dataclass(slots=True)
class State:
    """The rows that a batch of events touches: as they are before it, and after `fold` as they are then.

    `attempts` holds only what the batch itself says of tries, to be laid over what is already known.
    """

    run: RunRecord | None = None
    tasks: dict[str, TaskRecord] = field(default_factory=dict)
    subtasks: dict[str, SubTaskRecord] = field(default_factory=dict)
    attempts: dict[tuple[str, int], AttemptRecord] = field(default_factory=dict)
    task_count: int = 0  # of the whole run


def collect_touched(events: Iterable[Event]) -> tuple[set[str], set[str]]:
    """Return the ids of the tasks and of the sub-tasks whose rows the events may change."""
    tasks: set[str] = set()
    subtasks: set[str] = set()
    for event in events:
        if isinstance(event, (SubTaskStarted, SubTaskStep, SubTaskRetrying, SubTaskEnded)):
            tasks.add(event.task_id)
            subtasks.add(event.subtask_id)
        elif isinstance(event, (TaskAdded, TaskStarted, TaskEnded)):
            tasks.add(event.task_id)
    return tasks, subtasks


def fold(state: State, run_id: str, events: Iterable[Event], process: str | None = None) -> None:
    """Bring `state` forward by `events`. `process` identifies the process of a run that starts among them."""
    for event in events:
        if isinstance(event, RunStarted):
            state.run = _started_run(run_id, event, process)
        elif (handler := _HANDLERS.get(type(event))) is not None:
            handler(state, event)


def _started_run(run_id: str, event: RunStarted, process: str | None) -> RunRecord:
    return RunRecord(
        id=run_id,
        plan=event.plan,
        plan_path=event.plan_path,
        status=RunStatus.RUNNING,
        pid=event.pid,
        host=event.host,
        process=process,
        concurrency=event.concurrency,
        started_at=iso(event.at),
    )


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
    run.status = event.status
    run.exit_code = None if event.exit_code == UNKNOWN_EXIT else event.exit_code
    run.error = event.error
    run.ended_at = iso(event.at)


def _add_task(state: State, event: TaskAdded) -> None:
    if event.task_id in state.tasks:
        return
    state.tasks[event.task_id] = TaskRecord(
        id=event.task_id,
        position=state.task_count,
        title=event.title,
        description=event.description,
        agent=event.agent,
        classification=event.classification,
        priority=event.priority,
        needs=event.needs,
        workspace=event.workspace,
        pending=len(event.subtasks),
    )
    state.task_count += 1
    for position, spec in enumerate(event.subtasks):
        state.subtasks[spec.id] = SubTaskRecord(
            id=spec.id,
            task_id=event.task_id,
            position=position,
            title=spec.title,
            table=spec.table,
            priority=spec.priority,
        )


def _start_task(state: State, event: TaskStarted) -> None:
    task = state.tasks.get(event.task_id)
    if task is not None and task.started_at is None:
        task.started_at = iso(event.at)


def _end_task(state: State, event: TaskEnded) -> None:
    task = state.tasks.get(event.task_id)
    if task is None or task.ended_at is not None:
        return
    task.status = event.status
    task.error = event.error
    task.ended_at = iso(event.at)


def _start_subtask(state: State, event: SubTaskStarted) -> None:
    subtask = state.subtasks.get(event.subtask_id)
    if subtask is None or subtask.status.ended:
        return
    at = iso(event.at)
    state.attempts[subtask.id, event.attempt] = AttemptRecord(
        subtask_id=subtask.id, number=event.attempt, pid=event.pid, started_at=at
    )
    subtask.attempts = max(subtask.attempts, event.attempt)
    subtask.step = 0
    subtask.total_steps = event.total_steps
    subtask.message = None
    subtask.pid = event.pid
    subtask.started_at = subtask.started_at or at
    _move(state, subtask, SubTaskStatus.RUNNING)


def _step_subtask(state: State, event: SubTaskStep) -> None:
    subtask = state.subtasks.get(event.subtask_id)
    if subtask is None or subtask.status.ended:
        return
    subtask.step = event.step
    subtask.message = event.message


def _retry_subtask(state: State, event: SubTaskRetrying) -> None:
    """Keep what the try ended with; until the next one begins the sub-task goes on being `running`."""
    subtask = state.subtasks.get(event.subtask_id)
    if subtask is None or subtask.status.ended:
        return
    subtask.error = event.error
    attempt = _attempt(state, subtask.id, event.attempt)
    attempt.ended_at = iso(event.at)
    attempt.error = event.error
    attempt.charged = event.charged


def _end_subtask(state: State, event: SubTaskEnded) -> None:
    subtask = state.subtasks.get(event.subtask_id)
    if subtask is None or subtask.status.ended:
        return
    subtask.attempts = max(subtask.attempts, event.attempt)
    subtask.error = event.error
    subtask.up_to_date = event.up_to_date
    subtask.files = event.files
    subtask.ended_at = iso(event.at)
    if subtask.started_at is not None:
        attempt = _attempt(state, subtask.id, subtask.attempts)
        attempt.ended_at = subtask.ended_at
        attempt.error = event.error
    _move(state, subtask, event.status)


def _attempt(state: State, subtask_id: str, number: int) -> AttemptRecord:
    return state.attempts.setdefault((subtask_id, number), AttemptRecord(subtask_id=subtask_id, number=number))


def _move(state: State, subtask: SubTaskRecord, status: SubTaskStatus) -> None:
    """Give a sub-task another state, and its task the counts and the state that follow."""
    if subtask.status is status:
        return
    task = state.tasks.get(subtask.task_id)
    if task is not None:
        setattr(task, subtask.status.value, getattr(task, subtask.status.value) - 1)
        setattr(task, status.value, getattr(task, status.value) + 1)
        if task.ended_at is None:
            task.status = aggregate(each for each in SubTaskStatus if getattr(task, each.value))
    subtask.status = status


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
