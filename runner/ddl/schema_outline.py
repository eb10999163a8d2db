"""What a schema consists of, as short digests: small enough to be kept, so that a later version is compared with it.

Pure. An outline is JSON: `tables` has those of each table's columns by name and of its other parts, `objects` those of
types, functions and triggers. Places in the DDL do not count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.records.digest_text import digest_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.ddl.model import Schema, Table

Outline = Mapping[str, Any]

_DIGEST_SIZE = 4  # bytes: two versions of one column are compared, not all columns with each other
_PARTS = {  # fields of a table, with their names for people
    "primary_key": "primary key",
    "unique": "unique constraint",
    "foreign_keys": "foreign key",
    "checks": "check",
    "exclusions": "exclusion",
    "indexes": "index",
    "comment": "comment",
    "options": "table option",
    "kind": "kind",
    "partition_of": "partition",
    "view": "query",
    "former": "former name",
}
_OBJECTS = {
    "enums": "type",
    "domains": "domain",
    "composites": "type",
    "functions": "function",
    "triggers": "trigger",
    "collations": "collation",
    "extensions": "extension",
}

ADDED, DROPPED = ("added",), ("dropped",)  # the marks of whole tables


class TableChange(NamedTuple):
    """How a table differs between two versions of a schema: such as `+column email`, or `ADDED` and `DROPPED`.

    `columns` are the names of those that were added or changed.
    """

    table: str
    marks: tuple[str, ...]
    columns: tuple[str, ...] = ()


def outline_of(schema: Schema) -> dict[str, Any]:
    """Return the outline of a schema."""
    objects: dict[str, list[Any]] = {}
    for name, kind in _OBJECTS.items():
        for item in getattr(schema, name):
            objects.setdefault(f"{kind} {_name_of(schema, item)}", []).append(item)
    return {
        "tables": {schema.label(table.name): _outline_of_table(table) for table in schema.tables},
        "objects": {name: _digest(items) for name, items in objects.items()},
    }


def table_changes(before: Outline, now: Outline) -> Iterator[TableChange]:
    """Yield the differences between the tables of two outlines, in the order of the newer schema, dropped ones last.

    Raises KeyError, TypeError or AttributeError where `before` is no outline.
    """
    old, new = before["tables"], now["tables"]
    for label, table in new.items():
        if label not in old:
            yield TableChange(label, ADDED)
        elif old[label] != table:
            yield _table_change(label, old[label], table)
        elif list(old[label]["columns"]) != list(table["columns"]):
            yield TableChange(label, ("~order of columns",))
    yield from (TableChange(label, DROPPED) for label in old if label not in new)


def object_changes(before: Outline, now: Outline) -> tuple[str, ...]:
    """Return the differences between the objects of two outlines, such as `+type mood`. Raises as `table_changes`."""
    return _marks(before["objects"], now["objects"])


def _outline_of_table(table: Table) -> dict[str, Any]:
    parts = {word: _digest(value) for field, word in _PARTS.items() if (value := getattr(table, field))}
    return {"columns": {column.name: _digest(column) for column in table.columns}, **parts}


def _table_change(label: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> TableChange:
    columns = {f"column {name}": digest for name, digest in before["columns"].items()}
    newer = {f"column {name}": digest for name, digest in now["columns"].items()}
    changed = [name for name, digest in now["columns"].items() if before["columns"].get(name) != digest]
    marks = [*_marks(columns, newer), *_marks(_without_columns(before), _without_columns(now))]
    return TableChange(label, tuple(marks), tuple(changed))


def _without_columns(table: Mapping[str, Any]) -> dict[str, Any]:
    return {name: digest for name, digest in table.items() if name != "columns"}


def _marks(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names with `+`, `-` or `~`: added, removed or changed."""
    return (
        *(f"+{name}" for name in now if name not in before),
        *(f"-{name}" for name in before if name not in now),
        *(f"~{name}" for name, digest in now.items() if name in before and before[name] != digest),
    )


def _name_of(schema: Schema, item: Any) -> str:
    name = item[0] if isinstance(item, tuple) else getattr(item, "name", item)
    return name if isinstance(name, str) else schema.label(name)


def _digest(value: Any) -> str:
    return hashlib.blake2b(_text_of(value).encode(), digest_size=_DIGEST_SIZE).hexdigest()


_text_of = digest_text(without="line")
