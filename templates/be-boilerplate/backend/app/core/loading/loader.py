"""Loading of many rows into some tables: copies of seeded rows that differ in their keys and references."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session

from app.core.loading.copies import Copies, key_parts, unique_sets
from app.core.loading.indexes import rebuilt_indexes
from app.core.loading.parts import NUMBERS, Part, field_part, keys_part
from app.core.loading.writers import collect_statistics, writer_for
from app.core.seeding.fields import table_spec
from app.core.seeding.references import References
from app.core.seeding.seeder import models_by_table, seed_tables, seeding_steps
from app.core.seeding.values import Values

_ORIGINALS = 200  # rows that are seeded and copied, at most
_COPIES = 4  # rows for each that is seeded, at least
_REFERENCED = 20  # rows of a table that is only referred to
_MAX_KEYS = 200_000  # that a foreign key refers to
_BATCH = 10_000
_MAX_TRIES = 4  # rows that are made for each that is needed

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The number of rows that a table has, and the reason if there are fewer than requested."""

    table: str
    rows: int
    reason: str = ""


def table_names() -> list[str]:
    """Return the names of all tables in the order in which they are filled."""
    return [step.table.fullname for step in seeding_steps()]


def load_tables(
    session: Session,
    tables: Collection[str],
    *,
    rows: int,
    seed: int,
    locale: str,
    progress: Progress,
) -> list[Loaded]:
    """Add rows to the tables until each has `rows` of them, in a transaction for each table.

    Tables with few rows, and those that they refer to, are seeded first. Hooks run for the seeded rows only. `progress`
    is called with the table, its number of rows and `rows` after each batch.

    Raises:
        SeedError: a required reference within a cycle of tables cannot be set.
    """
    missing = _missing(session, tables, rows)
    reasons = seed_tables(session, rows=missing, seed=seed, locale=locale).reasons
    loaded = []
    for name, model in (
        (name, models_by_table()[name]) for name in table_names() if name in tables
    ):
        loading = _Loading(session, model, rows, Values(locale, f"{seed}:{name}"))
        loaded.append(loading.run(progress, reasons.get(name, "it has no row to copy")))
    return loaded


def _missing(session: Session, tables: Collection[str], rows: int) -> dict[str, int]:
    """Return how many rows to seed in each table that has too few of them to copy or to refer to."""
    targets = {
        step.table.fullname: {
            key.referred_table.fullname for key in step.table.foreign_key_constraints
        }
        for step in seeding_steps()
    }
    wanted = dict.fromkeys(tables, min(-(-rows // _COPIES), _ORIGINALS))
    new = {*tables}
    while new:
        new = {target for name in new for target in targets[name] if target in targets} - {*wanted}
        wanted |= dict.fromkeys(new, min(rows, _REFERENCED))
    models = models_by_table()
    missing = {name: most - _count(session, models[name], most) for name, most in wanted.items()}
    return {name: number for name, number in missing.items() if number > 0}


def _count(session: Session, model: Any, most: int | None = None) -> int:
    """Return the number of rows, counted up to `most`."""
    rows = sa.select(sa.literal(1)).select_from(model).limit(most).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(rows)) or 0


class _Loading:
    """The loading of one table."""

    def __init__(
        self, session: Session, model: type[DeclarativeBase], rows: int, values: Values
    ) -> None:
        self._session = session
        self._spec = table_spec(model)
        self._name = self._spec.table.fullname
        self._wanted = rows
        self._random = values.random
        self._rows = _count(session, model)
        self._names = [*self._spec.fields]

    def run(self, progress: Progress, why_empty: str) -> Loaded:
        """Add rows until there are enough of them, and update the planner's statistics.

        `why_empty` is the reason if there is no row to copy.
        """
        if self._rows >= self._wanted:
            return Loaded(table=self._name, rows=self._rows)
        copies = self._copies() if self._names else None
        if copies is None and self._names:
            return Loaded(table=self._name, rows=self._rows, reason=why_empty)
        first, reason = self._rows, "no more unused values were found for what must be unique"
        try:
            with self._indexes():
                if copies is None:
                    self._add_without_values(progress)
                else:
                    self._add(copies, progress)
            collect_statistics(self._session, self._spec.table)
            self._session.commit()
        except (DBAPIError, psycopg.Error) as error:
            self._session.rollback()
            self._rows, reason = (
                first,
                str(getattr(error, "orig", error)).strip().replace("\n", " "),
            )
        if self._rows >= self._wanted:
            return Loaded(table=self._name, rows=self._rows)
        return Loaded(table=self._name, rows=self._rows, reason=reason)

    def _indexes(self) -> AbstractContextManager[None]:
        """Return what handles the indexes: it pays to make them again where most of the rows are added."""
        is_postgresql = self._session.get_bind().dialect.name == "postgresql"
        if is_postgresql and self._wanted >= max(_BATCH, 2 * self._rows):
            return rebuilt_indexes(self._session, self._spec.table)
        return nullcontext()

    def _add(self, copies: Copies, progress: Progress) -> None:
        """Add batches until there are enough rows. The next one is made while the database stores the one before."""
        write = writer_for(self._session, self._spec, self._names)
        last = copies.next + _MAX_TRIES * (self._wanted - self._rows)
        with ThreadPoolExecutor(1) as thread:
            storing, size = thread.submit(int), 0
            while self._rows < self._wanted and copies.next < last:
                size = min(_BATCH, self._wanted - self._rows - size)
                batch = list(itertools.islice(copies, size))
                self._rows += storing.result()
                progress(self._name, self._rows, self._wanted)
                storing = thread.submit(write, batch) if batch else thread.submit(int)
            self._rows += storing.result()

    def _add_without_values(self, progress: Progress) -> None:
        """Add rows of which the database chooses every value."""
        while self._rows < self._wanted:
            size = min(_BATCH, self._wanted - self._rows)
            self._session.execute(sa.insert(self._spec.table), [{} for _ in range(size)])
            self._rows += size
            progress(self._name, self._rows, self._wanted)

    def _copies(self) -> Copies | None:
        """Return the copies of the table's rows, or None where there is nothing to copy."""
        originals = self._originals()
        if not originals:
            return None
        last = self._rows + _MAX_TRIES * (self._wanted - self._rows)
        sets = unique_sets(self._spec)
        references = self._references()
        fields = self._field_parts({name for key in sets for name in key}, originals, last)
        large = [part for part in fields if part.size >= last]
        small = [part for part in fields if part.size < last]
        keys = key_parts(sets, [*large, *references, *small], last)
        numbered = {part.names for parts in keys for part in parts}
        return Copies(
            self._spec,
            originals,
            keys=keys,
            references=[part for part in references if part.names not in numbered],
            first=self._rows,
            random=self._random,
        )

    def _originals(self) -> list[Sequence[Any]]:
        model = self._spec.model
        columns = [getattr(model, name) for name in self._names]
        first = sa.select(*columns).order_by(*self._spec.table.primary_key.columns)
        return [tuple(row) for row in self._session.execute(first.limit(_ORIGINALS))]

    def _references(self) -> list[Part]:
        """Return the parts of the foreign keys that share no column with another one; the others stay as copied."""
        references = References(self._session, _MAX_KEYS)
        keys = self._spec.table.foreign_key_constraints
        uses = Counter(column for key in keys for column in key.columns)
        parts = []
        for key in sorted(keys, key=lambda key: str(key.name)):
            names = [self._spec.attribute(element.parent) for element in key.elements]
            if {*names} <= {*self._names} and all(uses[column] == 1 for column in key.columns):
                parts.append(keys_part(names, references.keys(key)))
        return [part for part in parts if part.size]

    def _field_parts(
        self, unique: Collection[str], originals: Sequence[Sequence[Any]], last: int
    ) -> list[Part]:
        """Return the parts of the fields that are unique and refer to nothing."""
        keys = self._spec.table.foreign_key_constraints
        referring = {self._spec.attribute(column) for key in keys for column in key.columns}
        parts = []
        for index, name in enumerate(self._names):
            if name in unique and name not in referring:
                field = self._spec.fields[name]
                values = [row[index] for row in originals]
                if field.type.kind in NUMBERS:
                    highest = sa.func.max(getattr(self._spec.model, name))
                    values.append(self._session.scalar(sa.select(highest)))
                part = field_part(field, values, first=self._rows, last=last, random=self._random)
                parts += [] if part is None else [part]
        return parts
