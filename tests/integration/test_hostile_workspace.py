"""The command in an untrusted folder: links, pipes, records and line endings that the runner did not create."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from runner.generation.workspace.line_ends import digest
from runner.generation.workspace.runner_folder import LOCKS_FOLDER
from tests.integration.command import ROOT, Folder, acting, environment, make_folder

PARTS = ("manifest", "base", "inputs", "intents", "claims", "locks")
OLD = 3 * 86_400  # seconds; claims older than a day count as those of a dead run


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    found = make_folder(tmp_path)
    found.write_plan(acting("crud"))
    return found


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Return a folder next to the workspace, with files that a careless cleanup would treat as its own."""
    letters = tmp_path / "outside" / "letters"
    letters.mkdir(parents=True)
    (letters / "one.txt").write_text("keep")
    for path in (letters / "one.txt", letters, letters.parent):
        moment = path.stat().st_mtime - OLD
        os.utime(path, (moment, moment))
    return letters.parent


def entries(folder: Path) -> dict[str, float]:
    return {str(path.relative_to(folder)): path.stat().st_mtime for path in (folder, *folder.rglob("*"))}


@pytest.mark.parametrize("options", [(), ("--check",)])
@pytest.mark.parametrize("part", ["", *PARTS])
def test_a_link_in_the_runners_own_folder_is_refused(
    folder: Folder, outside: Path, part: str, options: tuple[str, ...]
) -> None:
    link = folder.workspace / ".runner" / part
    link.parent.mkdir(parents=True)
    link.symlink_to(outside)
    before = entries(outside)
    result = folder.run("plan.yaml", *options)
    assert result.returncode == 2, result.stdout + result.stderr
    assert f"{f'.runner/{part}'.rstrip('/')} is a link. Remove the link" in result.stderr
    assert "plan.yaml:4" in result.stderr
    assert entries(outside) == before
    assert folder.files() == {}


def test_a_link_in_place_of_a_generated_folder_is_refused(folder: Folder, outside: Path) -> None:
    folder.workspace.mkdir()
    (folder.workspace / "crud").symlink_to(outside)
    before = entries(outside)
    result = folder.run("plan.yaml")
    assert result.returncode == 1
    assert "a link leads out of the workspace" in result.stdout + result.stderr
    assert entries(outside) == before


def test_lock_files_that_are_pipes_do_not_hold_up_a_run(folder: Folder) -> None:
    locks = folder.workspace / LOCKS_FOLDER
    locks.mkdir(parents=True)
    for number in range(64):
        os.mkfifo(locks / f"{number:02d}.lock")
    result = folder.run("plan.yaml")
    assert result.returncode == 1
    assert "no regular file, expected one or none. Move it" in result.stdout + result.stderr


def test_pipes_in_place_of_all_other_files_do_not_hold_up_a_run(folder: Folder) -> None:
    assert folder.run("plan.yaml").returncode == 0
    replaced = 0
    for path in list(folder.workspace.rglob("*")):
        if path.is_file() and not path.name.endswith(".lock"):
            path.unlink()
            os.mkfifo(path)
            replaced += 1
    assert replaced > 5
    result = folder.run("plan.yaml")
    assert result.returncode == 1
    assert "no regular file" in result.stdout + result.stderr
    assert folder.run("plan.yaml", "--check").returncode in {1, 3}


def record(folder: Folder, name: str) -> Path:
    return folder.workspace / ".runner" / "manifest" / "crud" / f"{name}.json"


def test_records_lead_to_no_file_outside_and_to_no_other_tables_files(folder: Folder, outside: Path) -> None:
    assert folder.run("plan.yaml").returncode == 0
    before = folder.files()
    good = json.loads(record(folder, "teachers").read_text())
    kept = outside / "letters" / "one.txt"
    (entry,) = good["files"]
    hostile = {
        "dropped": good | {"piece": "dropped", "files": [entry | {"path": f"../outside/letters/{kept.name}"}]},
        "dropped2": good | {"piece": "dropped2", "files": [entry | {"path": str(kept)}]},
        "dropped3": good,  # claims to be the record of a table that still exists
        "dropped4": good | {"piece": "dropped4", "files": [entry | {"path": ".git/config"}]},
    }
    for name, values in hostile.items():
        record(folder, name).write_text(json.dumps(values))
    record(folder, "deep").write_text("[" * 100_000)
    intent = folder.workspace / ".runner" / "intents" / "crud%2Fstudents.json"
    sha256 = digest(kept.read_bytes())
    intent.write_text(json.dumps({"../outside/letters/one.txt": [sha256, "created"], str(kept): [sha256, "created"]}))
    result = folder.run("plan.yaml", "--prune")
    assert result.returncode == 0, result.stdout + result.stderr
    assert kept.read_text() == "keep"
    assert folder.files() == before


def test_a_checkout_with_crlf_line_ends_is_no_edit_by_hand(tmp_path: Path) -> None:
    plan, ddl = tmp_path / "plan.yaml", tmp_path / "school.sql"
    shutil.copy(ROOT / "plans" / "school.sql", ddl)
    tasks = "".join(f"  - {{id: {kind}, description: x, agent: {kind}}}\n" for kind in ("be-boilerplate", "be-crud"))
    plan.write_text(f"version: 1\nname: school\nddl: school.sql\nworkspace: ws\ntasks:\n{tasks}")

    def run(*options: str) -> str:
        result = subprocess.run(
            [sys.executable, "-m", "runner", "plan.yaml", *options],
            cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    run()
    workspace = tmp_path / "ws"
    generated = {path: path.read_bytes() for path in workspace.rglob("*") if path.is_file()}
    for part in ("inputs", "claims", "locks"):  # are not committed, so a checkout lacks them
        shutil.rmtree(workspace / ".runner" / part)
    for path, data in generated.items():
        if path.exists() and b"\0" not in data:  # git takes the others for binary
            path.write_bytes(data.replace(b"\n", b"\r\n"))
    of_text = [path for path in workspace.rglob("*") if path.is_file() and b"\0" not in path.read_bytes()]
    checked_out = {path: path.read_bytes() for path in of_text}

    assert "no file differs" in run("--check")
    assert "kept" not in run()
    assert {path: path.read_bytes() for path in checked_out} == checked_out
    assert "up to date" in run().splitlines()[-1]

    ddl.write_text(ddl.read_text().replace("CREATE TABLE students (", "CREATE TABLE students (\n    motto text,"))
    assert "kept" not in run()
    changed = [path for path, data in checked_out.items() if path.read_bytes() != data]
    assert "model.py" in {path.name for path in changed}
    for path in changed:
        data = path.read_bytes()
        assert data.count(b"\r\n") == data.count(b"\n"), path


def test_a_folder_whose_name_is_not_utf_8(tmp_path: Path) -> None:
    folder = make_folder(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")))
    folder.write_plan(acting("crud"))
    for options in ((), ("--check",), ("--json", "report.json")):
        result = folder.run("plan.yaml", *options)
        assert result.returncode == 0, result.stdout + result.stderr
        assert "Traceback" not in result.stdout + result.stderr
    assert folder.run("status").returncode == 0
    assert len(folder.files()) == 3
