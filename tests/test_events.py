"""Events survive JSON, for the store, and pickling, for the pipe between processes."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime, timedelta, timezone

import pytest

from runner.records.events import (
    EVENT_TYPES,
    Event,
    Logged,
    RunEnded,
    RunPaused,
    RunResumed,
    RunStarted,
    SubTaskEnded,
    SubTaskRetrying,
    SubTaskStarted,
    SubTaskStep,
    TaskAdded,
    TaskEnded,
    TaskStarted,
    from_json,
    to_json,
)
from runner.records.json_values import iso
from runner.records.status import RunStatus, SubTaskStatus, TaskStatus
from runner.records.task import Classification, FileCounts, SubTaskSpec

ONE_OF_EACH: list[Event] = [
    RunStarted(plan="school", plan_path="plans/school.yaml", pid=1, host="here", concurrency=5),
    TaskAdded(
        task_id="crud",
        title="BE CRUD APIs",
        description="BE CRUD APIs for school management",
        agent="be-crud",
        classification=Classification(kind="be-crud", method="keywords", confidence=0.9, keywords=("be", "crud")),
        priority=7,
        needs=("setup",),
        workspace="out",
        subtasks=(SubTaskSpec(id="crud/students", title="BE CRUD APIs: students", table="students"),),
    ),
    TaskStarted(task_id="crud"),
    SubTaskStarted(task_id="crud", subtask_id="crud/students", attempt=1, total_steps=5, pid=2),
    SubTaskStep(task_id="crud", subtask_id="crud/students", step=4, message="render"),
    SubTaskRetrying(task_id="crud", subtask_id="crud/students", attempt=1, error="busy", delay=1.5),
    SubTaskEnded(
        task_id="crud",
        subtask_id="crud/students",
        status=SubTaskStatus.DONE,
        attempt=2,
        files=FileCounts(created=3, kept=1),
    ),
    TaskEnded(task_id="crud", status=TaskStatus.DONE),
    Logged(level="warning", message="line\nand \ud800 another", task_id="crud"),
    RunPaused(),
    RunResumed(),
    RunEnded(status=RunStatus.DONE, exit_code=0),
]


def test_there_is_one_of_each_kind() -> None:
    assert {type(event) for event in ONE_OF_EACH} == set(EVENT_TYPES.values())


@pytest.mark.parametrize("event", ONE_OF_EACH, ids=lambda event: type(event).__name__)
def test_an_event_survives_json(event: Event) -> None:
    assert from_json(json.loads(json.dumps(to_json(event)))) == event


@pytest.mark.parametrize("event", ONE_OF_EACH, ids=lambda event: type(event).__name__)
def test_an_event_survives_pickling(event: Event) -> None:
    assert pickle.loads(pickle.dumps(event)) == event


def test_times_are_utc_with_six_digits_whatever_the_zone() -> None:
    moment = datetime(2026, 1, 2, 10, 0, tzinfo=timezone(timedelta(hours=7)))
    assert iso(moment) == "2026-01-02T03:00:00.000000Z"
    assert datetime.fromisoformat(iso(moment)) == moment.astimezone(UTC)


def test_fields_of_other_versions_are_left_out_or_get_their_defaults() -> None:
    data = to_json(SubTaskEnded(task_id="a", subtask_id="a/b", status=SubTaskStatus.DONE, attempt=1))
    del data["up_to_date"]
    newer = {**data, "unknown": 1, "files": {**data["files"], "unknown": 1}}
    assert to_json(from_json(newer)) == {**data, "up_to_date": False}


def test_invalid_events_are_refused() -> None:
    with pytest.raises(KeyError):
        from_json({"event": "Nonsense"})
