"""COMMENT ON."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runner.ddl.catalog.table_changes import comment_constraint

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.ddl.catalog.catalog import NamePath, TableDraft, ViewDraft
    from runner.ddl.statements.statement import Statement


def comment_on(statement: Statement) -> None:
    """Apply a COMMENT ON; comments on functions and other objects are ignored."""
    cursor = statement.cursor
    cursor.expect("COMMENT", "ON")
    cursor.skip_any("FOREIGN", "MATERIALIZED")
    subject = _COMMENTED.get(cursor.take().word)
    if subject is None:
        return
    path = cursor.take_path()
    if subject is _comment_constraint:
        cursor.expect("ON")
        subject = _comment_domain_constraint if cursor.skip("DOMAIN") else subject
        path = (*cursor.take_path(), path[-1])
    cursor.expect("IS")
    subject(statement, path, None if cursor.skip("NULL") else cursor.take_string() or None)


def _comment_table(statement: Statement, path: NamePath, comment: str | None) -> None:
    table = statement.catalog.find(path)
    if table is not None:
        table.comment = comment


def _comment_column(statement: Statement, path: NamePath, comment: str | None) -> None:
    table = statement.catalog.find(path[:-1]) if len(path) > 1 else None
    column = table.column(path[-1]) if table else None
    view = statement.catalog.find_view(path[:-1]) if len(path) > 1 else None
    if column is not None:
        column.comment = comment
    elif view is not None:
        view.column_comments[path[-1]] = comment


def _comment_view(statement: Statement, path: NamePath, comment: str | None) -> None:
    view = statement.catalog.find_view(path)
    if view is not None:
        view.comment = comment


def _comment_type(statement: Statement, path: NamePath, comment: str | None) -> None:
    catalog = statement.catalog
    for name in catalog.candidates(path):
        if name in catalog.enums:
            catalog.enums[name] = replace(catalog.enums[name], comment=comment)
            return


def _comment_domain(statement: Statement, path: NamePath, comment: str | None) -> None:
    catalog = statement.catalog
    for name in catalog.candidates(path):
        if name in catalog.domains:
            catalog.domains[name].comment = comment
            return


def _comment_index(statement: Statement, path: NamePath, comment: str | None) -> None:
    catalog = statement.catalog
    drafts: list[TableDraft | ViewDraft] = [*catalog.tables.values(), *catalog.views.values()]
    for draft in drafts:
        draft.indexes = [
            replace(index, comment=comment) if index.name == path[-1] else index for index in draft.indexes
        ]


def _comment_constraint(statement: Statement, path: NamePath, comment: str | None) -> None:
    table = statement.catalog.find(path[:-1])
    if table is not None:
        comment_constraint(table, path[-1], comment)


def _comment_domain_constraint(statement: Statement, path: NamePath, comment: str | None) -> None:
    catalog = statement.catalog
    domain = next((catalog.domains[name] for name in catalog.candidates(path[:-1]) if name in catalog.domains), None)
    if domain is not None:
        domain.checks = [replace(one, comment=comment) if one.name == path[-1] else one for one in domain.checks]


_COMMENTED: dict[str, Callable[[Statement, NamePath, str | None], None]] = {
    "TABLE": _comment_table,
    "COLUMN": _comment_column,
    "TYPE": _comment_type,
    "DOMAIN": _comment_domain,
    "INDEX": _comment_index,
    "VIEW": _comment_view,
    "CONSTRAINT": _comment_constraint,
}
