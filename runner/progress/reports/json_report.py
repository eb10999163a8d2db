"""One run as JSON values: the report of `--json FILE` and of `status --json`, which are the same."""

from __future__ import annotations

import dataclasses
import json
import os
import stat
from typing import TYPE_CHECKING, Any

from runner.records.atomic_files import replace_file
from runner.records.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

    from runner.progress.stores.run_records import SubTaskRecord, TaskRecord
    from runner.progress.stores.state_reader import StateReader


def run_report(store: StateReader, run_id: str) -> dict[str, Any]:
    """Return a run with its tasks in the plan's order and their sub-tasks. Times are ISO 8601 UTC."""
    run = store.run(run_id)
    subtasks: dict[str, list[SubTaskRecord]] = {}
    for subtask in store.subtasks(run.id):
        subtasks.setdefault(subtask.task_id, []).append(subtask)
    return {
        "run": {
            "id": run.id,
            "plan": run.plan,
            "status": run.status.value,
            "started_at": run.started_at,
            "ended_at": run.ended_at,
            "exit_code": run.exit_code,
        },
        "tasks": [_task(task, subtasks.get(task.id, [])) for task in store.tasks(run.id)],
    }


def as_json(data: dict[str, Any]) -> str:
    """Return a report as text, in the order of its keys, with a line break at its end."""
    return json.dumps(data, indent=2) + "\n"


def write_json(path: Path, data: dict[str, Any]) -> None:
    """Write a report whole or not at all; missing folders are created. Raises StoreError.

    What is no regular file, such as /dev/stdout, a pipe or a link, is written into and stays what it is.
    """
    text = as_json(data).encode()
    try:
        if os.path.lexists(path) and not stat.S_ISREG(path.lstat().st_mode):
            path.write_bytes(text)
        else:
            replace_file(path, text)
    except OSError as error:
        raise StoreError(
            f"{path}: the report cannot be written ({error.strerror}); name another file with --json"
        ) from error


def _task(task: TaskRecord, subtasks: list[SubTaskRecord]) -> dict[str, Any]:
    told = task.classification
    return {
        "id": task.id,
        "title": task.title,
        "description": task.description,
        "agent": task.agent,
        "classification": {
            "method": told.method,
            "confidence": told.confidence,
            "keywords": list(told.keywords),
            "reasoning": told.reasoning,
        },
        "priority": task.priority,
        "status": task.status.value,
        "progress": dataclasses.asdict(task.progress),
        "error": task.error,
        "started_at": task.started_at,
        "ended_at": task.ended_at,
        "subtasks": [_subtask(subtask) for subtask in subtasks],
    }


def _subtask(subtask: SubTaskRecord) -> dict[str, Any]:
    return {
        "id": subtask.id,
        "title": subtask.title,
        "table": subtask.table,
        "status": subtask.status.value,
        "step": subtask.step,
        "total_steps": subtask.total_steps,
        "attempts": subtask.attempts,
        "error": subtask.error,
        "started_at": subtask.started_at,
        "ended_at": subtask.ended_at,
        "up_to_date": subtask.up_to_date,
        "files": dataclasses.asdict(subtask.files),
    }
