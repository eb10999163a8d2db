"""The JSON report of one run, for `--json FILE` and `status --json`: the fields of its records (`run_records`)."""

from __future__ import annotations

import dataclasses
import json
from functools import cache
from typing import TYPE_CHECKING, Any

from runner.records.json_values import to_json_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from runner.progress.reports.run_account import FileChange
    from runner.progress.stores.run_records import SubTaskRecord, TaskRecord
    from runner.progress.stores.state_reader import StateReader


def run_report(store: StateReader, run_id: str) -> dict[str, Any]:
    """Return a run with its tasks, in the plan's order, and their sub-tasks. Times are ISO 8601 UTC.

    Raises StoreError.
    """
    run = store.run(run_id)
    subtasks: dict[str, list[SubTaskRecord]] = {}
    for subtask in store.subtasks(run.id):
        subtasks.setdefault(subtask.task_id, []).append(subtask)
    return {
        "run": _reported(run),
        "tasks": [_task(task, subtasks.get(task.id, [])) for task in store.tasks(run.id)],
    }


def add_check(report: dict[str, Any], changes: Iterable[tuple[str, FileChange]], leftovers: Sequence[str]) -> None:
    """Add what a check found: to each sub-task the `changes` of its files, and to the report what `prune` removes."""
    found: dict[str, list[dict[str, str]]] = {}
    for subtask_id, (verb, path) in changes:
        found.setdefault(subtask_id, []).append({"verb": verb, "path": path})
    for subtask in _subtasks(report):
        subtask["changes"] = found.get(subtask["id"], [])
    report["prune"] = list(leftovers)


def add_reasons(report: dict[str, Any], reasons: Mapping[str, Sequence[str]]) -> None:
    """Add to each sub-task the `reasons` why it ran or did not: first what ended its task before it could."""
    for task in report["tasks"]:
        for subtask in task["subtasks"]:
            before = [task["error"]] if subtask["status"] == "pending" and task["error"] else []
            subtask["reasons"] = [*before, *reasons.get(subtask["id"], ())]


def _subtasks(report: dict[str, Any]) -> Iterable[dict[str, Any]]:
    return (subtask for task in report["tasks"] for subtask in task["subtasks"])


def as_json(data: dict[str, Any]) -> str:
    """Return a report as text that ends with a line break."""
    return json.dumps(data, indent=2) + "\n"


def _task(task: TaskRecord, subtasks: list[SubTaskRecord]) -> dict[str, Any]:
    values = _reported(task)
    del values["classification"]["kind"]  # it is the task's `agent`
    return {
        **values,
        "progress": dataclasses.asdict(task.progress),
        "subtasks": [_reported(subtask) for subtask in subtasks],
    }


def _reported(record: Any) -> dict[str, Any]:
    """Return the fields of a record that are part of the report, in their order."""
    kind: Any = type(record)
    return {name: to_json_value(getattr(record, name)) for name in _reported_names(kind)}


@cache
def _reported_names(record: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(record) if field.metadata.get("reported", True))
