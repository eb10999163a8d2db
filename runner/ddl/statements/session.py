"""Statements that change how later names are resolved: SET search_path, USE, CREATE EXTENSION, CREATE COLLATION."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.ddl.syntax.tokens import name_value

if TYPE_CHECKING:
    from runner.ddl.statements.statement import Statement


def set_search_path(statement: Statement) -> None:
    """Apply `SET search_path` and the `set_config` that pg_dump writes; no other setting affects a table."""
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
    """Apply MySQL's USE: objects that follow belong to that database."""
    statement.cursor.expect("USE")
    statement.catalog.current_schema = statement.cursor.take_name()


def create_extension(statement: Statement) -> None:
    """Record the schema of an extension's types."""
    cursor = statement.cursor
    cursor.skip("IF", "NOT", "EXISTS")
    name = cursor.take_name()
    cursor.skip("WITH")
    schemas = statement.catalog.extension_schemas
    schemas[name] = cursor.take_name() if cursor.skip("SCHEMA") else statement.catalog.default_schema


def create_collation(statement: Statement) -> None:
    """Keep a collation with its definition as text; columns name collations without their schema."""
    cursor = statement.cursor
    cursor.skip("IF", "NOT", "EXISTS")
    name = cursor.take_path()[-1]
    statement.catalog.collations[name] = cursor.source(cursor.rest())
