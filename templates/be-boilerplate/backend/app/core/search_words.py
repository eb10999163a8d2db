"""Words of a search as PostgreSQL's `tsquery`, and which tables have an index of words instead of one of trigrams.

The migrations create an index of words where the extension `pg_trgm` is missing. It finds words by their beginning.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.engine import Dialect, Engine

MARKS = "+-./~<&"  # that PostgreSQL's parser takes for parts of numbers, paths, tags and the like
LENGTH = 100_000  # of a text that is indexed: its words fit into one `tsvector`
SEPARATORS = " -().,/"  # that people write into a number
# A country's calling code (ITU-T E.164); those that begin with 1 and 7 have one digit
INTERNATIONAL = (
    "^([+]|00)([17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]"
    "|(2[1-689]|3[578]|42|5[09]|6[7-9]|8[03578]|9[679])[0-9])"
)

_LONGEST = 500  # characters of a word, which may have 2,046 bytes
_SPACES = str.maketrans(dict.fromkeys(string.punctuation, " "))
_INDEXES = """
SELECT n.nspname, c.relname, pg_table_is_visible(c.oid)
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE i.indexprs IS NOT NULL
AND starts_with(pg_get_indexdef(i.indexrelid, 1, false), 'to_tsvector(''simple''::regconfig, "left"(translate(')
"""
_tables: WeakKeyDictionary[Dialect, frozenset[tuple[str | None, str]]] = WeakKeyDictionary()


def read_indexes(engine: Engine, connection: Any) -> None:
    """Note which tables of a database have an index of words; `connection` is the first one of the engine."""
    with connection.cursor() as cursor:
        rows = cursor.execute(_INDEXES).fetchall()
    connection.rollback()
    _tables[engine.dialect] = frozenset(
        (schema, name)
        for own, name, is_visible in rows
        for schema in ((own, None) if is_visible else (own,))
    )


def has_index(dialect: Dialect, table: sa.Table) -> bool:
    """Whether a table has an index of words."""
    return (table.schema, table.name) in _tables.get(dialect, ())


def words_query(words: Iterable[Iterable[str]]) -> str:
    """Return the `tsquery` of words, each given in several forms of which one must be found; empty if it has no word."""
    found = (" | ".join(dict.fromkeys(_beginnings(forms))) for forms in words)
    return " & ".join(f"({query})" for query in found if query)


def _beginnings(forms: Iterable[str]) -> Iterator[str]:
    for form in forms:
        if parts := form.translate(_SPACES).split():
            yield " & ".join(f"'{part[:_LONGEST]}':*" for part in parts)
