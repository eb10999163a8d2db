"""The bracketed body of a CREATE TABLE, and what ALTER TABLE adds: from one dialect's tokens to plain SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.ddl.cursor import Cursor, NotUnderstood
from runner.ddl.indexes import read_index_parts
from runner.ddl.lexis import Token, split_at
from runner.ddl.model import Dialect, Index
from runner.ddl.plain import CLAUSE_WORDS, PIECE, Body, Like, quoted
from runner.ddl.rules import rules_for

if TYPE_CHECKING:
    from collections.abc import Sequence

_CONSTRAINTS = {"CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK"}
_MYSQL_INDEXES = {"KEY", "INDEX", "FULLTEXT", "SPATIAL"}


def read_body(text: str, tokens: Sequence[Token], dialect: Dialect) -> Body:
    """Make plain SQL of the items between a table's brackets."""
    body = Body(text=text, dialect=dialect)
    for item in split_at(tokens):
        try:
            add_item(body, Cursor(text, item, dialect))
        except NotUnderstood as problem:
            body.failures.append((problem.offset or item[0].start, problem.reason))
            body.column = None
    return body


def add_item(body: Body, cursor: Cursor) -> None:
    """Make plain SQL of one item: a column, a constraint, an index or a LIKE."""
    start = cursor.tokens[0].start
    if _is_index(cursor):
        body.indexes.append(_read_index(cursor))
    elif cursor.dialect == "postgres" and cursor.skip("LIKE"):
        body.likes.append(_read_like(cursor, body.columns))
    elif _is_exclusion(cursor):
        body.left_out.append((start, "an EXCLUDE constraint has no place in the model"))
    elif _is_period(cursor):
        body.left_out.append((start, "a PERIOD has no place in the model"))
    elif is_constraint(cursor):
        _add_constraints(body, cursor)
    else:
        body.columns += 1
        body.items.append(plain_column(body, cursor))
        body.offsets.append(start)


def is_constraint(cursor: Cursor) -> bool:
    """Whether a table constraint comes next, and not a column that happens to be called like one."""
    if cursor.word not in _CONSTRAINTS:
        return False
    return cursor.word == "CONSTRAINT" or cursor.at("PRIMARY", "KEY") or cursor.word in {"UNIQUE", "FOREIGN", "CHECK"}


def plain_column(body: Body, cursor: Cursor) -> str:
    """Return a column definition in plain SQL."""
    name = cursor.take_name()
    body.column = name
    words = CLAUSE_WORDS[cursor.dialect]
    found: list[Token] = []
    depth = 0
    while not cursor.done:
        if depth == 0 and cursor.word in words:
            break
        if cursor.dialect == "mysql" and cursor.at("CHARACTER", "SET"):
            break
        token = cursor.take()
        depth += {"(": 1, ")": -1}.get(token.word, 0)
        found.append(token)
    # A number stands for the type: CHAR(7) is a type to every parser, whatever piece 7 says.
    kind = f"CHAR({body.keep(found, 'type').removeprefix(PIECE)})"
    plain = " ".join((quoted(name), kind, *plain_clauses(body, cursor)))
    body.column = None
    return plain


def plain_clauses(body: Body, cursor: Cursor) -> list[str]:
    """Return the clauses that follow in plain SQL; a clause that no rule knows is left for sqlglot to judge."""
    parts: list[str] = []
    while not cursor.done:
        for rule in rules_for(cursor.dialect, cursor.word):
            start = cursor.index
            made = rule.apply(body, cursor)
            if made is not None:
                parts.extend(made)
                break
            cursor.index = start
        else:
            parts.append(cursor.take().text)
    return parts


def _add_constraints(body: Body, cursor: Cursor) -> None:
    """Add a table constraint; SQLite lets several follow each other without a comma."""
    while not cursor.done:
        start = cursor.tokens[cursor.index].start
        if column := _named_not_null(cursor):
            body.not_null.append(column)
            continue
        plain = " ".join(plain_clauses(body, _one_constraint(cursor)))
        if plain:  # SQLite takes a name that names nothing
            body.items.append(plain)
            body.offsets.append(start)


def _one_constraint(cursor: Cursor) -> Cursor:
    """Return a cursor over the next constraint alone."""
    begin = cursor.index
    cursor.take()
    depth = 0
    while not cursor.done:
        starts_another = cursor.word == "CONSTRAINT" or (
            cursor.dialect == "sqlite" and cursor.tokens[begin].word != "CONSTRAINT" and is_constraint(cursor)
        )
        if depth == 0 and starts_another and cursor.dialect == "sqlite":
            break
        depth += {"(": 1, ")": -1}.get(cursor.take().word, 0)
    return cursor.inside(cursor.tokens[begin : cursor.index])


def _named_not_null(cursor: Cursor) -> str:
    """Step over `CONSTRAINT name NOT NULL column` and return the column; empty where something else stands."""
    start = cursor.index
    if cursor.skip("CONSTRAINT"):
        cursor.take_name()
    if cursor.skip("NOT", "NULL"):
        column = cursor.take_name()
        cursor.skip("NO", "INHERIT")
        cursor.skip("NOT", "VALID")
        return column
    cursor.index = start
    return ""


def _is_exclusion(cursor: Cursor) -> bool:
    if cursor.dialect != "postgres":
        return False
    start = cursor.index
    if cursor.skip("CONSTRAINT"):
        cursor.take_name()
    found = cursor.at("EXCLUDE", "USING") or cursor.at("EXCLUDE", "(")
    cursor.index = start
    return found


def _is_period(cursor: Cursor) -> bool:
    return cursor.dialect == "mysql" and cursor.at("PERIOD", "FOR")


def _is_index(cursor: Cursor) -> bool:
    return cursor.dialect == "mysql" and cursor.word in _MYSQL_INDEXES


def _read_index(cursor: Cursor) -> Index:
    """Read `[FULLTEXT | SPATIAL] KEY [name] [USING method] (parts) [options]`."""
    method = cursor.skip_any("FULLTEXT", "SPATIAL").lower() or None
    cursor.skip_any("KEY", "INDEX")
    name = cursor.take_name() if cursor.word not in {"(", "USING"} else None
    if cursor.skip("USING"):
        method = cursor.take().text.lower()
    parts = read_index_parts(cursor, cursor.take_group())
    comment = None
    while not cursor.done:
        if cursor.skip("USING"):
            method = cursor.take().text.lower()
        elif cursor.skip("COMMENT"):
            comment = cursor.take_string()
        else:
            cursor.take()
    return Index(name=name, parts=parts, method=method, comment=comment)


_LIKE_PARTS = ("DEFAULTS", "CONSTRAINTS", "INDEXES", "GENERATED", "IDENTITY", "COMMENTS")


def _read_like(cursor: Cursor, position: int) -> Like:
    source = cursor.take_path()
    including: set[str] = set()
    while not cursor.done:
        verb = cursor.skip_any("INCLUDING", "EXCLUDING")
        if not verb:
            raise cursor.surprise("INCLUDING or EXCLUDING")
        part = cursor.take().word
        parts = set(_LIKE_PARTS) if part == "ALL" else {part}
        including = including | parts if verb == "INCLUDING" else including - parts
    return Like(position=position, source=source, including=frozenset(including))
