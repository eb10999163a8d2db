"""Folders of migrations: the tool is recognised, files come in its order, and ways down are left out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from runner.ddl.migration_folders import migration_tool, read_folder, without_way_down
from runner.ddl.model import NoteKind
from runner.ddl.reader import read_ddl, read_ddl_text
from runner.plan.dispatcher import AgentDispatcher
from runner.records.task import TableGlobs, TaskInput
from runner.scheduling.preparation import Preparation

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, *names: str, text: str = "SELECT 1;\n") -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("tool", "names", "expected"),
    [
        (None, ("b.sql", "a.sql", "slow_down.sql"), ["a.sql", "b.sql", "slow_down.sql"]),
        (None, ("10_c.sql", "9_b.sql", "9_b.rollback.sql"), ["9_b.sql", "10_c.sql"]),
        (None, ("1-a-up.sql", "1-a-down.sql"), ["1-a-up.sql"]),
        ("golang-migrate", ("2_b.up.sql", "2_b.down.sql", "1_a.up.sql", "1_a.down.sql"), ["1_a.up.sql", "2_b.up.sql"]),
        (
            "Flyway",
            ("R__views.sql", "V1.10__c.sql", "V1.9__b.sql", "U1.9__b.sql", "V1__a.sql"),
            ["V1__a.sql", "V1.9__b.sql", "V1.10__c.sql", "R__views.sql"],
        ),
        ("Flyway", ("V1__a.sql", "B2__all.sql", "V2__b.sql", "V3__c.sql"), ["B2__all.sql", "V3__c.sql"]),
        ("Flyway", ("2023/V1__a.sql", "2024/V2__b.sql"), ["2023/V1__a.sql", "2024/V2__b.sql"]),
        (
            "Prisma",
            ("2_b/migration.sql", "1_a/migration.sql", "migration_lock.toml"),
            ["1_a/migration.sql", "2_b/migration.sql"],
        ),
        ("Prisma", ("schema.prisma", "migrations/1_a/migration.sql"), ["migrations/1_a/migration.sql"]),
        ("Diesel", ("2_b/up.sql", "2_b/down.sql", "1_a/up.sql", "1_a/down.sql"), ["1_a/up.sql", "2_b/up.sql"]),
        ("Atlas", ("atlas.sum", "2_b.sql", "1_a.sql"), ["1_a.sql", "2_b.sql"]),
        ("drizzle-kit", ("meta/_journal.json", "0001_b.sql", "0000_a.sql"), ["0000_a.sql", "0001_b.sql"]),
    ],
)
def test_files_are_in_the_order_of_the_tool(
    tmp_path: Path, tool: str | None, names: tuple[str, ...], expected: list[str]
):
    write(tmp_path, *names)
    found = read_folder(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in found.files] == expected
    assert found.tool == tool == migration_tool(tmp_path)


def test_sqitch_runs_its_plan(tmp_path: Path):
    write(tmp_path, "deploy/users.sql", "deploy/app.sql", "revert/app.sql", "verify/app.sql")
    plan = "%project=x\n\napp 2024-01-01T00:00:00Z A <a@x> # first\n@v1 2024 A <a@x>\nusers [app] 2024 A <a@x> # next\n"
    (tmp_path / "sqitch.plan").write_text(plan)
    for folder in (tmp_path, tmp_path / "deploy"):
        found = read_folder(folder)
        assert [path.name for path in found.files] == ["app.sql", "users.sql"]
        assert found.tool == "sqitch"


@pytest.mark.parametrize(
    ("tool", "up", "down"),
    [
        ("goose", "-- +goose Up", "-- +goose Down"),
        ("dbmate", "-- migrate:up", "-- migrate:down transaction:false"),
        ("sql-migrate", "-- +migrate Up", "-- +migrate Down"),
        ("rambler", "-- rambler up", "-- rambler down"),
    ],
)
def test_ways_down_in_a_file_are_not_run(tmp_path: Path, tool: str, up: str, down: str):
    text = f"{up}\nCREATE TABLE a (id int);\n{down}\nDROP TABLE a;\n{up}\nCREATE TABLE b (id int);\n"
    schema = read_ddl_text(text, "postgres", "f")
    assert [(table.name.name, table.line) for table in schema.tables] == [("a", 2), ("b", 6)]
    (note,) = schema.notes
    assert (note.kind, note.line, tool in note.reason) == (NoteKind.CLIENT_LINE, 3, True)
    write(tmp_path, "1_a.sql", text=text)
    assert migration_tool(tmp_path) == migration_tool(tmp_path / "1_a.sql") == tool


def test_a_comment_that_speaks_of_a_way_down_cuts_nothing():
    data = b"-- see goose\nCREATE TABLE a (id int);\n-- +goose Down\nCREATE TABLE b (id int);\n"
    assert without_way_down(data) == (data, 0, "")


def test_a_folder_is_read_up(tmp_path: Path):
    write(tmp_path, "1_a.up.sql", text="CREATE TABLE a (id int);")
    write(tmp_path, "1_a.down.sql", text="DROP TABLE a;")
    write(tmp_path, "2_b.up.sql", text="ALTER TABLE a ADD COLUMN b int;")
    (table,) = read_ddl([tmp_path], "postgres").tables
    assert list(table.columns_by_name) == ["id", "b"]


@pytest.mark.parametrize(
    ("ddl", "left"),
    [
        ("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);", []),
        ("CREATE TABLE _prisma_migrations (id text);", []),
        ("CREATE TABLE schema_migrations (version text PRIMARY KEY);", []),
        ("CREATE TABLE migrations (id int, migration text, batch int);", []),
        ("CREATE TABLE migrations (id int, species text);", ["migrations"]),
        (
            "CREATE TABLE schema_migrations (id int, plan text, version int, owner text, cost int);",
            ["schema_migrations"],
        ),
    ],
)
def test_tables_of_tools_are_passed_over(ddl: str, left: list[str]):
    schema = read_ddl_text(f"CREATE TABLE kept (id int);\n{ddl}", "postgres", "f")
    assert [table.name.name for table in schema.tables] == ["kept", *left]
    if not left:
        (note,) = schema.notes
        assert (note.kind, note.line) == (NoteKind.SKIPPED_TABLE, 2)
        label = schema.tool_tables[0].name.name
        assert [table.name.name for table in schema.with_tool_tables([label]).tables] == ["kept", label]


def test_tables_of_tools_stay_where_there_are_no_others():
    assert read_ddl_text("CREATE TABLE alembic_version (version_num text);", "postgres").tables


def test_shadows_of_a_virtual_table_are_passed_over():
    ddl = (
        "CREATE TABLE notes (id INTEGER PRIMARY KEY); CREATE VIRTUAL TABLE Search USING fts5(body);"
        "CREATE TABLE 'Search_data' (id INTEGER PRIMARY KEY); CREATE TABLE Search_log (id INTEGER PRIMARY KEY);"
        "CREATE VIRTUAL TABLE places USING rtree(id, a, b); CREATE TABLE places_node (nodeno INTEGER, data);"
    )
    assert [table.name.name for table in read_ddl_text(ddl, "sqlite").tables] == ["notes", "Search_log"]


def test_a_table_that_one_task_names_is_in_the_application_of_all(tmp_path: Path):
    write(tmp_path, "a.sql", text="CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE phinxlog (version bigint);")
    setup = TaskInput(
        id="setup",
        description="BE setup",
        workspace_path=tmp_path / "out",
        ddl_path=(tmp_path / "a.sql",),
        dialect="mysql",
    )
    crud = replace(setup, id="crud", description="BE CRUD APIs", tables=TableGlobs(include=("a", "phinxlog")))
    alone, named = Preparation(AgentDispatcher(enable_llm=False)), Preparation(AgentDispatcher(enable_llm=False))
    named.name_tables([setup, crud])
    for preparation, labels in ((alone, ["a"]), (named, ["a", "phinxlog"])):
        job = preparation.prepare(setup)
        assert job.schema is not None
        assert [table.name.name for table in job.schema.tables] == labels
    assert alone.prepare(setup).spec.inputs_digest != named.prepare(setup).spec.inputs_digest
    assert len(named.prepare(crud).spec.subtasks) == len(("a", "phinxlog"))
