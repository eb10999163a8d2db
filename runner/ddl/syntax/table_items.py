"""The items of a CREATE TABLE's body, and of what ALTER TABLE adds, read from tokens in every dialect."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from runner.ddl.model import Exclusion, Index, Key, SqlType
from runner.ddl.syntax.column_types import TypeReference, read_type
from runner.ddl.syntax.cursor import Cursor, NotUnderstood
from runner.ddl.syntax.index_parts import read_index_parts
from runner.ddl.syntax.table_body import ColumnDraft, LikeElement, TableBody
from runner.ddl.syntax.tokens import Token, split_at, tidy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from runner.ddl.model import IndexPart
    from runner.ddl.syntax.dialect import Dialect

_CONSTRAINTS = {"CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK"}
LIKE_PARTS = frozenset({"DEFAULTS", "CONSTRAINTS", "INDEXES", "GENERATED", "IDENTITY", "COMMENTS"})


def read_body(
    text: str,
    tokens: Sequence[Token],
    dialect: Dialect,
    line_at: Callable[[int], int],
    *,
    has_types: bool = False,
) -> TableBody:
    """Return the items between a table's parentheses; one that is not understood is listed, the others still count."""
    body = TableBody(line_at=line_at, has_types=has_types)
    for item in split_at(tokens):
        add_item(body, Cursor(text, item, dialect))
    return body


def add_item(body: TableBody, cursor: Cursor) -> None:
    """Add one item, or list it among the failures and add nothing of it."""
    parts: tuple[list[Any], ...] = (
        body.unique,
        body.foreign_keys,
        body.checks,
        body.defaults,
        body.indexes,
        body.not_null,
        body.left_out,
    )
    lengths, primary_key = [len(part) for part in parts], body.primary_key
    try:
        _read_item(body, cursor)
    except NotUnderstood as problem:
        for part, length in zip(parts, lengths, strict=True):
            del part[length:]
        body.primary_key = primary_key
        body.failures.append((problem.offset or cursor.tokens[0].start, problem.reason))
    body.column = body.constraint = None
    body.is_name_unused = False


def _read_item(body: TableBody, cursor: Cursor) -> None:
    """Read a column, a constraint, an index or a LIKE."""
    if cursor.word in cursor.dialect.index_words:
        body.indexes.append(_read_index(cursor))
    elif cursor.dialect.like_element and cursor.skip("LIKE"):
        body.likes.append(_read_like(cursor, len(body.columns)))
    elif is_exclusion(cursor):
        body.exclusions.append(_read_exclusion(cursor))
    elif cursor.at("PERIOD", "FOR"):
        body.left_out.append((cursor.tokens[0].start, "a PERIOD has no place in the model"))
    elif is_constraint(cursor):
        _read_constraints(body, cursor)
    else:
        _read_column(body, cursor)


def is_constraint(cursor: Cursor) -> bool:
    """Return whether a table constraint comes next, and not a column that happens to have such a name."""
    if cursor.word not in _CONSTRAINTS:
        return False
    return cursor.word == "CONSTRAINT" or cursor.at("PRIMARY", "KEY") or cursor.word in {"UNIQUE", "FOREIGN", "CHECK"}


def is_exclusion(cursor: Cursor) -> bool:
    """Return whether `[CONSTRAINT name] EXCLUDE …` comes next."""
    if cursor.word not in {"CONSTRAINT", "EXCLUDE"}:
        return False
    start = cursor.index
    if cursor.skip("CONSTRAINT"):
        cursor.take_name()
    found = cursor.at("EXCLUDE", "USING") or cursor.at("EXCLUDE", "(")
    cursor.index = start
    return found


def _read_column(body: TableBody, cursor: Cursor) -> None:
    line = body.line_at(cursor.tokens[0].start)
    name = cursor.take_name()
    cursor.skip("WITH", "OPTIONS")  # of a typed table, whose columns have their types already
    body.column = column = ColumnDraft(name=name, type=_read_column_type(body, cursor), line=line)
    column.character_set = column.type.character_set
    if column.type.serial:
        column.nullable = False
        if not cursor.dialect.serial_is_sequence:
            column.auto_increment = True
            body.unique.append(Key(columns=(name,)))
    _read_clauses(body, cursor)
    body.columns.append(column)


def _read_column_type(body: TableBody, cursor: Cursor) -> TypeReference:
    words = cursor.dialect.clause_words
    found: list[Token] = []
    depth = 0
    for token in cursor.tokens[cursor.index :]:
        word = token.word
        if depth == 0 and (word in words or (word == "CHARACTER" and cursor.at("CHARACTER", "SET"))):
            break
        cursor.index += 1
        depth += _NESTING.get(word, 0)
        found.append(token)
    if body.has_types and not found:
        return _NO_TYPE
    return read_type(cursor.inside(found))


_NESTING = {"(": 1, ")": -1}
_NO_TYPE = TypeReference(sql=SqlType(text="", base=""))


def _read_clauses(body: TableBody, cursor: Cursor) -> None:
    """Read the clauses that follow. Raises `NotUnderstood` for one that no rule accepts."""
    rules = cursor.dialect.rules
    while not cursor.done:
        start = cursor.index
        for rule in rules.get(cursor.word, ()):
            if rule.apply(body, cursor):
                break
            cursor.index = start
        else:
            raise cursor.surprise("a clause of a column or a constraint")
    if body.is_name_unused:
        where = f"column {body.column.name}: " if body.column else ""
        raise NotUnderstood(f"{where}a constraint name with no constraint after it")


def _read_constraints(body: TableBody, cursor: Cursor) -> None:
    """Read a table constraint, and those that follow it without a comma."""
    while not cursor.done:
        if found := _named_not_null(cursor):
            body.not_null.append(found)
        elif index := _unique_index(cursor):
            body.indexes.append(index)
        else:
            _read_clauses(body, _one_constraint(cursor))


def _one_constraint(cursor: Cursor) -> Cursor:
    """Return a cursor over the next constraint alone."""
    begin = cursor.index
    cursor.take()
    if not cursor.dialect.constraints_without_commas:
        cursor.rest()
    named = cursor.tokens[begin].word == "CONSTRAINT"
    depth = 0
    while not cursor.done:
        if depth == 0 and (cursor.word == "CONSTRAINT" or (not named and is_constraint(cursor))):
            break
        depth += {"(": 1, ")": -1}.get(cursor.take().word, 0)
    return cursor.inside(cursor.tokens[begin : cursor.index])


def _named_not_null(cursor: Cursor) -> tuple[str, str | None] | None:
    """Move past `CONSTRAINT name NOT NULL column` and return column and name; None where something else comes next."""
    start = cursor.index
    name = cursor.take_name() if cursor.skip("CONSTRAINT") else None
    if cursor.skip("NOT", "NULL"):
        column = cursor.take_name()
        cursor.skip("NO", "INHERIT")
        cursor.skip("NOT", "VALID")
        return column, name
    cursor.index = start
    return None


def _unique_index(cursor: Cursor) -> Index | None:
    """Move past MySQL's UNIQUE over expressions or prefixes, which is no key over columns, and return it as an index.

    None where something else comes next.
    """
    if not cursor.dialect.key_prefix_lengths:
        return None
    start = cursor.index
    name = None
    if cursor.skip("CONSTRAINT") and cursor.word != "UNIQUE":
        name = cursor.take_name()
    if cursor.skip("UNIQUE"):
        index = replace(_read_index(cursor), unique=True)
        if any(part.column is None or part.length for part in index.parts):
            return replace(index, name=name or index.name)
    cursor.index = start
    return None


def _read_index(cursor: Cursor) -> Index:
    """Read `[FULLTEXT | SPATIAL] KEY [name] [USING method] (parts) [options]`."""
    method = cursor.skip_any("FULLTEXT", "SPATIAL").lower() or None
    cursor.skip_any("KEY", "INDEX")
    cursor.skip("IF", "NOT", "EXISTS")
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


def _read_exclusion(cursor: Cursor) -> Exclusion:
    """Read `[CONSTRAINT name] EXCLUDE [USING method] (part WITH operator, …) [options]`."""
    name = cursor.take_name() if cursor.skip("CONSTRAINT") else None
    cursor.expect("EXCLUDE")
    method = cursor.take().text.lower() if cursor.skip("USING") else "btree"
    items = [_split_operator(cursor.inside(item)) for item in split_at(cursor.take_group())]
    include: tuple[str, ...] = ()
    where = None
    deferrable = initially_deferred = False
    while not cursor.done:
        if cursor.skip("INCLUDE"):
            include = tuple(cursor.inside(part).take_name() for part in split_at(cursor.take_group()))
        elif cursor.skip("WHERE"):
            where = tidy(cursor.take_group())
        elif cursor.skip("NOT", "DEFERRABLE") or cursor.skip("INITIALLY", "IMMEDIATE"):
            continue
        elif cursor.skip("DEFERRABLE"):
            deferrable = True
        elif cursor.skip("INITIALLY", "DEFERRED"):
            deferrable = initially_deferred = True
        elif cursor.word == "(":
            cursor.take_group()  # storage parameters
        else:
            cursor.take()
    return Exclusion(
        index=Index(
            name=name,
            parts=tuple(part for part, _ in items),
            method=method,
            where=where,
            include=include,
        ),
        operators=tuple(operator for _, operator in items),
        deferrable=deferrable,
        initially_deferred=initially_deferred,
    )


def _split_operator(cursor: Cursor) -> tuple[IndexPart, str]:
    """Return a part of an exclusion and the operator after its last WITH."""
    words = [token.word for token in cursor.tokens]
    place = len(words) - 1 - words[::-1].index("WITH") if "WITH" in words else len(words)
    (part,) = read_index_parts(cursor, cursor.tokens[:place])
    operator = tidy(cursor.tokens[place + 1 :])
    if not operator:
        raise NotUnderstood("an EXCLUDE constraint has a part without an operator", cursor.tokens[0].start)
    return part, operator


def _read_like(cursor: Cursor, position: int) -> LikeElement:
    source = cursor.take_path()
    including: set[str] = set()
    while not cursor.done:
        verb = cursor.skip_any("INCLUDING", "EXCLUDING")
        if not verb:
            raise cursor.surprise("INCLUDING or EXCLUDING")
        part = cursor.take().word
        parts = LIKE_PARTS if part == "ALL" else {part}
        including = including | parts if verb == "INCLUDING" else including - parts
    return LikeElement(position=position, source=source, including=frozenset(including))
