"""What is kept of a schema to say later how its tables have changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from runner.ddl.reader import read_ddl
from runner.ddl.schema_outline import ADDED, DROPPED, object_changes, outline_of, table_changes

if TYPE_CHECKING:
    from pathlib import Path

    from runner.ddl.schema_outline import Outline

DDL = """\
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE classes (id bigint PRIMARY KEY, name text NOT NULL, level int CHECK (level > 0));
CREATE TABLE students (id bigint PRIMARY KEY, class_id bigint REFERENCES classes (id), mood mood);
"""


@pytest.fixture
def outline(tmp_path: Path):
    def read(text: str) -> Outline:
        path = tmp_path / "school.sql"
        path.write_text(text)
        return outline_of(read_ddl([path], "postgres"))

    return read


def changes(before: Outline, now: Outline) -> dict[str, tuple[str, ...]]:
    kept = json.loads(json.dumps(before))  # as a file holds it
    return {change.table: change.marks for change in table_changes(kept, now)}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("name text NOT NULL", "name text NOT NULL, email text", {"classes": ("+column email",)}),
        ("name text NOT NULL, ", "", {"classes": ("-column name",)}),
        ("name text NOT NULL", "name varchar(20) NOT NULL", {"classes": ("~column name",)}),
        ("name text NOT NULL", "title text NOT NULL", {"classes": ("+column title", "-column name")}),
        ("level > 0", "level > 1", {"classes": ("~check",)}),
        (" CHECK (level > 0)", "", {"classes": ("-check",)}),
        (" REFERENCES classes (id)", "", {"students": ("-foreign key",)}),
        (");\nCREATE TABLE students", ");\n-- a remark\n\nCREATE TABLE students", {}),
        ("id bigint PRIMARY KEY, name text NOT NULL", "name text NOT NULL, id bigint PRIMARY KEY",
         {"classes": ("~order of columns",)}),
    ],
)  # fmt: skip
def test_a_change_of_a_table_is_named(outline, old: str, new: str, expected: dict[str, tuple[str, ...]]) -> None:
    assert changes(outline(DDL), outline(DDL.replace(old, new, 1))) == expected


def test_tables_come_and_go(outline) -> None:
    more = f"{DDL}CREATE TABLE fees (id bigint PRIMARY KEY);\n"
    assert changes(outline(DDL), outline(more)) == {"fees": ADDED}
    assert changes(outline(more), outline(DDL)) == {"fees": DROPPED}


def test_types_are_named_and_the_columns_of_a_change_are_known(outline) -> None:
    now = outline(DDL.replace("'bad'", "'bad', 'so so'").replace("level int", "level bigint"))
    assert object_changes(outline(DDL), now) == ("~type mood",)
    (change, *_) = table_changes(outline(DDL), now)
    assert (change.table, change.columns) == ("classes", ("level",))


def test_what_is_no_outline_is_refused() -> None:
    for damaged in ({}, {"tables": None}, {"tables": {"a": 1}}):
        with pytest.raises((KeyError, TypeError, AttributeError)):
            list(table_changes(damaged, {"tables": {"a": {"columns": {}}}}))
