"""Folders of migrations: the tool is recognised, files come in its order, and ways down are left out."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from runner.ddl.migration_folders import lead_up, migration_tool, read_folder
from runner.ddl.migration_marks import without_parts_not_run
from runner.ddl.notes import NoteKind
from runner.ddl.reader import read_ddl, read_ddl_text
from runner.plan.dispatcher import AgentDispatcher
from runner.records.errors import DDLError
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
        (None, ("schema10.sql", "schema2.sql", "schema.SQL"), ["schema.SQL", "schema2.sql", "schema10.sql"]),
        ("Flyway", ("V1__a.sql", "more/V2__b.sql"), ["V1__a.sql", "more/V2__b.sql"]),
        (None, ("mysql/V1__a.sql", "postgresql/V1__a.sql"), []),
        (
            "Hasura",
            ("default/2_b/up.sql", "default/2_b/down.sql", "default/1_a/up.sql"),
            ["default/1_a/up.sql", "default/2_b/up.sql"],
        ),
        (
            "graphile-migrate",
            ("committed/000002.sql", "committed/000001.sql", "current.sql"),
            ["committed/000001.sql", "committed/000002.sql", "current.sql"],
        ),
        (
            "Postgrator",
            ("002.do.b.sql", "002.undo.b.sql", "001.do.sql", "001.undo.sql"),
            ["001.do.sql", "002.do.b.sql"],
        ),
        (None, ("seed.sql", "migrations/1_a.sql"), ["migrations/1_a.sql"]),
        (None, ("seed.sql", "schema.sql", "migrations/1_a.sql"), ["schema.sql", "seed.sql"]),
        (None, ("1-a.js", "sqls/1-a-up.sql", "sqls/1-a-down.sql"), ["sqls/1-a-up.sql"]),
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


def test_tools_are_known_by_what_is_around_the_folder(tmp_path: Path):
    write(tmp_path, "supabase/seed.sql", "supabase/migrations/1_a.sql", "Cargo.toml", "migrations/1_a.sql")
    assert migration_tool(tmp_path / "supabase") == "Supabase"
    assert migration_tool(tmp_path / "migrations") == "SQLx"


def test_files_that_no_number_orders_are_in_the_order_of_the_journal(tmp_path: Path):
    write(tmp_path, "early.sql", "also_early.sql", "never_run.sql")
    entries = [{"idx": 1, "tag": "also_early"}, {"idx": 0, "tag": "early"}]
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta" / "_journal.json").write_text(json.dumps({"version": "7", "entries": entries}))
    assert [path.name for path in read_folder(tmp_path).files] == ["early.sql", "also_early.sql"]


def test_atlas_begins_with_its_last_checkpoint(tmp_path: Path):
    write(tmp_path, "atlas.sum", "1.sql", "4.sql")
    write(tmp_path, "2.sql", "3.sql", text="-- atlas:checkpoint\n\nCREATE TABLE a (id int);\n")
    assert [path.name for path in read_folder(tmp_path).files] == ["3.sql", "4.sql"]


def test_a_glob_is_in_the_order_of_its_numbers_and_leads_up(tmp_path: Path):
    write(tmp_path, "a/10.up.sql", "a/10.down.sql", "a/9.up.sql", "b/1.sql")
    found = lead_up(tmp_path.glob("*/*.sql"))
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["a/9.up.sql", "a/10.up.sql", "b/1.sql"]
    down = [tmp_path / "a" / "10.down.sql"]
    assert lead_up(down) == down


def test_a_folder_without_sql_names_its_folders_that_have_some(tmp_path: Path):
    write(tmp_path, "mysql/1/a.sql", "postgres/1/a.sql", "docs/a.md")
    with pytest.raises(DDLError, match="Name one of its folders with SQL: mysql, postgres"):
        read_ddl([tmp_path], "postgres")


def test_sqitch_runs_a_reworked_change_as_it_was_first(tmp_path: Path):
    write(tmp_path, "deploy/pay@v1.sql", "deploy/pay.sql", "deploy/app.sql")
    plan = (
        "app 2024 A <a@x>\npay 2024 A <a@x>\n@v1 2024 A <a@x>\n@v2 2024 A <a@x>\npay [pay@v1] 2025 A <a@x>\n@v3 2025\n"
    )
    (tmp_path / "sqitch.plan").write_text(plan)
    assert [path.name for path in read_folder(tmp_path).files] == ["app.sql", "pay@v1.sql", "pay.sql"]


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
        ("micrate", "-- +micrate Up", "-- +micrate Down"),
        ("node-pg-migrate", "-- Up Migration", "-- Down Migration"),
        ("shmig", "-- ====  UP  ====", "-- ==== DOWN ===="),
        ("Aerich", "-- upgrade --", "-- downgrade --"),
        ("Play", "# --- !Ups", "# --- !Downs"),
        ("Play", "-- !Ups", "-- !Downs"),
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


@pytest.mark.parametrize(
    ("tool", "down"),
    [("MyBatis Migrations", "-- //@UNDO"), ("tern", "---- create above / drop below ----")],
)
def test_a_way_up_may_have_no_mark(tool: str, down: str):
    text = f"-- // first\nCREATE TABLE a (id int);\n{down}\nDROP TABLE a;\n"
    schema = read_ddl_text(text, "postgres", "f")
    assert [table.name.name for table in schema.tables] == ["a"]
    assert [(note.line, tool in note.reason) for note in schema.notes] == [(3, True)]


def test_comments_of_play_are_none_of_sql():
    text = "# Users schema\n\n# --- !Ups\nCREATE TABLE a (id int);\n"
    (table,) = read_ddl_text(text, "postgres", "f").tables
    assert (table.name.name, table.line) == ("a", 4)


@pytest.mark.parametrize(
    ("dbms", "is_run"),
    [
        ("postgresql", True),
        ("mysql, postgresql", False),  # unquoted, the list ends at the blank
        ('"mysql, postgresql"', True),
        ("'h2,mysql'", False),
        ("!mysql", True),
        ("!postgresql", False),
        ("all", True),
    ],
)
def test_change_sets_of_liquibase_run_on_their_databases(dbms: str, is_run: bool):
    text = (
        "--liquibase formatted sql\n\n--changeset ada:1\nCREATE TABLE a (id int);\n--rollback DROP TABLE a;\n"
        f"--changeset ada:2 dbms:{dbms} runOnChange:true\nCREATE TABLE b (id int);\n"
        "--changeset ada:3\nCREATE TABLE c (id int);\n"
    )
    schema = read_ddl_text(text, "postgres", "f")
    expected = [("a", 4), ("b", 7), ("c", 9)] if is_run else [("a", 4), ("c", 9)]
    assert [(table.name.name, table.line) for table in schema.tables] == expected
    assert [note.line for note in schema.notes] == ([] if is_run else [6])


def test_a_comment_that_speaks_of_a_way_down_cuts_nothing():
    data = b"-- see goose\nCREATE TABLE a (id int);\n-- +goose Down\nCREATE TABLE b (id int);\n"
    assert without_parts_not_run(data, {"postgres"}) == (data, (0, ""))


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
