"""A project whose files are generated, edited and generated again, with the real command."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tests.integration.command import Folder

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping
    from pathlib import Path

    from tests.integration.merging.hand_edits import HandEdit
    from tests.integration.merging.schema_changes import SchemaChange

TASKS: tuple[dict[str, Any], ...] = (
    {"id": "be-setup", "agent": "be-boilerplate", "description": "BE setup", "priority": 9},
    {"id": "be-crud", "agent": "be-crud", "description": "BE CRUD", "needs": ["be-setup"]},
    {"id": "fe-setup", "agent": "fe-boilerplate", "description": "FE setup", "priority": 8},
    {"id": "fe-crud", "agent": "fe-crud", "description": "FE services", "needs": ["fe-setup"]},
    {"id": "ui-crud", "agent": "ui-crud", "description": "UI pages", "needs": ["fe-crud"]},
    {"id": "docs", "agent": "schema-docs", "description": "Documentation of the schema"},
)
REJECTED = ".rej"
NOT_COMMITTED = {"locks", "claims", "intents", "inputs"}


@dataclass(frozen=True, kw_only=True)
class Project:
    """The folder of a plan for all template sets, and the workspace of its files."""

    folder: Folder

    @property
    def workspace(self) -> Path:
        """The folder that the files are generated into."""
        return self.folder.workspace

    def set_ddl(self, ddl: str) -> None:
        """Write the schema."""
        (self.folder.path / "school.sql").write_text(ddl, encoding="utf-8")

    def set_options(self, options: Mapping[str, Mapping[str, Any]]) -> None:
        """Write the plan, with these options of its tasks."""
        tasks = [{**task, "options": dict(options.get(task["id"], {}))} for task in TASKS]
        self.folder.write_plan(*tasks, dialect="postgres", convex={"enabled": False}, llm={"enabled": False})

    def change(self, change: SchemaChange) -> None:
        """Write the schema and the plan of a change."""
        self.set_ddl(change.draft.ddl)
        self.set_options(change.options)

    def generate(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Run the plan."""
        return self.folder.run("plan.yaml", *options)

    def copy(self, target: Path) -> Project:
        """Return a copy of the project in another folder, with its files and what the runner keeps about them."""
        shutil.copytree(self.folder.path, target, symlinks=True)
        return replace(self, folder=Folder(path=target))

    def apply(self, edit: HandEdit) -> None:
        """Write what a developer made of a file."""
        (self.workspace / edit.path).write_text(edit.after, encoding="utf-8")

    def texts(self) -> dict[str, str]:
        """Return the generated files by path."""
        return {path: content.decode() for path, content in self.folder.files().items()}

    def tree(self) -> dict[str, bytes]:
        """Return what a team commits of the workspace by path: the generated files and the runner's records."""
        found = (path for path in self.workspace.rglob("*") if path.is_file())
        relative = ((path.relative_to(self.workspace), path) for path in found)
        return {str(name): path.read_bytes() for name, path in relative if not NOT_COMMITTED & set(name.parts)}


def make_project(path: Path, ddl: str) -> Project:
    """Return a project that was never generated."""
    path.mkdir(parents=True)
    project = Project(folder=Folder(path=path))
    project.set_ddl(ddl)
    project.set_options({})
    return project


def named_conflicts(output: str) -> set[str]:
    """Return the paths that a run lists for a person to settle, relative to the workspace."""
    return set(re.findall(r"^  runner resolve out/(\S+)$", output, re.MULTILINE))
