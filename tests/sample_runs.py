"""Events of made-up runs, and stores and sinks to report them to."""

from __future__ import annotations

import os
import threading
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from runner.progress.reporter import Control, Recorded
from runner.records.errors import StoreError
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
from runner.records.task import Classification, FileCounts, SubTaskSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

NOON = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
STEPS = ("start", "templates", "variables", "render", "write")
CLASSIFIED = Classification(kind="be-crud", method="keywords", confidence=1.0, keywords=("crud",), reasoning="said so")


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def run_started(plan: str = "school", plan_path: str = "/plans/school.yaml", **values: Any) -> RunStarted:
    known = {"pid": os.getpid(), "host": os.uname().nodename, "concurrency": 5, "at": NOON}
    return RunStarted(plan=plan, plan_path=plan_path, **{**known, **values})


def task_added(task_id: str, tables: Sequence[str | None], **values: Any) -> TaskAdded:
    specs = tuple(
        SubTaskSpec(id=f"{task_id}/{table or 'setup'}", title=f"BE CRUD APIs: {table}", table=table) for table in tables
    )
    known = {
        "title": "BE CRUD APIs", "description": "be crud apis", "agent": "be-crud", "classification": CLASSIFIED,
        "priority": 5, "needs": (), "workspace": "/build", "at": NOON,
    }  # fmt: skip
    return TaskAdded(task_id=task_id, subtasks=specs, **{**known, **values})


def started(task_id: str, table: str, attempt: int = 1, seconds: float = 1.0) -> SubTaskStarted:
    return SubTaskStarted(
        task_id=task_id, subtask_id=f"{task_id}/{table}", attempt=attempt, total_steps=5, pid=7, at=at(seconds)
    )


def step(task_id: str, table: str, number: int, seconds: float = 1.0) -> SubTaskStep:
    return SubTaskStep(
        task_id=task_id,
        subtask_id=f"{task_id}/{table}",
        step=number,
        message=STEPS[number - 1],
        at=at(seconds),
    )


def ended(
    task_id: str,
    table: str,
    status: SubTaskStatus = SubTaskStatus.DONE,
    seconds: float = 2.0,
    **values: Any,
) -> SubTaskEnded:
    known = {"attempt": 1, "files": FileCounts(created=3), "at": at(seconds)}
    return SubTaskEnded(task_id=task_id, subtask_id=f"{task_id}/{table}", status=status, **{**known, **values})


def whole_run(tasks: int = 2, tables: int = 3) -> list[Event]:
    """Return all events of a successful run."""
    names = [f"table_{number}" for number in range(tables)]
    events: list[Event] = [run_started()]
    events += [task_added(f"task-{number}", names) for number in range(tasks)]
    for number in range(tasks):
        task = f"task-{number}"
        events.append(TaskStarted(task_id=task, at=at(1)))
        for name in names:
            events.append(started(task, name))
            events += [step(task, name, number) for number in range(1, 6)]
            events.append(ended(task, name))
        events.append(TaskEnded(task_id=task, status=TaskStatus.DONE, at=at(3)))
    events.append(RunEnded(status=RunStatus.DONE, exit_code=0, at=at(4)))
    return events


class MemoryEvents:
    """An `EventStore` that keeps events in a list, can be stalled and can be made to fail."""

    def __init__(self) -> None:
        self.kept: list[Recorded] = []
        self.batches: list[int] = []
        self.requests: deque[Control] = deque()
        self.answers: dict[int, str] = {}
        self.acknowledged: dict[tuple[str, str], int] = {}
        self.error: Exception | None = None
        self.open = threading.Event()  # cleared: `append` waits
        self.open.set()
        self.entered = threading.Event()  # set once `append` was called

    def append(self, run_id: str, events: Sequence[Event]) -> tuple[Recorded, ...]:
        self.entered.set()
        assert self.open.wait(30)
        if self.error is not None:
            raise self.error
        first = len(self.kept) + 1
        recorded = tuple(Recorded(run_id=run_id, seq=seq, event=event) for seq, event in enumerate(events, first))
        self.kept += recorded
        self.batches.append(len(recorded))
        return recorded

    def take_controls(self, run_id: str) -> tuple[Control, ...]:
        if isinstance(self.error, StoreError):
            raise self.error
        return tuple(self.requests.popleft() for _ in range(len(self.requests)))

    def answer_control(self, control_id: int, answer: str) -> None:
        self.answers[control_id] = answer

    def acknowledge(self, sink: str, run_id: str, seq: int) -> None:
        self.acknowledged[sink, run_id] = seq

    @property
    def events(self) -> list[Event]:
        return [recorded.event for recorded in self.kept]


class Listener:
    """A sink that records its input, can be stalled and can be made to fail."""

    def __init__(self) -> None:
        self.shown: list[Recorded] = []
        self.closed = 0
        self.abandoned = 0
        self.ticks = 0
        self.ticked = threading.Event()
        self.entered = threading.Event()  # set once `write` was called
        self.some = threading.Event()  # set after the first batch
        self.error: Exception | None = None
        self.close_error: Exception | None = None
        self.open = threading.Event()
        self.open.set()

    def write(self, batch: Sequence[Recorded]) -> None:
        self.entered.set()
        assert self.open.wait(30)
        if self.error is not None:
            raise self.error
        self.shown += batch
        self.some.set()

    def tick(self) -> None:
        self.ticks += 1
        self.ticked.set()

    def abandon(self) -> None:
        self.abandoned += 1

    def close(self) -> None:
        self.closed += 1
        if self.close_error is not None:
            raise self.close_error
