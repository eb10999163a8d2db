"""A schema as short text, so that tests can state what they expect in terms of SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.ddl.model import Column, Domain, Exclusion, ForeignKey, Index, Key, Schema, Table


def describe(schema: Schema) -> str:
    """Return types, tables, notes and warnings, one fact per line; defaults are left out."""
    lines = [f"enum {enum.name and schema.label(enum.name)}: {', '.join(enum.values)}" for enum in schema.enums]
    lines.extend(_domain(schema, domain) for domain in schema.domains)
    for table in schema.tables:
        lines.extend(_table(schema, table))
    for note in schema.notes:
        kind = "passed over" if note.passed_over else "TABLE NOT UNDERSTOOD" if note.table_related else "not understood"
        more = f" ({note.count} of them)" if note.count > 1 else ""
        lines.append(f"{kind}, line {note.line}: {note.reason}{more}")
    lines.extend(f"warning {warning}" for warning in schema.warnings)
    return "\n".join(lines)


def _domain(schema: Schema, domain: Domain) -> str:
    words = [f"domain {schema.label(domain.name)} {domain.type.text}"]
    if not domain.nullable:
        words.append("not null")
    if domain.default:
        words.append(f"default {domain.default.text}")
    words.extend(f"check {check.text}" for check in domain.checks)
    return " ".join(words)


def _table(schema: Schema, table: Table) -> Iterator[str]:
    kind = "" if table.kind == "table" else f" {table.kind}"
    parent = f" partition of {schema.label(table.partition_of)}" if table.partition_of else ""
    comment = f" comment {table.comment!r}" if table.comment else ""
    yield f"table {schema.label(table.name)}{kind}{parent}{comment}"
    for column in table.columns:
        yield f"  {_column(column)}"
    if table.primary_key:
        yield f"  primary key {_key(table.primary_key)}"
    for key in table.unique:
        yield f"  unique {_key(key)}"
    for reference in table.foreign_keys:
        yield f"  foreign key {_foreign_key(schema, reference)}"
    for check in table.checks:
        name = f"{check.name}: " if check.name else ""
        yield f"  check {name}{check.text}{' no inherit' if check.no_inherit else ''}"
    for exclusion in table.exclusions:
        yield f"  exclude {_exclusion(exclusion)}"
    for index in table.indexes:
        yield f"  index {_index(index)}"


def _column(column: Column) -> str:
    default = column.system_time or (f"default {column.default.text}" if column.default else None)
    words = (
        column.name,
        column.type.text or "(no type)",
        None if column.nullable else "not null",
        default,
        "serial" if column.serial else None,
        f"identity {column.identity}" if column.identity else None,
        "auto_increment" if column.auto_increment else None,
        f"{column.generated.kind} {column.generated.text}" if column.generated else None,
        f"on update {column.on_update}" if column.on_update else None,
        f"collate {column.collation}" if column.collation else None,
        f"comment {column.comment!r}" if column.comment else None,
    )
    return " ".join(filter(None, words))


def _key(key: Key) -> str:
    name = f"{key.name} " if key.name else ""
    nulls = "" if key.nulls_distinct else " nulls not distinct"
    overlaps = " without overlaps" if key.without_overlaps else ""
    return f"{name}({', '.join(key.columns)}){overlaps}{nulls}{_deferred(key)}"


def _deferred(key: Key | ForeignKey | Exclusion) -> str:
    return " initially deferred" if key.initially_deferred else " deferrable" if key.deferrable else ""


def _foreign_key(schema: Schema, key: ForeignKey) -> str:
    name = f"{key.name} " if key.name else ""
    words = f"{name}({', '.join(key.columns)}) -> {schema.label(key.references)} ({', '.join(key.target_columns)})"
    if key.period:
        words += " period"
    if key.match != "SIMPLE":
        words += " match full"
    if key.on_delete != "NO ACTION":
        words += f" on delete {key.on_delete.lower()}"
    if key.set_columns:
        words += f" ({', '.join(key.set_columns)})"
    if key.on_update != "NO ACTION":
        words += f" on update {key.on_update.lower()}"
    return words + _deferred(key)


def _exclusion(exclusion: Exclusion) -> str:
    return f"{_index(exclusion.index)} with {' '.join(exclusion.operators)}{_deferred(exclusion)}"


def _index(index: Index) -> str:
    parts = []
    for part in index.parts:
        text = part.column or f"[{part.expression}]"
        text += f"({part.length})" if part.length else ""
        text += f" collate {part.collation}" if part.collation else ""
        text += f" {part.operator_class}" if part.operator_class else ""
        text += " desc" if part.descending else ""
        text += f" nulls {part.nulls}" if part.nulls else ""
        parts.append(text)
    words = f"{index.name or '(no name)'} ({', '.join(parts)})"
    words += " unique" if index.unique else ""
    words += "" if index.nulls_distinct else " nulls not distinct"
    words += f" using {index.method}" if index.method else ""
    words += f" include ({', '.join(index.include)})" if index.include else ""
    words += f" where {index.where}" if index.where else ""
    words += f" comment {index.comment!r}" if index.comment else ""
    return words
