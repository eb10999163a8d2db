"""The text of `runner schema`: the tables as the reader understood them, and what it did not understand, by line."""

from __future__ import annotations

import json
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from runner.ddl.live.database_snapshots import DatabaseSnapshots
from runner.ddl.reader import read_ddl
from runner.ddl.schema_json import schema_to_json
from runner.ddl.sql_files import expand_ddl_paths

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from _typeshed import StrPath

    from runner.ddl.model import Column, Schema, Table


def schema_report(ddl: Sequence[StrPath], dialect: str, *, as_json: bool) -> tuple[str, bool]:
    """Return the report, and whether every statement about a table was understood. Raises `DDLError`.

    `ddl` is paths of SQL, or one live database, whose dialect is its own.
    """
    with TemporaryDirectory(prefix="runner-ddl-") as folder:
        database = DatabaseSnapshots(folder, refresh=True, allowed=None).of(ddl)
        if database is None:
            schema = read_ddl(expand_ddl_paths(ddl), dialect)
        else:
            schema = read_ddl([database.path], database.dialect)
    complete = not any(note.table_related for note in schema.notes)
    if as_json:
        return json.dumps(schema_to_json(schema), indent=2), complete
    return "\n".join(_lines(schema)), complete


def _lines(schema: Schema) -> Iterator[str]:
    for table in schema.tables:
        yield from _table_lines(schema, table)
        yield ""
    for enum in schema.enums:
        yield f"enum {schema.label(enum.name) if enum.name else '?'}: {', '.join(enum.values)}"
    for domain in schema.domains:
        yield f"domain {schema.label(domain.name)}: {domain.type.text}"
    unread = [note for note in schema.notes if not note.passed_over]
    for note in unread:
        yield f"{note.file}:{note.line}: not understood: {note.reason}: {note.statement}"
    for note in schema.notes:
        if note.passed_over:
            more = f" ({note.count} such, the first here)" if note.count > 1 else ""
            yield f"{note.file}:{note.line}: passed over: {note.reason}{more}"
    yield from schema.warnings
    columns = sum(len(table.columns) for table in schema.tables)
    yield f"{len(schema.tables)} tables, {columns} columns, {len(unread)} statements not understood"


def _table_lines(schema: Schema, table: Table) -> Iterator[str]:
    kind = "" if table.kind == "table" else f" ({table.kind})"
    partition = f" partition of {schema.label(table.partition_of)}" if table.partition_of else ""
    comment = f"  -- {table.comment}" if table.comment else ""
    yield f"{schema.label(table.name)}{kind}{partition}{comment}"
    width = max((len(column.name) for column in table.columns), default=0)
    for column in table.columns:
        yield f"  {column.name:<{width}}  {' '.join(_column_words(column))}"
    if table.primary_key:
        yield f"  primary key ({', '.join(table.key_columns)})"
    for key in table.unique:
        yield f"  unique ({', '.join(key.columns)})"
    for reference in table.foreign_keys:
        target = f"{schema.label(reference.references)} ({', '.join(reference.target_columns)})"
        yield f"  ({', '.join(reference.columns)}) -> {target}, on delete {reference.on_delete.lower()}"
    for check in table.checks:
        yield f"  check {' '.join(check.text.split())}"


def _column_words(column: Column) -> Iterator[str]:
    yield column.type.text
    if not column.nullable:
        yield "not null"
    if column.identity:
        yield f"identity {column.identity}"
    if column.auto_increment:
        yield "auto increment"
    if column.generated:
        yield f"generated as {column.generated.text} {column.generated.kind}"
    if column.system_time:
        yield f"generated as {column.system_time}"
    elif column.default:
        yield f"default {column.default.text}"
