"""Column types of texts that are not compared letter by letter."""

from __future__ import annotations

from operator import eq, ge, gt, le, lt, ne
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import in_op
from sqlalchemy.types import TypeDecorator


class Char(TypeDecorator[str]):
    """Text of a fixed width, without its trailing padding, which says nothing."""

    impl = sa.CHAR
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Strip blanks at the end, so that SQLite compares without them as PostgreSQL does."""
        return None if value is None else value.rstrip(" ")

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Strip the padding."""
        return None if value is None else value.rstrip(" ")


class NoCase(sa.String):
    """Text that is compared without regard to case; on SQLite by the collation of its column."""

    class Comparator(sa.String.Comparator[str]):
        """Compares both sides in lower case where the collation does not."""

        def operate(self, op: Any, *other: Any, **options: Any) -> Any:
            """Return a comparison, or the result of any other operator."""
            if op is in_op and isinstance(other[0], (list, tuple)):
                return sa.or_(sa.false(), *(self.operate(eq, value) for value in other[0]))
            if op in _COMPARISONS and other[0] is not None:
                return op(_folded(self.expr), _folded(other[0]))
            return super().operate(op, *other, **options)

    comparator_factory = Comparator


_COMPARISONS = frozenset({eq, ne, lt, le, gt, ge})


class _Folded(FunctionElement[str]):
    """Text in lower case, or as it is on SQLite."""

    type = sa.Text()
    inherit_cache = True


def _folded(value: Any) -> _Folded:
    return _Folded(sa.literal(value, sa.Text()) if isinstance(value, str) else value)


@compiles(_Folded)
def _compile_folded(element: _Folded, compiler: SQLCompiler, **options: Any) -> str:
    text = compiler.process(element.clauses, **options)
    return text if compiler.dialect.name == "sqlite" else f"lower({text})"
