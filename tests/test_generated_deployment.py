"""The deployment files of the generated application: images, package installation, ignored files."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from runner.ddl.reader import read_ddl_text
from runner.generation.agent import AgentContext
from runner.generation.registry import load_agent

if TYPE_CHECKING:
    from pathlib import Path

IMAGE = re.compile(r"^(?:FROM|\s+image:) (\S+)", re.MULTILINE)
MINOR = re.compile(r"[\w./-]+:\d+\.\d+(-[a-z]+)?")


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    """Return the set-up files of backend and frontend, by path."""
    ctx = AgentContext(schema=read_ddl_text("CREATE TABLE t (id int PRIMARY KEY);", "postgres"))
    return {
        file.path: file.text for kind in ("be-boilerplate", "fe-boilerplate") for file in load_agent(kind).generate(ctx)
    }


def test_images_are_pinned_to_a_minor_version(files: dict[str, str]) -> None:
    images = {
        image
        for path, text in files.items()
        if path.endswith(("Dockerfile", "compose.yaml"))
        for image in IMAGE.findall(text)
    }
    assert len(images) > 3
    assert [image for image in images if not MINOR.fullmatch(image)] == []


def test_packages_are_installed_by_their_locks_and_run_no_scripts(files: dict[str, str]) -> None:
    for path, text in files.items():
        for line in text.splitlines():
            if re.search(r"\bnpm .*\bci\b", line):
                assert "--ignore-scripts" in line, path
            if "pip install" in line:
                assert "--require-hashes" in line, path
    assert "COPY requirements.txt" in files["backend/Dockerfile"]
    assert "requirements-dev.txt" in files["backend/Makefile"]


def test_no_secret_is_committed(files: dict[str, str], tmp_path: Path) -> None:
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
        if path.endswith(".env.example"):
            (tmp_path / path).with_name(".env").write_text(text, encoding="utf-8")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True, timeout=60)
    added = subprocess.run(
        ["git", "add", "--all", "--dry-run"], cwd=tmp_path, check=True, capture_output=True, text=True, timeout=60
    ).stdout
    assert "add '.env.example'" in added
    assert "/.env'" not in added
    assert "'.env'" not in added
