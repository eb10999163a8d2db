"""Copies of runs on a deployment, compared with their original in the state file."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from runner.progress.convex.outbox import camel_case, fit_text
from runner.progress.stores.run_records import RunRecord, SubTaskRecord, TaskRecord
from runner.progress.stores.state_reader import StateReader
from runner.records.events import Logged, SubTaskStep
from runner.records.json_values import field_names, iso, to_json_value

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from runner.progress.reporter import Recorded
    from tests.integration.convex_deployment import Deployment


def assert_same(deployment: Deployment, state: Path, run_id: str) -> None:
    """Compare a deployment's copy of a run with the state file: every record, and each event exactly once."""
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
    """Compare the log with the events: each once, in order; only superseded steps may be missing."""
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
    """Return a row of the state file without what is specific to this machine."""
    return {name: value for name, value in row.items() if name != "process"}


def _row(document: dict[str, Any], record: type) -> dict[str, Any]:
    """Return the fields of a record as a document has them: in camel case, two of them by other names."""
    names = {"id": "externalId", "workspace": "workspacePath"}
    return {
        name: document[theirs]
        for name in field_names(record)
        if (theirs := names.get(name) or camel_case(name)) in document
    }


def _run_row(run: dict[str, Any]) -> dict[str, Any]:
    return _row(run, RunRecord)


def _kept_task(task: TaskRecord) -> dict[str, Any]:
    return {**to_json_value(task), "progress": asdict(task.progress)}


def _task_row(task: dict[str, Any]) -> dict[str, Any]:
    return {**_row(task, TaskRecord), "progress": task["progress"], **task["counts"]}


def _kept_subtask(subtask: SubTaskRecord) -> dict[str, Any]:
    return asdict(subtask)


def _subtask_row(subtask: dict[str, Any], tasks: dict[str, str]) -> dict[str, Any]:
    return {"host": None, **_row(subtask, SubTaskRecord), "task_id": tasks[subtask["taskId"]]}
