"""What the model derives from tables that refer to each other, and that it needs no SQL parser."""

from __future__ import annotations

import subprocess
import sys

from runner.ddl.reader import read_ddl_text

DDL = """
CREATE TABLE student (id int PRIMARY KEY, mentor_id int REFERENCES student);
CREATE TABLE course (id int PRIMARY KEY, code text);
CREATE TABLE seat (student_id int REFERENCES student, course_id int REFERENCES course,
    since timestamptz DEFAULT now(), PRIMARY KEY (student_id, course_id));
CREATE TABLE graded_seat (student_id int REFERENCES student, course_id int REFERENCES course, grade int,
    PRIMARY KEY (student_id, course_id));
CREATE TABLE numbered_seat (id serial PRIMARY KEY, student_id int REFERENCES student, course_id int REFERENCES course,
    UNIQUE (student_id, course_id));
CREATE TABLE keyless_seat (student_id int REFERENCES student, course_id int REFERENCES course,
    UNIQUE (student_id, course_id));
CREATE TABLE present (student_id int PRIMARY KEY REFERENCES student);
CREATE TABLE swap (a_id int REFERENCES student, b_id int REFERENCES student, PRIMARY KEY (a_id, b_id));
CREATE TABLE log (line text);
"""


def test_link_tables_are_those_with_nothing_of_their_own():
    schema = read_ddl_text(DDL, "postgres")
    assert [found.name.name for found in schema.tables if found.is_link] == ["seat", "keyless_seat", "swap"]


def test_model_and_dialects_import_no_parser():
    code = """
import sys, runner.ddl.model, runner.ddl.schema_json, runner.ddl.sql_files
from runner.ddl.dialects import NAMES, dialect_named
[dialect_named(name) for name in NAMES]
print("sqlglot" in sys.modules)"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
