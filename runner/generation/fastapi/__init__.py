"""What the backend kinds know of a schema: types, rules, names, examples and DDL, as variables of templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.generation.fastapi.imports import import_lines, schema_imports, with_imports
from runner.generation.source_text import FILTERS as TEXT_FILTERS

if TYPE_CHECKING:
    from runner.generation.rendering import Filters

FILTERS: Filters = {
    **TEXT_FILTERS,
    "import_lines": import_lines,
    "schema_imports": schema_imports,
    "with_imports": with_imports,
}
