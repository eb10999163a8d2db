"""What a generated backend does not take over from the DDL, as sentences of its READMEs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.ddl.notes import NoteKind
from runner.generation.encoders import Code
from runner.generation.encoders.markdown_text import code, markdown
from runner.generation.fastapi.index_sql import MYSQL_METHODS, is_supported
from runner.generation.fastapi.server_defaults import server_default
from runner.generation.fastapi.translation import Database, TableSql, table_sql
from runner.generation.model.defaults import zero_date
from runner.generation.model.prose import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runner.ddl.model import Schema
    from runner.ddl.notes import Note
    from runner.generation.model.application_tables import ApplicationTable
    from runner.generation.model.fields import Field
    from runner.generation.model.object_options import ObjectOption

# Types of MySQL and MariaDB whose values are kept as text, such as `POINT(1 2)`.
MYSQL_TYPES = frozenset({
    "geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection",
    "vector", "xmltype",
})  # fmt: skip
_STATEMENT_WIDTH = 90  # characters that identify a statement
# Kinds of notes on statements that have nothing to do with an application's tables, or are taken over elsewhere.
_NOTHING_LOST = frozenset({
    NoteKind.ROWS, NoteKind.RIGHTS, NoteKind.OWNER, NoteKind.SESSION, NoteKind.CLIENT_LINE, NoteKind.SEQUENCE,
    NoteKind.EXTENSION_COMMENT,
})  # fmt: skip
# Kinds whose statement already shows why it has no place in an application.
_SELF_EVIDENT = frozenset({NoteKind.FUNCTION, NoteKind.TRIGGER, NoteKind.OTHER_STATEMENT})


def left_out(dialect: str, table: ApplicationTable) -> tuple[Code, ...]:
    """Return what a table of a DDL in `dialect` lacks or does differently: sentences in Markdown without full stops."""
    own = table.ddl
    found = [
        f"foreign key {code(name)}: its target {code(key.references)} is not defined in the schema"
        for name, key in table.constraints.foreign_keys.items()
        if name not in table.foreign_keys
    ]
    found += [
        f"foreign key {code(name)} compares with regard to case on PostgreSQL"
        for name, key in table.foreign_keys.items()
        if any(table.fields[column].type.ignores_case for column in key.columns)
    ]
    found += _of_ranges(table)
    found += _untranslated(table, table_sql(table, dialect))
    found += [
        f"index {code(name)} is {index.method}, which only MySQL has"
        for name, index in table.constraints.indexes.items()
        if index.method in MYSQL_METHODS
    ]
    if table.partitions:
        found.append(
            "its partition is a separate table"
            if table.partitions == 1
            else f"its {table.partitions} partitions are separate tables"
        )
    elif own.kind == "partitioned" or (own.partition_of and not table.has_parent):
        found.append("it is created without partitions")
    found += [f"its tests make no rows: no value of column {code(name)} is known" for name in table.examples.unknown]
    found += [
        f"its tests make no rows: none is known that satisfies check {code(name)}" for name in table.examples.unmet
    ]
    found += [
        f"its tests make {'one row' if table.examples.most_rows == 1 else 'few rows'} at a time: no values are known "
        f"that differ in {code(name)}"
        for name in table.examples.alike
    ]
    if not table.key and not table.is_view:
        found.append("it has no primary key, so rows can be listed but not changed")
    found += map(_reason, table.notes)
    return tuple(map(Code, found))


def _of_ranges(table: ApplicationTable) -> Iterator[str]:
    """Yield the constraints over ranges and other exclusions, which SQLite does not have."""
    named = table.constraints
    keys = dict([named.primary_key] if named.primary_key else []) | dict(named.unique)
    for name, key in keys.items():
        if key.without_overlaps:
            yield (
                f"key {code(name)} (`WITHOUT OVERLAPS`) needs PostgreSQL 18; on SQLite only equal ranges are rejected, "
                "not those that overlap"
            )
    for name, reference in table.foreign_keys.items():
        if reference.period:
            yield f"foreign key {code(name)} (`PERIOD`) needs PostgreSQL 18 and is not enforced on SQLite"
    for name in named.exclusions:
        yield f"exclusion constraint {code(name)} is enforced by PostgreSQL only"


def _untranslated(table: ApplicationTable, sql: TableSql) -> Iterator[str]:
    """Yield what only one of the databases has, or neither: checks, defaults, computed columns and indexes."""
    for name, check in table.constraints.checks.items():
        held = [target.value for target in Database if sql.check(check, target) is not None]
        if (
            name in table.database_only
            and len(held) < len(Database)
            and not sql.is_in_types(check, Database.POSTGRESQL)
        ):
            found = f"enforced by {held[0]} only" if held else f"not enforced: {code(check.text)}"
            yield f"check {code(name)} is {found}"
    for field in table.fields.values():
        yield from _of_type(field, sql)
        zero = zero_date(field.column, field.type)
        if zero is not None:
            yield f"column {code(field.column.name)} has no default: {code(zero)} is no date of a calendar"
        elif field.default is not None and field.default.kind != "new uuid":
            texts = server_default(field.default, field.type, sql)
            by_target = {Database.POSTGRESQL: texts.postgresql, Database.SQLITE: texts.sqlite}
            yield from _missing(f"default {code(field.default.text)} of", field, by_target)
        if field.column.generated is not None:
            texts_of = {target: sql.generated(field.column, target) for target in Database}
            yield from _missing(f"expression {code(field.column.generated.text)} of", field, texts_of)
    yield from _indexes(table, sql)


def _indexes(table: ApplicationTable, sql: TableSql) -> Iterator[str]:
    """Yield the indexes that PostgreSQL does not have, and the unique ones that SQLite does not have."""
    for name, index in table.constraints.indexes.items():
        if index.method in MYSQL_METHODS:
            continue
        if not is_supported(index, sql, Database.POSTGRESQL):
            yield f"index {code(name)} is left out: PostgreSQL cannot compute what it is over"
        elif index.unique and not is_supported(index, sql, Database.SQLITE):
            yield f"unique index {code(name)} is enforced by PostgreSQL only"


def _of_type(field: Field, sql: TableSql) -> Iterator[str]:
    """Yield what a column's type holds in the database of the DDL and not here."""
    for name in field.item_checks:
        yield f"check {code(name)} on items of column {code(field.column.name)} is enforced by PostgreSQL only"
    if sql.source.sqlite_compatible and not field.column.type.text.strip():
        yield f"column `{field.column.name}` has no type: it holds text"
    elif field.column.type.base in MYSQL_TYPES and not sql.source.postgresql_compatible:
        type_ = code(field.column.type.text)
        yield f"column {code(field.column.name)} holds text: PostgreSQL itself has no type {type_}"


def _missing(what: str, field: Field, texts: Mapping[Database, str | None]) -> Iterator[str]:
    for target, text in texts.items():
        if text is None:
            yield f"{what} column {code(field.column.name)} has no equivalent on {target.value}"


def passed_over(schema: Schema, objects: ObjectOption) -> tuple[Code, ...]:
    """Return the statements that a generated application has no equivalent of, as Markdown."""
    tables = schema.tables_by_name
    carried = (
        {NoteKind.FUNCTION, NoteKind.TRIGGER} if objects == "all" and schema.functions + schema.triggers else set()
    )
    return tuple(
        Code(_statement(note))
        for note in schema.notes
        if (note.passed_over or note.table_related) and note.table not in tables
        if note.kind not in _NOTHING_LOST | carried
    )


def _statement(note: Note) -> str:
    """Return one line for a statement and others of its kind."""
    text = one_line(note.statement)
    short = text if len(text) <= _STATEMENT_WIDTH else f"{text[:_STATEMENT_WIDTH].rstrip('. ')}…"
    others = f" and {note.count - 1:,} more like it" if note.count > 1 else ""
    return f"{code(short)}{others}{'' if note.kind in _SELF_EVIDENT else f': {_reason(note.reason)}'}"


def _reason(text: str) -> str:
    """Return why a statement has no equivalent as Markdown; words of a plan are marked as code there already."""
    return markdown(text).replace("\\`", "`")
