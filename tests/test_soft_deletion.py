"""The option `soft_delete`: which tables have the column, who writes it, and what is generated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runner.ddl.reader import read_ddl_text
from runner.generation.agent import AgentContext
from runner.generation.react.page_view import PageView
from runner.generation.registry import load_agent
from runner.plan.validation import read_plan
from runner.records.errors import AgentError
from tests.generated_backend import backend_files

if TYPE_CHECKING:
    from pathlib import Path

DDL = """
CREATE TABLE pupils (id int PRIMARY KEY, name text NOT NULL, deleted_at timestamptz);
CREATE TABLE lessons (id int PRIMARY KEY, title text);
CREATE TABLE odd (id int PRIMARY KEY, closed date, gone timestamp NOT NULL, left_at timestamp DEFAULT now());
"""


def schema(ddl: str = DDL) -> Any:
    return read_ddl_text(ddl, "postgres")


def test_the_column_is_read_and_not_written() -> None:
    for option, fields in (({}, ("id", "name", "deleted_at")), ({"soft_delete": "deleted_at"}, ("id", "name"))):
        context = AgentContext(schema=schema(), options=option)
        table = next(table for table in context.application.tables if table.title == "pupils")
        assert tuple(field.name for field in table.written) == fields
        assert "deleted_at" in table.fields


def test_the_page_of_a_table_declares_the_column_and_its_list_does_not_show_it() -> None:
    for option, declared in (({}, None), ({"soft_delete": "deleted_at"}, "deleted_at")):
        context = AgentContext(schema=schema(), options=option)
        pages = {table.title: PageView(table=table) for table in context.application.tables}
        assert pages["pupils"].declared.get("deletion") == declared
        assert ("deleted_at" in pages["pupils"].columns) == (declared is None)
        assert "deletion" not in pages["lessons"].declared


def test_the_option_of_one_task_is_that_of_all_tasks_of_an_application(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    (tmp_path / "a.sql").write_text(DDL)
    (tmp_path / "b.sql").write_text(DDL)
    text = """
version: 1
name: x
ddl: a.sql
workspace: out
tasks:
  - {id: be, description: BE setup, options: {title: T, soft_delete: deleted_at, auth: {table: t, hash: h}}}
  - {id: crud, description: BE CRUD APIs}
  - {id: other, description: BE CRUD APIs, ddl: b.sql}
"""
    tasks = {task.id: task for task in read_plan(plan, text.encode()).tasks}
    assert tasks["crud"].options == {"soft_delete": "deleted_at", "auth": {"table": "t", "hash": "h"}}
    assert tasks["other"].options == {}


def test_modules_are_added_only_with_the_option() -> None:
    paths = " ".join(backend_files(schema()))
    assert "deletion_column" not in paths
    files = backend_files(schema(), options={"soft_delete": "deleted_at"})
    added = {"soft_deletion.py", "deletion_column.py", "restore_route.py", "test_soft_deletion.py"}
    assert added <= {path.rpartition("/")[2] for path in files}
    assert 'NAME = "deleted_at"' in files["backend/app/core/deletion_column.py"].text


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (True, "give the name of a column, such as deleted_at, not True"),
        ("deletd_at", "no table has a column 'deletd_at'; did you mean 'deleted_at'"),
        ("closed", "odd.closed is date. It has to be a nullable timestamp"),
        ("gone", "odd.gone is NOT NULL"),
        ("left_at", "odd.left_at gets a value from the database"),
    ],
)
def test_what_does_not_suit_is_reported(given: object, message: str) -> None:
    context = AgentContext(schema=schema(), options={"soft_delete": given})
    with pytest.raises(AgentError, match=message):
        load_agent("be-boilerplate").generate(context)
