"""The application of one schema: its tables and names, computed once and shared by all agents.

application = Application(schema)
for table in application.tables:             # ApplicationTable, in the order of the DDL
for field in table.fields.values():      # Field: name, type, nullable, default, bounds
print(table.label, field.name, field.type.kind)
for reference in table.references:       # Reference: fields, target, one_to_one
print(reference.label, application.table(reference.target).nouns)
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple, cast

from runner.generation.model.column_roles import NO_ROLES, ColumnRoles
from runner.generation.model.constraint_names import name_constraints
from runner.generation.model.references import find_creatable
from runner.generation.model.schema_names import name_schema
from runner.generation.model.secret_fields import with_password_hash, with_secret_origins, with_secrets
from runner.generation.model.soft_deletion import with_deletion_column
from runner.generation.model.table_builder import make_table
from runner.generation.model.table_part import TablePart

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from runner.ddl.model import Schema
    from runner.ddl.qualified_name import QName
    from runner.generation.model.application_tables import ApplicationTable
    from runner.generation.model.constraint_names import NamedConstraints
    from runner.generation.model.references import Reference

Derived = TypeVar("Derived")
Arguments = TypeVarTuple("Arguments")


class Application:
    """The application that a schema describes. Only its owner refers to it, so that both are freed together.

    `roles` are those of columns that options name.
    Thread-safe: every part is computed once, by the first thread that needs it.
    """

    def __init__(self, schema: Schema, roles: ColumnRoles = NO_ROLES) -> None:
        self.schema = schema.with_columns()
        self.roles = roles
        self.names = name_schema(self.schema)
        self._lock = threading.RLock()
        self._derived: dict[Hashable, Any] = {}
        self._creatable: dict[QName, bool] = {}

    def table(self, name: QName) -> ApplicationTable:
        """Return a table by its name in the DDL. Raises KeyError where there is none."""
        return self.derived(_table, name)

    @property
    def tables(self) -> tuple[ApplicationTable, ...]:
        """All tables, in the order of the DDL."""
        return tuple(self.table(table.name) for table in self.schema.tables)

    def is_creatable(self, name: QName) -> bool:
        """Whether a row of a table is known that the database accepts, with all that it must refer to."""
        with self._lock:
            if name not in self._creatable:
                find_creatable(self.schema, name, self._has_accepted_row, self._creatable)
            return self._creatable[name]

    def part(self, name: QName) -> TablePart:
        """Return what generating one table may read. Raises KeyError where there is none."""
        return TablePart(
            dialect=self.schema.dialect,
            names=self.names.common,
            table=self.table(name),
            is_creatable=self.is_creatable(name),
        )

    def referrers(self, name: QName) -> tuple[Reference, ...]:
        """Return the references to a table from all tables, its own among them."""
        return self.derived(_referrers).get(name, ())

    def derived(self, make: Callable[[Application, *Arguments], Derived], *arguments: *Arguments) -> Derived:
        """Return `make(self, *arguments)`, called once; targets keep here what they derive from the application.

        `make` is a function of a module and its arguments are hashable. It is called with a lock held that the same
        thread can take again.
        """
        key = (make, *arguments)
        with self._lock:
            if key not in self._derived:
                self._derived[key] = make(self, *arguments)
            return cast("Derived", self._derived[key])

    def with_roles(self, roles: ColumnRoles) -> Application:
        """Return the application in which columns have these roles, made once."""
        return self.derived(_with_roles, roles)

    def _has_accepted_row(self, name: QName) -> bool:
        return self.table(name).examples.is_accepted


def _table(application: Application, name: QName) -> ApplicationTable:
    table = make_table(
        application.schema,
        application.names,
        application.derived(_constraints)[name],
        application.schema.tables_by_name[name],
    )
    roles = application.roles
    found = with_secrets(table, application.derived(_referred_columns).get(name, frozenset()), roles.secrets)
    if roles.password is not None and roles.password[0] == found.title:
        found = with_password_hash(found, roles.password[1])
    view = found.ddl.view
    if view is None:
        return with_deletion_column(found, roles.deletion)
    return with_secret_origins(
        found, {own for own, origin, column in view.origins if application.table(origin).fields[column].is_secret}
    )


def _referred_columns(application: Application) -> Mapping[QName, frozenset[str]]:
    found: dict[QName, frozenset[str]] = {}
    for key in (key for table in application.schema.tables for key in table.foreign_keys):
        found[key.references] = found.get(key.references, frozenset()).union(key.target_columns)
    return found


def _with_roles(application: Application, roles: ColumnRoles) -> Application:
    return Application(application.schema, roles)


def _constraints(application: Application) -> Mapping[QName, NamedConstraints]:
    return name_constraints(application.schema, application.names)


def _referrers(application: Application) -> Mapping[QName, tuple[Reference, ...]]:
    found: dict[QName, tuple[Reference, ...]] = {}
    for reference in (reference for table in application.tables for reference in table.references):
        found[reference.target] = (*found.get(reference.target, ()), reference)
    return found
