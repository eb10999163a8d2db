"""The clauses of constraints: names, checks, keys and references. Actions as in `column_clauses`.

A column's constraint is over that column. What is written after any constraint are its attributes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from runner.ddl.model import Check, ForeignKey, Key, ReferentialAction
from runner.ddl.qualified_name import QName
from runner.ddl.syntax.tokens import Token, split_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.ddl.syntax.cursor import Cursor
    from runner.ddl.syntax.table_body import TableBody

# ----------------------------------------------------------------------------------------------------- names and checks

_CONSTRAINTS = ("PRIMARY", "UNIQUE", "FOREIGN", "CHECK")


def constraint_name(body: TableBody, cursor: Cursor) -> bool:
    """`CONSTRAINT [IF NOT EXISTS] name`."""
    cursor.expect("CONSTRAINT")
    cursor.skip("IF", "NOT", "EXISTS")
    body.name_constraint(cursor.take_name())
    return True


def optional_constraint_name(body: TableBody, cursor: Cursor) -> bool:
    """`CONSTRAINT [name]` (MySQL)."""
    if any(cursor.at("CONSTRAINT", word) for word in _CONSTRAINTS):
        cursor.take()
        return True
    return constraint_name(body, cursor)


def possibly_unused_constraint_name(body: TableBody, cursor: Cursor) -> bool:
    """`CONSTRAINT name`, which is ignored where no constraint follows (SQLite)."""
    constraint_name(body, cursor)
    if cursor.done or cursor.at("CONSTRAINT"):
        body.take_constraint()
    return True


def check(body: TableBody, cursor: Cursor) -> bool:
    """`CHECK (…)` with its attributes."""
    cursor.expect("CHECK")
    inside = cursor.take_group()
    attributes = read_attributes(cursor)
    name = body.take_constraint()
    if not attributes.enforced:
        offset = inside[0].start if inside else 0
        body.left_out.append((offset, "a CHECK that is NOT ENFORCED says nothing of the values"))
    else:
        of_column = body.column.name if body.column is not None else None
        text = cursor.source(inside)
        body.checks.append(Check(text=text, name=name, no_inherit=attributes.no_inherit, of_column=of_column))
    return True


class _Attributes(NamedTuple):
    """What can be said of a constraint of any kind."""

    deferrable: bool = False
    initially_deferred: bool = False
    enforced: bool = True
    no_inherit: bool = False


_PLAIN = _Attributes()
_ATTRIBUTE_WORDS = frozenset({"NOT", "DEFERRABLE", "INITIALLY", "ENFORCED", "NO"})


def read_attributes(cursor: Cursor) -> _Attributes:
    """Read `[NOT] DEFERRABLE`, `INITIALLY …`, `NO INHERIT`, `NOT VALID` and `[NOT] ENFORCED`, in any order.

    A schema does not depend on whether the rows that are there already are valid.
    """
    found = _PLAIN
    while cursor.word in _ATTRIBUTE_WORDS:
        if cursor.skip("DEFERRABLE"):
            found = found._replace(deferrable=True)
        elif cursor.skip("INITIALLY", "DEFERRED"):
            found = found._replace(deferrable=True, initially_deferred=True)
        elif cursor.skip("NO", "INHERIT"):
            found = found._replace(no_inherit=True)
        elif cursor.skip("NOT", "ENFORCED"):
            found = found._replace(enforced=False)
        elif not any(cursor.skip(*words) for words in _DEFAULT_ATTRIBUTES):
            break
    return found


_DEFAULT_ATTRIBUTES = (("NOT", "DEFERRABLE"), ("INITIALLY", "IMMEDIATE"), ("NOT", "VALID"), ("ENFORCED",))


# ----------------------------------------------------------------------------------------------------------------- keys


def primary_key(body: TableBody, cursor: Cursor) -> bool:
    """`PRIMARY KEY` with everything that dialects write before, inside and after its parentheses."""
    cursor.expect("PRIMARY", "KEY")
    _skip_method(cursor)
    if body.column is not None:
        cursor.skip_any("ASC", "DESC")
        body.primary_key = _key(body, cursor, (body.column.name,))
        return True
    if cursor.word != "(":
        cursor.take_name()  # MySQL accepts a name and ignores it
    inside = cursor.take_group()
    if any(token.word == "AUTOINCREMENT" for token in inside):
        body.auto_increment = True
    body.primary_key = _key(body, cursor, _names(cursor, inside), without_overlaps=_is_without_overlaps(inside))
    return True


def key_of_column(body: TableBody, cursor: Cursor) -> bool:
    """`KEY`, which is a column's PRIMARY KEY (MySQL)."""
    if body.column is None or not cursor.skip("KEY"):
        return False
    body.primary_key = _key(body, cursor, (body.column.name,))
    return True


def unique(body: TableBody, cursor: Cursor) -> bool:
    """`UNIQUE [KEY | INDEX] [IF NOT EXISTS] [name] [NULLS [NOT] DISTINCT]` with its columns."""
    cursor.expect("UNIQUE")
    cursor.skip_any("KEY", "INDEX")
    cursor.skip("IF", "NOT", "EXISTS")
    nulls_distinct = not cursor.skip("NULLS", "NOT", "DISTINCT")
    cursor.skip("NULLS", "DISTINCT")
    if body.column is not None:
        body.unique.append(_key(body, cursor, (body.column.name,), nulls_distinct=nulls_distinct))
        return True
    name = cursor.take_name() if cursor.word not in {"(", "USING"} else None
    body.constraint = body.constraint or name
    _skip_method(cursor)
    inside = cursor.take_group()
    key = _key(
        body,
        cursor,
        _names(cursor, inside),
        nulls_distinct=nulls_distinct,
        without_overlaps=_is_without_overlaps(inside),
    )
    body.unique.append(key)
    return True


def _key(
    body: TableBody,
    cursor: Cursor,
    columns: tuple[str, ...],
    *,
    nulls_distinct: bool = True,
    without_overlaps: bool = False,
) -> Key:
    """Read what follows a key's columns and return the key."""
    _skip_index_options(cursor, in_table=body.column is None)
    attributes = read_attributes(cursor)
    return Key(
        columns=columns,
        name=body.take_constraint(),
        nulls_distinct=nulls_distinct,
        deferrable=attributes.deferrable,
        initially_deferred=attributes.initially_deferred,
        without_overlaps=without_overlaps,
    )


def _is_without_overlaps(columns: Sequence[Token]) -> bool:
    """Whether the last column of a key is a range WITHOUT OVERLAPS (PostgreSQL 18)."""
    return bool(columns) and columns[-1].word == "OVERLAPS"


def _names(cursor: Cursor, tokens: Sequence[Token]) -> tuple[str, ...]:
    """Return a key's columns without prefix lengths, collations and sort orders."""
    return tuple(cursor.inside(part).take_name() for part in split_at(tokens))


def _skip_method(cursor: Cursor) -> None:
    if cursor.at("USING", "INDEX"):
        return
    if cursor.skip("USING"):
        cursor.take()


def _skip_index_options(cursor: Cursor, *, in_table: bool) -> None:
    """Skip what may follow a key's columns and does not affect the key; after a column a COMMENT is the column's."""
    while cursor.word in _INDEX_OPTION_WORDS:
        if cursor.skip("INCLUDE") or (cursor.at("WITH", "(") and cursor.skip("WITH")):
            cursor.take_group()
        elif cursor.skip("USING", "INDEX", "TABLESPACE") or cursor.skip("USING"):
            cursor.take()
        elif cursor.skip("KEY_BLOCK_SIZE"):
            cursor.skip("=")
            cursor.take()
        elif in_table and cursor.skip("COMMENT"):
            cursor.take_string()
        else:
            return


_INDEX_OPTION_WORDS = frozenset({"INCLUDE", "WITH", "USING", "KEY_BLOCK_SIZE", "COMMENT"})


# ----------------------------------------------------------------------------------------------------------- references


def foreign_key(body: TableBody, cursor: Cursor) -> bool:
    """`FOREIGN KEY [name] (…) REFERENCES … [ON …] [MATCH …]`."""
    if body.column is not None:
        return False
    cursor.expect("FOREIGN", "KEY")
    if cursor.word != "(":
        cursor.skip("IF", "NOT", "EXISTS")
        cursor.take_name()  # of the index that MySQL makes for it
    inside = cursor.take_group()
    referring = _without_period(inside)
    _add_reference(body, cursor, _names(cursor, referring), period=len(referring) < len(inside))
    return True


def references(body: TableBody, cursor: Cursor) -> bool:
    """`REFERENCES table [(…)] [ON …] [MATCH …]` of a column."""
    if body.column is None:
        return False
    _add_reference(body, cursor, (body.column.name,))
    return True


def _add_reference(body: TableBody, cursor: Cursor, columns: tuple[str, ...], *, period: bool = False) -> None:
    name = body.take_constraint()
    cursor.expect("REFERENCES")
    cursor.skip("ONLY")
    path = cursor.take_path()
    target_columns = _names(cursor, _without_period(cursor.take_group())) if cursor.word == "(" else ()
    match = ""
    actions: dict[str, ReferentialAction] = {}
    set_columns: tuple[str, ...] = ()
    while cursor.word in {"ON", "MATCH"}:
        if cursor.skip("MATCH"):
            match = cursor.take().word
        elif (event := _event(cursor)) is not None:
            actions[event], named = _read_referential_action(cursor)
            set_columns += named
        else:
            break
    attributes = read_attributes(cursor)
    if not attributes.enforced:
        reason = "a reference that is NOT ENFORCED says nothing of the rows"
        body.left_out.append((cursor.tokens[0].start, reason))
        return
    body.foreign_keys.append(
        ForeignKey(
            columns=columns,
            references=QName(schema=path[-2] if len(path) > 1 else None, name=path[-1]),
            target_columns=target_columns,
            name=name,
            on_delete=actions.get("DELETE", "NO ACTION"),
            on_update=actions.get("UPDATE", "NO ACTION"),
            set_columns=set_columns if body.column is None else (),  # else it can only be the column itself
            match="FULL" if match == "FULL" else "SIMPLE",
            period=period,
            deferrable=attributes.deferrable,
            initially_deferred=attributes.initially_deferred,
        )
    )


_ACTIONS: dict[str, ReferentialAction] = {"CASCADE": "CASCADE", "RESTRICT": "RESTRICT"}
_SET_ACTIONS: dict[str, ReferentialAction] = {"NULL": "SET NULL", "DEFAULT": "SET DEFAULT"}


def _event(cursor: Cursor) -> str | None:
    """Move past `ON DELETE` or `ON UPDATE` before a referential action, and return the second word.

    None where something else comes next: MySQL has an ON UPDATE of its own.
    """
    following = [token.word for token in cursor.tokens[cursor.index + 1 : cursor.index + 3]]
    if len(following) < 2 or following[0] not in {"DELETE", "UPDATE"}:  # noqa: PLR2004 - two words
        return None
    if following[1] not in _ACTIONS and following[1] not in {"SET", "NO"}:
        return None
    cursor.index += 2
    return following[0]


def _read_referential_action(cursor: Cursor) -> tuple[ReferentialAction, tuple[str, ...]]:
    """Read an action, and the columns after SET NULL or SET DEFAULT where only some are set."""
    if cursor.skip("NO", "ACTION"):
        return "NO ACTION", ()
    if not cursor.skip("SET"):
        return _action_named(cursor, _ACTIONS), ()
    action = _action_named(cursor, _SET_ACTIONS)
    return action, _names(cursor, cursor.take_group()) if cursor.word == "(" else ()


def _action_named(cursor: Cursor, actions: dict[str, ReferentialAction]) -> ReferentialAction:
    word = cursor.skip_any(*actions)
    if not word:
        raise cursor.surprise(" or ".join(actions))
    return actions[word]


def _without_period(columns: Sequence[Token]) -> list[Token]:
    """Return the columns of a reference without the word PERIOD before one of them (PostgreSQL 18)."""
    after = [*columns[1:], None]
    return [
        token
        for token, next_token in zip(columns, after, strict=True)
        if token.word != "PERIOD" or next_token is None or next_token.word == ","
    ]
