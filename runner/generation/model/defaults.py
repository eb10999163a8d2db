"""What a field has where a new row gives no value: a constant, or something that the database works out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from runner.ddl.expression_tree import ColumnRef, Const, Expression, Operation
from runner.generation.model.check_expressions import uncast
from runner.generation.model.clock_spans import parse_span, span_text
from runner.generation.model.field_types import MOMENTS

if TYPE_CHECKING:
    from runner.ddl.model import Column, Default, Domain
    from runner.generation.model.field_types import FieldType

ZonedKind = Literal["date", "time", "local_timestamp"]
DefaultKind = Literal["constant", "now", "today", "new uuid", "function", "expression"]

_NOW = frozenset({"now", "current_timestamp", "localtimestamp", "transaction_timestamp", "statement_timestamp",
                  "clock_timestamp"})  # fmt: skip
_CLOCKS = frozenset({"current_time", "localtime"})
_UUID = frozenset(
    {"gen_random_uuid", "uuid_generate_v4", "uuid_generate_v1", "uuid_generate_v1mc", "uuid", "uuidv4", "uuidv7"}
)
_TRUE = frozenset({"1", "t", "true", "b'1'", "yes", "on"})


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldDefault:
    """A default that the database fills in.

    `text` is the DDL's own SQL for it, `expression` its parsed form, if it has one. `value` is that of a constant: a
    bool or text (with `is_number` that of a number); an array has PostgreSQL's text of it as its `expression`.
    """

    kind: DefaultKind
    text: str
    expression: Expression | None = None
    value: bool | str | None = None
    is_number: bool = False
    is_array: bool = False

    @property
    def varies(self) -> bool:
        """Whether it depends on when it is asked for."""
        return self.kind not in ("constant", "expression")


def field_default(column: Column, type_: FieldType) -> FieldDefault | None:
    """Return the default of a column, its own or its domain's; None for one that is numbered or computed."""
    if column.identity or column.generated or column.serial or column.auto_increment:
        return None
    inherited = None if column.type.dimensions else _domain_default(column.type.domain)
    default = column.default or inherited
    if default is None or default.text.strip().upper() == "NULL":
        return None
    expression = uncast(default.expression) if default.expression is not None else None
    if isinstance(expression, ColumnRef):  # a bare word, or a text in double quotes, which SQLite takes for a text
        expression = Const(value=expression.name)
    if isinstance(expression, Operation) and expression.op == "array" and type_.kind == "array":
        expression = _array_constant(expression) or default.expression
    if isinstance(expression, Operation) and expression.op == "bits" and type_.kind == "boolean":
        expression = Const(value="1" in str(getattr(expression.args[0], "value", "")))
    if isinstance(expression, Const) and expression.value is not None:
        return None if _is_zero_date(expression, type_) else _constant(expression, default.text, type_)
    kind: DefaultKind = "expression"
    if isinstance(expression, Operation) and not expression.args:
        kind = _function(expression.op, type_)
    return FieldDefault(kind=kind, text=default.text, expression=default.expression)


def zoned_default(default: FieldDefault, type_: FieldType) -> ZonedKind | None:
    """Return which part of the current moment, in the time zone of the session, a default is; None for others."""
    if default.kind == "today":
        return "date"
    if default.kind == "now" and type_.kind == "local_timestamp":
        return "local_timestamp"
    called = uncast(default.expression) if default.expression is not None else None
    is_clock = isinstance(called, Operation) and not called.args and called.op in (*_NOW, *_CLOCKS)
    return "time" if type_.kind == "time" and is_clock else None


def zero_date(column: Column, type_: FieldType) -> str | None:
    """Return the text of a default that is one of MySQL's zero dates, which no calendar has."""
    found = column.default.expression if column.default else None
    return str(found.value) if isinstance(found, Const) and _is_zero_date(found, type_) else None


def _is_zero_date(constant: Const, type_: FieldType) -> bool:
    return type_.kind in MOMENTS and str(constant.value).startswith("0000-00-00")


def _array_constant(array: Operation) -> Const | None:
    """Return `ARRAY['a', …]` as PostgreSQL's text of an array; None where an item is no constant."""
    texts = [_array_item(uncast(part)) for part in array.args]
    known = [text for text in texts if text is not None]
    return Const(value=f"{{{','.join(known)}}}") if len(known) == len(texts) else None


def _array_item(item: Expression) -> str | None:
    if isinstance(item, Operation) and item.op == "array":
        inner = _array_constant(item)
        return None if inner is None else str(inner.value)
    if not isinstance(item, Const):
        return None
    if item.value is None:
        return "NULL"
    if item.is_number or isinstance(item.value, bool):
        return str(item.value).lower()
    escaped = item.value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _span(text: str) -> str:
    """Return MySQL's text or number of a span, such as `102030`, as PostgreSQL writes it."""
    try:
        return span_text(parse_span(text))
    except ValueError:
        return text


def _domain_default(domain: Domain | None) -> Default | None:
    while domain is not None:
        if domain.default is not None:
            return domain.default
        domain = domain.type.domain
    return None


def _function(name: str, type_: FieldType) -> DefaultKind:
    if name in _NOW and type_.kind in ("timestamp", "local_timestamp"):
        return "now"
    if name in (*_NOW, "current_date") and type_.kind == "date":
        return "today"
    return "new uuid" if name in _UUID and type_.kind == "uuid" else "function"


def _constant(constant: Const, text: str, type_: FieldType) -> FieldDefault:
    if isinstance(constant.value, bool) and type_.kind == "boolean":
        return FieldDefault(kind="constant", text=text, expression=constant, value=constant.value)
    if isinstance(constant.value, bool):  # MySQL and SQLite have numbers for truth values
        text = str(int(constant.value))
        constant = Const(value=text, is_number=True)
    content = str(constant.value)
    if constant.is_number and type_.kind == "native" and type_.name.startswith("bit") and content.isdigit():
        bits = Operation(op="bits", args=(Const(value=f"{int(content):b}"),))
        return FieldDefault(kind="expression", text=text, expression=bits)
    if constant.is_number and type_.kind in MOMENTS:  # MySQL's dates without hyphens
        constant, text = Const(value=content), f"'{content}'"
    if type_.kind == "span":
        content = _span(content)
        constant, text = Const(value=content), f"'{content}'"
    if type_.kind == "array":
        if not content.startswith("{"):  # a SET of MySQL
            content = f"{{{content}}}"
            text = f"'{content}'"
        return FieldDefault(kind="constant", text=text, expression=Const(value=content), is_array=True)
    if type_.kind == "boolean":
        value = content.lower() in _TRUE
        text = "true" if value else "false"
        return FieldDefault(kind="constant", text=text, expression=Const(value=value), value=value)
    return FieldDefault(kind="constant", text=text, expression=constant, value=content, is_number=constant.is_number)
