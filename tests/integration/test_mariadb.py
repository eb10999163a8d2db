"""The forms of MariaDB against a real server, if one is installed: `apt-get install mariadb-server`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from runner.ddl.reader import read_ddl_text
from tests.test_ddl_forms import Form, forms

if TYPE_CHECKING:
    from tests.integration.mariadb import MariadbDatabase

pytest_plugins = ["tests.integration.mariadb"]

WIDTH = re.compile(r"\b((?:tiny|small|medium|big)?int|year)\(\d+\)")  # that MySQL 8 does not show
COMPRESSED = re.compile(r" /\*M!100301 COMPRESSED\*/")
JSON = re.compile(r"^(?:long)?text$")
COLUMNS = """
    SELECT table_name, column_name, column_type, is_nullable
    FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema = database() AND table_type <> 'SEQUENCE'
    ORDER BY table_name, ordinal_position"""
KEYS = """
    SELECT table_name, column_name FROM information_schema.statistics
    WHERE table_schema = database() AND index_name = 'PRIMARY' ORDER BY table_name, seq_in_index"""


def server_type(text: str) -> str:
    """Return a column's type as MySQL 8 would show it; JSON is text to this server."""
    return JSON.sub("json", COMPRESSED.sub("", WIDTH.sub(r"\1", text)))


@pytest.mark.parametrize("form", [form for form in forms() if form.dialect == "mariadb"], ids=lambda form: form.name)
def test_server_has_the_same_columns_and_keys(mariadb_database: MariadbDatabase, form: Form) -> None:
    mariadb_database.run(form.ddl)
    columns = mariadb_database.run(COLUMNS)
    keys = mariadb_database.run(KEYS)
    tables = sorted(read_ddl_text(form.ddl, "mariadb").tables, key=lambda table: table.name.name)
    assert [
        [table.name.name, column.name, JSON.sub("json", column.type.text), "YES" if column.nullable else "NO"]
        for table in tables
        for column in table.columns
    ] == [[table, name, server_type(kind), nullable] for table, name, kind, nullable in columns]
    assert [[table.name.name, name] for table in tables for name in table.key_columns] == keys
