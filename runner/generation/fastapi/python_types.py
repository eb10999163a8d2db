"""What a field's type is in each layer of a backend: a table with one row per type."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from runner.generation.encoders.python_text import literal
from runner.generation.fastapi.generated_names import path_of, source
from runner.generation.fastapi.sql_names import type_name
from runner.generation.fragments import Fragment
from runner.generation.model.native_values import CHECKED
from runner.generation.model.schema_names import outside

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.ddl.qualified_name import QName
    from runner.generation.model.field_types import FieldType
    from runner.generation.model.schema_names import CommonNames


@dataclass(frozen=True, kw_only=True, slots=True)
class PythonType:
    """A type in each layer.

    `annotation` goes into `Mapped[]`, `schema` into a Pydantic model and `column` into `mapped_column()`; `postgresql`
    and `sqlite` are its types in the DDL of both databases. `item` is the type of an array's items.
    """

    annotation: Fragment
    schema: Fragment
    column: Fragment
    postgresql: str
    sqlite: str
    item: PythonType | None = None


# Names of types in the model that those in the schemas have as well.
_BOTH = frozenset({"Date", "Interval", "LocalTimestamp", "Time", "Timestamp"})
# Each row: annotation, schema, column, PostgreSQL, SQLite. `{…}` are facts of the type, see `_facts`.
_ROWS: Mapping[str, tuple[str, str, str, str, str]] = {
    "text": ("str", "str", "sa.Text", "text", "TEXT"),
    "varchar": ("str", "str", "sa.String({length})", "varchar({length})", "VARCHAR({length})"),
    "char": ("str", "str", "Char({length})", "char({length})", "VARCHAR({length})"),
    "choice": ("str", "Literal[{values}]", "sa.String({longest})", "varchar({longest})", "VARCHAR({longest})"),
    "int16": ("int", "Int16", "SmallInt", "smallint", "INTEGER"),
    "int32": ("int", "Int32", "sa.Integer", "integer", "INTEGER"),
    "int64": ("int", "Int64", "BigInt", "bigint", "INTEGER"),
    "oid": ("int", "Int64", "BigInt", "oid", "INTEGER"),
    "float32": ("float", "Number", "Real", "real", "REAL"),
    "float64": ("float", "Number", "Double", "double precision", "REAL"),
    "decimal": ("Decimal", "ExactDecimal", "exact({digits})", "numeric{size}", "{number}"),
    "boolean": ("bool", "bool", "sa.Boolean", "boolean", "BOOLEAN"),
    "date": ("dt.date", "Date", "Date", "date", "DATE"),
    "time": ("dt.time", "Time", "Time", "time without time zone", "TIME"),
    "timestamp": ("dt.datetime", "Timestamp", "Timestamp", "timestamp{precision} with time zone", "DATETIME"),
    "local_timestamp": (
        "dt.datetime", "LocalTimestamp", "LocalTimestamp", "timestamp{precision} without time zone", "DATETIME",
    ),
    "span": ("dt.timedelta", "Span", "Interval", "interval", "DATETIME"),
    "interval": ("dt.timedelta", "Interval", "Interval", "interval", "DATETIME"),
    "uuid": ("UUID", "UUID", "sa.Uuid", "uuid", "CHAR(32)"),
    "json": ("Any", "Any", "PlainJson", "json", "JSON"),
    "jsonb": ("Any", "Any", "Json", "jsonb", "JSON"),
    "bytes": ("bytes", "Bytes", "sa.LargeBinary", "bytea", "BLOB"),
    "native": ("str", "Native", "native({name})", "{sql}", "TEXT"),
}  # fmt: skip


def python_type(type_: FieldType, names: CommonNames) -> PythonType:
    """Return what a field's type is in each layer of the backend of an application with these names."""
    if type_.item is not None:
        made = _array(python_type(type_.item, names), type_)
    elif type_.enum is not None:
        made = _enum(type_, type_.enum, names)
    else:
        facts = _facts(type_)
        annotation, schema, column, postgresql, sqlite = (cell.format(**facts) for cell in _ROWS[_row(type_)])
        made = PythonType(
            annotation=_cell(annotation),
            schema=_cell(schema, in_schema=True),
            column=_cell(column),
            postgresql=postgresql,
            sqlite=sqlite,
        )
    if type_.ignores_case:
        made = replace(made, column=source("NoCase()", uses="NoCase"), sqlite=f"{made.sqlite} COLLATE NOCASE")
    return made if type_.domain is None else replace(made, postgresql=type_name(type_.domain, names.home))


_CHECKED = {"inet": "Inet", "cidr": "Cidr", "macaddr": "MacAddr", "macaddr8": "MacAddr8"}


def checked_native(type_: FieldType, *, in_array: bool = False) -> Fragment | None:
    """Return the type in requests of a value that only PostgreSQL has a type for and that the application parses."""
    base, _, length = type_.name.partition("(")
    if type_.kind != "native" or base not in CHECKED:
        return None
    if base in _CHECKED:
        name = "InetItem" if base == "inet" and in_array else _CHECKED[base]
        return source("{}", name, uses=name)
    size = length.rstrip(")") or ("1" if base == "bit" else "None")
    varying = "" if base == "bit" else ", varying=True"
    return source("Annotated[Native, bits({}{})]", size, varying, uses="Annotated Native bits")


def _row(type_: FieldType) -> str:
    """Return the row of a type that is neither an array nor a named enum."""
    if type_.kind == "integer":
        return "oid" if type_.name == "oid" else f"int{type_.bits}"
    if type_.kind == "number":
        return f"float{type_.bits}"
    if type_.kind != "text":
        return "jsonb" if type_.name == "jsonb" else type_.kind
    if type_.values:
        return "choice"
    return "text" if type_.max_length is None else "char" if type_.is_padded else "varchar"


def _facts(type_: FieldType) -> Mapping[str, object]:
    """Return what the cells of a row can have between braces."""
    digits = [str(number) for number in (type_.digits, type_.places) if number is not None]
    return {
        "length": type_.max_length,
        "longest": _longest(type_),
        "values": ", ".join(literal(value) for value in type_.values),
        "digits": ", ".join(digits),
        "number": "NUMERIC_BLOB" if type_.is_long else "NUMERIC",  # a BLOB's affinity converts no digits
        "size": f"({','.join(digits)})" if digits else "",
        "precision": "" if type_.precision is None else f"({type_.precision})",
        "name": literal(type_.name),
        "sql": type_.name,
    }


def _longest(type_: FieldType) -> int:
    return max((len(value) for value in type_.values), default=1)


def _cell(text: str, *, in_schema: bool = False) -> Fragment:
    """Return a cell with the import of the name that it begins with, unless that is Python's own."""
    name = text.partition("(")[0].partition("[")[0].partition(".")[0]
    path = f"app.core.fields.{name}" if in_schema and name in _BOTH else path_of(name)
    return Fragment(text, frozenset({path} if path else ()))


def _enum(type_: FieldType, enum: QName, names: CommonNames) -> PythonType:
    name, outer = names.enums[enum], outside(enum, names.home)
    own = Fragment(name, frozenset({f"app.enums.{name}"}))
    schema = f", schema={literal(outer)}" if outer else ""
    column = source("enum_of({}, {}{})", own, literal(enum.name), schema, uses="enum_of")
    sqlite = f"VARCHAR({_longest(type_)})"
    return PythonType(annotation=own, schema=own, column=column, postgresql=type_name(enum, names.home), sqlite=sqlite)


def _array(item: PythonType, type_: FieldType) -> PythonType:
    is_json = type_.item is not None and type_.item.kind == "json"  # whose items may be lists and null themselves
    null = "" if is_json else " | None"
    annotation = Fragment(f"list[{item.annotation.text}{null}]", item.annotation.imports)
    schema = Fragment(f"list[{item.schema.text}]", item.schema.imports) if is_json else array_of(item.schema)
    return PythonType(
        annotation=annotation,
        schema=schema,
        column=source("Array({}{})", item.column, ", 1" if is_json else "", uses="Array"),
        postgresql=item.postgresql + "[]" * type_.dimensions,
        sqlite="JSON",
        item=item,
    )


def array_of(item: Fragment) -> Fragment:
    """Return the type of an array in requests and responses, of any dimension and with nulls among its items."""
    return Fragment(f"Array[{item.text}]", item.imports | {"app.core.fields.Array"})
