"""What a generated backend does not carry over from the DDL, in the words of its READMEs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.generation.fastapi.table_view import TableView, is_sound
from runner.generation.source_text import one_line

if TYPE_CHECKING:
    from runner.ddl.model import Note, Schema

MYSQL_METHODS = ("fulltext", "spatial")  # of indexes, which no other database has
_STATEMENT_WIDTH = 90  # characters that tell which statement is meant
_MORE = re.compile(r" \(([\d,]+) such, the first here\)$")
_SELF_EVIDENT = re.compile(r" makes no table( and changes none)?$")
# Reasons of notes about what says nothing of an application's tables, or is carried over in another way.
_NOTHING_LOST = (
    "an order to the session", "a line for the client", "rows,", "rights,", "COMMENT EXTENSION", "CREATE SEQUENCE",
    "ALTER SEQUENCE",
)  # fmt: skip


def left_out(view: TableView) -> tuple[str, ...]:
    """Return what one table lacks or does in another way, a sentence without its full stop each."""
    schema, table = view.schema, view.table
    found = [
        f"reference `{name}`, whose target `{key.references}` the schema lacks"
        for name, key in view.constraints.foreign_keys.items()
        if not is_sound(schema, key)
    ]
    found += [f"check `{name}` is held by PostgreSQL alone" for name in view.checks.database_only]
    found += [
        f"index `{name}`, which is {index.method}"
        for name, index in view.constraints.indexes.items()
        if index.method in MYSQL_METHODS
    ]
    partitions = schema.partitions[table.name]
    if partitions:
        found.append(
            "its partition is a table of its own"
            if partitions == 1
            else f"its {partitions} partitions are tables of their own"
        )
    elif table.kind == "partitioned" or (table.partition_of and table.partition_of not in schema.tables_by_name):
        found.append("it is made without partitions")
    if not view.key:
        found.append("no primary key, so it can be listed but not changed")
    found += [_reason(note)[0] for note in schema.notes if note.table == table.name]
    return tuple(found)


def passed_over(schema: Schema) -> tuple[str, ...]:
    """Return the statements that have no place in a generated application: views, functions, triggers and the like."""
    tables = schema.tables_by_name
    return tuple(
        _statement(note)
        for note in schema.notes
        if (note.passed_over or note.table_related) and note.table not in tables
        if not note.reason.startswith(_NOTHING_LOST) and " OWNER TO " not in note.statement
    )


def _statement(note: Note) -> str:
    """Return one line for a statement and those like it."""
    reason, more = _reason(note)
    text = one_line(note.statement).replace("`", "'")
    short = text if len(text) <= _STATEMENT_WIDTH else f"{text[:_STATEMENT_WIDTH].rstrip('. ')}…"
    others = f" and {more:,} more like it" if more else ""
    return f"`{short}`{others}{'' if _SELF_EVIDENT.search(reason) else f': {reason}'}"


def _reason(note: Note) -> tuple[str, int]:
    """Return why a statement was passed over, and how many others were for the same reason."""
    more = _MORE.search(note.reason)
    return (note.reason[: more.start()], int(more[1].replace(",", "")) - 1) if more else (note.reason, 0)
