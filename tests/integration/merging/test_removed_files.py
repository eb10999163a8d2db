"""Edited files whose table is dropped or renamed, and generated files that a person deletes."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.integration.merging.schema_changes import SCHOOL

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.merging.project import Project

MODEL = "backend/app/fees/model.py"
TYPES = "frontend/src/tables/fees/types.ts"
OWN = "\n\ndef office_total(amounts: list[int]) -> int:\n    return sum(amounts)\n"


def edit(project: Project, name: str, text: str) -> str:
    """Append a text to a generated file and return what it is then."""
    path = project.workspace / name
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")
    return path.read_text(encoding="utf-8")


def test_an_edited_file_of_a_dropped_table_stays_and_is_named(generated: Project, tmp_path: Path) -> None:
    project = generated.copy(tmp_path / "project")
    edited = edit(project, MODEL, OWN)
    project.set_ddl(replace(SCHOOL, tables=SCHOOL.tables[:-1]).ddl)
    listed = project.generate()
    assert re.search(rf"be-crud/fees.* except what was edited by hand: {MODEL}", listed.stdout), listed.stdout
    assert (project.workspace / MODEL).read_text(encoding="utf-8") == edited
    pruned = project.generate("--prune")
    assert re.search(rf"left {MODEL}: it was edited by hand", pruned.stdout), pruned.stdout
    assert (project.workspace / MODEL).read_text(encoding="utf-8") == edited
    assert not (project.workspace / TYPES).exists()  # nobody had edited it


def test_edits_move_with_a_renamed_table(generated: Project, tmp_path: Path) -> None:
    project = generated.copy(tmp_path / "project")
    edit(project, MODEL, OWN)
    edit(project, TYPES, "\nexport const office = 1;\n")
    project.set_ddl(replace(SCHOOL, renames=("ALTER TABLE fees RENAME TO charges",)).ddl)
    result = project.generate()
    assert result.returncode == 0, result.stdout + result.stderr
    model = (project.workspace / MODEL.replace("fees", "charges")).read_text(encoding="utf-8")
    assert OWN.strip() in model
    assert '__tablename__ = "charges"' in model
    assert "export const office = 1;" in (project.workspace / TYPES.replace("fees", "charges")).read_text(
        encoding="utf-8"
    )


def test_a_file_that_a_person_deletes_stays_deleted_until_it_is_forced(generated: Project, tmp_path: Path) -> None:
    project = generated.copy(tmp_path / "project")
    path = project.workspace / "backend/app/fees/README.md"
    path.unlink()
    assert project.generate().returncode == 0
    assert not path.exists()
    fees = SCHOOL.table("fees")
    longer = fees.with_column(replace(fees.columns[-1], name="remark"), 3)
    project.set_ddl(SCHOOL.with_table(longer).ddl)
    assert project.generate().returncode == 0
    assert not path.exists()
    assert project.generate("--check").returncode == 0
    assert "remark" in (project.workspace / MODEL).read_text(encoding="utf-8")
    assert project.generate("--force").returncode == 0
    assert "remark" in path.read_text(encoding="utf-8")
