"""Every public name that takes a path accepts text and any `os.PathLike`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner import FileLockManager, ParallelOrchestrator, SubTaskManager, TaskInput
from runner.ddl.reader.schema_reader import read_ddl
from runner.generation.model.application import Application
from runner.plan.dispatcher import AgentDispatcher
from runner.plan.loading import load_plan
from runner.plan.starter import starter_plan
from runner.progress.reports.json_report import as_json
from runner.progress.reports.report_files import write_report
from runner.progress.stores.sqlite_store import SqliteStore, request_control
from runner.progress.stores.state_reader import StateReader
from runner.records.errors import StoreError
from runner.scheduling.preparation import Preparation
from tests.sample_runs import whole_run

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import StrPath


class AnyPath(os.PathLike[str]):
    """A path of another library."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __fspath__(self) -> str:
        return str(self._path)


@pytest.fixture(params=[str, Path, AnyPath])
def kind(request: pytest.FixtureRequest) -> Callable[[Path], StrPath]:
    chosen: Callable[[Path], StrPath] = request.param
    return chosen


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "school.sql").write_text("CREATE TABLE students (id int PRIMARY KEY);")
    (tmp_path / "templates").mkdir()
    return tmp_path


def test_a_task(folder: Path, kind: Callable[[Path], StrPath]) -> None:
    task = TaskInput(
        id="crud",
        description="BE CRUD APIs",
        workspace_path=kind(folder / "out"),
        ddl_path=(kind(folder / "school.sql"),),
        templates=kind(folder / "templates"),
    )
    assert task.workspace_path == folder / "out"
    assert TaskInput(description="x", workspace_path="out", ddl_path=kind(folder)).ddl_path == folder
    job = Preparation(AgentDispatcher(enable_llm=False), kind(folder)).prepare(task)
    assert (job.spec.workspace, job.spec.templates) == (folder / "out", folder / "templates")
    assert [table.name.name for table in job.schema.tables] == ["students"]
    manager = SubTaskManager(job.spec, Application(job.schema))
    try:
        assert [result.status.value for result in manager.execute_sub_tasks()] == ["done"]
    finally:
        manager.cleanup()
    assert (folder / "out" / "backend").is_dir()


def test_the_schema_and_the_plan(folder: Path, kind: Callable[[Path], StrPath]) -> None:
    assert len(read_ddl([kind(folder / "school.sql")], "postgres").tables) == 1
    (folder / "plan.yaml").write_text(starter_plan(kind(folder / "school.sql"), folder=kind(folder)))
    plan = load_plan(kind(folder / "plan.yaml"))
    assert (plan.path, plan.file) == (folder / "plan.yaml", str(folder / "plan.yaml"))


def test_the_store_and_the_report(folder: Path, kind: Callable[[Path], StrPath]) -> None:
    state = kind(folder / "state")
    with SqliteStore(state) as store:
        store.append("run-1", whole_run())
    with StateReader.open(state) as reader:
        assert reader.run().id == "run-1"
    with pytest.raises(StoreError, match="cannot pause"):
        request_control(state, "run-1", "pause")
    write_report(kind(folder / "deep" / "report.json"), as_json({"a": 1}), "--json")
    assert (folder / "deep" / "report.json").read_text() == '{\n  "a": 1\n}\n'


def test_the_orchestrator_and_the_locks(folder: Path, kind: Callable[[Path], StrPath]) -> None:
    ParallelOrchestrator(store=kind(folder / "state"), import_path=kind(folder)).close()
    assert (folder / "state" / "state.db").exists()
    with FileLockManager(kind(folder)).hold(kind(folder / "a.txt")):
        assert not (folder / "a.txt").exists()
