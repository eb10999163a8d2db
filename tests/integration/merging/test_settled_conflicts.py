"""A true conflict: what each answer leaves, that the next run accepts it, and what `--check` says before."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.integration.merging.project import REJECTED
from tests.integration.merging.schema_changes import SCHOOL, Draft

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.merging.project import Project

SCHEMAS = "backend/app/students/schemas.py"
TYPES = "frontend/src/tables/students/types.ts"
OLD, MINE, NEW = "max_length=80", "max_length=70", "max_length=100"
NOTE = "# the office prints this\n"


def longer_names() -> Draft:
    """Return the school with longer names of students, and a column more."""
    students = SCHOOL.table("students")
    columns = [replace(one, type="varchar(100)") if one.name == "full_name" else one for one in students.columns]
    columns.append(replace(columns[1], name="nickname", type="varchar(40)", constraints=""))
    return SCHOOL.with_table(replace(students, columns=tuple(columns)))


@pytest.fixture
def contradicting(generated: Project, tmp_path: Path) -> Project:
    """Return a project in which one file contradicts what will be generated, and another can be merged."""
    project = generated.copy(tmp_path / "project")
    for name, old, new in ((SCHEMAS, OLD, MINE), (TYPES, "/** A new student. */", "/** Who enrols. */")):
        text = (project.workspace / name).read_text(encoding="utf-8")
        assert text.count(old) == 1
        (project.workspace / name).write_text(f"{text.replace(old, new)}", encoding="utf-8")
    path = project.workspace / SCHEMAS
    path.write_text(NOTE + path.read_text(encoding="utf-8"), encoding="utf-8")
    project.set_ddl(longer_names().ddl)
    return project


def test_check_tells_what_would_merge_and_what_would_conflict(contradicting: Project) -> None:
    before = contradicting.tree()
    reports = ("--json", "check.json", "--junit", "check.xml")
    result = contradicting.generate("--check", *reports)
    assert result.returncode == 3, result.stdout + result.stderr
    junit = (contradicting.folder.path / "check.xml").read_text(encoding="utf-8")
    report = json.loads((contradicting.folder.path / "check.json").read_text(encoding="utf-8"))
    files = [file for task in report["tasks"] for subtask in task["subtasks"] for file in subtask["changes"]]
    for verb, name in (("conflict", SCHEMAS), ("merge", TYPES)):
        assert re.search(rf"would {verb} +{re.escape(name)}", result.stdout), result.stdout
        assert re.search(rf"^{verb} {re.escape(name)}", junit, re.MULTILINE), junit
        assert [file["path"] for file in files if file["verb"] == verb] == [name]
    assert contradicting.tree() == before


@pytest.mark.parametrize(
    ("choice", "has", "lacks"), [("--ours", MINE, NEW), ("--theirs", NEW, MINE)], ids=["ours", "theirs"]
)
def test_an_answer_settles_a_conflict(choice: str, has: str, lacks: str, contradicting: Project) -> None:
    """Either answer has the rest of both: the user's comment and the new column."""
    path = contradicting.workspace / SCHEMAS
    edited = path.read_bytes()
    assert contradicting.generate().returncode == 1
    assert path.read_bytes() == edited
    shown = contradicting.folder.run("resolve", f"out/{SCHEMAS}")
    assert shown.returncode == 1
    assert MINE in shown.stdout
    assert NEW in shown.stdout
    assert contradicting.generate().returncode == 1  # nothing changed, and nobody has answered

    settled = contradicting.folder.run("resolve", f"out/{SCHEMAS}", choice)
    assert settled.returncode == 0, settled.stdout + settled.stderr
    text = path.read_text(encoding="utf-8")
    assert has in text
    assert lacks not in text
    assert NOTE in text
    assert "nickname" in text
    assert not path.with_name(f"{path.name}{REJECTED}").exists()
    assert_accepted(contradicting)


def test_quiet_lists_what_to_do_about_a_conflict(contradicting: Project) -> None:
    result = contradicting.generate("-q")
    assert result.returncode == 1, result.stdout + result.stderr
    assert result.stdout == ""
    assert f"  runner resolve out/{SCHEMAS}\n" in result.stderr
    assert "--rerun-failed" not in result.stderr


def test_an_edited_file_settles_a_conflict(contradicting: Project) -> None:
    path = contradicting.workspace / SCHEMAS
    assert contradicting.generate().returncode == 1
    rejected = path.with_name(f"{path.name}{REJECTED}").read_text(encoding="utf-8")
    generated = rejected.partition("---- the generated text\n")[2]  # a person takes it, and keeps some of their own
    path.write_text(NOTE + generated.replace(NEW, "max_length=90"), encoding="utf-8")
    settled = contradicting.folder.run("resolve", f"out/{SCHEMAS}", "--edited")
    assert settled.returncode == 0, settled.stdout + settled.stderr
    assert "max_length=90" in path.read_text(encoding="utf-8")
    assert_accepted(contradicting)


def assert_accepted(project: Project) -> None:
    """The next run has nothing to do, nor has `--check`; after another change of the schema it merges as before."""
    before = project.tree()
    result = project.generate()
    assert result.returncode == 0, result.stdout + result.stderr
    assert project.generate("--check").returncode == 0
    assert project.tree() == before
    project.set_ddl(longer_names().ddl.replace("nickname", "byname"))
    again = project.generate()
    text = (project.workspace / SCHEMAS).read_text(encoding="utf-8")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "byname" in text
    assert NOTE in text


def test_markers_put_both_versions_into_the_file(contradicting: Project) -> None:
    result = contradicting.generate("--conflict", "markers")
    assert result.returncode == 1, result.stdout
    text = (contradicting.workspace / SCHEMAS).read_text(encoding="utf-8")
    places = [text.index(part) for part in ("<<<<<<<", MINE, "|||||||", OLD, "=======", NEW, ">>>>>>>")]
    assert places == sorted(places)
    assert "nickname" in text
    assert contradicting.generate("--conflict", "markers").returncode == 1
    assert (contradicting.workspace / SCHEMAS).read_text(encoding="utf-8") == text  # not marked twice


def test_keep_leaves_the_file_alone(contradicting: Project) -> None:
    path = contradicting.workspace / SCHEMAS
    edited = path.read_bytes()
    assert contradicting.generate("--conflict", "keep").returncode == 1
    assert path.read_bytes() == edited
    assert not path.with_name(f"{path.name}{REJECTED}").exists()


def test_theirs_takes_the_generated_version_and_saves_the_file(contradicting: Project) -> None:
    path = contradicting.workspace / SCHEMAS
    edited = path.read_bytes()
    result = contradicting.generate("--conflict", "theirs")
    assert result.returncode == 0, result.stdout + result.stderr
    assert NEW in path.read_text(encoding="utf-8")
    assert path.with_name(f"{path.name}.orig").read_bytes() == edited


def test_a_missing_base_keeps_the_file_and_says_so(contradicting: Project) -> None:
    path = contradicting.workspace / TYPES
    edited = path.read_bytes()
    for base in (contradicting.workspace / ".runner" / "base").rglob("*"):
        if base.is_file():
            base.unlink()
    result = contradicting.generate()
    assert path.read_bytes() == edited
    lines = [line for line in (result.stdout + result.stderr).splitlines() if TYPES in line]
    assert any("base" in line for line in lines), result.stdout + result.stderr
