"""The type of a field: what kind of value it holds, and what the type itself bounds. From a column's SQL type."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from runner.ddl.qualified_name import QName

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.ddl.model import Enum, SqlType
    from runner.ddl.syntax.dialect import Dialect

Kind = Literal[
    "text", "integer", "number", "decimal", "boolean", "date", "time", "timestamp", "local_timestamp", "interval",
    "span", "uuid", "json", "bytes", "enum", "array", "native",
]  # fmt: skip

NUMERIC: frozenset[Kind] = frozenset({"integer", "number", "decimal"})
EXACT_DIGITS = 15  # of a decimal that a double holds without loss, as SQLite's numbers do
MOMENTS: frozenset[Kind] = frozenset({"date", "timestamp", "local_timestamp"})


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldType:
    """The type of a field.

    `kind` is what an application makes of it: `number` is a floating-point number, `timestamp` a moment with a time
    zone and `local_timestamp` one without, `span` MySQL's TIME, which may exceed a day, `native` a type that only its
    database knows and that is handled as text.
    `name` is the type's own name in the DDL, of a native type with its arguments.
    """

    kind: Kind
    name: str
    max_length: int | None = None  # of text in characters, of bytes in bytes
    is_padded: bool = False  # what the database pads to `max_length`: text with spaces, bytes with zeros
    ignores_case: bool = False  # text that is compared without regard to case
    digits: int | None = None  # of a decimal: all of them; None for any number
    places: int | None = None  # of a decimal: digits after the point
    bits: int = 0  # of an integer or a floating-point number: 16, 32 or 64
    precision: int | None = None  # of a timestamp: digits after the second's point; None for the database's default
    item: FieldType | None = None  # of an array
    dimensions: int = 0  # of an array, from 1
    enum: QName | None = None  # the named type whose values these are
    values: tuple[str, ...] = ()  # that an enumerated type has
    domain: QName | None = None  # the domain that the column is declared with
    attributes: int = 0  # how many a composite type has

    @property
    def is_textual(self) -> bool:
        """Whether it holds any text; `citext` of PostgreSQL compares it without regard to case."""
        return self.kind == "text" or (self.kind == "native" and self.name.rpartition(".")[2] == "citext")

    @property
    def is_range(self) -> bool:
        """Whether it is a range or a multirange of PostgreSQL."""
        return self.kind == "native" and self.name.endswith("range")

    @property
    def is_long(self) -> bool:
        """Whether it holds decimals of more digits than SQLite's numbers."""
        return self.kind == "decimal" and (self.digits is None or self.digits > EXACT_DIGITS)


def field_type(sql: SqlType, dialect: Dialect | None = None) -> FieldType:
    """Return the type of a column's field in the DDL of a dialect; one that is not known here is `native`.

    An item of an array has the base type of its domain: an array of a domain has neither its default nor its NOT NULL.
    """
    if sql.domain is not None and not sql.dimensions:
        return replace(field_type(sql.domain.type, dialect), domain=sql.domain.name)
    if sql.domain is not None:
        item = field_type(sql.domain.type, dialect)
        return FieldType(
            kind="array", name=item.name, item=replace(item, domain=sql.domain.name), dimensions=sql.dimensions
        )
    single = _enumerated(sql.enum) if sql.enum else _of_dialect(sql, dialect)
    if sql.is_set or sql.dimensions:
        return FieldType(kind="array", name=single.name, item=single, dimensions=max(sql.dimensions, 1))
    return single


def _enumerated(enum: Enum) -> FieldType:
    if enum.name is None:
        return FieldType(kind="text", name="enum", values=enum.values)
    return FieldType(kind="enum", name=enum.name.name, enum=enum.name, values=enum.values)


def _of_dialect(sql: SqlType, dialect: Dialect | None) -> FieldType:
    found = _single(sql)
    if dialect is not None and dialect.bit_is_boolean and sql.base == "bit" and sql.args in ((), (1,)):
        return _PLAIN["boolean"]
    if dialect is not None and dialect.time_is_span and found.kind == "time":
        return FieldType(kind="span", name=found.name)
    if dialect is not None and dialect.sqlite_compatible and found.kind == "integer":
        return _PLAIN["int8"]  # whatever its name, it holds 64 bits
    if dialect is None or dialect.postgresql_compatible or found.kind != "native":
        return found
    if dialect.sqlite_compatible:
        return _affine(sql)
    return found if sql.base in _ALSO_OF_POSTGRESQL else FieldType(kind="text", name="text")


def _affine(sql: SqlType) -> FieldType:
    """Return the type of a column by SQLite's rules of affinity (https://www.sqlite.org/datatype3.html, 3.1)."""
    text = sql.text.upper()
    if "INT" in text:
        return _PLAIN["int8"]
    if not text.strip() or any(word in text for word in ("CHAR", "CLOB", "TEXT")):
        return FieldType(kind="text", name="text")
    if "BLOB" in text:
        return _PLAIN["blob"]
    if any(word in text for word in ("REAL", "FLOA", "DOUB")):
        return _PLAIN["double"]
    return (
        FieldType(kind="native", name=sql.text) if text in _OF_POSTGRESQL else FieldType(kind="decimal", name="numeric")
    )


def type_limits(sql: SqlType) -> Mapping[str, Decimal]:
    """Return the limits of MySQL's numbers that are narrower than those of the type that holds them here."""
    if sql.unsigned and not sql.dimensions:
        most = {} if sql.base not in _UNSIGNED_BITS else {"le": Decimal(2 ** _UNSIGNED_BITS[sql.base] - 1)}
        return {"ge": Decimal(0), **most}
    if sql.base == "year":  # smaller numbers mean years of this century or the last
        return {"ge": Decimal(1901), "le": Decimal(2155)}
    bits = {"tinyint": 8, "mediumint": 24}.get(sql.base, 0) if sql.args != (1,) else 0
    return {"ge": Decimal(-(2 ** (bits - 1))), "le": Decimal(2 ** (bits - 1) - 1)} if bits else {}


_UNSIGNED_BITS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}
_ALSO_OF_POSTGRESQL = frozenset({"bit", "inet4", "inet6"})  # of MySQL's and MariaDB's types that are `native`
_OF_POSTGRESQL = frozenset({"UUID", "JSONB", "INET", "CIDR", "INTERVAL"})


def _single(sql: SqlType) -> FieldType:
    base = sql.base.lower()
    if base == "integer":
        return _PLAIN["int8" if sql.text == "INTEGER" else "int4"]  # capitals are SQLite's own spelling: 64 bits
    if base == "tinyint" and sql.args == (1,):
        return _PLAIN["boolean"]
    if sql.unsigned and base in ("smallint", "int"):
        return _PLAIN["int4" if base == "smallint" else "int8"]
    if base in _WITH_ARGUMENTS:
        return _WITH_ARGUMENTS[base](sql)
    return _PLAIN.get(base) or FieldType(kind="native", name=sql.base if sql.dimensions else sql.text)


def _decimal(sql: SqlType) -> FieldType:
    digits, places = (*sql.args, 0)[:2] if sql.args else (None, None)
    return FieldType(kind="decimal", name="numeric", digits=digits, places=places)


def _text(sql: SqlType) -> FieldType:
    length = sql.args[0] if sql.args else None
    padded = sql.base in ("character", "char", "bpchar") and length is not None
    return FieldType(kind="text", name=sql.base, max_length=length, is_padded=padded)


def _bytes(sql: SqlType) -> FieldType:
    is_padded = sql.base == "binary"
    length = sql.args[0] if sql.args else 1 if is_padded else None
    return FieldType(kind="bytes", name=sql.base, max_length=length, is_padded=is_padded)


def _timestamp(sql: SqlType) -> FieldType:
    kind: Kind = "timestamp" if sql.base.lower() in ("timestamp with time zone", "timestamptz") else "local_timestamp"
    return FieldType(kind=kind, name=sql.base, precision=sql.args[0] if sql.args else None)


def _types(kind: Kind, *names: str, **facts: Any) -> Mapping[str, FieldType]:
    return {name: FieldType(kind=kind, name=name, **facts) for name in names}


_PLAIN: Mapping[str, FieldType] = {
    **_types("uuid", "uuid"),
    **_types("boolean", "boolean", "bool"),
    **_types("date", "date"),
    **_types("time", "time", "time without time zone"),
    **_types("json", "json", "jsonb"),
    **_types("bytes", "bytea", "blob", "tinyblob", "mediumblob", "longblob"),
    **_types("interval", "interval"),
    **dict.fromkeys(("inet4", "inet6"), FieldType(kind="native", name="inet")),  # MariaDB's, for PostgreSQL's own
    **_types("integer", "smallint", "int2", "tinyint", "year", bits=16),
    **_types("integer", "int", "int4", "mediumint", bits=32),
    **_types("integer", "bigint", "int8", "oid", bits=64),
    **_types("number", "real", bits=32),
    **_types("number", "float", "double", "double precision", bits=64),
}
_WITH_ARGUMENTS: Mapping[str, Callable[[SqlType], FieldType]] = {
    **dict.fromkeys(("numeric", "decimal", "dec"), _decimal),
    **dict.fromkeys(("binary", "varbinary"), _bytes),
    **dict.fromkeys(
        ("character varying", "varchar", "character", "char", "bpchar", "text", "nvarchar", "nchar", "clob", "tinytext",
         "mediumtext", "longtext"),
        _text,
    ),
    **dict.fromkeys(
        ("timestamp with time zone", "timestamptz", "timestamp without time zone", "timestamp", "datetime"),
        _timestamp,
    ),
}  # fmt: skip
