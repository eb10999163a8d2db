"""Filling of all tables in one transaction. Tables that cannot be filled completely are reported with the reason."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.orm.attributes import flag_modified

from app.core.constraint_columns import is_view, table_of
from app.core.database import Base
from app.core.discovery import load_models
from app.core.hooks import before_create
from app.core.problems import ProblemError
from app.core.seeding.deferral import deferred
from app.core.seeding.fields import TableSpec, table_spec
from app.core.seeding.order import Step, is_required, plan_steps
from app.core.seeding.references import References
from app.core.seeding.rows import NoRowError, Row, RowFactory
from app.core.seeding.values import Values

_FEW_REJECTIONS = 10  # consecutive rows that the database rejects before they are like the example
_MAX_REJECTIONS = 40  # consecutive rows that the database rejects before a table is given up
_OPTIONAL = 0.8  # probability that an optional postponed reference is set


class SeedError(Exception):
    """The database cannot be filled; nothing was added."""


@dataclass(kw_only=True)
class SeedResult:
    """The number of rows added by table, and the reason for each table that got fewer than requested."""

    rows: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class _FilledTable:
    """The rows that one step added."""

    step: Step
    factory: RowFactory
    models: Sequence[DeclarativeBase]


def has_rows(session: Session) -> bool:
    """Whether any table has a row."""
    return any(_has_rows(session, model) for model in _models())


def models_by_table() -> dict[str, type[DeclarativeBase]]:
    """Return the model of each table by the table's name."""
    return {str(sa.inspect(model).local_table): model for model in _models()}


def seeding_steps() -> list[Step]:
    """Return the steps that fill all tables, in order."""
    return plan_steps([Base.metadata.tables[name] for name in models_by_table()])


def seed_tables(
    session: Session, *, rows: int | Mapping[str, int], seed: int, locale: str
) -> SeedResult:
    """Add a number of rows to every table, or to each of `rows` its own number, and commit.

    The same seed on the same database gives the same rows. Raises `SeedError` if a required reference within a cycle of
    tables cannot be set.
    """
    importlib.import_module("app.own.hooks")
    models = models_by_table()
    numbers = rows if isinstance(rows, Mapping) else dict.fromkeys(models, rows)
    steps = [step for step in seeding_steps() if step.table.fullname in numbers]
    result, references = SeedResult(), References(session)
    in_cycle = [key for step in steps for key in step.postponed if is_required(key)]
    with deferred(session, in_cycle):
        tables = []
        for step in steps:
            name = step.table.fullname
            values = Values(locale, f"{seed}:{name}:{_count(session, step.table)}")
            factory = RowFactory(table_spec(models[name]), step, references, values)
            factory.load_existing(session)
            added = _add_rows(session, factory, numbers[name], result)
            result.rows[name] = len(added)
            tables.append(_FilledTable(step=step, factory=factory, models=added))
        for table in tables:
            _set_postponed(session, table, references)
    session.commit()
    return result


def _models() -> Sequence[type[DeclarativeBase]]:
    load_models()
    return sorted(
        (mapper.class_ for mapper in Base.registry.mappers if not is_view(table_of(mapper.class_))),
        key=lambda model: model.__module__,
    )


def _has_rows(session: Session, model: type[DeclarativeBase]) -> bool:
    return session.execute(sa.select(sa.literal(1)).select_from(model).limit(1)).first() is not None


def _count(session: Session, table: sa.Table) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def _add_rows(
    session: Session, factory: RowFactory, count: int, result: SeedResult
) -> list[DeclarativeBase]:
    """Add `count` rows to one table, or as many as can be generated."""
    added: list[DeclarativeBase] = []
    rejections, like_example = 0, False
    while len(added) < count and rejections < _MAX_REJECTIONS:
        try:
            like_example = like_example or rejections >= _FEW_REJECTIONS
            row = factory.make(like_example=like_example)
        except NoRowError as error:
            result.reasons[factory.spec.table.fullname] = str(error)
            break
        rejection = _store(session, factory, row, added)
        rejections = rejections + 1 if rejection else 0
        if rejections == _MAX_REJECTIONS:
            result.reasons[factory.spec.table.fullname] = rejection
    return added


def _store(session: Session, factory: RowFactory, row: Row, added: list[DeclarativeBase]) -> str:
    """Add one row; return the reason why it was rejected, or an empty string."""
    model = factory.spec.model(**row)
    try:
        with session.begin_nested():
            before_create(session, model)
            _insert(session, factory.spec, model)
            factory.check_assigned(model)
    except (DBAPIError, ProblemError) as error:
        return str(getattr(error, "orig", error)).strip().replace("\n", " ")
    added.append(model)
    factory.record(row)
    return ""


def _insert(session: Session, spec: TableSpec, model: DeclarativeBase) -> None:
    """Add a row; without a key, a session could not tell it from others."""
    if spec.table.primary_key.columns:
        session.add(model)
        session.flush()
        return
    values = {name: value for name, value in vars(model).items() if name in spec.attributes}
    session.execute(sa.insert(spec.model).values(values))


def _set_postponed(session: Session, table: _FilledTable, references: References) -> None:
    """Set the postponed references of the rows of a table. Raises `SeedError`."""
    random = table.factory.values.random
    for key in table.step.postponed:
        required = is_required(key)
        for model in table.models:
            if not required and random.random() > _OPTIONAL:
                continue
            if not _set_reference(session, table, key, model, references) and required:
                tables = f"{key.table.fullname} must refer to {key.referred_table.fullname}"
                raise SeedError(f"{tables}, which has no suitable row")


def _set_reference(
    session: Session,
    table: _FilledTable,
    key: sa.ForeignKeyConstraint,
    model: DeclarativeBase,
    references: References,
) -> bool:
    """Set one postponed reference of a row; return False if no candidate is accepted."""
    factory, spec = table.factory, table.factory.spec
    row = {name: getattr(model, name) for name in spec.attributes}
    for values in references.candidates(
        spec, key, row, factory.values.random, postponed=table.step.postponed
    ):
        if not factory.accepts({**row, **values}, values):
            continue
        try:
            with session.begin_nested():
                for name in spec.updated_on_change:
                    getattr(model, name)  # read again, if a rejected candidate came before
                    flag_modified(model, name)  # keeps the generated timestamp of the row
                for name, value in values.items():
                    setattr(model, name, value)
                session.flush()
        except DBAPIError:
            continue
        factory.record({**row, **values})
        return True
    return False
