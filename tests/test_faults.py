"""What a run found wrong, at the lines of the DDL and the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.command.faults import Faults
from runner.command.plan_jobs import prepare_plan
from runner.progress.reports.run_account import RunAccount
from runner.records.events import Event, TaskEnded
from runner.records.status import SubTaskStatus, TaskStatus
from runner.scheduling.explanation import NOT_RECORDED, Reason
from tests.sample_runs import ended, task_added

if TYPE_CHECKING:
    from pathlib import Path

    from runner.records.errors import Problem

PLAN = """\
version: 1
name: school
workspace: out
ddl: [types.sql, school.sql]
tasks:
  - id: setup
    description: BE setup for the school
  - id: crud
    description: BE CRUD APIs
  - id: pages
    description: UI CRUD pages
"""
SCHOOL = """\
CREATE TABLE classes (id bigint PRIMARY KEY);
CREATE TABLE students (
    id bigint PRIMARY KEY,
    name text,
    email text
);
"""
CHANGES = [
    ("crud/students", ("update", "model.py")),
    ("crud/students", ("keep", "mine.py")),
    ("pages/students", ("create", "page.tsx")),
    ("crud/classes", ("keep", "mine.py")),
    ("setup/setup", ("update", "main.py")),
]


@pytest.fixture
def find(tmp_path: Path):
    (tmp_path / "types.sql").write_text("CREATE TYPE mood AS ENUM ('a');\n" + "-- no line has a table\n" * 9)
    (tmp_path / "school.sql").write_text(SCHOOL)
    (tmp_path / "plan.yaml").write_text(PLAN)
    plan, _, jobs = prepare_plan(tmp_path / "plan.yaml", tmp_path / "state", refresh=False)
    events: list[Event] = [task_added("setup", [None]), task_added("crud", ["classes", "students"])]
    events += [task_added("pages", ["classes", "students"])]

    def found(
        diffs: dict[str, str] | None = None,
        reasons: dict[str, tuple[Reason, ...]] | None = None,
        more: list[Event] | None = None,
        changes: list[tuple[str, tuple[str, str]]] | None = None,
    ) -> list[tuple[str, int, str]]:
        if changes is None:
            changes = CHANGES if more is None else []
        account = RunAccount.of("run", [*events, *(more or [])], changes, diffs)
        faults = Faults(plan, jobs, reasons or {})
        problems = faults.failed(account) if more is not None else faults.stale(account, ["old.py"])
        return [(_name(problem), problem.line, problem.message) for problem in problems]

    return found


def _name(problem: Problem) -> str:
    return problem.file.rpartition("/")[2]


def test_what_is_stale_is_marked_at_its_table_and_set_ups_at_their_task(find) -> None:
    assert find({}) == [
        ("plan.yaml", 7, "setup: 1 generated file is stale"),
        ("school.sql", 2, "students: 2 generated files are stale: 1 of crud, 1 of pages"),
        ("plan.yaml", 6, "1 file of dropped tables is still there"),
    ]


def test_recorded_inputs_say_which_column_and_why(find) -> None:
    reason = Reason("table changed: +column email", "students", ("email",))
    (_, students, _) = find({}, {"crud/students": (reason,), "pages/students": (reason,), "setup/setup": (reason,)})
    assert students == (
        "school.sql",
        5,
        "students: 2 generated files are stale: 1 of crud, 1 of pages (table changed: +column email)",
    )
    (_, students, _) = find({}, {"crud/students": (Reason(NOT_RECORDED),)})
    assert students[1:] == (2, "students: 2 generated files are stale: 1 of crud, 1 of pages")


def test_in_a_new_clone_the_changed_lines_say_which_column(find) -> None:
    diffs = {"model.py": " id\n-name: Text\n+name: String", "page.tsx": "+++ b/email\n-name id\n+name id, 7\n"}
    assert find(diffs)[1][:2] == ("school.sql", 4)
    alike = {"model.py": "-id, name, email\n+email, name, id\n"}
    assert find(alike)[1][:2] == ("school.sql", 3)  # all of them are few here: the first


def test_failures_with_one_cause_are_one_fault_at_the_task(find) -> None:
    more = [
        ended("crud", "classes", SubTaskStatus.FAILED, error="no template"),
        ended("crud", "students", SubTaskStatus.FAILED, error="no template"),
        TaskEnded(task_id="pages", status=TaskStatus.FAILED, error="no worker"),
        TaskEnded(task_id="setup", status=TaskStatus.SKIPPED, error="needs crud"),
    ]
    assert find(more=more) == [
        ("plan.yaml", 9, "crud classes, students failed: no template"),
        ("plan.yaml", 11, "pages failed: no worker"),
    ]


def test_conflicts_are_marked_at_their_table_with_the_commands_that_settle_them(find) -> None:
    changes = [("crud/students", ("conflict", f"{name}.py")) for name in "abcd"]
    changes += [("setup/setup", ("conflict", "main.py")), ("pages/classes", ("update", "page.tsx"))]
    assert find(more=[], changes=changes) == [
        ("plan.yaml", 7, "setup: 1 file in conflict: your edits contradict what is generated now"),
        ("school.sql", 2, "students: 4 files in conflict: your edits contradict what is generated now"),
    ]
