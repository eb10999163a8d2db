"""The application of one schema: what is worked out once and shared by all that is generated from it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeVar, cast

from runner.generation.model.constraint_names import name_constraints
from runner.generation.model.schema_names import name_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.ddl.model import QName, Schema
    from runner.generation.model.constraint_names import NamedConstraints

Derived = TypeVar("Derived")


class Application:
    """What a schema says of an application. Nothing refers to it but its owner, so it is freed with it.

    Thread-safe: whatever is worked out is worked out once, by the first thread that asks.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.names = name_schema(schema)
        self._lock = threading.RLock()
        self._derived: dict[Callable[[Application], Any], Any] = {}

    @property
    def constraints(self) -> Mapping[QName, NamedConstraints]:
        """The constraints and indexes of every table, by name."""
        return self.derived(_name_constraints)

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
