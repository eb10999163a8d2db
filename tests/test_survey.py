"""Which sub-tasks need no worker, and until when that holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.ddl.model import Schema
from runner.generation.workspace.line_ends import digest
from runner.generation.workspace.manifest import Manifest
from runner.generation.workspace.record_format import FileRecord, Record
from runner.records.task import Classification, TaskInput, TaskSpec, subtasks_of
from runner.scheduling.job import Job
from runner.scheduling.survey import Survey

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def task(tmp_path: Path) -> Job:
    """Return a task on two tables; one was generated, as a file of the table's name."""
    (tmp_path / "users").write_text("users")
    record = Record(
        task_id="crud", piece="users", agent="x", files=(FileRecord(path="users", sha256=digest(b"users")),)
    )
    Manifest(tmp_path).save(record, "inputs")
    spec = TaskSpec(
        id="crud",
        input=TaskInput(description="crud", workspace_path=tmp_path),
        title="Crud",
        classification=Classification(kind="x", method="explicit", confidence=1.0),
        subtasks=subtasks_of("crud", "Crud", ["users", "orders"]),
        import_path=None,
        schema_digest=None,
        inputs_digest="inputs",
    )
    return Job(spec=spec, read_schema=lambda: Schema(dialect="postgres", tables=()), pickle_schema=bytes)


def test_what_is_as_recorded_is_up_to_date(task: Job) -> None:
    survey = Survey(force=False, check=False)
    assert survey.up_to_date(task) == {"crud/users": 1}
    assert survey.count_work(task) == 1


def test_with_force_nothing_is_up_to_date(task: Job) -> None:
    assert Survey(force=True, check=False).up_to_date(task) == {}


def test_a_task_is_examined_once_until_files_are_written_and_then_each_time(task: Job) -> None:
    """A file may be of two tasks: once the other one has written it, this one has work to do."""
    survey = Survey(force=False, check=False)
    assert survey.count_work(task) == 1
    (task.spec.workspace / "users").write_text("other")
    assert survey.up_to_date(task) == {"crud/users": 1}
    survey.end()
    assert survey.count_work(task) == 1  # as far as is known before it begins
    assert survey.up_to_date(task) == {}
    assert survey.count_work(task) == 2
    (task.spec.workspace / "users").write_text("users")
    assert survey.up_to_date(task) == {"crud/users": 1}
