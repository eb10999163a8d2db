"""CREATE and DROP TRIGGER of PostgreSQL: kept as text, since an application can do without them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.ddl.catalog.catalog import TriggerDraft
from runner.ddl.statements.statement import excerpt

if TYPE_CHECKING:
    from runner.ddl.model import QName
    from runner.ddl.statements.statement import Statement


def create_trigger(statement: Statement) -> None:
    """Keep a trigger, in the place of one of the same name; the cursor is after the word TRIGGER."""
    cursor, catalog = statement.cursor, statement.catalog
    name = cursor.take_name()
    while not cursor.done and cursor.word != "ON":
        cursor.take()
    cursor.expect("ON")
    table = _subject(statement, cursor.take_path())
    catalog.triggers[table, name] = TriggerDraft(
        name=name,
        table=table,
        text=statement.text.strip().removesuffix(";"),
        shown=excerpt(statement.text),
        file=statement.file,
        line=statement.line,
    )


def drop_trigger(statement: Statement) -> None:
    """Apply `DROP TRIGGER [IF EXISTS] name ON table`."""
    cursor = statement.cursor
    cursor.skip("IF", "EXISTS")
    name = cursor.take_name()
    cursor.expect("ON")
    statement.catalog.triggers.pop((_subject(statement, cursor.take_path()), name), None)


def _subject(statement: Statement, path: tuple[str, ...]) -> QName:
    """Return the name of the table or view that a trigger is of."""
    view = statement.catalog.find_view(path)
    return view.name if view is not None else statement.catalog.target(path)
