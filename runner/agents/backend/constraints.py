"""Names of constraints that the DDL leaves unnamed: the ones that PostgreSQL itself would choose.

PostgreSQL's ChooseConstraintName and makeObjectName: `<table>_<columns>_<label>`, at most 63 bytes, a number behind
where that is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runner.ddl.model import Check, ForeignKey, Index, Key, Table

_NAME_BYTES = 63


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """The constraints and indexes of a table, each under its name."""

    primary_key: tuple[str, Key] | None
    unique: Mapping[str, Key]
    foreign_keys: Mapping[str, ForeignKey]
    checks: Mapping[str, Check]
    indexes: Mapping[str, Index]


def name_constraints(table: Table) -> Named:
    """Return a table's constraints with the names that they have, or would get, in PostgreSQL."""
    parts = [table.primary_key, *table.unique, *table.foreign_keys, *table.checks, *table.indexes]
    taken = {part.name for part in parts if part and part.name}

    def name(own: str | None, columns: Sequence[str], label: str) -> str:
        chosen = own or _choose(table.name.name, "_".join(columns), label, taken)
        taken.add(chosen)
        return chosen

    checks = {}
    for check in table.checks:
        spoken = check.columns if len(check.columns) == 1 else ()
        checks[name(check.name, spoken, "check")] = check
    primary = table.primary_key
    return Named(
        primary_key=(name(primary.name, (), "pkey"), primary) if primary else None,
        unique={name(key.name, key.columns, "key"): key for key in table.unique},
        foreign_keys={name(key.name, key.columns, "fkey"): key for key in table.foreign_keys},
        checks=checks,
        indexes={
            name(index.name, [column or "expr" for column in index.columns], "idx"): index for index in table.indexes
        },
    )


def _choose(table: str, columns: str, label: str, taken: set[str]) -> str:
    number = 0
    while True:
        name = _make(table, columns, f"{label}{number or ''}")
        if name not in taken:
            return name
        number += 1


def _make(table: str, columns: str, label: str) -> str:
    """Shorten the longer of the two names until all fits, as PostgreSQL does."""
    first, second = table.encode(), columns.encode()
    room = _NAME_BYTES - len(label) - 1 - (1 if columns else 0)
    while len(first) + len(second) > room:
        if len(first) > len(second):
            first = first[:-1]
        else:
            second = second[:-1]
    pieces = [first.decode(errors="ignore"), second.decode(errors="ignore"), label]
    return "_".join(piece for piece in pieces if piece)
