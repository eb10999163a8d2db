"""Which runs are deleted from the state file, and that no rows of them are left."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from runner.progress.stores.sqlite_store import SqliteStore, request_control
from runner.records.events import RunEnded
from runner.records.status import RunStatus
from tests.sample_runs import run_started, whole_run

if TYPE_CHECKING:
    from pathlib import Path


def test_the_newest_runs_of_each_plan_stay_and_all_others_are_deleted(tmp_path: Path) -> None:
    with SqliteStore(tmp_path) as store:
        for number in range(5):
            store.append(f"school-{number}", whole_run(tasks=2, tables=3))
        store.append("shop-0", [run_started("shop", "/plans/shop.yaml"), *whole_run(tasks=1, tables=1)[1:]])
        request_control(tmp_path, _running(store, "school-going-on"), "pause")
        assert store.forget_old(2) == 4
        assert {run.id for run in store.runs()} == {"school-4", "school-going-on", "shop-0"}
        assert len(store.subtasks("school-4")) == 6
        assert store.forget_old(2) == 0
    assert _runs_with_rows(tmp_path) == {
        "runs": 3,
        "tasks": 2,
        "subtasks": 2,
        "attempts": 2,
        "events": 3,
        "controls": 1,
    }


def test_runs_with_unacknowledged_events_are_not_deleted(tmp_path: Path) -> None:
    with SqliteStore(tmp_path) as store:
        store.outboxes = ("convex",)
        for number in range(3):
            store.append(f"run-{number}", whole_run(tasks=1, tables=2))
        store.acknowledge("convex", "run-1", store.run("run-1").last_seq)
        assert store.forget_old(1) == 1
        assert {run.id for run in store.runs()} == {"run-0", "run-2"}
        assert set(store.owed("convex")) == {"run-0", "run-2"}


def test_a_run_that_has_not_ended_is_not_deleted(tmp_path: Path) -> None:
    with SqliteStore(tmp_path) as store:
        _running(store, "first")
        _running(store, "second")
        assert store.forget_old(1) == 0
        store.append("first", [RunEnded(status=RunStatus.DONE, exit_code=0)])
        assert store.forget_old(1) == 1


def _running(store: SqliteStore, run_id: str) -> str:
    store.append(run_id, [run_started()])
    return run_id


def _runs_with_rows(folder: Path) -> dict[str, int]:
    """Return the number of runs that each table has rows of."""
    with sqlite3.connect(folder / "state.db") as db:
        tables = {"runs": "key"} | dict.fromkeys(("tasks", "subtasks", "attempts", "events", "controls"), "run")
        found = {
            table: db.execute(f"SELECT count(DISTINCT {column}) FROM {table}").fetchone()[0]
            for table, column in tables.items()
        }
    db.close()
    return found
