"""A field's default in the model and in SQLite's DDL; PostgreSQL accepts the one of the DDL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.generation.encoders.python_text import literal
from runner.generation.encoders.settings_text import json_value
from runner.generation.encoders.sql_text import text_sql
from runner.generation.fastapi.generated_names import source
from runner.generation.fragments import Fragment

if TYPE_CHECKING:
    from runner.generation.model.defaults import FieldDefault
    from runner.generation.model.field_types import FieldType

_SQLITE_NOW = "(strftime('%Y-%m-%d %H:%M:%f000', 'now'))"  # the text that SQLAlchemy stores for a timestamp
_UNQUOTED = frozenset({"integer", "number", "boolean"})  # kinds of items that JSON has without quotes


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerDefault:
    """A default that the database fills in.

    `source` is the model's `server_default`; `python` is its `default`, for databases that cannot compute it.
    `sqlite` is None where SQLite has no equivalent.
    """

    source: Fragment
    sqlite: str | None
    python: Fragment | None = None


def server_default(default: FieldDefault, type_: FieldType) -> ServerDefault:
    """Return a field's default as its model and SQLite have it."""
    if default.kind == "now":
        return ServerDefault(source=source("now_default", uses="now_default"), sqlite=_SQLITE_NOW)
    if default.kind == "today":
        return ServerDefault(source=source('sa.text("CURRENT_DATE")', uses="sa"), sqlite="CURRENT_DATE")
    if isinstance(default.value, bool):
        word = "true" if default.value else "false"
        return ServerDefault(source=source("sa.{}()", word, uses="sa"), sqlite=str(int(default.value)))
    if isinstance(default.value, str):
        plain = default.value if default.is_number else text_sql(default.value)
        return ServerDefault(source=source("sa.text({})", literal(_escaped(plain)), uses="sa"), sqlite=plain)
    sqlite = None if default.value is None else _json_array(default.value, type_)
    form = "ByDialect(postgresql={}, sqlite={})"
    made = source(form, literal(default.text), literal(sqlite or "NULL"), uses="ByDialect")
    python = source("uuid4", uses="uuid4") if default.kind == "new uuid" else None
    return ServerDefault(source=made, sqlite=sqlite, python=python)


def _escaped(text: str) -> str:
    """Return SQL in which `sa.text` finds no parameter."""
    return text.replace("\\", "\\\\").replace(":", "\\:")


def _json_array(items: tuple[str, ...], type_: FieldType) -> str:
    """Return the items of an array as SQL of the JSON text that SQLite stores."""
    if type_.item is None or type_.item.kind not in _UNQUOTED:
        items = tuple(json_value(item) for item in items)
    return text_sql(f"[{', '.join(items)}]")
