"""Checks and defaults that sqlglot parses; `expression_operators` and `expression_functions` read its nodes.

To import it loads sqlglot, which takes longer than to read a schema of a hundred tables. `expressions` does so for the
first expression that it cannot read itself.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from runner.ddl.syntax.expression_functions import Inexpressible
from runner.ddl.syntax.expression_operators import TreeReader, column_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.ddl.expression_tree import Expression
    from runner.ddl.syntax.dialect import Dialect

# sqlglot's warnings about what it cannot parse would reach the user's terminal.
logging.getLogger("sqlglot").addFilter(lambda record: record.levelno >= logging.ERROR)


def parse(text: str, dialect: Dialect) -> tuple[Expression | None, tuple[str, ...]]:
    """Return the parsed form of an expression, None where it has none, and the columns it refers to, in order."""
    try:
        tree = sqlglot.parse_one(f"SELECT {text}", read=dialect.parser).expressions[0]
        columns = tuple(dict.fromkeys(column_name(column.this, dialect) for column in _columns(tree)))
        return TreeReader(dialect).convert(tree), columns
    except Inexpressible:
        return None, columns
    except (SqlglotError, RecursionError, IndexError, AttributeError):
        return None, ()


def _columns(tree: exp.Expr) -> Iterator[exp.Column]:
    return (column for column in tree.find_all(exp.Column, bfs=False) if isinstance(column.this, exp.Identifier))


def is_known_function(name: str) -> bool:
    """Whether databases have a function of this name, which is found before one of the schema."""
    return name.upper() in exp.FUNCTION_BY_NAME
