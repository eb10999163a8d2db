"""`runner resolve` as a command: what it prints, refuses and exits with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from runner.command.resolve_command import resolve
from runner.generation.agent import GeneratedFile
from runner.generation.workspace.file_locks import FileLockManager
from runner.generation.workspace.manifest import Manifest
from runner.generation.workspace.writer import WorkspaceWriter

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


def generate(root: Path, text: str, run_id: str) -> None:
    writer = WorkspaceWriter(root, FileLockManager(root), Manifest(root), run_id)
    writer.write("crud/users", [GeneratedFile(f"{name}.py", text) for name in ("a", "b")], "d")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Return a workspace with a conflict in `a.py` and a file that does not parse, `b.py`."""
    generate(tmp_path, "one = 1\nlast = 9\n", "1")
    (tmp_path / "a.py").write_text("one = 5\nlast = 9\n")
    (tmp_path / "b.py").write_text("one = (1\nlast = 9\n")
    generate(tmp_path, "one = 7\nlast = 9\n", "2")
    return tmp_path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(resolve, [str(each) for each in arguments])


def test_choices_that_contradict_each_other_are_refused(workspace: Path) -> None:
    result = run(workspace, "--ours", "--theirs")
    assert result.exit_code == 2
    assert "--ours and --theirs contradict each other. Use one of them" in result.output
    assert (workspace / "a.py").read_text() == "one = 5\nlast = 9\n"


def test_a_file_that_was_kept_is_no_conflict(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("own = 1\n")
    generate(tmp_path, "one = 1\n", "1")
    result = run(tmp_path)
    assert result.exit_code == 0
    assert result.output.startswith("kept a.py: its text from before the edit is unknown\n")


def test_a_path_that_does_not_exist_is_refused(workspace: Path) -> None:
    result = run(workspace / "nothing.py", "--ours")
    assert result.exit_code == 2
    assert "nothing.py: there is no such file" in result.output


def test_what_can_be_settled_is_settled_and_the_rest_is_named(workspace: Path) -> None:
    result = run(workspace, "--ours")
    assert result.exit_code == 1
    settled, left = result.output.splitlines()
    assert settled == "settled a.py"
    assert left.startswith("not settled: b.py: it cannot be merged: ")
    again = run(workspace, "--theirs")
    assert (again.exit_code, again.output) == (0, "settled b.py, your file is saved as b.py.orig\n")
    assert run(workspace).exit_code == 0
