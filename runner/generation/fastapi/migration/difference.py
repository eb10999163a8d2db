"""How two snapshots differ, part by part. Pure: takes snapshots, returns records; makes no SQL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.generation.fastapi.migration.renames import Renames, renamed
from runner.generation.fastapi.migration.snapshot import (
    ColumnSnapshot,
    ConstraintSnapshot,
    IndexSnapshot,
    Snapshot,
    TableSnapshot,
    TriggerSnapshot,
    TypeSnapshot,
    ViewSnapshot,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

Part = ConstraintSnapshot | IndexSnapshot


@dataclass(frozen=True, kw_only=True, slots=True)
class TypeChange:
    """A type whose definition differs. `added` are the new values of an enum that is otherwise unchanged.

    Each new value comes with the value before it, None for the first. Without `added` the type is rebuilt.
    """

    old: TypeSnapshot
    new: TypeSnapshot
    added: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class TableChange:
    """A table that is in both snapshots. `old` already has the new names, `was` the former ones.

    `altered` columns are changed in place; `replaced` ones are dropped and added, which loses nothing since they are
    computed. `dropped_parts` include constraints and indexes that are dropped only while their columns change; these
    are among `added_parts` too.
    """

    was: TableSnapshot
    old: TableSnapshot
    new: TableSnapshot
    added: tuple[ColumnSnapshot, ...]
    dropped: tuple[ColumnSnapshot, ...]
    replaced: tuple[tuple[ColumnSnapshot, ColumnSnapshot], ...]
    altered: tuple[tuple[ColumnSnapshot, ColumnSnapshot], ...]
    renamed_parts: tuple[tuple[Part, Part], ...]
    dropped_parts: tuple[Part, ...]
    added_parts: tuple[Part, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """All differences between two snapshots after `renames`. `old` is `was` with the new names."""

    was: Snapshot
    old: Snapshot
    new: Snapshot
    renames: Renames
    types_added: tuple[TypeSnapshot, ...]
    types_dropped: tuple[TypeSnapshot, ...]
    types_extended: tuple[TypeChange, ...]
    types_rebuilt: tuple[TypeChange, ...]
    tables_added: tuple[TableSnapshot, ...]
    tables_dropped: tuple[TableSnapshot, ...]
    tables: tuple[TableChange, ...]  # all that are in both snapshots
    views_dropped: tuple[ViewSnapshot, ...]  # also those that are created again, since what they read changes
    views_created: tuple[ViewSnapshot, ...]
    triggers_dropped: tuple[TriggerSnapshot, ...]
    triggers_created: tuple[TriggerSnapshot, ...]

    @property
    def rebuilt(self) -> frozenset[str]:
        """The types that are rebuilt, as SQL."""
        return frozenset(change.new.sql for change in self.types_rebuilt)


def difference(was: Snapshot, new: Snapshot, renames: Renames | None = None) -> Difference:
    """Return what turns `was` into `new`."""
    renames = renames or Renames()
    old = renamed(was, renames)
    old_types, new_types = {part.sql: part for part in old.types}, {part.sql: part for part in new.types}
    extended, rebuilt = _type_changes(old_types, new_types)
    old_tables, new_tables = {part.sql: part for part in old.tables}, {part.sql: part for part in new.tables}
    names = {after.sql: before for before, after in zip(was.tables, old.tables, strict=True)}
    remade = {change.new.sql for change in rebuilt}
    drafts = [
        _Draft(names[sql], old_tables[sql], table, remade) for sql, table in new_tables.items() if sql in old_tables
    ]
    by_name = {draft.new.sql: draft for draft in drafts}
    tables_dropped = tuple(part for sql, part in old_tables.items() if sql not in new_tables)
    changes = tuple(draft.change(by_name) for draft in drafts)
    touched = {*_changed_names(changes), *(table.sql for table in tables_dropped)}
    stale = _stale_views(old, new, touched, remade)
    loose = {part for part in old.triggers if part not in new.triggers or part.table in touched | stale}
    return Difference(
        was=was,
        old=old,
        new=new,
        renames=renames,
        types_added=tuple(part for sql, part in new_types.items() if sql not in old_types),
        types_dropped=tuple(part for sql, part in old_types.items() if sql not in new_types),
        types_extended=extended,
        types_rebuilt=rebuilt,
        tables_added=tuple(part for sql, part in new_tables.items() if sql not in old_tables),
        tables_dropped=tables_dropped,
        tables=changes,
        views_dropped=tuple(view for view in reversed(old.views) if view.sql in stale),
        views_created=tuple(view for view in new.views if view.sql in stale or view not in old.views),
        triggers_dropped=tuple(part for part in old.triggers if part in loose),
        triggers_created=tuple(part for part in new.triggers if part in loose or part not in old.triggers),
    )


def _changed_names(changes: Iterable[TableChange]) -> Iterable[str]:
    """Yield the tables, by both names, that no view may read while they change."""
    for change in changes:
        is_changed = change.dropped or change.replaced or change.altered or change.was.sqlite != change.new.sqlite
        if is_changed or change.was.sql != change.new.sql:
            yield from (change.was.sql, change.new.sql)


def _stale_views(old: Snapshot, new: Snapshot, changed: Collection[str], types: Collection[str]) -> set[str]:
    """Return the views that have to be dropped: those that differ, or that read what changes."""
    kept = {view.sql: view for view in new.views}
    stale: set[str] = set()
    for view in old.views:
        reads = not stale.union(changed).isdisjoint(view.uses) or any(_mentions(view.create, name) for name in types)
        if reads or kept.get(view.sql) != view:
            stale.add(view.sql)
    return stale


def _type_changes(
    old: Mapping[str, TypeSnapshot], new: Mapping[str, TypeSnapshot]
) -> tuple[tuple[TypeChange, ...], tuple[TypeChange, ...]]:
    """Return the types that get more values, and those that are rebuilt."""
    extended: list[TypeChange] = []
    rebuilt: dict[str, TypeChange] = {}
    for sql, part in new.items():
        before = old.get(sql)
        if before is None:
            continue
        same = (before.values, before.definition) == (part.values, part.definition)
        added = None if before.definition or part.definition else _added_values(before.values, part.values)
        if not same and added is not None:
            extended.append(TypeChange(old=before, new=part, added=added))
        elif not same or any(_mentions(part.definition or "", made) for made in rebuilt):
            rebuilt[sql] = TypeChange(old=before, new=part)
    return tuple(extended), tuple(rebuilt.values())


def _added_values(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[tuple[str, str | None], ...] | None:
    """Return the new values, each with the one before it; None where old values are missing or in another order."""
    if tuple(value for value in new if value in old) != old:
        return None
    before = (None, *new)
    return tuple((value, before[place]) for place, value in enumerate(new) if value not in old)


def _mentions(text: str, name: str) -> bool:
    """Whether SQL may refer to a name. A false positive only rebuilds something that could have been left alone."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


class _Draft:
    """One table's change, in two steps: its columns, then its parts, which also depend on other tables' columns."""

    def __init__(self, was: TableSnapshot, old: TableSnapshot, new: TableSnapshot, rebuilt: Collection[str]) -> None:
        self.was, self.old, self.new = was, old, new
        before = {column.name: column for column in old.columns}
        after = {column.name: column for column in new.columns}
        common = [(before[name], column) for name, column in after.items() if name in before]
        self.added = tuple(column for name, column in after.items() if name not in before)
        self.dropped = tuple(column for name, column in before.items() if name not in after)
        retyped = {
            column.name
            for column_was, column in common
            if (column_was.type, column_was.collation) != (column.type, column.collation) or column.item_type in rebuilt
        }
        self.replaced = tuple(
            (column_was, column) for column_was, column in common if _is_replaced(column_was, column, retyped)
        )
        self.remade = {column.name for _, column in self.replaced}
        self.altered = tuple(
            (column_was, column)
            for column_was, column in common
            if column.name not in self.remade and (column.name in retyped or _facets(column_was) != _facets(column))
        )
        self.touched = self.remade | retyped

    @property
    def lost_keys(self) -> bool:
        """Whether a key that foreign keys may refer to is dropped, even temporarily."""
        kept = {_identity(part) for part in self._kept()}
        return any(_identity(part) not in kept for part in _parts(self.old) if _is_key(part))

    def change(self, tables: Mapping[str, _Draft]) -> TableChange:
        kept = {_identity(part) for part in self._kept() if not self._follows(part, tables)}
        old = [part for part in _parts(self.old) if _identity(part) not in kept]
        new = [part for part in _parts(self.new) if _identity(part) not in kept]
        pairs = tuple(self._renamed(old, new, tables))
        old_ids, new_ids = {id(part) for part, _ in pairs}, {id(part) for _, part in pairs}
        return TableChange(
            was=self.was,
            old=self.old,
            new=self.new,
            added=self.added,
            dropped=self.dropped,
            replaced=self.replaced,
            altered=self.altered,
            renamed_parts=pairs,
            dropped_parts=tuple(part for part in old if id(part) not in old_ids),
            added_parts=tuple(part for part in new if id(part) not in new_ids),
        )

    def _kept(self) -> Iterable[Part]:
        """Yield the parts that are in both under one name and can stay while columns change."""
        before = {_identity(part): part for part in _parts(self.old)}
        for part in _parts(self.new):
            other = before.get(_identity(part))
            if other is not None and _same(other, part) and not self._is_touched(part):
                yield part

    def _renamed(self, old: list[Part], new: list[Part], tables: Mapping[str, _Draft]) -> Iterable[tuple[Part, Part]]:
        """Yield pairs of an old and a new part that differ in their names alone."""
        stays = {*map(_identity, new)} & {*map(_identity, old)}
        free = [part for part in old if _identity(part) not in stays]
        for part in new:
            if _identity(part) in stays or self._is_touched(part) or self._follows(part, tables):
                continue
            twin = next((other for other in free if _same(other, part)), None)
            if twin is not None:
                free.remove(twin)
                yield twin, part

    def _is_touched(self, part: Part) -> bool:
        """Whether a part must be dropped while a column changes. PostgreSQL itself converts plain keys and indexes."""
        columns = self.touched
        if isinstance(part, ConstraintSnapshot) and part.is_key:
            columns = self.remade
        text = part.rest if isinstance(part, ConstraintSnapshot) else part.sql
        return bool(columns.intersection(part.columns)) or any(_mentions(text, name) for name in columns)

    def _follows(self, part: Part, tables: Mapping[str, _Draft]) -> bool:
        """Whether a foreign key must be dropped while its target changes."""
        target = tables.get(part.target or "") if isinstance(part, ConstraintSnapshot) else None
        if target is None or not isinstance(part, ConstraintSnapshot):
            return False
        return target.lost_keys or bool(target.touched.intersection(part.target_columns))


def _parts(table: TableSnapshot) -> tuple[Part, ...]:
    return (*table.constraints, *table.indexes)


def _identity(part: Part) -> tuple[bool, str]:
    """Return what distinguishes a part in its table: a foreign key and an index can have one name."""
    return isinstance(part, IndexSnapshot), part.name


def _is_key(part: Part) -> bool:
    return part.is_key if isinstance(part, ConstraintSnapshot) else part.unique


def _same(old: Part, new: Part) -> bool:
    return type(old) is type(new) and _definition(old) == _definition(new) and _is_key(old) == _is_key(new)


def _definition(part: Part) -> tuple[str, ...]:
    return (part.sql, part.otherwise) if isinstance(part, IndexSnapshot) else (part.sql,)


def _facets(column: ColumnSnapshot) -> tuple[object, ...]:
    return (column.default, column.not_null, column.identity, column.generated, column.sequence)


def _is_replaced(old: ColumnSnapshot, new: ColumnSnapshot, retyped: Collection[str]) -> bool:
    """Whether a column must be dropped and added: PostgreSQL cannot alter a computed one, or turn another into one."""
    if new.generated is None:
        return (old.generated or "").startswith("VIRTUAL")
    sources = any(_mentions(new.generated, name) for name in retyped)
    return old.generated != new.generated or new.name in retyped or sources
