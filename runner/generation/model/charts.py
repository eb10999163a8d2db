"""Which numbers of rows the home page of an application shows: those of the tables where something happens.

These refer to other tables, have a date of their own beside that of their creation, and a choice such as a status.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.generation.model.field_types import MOMENTS
from runner.generation.model.labels import is_maintained
from runner.generation.model.naming import word_set, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.generation.model.application import Application
    from runner.generation.model.application_tables import ApplicationTable
    from runner.generation.model.fields import Field

_MOST_TABLES = 3
_MOST_REFERRING = 2  # references to a table that count: a table that all others refer to is one of their settings
# Words in names of dates on which nothing of the table itself happens
_OTHER_DATES = word_set(
    "birth birthday birthdate born dob due expire expires expired expiry valid until end ends ended close closed"
)
_TELLING = ("status", "state", "stage", "phase", "type", "kind", "category", "method", "level", "role", "priority")


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """The number of rows of a table, by its module, by each value of a field, or by month where that is a date."""

    table: str
    field: str
    is_date: bool


def suggested_charts(application: Application) -> tuple[Chart, ...]:
    """Return the charts of an application: of a few tables, of each by date first and then by choice."""
    ranked = sorted(_candidates(application), key=lambda found: -found[0])
    return tuple(chart for _, charts in ranked[:_MOST_TABLES] for chart in charts)


def _candidates(application: Application) -> Iterator[tuple[int, tuple[Chart, ...]]]:
    """Yield the charts of each table that has some, and how much the table matters."""
    referring = Counter(reference.target for table in application.tables for reference in table.references)
    for table in application.tables:
        has_secrets = any(field.is_secret for field in table.fields.values())  # as tables of accounts have
        if table.is_link or table.is_partition or table.is_view or has_secrets:
            continue
        date, choice = _date(table), _choice(table)
        charts = tuple(
            Chart(table=table.module, field=field.name, is_date=field is date)
            for field in (date, choice)
            if field is not None
        )
        if charts and table.references:
            yield 10 * len(charts) + _weight(table, referring[table.ddl.name]), charts


def _weight(table: ApplicationTable, referring: int) -> int:
    """Return how much a table matters: one with a status, with amounts, and with links to other tables."""
    has_amounts = any(field.type.kind == "decimal" for field in table.fields.values())
    return 2 * len(table.references) + min(referring, _MOST_REFERRING) + ("status" in table.fields) + 2 * has_amounts


def _date(table: ApplicationTable) -> Field | None:
    """Return the date on which what a row stands for happens; that of its creation where there is no other."""
    dates = [
        field
        for field in table.fields.values()
        if field.type.kind in MOMENTS and not field.is_secret and field.name != table.deletion
    ]
    own = [field for field in dates if not is_maintained(field) and _OTHER_DATES.isdisjoint(words(field.column.name))]
    return min(own, key=lambda field: field.nullable, default=None)


def _choice(table: ApplicationTable) -> Field | None:
    """Return the choice that tells most of a row: its status, or else its type, or else the first one."""
    choices = [
        field
        for field in table.fields.values()
        if (field.type.kind in ("enum", "boolean") or field.bounds.choices is not None) and not field.is_secret
    ]
    return min(choices, key=_rank, default=None)


def _rank(field: Field) -> tuple[int, bool, bool]:
    telling = [_TELLING.index(word) for word in words(field.column.name) if word in _TELLING]
    return (min(telling, default=len(_TELLING)), field.type.kind == "boolean", field.nullable)
