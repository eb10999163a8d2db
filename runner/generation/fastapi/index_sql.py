"""Indexes of the DDL on both databases: which of them has one, and what ends the SQL of its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.generation.fastapi.translation import Database

if TYPE_CHECKING:
    from runner.ddl.model import Index, IndexPart
    from runner.ddl.syntax.dialect import Dialect
    from runner.generation.fastapi.translation import TableSql


MYSQL_METHODS = ("fulltext", "spatial")  # index methods that only MySQL has


def is_supported(index: Index, sql: TableSql, target: Database) -> bool:
    """Whether a database supports an index."""
    if index.method in MYSQL_METHODS:
        return False
    if any(part.expression and sql.part(part, target) is None for part in index.parts):
        return False
    if index.where is not None and sql.where(index, target) is None:
        return False
    return target is Database.POSTGRESQL or (is_btree(index) and not any(part.operator_class for part in index.parts))


def is_btree(index: Index) -> bool:
    """Whether an index is of the usual method."""
    return index.method in ("btree", None)


def is_without_case(part: IndexPart, source: Dialect) -> bool:
    """Whether an index of SQLite compares a part without regard to case; PostgreSQL has collations of any name."""
    return source.sqlite_compatible and (part.collation or "").upper() == "NOCASE"


def part_options(part: IndexPart) -> str:
    """Return what follows the value and the collation of a part in PostgreSQL."""
    text = f" {part.operator_class}" if part.operator_class else ""
    text += " DESC" if part.descending else ""
    return text + (f" NULLS {part.nulls.upper()}" if part.nulls else "")
