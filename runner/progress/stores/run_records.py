"""What the state file holds of a run, its tasks, their sub-tasks and attempts: one record a row.

The columns of the state file and the JSON report follow from these fields (`record_tables`, `json_report`), and the
projection copies into them what an event has by the same name. A field that is added later needs a default: rows
of earlier runs get it.

Times are text as in every report: ISO 8601 UTC with six fractional digits, so that they sort as text.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from runner.progress.reporter import ControlKind
from runner.records.status import Progress, RunStatus, SubTaskStatus, TaskStatus
from runner.records.task import Classification, FileCounts

INTERNAL = {"reported": False}  # metadata of a field that is not part of the JSON report


@dataclass(kw_only=True, slots=True)
class RunRecord:
    """One execution of a plan. `process` tells its process from a later one with the same `pid`."""

    id: str
    plan: str
    plan_path: str = field(metadata=INTERNAL)
    status: RunStatus
    pid: int = field(metadata=INTERNAL)
    host: str = field(metadata=INTERNAL)
    process: str | None = field(metadata=INTERNAL)
    concurrency: int = field(metadata=INTERNAL)
    started_at: str
    ended_at: str | None = None
    exit_code: int | None = None  # None while it runs, and for a run whose process died
    error: str | None = field(default=None, metadata=INTERNAL)
    last_seq: int = field(default=0, metadata=INTERNAL)  # of its newest event

    @property
    def outcome(self) -> str:
        """Its status in words; of a run that is done, its exit code tells stale code and edits in conflict apart."""
        words = {1: "in conflict", 3: "stale"} if self.status is RunStatus.DONE else {}
        return words.get(self.exit_code or 0, self.status.value)


@dataclass(kw_only=True, slots=True)
class TaskRecord:
    """One task of a run, with the number of its sub-tasks in each state."""

    id: str
    position: int = field(metadata=INTERNAL)  # in the plan, from 0
    title: str
    description: str
    agent: str
    classification: Classification
    priority: int
    needs: tuple[str, ...] = field(metadata=INTERNAL)
    workspace: str = field(metadata=INTERNAL)
    status: TaskStatus = TaskStatus.PENDING
    error: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    pending: int = field(default=0, metadata=INTERNAL)
    running: int = field(default=0, metadata=INTERNAL)
    done: int = field(default=0, metadata=INTERNAL)
    failed: int = field(default=0, metadata=INTERNAL)
    cancelled: int = field(default=0, metadata=INTERNAL)

    @property
    def progress(self) -> Progress:
        """How many of its sub-tasks are done, how many failed or were cancelled, and how many there are."""
        bad = self.failed + self.cancelled
        return Progress(completed=self.done, failed=bad, total=self.pending + self.running + self.done + bad)


@dataclass(kw_only=True, slots=True)
class SubTaskRecord:
    """One sub-task. `step` counts from 1, 0 before the first; `total_steps` is 0 until an attempt has begun."""

    id: str
    task_id: str = field(metadata=INTERNAL)
    position: int = field(metadata=INTERNAL)  # in its task, from 0
    title: str
    table: str | None = field(metadata={"column": "table_name"})
    priority: int = field(metadata=INTERNAL)
    status: SubTaskStatus = SubTaskStatus.PENDING
    step: int = 0
    total_steps: int = 0
    message: str | None = field(default=None, metadata=INTERNAL)  # of the newest step
    attempts: int = 0  # including the first
    error: str | None = None
    pid: int | None = field(default=None, metadata=INTERNAL)  # of the newest attempt's worker
    host: str | None = None  # of the newest attempt, on a cluster: the address of its Dask worker
    started_at: str | None = None  # of the first attempt
    ended_at: str | None = None
    up_to_date: bool = False
    files: FileCounts = FileCounts()


@dataclass(kw_only=True, slots=True)
class AttemptRecord:
    """One attempt at a sub-task. `charged` is False where its worker died and another may be to blame."""

    subtask_id: str
    number: int
    pid: int | None = None
    host: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    error: str | None = None
    charged: bool = True


@dataclass(kw_only=True, slots=True)
class ControlRecord:
    """A request to a running supervisor, and its answer."""

    id: int
    run_id: str
    kind: ControlKind
    task_id: str | None
    requested_at: str
    requested_by: int  # process id
    taken_at: str | None
    answer: str | None
