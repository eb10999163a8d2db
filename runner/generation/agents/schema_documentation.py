"""The kind `schema-docs`: pages in Markdown about every table, an index, and entity-relationship diagrams.

Built on `generation/model` alone: a stack of its own needs no more than this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from runner.generation.encoders import FILTERS
from runner.generation.model.app_options import app_options
from runner.generation.schema_docs.diagrams import draw_diagrams, short_type
from runner.generation.template_agent import TemplateAgent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.generation.agent import AgentContext, GeneratedFile
    from runner.generation.rendering import Filters, TemplateSet


class SchemaDocumentation(TemplateAgent):
    """Renders each template once, or where its path names a `table` or a `diagram`, once for each of them."""

    kind: ClassVar[str] = "schema-docs"
    title: ClassVar[str] = "Schema docs"
    per_table: ClassVar[bool] = False
    filters: ClassVar[Filters] = {**FILTERS, "short_type": short_type}

    def variables(self, ctx: AgentContext) -> Mapping[str, Any]:
        """Return what all templates can use: `app`, `application`, `tables` and `diagrams`."""
        return {
            "app": app_options(ctx.application.names.common, ctx.options),
            "application": ctx.application,
            "tables": ctx.application.tables,
            "diagrams": draw_diagrams(ctx.application),
        }

    def _render(self, templates: TemplateSet, variables: Mapping[str, Any], ctx: AgentContext) -> list[GeneratedFile]:
        files = []
        for template in templates.files:
            each = next((name for name in ("table", "diagram") if f"{{ {name}." in template.target), None)
            for item in variables[f"{each}s"] if each else (None,):
                ctx.check_cancelled()
                rendered = templates.render(template, {**variables, each: item} if each else variables)
                if rendered is not None:
                    files.append(self._finish(rendered))
        return files
