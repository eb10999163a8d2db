"""Rows of tables without a key, which a session could not tell apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Bundle, DeclarativeBase

from app.core.constraint_columns import table_of


class KeylessRows(Bundle[Any]):
    """The columns of a model, selected as instances of it that belong to no session.

    A session identifies rows by their values. Without a key, these may repeat or be all NULL, and JSON is not hashable.
    """

    def __init__(self, model: type[DeclarativeBase]) -> None:
        self.model = model
        self.names = [attribute.key for attribute in sa.inspect(model).column_attrs]
        super().__init__("row", *(getattr(model, name) for name in self.names))

    def create_row_processor(
        self, query: Any, procs: Sequence[Callable[[Any], Any]], labels: Sequence[str]
    ) -> Callable[[Any], Any]:
        """Return a function that makes an instance of a row."""
        values = list(zip(self.names, procs, strict=True))
        return lambda row: self.model(**{name: value(row) for name, value in values})


def selected_rows(model: type[DeclarativeBase]) -> Any:
    """Return what to select for the rows of a model."""
    return model if table_of(model).primary_key.columns else KeylessRows(model)
