"""By which references searches of a table find rows: those that the option `search` names, or those with an index."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from runner.generation.model.reference_names import named_references
from runner.generation.model.searched_text import is_of_reference, searched_text
from runner.generation.model.suggested_indexes import has_index
from runner.records.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Collection

    from runner.generation.model.application import Application
    from runner.generation.model.application_tables import ApplicationTable
    from runner.generation.model.chosen_columns import ChosenColumns

SearchedReferences = dict[str, tuple[str, ...]]  # columns of the target by the reference's name; none for its label

_MOST = 4  # references that are searched by default: each is a query of its own


def searched_references(
    table: ApplicationTable, chosen: ChosenColumns, *, all_have_indexes: bool
) -> SearchedReferences:
    """Return the references by which searches find rows.

    Without a choice, these are the first that have an index, or all if the migrations create the indexes that the DDL
    lacks.
    """
    names = dict(chosen).get(table.title)
    if names is not None:
        found: SearchedReferences = {}
        for reference, _, column in (name.rpartition(".") for name in names if is_of_reference(table, name)):
            found[reference] = (*found.get(reference, ()), column)
        return found
    ready = [
        name
        for name, reference in named_references(table).items()
        if all_have_indexes or has_index(table, reference.key.columns)
    ]
    return dict.fromkeys(ready[:_MOST], ())


def check_searched_reference(application: Application, chosen: ChosenColumns, title: str, name: str) -> None:
    """Raise `AgentError` where the option `search` has a name, such as `student.full_name`, that leads to no text."""
    table = next(table for table in application.tables if table.title == title)
    known = named_references(table)
    reference, _, column = name.rpartition(".")
    if reference not in known:
        raise AgentError(f"{title} has no reference {reference!r}. {_hint(reference, known)}")
    target = application.table(known[reference].target)
    searched = [field.column.name for field in searched_text(target, chosen).fields]
    if column not in searched:
        raise AgentError(f"{target.title} does not search a column {column!r}. {_hint(column, searched)}")


def _hint(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"Did you mean {close[0]}?" if close else f"There are: {', '.join(known) or 'none'}"
