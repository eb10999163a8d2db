"""The kind `fe-boilerplate`: the part of a frontend that belongs to no single table, and what starts both ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from runner.generation.model.access_options import access_options
from runner.generation.model.app_options import app_options
from runner.generation.model.browser_account import browser_account
from runner.generation.model.charts import suggested_charts
from runner.generation.model.given_labels import GivenLabels
from runner.generation.model.operation_options import operation_options
from runner.generation.react.typescript_source import FILTERS
from runner.generation.template_agent import TemplateAgent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.generation.agent import AgentContext
    from runner.generation.rendering import Filters


class FrontendBoilerplate(TemplateAgent):
    """A React application without tables: build, shell, shared screens, and `make dev` for backend and frontend."""

    kind: ClassVar[str] = "fe-boilerplate"
    title: ClassVar[str] = "FE Boilerplate"
    per_table: ClassVar[bool] = False
    filters: ClassVar[Filters] = FILTERS

    def variables(self, ctx: AgentContext) -> Mapping[str, Any]:
        """Return `app`, its `title` by language, `operation`, and the `charts`, whose template alone names tables.

        `account` is the one that tests in a browser log in with, None where they need none.
        """
        app = app_options(ctx.application.names.common, ctx.options)
        labels = GivenLabels(ctx.options.get("labels") or {})
        operation = operation_options(ctx.options)
        return {
            "app": app,
            "title": labels.title(app.title),
            "operation": operation,
            "account": browser_account(access_options(ctx.application, ctx.options)) if operation.e2e else None,
            "charts": suggested_charts(ctx.application) if app.charts else (),
        }
