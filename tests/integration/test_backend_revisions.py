"""Revisions after real runs of the generator: among the user's own, after a killed run, and no others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.integration.backend import own_tests, run
from tests.integration.migrating import STATES, Project, sqlite_database

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.migrating import Database

ONE = "CREATE TABLE choirs (id int PRIMARY KEY, title text);\n"
TWO = "CREATE TABLE choirs (id int PRIMARY KEY, title text, size int NOT NULL DEFAULT 1 CHECK (size > 0));\n"
THREE = "CREATE TABLE choirs (id int PRIMARY KEY, size int NOT NULL DEFAULT 1 CHECK (size > 0));\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "project")
    made.generate_from(ONE)
    return made


@pytest.fixture
def small(tmp_path: Path) -> Database:
    """A database for schemas of one table."""
    return sqlite_database(tmp_path / "small.db")


def test_what_the_owner_made_on_a_table_outlives_its_being_made_anew(project: Project, small: Database) -> None:
    project.alembic(small, "upgrade", "head")
    for statement in (
        "CREATE TABLE log (title text)",
        "CREATE TRIGGER told AFTER INSERT ON choirs BEGIN INSERT INTO log VALUES (new.title); END",
        'CREATE INDEX "my titles" ON choirs (title)',
        "CREATE VIEW loud AS SELECT upper(title) AS title FROM choirs",
        "INSERT INTO choirs VALUES (1, 'Nord')",
    ):
        small.execute(statement)
    project.generate_from(TWO)
    project.alembic(small, "upgrade", "head")
    small.execute("INSERT INTO choirs (id, title) VALUES (2, 'Ost')")
    assert small.execute("SELECT title FROM log") == [("Nord",), ("Ost",)]
    assert small.execute("SELECT title FROM loud") == [("NORD",), ("OST",)]
    assert small.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND name LIKE 'my%'") == [("my titles",)]
    project.generate_from(f"{TWO}ALTER TABLE choirs RENAME COLUMN title TO name; ALTER TABLE choirs RENAME TO groups;")
    project.alembic(small, "upgrade", "head")
    small.execute("INSERT INTO groups (id, name) VALUES (3, 'West')")
    assert small.execute("SELECT title FROM log") == [("Nord",), ("Ost",), ("West",)]
    assert small.execute("SELECT title FROM loud") == [("NORD",), ("OST",), ("WEST",)]
    project.alembic(small, "downgrade", "-1")
    small.execute("INSERT INTO choirs (id, title) VALUES (4, 'Süd')")
    assert small.execute("SELECT title FROM log WHERE title = 'Süd'") == [("Süd",)]
    project.generate_from(f"{THREE}ALTER TABLE choirs RENAME TO groups;")
    refused = project.try_alembic(small, "-x", "allow-data-loss=0004", "upgrade", "head")
    assert "no such column: name" in refused.stderr  # the owner's index lacks its column: the owner decides
    assert small.execute("SELECT id, name, size FROM groups") == [
        (1, "Nord", 1),
        (2, "Ost", 1),
        (3, "West", 1),
        (4, "Süd", 1),
    ]


def test_an_index_that_the_schema_drops_is_gone(project: Project, small: Database) -> None:
    project.generate_from(f"{ONE}CREATE INDEX titles ON choirs (title);")
    project.alembic(small, "upgrade", "head")
    count = "SELECT count(*) FROM sqlite_master WHERE name = 'titles'"
    assert small.execute(count) == [(1,)]
    project.generate_from(ONE)
    project.alembic(small, "upgrade", "head")
    assert small.execute(count) == [(0,)]


def test_a_table_without_rows_has_nothing_to_lose(project: Project, small: Database) -> None:
    project.generate_from(TWO)
    project.generate_from(THREE)
    project.alembic(small, "upgrade", "head")
    project.alembic(small, "downgrade", "base")
    assert small.execute("SELECT name FROM sqlite_master WHERE name = 'choirs'") == []


def test_a_revision_by_hand_stands_between_ours(project: Project, small: Database) -> None:
    project.alembic(small, "upgrade", "head")
    project.alembic(small, "revision", "-m", "by hand", "--rev-id", "1975ea83b712")
    (mine,) = project.versions.glob("1975ea83b712_*.py")
    insertion = "op.execute(\"INSERT INTO choirs VALUES (1, 'Nord')\")"
    mine.write_text(mine.read_text().replace("pass", insertion, 1))
    project.generate_from(TWO)
    project.alembic(small, "upgrade", "head")
    assert small.execute("SELECT * FROM choirs") == [(1, "Nord", 1)]
    history = project.try_alembic(small, "history").stdout
    assert re.findall(r"^(\w+) -> (\w+)", history, re.MULTILINE) == [("1975ea83b712", "0002"), ("0001", "1975ea83b712")]


def test_check_and_force_leave_revisions_alone(project: Project) -> None:
    project.generate_from(TWO)
    revision = project.versions / "0002_schema.py"
    revision.write_text(revision.read_text() + "\n# filled by hand\n")
    before = project.revisions()
    checked = project.folder.run("plan.yaml", "--check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert project.folder.run("plan.yaml", "--force").returncode == 0
    assert project.revisions() == before
    assert project.folder.run("plan.yaml", "--check").returncode == 0
    (project.folder.path / "school.sql").write_text(THREE)
    assert project.folder.run("plan.yaml", "--check").returncode == 3
    assert project.revisions() == before


AGENT = """\
import os, pathlib, signal
from runner.generation.agents.backend_boilerplate import BackendBoilerplate
from runner.generation.workspace.manifest import Manifest

save = Manifest.save

def save_or_die(self, record, *digests):
    if pathlib.Path({trigger!r}).exists():
        os.kill(os.getpid(), signal.SIGKILL)
    save(self, record, *digests)

Manifest.save = save_or_die

class Setup(BackendBoilerplate):
    title = "Setup"
"""


@pytest.mark.parametrize("then", [TWO, ONE, TWO.replace("size > 0", "size > 1")])
def test_a_killed_run_is_as_if_it_had_not_been(tmp_path: Path, then: str) -> None:
    killed, calm = Project(tmp_path / "killed"), Project(tmp_path / "calm")
    trigger = tmp_path / "die"
    for project in (killed, calm):
        (project.folder.path / "dying.py").write_text(AGENT.format(trigger=str(trigger)))
        project.folder.write_plan(
            {"id": "setup", "description": "BE setup", "agent": "dying:Setup"}, retries={"attempts": 1}
        )
        project.generate_from(ONE)
    trigger.touch()
    (killed.folder.path / "school.sql").write_text(TWO)
    assert killed.folder.run("plan.yaml").returncode == 1
    trigger.unlink()
    assert "0002_schema.py" in killed.revisions()  # written but not recorded
    for project in (killed, calm):
        (project.folder.path / "school.sql").write_text(then)
        made = project.folder.run("plan.yaml")
        assert made.returncode == 0, made.stdout + made.stderr
    assert killed.revisions() == calm.revisions()
    record = ".runner/manifest/setup/setup.json"
    assert (killed.folder.workspace / record).read_bytes() == (calm.folder.workspace / record).read_bytes()


def test_what_is_generated_after_three_changes_is_clean_and_passes_its_own_tests(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    for state in STATES:
        project.generate(state)
    for arguments in (("check", "."), ("format", "--check", ".")):
        result = run(project.backend, "-m", "ruff", *arguments)
        assert result.returncode == 0, result.stdout
    own_tests(project.backend)
