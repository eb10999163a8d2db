"""Names of constraints that the DDL leaves unnamed: MySQL and MariaDB choose others than the models have."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from app.core.constraint_columns import columns_of, name_of

_KINDS = {  # by the code of the error
    "23503": (sa.ForeignKeyConstraint,),
    "23505": (sa.PrimaryKeyConstraint, sa.UniqueConstraint, sa.Index),
    "23514": (sa.CheckConstraint,),
}


def name_in_models(
    table: sa.Table, state: str, name: str | None, columns: Sequence[str]
) -> str | None:
    """Return the models' name of the constraint over these columns, if there is one of this kind; otherwise `name`."""
    parts = (*table.constraints, *table.indexes)
    names = [name_of(part) for part in parts if isinstance(part, _KINDS.get(state, ()))]
    if name in names:
        return name
    found = [one for one in names if columns and set(columns_of(table, one)) == set(columns)]
    return found[0] if len(found) == 1 else name
