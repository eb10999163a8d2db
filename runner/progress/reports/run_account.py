"""What happened in a run, from its events alone: the source of the reports for CI, browsers and trace viewers. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from runner.progress.reports.text_layout import count, shown_path
from runner.records.events import (
    Event,
    Logged,
    RunEnded,
    RunStarted,
    SubTaskEnded,
    SubTaskRetrying,
    SubTaskStarted,
    SubTaskStep,
    TaskAdded,
    TaskEnded,
    TaskStarted,
)
from runner.records.status import RunStatus, SubTaskStatus, TaskStatus
from runner.records.task import SETUP_PIECE, FileCounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runner.records.task import SubTaskSpec

FileChange = tuple[str, str]  # what was or would be done, and the path in the workspace


@dataclass(slots=True)
class Attempt:
    """One attempt at a sub-task. `steps` has the time and name of each step that it began."""

    number: int
    pid: int
    started_at: datetime
    ended_at: datetime | None = None
    error: str | None = None
    steps: list[tuple[datetime, str]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """How long it took; 0 where nothing is known of its end."""
        return 0.0 if self.ended_at is None else (self.ended_at - self.started_at).total_seconds()


@dataclass(slots=True)
class SubTaskAccount:
    """A sub-task with its attempts, its log and what was done with its files."""

    id: str
    task_id: str
    piece: str  # the table, or the set-up piece
    title: str
    status: SubTaskStatus = SubTaskStatus.PENDING
    up_to_date: bool = False
    error: str | None = None
    files: FileCounts = FileCounts()
    attempts: list[Attempt] = field(default_factory=list)
    log: list[Logged] = field(default_factory=list)
    changes: list[FileChange] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """How long its attempts took together."""
        return sum(attempt.seconds for attempt in self.attempts)

    @property
    def outcome(self) -> str:
        """How it ended, in a word."""
        return "up to date" if self.up_to_date else self.status.value

    @property
    def conflicts(self) -> list[str]:
        """The paths of its files in which edits by hand contradict what is generated."""
        return [path for verb, path in self.changes if verb == "conflict"]


@dataclass(slots=True)
class TaskAccount:
    """A task with its sub-tasks in the plan's order, and what its programs printed."""

    id: str
    title: str
    agent: str
    workspace: str = ""  # as it is written in the folder of the run
    status: TaskStatus = TaskStatus.PENDING
    error: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    subtasks: dict[str, SubTaskAccount] = field(default_factory=dict)
    log: list[Logged] = field(default_factory=list)

    def outcome_of(self, subtask: SubTaskAccount) -> str:
        """Return how one of its sub-tasks ended, in a word: one that never ran, as the task did."""
        return subtask.outcome if subtask.status.ended or not self.status.ended else self.status.value

    def conflict_text(self, subtask: SubTaskAccount) -> str:
        """Return what is to be done about the files in conflict of one of its sub-tasks, with a command for each."""
        files = subtask.conflicts
        commands = (f"  runner resolve {shlex.quote(str(Path(self.workspace, path)))}" for path in files)
        head = f"{count(len(files), 'file')} in conflict: your edits contradict what is generated now"
        return "\n".join((head, *commands))


@dataclass(slots=True)
class RunAccount:
    """A run with its tasks in the plan's order. Of a check, `changes` are what would be done.

    `leftovers` are the paths of dropped tables' files that a check found.
    """

    id: str = ""
    folder: Path = Path()  # where the run was started: paths are named from it
    diffs: Mapping[str, str] | None = None  # of a check, by path; None for a run that was no check
    leftovers: tuple[str, ...] = ()
    plan: str = ""
    host: str = ""
    pid: int = 0
    status: RunStatus = RunStatus.RUNNING
    exit_code: int | None = None
    error: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    tasks: dict[str, TaskAccount] = field(default_factory=dict)
    log: list[Logged] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        run_id: str,
        events: Iterable[Event],
        changes: Sequence[tuple[str, FileChange]] = (),
        diffs: Mapping[str, str] | None = None,
        leftovers: Iterable[str] = (),
        folder: Path = Path(),
    ) -> RunAccount:
        """Return the account of a run: of its events in order, and of its changes, by the id of the sub-task."""
        account = cls(id=run_id, diffs=diffs, leftovers=tuple(leftovers), folder=folder)
        for event in events:
            account.add(event)
        subtasks = {subtask.id: subtask for subtask in account.subtasks}
        for subtask_id, change in changes:
            subtasks[subtask_id].changes.append(change)
        return account

    @property
    def is_stale(self) -> bool:
        """Whether this is a check, and found drift."""
        if self.diffs is None:
            return False
        return bool(self.leftovers) or any(verb != "keep" for each in self.subtasks for verb, _ in each.changes)

    @property
    def in_conflict(self) -> list[SubTaskAccount]:
        """The sub-tasks with files that have a conflict; of a check these are stale like others."""
        return [] if self.diffs is not None else [subtask for subtask in self.subtasks if subtask.conflicts]

    @property
    def verdict(self) -> str:
        """How the run ended, in words: a run that is done exits with another code than 0 where its code is stale."""
        if self.status is RunStatus.DONE and (self.is_stale or self.in_conflict):
            return "stale" if self.is_stale else "in conflict"
        return self.status.value

    @property
    def own_failure(self) -> str | None:
        """Why the run failed, where none of its sub-tasks did: it was cancelled, or could not go on."""
        if self.status in {RunStatus.RUNNING, RunStatus.PAUSED, RunStatus.DONE}:
            return None
        if any(subtask.status is SubTaskStatus.FAILED for subtask in self.subtasks):
            return None
        said = self.error or next((each.message for each in reversed(self.log) if each.level == "error"), None)
        return said or f"the run was {self.status.value}"

    @property
    def subtasks(self) -> list[SubTaskAccount]:
        """All sub-tasks, task by task."""
        return [subtask for task in self.tasks.values() for subtask in task.subtasks.values()]

    def add(self, event: Event) -> None:
        """Add what an event says. Events of unknown tasks and sub-tasks are ignored."""
        match event:
            case RunStarted():
                self.plan, self.host, self.pid, self.started_at = event.plan, event.host, event.pid, event.at
            case RunEnded():
                self.status, self.exit_code, self.error = event.status, event.exit_code, event.error
                self.ended_at = event.at
            case TaskAdded():
                subtasks = {spec.id: _account_of(event.task_id, spec) for spec in event.subtasks}
                self.tasks[event.task_id] = TaskAccount(
                    id=event.task_id,
                    title=event.title,
                    agent=event.agent,
                    workspace=shown_path(Path(event.workspace), self.folder),
                    subtasks=subtasks,
                )
            case Logged(task_id=None):
                self.log.append(event)
            case TaskStarted() | TaskEnded() | Logged():
                self._add_to_task(event)
            case SubTaskStarted() | SubTaskStep() | SubTaskRetrying() | SubTaskEnded():
                self._add_to_subtask(event)
            case _:
                pass  # a pause or its end

    def _add_to_task(self, event: TaskStarted | TaskEnded | Logged) -> None:
        task = self.tasks.get(event.task_id or "")
        if task is None:
            return
        match event:
            case TaskStarted():
                task.started_at = event.at
            case TaskEnded():
                task.status, task.error, task.ended_at = event.status, event.error, event.at
            case Logged():
                subtask = task.subtasks.get(event.subtask_id or "")
                (task if subtask is None else subtask).log.append(event)

    def _add_to_subtask(self, event: SubTaskStarted | SubTaskStep | SubTaskRetrying | SubTaskEnded) -> None:
        task = self.tasks.get(event.task_id)
        subtask = None if task is None else task.subtasks.get(event.subtask_id)
        if subtask is None or subtask.status.ended:
            return
        last = subtask.attempts[-1] if subtask.attempts else None
        match event:
            case SubTaskStarted():
                subtask.status = SubTaskStatus.RUNNING
                subtask.attempts.append(Attempt(number=event.attempt, pid=event.pid, started_at=event.at))
            case SubTaskStep():
                if last is not None:
                    last.steps.append((event.at, event.message))
            case SubTaskRetrying():
                if last is not None and last.number == event.attempt:
                    last.ended_at, last.error = event.at, event.error
            case SubTaskEnded():
                subtask.status, subtask.error, subtask.files = event.status, event.error, event.files
                subtask.up_to_date = event.up_to_date
                if last is not None and last.ended_at is None:
                    last.ended_at, last.error = event.at, event.error


def _account_of(task_id: str, spec: SubTaskSpec) -> SubTaskAccount:
    return SubTaskAccount(id=spec.id, task_id=task_id, piece=spec.table or SETUP_PIECE, title=spec.title)
