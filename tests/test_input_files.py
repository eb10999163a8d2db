"""Which files a plan depends on, also while it or they are broken."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from runner.plan.input_files import PlanInputs

if TYPE_CHECKING:
    from pathlib import Path


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def names(root: Path) -> set[str]:
    """Return the input files of the plan in a folder, relative to it."""
    return {os.path.relpath(file, root) for file in PlanInputs(root / "plan.yaml").find().digests}


def folders(root: Path) -> set[str]:
    return {os.path.relpath(folder, root) for folder in PlanInputs(root / "plan.yaml").find().folders}


@pytest.mark.parametrize(
    ("plan", "files", "watched"),
    [
        ("ddl: a.sql", {"plan.yaml", "a.sql"}, {"."}),
        ("ddl: missing/b.sql", {"plan.yaml", "missing/b.sql"}, {"."}),
        ("ddl: [a.sql, sql]", {"plan.yaml", "a.sql", "sql/1.sql"}, {".", "sql", "sql/inner"}),
        ("ddl: sql/*.sql", {"plan.yaml", "sql/1.sql"}, {".", "sql", "sql/inner"}),
        ("ddl: 'sql/**/*.sql'", {"plan.yaml", "sql/1.sql", "sql/inner/2.sql"}, {".", "sql", "sql/inner"}),
        ("ddl: postgresql://reader@localhost/school", {"plan.yaml"}, {"."}),
        ("ddl: [", {"plan.yaml"}, {"."}),
        ("labels: labels.yaml", {"plan.yaml", "labels.yaml"}, {"."}),
        ("templates: own", {"plan.yaml", "own/k/t.j2"}, {".", "own", "own/k"}),
        ("tasks: [{agent: 'single:Agent'}]", {"plan.yaml", "single.py"}, {"."}),
        ("tasks: [{agent: 'missing:Agent'}]", {"plan.yaml", "missing.py"}, {"."}),
        ("tasks: [{agent: 'package.agents:Agent'}]", {"plan.yaml", "package/__init__.py", "package/set/t.j2"}, None),
        ("tasks: [{agent: be-crud}, 7]", {"plan.yaml"}, {"."}),
        ("nothing", {"plan.yaml"}, {"."}),
    ],
)
def test_the_files_and_folders_that_a_plan_depends_on(
    tmp_path: Path, plan: str, files: set[str], watched: set[str] | None
) -> None:
    write(
        tmp_path,
        {
            "plan.yaml": f"{plan}\n",
            "a.sql": "",
            "sql/1.sql": "",
            "sql/inner/2.sql": "",
            "sql/.hidden/3.sql": "",
            "labels.yaml": "",
            "own/k/t.j2": "",
            "own/k/t.j2~": "",
            "single.py": "",
            "package/__init__.py": "",
            "package/set/t.j2": "",
            "package/__pycache__/x.pyc": "",
        },
    )
    assert names(tmp_path) == files
    if watched is not None:
        assert folders(tmp_path) == watched


def test_a_plan_that_cannot_be_read_for_a_while_names_what_it_named(tmp_path: Path) -> None:
    write(tmp_path, {"plan.yaml": "ddl: a.sql\n", "a.sql": ""})
    inputs = PlanInputs(tmp_path / "plan.yaml")
    before = inputs.find()
    (tmp_path / "plan.yaml").write_text("ddl: [")
    now = inputs.find()
    assert set(now.digests) == set(before.digests)
    assert [path.name for path in now.changed_since(before)] == ["plan.yaml"]


def test_what_a_link_leads_to_is_watched(tmp_path: Path) -> None:
    write(tmp_path, {"elsewhere/a.sql": "", "project/plan.yaml": "ddl: a.sql\n"})
    (tmp_path / "project" / "a.sql").symlink_to(tmp_path / "elsewhere" / "a.sql")
    assert folders(tmp_path / "project") == {".", "../elsewhere"}


def test_added_changed_and_removed_files_are_changes_and_a_new_time_is_not(tmp_path: Path) -> None:
    write(tmp_path, {"plan.yaml": "ddl: sql\n", "sql/1.sql": "", "sql/2.sql": ""})
    inputs = PlanInputs(tmp_path / "plan.yaml")
    before = inputs.find()
    os.utime(tmp_path / "sql" / "1.sql", (1, 1))
    assert inputs.find().changed_since(before) == ()
    write(tmp_path, {"sql/1.sql": "changed", "sql/3.sql": ""})
    (tmp_path / "sql" / "2.sql").unlink()
    changed = inputs.find().changed_since(before)
    assert sorted(path.name for path in changed) == ["1.sql", "2.sql", "3.sql"]


def test_a_folder_of_sql_around_the_workspace_does_not_watch_the_workspace(tmp_path: Path) -> None:
    write(tmp_path, {"plan.yaml": "ddl: '**/*.sql'\nworkspace: out\n", "a.sql": "", "out/deep/x.txt": ""})
    assert folders(tmp_path) == {"."}


def test_a_pipe_among_the_inputs_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, {"plan.yaml": "labels: pipe\n"})
    os.mkfifo(tmp_path / "pipe")
    assert dict(PlanInputs(tmp_path / "plan.yaml").find().digests)[tmp_path / "pipe"] is None
