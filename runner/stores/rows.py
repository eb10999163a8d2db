"""Records as rows and rows as records: the SQL of each table of the state file, and what goes into its columns."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from typing import Any

from runner.events import Event, from_json, to_json
from runner.reporter import Control, Recorded
from runner.status import RunStatus, SubTaskStatus, TaskStatus
from runner.stores.records import AttemptRecord, ControlRecord, RunRecord, SubTaskRecord, TaskRecord
from runner.task import Classification, FileCounts

Row = tuple[Any, ...]

RUN_COLUMNS = "id, plan, plan_path, status, pid, host, process, concurrency, started_at, ended_at, exit_code, error, last_seq"
TASK_COLUMNS = (
    "id, position, title, description, agent, classification, priority, needs, workspace, status, error, "
    "started_at, ended_at, pending, running, done, failed, cancelled"
)
SUBTASK_COLUMNS = (
    "id, task_id, position, title, table_name, priority, status, step, total_steps, message, attempts, error, "
    "up_to_date, pid, started_at, ended_at, created, updated, identical, kept"
)
ATTEMPT_COLUMNS = "subtask_id, number, pid, started_at, ended_at, error, charged"


def _marks(columns: str) -> str:
    return ", ".join("?" * (columns.count(",") + 1))


INSERT_RUN = f"INSERT INTO runs ({RUN_COLUMNS}) VALUES ({_marks(RUN_COLUMNS)})"  # noqa: S608 - constants
UPDATE_RUN = "UPDATE runs SET status = ?, ended_at = ?, exit_code = ?, error = ?, last_seq = ? WHERE key = ?"
WRITE_TASK = f"""INSERT INTO tasks (run, {TASK_COLUMNS}) VALUES (?, {_marks(TASK_COLUMNS)})
    ON CONFLICT (run, id) DO UPDATE SET status = excluded.status, error = excluded.error,
    started_at = excluded.started_at, ended_at = excluded.ended_at, pending = excluded.pending,
    running = excluded.running, done = excluded.done, failed = excluded.failed, cancelled = excluded.cancelled
    """  # noqa: S608 - constants
WRITE_SUBTASK = f"""INSERT INTO subtasks (run, {SUBTASK_COLUMNS}) VALUES (?, {_marks(SUBTASK_COLUMNS)})
    ON CONFLICT (run, id) DO UPDATE SET status = excluded.status, step = excluded.step,
    total_steps = excluded.total_steps, message = excluded.message, attempts = excluded.attempts,
    error = excluded.error, up_to_date = excluded.up_to_date, pid = excluded.pid,
    started_at = excluded.started_at, ended_at = excluded.ended_at, created = excluded.created,
    updated = excluded.updated, identical = excluded.identical, kept = excluded.kept
    """  # noqa: S608 - constants
WRITE_ATTEMPT = f"""INSERT INTO attempts (run, {ATTEMPT_COLUMNS}) VALUES (?, {_marks(ATTEMPT_COLUMNS)})
    ON CONFLICT (run, subtask_id, number) DO UPDATE SET pid = coalesce(excluded.pid, pid),
    started_at = coalesce(excluded.started_at, started_at), ended_at = coalesce(excluded.ended_at, ended_at),
    error = coalesce(excluded.error, error), charged = excluded.charged
    """  # noqa: S608 - constants
INSERT_EVENT = (
    "INSERT INTO events (run, seq, at, type, task_id, subtask_id, payload) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_ENCODE = json.JSONEncoder(separators=(",", ":")).encode  # ASCII: half a surrogate pair survives, too


def valid_text(text: str | None) -> str | None:
    """Return text that can be kept as UTF-8: half surrogate pairs, as in undecodable file names, are replaced."""
    if text is None or text.isascii():
        return text
    return text.encode("utf-8", "replace").decode("utf-8")


def run_row(run: RunRecord) -> Row:
    """Return the values of `RUN_COLUMNS`."""
    return (
        run.id, valid_text(run.plan), valid_text(run.plan_path), run.status.value, run.pid, run.host, run.process,
        run.concurrency, run.started_at, run.ended_at, run.exit_code, valid_text(run.error), run.last_seq,
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
        subtask.priority, subtask.status.value, subtask.step, subtask.total_steps, valid_text(subtask.message),
        subtask.attempts, valid_text(subtask.error), subtask.up_to_date, subtask.pid, subtask.started_at,
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
    """Return the record of `RUN_COLUMNS`."""
    (run_id, plan, plan_path, status, pid, host, process, concurrency, started_at, ended_at, exit_code, error,
     last_seq) = row  # fmt: skip
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
    """Return the record of `TASK_COLUMNS`."""
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
    """Return the record of `SUBTASK_COLUMNS`."""
    (subtask_id, task_id, position, title, table, priority, status, step, total_steps, message, attempts, error,
     up_to_date, pid, started_at, ended_at, created, updated, identical, kept) = row  # fmt: skip
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
    """Return the record of `ATTEMPT_COLUMNS`."""
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
