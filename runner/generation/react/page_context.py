"""The variables of a table's pages: what its list shows, what each field is called and how it is entered."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from runner.ddl.model import Const, Operation
from runner.generation.fastapi.table_view import TableView, view_table
from runner.generation.model.naming import words
from runner.generation.react.labels import family, field_label, is_kept, is_link, label_fields
from runner.generation.react.typescript_source import Open
from runner.generation.source_text import sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.ddl.model import Table
    from runner.generation.fastapi.model_columns import ColumnView
    from runner.generation.fastapi.table_view import Reference
    from runner.generation.model.application import Application

_MOST_COLUMNS = 7
_LONG = 255  # characters: a text that may be longer, and is no name or code, is entered in several lines
_NEVER_SHOWN = frozenset({"json", "bytes", "array", "native", "interval"})  # in a list, unless somebody asks
_SHOWN_FIRST = frozenset({"enum", "date", "time", "timestamp", "local_timestamp"})
_FORMATS = {
    "email": "email", "mail": "email", "phone": "phone", "telephone": "phone", "mobile": "phone", "fax": "phone",
    "url": "url", "website": "url", "homepage": "url", "link": "url",
    "password": "secret", "secret": "secret", "hash": "secret", "token": "secret",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class PageView:
    """A table as its pages show it."""

    table: TableView

    @property
    def family(self) -> str:
        """What tables whose names begin like this one's are called together."""
        return family(self.table)

    @property
    def is_link(self) -> bool:
        """Whether rows only link others."""
        return is_link(self.table)

    @property
    def is_partition(self) -> bool:
        """Whether the table is a part of another."""
        return self.table.table.partition_of is not None

    @property
    def declared(self) -> Mapping[str, Any]:
        """What the table's page declares, as the properties of one object."""
        told = {"about": self.about} if self.about else {}
        return {**told, "columns": self.columns, "fields": Open(self.fields)}

    @property
    def about(self) -> str:
        """What the DDL says of the table; empty where it says nothing."""
        return sentence(self.table.table.comment or "")

    @cached_property
    def fields(self) -> Mapping[str, Mapping[str, Any]]:
        """What people read and are helped with, by field: only what its type does not tell already."""
        return {view.field: self._field(view) for view in self.table.columns.values()}

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Fields that the list shows at first: the most telling ones, those that a row is known by in front."""
        names = label_fields(self.table)
        shown = [view for view in self.table.columns.values() if self._rank(view) is not None]
        best = sorted(shown, key=lambda view: self._rank(view) or 0)[:_MOST_COLUMNS]
        chosen = {view.field for view in best}
        rest = [view.field for view in self.table.columns.values() if view.field in chosen and view.field not in names]
        return (*(name for name in names if name in self.fields), *rest)[:_MOST_COLUMNS]

    @cached_property
    def _by_field(self) -> Mapping[str, Reference]:
        return {field: reference for reference in self.table.references for field in reference.fields}

    def _field(self, view: ColumnView) -> Mapping[str, Any]:
        found: dict[str, Any] = {"label": field_label(view, self._by_field.get(view.field))}
        if view.comment:
            found["help"] = view.comment
        if (form := _format(view)) is not None:
            found["format"] = form
        elif self._is_long(view):
            found["long"] = True
        if view.type.category == "decimal" and view.type.places:
            found["places"] = view.type.places
        if is_kept(view):
            found["kept"] = True
        elif view.writable and (initial := _initial(view)) is not None:
            found["initial"] = initial
        return found

    def _is_long(self, view: ColumnView) -> bool:
        is_name = view.field in label_fields(self.table) or view.field in self._by_field
        is_code = view.bounds.pattern is not None or view.bounds.choices is not None or view.type.values
        alone = any(fields == (view.field,) for fields in self.table.unique_sets)
        longest = view.bounds.max_length or view.type.max_length
        long = longest is None or longest > _LONG
        return view.type.category == "text" and long and not (is_name or is_code or alone)

    def _rank(self, view: ColumnView) -> int | None:
        """Return how soon a list shows a field, from 0; None for one that it does not."""
        if view.field in label_fields(self.table):
            return 0
        hidden = view.type.category in _NEVER_SHOWN or self._is_long(view) or is_kept(view)
        if hidden or _format(view) == "secret":
            return None
        if view.assigned or (view.is_key and view.type.category == "uuid"):
            return None
        if any(fields == (view.field,) for fields in self.table.unique_sets) and not view.nullable:
            return 1
        if view.field == "status" or (view.field in self._by_field and not view.nullable):
            return 2
        first = view.type.category in _SHOWN_FIRST or view.bounds.choices is not None
        return (3 if first else 4) + (2 if view.nullable else 0)


def _format(view: ColumnView) -> str | None:
    """Return what a text is beside text, told from its name."""
    if view.type.category != "text" or view.bounds.choices is not None:
        return None
    return next((_FORMATS[word] for word in reversed(words(view.name)) if word in _FORMATS), None)


def _initial(view: ColumnView) -> bool | str | None:
    """Return the constant that a new row has where nothing is given, as its form shows it."""
    default = view.column.default
    if view.default is None or default is None or view.type.category in _NEVER_SHOWN:
        return None
    expression = default.expression
    while isinstance(expression, Operation) and expression.op == "cast":
        expression = expression.args[0]
    if not isinstance(expression, Const) or expression.value is None:
        return None
    if view.type.category == "boolean":
        return str(expression.value).lower() in ("1", "t", "true", "b'1'", "yes", "on")
    return str(expression.value) or None


def page_variables(application: Application, table: Table) -> Mapping[str, Any]:
    """Return the variables of one table's pages: `table` and `page`."""
    view = view_table(application, table)
    return {"table": view, "page": PageView(table=view)}
