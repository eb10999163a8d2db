"""An unchanged plan is not validated again, unless something that its paths lead to has changed."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from runner.plan import validation
from runner.plan.loading import load_plan
from runner.records.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from runner.plan.plan_model import Plan

TEXT = """\
version: 1
name: school
ddl: [school.sql, more, "glob/*.sql"]
workspace: out
templates: mine
concurrency: {tasks: 2}
tasks:
  - id: crud
    description: BE CRUD APIs
    tables: [students]
  - description: FE CRUD services
    workspace: other
    options: {a: [1, 2.5, null, true, {b: text}]}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a plan and all that it names; the user's cache is empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "plans"
    for name in ("more", "glob", "out", "other", "mine"):
        (root / name).mkdir(parents=True)
    for name in ("school.sql", "more/a.sql", "glob/a.sql"):
        (root / name).write_text("CREATE TABLE students (id int PRIMARY KEY);")
    (root / "plan.yaml").write_text(TEXT)
    return root


@pytest.fixture
def validated(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the paths of the plans that were validated."""
    paths: list[Path] = []
    read = validation.read_plan

    def noted(path: Path, data: bytes) -> Plan:
        paths.append(path)
        return read(path, data)

    monkeypatch.setattr(validation, "read_plan", noted)
    return paths


def test_an_unchanged_plan_is_validated_once_and_comes_back_as_it_was(folder: Path, validated: list[Path]) -> None:
    first = load_plan(folder / "plan.yaml")
    again = load_plan(folder / "plan.yaml")
    assert len(validated) == 1
    assert again == first
    assert again.problem(again.tasks[0], "tables.include.0", "no", "") == first.problem(
        first.tasks[0], "tables.include.0", "no", ""
    )


def test_the_plan_is_named_as_the_user_names_it_now(
    folder: Path, validated: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    load_plan(folder / "plan.yaml")
    monkeypatch.chdir(folder)
    assert load_plan("plan.yaml").file == "plan.yaml"
    assert len(validated) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "plan.yaml").write_text(TEXT + "#"),
        lambda root: (root / "glob" / "b.sql").write_text(""),
        lambda root: (root / "more" / "b.sql").write_text(""),
        lambda root: (root / "more" / "a.sql").rename(root / "more" / "c.sql"),
        lambda root: (root / "out").rmdir(),
    ],
)
def test_a_change_has_the_plan_validated_again(
    folder: Path, validated: list[Path], change: Callable[[Path], object]
) -> None:
    before = load_plan(folder / "plan.yaml")
    change(folder)
    after = load_plan(folder / "plan.yaml")
    assert len(validated) == 2
    assert after.tasks[0].ddl_path is not None
    assert before.tasks[0].ddl_path is not None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda root: (root / "school.sql").unlink(), "does not exist"),
        (lambda root: shutil.rmtree(root / "mine"), "does not exist"),
        (lambda root: (root / "glob" / "a.sql").unlink(), "matches no file"),
        (lambda root: ((root / "out").rmdir(), (root / "out").write_text("")), "is a file"),
    ],
)
def test_a_plan_that_has_become_wrong_is_reported(folder: Path, change: Callable[[Path], object], message: str) -> None:
    load_plan(folder / "plan.yaml")
    change(folder)
    with pytest.raises(PlanError, match=message):
        load_plan(folder / "plan.yaml")


def test_a_link_that_leads_elsewhere_is_followed_again(folder: Path, validated: list[Path]) -> None:
    (folder / "other").rmdir()
    (folder / "other").symlink_to(folder / "out")
    assert load_plan(folder / "plan.yaml").tasks[1].workspace_path == folder / "out"
    (folder / "other").unlink()
    (folder / "other").symlink_to(folder / "mine")
    assert load_plan(folder / "plan.yaml").tasks[1].workspace_path == folder / "mine"
    assert len(validated) == 2


def test_the_same_text_elsewhere_is_another_plan(folder: Path, tmp_path: Path, validated: list[Path]) -> None:
    load_plan(folder / "plan.yaml")
    shutil.copytree(folder, tmp_path / "copy")
    assert load_plan(tmp_path / "copy" / "plan.yaml").workspace == tmp_path / "copy" / "out"
    assert len(validated) == 2


def test_a_cache_that_others_can_write_is_not_read(folder: Path, tmp_path: Path, validated: list[Path]) -> None:
    load_plan(folder / "plan.yaml")
    (saved,) = (tmp_path / "cache").rglob("plans/*.pickle")
    for content, mode in ((b"cposix\nsystem\n(S'false'\ntR.", 0o600), (saved.read_bytes(), 0o666), (b"N.", 0o600)):
        saved.write_bytes(content)
        saved.chmod(mode)
        load_plan(folder / "plan.yaml")
    assert len(validated) == 4
