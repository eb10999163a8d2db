"""SQLite's statements: those that create a snapshot, and those that turn one into another.

SQLite can alter little of a table in place. A table whose lines differ is rebuilt: a new table is created, filled from
the old one and renamed to replace it, as SQLite's documentation of ALTER TABLE recommends (section "Making Other Kinds
Of Table Schema Changes"). Foreign keys are switched off around the transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.generation.encoders.settings_text import json_value
from runner.generation.encoders.sql_text import quote, text_sql
from runner.generation.fastapi.migration.stored_objects import (
    TRIGGERS,
    create_objects,
    drop_objects,
    gained_objects,
    lost_objects,
)
from runner.generation.model.prose import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from runner.generation.fastapi.migration.difference import Difference, TableChange
    from runner.generation.fastapi.migration.snapshot import ColumnSnapshot, SqliteSnapshot

FILL_IT = "-- Existing rows have no value for {columns}: add each above, and its value below."


def create_table(table: SqliteSnapshot) -> Iterator[str]:
    """Yield the statements that create a table."""
    yield _create(table, table.name)
    yield from (sql for _, sql in table.indexes)


def change(found: Difference) -> Iterator[str]:
    """Yield the statements that turn the old snapshot into the new one, in order.

    Renames come first, since SQLite then renames in triggers and views as well.
    """
    yield from drop_objects(lost_objects(found), "sqlite", TRIGGERS)
    yield from (f"DROP VIEW {quote(view.flat)}" for view in found.views_dropped)
    rebuilt = [table for table in found.tables if _is_rebuilt(table)]
    for table in found.tables:
        yield from (f"DROP INDEX {quote(name)}" for name in _dropped_indexes(table.was.sqlite, table.new.sqlite))
    for table in found.tables:
        yield from _renames(found, table)
    for table in rebuilt:
        yield _create(table.new.sqlite, _new_name(table.new.sqlite))
        yield from _fill(found, table)
    yield from (f"DROP TABLE {quote(table.new.sqlite.name)}" for table in rebuilt)
    yield from (f"DROP TABLE {quote(table.sqlite.name)}" for table in found.tables_dropped)
    if rebuilt:  # leaves references to the table by its name unchanged
        yield "PRAGMA legacy_alter_table = ON"
        for table in rebuilt:
            name = table.new.sqlite.name
            yield f"ALTER TABLE {quote(_new_name(table.new.sqlite))} RENAME TO {quote(name)}"
        yield "PRAGMA legacy_alter_table = OFF"
    for added in found.tables_added:
        yield from create_table(added.sqlite)
    for table in found.tables:
        had = {} if _is_rebuilt(table) else dict(table.was.sqlite.indexes)
        yield from (sql for name, sql in table.new.sqlite.indexes if had.get(name) != sql)
    yield from (view.sqlite for view in found.views_created)
    yield from create_objects(gained_objects(found), "sqlite", TRIGGERS)


def _create(table: SqliteSnapshot, name: str) -> str:
    body = ",\n".join(f"    {line}" for line in table.lines)
    return f"CREATE TABLE {quote(name)} (\n{body}\n)"


def _new_name(table: SqliteSnapshot) -> str:
    return f"_new_{table.name}"


def _is_rebuilt(table: TableChange) -> bool:
    """Whether a table is rebuilt; a different order of its lines alone is no reason."""
    old, new = table.was.sqlite, table.new.sqlite
    return old.name != new.name or set(old.lines) != set(new.lines)


def _dropped_indexes(old: SqliteSnapshot, new: SqliteSnapshot) -> Iterator[str]:
    made = dict(new.indexes)
    yield from (name for name, sql in old.indexes if made.get(name) != sql)


def _renames(found: Difference, table: TableChange) -> Iterator[str]:
    name = quote(table.new.sqlite.name)
    if table.was.sqlite.name != table.new.sqlite.name:
        yield f"ALTER TABLE {quote(table.was.sqlite.name)} RENAME TO {name}"
    if table.was.sqlite.renamed or table.new.sqlite.renamed:
        return  # a new name may still be that of another column: the table is rebuilt
    for old, new in found.renames.columns.get(table.was.key, {}).items():
        yield f"ALTER TABLE {name} RENAME COLUMN {quote(old)} TO {quote(new)}"


def _fill(found: Difference, table: TableChange) -> Iterator[str]:
    """Yield what copies the rows, and the last number of the key."""
    old, new = table.was.sqlite, table.new.sqlite
    was = {column.name: column for column in table.old.columns}
    columns = {column.name: column for column in table.new.columns}
    names, sources = dict(new.renamed), _sources(found, table)
    taken = {
        name: _value(was[name], columns[name], quote(sources.get(name, name)), _values(found, was[name]))
        for name in new.stored
        if name in was
    }
    taken |= {name: fill for name in new.stored if name not in was and (fill := columns[name].fill) is not None}
    empty = [
        quote(names.get(name, name)) for name in new.stored if name not in taken and _must_be_given(columns[name], new)
    ]
    note = f"{FILL_IT.format(columns=one_line(' and '.join(empty)))}\n" if empty else ""
    yield (
        f"INSERT INTO {quote(_new_name(new))} ({', '.join(quote(names.get(name, name)) for name in taken)})\n"
        f"{note}SELECT {', '.join(taken.values())}\nFROM {quote(new.name)}"
    )
    if old.numbered and new.numbered:
        name = text_sql(_new_name(new))
        yield f"DELETE FROM sqlite_sequence WHERE name = {name}"  # noqa: S608 - goes into a file, with the DDL's own names
        yield (
            "INSERT INTO sqlite_sequence (name, seq)\n"
            f"SELECT {name}, seq FROM sqlite_sequence WHERE name = {text_sql(new.name)}"
        )


def _sources(found: Difference, table: TableChange) -> Mapping[str, str]:
    """Return the names of columns in the old table by their new names, where they differ when it is copied."""
    if not (table.was.sqlite.renamed or table.new.sqlite.renamed):
        return {}
    renames, names = found.renames.columns.get(table.was.key, {}), dict(table.was.sqlite.renamed)
    return {renames.get(one.name, one.name): names.get(one.name, one.name) for one in table.was.columns}


def _must_be_given(column: ColumnSnapshot, table: SqliteSnapshot) -> bool:
    numbered = table.numbered and bool(column.identity or column.sequence)
    return column.needs_value and column.sqlite_default is None and not numbered


def _values(found: Difference, column: ColumnSnapshot) -> Mapping[str, str]:
    """Return the renamed values of a column's enum, new names by old ones."""
    kinds = {now.sql: was.key for was, now in zip(found.was.types, found.old.types, strict=True)}
    return found.renames.values.get(kinds.get(column.item_type, (None, "")), {})


def _value(old: ColumnSnapshot, new: ColumnSnapshot, text: str, renamed: Mapping[str, str]) -> str:
    """Return the SQL of an old column's value, `text`, as the new one stores it."""
    is_list = old.type != old.item_type
    for was, now in renamed.items() if is_list else ():
        text = f"replace({text}, {text_sql(json_value(was))}, {text_sql(json_value(now))})"
    if renamed and not is_list:
        text = f"CASE {text} {' '.join(_whens(renamed.items()))} ELSE {text} END"
    if old.type != "uuid" and new.type == "uuid":
        text = f"lower(replace({text}, '-', ''))"
    if old.type == "uuid" and new.type != "uuid":
        cuts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
        text = " || '-' || ".join(f"substr({text}, {start}, {length})" for start, length in cuts)
    if old.type.startswith("time ") and new.type == "interval":
        text = f"'1970-01-01 ' || {text}"
    if old.type == "interval" and new.type.startswith("time "):
        text = f"substr({text}, 12)"
    if new.needs_value and not old.needs_value and new.sqlite_default is not None:
        text = f"coalesce({text}, {new.sqlite_default})"
    return text


def _whens(values: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield from (f"WHEN {text_sql(was)} THEN {text_sql(now)}" for was, now in values)
