"""A table as exposed over HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql.schema import CallableColumnDefault

from app.core.constraint_columns import table_of
from app.core.csv_copy import CsvCopy, csv_copy
from app.core.expansion import References
from app.core.keyless import selected_rows
from app.core.listing import Filters, Page
from app.core.rules import Rule
from app.core.search import Search

Model = TypeVar("Model", bound=DeclarativeBase)
Read = TypeVar("Read", bound=BaseModel)


class Resource(Generic[Model, Read]):
    """The model, the read schema and the rules of a table. `label` is its noun in messages.

    `named_by` are the attributes that people know a row by, completed by those of `qualified_by` where that name may occur
    twice. `references` are the names of references in paths such as `student__full_name`, with their fields as `expand`
    has them. `searched` are the attributes that searches read, `phones` those of them that hold phone numbers, and
    `searched_references` the references by whose labels, or by these columns of whose rows, searches find rows.
    `secrets` are those that clients write and never read, with the names of their fields.
    """

    def __init__(
        self,
        model: type[Model],
        read: type[Read],
        *,
        label: str,
        named_by: Sequence[str] = (),
        qualified_by: Sequence[str] = (),
        references: Mapping[str, str] = MappingProxyType({}),
        secrets: Mapping[str, str] = MappingProxyType({}),
        searched: Sequence[str] = (),
        phones: Sequence[str] = (),
        searched_references: Mapping[str, Sequence[str]] = MappingProxyType({}),
        rules: Sequence[Rule] = (),
    ) -> None:
        self.model, self.rows = model, selected_rows(model)
        self.read = read
        self.page: Any = Page[read]  # type: ignore[valid-type]
        self.label = label
        self.create: type[BaseModel] | None = None  # the body of a POST, which the routes set
        self.rules = rules
        self.named_by, self.qualified_by = named_by, qualified_by
        self.secrets = secrets
        self.searched_references = searched_references
        self.filters = Filters(model, read, Search(searched, phones))
        shown = {name: info.serialization_alias or name for name, info in read.model_fields.items()}
        self.field_names = {**shown, **secrets}  # as clients know them, by attribute
        mapper = sa.inspect(model)
        self.key = [mapper.get_property_by_column(column).key for column in mapper.primary_key]
        fields = {
            column.key: field
            for name, field in self.field_names.items()
            for column in mapper.attrs[name].columns
        }
        table_of(model).info.update(model=model, fields=fields, resource=self)
        self.references = References(model, references)

    @property
    def package(self) -> str:
        """The name of the table's package, by which the frontend knows it."""
        return self.model.__module__.split(".")[1]

    @cached_property
    def csv_copy(self) -> CsvCopy | None:
        """How PostgreSQL writes the rows as CSV, or None if only Python can."""
        return csv_copy(self.model, self.read)

    def default(self, attribute: str) -> Any:
        """Return the default of a column, as a value or as an SQL expression; None where it has no default."""
        column = sa.inspect(self.model).attrs[attribute].columns[0]
        if isinstance(column.default, CallableColumnDefault):
            make_default: Any = column.default.arg
            return make_default(None)
        return getattr(column.server_default, "arg", None)

    def list_docs(self) -> dict[str, Any]:
        """Return the OpenAPI parameters of the filters, for a route's `openapi_extra`.

        Of the many filters through references, only the searches are listed; `paths_note` describes the others.
        """
        return {"parameters": [*self.filters.parameters(), *self.references.parameters()]}

    @property
    def paths_note(self) -> str:
        """A sentence about filters through references, for a route's description; empty without references."""
        path = next(iter(self.references.paths), "")
        example = f"`{path}__` and a field of the row that it refers to"
        return f" Filters and `sort` also follow references: {example}." if path else ""
