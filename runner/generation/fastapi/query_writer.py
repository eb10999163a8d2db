"""Queries of views in the SQL of a database, from their parsed form; where a part has no equivalent there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runner.ddl.dialects import dialect_named
from runner.ddl.expression_tree import ColumnRef, Const, Expression, Operation
from runner.ddl.views import Select, SetOperation
from runner.generation.encoders.sql_text import quote
from runner.generation.fastapi.postgresql_sql import PostgresqlWriter
from runner.generation.fastapi.resources import resource
from runner.generation.fastapi.sql_names import type_name
from runner.generation.fastapi.sql_writer import SqlWriter
from runner.generation.fastapi.sqlite_sql import SqliteWriter
from runner.generation.fastapi.translation import Database
from runner.generation.model.application import Application
from runner.generation.model.check_expressions import Unknown
from runner.generation.model.field_types import MOMENTS, NUMERIC, FieldType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runner.ddl.qualified_name import QName
    from runner.ddl.views import Query, Source

_JOINS = {"inner": "JOIN", "left": "LEFT JOIN", "cross": "CROSS JOIN"}
_INTEGER = FieldType(kind="integer", name="bigint", bits=64)
_TEXT = FieldType(kind="text", name="text")
_AGGREGATES = frozenset({"count", "count distinct", "sum", "avg", "min", "max", "string_agg"})
_INDENT = "    "


def written_query(application: Application, view: QName, database: Database) -> str | None:
    """Return the query of a view in the SQL of a database; None where it cannot say the same."""
    found = resource(application, view)
    query = found.table.ddl.view.query if found.table.ddl.view else None
    if query is None:
        return None
    is_postgresql = database is Database.POSTGRESQL
    names = [found.sql.sqlite_name(name) if not is_postgresql else name for name in found.columns]
    types = [column.type.postgresql if is_postgresql else None for column in found.columns.values()]
    try:
        return _QueryWriter(application, database).text(query, [*zip(names, types, strict=True)])
    except Unknown:
        return None


def empty_views(application: Application) -> Iterator[tuple[QName, Database]]:
    """Yield the views that have no rows on a database, since it cannot say the same as their queries."""
    for table in application.tables:
        for database in Database if table.is_view else ():
            if not is_as_written(application, database) and not written_query(application, table.ddl.name, database):
                yield table.ddl.name, database


def is_as_written(application: Application, database: Database) -> bool:
    """Whether a database takes the views of a schema as the DDL writes them."""
    dialect = dialect_named(application.schema.dialect)
    return dialect.postgresql_compatible if database is Database.POSTGRESQL else dialect.sqlite_compatible


@dataclass(frozen=True, kw_only=True)
class _SelectWriter(SqlWriter):
    """Writes the expressions of one SELECT: qualified columns and aggregates beside what any expression has.

    `columns` are the names in the database by those in the query.
    """

    columns: Mapping[str, str] = field(default_factory=dict)

    def write(self, expression: Expression, like: FieldType | None = None) -> str:
        if isinstance(expression, ColumnRef):
            if expression.name not in self.columns:
                raise Unknown(expression.name)
            return self.columns[expression.name]
        if isinstance(expression, Operation) and expression.op in _AGGREGATES:
            return self.aggregate(expression)
        return super().write(expression, like)

    def aggregate(self, operation: Operation) -> str:
        """Return an aggregate over the rows of a group."""
        if not operation.args:
            return "count(*)"
        name, _, distinct = operation.op.partition(" ")
        return f"{name}({f'{distinct.upper()} ' if distinct else ''}{self.write(operation.args[0])})"

    def type_of(self, expression: Expression) -> FieldType | None:
        if isinstance(expression, Operation) and expression.op in _AGGREGATES:
            return self._type_of_aggregate(expression)
        return super().type_of(expression)

    def _type_of_aggregate(self, operation: Operation) -> FieldType | None:
        if operation.op in ("count", "count distinct"):
            return _INTEGER
        if operation.op == "string_agg":
            return _TEXT
        inner = self.type_of(operation.args[0])
        if operation.op in ("min", "max") or inner is None:
            return inner
        if self.source.sqlite_compatible:
            is_whole = operation.op == "sum" and inner.kind == "integer"
            return _INTEGER if is_whole else FieldType(kind="number", name="double precision", bits=64)
        return inner if inner.kind == "number" else FieldType(kind="decimal", name="numeric")


@dataclass(frozen=True, kw_only=True)
class _PostgresqlSelect(_SelectWriter, PostgresqlWriter):
    """Writes the expressions of one SELECT for PostgreSQL."""

    def comparison(self, operation: Operation, like: FieldType | None = None) -> str:
        """Return a comparison of values of like kinds, which alone PostgreSQL compares."""
        kinds = {_comparable(self.kind(part)) for part in operation.args if not isinstance(part, Const)}
        if len(kinds - {None}) > 1:
            raise Unknown(operation.op)
        return super().comparison(operation, like)

    def aggregate(self, operation: Operation) -> str:
        """Return an aggregate over the rows of a group."""
        if operation.op == "string_agg":
            value, between = operation.args
            return f"string_agg({self.text(value)}, {self.write(between)})"
        if operation.op in ("sum", "avg"):
            return f"{operation.op}({self.number(operation.args[0])})"
        return super().aggregate(operation)


@dataclass(frozen=True, kw_only=True)
class _SqliteSelect(_SelectWriter, SqliteWriter):
    """Writes the expressions of one SELECT for SQLite."""

    def aggregate(self, operation: Operation) -> str:
        """Return an aggregate over the rows of a group; sums of decimals are exact to their places."""
        if operation.op == "string_agg":
            value, between = operation.args
            return f"group_concat({self.text(value)}, {self.write(between)})"
        if operation.op in ("sum", "avg"):
            (value,) = operation.args
            if self.kind(value) not in NUMERIC or self._is_long(value):
                raise Unknown(operation.op)
            text = f"{operation.op}({self.write(value)})"
            is_exact = operation.op == "sum" and self.kind(value) == "decimal"
            return f"round({text}, {self._places(value)})" if is_exact else text
        if operation.args and operation.op in ("min", "max") and self._is_long(operation.args[0]):
            raise Unknown(operation.op)
        return super().aggregate(operation)

    def _places(self, expression: Expression) -> int:
        if isinstance(expression, Operation) and expression.op in _AGGREGATES:
            return self._places(expression.args[0]) if expression.op != "avg" and expression.args else 0
        return super()._places(expression)


def _comparable(kind: str | None) -> str | None:
    return "number" if kind in NUMERIC else "moment" if kind in MOMENTS else kind


@dataclass(frozen=True, slots=True)
class _QueryWriter:
    """Writes queries over the tables of an application; `outputs` are names of columns with types to cast them to."""

    application: Application
    database: Database

    def text(self, query: Query, outputs: list[tuple[str, str | None]]) -> str:
        """Return a query as SQL, over several lines. Raises `Unknown` where the database cannot say the same."""
        if isinstance(query, SetOperation):
            return f"\n{query.operator}\n".join(self.text(part, outputs) for part in (query.left, query.right))
        writer = self._writer(query)
        if self.database is Database.POSTGRESQL:
            _check_groups(query, self.application)
        lines = ["SELECT DISTINCT" if query.distinct else "SELECT"]
        values = zip(query.values, outputs, strict=True)
        lines.append(",\n".join(_INDENT + _output(writer, value, *output) for (_, value), output in values))
        lines += self._sources(query.sources, writer)
        lines += [f"WHERE {writer.whole_condition(query.where)}"] if query.where is not None else []
        lines += [f"GROUP BY {', '.join(map(writer.write, query.groups))}"] if query.groups else []
        lines += [f"HAVING {writer.whole_condition(query.having)}"] if query.having is not None else []
        return "\n".join(lines)

    def _writer(self, query: Select) -> _SelectWriter:
        types: dict[str, FieldType] = {}
        columns: dict[str, str] = {}
        for source in query.sources:
            for name, (type_, own) in self._columns(source).items():
                types[f"{source.alias}.{name}"] = type_
                columns[f"{source.alias}.{name}"] = f"{quote(source.alias)}.{quote(own)}"
        dialect = dialect_named(self.application.schema.dialect)
        kind = _PostgresqlSelect if self.database is Database.POSTGRESQL else _SqliteSelect
        return kind(types=types, source=dialect, place="check", columns=columns)

    def _columns(self, source: Source) -> Mapping[str, tuple[FieldType, str]]:
        """Return the columns of a source with their types and names in the database."""
        if source.table is not None:
            found = resource(self.application, source.table)
            is_sqlite = self.database is Database.SQLITE
            return {
                name: (one.type, found.sql.sqlite_name(name) if is_sqlite else name)
                for name, one in found.table.fields.items()
            }
        query = source.query
        while isinstance(query, SetOperation):
            query = query.left
        if query is None:
            raise Unknown(source.alias)
        writer = self._writer(query)
        return {name: (writer.type_of(value) or _TEXT, name) for name, value in query.values}

    def _sources(self, sources: Iterable[Source], writer: _SelectWriter) -> Iterator[str]:
        for source in sources:
            word = _JOINS[source.join] if source.join else "FROM"
            on = f" ON {writer.whole_condition(source.on)}" if source.on is not None else ""
            text, alias = self._source(source), quote(source.alias)
            yield f"{word} {text if text == alias else f'{text} AS {alias}'}{on}"

    def _source(self, source: Source) -> str:
        if source.table is None and source.query is not None:
            names = [(name, None) for name in self._columns(source)]
            inner = self.text(source.query, [*names]).replace("\n", f"\n{_INDENT}")
            return f"(\n{_INDENT}{inner}\n)"
        if source.table is None:
            raise Unknown(source.alias)
        table = self.application.table(source.table)
        if self.database is Database.SQLITE:
            return quote(table.names.flat)
        return type_name(source.table, self.application.names.common.home)


def _output(writer: _SelectWriter, value: Expression, name: str, type_: str | None) -> str:
    text = writer.write(value)
    if type_ is not None and not isinstance(value, ColumnRef):
        text = f"CAST({text} AS {type_})"
    own = quote(name)
    return text if text.endswith(f".{own}") else f"{text} AS {own}"


def _check_groups(query: Select, application: Application) -> None:
    """Raise `Unknown` for a value that PostgreSQL requires to be grouped, and that other databases choose a row for."""
    if not query.groups and not any(map(_has_aggregate, (value for _, value in query.values))):
        return
    groups = set(query.groups)
    for source in query.sources:
        table = application.table(source.table) if source.table is not None else None
        key = {ColumnRef(name=f"{source.alias}.{name}") for name in table.ddl.key_columns} if table else set()
        if table is not None and not table.is_view and key and key <= groups:
            groups |= {ColumnRef(name=f"{source.alias}.{name}") for name in table.fields}
    loose = [value for _, value in query.values] + ([query.having] if query.having is not None else [])
    if not all(_is_grouped(value, groups) for value in loose):
        raise Unknown("GROUP BY")


def _has_aggregate(value: Expression) -> bool:
    return isinstance(value, Operation) and (value.op in _AGGREGATES or any(map(_has_aggregate, value.args)))


def _is_grouped(value: Expression, groups: set[Expression]) -> bool:
    if value in groups or isinstance(value, Const):
        return True
    if isinstance(value, Operation):
        return value.op in _AGGREGATES or all(_is_grouped(part, groups) for part in value.args)
    return False
