"""The table of small rules that help sqlglot: each makes one kind of clause plain, and says why it must.

A rule is asked where its first word comes next in a column's or a constraint's clauses. It steps over what it
knows and returns the plain SQL for it, or None where the clause is not its own. What plain SQL cannot say goes into
the body: pieces for text that is kept, notes for facts of the column. sqlglot's compiled form forbids subclasses of
its parsers, so all help is given here, from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from runner.ddl.cursor import Cursor
from runner.ddl.lexis import Token, split_at, tidy
from runner.ddl.model import Dialect
from runner.ddl.plain import CLAUSE_WORDS, Body, quoted, quoted_path

ALL: tuple[Dialect, ...] = ("postgres", "mysql", "sqlite")
Made = list[str] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One kind of help: where it is asked, what it does, and why sqlglot needs it."""

    name: str
    words: tuple[str, ...]  # the first words at which it is asked
    reason: str
    apply: Callable[[Body, Cursor], Made]
    dialects: tuple[Dialect, ...] = ALL


# ------------------------------------------------------------------------------------------- what is kept as text


def _check(body: Body, cursor: Cursor) -> Made:
    cursor.expect("CHECK")
    inside = cursor.take_group()
    no_inherit = cursor.skip("NO", "INHERIT")
    cursor.skip("NOT", "VALID")
    enforced = not cursor.skip("NOT", "ENFORCED")
    cursor.skip("ENFORCED")
    kind = "not enforced" if not enforced else "no inherit" if no_inherit else ""
    return [f"CHECK ({body.keep(inside, kind)})"]


def _default(body: Body, cursor: Cursor) -> Made:
    cursor.expect("DEFAULT")
    found = _expression(cursor)
    return ["DEFAULT", body.keep(found)]


def _generated(body: Body, cursor: Cursor) -> Made:
    cursor.skip("GENERATED", "ALWAYS")
    if not cursor.skip("AS") or cursor.word != "(":
        return None
    inside = cursor.take_group()
    # PostgreSQL 18 and the other two compute on reading unless told to store; before 18 STORED must be written.
    kind = "stored" if cursor.skip_any("STORED", "PERSISTENT") else "virtual"
    cursor.skip("VIRTUAL")
    return [f"GENERATED ALWAYS AS ({body.keep(inside, kind)})"]


def _identity(body: Body, cursor: Cursor) -> Made:
    del body
    cursor.expect("GENERATED")
    how = "ALWAYS" if cursor.skip("ALWAYS") else "BY DEFAULT"
    cursor.skip("BY", "DEFAULT")
    if not cursor.skip("AS", "IDENTITY"):
        return None
    if cursor.word == "(":
        cursor.take_group()
    return [f"GENERATED {how} AS IDENTITY"]


def _collation(body: Body, cursor: Cursor) -> Made:
    cursor.expect("COLLATE")
    cursor.skip("=")
    body.note("collation", cursor.take_path()[-1])
    return []


def _comment(body: Body, cursor: Cursor) -> Made:
    cursor.expect("COMMENT")
    cursor.skip("=")
    body.note("comment", cursor.take_string())
    return []


def _on_update_now(body: Body, cursor: Cursor) -> Made:
    if body.column is None or not cursor.skip("ON", "UPDATE"):
        return None
    if cursor.word in {"CASCADE", "RESTRICT", "SET", "NO"}:
        return None  # of a reference
    body.note("on_update", tidy(_expression(cursor)))
    return []


def _expression(cursor: Cursor) -> list[Token]:
    """Return the tokens of an expression that ends where the next clause begins."""
    words = CLAUSE_WORDS[cursor.dialect]
    found = [cursor.take()]
    depth = 1 if found[0].word == "(" else 0
    while not cursor.done and (depth or cursor.word not in words):
        token = cursor.take()
        depth += {"(": 1, ")": -1}.get(token.word, 0)
        found.append(token)
    return found


# ---------------------------------------------------------------------------------------------------- names and keys


def _constraint_name(body: Body, cursor: Cursor) -> Made:
    del body
    cursor.expect("CONSTRAINT")
    if cursor.dialect == "mysql" and cursor.skip_any("PRIMARY", "UNIQUE", "FOREIGN", "CHECK"):
        cursor.index -= 1
        return []  # MySQL lets the name be left out
    name = cursor.take_name()
    if cursor.dialect == "sqlite" and (cursor.done or cursor.at("CONSTRAINT")):
        return []  # a name that names nothing
    return ["CONSTRAINT", quoted(name)]


def _primary_key(body: Body, cursor: Cursor) -> Made:
    cursor.expect("PRIMARY", "KEY")
    parts = ["PRIMARY KEY"]
    _skip_method(cursor)
    if cursor.word == "(":
        inside = cursor.take_group()
        parts.append(f"({_plain_columns(cursor, inside)})")
        if any(token.word == "AUTOINCREMENT" for token in inside):
            body.auto_increment = True
    elif body.column is None and cursor.dialect == "mysql" and not cursor.done:
        cursor.take_name()  # a name that MySQL reads and forgets
        parts.append(f"({_plain_columns(cursor, cursor.take_group())})")
    else:
        cursor.skip_any("ASC", "DESC")
    _skip_index_options(cursor, body.column)
    return parts


def _unique(body: Body, cursor: Cursor) -> Made:
    cursor.expect("UNIQUE")
    cursor.skip_any("KEY", "INDEX")
    parts = ["UNIQUE"]
    if cursor.skip("NULLS", "NOT", "DISTINCT"):
        parts.append("NULLS NOT DISTINCT")
    cursor.skip("NULLS", "DISTINCT")
    if body.column is None:
        name = cursor.take_name() if cursor.word not in {"(", "USING"} else ""
        _skip_method(cursor)
        if name and cursor.tokens[0].word != "CONSTRAINT":
            parts.insert(0, f"CONSTRAINT {quoted(name)}")
        parts.append(f"({_plain_columns(cursor, cursor.take_group())})")
    _skip_index_options(cursor, body.column)
    return parts


def _foreign_key(body: Body, cursor: Cursor) -> Made:
    cursor.expect("FOREIGN", "KEY")
    if cursor.word != "(":
        cursor.skip("IF", "NOT", "EXISTS")
        cursor.take_name()  # of the index that MySQL makes for it
    columns = _plain_columns(cursor, cursor.take_group())
    references = _references(body, cursor)
    options: list[str] = []
    set_columns: list[str] = []
    while cursor.word == "ON" or cursor.word == "MATCH":
        option, columns_of_it = _reference_option(cursor)
        options.extend(option)
        set_columns.extend(columns_of_it)
    if (
        set_columns
    ):  # plain SQL has no place for them: a piece's name at the end of the key's columns leads to them
        columns += ", " + quoted(body.keep((), "set columns", set_columns))
    return [f"FOREIGN KEY ({columns})", *references, *options]


def _references(body: Body, cursor: Cursor) -> list[str]:
    del body
    cursor.expect("REFERENCES")
    cursor.skip("ONLY")
    parts = ["REFERENCES", quoted_path(cursor.take_path())]
    if cursor.word == "(":
        parts.append(f"({_plain_columns(cursor, cursor.take_group())})")
    return parts


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
    columns = (
        [cursor.inside(part).take_name() for part in split_at(cursor.take_group())]
        if cursor.word == "("
        else []
    )
    return parts, columns


def _inline_option(body: Body, cursor: Cursor) -> Made:
    if not (cursor.at("MATCH") or cursor.at("ON", "DELETE") or cursor.at("ON", "UPDATE")):
        return None
    parts, columns = _reference_option(cursor)
    del body, columns  # of an inline reference they can only be the column itself
    return parts


def _plain_columns(cursor: Cursor, tokens: Sequence[Token]) -> str:
    """Return a key's columns without prefix lengths, collations and sort orders."""
    return ", ".join(quoted(cursor.inside(part).take_name()) for part in split_at(tokens))


def _skip_method(cursor: Cursor) -> None:
    if cursor.at("USING", "INDEX"):
        return
    if cursor.skip("USING"):
        cursor.take()


def _skip_index_options(cursor: Cursor, column: str | None) -> None:
    """Step over what may follow a key's columns and says nothing of the key itself; COMMENT may be its column's."""
    while not cursor.done:
        if cursor.skip("INCLUDE") or (cursor.at("WITH", "(") and cursor.skip("WITH")):
            cursor.take_group()
        elif cursor.skip("USING", "INDEX", "TABLESPACE") or cursor.skip("USING"):
            cursor.take()
        elif cursor.dialect == "mysql" and cursor.skip("KEY_BLOCK_SIZE"):
            cursor.skip("=")
            cursor.take()
        elif cursor.dialect == "mysql" and column is None and cursor.skip("COMMENT"):
            cursor.take_string()
        else:
            return


# ------------------------------------------------------------------------------------------------ what is left out


def _dropped(*patterns: str) -> Callable[[Body, Cursor], Made]:
    """Return a rule's action that steps over the first pattern that fits: words, `*` any token, `()` brackets, if any."""
    split = [pattern.split() for pattern in patterns]

    def apply(body: Body, cursor: Cursor) -> Made:
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


RULES: tuple[Rule, ...] = (
    Rule(
        name="check",
        words=("CHECK",),
        reason="its text is kept exact; sqlglot knows no NO INHERIT behind it and may not know its operators",
        apply=_check,
    ),
    Rule(
        name="default",
        words=("DEFAULT",),
        reason="its text is kept exact; sqlglot takes a COLLATE or COMMENT that follows into the expression",
        apply=_default,
    ),
    Rule(
        name="generated",
        words=("GENERATED", "AS"),
        reason="its text is kept exact; sqlglot forgets STORED and does not know VIRTUAL",
        apply=_generated,
    ),
    Rule(
        name="identity",
        words=("GENERATED",),
        reason="sqlglot does not know SEQUENCE NAME and other options of the sequence",
        dialects=("postgres",),
        apply=_identity,
    ),
    Rule(
        name="collation",
        words=("COLLATE",),
        reason="sqlglot does not know a collation with a schema",
        apply=_collation,
    ),
    Rule(
        name="comment",
        words=("COMMENT",),
        reason="its string has the dialect's escapes, which plain SQL does not have",
        dialects=("mysql",),
        apply=_comment,
    ),
    Rule(
        name="on update now",
        words=("ON",),
        reason="sqlglot does not know its precision, and mixes it up with a reference's ON UPDATE",
        dialects=("mysql",),
        apply=_on_update_now,
    ),
    Rule(
        name="constraint name",
        words=("CONSTRAINT",),
        reason="a constraint may be named by a word that sqlglot reserves, or (MySQL, SQLite) not at all",
        apply=_constraint_name,
    ),
    Rule(
        name="primary key",
        words=("PRIMARY",),
        reason="sqlglot does not know PRIMARY KEY USING BTREE, AUTOINCREMENT in its brackets, or a storage option",
        apply=_primary_key,
    ),
    Rule(
        name="key of a column",
        words=("KEY",),
        reason="MySQL's KEY alone is a primary key",
        dialects=("mysql",),
        apply=lambda body, cursor: ["PRIMARY KEY"] if body.column and cursor.skip("KEY") else None,
    ),
    Rule(
        name="unique",
        words=("UNIQUE",),
        reason="sqlglot loses MySQL's name of the key and its prefix lengths, and NULLS NOT DISTINCT but in PostgreSQL",
        apply=_unique,
    ),
    Rule(
        name="foreign key",
        words=("FOREIGN",),
        reason="sqlglot does not know ON DELETE SET NULL (columns), nor names that are words of its own",
        apply=_foreign_key,
    ),
    Rule(
        name="references",
        words=("REFERENCES",),
        reason="the target may be named by a word that sqlglot reserves",
        apply=_references,
    ),
    Rule(
        name="reference option",
        words=("ON", "MATCH"),
        reason="sqlglot does not know ON DELETE SET NULL (columns), MATCH NONE",
        apply=_inline_option,
    ),
    Rule(
        name="not deferrable",
        words=("NOT",),
        reason="sqlglot expects NULL behind NOT; it is the default",
        apply=_dropped("NOT DEFERRABLE INITIALLY IMMEDIATE", "NOT DEFERRABLE"),
    ),
    Rule(
        name="not null, how",
        words=("NO",),
        reason="sqlglot does not know NOT NULL NO INHERIT",
        dialects=("postgres",),
        apply=_dropped("NO INHERIT"),
    ),
    Rule(
        name="conflict",
        words=("ON",),
        reason="sqlglot knows ON CONFLICT only behind some clauses; the model has no place for it",
        dialects=("sqlite",),
        apply=_dropped("ON CONFLICT *"),
    ),
    Rule(
        name="storage of a column",
        words=("COMPRESSION", "STORAGE", "OPTIONS", "COLUMN_FORMAT"),
        reason="sqlglot does not know how a column is stored; the model has no place for it",
        dialects=("postgres", "mysql"),
        apply=_dropped("COMPRESSION *", "STORAGE *", "OPTIONS ()", "COLUMN_FORMAT *"),
    ),
    Rule(
        name="character set",
        words=("CHARACTER", "CHARSET"),
        reason="the model has no place for it",
        dialects=("mysql",),
        apply=_dropped("CHARACTER SET = *", "CHARSET = *"),
    ),
    Rule(
        name="attributes of a column",
        words=("VISIBLE", "INVISIBLE", "SRID", "REF_SYSTEM_ID", "ENGINE_ATTRIBUTE", "FIRST", "AFTER"),
        reason="sqlglot does not know them, or only elsewhere; the model has no place for them",
        dialects=("mysql",),
        apply=_dropped(
            "VISIBLE", "INVISIBLE", "SRID *", "REF_SYSTEM_ID = *", "ENGINE_ATTRIBUTE = *", "FIRST", "AFTER *"
        ),
    ),
    Rule(
        name="not valid",
        words=("NOT",),
        reason="sqlglot expects NULL behind NOT; rows that are there already are no matter of the schema",
        dialects=("postgres",),
        apply=_dropped("NOT VALID", "NOT ENFORCED"),
    ),
)


@cache
def rules_for(dialect: Dialect, word: str) -> tuple[Rule, ...]:
    """Return the rules to ask at a word, in the order of the table."""
    return tuple(rule for rule in RULES if word in rule.words and dialect in rule.dialects)
