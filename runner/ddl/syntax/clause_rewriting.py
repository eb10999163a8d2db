"""How one clause of a column or a constraint becomes plain SQL: the actions of the rules in `clause_rules`.

An action is called with the cursor at the clause's first word. It moves past the clause and returns the plain SQL for
it, or returns None where the clause is another one (the caller then moves the cursor back). What plain SQL cannot
express goes into the body: kept text behind placeholders, and facts about the column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.ddl.syntax.plain_sql import TableBody, quoted, quoted_path
from runner.ddl.syntax.tokens import Token, split_at, tidy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from runner.ddl.syntax.cursor import Cursor

Rewritten = list[str] | None

# ----------------------------------------------------------------------------------------------- kept as text


def check(body: TableBody, cursor: Cursor) -> Rewritten:
    """`CHECK (…) [NO INHERIT] [NOT VALID] [[NOT] ENFORCED]`: the expression is kept."""
    cursor.expect("CHECK")
    inside = cursor.take_group()
    no_inherit = cursor.skip("NO", "INHERIT")
    cursor.skip("NOT", "VALID")
    enforced = not cursor.skip("NOT", "ENFORCED")
    cursor.skip("ENFORCED")
    kind = "not enforced" if not enforced else "no inherit" if no_inherit else ""
    return [f"CHECK ({body.keep(inside, kind)})"]


def default(body: TableBody, cursor: Cursor) -> Rewritten:
    """`DEFAULT expression`: kept up to where the next clause begins."""
    cursor.expect("DEFAULT")
    found = _expression(cursor)
    return ["DEFAULT", body.keep(found)]


def generated(body: TableBody, cursor: Cursor) -> Rewritten:
    """`[GENERATED ALWAYS] AS (…) [STORED | VIRTUAL]`: the expression is kept, with its kind."""
    cursor.skip("GENERATED", "ALWAYS")
    if not cursor.skip("AS") or cursor.word != "(":
        return None
    inside = cursor.take_group()
    # PostgreSQL 18, MySQL and SQLite compute when reading unless STORED is written; before 18 it must be written.
    kind = "stored" if cursor.skip_any("STORED", "PERSISTENT") else "virtual"
    cursor.skip("VIRTUAL")
    return [f"GENERATED ALWAYS AS ({body.keep(inside, kind)})"]


def identity(body: TableBody, cursor: Cursor) -> Rewritten:
    """`GENERATED ALWAYS | BY DEFAULT AS IDENTITY [(options of its sequence)]`."""
    del body
    cursor.expect("GENERATED")
    how = "ALWAYS" if cursor.skip("ALWAYS") else "BY DEFAULT"
    cursor.skip("BY", "DEFAULT")
    if not cursor.skip("AS", "IDENTITY"):
        return None
    if cursor.word == "(":
        cursor.take_group()
    return [f"GENERATED {how} AS IDENTITY"]


def collation(body: TableBody, cursor: Cursor) -> Rewritten:
    """`COLLATE [schema.]name`: a fact about the column."""
    cursor.expect("COLLATE")
    cursor.skip("=")
    body.add_fact("collation", cursor.take_path()[-1])
    return []


def comment(body: TableBody, cursor: Cursor) -> Rewritten:
    """`COMMENT 'text'`: a fact about the column."""
    cursor.expect("COMMENT")
    cursor.skip("=")
    body.add_fact("comment", cursor.take_string())
    return []


def on_update_now(body: TableBody, cursor: Cursor) -> Rewritten:
    """`ON UPDATE CURRENT_TIMESTAMP[(n)]`: a fact about the column."""
    if body.column is None or not cursor.skip("ON", "UPDATE"):
        return None
    if cursor.word in {"CASCADE", "RESTRICT", "SET", "NO"}:
        return None  # of a reference
    body.add_fact("on_update", tidy(_expression(cursor)))
    return []


def _expression(cursor: Cursor) -> list[Token]:
    """Return the tokens of an expression that ends where the next clause begins."""
    words = cursor.dialect.clause_words
    found: list[Token] = []
    depth = 0
    while not cursor.done and (depth or not found or cursor.word not in words):
        token = cursor.take()
        depth += _NESTING.get(token.word, 0)
        found.append(token)
    return found


_NESTING = {"(": 1, ")": -1, "[": 1, "]": -1, "CASE": 1, "END": -1}  # inside these NULL begins no clause


# --------------------------------------------------------------------------------------------- names and keys

_CONSTRAINTS = ("PRIMARY", "UNIQUE", "FOREIGN", "CHECK")


def constraint_name(body: TableBody, cursor: Cursor) -> Rewritten:
    """`CONSTRAINT [IF NOT EXISTS] name`."""
    del body
    cursor.expect("CONSTRAINT")
    cursor.skip("IF", "NOT", "EXISTS")
    return ["CONSTRAINT", quoted(cursor.take_name())]


def optional_constraint_name(body: TableBody, cursor: Cursor) -> Rewritten:
    """`CONSTRAINT [name]` (MySQL)."""
    if any(cursor.at("CONSTRAINT", word) for word in _CONSTRAINTS):
        cursor.take()
        return []
    return constraint_name(body, cursor)


def possibly_unused_constraint_name(body: TableBody, cursor: Cursor) -> Rewritten:
    """`CONSTRAINT name`, which is ignored where no constraint follows (SQLite)."""
    found = constraint_name(body, cursor)
    return [] if cursor.done or cursor.at("CONSTRAINT") else found


def primary_key(body: TableBody, cursor: Cursor) -> Rewritten:
    """`PRIMARY KEY` with everything that dialects write before, inside and after its parentheses."""
    cursor.expect("PRIMARY", "KEY")
    parts = ["PRIMARY KEY"]
    _skip_method(cursor)
    if body.column is None and cursor.word != "(" and not cursor.done:
        cursor.take_name()  # MySQL accepts a name and ignores it
    if body.column is None or cursor.word == "(":
        begin = cursor.index
        parts.append(f"({_key_columns(body, cursor)})")
        if any(token.word == "AUTOINCREMENT" for token in cursor.tokens[begin : cursor.index]):
            body.auto_increment = True
    else:
        cursor.skip_any("ASC", "DESC")
    _skip_index_options(cursor, body.column)
    return parts


def key_of_column(body: TableBody, cursor: Cursor) -> Rewritten:
    """`KEY`, which is a column's PRIMARY KEY (MySQL)."""
    return ["PRIMARY KEY"] if body.column and cursor.skip("KEY") else None


def unique(body: TableBody, cursor: Cursor) -> Rewritten:
    """`UNIQUE [KEY | INDEX] [IF NOT EXISTS] [name] [NULLS [NOT] DISTINCT]` with its columns."""
    cursor.expect("UNIQUE")
    cursor.skip_any("KEY", "INDEX")
    cursor.skip("IF", "NOT", "EXISTS")
    parts = ["UNIQUE"]
    if cursor.skip("NULLS", "NOT", "DISTINCT"):
        parts.append("NULLS NOT DISTINCT")
    cursor.skip("NULLS", "DISTINCT")
    if body.column is None:
        name = cursor.take_name() if cursor.word not in {"(", "USING"} else ""
        _skip_method(cursor)
        if name and cursor.tokens[0].word != "CONSTRAINT":
            parts.insert(0, f"CONSTRAINT {quoted(name)}")
        parts.append(f"({_key_columns(body, cursor)})")
    _skip_index_options(cursor, body.column)
    return parts


def _key_columns(body: TableBody, cursor: Cursor) -> str:
    """Return the columns of a key; the last one may be a range WITHOUT OVERLAPS (PostgreSQL 18)."""
    inside = cursor.take_group()
    if inside and inside[-1].word == "OVERLAPS":
        body.without_overlaps.add(_names(cursor, inside))
    return _plain_columns(cursor, inside)


def foreign_key(body: TableBody, cursor: Cursor) -> Rewritten:
    """`FOREIGN KEY [name] (…) REFERENCES … [ON …] [MATCH …]`."""
    cursor.expect("FOREIGN", "KEY")
    if cursor.word != "(":
        cursor.skip("IF", "NOT", "EXISTS")
        cursor.take_name()  # of the index that MySQL makes for it
    inside = cursor.take_group()
    referring = _without_period(inside)
    columns = _plain_columns(cursor, referring)
    if len(referring) < len(inside):
        body.periods.add(_names(cursor, referring))
    target = references(body, cursor)
    options: list[str] = []
    set_columns: list[str] = []
    while cursor.word in {"ON", "MATCH"}:
        option, columns_of_it = _reference_option(cursor)
        options.extend(option)
        set_columns.extend(columns_of_it)
    if set_columns:  # plain SQL cannot express them: an unquoted placeholder after the key's columns leads to them
        columns += ", " + body.keep((), "set columns", set_columns)
    return [f"FOREIGN KEY ({columns})", *target, *options]


def references(body: TableBody, cursor: Cursor) -> list[str]:
    """`REFERENCES table [(…)]`; its options are clauses of their own."""
    del body
    cursor.expect("REFERENCES")
    cursor.skip("ONLY")
    parts = ["REFERENCES", quoted_path(cursor.take_path())]
    if cursor.word == "(":
        parts.append(f"({_plain_columns(cursor, _without_period(cursor.take_group()))})")
    return parts


def _without_period(columns: Sequence[Token]) -> list[Token]:
    """Return the columns of a reference without the word PERIOD before one of them (PostgreSQL 18)."""
    after = [*columns[1:], None]
    return [
        token
        for token, next_token in zip(columns, after, strict=True)
        if token.word != "PERIOD" or next_token is None or next_token.word == ","
    ]


def _reference_option(cursor: Cursor) -> tuple[list[str], list[str]]:
    """Read `MATCH x` or `ON DELETE | UPDATE action [(columns)]`."""
    if cursor.skip("MATCH"):
        return ["MATCH", cursor.take().word], []
    cursor.expect("ON")
    parts = ["ON", cursor.take().word]
    if cursor.skip("NO", "ACTION"):
        return [*parts, "NO ACTION"], []
    if not cursor.skip("SET"):
        return [*parts, cursor.take().word], []
    parts.append("SET " + cursor.take().word)
    columns = [cursor.inside(part).take_name() for part in split_at(cursor.take_group())] if cursor.word == "(" else []
    return parts, columns


def inline_option(body: TableBody, cursor: Cursor) -> Rewritten:
    """`MATCH x`, `ON DELETE action`, `ON UPDATE action` of a column's reference."""
    if not (cursor.at("MATCH") or cursor.at("ON", "DELETE") or cursor.at("ON", "UPDATE")):
        return None
    parts, columns = _reference_option(cursor)
    del body, columns  # of an inline reference they can only be the column itself
    return parts


def not_enforced(body: TableBody, cursor: Cursor) -> Rewritten:
    """`NOT ENFORCED` of a reference."""
    del body
    return ["NOT ENFORCED"] if cursor.skip("NOT", "ENFORCED") else None


def _plain_columns(cursor: Cursor, tokens: Sequence[Token]) -> str:
    """Return a key's columns without prefix lengths, collations and sort orders."""
    return ", ".join(map(quoted, _names(cursor, tokens)))


def _names(cursor: Cursor, tokens: Sequence[Token]) -> tuple[str, ...]:
    return tuple(cursor.inside(part).take_name() for part in split_at(tokens))


def _skip_method(cursor: Cursor) -> None:
    if cursor.at("USING", "INDEX"):
        return
    if cursor.skip("USING"):
        cursor.take()


def _skip_index_options(cursor: Cursor, column: str | None) -> None:
    """Skip what may follow a key's columns and does not affect the key; COMMENT may be its column's."""
    while not cursor.done:
        if cursor.skip("INCLUDE") or (cursor.at("WITH", "(") and cursor.skip("WITH")):
            cursor.take_group()
        elif cursor.skip("USING", "INDEX", "TABLESPACE") or cursor.skip("USING"):
            cursor.take()
        elif cursor.skip("KEY_BLOCK_SIZE"):
            cursor.skip("=")
            cursor.take()
        elif column is None and cursor.skip("COMMENT"):
            cursor.take_string()
        else:
            return


# ------------------------------------------------------------------------------------------ system versioning


def row_time(body: TableBody, cursor: Cursor) -> Rewritten:
    """`GENERATED ALWAYS AS ROW START | ROW END`: a fact about the column, which is never null."""
    if not cursor.skip("GENERATED", "ALWAYS", "AS", "ROW"):
        return None
    which = cursor.skip_any("START", "END")
    if not which:
        raise cursor.surprise("START or END")
    body.add_fact("system_time", f"row {which.lower()}")
    return ["NOT NULL"]


# --------------------------------------------------------------------------------------------------- left out


def compressed(body: TableBody, cursor: Cursor) -> Rewritten:
    """`COMPRESSED[=method]`."""
    del body
    cursor.expect("COMPRESSED")
    if cursor.skip("="):
        cursor.take()
    return []


def dropped(*patterns: str) -> Callable[[TableBody, Cursor], Rewritten]:
    """Return an action that drops the first pattern that fits: words, `*` any token, `=` and `()` if they are there."""
    split = [pattern.split() for pattern in patterns]

    def apply(body: TableBody, cursor: Cursor) -> Rewritten:
        del body
        for pattern in split:
            start = cursor.index
            if all(_fits(cursor, part) for part in pattern):
                return []
            cursor.index = start
        return None

    return apply


def _fits(cursor: Cursor, part: str) -> bool:
    if part == "()":
        if cursor.word == "(":
            cursor.take_group()
        return True
    if part == "=":
        cursor.skip("=")
        return True
    if part == "*":
        if cursor.done:
            return False
        cursor.take()
        return True
    return cursor.skip(part)
