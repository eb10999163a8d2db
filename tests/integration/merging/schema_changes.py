"""A small schema and what a team does to it, or to the plan, between two runs, drawn from a seed.

`SCHOOL` has four tables that refer to each other. Each change makes another schema of it and names the words that the
generated files must have afterwards. A rename is a statement of the DDL, so that it
differs from dropping one column and adding another.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Callable


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column as the DDL declares it."""

    name: str
    type: str
    constraints: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.name, self.type, self.constraints) if part)


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table as the DDL declares it."""

    name: str
    columns: tuple[Column, ...]

    def __str__(self) -> str:
        columns = ",\n".join(f"    {column}" for column in self.columns)
        return f"CREATE TABLE {self.name} (\n{columns}\n);\n"

    def with_column(self, column: Column, place: int) -> Table:
        """Return the table with one column more, before that at `place`."""
        return replace(self, columns=(*self.columns[:place], column, *self.columns[place:]))


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A schema as its DDL: the tables, then the statements that rename something in them."""

    tables: tuple[Table, ...]
    renames: tuple[str, ...] = ()

    @property
    def ddl(self) -> str:
        """The text of the DDL."""
        return "".join([*map(str, self.tables), *(f"{statement};\n" for statement in self.renames)])

    def table(self, name: str) -> Table:
        """Return the table of a name."""
        (found,) = (table for table in self.tables if table.name == name)
        return found

    def with_table(self, table: Table) -> Draft:
        """Return the schema with this table in the place of the one of its name."""
        return replace(self, tables=tuple(table if one.name == table.name else one for one in self.tables))


@dataclass(frozen=True, kw_only=True)
class SchemaChange:
    """Another schema, the table that differs, and what its files must and must not contain."""

    kind: str
    draft: Draft
    table: str
    added: tuple[str, ...] = ()  # columns or values that model, schemas and page must have
    dropped: tuple[str, ...] = ()  # columns that they must no longer have, unless a conflict names the file
    options: dict[str, dict[str, Any]] = field(default_factory=dict)  # of the plan's tasks, by task


_ID = Column(name="id", type="bigint", constraints="GENERATED ALWAYS AS IDENTITY PRIMARY KEY")


def _choice(name: str, values: tuple[str, ...]) -> Column:
    listed = ", ".join(f"'{value}'" for value in values)
    return Column(
        name=name, type="varchar(12)", constraints=f"NOT NULL DEFAULT '{values[0]}' CHECK ({name} IN ({listed}))"
    )


_CHOICES = {"students": ("status", ("active", "on_leave", "graduated")), "fees": ("purpose", ("tuition", "books"))}

SCHOOL = Draft(
    tables=(
        Table(
            name="teachers",
            columns=(
                _ID,
                Column(name="full_name", type="varchar(80)", constraints="NOT NULL"),
                Column(name="email", type="varchar(120)", constraints="UNIQUE"),
                Column(name="hired_on", type="date"),
                Column(name="lessons", type="smallint", constraints="NOT NULL DEFAULT 0"),
            ),
        ),
        Table(
            name="classes",
            columns=(
                _ID,
                Column(name="name", type="varchar(40)", constraints="NOT NULL"),
                Column(name="room", type="varchar(20)"),
                Column(name="capacity", type="smallint", constraints="NOT NULL CHECK (capacity BETWEEN 1 AND 60)"),
                Column(name="teacher_id", type="bigint", constraints="REFERENCES teachers"),
            ),
        ),
        Table(
            name="students",
            columns=(
                _ID,
                Column(name="full_name", type="varchar(80)", constraints="NOT NULL"),
                Column(name="born_on", type="date", constraints="NOT NULL"),
                _choice(*_CHOICES["students"]),
                Column(name="class_id", type="bigint", constraints="REFERENCES classes"),
                Column(name="address", type="text"),
            ),
        ),
        Table(
            name="fees",
            columns=(
                _ID,
                Column(name="student_id", type="bigint", constraints="NOT NULL REFERENCES students"),
                Column(name="amount", type="numeric(12, 2)", constraints="NOT NULL CHECK (amount > 0)"),
                _choice(*_CHOICES["fees"]),
                Column(name="due_on", type="date", constraints="NOT NULL"),
                Column(name="note", type="text"),
            ),
        ),
    )
)

_NEW_COLUMNS = (
    Column(name="nickname", type="varchar(40)"),
    Column(name="phone", type="varchar(20)", constraints="NOT NULL DEFAULT ''"),
    Column(name="is_public", type="boolean", constraints="NOT NULL DEFAULT false"),
    Column(name="score", type="numeric(5, 2)"),
    Column(name="seen_at", type="timestamptz"),
    Column(name="remark", type="text"),
)
_DROPPED = {"teachers": ("email", "hired_on"), "classes": ("room",), "students": ("address",), "fees": ("note",)}
_RENAMED = {
    "teachers": (("hired_on", "joined_on"), ("lessons", "weekly_hours")),
    "classes": (("room", "hall"), ("capacity", "seats")),
    "students": (("born_on", "birthday"), ("address", "home")),
    "fees": (("due_on", "payable_on"), ("note", "explanation")),
}
_RETYPED = {
    "teachers": (("full_name", "varchar(150)"), ("lessons", "integer")),
    "classes": (("name", "varchar(90)"), ("room", "text")),
    "students": (("full_name", "varchar(100)"), ("address", "varchar(300)")),
    "fees": (("amount", "numeric(14, 2)"), ("note", "varchar(500)")),
}


def _add_column(chance: random.Random) -> SchemaChange:
    table, column = chance.choice(SCHOOL.tables), chance.choice(_NEW_COLUMNS)
    changed = table.with_column(column, chance.randint(1, len(table.columns)))
    return SchemaChange(kind="add a column", draft=SCHOOL.with_table(changed), table=table.name, added=(column.name,))


def _drop_column(chance: random.Random) -> SchemaChange:
    table = chance.choice(SCHOOL.tables)
    name = chance.choice(_DROPPED[table.name])
    left = tuple(column for column in table.columns if column.name != name)
    return SchemaChange(
        kind="drop a column",
        draft=SCHOOL.with_table(replace(table, columns=left)),
        table=table.name,
        dropped=(name,),
    )


def _rename_column(chance: random.Random) -> SchemaChange:
    table = chance.choice(SCHOOL.tables)
    old, new = chance.choice(_RENAMED[table.name])
    return SchemaChange(
        kind="rename a column",
        draft=replace(SCHOOL, renames=(f"ALTER TABLE {table.name} RENAME COLUMN {old} TO {new}",)),
        table=table.name,
        added=(new,),
        dropped=(old,),
    )


def _retype_column(chance: random.Random) -> SchemaChange:
    table = chance.choice(SCHOOL.tables)
    name, retyped = chance.choice(_RETYPED[table.name])
    columns = tuple(replace(column, type=retyped) if column.name == name else column for column in table.columns)
    return SchemaChange(
        kind="retype a column", draft=SCHOOL.with_table(replace(table, columns=columns)), table=table.name
    )


def _add_table(chance: random.Random) -> SchemaChange:
    target = chance.choice(SCHOOL.tables).name
    reference = Column(name="about_id", type="bigint", constraints=f"NOT NULL REFERENCES {target}")
    columns = (_ID, reference, Column(name="text", type="text", constraints="NOT NULL"))
    added = Table(name="remarks", columns=columns)
    return SchemaChange(kind="add a table", draft=replace(SCHOOL, tables=(*SCHOOL.tables, added)), table=target)


def _add_reference(chance: random.Random) -> SchemaChange:
    table, target, name = chance.choice(
        (("students", "teachers", "mentor_id"), ("fees", "classes", "class_id"), ("teachers", "classes", "home_id"))
    )
    column = Column(name=name, type="bigint", constraints="" if name == "home_id" else f"REFERENCES {target}")
    found = SCHOOL.table(table)
    draft = SCHOOL.with_table(found.with_column(column, len(found.columns)))
    late = ("ALTER TABLE teachers ADD FOREIGN KEY (home_id) REFERENCES classes",) if name == "home_id" else ()
    return SchemaChange(kind="add a reference", draft=replace(draft, renames=late), table=table, added=(name,))


def _add_value(chance: random.Random) -> SchemaChange:
    table = chance.choice(sorted(_CHOICES))
    name, values = _CHOICES[table]
    new = {"students": "transferred", "fees": "excursion"}[table]
    choice = _choice(name, (*values, new))
    columns = tuple(choice if column.name == name else column for column in SCHOOL.table(table).columns)
    return SchemaChange(
        kind="add a value", draft=SCHOOL.with_table(Table(name=table, columns=columns)), table=table, added=(new,)
    )


def _set_option(chance: random.Random) -> SchemaChange:
    task, options = chance.choice(
        (
            ("be-setup", {"rate_limit": "100/minute"}),
            ("be-setup", {"metrics": True}),
            ("be-setup", {"tracing": "otel"}),
            ("fe-setup", {"e2e": True}),
        )
    )
    return SchemaChange(kind="set an option", draft=SCHOOL, table="students", options={task: options})


CHANGES: tuple[Callable[[random.Random], SchemaChange], ...] = (
    _add_column,
    _drop_column,
    _rename_column,
    _retype_column,
    _add_table,
    _add_reference,
    _add_value,
    _set_option,
)


def change_each_table(chance: random.Random) -> SchemaChange:
    """Return a change of every table: a column more in each, and longer names of people."""
    tables = [table.with_column(chance.choice(_NEW_COLUMNS), chance.randint(1, 4)) for table in SCHOOL.tables]
    longer = [
        tuple(replace(one, type="varchar(160)") if one.name == "full_name" else one for one in table.columns)
        for table in tables
    ]
    draft = Draft(tables=tuple(replace(table, columns=columns) for table, columns in zip(tables, longer, strict=True)))
    return SchemaChange(kind="change each table", draft=draft, table="students")


def draw_change(seed: int, chance: random.Random) -> SchemaChange:
    """Return a change of the school; seeds that follow each other give changes of each kind in turn."""
    return CHANGES[seed % len(CHANGES)](chance)
