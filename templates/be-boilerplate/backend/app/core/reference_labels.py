"""Labels of the rows that the rows of an export refer to, as SQL: a column `student` beside `student_id`.

A label is what people know a row by, and in parentheses what tells it from others with the same name: `7A (2025/2026)`.
In place of a reference it has the label of the row that this leads to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import sqlalchemy as sa

from app.core.expansion import Expandable
from app.core.reachable import Reachable
from app.core.reference_joins import Joins

DEPTH = 2  # references that a label follows
_BETWEEN, _QUALIFIERS = " · ", ", "

Text = sa.ColumnElement[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelColumn:
    """A column with the labels of the rows of a reference; it follows that of the attribute `after`."""

    name: str
    after: str
    text: Text


def label_columns(reachable: Reachable, joins: Joins) -> list[LabelColumn]:
    """Return the columns of all references that the actor may follow; `joins` gets their rows.

    A column has the reference's name in paths, followed by `_label` where a field has that name.
    """
    taken = set(reachable.resource.field_names.values())
    found = []
    for path, reference in reachable.references().items():
        target = reachable.of_target(reference)
        text = Labels(joins, (reference,), target).text(DEPTH) if target else None
        if text is not None:
            name = f"{path}_label" if path in taken else path
            found.append(LabelColumn(name=name, after=reference.attributes[-1], text=text))
    return found


def beside(
    attributes: Sequence[str], labels: Sequence[LabelColumn], chosen: Sequence[str] = ()
) -> list[int]:
    """Return the order in which labels are beside their attributes: indexes of the attributes, then the labels.

    Only `chosen` attributes are in it, in their own order, if there are any.
    """
    found = []
    for attribute in chosen or attributes:
        found.append(attributes.index(attribute))
        found += [
            len(attributes) + place
            for place, label in enumerate(labels)
            if label.after == attribute
        ]
    return found


class Labels:
    """The labels of the rows that `steps` lead to, whose table has what is `reachable`."""

    def __init__(self, joins: Joins, steps: tuple[Expandable, ...], reachable: Reachable) -> None:
        self._joins = joins
        self._steps = steps
        self._reachable = reachable
        self._hidden = reachable.access.hidden(reachable.resource)
        self._by_attribute = {
            reference.attributes[0]: reference
            for reference in reachable.references().values()
            if len(reference.attributes) == 1
        }

    def text(self, depth: int, *, is_qualified: bool = True) -> Text | None:
        """Return the labels, without their qualifiers if they qualify others; None if nothing of them may be read."""
        resource = self._reachable.resource
        names = self._parts(resource.named_by, depth)
        if not names:
            return None
        # Two texts are a first and a last name.
        is_person = len(names) == 2 and not self._by_attribute.keys() & {*resource.named_by}
        label = _joined(names, " " if is_person else _BETWEEN)
        more = self._parts(resource.qualified_by, depth, is_qualified=False) if is_qualified else []
        if not more:
            return label
        qualifiers = sa.func.nullif(_joined(more, _QUALIFIERS), "")
        return label + sa.func.coalesce(sa.literal(" (") + qualifiers + sa.literal(")"), "")

    def _parts(
        self, attributes: Sequence[str], depth: int, *, is_qualified: bool = True
    ) -> list[Text]:
        found = (
            self._part(name, depth, is_qualified=is_qualified)
            for name in attributes
            if name not in self._hidden
        )
        return [part for part in found if part is not None]

    def _part(self, attribute: str, depth: int, *, is_qualified: bool) -> Text | None:
        """Return the text of an attribute, or the label of the row to which it refers."""
        reference = self._by_attribute.get(attribute)
        target = self._reachable.of_target(reference) if reference and depth else None
        if reference and target:
            further = Labels(self._joins, (*self._steps, reference), target)
            return further.text(depth - 1, is_qualified=is_qualified)
        column: Any = getattr(self._reachable.resource.model, attribute)
        return sa.cast(self._joins.column(self._steps, column)[0], sa.Text())


def _joined(parts: Sequence[Text], separator: str) -> Text:
    """Return texts without the empty ones, with a separator between them."""
    if len(parts) == 1:
        return sa.func.coalesce(parts[0], "")
    begun: list[Text] = [
        sa.func.coalesce(sa.literal(separator) + sa.func.nullif(part, ""), "") for part in parts
    ]
    return sa.func.substr(reduce(add, begun), len(separator) + 1)
