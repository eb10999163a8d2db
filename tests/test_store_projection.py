"""Projecting events onto records, which never go backwards."""

from __future__ import annotations

import itertools

import pytest

from runner.progress.stores.projection import UNKNOWN_EXIT, State, apply_events, collect_touched
from runner.records.events import Event, RunEnded, RunPaused, RunResumed, SubTaskRetrying, TaskEnded, TaskStarted
from runner.records.json_values import iso
from runner.records.status import Progress, RunStatus, SubTaskStatus, TaskStatus, aggregate
from runner.records.task import FileCounts
from tests.sample_runs import at, ended, run_started, started, step, task_added, whole_run


def projected(*events: Event) -> State:
    state = State()
    apply_events(state, "r", events, "boot:1")
    return state


def begun(*events: Event) -> State:
    return projected(run_started(), task_added("crud", ["students", "grades"]), *events)


def retrying(attempt: int = 1, *, charged: bool = True) -> SubTaskRetrying:
    return SubTaskRetrying(
        task_id="crud", subtask_id="crud/students", attempt=attempt, error="timed out", delay=1.0,
        charged=charged, at=at(5),
    )  # fmt: skip


def test_a_run_starts() -> None:
    run = projected(run_started(pid=42, host="here")).run
    assert run is not None
    assert (run.id, run.plan, run.status, run.pid, run.host) == ("r", "school", RunStatus.RUNNING, 42, "here")
    assert run.process == "boot:1"
    assert run.started_at == "2026-03-01T12:00:00.000000Z"


def test_a_run_is_paused_resumed_and_ended() -> None:
    last = RunEnded(status=RunStatus.FAILED, exit_code=1, error="x", at=at(9))
    seen = []
    state = State()
    for event in (run_started(), RunPaused(), RunResumed(), last, RunPaused(), RunResumed()):
        apply_events(state, "r", [event])
        assert state.run is not None
        seen.append(state.run.status.value)
    assert seen == ["running", "paused", "running", "failed", "failed", "failed"]
    assert state.run is not None
    assert (state.run.exit_code, state.run.error, state.run.ended_at) == (1, "x", iso(at(9)))


def test_a_run_that_died_has_no_exit_code() -> None:
    state = projected(run_started(), RunEnded(status=RunStatus.INTERRUPTED, exit_code=UNKNOWN_EXIT))
    assert state.run is not None
    assert state.run.exit_code is None


def test_a_task_waits_with_all_its_sub_tasks() -> None:
    state = begun(task_added("setup", [None]))
    assert [(task.id, task.position, task.status) for task in state.tasks.values()] == [
        ("crud", 0, TaskStatus.PENDING),
        ("setup", 1, TaskStatus.PENDING),
    ]
    assert state.tasks["crud"].progress == Progress(total=2)
    assert state.subtasks["crud/grades"].position == 1
    assert state.subtasks["setup/setup"].table is None


def test_a_task_is_added_once() -> None:
    events: list[Event] = [started("crud", "students"), ended("crud", "students")]
    assert begun(*events, task_added("crud", ["others"])) == begun(*events)


def test_a_sub_task_goes_through_its_steps() -> None:
    state = begun(started("crud", "students"))
    subtask = state.subtasks["crud/students"]
    assert (subtask.status, subtask.step, subtask.total_steps, subtask.attempts, subtask.pid) == (
        SubTaskStatus.RUNNING, 0, 5, 1, 7,
    )  # fmt: skip
    apply_events(state, "r", [step("crud", "students", 4)])
    assert (subtask.step, subtask.message) == (4, "render")
    apply_events(state, "r", [ended("crud", "students", files=FileCounts(created=2, kept=1), up_to_date=True)])
    assert subtask.status is SubTaskStatus.DONE
    assert subtask.up_to_date
    assert subtask.files == FileCounts(created=2, kept=1)
    assert (subtask.started_at, subtask.ended_at) == (iso(at(1)), iso(at(2)))


def test_attempts_are_recorded_one_by_one() -> None:
    state = begun(
        started("crud", "students"),
        retrying(charged=False),
        started("crud", "students", attempt=2, seconds=6),
        ended("crud", "students", SubTaskStatus.FAILED, attempt=2, error="no", seconds=7),
    )
    first, second = state.attempts["crud/students", 1], state.attempts["crud/students", 2]
    assert (first.error, first.charged, first.started_at, first.ended_at) == (
        "timed out",
        False,
        iso(at(1)),
        iso(at(5)),
    )
    assert (second.error, second.charged, second.started_at, second.ended_at) == ("no", True, iso(at(6)), iso(at(7)))
    subtask = state.subtasks["crud/students"]
    assert (subtask.attempts, subtask.error, subtask.started_at) == (2, "no", iso(at(1)))


def test_a_sub_task_between_two_attempts_is_running() -> None:
    state = begun(started("crud", "students"), retrying())
    assert state.subtasks["crud/students"].status is SubTaskStatus.RUNNING
    assert state.subtasks["crud/students"].error == "timed out"
    assert state.tasks["crud"].status is TaskStatus.RUNNING


def test_a_successful_attempt_clears_the_earlier_error() -> None:
    state = begun(started("crud", "students"), retrying(), started("crud", "students", 2), ended("crud", "students"))
    assert state.subtasks["crud/students"].error is None


def test_a_sub_task_that_never_began_has_no_attempt() -> None:
    state = begun(ended("crud", "students", SubTaskStatus.CANCELLED, attempt=0))
    assert state.attempts == {}
    assert state.subtasks["crud/students"].attempts == 0


@pytest.mark.parametrize(
    "late",
    [
        started("crud", "students", attempt=2),
        step("crud", "students", 2),
        retrying(),
        ended("crud", "students", SubTaskStatus.FAILED, error="late"),
    ],
)
def test_events_after_the_end_change_nothing(late: Event) -> None:
    events: list[Event] = [started("crud", "students"), ended("crud", "students", files=FileCounts(updated=1))]
    assert begun(*events, late) == begun(*events)


def test_events_of_unknown_tasks_change_nothing() -> None:
    assert begun(started("other", "students"), step("crud", "nothing", 1), TaskStarted(task_id="no")) == begun()


def test_the_state_of_a_task_is_the_aggregate_until_it_ends() -> None:
    state = begun(TaskStarted(task_id="crud", at=at(1)))
    task = state.tasks["crud"]
    assert (task.status, task.started_at) == (TaskStatus.PENDING, iso(at(1)))
    apply_events(state, "r", [started("crud", "students"), ended("crud", "students")])
    assert (task.status, task.progress) == (TaskStatus.RUNNING, Progress(completed=1, total=2))
    apply_events(state, "r", [TaskEnded(task_id="crud", status=TaskStatus.CANCELLED, error="enough", at=at(8))])
    assert (task.status, task.error, task.ended_at) == (TaskStatus.CANCELLED, "enough", iso(at(8)))
    apply_events(state, "r", [started("crud", "grades"), ended("crud", "grades")])
    assert task.status is TaskStatus.CANCELLED
    apply_events(state, "r", [TaskEnded(task_id="crud", status=TaskStatus.DONE)])
    assert task.status is TaskStatus.CANCELLED


ENDS: dict[SubTaskStatus, list[str]] = {
    SubTaskStatus.PENDING: [],
    SubTaskStatus.RUNNING: ["start"],
    SubTaskStatus.DONE: ["start", "done"],
    SubTaskStatus.FAILED: ["start", "failed"],
    SubTaskStatus.CANCELLED: ["cancelled"],
}


def lead_to(status: SubTaskStatus, table: str) -> list[Event]:
    return [
        started("crud", table) if word == "start" else ended("crud", table, SubTaskStatus(word))
        for word in ENDS[status]
    ]


@pytest.mark.parametrize("statuses", list(itertools.product(SubTaskStatus, repeat=3)))
def test_counts_and_state_of_a_task_agree_with_the_rule(statuses: tuple[SubTaskStatus, ...]) -> None:
    tables = ["a", "b", "c"]
    events = [event for status, table in zip(statuses, tables, strict=True) for event in lead_to(status, table)]
    task = projected(run_started(), task_added("crud", tables), *events).tasks["crud"]
    assert task.status is aggregate(statuses)
    assert {status: getattr(task, status.value) for status in SubTaskStatus} == {
        status: statuses.count(status) for status in SubTaskStatus
    }


def test_batches_may_be_cut_anywhere() -> None:
    events = whole_run()
    whole = projected(*events)
    for cut in range(1, len(events)):
        state = projected(*events[:cut])
        apply_events(state, "r", events[cut:], "another")
        assert state == whole


def test_only_records_that_events_refer_to_are_touched() -> None:
    events: list[Event] = [
        step("crud", "students", 1),
        ended("ui", "grades"),
        TaskEnded(task_id="fe", status=TaskStatus.DONE),
    ]
    assert collect_touched(events) == ({"crud", "ui", "fe"}, {"crud/students", "ui/grades"})
    assert collect_touched([task_added("crud", ["students"])]) == ({"crud"}, set())
    assert collect_touched([run_started(), RunPaused()]) == (set(), set())
