"""Making the backend of a schema in a folder, without the orchestrator around it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.agents.base import AgentContext, GeneratedFile
from runner.agents.registry import load_agent
from runner.ddl.reader import read_ddl

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.ddl.model import Schema, Table

SCHOOL = Path(__file__).parents[2] / "plans" / "school.sql"


def read_schema(path: Path = SCHOOL) -> Schema:
    """Return the schema of a PostgreSQL file."""
    return read_ddl([path], "postgres")


def backend_files(
    schema: Schema, tables: Iterable[Table] | None = None, options: Mapping[str, Any] | None = None
) -> dict[str, GeneratedFile]:
    """Return what both backend kinds generate, by path; `tables` limits be-crud to some."""
    boilerplate, crud = load_agent("be-boilerplate"), load_agent("be-crud")
    chosen = schema.tables if tables is None else tuple(tables)
    files = list(boilerplate.generate(AgentContext(schema=schema, options=options or {})))
    for table in chosen:
        files += crud.generate(AgentContext(schema=schema, table=table, options=options or {}))
    return {file.path: file for file in files}


def write_backend(files: Mapping[str, GeneratedFile], workspace: Path) -> Path:
    """Write generated files and return the backend's folder."""
    for path, file in files.items():
        target = workspace / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(file.text, encoding="utf-8")
    return workspace / "backend"


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder and return how it ended."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**plain_environment(), **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def plain_environment() -> dict[str, str]:
    """Return our environment without what would steer the application or its tests."""
    return {name: value for name, value in os.environ.items() if "DATABASE_URL" not in name and "PYTEST" not in name}


def own_tests(folder: Path, **environment: str) -> int:
    """Run the application's own tests and return how many passed; none may fail."""
    result = run(folder, "-m", "pytest", "-p", "no:cacheprovider", **environment)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]
    found = re.search(r"(\d+) passed", result.stdout)
    assert found is not None, result.stdout[-500:]
    return int(found[1])
