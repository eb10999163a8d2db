"""What the model tells of tables that refer to each other."""

from __future__ import annotations

import subprocess
import sys

import pytest

from runner.ddl.model import QName, Schema, Table
from runner.ddl.reader import read_ddl_text

DDL = """
CREATE TABLE student (id int PRIMARY KEY, mentor_id int REFERENCES student);
CREATE TABLE course (id int PRIMARY KEY, code text);
CREATE UNIQUE INDEX ON course (code);
CREATE TABLE seat (student_id int REFERENCES student, course_id int REFERENCES course,
    since timestamptz DEFAULT now(), PRIMARY KEY (student_id, course_id));
CREATE TABLE graded_seat (student_id int REFERENCES student, course_id int REFERENCES course, grade int,
    PRIMARY KEY (student_id, course_id));
CREATE TABLE numbered_seat (id serial PRIMARY KEY, student_id int REFERENCES student, course_id int REFERENCES course,
    UNIQUE (student_id, course_id));
CREATE TABLE keyless_seat (student_id int REFERENCES student, course_id int REFERENCES course,
    UNIQUE (student_id, course_id));
CREATE TABLE profile (student_id int PRIMARY KEY REFERENCES student, text text);
CREATE TABLE present (student_id int PRIMARY KEY REFERENCES student);
CREATE TABLE swap (a_id int REFERENCES student, b_id int REFERENCES student, PRIMARY KEY (a_id, b_id));
CREATE TABLE room (id int PRIMARY KEY, teacher_id int);
CREATE TABLE teacher (id int PRIMARY KEY, room_id int REFERENCES room);
CREATE TABLE badge (id int PRIMARY KEY, teacher_id int REFERENCES teacher);
ALTER TABLE room ADD FOREIGN KEY (teacher_id) REFERENCES teacher, ADD badge_id int REFERENCES badge;
CREATE TABLE log (line text);
"""


@pytest.fixture(scope="module")
def schema() -> Schema:
    return read_ddl_text(DDL, "postgres")


def name(text: str) -> QName:
    return QName(schema="public", name=text)


def table(schema: Schema, text: str) -> Table:
    return schema.tables_by_name[name(text)]


def test_link_tables_are_those_with_nothing_of_their_own(schema: Schema):
    assert [found.name.name for found in schema.tables if found.is_link] == ["seat", "keyless_seat", "swap"]


def test_one_to_one_is_a_reference_that_is_unique(schema: Schema):
    profile, seat = table(schema, "profile"), table(schema, "seat")
    assert profile.is_one_to_one(profile.foreign_keys[0])
    assert not any(seat.is_one_to_one(key) for key in seat.foreign_keys)


def test_several_references_to_one_table(schema: Schema):
    swap = table(schema, "swap")
    assert swap.references_many(name("student"))
    assert [key.columns for key in swap.references_to(name("student"))] == [("a_id",), ("b_id",)]
    assert not table(schema, "seat").references_many(name("student"))


def test_self_reference(schema: Schema):
    assert [key.columns for key in table(schema, "student").self_references] == [("mentor_id",)]
    assert not table(schema, "seat").self_references


def test_cycles_are_groups_in_order_of_definition(schema: Schema):
    assert schema.cycles == ((name("room"), name("teacher"), name("badge")),)


def test_uniques_come_from_keys_and_indexes(schema: Schema):
    assert table(schema, "course").uniques == (("id",), ("code",))
    assert table(schema, "log").uniques == ()


def test_a_cycle_of_a_thousand_tables_is_found_without_recursion():
    count = 2000
    ddl = ";".join(
        f"CREATE TABLE t{n} (id int PRIMARY KEY, r int REFERENCES t{(n + 1) % count} (id))" for n in range(count)
    )
    assert [len(cycle) for cycle in read_ddl_text(ddl, "postgres").cycles] == [count]


def test_model_and_splitter_import_no_parser():
    code = "import sys, runner.ddl.model, runner.ddl.splitter, runner.ddl.schema_json; print('sqlglot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
