"""The kind `ui-crud`: list, detail and form pages of one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from runner.generation.model.given_labels import GivenLabels
from runner.generation.react.page_view import PageView
from runner.generation.react.typescript_source import FILTERS
from runner.generation.template_agent import TemplateAgent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.generation.agent import AgentContext
    from runner.generation.rendering import Filters


class PagesCrud(TemplateAgent):
    """What a table's pages declare; the screens themselves are in the frontend's core."""

    kind: ClassVar[str] = "ui-crud"
    title: ClassVar[str] = "UI CRUD Pages"
    filters: ClassVar[Filters] = FILTERS

    def variables(self, ctx: AgentContext) -> Mapping[str, Any]:
        """Return the variables of a table's templates: `table` and `page`."""
        table = ctx.part.table
        labels = GivenLabels(ctx.options.get("labels") or {})
        return {"table": table, "page": PageView(table=table, labels=labels)}
