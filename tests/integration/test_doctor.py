"""`runner doctor` on this machine, and on one that lacks something."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.integration.command import Folder, make_folder

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return make_folder(tmp_path / "project")


def states(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """Return the state of each thing by its name."""
    lines = (line.split("  ", 2) for line in done.stdout.splitlines())
    return {name.strip(): state.strip() for state, name, *_ in lines}


def test_this_machine_has_what_the_runner_needs(folder: Folder) -> None:
    before = sorted(folder.path.iterdir())
    done = folder.run("doctor")
    found = states(done)
    assert {"Python", "current folder", "state folder", "worker processes", "open files"} <= {
        name for name, state in found.items() if state == "ok"
    }, done.stdout
    assert found["Convex"] == "off"
    assert done.returncode == 0
    assert sorted(folder.path.iterdir()) == before


def test_what_is_missing_is_named_with_what_to_do(folder: Folder) -> None:
    done = folder.run("doctor", "--state", "school.sql/state", PATH=str(folder.path), CONVEX_URL="http://127.0.0.1:9")
    found = states(done)
    assert done.returncode == 1
    assert found["state folder"] == "bad"
    assert found["Convex"] == "bad"
    assert "RUNNER_CONVEX_TOKEN is not set" in done.stdout
    assert found["node"] == "off"
    assert "install Node.js 20.19 or later" in done.stdout


def test_a_deployment_that_does_not_answer_is_named_without_its_secret(folder: Folder) -> None:
    done = folder.run("doctor", CONVEX_URL="http://127.0.0.1:9", RUNNER_CONVEX_TOKEN="not-shown")
    assert done.returncode == 1
    assert "http://127.0.0.1:9 cannot be reached" in done.stdout
    assert "not-shown" not in done.stdout + done.stderr


def test_a_program_that_is_too_old_is_bad(folder: Folder) -> None:
    program = folder.path / "node"
    program.write_text("#!/bin/sh\necho v16.0.0\n")
    program.chmod(0o755)
    done = folder.run("doctor", PATH=f"{folder.path}:{os.environ['PATH']}")
    assert states(done)["node"] == "bad"
    assert "16.0.0; generated frontends need 20.19 or later" in done.stdout
