"""The kind `fe-crud`: schemas, service, hooks, tests and notes of one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from runner.generation.model.app_options import app_options
from runner.generation.model.chosen_columns import chosen_columns
from runner.generation.model.searched_references import searched_references
from runner.generation.model.suggested_indexes import index_option
from runner.generation.react.service_view import ServiceView
from runner.generation.react.typescript_source import FILTERS
from runner.generation.template_agent import TemplateAgent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.generation.agent import AgentContext
    from runner.generation.rendering import Filters


class FrontendCrud(TemplateAgent):
    """A table as a package of the frontend, without its pages."""

    kind: ClassVar[str] = "fe-crud"
    title: ClassVar[str] = "FE CRUD Services"
    filters: ClassVar[Filters] = FILTERS

    def variables(self, ctx: AgentContext) -> Mapping[str, Any]:
        """Return the variables of a table's templates: `app`, `table` and `service`."""
        part = ctx.part
        app, table = app_options(part.names, ctx.options), part.table
        chosen, indexes = chosen_columns(ctx.options, "search"), index_option(ctx.options)
        searched = searched_references(table, chosen, all_have_indexes=indexes == "create")
        service = ServiceView(table=table, searched_references=frozenset(searched))
        return {"app": app, "table": table, "service": service}
