"""Names as SQL: several of them, and with the schema that a name needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.generation.encoders.sql_text import quote
from runner.generation.model.schema_names import outside

if TYPE_CHECKING:
    from runner.ddl.qualified_name import QName


def type_name(name: QName, home: str | None) -> str:
    """Return the name of a type or table as SQL, with its schema only outside the default one."""
    return qualified(outside(name, home), name.name)


def columns_sql(names: tuple[str, ...]) -> str:
    """Return names as SQL, separated by commas."""
    return ", ".join(quote(name) for name in names)


def qualified(schema: str | None, name: str) -> str:
    """Return a name as SQL, qualified outside the default schema."""
    return f"{quote(schema)}.{quote(name)}" if schema else quote(name)
