"""Procedures that a script creates and calls itself: the statements in them are applied where it calls them.

MySQL runs IF in procedures only, so scripts that may run twice put their statements into one: EF Core's idempotent
scripts, and many migrations by hand. A procedure that is not called creates nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.ddl.catalog.catalog import ProcedureDraft
from runner.ddl.notes import NoteKind
from runner.ddl.statements.code_blocks import Code, run_code
from runner.ddl.statements.functions import create_function
from runner.ddl.syntax.tokens import string_value

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.ddl.statements.statement import Statement


CHANGES_TABLES = re.compile(r"(?i)\b(?:CREATE|ALTER|RENAME|DROP)\s+(?:\w+\s+){0,2}(?:TABLE|INDEX)\b")


def create_procedure(statement: Statement) -> None:
    """Keep a procedure, in the place of one of the same name; the cursor is after the word PROCEDURE."""
    cursor, catalog = statement.cursor, statement.catalog
    start = cursor.index
    create_function(statement, "PROCEDURE")
    if not CHANGES_TABLES.search(statement.text):
        return
    cursor.index = start
    cursor.skip("IF", "NOT", "EXISTS")
    name = cursor.take_path()[-1].lower()
    cursor.take_group()
    rest = cursor.tokens[cursor.index :]
    body = next((token for token in rest if token.word == "BEGIN" or token.kind == "string"), None)
    if body is None:
        return
    is_quoted = body.kind == "string"
    catalog.procedures[name] = ProcedureDraft(
        text=string_value(body, cursor.dialect) if is_quoted else statement.text[body.start :],
        declares_inside=not is_quoted,
        file=statement.file,
        line=statement.line_at(body.start),
    )


def call_procedure(statement: Statement, apply: Callable[[Statement], None]) -> None:
    """Apply the statements of the procedure that `CALL name [(…)]` names, by `apply`; the cursor is at CALL."""
    catalog = statement.catalog
    statement.cursor.skip("CALL")
    name = statement.cursor.take_path()[-1].lower()
    procedure = catalog.procedures.get(name)
    if procedure is None:
        statement.pass_over(NoteKind.CODE_BLOCK, "a call; whatever the function creates or changes is not known")
        return
    # What has done its work is no part of the schema
    catalog.functions = {key: drafts for key, drafts in catalog.functions.items() if key.name.lower() != name}
    code = Code(
        text=procedure.text, file=procedure.file, line=procedure.line, declares_inside=procedure.declares_inside
    )
    run_code(statement, code, apply)
