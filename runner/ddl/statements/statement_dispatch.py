"""Applies one statement to the catalog by the module of its kind; notes what is not understood."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from runner.ddl.notes import NoteKind
from runner.ddl.statements.alter_table import alter_table, rename_tables
from runner.ddl.statements.code_blocks import do_block
from runner.ddl.statements.comments import comment_on
from runner.ddl.statements.create_table import create_table
from runner.ddl.statements.create_view import alter_view, create_view
from runner.ddl.statements.drops import drop
from runner.ddl.statements.functions import alter_function, create_aggregate, create_function
from runner.ddl.statements.geometry_columns import call_geometry_function, is_geometry_call
from runner.ddl.statements.indexes import alter_index, create_index
from runner.ddl.statements.procedures import call_procedure, create_procedure
from runner.ddl.statements.session import create_collation, create_extension, set_search_path, use_database
from runner.ddl.statements.statement import Statement
from runner.ddl.statements.statement_kinds import FirstWords, note_kind
from runner.ddl.statements.triggers import create_trigger
from runner.ddl.statements.types_and_domains import alter_domain, alter_type, create_domain, create_type
from runner.ddl.syntax.cursor import NotUnderstood
from runner.ddl.syntax.tokens import MAX_DEPTH, depth_of

if TYPE_CHECKING:
    from runner.ddl.qualified_name import QName

# Words that may come between CREATE and the kind of object.
_MODIFIERS = frozenset({
    "OR", "REPLACE", "GLOBAL", "LOCAL", "TEMP", "TEMPORARY", "UNLOGGED", "FOREIGN", "UNIQUE", "FULLTEXT", "SPATIAL",
    "VIRTUAL", "CONSTRAINT", "MATERIALIZED", "RECURSIVE", "ONLINE", "OFFLINE", "DEFINER", "ALGORITHM", "SQL",
})  # fmt: skip
_OF_MYSQL = frozenset({"DEFINER", "ALGORITHM", "SQL"})  # modifiers of several words
_AFTER_DEFINER = frozenset({"PROCEDURE", "VIEW", "FUNCTION", "TRIGGER", "EVENT"})
# What is created besides tables and indexes, which have modifiers, by kind of object.
_CREATE = {
    "TYPE": create_type,
    "DOMAIN": create_domain,
    "FUNCTION": create_function,
    "AGGREGATE": create_aggregate,
    "TRIGGER": create_trigger,
    "PROCEDURE": create_procedure,
    "EXTENSION": create_extension,
    "COLLATION": create_collation,
}
_OTHER_VERBS = {"COMMENT": comment_on, "RENAME": rename_tables, "USE": use_database}
HEAD_TOKENS = 8  # of a statement; TABLE is among them if it creates or alters one
READER_FAULT = "the reader failed on it, which is a fault of the reader"


def apply(statement: Statement) -> None:
    """Apply one statement, or add a note with the reason why not. Never raises because of the statement."""
    try:
        _apply(statement)
    except NotUnderstood as problem:
        _note(statement, problem.reason, problem.offset)
    except Exception as error:  # noqa: BLE001 - whatever a file holds, the reader ends with a note, not a traceback
        _note(statement, f"{READER_FAULT} ({type(error).__name__}: {error})", 0)


def _note(statement: Statement, reason: str, offset: int) -> None:
    """Note a statement that was not understood; it is table-related if it creates or alters a table."""
    words = [token.word for token in statement.cursor.tokens[:HEAD_TOKENS]]
    about_table = words[:1] in (["CREATE"], ["ALTER"], ["RENAME"]) and "TABLE" in words
    table = _table_after(statement, words.index("TABLE") + 1) if about_table else None
    statement.note(reason, offset=offset, table=table, table_related=about_table)


def _table_after(statement: Statement, index: int) -> QName | None:
    """Return the table that is named from a token on, after the words that may come before the name."""
    cursor = statement.cursor
    cursor.index = index
    cursor.skip("IF", "NOT", "EXISTS")
    cursor.skip("IF", "EXISTS")
    cursor.skip("ONLY")
    try:
        return statement.catalog.target(cursor.take_path())
    except NotUnderstood:
        return None


def _apply(statement: Statement) -> None:
    cursor = statement.cursor
    if statement.text.count("(") > MAX_DEPTH and depth_of(cursor.tokens) > MAX_DEPTH:
        raise NotUnderstood(f"brackets are nested more than {MAX_DEPTH} deep")
    verb = cursor.word
    if verb == "CREATE":
        cursor.take()
        _create(statement)
    elif verb == "ALTER":
        cursor.take()
        _alter(statement)
    elif verb == "DROP":
        cursor.take()
        cursor.skip_any("TEMPORARY", "FOREIGN", "MATERIALIZED")
        drop(statement, cursor.take().word)
    elif verb == "DO":
        do_block(statement, apply)
    elif verb == "CALL":
        call_procedure(statement, apply)
    elif verb in {"SET", "SELECT"}:
        _set_or_call(statement)
    elif verb in _OTHER_VERBS:
        _OTHER_VERBS[verb](statement)


def _create(statement: Statement) -> None:
    cursor = statement.cursor
    modifiers: set[str] = set()
    while cursor.word in _MODIFIERS:
        modifiers.add(cursor.take().word)
    while cursor.word not in _AFTER_DEFINER and not _OF_MYSQL.isdisjoint(modifiers):
        cursor.take()  # the account, the algorithm and whose rights count
    kind = cursor.take().word
    if kind == "TABLE" and "VIRTUAL" in modifiers:
        _remember_virtual_table(statement)
        statement.pass_over(NoteKind.SKIPPED_TABLE, "a virtual table has no columns of its own to generate for")
    elif kind == "TABLE":
        create_table(statement, frozenset(modifiers))
    elif kind == "INDEX":
        create_index(statement, frozenset(modifiers))
    elif kind == "VIEW":
        create_view(statement, frozenset(modifiers))
    elif kind in _CREATE:
        _CREATE[kind](statement)
    elif kind == "SCHEMA":
        _create_schema(statement)
    else:
        statement.pass_over(note_kind(FirstWords("CREATE", kind)), f"CREATE {kind} creates no table")


def _remember_virtual_table(statement: Statement) -> None:
    """Keep the name and the module of a virtual table, which makes tables of its own."""
    cursor = statement.cursor
    cursor.skip("IF", "NOT", "EXISTS")
    name = cursor.take_path()[-1]
    if cursor.skip("USING"):
        statement.catalog.virtual_tables[name.lower()] = cursor.take_name().lower()


def _set_or_call(statement: Statement) -> None:
    if statement.cursor.tokens[0].word == "SELECT" and is_geometry_call(statement):
        call_geometry_function(statement)
    else:
        set_search_path(statement)


def _create_schema(statement: Statement) -> None:
    """Apply the elements of `CREATE SCHEMA s CREATE TABLE … CREATE TABLE …`, each as a statement of its own."""
    cursor, catalog = statement.cursor, statement.catalog
    cursor.skip("IF", "NOT", "EXISTS")
    name = cursor.take_name() if cursor.word != "AUTHORIZATION" else None
    if cursor.skip("AUTHORIZATION"):
        name = name or cursor.take_name()
    starts: list[int] = []
    depth = 0
    while not cursor.done:
        token = cursor.take()
        depth += {"(": 1, ")": -1}.get(token.word, 0)
        if depth == 0 and token.word in {"CREATE", "GRANT"}:
            starts.append(token.start)
    outer, catalog.current_schema = catalog.current_schema, name
    for start, end in pairwise([*starts, len(statement.text)]):
        text = statement.text[start:end]
        apply(Statement(catalog=catalog, text=text, file=statement.file, line=statement.line_at(start)))
    catalog.current_schema = outer


def _alter(statement: Statement) -> None:
    cursor = statement.cursor
    cursor.skip_any("FOREIGN", "ONLINE", "IGNORE", "MATERIALIZED")
    kind = cursor.take().word
    if kind == "TABLE":
        alter_table(statement)
    elif kind == "TYPE":
        alter_type(statement)
    elif kind == "DOMAIN":
        alter_domain(statement)
    elif kind == "FUNCTION":
        alter_function(statement)
    elif kind == "INDEX":
        alter_index(statement)
    elif kind == "VIEW":
        alter_view(statement)
