"""Column types that behave the same on PostgreSQL and on SQLite."""

from __future__ import annotations

import math
from decimal import MAX_PREC, ROUND_HALF_UP, Context, Decimal
from enum import StrEnum
from typing import Any, TypeVar

import sqlalchemy as sa
from pydantic_core import to_jsonable_python
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

from app.core.raw_values import RawText, array_items

# A 64-bit integer. SQLite assigns row numbers only to a column whose type is INTEGER.
BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SmallInt = sa.SmallInteger().with_variant(sa.Integer(), "sqlite")
# Any JSON value, as JSONB or as JSON. Python's None is SQL's NULL, never JSON's null.
Json = postgresql.JSONB(none_as_null=True).with_variant(sa.JSON(none_as_null=True), "sqlite")
PlainJson = sa.JSON(none_as_null=True)


class _Real(TypeDecorator[float]):
    """A 32-bit floating-point number."""

    impl = sa.REAL
    cache_ok = True

    def bind_expression(self, bindvalue: sa.BindParameter[float]) -> sa.ColumnElement[Any]:
        """Cast a parameter, which is a double, so that a stored value equals the one it was stored from."""
        return sa.cast(sa.type_coerce(bindvalue, sa.Double()), sa.REAL())


_EXACT_DIGITS = 15  # that a double holds without loss; SQLite's numbers are doubles
_ANY_DIGITS = Context(prec=MAX_PREC)


class _SqliteNumeric(UserDefinedType[Decimal]):
    """A number of SQLite; of a column with the affinity of a BLOB, it is stored as it is bound."""

    cache_ok = True

    def __init__(self, name: str = "NUMERIC") -> None:
        self.name = name

    def get_col_spec(self, **_options: Any) -> str:
        return self.name


class _SqliteDouble(TypeDecorator[float]):
    """A floating-point number on SQLite, which makes NULL of NaN: as text, it sorts after all numbers."""

    impl = _SqliteNumeric
    cache_ok = True

    def __init__(self) -> None:
        super().__init__("REAL")

    def process_bind_param(self, value: float | None, dialect: Dialect) -> Any:
        """Return NaN as text."""
        return "NaN" if value is not None and math.isnan(value) else value

    def process_result_value(self, value: Any, dialect: Dialect) -> float | None:
        """Return a number."""
        return None if value is None else float(value)


Double: TypeEngine[float] = sa.Double().with_variant(_SqliteDouble(), "sqlite")
Real = _Real().with_variant(_SqliteDouble(), "sqlite")


class _SqliteExact(TypeDecorator[Decimal]):
    """An exact decimal: a number up to 15 digits, text beyond that, so no digit is lost."""

    impl = _SqliteNumeric
    cache_ok = True

    def __init__(self, precision: int | None, scale: int | None) -> None:
        self.is_long = precision is None or precision > _EXACT_DIGITS
        super().__init__("NUMERIC_BLOB" if self.is_long else "NUMERIC")
        self.precision = precision
        self.scale = scale

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Bind the digits, rounded to the column's number of decimal places."""
        if value is None:
            return None
        number = self._rounded(Decimal(value))
        if number.is_infinite() and self.precision is None:
            return float(number)
        if number.is_infinite():
            raise ValueError("a number with a precision is not infinite")
        text = f"{number:f}"
        if number.is_nan():
            return text
        if self.is_long and len(number.normalize(_ANY_DIGITS).as_tuple().digits) <= _EXACT_DIGITS:
            return int(number) if number == number.to_integral_value() else float(number)
        return text

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Return a decimal with the column's number of decimal places."""
        if value is None:
            return None
        return self._rounded(Decimal(str(value)))

    def _rounded(self, number: Decimal) -> Decimal:
        if self.scale is None or not number.is_finite():
            return number
        rounded = number.quantize(Decimal(1).scaleb(-self.scale), ROUND_HALF_UP, _ANY_DIGITS)
        return Decimal(f"{rounded:f}")


def exact(precision: int | None = None, scale: int | None = None) -> sa.Numeric[Decimal]:
    """Return an exact decimal type; `precision` and `scale` count digits in total and after the decimal point."""
    return sa.Numeric(precision, scale).with_variant(_SqliteExact(precision, scale), "sqlite")


class Array(TypeDecorator[list[Any]]):
    """An array of any type, with any number of dimensions; a JSON list on SQLite.

    `dimensions` is given for items that are lists themselves, which only JSON values can be.
    """

    impl = postgresql.ARRAY
    cache_ok = True

    def __init__(
        self, item: TypeEngine[Any] | type[TypeEngine[Any]], dimensions: int | None = None
    ) -> None:
        self.item_type = item if isinstance(item, TypeEngine) else item()
        super().__init__(self.item_type, dimensions=dimensions)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use JSON on SQLite, which has no arrays."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.JSON(none_as_null=True))
        return dialect.type_descriptor(self.impl_instance)

    def process_bind_param(self, value: list[Any] | None, dialect: Dialect) -> Any:
        """Convert items that JSON cannot represent, and lists with texts among other items, which psycopg rejects."""
        if dialect.name == "sqlite" or _has_raw_text(value):
            return _plain(value)
        return value

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """Return a function that also reads arrays of enums and domains, which psycopg leaves as text."""
        plain: Any = super().result_processor(dialect, coltype)
        if dialect.name != "postgresql":
            return plain
        name = self.item_type.compile(dialect)

        def process(value: Any) -> Any:
            return plain(array_items(value, name) if isinstance(value, str) else value)

        return process


def _plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    return to_jsonable_python(value, bytes_mode="base64", inf_nan_mode="strings", fallback=str)


def _has_raw_text(value: Any) -> bool:
    items = value if isinstance(value, list) else ()
    return any(isinstance(item, RawText) or _has_raw_text(item) for item in items)


class Native(UserDefinedType[str]):
    """A type that exists only in PostgreSQL (a range, a tsvector, …), written and read in its text form."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def is_range(self) -> bool:
        """Whether it is a range or a multirange."""
        return self.name.endswith("range")

    def get_col_spec(self, **_options: Any) -> str:
        """Return the name of the type in SQL."""
        return self.name

    def bind_expression(self, bindvalue: sa.BindParameter[str]) -> sa.ColumnElement[Any]:
        """Cast the bound text to this type in the database."""
        return sa.cast(sa.type_coerce(bindvalue, sa.Text()), self)

    def column_expression(self, colexpr: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """Cast the column to text in the database."""
        return sa.cast(colexpr, sa.Text())


def native(name: str) -> TypeEngine[str]:
    """Return a PostgreSQL type by its name in SQL; text on SQLite."""
    return Native(name).with_variant(sa.Text(), "sqlite")


class ByDialect(sa.ColumnElement[Any]):
    """A default with a different SQL expression on each database."""

    inherit_cache = False

    def __init__(self, *, postgresql: str, sqlite: str) -> None:
        self.postgresql = postgresql
        self.sqlite = sqlite


@compiles(ByDialect)
def _compile_by_dialect(element: ByDialect, compiler: SQLCompiler, **_options: Any) -> str:
    return element.sqlite if compiler.dialect.name == "sqlite" else element.postgresql


# The default of a column that records when its row was created.
now_default = ByDialect(postgresql="now()", sqlite="(strftime('%Y-%m-%d %H:%M:%f000', 'now'))")

_POSTGRESQL_ONLY = "postgresql_only"  # a key of the info of constraints and indexes
Item = TypeVar("Item", sa.CheckConstraint, postgresql.ExcludeConstraint, sa.Index)


def postgresql_only(item: Item) -> Item:
    """Return a constraint or index that is created on PostgreSQL only."""
    item.ddl_if(dialect="postgresql")
    item.info[_POSTGRESQL_ONLY] = True
    return item


def sqlite_checks(table: sa.Table) -> set[Any]:
    """Return the names of the CHECK constraints of a table that are created on SQLite too."""
    checks = [item for item in table.constraints if isinstance(item, sa.CheckConstraint)]
    return {check.name for check in checks if _POSTGRESQL_ONLY not in check.info}


class ItemOf(FunctionElement[bool]):
    """`item = ANY (array)`, or the equivalent for a JSON list."""

    type = sa.Boolean()
    inherit_cache = True


def array_contains(array: Any, item: Any) -> sa.ColumnElement[bool]:
    """Return the SQL condition that an array contains an item."""
    kind = array.type.item_type
    return ItemOf(array, sa.bindparam(None, item, kind), sa.literal(_plain(item)))


@compiles(ItemOf)
def _compile_item_of(element: ItemOf, compiler: SQLCompiler, **options: Any) -> str:
    array, item, plain = (compiler.process(clause, **options) for clause in element.clauses)
    if compiler.dialect.name == "sqlite":
        return f"EXISTS (SELECT 1 FROM json_tree({array}) WHERE atom = {plain})"  # noqa: S608
    return f"{item} = ANY ({array})"


def enum_of(kind: type[StrEnum], name: str, schema: str | None = None) -> sa.Enum:
    """Return the column type of an enumeration; on SQLite, text restricted to its values."""
    return sa.Enum(kind, name=name, schema=schema, values_callable=_values)


def _values(kind: type[StrEnum]) -> list[str]:
    return [member.value for member in kind]
