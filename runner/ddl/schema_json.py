"""A schema as plain data, for `runner schema --json` and for comparing it with a database's own catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runner.ddl.model import Column, Domain, Enum, Exclusion, ForeignKey, Index, Schema, Table
    from runner.ddl.notes import Note
    from runner.ddl.qualified_name import QName


def schema_to_json(schema: Schema) -> dict[str, Any]:
    """Return what was understood, and what was not, as JSON types. The shape is part of the command line's face."""
    return {
        "dialect": schema.dialect,
        "tables": [_table(table) for table in schema.tables if table.view is None],
        "views": [_table(table) for table in schema.tables if table.view is not None],
        "enums": [_enum(enum) for enum in schema.enums],
        "domains": [_domain(domain) for domain in schema.domains],
        "not_understood": [_note(note) for note in schema.notes if not note.passed_over],
        "passed_over": [_note(note) for note in schema.notes if note.passed_over],
        "warnings": list(schema.warnings),
    }


def _table(table: Table) -> dict[str, Any]:
    return {
        "schema": table.name.schema,
        "name": table.name.name,
        "kind": "partition" if table.partition_of and table.kind == "table" else table.kind,
        "partition_of": _text(table.partition_of),
        "comment": table.comment,
        "columns": [_column(column) for column in table.columns],
        "primary_key": list(table.key_columns),
        "unique": [list(key.columns) for key in table.unique],
        "unique_indexes": [list(index.columns) for index in table.indexes if index.enforces_uniqueness],
        "indexes": [_index(index) for index in table.indexes],
        "foreign_keys": [_foreign_key(key) for key in table.foreign_keys],
        "checks": [check.text for check in table.checks],
        "exclusions": [_exclusion(exclusion) for exclusion in table.exclusions],
    }


def _column(column: Column) -> dict[str, Any]:
    identity = "auto_increment" if column.auto_increment else column.identity
    domain = column.type.domain
    enum = column.type.enum
    generated = column.system_time or (column.generated.kind if column.generated else None)
    return {
        "name": column.name,
        "type": column.type.text,
        "nullable": column.nullable,
        "has_default": column.default is not None and not identity and not generated,
        "default": column.default.text if column.default else None,
        "identity": identity,
        "generated": generated,
        "enum": _text(enum.name) if enum else None,
        "domain": _text(domain.name) if domain else None,
        "comment": column.comment,
    }


def _index(index: Index) -> dict[str, Any]:
    return {
        "name": index.name,
        "columns": [part.column or part.expression for part in index.parts],
        "unique": index.unique,
        "method": index.method,
        "where": index.where,
    }


def _exclusion(exclusion: Exclusion) -> dict[str, Any]:
    index = exclusion.index
    return {
        "name": index.name,
        "elements": [
            f"{part.column or part.expression} WITH {operator}"
            for part, operator in zip(index.parts, exclusion.operators, strict=True)
        ],
        "method": index.method,
        "where": index.where,
    }


def _foreign_key(key: ForeignKey) -> dict[str, Any]:
    return {
        "columns": list(key.columns),
        "references": {
            "schema": key.references.schema,
            "table": key.references.name,
            "columns": list(key.target_columns),
        },
        "on_delete": key.on_delete,
        "on_update": key.on_update,
    }


def _enum(enum: Enum) -> dict[str, Any]:
    name = enum.name
    return {
        "schema": name.schema if name else None,
        "name": name.name if name else None,
        "values": list(enum.values),
        "comment": enum.comment,
    }


def _domain(domain: Domain) -> dict[str, Any]:
    return {
        "schema": domain.name.schema,
        "name": domain.name.name,
        "base_type": domain.type.text,
        "not_null": not domain.nullable,
        "default": domain.default.text if domain.default else None,
        "checks": [check.text for check in domain.checks],
        "comment": domain.comment,
    }


def _note(note: Note) -> dict[str, Any]:
    return {
        "file": note.file,
        "line": note.line,
        "statement": note.statement,
        "kind": note.kind.value,
        "reason": note.reason,
        "count": note.count,
        "table_related": note.table_related,
        "table": _text(note.table),
    }


def _text(name: QName | None) -> str | None:
    return str(name) if name else None
