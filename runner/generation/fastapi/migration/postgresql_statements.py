"""PostgreSQL's statements: those that create a snapshot, and those that turn one into another.

Foreign keys are created last and dropped first, so that tables may refer to each other in any order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.generation.encoders.sql_text import quote, text_sql
from runner.generation.fastapi.migration.column_changes import change_columns
from runner.generation.fastapi.migration.snapshot import (
    ConstraintSnapshot,
    FunctionSnapshot,
    IndexSnapshot,
    Snapshot,
    TableSnapshot,
    TypeSnapshot,
    ViewSnapshot,
)
from runner.generation.fastapi.sql_names import qualified

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from runner.generation.fastapi.migration.difference import Difference, Part, TableChange


def create_types(snapshot: Snapshot) -> Iterator[str]:
    """Yield the statements that create everything but the tables, in order."""
    yield from _create_surroundings(snapshot)
    yield from _prepare_functions(snapshot.functions, snapshot.schemas)
    for place, kind in enumerate(snapshot.types):
        yield from _functions(snapshot, place)
        if kind.after is None:
            yield from _create_type(kind)
    yield from _functions(snapshot, len(snapshot.types))
    yield from (f"CREATE SEQUENCE {name}" for name in snapshot.sequences)
    yield from [_TRIGRAMS] if _has_optional(snapshot) else []


def drop_types(snapshot: Snapshot) -> Iterator[str]:
    """Yield what reverts `create_types`; schemas, extensions and collations stay, since others may use them."""
    yield from (f"DROP SEQUENCE {name}" for name in reversed(snapshot.sequences))
    functions = [function for function in snapshot.functions if function.after is None]
    for place in range(len(snapshot.types), -1, -1):
        if place < len(snapshot.types) and snapshot.types[place].after is None:
            yield f"DROP {snapshot.types[place].word} {snapshot.types[place].sql}"
        yield from (f"DROP {part.kind} {part.sql}" for part in reversed(functions) if part.position == place)


def create_table(table: TableSnapshot, snapshot: Snapshot) -> Iterator[str]:
    """Yield the statements that create a table without its foreign keys, and what is made of its row type."""
    yield from _create_table(table)
    yield from _table_comments(None, table)
    for part in table.constraints:
        yield from _comment(_constraint_sql(table, part), None, None if _refers(part) else part.comment)
    yield from _of_row_type(table, snapshot)


def add_references(table: TableSnapshot) -> Iterator[str]:
    """Yield the statements that add a table's foreign keys."""
    references = [part for part in table.constraints if part.kind == "FOREIGN KEY"]
    yield from (_add(table, part) for part in references)
    for part in references:
        yield from _comment(_constraint_sql(table, part), None, part.comment)


def create_view(view: ViewSnapshot) -> Iterator[str]:
    """Yield the statements that create a view, with its indexes and comments."""
    yield view.create
    yield from (f"CREATE {'UNIQUE ' if part.unique else ''}INDEX {quote(part.name)} ON {view.sql}{part.sql}"
                for part in view.indexes)  # fmt: skip
    for part in view.indexes:
        yield from _comment(f"INDEX {qualified(view.schema, part.name)}", None, part.comment)
    yield from _comment(f"{view.word} {view.sql}", None, view.comment)
    for column, comment in view.comments:
        yield from _comment(f"COLUMN {view.sql}.{quote(column)}", None, comment)


def drop_view(view: ViewSnapshot) -> str:
    """Return the statement that drops a view."""
    return f"DROP {view.word} {view.sql}"


def look_in(schemas: Iterable[str]) -> Iterator[str]:
    """Yield what lets statements name what is in these schemas by its bare name, as the DDL may."""
    path = "".join(f", {quote(name)}" for name in schemas)
    if path:
        yield f"SELECT set_config('search_path', current_setting('search_path') || {text_sql(path)}, true)"


def change(found: Difference) -> Iterator[str]:
    """Yield the statements that turn the old snapshot into the new one, in order.

    `ALTER TYPE … ADD VALUE` comes first: in PostgreSQL a transaction cannot use a value that it added itself.
    """
    for kind in found.types_extended:
        yield from _add_values(found, kind.new, kind.added)
    yield from (f"DROP TRIGGER {part.sql}" for part in found.triggers_dropped)
    yield from map(drop_view, found.views_dropped)
    yield from _create_surroundings(found.new, found.old)
    yield from _renames(found)
    yield from _drop_parts(found)
    functions = _changed_functions(found)
    yield from _prepare_functions(functions, found.new.schemas)
    yield from (function.create for function in functions if not function.position)
    yield from _make_types(found)
    yield from (function.create for function in functions if function.position)
    yield from (f"CREATE SEQUENCE {name}" for name in found.new.sequences if name not in found.old.sequences)
    yield from [_TRIGRAMS] if _has_optional(found.new) and not _has_optional(found.old) else []
    for added in found.tables_added:
        yield from _create_table(added)
        yield from _of_row_type(added, found.new)
    for changed in found.tables:
        yield from change_columns(changed, found)
    if found.tables_dropped:
        yield f"DROP TABLE {', '.join(table.sql for table in found.tables_dropped)}"
    yield from _drop_types(found)
    yield from (f"DROP SEQUENCE {name}" for name in found.old.sequences if name not in found.new.sequences)
    kept = {function.sql for function in found.new.functions}
    yield from (f"DROP {function.kind} {function.sql}" for function in found.old.functions if function.sql not in kept)
    yield from _add_parts(found)
    yield from _comments(found)
    if found.views_created or found.triggers_created:
        yield from look_in(found.new.schemas)
    for view in found.views_created:
        yield from create_view(view)
    yield from (part.create for part in found.triggers_created)


# Where the server offers the extension and the user may create it; otherwise indexes that need it are replaced.
_TRIGRAMS = """\
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
        CREATE EXTENSION IF NOT EXISTS pg_trgm;
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE WARNING 'pg_trgm may not be created, so searches find words by their beginning';
END
$$"""
_UNCHECKED_BODIES = "SET LOCAL check_function_bodies = off"  # they may name tables that are created later


def _prepare_functions(functions: Sequence[FunctionSnapshot], schemas: Iterable[str]) -> Iterator[str]:
    """Yield what lets functions be created."""
    if functions:
        yield _UNCHECKED_BODIES
        yield from look_in(schemas)


def _create_surroundings(snapshot: Snapshot, old: Snapshot | None = None) -> Iterator[str]:
    """Yield what creates schemas, extensions and collations that an old snapshot does not have."""
    schemas = snapshot.schemas if old is None else sorted({*snapshot.schemas} - {*old.schemas})
    extensions = snapshot.extensions if old is None else sorted({*snapshot.extensions} - {*old.extensions})
    homes = dict(snapshot.extension_schemas)
    first = [name for name in schemas if name in homes.values()]
    yield from (f"CREATE SCHEMA IF NOT EXISTS {quote(name)}" for name in first)
    for name in extensions:
        home = f" WITH SCHEMA {quote(homes[name])}" if name in homes else ""
        yield f"CREATE EXTENSION IF NOT EXISTS {quote(name)}{home}"
    yield from (f"CREATE SCHEMA IF NOT EXISTS {quote(name)}" for name in schemas if name not in first)
    known = () if old is None else old.collations
    for name, definition in snapshot.collations:
        if (name, definition) not in known:
            yield f"CREATE COLLATION IF NOT EXISTS {quote(name)} {definition}"


def _has_optional(snapshot: Snapshot) -> bool:
    """Whether some index needs an operator class that a server may lack."""
    return any(index.needs for table in snapshot.tables for index in table.indexes)


def _create_type(kind: TypeSnapshot) -> Iterator[str]:
    yield kind.create
    yield from _comment(f"{kind.word} {kind.sql}", None, kind.comment)


def _functions(snapshot: Snapshot, position: int) -> Iterator[str]:
    for function in snapshot.functions:
        if function.position == position and function.after is None:
            yield function.create


def _of_row_type(table: TableSnapshot, snapshot: Snapshot) -> Iterator[str]:
    """Yield what creates the types and functions that are made of a table's row type."""
    for kind in snapshot.types:
        if kind.after == table.sql:
            yield from _create_type(kind)
    yield from (function.create for function in snapshot.functions if function.after == table.sql)


def _changed_functions(found: Difference) -> list[FunctionSnapshot]:
    """Return the functions that are new or have another body, but for those that come with a new table."""
    old = {function.sql: function.create for function in found.old.functions}
    added = {table.sql for table in found.tables_added}
    return [part for part in found.new.functions if old.get(part.sql) != part.create and part.after not in added]


# --------------------------------------------------------------------------------------------------------------- whole


def _create_table(table: TableSnapshot) -> Iterator[str]:
    own = [part for part in table.constraints if part.kind != "FOREIGN KEY"]
    lines = [column.line for column in table.columns]
    lines += [f"CONSTRAINT {quote(part.name)} {part.sql}" for part in own]
    body = ",\n".join(f"    {line}" for line in lines)
    yield f"CREATE TABLE {table.sql} (\n{body}\n)"
    yield from (_add(table, index) for index in table.indexes)


def _add(table: TableSnapshot, part: Part) -> str:
    if isinstance(part, IndexSnapshot):
        create = f"CREATE {'UNIQUE ' if part.unique else ''}INDEX {quote(part.name)} ON {table.sql}"
        return _where_supported(create, part) if part.needs else f"{create}{part.sql}"
    return f"ALTER TABLE {table.sql} ADD CONSTRAINT {quote(part.name)} {part.sql}"


def _where_supported(create: str, index: IndexSnapshot) -> str:
    """Return a block that creates an index where the server has its operator class, and otherwise the other one."""
    is_known = f"opcname = {text_sql(index.needs)} AND pg_opclass_is_visible(oid)"
    other = f"    ELSE\n        {create}{index.otherwise};\n" if index.otherwise else ""
    body = (
        f"BEGIN\n    IF EXISTS (SELECT FROM pg_opclass WHERE {is_known}) THEN\n"
        f"        {create}{index.sql};\n{other}    END IF;\nEND"
    )
    mark = "$$"
    while mark in body:
        mark = f"{mark[:-1]}_$"
    return f"DO {mark}\n{body}\n{mark}"


# -------------------------------------------------------------------------------------------------------------- names


def _renames(found: Difference) -> Iterator[str]:
    """Yield the renames; sequences of serial columns move with their tables."""
    for was, now in zip(found.was.types, found.old.types, strict=True):
        yield from _moved(was.word, was, now)
        values = found.renames.values.get(was.key, {})
        for old, new in values.items():
            yield f"ALTER TYPE {now.sql} RENAME VALUE {text_sql(old)} TO {text_sql(new)}"
    for before, after in zip(found.was.tables, found.old.tables, strict=True):
        yield from _moved("TABLE", before, after)
        for old, new in found.renames.columns.get(before.key, {}).items():
            yield f"ALTER TABLE {after.sql} RENAME COLUMN {quote(old)} TO {quote(new)}"


def _moved(word: str, was: TableSnapshot | TypeSnapshot, now: TableSnapshot | TypeSnapshot) -> Iterator[str]:
    if was.schema != now.schema:
        yield f"ALTER {word} {was.sql} SET SCHEMA {quote(now.schema or 'public')}"
    if was.name != now.name:
        yield f"ALTER {word} {qualified(now.schema, was.name)} RENAME TO {quote(now.name)}"


# -------------------------------------------------------------------------------------------------------------- types


def _add_values(found: Difference, kind: TypeSnapshot, added: Iterable[tuple[str, str | None]]) -> Iterator[str]:
    """Yield what adds values to an enum, by its name before any rename."""
    back = found.renames.reversed()
    key = back.types.get(kind.key, kind.key)
    old_names = back.values.get(kind.key, {})
    values = [value for value in kind.values if value not in {value for value, _ in added}]
    for value, before in added:
        place = f"AFTER {text_sql(old_names.get(before, before))}" if before else ""
        if before is None and values:
            place = f"BEFORE {text_sql(old_names.get(values[0], values[0]))}"
        values = [value, *values] if before is None else values
        yield f"ALTER TYPE {qualified(*key)} ADD VALUE IF NOT EXISTS {text_sql(value)} {place}".rstrip()


def _make_types(found: Difference) -> Iterator[str]:
    """Yield what creates new types, and rebuilds those that cannot be altered: the old ones are renamed first."""
    rebuilt = {change.new.sql: change for change in found.types_rebuilt}
    new = {part.sql for part in found.types_added}
    yield from (
        f"ALTER {change.old.word} {change.old.sql} RENAME TO {quote(_old_name(change.old))}"
        for change in rebuilt.values()
    )
    tables = {table.sql for table in found.tables_added}  # whose row types come with them
    yield from (
        part.create for part in found.new.types if (part.sql in new and part.after not in tables) or part.sql in rebuilt
    )


def _old_name(part: TypeSnapshot) -> str:
    return f"{part.name[:50]}_before"


def _drop_types(found: Difference) -> Iterator[str]:
    """Yield what drops types, each before the ones that it is made of."""
    old_names = {change.old.sql: qualified(change.old.schema, _old_name(change.old)) for change in found.types_rebuilt}
    dropped = {part.sql for part in found.types_dropped}
    for part in reversed(found.old.types):
        if part.sql in old_names or part.sql in dropped:
            yield f"DROP {part.word} {old_names.get(part.sql, part.sql)}"


# -------------------------------------------------------------------------------------------------------------- parts


def _drop_parts(found: Difference) -> Iterator[str]:
    dropped = [(table.old, part) for table in found.tables for part in table.dropped_parts]
    for table, part in sorted(dropped, key=lambda pair: not _refers(pair[1])):
        if isinstance(part, IndexSnapshot):
            yield f"DROP INDEX {_if_exists(part)}{qualified(table.schema, part.name)}"
        else:
            yield f"ALTER TABLE {table.sql} DROP CONSTRAINT {quote(part.name)}"
    for changed in found.tables:
        for old, new in changed.renamed_parts:
            if isinstance(old, IndexSnapshot):
                name = qualified(changed.old.schema, old.name)
                yield f"ALTER INDEX {_if_exists(old)}{name} RENAME TO {quote(new.name)}"
            else:
                yield f"ALTER TABLE {changed.old.sql} RENAME CONSTRAINT {quote(old.name)} TO {quote(new.name)}"


def _if_exists(index: IndexSnapshot) -> str:
    return "IF EXISTS " if index.needs else ""


def _add_parts(found: Difference) -> Iterator[str]:
    made = [(table.new, part) for table in found.tables for part in table.added_parts]
    made += [(table, part) for table in found.tables_added for part in table.constraints if _refers(part)]
    yield from (_add(table, part) for table, part in sorted(made, key=lambda pair: _refers(pair[1])))


def _refers(part: Part) -> bool:
    return isinstance(part, ConstraintSnapshot) and part.kind == "FOREIGN KEY"


# ----------------------------------------------------------------------------------------------------------- comments


def _comment(on: str, old: str | None, new: str | None) -> Iterator[str]:
    if old != new:
        yield f"COMMENT ON {on} IS {text_sql(new)}"


def _comments(found: Difference) -> Iterator[str]:
    """Yield what changes comments; rebuilt types have none at first."""
    kept = {part.sql: part for part in found.old.types if part.sql not in found.rebuilt}
    for kind in found.new.types:
        before = kept.get(kind.sql)
        yield from _comment(f"{kind.word} {kind.sql}", before.comment if before else None, kind.comment)
    for table in found.tables_added:
        yield from _table_comments(None, table)
        yield from _constraint_comments(None, table)
    for changed in found.tables:
        yield from _table_comments(changed, changed.new)
        yield from _constraint_comments(changed, changed.new)


def _constraint_comments(changed: TableChange | None, table: TableSnapshot) -> Iterator[str]:
    """Yield what changes comments on constraints; those that are added again have none at first."""
    added = {id(part) for part in changed.added_parts} if changed else set()
    renamed = {new.name: old.name for old, new in changed.renamed_parts} if changed else {}
    known = {part.name: part.comment for part in changed.old.constraints} if changed else {}
    for part in table.constraints:
        before = None if id(part) in added else known.get(renamed.get(part.name, part.name))
        yield from _comment(_constraint_sql(table, part), before, part.comment)


def _constraint_sql(table: TableSnapshot, part: ConstraintSnapshot) -> str:
    return f"CONSTRAINT {quote(part.name)} ON {table.sql}"


def _table_comments(changed: TableChange | None, table: TableSnapshot) -> Iterator[str]:
    old = changed.old if changed else None
    yield from _comment(f"TABLE {table.sql}", old.comment if old else None, table.comment)
    replaced = {column.name for column, _ in changed.replaced} if changed else set()
    for column in table.columns:
        before = old.column(column.name) if old and column.name not in replaced else None
        on = f"COLUMN {table.sql}.{quote(column.name)}"
        yield from _comment(on, before.comment if before else None, column.comment)
    dropped = {part.name for part in changed.dropped_parts} if changed else set()
    renamed = {new.name: old.name for old, new in changed.renamed_parts} if changed else {}
    known = {index.name: index.comment for index in old.indexes if index.name not in dropped} if old else {}
    for index in table.indexes:
        comment = known.get(renamed.get(index.name, index.name))
        yield from _comment(f"INDEX {qualified(table.schema, index.name)}", comment, index.comment)
