"""Which tables of a schema a task works on, decided before anything is written.

What was decided is kept (`records/private_cache`) under all that it follows from: a run with nothing to do reads no
schema.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from runner.records.errors import AgentError, TaskInputError
from runner.records.private_cache import PrivateCache

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from runner.ddl.model import Schema, Table
    from runner.ddl.notes import Note
    from runner.records.task import TableGlobs
    from runner.scheduling.schema_source import SchemaSource

_CLOSE_MATCHES = 3
_WILDCARDS = frozenset("*?[")
_TIMES = ("timestamp", "datetime")  # what the names of types that hold a moment begin with, in every dialect
_CACHE = PrivateCache("selections", [__name__])


class Selection(NamedTuple):
    """What a task works on: labels of tables, None where its agent works on the whole schema.

    `schema_digest` is that of the schema with the tool tables that were named; `warnings` are about statements of the
    schema that were not understood.
    """

    schema_digest: str
    tables: tuple[str, ...] | None
    warnings: tuple[str, ...]


def select(
    source: SchemaSource, globs: TableGlobs, named: Collection[str], chosen: Mapping[str, object], *, per_table: bool
) -> Selection:
    """Return what a task works on, as it was decided before or decided now.

    `named` are the labels of tool tables that count as tables, `chosen` the options that name tables and columns.

    Raises:
        TaskInputError: a glob or an option names what the schema lacks, every table is excluded, or a selected table
            has a statement that was not understood.
        DDLError: the schema cannot be read.

    """
    facts = [globs.include, globs.exclude, sorted(named), chosen, per_table]
    key = (source.digest.encode(), *map(os.fsencode, source.paths), json.dumps(facts, default=repr).encode())
    found = _CACHE.load(*key) if source.is_read else None
    if not isinstance(found, Selection):
        found = _decide(source, globs, named, chosen, per_table=per_table)
        if source.digest:
            _CACHE.save(found, *key)
    return found


def _decide(
    source: SchemaSource, globs: TableGlobs, named: Collection[str], chosen: Mapping[str, object], *, per_table: bool
) -> Selection:
    plain, schema = source.schema(), source.schema(named)
    for option, given in chosen.items():
        if option == "labels":
            _check_labels(schema, given)
        elif option == "soft_delete":
            _check_deletion_column(schema, option, given)
        else:
            _check_columns(schema, option, given)
    tables = select_tables(schema, globs) if per_table else None
    if tables is not None:
        _refuse_misread(schema, tables, globs)
    added = sorted(schema.label(table.name) for table in schema.tables[len(plain.tables) :])
    return Selection(
        schema_digest=f"{source.digest}+{','.join(added)}" if added and source.digest else source.digest,
        tables=None if tables is None else tuple(schema.label(table.name) for table in tables),
        warnings=misread_tables(plain),
    )


def select_tables(schema: Schema, globs: TableGlobs) -> tuple[Table, ...]:
    """Return the tables that the globs select, in the order of the DDL.

    Partitions are left out unless a glob without wildcards names one: their rows are available through the partitioned
    table. Raises `TaskInputError` for a glob that matches no table and where every table is excluded.
    """
    labels = schema.with_columns().tables_by_label
    whole = {label for label, table in labels.items() if table.partition_of is None}
    chosen: set[str] = set()
    for index, pattern in enumerate(globs.include):
        found = {label for label in labels if label == pattern or (label in whole and fnmatchcase(label, pattern))}
        if not found:
            raise TaskInputError(f"tables.include.{index}", *_no_match(pattern, labels))
        chosen |= found
    for pattern in globs.exclude:
        chosen = {label for label in chosen if not fnmatchcase(label, pattern)}
    if not chosen:
        raise TaskInputError("tables.exclude", "every table is excluded", "Leave at least one")
    return tuple(table for label, table in labels.items() if label in chosen)


def _no_match(pattern: str, labels: Mapping[str, Table]) -> tuple[str, str]:
    close = get_close_matches(pattern, labels, _CLOSE_MATCHES)
    hint = f"Did you mean {' or '.join(close)}?" if close else f"The DDL has {len(labels)} tables; see `runner schema`"
    return f"{pattern!r} matches no table", hint


def _check_columns(schema: Schema, option: str, chosen: object) -> None:
    """Raise `TaskInputError` for a table or column that an option names and the schema lacks."""
    if not isinstance(chosen, Mapping) or not chosen:
        return
    tables = schema.with_columns().tables_by_label
    for label, names in chosen.items():
        if label not in tables:
            raise TaskInputError(f"{option}.{label}", *_no_match(label, tables))
        columns = [column.name for column in tables[label].columns]
        for index, name in enumerate(names):
            if name not in columns and option == "search" and "." in name:
                _check_searched_reference(schema, chosen, label, index)
            elif name not in columns:
                close = get_close_matches(name, columns, _CLOSE_MATCHES)
                hint = f"Did you mean {' or '.join(close)}?" if close else f"Its columns are {', '.join(columns)}"
                raise TaskInputError(f"{option}.{label}.{index}", f"{label} has no column {name!r}", hint)


def _check_deletion_column(schema: Schema, option: str, name: object) -> None:
    """Raise `TaskInputError` where no table has the column of deletions, or one has it that cannot hold their time."""
    if not isinstance(name, str):
        return
    found = {
        schema.label(table.name): column
        for table in schema.with_columns().tables
        for column in table.columns
        if column.name == name and table.view is None
    }
    if not found:
        known = {column.name for table in schema.tables for column in table.columns}
        close = get_close_matches(name, known, _CLOSE_MATCHES)
        hint = f"Did you mean {' or '.join(close)}?" if close else "Give a column that some tables have"
        raise TaskInputError(option, f"no table has a column {name!r}", hint)
    for label, column in found.items():
        is_time = column.type.base.lower().startswith(_TIMES) and not column.type.dimensions
        if not is_time or not column.nullable or column.default is not None:
            kind = column.type.text if not is_time else "NOT NULL" if not column.nullable else "given a default"
            hint = "It has to be a nullable timestamp without a default: rows that are not deleted have NULL there"
            raise TaskInputError(option, f"{label}.{name} is {kind}", hint)


def _check_labels(schema: Schema, given: object) -> None:
    """Raise `TaskInputError` for labels in another form, or of what the schema lacks."""
    from runner.generation.model.label_problems import label_problems  # noqa: PLC0415 - for a new selection only

    for problem in label_problems(given, schema):
        raise TaskInputError(problem.key, f"{problem.key}: {problem.reason}", problem.expected)


def _check_searched_reference(schema: Schema, chosen: Mapping[str, Sequence[str]], label: str, index: int) -> None:
    """Raise `TaskInputError` where the option `search` names a column of a referenced row that cannot be searched."""
    # Slow to import, and rarely needed.
    from runner.generation.model.application import Application  # noqa: PLC0415
    from runner.generation.model.chosen_columns import chosen_columns  # noqa: PLC0415
    from runner.generation.model.searched_references import check_searched_reference  # noqa: PLC0415

    columns = chosen_columns({"search": chosen}, "search")
    try:
        check_searched_reference(Application(schema), columns, label, chosen[label][index])
    except AgentError as error:
        raise TaskInputError(f"search.{label}.{index}", str(error)) from error


def _refuse_misread(schema: Schema, tables: Sequence[Table], globs: TableGlobs) -> None:
    """Raise `TaskInputError` where a selected table has a statement that was not understood."""
    chosen = {table.name for table in tables}
    for note in _unread_tables(schema):
        if note.table in chosen or _would_choose_unread(globs, schema, note):
            touched = f"it changes table {note.table}" if note.table else "it is about a table"
            raise TaskInputError(
                "ddl",
                f"{note.file}:{note.line}: not understood, and {touched}: {note.reason}",
                "Simplify that statement, or leave the table out with tables: {exclude: [...]}",
            )


def _would_choose_unread(globs: TableGlobs, schema: Schema, note: Note) -> bool:
    """Return whether globs select a table that could not be read at all; without a name, any wildcard may select it."""
    if note.table is None:
        return any(_WILDCARDS & set(pattern) for pattern in globs.include)
    label = schema.label(note.table)
    return (
        note.table not in schema.tables_by_name
        and any(fnmatchcase(label, pattern) for pattern in globs.include)
        and not any(fnmatchcase(label, pattern) for pattern in globs.exclude)
    )


def misread_tables(schema: Schema) -> tuple[str, ...]:
    """Return a warning for each statement about a table that was not understood, or that may have created one."""
    from runner.ddl.notes import NoteKind  # noqa: PLC0415 - slow to import, and here the schema was read

    unread = (f"{note.file}:{note.line}: not understood: {note.reason}" for note in _unread_tables(schema))
    code = (note for note in schema.notes if note.kind is NoteKind.CODE_BLOCK)
    return (*unread, *(f"{note.file}:{note.line}: {note.reason}: {note.statement}" for note in code))


def _unread_tables(schema: Schema) -> tuple[Note, ...]:
    return tuple(note for note in schema.notes if note.table_related)
