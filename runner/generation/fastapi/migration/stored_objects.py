"""Functions, procedures and triggers of MySQL, and triggers of SQLite: each on its own database, as the DDL has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from runner.ddl.dialects import dialect_named
from runner.generation.encoders.mysql_text import backticked
from runner.generation.encoders.sql_text import quote
from runner.generation.fastapi.migration.snapshot import StoredObject
from runner.generation.model.object_options import carried_functions, carried_triggers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from runner.ddl.model import Function, Schema, Trigger
    from runner.generation.fastapi.migration.difference import Difference
    from runner.generation.model.object_options import ObjectOption

Kind = Literal["FUNCTION", "PROCEDURE", "TRIGGER"]

ROUTINES: tuple[Kind, ...] = ("FUNCTION", "PROCEDURE")
TRIGGERS: tuple[Kind, ...] = ("TRIGGER",)


def stored_objects(schema: Schema, option: ObjectOption) -> Iterator[StoredObject]:
    """Yield the objects of a schema that the option `objects` chooses; those of PostgreSQL are in its own snapshots."""
    dialect = dialect_named(schema.dialect)
    if dialect.mysql_compatible:
        yield from map(_routine, carried_functions(schema, option))
        yield from (_trigger(one, "mysql", backticked(one.name)) for one in carried_triggers(schema, option))
    elif dialect.sqlite_compatible:
        yield from (_trigger(one, "sqlite", quote(one.name)) for one in carried_triggers(schema, option))


def _routine(one: Function) -> StoredObject:
    kind: Kind = "PROCEDURE" if one.kind == "PROCEDURE" else "FUNCTION"
    name = backticked(one.name.name)
    return StoredObject(
        database="mysql",
        kind=kind,
        name=one.name.name,
        create=f"CREATE {kind} {name}{one.text}",
        drop=f"DROP {kind} {name}",
    )


def _trigger(one: Trigger, database: Literal["mysql", "sqlite"], name: str) -> StoredObject:
    return StoredObject(
        database=database,
        kind="TRIGGER",
        name=one.name,
        create=one.text,
        drop=f"DROP TRIGGER {name}",
        table=one.table.name,
    )


def create_objects(objects: Iterable[StoredObject], database: str, kinds: Collection[Kind]) -> tuple[str, ...]:
    """Return the statements that create the objects of a database that are of these kinds."""
    return tuple(one.create for one in objects if one.database == database and one.kind in kinds)


def drop_objects(objects: Collection[StoredObject], database: str, kinds: Collection[Kind]) -> tuple[str, ...]:
    """Return the statements that drop them, the last first."""
    return tuple(one.drop for one in reversed([*objects]) if one.database == database and one.kind in kinds)


def lost_objects(found: Difference) -> tuple[StoredObject, ...]:
    """Return the objects of the old snapshot that the new one lacks, has in another form, or has to make again."""
    return tuple(one for one in found.was.objects if one not in found.new.objects or _goes_with_view(one, found))


def gained_objects(found: Difference) -> tuple[StoredObject, ...]:
    """Return the objects of the new snapshot that the old one lacks, has in another form, or has lost by then."""
    return tuple(one for one in found.new.objects if one not in found.was.objects or _goes_with_view(one, found))


def _goes_with_view(one: StoredObject, found: Difference) -> bool:
    """Whether a trigger is of a view that is dropped, if only to be created again."""
    return any(one.table == view.name for view in found.views_dropped)
