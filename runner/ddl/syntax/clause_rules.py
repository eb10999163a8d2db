"""Rules by which the clauses of a column or a constraint are read.

A rule is tried where one of its first words comes next; the first rule that accepts the clause wins, and a clause that
no rule accepts is not understood. Here are the rules that several dialects share; each dialect's module lists its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.ddl.syntax import column_clauses, constraint_clauses
from runner.ddl.syntax.column_clauses import Action

if TYPE_CHECKING:
    from collections.abc import Mapping

CLAUSE_WORDS = frozenset({
    "CONSTRAINT", "NOT", "NULL", "UNIQUE", "PRIMARY", "CHECK", "DEFAULT", "REFERENCES", "COLLATE", "GENERATED",
})  # fmt: skip
"""Words that can follow a column's type or its default in every dialect."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClauseRule:
    """One kind of clause: where it is tried, and what it adds to the body."""

    name: str
    words: tuple[str, ...]  # the first words at which it is tried
    apply: Action
    reason: str = ""  # why the model does not have what the clause says


def rules_by_word(*rules: ClauseRule) -> Mapping[str, tuple[ClauseRule, ...]]:
    """Return the rules by their first words, in the order given."""
    found: dict[str, tuple[ClauseRule, ...]] = {}
    for rule in rules:
        for word in rule.words:
            found[word] = (*found.get(word, ()), rule)
    return found


COLUMN = (
    ClauseRule(name="null", words=("NOT", "NULL"), apply=column_clauses.not_null),
    ClauseRule(name="default", words=("DEFAULT",), apply=column_clauses.default),
    ClauseRule(name="generated", words=("GENERATED", "AS"), apply=column_clauses.generated),
    ClauseRule(name="identity", words=("GENERATED",), apply=column_clauses.identity),
    ClauseRule(name="collation", words=("COLLATE",), apply=column_clauses.collation),
    ClauseRule(name="auto increment", words=("AUTO_INCREMENT", "AUTOINCREMENT"), apply=column_clauses.auto_increment),
)
CONSTRAINTS = (
    ClauseRule(name="check", words=("CHECK",), apply=constraint_clauses.check),
    ClauseRule(name="primary key", words=("PRIMARY",), apply=constraint_clauses.primary_key),
    ClauseRule(name="unique", words=("UNIQUE",), apply=constraint_clauses.unique),
    ClauseRule(name="foreign key", words=("FOREIGN",), apply=constraint_clauses.foreign_key),
    ClauseRule(name="references", words=("REFERENCES",), apply=constraint_clauses.references),
)
STORAGE = ClauseRule(
    name="storage of a column",
    words=("COMPRESSION", "STORAGE", "OPTIONS", "COLUMN_FORMAT"),
    apply=column_clauses.dropped("COMPRESSION *", "STORAGE *", "OPTIONS ()", "COLUMN_FORMAT *"),
    reason="how a column is stored changes nothing of its values",
)
MARIADB_CLAUSES = (
    ClauseRule(name="row start, row end", words=("GENERATED",), apply=column_clauses.row_time),
    ClauseRule(
        name="versioning of a column",
        words=("WITH", "WITHOUT"),
        apply=column_clauses.dropped("WITH SYSTEM VERSIONING", "WITHOUT SYSTEM VERSIONING"),
        reason="the model keeps no history",
    ),
    ClauseRule(
        name="compressed",
        words=("COMPRESSED",),
        apply=column_clauses.compressed,
        reason="how a column is stored changes nothing of its values",
    ),
)
