"""The kind `fe-boilerplate`: everything of the frontend that no single table owns, and what starts the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from runner.generation.model.app_options import app_options
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
        """Return what the set-up templates can use: `app`.

        No table is named in them, so that a change of one leaves every shared file as it is.
        """
        return {"app": app_options(ctx.application, ctx.options)}
