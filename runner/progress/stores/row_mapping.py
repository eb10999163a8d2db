"""Records as rows and rows as records: the SQL of each table of the state file, and its columns' values."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from typing import Any

from runner.progress.reporter import Control, Recorded
from runner.progress.stores.run_records import AttemptRecord, ControlRecord, RunRecord, SubTaskRecord, TaskRecord
from runner.records.events import Event, from_json, to_json
from runner.records.status import RunStatus, SubTaskStatus, TaskStatus
from runner.records.task import Classification, FileCounts

Row = tuple[Any, ...]

_RUN = "id, plan, plan_path, status, pid, host, process, concurrency, started_at, ended_at, exit_code, error, last_seq"
_TASK = (
    "id, position, title, description, agent, classification, priority, needs, workspace, status, error, "
    "started_at, ended_at, pending, running, done, failed, cancelled"
)
_SUBTASK = (
    "id, task_id, position, title, table_name, priority, status, step, total_steps, message, attempts, "
    "error, up_to_date, pid, started_at, ended_at, created, updated, identical, kept"
)
_ATTEMPT = "subtask_id, number, pid, started_at, ended_at, error, charged"
_EVENT = "run, seq, at, type, task_id, subtask_id, payload"


def _select(columns: str, table: str) -> str:
    return f"SELECT {columns} FROM {table} "  # noqa: S608 - constants of this module


def _insert(table: str, columns: str) -> str:
    marks = ", ".join("?" * len(columns.split(",")))
    return f"INSERT INTO {table} ({columns}) VALUES ({marks}) "  # noqa: S608 - constants of this module


# Each is the beginning of a statement; the row starts with the key of the run wherever `read_...` says so.
SELECT_RUNS = _select(f"key, {_RUN}", "runs")
SELECT_TASKS = _select(_TASK, "tasks")
SELECT_SUBTASKS = _select(_SUBTASK, "subtasks")
SELECT_ATTEMPTS = _select(_ATTEMPT, "attempts")

INSERT_RUN = _insert("runs", _RUN)
UPDATE_RUN = "UPDATE runs SET status = ?, ended_at = ?, exit_code = ?, error = ?, last_seq = ? WHERE key = ?"
WRITE_TASK = _insert("tasks", f"run, {_TASK}") + (
    "ON CONFLICT (run, id) DO UPDATE SET status = excluded.status, error = excluded.error, "
    "started_at = excluded.started_at, ended_at = excluded.ended_at, pending = excluded.pending, "
    "running = excluded.running, done = excluded.done, failed = excluded.failed, "
    "cancelled = excluded.cancelled"
)
WRITE_SUBTASK = _insert("subtasks", f"run, {_SUBTASK}") + (
    "ON CONFLICT (run, id) DO UPDATE SET status = excluded.status, step = excluded.step, "
    "total_steps = excluded.total_steps, message = excluded.message, attempts = excluded.attempts, "
    "error = excluded.error, up_to_date = excluded.up_to_date, pid = excluded.pid, "
    "started_at = excluded.started_at, ended_at = excluded.ended_at, created = excluded.created, "
    "updated = excluded.updated, identical = excluded.identical, kept = excluded.kept"
)
WRITE_ATTEMPT = _insert("attempts", f"run, {_ATTEMPT}") + (
    "ON CONFLICT (run, subtask_id, number) DO UPDATE SET pid = coalesce(excluded.pid, pid), "
    "started_at = coalesce(excluded.started_at, started_at), "
    "ended_at = coalesce(excluded.ended_at, ended_at), error = coalesce(excluded.error, error), "
    "charged = excluded.charged"
)
INSERT_EVENT = _insert("events", _EVENT)
INSERT_ACKNOWLEDGEMENT = "INSERT INTO acknowledgements (sink, run, seq) VALUES (?, ?, 0)"
# Ended runs that no sink waits for, beyond the newest so many of their plan.
SELECT_OLD = (
    "SELECT key FROM (SELECT key, ended_at, last_seq, row_number() OVER (PARTITION BY plan_path ORDER BY key DESC) "
    "AS place FROM runs) WHERE place > ? AND ended_at IS NOT NULL "
    "AND NOT EXISTS (SELECT 1 FROM acknowledgements WHERE run = key AND seq < last_seq)"
)
# Children first: a parent's deletion then has nothing to look for.
DELETE_RUN = (
    *(
        f"DELETE FROM {table} WHERE run = ?"  # noqa: S608 - constants
        for table in ("attempts", "subtasks", "tasks", "events", "controls", "acknowledgements")
    ),
    "DELETE FROM runs WHERE key = ?",
)
_ENCODE = json.JSONEncoder(separators=(",", ":")).encode  # ASCII: half a surrogate pair survives, too


def valid_text(text: str | None) -> str | None:
    """Return text that can be kept as UTF-8: half surrogate pairs, from undecodable names, are replaced."""
    if text is None or text.isascii():
        return text
    return text.encode("utf-8", "replace").decode("utf-8")


def run_row(run: RunRecord) -> Row:
    """Return the values of `INSERT_RUN`."""
    return (
        run.id, valid_text(run.plan), valid_text(run.plan_path), run.status.value, run.pid, run.host,
        run.process, run.concurrency, run.started_at, run.ended_at, run.exit_code, valid_text(run.error),
        run.last_seq,
    )  # fmt: skip


def run_changes(run: RunRecord, key: int) -> Row:
    """Return the values of `UPDATE_RUN`."""
    return run.status.value, run.ended_at, run.exit_code, valid_text(run.error), run.last_seq, key


def task_row(key: int, task: TaskRecord) -> Row:
    """Return the values of `WRITE_TASK`."""
    return (
        key, task.id, task.position, valid_text(task.title), valid_text(task.description), task.agent,
        _ENCODE(dataclasses.asdict(task.classification)), task.priority, _ENCODE(task.needs),
        valid_text(task.workspace), task.status.value, valid_text(task.error), task.started_at, task.ended_at,
        task.pending, task.running, task.done, task.failed, task.cancelled,
    )  # fmt: skip


def subtask_row(key: int, subtask: SubTaskRecord) -> Row:
    """Return the values of `WRITE_SUBTASK`."""
    files = subtask.files
    return (
        key, subtask.id, subtask.task_id, subtask.position, valid_text(subtask.title), subtask.table,
        subtask.priority, subtask.status.value, subtask.step, subtask.total_steps,
        valid_text(subtask.message), subtask.attempts, valid_text(subtask.error), subtask.up_to_date,
        subtask.pid, subtask.started_at,
        subtask.ended_at, files.created, files.updated, files.identical, files.kept,
    )  # fmt: skip


def attempt_row(key: int, attempt: AttemptRecord) -> Row:
    """Return the values of `WRITE_ATTEMPT`."""
    return (
        key, attempt.subtask_id, attempt.number, attempt.pid, attempt.started_at, attempt.ended_at,
        valid_text(attempt.error), attempt.charged,
    )  # fmt: skip


def event_row(key: int, seq: int, event: Event) -> Row:
    """Return the values of `INSERT_EVENT`."""
    data = to_json(event)
    return key, seq, data["at"], data["event"], data.get("task_id"), data.get("subtask_id"), _ENCODE(data)


def read_run(row: Row) -> RunRecord:
    """Return the record of a row of `SELECT_RUNS`, which starts with the run's key."""
    (_key, run_id, plan, plan_path, status, pid, host, process, concurrency, started_at, ended_at, exit_code,
     error, last_seq) = row  # fmt: skip
    return RunRecord(
        id=run_id,
        plan=plan,
        plan_path=plan_path,
        status=RunStatus(status),
        pid=pid,
        host=host,
        process=process,
        concurrency=concurrency,
        started_at=started_at,
        ended_at=ended_at,
        exit_code=exit_code,
        error=error,
        last_seq=last_seq,
    )


def read_task(row: Row) -> TaskRecord:
    """Return the record of a row of `SELECT_TASKS`."""
    (task_id, position, title, description, agent, classification, priority, needs, workspace, status, error,
     started_at, ended_at, pending, running, done, failed, cancelled) = row  # fmt: skip
    told = json.loads(classification)
    return TaskRecord(
        id=task_id,
        position=position,
        title=title,
        description=description,
        agent=agent,
        classification=Classification(**{**told, "keywords": tuple(told["keywords"])}),
        priority=priority,
        needs=tuple(json.loads(needs)),
        workspace=workspace,
        status=TaskStatus(status),
        error=error,
        started_at=started_at,
        ended_at=ended_at,
        pending=pending,
        running=running,
        done=done,
        failed=failed,
        cancelled=cancelled,
    )


def read_subtask(row: Row) -> SubTaskRecord:
    """Return the record of a row of `SELECT_SUBTASKS`."""
    (subtask_id, task_id, position, title, table, priority, status, step, total_steps, message, attempts,
     error, up_to_date, pid, started_at, ended_at, created, updated, identical, kept) = row  # fmt: skip
    return SubTaskRecord(
        id=subtask_id,
        task_id=task_id,
        position=position,
        title=title,
        table=table,
        priority=priority,
        status=SubTaskStatus(status),
        step=step,
        total_steps=total_steps,
        message=message,
        attempts=attempts,
        error=error,
        up_to_date=bool(up_to_date),
        pid=pid,
        started_at=started_at,
        ended_at=ended_at,
        files=FileCounts(created=created, updated=updated, identical=identical, kept=kept),
    )


def read_attempt(row: Row) -> AttemptRecord:
    """Return the record of a row of `SELECT_ATTEMPTS`."""
    subtask_id, number, pid, started_at, ended_at, error, charged = row
    return AttemptRecord(
        subtask_id=subtask_id,
        number=number,
        pid=pid,
        started_at=started_at,
        ended_at=ended_at,
        error=error,
        charged=bool(charged),
    )


def read_event(run_id: str, seq: int, payload: str) -> Recorded:
    """Return an event as it was appended."""
    return Recorded(run_id=run_id, seq=seq, event=from_json(json.loads(payload)))


def read_control(row: Row) -> ControlRecord:
    """Return the record of a control request's row."""
    control_id, run_id, kind, task_id, requested_at, requested_by, taken_at, answer = row
    return ControlRecord(
        id=control_id,
        run_id=run_id,
        kind=kind,
        task_id=task_id,
        requested_at=requested_at,
        requested_by=requested_by,
        taken_at=taken_at,
        answer=answer,
    )


def read_request(row: Row) -> Control:
    """Return what a waiting request asks of the supervisor."""
    control_id, kind, task_id, requested_at, requested_by = row
    return Control(
        id=control_id,
        kind=kind,
        task_id=task_id,
        requested_at=datetime.fromisoformat(requested_at),
        requested_by=requested_by,
    )
