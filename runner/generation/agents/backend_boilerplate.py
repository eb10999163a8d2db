"""The kind `be-boilerplate`: everything of the backend that no single table owns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from runner.generation.agent import GeneratedFile
from runner.generation.fastapi import FILTERS
from runner.generation.fastapi.backend_variables import app_variables
from runner.generation.fastapi.migration.drawing import draw
from runner.generation.fastapi.migration.initial import FOLDERS, sql_files
from runner.generation.fastapi.migration.revisions import FOLDER, INITIAL, Plan, plan, refuse_another
from runner.generation.template_agent import TemplateAgent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.generation.agent import AgentContext
    from runner.generation.rendering import Filters


class BackendBoilerplate(TemplateAgent):
    """FastAPI application, core, migrations and test support, rendered from the whole schema.

    It remembers what the databases hold after its last revision; when the schema then differs, it adds one.
    """

    kind: ClassVar[str] = "be-boilerplate"
    title: ClassVar[str] = "BE Boilerplate"
    per_table: ClassVar[bool] = False
    filters: ClassVar[Filters] = FILTERS

    def variables(self, ctx: AgentContext) -> Mapping[str, Any]:
        """Return what the set-up templates can use: `app`, `enums`, `tables` and what the migrations are made of."""
        return {**app_variables(ctx.application, ctx.options), **_migration_variables(self._plan(ctx))}

    def generate(self, ctx: AgentContext) -> list[GeneratedFile]:
        """Return the files of the set, and the revisions that are there as they are.

        Raises:
            AgentError: the revisions do not fit what is remembered of them; says what to do.

        """
        found = self._plan(ctx)
        kept = found.kept
        if found.is_initial:
            kept = {f"{INITIAL}/{file.path}": file.text for file in sql_files(found.picture)}
            refuse_another(kept, _revisions(ctx))
        return super().generate(ctx) + [GeneratedFile(f"{FOLDER}/{name}", kept[name], mode="once") for name in kept]

    def remember(self, ctx: AgentContext) -> Any:
        """Return the picture of the databases and the names of the revisions that lead there."""
        return self._plan(ctx).memory

    def _plan(self, ctx: AgentContext) -> Plan:
        return plan(ctx.application, ctx.application.derived(draw), ctx.memory, _revisions(ctx))


def _migration_variables(found: Plan) -> Mapping[str, Any]:
    """Return the variables of the migrations' templates: `revision` is the one that is added.

    `initial` and `added` name their files; the names of one that is not to be written are empty.
    """
    return {
        "initial": _file_names(INITIAL if found.is_initial else ""),
        "added": _file_names(found.revision.name if found.revision else ""),
        "revision": found.revision,
    }


def _file_names(name: str) -> Mapping[str, str]:
    endings = {
        "py": "py",
        "postgresql": "postgresql.sql",
        "sqlite": "sqlite.sql",
        "down_postgresql": "downgrade.postgresql.sql",
        "down_sqlite": "downgrade.sqlite.sql",
    }
    return {key: f"{name}.{ending}" if name else "" for key, ending in endings.items()}


def _revisions(ctx: AgentContext) -> Mapping[str, str]:
    """Return the files that lie in the folder of the revisions, by their paths within it."""
    found = dict(ctx.present(FOLDER))
    for folder in FOLDERS:
        within = f"{INITIAL}/{folder}"
        found |= {f"{within}/{name}": text for name, text in ctx.present(f"{FOLDER}/{within}").items()}
    return found
