"""The index of a table's searches: trigrams (PostgreSQL's extension pg_trgm) of one text that its columns make up.

The generated module `app/core/search.py` writes the same expression: only then does PostgreSQL use the index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.generation.encoders.sql_text import quote, text_sql
from runner.generation.fastapi.migration.snapshot import IndexSnapshot
from runner.generation.fastapi.sql_names import qualified
from runner.generation.model.searched_text import searched_text
from runner.generation.model.suggested_indexes import free_name, relation_names, suggested_indexes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.ddl.model import QName
    from runner.generation.model.application import Application
    from runner.generation.model.searched_text import ChosenColumns, SearchedText

EXTENSION = "pg_trgm"
_BETWEEN = " || ' ' || "
_OPERATORS = "gin_trgm_ops"
_SEPARATORS = " -().,/"  # that people write into a phone number, as in app/core/search.py


def search_indexes(application: Application, chosen: ChosenColumns) -> Mapping[QName, IndexSnapshot]:
    """Return the index of each table that can be searched; the rows of a partition are found in its whole table."""
    schema, taken = application.schema, relation_names(application)
    for name, indexes in application.derived(suggested_indexes).items():
        taken[name.schema].update(index.name for index in indexes)
    operators = qualified(dict(schema.extension_schemas).get(EXTENSION), _OPERATORS)
    needs = "" if EXTENSION in schema.extensions else _OPERATORS
    found = {}
    for table in application.tables:
        text = searched_text(table, chosen)
        name = table.ddl.name
        if text.fields and table.ddl.partition_of is None:
            own = free_name(name.name, "search", taken[name.schema])
            found[name] = IndexSnapshot(
                name=own, columns=(), sql=f" USING gin (({_text_sql(text)}) {operators})", needs=needs
            )
    return found


def _text_sql(text: SearchedText) -> str:
    parts = [_value(field.column.name) for field in text.fields]
    parts += [f"translate({_value(field.column.name)}, {text_sql(_SEPARATORS)}, '')" for field in text.phones]
    return f'({_BETWEEN.join(parts)}) COLLATE "default"'


def _value(column: str) -> str:
    return f"coalesce(CAST({quote(column)} AS text), '')"
