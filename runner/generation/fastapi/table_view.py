"""One table as the templates see it: names, columns, constraints, rules, references, and what tests need."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from runner.ddl.model import ForeignKey, Schema, Table
from runner.generation.fastapi.checks import RowRule, SortedChecks, sort_checks
from runner.generation.fastapi.examples import Examples, make_examples
from runner.generation.fastapi.model_columns import ColumnView, view_column
from runner.generation.fastapi.python_names import attributes as python_names
from runner.generation.fastapi.python_types import Category, flat_name, outside, python_type, quote, type_name
from runner.generation.model.constraint_names import NamedConstraints
from runner.generation.model.schema_names import TableNames
from runner.generation.source_text import literal, one_line, sentence

if TYPE_CHECKING:
    from runner.generation.fastapi.samples import Sample
    from runner.generation.model.application import Application
    from runner.generation.model.schema_names import SchemaNames

_KEY_TYPES: frozenset[Category] = frozenset(
    {"text", "integer", "decimal", "boolean", "date", "time", "timestamp", "local_timestamp", "uuid", "enum"}
)
_ARGUMENTS = frozenset({"rows", "body", "query"})  # of the route functions
_WIDE = 40  # columns; some take six lines or more


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """A foreign key: `fields` pair with `target_fields` of the table in package `module`."""

    name: str
    key: ForeignKey
    module: str
    label: str
    fields: tuple[str, ...]
    target_fields: tuple[str, ...]
    required: bool


@dataclass(frozen=True, kw_only=True)
class TableView:
    """A table of the generated application."""

    schema: Schema
    table: Table
    names: TableNames
    home: str | None
    constraints: NamedConstraints
    columns: Mapping[str, ColumnView]
    checks: SortedChecks
    references: tuple[Reference, ...]
    creatable: bool

    @property
    def module(self) -> str:
        """The package's name."""
        return self.names.module

    @property
    def class_name(self) -> str:
        """The model's name."""
        return self.names.class_name

    @property
    def route(self) -> str:
        """The path under the API's prefix."""
        return self.names.route

    @property
    def noun(self) -> str:
        """One row as said within a sentence."""
        return _lower_first(self.names.label)

    @property
    def nouns(self) -> str:
        """Rows as said within a sentence."""
        return _lower_first(self.names.label_plural)

    @property
    def label(self) -> str:
        """The table as a title."""
        return self.names.label_plural

    @property
    def singular(self) -> str:
        """One row in operation ids and function names."""
        return self.names.singular

    @property
    def plural(self) -> str:
        """Rows in operation ids and function names."""
        return self.module.strip("_") if self.module.strip("_") != self.singular else f"{self.singular}_rows"

    @property
    def comment(self) -> str:
        """What the DDL says of the table, as a sentence."""
        return sentence(self.table.comment or f"Rows of the table {self.table.name.name}")

    @property
    def database_schema(self) -> str | None:
        """The schema to name; None for the default one."""
        return outside(self.table.name, self.home)

    @property
    def database_name(self) -> str:
        """The table's name as SQL."""
        return type_name(self.table.name, self.home)

    @property
    def sqlite_name(self) -> str:
        """The table's name as SQL where there are no schemas."""
        return quote(flat_name(self.database_schema, self.table.name.name))

    @property
    def is_wide(self) -> bool:
        """Whether there are so many columns that what clients send and get of them needs a module each."""
        return len(self.columns) > _WIDE

    @cached_property
    def key(self) -> tuple[ColumnView, ...]:
        """Columns of the primary key."""
        return tuple(self.columns[name] for name in self.table.key_columns)

    @cached_property
    def is_writable(self) -> bool:
        """Whether rows can be got and changed one by one: there is a key, and a URL can hold it."""
        return bool(self.key) and all(view.type.category in _KEY_TYPES for view in self.key)

    @cached_property
    def identity(self) -> tuple[ColumnView, ...]:
        """Columns by which rows are told apart where there is no primary key."""
        whole = [key.columns for key in self.table.unique if not any(self.columns[n].nullable for n in key.columns)]
        return tuple(self.columns[name] for name in (whole[0] if whole else self.columns))

    @cached_property
    def is_changeable(self) -> bool:
        """Whether a row has anything beside its key that can be changed."""
        return self.is_writable and bool(self.changes)

    @cached_property
    def changes(self) -> tuple[ColumnView, ...]:
        """Columns that can be changed."""
        return tuple(view for view in self.columns.values() if view.writable and not view.is_key)

    @cached_property
    def written(self) -> tuple[ColumnView, ...]:
        """Columns that a new row can be given."""
        return tuple(view for view in self.columns.values() if view.writable)

    @cached_property
    def own_key(self) -> tuple[ColumnView, ...]:
        """Columns of the key that clients give."""
        return tuple(view for view in self.key if view.writable)

    @cached_property
    def aliases(self) -> tuple[ColumnView, ...]:
        """Columns whose type in requests has a name of its own."""
        return tuple(view for view in self.written if view.alias_name)

    @property
    def replaced_by(self) -> str:
        """The class of a PUT's body."""
        return f"{self.class_name}{'Replace' if self.own_key else 'Create'}"

    @property
    def rules(self) -> tuple[RowRule, ...]:
        """Checks that are held over the row."""
        return self.checks.rules

    @cached_property
    def rule_sources(self) -> tuple[str, ...]:
        """The rules as Python source."""
        return tuple(
            f"Rule({literal(rule.name)}, {literal(self._attributes(rule.columns))}, "
            f"{literal(one_line(rule.text))}, lambda row: {rule.source})"
            for rule in self.rules
        )

    def _attributes(self, names: Iterable[str]) -> tuple[str, ...]:
        return tuple(self.columns[name].attribute for name in names)

    @property
    def reference_sources(self) -> tuple[str, ...]:
        """The references as source of their tests."""
        return tuple(
            f"Reference(module={literal(reference.module)}, fields={literal(reference.fields)}, "
            f"target_fields={literal(reference.target_fields)}{'' if reference.required else ', required=False'})"
            for reference in self.references
        )

    @property
    def key_arguments(self) -> str:
        """Parameters of a function that is given a key."""
        return ", ".join(f"{argument(view)}: {view.type.field}" for view in self.key)

    @property
    def key_names(self) -> str:
        """Arguments that pass a key on."""
        return ", ".join(argument(view) for view in self.key)

    @property
    def key_type(self) -> str:
        """The type of a key in a list of them."""
        kinds = ", ".join(view.type.field for view in self.key)
        return f"tuple[{kinds}]" if len(self.key) > 1 else kinds

    @property
    def has_text_key(self) -> bool:
        """Whether the whole key is one text, which can be whatever a path can hold."""
        return self.is_writable and len(self.key) == 1 and self.key[0].type.category == "text"

    @property
    def key_path(self) -> str:
        """The end of a row's path, with its key to be filled in."""
        if self.has_text_key:
            return f"/{{{argument(self.key[0])}:path}}"
        return "".join(f"/{{{argument(view)}}}" for view in self.key)

    @cached_property
    def unique_sets(self) -> tuple[tuple[str, ...], ...]:
        """Fields that no two rows may have alike, by constraint: a natural key first."""
        sets = [self.table.key_columns] if self.own_key and len(self.own_key) == len(self.key) else []
        sets += [key.columns for key in self.table.unique]
        plain = [index for index in self.table.indexes if index.unique and not index.where]
        sets += [tuple(c for c in index.columns if c) for index in plain if all(index.columns)]
        writable = [names for names in sets if all(self.columns[name].writable for name in names)]
        return tuple(dict.fromkeys(tuple(self.columns[name].field for name in names) for names in writable))

    @cached_property
    def examples(self) -> Examples:
        """Accepted and refused values."""
        referring = {name for reference in self.references for name in reference.key.columns}
        unique = {
            *self.table.key_columns,
            *(name for key in self.table.unique for name in key.columns),
            *(name for index in self.table.indexes if index.unique for name in index.columns if name),
        }
        return make_examples(self.columns, self.rules, referring, unique)

    @property
    def sample_body(self) -> Mapping[str, Sample]:
        """Accepted values by field, references aside."""
        return {self.columns[name].field: sample for name, sample in self.examples.bodies.items()}

    @cached_property
    def example(self) -> Mapping[str, Any]:
        """The JSON of a new row, with 1 for every required reference."""
        found = {name: sample.json for name, sample in self.examples.bodies.items()}
        for reference in self.references:
            if reference.required:
                found |= {name: _reference_example(self.columns[name]) for name in reference.key.columns}
        ordered = [name for name in self.columns if name in found and found[name] is not None]
        return {self.columns[name].field: found[name] for name in ordered}

    @cached_property
    def example_key(self) -> str:
        """The end of an example row's path."""
        found = self.example
        return "".join(f"/{found.get(view.field, 1)}" for view in self.key)

    @cached_property
    def example_change(self) -> Mapping[str, Any]:
        """The JSON of a small change: one field that can have that value in any row."""
        tied = {name for rule in self.rules for name in rule.columns}
        fields = [view.field for view in self.changes if view.name not in tied and view.field in self.example]
        return {field: self.example[field] for field in fields[:1]}

    @cached_property
    def required_fields(self) -> tuple[str, ...]:
        """Fields that a new row cannot do without."""
        return tuple(view.field for view in self.written if view.required)

    @property
    def body_source(self) -> str:
        """The items of a new row's JSON as source in `n`, references aside."""
        samples = self.sample_body.items()
        return ", ".join(f"{literal(field)}: {sample.source}" for field, sample in samples if sample.json is not None)

    @property
    def broken_rows(self) -> Mapping[str, Mapping[str, Any]]:
        """Fields of rows that break one rule each, by rule."""
        return {
            rule: {self.columns[name].field: value for name, value in values.items()}
            for rule, values in self.examples.broken
        }


def argument(view: ColumnView) -> str:
    """Return a key column's name as a parameter of a route."""
    return f"{view.attribute}_" if view.attribute in _ARGUMENTS else view.attribute


def _reference_example(view: ColumnView) -> Any:
    return "00000000-0000-4000-8000-000000000001" if view.type.category == "uuid" else 1


def _lower_first(text: str) -> str:
    return text if text[:2].isupper() else text[:1].lower() + text[1:]


# -------------------------------------------------------------------------------------------------------------- making


class TableViews:
    """The views of an application's tables, each made when it is first asked for. Thread-safe."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._creatable = _find_creatable(application.schema)
        self._views: dict[int, TableView] = {}
        self._lock = threading.Lock()

    def of(self, table: Table) -> TableView:
        """Return the view of a table of the application's schema."""
        with self._lock:
            if id(table) not in self._views:
                self._views[id(table)] = _make(self._application, table, creatable=id(table) in self._creatable)
            return self._views[id(table)]


def view_table(application: Application, table: Table) -> TableView:
    """Return the view of a table, worked out once for an application."""
    return application.derived(TableViews).of(table)


def _make(application: Application, table: Table, *, creatable: bool) -> TableView:
    schema, names = application.schema, application.names
    own = names.tables[table.name]
    columns = table.columns_by_name
    types = {name: python_type(column.type, names.enums, names.home) for name, column in columns.items()}
    constraints = application.constraints[table.name]
    attributes = python_names(own)
    checks = sort_checks(columns, constraints.checks, types, attributes)
    key = set(table.key_columns)
    own_classes = {f"{own.class_name}{suffix}" for suffix in ("", "Create", "Read", "Replace", "Update")}
    taken = frozenset(own_classes.union(names.enums.values()))
    views = {
        name: view_column(
            column,
            own.columns[name],
            attributes[name],
            types[name],
            checks.bounds[name],
            in_key=name in key,
            alone=key == {name},
            taken=taken,
        )
        for name, column in columns.items()
    }
    return TableView(
        schema=schema,
        table=table,
        names=own,
        home=names.home,
        constraints=constraints,
        columns=views,
        checks=checks,
        references=tuple(_references(schema, names, constraints, views)),
        creatable=creatable,
    )


def is_sound(schema: Schema, key: ForeignKey) -> bool:
    """Whether a foreign key refers to a key of a table that the DDL defines; others cannot be created."""
    target = schema.tables_by_name.get(key.references)
    if target is None or len(key.columns) != len(key.target_columns):
        return False
    keys = [set(found.columns) for found in target.unique]
    whole = [index for index in target.indexes if index.unique and not index.where and all(index.columns)]
    keys += [{column for column in index.columns if column} for index in whole]
    return set(key.target_columns) in [set(target.key_columns), *keys]


def _references(
    schema: Schema, names: SchemaNames, constraints: NamedConstraints, views: Mapping[str, ColumnView]
) -> Iterable[Reference]:
    sound = [(name, key) for name, key in constraints.foreign_keys.items() if is_sound(schema, key)]
    for name, key in sorted(sound, key=lambda pair: -len(pair[1].columns)):
        target = names.tables[key.references]
        yield Reference(
            name=name,
            key=key,
            module=target.module,
            label=target.label,
            fields=tuple(views[column].field for column in key.columns),
            target_fields=tuple(target.columns[column].field for column in key.target_columns),
            required=all(views[column].required for column in key.columns),
        )


def _find_creatable(schema: Schema) -> frozenset[int]:
    """Return the tables of which a first row can be made: what they must refer to can be made before."""
    needs = {id(table): _needs(schema, table) for table in schema.tables}
    found: set[int] = set()
    while True:
        more = {table for table, needed in needs.items() if table not in found and needed is not None
                and needed <= found}  # fmt: skip
        if not more:
            return frozenset(found)
        found |= more


def _needs(schema: Schema, table: Table) -> set[int] | None:
    """Return the tables that a row must refer to; None where it never can."""
    if not table.primary_key:
        return None
    needed: set[int] = set()
    for key in table.foreign_keys:
        columns: Sequence[Any] = [table.columns_by_name.get(name) for name in key.columns]
        if any(column is None or column.nullable or column.is_assigned for column in columns):
            continue
        target = schema.tables_by_name.get(key.references)
        if target is not None and is_sound(schema, key):
            needed.add(id(target))
    return needed
