"""A table's expressions in the SQL of PostgreSQL and of SQLite.

For the database that the DDL is written for, an expression stays as it is. For the other one it is written from its
parsed form with the same meaning; where that cannot be done there is none, and `left_out` names it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from runner.ddl.dialects import dialect_named
from runner.ddl.expression_tree import Const
from runner.ddl.syntax.dialect import Dialect
from runner.generation.fastapi.postgresql_sql import PostgresqlWriter
from runner.generation.fastapi.sqlite_names import renamed_columns
from runner.generation.fastapi.sqlite_sql import SqliteWriter
from runner.generation.model.check_expressions import Unknown, uncast
from runner.generation.model.field_types import FieldType

if TYPE_CHECKING:
    from runner.ddl.expression_tree import Expression
    from runner.ddl.model import Check, Column, Index, IndexPart
    from runner.generation.fastapi.sql_writer import Place, SqlWriter
    from runner.generation.model.application_tables import ApplicationTable


class Database(Enum):
    """A database that a generated backend runs on."""

    POSTGRESQL = "PostgreSQL"
    SQLITE = "SQLite"


@dataclass(frozen=True, kw_only=True)
class TableSql:
    """The expressions of a table; `types` are those of its columns, `source` is the dialect of the DDL.

    `sqlite_names` are those of the columns that have another name in SQLite.
    """

    types: Mapping[str, FieldType]
    source: Dialect
    sqlite_names: Mapping[str, str]

    def sqlite_name(self, column: str) -> str:
        """Return the name of a column in SQLite."""
        return self.sqlite_names.get(column, column)

    def check(self, check: Check, target: Database) -> str | None:
        """Return a check; None where the database cannot say the same, or where the types of the columns say it."""
        own = self._is_own(target)
        if own and not (target is Database.SQLITE and _LIKE.search(check.text)):
            return check.text
        found = self._condition(check.expression, target)
        return None if found == _ALWAYS else found or (check.text if own else None)

    def is_in_types(self, check: Check, target: Database) -> bool:
        """Whether the types of the columns say what a check says."""
        return not self._is_own(target) and self._condition(check.expression, target) == _ALWAYS

    def reads_alike(self, text: str, expression: Expression | None) -> bool:
        """Whether both databases read a text as the same expression."""
        if expression is None or self.sqlite_names or _OF_ONE_DATABASE.search(text):
            return False
        if not _OF_BOTH.issuperset(_CALLED.findall(text.lower())):
            return False
        written = self._condition(expression, Database.POSTGRESQL)
        plain = written and written.replace("true", "1").replace("false", "0")
        return plain is not None and plain == self._condition(expression, Database.SQLITE)

    def generated(self, column: Column, target: Database) -> str | None:
        """Return the expression of a computed column; None where the database cannot compute it, or nothing is."""
        made = column.generated
        if made is None:
            return None
        like = self.types[column.name]
        if made.is_inlined and not self._is_own(target):
            return self._converted(made.expression, target, "generated", like)
        return self._written(made.text, made.expression, target, "generated", like)

    def where(self, index: Index, target: Database) -> str | None:
        """Return the condition of a partial index."""
        return index.where and self._written(index.where, index.condition, target, "index")

    def part(self, part: IndexPart, target: Database) -> str | None:
        """Return the expression of a part of an index."""
        return part.expression and self._written(part.expression, part.parsed, target, "index")

    def default(self, text: str, expression: Expression | None, target: Database, type_: FieldType) -> str | None:
        """Return a default of a column of this type; on SQLite moments always have the form of a backend."""
        written = None
        if not self._is_own(target) or (target is Database.SQLITE and type_.kind not in _AS_WRITTEN):
            written = self._converted(expression, target, "default", type_)
        if written is None and self._is_own(target):
            written = text
            if target is Database.POSTGRESQL:
                return written
        if written is None or isinstance(expression, Const) or _IN_BRACKETS.fullmatch(written):
            return written
        plain = written.upper() in _WORDS or is_literal(expression)
        if target is Database.POSTGRESQL and _NEEDS_NO_BRACKETS.fullmatch(written):
            return written
        return written if plain else f"({written})"

    # ---------------------------------------------------------------------------------------------------------- parts

    def _is_own(self, target: Database) -> bool:
        return self.source.postgresql_compatible if target is Database.POSTGRESQL else self.source.sqlite_compatible

    def _writer(self, target: Database, place: Place) -> SqlWriter:
        if target is Database.POSTGRESQL:
            return PostgresqlWriter(types=self.types, source=self.source, place=place)
        return SqliteWriter(types=self.types, source=self.source, place=place, names=self.sqlite_names)

    def _condition(self, expression: Expression | None, target: Database) -> str | None:
        try:
            return None if expression is None else self._writer(target, "check").whole_condition(expression)
        except Unknown:
            return None

    def _written(
        self, text: str, expression: Expression | None, target: Database, place: Place, like: FieldType | None = None
    ) -> str | None:
        own = self._is_own(target) or self.reads_alike(text, expression)
        return text if own else self._converted(expression, target, place, like)

    def _converted(
        self, expression: Expression | None, target: Database, place: Place, like: FieldType | None
    ) -> str | None:
        if expression is None:
            return None
        writer = self._writer(target, place)
        try:
            if place in _VALUES:
                return _VALUES[place](writer, expression, like)
            return writer.write(expression, like)
        except Unknown:
            return None


_VALUES: Mapping[Place, Callable[[SqlWriter, Expression, FieldType | None], str]] = {
    "default": lambda writer, expression, like: writer.default(expression, like),
    "generated": lambda writer, expression, like: writer.computed(expression, like),
}
_ALWAYS = "true"
_LIKE = re.compile(r"\blike\b", re.IGNORECASE)  # which has regard to case in a backend's connections to SQLite
# A cast, an array, a name in other quotes, a column after its table, which SQLite refuses in computed columns, or words
# between the arguments of a function.
_OF_ONE_DATABASE = re.compile(r"""(?i)::|[\[`]|["\w]\s*\.\s*["A-Z_]|\b(?:FROM|FOR|COLLATE)\b""")
_CALLED = re.compile(r"(\w+)\s*\(")
_OF_BOTH = frozenset({  # functions, and words that a parenthesis may follow
    "abs", "and", "between", "case", "check", "coalesce", "distinct", "else", "in", "is", "length", "like", "lower",
    "ltrim", "not", "nullif", "or", "replace", "round", "rtrim", "substr", "then", "trim", "upper", "when",
})  # fmt: skip
_NEEDS_NO_BRACKETS = re.compile(r"\w+\((?:[^()]|\([^()]*\))*\)|\w?'[^']*'")  # in a default of PostgreSQL
_IN_BRACKETS = re.compile(r"\((?:'[^']*'|[^()']|\((?:'[^']*'|[^()']|\((?:'[^']*'|[^()'])*\))*\))*\)")  # as a whole
_WORDS = frozenset({"CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "NULL"})
_AS_WRITTEN = frozenset({"text", "native", "integer", "number", "decimal", "json", "bytes", "enum"})


def is_literal(expression: Expression | None) -> bool:
    """Whether a default is a plain constant, which needs no parentheses."""
    return expression is not None and isinstance(uncast(expression), Const)


def table_sql(table: ApplicationTable, dialect: str) -> TableSql:
    """Return the expressions of a table of a schema in this dialect."""
    types = {name: field.type for name, field in table.fields.items()}
    return TableSql(types=types, source=dialect_named(dialect), sqlite_names=renamed_columns(types))
