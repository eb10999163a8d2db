"""The guarantees of the store of runs: numbering, transactions, records, requests and acknowledgements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.progress.stores.sqlite_store import SqliteStore, request_control
from runner.progress.stores.state_reader import NoSuchRunError
from runner.records.errors import StoreError
from runner.records.events import Event, Logged, RunEnded, RunPaused, SubTaskRetrying, TaskEnded, TaskStarted
from runner.records.json_values import iso
from runner.records.status import RunStatus, SubTaskStatus, TaskStatus
from runner.records.task import FileCounts
from tests.sample_runs import CLASSIFIED, at, ended, run_started, started, step, task_added, whole_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from runner.progress.reporter import ControlKind

FIRST = "11111111-aaaa-4000-8000-000000000000"
SECOND = "11112222-bbbb-4000-8000-000000000000"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore(tmp_path / "state") as opened:
        opened.outboxes = ("convex",)
        yield opened


def ask(store: SqliteStore, run_id: str, kind: ControlKind, task_id: str | None = None) -> int:
    """Make a request as another process would."""
    return request_control(store.path.parent, run_id, kind, task_id)


@pytest.fixture
def busy(store: SqliteStore) -> SqliteStore:
    """Return a store with an unfinished run of two tasks."""
    store.append(FIRST, [run_started(), task_added("crud", ["students", "grades"]), task_added("setup", [None])])
    store.append(
        FIRST, [TaskStarted(task_id="crud", at=at(1)), started("crud", "students"), step("crud", "students", 3)]
    )
    return store


def test_events_are_read_back_in_order_numbered_from_one(store: SqliteStore) -> None:
    events = whole_run(tasks=3, tables=20)
    for first in range(0, len(events), 7):
        recorded = store.append(FIRST, events[first : first + 7])
        assert [each.seq for each in recorded] == list(range(first + 1, first + 1 + len(recorded)))
    kept = list(store.events(FIRST))
    assert [each.event for each in kept] == events
    assert [each.seq for each in kept] == list(range(1, len(events) + 1))
    assert {each.run_id for each in kept} == {FIRST}
    assert store.run(FIRST).last_seq == len(events)


def test_events_are_numbered_in_each_run(store: SqliteStore) -> None:
    store.append(FIRST, [run_started()])
    store.append(SECOND, [run_started()])
    (recorded,) = store.append(FIRST, [RunPaused()])
    assert recorded.seq == 2
    assert [each.seq for each in store.events(SECOND)] == [1]


def test_events_can_be_read_from_anywhere_and_for_one_task(busy: SqliteStore) -> None:
    assert [each.seq for each in busy.events(FIRST, 4)] == [5, 6]
    assert [each.seq for each in busy.events(FIRST, task_id="crud")] == [2, 4, 5, 6]
    assert [each.seq for each in busy.events(FIRST, 4, task_id="setup")] == []
    assert list(busy.events("nothing")) == []


@pytest.mark.parametrize("size", [1, 4, 1000])
def test_records_do_not_depend_on_batches(store: SqliteStore, size: int) -> None:
    events: list[Event] = [
        run_started(),
        task_added("crud", ["students", "grades"]),
        TaskStarted(task_id="crud", at=at(1)),
        started("crud", "students"),
        step("crud", "students", 4),
        SubTaskRetrying(
            task_id="crud", subtask_id="crud/students", attempt=1, error="slow", delay=1.0, charged=False, at=at(2)
        ),
        started("crud", "students", attempt=2, seconds=3),
        ended("crud", "students", SubTaskStatus.FAILED, seconds=4, attempt=2, error="slow again", files=FileCounts()),
        started("crud", "grades"),
        ended("crud", "grades", up_to_date=True, files=FileCounts(identical=4, kept=1)),
        TaskEnded(task_id="crud", status=TaskStatus.FAILED, error="slow again", at=at(5)),
        task_added("late", ["students"]),
        RunEnded(status=RunStatus.FAILED, exit_code=1, at=at(6)),
    ]
    for first in range(0, len(events), size):
        store.append(FIRST, events[first : first + size])
    run = store.run(FIRST)
    assert (run.status, run.exit_code, run.ended_at, run.last_seq) == (RunStatus.FAILED, 1, iso(at(6)), 13)
    task, late = store.tasks(FIRST)
    assert (late.id, late.position) == ("late", 1)
    assert (task.status, task.error, task.classification, task.done, task.failed) == (
        TaskStatus.FAILED, "slow again", CLASSIFIED, 1, 1,
    )  # fmt: skip
    students, grades = store.subtasks(FIRST, "crud")
    assert (students.status, students.attempts, students.error, students.step) == (
        SubTaskStatus.FAILED,
        2,
        "slow again",
        0,
    )
    assert (grades.status, grades.up_to_date, grades.files) == (
        SubTaskStatus.DONE, True, FileCounts(identical=4, kept=1),
    )  # fmt: skip
    tries = [(each.subtask_id, each.number, each.error, each.charged) for each in store.attempts(FIRST)]
    assert tries == [
        ("crud/grades", 1, None, True),
        ("crud/students", 1, "slow", False),
        ("crud/students", 2, "slow again", True),
    ]
    first_try = store.attempts(FIRST, "crud/students")[0]
    assert (first_try.started_at, first_try.ended_at) == (iso(at(1)), iso(at(2)))


def test_a_run_can_be_read_while_it_lasts(busy: SqliteStore) -> None:
    crud, setup = busy.tasks(FIRST)
    assert (crud.status, crud.running, crud.pending, crud.started_at) == (TaskStatus.RUNNING, 1, 1, iso(at(1)))
    assert (setup.status, setup.position) == (TaskStatus.PENDING, 1)
    students, grades = busy.subtasks(FIRST, "crud")
    assert (students.table, students.status, students.step, students.message) == (
        "students", SubTaskStatus.RUNNING, 3, "variables",
    )  # fmt: skip
    assert grades.status is SubTaskStatus.PENDING
    assert [each.id for each in busy.subtasks(FIRST)] == ["crud/students", "crud/grades", "setup/setup"]


def test_a_run_that_was_not_started_has_no_events(store: SqliteStore) -> None:
    with pytest.raises(StoreError, match=FIRST):
        store.append(FIRST, [RunPaused()])
    assert store.runs() == ()


def test_a_run_starts_once(busy: SqliteStore) -> None:
    with pytest.raises(StoreError, match=FIRST):
        busy.append(FIRST, [run_started()])
    assert busy.run(FIRST).last_seq == 6


def test_runs_are_listed_newest_first_and_found_by_prefix(store: SqliteStore) -> None:
    store.append(FIRST, [run_started("one")])
    store.append(SECOND, [run_started("two")])
    assert [run.plan for run in store.runs()] == ["two", "one"]
    assert [run.plan for run in store.runs(limit=1)] == ["two"]
    assert store.run().plan == "two"
    assert store.run("11111").plan == "one"
    assert store.run("11112222-BBBB").plan == "two"
    for unclear in ("1111", "111", "9999", "%", "1111____"):
        with pytest.raises(NoSuchRunError):
            store.run(unclear)


def test_an_empty_store_has_no_run(store: SqliteStore) -> None:
    assert store.runs() == ()
    assert store.tasks(FIRST) == ()
    assert store.subtasks(FIRST) == ()
    with pytest.raises(NoSuchRunError):
        store.run()


def test_a_request_is_taken_once_and_answered(busy: SqliteStore) -> None:
    assert busy.take_controls(FIRST) == ()
    pause = ask(busy, FIRST, "pause")
    cancel = ask(busy, FIRST, "cancel", "crud")
    taken = busy.take_controls(FIRST)
    assert [(each.id, each.kind, each.task_id) for each in taken] == [
        (pause, "pause", None),
        (cancel, "cancel", "crud"),
    ]
    assert busy.take_controls(FIRST) == ()
    busy.answer_control(cancel, "cancelled")
    record = busy.control(cancel)
    assert record is not None
    assert (record.answer, record.run_id, record.kind) == ("cancelled", FIRST, "cancel")
    assert record.taken_at is not None
    assert busy.control(99) is None


def test_a_request_is_for_one_run(busy: SqliteStore) -> None:
    busy.append(SECOND, [run_started()])
    ask(busy, SECOND, "pause")
    assert busy.take_controls(FIRST) == ()
    assert len(busy.take_controls(SECOND)) == 1


def test_an_impossible_request_is_refused(busy: SqliteStore) -> None:
    with pytest.raises(StoreError):
        ask(busy, FIRST, "cancel", "no-such-task")
    busy.append(FIRST, [RunEnded(status=RunStatus.DONE, exit_code=0)])
    with pytest.raises(StoreError):
        ask(busy, FIRST, "pause")
    assert busy.take_controls(FIRST) == ()


def test_the_outbox_has_the_unacknowledged_events(busy: SqliteStore) -> None:
    assert busy.owed("convex") == {FIRST: 6}
    assert busy.owed("other") == {}
    busy.acknowledge("convex", FIRST, 4)
    assert busy.owed("convex") == {FIRST: 2}
    assert (busy.acknowledged("convex", FIRST), busy.acknowledged("other", FIRST)) == (4, 0)
    busy.acknowledge("convex", FIRST, 2)  # late, from a batch that was sent again
    assert busy.acknowledged("convex", FIRST) == 4
    busy.acknowledge("convex", FIRST, 99)  # more than exist
    assert busy.acknowledged("convex", FIRST) == 6
    assert busy.owed("convex") == {}
    busy.append(FIRST, [Logged(level="info", message="more")])
    assert busy.owed("convex") == {FIRST: 1}


def test_an_acknowledgement_of_an_unknown_run_is_ignored(store: SqliteStore) -> None:
    store.acknowledge("convex", FIRST, 3)
    assert store.acknowledged("convex", FIRST) == 0


def test_earlier_runs_of_a_locked_plan_are_ended(busy: SqliteStore) -> None:
    busy.append(SECOND, [run_started(plan_path="/plans/other.yaml")])
    assert busy.mark_interrupted("/plans/none.yaml") == ()
    (run,) = busy.mark_interrupted("/plans/school.yaml")
    assert (run.id, run.status, run.exit_code) == (FIRST, RunStatus.INTERRUPTED, None)
    assert busy.run(SECOND).status is RunStatus.RUNNING
    assert busy.mark_interrupted("/plans/school.yaml") == ()


@pytest.mark.parametrize("text", ["Ünïcödé ✓", "half a pair \udc80", "zero \x00 and escape \x1b[31m", "two\nlines"])
def test_any_text_can_be_stored(busy: SqliteStore, text: str) -> None:
    events: list[Event] = [
        Logged(level="error", message=text, task_id="crud"),
        ended("crud", "students", SubTaskStatus.FAILED, error=text),
    ]
    busy.append(FIRST, events)
    assert [each.event for each in busy.events(FIRST, 6)] == events
    assert (busy.subtasks(FIRST, "crud")[0].error or "").replace("?", "\udc80") == text
