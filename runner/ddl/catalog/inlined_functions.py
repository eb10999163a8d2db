"""Calls of SQL functions in checks and computed columns, written as the one expression that such a function returns.

A function of PostgreSQL in the language SQL whose body is `SELECT expression`, or `RETURN expression`, over its own
arguments says all that a check needs: the application and the other database can then evaluate the check, too
(https://www.postgresql.org/docs/18/xfunc-sql.html).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from runner.ddl.expression_tree import ColumnRef, Expression, Operation
from runner.ddl.syntax.expressions import is_shallow, parse_expression
from runner.ddl.syntax.tokens import name_value, split_at, string_value, tokens_of

if TYPE_CHECKING:
    from runner.ddl.catalog.catalog import Catalog, FunctionDraft
    from runner.ddl.syntax.dialect import Dialect
    from runner.ddl.syntax.tokens import Token

Inline = Callable[[Expression], Expression]

_BODY = re.compile(r"\s*SELECT\b(?P<expression>[^;]*);?\s*", re.IGNORECASE)
_OF_A_QUERY = frozenset(
    {"FROM", "WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "UNION", "EXCEPT", "INTERSECT", "INTO", "AS"}
)
_OF_NULLS = frozenset({"is null", "is not null", "coalesce", "case", "or", "and"})  # may be known where a part is not
_ARGUMENT = re.compile(r"\$(\d+)")
_MOST_LEVELS = 5  # of functions that call others


def make_inline(catalog: Catalog) -> Inline:
    """Return a function that replaces calls of the catalog's functions in an expression, as far as possible."""
    if not catalog.functions:
        return lambda expression: expression
    from runner.ddl.syntax.expression_parser import is_known_function  # noqa: PLC0415 - loads sqlglot

    bodies: dict[str, tuple[Sequence[str], Expression] | None] = {}
    for name, drafts in catalog.functions.items():
        is_only_one = len(drafts) == 1 and name.name not in bodies and not is_known_function(name.name)
        bodies[name.name] = _body(drafts[0], catalog.dialect) if is_only_one else None

    def inline(expression: Expression) -> Expression:
        found = _replaced(expression, bodies, _MOST_LEVELS)
        return found if is_shallow(found) else expression

    return inline


def _replaced(
    expression: Expression, bodies: Mapping[str, tuple[Sequence[str], Expression] | None], levels: int
) -> Expression:
    if not isinstance(expression, Operation):
        return expression
    arguments = tuple(_replaced(part, bodies, levels) for part in expression.args)
    names, body = bodies.get(expression.op) or ((), None)
    if body is None or levels == 0 or len(names) != len(arguments):
        return Operation(op=expression.op, args=arguments)
    return _replaced(_with(body, dict(zip(names, arguments, strict=True))), bodies, levels - 1)


def _with(body: Expression, arguments: Mapping[str, Expression]) -> Expression:
    """Return the body of a function with what it is called with."""
    if isinstance(body, ColumnRef):
        return arguments[body.name]
    if isinstance(body, Operation):
        return Operation(op=body.op, args=tuple(_with(part, arguments) for part in body.args))
    return body


def _body(draft: FunctionDraft, dialect: Dialect) -> tuple[Sequence[str], Expression] | None:
    """Return the names of a function's arguments and the expression that it returns; None for any other."""
    names = _argument_names(draft.arguments, dialect)
    text = _body_text(draft, dialect)
    if draft.language != "sql" or names is None or text is None:
        return None
    tokens = tokens_of(text, dialect)
    if len(split_at(tokens)) != 1 or not _OF_A_QUERY.isdisjoint(token.word for token in tokens):
        return None
    numbered = _ARGUMENT.sub(lambda match: _numbered(names, int(match[1])), text)
    expression, columns = parse_expression(numbered, dialect)
    if expression is None or not {*columns} <= {*names}:
        return None
    is_strict = any(token.word in ("STRICT", "INPUT") for token in tokens_of(draft.text, dialect))
    return None if is_strict and not _OF_NULLS.isdisjoint(_operations(expression)) else (names, expression)


def _numbered(names: Sequence[str], number: int) -> str:
    return f'"{names[number - 1]}"' if 0 < number <= len(names) else f"${number}"


def _argument_names(arguments: str, dialect: Dialect) -> Sequence[str] | None:
    """Return the names of arguments, made up where they have none; None where one has a mode or a default."""
    names = []
    for number, tokens in enumerate(split_at(tokens_of(arguments, dialect)), start=1):
        words = [token.word for token in tokens]
        if not tokens or not {"OUT", "INOUT", "VARIADIC", "DEFAULT", "="}.isdisjoint(words):
            return None
        named = tokens[1:] if words[0] == "IN" else tokens
        names.append(name_value(named[0], dialect) if len(named) > 1 and named[1].word != "(" else f"argument {number}")
    return names


def _body_text(draft: FunctionDraft, dialect: Dialect) -> str | None:
    """Return the text of the expression that a function returns, where it has only one."""
    tokens: list[Token] = tokens_of(draft.text, dialect)
    for token, following in itertools.pairwise(tokens):
        if token.word == "AS" and following.kind == "string":
            found = _BODY.fullmatch(string_value(following, dialect))
            return found["expression"] if found else None
        if token.word == "RETURN":
            return draft.text[following.start :].rstrip().removesuffix(";")
    return None


def _operations(expression: Expression) -> set[str]:
    if not isinstance(expression, Operation):
        return set()
    return {expression.op}.union(*(_operations(part) for part in expression.args))
