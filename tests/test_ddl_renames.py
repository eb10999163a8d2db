"""Renamed objects of the DDL keep their earlier names, so that a migration can rename instead of drop and add."""

from __future__ import annotations

from runner.ddl.qualified_name import QName
from runner.ddl.reader import read_ddl_text


def test_renamed_tables_and_columns_keep_their_earlier_names() -> None:
    schema = read_ddl_text(
        """
        CREATE TABLE pupils (id int PRIMARY KEY, nick text, class_id int);
        ALTER TABLE pupils RENAME COLUMN nick TO nickname;
        ALTER TABLE pupils RENAME TO learners;
        ALTER TABLE learners RENAME nickname TO alias;
        ALTER TABLE learners RENAME TO students;
        """,
        "postgres",
    )
    (table,) = schema.tables
    assert [str(name) for name in table.former] == ["public.pupils", "public.learners"]
    assert {column.name: column.former for column in table.columns} == {
        "id": (),
        "alias": ("nick", "nickname"),
        "class_id": (),
    }


def test_renamed_types_and_values_keep_their_earlier_names() -> None:
    schema = read_ddl_text(
        """
        CREATE TYPE mood AS ENUM ('sad', 'ok');
        CREATE DOMAIN code AS text;
        CREATE TABLE t (id int PRIMARY KEY, mood mood, code code);
        ALTER TYPE mood RENAME VALUE 'ok' TO 'fine';
        ALTER TYPE mood RENAME TO feeling;
        ALTER DOMAIN code RENAME TO token;
        """,
        "postgres",
    )
    (enum,), (domain,) = schema.enums, schema.domains
    assert enum.values == ("sad", "fine")
    assert enum.former == (QName(schema="public", name="mood"),)
    assert enum.former_values == (("ok", "fine"),)
    assert domain.former == (QName(schema="public", name="code"),)


def test_mysql_change_is_a_rename_as_well() -> None:
    schema = read_ddl_text("CREATE TABLE t (a int, b int); ALTER TABLE t CHANGE a c bigint NOT NULL;", "mysql")
    column = schema.tables[0].columns_by_name["c"]
    assert (column.former, column.nullable) == (("a",), False)


def test_a_column_called_key_is_renamed_like_any_other() -> None:
    schema = read_ddl_text("CREATE TABLE t (key int); ALTER TABLE t RENAME key TO code;", "postgres")
    assert [column.name for column in schema.tables[0].columns] == ["code"]
    assert not schema.notes


def test_a_renamed_column_has_its_new_name_in_every_expression() -> None:
    schema = read_ddl_text(
        """
        CREATE TABLE t (id int PRIMARY KEY, a text, b text GENERATED ALWAYS AS (a || 'a') STORED);
        CREATE INDEX i ON t (lower(a)) WHERE a <> 'a' ;
        ALTER TABLE t RENAME COLUMN a TO c;
        """,
        "postgres",
    )
    (table,) = schema.tables
    (index,) = table.indexes
    generated = table.columns_by_name["b"].generated
    assert generated is not None
    assert (generated.text, index.parts[0].expression, index.where) == ("c || 'a'", "lower(c)", "c <> 'a'")
