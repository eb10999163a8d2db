"""The schema while its statements are applied one after the other: drafts that later statements may still change."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from runner.ddl.model import Check, Default, Enum, FunctionKind, Index, TableKind
from runner.ddl.qualified_name import QName
from runner.ddl.syntax.column_types import TypeReference
from runner.ddl.syntax.table_body import ColumnDraft, TableParts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runner.ddl.notes import Note
    from runner.ddl.syntax.dialect import Dialect

NamePath = tuple[str, ...]  # the parts of a dotted name


@dataclass(kw_only=True)
class TableDraft(TableParts):
    """A table after the statements so far."""

    name: QName
    line: int
    file: str
    comment: str | None = None
    options: dict[str, str] = field(default_factory=dict)
    kind: TableKind = "table"
    partition_of: QName | None = None
    inherits: list[QName] = field(default_factory=list)
    has_children: bool = False  # a partition or an heir was added, and may have been removed since
    former: tuple[QName, ...] = ()

    def column(self, name: str) -> ColumnDraft | None:
        """Return a column by its exact name; `Catalog.column_name` returns the table's spelling of a name."""
        return next((column for column in self.columns if column.name == name), None)

    def column_without_case(self, name: str) -> ColumnDraft | None:
        """Return a column by name, ignoring case."""
        lower = name.lower()
        return next((column for column in self.columns if column.name.lower() == lower), None)


@dataclass(kw_only=True)
class DomainDraft:
    """A domain whose base type is still a reference."""

    name: QName
    type: TypeReference
    nullable: bool = True
    default: Default | None = None
    checks: list[Check] = field(default_factory=list)
    comment: str | None = None
    former: tuple[QName, ...] = ()


@dataclass(kw_only=True)
class ViewDraft:
    """A view: `definition` is all of its statement after the name, `query` its query alone.

    `columns` are the names that it gives its columns itself; `search_path` and `schema` are those in which its
    statement looks for names.
    """

    name: QName
    definition: str
    query: str
    columns: tuple[str, ...]
    is_materialized: bool
    search_path: tuple[str, ...]
    schema: str | None
    shown: str  # in notes
    file: str
    line: int
    comment: str | None = None
    column_comments: dict[str, str | None] = field(default_factory=dict)
    indexes: list[Index] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionDraft:
    """A function or an aggregate: `text` is all of its statement after the name.

    `signature` is the statement up to the body.
    """

    name: QName
    arguments: str
    text: str
    signature: str
    shown: str  # in notes
    language: str
    file: str
    kind: FunctionKind = "FUNCTION"
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcedureDraft:
    """A procedure's code; in SQL's own language its declarations are inside BEGIN."""

    text: str
    declares_inside: bool
    file: str
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class TriggerDraft:
    """A trigger with the name that its table or view had when it was created."""

    name: str
    table: QName
    text: str
    shown: str  # in notes
    file: str
    line: int


class Catalog:
    """The drafts by name, and the rules by which a name in a statement finds its object."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.default_schema = dialect.default_schema
        self.current_schema: str | None = None
        self.search_path: tuple[str, ...] = ()
        self.tables: dict[QName, TableDraft] = {}
        self.enums: dict[QName, Enum] = {}
        self.domains: dict[QName, DomainDraft] = {}
        self.composites: dict[QName, list[ColumnDraft]] = {}
        self.views: dict[QName, ViewDraft] = {}
        self.functions: dict[QName, list[FunctionDraft]] = {}
        self.triggers: dict[tuple[QName, str], TriggerDraft] = {}
        self.procedures: dict[str, ProcedureDraft] = {}  # by name in lower case, those with statements about tables
        self.virtual_tables: dict[str, str] = {}  # names in lower case, with their modules (SQLite)
        self.extension_schemas: dict[str, str | None] = {}
        self.collations: dict[str, str] = {}
        self.notes: list[Note] = []
        self.warnings: list[str] = []
        self.start_file()

    # -------------------------------------------------------------------------------------------------- names

    def new_name(self, path: NamePath) -> QName:
        """Return the name that an object gets when it is created as `path` now."""
        if not self.dialect.has_schemas:
            return QName(schema=None, name=path[-1])
        schema = path[-2] if len(path) > 1 else self.current_schema
        return QName(schema=schema, name=path[-1])

    def key(self, name: QName) -> QName:
        """Return the key under which a table is kept: its name, in lower case if the dialect ignores case."""
        return replace(name, name=name.name.lower()) if self.dialect.ignores_case_of_tables else name

    def candidates(self, path: NamePath) -> Iterator[QName]:
        """Yield the names that `path` may mean, the most likely first."""
        yield self.new_name(path)
        if len(path) == 1 and self.default_schema is not None:
            for schema in (*self.search_path, self.default_schema):
                yield QName(schema=schema, name=path[0])

    def find(self, path: NamePath) -> TableDraft | None:
        """Return the table that `path` means, None where there is none."""
        return next(
            (self.tables[key] for name in self.candidates(path) if (key := self.key(name)) in self.tables),
            None,
        )

    def find_view(self, path: NamePath) -> ViewDraft | None:
        """Return the view that `path` means, None where there is none."""
        return next((self.views[key] for name in self.candidates(path) if (key := self.key(name)) in self.views), None)

    def remove_view(self, path: NamePath) -> None:
        """Remove the view that `path` means, if there is one."""
        view = self.find_view(path)
        if view is not None:
            self.views.pop(self.key(view.name))

    def target(self, path: NamePath) -> QName:
        """Return the name of the table that a reference means, whether or not it is defined yet."""
        found = self.find(path)
        return found.name if found else self.new_name(path)

    def column_name(self, table: TableDraft, name: str) -> str:
        """Return a column's name as the table spells it."""
        if not self.dialect.ignores_case_of_columns:
            return name
        spelled = table.column(name) or table.column_without_case(name)
        return spelled.name if spelled else name

    def spelled(self, table: TableDraft, index: Index) -> Index:
        """Return an index with its columns spelled as the table spells them."""
        if not self.dialect.ignores_case_of_columns:
            return index
        parts = (
            replace(part, column=self.column_name(table, part.column)) if part.column else part for part in index.parts
        )
        return replace(index, parts=tuple(parts))

    def set_search_path(self, schemas: Iterable[str]) -> None:
        """Set the search path; new objects are created in its first schema."""
        self.search_path = tuple(schema for schema in schemas if schema not in {"", "pg_catalog", "$user", '"$user"'})
        self.current_schema = self.search_path[0] if self.search_path else self.default_schema

    def start_file(self) -> None:
        """Reset what lasts for one session only, since each file is loaded in a session of its own."""
        if self.default_schema is not None:
            self.set_search_path([self.default_schema])

    # ------------------------------------------------------------------------------------------------- tables

    def add(self, table: TableDraft) -> None:
        """Add a new table."""
        self.tables[self.key(table.name)] = table

    def remove(self, table: TableDraft) -> None:
        """Remove a table with its partitions and triggers."""
        for child in list(self.children(table)):
            if child.partition_of == table.name:
                self.remove(child)
        self.tables.pop(self.key(table.name), None)
        self.triggers = {key: draft for key, draft in self.triggers.items() if draft.table != table.name}

    def rename(self, table: TableDraft, name: QName) -> None:
        """Rename a table, in its place, and in everything that refers to it."""
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
        """Yield the tables that are a partition of a table, or inherit from it."""
        if not (self.dialect.has_inheritance and table.has_children):
            return
        for other in self.tables.values():
            if other.partition_of == table.name or table.name in other.inherits:
                yield other

    def family(self, table: TableDraft, *, only: bool = False) -> list[TableDraft]:
        """Return a table and, without ONLY, all of its descendants."""
        found = [table]
        if not only:
            for child in self.children(table):
                found.extend(draft for draft in self.family(child) if draft not in found)
        return found
