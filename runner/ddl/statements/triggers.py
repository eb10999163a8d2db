"""CREATE and DROP TRIGGER: kept as text, since an application can do without them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.ddl.catalog.catalog import TriggerDraft
from runner.ddl.notes import NoteKind
from runner.ddl.statements.statement import excerpt

if TYPE_CHECKING:
    from runner.ddl.qualified_name import QName
    from runner.ddl.statements.statement import Statement

_TEMPORARY = frozenset({"TEMP", "TEMPORARY"})


def create_trigger(statement: Statement) -> None:
    """Keep a trigger, in the place of one of the same name; the cursor is after the word TRIGGER."""
    cursor, catalog = statement.cursor, statement.catalog
    if cursor.tokens[1].word in _TEMPORARY:
        statement.pass_over(NoteKind.TRIGGER, "a temporary trigger lasts for one session")
        return
    cursor.skip("IF", "NOT", "EXISTS")
    name = cursor.take_path()[-1]
    text = statement.text
    if not catalog.dialect.postgresql_compatible:
        # Without the account that defines it, the schema, and the comment that a dump of MySQL puts it into
        text = f"CREATE TRIGGER {text[cursor.tokens[cursor.index - 1].start : cursor.tokens[-1].end]}"
    while not cursor.done and cursor.word != "ON":
        cursor.take()
    cursor.expect("ON")
    table = _subject(statement, cursor.take_path())
    catalog.triggers[table, name] = TriggerDraft(
        name=name,
        table=table,
        text=text.strip().removesuffix(";"),
        shown=excerpt(statement.text),
        file=statement.file,
        line=statement.line,
    )


def drop_trigger(statement: Statement) -> None:
    """Apply `DROP TRIGGER [IF EXISTS] name`, in PostgreSQL with `ON table`."""
    cursor, catalog = statement.cursor, statement.catalog
    cursor.skip("IF", "EXISTS")
    name = cursor.take_path()[-1]
    if catalog.dialect.trigger_names_are_unique:
        catalog.triggers = {key: draft for key, draft in catalog.triggers.items() if key[1] != name}
        return
    cursor.expect("ON")
    catalog.triggers.pop((_subject(statement, cursor.take_path()), name), None)


def _subject(statement: Statement, path: tuple[str, ...]) -> QName:
    """Return the name of the table or view that a trigger is of."""
    view = statement.catalog.find_view(path)
    return view.name if view is not None else statement.catalog.target(path)
