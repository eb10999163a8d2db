"""Filling every table, in one transaction: all that can be filled is, and what cannot is named with the reason."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.orm.attributes import flag_modified

from app.core.database import Base
from app.core.discovery import load_models
from app.core.hooks import before_create
from app.core.problems import ProblemError
from app.core.seeding.deferral import deferred
from app.core.seeding.fields import read_subject
from app.core.seeding.order import Step, is_required, steps
from app.core.seeding.references import References
from app.core.seeding.rows import NoRowError, Row, Rows
from app.core.seeding.values import Values

_REFUSALS = 40  # rows in a line that the database refuses until a table is given up
_OPTIONAL = 0.8  # how often a reference that waited is set where it need not be


class SeedError(Exception):
    """The database cannot be filled at all; nothing was added."""


@dataclass(kw_only=True)
class Filled:
    """What was done: rows that were added by table, and why tables have fewer than were asked for."""

    rows: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class _Made:
    """The rows that one step added."""

    step: Step
    rows: Rows
    added: Sequence[DeclarativeBase]


def has_rows(session: Session) -> bool:
    """Whether any table has a row."""
    return any(_has_rows(session, model) for model in _models())


def fill(session: Session, *, rows: int, seed: int, locale: str) -> Filled:
    """Add so many rows to every table, and commit. Same seed on the same database, same rows.

    Raises `SeedError` where tables that need each other cannot be filled.
    """
    importlib.import_module("app.own.hooks")
    models = {str(sa.inspect(model).local_table): model for model in _models()}
    tables = [Base.metadata.tables[name] for name in models]
    order = steps(tables)
    filled, references = Filled(), References(session)
    ring = [key for step in order for key in step.later if is_required(key)]
    with deferred(session, ring):
        made = []
        for step in order:
            name = step.table.fullname
            subject = read_subject(models[name])
            values = Values(locale, f"{seed}:{name}:{_count(session, step.table)}")
            maker = Rows(subject, step, references, values)
            maker.know(session)
            added = _add(session, maker, rows, filled)
            filled.rows[name] = len(added)
            made.append(_Made(step=step, rows=maker, added=added))
        for each in made:
            _refer(session, each, references)
    session.commit()
    return filled


def _models() -> Sequence[type[DeclarativeBase]]:
    load_models()
    return sorted(
        (mapper.class_ for mapper in Base.registry.mappers), key=lambda model: model.__module__
    )


def _has_rows(session: Session, model: type[DeclarativeBase]) -> bool:
    return session.execute(sa.select(sa.literal(1)).select_from(model).limit(1)).first() is not None


def _count(session: Session, table: sa.Table) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def _add(session: Session, maker: Rows, wanted: int, filled: Filled) -> list[DeclarativeBase]:
    """Add rows to one table until there are as many as wanted, or no more can be found."""
    added: list[DeclarativeBase] = []
    refusals = 0
    while len(added) < wanted and refusals < _REFUSALS:
        try:
            row = maker.make()
        except NoRowError as reason:
            filled.reasons[maker.subject.table.fullname] = str(reason)
            break
        refusal = _store(session, maker, row, added)
        refusals = refusals + 1 if refusal else 0
        if refusals == _REFUSALS:
            filled.reasons[maker.subject.table.fullname] = refusal
    return added


def _store(session: Session, maker: Rows, row: Row, added: list[DeclarativeBase]) -> str:
    """Add one row; return why it was refused, or nothing."""
    model = maker.subject.model(**row)
    try:
        with session.begin_nested():
            before_create(session, model)
            session.add(model)
            session.flush()
    except (DBAPIError, ProblemError) as error:
        return str(getattr(error, "orig", error)).strip().replace("\n", " ")
    if not maker.subject.table.primary_key.columns:
        session.expunge(model)  # rows that nothing tells apart are not to be taken for one
    added.append(model)
    maker.added(row)
    return ""


def _refer(session: Session, made: _Made, references: References) -> None:
    """Set the references that had to wait until there was something to refer to."""
    random = made.rows.values.random
    for key in made.step.later:
        required = is_required(key)
        for model in made.added:
            if not required and random.random() > _OPTIONAL:
                continue
            if not _refer_row(session, made, key, model, references) and required:
                tables = f"{key.table.fullname} must refer to {key.referred_table.fullname}"
                raise SeedError(f"{tables}, which has no row for it")


def _refer_row(
    session: Session,
    made: _Made,
    key: sa.ForeignKeyConstraint,
    model: DeclarativeBase,
    references: References,
) -> bool:
    """Have a row refer to another; False where it may refer to none."""
    subject = made.rows.subject
    row = {name: getattr(model, name) for name in subject.attributes}
    for found in references.fitting(
        subject, key, row, made.rows.values.random, waiting=made.step.later
    ):
        if not made.rows.accepts({**row, **found}, found):
            continue
        try:
            with session.begin_nested():
                for name, value in found.items():
                    setattr(model, name, value)
                for name in subject.stamps:
                    # The row's own moment stays: it is not that of this change.
                    flag_modified(model, name)
                session.flush()
        except DBAPIError:
            continue
        made.rows.added({**row, **found})
        return True
    return False
