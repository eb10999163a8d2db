"""DROP of tables, views, indexes, types, domains and schemas."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runner.ddl.catalog.inheritance import drop_copies
from runner.ddl.statements.functions import drop_function
from runner.ddl.statements.triggers import drop_trigger
from runner.ddl.syntax.tokens import split_at

if TYPE_CHECKING:
    from runner.ddl.catalog.catalog import Catalog, NamePath, TableDraft
    from runner.ddl.statements.statement import Statement


_OBJECTS = {
    **dict.fromkeys(("FUNCTION", "AGGREGATE", "PROCEDURE"), drop_function),
    "TRIGGER": drop_trigger,
}


def drop(statement: Statement, kind: str) -> None:
    """Apply a DROP; the cursor is after the word for the kind of object."""
    cursor, catalog = statement.cursor, statement.catalog
    if kind in _OBJECTS:
        _OBJECTS[kind](statement)
        return
    cursor.skip("CONCURRENTLY")
    cursor.skip("IF", "EXISTS")
    for part in split_at(cursor.rest()):
        here = cursor.inside(part)
        path = here.take_path()
        if kind == "TABLE":
            table = catalog.find(path)
            if table is not None:
                _drop_table(statement, table)
        elif kind == "VIEW":
            catalog.remove_view(path)
        elif kind == "INDEX":
            _drop_index(statement, path[-1], here.take_path() if here.skip("ON") else None)
        elif kind in {"TYPE", "DOMAIN"}:
            _drop_type(catalog, path)
        elif kind in {"SCHEMA", "DATABASE"}:
            for table in [draft for draft in catalog.tables.values() if draft.name.schema == path[-1]]:
                _drop_table(statement, table)


def _drop_type(catalog: Catalog, path: NamePath) -> None:
    for name in catalog.candidates(path):
        catalog.enums.pop(name, None)
        catalog.domains.pop(name, None)
        catalog.composites.pop(name, None)


def _drop_table(statement: Statement, table: TableDraft) -> None:
    catalog = statement.catalog
    catalog.remove(table)
    if not catalog.dialect.drop_removes_references:
        return
    for other in catalog.tables.values():
        other.foreign_keys = [key for key in other.foreign_keys if key.references != table.name]


def _drop_index(statement: Statement, name: str, of: NamePath | None) -> None:
    catalog = statement.catalog
    wanted = catalog.find(of) if of else None
    for table in catalog.tables.values() if wanted is None else [wanted]:
        if wanted is not None:
            table.unique = [key for key in table.unique if key.name != name]
        if any(index.name == name for index in table.indexes):
            before = replace(table)
            table.indexes = [index for index in table.indexes if index.name != name]
            for child in catalog.family(table)[1:]:
                if child.partition_of is not None:
                    drop_copies(child, before, table)
