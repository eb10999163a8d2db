"""The name of a table, a type or any other object of a schema, with its schema; as the database stores it."""

from __future__ import annotations

from dataclasses import dataclass

from runner.records.message_pipe import CompactPickle


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class QName(CompactPickle):
    """A name with its schema; `schema` is None where the dialect has none (SQLite, MySQL without USE)."""

    schema: str | None
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name
