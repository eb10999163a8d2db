"""The kind `fe-boilerplate`: everything of the frontend that no single table owns, and what starts the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from runner.generation.react.app_context import app_variables
from runner.generation.template_agent import TemplateAgent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.generation.agent import AgentContext


class FrontendBoilerplate(TemplateAgent):
    """A React application without a table: build, shell, shared screens, and `make dev` for backend and frontend."""

    kind: ClassVar[str] = "fe-boilerplate"
    title: ClassVar[str] = "FE Boilerplate"
    per_table: ClassVar[bool] = False

    def variables(self, ctx: AgentContext) -> Mapping[str, Any]:
        """Return what the set-up templates can use: `app`."""
        return app_variables(ctx.application, ctx.options)
