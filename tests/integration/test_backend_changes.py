"""A change to one table in the DDL changes the files that depend on it, and no other."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tests.integration.command import ROOT, Folder

if TYPE_CHECKING:
    from pathlib import Path

_COLUMN = "CREATE TABLE students (\n"


def files(folder: Folder) -> dict[str, bytes]:
    """Return the generated files by path in the backend."""
    root = folder.path / "build" / "school" / "backend"
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_new_column_changes_what_depends_on_its_table(tmp_path: Path) -> None:
    folder = Folder(path=tmp_path)
    shutil.copytree(ROOT / "plans", tmp_path / "plans")
    assert folder.run("plans/school.yaml").returncode == 0
    before = files(folder)

    ddl = tmp_path / "plans" / "school.sql"
    text = ddl.read_text(encoding="utf-8")
    assert text.count(_COLUMN) == 1
    ddl.write_text(text.replace(_COLUMN, f"{_COLUMN}    shoe_size smallint,\n"), encoding="utf-8")
    result = folder.run("plans/school.yaml")
    assert result.returncode == 0, result.stderr

    after = files(folder)
    changed = {path for path, content in after.items() if before.get(path) != content}
    assert set(before) - set(after) == set()
    revisions = {path for path in changed if path.startswith("migrations/versions/")}
    assert revisions
    assert not revisions & set(before)  # the difference is a separate revision
    assert changed - revisions == {
        "app/students/README.md",
        "app/students/model.py",
        "app/students/schemas.py",
        "app/students/students.http",
        "tests/students/case.py",
    }
