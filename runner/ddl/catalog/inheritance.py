"""What a table gets from another one: partitions and INHERITS (PostgreSQL), LIKE (PostgreSQL, MySQL)."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING

from runner.ddl.catalog.default_names import object_name, serial_default

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.ddl.catalog.catalog import TableDraft
    from runner.ddl.model import Check, Exclusion, ForeignKey, Index, Key
    from runner.ddl.syntax.table_body import ColumnDraft


def adopt(child: TableDraft, parent: TableDraft) -> None:
    """Add to a partition what only its parent has: columns, keys, references, checks and indexes."""
    parent.has_children = True
    if not child.columns:
        child.columns = [_partition_column(parent, column) for column in parent.columns]
    add_keys(child, parent)
    for reference in parent.foreign_keys:
        add_foreign_key(child, reference)
    for check in parent.checks:
        add_check(child, check)
    for exclusion in parent.exclusions:
        add_exclusion(child, exclusion)
    for index in parent.indexes:
        add_index(child, index)


def _partition_column(parent: TableDraft, column: ColumnDraft) -> ColumnDraft:
    """Return a copy of a column; that of a serial one takes its values from the parent's sequence."""
    found = copy(column)
    found.comment = None
    if not column.nullable:
        found.not_null_name = column.not_null_name or object_name(parent.name.name, column.name, "not_null")
    if column.type.serial and not column.auto_increment:
        found.default = column.default or serial_default(parent.name, column.name, default_schema="public")
        found.type = replace(column.type, serial=False)
    return found


def add_keys(child: TableDraft, parent: TableDraft) -> None:
    """Add its parent's primary key and uniques to a partition, unless it has the same under another name."""
    if parent.primary_key and not child.primary_key:
        set_primary_key(child, replace(parent.primary_key, name=None))
    for key in parent.unique:
        add_unique(child, replace(key, name=None))


def set_primary_key(table: TableDraft, key: Key) -> None:
    """Set the primary key; its columns cannot be null."""
    table.primary_key = key
    for name in key.columns:
        column = table.column(name)
        if column is not None:
            column.nullable = False


def add_unique(table: TableDraft, key: Key) -> None:
    """Add a UNIQUE, unless a partition has one over the same columns."""
    if table.partition_of is None or all(other.columns != key.columns for other in table.unique):
        table.unique.append(key)


def add_foreign_key(child: TableDraft, key: ForeignKey) -> None:
    """Add a parent's reference, unless the child has the same."""
    if all((own.columns, own.references) != (key.columns, key.references) for own in child.foreign_keys):
        child.foreign_keys.append(key)


def add_check(child: TableDraft, check: Check) -> None:
    """Add a parent's check, unless it is NO INHERIT or the child has it already."""
    same = any((own.name, own.text) == (check.name, check.text) or own.text == check.text for own in child.checks)
    if not check.no_inherit and not same:
        child.checks.append(check)


def add_index(child: TableDraft, index: Index) -> None:
    """Add a parent's index to a partition, unless it has one over the same parts."""
    same = any((own.parts, own.unique, own.where) == (index.parts, index.unique, index.where) for own in child.indexes)
    if not same:
        child.indexes.append(replace(index, name=None))


def add_exclusion(child: TableDraft, exclusion: Exclusion) -> None:
    """Add a parent's exclusion to a partition, unless it has the same under another name."""
    unnamed = renamed_exclusion(exclusion, None)
    if all(renamed_exclusion(own, None) != unnamed for own in child.exclusions):
        child.exclusions.append(unnamed)


def drop_copies(child: TableDraft, before: TableDraft, after: TableDraft) -> None:
    """Drop from a partition what its parent has lost, and has there under another name, or shares with it."""
    if before.primary_key and not after.primary_key and child.primary_key:
        same = child.primary_key.columns == before.primary_key.columns
        child.primary_key = None if same else child.primary_key
    keys = {key.columns for key in before.unique} - {key.columns for key in after.unique}
    child.unique = [key for key in child.unique if key.columns not in keys]
    references = {(key.columns, key.references) for key in before.foreign_keys}
    references -= {(key.columns, key.references) for key in after.foreign_keys}
    child.foreign_keys = [key for key in child.foreign_keys if (key.columns, key.references) not in references]
    lost = [renamed_exclusion(one, None) for one in before.exclusions if one not in after.exclusions]
    child.exclusions = [one for one in child.exclusions if renamed_exclusion(one, None) not in lost]
    indexes = [replace(index, name=None) for index in before.indexes if index not in after.indexes]
    child.indexes = [index for index in child.indexes if replace(index, name=None) not in indexes]


def renamed_exclusion(exclusion: Exclusion, name: str | None) -> Exclusion:
    """Return an exclusion with another name."""
    return replace(exclusion, index=replace(exclusion.index, name=name))


def inherit(child: TableDraft, parents: Iterable[TableDraft]) -> None:
    """Put the parents' columns before the child's own, and add their checks; keys are not inherited."""
    own = {column.name: column for column in child.columns}
    merged: dict[str, ColumnDraft] = {}
    for parent in parents:
        child.inherits.append(parent.name)
        parent.has_children = True
        for column in parent.columns:
            merged[column.name] = _merged(
                merged.get(column.name) or _inherited(parent, column), own.pop(column.name, None)
            )
        for check in parent.checks:
            add_check(child, check)
    child.columns = [*merged.values(), *own.values()]


def _inherited(parent: TableDraft, column: ColumnDraft) -> ColumnDraft:
    found = _partition_column(parent, column)
    if found.identity:
        found.identity = None  # an identity is not inherited; the NOT NULL that comes with it is
    return found


def _merged(inherited: ColumnDraft, own: ColumnDraft | None) -> ColumnDraft:
    if own is None:
        return inherited
    own.nullable = own.nullable and inherited.nullable
    own.default = own.default or inherited.default
    own.generated = own.generated or inherited.generated
    return own


def copy_like(table: TableDraft, source: TableDraft, position: int, including: frozenset[str]) -> None:
    """Insert the columns of a LIKE at `position`, with the parts that it includes; NOT NULL is always copied."""
    columns = [_partition_column(source, column) for column in source.columns]
    for column, original in zip(columns, source.columns, strict=True):
        if "DEFAULTS" not in including:
            column.default = None
        if "IDENTITY" not in including:
            column.identity = None
        if "GENERATED" not in including:
            column.generated = None
        if "COMMENTS" in including:
            column.comment = original.comment
    table.columns[position:position] = columns
    if "CONSTRAINTS" in including:
        table.checks.extend(source.checks)
    if "INDEXES" in including:
        if source.primary_key:
            set_primary_key(table, replace(source.primary_key, name=None))
        table.unique.extend(replace(key, name=None) for key in source.unique)
        table.exclusions.extend(renamed_exclusion(exclusion, None) for exclusion in source.exclusions)
        table.indexes.extend(replace(index, name=None) for index in source.indexes)
