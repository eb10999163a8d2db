"""Rows that other rows refer to, found with one query for each reference, however many rows refer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session

from app.core.integrity import field_names, table_of
from app.core.problems import FieldError, invalid


@dataclass(frozen=True, kw_only=True, slots=True)
class Expandable:
    """A reference; `name` is its field, or its fields with `+` between them."""

    name: str
    attributes: tuple[str, ...]
    constraint: sa.ForeignKeyConstraint

    def rows(self, session: Session, referring: Iterable[DeclarativeBase]) -> list[Any]:
        """Return the rows that some rows refer to, each once, as their own table shows them."""
        keys = {tuple(getattr(row, name) for name in self.attributes) for row in referring}
        wanted = [key for key in keys if None not in key]
        target = self.constraint.referred_table
        resource = target.info["resource"]
        columns = [element.column for element in self.constraint.elements]
        chosen = (
            columns[0].in_([key[0] for key in wanted])
            if len(columns) == 1
            else sa.tuple_(*columns).in_(wanted)
        )
        statement = sa.select(resource.model).where(chosen).order_by(*columns)
        found = session.scalars(statement) if wanted else ()
        return [resource.read.model_validate(row) for row in found]


class References:
    """The references of one table that a list can be asked to expand."""

    def __init__(self, model: type[DeclarativeBase]) -> None:
        self.model = model

    def named(self, names: str) -> Sequence[Expandable]:
        """Return the references that a request names; raises a problem for one that there is not."""
        known = self._known() if names else {}
        wanted = [name.strip() for name in names.split(",") if name.strip()]
        errors = [
            FieldError(field="expand", code="expand", message=f"cannot expand {name}")
            for name in wanted
            if name not in known
        ]
        if errors:
            raise invalid(errors)
        return [known[name] for name in dict.fromkeys(wanted)]

    def _known(self) -> dict[str, Expandable]:
        mapper = sa.inspect(self.model)
        found = {}
        for constraint in sorted(table_of(self.model).foreign_key_constraints, key=str):
            if "resource" not in constraint.referred_table.info:
                continue
            own = [element.parent for element in constraint.elements]
            name = "+".join(field_names(self.model, [column.name for column in own]))
            attributes = tuple(mapper.get_property_by_column(column).key for column in own)
            found[name] = Expandable(name=name, attributes=attributes, constraint=constraint)
        return found
