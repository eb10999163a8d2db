"""CREATE VIEW and ALTER VIEW: kept as text; what columns a view has is known once all of the DDL is applied."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runner.ddl.catalog.catalog import ViewDraft
from runner.ddl.notes import NoteKind
from runner.ddl.statements.statement import excerpt
from runner.ddl.syntax.tokens import split_at, without_trailing_space

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.ddl.statements.statement import Statement
    from runner.ddl.syntax.tokens import Token

# What may follow the query, longest first.
_ENDS = (
    ("WITH", "CASCADED", "CHECK", "OPTION"),
    ("WITH", "LOCAL", "CHECK", "OPTION"),
    ("WITH", "CHECK", "OPTION"),
    ("WITH", "NO", "DATA"),
    ("WITH", "DATA"),
)
_TEMPORARY = frozenset({"TEMP", "TEMPORARY"})


def create_view(statement: Statement, modifiers: frozenset[str]) -> None:
    """Keep a view; the cursor is after the word VIEW, `modifiers` are the words before it."""
    cursor, catalog = statement.cursor, statement.catalog
    if modifiers & _TEMPORARY:
        statement.pass_over(NoteKind.VIEW, "a temporary view lasts for one session")
        return
    cursor.skip("IF", "NOT", "EXISTS")
    name = catalog.new_name(cursor.take_path())
    defining = _without_end(cursor.rest())
    cursor = cursor.inside(defining)
    columns: tuple[str, ...] = ()
    if cursor.word == "(":
        columns = tuple(cursor.inside(part).take_name() for part in split_at(cursor.take_group()))
    while not cursor.done and cursor.word != "AS":
        cursor.take()
    cursor.expect("AS")
    query = cursor.rest()
    if not query:
        raise cursor.surprise("a query")
    if "RECURSIVE" in modifiers:
        statement.pass_over(NoteKind.VIEW, "the columns of a recursive view are not known")
        return
    definition = without_trailing_space(statement.text, defining)
    ending = statement.text[query[-1].end :].strip().rstrip(";").strip()
    if "MATERIALIZED" not in modifiers and ending.upper().startswith("WITH"):
        definition = f"{definition}\n{ending}"
    catalog.views[catalog.key(name)] = ViewDraft(
        name=name,
        definition=definition,
        query=cursor.source(query),
        columns=columns,
        is_materialized="MATERIALIZED" in modifiers,
        search_path=catalog.search_path,
        schema=catalog.current_schema,
        shown=excerpt(statement.text),
        file=statement.file,
        line=statement.line,
    )


def _without_end(tokens: Sequence[Token]) -> Sequence[Token]:
    """Return the tokens of a view's definition without a check option, and without whether it is filled at once."""
    for words in _ENDS:
        if tuple(token.word for token in tokens[-len(words) :]) == words:
            return tokens[: -len(words)]
    return tokens


def alter_view(statement: Statement) -> None:
    """Apply `ALTER VIEW name RENAME TO | SET SCHEMA`."""
    cursor, catalog = statement.cursor, statement.catalog
    cursor.skip("IF", "EXISTS")
    view = catalog.find_view(cursor.take_path())
    if view is None:
        return
    if cursor.skip("RENAME", "TO"):
        name = replace(view.name, name=cursor.take_name())
    elif cursor.skip("SET", "SCHEMA"):
        name = replace(view.name, schema=cursor.take_name())
    else:
        return
    catalog.views.pop(catalog.key(view.name))
    view.name = name
    catalog.views[catalog.key(name)] = view
