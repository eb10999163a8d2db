"""Errors of MySQL 8 in the generated backend's terms; no server is at hand, so their forms are those of its manual."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

FOLDER = Path(__file__).parents[1] / "templates" / "be-boilerplate" / "backend" / "app" / "core"
MODULE = runpy.run_path(str(FOLDER / "{{ 'mysql' if serves_mysql else '' }}" / "diagnostics.py"))
REFERENCE = (
    "(`school`.`marks`, CONSTRAINT `marks_ibfk_1` FOREIGN KEY (`student_id`) REFERENCES `students` (`id`)"
    " ON DELETE CASCADE)"
)


@pytest.mark.parametrize(
    ("number", "message", "state", "found"),
    [
        (1048, "Column 'name' cannot be null", "23502", {"column_name": "name"}),
        (1364, "Field 'name' doesn't have a default value", "23502", {"column_name": "name"}),
        (1062, "Duplicate entry 'a' for key 'students.nisn_once'", "23505", {"constraint_name": "nisn_once"}),
        (1062, "Duplicate entry 'a.b' for key 'students.PRIMARY'", "23505", {"constraint_name": "PRIMARY"}),
        (1452, f"Cannot add or update a child row: a foreign key constraint fails {REFERENCE}", "23503",
         {"constraint_name": "marks_ibfk_1", "table_name": "marks", "message_detail": "Key (`student_id`)=()"}),
        (1451, f"Cannot delete or update a parent row: a foreign key constraint fails {REFERENCE}", "23503",
         {"constraint_name": "marks_ibfk_1", "table_name": "marks", "message_detail": "Key (`id`)=()"}),
        (3819, "Check constraint 'marks_chk_1' is violated.", "23514", {"constraint_name": "marks_chk_1"}),
        (1264, "Out of range value for column 'points' at row 1", "22003", {"column_name": "points"}),
        (1406, "Data too long for column 'name' at row 1", "22001", {"column_name": "name"}),
        (3140, "Invalid JSON text: \"Invalid value.\" at position 0 in value for column 'students.extra'.", "22P02",
         {"column_name": "extra"}),
        (3024, "Query execution was interrupted, maximum statement execution time exceeded", "57014", {}),
    ],
)  # fmt: skip
def test_an_error_names_what_is_at_fault(number: int, message: str, state: str, found: dict[str, str]) -> None:
    error: Any = Exception(number, message)
    context = SimpleNamespace(
        original_exception=error,
        sqlalchemy_exception=DBAPIError("", None, error),
        connection=None,
        statement="INSERT INTO students (id) VALUES (1)",
        parameters=None,
    )
    MODULE["_explain"](context)
    named = {name: getattr(error.diag, name) for name in found}
    assert (error.sqlstate, named) == (state, found)
