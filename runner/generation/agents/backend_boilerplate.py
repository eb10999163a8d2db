"""The kind `be-boilerplate`: the part of a backend that belongs to no single table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from runner.generation.agent import GeneratedFile
from runner.generation.fastapi import FILTERS
from runner.generation.fastapi.backend_variables import app_variables
from runner.generation.fastapi.migration.access_tables import with_access_tables
from runner.generation.fastapi.migration.initial_revision import FOLDERS, revision_modules
from runner.generation.fastapi.migration.revisions import (
    FOLDER,
    INITIAL,
    RevisionPlan,
    check_initial_revision,
    plan_revision,
)
from runner.generation.fastapi.migration.schema_snapshot import take_snapshot
from runner.generation.model.access_options import access_options
from runner.generation.model.chosen_columns import chosen_columns
from runner.generation.model.object_options import object_option
from runner.generation.model.suggested_indexes import index_option
from runner.generation.template_agent import TemplateAgent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.generation.agent import AgentContext
    from runner.generation.rendering import Filters


class BackendBoilerplate(TemplateAgent):
    """FastAPI application, core, migrations and test support, rendered from the whole schema.

    It remembers a snapshot of the databases after its last revision; when the schema differs from it, it adds one.
    """

    kind: ClassVar[str] = "be-boilerplate"
    title: ClassVar[str] = "BE Boilerplate"
    per_table: ClassVar[bool] = False
    filters: ClassVar[Filters] = FILTERS

    def variables(self, ctx: AgentContext) -> Mapping[str, Any]:
        """Return the variables of the set-up templates and of the migrations."""
        return {**app_variables(ctx.application, ctx.options), **_migration_variables(self._plan(ctx))}

    def generate(self, ctx: AgentContext) -> list[GeneratedFile]:
        """Return the files of the set, and the existing revisions unchanged.

        Raises:
            AgentError: the revisions do not match what is remembered of them; the message says what to do.

        """
        found = self._plan(ctx)
        kept = found.kept
        if found.is_initial:
            kept = {f"{INITIAL}/{file.path}": file.text for file in revision_modules(found.snapshot)}
            check_initial_revision(kept, _revisions(ctx))
        return super().generate(ctx) + [GeneratedFile(f"{FOLDER}/{name}", kept[name], mode="once") for name in kept]

    def remember(self, ctx: AgentContext) -> Any:
        """Return the snapshot of the databases and the names of the revisions that create it."""
        return self._plan(ctx).memory

    def _plan(self, ctx: AgentContext) -> RevisionPlan:
        application = ctx.application
        chosen, indexes = chosen_columns(ctx.options, "search"), index_option(ctx.options)
        snapshot = application.derived(take_snapshot, chosen, indexes, object_option(ctx.options))
        snapshot = with_access_tables(snapshot, application, access_options(application, ctx.options))
        return plan_revision(application, snapshot, ctx.memory, _revisions(ctx))


def _migration_variables(found: RevisionPlan) -> Mapping[str, Any]:
    """Return the variables of the migrations' templates: `revision` is the one that is added.

    `initial` and `added` name their files; the names of one that is not to be written are empty.
    """
    return {
        "initial": {"py": f"{INITIAL}.py" if found.is_initial else ""},
        "added": {"py": f"{found.revision.name}.py" if found.revision else ""},
        "revision": found.revision,
    }


def _revisions(ctx: AgentContext) -> Mapping[str, str]:
    """Return the texts of the files in the folder of the revisions, by their paths within it."""
    found = dict(ctx.present(FOLDER))
    for folder in FOLDERS:
        within = f"{INITIAL}/{folder}"
        found |= {f"{within}/{name}": text for name, text in ctx.present(f"{FOLDER}/{within}").items()}
    return found
