"""Random changes of a schema, up and down: the difference leads to the same database as the new schema from scratch."""

from __future__ import annotations

import random
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import psycopg
import pytest

from runner.ddl.model import Column, Default, SqlType
from runner.generation.fastapi.migration import postgresql_statements, sqlite_statements
from runner.generation.fastapi.migration.difference import difference
from runner.generation.fastapi.migration.initial_revision import revision_modules
from runner.generation.fastapi.migration.schema_snapshot import take_snapshot
from runner.generation.model.application import Application
from tests.generated_backend import read_schema
from tests.integration.catalog import differences, read_catalog

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from runner.ddl.model import Enum, Schema, Table
    from runner.ddl.qualified_name import QName
    from runner.ddl.views import View
    from runner.generation.fastapi.migration.snapshot import Snapshot
    from tests.integration.postgres import PostgresServer

pytest_plugins = ["tests.integration.postgres"]

T = TypeVar("T")
NEW = (
    Column(name="brand_new", type=SqlType(text="text", base="text")),
    Column(name="order", type=SqlType(text="integer", base="integer"), nullable=False, default=Default(text="5")),
)


class Chance:
    """Changes a schema in many places, the same ones for the same seed."""

    def __init__(self, schema: Schema, seed: int) -> None:
        self._schema = schema
        self._random = random.Random(seed)

    def change(self) -> Schema:
        old = [table for table in self._schema.tables if table.view is None]
        gone = {table.name for table in old if self._happens(0.08)}
        enums = {enum.name: self._enum(enum) for enum in self._schema.enums}
        tables = [self._table(table, gone, enums) for table in old if table.name not in gone]
        tables += self._views({table.name: table for table in tables})
        self._random.shuffle(tables)
        return replace(self._schema, tables=tuple(tables), enums=tuple(enums.values()))

    def _views(self, tables: Mapping[QName, Table]) -> Iterator[Table]:
        """Yield the views all of whose columns are left, most of them."""
        for table in self._schema.tables:
            if table.view is None or not all(self._has_all_read(name, table.view, tables) for name in table.view.uses):
                continue
            if self._happens(0.2):
                continue
            types = {own: tables[origin].columns_by_name[name].type for own, origin, name in table.view.origins}
            yield replace(
                table,
                columns=tuple(replace(column, type=types.get(column.name, column.type)) for column in table.columns),
                foreign_keys=tuple(key for key in table.foreign_keys if key.references in tables),
                comment="other" if self._happens(0.2) else table.comment,
            )

    def _has_all_read(self, name: QName, view: View, tables: Mapping[QName, Table]) -> bool:
        before = next(table for table in self._schema.tables if table.name == name)
        left = {column.name for column in tables[name].columns} if name in tables else set()
        return all(
            column.name in left or not re.search(rf"\b{column.name}\b", view.definition) for column in before.columns
        )

    def _happens(self, probability: float) -> bool:
        return self._random.random() < probability

    def _most(self, items: Iterable[T]) -> tuple[T, ...]:
        return tuple(item for item in items if not self._happens(0.1))

    def _enum(self, enum: Enum) -> Enum:
        values = list(enum.values)
        if self._happens(0.1):
            values.insert(self._random.randrange(len(values) + 1), "new value")
        elif self._happens(0.05):
            self._random.shuffle(values)
        return replace(enum, values=tuple(values), comment="other" if self._happens(0.2) else enum.comment)

    def _table(self, table: Table, gone: set[QName], enums: dict[QName | None, Enum]) -> Table:
        spoken = " ".join(column.generated.text for column in table.columns if column.generated)
        uniques = [key.columns for key in (*table.unique, *filter(None, [table.primary_key]))]
        unique_indexes = [index for index in table.indexes if index.enforces_uniqueness]
        referrers = [key for other in self._schema.tables for key in other.foreign_keys if key.references == table.name]
        spoken += f"{uniques} {unique_indexes} {referrers}"
        dropped = {column.name for column in table.columns if column.name not in spoken and self._happens(0.06)}

        def stands(*texts: str | None) -> bool:
            return not any(re.search(rf"\b{name}\b", text or "") for name in dropped for text in texts)

        columns = [self._column(table, column, enums) for column in table.columns if column.name not in dropped]
        references = [key for key in table.foreign_keys if key.references not in gone and stands(*key.columns)]
        return replace(
            table,
            columns=(*columns, *(column for column in NEW if self._happens(0.2))),
            unique=table.unique if referrers else self._most(table.unique),
            foreign_keys=self._most(references),
            checks=self._most(check for check in table.checks if stands(check.text)),
            indexes=self._most(index for index in table.indexes if stands(str(index))),
            comment="other" if self._happens(0.2) else table.comment,
        )

    def _column(self, table: Table, column: Column, enums: dict[QName | None, Enum]) -> Column:
        kind = column.type
        if kind.enum is not None:
            kind = replace(kind, enum=enums[kind.enum.name])
        elif kind.base == "character varying" and kind.args and self._happens(0.1):
            marks = "[]" * kind.dimensions
            kind = replace(kind, args=(kind.args[0] + 5,), text=f"character varying({kind.args[0] + 5}){marks}")
        elif kind.text == "integer" and not column.generated and self._happens(0.1):
            kind = replace(kind, text="bigint", base="bigint")
        keeps = column.name in table.key_columns
        return replace(
            column,
            type=kind,
            default=None if self._happens(0.1) else column.default,
            nullable=column.nullable if keeps or self._happens(0.9) else not column.nullable,
            identity="by default" if column.identity and self._happens(0.2) else column.identity,
            comment="it's new" if self._happens(0.1) else column.comment,
        )


@pytest.fixture(params=range(4))
def pair(request: pytest.FixtureRequest) -> tuple[Snapshot, Snapshot]:
    """Two schemas, each the school after random changes."""
    school = read_schema()
    seed = 2 * request.param
    first, second = (take_snapshot(Application(Chance(school, number).change())) for number in (seed, seed + 1))
    return first, second


def test_postgresql_becomes_what_the_schema_makes(
    postgres_server: PostgresServer, pair: tuple[Snapshot, Snapshot]
) -> None:
    def run(url: str, statements: Iterable[str]) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    with postgres_server.new_database() as changed:
        run(changed, _first(pair[0], "postgresql"))
        for old, new in (pair, pair[::-1]):
            run(changed, postgresql_statements.change(difference(old, new)))
            with postgres_server.new_database() as fresh:
                run(fresh, _first(new, "postgresql"))
                expected, found = (
                    {**catalog, "columns": {re.sub(r": \d+\.", ": ", line) for line in catalog["columns"]}}
                    for catalog in (read_catalog(fresh), read_catalog(changed))
                )
            assert differences(expected, found) == {}


def test_sqlite_becomes_what_the_schema_makes(pair: tuple[Snapshot, Snapshot]) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as changed:
        changed.executescript(";\n".join(_first(pair[0], "sqlite")))
        for old, new in (pair, pair[::-1]):
            for statement in sqlite_statements.change(difference(old, new)):
                changed.execute(statement)
            with closing(sqlite3.connect(":memory:")) as fresh:
                fresh.executescript(";\n".join(_first(new, "sqlite")))
                assert _lines(changed) == _lines(fresh)


def _first(snapshot: Snapshot, database: str) -> list[str]:
    """Return the statements of a first revision."""
    files = sorted(revision_modules(snapshot), key=lambda file: file.path)
    return [statement for file in files if file.path.startswith(database) for statement in file.up]


def _lines(connection: sqlite3.Connection) -> set[tuple[str, ...]]:
    """Return each statement of a database as its lines, whose order may differ."""
    query = "SELECT replace(sql, '\"' || name || '\" (', name || ' (') FROM sqlite_master WHERE sql IS NOT NULL"
    found = connection.execute(f"{query} AND name NOT LIKE 'sqlite%'")
    return {tuple(sorted(line.strip(" ,") for line in sql.splitlines())) for (sql,) in found}
