"""What a field has where a new row gives no value: a constant, or something that the database works out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from runner.ddl.model import Column, Const, Default, Domain, Operation
from runner.generation.model.check_expressions import uncast

if TYPE_CHECKING:
    from runner.generation.model.field_types import FieldType

DefaultKind = Literal["constant", "now", "today", "new uuid", "function", "expression"]

_NOW = frozenset({"now", "current_timestamp", "localtimestamp", "transaction_timestamp", "statement_timestamp",
                  "clock_timestamp"})  # fmt: skip
_UUID = frozenset({"gen_random_uuid", "uuid_generate_v4", "uuid", "uuidv4", "uuidv7"})
_TRUE = frozenset({"1", "t", "true", "b'1'", "yes", "on"})
_ARRAY_ITEM = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,{}]+)')


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldDefault:
    """A default that the database fills in.

    `text` is the DDL's own SQL for it, as PostgreSQL takes it. `value` is that of a constant: a bool, text (with
    `is_number` that of a number), or the texts of an array's items.
    """

    kind: DefaultKind
    text: str
    value: bool | str | tuple[str, ...] | None = None
    is_number: bool = False

    @property
    def varies(self) -> bool:
        """Whether it depends on when it is asked for."""
        return self.kind not in ("constant", "expression")


def field_default(column: Column, type_: FieldType) -> FieldDefault | None:
    """Return the default of a column, its own or its domain's; None for one that is numbered or computed."""
    if column.identity or column.generated or column.serial or column.auto_increment:
        return None
    default = column.default or _domain_default(column.type.domain)
    if default is None or default.text.strip().upper() == "NULL":
        return None
    expression = uncast(default.expression) if default.expression is not None else None
    if isinstance(expression, Operation) and not expression.args:
        return _function(expression.op, default.text, type_)
    if isinstance(expression, Const) and expression.value is not None:
        return _constant(expression, default.text, type_)
    return FieldDefault(kind="expression", text=default.text)


def _domain_default(domain: Domain | None) -> Default | None:
    while domain is not None:
        if domain.default is not None:
            return domain.default
        domain = domain.type.domain
    return None


def _function(name: str, text: str, type_: FieldType) -> FieldDefault:
    if name in _NOW and type_.kind in ("timestamp", "local_timestamp"):
        # MySQL alone writes it as a function
        return FieldDefault(kind="now", text=text.removesuffix("()") if text.lower() == "current_timestamp()" else text)
    if name in (*_NOW, "current_date") and type_.kind == "date":
        return FieldDefault(kind="today", text=text)
    if name in _UUID and type_.kind == "uuid":
        return FieldDefault(kind="new uuid", text="gen_random_uuid()" if text.lower() == "uuid()" else text)
    return FieldDefault(kind="function", text=text)


def _constant(constant: Const, text: str, type_: FieldType) -> FieldDefault:
    if isinstance(constant.value, bool):
        return FieldDefault(kind="constant", text=text, value=constant.value)
    content = str(constant.value)
    if type_.kind == "array":
        if not content.startswith("{"):  # a SET of MySQL
            content = f"{{{content}}}"
            text = f"'{content}'"
        items = tuple(quoted or plain.strip() for quoted, plain in _ARRAY_ITEM.findall(content[1:-1]))
        return FieldDefault(kind="constant", text=text, value=items)
    if type_.kind == "boolean":
        value = content.lower() in _TRUE
        return FieldDefault(kind="constant", text="true" if value else "false", value=value)
    return FieldDefault(kind="constant", text=text, value=content, is_number=constant.is_number)
