"""Snapshots of the schemas of the databases after the migrations: parts that are compared by their SQL.

The manifest stores a snapshot as JSON. It describes the databases and not the DDL: two texts that create the same
database have the same snapshot.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from runner.generation.encoders.sql_text import quote, text_sql
from runner.generation.fastapi.sql_names import columns_sql, qualified

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
    columns: tuple[str, ...]
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
    lines: tuple[str, ...]
    stored: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...] = ()
    numbered: bool = False
    indexes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class MysqlSnapshot:
    """A table in MySQL or MariaDB: its name and options as SQL, and its parts as pairs of name and SQL.

    `columns` are what follows their names, `keys` also the checks. `references` are the foreign keys.
    """

    name: str
    columns: tuple[tuple[str, str], ...]
    keys: tuple[tuple[str, str], ...] = ()
    references: tuple[tuple[str, str], ...] = ()
    options: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class TableSnapshot:
    """A table; `schema` is None in the default one, `mysql` where the schema is not written for it."""

    schema: str | None
    name: str
    columns: tuple[ColumnSnapshot, ...]
    constraints: tuple[ConstraintSnapshot, ...] = ()
    indexes: tuple[IndexSnapshot, ...] = ()
    comment: str | None = None
    sqlite: SqliteSnapshot
    mysql: MysqlSnapshot | None = None

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

    def column(self, name: str) -> ColumnSnapshot | None:
        """Return a column by name."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class TypeSnapshot:
    """An enum with its `values`, or a domain or composite type with the SQL after AS as its `definition`.

    `after` is the table, as SQL, whose row type it is made of.
    """

    schema: str | None
    name: str
    values: tuple[str, ...] = ()
    definition: str | None = None
    comment: str | None = None
    after: str | None = None

    @property
    def key(self) -> tuple[str | None, str]:
        """Its schema and name."""
        return self.schema, self.name

    @property
    def sql(self) -> str:
        """Its name in PostgreSQL."""
        return qualified(self.schema, self.name)

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
class ViewSnapshot:
    """A view: the statements that create it on the databases, without its name's schema on SQLite.

    `mysql` is empty where the schema is not written for MySQL.

    `columns` pairs names with types: a query with `*` may get others while its text stays. `uses` are the tables and
    views that it reads, as SQL. A materialized view may have `indexes`; `comments` pairs columns with comments.
    """

    schema: str | None
    name: str
    flat: str  # its name in SQLite
    create: str
    sqlite: str
    columns: tuple[tuple[str, str], ...]
    uses: tuple[str, ...] = ()
    is_materialized: bool = False
    indexes: tuple[IndexSnapshot, ...] = ()
    comment: str | None = None
    comments: tuple[tuple[str, str], ...] = ()
    mysql: str = ""

    @property
    def sql(self) -> str:
        """Its name in PostgreSQL."""
        return qualified(self.schema, self.name)

    @property
    def label(self) -> str:
        """Its name for people."""
        return f"{self.schema}.{self.name}" if self.schema else self.name

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
    """Return a snapshot as JSON types, without empty values."""
    found = _without_empty(asdict(snapshot))
    return found if isinstance(found, dict) else {}


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_empty(item) for key, item in value.items() if item not in (None, (), "", False)}
    return [_without_empty(item) for item in value] if isinstance(value, tuple | list) else value


def from_json(data: dict[str, Any]) -> Snapshot:
    """Return the snapshot of `to_json`. Raises KeyError, TypeError or AttributeError for anything else."""
    return Snapshot(
        extensions=tuple(data.get("extensions", ())),
        extension_schemas=tuple((name, schema) for name, schema in data.get("extension_schemas", ())),
        schemas=tuple(data.get("schemas", ())),
        collations=tuple((name, sql) for name, sql in data.get("collations", ())),
        types=tuple(TypeSnapshot(**{"schema": None, **_tuples(part)}) for part in data.get("types", ())),
        functions=tuple(FunctionSnapshot(**part) for part in data.get("functions", ())),
        sequences=tuple(data.get("sequences", ())),
        tables=tuple(_table(part) for part in data.get("tables", ())),
        views=tuple(_view(part) for part in data.get("views", ())),
        triggers=tuple(TriggerSnapshot(**part) for part in data.get("triggers", ())),
        objects=tuple(StoredObject(**part) for part in data.get("objects", ())),
    )


def _view(data: dict[str, Any]) -> ViewSnapshot:
    kept = {"schema": None, "columns": (), **_tuples(data)}
    pairs = {name: tuple((first, second) for first, second in kept.get(name, ())) for name in ("columns", "comments")}
    indexes = tuple(IndexSnapshot(**_needed("indexes", part)) for part in data.get("indexes", ()))
    return ViewSnapshot(**kept | pairs | {"indexes": indexes})


def _table(data: dict[str, Any]) -> TableSnapshot:
    lists = {"columns": ColumnSnapshot, "constraints": ConstraintSnapshot, "indexes": IndexSnapshot}
    parts = {key: tuple(make(**_needed(key, part)) for part in data.get(key, ())) for key, make in lists.items()}
    kept = {"lines": (), "stored": (), **_tuples(data["sqlite"])}
    pairs = {name: tuple((first, second) for first, second in kept.get(name, ())) for name in ("indexes", "renamed")}
    sqlite = SqliteSnapshot(**kept | pairs)
    return TableSnapshot(
        schema=data.get("schema"),
        name=data["name"],
        comment=data.get("comment"),
        sqlite=sqlite,
        mysql=_mysql(data.get("mysql")),
        **parts,
    )


def _mysql(data: dict[str, Any] | None) -> MysqlSnapshot | None:
    if data is None:
        return None
    names = ("columns", "keys", "references")
    pairs = {name: tuple((first, second) for first, second in data.get(name, ())) for name in names}
    return MysqlSnapshot(name=data["name"], options=data.get("options", ""), **pairs)


def _needed(key: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"columns": (), **_tuples(data)} if key == "indexes" else _tuples(data)


def _tuples(data: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
