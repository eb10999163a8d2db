"""The schema that agents work with: frozen, picklable records that depend on no SQL parser.

Names are as the database stores them (folded when unquoted). Types, defaults and checks keep their exact text beside
a parsed form; where there is no parsed form, only the text is reliable.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from runner.ddl.expression_tree import Expression
from runner.ddl.notes import Note
from runner.ddl.qualified_name import QName
from runner.ddl.views import View
from runner.records.json_values import field_names, values_of
from runner.records.message_pipe import CompactPickle

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

TableKind = Literal["table", "partitioned", "foreign", "view"]
FunctionKind = Literal["FUNCTION", "PROCEDURE", "AGGREGATE"]
ReferentialAction = Literal["NO ACTION", "RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT"]

# ------------------------------------------------------------------------------------------------------ parts


@dataclass(frozen=True, kw_only=True, slots=True)
class Enum(CompactPickle):
    """An enumerated type: its own in PostgreSQL; in MySQL the column's `enum(...)`, with `name` None.

    `former` are its names before the DDL renamed it, oldest first, as in all other records; `former_values` pairs a
    value's earlier name with its later one, in the order of the DDL.
    """

    name: QName | None
    values: tuple[str, ...]
    comment: str | None = None
    former: tuple[QName, ...] = ()
    former_values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class SqlType(CompactPickle):
    """The type of a column.

    `text` is what the database itself would print: PostgreSQL's format_type (`character varying(255)`, `text[]`,
    `public.gender_type`), MySQL's COLUMN_TYPE without display widths, SQLite as declared. `base` is its name
    without arguments, array marks and schema-less built-in noise (`character varying`, `timestamp with time zone`,
    `numeric`), in lower case for built-in types. `args` are the numbers in brackets. `dimensions` counts array
    dimensions. `enum` and `domain` name a type of the schema that it (or its element) is.
    """

    text: str
    base: str
    args: tuple[int, ...] = ()
    dimensions: int = 0
    enum: Enum | None = None
    domain: Domain | None = None
    unsigned: bool = False  # MySQL
    width: int | None = None  # MySQL: the display width of a number, where it is not the server's own
    is_binary: bool = False  # MySQL: a text with the attribute BINARY, which compares its bytes
    is_set: bool = False  # MySQL SET(...): `enum` holds its members


@dataclass(frozen=True, kw_only=True, slots=True)
class Default(CompactPickle):
    """A column's default: its source text, and its parsed form where it is simple enough to have one.

    The next value of a sequence is written `nextval('name')` in all dialects.
    """

    text: str
    expression: Expression | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Generated(CompactPickle):
    """A column that the database computes: `text` is the expression."""

    kind: Literal["stored", "virtual"]
    text: str
    expression: Expression | None = None  # its parsed form, where there is one
    is_inlined: bool = False  # whether `expression` has what functions of the schema return instead of their calls


@dataclass(frozen=True, kw_only=True, slots=True)
class Check(CompactPickle):
    """A CHECK: the text between its parentheses, the columns it refers to, its parsed form where there is one.

    `is_inlined` is whether `expression` has what functions of the schema return instead of their calls. `of_column` is
    the column whose definition contains it.
    """

    text: str
    name: str | None = None
    columns: tuple[str, ...] = ()
    expression: Expression | None = None
    is_inlined: bool = False
    no_inherit: bool = False
    of_column: str | None = None
    comment: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Domain(CompactPickle):
    """A domain: a base type with constraints of its own. Its checks refer to the value as the column `value`."""

    name: QName
    type: SqlType
    nullable: bool = True
    default: Default | None = None
    checks: tuple[Check, ...] = ()
    comment: str | None = None
    former: tuple[QName, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Composite(CompactPickle):
    """A composite type: its attributes with the text of their types, in order."""

    name: QName
    attributes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Function(CompactPickle):
    """A function, a procedure or an aggregate. `is_needed` is whether an expression or a view of the schema calls it.

    `text` is all of its statement after the name, `signature` the statement without the body, `arguments` what is
    between its parentheses.
    """

    name: QName
    arguments: str
    text: str
    signature: str
    kind: FunctionKind = "FUNCTION"
    is_needed: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Trigger(CompactPickle):
    """A trigger of a table or a view: `text` is its whole statement."""

    name: str
    table: QName
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Column(CompactPickle):
    """One column. `serial` columns have `default` nextval(...) and `serial` True.

    `identity` is PostgreSQL's; `auto_increment` is MySQL's, and SQLite's rowid alias. Columns of a primary key are not
    nullable, except in SQLite, which allows it. A column with `system_time` is written by the server only; its
    `default` is what a database without system versioning puts there. `former` are its earlier names.
    """

    name: str
    type: SqlType
    nullable: bool = True
    default: Default | None = None
    filled_with: Default | None = None  # the default that rows which were there got, and that was dropped afterwards
    identity: Literal["always", "by default"] | None = None
    auto_increment: bool = False
    serial: bool = False
    generated: Generated | None = None
    on_update: str | None = None  # MySQL ON UPDATE CURRENT_TIMESTAMP
    system_time: Literal["row start", "row end"] | None = None  # of MariaDB's system versioning
    character_set: str | None = None  # MySQL
    collation: str | None = None
    comment: str | None = None
    line: int = 0
    former: tuple[str, ...] = ()

    @property
    def is_assigned(self) -> bool:
        """Whether the database supplies the value where none is given: default, identity or generated."""
        return bool(self.default or self.identity or self.auto_increment or self.generated)


@dataclass(frozen=True, kw_only=True, slots=True)
class Key(CompactPickle):
    """A PRIMARY KEY or UNIQUE constraint over columns, in order.

    `without_overlaps` (PostgreSQL 18): the last column is a range, and ranges of rows that are equal in the other
    columns must not overlap.
    """

    columns: tuple[str, ...]
    name: str | None = None
    nulls_distinct: bool = True
    without_overlaps: bool = False
    deferrable: bool = False
    initially_deferred: bool = False
    comment: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ForeignKey(CompactPickle):
    """A foreign key. `references` may be a table that the DDL does not define; `columns` pair with `target_columns`.

    `period` (PostgreSQL 18): the last column is a range, which the ranges of the referenced rows must cover together.
    """

    columns: tuple[str, ...]
    references: QName
    target_columns: tuple[str, ...]
    name: str | None = None
    on_delete: ReferentialAction = "NO ACTION"
    on_update: ReferentialAction = "NO ACTION"
    set_columns: tuple[str, ...] = ()  # ON DELETE SET NULL (col, …)
    match: Literal["SIMPLE", "FULL"] = "SIMPLE"
    period: bool = False
    deferrable: bool = False
    initially_deferred: bool = False
    comment: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexPart(CompactPickle):
    """One part of an index: a column or an expression, with how it is sorted."""

    column: str | None
    expression: str | None = None
    parsed: Expression | None = None  # the form of `expression`, where it has one
    descending: bool = False
    nulls: Literal["first", "last"] | None = None
    operator_class: str | None = None
    collation: str | None = None
    length: int | None = None  # MySQL key prefix; of a unique index, `expression` is that prefix of the column


@dataclass(frozen=True, kw_only=True, slots=True)
class Index(CompactPickle):
    """An index that is not a constraint's own. `columns` are the plain column names, None for an expression."""

    name: str | None
    parts: tuple[IndexPart, ...]
    unique: bool = False
    method: str | None = None
    where: str | None = None
    condition: Expression | None = None  # the parsed form of `where`, where it has one
    include: tuple[str, ...] = ()
    nulls_distinct: bool = True
    comment: str | None = None

    @property
    def columns(self) -> tuple[str | None, ...]:
        """Plain column names in order; None where a part is an expression."""
        return tuple(part.column for part in self.parts)

    @property
    def enforces_uniqueness(self) -> bool:
        """Whether it enforces what a UNIQUE constraint over its columns would: all rows, columns only."""
        return self.unique and self.where is None and None not in self.columns


@dataclass(frozen=True, kw_only=True, slots=True)
class Exclusion(CompactPickle):
    """An EXCLUDE constraint (PostgreSQL): for no two rows each of `operators` is true of its part of the index.

    `operators` are as the DDL writes them, such as `&&` or `OPERATOR(public.=)`.
    """

    index: Index
    operators: tuple[str, ...]
    deferrable: bool = False
    initially_deferred: bool = False

    @property
    def name(self) -> str | None:
        """The name of the constraint and of its index."""
        return self.index.name

    @property
    def columns(self) -> tuple[str | None, ...]:
        """Plain column names in order; None where a part is an expression."""
        return self.index.columns


# --------------------------------------------------------------------------------------------------------------- tables


class _PickledFields:
    """Base of records that cache what they compute: the cached values are not pickled, but computed again."""

    def __getstate__(self) -> dict[str, Any]:
        kind: Any = type(self)
        return dict(zip(field_names(kind), values_of(self), strict=True))


@dataclass(frozen=True, kw_only=True)
class Table(_PickledFields):
    """One table or view after all statements of the DDL are applied. `former` are its earlier names.

    A view has a `view` with its query. Its key and its foreign keys are those of the tables that it reads, as far as
    its rows keep them.
    `options` are those that MySQL keeps with a table, such as ENGINE and COLLATE: pairs of name and value as SQL.
    """

    name: QName
    columns: tuple[Column, ...]
    primary_key: Key | None = None
    unique: tuple[Key, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[Check, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    indexes: tuple[Index, ...] = ()
    comment: str | None = None
    options: tuple[tuple[str, str], ...] = ()
    kind: TableKind = "table"
    partition_of: QName | None = None
    view: View | None = None
    line: int = 0
    former: tuple[QName, ...] = ()

    @cached_property
    def columns_by_name(self) -> Mapping[str, Column]:
        """The columns by name, in order."""
        return {column.name: column for column in self.columns}

    @property
    def key_columns(self) -> tuple[str, ...]:
        """Columns of the primary key; empty for a table without one."""
        return self.primary_key.columns if self.primary_key else ()


@dataclass(frozen=True, kw_only=True)
class Schema(_PickledFields):
    """All tables and types of one DDL, in the order in which they were defined.

    `tables` ends with the views whose columns are known, each after those that it reads. `tool_tables` are those
    that tools keep for themselves, such as `alembic_version`; they are not among `tables`.
    """

    dialect: str  # its name
    tables: tuple[Table, ...]
    enums: tuple[Enum, ...] = ()
    domains: tuple[Domain, ...] = ()
    notes: tuple[Note, ...] = ()
    warnings: tuple[str, ...] = ()
    default_schema: str | None = None  # `public` for PostgreSQL
    extensions: tuple[str, ...] = ()  # created by a PostgreSQL file; they supply types and operator classes
    extension_schemas: tuple[tuple[str, str], ...] = ()  # of those that are not in the default schema
    composites: tuple[Composite, ...] = ()
    tool_tables: tuple[Table, ...] = ()
    functions: tuple[Function, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    collations: tuple[tuple[str, str], ...] = ()  # created by a PostgreSQL file: name, and the SQL after it

    @cached_property
    def tables_by_name(self) -> Mapping[QName, Table]:
        """The tables by qualified name, in order."""
        return {table.name: table for table in self.tables}

    @cached_property
    def tables_by_label(self) -> Mapping[str, Table]:
        """The tables by their names for people, in order."""
        return {self.label(table.name): table for table in self.tables}

    @cached_property
    def positions(self) -> Mapping[QName, int]:
        """The place of each table in the DDL, from 0."""
        return {table.name: place for place, table in enumerate(self.tables)}

    @cached_property
    def partitions(self) -> Counter[QName]:
        """How many tables are partitions of each table; 0 for any other."""
        return Counter(table.partition_of for table in self.tables if table.partition_of is not None)

    @cached_property
    def reasons(self) -> Mapping[QName, tuple[str, ...]]:
        """The reasons of the notes that name a table, by its name."""
        found: dict[QName, tuple[str, ...]] = {}
        for note in self.notes:
            if note.table is not None:
                found[note.table] = (*found.get(note.table, ()), note.reason)
        return found

    def with_columns(self) -> Schema:
        """Return the schema without tables that have no columns (PostgreSQL): an application cannot show them."""
        tables = tuple(table for table in self.tables if table.columns)
        return self if len(tables) == len(self.tables) else replace(self, tables=tables)

    def with_tool_tables(self, labels: Collection[str]) -> Schema:
        """Return the schema with those of its tool tables that have one of these labels."""
        found = tuple(table for table in self.tool_tables if self.label(table.name) in labels)
        if not found:
            return self
        rest = tuple(table for table in self.tool_tables if table not in found)
        return replace(self, tables=(*self.tables, *found), tool_tables=rest)

    def label(self, name: QName) -> str:
        """Return a table's name for people: with its schema only outside the default one."""
        return name.name if name.schema == self.default_schema else str(name)
