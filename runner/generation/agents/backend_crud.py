"""The kind `be-crud`: model, schemas, router, tests and notes of one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from runner.generation.fastapi import FILTERS
from runner.generation.fastapi.backend_variables import table_variables
from runner.generation.template_agent import TemplateAgent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.generation.agent import AgentContext
    from runner.generation.rendering import Filters


class BackendCrud(TemplateAgent):
    """A table as a package of the backend."""

    kind: ClassVar[str] = "be-crud"
    title: ClassVar[str] = "BE CRUD APIs"
    filters: ClassVar[Filters] = FILTERS

    def variables(self, ctx: AgentContext) -> Mapping[str, Any]:
        """Return the variables of a table's templates."""
        return table_variables(ctx.part, ctx.options)
