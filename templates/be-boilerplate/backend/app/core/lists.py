"""Reading many rows of one table: pages, counts and exports."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session

from app.core.access.access import access_of
from app.core.counting import Total, count_rows
from app.core.database import limit_statements
from app.core.export import CsvBlocks, blocks_of, csv_blocks, header, row_cells, text_cell
from app.core.filtering import Condition
from app.core.listing import Count, CsvQuery, ExportQuery, ListQuery, Page
from app.core.reference_labels import beside
from app.core.selection import Selection

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


def read_csv(resource: AnyResource, session: Session, query: CsvQuery, timeout: float) -> CsvBlocks:
    """Return a CSV file with all rows that match a query, in blocks of lines; rows are read in batches.

    A statement may take `timeout` seconds: the first batch of a sorted export requires all rows to be sorted.
    PostgreSQL writes the lines itself where it can.
    """
    access = access_of(session)
    access.require("read", resource)
    access.require("export", resource)
    selection, hidden = Selection(resource, session, "export"), access.hidden(resource)
    conditions, order = selection.conditions(query), selection.order(query.sort)
    labels = selection.label_columns(order) if query.labels else []
    limit_statements(session, timeout)
    is_copied = not hidden and session.get_bind().dialect.name == "postgresql"
    if is_copied and resource.csv_copy is not None:
        return resource.csv_copy.with_labels(labels).blocks(session, conditions, order)
    statement = sa.select(resource.rows, *(label.text for label in labels)).where(*conditions)
    statement = order.with_joins(statement).order_by(*order.clauses())
    rows = session.execute(statement.execution_options(yield_per=500))
    read = ((resource.read.model_validate(row), texts) for row, *texts in rows)
    if not labels:
        return csv_blocks(resource.read, (row for row, _ in read), hidden)
    attributes = [name for name in resource.read.model_fields if name not in hidden]
    places = beside(attributes, labels)
    names = [*header(resource.read, hidden), *(label.name for label in labels)]
    cells = ([*row_cells(row, hidden), *map(text_cell, texts)] for row, texts in read)
    in_order = itemgetter(*places)
    return blocks_of(in_order(names), map(in_order, cells))
