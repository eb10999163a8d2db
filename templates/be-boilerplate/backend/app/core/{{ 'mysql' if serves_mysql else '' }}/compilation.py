"""SQL as MySQL and MariaDB have it, where other databases have another form."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.mysql.mysqldb import MySQLCompiler_mysqldb
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import operators
from sqlalchemy.sql.compiler import SQLCompiler

from app.core.columns import ByDialect, ItemOf, Native
from app.core.search import CellText, Contains, ContainsExactly, RowText

_NULLS = {operators.nulls_first_op: "IS NOT NULL", operators.nulls_last_op: "IS NULL"}


class Compiler(MySQLCompiler_mysqldb):
    """Writes statements; NULLs have a sort key of their own, since there is no NULLS LAST."""

    def visit_unary(self, unary: sa.UnaryExpression[Any], *args: Any, **options: Any) -> str:
        """Return a unary expression."""
        if unary.modifier not in _NULLS:
            plain: Any = super()
            return str(plain.visit_unary(unary, *args, **options))
        ordered = unary.element
        column = ordered.element if isinstance(ordered, sa.UnaryExpression) else ordered
        return f"{self.process(column, **options)} {_NULLS[unary.modifier]}, {self.process(ordered, **options)}"

    def visit_cast(self, cast: sa.Cast[Any], **options: Any) -> str:
        """Return a cast. Values of types that only PostgreSQL has are texts; a REAL is a FLOAT here."""
        kind, of_kind, inner = cast.type, cast.clause.type, self.process(cast.clause, **options)
        if isinstance(kind, Native):
            return _written(kind.name, inner)
        if isinstance(of_kind, Native):
            return _read(of_kind.name, inner)
        if isinstance(kind, sa.REAL):
            return f"CAST({inner} AS FLOAT)"
        return str(super().visit_cast(cast, **options))


def _written(kind: str, text: str) -> str:
    """Return the value of a text: bits are digits, and an address has no mask here."""
    if kind.startswith("bit"):
        return f"CAST(CONV({text}, 2, 10) AS UNSIGNED)"
    return f"SUBSTRING_INDEX({text}, '/', 1)" if kind == "inet" else text


def _read(kind: str, value: str) -> str:
    """Return the text of a value."""
    if kind.startswith("bit"):
        return f"LPAD(BIN({value}), {kind.partition('(')[2].rstrip(')') or '1'}, '0')"
    text = f"CAST({value} AS CHAR)"
    return f"CONCAT({text}, IF(LOCATE(':', {text}), '/128', '/32'))" if kind == "inet" else text


def _parts(element: Any, compiler: SQLCompiler, options: Any) -> list[str]:
    return [compiler.process(clause, **options) for clause in element.clauses]


@compiles(ByDialect, "mysql")
def _compile_now(_element: ByDialect, _compiler: SQLCompiler, **_options: Any) -> str:
    """Return the moment of a change: of what differs by database, statements contain nothing else."""
    return "CURRENT_TIMESTAMP(6)"


@compiles(ItemOf, "mysql")
def _compile_item_of(element: ItemOf, compiler: SQLCompiler, **options: Any) -> str:
    members, item, _ = _parts(element, compiler, options)
    return f"(FIND_IN_SET({item}, {members}) > 0)"


@compiles(CellText, "mysql")
def _compile_cell_text(element: CellText, compiler: SQLCompiler, **options: Any) -> str:
    (column,) = _parts(element, compiler, options)
    return f"coalesce(CAST({column} AS CHAR), '')"


@compiles(RowText, "mysql")
def _compile_row_text(element: RowText, compiler: SQLCompiler, **options: Any) -> str:
    return f"concat_ws(' ', {', '.join(_parts(element, compiler, options))})"


# The collation of a connection ignores case.
@compiles(Contains, "mysql")
@compiles(ContainsExactly, "mysql")
def _compile_contains(
    element: Contains | ContainsExactly, compiler: SQLCompiler, **options: Any
) -> str:
    text, pattern = _parts(element, compiler, options)
    return f"({text} LIKE {pattern})"
