"""Columns that an option of a task names, by table: `search` and `secret`."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from runner.records.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Iterable

ChosenColumns = tuple[tuple[str, tuple[str, ...]], ...]  # by the label of their table


def chosen_columns(options: Mapping[str, Any], option: str) -> ChosenColumns:
    """Return the columns that an option names, by table. Raises AgentError where it is no such mapping."""
    given = options.get(option) or {}
    if not isinstance(given, Mapping):
        raise AgentError(f"option {option}: give the columns of each table, such as {{students: [full_name, phone]}}")
    return tuple(
        sorted((label, (names,) if isinstance(names, str) else tuple(names or ())) for label, names in given.items())
    )


def no_such_column(option: str, label: str, name: object, known: Iterable[str]) -> AgentError:
    """Return the error of an option that names a column which a table lacks."""
    near = get_close_matches(str(name), known, n=1)
    return AgentError(
        f"option {option}: {label} has no column {name!r}{f'; did you mean {near[0]!r}?' if near else ''}"
    )
