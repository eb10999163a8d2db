"""Expansion of references: the referenced rows, read with one query per reference for any number of rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session

from app.core.access.access import Access, access_of
from app.core.constraint_columns import field_names, table_of
from app.core.lazy_routers import resource_of
from app.core.periods import PeriodForeignKey
from app.core.problems import FieldError, invalid


@dataclass(frozen=True, kw_only=True, slots=True)
class Expandable:
    """A reference that a list can expand; `name` is its field, or its fields joined by `+`."""

    name: str
    attributes: tuple[str, ...]
    constraint: sa.ForeignKeyConstraint

    @property
    def target(self) -> type[DeclarativeBase]:
        """The model of the referenced table."""
        model: type[DeclarativeBase] = self.constraint.referred_table.info["model"]
        return model

    @property
    def columns(self) -> sa.ColumnElement[Any]:
        """What refers: a column, or a tuple of them."""
        return _together([element.parent for element in self.constraint.elements])

    def leads_to(self, conditions: Iterable[sa.ColumnElement[bool]]) -> sa.ColumnElement[bool]:
        """Return the condition that a row refers to one that meets conditions over the target."""
        targets = [element.column for element in self.constraint.elements]
        return self.columns.in_(sa.select(*targets).where(*conditions).correlate(None))

    def probes(self, conditions: Iterable[sa.ColumnElement[bool]]) -> sa.ColumnElement[bool]:
        """Return the same condition in a form that PostgreSQL evaluates row by row: for a list that ends soon."""
        target, own = self.constraint.referred_table, self.constraint.table
        if target is own:
            return self.leads_to(conditions)
        matches = [element.parent == element.column for element in self.constraint.elements]
        found = sa.select(sa.true()).select_from(target).where(*matches, *conditions).correlate(own)
        return sa.func.coalesce(found.scalar_subquery(), sa.false())

    def resource(self) -> Any:
        """Return the resource of the referenced table, or None if it is not served."""
        return resource_of(self.constraint.referred_table)

    def rows(self, session: Session, referring: Iterable[DeclarativeBase]) -> list[Any]:
        """Return the visible rows that `referring` rows reference, each once, in the read schema of their table."""
        keys = {tuple(getattr(row, name) for name in self.attributes) for row in referring}
        complete = [key for key in keys if None not in key]
        resource = self.resource()
        columns = [element.column for element in self.constraint.elements]
        values = [key[0] for key in complete] if len(columns) == 1 else complete
        access = access_of(session)
        conditions = [_together(columns).in_(values), *access.visible(resource.model)]
        statement = sa.select(resource.model).where(*conditions).order_by(*columns)
        rows = session.scalars(statement) if complete else ()
        read = [resource.read.model_validate(row) for row in rows]
        access.hide(resource, read)
        return read


class References:
    """The references of one table that a list can expand and follow; `paths` are their names in paths."""

    def __init__(self, model: type[DeclarativeBase], paths: Mapping[str, str]) -> None:
        self.model = model
        self.paths = paths

    def parse(self, expand: str, access: Access) -> Sequence[Expandable]:
        """Return the references named in a comma-separated list.

        Raises a problem 422 for an unknown name, and for a reference with a field that the actor may not read.
        """
        hidden = access.hidden(resource_of(table_of(self.model))) if expand else frozenset()
        known = {
            name: reference
            for name, reference in (self.by_name() if expand else {}).items()
            if hidden.isdisjoint(reference.attributes)
        }
        names = [name.strip() for name in expand.split(",") if name.strip()]
        errors = [
            FieldError(field="expand", code="expand", message=f"cannot expand {name}")
            for name in names
            if name not in known or known[name].resource() is None
        ]
        if errors:
            raise invalid(errors)
        return [known[name] for name in dict.fromkeys(names)]

    def parameters(self) -> list[dict[str, Any]]:
        """Return the OpenAPI parameter objects of the searches of referenced rows."""
        kind = {"in": "query", "required": False, "schema": {"type": "string"}}
        return [{"name": f"{path}__q", **kind} for path in self.paths]

    def by_path(self) -> dict[str, Expandable]:
        """Return the references by their names in paths."""
        known = self.by_name()
        return {path: known[name] for path, name in self.paths.items() if name in known}

    def by_name(self) -> dict[str, Expandable]:
        """Return the references by name."""
        mapper = sa.inspect(self.model)
        found = {}
        for constraint in sorted(table_of(self.model).foreign_key_constraints, key=str):
            if "model" not in constraint.referred_table.info:
                continue
            if isinstance(constraint, PeriodForeignKey):  # refers to any number of rows
                continue
            own = [element.parent for element in constraint.elements]
            name = "+".join(field_names(self.model, [column.key for column in own]))
            attributes = tuple(mapper.get_property_by_column(column).key for column in own)
            found[name] = Expandable(name=name, attributes=attributes, constraint=constraint)
        return found


def _together(columns: Sequence[sa.ColumnElement[Any]]) -> sa.ColumnElement[Any]:
    return columns[0] if len(columns) == 1 else sa.tuple_(*columns)
