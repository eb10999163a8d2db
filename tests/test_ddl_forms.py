"""Every form of DDL that the reader supports, as small statements with the expected result (tests/ddl/*.txt)."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import NamedTuple

import pytest

from runner.ddl.reader import read_ddl_text
from tests.ddl.describe import describe

FORMS = Path(__file__).parent / "ddl"


class Form(NamedTuple):
    dialect: str
    name: str
    ddl: str
    expected: str


def forms() -> list[Form]:
    found = []
    for path in sorted(FORMS.glob("*.txt")):
        for section in path.read_text(encoding="utf-8").split("\n=== ")[1:]:
            name, _, rest = section.partition("\n")
            ddl, _, expected = rest.partition("\n---\n")
            found.append(Form(path.stem, name, ddl, expected.strip("\n")))
    return found


@pytest.mark.parametrize("form", forms(), ids=lambda form: f"{form.dialect}: {form.name}")
def test_form_is_read_as_the_database_reads_it(form: Form):
    assert describe(read_ddl_text(form.ddl, form.dialect, "f")) == form.expected


@pytest.mark.parametrize("form", forms(), ids=lambda form: f"{form.dialect}: {form.name}")
def test_form_does_not_make_the_reader_fail(form: Form):
    assert not [note for note in read_ddl_text(form.ddl, form.dialect).notes if "fault of the reader" in note.reason]


LOADABLE = [form for form in forms() if form.dialect == "sqlite" and ".mode" not in form.ddl]


@pytest.mark.parametrize("form", LOADABLE, ids=lambda form: form.name)
def test_sqlite_itself_reads_the_form_the_same_way(form: Form):
    with sqlite3.connect(":memory:") as connection:
        connection.executescript(form.ddl.replace("CREATE TABLE sqlite_sequence(name,seq);", ""))
        for table in read_ddl_text(form.ddl, "sqlite").tables:
            rows = connection.execute(f'PRAGMA table_xinfo("{table.name}")').fetchall()
            assert [(column.name, column.type.text.lower(), column.nullable) for column in table.columns] == [
                (name, kind.lower(), not not_null) for _, name, kind, not_null, *_ in rows
            ]
            key = [name for _, name, _, _, _, place, _ in sorted(rows, key=lambda row: row[5]) if place]
            assert list(table.key_columns) == key
    connection.close()


def test_a_column_may_be_called_like_a_placeholder_of_the_reader() -> None:
    schema = read_ddl_text(
        'CREATE TABLE a ("__p0" int PRIMARY KEY, "__p1" int, UNIQUE ("__p0", "__p1"));'
        'CREATE TABLE b ("__proto__" int, "__p1" int DEFAULT 7, FOREIGN KEY ("__proto__") REFERENCES a,'
        ' FOREIGN KEY ("__proto__", "__p1") REFERENCES a ("__p0", "__p1") ON DELETE SET NULL ("__p1"));',
        "postgres",
    )
    assert not schema.notes
    first, second = schema.tables[1].foreign_keys
    assert (first.columns, first.set_columns) == (("__proto__",), ())
    assert (second.columns, second.set_columns) == (("__proto__", "__p1"), ("__p1",))
