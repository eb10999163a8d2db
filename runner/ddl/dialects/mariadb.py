"""MariaDB 10 and 11, as `mariadb-dump` writes them: MySQL with sequences, and with other comments that count."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from runner.ddl.dialects import mysql
from runner.ddl.syntax.tokens import BACKTICKED, COMMENT, token_pattern

if TYPE_CHECKING:
    from runner.ddl.syntax.cursor import Cursor

# The first line of a dump; the client takes it as a command, the server as a comment.
_SANDBOX_LINE = rb"/\*M!999999\\-[^\n]*"
# `/*!` with the version of a MySQL from 5.7 on: MariaDB has those features otherwise, and skips them.
_COMMENT_FOR_MYSQL = r"/\*!(?:507\d\d|50[89]\d\d|5[1-9]\d{3}|[6-9]\d{4})(?!\d)" + COMMENT.removeprefix(r"/\*")
_TOKEN = token_pattern(
    skipped=f"{_COMMENT_FOR_MYSQL}|{mysql.SKIPPED}", strings=mysql.STRINGS, names=BACKTICKED, words=mysql.WORDS
)


def _next_value(cursor: Cursor) -> tuple[str, ...] | None:
    """Return the sequence of `nextval(sequence)` or `NEXT VALUE FOR sequence`, perhaps in parentheses.

    The database is left out: a dump names its own.
    """
    while cursor.word == "(":
        inside = cursor.take_group()
        if not cursor.done:
            return None
        cursor = cursor.inside(inside)
    if cursor.skip("NEXT", "VALUE", "FOR"):
        path = cursor.take_path()
    elif cursor.at("NEXTVAL", "("):
        cursor.skip("NEXTVAL")
        path = cursor.inside(cursor.take_group()).take_path()
    else:
        return None
    return path[-1:] if cursor.done else None


DIALECT = replace(
    mysql.DIALECT,
    name="mariadb",
    title="MariaDB",
    other_names=(),
    dump_command="mariadb-dump --no-data",
    dump_program=replace(mysql.DUMP, names=("mariadb-dump", "mysqldump")),
    dump_mark=re.compile(rb"^-- Server version\t[^\n]*MariaDB", re.MULTILINE),
    url_schemes=("mariadb",),
    splitting=replace(mysql.SPLITTING, client_line=_SANDBOX_LINE + b" | " + mysql.SPLITTING.client_line),
    token_pattern=_TOKEN,
    next_value=_next_value,
    checks_of_columns=True,
)
