"""The base of every built-in kind: an agent is a template set and the variables that it is rendered with.

Runs in a worker's sub-task threads. Subclass `TemplateAgent` and return the variables; a template that is added to the
set is then rendered without any change of code.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from runner.generation.agent import Agent, AgentContext, GeneratedFile
from runner.generation.encoders import FILTERS
from runner.generation.python_layout import fit_lines
from runner.generation.rendering import Filters, RenderedFile, TemplateSet, template_set

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TEMPLATES, VARIABLES, RENDER = 2, 3, 4  # steps; the framework reports 1 and 5


class TemplateAgent(Agent):
    """An agent that renders its set, `templates/<kind>`, with the variables of one table (or of the schema).

    `home` is the folder that contains the set, None for the built-in ones. `line_length` bounds the lines of Python
    files, in characters: longer statements are broken as ruff's formatter breaks them.
    """

    home: ClassVar[Path | None] = None
    line_length: ClassVar[int] = 100
    filters: ClassVar[Filters] = FILTERS

    @abstractmethod
    def variables(self, ctx: AgentContext) -> Mapping[str, Any]:
        """Return the variables of the templates; called once for a sub-task."""

    def generate(self, ctx: AgentContext) -> list[GeneratedFile]:
        """Return a file for each template of the set, except where its path has an empty part."""
        ctx.progress(TEMPLATES, "find templates")
        templates = self.templates(ctx)
        ctx.progress(VARIABLES, "work out variables")
        variables = self.variables(ctx)
        ctx.progress(RENDER, f"render {len(templates.files)} templates")
        return self._render(templates, variables, ctx)

    def templates(self, ctx: AgentContext) -> TemplateSet:
        """Return the compiled set, in which the user's own files take precedence."""
        return template_set(self.kind, ctx.templates, filters=self.filters, home=self.home)

    def _render(self, templates: TemplateSet, variables: Mapping[str, Any], ctx: AgentContext) -> list[GeneratedFile]:
        files = []
        for template in templates.files:
            ctx.check_cancelled()
            rendered = templates.render(template, variables)
            if rendered is not None:
                files.append(self._finish(rendered))
        return files

    def _finish(self, file: RenderedFile) -> GeneratedFile:
        is_source = file.path.endswith(".py") and not file.copied
        text = fit_lines(file.text, self.line_length) if is_source else file.text
        return GeneratedFile(path=file.path, text=text, mode=file.mode, executable=file.executable)
