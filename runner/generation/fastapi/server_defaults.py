"""A field's default in the model and in the DDL of both databases."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.ddl.expression_tree import Const
from runner.generation.encoders.python_text import literal, sqlalchemy_text
from runner.generation.encoders.settings_text import json_value
from runner.generation.encoders.sql_text import text_sql
from runner.generation.fastapi.generated_names import source
from runner.generation.fastapi.translation import Database, TableSql
from runner.generation.fragments import Fragment
from runner.generation.model.defaults import zoned_default

if TYPE_CHECKING:
    from runner.generation.model.defaults import FieldDefault
    from runner.generation.model.field_types import FieldType, Kind

_ZONED = {"date": "local_today", "time": "local_time", "local_timestamp": "local_now"}
_SQLITE_NOW = "(strftime('%Y-%m-%d %H:%M:%f000', 'now'))"  # the text that SQLAlchemy stores for a timestamp


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerDefault:
    """A default that the database fills in.

    `source` is the model's `server_default`; `python` is its `default`, for databases that cannot compute it
    or do not know the time zone.
    `postgresql` and `sqlite` are the SQL of both databases, None where one has no equivalent.
    """

    source: Fragment
    postgresql: str | None
    sqlite: str | None
    python: Fragment | None = None


def server_default(default: FieldDefault, type_: FieldType, sql: TableSql) -> ServerDefault:
    """Return a field's default as its model and both databases have it; `sql` translates."""
    postgresql, sqlite = _postgresql(default, type_, sql), _sqlite(default, type_, sql)
    if default.kind == "now" and sqlite is not None:
        made = source("now_default", uses="now_default")
    elif isinstance(default.value, bool):
        made = source("sa.{}()", "true" if default.value else "false", uses="sa")
    elif sqlite is not None and (postgresql == sqlite or _same(postgresql, sqlite)):
        made = source("sa.text({})", sqlalchemy_text(sqlite), uses="sa")
    else:
        form = "ByDialect(postgresql={}, sqlite={})"
        made = source(form, literal(postgresql or "NULL"), literal(sqlite or "NULL"), uses="ByDialect")
    python = _python(default, type_)
    return ServerDefault(source=made, postgresql=postgresql, sqlite=sqlite, python=python)


def _python(default: FieldDefault, type_: FieldType) -> Fragment | None:
    """Return the function that computes a default: of an id, and of what depends on the time zone."""
    if default.kind == "new uuid":
        return source("uuid4", uses="uuid4")
    name = zoned_default(default, type_)
    return None if name is None else source(_ZONED[name], uses=_ZONED[name])


def _same(postgresql: str | None, sqlite: str) -> bool:
    """Whether PostgreSQL's text is SQLite's with a cast after it."""
    return postgresql is not None and postgresql.partition("::")[0].strip() == sqlite


def _postgresql(default: FieldDefault, type_: FieldType, sql: TableSql) -> str | None:
    if default.is_array and not sql.source.postgresql_compatible:  # a SET of MySQL
        return None if not isinstance(default.expression, Const) else text_sql(str(default.expression.value))
    if isinstance(default.value, bool) and not sql.source.postgresql_compatible:
        return "true" if default.value else "false"
    return sql.default(default.text, default.expression, Database.POSTGRESQL, type_)


def _sqlite(default: FieldDefault, type_: FieldType, sql: TableSql) -> str | None:
    if default.kind == "now":
        return _SQLITE_NOW
    if default.kind == "new uuid":
        return None  # the application's own: SQLite has no function for it
    if default.kind == "today":
        return "CURRENT_DATE"
    if default.is_array and isinstance(default.expression, Const):
        return text_sql(_json_array(str(default.expression.value), type_))
    return sql.default(default.text, default.expression, Database.SQLITE, type_)


def _json_array(text: str, type_: FieldType) -> str:
    """Return PostgreSQL's text of an array, `{a,"b c",NULL}`, as the JSON that SQLite stores."""
    kind = type_.item.kind if type_.item else "text"
    return "".join(_json_token(token, kind) for token in _ARRAY_TOKENS.findall(text))


def _json_token(token: str, kind: Kind) -> str:
    if token in _ARRAY_SIGNS:
        return _ARRAY_SIGNS[token]
    if token.startswith('"'):
        return json_value(re.sub(r"\\(.)", r"\1", token[1:-1]))
    token = token.strip()
    if token.upper() == "NULL":
        return "null"
    if kind == "boolean":
        return "true" if token.lower() in ("t", "true") else "false"
    return token if kind in ("integer", "number") and re.fullmatch(r"-?\d+(\.\d+)?", token) else json_value(token)


_ARRAY_TOKENS = re.compile(r'[{}]|,|"(?:[^"\\]|\\.)*"|[^,{}\s][^,{}]*')
_ARRAY_SIGNS = {"{": "[", "}": "]", ",": ", "}
