"""Made-up runs played through the real reporter, state file and sink, and their copies held against the original."""

from __future__ import annotations

import random
import time
import uuid
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from runner.progress.convex.outbox import SINK, fit_text
from runner.progress.convex.sink import ConvexSink
from runner.progress.reporter import Recorded, Reporter
from runner.progress.stores.sqlite_store import SqliteStore
from runner.progress.stores.state_reader import StateReader
from runner.records.events import Event, Logged, RunEnded, SubTaskRetrying, SubTaskStep, TaskEnded, TaskStarted
from runner.records.json_values import iso
from runner.records.status import RunStatus, SubTaskStatus, TaskStatus
from tests.sample_runs import STEPS, at, ended, run_started, started, step, task_added

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from runner.progress.convex.sink import Client
    from runner.progress.convex.target import ConvexTarget
    from runner.progress.stores.run_records import SubTaskRecord, TaskRecord
    from tests.integration.convex_deployment import Deployment

ODD_TEXTS = ("plain", "tab\there", "grüße 👋", "half a pair: \ud83d", 'quoted "\\" text', "line\nbreak", "")


def made_up_events(rng: random.Random, tasks: int = 3, tables: int = 10) -> list[Event]:
    """Return the events of a whole run in which things go wrong now and then."""
    events: list[Event] = [run_started(at=at(0))]
    names = [f"t{number}" for number in range(tables)]
    ids = [f"task-{number}" for number in range(tasks)]
    events += [task_added(task_id, names, priority=1 + 3 * number % 10, at=at(1)) for number, task_id in enumerate(ids)]
    clock = 2.0
    for task_id in ids:
        events.append(TaskStarted(task_id=task_id, at=at(clock)))
        lives = [_life(rng, task_id, table) for table in names]
        while lives:
            life = rng.choice(lives[:5])
            clock += 0.01
            events.append(replace(life.pop(0), at=at(clock)))
            lives = [each for each in lives if each]
        events.append(TaskEnded(task_id=task_id, status=TaskStatus.FAILED, error="some failed", at=at(clock)))
    events.append(RunEnded(status=RunStatus.FAILED, exit_code=1, at=at(clock + 1)))
    return events


def _life(rng: random.Random, task_id: str, table: str) -> list[Event]:
    """Return what happens to one sub-task; the time of each event is given to it when it happens."""
    subtask_id = f"{task_id}/{table}"
    life: list[Event] = []
    tries = rng.choice((1, 1, 1, 2))
    for attempt in range(1, tries + 1):
        life.append(started(task_id, table, attempt=attempt))
        life += [step(task_id, table, number) for number in range(1, len(STEPS) + 1)]
        if rng.random() < 0.3:
            text = rng.choice(ODD_TEXTS)
            life.append(Logged(level="warning", message=text, task_id=task_id, subtask_id=subtask_id))
        if attempt < tries:
            life.append(
                SubTaskRetrying(task_id=task_id, subtask_id=subtask_id, attempt=attempt, error="disk", delay=0.5)
            )
    status = rng.choice((SubTaskStatus.DONE, SubTaskStatus.DONE, SubTaskStatus.FAILED))
    return [*life, ended(task_id, table, status, attempt=tries)]


def recorded_run(run_id: str = "p", seed: int = 0) -> list[Recorded]:
    """Return a made-up run as a store would have it."""
    events = made_up_events(random.Random(seed))
    return [Recorded(run_id=run_id, seq=seq, event=event) for seq, event in enumerate(events, 1)]


class Played:
    """A run that is being played: post its events, then `finish`."""

    def __init__(
        self,
        state: Path,
        target: ConvexTarget,
        connect: Callable[[ConvexTarget], Client] | None = None,
    ) -> None:
        self.state = state
        self.run_id = str(uuid.uuid4())
        self.told: list[str] = []
        self.sink = ConvexSink(target, state, connect=connect)
        self._store = SqliteStore(state)
        self._store.outboxes = (SINK,)
        self._reporter = Reporter(self._store, [self.sink], run_id=self.run_id, on_failure=self._failed)
        self.sink.attach(self._reporter.acknowledge, self.told.append)
        self._reporter.start()

    def post(self, events: Iterable[Event], seconds: float = 0.0) -> None:
        """Post events, evenly over some seconds."""
        events = list(events)
        begin = time.monotonic()
        for number, event in enumerate(events):
            self._reporter.post(event)
            ahead = begin + seconds * number / len(events) - time.monotonic()
            if ahead > 0.002:
                time.sleep(ahead)

    def flush(self) -> None:
        assert self._reporter.flush(30)

    def finish(self) -> str | None:
        """End the run as the command line does and return the last word, if there is one."""
        assert self._reporter.close(30)
        for run_id, seq in self.sink.drain().items():
            self._store.acknowledge(SINK, run_id, seq)
        self._store.close()
        return self.sink.last_word()

    def _failed(self, error: Exception) -> None:
        self.told.append(f"store: {error}")


def assert_same(deployment: Deployment, state: Path, run_id: str) -> None:
    """Hold a deployment's copy of a run to the state file, row for row, and each event to be there once."""
    with StateReader.open(state) as reader:
        run = deployment.query("runs:get", run=run_id)
        assert _run_row(run) == _kept(asdict(reader.run(run_id)))
        tasks = deployment.pages("tasks:list", runId=run["_id"])
        assert [_task_row(task) for task in tasks] == [_kept_task(task) for task in reader.tasks(run_id)]
        names = {task["_id"]: task["externalId"] for task in tasks}
        subtask_names: dict[str, str] = {}
        for task in tasks:
            subtasks = deployment.pages("subtasks:listByTask", taskId=task["_id"])
            subtask_names |= {each["_id"]: each["externalId"] for each in subtasks}
            kept = reader.subtasks(run_id, task["externalId"])
            assert [_subtask_row(each, names) for each in subtasks] == [_kept_subtask(each) for each in kept]
            assert task["subTaskIds"] == [each["_id"] for each in subtasks][:1000]
        logs = deployment.pages("logs:listByRun", runId=run["_id"])
        assert_logs(list(reader.events(run_id)), logs, names, subtask_names)


def assert_logs(
    events: Sequence[Recorded], logs: Sequence[dict[str, Any]], tasks: dict[str, str], subtasks: dict[str, str]
) -> None:
    """Hold the log to the events: each once, in order; only steps that later ones overtook may be missing."""
    seqs = [int(line["seq"]) for line in logs]
    assert seqs == sorted(set(seqs)), "an event is there twice or out of order"
    by_seq = {int(line["seq"]): line for line in logs}
    newest_step: dict[str, int] = {}
    for recorded in reversed(events):
        event = recorded.event
        line = by_seq.pop(recorded.seq, None)
        if line is None:
            assert isinstance(event, SubTaskStep), f"event {recorded.seq} is lost: {event}"
            assert event.subtask_id in newest_step, f"the newest step of {event.subtask_id} is lost"
            continue
        if isinstance(event, SubTaskStep):
            newest_step.setdefault(event.subtask_id, recorded.seq)
        assert line["type"] == type(event).__name__
        assert line["at"] == iso(event.at)
        assert tasks.get(line["taskId"]) == getattr(event, "task_id", None)
        assert subtasks.get(line["subtaskId"]) == getattr(event, "subtask_id", None)
        if isinstance(event, Logged):
            assert (line["level"], line["message"]) == (event.level, fit_text(event.message))
        text = getattr(event, "error", None) or (event.message if isinstance(event, SubTaskStep) else "")
        assert fit_text(text) in line["message"]
    assert not by_seq, f"there are events that nobody reported: {sorted(by_seq)}"


def _kept(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the state file without what only this machine can use."""
    return {name: value for name, value in row.items() if name != "process"}


def _run_row(run: dict[str, Any]) -> dict[str, Any]:
    names = {
        "id": "externalId", "plan": "plan", "plan_path": "planPath", "status": "status", "pid": "pid", "host": "host",
        "concurrency": "concurrency", "started_at": "startedAt", "ended_at": "endedAt", "exit_code": "exitCode",
        "error": "error", "last_seq": "lastSeq",
    }  # fmt: skip
    return {ours: run[theirs] for ours, theirs in names.items()}


def _kept_task(task: TaskRecord) -> dict[str, Any]:
    row = asdict(task)
    row["needs"] = list(task.needs)
    row["classification"]["keywords"] = list(task.classification.keywords)
    row["progress"] = asdict(task.progress)
    return row


def _task_row(task: dict[str, Any]) -> dict[str, Any]:
    names = {
        "id": "externalId", "position": "position", "title": "title", "description": "description", "agent": "agent",
        "classification": "classification", "priority": "priority", "needs": "needs", "workspace": "workspacePath",
        "status": "status", "error": "error", "started_at": "startedAt", "ended_at": "endedAt",
        "progress": "progress",
    }  # fmt: skip
    return {**{ours: task[theirs] for ours, theirs in names.items()}, **task["counts"]}


def _kept_subtask(subtask: SubTaskRecord) -> dict[str, Any]:
    return asdict(subtask)


def _subtask_row(subtask: dict[str, Any], tasks: dict[str, str]) -> dict[str, Any]:
    names = {
        "id": "externalId", "position": "position", "title": "title", "table": "table", "priority": "priority",
        "status": "status", "step": "step", "total_steps": "totalSteps", "message": "message",
        "attempts": "attempts", "error": "error", "up_to_date": "upToDate", "pid": "pid",
        "started_at": "startedAt", "ended_at": "endedAt", "files": "files",
    }  # fmt: skip
    return {"task_id": tasks[subtask["taskId"]], **{ours: subtask[theirs] for ours, theirs in names.items()}}
