"""Text in SQL that PostgreSQL and SQLite read alike: identifiers and string constants."""

from __future__ import annotations


def quote(name: str) -> str:
    """Return an identifier as SQL, with quotes only where they are needed."""
    plain = name.isascii() and name.isidentifier() and name == name.lower() and name not in SQL_WORDS
    return name if plain else '"' + name.replace('"', '""') + '"'


def text_sql(value: str | None) -> str:
    """Return a string constant as SQL; None is NULL."""
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


_WORDS = """
    abort add after all alter always analyse analyze and any array as asc asymmetric attach authorization
    autoincrement before begin between binary both by cascade case cast check collate collation column commit
    concurrently conflict constraint create cross current current_catalog current_date current_role current_schema
    current_time current_timestamp current_user database default deferrable deferred delete desc detach distinct
    do drop each else end escape except exclude exclusive exists explain fail false fetch filter following for
    foreign freeze from full generated glob grant group groups having if ignore ilike immediate in index indexed
    initially inner insert instead intersect into is isnull join lateral leading left like limit localtime
    localtimestamp materialized natural no not nothing notnull null nulls of offset on only or order others outer
    over overlaps partition placing pragma preceding primary query raise recursive references regexp reindex
    release rename replace restrict returning right rollback row rows savepoint select session_user set similar
    some symmetric system_user table tablesample temp temporary then ties to trailing transaction trigger true
    unbounded union unique update user using vacuum values variadic verbose view virtual when where window with
    without
"""  # that PostgreSQL or SQLite reserve
SQL_WORDS = frozenset(_WORDS.split())
