"""The kind `be-crud`: model, schemas, router, tests and notes of one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from runner.agents.backend import FILTERS
from runner.agents.backend.context import table_variables
from runner.agents.templates import TemplateAgent
from runner.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.agents.base import AgentContext
    from runner.rendering import Filters


class BackendCrud(TemplateAgent):
    """A table as a package of the backend."""

    kind: ClassVar[str] = "be-crud"
    title: ClassVar[str] = "BE CRUD APIs"
    filters: ClassVar[Filters] = FILTERS

    def variables(self, ctx: AgentContext) -> Mapping[str, Any]:
        """Return what the table's templates can use: `app` and `table`."""
        if ctx.table is None:
            raise AgentError("be-crud works on one table and was given none")
        return table_variables(ctx.schema, ctx.table, ctx.options)
