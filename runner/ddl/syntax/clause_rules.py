"""Rules that help sqlglot: each rewrites one kind of clause as plain SQL, with the reason why sqlglot needs it.

A rule is tried where one of its first words comes next in a column's or a constraint's clauses; the first rule that
accepts the clause wins, and a clause that no rule accepts is left for sqlglot to judge. sqlglot's compiled form forbids
subclasses of its parsers, so all help is given from outside. Here are the rules that several dialects share; each
dialect's module lists its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from runner.ddl.syntax import clause_rewriting as rewrite
from runner.ddl.syntax.clause_rewriting import Rewritten
from runner.ddl.syntax.cursor import Cursor
from runner.ddl.syntax.plain_sql import TableBody

CLAUSE_WORDS = frozenset({
    "CONSTRAINT", "NOT", "NULL", "UNIQUE", "PRIMARY", "CHECK", "DEFAULT", "REFERENCES", "COLLATE", "GENERATED",
})  # fmt: skip
"""Words that can follow a column's type or its default in every dialect."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClauseRule:
    """One kind of help: where it is tried, what it does, and why sqlglot needs it."""

    name: str
    words: tuple[str, ...]  # the first words at which it is tried
    reason: str
    apply: Callable[[TableBody, Cursor], Rewritten]


def rules_by_word(*rules: ClauseRule) -> Mapping[str, tuple[ClauseRule, ...]]:
    """Return the rules by their first words, in the order given."""
    found: dict[str, tuple[ClauseRule, ...]] = {}
    for rule in rules:
        for word in rule.words:
            found[word] = (*found.get(word, ()), rule)
    return found


EXPRESSIONS = (
    ClauseRule(
        name="check",
        words=("CHECK",),
        reason="its text is kept exact; sqlglot does not know NO INHERIT after it and may not know its operators",
        apply=rewrite.check,
    ),
    ClauseRule(
        name="default",
        words=("DEFAULT",),
        reason="its text is kept exact; sqlglot takes a COLLATE or COMMENT that follows into the expression",
        apply=rewrite.default,
    ),
    ClauseRule(
        name="generated",
        words=("GENERATED", "AS"),
        reason="its text is kept exact; sqlglot drops STORED and does not know VIRTUAL",
        apply=rewrite.generated,
    ),
    ClauseRule(
        name="collation",
        words=("COLLATE",),
        reason="sqlglot does not know a collation with a schema",
        apply=rewrite.collation,
    ),
)
KEYS = (
    ClauseRule(
        name="primary key",
        words=("PRIMARY",),
        reason="sqlglot does not know PRIMARY KEY USING BTREE, AUTOINCREMENT in its parentheses, or a storage option",
        apply=rewrite.primary_key,
    ),
    ClauseRule(
        name="unique",
        words=("UNIQUE",),
        reason="sqlglot loses MySQL's name of the key and its prefix lengths, and NULLS NOT DISTINCT but in PostgreSQL",
        apply=rewrite.unique,
    ),
    ClauseRule(
        name="foreign key",
        words=("FOREIGN",),
        reason="sqlglot does not know ON DELETE SET NULL (columns), nor names that are words of its own",
        apply=rewrite.foreign_key,
    ),
    ClauseRule(
        name="references",
        words=("REFERENCES",),
        reason="the target may be named by a word that sqlglot reserves",
        apply=rewrite.references,
    ),
    ClauseRule(
        name="reference option",
        words=("ON", "MATCH"),
        reason="sqlglot does not know ON DELETE SET NULL (columns), MATCH NONE",
        apply=rewrite.inline_option,
    ),
    ClauseRule(
        name="not deferrable",
        words=("NOT",),
        reason="sqlglot expects NULL after NOT; it is the default",
        apply=rewrite.dropped("NOT DEFERRABLE INITIALLY IMMEDIATE", "NOT DEFERRABLE"),
    ),
)
STORAGE = ClauseRule(
    name="storage of a column",
    words=("COMPRESSION", "STORAGE", "OPTIONS", "COLUMN_FORMAT"),
    reason="sqlglot does not know how a column is stored; the model does not keep it",
    apply=rewrite.dropped("COMPRESSION *", "STORAGE *", "OPTIONS ()", "COLUMN_FORMAT *"),
)
MARIADB_CLAUSES = (
    ClauseRule(
        name="row start, row end",
        words=("GENERATED",),
        reason="the server keeps these columns and never leaves them null, which plain SQL cannot express",
        apply=rewrite.row_time,
    ),
    ClauseRule(
        name="versioning of a column",
        words=("WITH", "WITHOUT"),
        reason="sqlglot does not know it; the model keeps no history",
        apply=rewrite.dropped("WITH SYSTEM VERSIONING", "WITHOUT SYSTEM VERSIONING"),
    ),
    ClauseRule(
        name="compressed",
        words=("COMPRESSED",),
        reason="sqlglot does not know it; the model does not keep how a column is stored",
        apply=rewrite.compressed,
    ),
)


def constraint_name(apply: Callable[[TableBody, Cursor], Rewritten]) -> ClauseRule:
    """Return the rule of `CONSTRAINT name` with the action of a dialect."""
    return ClauseRule(
        name="constraint name",
        words=("CONSTRAINT",),
        reason="a constraint may be named by a word that sqlglot reserves, or (MySQL, SQLite) not at all",
        apply=apply,
    )
