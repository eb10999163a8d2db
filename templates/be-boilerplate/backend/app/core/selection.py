"""The rows that a list selects, and their order, as SQL: its filters, search and sort fields.

Filters of referenced rows are conditions `IN (SELECT …)`, orders by them are joins. Neither finds a row that the actor
may not see.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.constraint_columns import table_of
from app.core.expansion import Expandable
from app.core.fields import reject_unstorable
from app.core.filtering import Condition, boolean_value, condition, error_message
from app.core.ordering import Order, SortKey
from app.core.problems import FieldError, invalid
from app.core.reachable import SEPARATOR, Reachable
from app.core.reference_joins import Joins
from app.core.reference_labels import LabelColumn, label_columns
from app.core.reference_search import search_conditions

if TYPE_CHECKING:
    from app.core.listing import ExportQuery
    from app.core.resource import Resource


class Selection:
    """What the actor of a session selects of the rows of a table."""

    def __init__(self, resource: Resource[Any, Any], session: Session) -> None:
        self._model = resource.model
        self._session = session
        self._reachable = Reachable(resource, session)

    def conditions(self, query: ExportQuery) -> list[Condition]:
        """Return the conditions of a query and of the actor's scope.

        Raises a problem 422 that names every invalid parameter.
        """
        conditions: list[Condition] = []
        errors: list[FieldError] = []
        reserved = query.reserved()
        for parameter, text in query.parameters.multi_items():
            if parameter in reserved:
                continue
            try:
                conditions.append(self._condition(parameter, text))
            except ValueError as error:
                message = error_message(error)
                errors.append(FieldError(field=parameter, code="filter", message=message))
        try:
            conditions += search_conditions(self._reachable, query.q)
        except ValueError as error:
            errors.append(FieldError(field="q", code="filter", message=error_message(error)))
        if errors:
            raise invalid(errors)
        return [*conditions, *self._visible(self._model)]

    def order(self, sort: str) -> Order:
        """Return the order by the fields of `sort`; raises a problem 422.

        The primary key is the tie-breaker, in the direction of the last field, so that an index on the field serves.
        """
        joins = Joins(self._model, self._session)
        keys: dict[str, SortKey] = {}  # the first mention of a field takes effect
        is_descending = False
        for part in filter(None, (part.strip() for part in sort.split(","))):
            name = part.removeprefix("-")
            path = self._reachable.resolve(name, Reachable.sortable)
            if path is None:
                message = f"cannot sort by {part}{self._reachable.hint(name)}"
                raise invalid([FieldError(field="sort", code="sort", message=message)])
            is_descending = part.startswith("-")
            column, is_nullable = joins.column(path.steps, path.end.column)
            key = SortKey(
                name=name,
                column=column,
                attribute=None if path.steps else path.end.column.key,
                is_nullable=is_nullable,
                adapter=path.end.adapter,
                is_descending=is_descending,
            )
            keys.setdefault(key.attribute or name, key)
        for key in self._reachable.filters.tie_breakers:
            keys.setdefault(key.name, replace(key, is_descending=is_descending))
        table = table_of(self._model)
        has_key = bool(table.primary_key.columns)
        return Order(table.fullname, list(keys.values()), has_cursors=has_key, joins=joins)

    def label_columns(self, order: Order) -> list[LabelColumn]:
        """Return the columns with the labels of all references; the rows that have them are joined by the order."""
        return label_columns(self._reachable, order.joins)

    def _condition(self, parameter: str, text: str) -> Condition:
        """Return the condition of a filter; raises ValueError for an unknown one, or a value that does not fit."""
        path = self._reachable.resolve(parameter, Reachable.filter)
        if path is None:
            raise ValueError(self._why_unknown(parameter))
        reject_unstorable(text)
        field, operator = path.end.field, path.end.operator
        if field is None:
            found = search_conditions(path.end.within, text)
            return self._referring(path.steps, found[0]) if found else sa.true()
        if path.steps and operator == "is_null" and boolean_value(text):
            present = self._referring(path.steps, condition(field, "is_null", "false"))
            return sa.not_(sa.func.coalesce(present, sa.false()))  # also where no row is found
        return self._referring(path.steps, condition(field, operator, text))

    def _referring(self, steps: tuple[Expandable, ...], found: Condition) -> Condition:
        """Return the condition that a row refers, step by step, to a visible one that meets a condition."""
        for step in reversed(steps):
            found = step.leads_to([found, *self._visible(step.target)])
        return found

    def _visible(self, model: type[Any]) -> list[Condition]:
        return self._reachable.access.visible(model)

    def _why_unknown(self, parameter: str) -> str:
        name = parameter.rpartition(SEPARATOR)[0]
        known = self._reachable.resolve(name, Reachable.field) if name else None
        if known is not None:
            return f"has an unknown operator; expected: {' '.join(known.end.operators)}"
        return f"is not a filterable field{self._reachable.hint(parameter)}"
