"""The tables of an application as resources of its backend: their Python sources, in fragments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote as percent_encoded

from runner.generation.encoders import Code
from runner.generation.encoders.python_text import literal
from runner.generation.fastapi.generated_names import source
from runner.generation.fastapi.model_columns import ModelColumn, model_column
from runner.generation.fastapi.python_names import attributes
from runner.generation.fastapi.python_rules import condition_source
from runner.generation.fastapi.python_samples import sample_source
from runner.generation.fastapi.python_types import python_type
from runner.generation.fastapi.sqlite_names import table_name_source
from runner.generation.fastapi.translation import TableSql, table_sql
from runner.generation.fragments import Fragment, compose, join
from runner.generation.model.prose import one_line
from runner.generation.model.rule_sentences import rule_message
from runner.generation.model.schema_names import outside
from runner.generation.model.table_part import TablePart

if TYPE_CHECKING:
    from runner.ddl.qualified_name import QName
    from runner.generation.model.application import Application
    from runner.generation.model.application_tables import ApplicationTable
    from runner.generation.model.fields import Field

_PARAMETERS = frozenset({"rows", "body", "query"})  # of the route functions
_IN_A_SEGMENT = "+~:@!$&'()*,;="  # of a URL's path, beside letters and digits (RFC 3986)
_WIDE = 40  # columns, some of which take six lines or more


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A table in the sources of a backend. `columns` are by column, in the order of the DDL; `sql` translates."""

    part: TablePart
    columns: Mapping[str, ModelColumn]
    sql: TableSql

    def columns_of(self, fields: Iterable[Field]) -> tuple[ModelColumn, ...]:
        """Return the columns of some of the table's fields."""
        return tuple(self.columns[field.column.name] for field in fields)

    # ------------------------------------------------------------------------------------------------------- database

    @property
    def home(self) -> str | None:
        """The schema whose tables are named without it."""
        return self.part.names.home

    @property
    def table(self) -> ApplicationTable:
        """The table as the application presents it."""
        return self.part.table

    @property
    def database_schema(self) -> str | None:
        """The schema that the table's name has to be qualified with; None in the default one."""
        return outside(self.table.ddl.name, self.home)

    @property
    def table_name(self) -> Fragment:
        """The name of the table, without its schema."""
        return table_name_source(self.table.ddl.name, self.home, self.table.names.flat)

    @cached_property
    def identity(self) -> Fragment:
        """The attributes that order rows where there is no primary key, as a tuple.

        JSON and types that only the database knows, such as points, may have no order.
        """
        secrets = {field.column.name for field in self.table.secrets}
        unique = [key.columns for key in self.table.ddl.unique if secrets.isdisjoint(key.columns)]
        certain = [names for names in unique if not any(self.columns[name].nullable for name in names)]
        types = {name: column.field.type for name, column in self.columns.items() if name not in secrets}
        ordered = [name for name, type_ in types.items() if (type_.item or type_).kind not in ("json", "native")]
        names = [self.columns[name].attribute for name in (certain[0] if certain else ordered or types)]
        return Fragment(f"({', '.join(names)},)" if len(names) == 1 else f"({', '.join(names)})")

    # -------------------------------------------------------------------------------------------------------- schemas

    @property
    def is_wide(self) -> bool:
        """Whether it has so many columns that what clients send and receive takes a module each."""
        return len(self.columns) > _WIDE

    @cached_property
    def aliases(self) -> tuple[ModelColumn, ...]:
        """Columns whose type in requests has a name of its own."""
        return tuple(column for column in self.columns_of(self.table.written) if column.alias_name)

    @property
    def replaced_by(self) -> str:
        """The class of a PUT's body."""
        return f"{self.table.class_name}{'Replace' if self.table.own_key else 'Create'}"

    @property
    def rules(self) -> tuple[Fragment, ...]:
        """The rules over a row."""
        names = {name: column.attribute for name, column in self.columns.items()}
        fields = {name: field.name for name, field in self.table.fields.items()}
        return tuple(
            source(
                "Rule({}, {}, {}, {}, lambda row: {})",
                literal(rule.name),
                literal(tuple(names[name] for name in rule.columns)),
                literal(one_line(rule.text)),
                literal(rule_message(rule, fields)),
                condition_source(rule.condition, names),
                uses="Rule",
            )
            for rule in self.table.rules
        )

    @property
    def exports(self) -> Fragment:
        """The names that the package `schemas` of a wide table offers, as a list."""
        package, name = f"app.{self.table.module}.schemas", self.table.class_name
        homes = {f"{name}Read": "read"}
        if self.table.is_writable:
            homes[f"{name}Create"] = "create"
        if self.table.is_changeable:
            homes |= {self.replaced_by: "create", f"{name}Update": "update"}
        if self.table.rules:
            homes["RULES"] = "fields"
        return compose(literal(sorted(homes)), imports=(f"{package}.{home}.{name}" for name, home in homes.items()))

    @property
    def secrets(self) -> Fragment:
        """The attributes of the fields that clients never read, with the fields' names."""
        columns = self.columns_of(self.table.secrets)
        return Fragment(literal({column.attribute: column.field.name for column in columns}))

    @property
    def hashed(self) -> Fragment | None:
        """The attributes of passwords whose hashes are stored, as arguments; None where there are none."""
        columns = self.columns_of(field for field in self.table.secrets if field.is_hashed)
        return join(literal(column.attribute) for column in columns) if columns else None

    # ---------------------------------------------------------------------------------------------------------- routes

    @cached_property
    def _key(self) -> Mapping[str, ModelColumn]:
        """The columns of the key by their names as parameters of a route.

        Starlette takes only ASCII letters, digits and `_` for a parameter's name, and anything else for a fixed path.
        """
        found: dict[str, ModelColumn] = {}
        for number, column in enumerate(self.columns_of(self.table.key), start=1):
            name = column.attribute if column.attribute.isascii() else f"key_{number}"
            while name in _PARAMETERS or name in found:
                name += "_"
            found[name] = column
        return found

    @property
    def key_parameters(self) -> Fragment:
        """Parameters of a function that is given a key."""
        return join(source("{}: {}", name, column.type.schema) for name, column in self._key.items())

    @property
    def key_tuple(self) -> Fragment:
        """These parameters as a tuple."""
        return Fragment(f"({', '.join(self._key)}{',' if len(self._key) == 1 else ''})")

    @property
    def key_type(self) -> Fragment:
        """The type of a key in a list of them."""
        types = join(column.type.schema for column in self._key.values())
        return source("tuple[{}]", types) if len(self._key) > 1 else types

    @property
    def key_path(self) -> str:
        """The end of a row's path, with parameters for its key; texts and bytes may contain slashes."""
        texts = {name for name, column in self._key.items() if column.field.type.kind in ("text", "enum", "bytes")}
        return "".join(f"/{{{name}{':text' if name in texts else ''}}}" for name in self._key)

    # ----------------------------------------------------------------------------------------------------------- tests

    @property
    def is_creatable(self) -> bool:
        """Whether tests can make rows."""
        return self.table.is_writable and self.part.is_creatable

    @property
    def references(self) -> tuple[Fragment, ...]:
        """The references, as their tests need them."""
        needed = self.table.examples.referring
        return tuple(
            source(
                "Reference(module={}, fields={}, target_fields={}{}{})",
                literal(reference.module),
                literal(reference.fields),
                literal(reference.target_fields),
                "" if reference.required or set(reference.key.columns) & needed else ", required=False",
                ", period=True" if reference.key.period else "",
                uses="Reference",
            )
            for reference in self.table.references
        )

    @property
    def body(self) -> Fragment:
        """The items of a new row's JSON in `n`, references aside."""
        samples = self.table.examples.body.items()
        return join(source("{}: {}", literal(name), sample_source(sample)) for name, sample in samples
                    if sample.json is not None)  # fmt: skip

    @property
    def example_key(self) -> Code:
        """The end of an example row's path."""
        values = (str(self.table.example.get(field.name, 1)) for field in self.table.key)
        return Code("".join(f"/{percent_encoded(value, _IN_A_SEGMENT)}" for value in values))

    @property
    def example_change(self) -> Mapping[str, Any]:
        """The JSON of a small change: one field that can have that value in any row."""
        tied = {column for rule in self.table.rules for column in rule.columns}
        example = self.table.example
        free = (field.name for field in self.table.changes if field.column.name not in tied and field.name in example)
        name = next(free, None)
        return {} if name is None else {name: example[name]}


def resources(application: Application) -> tuple[Resource, ...]:
    """Return all tables of an application as resources, in the order of the DDL."""
    return tuple(resource(application, table.name) for table in application.schema.tables)


def resource(application: Application, name: QName) -> Resource:
    """Return a table of an application as a resource, made once."""
    return application.derived(_make, name)


def _make(application: Application, name: QName) -> Resource:
    return make_resource(application.part(name))


def make_resource(part: TablePart) -> Resource:
    """Return the table of a part of an application as a resource."""
    table = part.table
    classes = {f"{table.class_name}{suffix}" for suffix in ("", "Create", "Read", "Replace", "Update")}
    taken = frozenset(classes.union(part.names.enums.values()))
    python_names = attributes(table.names, taken)
    sql = table_sql(table, part.dialect)
    module = f"app.{table.module}.schemas.fields" if len(table.fields) > _WIDE else ""
    columns = {
        column: model_column(
            field,
            python_names[column],
            python_type(field.type, part.names),
            sql=sql,
            is_whole_key=table.ddl.key_columns == (column,),
            taken=taken,
            alias_module=module,
        )
        for column, field in table.fields.items()
    }
    return Resource(part=part, columns=columns, sql=sql)
