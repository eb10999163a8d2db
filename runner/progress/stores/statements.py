"""The SQL of the state file beside its tables of records: events, requests, acknowledgements, old runs."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

from runner.progress.reporter import Control, Recorded
from runner.progress.stores.record_tables import DECODING_ERRORS, DamagedRowError, encode_json
from runner.progress.stores.run_records import ControlRecord
from runner.records.events import Event, from_json, to_json

if TYPE_CHECKING:
    from runner.progress.stores.record_tables import Row

INSERT_EVENT = "INSERT INTO events (run, seq, at, type, task_id, subtask_id, payload) VALUES (?, ?, ?, ?, ?, ?, ?)"
# The tables that hold no records, with their columns.
OTHER_TABLES = {
    "events": {"run", "seq", "at", "type", "task_id", "subtask_id", "payload"},
    "controls": {"id", "run", "kind", "task_id", "requested_at", "requested_by", "taken_at", "answer"},
    "acknowledgements": {"sink", "run", "seq"},
}
INSERT_ACKNOWLEDGEMENT = "INSERT INTO acknowledgements (sink, run, seq) VALUES (?, ?, 0)"
# Ended runs that no sink waits for, except the newest ones of each plan; the parameter is how many of these are kept.
SELECT_OLD = (
    "SELECT key FROM (SELECT key, ended_at, last_seq, row_number() OVER (PARTITION BY plan_path ORDER BY key DESC) "
    "AS place FROM runs) WHERE place > ? AND ended_at IS NOT NULL "
    "AND NOT EXISTS (SELECT 1 FROM acknowledgements WHERE run = key AND seq < last_seq)"
)
# Children first, so that the deletion of a parent has nothing to look for.
DELETE_RUN = (
    *(
        f"DELETE FROM {table} WHERE run = ?"  # noqa: S608 - constants
        for table in ("attempts", "subtasks", "tasks", "events", "controls", "acknowledgements")
    ),
    "DELETE FROM runs WHERE key = ?",
)


def event_row(key: int, seq: int, event: Event) -> Row:
    """Return the values of `INSERT_EVENT`."""
    data = to_json(event)
    return key, seq, data["at"], data["event"], data.get("task_id"), data.get("subtask_id"), encode_json(data)


def read_event(run_id: str, seq: int, payload: str) -> Recorded:
    """Return an event as it was appended. Raises DamagedRowError for other text."""
    try:
        event = from_json(json.loads(payload))
    except DECODING_ERRORS as error:
        raise DamagedRowError(f"event {seq} of run {run_id} cannot be read: {error}") from error
    return Recorded(run_id=run_id, seq=seq, event=event)


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
