"""How PostgreSQL writes the cells of a CSV file: for each type of field, SQL that yields the text that Python writes."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import InstrumentedAttribute

from app.core import fields
from app.core.columns import Array
from app.core.export import cell
from app.core.filtering import value_adapter
from app.core.native_values import Cidr, Inet, MacAddr, MacAddr8
from app.core.texts import Char


@dataclass(frozen=True, kw_only=True, slots=True)
class CellSql:
    """The SQL of a cell; `{0}` is the column.

    In rows where the condition `odd` holds, the text is not yet the cell: `convert` makes the cell of it.
    """

    text: str
    odd: str = ""
    convert: Callable[[str], Any] = str


def cell_sql(column: InstrumentedAttribute[Any], info: FieldInfo) -> CellSql | None:
    """Return the SQL of a field's cells, or None where only Python writes them.

    What decides is how Pydantic reads and writes the field, so a field with a serializer of its own is left to it.
    """
    schema = _schema(value_adapter(info))
    if isinstance(column.type, Array):
        return None if isinstance(column.type.item_type, Char) else _array_sql(schema)
    if schema == {"type": "any"} and isinstance(column.type, sa.JSON):
        return _JSONB if isinstance(column.type, postgresql.JSONB) else _JSON
    if kind := _plain_kind(schema):
        return _COLUMN if _are_plain(_values(schema)) else _BY_KIND[kind]
    if schema == _DECIMAL and isinstance(column.type, sa.Numeric) and _has_few_places(column.type):
        return _COLUMN
    return next((sql for known, sql in _BY_FIELD if schema == known), None)


def _has_few_places(kind: sa.Numeric[Any]) -> bool:
    """Return whether Python writes no number of a type with an exponent."""
    return kind.scale is not None and kind.scale <= _PLACES


def has_plain_fields(read: type[BaseModel]) -> bool:
    """Return whether no method of a schema takes part in how its fields are read and written."""
    methods = read.__pydantic_decorators__
    return not (
        methods.field_validators
        or methods.model_validators
        or methods.field_serializers
        or methods.model_serializers
        or methods.computed_fields
    )


def _array_sql(schema: Mapping[str, Any]) -> CellSql | None:
    """Return the SQL of an array, whose items JSON has to represent as Pydantic does."""
    items = schema.get("schema", {}).get("items_schema", {})
    if schema != _schema(TypeAdapter(fields.Array[int])) | {"schema": _list_of(items)}:
        return None
    kind = _plain_kind(items.get("schema", {}))
    if not kind:
        return None
    return _INTEGERS if kind == "int" else _ITEMS


def _list_of(items: Any) -> dict[str, Any]:
    return {"type": "list", "items_schema": items}


def _plain_kind(schema: Mapping[str, Any]) -> str:
    """Return the kind of a type that is read and written as it is, or an empty text."""
    kind = str(schema.get("type"))
    if kind not in _BY_KIND or schema.keys() & _CHANGING:
        return ""
    return kind if all(isinstance(value, str) for value in _values(schema)) else ""


def _values(schema: Mapping[str, Any]) -> Sequence[str]:
    """Return the values of a type that lists them, or nothing."""
    values: Sequence[str] = schema.get("expected", schema.get("members", ()))
    return values


def _are_plain(values: Sequence[str]) -> bool:
    """Return whether the cells of all these values are the values themselves."""
    return bool(values) and all(value and cell(str(value), value) == value for value in values)


def _schema(adapter: TypeAdapter[Any]) -> dict[str, Any]:
    """Return how Pydantic reads and writes a type, without how it is documented."""
    schema: dict[str, Any] = _undocumented(adapter.core_schema)
    return schema


def _undocumented(part: Any) -> Any:
    if isinstance(part, list):
        return [_undocumented(item) for item in part]
    if not isinstance(part, dict):
        return part
    return {key: _undocumented(value) for key, value in part.items() if key != "metadata"}


def _json_cell(text: str) -> Any:
    value = json.loads(text)
    return cell(value, _json.dump_python(value, mode="json"))


def _float_cell(text: str) -> str:
    number = float(text)
    return repr(number) if math.isfinite(number) else text


_json: TypeAdapter[Any] = TypeAdapter(Any)
_CHANGING = frozenset({"serialization", "strip_whitespace", "to_lower", "to_upper"})
_COLUMN = CellSql(text="{0}")
# A formula gets an apostrophe, and an empty text is NULL, which COPY does not quote. Most texts begin with a letter or a
# digit, which one comparison tells.
TEXT = CellSql(
    text="CASE WHEN {0}::text COLLATE \"C\" >= 'A' OR {0}::text COLLATE \"C\" BETWEEN '0' AND ':' THEN {0}::text"
    " WHEN left({0}::text, 1) COLLATE \"C\" IN ('=', '+', '-', '@', E'\\t', E'\\r')"
    " AND {0}::text COLLATE \"C\" !~ '^[+-]?[0-9]+(\\.[0-9]+)?$' THEN '''' || {0}::text"
    " ELSE NULLIF({0}::text COLLATE \"C\", '') END"
)
_BY_KIND = {
    "bool": CellSql(text="{0}::text"),
    "enum": TEXT,
    "int": _COLUMN,
    "literal": TEXT,
    "str": TEXT,
    "uuid": _COLUMN,
}
# Python writes fractions of a second with six digits, or not at all.
_MOMENT = "replace(to_char({0}, 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), '.000000', '')"
_UTC = "{0} AT TIME ZONE 'UTC'"
_PLACES = 6  # after the decimal point; Python writes smaller numbers with an exponent
_DECIMAL = _schema(TypeAdapter(fields.ExactDecimal))
_BY_FIELD = [
    (_schema(TypeAdapter(field)), sql)
    for field, sql in (
        *((kind, TEXT) for kind in (fields.Native, Inet, Cidr, MacAddr, MacAddr8)),
        (fields.Date, _COLUMN),
        (
            fields.Time,
            CellSql(
                text="CASE WHEN length({0}::text) > 8 THEN rpad({0}::text, 15, '0') ELSE {0}::text END"
            ),
        ),
        (
            fields.LocalTimestamp,
            CellSql(
                text="CASE WHEN {0} >= '0001-01-01' AND {0} < '10000-01-01'"
                f" THEN {_MOMENT} ELSE {{0}}::text END"
            ),
        ),
        (
            fields.Timestamp,
            CellSql(
                text="CASE WHEN {0} >= '0001-01-01 00:00+00' AND {0} < '10000-01-01 00:00+00'"
                f" THEN {_MOMENT.format(_UTC)} || 'Z' ELSE {{0}}::text END"
            ),
        ),
        (
            fields.Bytes,
            CellSql(text="NULLIF(translate(encode({0}, 'base64'), E'\\n', ''), '')"),
        ),
        (
            fields.ExactDecimal,
            CellSql(
                text="{0}",
                odd=f"abs({{0}}) < 1e-{_PLACES} AND scale({{0}}) > {_PLACES}",
                convert=lambda text: str(Decimal(text)),
            ),
        ),
        (  # PostgreSQL writes integers without a point, large numbers with an exponent, and may need more digits
            fields.Number,
            CellSql(
                text="CASE WHEN abs({0}) >= 1e16 OR position('e-' IN {0}::text) > 0 THEN {0}::text"
                " WHEN abs({0}) >= 1e6 AND position('.' IN {0}::text::numeric::text) > 0"
                " THEN {0}::text::numeric::text"
                " WHEN abs({0}) >= 1e6 THEN {0}::text::numeric::text || '.0'"
                " WHEN position('.' IN {0}::text) > 0 THEN {0}::text ELSE {0}::text || '.0' END",
                odd="abs({0}) >= 1e16 AND abs({0}) < 'Infinity'",
                convert=_float_cell,
            ),
        ),
    )
]
# Python writes fractions with as many digits as a double needs, and a JSON text without its quotes.
_JSONB = CellSql(
    text="NULLIF({0}::text, 'null')",
    odd="jsonb_typeof({0}) = 'string'"
    " OR position('.' IN {0}::text) > 0 AND {0}::text ~ '[0-9]\\.[0-9]'",
    convert=_json_cell,
)
_JSON = CellSql(text="{0}::text", odd="{0} IS NOT NULL", convert=_json_cell)
# The text of JSON is made in less time than that of JSONB, but has no space after a comma.
_LIST = (
    "CASE cardinality({{0}}) WHEN 0 THEN '[]' WHEN 1 THEN array_to_json({0})::text"
    " ELSE to_jsonb({0})::text END"
)
_ITEMS = CellSql(text=_LIST.format("{0}"))
_INTEGERS = CellSql(text=_LIST.format("{0}::bigint[]"))  # JSON has no number for an oid
