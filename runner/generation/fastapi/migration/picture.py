"""What PostgreSQL and SQLite hold once the migrations have run: parts that are compared by their SQL.

A picture is what the manifest remembers, so it goes to JSON and comes back from it. It is of the databases and not of
the DDL: two texts that make the same database have the same picture.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from runner.generation.fastapi.sql_names import quote

ConstraintKind = Literal["PRIMARY KEY", "UNIQUE", "UNIQUE NULLS NOT DISTINCT", "CHECK", "FOREIGN KEY"]
_SERIALS = {"smallint": "smallserial", "integer": "serial", "bigint": "bigserial"}


def columns_sql(names: tuple[str, ...]) -> str:
    """Return names as SQL, with commas between."""
    return ", ".join(quote(name) for name in names)


def text_sql(value: str | None) -> str:
    """Return a text as SQL; None is NULL."""
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


def within(schema: str | None, name: str) -> str:
    """Return a name as SQL, with its schema outside the default one."""
    return f"{quote(schema)}.{quote(name)}" if schema else quote(name)


@dataclass(frozen=True, kw_only=True, slots=True)
class ColumnPart:
    """A column. Types and expressions are SQL.

    `sequence` is that of a serial column, which then has no `default` here. `generated` is `STORED (…)` or
    `VIRTUAL (…)`. `sqlite_type` and `sqlite_default` are what SQLite has in place of `type` and `default`.
    """

    name: str
    type: str
    default: str | None = None
    not_null: bool = False
    identity: Literal["always", "by default"] | None = None
    generated: str | None = None
    collation: str | None = None
    sequence: str | None = None
    comment: str | None = None
    sqlite_type: str = ""
    sqlite_default: str | None = None

    @property
    def line(self) -> str:
        """The column as CREATE TABLE has it in PostgreSQL."""
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
        """Whether rows that are there get a value when the column is added."""
        return bool(self.default or self.identity or self.generated or self.sequence)

    @property
    def item_type(self) -> str:
        """The type without array marks."""
        return self.type.rstrip("[]")


@dataclass(frozen=True, kw_only=True, slots=True)
class ConstraintPart:
    """A key, reference or check. `rest` is what follows the columns, of a check all that follows the word."""

    name: str
    kind: ConstraintKind
    columns: tuple[str, ...] = ()
    target: str | None = None  # of a reference: the table as SQL
    target_columns: tuple[str, ...] = ()
    rest: str = ""

    @property
    def sql(self) -> str:
        """All behind CONSTRAINT and the name."""
        if self.kind == "CHECK":
            return f"CHECK {self.rest}"
        leads = f" REFERENCES {self.target} ({columns_sql(self.target_columns)})" if self.target else ""
        return f"{self.kind} ({columns_sql(self.columns)}){leads}{self.rest}"

    @property
    def is_key(self) -> bool:
        """Whether references can lead to its columns."""
        return self.kind not in ("CHECK", "FOREIGN KEY")


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexPart:
    """An index that is not a constraint's own. `sql` is all behind the table's name; `columns` the plain ones."""

    name: str
    columns: tuple[str, ...]
    sql: str
    unique: bool = False
    comment: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SqlitePart:
    """A table as SQLite has it: the lines of its CREATE TABLE and its indexes, each as a whole statement by name.

    `stored` are the columns that hold values of their own; `numbered` says that SQLite counts its keys up.
    """

    name: str
    lines: tuple[str, ...]
    stored: tuple[str, ...]
    numbered: bool = False
    indexes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class TablePart:
    """A table; `schema` is None in the default one."""

    schema: str | None
    name: str
    columns: tuple[ColumnPart, ...]
    constraints: tuple[ConstraintPart, ...] = ()
    indexes: tuple[IndexPart, ...] = ()
    comment: str | None = None
    sqlite: SqlitePart

    @property
    def key(self) -> tuple[str | None, str]:
        """Its schema and name."""
        return self.schema, self.name

    @property
    def sql(self) -> str:
        """Its name in PostgreSQL."""
        return within(self.schema, self.name)

    @property
    def label(self) -> str:
        """Its name as a person says it."""
        return f"{self.schema}.{self.name}" if self.schema else self.name

    def column(self, name: str) -> ColumnPart | None:
        """Return a column by name."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class TypePart:
    """An enum, with its `values`, or a domain, with all behind AS in `definition`."""

    schema: str | None
    name: str
    values: tuple[str, ...] = ()
    definition: str | None = None
    comment: str | None = None

    @property
    def key(self) -> tuple[str | None, str]:
        """Its schema and name."""
        return self.schema, self.name

    @property
    def sql(self) -> str:
        """Its name in PostgreSQL."""
        return within(self.schema, self.name)

    @property
    def word(self) -> Literal["DOMAIN", "TYPE"]:
        """What it is called in statements."""
        return "TYPE" if self.definition is None else "DOMAIN"

    @property
    def create(self) -> str:
        """The statement that makes it."""
        values = ", ".join(text_sql(value) for value in self.values)
        return f"CREATE {self.word} {self.sql} AS {self.definition or f'ENUM ({values})'}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """Both databases. `sequences` are those, as SQL, that no serial column makes."""

    extensions: tuple[str, ...] = ()
    schemas: tuple[str, ...] = ()
    types: tuple[TypePart, ...] = ()
    sequences: tuple[str, ...] = ()
    tables: tuple[TablePart, ...] = ()


# ---------------------------------------------------------------------------------------------------------------- JSON


def to_json(picture: Picture) -> dict[str, Any]:
    """Return a picture as JSON types; what is empty is left out."""
    found = _without_empty(asdict(picture))
    return found if isinstance(found, dict) else {}


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_empty(item) for key, item in value.items() if item not in (None, (), "", False)}
    return [_without_empty(item) for item in value] if isinstance(value, tuple | list) else value


def from_json(told: dict[str, Any]) -> Picture:
    """Return the picture that `to_json` wrote. Raises KeyError, TypeError or AttributeError where it did not."""
    return Picture(
        extensions=tuple(told.get("extensions", ())),
        schemas=tuple(told.get("schemas", ())),
        types=tuple(TypePart(**{"schema": None, **_tuples(part)}) for part in told.get("types", ())),
        sequences=tuple(told.get("sequences", ())),
        tables=tuple(_table(part) for part in told.get("tables", ())),
    )


def _table(told: dict[str, Any]) -> TablePart:
    lists = {"columns": ColumnPart, "constraints": ConstraintPart, "indexes": IndexPart}
    parts = {key: tuple(make(**_needed(key, part)) for part in told.get(key, ())) for key, make in lists.items()}
    kept = {"lines": (), "stored": (), **_tuples(told["sqlite"])}
    sqlite = SqlitePart(**kept | {"indexes": tuple((name, sql) for name, sql in kept.get("indexes", ()))})
    return TablePart(schema=told.get("schema"), name=told["name"], comment=told.get("comment"), sqlite=sqlite, **parts)


def _needed(key: str, told: dict[str, Any]) -> dict[str, Any]:
    return {"columns": (), **_tuples(told)} if key == "indexes" else _tuples(told)


def _tuples(told: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in told.items()}
