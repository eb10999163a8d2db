"""The defaults and checks of a table's body: their parsed forms, as far as these go."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runner.ddl.syntax.cursor import NotUnderstood
from runner.ddl.syntax.expressions import parse_expression, read_default

if TYPE_CHECKING:
    from runner.ddl.model import Check
    from runner.ddl.syntax.cursor import Cursor
    from runner.ddl.syntax.dialect import Dialect
    from runner.ddl.syntax.table_body import TableBody


def parse_expressions(body: TableBody, cursor: Cursor) -> None:
    """Parse the defaults and checks of a body of the cursor's statement, in place."""
    for column, tokens in body.defaults:
        try:
            column.default = read_default(cursor.inside(tokens))
        except NotUnderstood as problem:
            body.failures.append((problem.offset or tokens[0].start, problem.reason))
    body.checks = [_parsed(check, cursor.dialect) for check in body.checks]


def _parsed(check: Check, dialect: Dialect) -> Check:
    expression, columns = parse_expression(check.text, dialect)
    return replace(check, expression=expression, columns=columns)
