"""What the state file says of a run, its tasks, its sub-tasks and their tries.

Plain records, one a row. The fold changes its own copies in place; what a reader returns is the caller's.
Times are text as in every report: ISO 8601 UTC with six fractional digits, so that they sort as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

from runner.progress.reporter import ControlKind
from runner.records.status import Progress, RunStatus, SubTaskStatus, TaskStatus
from runner.records.task import Classification, FileCounts

NO_FILES = FileCounts()


@dataclass(kw_only=True, slots=True)
class RunRecord:
    """One execution of a plan. `process` tells its process from a later one with the same `pid`."""

    id: str
    plan: str
    plan_path: str
    status: RunStatus
    pid: int
    host: str
    process: str | None
    concurrency: int
    started_at: str
    ended_at: str | None = None
    exit_code: int | None = None  # None while it runs, and for a run whose process died
    error: str | None = None
    last_seq: int = 0  # of its newest event


@dataclass(kw_only=True, slots=True)
class TaskRecord:
    """One task of a run, with its sub-tasks counted by state."""

    id: str
    position: int  # in the plan, from 0
    title: str
    description: str
    agent: str
    classification: Classification
    priority: int
    needs: tuple[str, ...]
    workspace: str
    status: TaskStatus = TaskStatus.PENDING
    error: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    pending: int = 0
    running: int = 0
    done: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def progress(self) -> Progress:
        """How far it is."""
        bad = self.failed + self.cancelled
        return Progress(completed=self.done, failed=bad, total=self.pending + self.running + self.done + bad)


@dataclass(kw_only=True, slots=True)
class SubTaskRecord:
    """One sub-task. `step` counts from 1, 0 before the first; `total_steps` is 0 until a try has begun."""

    id: str
    task_id: str
    position: int  # in its task, from 0
    title: str
    table: str | None
    priority: int
    status: SubTaskStatus = SubTaskStatus.PENDING
    step: int = 0
    total_steps: int = 0
    message: str | None = None  # of the newest step
    attempts: int = 0  # the first try counts
    error: str | None = None
    up_to_date: bool = False
    pid: int | None = None  # of the newest try's worker
    started_at: str | None = None  # of the first try
    ended_at: str | None = None
    files: FileCounts = NO_FILES


@dataclass(kw_only=True, slots=True)
class AttemptRecord:
    """One try at a sub-task. `charged` is False where its worker died and another may be to blame."""

    subtask_id: str
    number: int
    pid: int | None = None
    started_at: str | None = None
    ended_at: str | None = None
    error: str | None = None
    charged: bool = True


@dataclass(kw_only=True, slots=True)
class ControlRecord:
    """A request to a running supervisor, and what became of it."""

    id: int
    run_id: str
    kind: ControlKind
    task_id: str | None
    requested_at: str
    requested_by: int
    taken_at: str | None
    answer: str | None
