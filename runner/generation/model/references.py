"""References between tables, and which sets of columns are unique."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.ddl.model import ForeignKey
from runner.ddl.qualified_name import QName
from runner.generation.model.check_expressions import columns_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.ddl.model import Column, IndexPart, Schema, Table


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """A foreign key from `table` to a key of `target`; `fields` pair with `target_fields` by position.

    `name` is the constraint's; `module`, `label` and `flat` are names of the target; `key` is the DDL's record, with
    what happens on delete. `required` is whether every row has it, `one_to_one` whether no two rows share a target,
    `is_forward` whether the DDL defines the target later.
    """

    name: str
    table: QName
    target: QName
    module: str
    label: str
    flat: str
    fields: tuple[str, ...]
    target_fields: tuple[str, ...]
    required: bool
    one_to_one: bool
    is_forward: bool
    key: ForeignKey


def unique_columns(table: Table) -> tuple[tuple[str, ...], ...]:
    """Return every set of columns that is unique in all rows: the primary key, UNIQUE constraints, unique indexes."""
    found = [table.key_columns] if table.primary_key else []
    found += [key.columns for key in table.unique]
    found += [tuple(part.column or "" for part in index.parts) for index in table.indexes if index.enforces_uniqueness]
    return tuple(dict.fromkeys(found))


def partly_unique_columns(table: Table) -> tuple[tuple[str, ...], ...]:
    """Return the columns of every unique index over some of the rows or over expressions, and of every exclusion."""
    indexes = [index for index in table.indexes if index.unique and not index.enforces_uniqueness]
    indexes += [exclusion.index for exclusion in table.exclusions]
    found = [tuple(dict.fromkeys(name for part in index.parts for name in _columns_of(part))) for index in indexes]
    return tuple(columns for columns in dict.fromkeys(found) if columns)


def _columns_of(part: IndexPart) -> tuple[str, ...]:
    if part.column is not None:
        return (part.column,)
    return () if part.parsed is None else columns_in(part.parsed)


def is_sound(schema: Schema, key: ForeignKey) -> bool:
    """Whether a foreign key refers to a key of a table that the DDL defines; no other can be created."""
    target = schema.tables_by_name.get(key.references)
    if target is None or len(key.columns) != len(key.target_columns):
        return False
    return set(key.target_columns) in map(set, unique_columns(target))


def find_creatable(schema: Schema, name: QName, is_accepted: Callable[[QName], bool], known: dict[QName, bool]) -> bool:
    """Return whether a row can be made in a table: the rows that it must refer to can be made before it.

    `is_accepted` says whether a row of a table is known that the database accepts. Only the table and those that it
    must refer to are examined; the answers for them are added to `known`.
    """
    path = {name: None}  # each table must refer to the next one
    while path:
        last = next(reversed(path))
        needed = _required_targets(schema, last) if is_accepted(last) else None
        if needed is None or any(known.get(target) is False or target in path for target in needed):
            known[last] = False
        elif unknown := next((target for target in needed if target not in known), None):
            path[unknown] = None
            continue
        else:
            known[last] = True
        del path[last]
    return known[name]


def _is_given(column: Column) -> bool:
    """Whether the database always chooses the value; a default is a value like any other that must be there."""
    return column.serial or (column.is_assigned and not column.default)


def _required_targets(schema: Schema, name: QName) -> set[QName] | None:
    """Return the tables that a row must refer to; None for a table without a key, in which no row can be made."""
    table = schema.tables_by_name[name]
    if not table.primary_key:
        return None
    needed: set[QName] = set()
    for key in table.foreign_keys:
        columns = [table.columns_by_name.get(name) for name in key.columns]
        optional = any(column is None or column.nullable or _is_given(column) for column in columns)
        if not optional and is_sound(schema, key):
            needed.add(key.references)
    return needed
