"""The application of one schema: its tables and names, worked out once and shared by all that is generated from it.

application = Application(schema)
for table in application.tables:             # ApplicationTable, in the order of the DDL
for field in table.fields.values():      # Field: name, type, nullable, default, bounds
print(table.label, field.name, field.type.kind)
for reference in table.references:       # Reference: fields, target, one_to_one
print(reference.label, application.table(reference.target).nouns)
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeVar, cast

from runner.generation.model.application_tables import ApplicationTable, make_table
from runner.generation.model.constraint_names import name_constraints
from runner.generation.model.references import creatable_tables
from runner.generation.model.schema_names import name_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.ddl.model import QName, Schema
    from runner.generation.model.constraint_names import NamedConstraints
    from runner.generation.model.references import Reference

Derived = TypeVar("Derived")


class Application:
    """What a schema says of an application. Nothing refers to it but its owner, so it is freed with it.

    Thread-safe: whatever is worked out is worked out once, by the first thread that asks.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.names = name_schema(schema)
        self._lock = threading.RLock()
        self._tables: dict[QName, ApplicationTable] = {}
        self._derived: dict[Callable[[Application], Any], Any] = {}

    def table(self, name: QName) -> ApplicationTable:
        """Return a table by its name in the DDL. Raises KeyError where there is none."""
        with self._lock:
            if name not in self._tables:
                self._tables[name] = make_table(
                    self.schema,
                    self.names,
                    self.derived(_name_constraints)[name],
                    self.schema.tables_by_name[name],
                    creatable=name in self.derived(_creatable_tables),
                )
            return self._tables[name]

    @property
    def tables(self) -> tuple[ApplicationTable, ...]:
        """All tables, in the order of the DDL."""
        return tuple(self.table(table.name) for table in self.schema.tables)

    def referrers(self, name: QName) -> tuple[Reference, ...]:
        """Return the references to a table from all tables, its own among them."""
        return self.derived(_referrers).get(name, ())

    def derived(self, make: Callable[[Application], Derived]) -> Derived:
        """Return `make(self)`, called once: what a target works out of the application and shares between its tables.

        `make` is a class or a function of a module; it is called with a lock held that the same thread can take again.
        """
        with self._lock:
            if make not in self._derived:
                self._derived[make] = make(self)
            return cast("Derived", self._derived[make])


def _name_constraints(application: Application) -> Mapping[QName, NamedConstraints]:
    return name_constraints(application.schema)


def _creatable_tables(application: Application) -> frozenset[QName]:
    return creatable_tables(application.schema)


def _referrers(application: Application) -> Mapping[QName, tuple[Reference, ...]]:
    found: dict[QName, tuple[Reference, ...]] = {}
    for reference in (reference for table in application.tables for reference in table.references):
        found[reference.target] = (*found.get(reference.target, ()), reference)
    return found
