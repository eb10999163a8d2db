"""Generating a frontend again, with the real command: what changes with one table, and which manual edits stay."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.integration.command import make_folder

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.command import Folder

DDL = """\
CREATE TABLE students (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    full_name varchar(80) NOT NULL
);
CREATE TABLE teachers (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE fees (
    id bigint PRIMARY KEY,
    student_id bigint NOT NULL REFERENCES students,
    amount numeric(12, 2) NOT NULL
);
"""
LONGER = DDL.replace("full_name varchar(80) NOT NULL", "full_name varchar(80) NOT NULL,\n    nickname varchar(40)")
NEW_TABLE = """\
CREATE TABLE student_notes (
    id bigint PRIMARY KEY,
    student_id bigint NOT NULL REFERENCES students,
    teacher_id bigint NOT NULL REFERENCES teachers,
    note text NOT NULL
);
"""
ONCE = ("src/own/theme.ts", "src/own/home.tsx", "src/own/http.ts", "src/pages/students/customize.tsx")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    found = make_folder(tmp_path, DDL)
    tasks = (
        {"id": "fe-setup", "description": "FE setup", "priority": 9},
        {"id": "fe-crud", "description": "FE CRUD services", "needs": ["fe-setup"]},
        {"id": "ui-crud", "description": "UI CRUD pages", "needs": ["fe-crud"]},
    )
    found.write_plan(*tasks)
    generate(found)
    return found


def generate(folder: Folder) -> str:
    result = folder.run("plan.yaml")
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


def changed(folder: Folder, ddl: str) -> set[str]:
    """Return the files that another DDL changes, makes or removes."""
    before = folder.files()
    (folder.path / "school.sql").write_text(ddl)
    generate(folder)
    after = folder.files()
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


def test_a_changed_table_changes_its_own_files_only(folder: Folder) -> None:
    found = changed(folder, LONGER)
    assert found
    assert {path for path in found if not re.match(r"frontend/src/(tables|pages)/students/", path)} == set()
    assert {path.split("/")[2] for path in found} == {"tables", "pages"}


def test_a_new_table_needs_no_other_file(folder: Folder) -> None:
    found = changed(folder, DDL + NEW_TABLE)
    assert {"frontend/src/pages/student_notes/page.tsx", "frontend/src/tables/student_notes/index.ts"} <= found
    assert {path for path in found if not re.match(r"frontend/src/(tables|pages)/student_notes/", path)} == set()


def test_an_edited_file_is_merged(folder: Folder) -> None:
    page = folder.workspace / "frontend" / "src" / "pages" / "students" / "page.tsx"
    edited = page.read_text() + "// mine\n"
    page.write_text(edited)
    (folder.path / "school.sql").write_text(LONGER)
    assert "1 merged" in generate(folder)
    assert page.read_text().endswith("// mine\n")
    assert "nickname" in page.read_text()
    assert "nickname" in (folder.workspace / "frontend/src/tables/students/types.ts").read_text()


def test_what_is_made_once_is_never_touched(folder: Folder) -> None:
    frontend = folder.workspace / "frontend"
    for name in ONCE:
        assert (frontend / name).read_text()
        (frontend / name).write_text(f"// mine: {name}\n")
    assert changed(folder, LONGER)
    result = folder.run("plan.yaml", "--force")
    assert result.returncode == 0, result.stderr
    assert {name: (frontend / name).read_text() for name in ONCE} == {name: f"// mine: {name}\n" for name in ONCE}


def test_nothing_changed_writes_nothing(folder: Folder) -> None:
    before = folder.times("inputs")
    generate(folder)
    assert folder.times("inputs") == before
