"""Drift as people see it: `--explain`, `--dry-run`, and jobs of GitHub and GitLab that fail where code is stale."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.command import Folder, acting, make_folder

if TYPE_CHECKING:
    from pathlib import Path

COLUMN = "    name text NOT NULL,\n"
DDL = f"""\
CREATE TABLE teachers (id bigint PRIMARY KEY, name text NOT NULL);

CREATE TABLE students (
    id bigint PRIMARY KEY,
{COLUMN}\
    born date
);
"""
OWN_AGENT = """\
from runner import Agent, GeneratedFile

class Own(Agent):
    kind = "own"
    title = "Own"

    def generate(self, ctx):
        return [GeneratedFile(f"{ctx.table.name.name}.txt", ctx.table.name.name)]
"""
CRUD = {"id": "crud", "description": "BE CRUD APIs"}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return make_folder(tmp_path / "project", DDL)


def change(folder: Folder, old: str, new: str) -> None:
    path = folder.path / "school.sql"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def tree(folder: Folder) -> dict[str, tuple[int, bytes]]:
    """Return times and contents of everything in the project: workspace and state file are in it."""
    return {
        str(path.relative_to(folder.path)): (path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in folder.path.rglob("*")
        if "__pycache__" not in path.parts
    }


def subtasks(path: Path) -> dict[str, Any]:
    report = json.loads(path.read_text())
    return {subtask["id"]: subtask for task in report["tasks"] for subtask in task["subtasks"]}


def test_a_run_is_explained_in_text_in_json_and_in_its_log(folder: Folder) -> None:
    folder.write_plan(CRUD)
    first = folder.run("plan.yaml", "--explain")
    assert "crud/students  ran  new\n" in first.stdout
    change(folder, COLUMN, f"{COLUMN}    email text,\n")
    second = folder.run("plan.yaml", "--explain", "--json", "report.json", "--junit", "junit.xml")
    assert second.returncode == 0, second.stderr
    assert "crud/teachers  up to date\n" in second.stdout
    assert "crud/students  ran         table changed: +column email\n" in second.stdout
    found = subtasks(folder.path / "report.json")
    assert {name: subtask["reasons"] for name, subtask in found.items()} == {
        "crud/teachers": ["up to date"],
        "crud/students": ["table changed: +column email"],
    }
    assert "why: table changed: +column email" in (folder.path / "junit.xml").read_text()
    assert "why: table changed: +column email" in folder.run("logs").stdout
    assert "--explain" not in folder.run("plan.yaml").stdout
    forced = folder.run("plan.yaml", "--explain", "--force").stdout
    assert "crud/students  ran  --force\n" in forced


def test_what_was_asked_for_is_shown_by_a_quiet_run_too(folder: Folder) -> None:
    folder.write_plan(CRUD)
    run = folder.run("plan.yaml", "-q", "--explain")
    assert sorted(run.stdout.splitlines()) == ["crud/students  ran  new", "crud/teachers  ran  new"]
    check = folder.run("plan.yaml", "-q", "--explain", "--check")
    assert sorted(check.stdout.splitlines()) == ["crud/students  up to date", "crud/teachers  up to date"]
    change(folder, COLUMN, f"{COLUMN}    email text,\n")
    stale = folder.run("plan.yaml", "--check", "--diff", "--log-format", "json")
    changes = json.loads(stale.stdout.splitlines()[-1])["changes"]
    assert [each["path"] for each in changes if "email" in each["diff"]]
    assert "diff" not in folder.run("plan.yaml", "--check", "--log-format", "json").stdout.splitlines()[-1]


def test_reasons_of_what_did_not_run_name_what_it_needed(folder: Folder) -> None:
    folder.write_plan(acting("crud", options={"acts": {"students": "raise final"}}), acting("pages", needs=["crud"]))
    run = folder.run("plan.yaml", "--explain", "--prune", "--json", "report.json")
    assert run.returncode == 1
    assert "--prune removed nothing, because not every task succeeded\n" in run.stdout
    assert subtasks(folder.path / "report.json")["pages/students"]["reasons"] == ["needs 'crud', which failed", "new"]
    lines = [line.split(maxsplit=2) for line in run.stdout.splitlines()]
    assert ["crud/students", "failed", "new"] in lines
    assert next(line for line in lines if line[:1] == ["pages/students"])[1:] == [
        "skipped",
        "needs 'crud', which failed; new",
    ]
    change(folder, COLUMN, f"{COLUMN}    email text,\n")
    again = folder.run("plan.yaml", "--explain", "--rerun-failed")
    assert "crud/teachers   not run  --rerun-failed: it was done when it last ran\n" in again.stdout
    check = folder.run("plan.yaml", "--check", "--rerun-failed").stdout
    assert check.endswith("no file of the other sub-tasks differs; 3 sub-tasks could not be checked\n")


def test_an_own_agent_is_the_same_after_a_schema_was_parsed_in_another_run(folder: Folder, tmp_path: Path) -> None:
    (folder.path / "own_agents.py").write_text(OWN_AGENT)
    folder.write_plan(CRUD, {"id": "own", "description": "own", "agent": "own_agents:Own"})  # the first one parses it
    cache = str(tmp_path / "cache")
    assert folder.run("plan.yaml", XDG_CACHE_HOME=cache).returncode == 0
    change(folder, COLUMN, f"{COLUMN}    email text,\n")
    changed = folder.run("plan.yaml", "--explain", XDG_CACHE_HOME=cache).stdout
    assert "table students changed: +column email" in changed
    assert "4 up to date\n" in folder.run("plan.yaml", XDG_CACHE_HOME=cache).stdout


def test_a_dry_run_shows_what_would_happen_and_writes_nothing(folder: Folder) -> None:
    folder.write_plan(CRUD, acting("notes", needs=["crud"]), acting("more"))
    assert folder.run("plan.yaml").returncode == 0
    folder.write_plan(CRUD, acting("notes", needs=["crud"], options={"text": "new"}), acting("more"))
    change(folder, COLUMN, f"{COLUMN}    email text,\n")
    (folder.workspace / "notes" / "students.txt").write_text("mine\n")
    (folder.workspace / "more" / "teachers.txt").unlink()
    folder.write_plan(CRUD, acting("notes", needs=["crud"], options={"text": "other"}), acting("more"))
    before = tree(folder)
    run = folder.run("plan.yaml", "--dry-run", "--json", "/dev/stderr")
    assert tree(folder) == before
    assert run.returncode == 0
    assert [line.split() for line in run.stdout.splitlines()] == [
        ["task", "agent", "sub-tasks", "create", "update", "conflict"],
        ["crud", "be-crud", "1", "of", "2", "-", "6", "-"],
        ["notes", "acting_agents:Acting", "2", "of", "2", "-", "1", "1"],
        ["more", "acting_agents:Acting", "2", "of", "2", "1", "-", "-"],
        "5 sub-tasks of 3 tasks would run: 1 to create, 7 to update, 1 in conflict; nothing was written".split(),  # noqa: SIM905
    ]
    report = json.loads(run.stderr)
    changes = {each["id"]: each["changes"] for task in report["tasks"] for each in task["subtasks"]}
    assert changes["more/teachers"] == [{"verb": "create", "path": "more/teachers.txt"}]
    assert changes["notes/students"] == [{"verb": "conflict", "path": "notes/students.txt"}]
    assert report["prune"] == []
    assert folder.run("plan.yaml", "--dry-run", "--check").returncode == 2


def test_a_dry_run_names_what_removal_would_follow(folder: Folder) -> None:
    folder.write_plan(acting(), acting("idle"))
    assert folder.run("plan.yaml").returncode == 0
    folder.write_plan(acting(options={"acts": {"students": "path crud/elsewhere.txt"}}), acting("idle"))
    change(folder, "CREATE TABLE teachers (id bigint PRIMARY KEY, name text NOT NULL);", "")
    run = folder.run("plan.yaml", "--dry-run")
    assert ["crud", "acting_agents:Acting", "1", "of", "1", "1", "1"] in map(str.split, run.stdout.splitlines())
    assert "2 files of dropped tables would stay; --prune removes what nobody edited\n" in run.stdout
    assert (folder.workspace / "crud" / "students.txt").exists()


def test_a_dry_run_as_json_lines_is_json_only(folder: Folder) -> None:
    folder.write_plan(acting())
    for option in ("--dry-run", "--check"):
        lines = folder.run("plan.yaml", option, "--log-format", "json").stdout.splitlines()
        last = json.loads(lines[-1])
        assert {json.loads(line)["run_id"] for line in lines} == {last["run_id"]}
        assert last["event"] == "FilesCompared"
        assert {"subtask": "crud/students", "verb": "create", "path": "crud/students.txt"} in last["changes"]


def checkout(folder: Folder, path: Path) -> Folder:
    """Return what a CI job has: a clone, in which nothing is that git ignores."""
    git = ("git", "-c", "user.name=x", "-c", "user.email=x@example.com", "-C", str(folder.path))
    subprocess.run([*git, "init", "-q"], check=True)
    (folder.path / ".gitignore").write_text("/.runner/\n__pycache__/\n*.xml\n*.json\n")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "x"], check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(path, ignore_errors=True)
    subprocess.run(["git", "clone", "-q", str(folder.path), str(path)], check=True)
    return Folder(path=path)


def job(folder: Folder, path: Path) -> tuple[subprocess.CompletedProcess[str], str]:
    """Run the step of a job on GitHub; return it with its summary."""
    clone = checkout(folder, path)
    assert not (clone.workspace / ".runner" / "inputs").exists()
    summary = path / "summary.md"
    run = clone.run(
        "plan.yaml", "--check", "--diff",
        CI="true", GITHUB_ACTIONS="true", GITHUB_WORKSPACE=str(path), GITHUB_STEP_SUMMARY=str(summary),
    )  # fmt: skip
    return run, summary.read_text()


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_github_job_fails_on_a_changed_column_and_passes_after_regeneration(folder: Folder, tmp_path: Path) -> None:
    folder.write_plan(CRUD)
    assert folder.run("plan.yaml").returncode == 0
    passed, summary = job(folder, tmp_path / "clone")
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "::error" not in passed.stdout
    assert summary.startswith("### test: up to date\n")

    change(folder, COLUMN, COLUMN.replace("text", "varchar(40)"))
    failed, summary = job(folder, tmp_path / "clone")
    assert failed.returncode == 3
    assert (
        "-    name: Mapped[str] = mapped_column(sa.Text)\n+    name: Mapped[str] = mapped_column(sa.String(40))"
        in failed.stdout
    )
    (annotation,) = (line for line in failed.stdout.splitlines() if line.startswith("::error"))
    assert annotation == (
        "::error file=school.sql,line=5,title=generated code is stale::students: 4 generated files are stale. "
        "Run `runner plan.yaml` and commit what it writes"
    )
    assert "- `school.sql:5` students: 4 generated files are stale" in summary
    assert "String(40)" in summary

    assert folder.run("plan.yaml").returncode == 0
    regenerated, _ = job(folder, tmp_path / "clone")
    assert regenerated.returncode == 0, regenerated.stdout


def test_a_failure_on_github_is_marked_at_its_task(folder: Folder) -> None:
    path = folder.write_plan(acting("fine"), acting("crud", options={"acts": {"students": "raise final"}}))
    path.write_text(path.read_text().replace('}, {"id": "crud"', '},\n  {"id": "crud"'))
    run = folder.run("plan.yaml", GITHUB_ACTIONS="true", CI="true")
    assert run.returncode == 1
    (annotation,) = (line for line in run.stdout.splitlines() if line.startswith("::error"))
    assert annotation.startswith("::error file=plan.yaml,line=6,")
    assert "title=generation failed::crud students failed: as asked" in annotation
    quiet = folder.run("plan.yaml", "-q", "--code-quality", "quality.json", GITHUB_ACTIONS="true", CI="true")
    assert "::" not in quiet.stdout
    assert "as asked" in (folder.path / "quality.json").read_text()


def test_a_gitlab_job_has_sections_and_a_code_quality_report(folder: Folder) -> None:
    folder.write_plan(acting())
    run = folder.run("plan.yaml", GITLAB_CI="true", CI="true", CI_PROJECT_DIR=str(folder.path))
    assert run.returncode == 0
    assert "section_start:" in run.stdout
    assert "section_end:" in run.stdout
    change(folder, "born date", "born date NOT NULL")
    options = ("--check", "--code-quality", "gl-code-quality-report.json")
    assert folder.run("plan.yaml", *options, GITLAB_CI="true").returncode == 0  # its files do not show the column
    folder.write_plan(acting(options={"text": "new"}))
    assert folder.run("plan.yaml", *options, GITLAB_CI="true").returncode == 3
    found = json.loads((folder.path / "gl-code-quality-report.json").read_text())
    assert [each["location"] for each in found] == [
        {"path": "school.sql", "lines": {"begin": 1}},
        {"path": "school.sql", "lines": {"begin": 6}},
    ]
    assert found[0]["description"].startswith("teachers: 1 generated file is stale (option text added")
