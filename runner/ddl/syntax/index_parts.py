"""The parts of an index: columns and expressions, with how they are sorted. Read from tokens, in every dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.ddl.model import IndexPart
from runner.ddl.syntax.tokens import Token, closing, split_at, tidy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.ddl.syntax.cursor import Cursor

_PART_WORDS = {"ASC", "DESC", "NULLS", "COLLATE"}


def read_index_parts(cursor: Cursor, tokens: Sequence[Token]) -> tuple[IndexPart, ...]:
    """Read the tokens between an index's parentheses."""
    return tuple(_read_part(cursor.inside(part)) for part in split_at(tokens))


def _read_part(cursor: Cursor) -> IndexPart:
    column: str | None = None
    expression: str | None = None
    length: int | None = None
    if _is_column(cursor):
        column = cursor.take_name()
        if cursor.word == "(":
            length = int(cursor.take_group()[0].text)
    else:
        expression = _take_expression(cursor)
    collation = operator_class = None
    descending = False
    nulls = None
    while not cursor.done:
        if cursor.skip("COLLATE"):
            collation = cursor.take_path()[-1]
        elif cursor.skip("DESC"):
            descending = True
        elif cursor.skip("ASC"):
            descending = False
        elif cursor.skip("NULLS"):
            nulls = cursor.take().word.lower()
        elif cursor.word == "(":
            cursor.take_group()  # parameters of the operator class
        else:
            operator_class = ".".join(cursor.take_path())
    return IndexPart(
        column=column,
        expression=expression,
        descending=descending,
        nulls="first" if nulls == "first" else "last" if nulls == "last" else None,
        operator_class=operator_class,
        collation=collation,
        length=length,
    )


def _is_column(cursor: Cursor) -> bool:
    """Whether a part begins with a column's name, which a prefix length may follow, and is not an expression."""
    tokens, dialect = cursor.tokens, cursor.dialect
    if tokens[0].kind not in {"word", "name"} and not (tokens[0].kind == "string" and dialect.strings_as_names):
        return False
    if len(tokens) == 1:
        return True
    after = tokens[1]
    if after.word == "(":
        return dialect.key_prefix_lengths and [token.kind for token in tokens[1:4]] == ["mark", "number", "mark"]
    return after.kind in {"word", "name"}


def _take_expression(cursor: Cursor) -> str:
    """Return an expression's text: parentheses, or a function call with what belongs to it."""
    tokens = cursor.tokens
    start = cursor.index
    while not cursor.done and cursor.word not in _PART_WORDS:
        if cursor.word == "(":
            cursor.index = closing(tokens, cursor.index) + 1
            if _ends_expression(cursor):
                break
        else:
            cursor.take()
    return tidy(tokens[start : cursor.index])


def _ends_expression(cursor: Cursor) -> bool:
    """Whether, after a closing parenthesis, only an operator class or a sort order follows."""
    token = cursor.here
    return token is None or token.kind in {"word", "name"}
