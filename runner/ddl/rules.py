"""The table of small rules that help sqlglot: each makes one kind of clause plain, and says why it must.

A rule is asked where one of its first words comes next in a column's or a constraint's clauses; the first rule that
takes the clause wins, and a clause that no rule takes is left for sqlglot to judge. sqlglot's compiled form forbids
subclasses of its parsers, so all help is given from outside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from runner.ddl import clauses
from runner.ddl.clauses import Made
from runner.ddl.cursor import Cursor
from runner.ddl.model import Dialect
from runner.ddl.plain import Body

ALL: tuple[Dialect, ...] = ("postgres", "mysql", "sqlite")


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One kind of help: where it is asked, what it does, and why sqlglot needs it."""

    name: str
    words: tuple[str, ...]  # the first words at which it is asked
    reason: str
    apply: Callable[[Body, Cursor], Made]
    dialects: tuple[Dialect, ...] = ALL


RULES: tuple[Rule, ...] = (
    Rule(
        name="check",
        words=("CHECK",),
        reason="its text is kept exact; sqlglot knows no NO INHERIT behind it and may not know its operators",
        apply=clauses.check,
    ),
    Rule(
        name="default",
        words=("DEFAULT",),
        reason="its text is kept exact; sqlglot takes a COLLATE or COMMENT that follows into the expression",
        apply=clauses.default,
    ),
    Rule(
        name="generated",
        words=("GENERATED", "AS"),
        reason="its text is kept exact; sqlglot forgets STORED and does not know VIRTUAL",
        apply=clauses.generated,
    ),
    Rule(
        name="identity",
        words=("GENERATED",),
        reason="sqlglot does not know SEQUENCE NAME and other options of the sequence",
        dialects=("postgres",),
        apply=clauses.identity,
    ),
    Rule(
        name="collation",
        words=("COLLATE",),
        reason="sqlglot does not know a collation with a schema",
        apply=clauses.collation,
    ),
    Rule(
        name="comment",
        words=("COMMENT",),
        reason="its string has the dialect's escapes, which plain SQL does not have",
        dialects=("mysql",),
        apply=clauses.comment,
    ),
    Rule(
        name="on update now",
        words=("ON",),
        reason="sqlglot does not know its precision, and mixes it up with a reference's ON UPDATE",
        dialects=("mysql",),
        apply=clauses.on_update_now,
    ),
    Rule(
        name="constraint name",
        words=("CONSTRAINT",),
        reason="a constraint may be named by a word that sqlglot reserves, or (MySQL, SQLite) not at all",
        apply=clauses.constraint_name,
    ),
    Rule(
        name="primary key",
        words=("PRIMARY",),
        reason="sqlglot does not know PRIMARY KEY USING BTREE, AUTOINCREMENT in its brackets, or a storage option",
        apply=clauses.primary_key,
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
        apply=clauses.unique,
    ),
    Rule(
        name="foreign key",
        words=("FOREIGN",),
        reason="sqlglot does not know ON DELETE SET NULL (columns), nor names that are words of its own",
        apply=clauses.foreign_key,
    ),
    Rule(
        name="references",
        words=("REFERENCES",),
        reason="the target may be named by a word that sqlglot reserves",
        apply=clauses.references,
    ),
    Rule(
        name="reference option",
        words=("ON", "MATCH"),
        reason="sqlglot does not know ON DELETE SET NULL (columns), MATCH NONE",
        apply=clauses.inline_option,
    ),
    Rule(
        name="not deferrable",
        words=("NOT",),
        reason="sqlglot expects NULL behind NOT; it is the default",
        apply=clauses.dropped("NOT DEFERRABLE INITIALLY IMMEDIATE", "NOT DEFERRABLE"),
    ),
    Rule(
        name="not null, how",
        words=("NO",),
        reason="sqlglot does not know NOT NULL NO INHERIT",
        dialects=("postgres",),
        apply=clauses.dropped("NO INHERIT"),
    ),
    Rule(
        name="conflict",
        words=("ON",),
        reason="sqlglot knows ON CONFLICT only behind some clauses; the model has no place for it",
        dialects=("sqlite",),
        apply=clauses.dropped("ON CONFLICT *"),
    ),
    Rule(
        name="storage of a column",
        words=("COMPRESSION", "STORAGE", "OPTIONS", "COLUMN_FORMAT"),
        reason="sqlglot does not know how a column is stored; the model has no place for it",
        dialects=("postgres", "mysql"),
        apply=clauses.dropped("COMPRESSION *", "STORAGE *", "OPTIONS ()", "COLUMN_FORMAT *"),
    ),
    Rule(
        name="character set",
        words=("CHARACTER", "CHARSET"),
        reason="the model has no place for it",
        dialects=("mysql",),
        apply=clauses.dropped("CHARACTER SET = *", "CHARSET = *"),
    ),
    Rule(
        name="attributes of a column",
        words=("VISIBLE", "INVISIBLE", "SRID", "REF_SYSTEM_ID", "ENGINE_ATTRIBUTE", "FIRST", "AFTER"),
        reason="sqlglot does not know them, or only elsewhere; the model has no place for them",
        dialects=("mysql",),
        apply=clauses.dropped(
            "VISIBLE", "INVISIBLE", "SRID *", "REF_SYSTEM_ID = *", "ENGINE_ATTRIBUTE = *", "FIRST", "AFTER *"
        ),
    ),
    Rule(
        name="not valid",
        words=("NOT",),
        reason="sqlglot expects NULL behind NOT; rows that are there already are no matter of the schema",
        dialects=("postgres",),
        apply=clauses.dropped("NOT VALID", "NOT ENFORCED"),
    ),
)


@cache
def rules_for(dialect: Dialect, word: str) -> tuple[Rule, ...]:
    """Return the rules to ask at a word, in the order of the table."""
    return tuple(rule for rule in RULES if word in rule.words and dialect in rule.dialects)
