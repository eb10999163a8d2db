"""SQLite 3: types as declared, names compared without case, no schemas but the one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.ddl.model import SqlType
from runner.ddl.syntax import column_clauses, constraint_clauses
from runner.ddl.syntax.clause_rules import (
    CLAUSE_WORDS,
    COLUMN,
    CONSTRAINTS,
    ClauseRule,
    rules_by_word,
)
from runner.ddl.syntax.column_types import TypeReference, numbers
from runner.ddl.syntax.dialect import Dialect, Splitting
from runner.ddl.syntax.tokens import (
    BACKTICKED,
    COMMENT,
    DOUBLE_QUOTED,
    LINE_COMMENT,
    PLAIN_STRING,
    name_value,
    plain_string_value,
    tidy,
    token_pattern,
)

if TYPE_CHECKING:
    from runner.ddl.syntax.cursor import Cursor

_SPLITTING = Splitting(
    marks=rb"""'"`\[\-/;""",
    units=rb"""
        '[^']*' | "[^"]*" | `[^`]*` | \[[^\]]*\]
      | -(?:-[^\n]*)?
      | /(?:\*.*?\*/ | (?!\*))
    """,
    gap=rb"\s+ | --[^\n]*\n? | /\*.*?\*/",
    client_line=rb"\.[a-zA-Z][^\n]*",
    included_file=rb"\.read\b",
    compound=rb"(?i)(?P<body>)CREATE\s+(?:TEMP\s+|TEMPORARY\s+)?TRIGGER\b",
)
_TOKEN = token_pattern(
    skipped=rf"{LINE_COMMENT}|{COMMENT}",
    strings=PLAIN_STRING,
    names=rf"{DOUBLE_QUOTED}|{BACKTICKED}|\[[^\]]*\]",
)


def _read_type(cursor: Cursor) -> TypeReference:
    tokens = cursor.rest()
    words = [name_value(token, cursor.dialect) for token in tokens if token.kind not in {"mark", "number"}]
    text = words[0] if len(tokens) == 1 and words else tidy(tokens)
    return TypeReference(sql=SqlType(text=text, base=" ".join(words).lower(), args=numbers(tokens)))


_RULES = rules_by_word(
    *COLUMN,
    ClauseRule(name="constraint name", words=("CONSTRAINT",), apply=constraint_clauses.possibly_unused_constraint_name),
    *CONSTRAINTS,
    ClauseRule(
        name="conflict",
        words=("ON",),
        apply=column_clauses.dropped("ON CONFLICT *"),
        reason="the model does not keep what a conflict does to a write",
    ),
)

DIALECT = Dialect(
    name="sqlite",
    title="SQLite",
    other_names=("sqlite3",),
    parser="sqlite",
    dump_command="sqlite3 DATABASE .schema",
    is_file=True,
    splitting=_SPLITTING,
    token_pattern=_TOKEN,
    string_value=plain_string_value,
    strings_as_names=True,
    has_schemas=False,
    ignores_case_of_tables=True,
    ignores_case_of_columns=True,
    temporary_schema="temp",
    own_table_prefix="sqlite_",
    read_type=_read_type,
    clause_words=CLAUSE_WORDS | {"AS", "AUTOINCREMENT", "ON"},
    rules=_RULES,
    query_types={
        **dict.fromkeys(("smallint", "integer", "bigint", "boolean"), "INTEGER"),
        **dict.fromkeys(("real", "double"), "REAL"),
        **dict.fromkeys(("text", "json"), "TEXT"),
        **dict.fromkeys(("timestamp", "local"), "DATETIME"),
        "numeric": "NUMERIC",
        "date": "DATE",
    },
    keeps_objects=True,
    trigger_names_are_unique=True,
    integer_key_is_rowid=True,
    nullable_keys=True,
    json_is_text=True,
    like_ignores_case=True,
    like_escapes=False,
    sqlite_compatible=True,
    constraints_without_commas=True,
)
