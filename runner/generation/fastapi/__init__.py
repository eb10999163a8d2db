"""The backend of an application: how the model's types, fields and rules are written as FastAPI, and its migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.generation.fastapi.generated_names import imported
from runner.generation.fragments import join, with_imports
from runner.generation.source_text import FILTERS as TEXT_FILTERS

if TYPE_CHECKING:
    from runner.generation.rendering import Filters

FILTERS: Filters = {**TEXT_FILTERS, "imported": imported, "join": join, "with_imports": with_imports}
