"""The kind `be-boilerplate`: everything of the backend that no single table owns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from runner.agents.backend import FILTERS
from runner.agents.backend.context import app_variables
from runner.agents.templates import TemplateAgent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.agents.base import AgentContext
    from runner.rendering import Filters


class BackendBoilerplate(TemplateAgent):
    """FastAPI application, core, migrations and test support, rendered from the whole schema."""

    kind: ClassVar[str] = "be-boilerplate"
    title: ClassVar[str] = "BE Boilerplate"
    per_table: ClassVar[bool] = False
    filters: ClassVar[Filters] = FILTERS

    def variables(self, ctx: AgentContext) -> Mapping[str, Any]:
        """Return what the set-up templates can use: `app`, `enums`, `tables` and `migration`."""
        return app_variables(ctx.schema, ctx.options)
