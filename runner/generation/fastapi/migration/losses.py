"""Descriptions of a change: its summary, and which stored data it may lose."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.generation.fastapi.migration.stored_objects import gained_objects, lost_objects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.generation.fastapi.migration.difference import Difference, TableChange
    from runner.generation.fastapi.migration.snapshot import ColumnSnapshot

_FORM = re.compile(r"(?P<base>[^(\[]+?)\s*(?:\((?P<args>[\d, ]+)\))?(?P<rest>(?: with(?:out)? time zone)?(?:\[\])*)\Z")
_TEXTS = frozenset({"text", "character varying", "varchar", "character", "char", "bpchar"})
_FIXED = frozenset({"character", "char", "bpchar"})
_DECIMALS = frozenset({"numeric", "decimal"})
_WIDER = {  # types that hold every value of a type in the same form
    "smallint": {"integer", "bigint", "numeric", "decimal", "double precision", "real"},
    "integer": {"bigint", "numeric", "decimal", "double precision"},
    "bigint": {"numeric", "decimal"},
    "real": {"double precision"},
    "date": {"timestamp"},
    "json": {"jsonb"},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """What a change may lose if the table, by its old name, has rows."""

    schema: str | None
    table: str
    text: str


def losses(found: Difference) -> tuple[Loss, ...]:
    """Return what a change may lose, in the order of the tables."""
    dropped = {part.key for part in found.tables_dropped}
    lost: list[Loss] = []
    for was, old in zip(found.was.tables, found.old.tables, strict=True):
        if old.key in dropped:
            lost.append(Loss(schema=was.schema, table=was.name, text=f"table {was.label} is dropped with its rows"))
    for table in found.tables:
        lost += [Loss(schema=table.was.schema, table=table.was.name, text=text) for text in _of_table(found, table)]
    return tuple(lost)


def _of_table(found: Difference, table: TableChange) -> Iterator[str]:
    label = table.new.label
    yield from (f"{label}.{column.name} is dropped with its values" for column in table.dropped if not column.generated)
    for old, new in table.replaced:
        if not old.generated:
            yield f"{label}.{new.name} becomes computed, and its values are lost"
    for column in table.added:
        if column.lacks_value:
            yield f"{label}.{column.name} is new and NOT NULL, and existing rows have no value for it"
    for old, new in table.altered:
        yield from (f"{label}.{new.name} {text}" for text in _of_column(found, old, new))


def _of_column(found: Difference, old: ColumnSnapshot, new: ColumnSnapshot) -> Iterator[str]:
    removed = {change.new.sql: _removed_values(change.old.values, change.new.values) for change in found.types_rebuilt}
    if _narrows(old.type, new.type):
        yield f"changes from {old.type} to {new.type}: values that do not fit are truncated or rejected"
    if values := removed.get(new.item_type):
        yield f"no longer allows {values}: rows with these values are rejected"
    if new.needs_value and not old.needs_value and not new.fills_itself:
        yield "becomes NOT NULL: rows without a value are rejected"


def _removed_values(old: tuple[str, ...], new: tuple[str, ...]) -> str:
    return " or ".join(repr(value) for value in old if value not in new)


def _narrows(old: str, new: str) -> bool:
    """Whether some values of type `old` do not fit type `new` unchanged."""
    if old == new or (old, new) == ("time without time zone", "interval"):
        return False
    before, after = _FORM.match(old), _FORM.match(new)
    if before is None or after is None or before["rest"] != after["rest"]:
        return new != "text"
    sizes, new_sizes = _numbers(before["args"]), _numbers(after["args"])
    base, target = before["base"], after["base"]
    if target in _TEXTS:
        fixed = target in _FIXED and base not in _FIXED
        return bool(new_sizes) and (base not in _TEXTS or fixed or not sizes or sizes[0] > new_sizes[0])
    if base in _DECIMALS and target in _DECIMALS:
        return bool(new_sizes) and (
            not sizes or _whole(sizes) > _whole(new_sizes) or _places(sizes) > _places(new_sizes)
        )
    if base == target:
        return bool(new_sizes) and (not sizes or sizes[0] > new_sizes[0])
    return bool(new_sizes) or target not in _WIDER.get(base, ())


def _numbers(text: str | None) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(",")) if text else ()


def _whole(sizes: tuple[int, ...]) -> int:
    return sizes[0] - _places(sizes)


def _places(sizes: tuple[int, ...]) -> int:
    return sizes[1] if len(sizes) > 1 else 0


def summary(found: Difference) -> tuple[str, ...]:
    """Return what a change does, a line for each table and type; the first line is the title."""
    lines = [f"new table {table.label}" for table in found.tables_added]
    lines += [f"table {table.label} dropped" for table in found.tables_dropped]
    for was, old in zip(found.was.tables, found.old.tables, strict=True):
        lines += [f"{was.label} renamed to {old.label}"] if was.label != old.label else []
    for table in found.tables:
        if (text := "; ".join(_summary_of(found, table))) != "":
            lines.append(f"{table.new.label}: {text}")
    lines += [f"type {part.name} added" for part in found.types_added]
    lines += [f"type {part.name} dropped" for part in found.types_dropped]
    for kind, now in zip(found.was.types, found.old.types, strict=True):
        lines += [f"type {kind.name} renamed to {now.name}"] if kind.sql != now.sql else []
        values = found.renames.values.get(kind.key, {})
        lines += [f"type {now.name}: {before!r} renamed to {after!r}" for before, after in values.items()]
    for change in found.types_extended:
        lines.append(f"type {change.new.name}: {', '.join(repr(value) for value, _ in change.added)} added")
    lines += [f"type {change.new.name} rebuilt" for change in found.types_rebuilt]
    lines += [f"trigger {part.name} of {part.table} dropped" for part in found.triggers_dropped]
    lines += [f"trigger {part.name} of {part.table} created" for part in found.triggers_created]
    lines += [f"{part.kind.lower()} {part.name} dropped" for part in lost_objects(found)]
    lines += [f"{part.kind.lower()} {part.name} created" for part in gained_objects(found)]
    before = {view.sql for view in found.old.views}
    after = {view.sql for view in found.new.views}
    lines += [f"view {view.label} dropped" for view in found.views_dropped if view.sql not in after]
    lines += [f"view {view.label} {'created again' if view.sql in before else 'added'}" for view in found.views_created]
    return tuple(lines)


def _summary_of(found: Difference, table: TableChange) -> Iterator[str]:
    renamed = found.renames.columns.get(table.was.key, {})
    if renamed:
        yield ", ".join(f"{old} renamed to {new}" for old, new in renamed.items())
    before = {part.name: part.sql for part in table.dropped_parts}
    after = {part.name: part.sql for part in table.added_parts}
    groups = {
        "added": [column.name for column in table.added] + [name for name in after if name not in before],
        "dropped": [column.name for column in table.dropped] + [name for name in before if name not in after],
        "changed": [new.name for old, new in (*table.replaced, *table.altered) if _differs(old, new)]
        + [name for name, sql in after.items() if before.get(name, sql) != sql],
    }
    yield from (f"{', '.join(names)} {done}" for done, names in groups.items() if names)


def _differs(old: ColumnSnapshot, new: ColumnSnapshot) -> bool:
    return (old.line, old.sequence) != (new.line, new.sequence)
