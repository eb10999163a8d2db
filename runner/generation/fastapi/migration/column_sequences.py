"""Sequences of PostgreSQL: which one numbers a column, and whether the column creates it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.generation.fastapi.sql_names import qualified
from runner.generation.model.constraint_names import sequence_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runner.ddl.model import Column
    from runner.ddl.qualified_name import QName
    from runner.generation.fastapi.resources import Resource

_SEQUENCE = re.compile(r"nextval\('((?:[^']|'')+)'")
_IDENTIFIER = re.compile(r'"((?:[^"]|"")+)"|([^".\s]+)')


def sequence_of(resource: Resource, column: Column) -> str:
    """Return the sequence that numbers a column, as SQL; empty for other columns."""
    if makes_sequence(resource, column):
        return qualified(resource.database_schema, sequence_name(resource.table.ddl.name.name, column.name))
    schema, name = _named_sequence(column)
    return qualified(schema if schema != resource.home else None, name) if name else ""


def makes_sequence(resource: Resource, column: Column) -> bool:
    """Whether a serial column creates the sequence that its default uses."""
    table = resource.table.ddl.name
    schema, name = _named_sequence(column)
    own = (sequence_name(table.name, column.name), f"{table.name}_{column.name}_seq")  # shortened to 63 bytes, or not
    return column.serial and name in own and schema in (None, table.schema)


def _named_sequence(column: Column) -> tuple[str | None, str]:
    """Return schema and name of the sequence in a column's default; an empty name where it names none."""
    found = _SEQUENCE.search(column.default.text) if column.default else None
    parts = _IDENTIFIER.findall(found[1].replace("''", "'")) if found else []
    names = [quoted.replace('""', '"') if quoted else plain.lower() for quoted, plain in parts]
    return (names[-2] if len(names) > 1 else None, names[-1]) if names else (None, "")


def in_order(tables: Iterable[Resource]) -> Iterator[Resource]:
    """Yield the tables in the order of the DDL, each after those whose sequences its columns use."""
    found = list(tables)
    makers = {
        sequence_of(resource, column): resource
        for resource in found
        for column in resource.table.ddl.columns
        if makes_sequence(resource, column)
    }
    yielded: set[QName] = set()

    def place(resource: Resource) -> Iterator[Resource]:
        name = resource.table.ddl.name
        if name in yielded:
            return
        yielded.add(name)
        for column in resource.table.ddl.columns:
            maker = makers.get(sequence_of(resource, column)) if column.default else None
            if maker is not None:
                yield from place(maker)
        yield resource

    for resource in found:
        yield from place(resource)


def separate_sequences(tables: Iterable[Resource]) -> Iterator[str]:
    """Yield the sequences that defaults use and no serial column creates, each once."""
    columns = [(resource, column) for resource in tables for column in resource.table.ddl.columns if column.default]
    made = {sequence_of(resource, column) for resource, column in columns if makes_sequence(resource, column)}
    named = dict.fromkeys(sequence_of(resource, column) for resource, column in columns)
    yield from (name for name in named if name and name not in made)
