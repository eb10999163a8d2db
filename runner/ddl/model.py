"""The schema as the agents see it: frozen records, picklable, free of any SQL parser.

Names are as the database keeps them (folded when unquoted). Types, defaults and checks keep their exact text beside
a parsed form; where the parsed form is missing the text alone is right.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Dialect = Literal["postgres", "mysql", "sqlite"]
TableKind = Literal["table", "partitioned", "foreign"]
Action = Literal["NO ACTION", "RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT"]


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class QName:
    """A name with its schema; `schema` is None where the dialect has none (SQLite, MySQL without USE)."""

    schema: str | None
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


@dataclass(frozen=True, kw_only=True, slots=True)
class Enum:
    """An enumerated type: its own in PostgreSQL; in MySQL the column's `enum(...)`, with `name` None.

    `former` are the names that the DDL gave it before it renamed it, here as elsewhere the first one first;
    `former_values` pairs a value's earlier name with its later one, in the order of the DDL.
    """

    name: QName | None
    values: tuple[str, ...]
    comment: str | None = None
    former: tuple[QName, ...] = ()
    former_values: tuple[tuple[str, str], ...] = ()


# ------------------------------------------------------------------------------------------------ expressions


@dataclass(frozen=True, kw_only=True, slots=True)
class ColumnRef:
    """A column of the same table."""

    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Const:
    """A constant: text, exact number as text with `is_number`, boolean or NULL (None)."""

    value: str | bool | None
    is_number: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """An operation on arguments.

    `op` is one of `and or not`, `= <> < <= > >=`, `in` (the value, then the choices), `is null`, `is not null`,
    `like ilike ~ ~*` (the value, then the pattern; a negation is a `not` around it), `+ - * / %`, `neg`, `||`,
    `<@` (an array is part of another; `@>` is turned round), `array` (its elements), `interval` and `extract` (a
    constant says what), or a function's name in lower case (`length`, `lower`, `coalesce`, `now`, `current_date`, …).
    A cast is `cast` with the type's text as a second constant. SQL's three-valued logic holds: a check that is
    unknown passes.
    """

    op: str
    args: tuple[Expression, ...] = ()


Expression = ColumnRef | Const | Call


# ------------------------------------------------------------------------------------------------------ parts


@dataclass(frozen=True, kw_only=True, slots=True)
class SqlType:
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
    is_set: bool = False  # MySQL SET(...): `enum` holds its members


@dataclass(frozen=True, kw_only=True, slots=True)
class Default:
    """A column's default: its source text, and its parsed form where it is simple enough to have one."""

    text: str
    expression: Expression | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Generated:
    """A column that the database computes: `text` is the expression."""

    kind: Literal["stored", "virtual"]
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """A CHECK: the text between its brackets, the columns it speaks of, its parsed form where there is one."""

    text: str
    name: str | None = None
    columns: tuple[str, ...] = ()
    expression: Expression | None = None
    no_inherit: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Domain:
    """A domain: a base type with rules of its own. In its checks the value is the column `value`."""

    name: QName
    type: SqlType
    nullable: bool = True
    default: Default | None = None
    checks: tuple[Check, ...] = ()
    comment: str | None = None
    former: tuple[QName, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One column. `serial` columns have `default` nextval(...) and `serial` True.

    `identity` is PostgreSQL's; `auto_increment` MySQL's and SQLite's rowid alias. `nullable` is the column's own
    mark; columns of a primary key are not nullable except where SQLite lets them be. `former` are its earlier names.
    """

    name: str
    type: SqlType
    nullable: bool = True
    default: Default | None = None
    identity: Literal["always", "by default"] | None = None
    auto_increment: bool = False
    serial: bool = False
    generated: Generated | None = None
    on_update: str | None = None  # MySQL ON UPDATE CURRENT_TIMESTAMP
    collation: str | None = None
    comment: str | None = None
    line: int = 0
    former: tuple[str, ...] = ()

    @property
    def is_assigned(self) -> bool:
        """Whether the database gives the value where none is written: default, identity or generated."""
        return bool(self.default or self.identity or self.auto_increment or self.generated)


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """A PRIMARY KEY or UNIQUE constraint over columns, in order."""

    columns: tuple[str, ...]
    name: str | None = None
    nulls_distinct: bool = True
    deferrable: bool = False
    initially_deferred: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ForeignKey:
    """A reference. `references` may be a table that the DDL does not define; `columns` pair with `target_columns`."""

    columns: tuple[str, ...]
    references: QName
    target_columns: tuple[str, ...]
    name: str | None = None
    on_delete: Action = "NO ACTION"
    on_update: Action = "NO ACTION"
    set_columns: tuple[str, ...] = ()  # ON DELETE SET NULL (col, …)
    match: Literal["SIMPLE", "FULL"] = "SIMPLE"
    deferrable: bool = False
    initially_deferred: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexPart:
    """One part of an index: a column or an expression, with how it is sorted."""

    column: str | None
    expression: str | None = None
    descending: bool = False
    nulls: Literal["first", "last"] | None = None
    operator_class: str | None = None
    collation: str | None = None
    length: int | None = None  # MySQL key prefix


@dataclass(frozen=True, kw_only=True, slots=True)
class Index:
    """An index that is not a constraint's own. `columns` are the plain column names, None for an expression."""

    name: str | None
    parts: tuple[IndexPart, ...]
    unique: bool = False
    method: str | None = None
    where: str | None = None
    include: tuple[str, ...] = ()
    nulls_distinct: bool = True
    comment: str | None = None

    @property
    def columns(self) -> tuple[str | None, ...]:
        """Plain column names in order; None where a part is an expression."""
        return tuple(part.column for part in self.parts)

    @property
    def keeps_unique(self) -> bool:
        """Whether it makes its columns unique in every row, as a UNIQUE constraint would."""
        return self.unique and self.where is None and None not in self.columns


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table, with all that the DDL says of it once every statement is folded in. `former` are its earlier names."""

    name: QName
    columns: tuple[Column, ...]
    primary_key: Key | None = None
    unique: tuple[Key, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[Check, ...] = ()
    indexes: tuple[Index, ...] = ()
    comment: str | None = None
    kind: TableKind = "table"
    partition_of: QName | None = None
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

    @property
    def uniques(self) -> tuple[tuple[str, ...], ...]:
        """Every set of columns that is unique in all rows: the primary key, UNIQUE constraints and unique indexes."""
        found = [self.key_columns] if self.primary_key else []
        found += [key.columns for key in self.unique]
        found += [tuple(part.column or "" for part in index.parts) for index in self.indexes if index.keeps_unique]
        return tuple(dict.fromkeys(found))

    def is_one_to_one(self, key: ForeignKey) -> bool:
        """Whether at most one row refers to each target: the columns of the reference are unique here."""
        columns = set(key.columns)
        return any(set(unique) <= columns for unique in self.uniques)

    @property
    def is_link(self) -> bool:
        """Whether the table only links others: its key is made of two or more references, and little else is in it.

        Its primary key (or, without one, a UNIQUE) consists of the columns of at least two references to tables; any
        further column is one that the database fills by itself.
        """
        referring = {column for key in self.foreign_keys for column in key.columns}
        keys = [self.key_columns] if self.primary_key else [key.columns for key in self.unique]
        for columns in keys:
            inside = [key for key in self.foreign_keys if set(key.columns) <= set(columns)]
            rest = [column for column in self.columns if column.name not in referring]
            if len(inside) > 1 and set(columns) <= referring and all(column.is_assigned for column in rest):
                return True
        return False

    @property
    def self_references(self) -> tuple[ForeignKey, ...]:
        """References to the table itself."""
        return tuple(key for key in self.foreign_keys if key.references == self.name)

    def references_to(self, target: QName) -> tuple[ForeignKey, ...]:
        """Return all references to one table, in order."""
        return tuple(key for key in self.foreign_keys if key.references == target)

    def references_many(self, target: QName) -> bool:
        """Whether several references lead to one table, so that its name alone does not tell them apart."""
        return len(self.references_to(target)) > 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """A statement, or a part of one, that the reader passed over or did not understand.

    `table_related` is True when it creates or alters a table, so that the model of that table may be wrong;
    `table` then names it where that can be told. `passed_over` is True for what a schema reader has no use for
    (a view, a trigger, a grant): known, and left out on purpose.
    """

    file: str
    line: int
    statement: str  # the first 200 characters, on one line
    reason: str
    table_related: bool = False
    table: QName | None = None
    passed_over: bool = False


@dataclass(frozen=True, kw_only=True)
class Schema:
    """All tables and types of one DDL, in the order in which they were defined."""

    dialect: Dialect
    tables: tuple[Table, ...]
    enums: tuple[Enum, ...] = ()
    domains: tuple[Domain, ...] = ()
    notes: tuple[Note, ...] = ()
    warnings: tuple[str, ...] = ()
    default_schema: str | None = field(default=None)  # `public` for PostgreSQL
    extensions: tuple[str, ...] = ()  # that a PostgreSQL file creates: types and operator classes come from them

    @cached_property
    def tables_by_name(self) -> Mapping[QName, Table]:
        """The tables by qualified name, in order."""
        return {table.name: table for table in self.tables}

    @cached_property
    def positions(self) -> Mapping[QName, int]:
        """The place of each table in the DDL, from 0."""
        return {table.name: place for place, table in enumerate(self.tables)}

    @cached_property
    def partitions(self) -> Counter[QName]:
        """How many tables are partitions of each table; 0 for any other."""
        return Counter(table.partition_of for table in self.tables if table.partition_of is not None)

    @cached_property
    def _referrers(self) -> Mapping[QName, tuple[tuple[Table, ForeignKey], ...]]:
        found: dict[QName, list[tuple[Table, ForeignKey]]] = {}
        for table in self.tables:
            for key in table.foreign_keys:
                found.setdefault(key.references, []).append((table, key))
        return {name: tuple(pairs) for name, pairs in found.items()}

    def referrers(self, name: QName) -> tuple[tuple[Table, ForeignKey], ...]:
        """Return every reference to a table: the table that refers, and by which key."""
        return self._referrers.get(name, ())

    @cached_property
    def cycles(self) -> tuple[tuple[QName, ...], ...]:
        """Groups of tables that refer to each other in a circle, each in order of definition; self references aside."""
        return _cycles({table.name: [key.references for key in table.foreign_keys] for table in self.tables})

    def label(self, name: QName) -> str:
        """Return a table's name as a person says it: with its schema only outside the default one."""
        return name.name if name.schema == self.default_schema else str(name)


def _cycles(edges: Mapping[QName, list[QName]]) -> tuple[tuple[QName, ...], ...]:
    """Return the strongly connected components of two or more tables (Tarjan's algorithm, without recursion)."""
    index: dict[QName, int] = {}
    low: dict[QName, int] = {}
    path: list[QName] = []
    on_path: set[QName] = set()
    found: list[set[QName]] = []
    for root in edges:
        if root in index:
            continue
        work = [(root, iter(edges[root]))]
        index[root] = low[root] = len(index)
        path.append(root)
        on_path.add(root)
        while work:
            name, targets = work[-1]
            target = next(targets, None)
            if target is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == index[name]:
                    component = set(path[path.index(name) :])
                    del path[path.index(name) :]
                    on_path -= component
                    if len(component) > 1:
                        found.append(component)
            elif target in edges and target not in index:
                index[target] = low[target] = len(index)
                path.append(target)
                on_path.add(target)
                work.append((target, iter(edges[target])))
            elif target in on_path:
                low[name] = min(low[name], index[target])
    order = list(edges)
    return tuple(
        sorted(
            (tuple(sorted(group, key=order.index)) for group in found),
            key=lambda names: order.index(names[0]),
        )
    )
