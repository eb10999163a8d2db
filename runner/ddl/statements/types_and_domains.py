"""CREATE and ALTER of TYPE and DOMAIN."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runner.ddl.catalog.catalog import DomainDraft
from runner.ddl.model import Enum
from runner.ddl.notes import NoteKind
from runner.ddl.statements.body_expressions import parse_expressions
from runner.ddl.syntax.cursor import Cursor, NotUnderstood
from runner.ddl.syntax.expressions import read_default
from runner.ddl.syntax.table_body import TableBody
from runner.ddl.syntax.table_items import add_item
from runner.ddl.syntax.tokens import Token, split_at, string_value

if TYPE_CHECKING:
    from runner.ddl.qualified_name import QName
    from runner.ddl.statements.statement import Statement

# ------------------------------------------------------------------------------------------------------ types


def create_type(statement: Statement) -> None:
    """Apply a CREATE TYPE; only enums and composites affect tables."""
    cursor, catalog = statement.cursor, statement.catalog
    name = catalog.new_name(cursor.take_path())
    if statement.is_guarded and (name in catalog.enums or name in catalog.composites):
        return
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
    """Apply an ALTER TYPE of an enum."""
    cursor, catalog = statement.cursor, statement.catalog
    path = cursor.take_path()
    known = (name for name in catalog.candidates(path) if name in catalog.enums or name in catalog.composites)
    name = next(known, None)
    if name is not None and name in catalog.composites:
        _alter_composite(statement, name)
        return
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


def _alter_composite(statement: Statement, name: QName) -> None:
    """Apply an ALTER TYPE of a composite: its name, its schema, and whole attributes."""
    cursor, catalog = statement.cursor, statement.catalog
    if cursor.skip("RENAME", "TO"):
        _rename_type(statement, name, replace(name, name=cursor.take_name()))
    elif cursor.skip("SET", "SCHEMA"):
        _rename_type(statement, name, replace(name, schema=cursor.take_name()))
    elif cursor.skip("ADD", "ATTRIBUTE"):
        catalog.composites[name] += _read_items(statement, [cursor.rest()]).columns
    elif cursor.skip("DROP", "ATTRIBUTE"):
        cursor.skip("IF", "EXISTS")
        dropped = cursor.take_name()
        catalog.composites[name] = [column for column in catalog.composites[name] if column.name != dropped]
    elif not cursor.skip("OWNER"):
        raise cursor.surprise("a change of a composite type that the reader knows")


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
    """Rename an enum or a domain, also where a column names it."""
    catalog = statement.catalog
    if old in catalog.enums:
        enum = catalog.enums.pop(old)
        catalog.enums[new] = replace(enum, name=new, former=(*enum.former, old))
    if old in catalog.domains:
        draft = catalog.domains.pop(old)
        draft.name = new
        draft.former = (*draft.former, old)
        catalog.domains[new] = draft
    if old in catalog.composites:
        catalog.composites[new] = catalog.composites.pop(old)
    path = (new.schema, new.name) if new.schema else (new.name,)
    for table in catalog.tables.values():
        for column in table.columns:
            if column.type.path and old in catalog.candidates(column.type.path):
                column.type = replace(column.type, path=path)


# ---------------------------------------------------------------------------------------------------- domains


def _read_items(statement: Statement, items: list[list[Token]]) -> TableBody:
    """Read column definitions outside a table."""
    cursor = statement.cursor
    body = TableBody(line_at=statement.line_at)
    for item in items:
        add_item(body, cursor.inside(item))
    parse_expressions(body, cursor)
    if body.failures:
        offset, reason = body.failures[0]
        raise NotUnderstood(reason, offset)
    return body


def _as_column(cursor: Cursor) -> list[Token]:
    """Return the rest of a domain's statement as the definition of a column `value`, as its checks call it."""
    rest = cursor.rest()
    start = rest[0].start if rest else len(cursor.text)
    return [Token("name", '"value"', start, start, ""), *rest]


def create_domain(statement: Statement) -> None:
    """Apply a CREATE DOMAIN."""
    cursor, catalog = statement.cursor, statement.catalog
    name = catalog.new_name(cursor.take_path())
    if statement.is_guarded and name in catalog.domains:
        return
    cursor.skip("AS")
    parts = _read_items(statement, [_as_column(cursor)])
    if not parts.columns:
        raise cursor.surprise("the type of a domain")
    column = parts.columns[0]
    catalog.domains[name] = DomainDraft(
        name=name, type=column.type, nullable=column.nullable, default=column.default, checks=parts.checks
    )


def alter_domain(statement: Statement) -> None:
    """Apply an ALTER DOMAIN."""
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
        draft.default = read_default(cursor.inside(cursor.rest()))
    elif cursor.skip("DROP", "DEFAULT"):
        draft.default = None
    elif cursor.skip("ADD"):
        draft.checks.extend(_read_items(statement, [cursor.rest()]).checks)
    elif cursor.skip("DROP", "CONSTRAINT"):
        cursor.skip("IF", "EXISTS")
        name = cursor.take_name()
        draft.checks = [check for check in draft.checks if (check.name or f"{draft.name.name}_check") != name]
    elif cursor.skip("RENAME", "TO"):
        _rename_type(statement, draft.name, replace(draft.name, name=cursor.take_name()))
    elif cursor.skip("SET", "SCHEMA"):
        _rename_type(statement, draft.name, replace(draft.name, schema=cursor.take_name()))
