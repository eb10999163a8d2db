"""The backend of an application: how the model's types, fields and rules are written as FastAPI, and its migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.generation.encoders import FILTERS as ENCODERS
from runner.generation.fastapi.generated_names import imported
from runner.generation.fragments import join, with_imports

if TYPE_CHECKING:
    from runner.generation.rendering import Filters

FILTERS: Filters = {**ENCODERS, "imported": imported, "join": join, "with_imports": with_imports}
