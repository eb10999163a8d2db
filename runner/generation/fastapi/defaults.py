"""A column's default, in each place that needs it: the model, PostgreSQL's and SQLite's DDL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.ddl.model import Column, Const, Default, Domain, Expression, Operation
from runner.generation.source_text import literal

if TYPE_CHECKING:
    from runner.generation.fastapi.python_types import PythonType

_NOW = frozenset({"now", "current_timestamp", "localtimestamp", "transaction_timestamp", "statement_timestamp",
                  "clock_timestamp"})  # fmt: skip
_SQLITE_NOW = "(strftime('%Y-%m-%d %H:%M:%f000', 'now'))"  # as SQLAlchemy writes a moment there
_UUID = frozenset({"gen_random_uuid", "uuid_generate_v4", "uuid", "uuidv4", "uuidv7"})
_ARRAY_ITEM = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,{}]+)')


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerDefault:
    """A default that the database fills in.

    `source` is the model's `server_default`, `python` a default for databases that cannot work it out. `sqlite` is
    None where SQLite has no such thing. `moment` marks a default that depends on when it is asked.
    """

    postgresql: str
    sqlite: str | None
    source: str
    python: str = ""
    moment: bool = False


def server_default(column: Column, kind: PythonType) -> ServerDefault | None:
    """Return the default of a column, its own or its domain's; None for one that is numbered or computed."""
    if column.identity or column.generated or column.serial or column.auto_increment:
        return None
    default = column.default or _domain_default(column.type.domain)
    if default is None or default.text.strip().upper() == "NULL":
        return None
    return _make(default, kind)


def _domain_default(domain: Domain | None) -> Default | None:
    while domain is not None:
        if domain.default is not None:
            return domain.default
        domain = domain.type.domain
    return None


def _make(default: Default, kind: PythonType) -> ServerDefault:
    text = default.text
    expression = _inside_cast(default.expression)
    if isinstance(expression, Operation) and not expression.args:
        return _function(expression.op, text, kind)
    if isinstance(expression, Const) and expression.value is not None:
        return _constant(expression, text, kind)
    made = f"ByDialect(postgresql={literal(text)}, sqlite={literal('NULL')})"
    return ServerDefault(postgresql=text, sqlite=None, source=made)


def _inside_cast(expression: Expression | None) -> Expression | None:
    while isinstance(expression, Operation) and expression.op == "cast":
        expression = expression.args[0]
    return expression


def _function(name: str, text: str, kind: PythonType) -> ServerDefault:
    if name in _NOW and kind.category in ("timestamp", "local_timestamp"):
        if text.lower() == "current_timestamp()":  # a function in MySQL alone
            text = text.removesuffix("()")
        return ServerDefault(postgresql=text, sqlite=_SQLITE_NOW, source="moment", moment=True)
    if name in (*_NOW, "current_date") and kind.category == "date":
        return ServerDefault(postgresql=text, sqlite="CURRENT_DATE", source='sa.text("CURRENT_DATE")', moment=True)
    if name in _UUID and kind.category == "uuid":
        source = f"ByDialect(postgresql={literal(text)}, sqlite={literal('NULL')})"
        return ServerDefault(postgresql=text, sqlite=None, source=source, python="uuid4", moment=True)
    source = f"ByDialect(postgresql={literal(text)}, sqlite={literal('NULL')})"
    return ServerDefault(postgresql=text, sqlite=None, source=source, moment=True)


def _constant(value: Const, text: str, kind: PythonType) -> ServerDefault:
    if isinstance(value.value, bool):
        word = "true" if value.value else "false"
        return ServerDefault(postgresql=text, sqlite=str(int(value.value)), source=f"sa.{word}()")
    content = str(value.value)
    if kind.category == "array" and not content.startswith("{"):  # a SET of MySQL
        content = f"{{{content}}}"
        text = f"'{content}'"
    if kind.category == "array":
        items = _array_items(content)
        inner = ", ".join('"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"' for item in items)
        if kind.item and kind.item.category in ("integer", "number", "boolean"):
            inner = ", ".join(items)
        sqlite = "'" + f"[{inner}]".replace("'", "''") + "'"
        source = f"ByDialect(postgresql={literal(text)}, sqlite={literal(sqlite)})"
        return ServerDefault(postgresql=text, sqlite=sqlite, source=source)
    if kind.category == "boolean":
        known = content.lower() in ("1", "t", "true", "b'1'", "yes", "on")
        word = "true" if known else "false"
        return ServerDefault(postgresql=word, sqlite=str(int(known)), source=f"sa.{word}()")
    plain = content if value.is_number else "'" + content.replace("'", "''") + "'"
    return ServerDefault(postgresql=text, sqlite=plain, source=f"sa.text({literal(_escaped(plain))})")


def _escaped(text: str) -> str:
    """Return SQL in which `sa.text` sees no parameter."""
    return text.replace("\\", "\\\\").replace(":", "\\:")


def _array_items(text: str) -> list[str]:
    return [quoted or plain.strip() for quoted, plain in _ARRAY_ITEM.findall(text[1:-1])]
