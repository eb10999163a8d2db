"""Columns that PostGIS adds by a call: `SELECT AddGeometryColumn(…)`, as shp2pgsql and older dumps write it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.ddl.catalog.table_changes import drop_column
from runner.ddl.model import SqlType
from runner.ddl.syntax.column_types import TypeReference
from runner.ddl.syntax.cursor import NotUnderstood
from runner.ddl.syntax.table_body import ColumnDraft
from runner.ddl.syntax.tokens import split_at, string_value

if TYPE_CHECKING:
    from runner.ddl.statements.statement import Statement
    from runner.ddl.syntax.cursor import Cursor

_ADD, _DROP = "addgeometrycolumn", "dropgeometrycolumn"
_DIMENSIONS = {"3": "Z", "4": "ZM"}
_AFTER_COLUMN = 3  # arguments after the column's name: reference system, type, dimensions


def is_geometry_call(statement: Statement) -> bool:
    """Return whether a SELECT calls one of the two functions; the cursor stays."""
    return any(token.text.lower() in {_ADD, _DROP} for token in statement.cursor.tokens[1:4])


def call_geometry_function(statement: Statement) -> None:
    """Apply `AddGeometryColumn([[catalog,] schema,] table, column, srid, type, dimensions)` or its counterpart.

    https://postgis.net/docs/AddGeometryColumn.html
    """
    cursor = statement.cursor
    cursor.expect("SELECT")
    function = cursor.take_path()[-1].lower()
    arguments = [_argument(cursor.inside(part)) for part in split_at(cursor.take_group())]
    if arguments and arguments[-1].lower() in {"true", "false"}:  # typmod or checks: the values are the same
        arguments.pop()
    names = arguments if function == _DROP else arguments[:-_AFTER_COLUMN]
    if len(names) < len(("table", "column")):
        raise NotUnderstood("a call of PostGIS without a table and a column")
    *path, column = names
    table = statement.table(tuple(name for name in path[-2:] if name))
    if function == _DROP:
        drop_column(table, column)
    elif table.column(column) is None:
        kind = _geometry_type(*arguments[-_AFTER_COLUMN:])
        table.columns.append(ColumnDraft(name=column, type=kind, line=statement.line))


def _geometry_type(srid: str, kind: str, dimensions: str) -> TypeReference:
    suffix = "" if kind.upper().endswith(("Z", "M")) else _DIMENSIONS.get(dimensions, "")
    known = int(srid) if srid.isdigit() else 0
    name = _SPELLED.get(kind.upper(), kind.capitalize())
    arguments = f"{name}{suffix},{known}" if known else f"{name}{suffix}"
    return TypeReference(sql=SqlType(text="geometry", base="geometry"), path=("geometry",), arguments=arguments)


_SPELLED = {
    name.upper(): name
    for name in ("LineString", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection", "CircularString")
}


def _argument(cursor: Cursor) -> str:
    token = cursor.take()
    if token.kind == "string":
        return string_value(token, cursor.dialect)
    return token.text if cursor.done else token.text + cursor.take().text
