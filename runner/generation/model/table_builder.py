"""Makes a table of an application from its record in the DDL: fields with their types, rules and references."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from runner.ddl.dialects import dialect_named
from runner.generation.model.application_tables import ApplicationTable
from runner.generation.model.checks import SortedChecks, has_checks, sort_checks
from runner.generation.model.field_types import FieldType, field_type
from runner.generation.model.fields import Field, item_of, make_field
from runner.generation.model.references import Reference, is_sound, unique_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.ddl.model import Column, ForeignKey, Schema, Table
    from runner.ddl.syntax.dialect import Dialect
    from runner.generation.model.constraint_names import NamedConstraints
    from runner.generation.model.schema_names import SchemaNames

_READS_JSON = re.compile(r"json_(?:extract|array_length|type)\s*\(\s*[\"`\[]?(\w+)|(\w+)[\"`\]]?\s*->", re.IGNORECASE)


def make_table(schema: Schema, names: SchemaNames, constraints: NamedConstraints, table: Table) -> ApplicationTable:
    """Return a table of a schema as its application presents it: whatever line of the DDL it is on."""
    table = replace(table, line=0, columns=tuple(replace(column, line=0) for column in table.columns))
    own, dialect = names.tables[table.name], dialect_named(schema.dialect)
    columns = _columns(table, dialect)
    types = _types(schema, table, columns, dialect)
    checks = sort_checks(columns, constraints.checks, types)
    items = _item_checks(columns, types)
    fields = {
        name: make_field(
            column,
            own.fields[name],
            types[name],
            checks.bounds[name],
            is_key=name in table.key_columns,
            items=items.get(name),
        )
        for name, column in columns.items()
    }
    opaque = dict(checks.opaque)
    for name, field in fields.items():
        opaque |= {check: (*opaque.get(check, ()), name) for check in field.item_checks}
    return ApplicationTable(
        ddl=table,
        title=schema.label(table.name),
        names=own,
        constraints=constraints,
        fields=fields,
        rules=checks.rules,
        database_only=checks.database_only,
        tried=checks.tried,
        opaque=opaque,
        references=tuple(_references(schema, names, table, constraints.foreign_keys, fields)),
        notes=schema.reasons.get(table.name, ()),
        partitions=schema.partitions[table.name],
        has_parent=table.partition_of in schema.tables_by_name,
    )


def _columns(table: Table, dialect: Dialect) -> Mapping[str, Column]:
    """Return the columns by name. A rowid that refers to another table is given by the client, not counted up."""
    if not dialect.integer_key_is_rowid:
        return table.columns_by_name
    referring = {name for key in table.foreign_keys for name in key.columns}
    return {
        name: replace(column, auto_increment=False) if name in referring else column
        for name, column in table.columns_by_name.items()
    }


def _types(schema: Schema, table: Table, columns: Mapping[str, Column], dialect: Dialect) -> Mapping[str, FieldType]:
    """Return the types of the fields by column: what the column's type means in this dialect, table and schema."""
    types = {name: field_type(column.type, dialect) for name, column in columns.items()}
    if dialect.sqlite_compatible:
        types |= {
            name: replace(types[name], ignores_case=True)
            for name, column in columns.items()
            if (column.collation or "").upper() == "NOCASE" and types[name].kind == "text"
        }
    types |= _unsigned(schema, table)
    types |= _json_texts(table, types) if dialect.json_is_text else {}
    return {name: _composite(schema, type_) for name, type_ in types.items()}


def _item_checks(columns: Mapping[str, Column], types: Mapping[str, FieldType]) -> Mapping[str, SortedChecks]:
    """Return the checks of the domains that arrays are of, by the array's column."""
    return {
        name: sort_checks({name: item_of(column)}, {}, {name: item})
        for name, column in columns.items()
        if column.type.dimensions and has_checks(column.type.domain) and (item := types[name].item) is not None
    }


def _composite(schema: Schema, type_: FieldType) -> FieldType:
    """Return a type with the number of its attributes, where it is a composite type or the row type of a table."""
    if type_.item is not None:
        return replace(type_, item=_composite(schema, type_.item))
    if type_.kind != "native":
        return type_
    sizes = [(one.name, len(one.attributes)) for one in schema.composites]
    sizes += [(one.name, len(one.columns)) for one in schema.tables]
    found = (size for name, size in sizes if type_.name in (str(name), schema.label(name)))
    return replace(type_, attributes=next(found, 0))


def _unsigned(schema: Schema, table: Table) -> Mapping[str, FieldType]:
    """Return the types of unsigned 64-bit columns, which only a decimal holds; keys and references stay integers."""
    wide = [column for column in table.columns if column.type.unsigned and column.type.base == "bigint"]
    if not wide:
        return {}
    tied = {name for key in table.foreign_keys for name in key.columns} | set(table.key_columns)
    tied |= {name for other in schema.tables for key in other.foreign_keys if key.references == table.name
             for name in key.target_columns}  # fmt: skip
    decimal = FieldType(kind="decimal", name="numeric", digits=20, places=0)
    return {column.name: decimal for column in wide if not column.auto_increment and column.name not in tied}


def _json_texts(table: Table, types: Mapping[str, FieldType]) -> Mapping[str, FieldType]:
    """Return the types of the texts that computed columns read as JSON, so that no other text can be stored."""
    computed = " ".join(column.generated.text for column in table.columns if column.generated)
    read = {call or operand for call, operand in _READS_JSON.findall(computed)}
    return {name: FieldType(kind="json", name="jsonb") for name, type_ in types.items() if type_.kind == "text"
            if name in read}  # fmt: skip


def _is_required(key: ForeignKey, fields: Mapping[str, Field]) -> bool:
    """Whether every row has the reference; with MATCH FULL one column that is never NULL is enough."""
    given = [fields[column].writable and not fields[column].nullable for column in key.columns]
    return any(given) if key.match == "FULL" else all(given)


def _references(
    schema: Schema, names: SchemaNames, table: Table, keys: Mapping[str, ForeignKey], fields: Mapping[str, Field]
) -> Iterable[Reference]:
    unique = [set(columns) for columns in unique_columns(table)]
    sound = [(name, key) for name, key in keys.items() if is_sound(schema, key)]
    for name, key in sorted(sound, key=lambda pair: -len(pair[1].columns)):
        target = names.tables[key.references]
        yield Reference(
            name=name,
            table=table.name,
            target=key.references,
            module=target.module,
            label=target.label,
            flat=target.flat,
            fields=tuple(fields[column].name for column in key.columns),
            target_fields=tuple(target.fields[column] for column in key.target_columns),
            required=_is_required(key, fields),
            one_to_one=any(columns <= set(key.columns) for columns in unique),
            is_forward=schema.positions[key.references] > schema.positions[table.name],
            key=key,
        )
