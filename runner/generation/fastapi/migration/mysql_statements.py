"""MySQL's and MariaDB's statements: those that create a snapshot, and those that turn one into another.

Each statement is committed by itself, so a table is changed by one ALTER TABLE, which the server applies completely or
not at all. Foreign keys come last, and are dropped first where a column on either side changes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.generation.encoders.mysql_text import backticked
from runner.generation.fastapi.migration.stored_objects import (
    ROUTINES,
    TRIGGERS,
    create_objects,
    drop_objects,
    gained_objects,
    lost_objects,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runner.generation.fastapi.migration.difference import Difference, TableChange
    from runner.generation.fastapi.migration.snapshot import (
        ColumnSnapshot,
        MysqlSnapshot,
        Snapshot,
        TableSnapshot,
        ViewSnapshot,
    )


def create_surroundings(snapshot: Snapshot) -> Iterator[str]:
    """Yield what creates the databases and the sequences that tables need."""
    yield from (f"CREATE DATABASE IF NOT EXISTS {backticked(name)}" for name in snapshot.schemas)
    yield from (f"CREATE SEQUENCE IF NOT EXISTS {backticked(name)}" for name in _sequences(snapshot))


def drop_surroundings(snapshot: Snapshot) -> Iterator[str]:
    """Yield what drops the sequences. Databases stay: they may hold other tables."""
    yield from (f"DROP SEQUENCE IF EXISTS {backticked(name)}" for name in _sequences(snapshot))


def create_table(table: MysqlSnapshot) -> str:
    """Return the statement that creates a table without its foreign keys."""
    lines = [f"    {backticked(name)} {line}" for name, line in table.columns]
    lines += [f"    {line}" for _, line in table.keys]
    body = ",\n".join(lines)
    return f"CREATE TABLE {table.name} (\n{body}\n) {table.options}".rstrip()


def add_references(table: MysqlSnapshot) -> Iterator[str]:
    """Yield the statement that adds a table's foreign keys, if it has any."""
    yield from _add_references(table, [name for name, _ in table.references])


def drop_references(table: MysqlSnapshot) -> str:
    """Return the statement that drops a table's foreign keys, of which it has some."""
    return _drop_references(table, [name for name, _ in table.references])


def drop_view(view: ViewSnapshot) -> str:
    """Return the statement that drops a view."""
    return f"DROP VIEW {f'{backticked(view.schema)}.' if view.schema else ''}{backticked(view.name)}"


def create_all(snapshot: Snapshot) -> Iterator[str]:
    """Yield the statements that create all tables, views, routines and triggers."""
    tables = [table.mysql for table in snapshot.tables if table.mysql]
    yield from create_surroundings(snapshot)
    yield from map(create_table, tables)
    for table in tables:
        yield from add_references(table)
    yield from create_objects(snapshot.objects, "mysql", ROUTINES)
    yield from (view.mysql for view in snapshot.views if view.mysql)
    yield from create_objects(snapshot.objects, "mysql", TRIGGERS)


def drop_all(snapshot: Snapshot) -> Iterator[str]:
    """Yield the statements that drop all tables, views, routines and triggers."""
    tables = [table.mysql for table in snapshot.tables if table.mysql]
    yield from drop_objects(snapshot.objects, "mysql", TRIGGERS)
    yield from (drop_view(view) for view in reversed(snapshot.views) if view.mysql)
    yield from drop_objects(snapshot.objects, "mysql", ROUTINES)
    yield from (drop_references(table) for table in tables if table.references)
    yield from (f"DROP TABLE {table.name}" for table in tables)
    yield from drop_surroundings(snapshot)


def change(found: Difference) -> Iterator[str]:
    """Yield the statements that turn the old snapshot into the new one, in order."""
    was, new = (any(table.mysql for table in snapshot.tables) for snapshot in (found.was, found.new))
    if not (was and new):  # one of them is of a version of the runner that did not know these databases
        yield from create_all(found.new) if new else drop_all(found.was) if was else ()
        return
    had_views = {view.sql: view for view in found.was.views if view.mysql}
    views = {view.sql: view for view in found.new.views if view.mysql}
    yield from drop_objects(lost_objects(found), "mysql", TRIGGERS)
    yield from (drop_view(view) for view in reversed(had_views.values()) if views.get(view.sql) != view)
    yield from drop_objects(lost_objects(found), "mysql", ROUTINES)
    changed = [(table, old, now) for table in found.tables if (old := table.was.mysql) and (now := table.new.mysql)]
    touched = {old.name: _touched(old, now) for _, old, now in changed}
    lost = {id(now): _lost_references(old, now, touched) for _, old, now in changed}
    for _, old, now in changed:
        if lost[id(now)]:
            yield _drop_references(old, lost[id(now)])
    dropped = [table.mysql for table in _dropped(found) if table.mysql]
    yield from (drop_references(table) for table in dropped if table.references)
    yield from (f"DROP TABLE {table.name}" for table in dropped)
    yield from create_surroundings(found.new) if _surroundings(found.was) != _surroundings(found.new) else ()
    yield from (f"RENAME TABLE {old.name} TO {now.name}" for _, old, now in changed if old.name != now.name)
    yield from (create_table(table.mysql) for table in found.tables_added if table.mysql)
    for table, old, now in changed:
        yield from _alter(found, table, old, now)
    for added in found.tables_added:
        if added.mysql:
            yield from add_references(added.mysql)
    for _, old, now in changed:
        had = dict(old.references)
        yield from _add_references(
            now, [name for name, _ in now.references if name not in had or name in lost[id(now)]]
        )
    yield from create_objects(gained_objects(found), "mysql", ROUTINES)
    yield from (view.mysql for view in views.values() if had_views.get(view.sql) != view)
    yield from create_objects(gained_objects(found), "mysql", TRIGGERS)


def _dropped(found: Difference) -> Iterator[TableSnapshot]:
    keys = {table.key for table in found.tables_dropped}
    yield from (was for was, old in zip(found.was.tables, found.old.tables, strict=True) if old.key in keys)


def _surroundings(snapshot: Snapshot) -> tuple[object, ...]:
    return snapshot.schemas, snapshot.sequences


def _sequences(snapshot: Snapshot) -> Iterator[str]:
    """Yield the names of sequences, which the snapshot has as SQL of PostgreSQL."""
    yield from (name.strip('"').replace('""', '"') for name in snapshot.sequences)


def _touched(old: MysqlSnapshot, now: MysqlSnapshot) -> set[str]:
    """Return the columns that change, or that a dropped key begins with, as SQL: foreign keys hold both in place."""
    columns, keys = dict(now.columns), dict(now.keys)
    found = {backticked(name) for name, line in old.columns if columns.get(name) != line}
    dropped = (_FIRST_COLUMN.search(sql) for name, sql in old.keys if keys.get(name) != sql)
    return found | {match[1] for match in dropped if match}


_FIRST_COLUMN = re.compile(r"KEY [^(]*\((`(?:[^`]|``)+`)")


def _lost_references(old: MysqlSnapshot, now: MysqlSnapshot, touched: Mapping[str, set[str]]) -> list[str]:
    """Return the foreign keys that are dropped, some only while a column on either side changes."""
    kept = dict(now.references)
    return [name for name, sql in old.references if kept.get(name) != sql or _is_held(sql, old.name, touched)]


def _is_held(sql: str, table: str, touched: Mapping[str, set[str]]) -> bool:
    own, _, target = sql.partition(" REFERENCES ")
    name, _, columns = target.partition(" (")
    columns = columns.partition(")")[0]
    return any(one in own for one in touched[table]) or any(one in columns for one in touched.get(name, ()))


def _drop_references(table: MysqlSnapshot, names: list[str]) -> str:
    return _alteration(table, [f"DROP FOREIGN KEY {backticked(name)}" for name in names])


def _alteration(table: MysqlSnapshot, parts: list[str]) -> str:
    listed = ",\n    ".join(parts)
    return f"ALTER TABLE {table.name}\n    {listed}"


def _add_references(table: MysqlSnapshot, names: list[str]) -> Iterator[str]:
    found = dict(table.references)
    if names:
        yield _alteration(table, [f"ADD {found[name]}" for name in names])


def _alter(found: Difference, table: TableChange, old: MysqlSnapshot, now: MysqlSnapshot) -> Iterator[str]:
    """Yield the statement that changes columns, keys, checks and options, after those that fill what may be NULL."""
    lines = dict(now.columns)
    for before, after in _newly_required(found, table):
        if default := _default(lines[after.name]):
            yield _filling(now, before, default, f" WHERE {backticked(before)} IS NULL")
    parts = [*_key_drops(old, now), *_column_changes(found, table, old, now), *_key_additions(old, now)]
    parts += [now.options] if now.options != old.options and now.options else []
    if parts:
        yield _alteration(now, parts)
    for column in table.added:
        if column.fill is not None:
            yield _filling(now, column.name, column.fill)


def _filling(table: MysqlSnapshot, column: str, value: str, where: str = "") -> str:
    return f"UPDATE {table.name} SET {backticked(column)} = {value}{where}"  # noqa: S608 - the DDL's own names


def _newly_required(found: Difference, table: TableChange) -> Iterator[tuple[str, ColumnSnapshot]]:
    before = {after: name for name, after in found.renames.columns.get(table.was.key, {}).items()}
    for old, new in table.altered:
        if new.needs_value and not old.needs_value:
            yield before.get(new.name, new.name), new


def _default(line: str) -> str:
    """Return the default in a column's line, a constant; empty where it has none."""
    match = re.search(r" DEFAULT ('(?:[^'\\]|''|\\.)*'|-?[\d.]+)", line)
    return match[1] if match else ""


def _key_drops(old: MysqlSnapshot, now: MysqlSnapshot) -> Iterator[str]:
    kept = dict(now.keys)
    for name, sql in old.keys:
        if kept.get(name) == sql:
            continue
        if name == "PRIMARY":
            yield "DROP PRIMARY KEY"
        else:
            yield f"DROP {'CONSTRAINT' if sql.startswith('CONSTRAINT') else 'KEY'} {backticked(name)}"


def _key_additions(old: MysqlSnapshot, now: MysqlSnapshot) -> Iterator[str]:
    had = dict(old.keys)
    yield from (f"ADD {sql}" for name, sql in now.keys if had.get(name) != sql)


def _column_changes(found: Difference, table: TableChange, old: MysqlSnapshot, now: MysqlSnapshot) -> Iterator[str]:
    renames = found.renames.columns.get(table.was.key, {})
    had = {renames.get(name, name): (name, line) for name, line in old.columns}
    wanted = dict(now.columns)
    yield from (f"DROP COLUMN {backticked(was)}" for name, (was, _) in had.items() if name not in wanted)
    before = ""
    for name, line in now.columns:
        was, own = had.get(name, ("", ""))
        place = f" AFTER {backticked(before)}" if before else " FIRST"
        if not was:
            yield f"ADD COLUMN {backticked(name)} {line}{place}"
        elif was != name:
            yield f"CHANGE COLUMN {backticked(was)} {backticked(name)} {line}"
        elif own != line:
            yield f"MODIFY COLUMN {backticked(name)} {line}"
        before = name
