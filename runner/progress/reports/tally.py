"""Counts of a run, taken from its events alone, for the display and the summary. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from runner.records.events import (
    Event,
    RunEnded,
    RunStarted,
    SubTaskEnded,
    SubTaskStarted,
    SubTaskStep,
    TaskAdded,
    TaskEnded,
    TaskStarted,
)
from runner.records.status import RunStatus, SubTaskStatus, TaskStatus
from runner.records.task import SETUP_PIECE, FileCounts


@dataclass(slots=True)
class TaskTally:
    """Counts of one task's sub-tasks; `step` is the newest step of any of them."""

    id: str
    total: int
    ended: int = 0
    done: int = 0
    failed: int = 0
    status: TaskStatus = TaskStatus.PENDING
    started_at: datetime | None = None
    step: str = ""
    pieces: dict[str, str] = field(default_factory=dict)  # sub-task id to table, of those that have not ended


@dataclass(slots=True)
class Failure:
    """A failure, for the summary. `piece` is the table or set-up piece, None where the task as a whole failed."""

    task_id: str
    piece: str | None
    error: str
    status: str
    attempts: int = 0


@dataclass(slots=True)
class RunTally:
    """Counts of a run, updated by `add`. Sub-tasks are counted by how they ended; those up to date not as done."""

    run_id: str = ""
    plan: str = ""
    status: RunStatus = RunStatus.RUNNING
    exit_code: int | None = None
    error: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    tasks: dict[str, TaskTally] = field(default_factory=dict)
    begun: dict[str, datetime] = field(default_factory=dict)  # of the running ones
    hosts: dict[str, str] = field(default_factory=dict)  # of the running ones, on a cluster
    total: int = 0
    done: int = 0
    up_to_date: int = 0
    failed: int = 0
    cancelled: int = 0
    skipped: int = 0
    files: FileCounts = field(default_factory=FileCounts)
    removed: int = 0  # files of dropped tables
    failures: list[Failure] = field(default_factory=list)
    widest_piece: int = 0  # in columns

    @property
    def ended(self) -> int:
        """The number of sub-tasks that have ended."""
        return self.done + self.up_to_date + self.failed + self.cancelled + self.skipped

    @property
    def seconds(self) -> float:
        """How long the run took in seconds, 0 while it lasts."""
        return _seconds(self.started_at, self.ended_at)

    def add(self, event: Event) -> Ending | None:
        """Count an event; return the sub-task or task that it ends, if it ends one."""
        match event:
            case SubTaskStep():
                self._step(event)
            case SubTaskStarted():
                self._start_subtask(event)
            case SubTaskEnded():
                return self._end_subtask(event)
            case TaskEnded():
                return self._end_task(event)
            case TaskStarted():
                self._start_task(event)
            case TaskAdded():
                self._add_task(event)
            case RunStarted():
                self.plan, self.started_at = event.plan, event.at
            case RunEnded():
                self.status, self.exit_code, self.error = event.status, event.exit_code, event.error
                self.ended_at = event.at
            case _:
                pass
        return None

    def _add_task(self, event: TaskAdded) -> None:
        task = self.tasks[event.task_id] = TaskTally(id=event.task_id, total=len(event.subtasks))
        task.pieces = {spec.id: spec.table or SETUP_PIECE for spec in event.subtasks}
        self.total += task.total
        self.widest_piece = max([self.widest_piece, *map(len, task.pieces.values())])

    def _start_task(self, event: TaskStarted) -> None:
        if (task := self.tasks.get(event.task_id)) is not None:
            task.status, task.started_at = TaskStatus.RUNNING, event.at

    def _start_subtask(self, event: SubTaskStarted) -> None:
        if (task := self.tasks.get(event.task_id)) and event.subtask_id in task.pieces:
            self.begun.setdefault(event.subtask_id, event.at)
            if event.host:
                self.hosts[event.subtask_id] = event.host

    def _step(self, event: SubTaskStep) -> None:
        if (task := self.tasks.get(event.task_id)) is not None:
            host = self.hosts.get(event.subtask_id)
            task.step = f"{task.pieces.get(event.subtask_id, '')}: {event.message}{f' on {host}' if host else ''}"

    def _end_subtask(self, event: SubTaskEnded) -> Ending | None:
        task = self.tasks.get(event.task_id)
        piece = task.pieces.pop(event.subtask_id, None) if task else None
        if task is None or piece is None:  # ended before, or not of this run
            return None
        seconds = _seconds(self.begun.pop(event.subtask_id, None), event.at)
        word = "up to date" if event.up_to_date else event.status.value
        match event.status:
            case SubTaskStatus.FAILED:
                self.failed += 1
                self.failures.append(
                    Failure(event.task_id, piece, event.error or "", event.status.value, event.attempt)
                )
            case SubTaskStatus.CANCELLED:
                self.cancelled += 1
            case _ if event.up_to_date:
                self.up_to_date += 1
            case _:
                self.done += 1
        self.files += event.files
        task.ended += 1
        task.done += event.status is SubTaskStatus.DONE
        task.failed += event.status is SubTaskStatus.FAILED
        host = self.hosts.pop(event.subtask_id, None)
        return Ending(event.task_id, piece, word, seconds, event.error, host=host)

    def _end_task(self, event: TaskEnded) -> Ending | None:
        task = self.tasks.get(event.task_id)
        if task is None or task.status.ended:
            return None
        task.status = event.status
        left = task.total - task.ended
        if event.status is TaskStatus.SKIPPED:
            self.skipped += left
        else:
            self.cancelled += left
        task.pieces.clear()
        if event.status is TaskStatus.SKIPPED or (event.status is TaskStatus.FAILED and not task.failed):
            self.failures.append(Failure(event.task_id, None, event.error or "", event.status.value))
        seconds = _seconds(task.started_at, event.at)
        return Ending(event.task_id, None, event.status.value, seconds, event.error, left)


@dataclass(frozen=True, slots=True)
class Ending:
    """A sub-task that has ended, or a whole task (`piece` is None) of whose sub-tasks `left` never ran."""

    task_id: str
    piece: str | None
    word: str  # its state for users
    seconds: float
    error: str | None
    left: int = 0
    host: str | None = None  # on a cluster


def _seconds(begin: datetime | None, end: datetime | None) -> float:
    return 0.0 if begin is None or end is None else max(0.0, (end - begin).total_seconds())
