"""The clauses of a column, and those of any item that say nothing of the model: actions of the rules in `clause_rules`.

An action is called with the cursor at the clause's first word. It moves past the clause, adds what it says to the body
and returns True; or it returns False where the clause is another one (the caller then moves the cursor back).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from runner.ddl.expression_tree import Const, Operation
from runner.ddl.model import Default, Generated
from runner.ddl.syntax.constraint_clauses import read_attributes
from runner.ddl.syntax.cursor import Cursor
from runner.ddl.syntax.table_body import ColumnDraft, TableBody
from runner.ddl.syntax.tokens import Token, tidy

Action = Callable[[TableBody, Cursor], bool]


def not_null(body: TableBody, cursor: Cursor) -> bool:
    """`[NOT] NULL`; what else may be said of a NOT NULL changes nothing here."""
    column = body.column
    if column is None:
        return False
    if cursor.skip("NOT", "NULL"):
        read_attributes(cursor)
        column.nullable = False
    elif cursor.skip("NULL"):
        column.nullable = True
    else:
        return False
    column.not_null_name = body.take_constraint()
    return True


def default(body: TableBody, cursor: Cursor) -> bool:
    """`DEFAULT expression`: kept up to where the next clause begins."""
    if body.column is None:
        return False
    cursor.expect("DEFAULT")
    body.defaults.append((body.column, _take_expression(cursor)))
    body.take_constraint()
    return True


def generated(body: TableBody, cursor: Cursor) -> bool:
    """`[GENERATED ALWAYS] AS (…) [STORED | VIRTUAL]`: the expression is kept, with its kind."""
    cursor.skip("GENERATED", "ALWAYS")
    if body.column is None or not cursor.skip("AS") or cursor.word != "(":
        return False
    text = cursor.source(cursor.take_group())
    # PostgreSQL 18, MySQL and SQLite compute when reading unless STORED is written; before 18 it must be written.
    stored = bool(cursor.skip_any("STORED", "PERSISTENT"))
    cursor.skip("VIRTUAL")
    body.column.generated = Generated(kind="stored" if stored else "virtual", text=text)
    body.take_constraint()
    return True


def identity(body: TableBody, cursor: Cursor) -> bool:
    """`GENERATED ALWAYS | BY DEFAULT AS IDENTITY [(options of its sequence)]`."""
    cursor.expect("GENERATED")
    always = cursor.skip("ALWAYS")
    cursor.skip("BY", "DEFAULT")
    if body.column is None or not cursor.skip("AS", "IDENTITY"):
        return False
    if cursor.word == "(":
        cursor.take_group()
    body.column.identity = "always" if always else "by default"
    body.column.nullable = False
    body.take_constraint()
    return True


def auto_increment(body: TableBody, cursor: Cursor) -> bool:
    """`AUTO_INCREMENT` (MySQL) or `AUTOINCREMENT` (SQLite)."""
    if body.column is None:
        return False
    cursor.take()
    body.column.auto_increment = True
    return True


def collation(body: TableBody, cursor: Cursor) -> bool:
    """`COLLATE [schema.]name`."""
    cursor.expect("COLLATE")
    cursor.skip("=")
    name = cursor.take_path()[-1]
    if body.column is not None:
        body.column.collation = name
    return True


def character_set(body: TableBody, cursor: Cursor) -> bool:
    """`CHARACTER SET name` or `CHARSET name` (MySQL)."""
    if not (cursor.skip("CHARACTER", "SET") or cursor.skip("CHARSET")):
        return False
    cursor.skip("=")
    name = cursor.take_name().lower()
    if body.column is not None:
        body.column.character_set = name
    return True


def comment(body: TableBody, cursor: Cursor) -> bool:
    """`COMMENT 'text'`."""
    cursor.expect("COMMENT")
    cursor.skip("=")
    text = cursor.take_string()
    if body.column is not None:
        body.column.comment = text or None
    return True


def on_update_now(body: TableBody, cursor: Cursor) -> bool:
    """`ON UPDATE CURRENT_TIMESTAMP[(n)]`."""
    if body.column is None or not cursor.skip("ON", "UPDATE"):
        return False
    body.column.on_update = tidy(_take_expression(cursor))
    return True


def _take_expression(cursor: Cursor) -> list[Token]:
    """Return the tokens of an expression that ends where the next clause begins."""
    words = cursor.dialect.clause_words
    if cursor.done:
        raise cursor.surprise("an expression")
    found: list[Token] = []
    depth = 0
    while not cursor.done and (depth or not found or cursor.word not in words):
        token = cursor.take()
        depth += _NESTING.get(token.word, 0)
        found.append(token)
    return found


_NESTING = {"(": 1, ")": -1, "[": 1, "]": -1, "CASE": 1, "END": -1}  # inside these NULL begins no clause


# ---------------------------------------------------------------------------------------------------- system versioning

# What the columns of system versioning hold in the current version of a row.
_ROW_TIMES = {
    "row start": Default(text="CURRENT_TIMESTAMP", expression=Operation(op="now")),
    "row end": Default(text="'2038-01-19 03:14:07.999999'", expression=Const(value="2038-01-19 03:14:07.999999")),
}
_ROW_TRANSACTIONS = {
    "row start": Default(text="0", expression=Const(value="0", is_number=True)),
    "row end": Default(text=str(2**63 - 1), expression=Const(value=str(2**63 - 1), is_number=True)),
}


def row_time(body: TableBody, cursor: Cursor) -> bool:
    """`GENERATED ALWAYS AS ROW START | ROW END`: a column that the server writes and that is never null."""
    if body.column is None or not cursor.skip("GENERATED", "ALWAYS", "AS", "ROW"):
        return False
    if not (which := cursor.skip_any("START", "END")):
        raise cursor.surprise("START or END")
    _keep_by_server(body.column, "row start" if which == "START" else "row end")
    body.take_constraint()
    return True


def _keep_by_server(column: ColumnDraft, role: Literal["row start", "row end"]) -> None:
    column.system_time = role
    column.default = (_ROW_TRANSACTIONS if column.type.sql.base == "bigint" else _ROW_TIMES)[role]
    column.nullable = False


# ------------------------------------------------------------------------------------------------------------- left out


def compressed(body: TableBody, cursor: Cursor) -> bool:
    """`COMPRESSED[=method]`."""
    del body
    cursor.expect("COMPRESSED")
    if cursor.skip("="):
        cursor.take()
    return True


def dropped(*patterns: str) -> Action:
    """Return an action that drops the first pattern that fits: words, `*` any token, `=` and `()` if they are there."""
    split = [pattern.split() for pattern in patterns]

    def apply(body: TableBody, cursor: Cursor) -> bool:
        del body
        for pattern in split:
            start = cursor.index
            if all(_fits(cursor, part) for part in pattern):
                return True
            cursor.index = start
        return False

    return apply


def _fits(cursor: Cursor, part: str) -> bool:
    if part == "()":
        if cursor.word == "(":
            cursor.take_group()
        return True
    if part == "=":
        cursor.skip("=")
        return True
    if part == "*":
        if cursor.done:
            return False
        cursor.take()
        return True
    return cursor.skip(part)
