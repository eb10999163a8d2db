"""Generating the frontend of a schema in a folder, and running Node tools in it, without the orchestrator.

python -m tests.integration.frontend FOLDER [SCHEMA.sql]      writes backend and frontend, for manual inspection
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.generation.agent import AgentContext, GeneratedFile
from runner.generation.model.application import Application
from runner.generation.registry import BUILT_IN, load_agent
from tests.frontend_packages import packages
from tests.generated_backend import SCHOOL, backend_files, read_schema, write_backend
from tests.node import command, node_environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.ddl.model import Schema, Table

SETUP = "fe-boilerplate"
BY_TABLE = ("fe-crud", "ui-crud")
TOOL_LIMIT_S = 3600  # on a busy machine too: only a tool that hangs takes that long


def frontend_files(
    schema: Schema, tables: Iterable[Table] | None = None, options: Mapping[str, Any] | None = None
) -> dict[str, GeneratedFile]:
    """Return what the frontend kinds generate, by path; `tables` limits the kinds that work by table to some."""
    chosen = schema.tables if tables is None else tuple(tables)
    application = Application(schema)
    files = list(load_agent(SETUP).generate(AgentContext(schema=schema, options=options or {}, shared=application)))
    for agent in (load_agent(kind) for kind in BY_TABLE if kind in BUILT_IN):
        for table in chosen:
            context = AgentContext(schema=schema, table=table, options=options or {}, shared=application)
            files += agent.generate(context)
    return {file.path: file for file in files}


def write_files(files: Mapping[str, GeneratedFile], workspace: Path) -> Path:
    """Write generated files, with the packages that they need, and return the frontend's folder."""
    write_backend(files, workspace)
    folder = workspace / "frontend"
    if not (folder / "node_modules").exists():
        (folder / "node_modules").symlink_to(packages())
    return folder


def node_tool(folder: Path, name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the packages in a frontend's folder, without colours, and return how it ended."""
    return _run(folder, tool_command(folder, name, *arguments), environment)


def run_node(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run a script that lies in a frontend's folder and return how it ended."""
    return _run(folder, [*command("node"), script], {})


def _run(folder: Path, line: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        line,
        cwd=folder,
        env={**tool_environment(), **environment},
        capture_output=True,
        text=True,
        timeout=TOOL_LIMIT_S,
        check=False,
    )


def tool_command(folder: Path, name: str, *arguments: str) -> list[str]:
    """Return what starts a program of the packages."""
    return [*command("node"), str((folder / "node_modules" / ".bin" / name).resolve()), *arguments]


def tool_environment() -> dict[str, str]:
    """Return this environment with Node added, and without the variables that configure the tools."""
    steering = {"FORCE_COLOR", "NODE_OPTIONS", "BACKEND_URL"}
    kept = {name: value for name, value in node_environment().items() if name not in steering}
    return {name: value for name, value in kept.items() if not name.startswith("VITE_")} | {"NO_COLOR": "1"}


def main() -> None:
    """Write an application into the given folder."""
    workspace = Path(sys.argv[1])
    schema = read_schema(Path(sys.argv[2]) if len(sys.argv) > 2 else SCHOOL)
    options = {"title": "School"}
    write_files(backend_files(schema, options=options) | frontend_files(schema, options=options), workspace)


if __name__ == "__main__":
    main()
