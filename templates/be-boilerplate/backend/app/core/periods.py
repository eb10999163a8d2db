"""Constraints over ranges of PostgreSQL 18: keys WITHOUT OVERLAPS, and foreign keys over a PERIOD."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import DDLCompiler


class PrimaryKeyWithoutOverlaps(sa.PrimaryKeyConstraint):
    """A primary key whose last column is a range. On SQLite only equal ranges are rejected."""


class UniqueWithoutOverlaps(sa.UniqueConstraint):
    """A unique constraint whose last column is a range. On SQLite only equal ranges are rejected."""


class PeriodForeignKey(sa.ForeignKeyConstraint):
    """A foreign key whose last column is a range, which referenced rows cover together. SQLite does not have it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.ddl_if(dialect="postgresql")


@compiles(PrimaryKeyWithoutOverlaps, "postgresql")
def _compile_primary_key(
    key: PrimaryKeyWithoutOverlaps, compiler: DDLCompiler, **options: Any
) -> str:
    return _without_overlaps(compiler.visit_primary_key_constraint(key, **options))


@compiles(UniqueWithoutOverlaps, "postgresql")
def _compile_unique(key: UniqueWithoutOverlaps, compiler: DDLCompiler, **options: Any) -> str:
    return _without_overlaps(compiler.visit_unique_constraint(key, **options))


def _without_overlaps(sql: str) -> str:
    columns, bracket, rest = sql.rpartition(")")
    return f"{columns} WITHOUT OVERLAPS{bracket}{rest}"


@compiles(PeriodForeignKey, "postgresql")
def _compile_foreign_key(key: PeriodForeignKey, compiler: DDLCompiler, **_options: Any) -> str:
    own = _columns(compiler, [element.parent.name for element in key.elements])
    targets = _columns(compiler, [element.column.name for element in key.elements])
    table = compiler.preparer.format_table(key.referred_table)
    name, deferred = (
        compiler.define_constraint_preamble(key),
        compiler.define_constraint_deferrability(key),
    )
    return f"{name}FOREIGN KEY ({own}) REFERENCES {table} ({targets}){deferred}"


def _columns(compiler: DDLCompiler, names: Sequence[str]) -> str:
    *others, last = [compiler.preparer.quote(name) for name in names]
    return ", ".join([*others, f"PERIOD {last}"])
