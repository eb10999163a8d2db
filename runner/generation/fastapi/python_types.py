"""From a column's SQL type to its types in Python, Pydantic, SQLAlchemy and in the DDL of both databases."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.ddl.model import Enum, QName, SqlType

Category = Literal[
    "text", "integer", "number", "decimal", "boolean", "date", "time", "timestamp", "local_timestamp", "interval",
    "uuid", "json", "bytes", "enum", "array", "native",
]  # fmt: skip

NUMERIC: frozenset[Category] = frozenset({"integer", "number", "decimal"})
PLAIN_READ_ONLY = frozenset({"tsvector"})  # kept by the database, of no use to a client that writes


@dataclass(frozen=True, kw_only=True, slots=True)
class PythonType:
    """What a column is in each layer of the generated application.

    `annotation` goes into `Mapped[]`, `field` into a Pydantic model, `column` into `mapped_column()`; `postgresql`
    and `sqlite` are its types in DDL. `item` describes the items of an array, `enum` the class of an enumeration
    and `values` its members.
    """

    category: Category
    annotation: str
    field: str
    column: str
    postgresql: str
    sqlite: str
    max_length: int | None = None
    digits: int | None = None
    places: int | None = None
    bits: int = 0
    item: PythonType | None = None
    enum: str | None = None
    values: tuple[str, ...] = ()


def python_type(sql: SqlType, enums: Mapping[QName, str], home: str | None) -> PythonType:
    """Return the types of a column, by its SQL type; one that nobody knows is handled as text."""
    if sql.domain is not None and not sql.dimensions:
        base = python_type(sql.domain.type, enums, home)
        return replace(base, postgresql=type_name(sql.domain.name, home))
    single = _enumerated(sql, sql.enum, enums, home) if sql.enum else _plain(sql)
    if sql.is_set or sql.dimensions:
        return _array(single, max(sql.dimensions, 1))
    return single


def type_name(name: QName, home: str | None) -> str:
    """Return the name of a type or table as SQL, with its schema only outside the default one."""
    schema = outside(name, home)
    return f"{quote(schema)}.{quote(name.name)}" if schema else quote(name.name)


def outside(name: QName, home: str | None) -> str | None:
    """Return the schema that a name has to be told with; None within the default one."""
    return None if name.schema in (None, home) else name.schema


def flat_name(schema: str | None, name: str) -> str:
    """Return a name where there are no schemas, as on SQLite: the schema's is a part of it."""
    return f"{schema}.{name}" if schema else name


def quote(name: str) -> str:
    """Return an identifier as SQL; quotes that change nothing are left out."""
    plain = name.isascii() and name.isidentifier() and name == name.lower() and name not in SQL_WORDS
    return name if plain else '"' + name.replace('"', '""') + '"'


_WORDS = """
    abort add after all alter always analyse analyze and any array as asc asymmetric attach authorization
    autoincrement before begin between binary both by cascade case cast check collate collation column commit
    concurrently conflict constraint create cross current current_catalog current_date current_role current_schema
    current_time current_timestamp current_user database default deferrable deferred delete desc detach distinct
    do drop each else end escape except exclude exclusive exists explain fail false fetch filter following for
    foreign freeze from full generated glob grant group groups having if ignore ilike immediate in index indexed
    initially inner insert instead intersect into is isnull join lateral leading left like limit localtime
    localtimestamp materialized natural no not nothing notnull null nulls of offset on only or order others outer
    over overlaps partition placing pragma preceding primary query raise recursive references regexp reindex
    release rename replace restrict returning right rollback row rows savepoint select session_user set similar
    some symmetric system_user table tablesample temp temporary then ties to trailing transaction trigger true
    unbounded union unique update user using vacuum values variadic verbose view virtual when where window with
    without
"""  # that PostgreSQL or SQLite reserve
SQL_WORDS = frozenset(_WORDS.split())


def _simple(
    category: Category, annotation: str, column: str, postgresql: str, sqlite: str, field: str = ""
) -> PythonType:
    return PythonType(
        category=category,
        annotation=annotation,
        field=field or annotation,
        column=column,
        postgresql=postgresql,
        sqlite=sqlite,
    )


def _integer(name: str, column: str, bits: int) -> PythonType:
    return replace(_simple("integer", "int", column, name, "INTEGER", f"Int{bits}"), bits=bits)


def _decimal(sql: SqlType) -> PythonType:
    digits = sql.args[0] if sql.args else None
    places = (sql.args[1] if len(sql.args) > 1 else 0) if sql.args else None
    inner = ", ".join(str(number) for number in (digits, places) if number is not None)
    name = f"numeric({inner.replace(' ', '')})" if inner else "numeric"
    made = _simple("decimal", "Decimal", f"exact({inner})", name, "NUMERIC")
    return replace(made, digits=digits, places=places)


def _text(sql: SqlType) -> PythonType:
    length = sql.args[0] if sql.args else None
    fixed = sql.base in ("character", "char", "bpchar") and length is not None
    kind = "Char" if fixed else "sa.String"
    made = _simple(
        "text",
        "str",
        f"{kind}({length})" if length else "sa.Text",
        f"{'char' if fixed else 'varchar'}({length})" if length else "text",
        f"VARCHAR({length})" if length else "TEXT",
    )
    return replace(made, max_length=length)


def _native(sql: SqlType) -> PythonType:
    name = sql.text if not sql.dimensions else sql.base
    return _simple("native", "str", f"native({_literal(name)})", name, "TEXT", "Native")


def _literal(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _timestamp(sql: SqlType) -> PythonType:
    precision = f"({sql.args[0]})" if sql.args else ""
    name = f"timestamp{precision} with time zone"
    return _simple("timestamp", "dt.datetime", "Timestamp", name, "DATETIME", "Timestamp")


def _local_timestamp(sql: SqlType) -> PythonType:
    precision = f"({sql.args[0]})" if sql.args else ""
    name = f"timestamp{precision} without time zone"
    return _simple("local_timestamp", "dt.datetime", "sa.DateTime", name, "DATETIME", "NaiveDatetime")


_UUID = _simple("uuid", "UUID", "sa.Uuid", "uuid", "CHAR(32)")
_BOOLEAN = _simple("boolean", "bool", "sa.Boolean", "boolean", "BOOLEAN")
_DATE = _simple("date", "dt.date", "sa.Date", "date", "DATE")
_TIME = _simple("time", "dt.time", "sa.Time", "time without time zone", "TIME")
_BYTES = _simple("bytes", "bytes", "sa.LargeBinary", "bytea", "BLOB", "Bytes")
_INTERVAL = _simple("interval", "dt.timedelta", "sa.Interval", "interval", "DATETIME")
_JSON = _simple("json", "Any", "Json", "jsonb", "JSON")
_SMALL = _integer("smallint", "SmallInt", 16)
_INT = _integer("integer", "sa.Integer", 32)
_BIG = _integer("bigint", "BigInt", 64)
_REAL = _simple("number", "float", "sa.REAL", "real", "REAL", "Number")
_DOUBLE = _simple("number", "float", "sa.Double", "double precision", "REAL", "Number")

_PLAIN: Mapping[str, PythonType] = {
    "uuid": _UUID, "boolean": _BOOLEAN, "bool": _BOOLEAN, "date": _DATE,
    "time": _TIME, "time without time zone": _TIME,
    "json": replace(_JSON, column="PlainJson", postgresql="json"), "jsonb": _JSON,
    "bytea": _BYTES, "blob": _BYTES, "tinyblob": _BYTES, "mediumblob": _BYTES, "longblob": _BYTES,
    "binary": _BYTES, "varbinary": _BYTES,
    "interval": _INTERVAL,
    "smallint": _SMALL, "int2": _SMALL, "tinyint": _SMALL, "year": _SMALL,
    "int": _INT, "int4": _INT, "mediumint": _INT,
    "bigint": _BIG, "int8": _BIG, "oid": replace(_BIG, postgresql="oid"),
    "real": _REAL, "float": _DOUBLE, "double": _DOUBLE, "double precision": _DOUBLE,
}  # fmt: skip
_MADE: Mapping[str, Callable[[SqlType], PythonType]] = {
    "numeric": _decimal, "decimal": _decimal, "dec": _decimal,
    "character varying": _text, "varchar": _text, "character": _text, "char": _text, "bpchar": _text, "text": _text,
    "nvarchar": _text, "nchar": _text, "clob": _text, "tinytext": _text, "mediumtext": _text, "longtext": _text,
    "timestamp with time zone": _timestamp, "timestamptz": _timestamp,
    "timestamp without time zone": _local_timestamp, "timestamp": _local_timestamp, "datetime": _local_timestamp,
}  # fmt: skip


def _plain(sql: SqlType) -> PythonType:
    base = sql.base.lower()
    if base == "integer":
        return _INT if sql.text != "INTEGER" else _BIG  # SQLite's own spelling: 64 bits
    if base == "tinyint" and sql.args == (1,):
        return _BOOLEAN
    if sql.unsigned and base in ("int", "integer"):
        return _BIG
    if base in _MADE:
        return _MADE[base](sql)
    return _PLAIN.get(base) or _native(sql)


def _enumerated(sql: SqlType, enum: Enum, enums: Mapping[QName, str], home: str | None) -> PythonType:
    del sql
    longest = max((len(value) for value in enum.values), default=1)
    if enum.name is None:
        values = ", ".join(_literal(value) for value in enum.values)
        made = _simple("text", "str", f"sa.String({longest})", f"varchar({longest})", f"VARCHAR({longest})")
        return replace(made, field=f"Literal[{values}]", values=enum.values)
    name = enums[enum.name]
    outer = outside(enum.name, home)
    schema = f", schema={_literal(outer)}" if outer else ""
    column = f"enum_of({name}, {_literal(enum.name.name)}{schema})"
    made = _simple("enum", name, column, type_name(enum.name, home), f"VARCHAR({longest})")
    return replace(made, enum=name, values=enum.values)


def _array(item: PythonType, dimensions: int) -> PythonType:
    annotation, field = item.annotation, item.field
    for _ in range(dimensions):
        annotation, field = f"list[{annotation}]", f"list[{field}]"
    more = f", {dimensions}" if dimensions > 1 else ""
    return PythonType(
        category="array",
        annotation=annotation,
        field=field,
        column=f"Array({item.column}{more})",
        postgresql=item.postgresql + "[]" * dimensions,
        sqlite="JSON",
        item=item,
    )
