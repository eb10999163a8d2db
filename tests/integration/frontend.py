"""Making the frontend of a schema in a folder, and running Node's tools in it, without the orchestrator around it.

python -m tests.integration.frontend FOLDER [SCHEMA.sql]      writes backend and frontend, for a look by hand
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.agents.base import AgentContext, GeneratedFile
from runner.agents.registry import BUILT_IN, load_agent
from tests.integration.backend import SCHOOL, backend_files, read_schema, write_backend

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.ddl.model import Schema, Table

SETUP = "fe-boilerplate"
BY_TABLE = ("fe-crud", "ui-crud")


def frontend_files(
    schema: Schema, tables: Iterable[Table] | None = None, options: Mapping[str, Any] | None = None
) -> dict[str, GeneratedFile]:
    """Return what the frontend kinds generate, by path; `tables` limits the kinds that work by table to some."""
    chosen = schema.tables if tables is None else tuple(tables)
    files = list(load_agent(SETUP).generate(AgentContext(schema=schema, options=options or {})))
    for agent in (load_agent(kind) for kind in BY_TABLE if kind in BUILT_IN):
        for table in chosen:
            files += agent.generate(AgentContext(schema=schema, table=table, options=options or {}))
    return {file.path: file for file in files}


def write_files(files: Mapping[str, GeneratedFile], workspace: Path) -> Path:
    """Write generated files and return the frontend's folder."""
    write_backend(files, workspace)
    return workspace / "frontend"


def main() -> None:
    """Write an application into the folder that was named."""
    workspace = Path(sys.argv[1])
    schema = read_schema(Path(sys.argv[2]) if len(sys.argv) > 2 else SCHOOL)
    options = {"title": "School"}
    write_files(backend_files(schema, options=options) | frontend_files(schema, options=options), workspace)


if __name__ == "__main__":
    main()
