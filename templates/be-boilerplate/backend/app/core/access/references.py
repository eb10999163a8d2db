"""References to rows that the actor may not see: they are refused like references to rows that do not exist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session

from app.core.access.access import access_of
from app.core.constraint_columns import name_of, table_of
from app.core.integrity import missing_reference


def require_visible_references(
    session: Session,
    model: type[DeclarativeBase],
    values: Mapping[str, Any],
    before: Mapping[str, Any] | None = None,
) -> None:
    """Raise a problem 422 if a row with these values, by attribute, refers to a row that the actor may not see.

    References that are as they were `before` are not checked: who may change a row may keep them.
    """
    mapper = sa.inspect(model)
    access = access_of(session)
    for constraint in table_of(model).foreign_key_constraints:
        target = constraint.referred_table.info.get("model")
        if target is None:
            continue
        if not (conditions := access.visible(target)):
            continue
        names = [mapper.get_property_by_column(item.parent).key for item in constraint.elements]
        key = tuple(values.get(name) for name in names)
        if None in key or (before is not None and key == tuple(map(before.get, names))):
            continue
        pairs = zip(constraint.elements, key, strict=True)
        matches = [item.column == value for item, value in pairs]
        found = sa.select(sa.literal(1)).select_from(target).where(*matches, *conditions)
        with session.no_autoflush:
            if session.scalar(found.limit(1)) is None:
                raise missing_reference(model, list(constraint.column_keys), name_of(constraint))
