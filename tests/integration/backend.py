"""Making the backend of a schema in a folder, without the orchestrator around it."""

from __future__ import annotations

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
