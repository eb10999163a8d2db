"""Statements about types, domains, indexes and comments, and those that drop, rename or set what names mean."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runner.ddl.body import add_item
from runner.ddl.catalog import DomainDraft, Path, TableDraft
from runner.ddl.cursor import Cursor, NotUnderstood
from runner.ddl.edits import rename_index
from runner.ddl.expressions import parse_expression
from runner.ddl.indexes import read_index_parts
from runner.ddl.inheritance import add_index
from runner.ddl.lexis import Token, name_value, split_at, string_value, tidy
from runner.ddl.model import Default, Enum, Index, Key, NoteKind, QName
from runner.ddl.parsed_columns import BodyReader, Parts
from runner.ddl.plain import Body

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.ddl.statement import Statement

# ---------------------------------------------------------------------------------------------------- indexes


def create_index(statement: Statement, kinds: frozenset[str]) -> None:
    """Fold in a CREATE INDEX whose cursor stands behind the word INDEX."""
    cursor = statement.cursor
    cursor.skip("CONCURRENTLY")
    cursor.skip("IF", "NOT", "EXISTS")
    name = cursor.take_path()[-1] if cursor.word != "ON" else None
    method = next((word.lower() for word in ("FULLTEXT", "SPATIAL") if word in kinds), None)
    if cursor.skip("USING"):
        method = cursor.take().text.lower()
    cursor.expect("ON")
    only = cursor.skip("ONLY")
    path = cursor.take_path()
    table = statement.catalog.find(path)
    if table is None:
        statement.pass_over(NoteKind.MISSING_TARGET, f"an index of {'.'.join(path)}, which is no table of the DDL")
        return
    if cursor.skip("USING"):
        method = cursor.take().text.lower()
    index = statement.catalog.spelled(table, _read_index(cursor, name, method, unique="UNIQUE" in kinds))
    if index.unique and cursor.dialect == "mysql":  # which keeps no difference
        table.unique.append(Key(columns=tuple(column for column in index.columns if column), name=name))
        return
    table.indexes.append(index)
    if not only:
        for child in statement.catalog.family(table)[1:]:
            if child.partition_of is not None:
                add_index(child, index)


def _read_index(cursor: Cursor, name: str | None, method: str | None, *, unique: bool) -> Index:
    parts = read_index_parts(cursor, cursor.take_group())
    include: tuple[str, ...] = ()
    nulls_distinct, where = True, None
    while not cursor.done:
        if cursor.skip("INCLUDE"):
            include = tuple(cursor.inside(part).take_name() for part in split_at(cursor.take_group()))
        elif cursor.skip("NULLS", "NOT", "DISTINCT"):
            nulls_distinct = False
        elif cursor.skip("WHERE"):
            where = tidy(cursor.rest())
        elif cursor.skip("USING"):
            method = cursor.take().text.lower()
        elif cursor.word == "(":
            cursor.take_group()
        else:
            cursor.take()
    return Index(
        name=name,
        parts=parts,
        unique=unique,
        method=method,
        where=where,
        include=include,
        nulls_distinct=nulls_distinct,
    )


# ------------------------------------------------------------------------------------------------------ types


def create_type(statement: Statement) -> None:
    """Fold in a CREATE TYPE; only enums and composites matter to tables."""
    cursor, catalog = statement.cursor, statement.catalog
    name = catalog.new_name(cursor.take_path())
    if cursor.skip("AS", "ENUM"):
        values = tuple(string_value(token, cursor.dialect) for token in cursor.take_group() if token.kind == "string")
        catalog.enums[name] = Enum(name=name, values=values)
    elif cursor.at("AS", "("):
        cursor.skip("AS")
        parts = _read_items(statement, split_at(cursor.take_group()))
        catalog.composites[name] = parts.columns
    else:
        statement.pass_over(NoteKind.TYPE, "a type that is neither an enum nor a composite")


def alter_type(statement: Statement) -> None:
    """Fold in an ALTER TYPE of an enum."""
    cursor, catalog = statement.cursor, statement.catalog
    path = cursor.take_path()
    name = next((name for name in catalog.candidates(path) if name in catalog.enums), None)
    if name is None:
        statement.pass_over(NoteKind.MISSING_TARGET, f"type {'.'.join(path)} is no enum of the DDL")
        return
    enum = catalog.enums[name]
    if cursor.skip("ADD", "VALUE"):
        catalog.enums[name] = replace(enum, values=_with_value(cursor, enum.values))
    elif cursor.skip("RENAME", "VALUE"):
        old = cursor.take_string()
        cursor.expect("TO")
        new = cursor.take_string()
        values = tuple(new if value == old else value for value in enum.values)
        catalog.enums[name] = replace(enum, values=values, former_values=(*enum.former_values, (old, new)))
    elif cursor.skip("RENAME", "TO"):
        _rename_type(statement, name, replace(name, name=cursor.take_name()))
    elif cursor.skip("SET", "SCHEMA"):
        _rename_type(statement, name, replace(name, schema=cursor.take_name()))


def _with_value(cursor: Cursor, values: tuple[str, ...]) -> tuple[str, ...]:
    cursor.skip("IF", "NOT", "EXISTS")
    value = cursor.take_string()
    if value in values:
        return values
    place = len(values)
    side = cursor.skip_any("BEFORE", "AFTER")
    if side:
        beside = cursor.take_string()
        if beside in values:
            place = values.index(beside) + (side == "AFTER")
    return (*values[:place], value, *values[place:])


def _rename_type(statement: Statement, old: QName, new: QName) -> None:
    """Rename an enum or a domain, wherever a column names it."""
    catalog = statement.catalog
    if old in catalog.enums:
        enum = catalog.enums.pop(old)
        catalog.enums[new] = replace(enum, name=new, former=(*enum.former, old))
    if old in catalog.domains:
        draft = catalog.domains.pop(old)
        draft.name = new
        draft.former = (*draft.former, old)
        catalog.domains[new] = draft
    path = (new.schema, new.name) if new.schema else (new.name,)
    for table in catalog.tables.values():
        for column in table.columns:
            if column.type.path and old in catalog.candidates(column.type.path):
                column.type = replace(column.type, path=path)


# ---------------------------------------------------------------------------------------------------- domains


def _read_items(statement: Statement, items: list[list[Token]]) -> Parts:
    """Read column definitions outside a table."""
    cursor = statement.cursor
    body = Body(text=cursor.text, dialect=cursor.dialect)
    for item in items:
        add_item(body, cursor.inside(item))
    parts = BodyReader(body, statement.catalog.target, statement.line_at).read()
    if parts.failures:
        offset, reason = parts.failures[0]
        raise NotUnderstood(reason, offset)
    return parts


def _as_column(cursor: Cursor) -> list[Token]:
    """Return the rest of a domain's statement as a column called `value`, which is what its checks call it."""
    rest = cursor.rest()
    start = rest[0].start if rest else len(cursor.text)
    return [Token("name", '"value"', start, start, ""), *rest]


def create_domain(statement: Statement) -> None:
    """Fold in a CREATE DOMAIN."""
    cursor, catalog = statement.cursor, statement.catalog
    name = catalog.new_name(cursor.take_path())
    cursor.skip("AS")
    parts = _read_items(statement, [_as_column(cursor)])
    if not parts.columns:
        raise cursor.surprise("the type of a domain")
    column = parts.columns[0]
    catalog.domains[name] = DomainDraft(
        name=name, type=column.type, nullable=column.nullable, default=column.default, checks=parts.checks
    )


def alter_domain(statement: Statement) -> None:
    """Fold in an ALTER DOMAIN."""
    cursor, catalog = statement.cursor, statement.catalog
    path = cursor.take_path()
    draft = next((catalog.domains[name] for name in catalog.candidates(path) if name in catalog.domains), None)
    if draft is None:
        raise NotUnderstood(f"there is no domain {'.'.join(path)} at this point")
    if cursor.skip("SET", "NOT", "NULL"):
        draft.nullable = False
    elif cursor.skip("DROP", "NOT", "NULL"):
        draft.nullable = True
    elif cursor.skip("SET", "DEFAULT"):
        text = cursor.source(cursor.rest())
        draft.default = Default(text=text, expression=parse_expression(text, cursor.dialect)[0])
    elif cursor.skip("DROP", "DEFAULT"):
        draft.default = None
    elif cursor.skip("ADD"):
        draft.checks.extend(_read_items(statement, [cursor.rest()]).checks)
    elif cursor.skip("DROP", "CONSTRAINT"):
        cursor.skip("IF", "EXISTS")
        gone = cursor.take_name()
        draft.checks = [check for check in draft.checks if (check.name or f"{draft.name.name}_check") != gone]
    elif cursor.skip("RENAME", "TO"):
        _rename_type(statement, draft.name, replace(draft.name, name=cursor.take_name()))
    elif cursor.skip("SET", "SCHEMA"):
        _rename_type(statement, draft.name, replace(draft.name, schema=cursor.take_name()))


# --------------------------------------------------------------------------------------------------- comments


def comment_on(statement: Statement) -> None:
    """Fold in a COMMENT ON; those on views, functions and the like are passed over."""
    cursor = statement.cursor
    cursor.expect("COMMENT", "ON")
    cursor.skip("FOREIGN")
    subject = _COMMENTED.get(cursor.take().word)
    if subject is None:
        return
    path = cursor.take_path()
    cursor.expect("IS")
    subject(statement, path, None if cursor.skip("NULL") else cursor.take_string() or None)


def _comment_table(statement: Statement, path: Path, comment: str | None) -> None:
    table = statement.catalog.find(path)
    if table is not None:
        table.comment = comment


def _comment_column(statement: Statement, path: Path, comment: str | None) -> None:
    table = statement.catalog.find(path[:-1]) if len(path) > 1 else None
    column = table.column(path[-1]) if table else None
    if column is not None:
        column.comment = comment


def _comment_type(statement: Statement, path: Path, comment: str | None) -> None:
    catalog = statement.catalog
    for name in catalog.candidates(path):
        if name in catalog.enums:
            catalog.enums[name] = replace(catalog.enums[name], comment=comment)
            return


def _comment_domain(statement: Statement, path: Path, comment: str | None) -> None:
    catalog = statement.catalog
    for name in catalog.candidates(path):
        if name in catalog.domains:
            catalog.domains[name].comment = comment
            return


def _comment_index(statement: Statement, path: Path, comment: str | None) -> None:
    for table in statement.catalog.tables.values():
        table.indexes = [
            replace(index, comment=comment) if index.name == path[-1] else index for index in table.indexes
        ]


_COMMENTED: dict[str, Callable[[Statement, Path, str | None], None]] = {
    "TABLE": _comment_table,
    "COLUMN": _comment_column,
    "TYPE": _comment_type,
    "DOMAIN": _comment_domain,
    "INDEX": _comment_index,
}


# ------------------------------------------------------------------------------------------ drop, rename, set


def drop(statement: Statement, kind: str) -> None:
    """Fold in a DROP whose cursor stands behind the kind of object."""
    cursor, catalog = statement.cursor, statement.catalog
    cursor.skip("CONCURRENTLY")
    cursor.skip("IF", "EXISTS")
    for part in split_at(cursor.rest()):
        here = cursor.inside(part)
        path = here.take_path()
        if kind == "TABLE":
            table = catalog.find(path)
            if table is not None:
                _drop_table(statement, table)
        elif kind == "INDEX":
            _drop_index(statement, path[-1], here.take_path() if here.skip("ON") else None)
        elif kind in {"TYPE", "DOMAIN"}:
            for name in catalog.candidates(path):
                catalog.enums.pop(name, None)
                catalog.domains.pop(name, None)
        elif kind in {"SCHEMA", "DATABASE"}:
            for table in [draft for draft in catalog.tables.values() if draft.name.schema == path[-1]]:
                _drop_table(statement, table)


def _drop_table(statement: Statement, table: TableDraft) -> None:
    catalog = statement.catalog
    catalog.remove(table)
    if catalog.dialect != "postgres":
        return  # elsewhere a reference outlives its table
    for other in catalog.tables.values():
        other.foreign_keys = [key for key in other.foreign_keys if key.references != table.name]


def _drop_index(statement: Statement, name: str, of: Path | None) -> None:
    wanted = statement.catalog.find(of) if of else None
    for table in statement.catalog.tables.values():
        if wanted is None or table is wanted:
            table.indexes = [index for index in table.indexes if index.name != name]
            if wanted is not None:
                table.unique = [key for key in table.unique if key.name != name]


def alter_index(statement: Statement) -> None:
    """Fold in PostgreSQL's `ALTER INDEX a RENAME TO b`; whatever else is said of an index changes no schema."""
    cursor, catalog = statement.cursor, statement.catalog
    cursor.skip("IF", "EXISTS")
    path = cursor.take_path()
    if not cursor.skip("RENAME", "TO"):
        return
    new = cursor.take_name()
    schemas = {candidate.schema for candidate in catalog.candidates(path)}
    tables = [draft for draft in catalog.tables.values() if draft.name.schema in schemas]
    if not any(rename_index(draft, path[-1], new) for draft in tables):
        statement.pass_over(NoteKind.MISSING_TARGET, f"there is no index {path[-1]} to rename")


def rename_tables(statement: Statement) -> None:
    """Fold in MySQL's `RENAME TABLE a TO b, c TO d`."""
    cursor, catalog = statement.cursor, statement.catalog
    cursor.expect("RENAME")
    cursor.skip_any("TABLE", "TABLES")
    for part in split_at(cursor.rest()):
        here = cursor.inside(part)
        table = statement.table(here.take_path())
        here.expect("TO")
        catalog.rename(table, catalog.new_name(here.take_path()))


def set_search_path(statement: Statement) -> None:
    """Fold in `SET search_path` and the `set_config` that pg_dump writes; any other setting changes no table."""
    cursor = statement.cursor
    for index, token in enumerate(cursor.tokens):
        if token.text.strip("'").lower() == "search_path":
            rest = cursor.inside(cursor.tokens[index + 1 :])
            if not rest.skip_any("=", "TO", ","):
                return
            schemas: list[str] = []
            while not rest.done and rest.word not in {")", "FALSE", "TRUE"}:
                named = rest.take()
                if named.kind != "mark":
                    schemas.extend(part.strip(' "') for part in name_value(named, cursor.dialect).split(","))
            statement.catalog.set_search_path(schemas)
            return


def use_database(statement: Statement) -> None:
    """Fold in MySQL's USE: what follows is of that database."""
    statement.cursor.expect("USE")
    statement.catalog.current_schema = statement.cursor.take_name()


def create_extension(statement: Statement) -> None:
    """Remember where an extension's types live."""
    cursor = statement.cursor
    cursor.skip("IF", "NOT", "EXISTS")
    name = cursor.take_name()
    cursor.skip("WITH")
    schemas = statement.catalog.extension_schemas
    schemas[name] = cursor.take_name() if cursor.skip("SCHEMA") else statement.catalog.default_schema
