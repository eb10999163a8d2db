"""Runs the real command in a real process, for tests."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
HERE = Path(__file__).resolve().parent
LIMIT = 120  # seconds for any one command
DDL = """\
CREATE TABLE students (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    nisn char(10) NOT NULL UNIQUE CHECK (nisn ~ '^[0-9]{10}$')
);
CREATE TABLE teachers (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE audit_log (id bigint PRIMARY KEY, what text);
"""


AFFECTING = {
    "ANTHROPIC_API_KEY",
    "CI",
    "CI_PROJECT_DIR",
    "CONVEX_URL",
    "GITHUB_ACTIONS",
    "GITHUB_STEP_SUMMARY",
    "GITHUB_WORKSPACE",
    "GITLAB_CI",
    "NO_COLOR",
    "PYTHONDONTWRITEBYTECODE",  # otherwise every command would compile every module again
    "RUNNER_CONVEX_DRAIN",
    "RUNNER_CONVEX_READ_TOKEN",
    "RUNNER_CONVEX_TOKEN",
    "RUNNER_EXECUTOR",
    "RUNNER_STATE",
}


def environment(**more: str) -> dict[str, str]:
    """Return this environment without variables that affect the command."""
    kept = {name: value for name, value in os.environ.items() if name not in AFFECTING}
    return {**kept, "PYTHONPATH": str(ROOT), **more}


@dataclass(frozen=True, kw_only=True)
class Folder:
    """A folder with a plan, a DDL and agents of its own; commands are run in it."""

    path: Path

    @property
    def workspace(self) -> Path:
        return self.path / "out"

    def write_plan(self, *tasks: dict[str, Any], name: str = "plan.yaml", **top: Any) -> Path:
        """Write a plan; values are JSON, which is YAML."""
        plan = {"version": 1, "name": "test", "ddl": "school.sql", "workspace": "out", **top, "tasks": list(tasks)}
        plan = {key: value for key, value in plan.items() if value is not None}
        path = self.path / name
        path.write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in plan.items()))
        return path

    def run(self, *arguments: str, largest_file: int | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        """Run `runner` with these arguments until it ends. No file may grow beyond `largest_file` bytes."""

        def limit() -> None:
            if largest_file is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

        return subprocess.run(
            [sys.executable, "-m", "runner", *arguments],
            cwd=self.path,
            env=environment(**env),
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
            preexec_fn=limit,
        )

    def start(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        """Start `runner` and leave it running; the caller waits for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "runner", *arguments],
            cwd=self.path,
            env=environment(**env),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def files(self) -> dict[str, bytes]:
        """Return the generated files by path: the workspace without the runner's own folder."""
        found = (path for path in self.workspace.rglob("*") if path.is_file())
        relative = ((path.relative_to(self.workspace), path) for path in found)
        return {str(name): path.read_bytes() for name, path in relative if name.parts[0] != ".runner"}

    def times(self, *besides: str) -> dict[str, int]:
        """Return when each file below the workspace was last written, in nanoseconds, the manifest included.

        Lock files are left out, and folders of the names `besides`.
        """
        out = {"locks", *besides}
        found = (path for path in self.workspace.rglob("*") if path.is_file() and not out.intersection(path.parts))
        return {str(path.relative_to(self.workspace)): path.stat().st_mtime_ns for path in found}


def make_folder(path: Path, ddl: str = DDL) -> Folder:
    """Return a folder ready for commands."""
    path.mkdir(parents=True, exist_ok=True)
    (path / "school.sql").write_text(ddl)
    shutil.copy(HERE / "acting_agents.py", path)
    return Folder(path=path)


def acting(task_id: str = "crud", *, setup: bool = False, **keys: Any) -> dict[str, Any]:
    """Return a task for the acting agents."""
    agent = "acting_agents:Setup" if setup else "acting_agents:Acting"
    options = {"folder": task_id, **keys.pop("options", {})}
    return {"id": task_id, "description": task_id, "agent": agent, "options": options, **keys}
