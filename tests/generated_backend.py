"""The output of the two backend kinds for a schema, without the orchestrator."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from runner.ddl.reader import read_ddl
from runner.generation.agent import AgentContext, GeneratedFile
from runner.generation.fastapi.migration.revisions import FOLDER, INITIAL
from runner.generation.model.application import Application
from runner.generation.registry import load_agent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.ddl.model import Schema, Table

SCHOOL = Path(__file__).parents[1] / "plans" / "school.sql"


def school_labels() -> dict[str, Any]:
    """Return the labels that the school's plan gives."""
    labels: dict[str, Any] = yaml.safe_load((SCHOOL.parent / "labels" / "school.yaml").read_text(encoding="utf-8"))
    return labels


def read_schema(path: Path = SCHOOL) -> Schema:
    """Return the schema of a PostgreSQL file."""
    return read_ddl([path], "postgres")


def backend_files(
    schema: Schema, tables: Iterable[Table] | None = None, options: Mapping[str, Any] | None = None
) -> dict[str, GeneratedFile]:
    """Return what both backend kinds generate, by path; `tables` limits be-crud to some."""
    boilerplate, crud = load_agent("be-boilerplate"), load_agent("be-crud")
    chosen = schema.with_columns().tables if tables is None else tuple(tables)
    application = Application(schema)
    files = list(boilerplate.generate(AgentContext(schema=schema, options=options or {}, shared=application)))
    for table in chosen:
        context = AgentContext(schema=schema, table=table, options=options or {}, shared=application)
        files += crud.generate(context)
    return {file.path: file for file in files}


def first_revision(files: Mapping[str, GeneratedFile], database: str) -> list[str]:
    """Return the statements that the first revision runs on `postgresql` or `sqlite`."""
    within = f"{FOLDER}/{INITIAL}/{database}/"
    modules = [ast.parse(files[path].text) for path in sorted(files) if path.startswith(within)]
    return [statement for module in modules for statement in _upgrade(module)]


def _upgrade(module: ast.Module) -> Iterable[str]:
    """Return the statements that a module of a revision runs."""
    (value,) = (node.value for node in module.body if isinstance(node, ast.Assign) and _target(node) == "UPGRADE")
    found: list[str] = ast.literal_eval(value)
    return found


def _target(node: ast.Assign) -> str | None:
    target = node.targets[0]
    return target.id if isinstance(target, ast.Name) else None


def write_backend(files: Mapping[str, GeneratedFile], workspace: Path) -> Path:
    """Write generated files and return the backend's folder."""
    for path, file in files.items():
        target = workspace / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(file.text, encoding="utf-8", newline="")
    return workspace / "backend"
