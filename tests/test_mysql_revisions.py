"""Revisions for MySQL and MariaDB: of schemas that are written for them, and of no others."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest

from runner.ddl.reader import read_ddl_text
from runner.generation.fastapi.migration import mysql_statements
from runner.generation.fastapi.migration.access_tables import with_access_tables
from runner.generation.fastapi.migration.difference import difference
from runner.generation.fastapi.migration.schema_snapshot import take_snapshot
from runner.generation.fastapi.migration.snapshot import Snapshot, from_json, to_json
from runner.generation.model.access_options import access_options
from runner.generation.model.application import Application
from tests.generated_backend import backend_files, first_revision
from tests.test_backend_revisions import Folder

BASE = """
    CREATE TABLE a (
        id int unsigned NOT NULL AUTO_INCREMENT, n int, PRIMARY KEY (id), UNIQUE KEY (n), KEY (n, id)
    ) ENGINE=InnoDB;
    CREATE TABLE b (
        id int PRIMARY KEY, a_id int unsigned, t text, FOREIGN KEY (a_id) REFERENCES a (id) ON DELETE CASCADE
    );
"""


def snapshot(ddl: str, dialect: str = "mysql") -> Snapshot:
    return take_snapshot(Application(read_ddl_text(ddl, dialect)))


def changes(before: str, after: str) -> list[str]:
    """Return the statements between two states, each on one line."""
    found = difference(snapshot(before), snapshot(after))
    return [" ".join(statement.split()) for statement in mysql_statements.change(found)]


def test_only_a_schema_of_mysql_has_them() -> None:
    postgres = backend_files(read_ddl_text("CREATE TABLE t (id int PRIMARY KEY);", "postgres"))
    assert [path for path in postgres if "mysql" in path] == []
    assert "mysql" not in "".join(
        file.text for path, file in postgres.items() if path.endswith((".txt", ".toml", ".yaml"))
    )
    mysql = backend_files(read_ddl_text("CREATE TABLE t (id int PRIMARY KEY);", "mysql"))
    assert first_revision(mysql, "mysql") == ["CREATE TABLE `t` (\n    `id` int NOT NULL,\n    PRIMARY KEY (`id`)\n)"]


def test_the_tables_of_logins_and_of_the_audit_log_are_made_too() -> None:
    files = backend_files(read_ddl_text(BASE, "mysql"), options={"auth": "session"})
    statements = first_revision(files, "mysql")
    names = [statement.split("`")[1] for statement in statements if statement.startswith("CREATE TABLE")]
    assert names == ["a", "b", "app_sessions", "app_login_failures", "app_accounts", "app_audit_log"]
    # Keys of two rows, or logins of two people, may differ in case alone
    assert all(one.endswith("COLLATE=utf8mb4_bin") for one in statements if "`app_" in one)
    audit_only = first_revision(backend_files(read_ddl_text(BASE, "mysql"), options={"audit": True}), "mysql")
    assert set(audit_only) == {one for one in statements if "`app_" not in one or "audit" in one}


def test_a_login_is_added_to_an_application_by_a_later_revision() -> None:
    schema = read_ddl_text(BASE, "mariadb")
    application = Application(schema)
    before = take_snapshot(application)
    after = with_access_tables(before, application, access_options(application, {"auth": "session"}))
    added = list(mysql_statements.change(difference(before, after)))
    assert [statement.split("`")[1] for statement in added if statement.startswith("CREATE TABLE")] == [
        "app_sessions", "app_login_failures", "app_accounts", "app_audit_log",
    ]  # fmt: skip
    assert from_json(json.loads(json.dumps(to_json(after)))) == after


def test_what_is_unnamed_gets_the_name_that_the_server_would_choose() -> None:
    table_a, table_b, reference = first_revision(backend_files(read_ddl_text(BASE, "mysql")), "mysql")
    assert "UNIQUE KEY `n` (`n`)" in table_a
    assert "KEY `n_2` (`n`, `id`)" in table_a
    assert table_a.endswith(") ENGINE=InnoDB")
    assert "KEY `a_id` (`a_id`)" in table_b
    assert reference.split("ADD ")[1] == (
        "CONSTRAINT `b_ibfk_1` FOREIGN KEY (`a_id`) REFERENCES `a` (`id`) ON DELETE CASCADE"
    )


COLUMNS = [
    ("varchar(5) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL DEFAULT ''", None),
    ("varchar(5) BINARY", None),
    ("nvarchar(5)", "varchar(5) CHARACTER SET utf8mb3"),
    ("national char(5) NOT NULL", "char(5) CHARACTER SET utf8mb3 NOT NULL"),
    ("nchar varying(5) COLLATE utf8mb3_bin", "varchar(5) CHARACTER SET utf8mb3 COLLATE utf8mb3_bin"),
    ("int(5) unsigned zerofill", None),
    ("int(11)", "int"),
    ("enum('a','it''s \\\\')", None),
    ("timestamp", "timestamp NULL"),
    ("timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP", None),
    ("datetime NOT NULL DEFAULT '0000-00-00 00:00:00'", None),
    ("int GENERATED ALWAYS AS (`id` + 1) VIRTUAL COMMENT 'it''s'", None),
]


@pytest.mark.parametrize(("column", "expected"), COLUMNS)
def test_a_column_stays_as_it_is(column: str, expected: str | None) -> None:
    schema = read_ddl_text(f"CREATE TABLE t (id int PRIMARY KEY, c {column})", "mysql")
    (made,) = first_revision(backend_files(schema), "mysql")
    assert f"    `c` {expected or column},\n" in made


@pytest.mark.parametrize(
    ("dialect", "line"),
    [
        ("mariadb", "`n` int CHECK (n > 0)"),
        ("mysql", "CONSTRAINT `t_chk_1` CHECK (n > 0)"),
    ],
)
def test_a_check_of_a_column_is_where_the_server_keeps_it(dialect: str, line: str) -> None:
    schema = read_ddl_text("CREATE TABLE t (id int PRIMARY KEY, n int CHECK (n > 0))", dialect)
    (made,) = first_revision(backend_files(schema), "mysql")
    assert f"    {line}" in made


CHANGES = [
    (
        "n int, PRIMARY",
        "n int, m int NOT NULL DEFAULT 1, PRIMARY",
        ["ALTER TABLE `a` ADD COLUMN `m` int NOT NULL DEFAULT 1 AFTER `n`"],
    ),
    ("n int, PRIMARY", "n bigint, PRIMARY", ["ALTER TABLE `a` MODIFY COLUMN `n` bigint"]),
    (" ENGINE=InnoDB", " ENGINE=InnoDB COMMENT='x'", ["ALTER TABLE `a` ENGINE=InnoDB COMMENT='x'"]),
    (", KEY (n, id)", ", KEY `k` (n)", ["ALTER TABLE `a` DROP KEY `n_2`, ADD KEY `k` (`n`)"]),
    (
        "ON DELETE CASCADE",
        "ON DELETE SET NULL",
        [
            "ALTER TABLE `b` DROP FOREIGN KEY `b_ibfk_1`",
            "ALTER TABLE `b` ADD CONSTRAINT `b_ibfk_1` FOREIGN KEY (`a_id`) REFERENCES `a` (`id`) ON DELETE SET NULL",
        ],
    ),
    (
        "a_id int unsigned, t text",
        "a_id int unsigned NOT NULL DEFAULT 7",
        [
            "ALTER TABLE `b` DROP FOREIGN KEY `b_ibfk_1`",
            "UPDATE `b` SET `a_id` = 7 WHERE `a_id` IS NULL",
            "ALTER TABLE `b` DROP COLUMN `t`, MODIFY COLUMN `a_id` int unsigned NOT NULL DEFAULT 7",
            "ALTER TABLE `b` ADD CONSTRAINT `b_ibfk_1` FOREIGN KEY (`a_id`) REFERENCES `a` (`id`) ON DELETE CASCADE",
        ],
    ),
    (
        ", FOREIGN KEY (a_id) REFERENCES a (id) ON DELETE CASCADE",
        "",
        ["ALTER TABLE `b` DROP FOREIGN KEY `b_ibfk_1`", "ALTER TABLE `b` DROP KEY `a_id`"],
    ),
]


@pytest.mark.parametrize(("old", "new", "statements"), CHANGES)
def test_a_table_is_changed_by_one_statement(old: str, new: str, statements: list[str]) -> None:
    assert changes(BASE, BASE.replace(old, new)) == statements


def test_tables_and_columns_are_renamed() -> None:
    folder = Folder("mysql")
    folder.generate(BASE)
    folder.generate(f"{BASE} RENAME TABLE b TO c; ALTER TABLE c RENAME COLUMN t TO s;")
    (revision,) = (text for name, text in folder.texts.items() if name.startswith("0002"))
    upgrade = [" ".join(statement.split()) for statement in _statements(revision, "UPGRADE")["mysql"]]
    assert upgrade[1:3] == ["RENAME TABLE `b` TO `c`", "ALTER TABLE `c` CHANGE COLUMN `t` `s` text"]


def test_a_backend_of_an_earlier_version_gets_all_tables_in_its_next_revision() -> None:
    old = to_json(snapshot(BASE))
    for table in old["tables"]:
        del table["mysql"]
    found = difference(from_json(json.loads(json.dumps(old))), snapshot(BASE))
    assert [statement.split(" (")[0].split("\n")[0] for statement in mysql_statements.change(found)] == [
        "CREATE TABLE `a`",
        "CREATE TABLE `b`",
        "ALTER TABLE `b`",
    ]


def test_a_snapshot_is_the_same_after_it_was_stored() -> None:
    taken = snapshot(BASE)
    assert from_json(json.loads(json.dumps(to_json(taken)))) == taken
    assert all(table.mysql for table in taken.tables)


def _statements(module: str, name: str) -> Any:
    (value,) = (
        node.value
        for node in ast.parse(module).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name
    )
    return ast.literal_eval(value)
