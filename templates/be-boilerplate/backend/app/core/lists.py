"""Reading many rows of one table: pages, counts and exports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session

from app.core.access.access import access_of
from app.core.counting import Total, count_rows
from app.core.database import limit_statements
from app.core.export import Blocks, blocks_of, header, row_cells, row_values, text_cell
from app.core.filtering import Condition
from app.core.listing import Count, CsvQuery, ExportQuery, ListQuery, Page, WorkbookQuery
from app.core.problems import FieldError, invalid
from app.core.reference_labels import beside
from app.core.selection import Selection
from app.core.workbooks import workbook_blocks

if TYPE_CHECKING:
    from app.core.resource import Resource

    AnyResource = Resource[Any, Any]


def read_page(resource: AnyResource, session: Session, query: ListQuery) -> Page[Any]:
    """Return a page; raises a problem 422 for an invalid query, or 400 for an invalid cursor."""
    access = access_of(session)
    access.require("read", resource)
    selection = Selection(resource, session)
    conditions, order = selection.conditions(query), selection.order(query.sort)
    references = resource.references.parse(query.expand, access)
    is_reversed = bool(query.before)
    place = []
    if query.after or query.before:
        parameter = "before" if is_reversed else "after"
        place.append(order.beyond(query.after or query.before, parameter))
    statement = (
        order.with_columns(sa.select(resource.rows))
        .where(*conditions, *place)
        .order_by(*order.clauses(is_reversed=is_reversed))
        .limit(query.limit + 1)  # whether there are more
        .offset(query.offset)
    )
    found = [*session.execute(statement)]
    has_more, found = len(found) > query.limit, found[: query.limit]
    if is_reversed:
        found = found[::-1]
    rows = [row for row, *_ in found]
    cursors = [order.cursor(row, joined) for row, *joined in (found[:1] + found[-1:])]
    is_first = not query.offset and not query.after and not (is_reversed and has_more)
    is_last = not is_reversed and not has_more
    total = _total(resource, session, query, conditions, rows, is_last=is_last and not place)
    values: dict[str, Any] = {
        "items": rows,
        "total": total.rows,
        "total_is": total.precision,
        "limit": query.limit,
        "offset": None if place else query.offset,
        "next": None if is_last or not rows else cursors[-1],
        "previous": None if is_first or not rows else cursors[0],
    }
    if references:
        values["expanded"] = {
            reference.name: reference.rows(session, rows) for reference in references
        }
    page: Page[Any] = resource.page.model_validate(values)
    access.hide(resource, page.items)
    return page


def _total(
    resource: AnyResource,
    session: Session,
    query: ListQuery,
    conditions: Sequence[Condition],
    rows: Sequence[DeclarativeBase],
    *,
    is_last: bool,
) -> Total:
    """Return the number of rows that match, which the last page shows without counting."""
    if is_last and query.count != "none" and (rows or not query.offset):
        return Total(rows=query.offset + len(rows))
    return count_rows(session, resource.model, conditions, query.count)


def read_count(resource: AnyResource, session: Session, query: ExportQuery) -> Count:
    """Return the exact number of rows that match a query."""
    access = access_of(session)
    access.require("read", resource)
    conditions = Selection(resource, session).conditions(query)
    total = count_rows(session, resource.model, conditions, "exact")
    return Count(count=total.rows or 0)


def read_csv(resource: AnyResource, session: Session, query: CsvQuery, timeout: float) -> Blocks:
    """Return a CSV file with all rows that match a query, in blocks of lines; rows are read in batches.

    A statement may take `timeout` seconds: the first batch of a sorted export requires all rows to be sorted.
    PostgreSQL writes the lines itself where it can.
    """
    export = _Export(resource, session, query, timeout)
    is_copied = not export.hidden and session.get_bind().dialect.name == "postgresql"
    if is_copied and resource.csv_copy is not None and len(export.places) > 1:
        copy = resource.csv_copy.arranged(export.labels, export.chosen)
        return copy.blocks(session, export.conditions, export.order, has_mark=query.bom)
    rows = export.rows(lambda row: row_cells(row, export.hidden), text_cell)
    return blocks_of(export.header(), rows, has_mark=query.bom)


def read_workbook(
    resource: AnyResource, session: Session, query: WorkbookQuery, timeout: float
) -> Blocks:
    """Return an XLSX file with all rows that match a query, in blocks of bytes.

    The file is complete before its first block. Raises a problem 503 if that takes more than `timeout` seconds.
    """
    export = _Export(resource, session, query, timeout)
    rows = export.rows(lambda row: row_values(row, export.hidden), str)
    return workbook_blocks(export.header(), rows, query.time_zone, timeout)


class _Export:
    """What an export reads: the rows that match a query, and the chosen columns with labels beside references."""

    def __init__(
        self, resource: AnyResource, session: Session, query: CsvQuery, timeout: float
    ) -> None:
        access = access_of(session)
        access.require("read", resource)
        access.require("export", resource)
        self._resource, self._session = resource, session
        selection = Selection(resource, session, "export")
        self.hidden = access.hidden(resource)
        self.conditions, self.order = selection.conditions(query), selection.order(query.sort)
        self.labels = selection.label_columns(self.order) if query.labels else []
        names = {resource.field_names[name]: name for name in self._attributes()}
        self.chosen = _chosen(names, query.columns)
        self.places = beside(self._attributes(), self.labels, self.chosen)
        limit_statements(session, timeout)

    def header(self) -> list[str]:
        """Return the names of the columns."""
        labels = (label.name for label in self.labels)
        return self._arranged([*header(self._resource.read, self.hidden), *labels])

    def rows(
        self, cells: Callable[[Any], list[Any]], label_cell: Callable[[str], str]
    ) -> Iterator[list[Any]]:
        """Return the cells of each row, where `cells` returns those of the fields, and `label_cell` that of a label."""
        labels = (label.text for label in self.labels)
        statement = sa.select(self._resource.rows, *labels).where(*self.conditions)
        statement = self.order.with_joins(statement).order_by(*self.order.clauses())
        for row, *texts in self._session.execute(statement.execution_options(yield_per=500)):
            shown = (None if text is None else label_cell(text) for text in texts)
            read = self._resource.read.model_validate(row)
            yield self._arranged([*cells(read), *shown])

    def _attributes(self) -> list[str]:
        return [name for name in self._resource.read.model_fields if name not in self.hidden]

    def _arranged(self, cells: Sequence[Any]) -> list[Any]:
        return [cells[place] for place in self.places]


def _chosen(names: Mapping[str, str], columns: str) -> list[str]:
    """Return the attributes of the chosen columns; raises a problem 422 for what is not the name of a field."""
    chosen = list(dict.fromkeys(part.strip() for part in columns.split(",") if part.strip()))
    if unknown := [name for name in chosen if name not in names]:
        message = f"names no fields: {', '.join(unknown)}"
        raise invalid([FieldError(field="columns", code="columns", message=message)])
    return [names[name] for name in chosen]
