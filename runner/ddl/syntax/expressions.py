"""Checks and defaults: from source text to the expressions of the model, as far as those go.

The most common ones are read here, from their tokens; `expression_parser` reads all others. The model keeps the text
beside the parsed form, so nothing is lost where an expression has none.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from runner.ddl.expression_tree import Const, Expression, Operation
from runner.ddl.model import Default
from runner.ddl.syntax.column_types import read_type
from runner.ddl.syntax.cursor import Cursor, NotUnderstood
from runner.ddl.syntax.tokens import Token, depth_of, string_value, tokens_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.ddl.syntax.dialect import Dialect

MAX_EXPRESSION_DEPTH = 30  # nested parentheses; each costs sqlglot some twenty calls, and Python allows a thousand
MAX_EXPRESSION_LEVELS = 100  # of operations within each other: pickle takes some 250
MAX_EXPRESSION_TOKENS = 3000  # a chain of prefixes nests without brackets
CACHED_EXPRESSIONS = 4096  # every table has the same few defaults

Parsed = tuple[Expression | None, tuple[str, ...]]


@lru_cache(maxsize=CACHED_EXPRESSIONS)
def parse_expression(text: str, dialect: Dialect) -> Parsed:
    """Return the parsed form of an expression, None where it has none, and the columns it refers to, in order."""
    tokens = tokens_of(text, dialect)
    simple = _simple(Cursor(text, tokens, dialect))
    if simple is not None:
        return simple, ()
    if len(tokens) > MAX_EXPRESSION_TOKENS or depth_of(tokens) > MAX_EXPRESSION_DEPTH:
        return None, ()
    from runner.ddl.syntax.expression_parser import parse  # noqa: PLC0415 - loads sqlglot, which many schemas do not need

    found, columns = parse(text, dialect)
    return (found if found is not None and is_shallow(found) else None), columns


def is_shallow(expression: Expression) -> bool:
    """Whether an expression is nested so little that it can be pickled and walked recursively."""
    level: list[Expression] = [expression]
    for _ in range(MAX_EXPRESSION_LEVELS):
        level = [part for one in level if isinstance(one, Operation) for part in one.args]
        if not level:
            return True
    return False


def read_default(cursor: Cursor) -> Default | None:
    """Return the default that all of the cursor's tokens make up; NULL is none."""
    sequence = cursor.dialect.next_value(cursor.inside(cursor.tokens))
    tokens = cursor.rest()
    if sequence is not None:
        return Default(text=f"nextval('{'.'.join(map(_sequence_name, sequence))}')")
    if tokens and tokens[0].word == "NULL" and (len(tokens) == 1 or tokens[1].word == "::"):
        return None
    text = cursor.source(tokens)
    return Default(text=text, expression=parse_expression(text, cursor.dialect)[0])


def _sequence_name(name: str) -> str:
    """Return a part of a sequence's name as PostgreSQL's `nextval` takes it, inside a string."""
    return name if _FOLDED.fullmatch(name) else f'"{name.replace(chr(34), chr(34) * 2)}"'.replace("'", "''")


_FOLDED = re.compile(r"[a-z_][a-z0-9_]*")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)")
_WORD_CONSTANTS: dict[str, str | bool | None] = {"NULL": None, "TRUE": True, "FALSE": False}
_CALLS = {
    "CURRENT_DATE": "current_date",
    "CURRENT_TIMESTAMP": "now",
    "GEN_RANDOM_UUID": "gen_random_uuid",
    "LOCALTIMESTAMP": "now",
    "NOW": "now",
    "UUID_GENERATE_V4": "uuid_generate_v4",
}
_WITHOUT_PARENTHESES = frozenset({"CURRENT_DATE", "CURRENT_TIMESTAMP", "LOCALTIMESTAMP"})
_STRING_ARGUMENT = (["(", "", ")"], ["(", "", "::", "REGCLASS", ")"])  # the words after a function's name


def _simple(cursor: Cursor) -> Expression | None:
    """Parse the most common defaults without sqlglot: a string with or without a cast, a number, TRUE, a call."""
    tokens, dialect = cursor.tokens, cursor.dialect
    if not tokens:
        return None
    first, rest = tokens[0], tokens[1:]
    is_whole = not rest or (rest[0].word == "::" and _is_type(cursor.inside(rest[1:])))
    if first.kind == "string" and is_whole:
        return Const(value=string_value(first, dialect))
    if len(tokens) <= 2 and _NUMBER.fullmatch("".join(t.text for t in tokens)):  # noqa: PLR2004 - a sign and digits
        return Const(value="".join(t.text for t in tokens).lstrip("+"), is_number=True)
    if first.word in _WORD_CONSTANTS and is_whole:
        return Const(value=_WORD_CONSTANTS[first.word])
    return _simple_call(first.word, rest, dialect)


def _is_type(cursor: Cursor) -> bool:
    if not cursor.dialect.postgresql_compatible:
        return all(token.kind != "mark" for token in cursor.tokens)
    try:
        read_type(cursor)
    except NotUnderstood:
        return False
    return True


def _simple_call(name: str, rest: Sequence[Token], dialect: Dialect) -> Expression | None:
    """Parse `now()` and its like, and `nextval('name'::regclass)`, of which a dump has one for each serial column."""
    words = [t.word for t in rest]
    if name in _CALLS and (words == ["(", ")"] or (not words and name in _WITHOUT_PARENTHESES)):
        return Operation(op=_CALLS[name])
    if name == "NEXTVAL" and dialect.serial_is_sequence and words in _STRING_ARGUMENT and rest[1].kind == "string":
        return Operation(op="nextval", args=(Const(value=string_value(rest[1], dialect)),))
    return None
