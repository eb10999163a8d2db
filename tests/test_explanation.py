"""Why a sub-task runs or does not, from what was recorded of its inputs."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from runner.command.plan_jobs import prepare_plan
from runner.execution.subtasks import SubTaskManager
from runner.generation.model.application import Application
from runner.generation.workspace.input_notes import InputNotes
from runner.generation.workspace.input_parts import record_parts
from runner.generation.workspace.manifest import Manifest
from runner.scheduling.explanation import INPUTS_CHANGED, NOT_RECORDED, explain
from runner.scheduling.preparation import Preparation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from runner.scheduling.job import Job

DDL = """\
CREATE TABLE classes (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE students (id bigint PRIMARY KEY, name text NOT NULL, class_id bigint REFERENCES classes (id));
CREATE TABLE fees (id bigint PRIMARY KEY, amount int);
"""
TABLES = ("classes", "students", "fees")


class Project:
    """A plan with a task for its tables, one for its documentation, and the workspace that they generate into."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace = folder / "out"
        self.ddl = DDL
        self.options: dict[str, Any] = {}
        self.own = folder / "own" / "be-crud"

    def jobs(self) -> Sequence[Job]:
        (self.folder / "school.sql").write_text(self.ddl)
        crud = {"id": "crud", "description": "BE CRUD APIs", "options": self.options}
        if self.own.is_dir():
            crud["templates"] = "own"
        tasks = [crud, {"id": "docs", "description": "Schema docs"}]
        plan = {"version": 1, "name": "school", "workspace": "out", "ddl": "school.sql", "tasks": tasks}
        (self.folder / "plan.yaml").write_text(json.dumps(plan))
        return prepare_plan(self.folder / "plan.yaml", self.folder / "state", refresh=False)[2]

    def generate(self) -> None:
        for job in self.jobs():
            manager = SubTaskManager(job.spec, Application(job.schema))
            assert all(result.status == "done" for result in manager.execute_sub_tasks())
            manager.cleanup()
            assert job.read_parts is not None
            record_parts(job.spec.workspace, job.spec.inputs_digest, job.read_parts)

    def reasons(self, *, force: bool = False) -> dict[str, list[str]]:
        return {name: [each.text for each in found] for name, found in explain(self.jobs(), force=force).items()}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.generate()
    return made


def test_what_was_never_generated_is_new_and_then_up_to_date(tmp_path: Path) -> None:
    project = Project(tmp_path)
    names = [*(f"crud/{table}" for table in TABLES), "docs/setup"]
    assert project.reasons() == {key: ["new"] for key in names}
    project.generate()
    assert project.reasons() == {key: ["up to date"] for key in names}
    assert project.reasons(force=True) == {key: ["--force"] for key in names}


def test_a_changed_table_is_named_with_its_columns(project: Project) -> None:
    project.ddl = DDL.replace("amount int", "amount bigint, email text")
    assert project.reasons() == {
        "crud/classes": ["up to date"],
        "crud/students": ["up to date"],
        "crud/fees": ["table changed: +column email, ~column amount"],
        "docs/setup": ["table fees changed: +column email, ~column amount"],
    }
    project.ddl = project.ddl.replace(
        "classes (id bigint PRIMARY KEY, name text", "classes (id bigint PRIMARY KEY, name int"
    )
    assert project.reasons()["crud/fees"] == ["table changed: +column email, ~column amount"]
    assert project.reasons()["crud/classes"] == ["table changed: ~column name"]
    (reason,) = explain(project.jobs(), force=False)["crud/fees"]
    assert (reason.table, reason.columns) == ("fees", ("amount", "email"))


def test_a_change_of_a_related_table_is_named(project: Project) -> None:
    project.ddl = DDL.replace("TABLE classes", "TABLE courses")
    assert project.reasons()["crud/students"] == ["table courses added", "table classes dropped"]


def test_a_remark_in_the_ddl_is_no_change_of_a_table(project: Project) -> None:
    project.ddl = f"-- a remark\n{DDL}"
    assert project.reasons() == {
        **{f"crud/{table}": ["up to date"] for table in TABLES},
        "docs/setup": ["the DDL changed, but no table"],
    }


def test_changed_options_are_named(project: Project) -> None:
    project.options = {"search": {"classes": ["name"]}}
    assert project.reasons()["crud/fees"] == ["option search added"]
    project.generate()
    project.options = {"search": {"students": ["name"]}}
    assert project.reasons()["crud/fees"] == ["option search changed"]
    project.options = {}
    assert project.reasons()["crud/fees"] == ["option search removed"]


def test_changed_templates_are_named(project: Project) -> None:
    project.own.mkdir(parents=True)
    (project.own / "notes.md.j2").write_text("notes\n")
    assert project.reasons()["crud/fees"] == ["template notes.md.j2 added"]
    project.generate()
    (project.own / "notes.md.j2").write_text("other notes\n")
    assert project.reasons()["crud/fees"] == ["template notes.md.j2 changed"]


def test_changed_code_is_named(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = Preparation._parts

    def other(self: Preparation, *given: Any) -> Any:
        return replace(parts(self, *given), code="other")

    monkeypatch.setattr(Preparation, "_parts", other)
    project.options = {"search": {"classes": ["name"]}}  # a digest of the code is part of that of the inputs
    assert project.reasons()["crud/fees"] == ["the code of the runner changed", "option search added"]


def test_files_that_were_edited_or_removed_are_named(project: Project) -> None:
    model = project.workspace / "backend" / "app" / "fees" / "model.py"
    model.write_text("mine\n")
    assert project.reasons()["crud/fees"] == ["edited by hand: backend/app/fees/model.py"]
    model.unlink()
    assert project.reasons()["crud/fees"] == ["missing: backend/app/fees/model.py"]


def test_conflicts_are_named_and_files_that_a_person_deleted_are_not(project: Project) -> None:
    manifest = Manifest(project.workspace)
    record = manifest.load("crud", "fees")
    assert record is not None
    first, second, *rest = sorted(record.files, key=lambda file: file.path)
    note = InputNotes(str(project.workspace)).of("crud")["fees"]
    (project.workspace / second.path).unlink()
    files = (replace(first, conflict=True), replace(second, deleted=True), *rest)
    manifest.save(replace(record, files=files), note.inputs, note.part)
    assert project.reasons()["crud/fees"] == [f"in conflict: {first.path}"]


def test_a_new_clone_and_lost_parts_are_said(project: Project) -> None:
    inputs = project.workspace / ".runner" / "inputs"
    project.ddl = DDL.replace("amount int", "amount bigint")
    for path in inputs.glob("schema-*"):
        path.write_text('{"tables": 3}')
    assert project.reasons()["crud/fees"] == [INPUTS_CHANGED]
    for path in inputs.glob("parts-*"):
        path.unlink()
    assert project.reasons()["crud/fees"] == [INPUTS_CHANGED]
    for path in inputs.iterdir():
        path.unlink()
    assert project.reasons()["crud/fees"] == [NOT_RECORDED]


def test_an_interrupted_attempt_is_said(project: Project) -> None:
    Manifest(project.workspace).intend("crud", "fees", {"x": "0" * 64})
    assert project.reasons()["crud/fees"] == ["its last attempt was interrupted"]


def test_parts_are_written_once_and_the_oldest_go(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = project.workspace / ".runner" / "inputs"
    before = {path.name: path.stat().st_ino for path in inputs.iterdir()}
    assert sum(name.startswith("schema-") for name in before) == 1  # of both tasks
    for job in project.jobs():
        record_parts(job.spec.workspace, job.spec.inputs_digest, lambda: pytest.fail("it is known"))
    monkeypatch.setattr("runner.generation.workspace.input_parts._KEPT", {"parts": 2, "templates": 9, "schema": 1})
    project.ddl += "CREATE TABLE more (id bigint PRIMARY KEY);\n"
    project.generate()
    after = {path.name for path in inputs.iterdir()}
    assert [sum(name.startswith(kind) for name in after) for kind in ("schema-", "parts-")] == [1, 2]
    assert not {name for name in before if name.startswith("schema-")} & after


def test_explaining_writes_nothing(project: Project) -> None:
    project.ddl = DDL.replace("amount int", "amount bigint")
    jobs = project.jobs()
    before = {path: path.stat().st_mtime_ns for path in project.workspace.rglob("*")}
    explain(jobs, force=False)
    assert {path: path.stat().st_mtime_ns for path in project.workspace.rglob("*")} == before
