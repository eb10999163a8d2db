"""What is known of the schema while its statements are folded in, one after the other: drafts that may still change."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from runner.ddl.model import (
    Check,
    Default,
    Dialect,
    Enum,
    ForeignKey,
    Generated,
    Index,
    Key,
    Note,
    QName,
    TableKind,
)
from runner.ddl.types import TypeRef

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Path = tuple[str, ...]


@dataclass(kw_only=True, slots=True)
class ColumnDraft:
    """A column whose type is still a reference."""

    name: str
    type: TypeRef
    line: int
    nullable: bool = True
    default: Default | None = None
    identity: Literal["always", "by default"] | None = None
    auto_increment: bool = False
    generated: Generated | None = None
    on_update: str | None = None
    collation: str | None = None
    comment: str | None = None
    former: tuple[str, ...] = ()


@dataclass(kw_only=True)
class TableDraft:
    """A table as far as it is known."""

    name: QName
    line: int
    file: str
    columns: list[ColumnDraft] = field(default_factory=list)
    primary_key: Key | None = None
    unique: list[Key] = field(default_factory=list)
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    indexes: list[Index] = field(default_factory=list)
    comment: str | None = None
    kind: TableKind = "table"
    partition_of: QName | None = None
    inherits: list[QName] = field(default_factory=list)
    former: tuple[QName, ...] = ()

    def column(self, name: str) -> ColumnDraft | None:
        """Return a column by its exact name; `Catalog.column_name` tells how the table spells it."""
        return next((column for column in self.columns if column.name == name), None)

    def column_without_case(self, name: str) -> ColumnDraft | None:
        """Return a column by name where case does not count."""
        lower = name.lower()
        return next((column for column in self.columns if column.name.lower() == lower), None)


@dataclass(kw_only=True)
class DomainDraft:
    """A domain whose base type is still a reference."""

    name: QName
    type: TypeRef
    nullable: bool = True
    default: Default | None = None
    checks: list[Check] = field(default_factory=list)
    comment: str | None = None
    former: tuple[QName, ...] = ()


class Catalog:
    """The drafts by name, and how a name in a statement finds its object."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.default_schema = "public" if dialect == "postgres" else None
        self.current_schema = self.default_schema
        self.search_path: tuple[str, ...] = ("public",) if dialect == "postgres" else ()
        self.tables: dict[QName, TableDraft] = {}
        self.enums: dict[QName, Enum] = {}
        self.domains: dict[QName, DomainDraft] = {}
        self.composites: dict[QName, list[ColumnDraft]] = {}
        self.extension_schemas: dict[str, str | None] = {}
        self.notes: list[Note] = []
        self.warnings: list[str] = []

    # -------------------------------------------------------------------------------------------------- names

    def new_name(self, path: Path) -> QName:
        """Return the name that an object gets when it is created under `path` now."""
        if self.dialect == "sqlite":
            return QName(schema=None, name=path[-1])
        schema = path[-2] if len(path) > 1 else self.current_schema
        return QName(schema=schema, name=path[-1])

    def key(self, name: QName) -> QName:
        """Return the form of a table's name under which it is kept: SQLite knows no case."""
        return QName(schema=None, name=name.name.lower()) if self.dialect == "sqlite" else name

    def candidates(self, path: Path) -> Iterator[QName]:
        """Give the names that `path` may mean, the likeliest first."""
        yield self.new_name(path)
        if len(path) == 1 and self.dialect == "postgres":
            for schema in (*self.search_path, "public"):
                yield QName(schema=schema, name=path[0])

    def find(self, path: Path) -> TableDraft | None:
        """Return the table that `path` means, None where there is none."""
        return next(
            (self.tables[key] for name in self.candidates(path) if (key := self.key(name)) in self.tables),
            None,
        )

    def target(self, path: Path) -> QName:
        """Return the name of the table that a reference means, whether or not it is there yet."""
        found = self.find(path)
        return found.name if found else self.new_name(path)

    def column_name(self, table: TableDraft, name: str) -> str:
        """Return a column's name as the table spells it: only PostgreSQL tells case apart."""
        if self.dialect == "postgres":
            return name
        spelled = table.column(name) or table.column_without_case(name)
        return spelled.name if spelled else name

    def spelled(self, table: TableDraft, index: Index) -> Index:
        """Return an index with its columns spelled as the table spells them."""
        if self.dialect == "postgres":
            return index
        parts = (
            replace(part, column=self.column_name(table, part.column)) if part.column else part for part in index.parts
        )
        return replace(index, parts=tuple(parts))

    def set_search_path(self, schemas: Iterable[str]) -> None:
        """Take a new search path; new objects go to its first schema."""
        self.search_path = tuple(schema for schema in schemas if schema not in {"", "pg_catalog", "$user", '"$user"'})
        self.current_schema = self.search_path[0] if self.search_path else self.default_schema

    def start_file(self) -> None:
        """Forget what holds for one session only, since each file is loaded by its own."""
        if self.dialect == "postgres":
            self.set_search_path(("public",))

    # ------------------------------------------------------------------------------------------------- tables

    def add(self, table: TableDraft) -> None:
        """Take a new table in."""
        self.tables[self.key(table.name)] = table

    def remove(self, table: TableDraft) -> None:
        """Forget a table, and the partitions that fall with it."""
        for child in list(self.children(table)):
            if child.partition_of == table.name:
                self.remove(child)
        self.tables.pop(self.key(table.name), None)

    def rename(self, table: TableDraft, name: QName) -> None:
        """Give a table another name, in its place, and tell those that refer to it."""
        old = table.name
        self.tables = {(self.key(name) if draft is table else key): draft for key, draft in self.tables.items()}
        table.name = name
        table.former = (*table.former, old)
        for other in self.tables.values():
            other.foreign_keys = [
                replace(key, references=name) if key.references == old else key for key in other.foreign_keys
            ]
            other.partition_of = name if other.partition_of == old else other.partition_of
            other.inherits = [name if parent == old else parent for parent in other.inherits]

    def children(self, table: TableDraft) -> Iterator[TableDraft]:
        """Give the tables that are a partition of a table, or inherit from it."""
        if self.dialect != "postgres":
            return
        for other in self.tables.values():
            if other.partition_of == table.name or table.name in other.inherits:
                yield other

    def family(self, table: TableDraft, *, only: bool = False) -> list[TableDraft]:
        """Return a table and, but for ONLY, all below it."""
        found = [table]
        if not only:
            for child in self.children(table):
                found.extend(draft for draft in self.family(child) if draft not in found)
        return found
