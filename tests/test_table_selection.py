"""What a task works on: decided once, kept, and decided again when what it follows from changes."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from runner.plan.dispatcher import AgentDispatcher
from runner.records.errors import TaskInputError
from runner.records.task import TableGlobs, TaskInput
from runner.scheduling.preparation import Preparation

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from runner.scheduling.job import Job

DDL = """CREATE TABLE pupils (id int PRIMARY KEY, name text);
CREATE TABLE lessons (id int PRIMARY KEY);
CREATE TABLE django_migrations (id int PRIMARY KEY);
DO $$ BEGIN EXECUTE 'CREATE TABLE ' || current_user || ' (id int)'; END $$;
"""


@pytest.fixture
def ddl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a schema's file; the user's cache is empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "school.sql"
    path.write_text(DDL)
    return path


def prepare(ddl: Path, globs: TableGlobs | None = None, options: Mapping[str, Any] | None = None) -> tuple[Job, str]:
    """Prepare a task as another process would, and return its job with the warnings."""
    preparation = Preparation(AgentDispatcher(enable_llm=False))
    task = TaskInput(
        id="crud",
        description="BE CRUD APIs",
        ddl_path=ddl,
        workspace_path=ddl.parent,
        tables=globs,
        options=options or {},
    )
    return preparation.prepare(task), " ".join(preparation.warnings)


def read_now(job: Job) -> list[str]:
    return [table.name.name for table in job.schema.tables]


def tables(job: Job) -> list[str | None]:
    return [subtask.table for subtask in job.spec.subtasks]


def test_what_was_decided_once_needs_no_schema(ddl: Path) -> None:
    first, warned = prepare(ddl, TableGlobs(exclude=("pupils",)))
    again, warned_again = prepare(ddl, TableGlobs(exclude=("pupils",)))
    assert again.spec == first.spec
    assert tables(again) == ["lessons"]
    assert warned == warned_again
    assert "school.sql:4" in warned
    assert read_now(again) == ["pupils", "lessons"]


def test_a_process_that_finds_a_decision_loads_no_schema(ddl: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.test_table_selection import prepare\n"
        "prepare(Path(sys.argv[1])); print('runner.ddl.model' in sys.modules)"
    )
    loaded = [
        subprocess.run([sys.executable, "-c", code, ddl], check=True, capture_output=True, text=True).stdout
        for _ in range(2)
    ]
    assert loaded == ["True\n", "False\n"]


def test_other_globs_options_and_another_schema_are_decided_again(ddl: Path) -> None:
    assert tables(prepare(ddl)[0]) == ["pupils", "lessons"]
    assert tables(prepare(ddl, TableGlobs(include=("p*",)))[0]) == ["pupils"]
    named, _ = prepare(ddl, TableGlobs(include=("django_migrations",)))
    assert tables(named) == ["django_migrations"]
    assert read_now(named) == ["pupils", "lessons", "django_migrations"]
    with pytest.raises(TaskInputError, match="no column 'nam'"):
        prepare(ddl, options={"search": {"pupils": ["nam"]}})
    with pytest.raises(TaskInputError, match="no column 'pasword'") as error:
        prepare(ddl, options={"secret": {"pupils": ["pasword"]}})
    assert error.value.key == "secret.pupils.0"
    with pytest.raises(TaskInputError, match="no table has a column 'deletd_at'"):
        prepare(ddl, options={"soft_delete": "deletd_at"})
    with pytest.raises(TaskInputError, match=r"\w+\.id is integer") as error:
        prepare(ddl, options={"soft_delete": "id"})
    assert error.value.key == "soft_delete"
    ddl.write_text(DDL + "CREATE TABLE rooms (id int PRIMARY KEY);")
    changed, _ = prepare(ddl)
    assert "rooms" in tables(changed)
    assert changed.spec.schema_digest != named.spec.schema_digest


def test_a_schema_that_is_no_longer_kept_is_read_again(ddl: Path) -> None:
    first, _ = prepare(ddl)
    for schema in (ddl.parent / "cache").rglob("schemas/*"):
        schema.unlink()
    again, _ = prepare(ddl)
    assert again.spec == first.spec
    assert read_now(again) == read_now(first)
    assert list((ddl.parent / "cache").rglob("schemas/*"))
