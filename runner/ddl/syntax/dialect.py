"""A SQL dialect as a record: everything in which one database's DDL differs from another's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """One dialect. Its name is the name of its module in `runner/ddl/dialects/`."""

    other_names: tuple[str, ...]  # that people write for it, in lower case
    postgresql_compatible: bool = False  # PostgreSQL takes its types, collations and generated columns as they are
