"""The SQL dialects that the reader knows: one module each, named like the dialect, with its record as `DIALECT`.

The modules of this folder are the only list of dialects. A dialect is loaded when it is first needed: to list their
names imports none of them.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runner.ddl.syntax.dialect import Dialect

NAMES = tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))
DEFAULT = "postgres"  # where a plan or a command names none
NAMES_IN_WORDS = f"{', '.join(NAMES[:-1])} or {NAMES[-1]}"


@cache
def dialect_named(name: str) -> Dialect:
    """Return the record of a dialect, by one of `NAMES`. Raises ValueError for any other name."""
    if name not in NAMES:
        raise ValueError(f"unknown SQL dialect {name!r}; known are {NAMES_IN_WORDS}")
    dialect: Dialect = importlib.import_module(f"{__name__}.{name}").DIALECT
    return dialect


def meant_dialect(word: str) -> str | None:
    """Return the name of the dialect that people also call `word`, such as `postgresql`; None where there is none."""
    return next((name for name in NAMES if word.lower() in dialect_named(name).other_names), None)
