"""Functions, procedures and aggregates: kept as text, since checks, defaults, indexes and views may call them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from runner.ddl.catalog.called_functions import rename_calls
from runner.ddl.catalog.catalog import FunctionDraft
from runner.ddl.notes import NoteKind
from runner.ddl.statements.statement import excerpt

if TYPE_CHECKING:
    from runner.ddl.model import FunctionKind
    from runner.ddl.qualified_name import QName
    from runner.ddl.statements.statement import Statement
    from runner.ddl.syntax.cursor import Cursor

_BODY = frozenset({"AS", "BEGIN", "RETURN"})
_BASE_TYPE = re.compile(r"(?i)\bBASETYPE\s*=\s*([^,]+?)\s*(?:,|$)")
_LANGUAGE = "sql"  # of a function with a body in the standard's form


def create_function(statement: Statement, kind: FunctionKind = "FUNCTION") -> None:
    """Keep a function or a procedure; the cursor is after that word. One of the same name and arguments is replaced."""
    cursor, catalog = statement.cursor, statement.catalog
    cursor.skip("IF", "NOT", "EXISTS")
    name = catalog.new_name(cursor.take_path())
    if cursor.dialect.mysql_compatible and any(token.word == "SONAME" for token in cursor.tokens):
        statement.pass_over(NoteKind.FUNCTION, "a function of a library, which the server has to load")
        return
    start = cursor.tokens[cursor.index].start if not cursor.done else len(statement.text)
    arguments = cursor.source(cursor.take_group())
    draft = FunctionDraft(
        name=name,
        arguments=arguments,
        text=statement.text[start : _end(statement)],
        signature=_signature(statement, cursor),
        shown=excerpt(statement.text),
        language=_language(cursor),
        file=statement.file,
        line=statement.line,
        kind=kind,
    )
    others = catalog.functions.get(name, [])
    catalog.functions[name] = [*(other for other in others if other.arguments != arguments), draft]


def _end(statement: Statement) -> int | None:
    """Return where the last word of a statement ends: MySQL's dumps put statements into comments."""
    return statement.cursor.tokens[-1].end if statement.cursor.dialect.mysql_compatible else None


def create_aggregate(statement: Statement) -> None:
    """Keep an aggregate, which is made of functions; the cursor is after the word AGGREGATE."""
    cursor, catalog = statement.cursor, statement.catalog
    if cursor.skip("FUNCTION"):  # of MySQL
        create_function(statement)
        return
    name = catalog.new_name(cursor.take_path())
    start = cursor.tokens[cursor.index].start if not cursor.done else len(statement.text)
    arguments = cursor.source(cursor.take_group())
    if cursor.done:  # the form without arguments, which names the type as BASETYPE
        arguments = "".join(_BASE_TYPE.findall(arguments))
    draft = FunctionDraft(
        name=name,
        arguments=arguments,
        text=statement.text[start:],
        signature=statement.text[:start],
        shown=excerpt(statement.text),
        language=_LANGUAGE,
        file=statement.file,
        line=statement.line,
        kind="AGGREGATE",
    )
    others = catalog.functions.get(name, [])
    catalog.functions[name] = [*(other for other in others if other.arguments != arguments), draft]


def _signature(statement: Statement, cursor: Cursor) -> str:
    """Return the text from the arguments up to the body, which names the types that must be there first."""
    rest = cursor.tokens[cursor.index :]
    return statement.text[: next((token.start for token in rest if token.word in _BODY), None)]


def _language(cursor: Cursor) -> str:
    words = [token.text.strip("\"'").lower() for token in cursor.tokens]
    return words[words.index("language") + 1] if "language" in words[:-1] else _LANGUAGE


def alter_function(statement: Statement) -> None:
    """Apply `ALTER FUNCTION name [(…)] RENAME TO | SET SCHEMA`; what calls it calls it by the new name."""
    cursor, catalog = statement.cursor, statement.catalog
    old = _known(statement, cursor)
    if cursor.word == "(":
        cursor.take_group()
    if old is None:
        return
    if cursor.skip("RENAME", "TO"):
        new = replace(old, name=cursor.take_name())
    elif cursor.skip("SET", "SCHEMA"):
        new = replace(old, schema=cursor.take_name())
    else:
        return
    drafts = catalog.functions.pop(old)
    catalog.functions[new] = [replace(draft, name=new) for draft in drafts]
    rename_calls(catalog, old, new)


def drop_function(statement: Statement) -> None:
    """Apply `DROP FUNCTION [IF EXISTS] name [(…)]`; with several of one name, all are dropped."""
    cursor = statement.cursor
    cursor.skip("IF", "EXISTS")
    name = _known(statement, cursor)
    if name is not None:
        statement.catalog.functions.pop(name)


def _known(statement: Statement, cursor: Cursor) -> QName | None:
    names = statement.catalog.candidates(cursor.take_path())
    return next((name for name in names if name in statement.catalog.functions), None)
