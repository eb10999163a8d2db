"""Snapshots of the schemas of the databases after the migrations: parts that are compared by their SQL.

The manifest stores a snapshot as JSON. It describes the databases and not the DDL: two texts that create the same
database have the same snapshot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from runner.generation.encoders.sql_text import quote, text_sql
from runner.generation.fastapi.sql_names import columns_sql, qualified
from runner.records.json_values import from_json_value, to_json_value

ConstraintKind = Literal["PRIMARY KEY", "UNIQUE", "UNIQUE NULLS NOT DISTINCT", "CHECK", "FOREIGN KEY", "EXCLUDE"]
_SERIALS = {"smallint": "smallserial", "integer": "serial", "bigint": "bigserial"}


@dataclass(frozen=True, kw_only=True, slots=True)
class ColumnSnapshot:
    """A column. Types and expressions are SQL.

    `rejects_null` is whether its domain does. `fill` is the constant that existing rows get when the column is added.
    A serial column has a `sequence` and no `default`. `generated` is `STORED (…)` or `VIRTUAL (…)`. `sqlite_type` and
    `sqlite_default` are SQLite's `type` and `default`.
    """

    name: str
    type: str
    default: str | None = None
    not_null: bool = False
    rejects_null: bool = False
    fill: str | None = None
    identity: Literal["always", "by default"] | None = None
    generated: str | None = None
    collation: str | None = None
    sequence: str | None = None
    comment: str | None = None
    sqlite_type: str = ""
    sqlite_default: str | None = None

    @property
    def line(self) -> str:
        """The column's line in PostgreSQL's CREATE TABLE."""
        parts = [quote(self.name), _SERIALS.get(self.type, self.type) if self.sequence else self.type]
        parts += [f"COLLATE {quote(self.collation)}"] if self.collation else []
        if self.identity:
            parts.append(f"GENERATED {self.identity.upper()} AS IDENTITY")
        elif self.generated:
            kind, _, text = self.generated.partition(" ")
            parts.append(f"GENERATED ALWAYS AS {text} {kind}")
        elif self.default is not None:
            parts.append(f"DEFAULT {self.default}")
        return " ".join([*parts, "NOT NULL"] if self.not_null else parts)

    @property
    def fills_itself(self) -> bool:
        """Whether existing rows get a value when the column is added."""
        return bool(self.default or self.identity or self.generated or self.sequence)

    @property
    def needs_value(self) -> bool:
        """Whether no row may have NULL."""
        return self.not_null or self.rejects_null

    @property
    def lacks_value(self) -> bool:
        """Whether existing rows have no value when the column is added, though they need one."""
        return self.needs_value and not self.fills_itself and self.fill is None

    @property
    def item_type(self) -> str:
        """The type without array marks."""
        return self.type.rstrip("[]")


@dataclass(frozen=True, kw_only=True, slots=True)
class ConstraintSnapshot:
    """A key, foreign key, check or exclusion.

    `rest` is the SQL after the columns, of a check or an exclusion all after the keyword. `period` is whether the last
    column of a key is a range WITHOUT OVERLAPS, or that of a foreign key a PERIOD.
    """

    name: str
    kind: ConstraintKind
    columns: tuple[str, ...] = ()
    target: str | None = None  # of a foreign key: the table as SQL
    target_columns: tuple[str, ...] = ()
    rest: str = ""
    period: bool = False
    comment: str | None = None

    @property
    def sql(self) -> str:
        """The SQL after CONSTRAINT and the name."""
        if self.kind in ("CHECK", "EXCLUDE"):
            return f"{self.kind} {self.rest}"
        if self.target is None:
            overlaps = " WITHOUT OVERLAPS" if self.period else ""
            return f"{self.kind} ({columns_sql(self.columns)}{overlaps}){self.rest}"
        own, other = self._referring(self.columns), self._referring(self.target_columns)
        return f"{self.kind} ({own}) REFERENCES {self.target} ({other}){self.rest}"

    def _referring(self, columns: tuple[str, ...]) -> str:
        return f"{columns_sql(columns[:-1])}, PERIOD {quote(columns[-1])}" if self.period else columns_sql(columns)

    @property
    def is_key(self) -> bool:
        """Whether foreign keys can refer to its columns."""
        return self.kind not in ("CHECK", "FOREIGN KEY", "EXCLUDE")


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexSnapshot:
    """An index that no constraint owns. `sql` is all after the table's name; `columns` are plain columns.

    Servers that lack the operator class `needs`, such as that of an extension, get the index `otherwise` instead.
    """

    name: str
    columns: tuple[str, ...] = ()
    sql: str
    unique: bool = False
    comment: str | None = None
    needs: str = ""
    otherwise: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SqliteSnapshot:
    """A table in SQLite: the lines of its CREATE TABLE, and its indexes as pairs of name and statement.

    `stored` are the columns that are not computed, `renamed` those that have another name in SQLite, as pairs with it;
    `numbered` is whether SQLite assigns ascending keys.
    """

    name: str
    lines: tuple[str, ...] = ()
    stored: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    numbered: bool = False
    indexes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class MysqlSnapshot:
    """A table in MySQL or MariaDB: its name and options as SQL, and its parts as pairs of name and SQL.

    `columns` are what follows their names, `keys` also the checks. `references` are the foreign keys.
    """

    name: str
    columns: tuple[tuple[str, str], ...] = ()
    keys: tuple[tuple[str, str], ...] = ()
    references: tuple[tuple[str, str], ...] = ()
    options: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Named:
    """What has a name of its own in the databases; `schema` is None in the default one."""

    schema: str | None = None
    name: str

    @property
    def key(self) -> tuple[str | None, str]:
        """Its schema and name."""
        return self.schema, self.name

    @property
    def sql(self) -> str:
        """Its name in PostgreSQL."""
        return qualified(self.schema, self.name)

    @property
    def label(self) -> str:
        """Its name for people."""
        return f"{self.schema}.{self.name}" if self.schema else self.name


@dataclass(frozen=True, kw_only=True, slots=True)
class TableSnapshot(_Named):
    """A table; `mysql` is None where the schema is not written for it."""

    columns: tuple[ColumnSnapshot, ...] = ()
    constraints: tuple[ConstraintSnapshot, ...] = ()
    indexes: tuple[IndexSnapshot, ...] = ()
    comment: str | None = None
    sqlite: SqliteSnapshot
    mysql: MysqlSnapshot | None = None

    def column(self, name: str) -> ColumnSnapshot | None:
        """Return a column by name."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class TypeSnapshot(_Named):
    """An enum with its `values`, or a domain or composite type with the SQL after AS as its `definition`.

    `after` is the table, as SQL, whose row type it is made of.
    """

    values: tuple[str, ...] = ()
    definition: str | None = None
    comment: str | None = None
    after: str | None = None

    @property
    def word(self) -> Literal["DOMAIN", "TYPE"]:
        """Its keyword in statements."""
        return "TYPE" if self.definition is None or self.definition.startswith("(") else "DOMAIN"

    @property
    def create(self) -> str:
        """The statement that creates it."""
        values = ", ".join(text_sql(value) for value in self.values)
        return f"CREATE {self.word} {self.sql} AS {self.definition or f'ENUM ({values})'}"


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionSnapshot:
    """A function or an aggregate: its name with its arguments, and the statement that creates or replaces it.

    It is created after `position` of the types, or where it is made of the row type of a table `after` that.
    """

    sql: str
    create: str
    position: int = 0
    after: str | None = None
    kind: Literal["FUNCTION", "PROCEDURE", "AGGREGATE"] = "FUNCTION"


@dataclass(frozen=True, kw_only=True, slots=True)
class ViewSnapshot(_Named):
    """A view: the statements that create it on the databases, without its name's schema on SQLite.

    `mysql` is empty where the schema is not written for MySQL.

    `columns` pairs names with types: a query with `*` may get others while its text stays. `uses` are the tables and
    views that it reads, as SQL. A materialized view may have `indexes`; `comments` pairs columns with comments.
    """

    flat: str  # its name in SQLite
    create: str
    sqlite: str
    columns: tuple[tuple[str, str], ...] = ()
    uses: tuple[str, ...] = ()
    is_materialized: bool = False
    indexes: tuple[IndexSnapshot, ...] = ()
    comment: str | None = None
    comments: tuple[tuple[str, str], ...] = ()
    mysql: str = ""

    @property
    def word(self) -> Literal["VIEW", "MATERIALIZED VIEW"]:
        """Its keyword in statements of PostgreSQL."""
        return "MATERIALIZED VIEW" if self.is_materialized else "VIEW"


@dataclass(frozen=True, kw_only=True, slots=True)
class TriggerSnapshot:
    """A trigger: its table or view as SQL, and the statement that creates it."""

    name: str
    table: str
    create: str

    @property
    def sql(self) -> str:
        """Its name with that of its table, as statements have it."""
        return f"{quote(self.name)} ON {self.table}"


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredObject:
    """A function, procedure or trigger of MySQL, or a trigger of SQLite, with the statements that create and drop it.

    `database` is the only one that has it, the one whose dialect it is written in. A trigger has a `table` or view.
    """

    database: Literal["mysql", "sqlite"]
    kind: Literal["FUNCTION", "PROCEDURE", "TRIGGER"]
    name: str
    create: str
    drop: str
    table: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """All databases. `sequences` are those, as SQL, that no serial column creates.

    Each of the `views` comes after those that it reads.
    """

    extensions: tuple[str, ...] = ()
    extension_schemas: tuple[tuple[str, str], ...] = ()
    schemas: tuple[str, ...] = ()
    collations: tuple[tuple[str, str], ...] = ()
    types: tuple[TypeSnapshot, ...] = ()
    functions: tuple[FunctionSnapshot, ...] = ()
    sequences: tuple[str, ...] = ()
    tables: tuple[TableSnapshot, ...] = ()
    views: tuple[ViewSnapshot, ...] = ()
    triggers: tuple[TriggerSnapshot, ...] = ()
    objects: tuple[StoredObject, ...] = ()


# ---------------------------------------------------------------------------------------------------------------- JSON


def to_json(snapshot: Snapshot) -> dict[str, Any]:
    """Return a snapshot as JSON types, without empty values: each field that may be empty has that as its default."""
    found: dict[str, Any] = _without_empty(to_json_value(snapshot))
    return found


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_empty(item) for key, item in value.items() if item not in (None, [], "", False)}
    return [_without_empty(item) for item in value] if isinstance(value, list) else value


def from_json(data: dict[str, Any]) -> Snapshot:
    """Return the snapshot of `to_json`. Raises TypeError or AttributeError for anything else."""
    if _has_null(data):
        raise TypeError("a value is null")
    found: Snapshot = from_json_value(Snapshot, data)
    return found


def _has_null(value: Any) -> bool:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return value is None or any(map(_has_null, parts))
