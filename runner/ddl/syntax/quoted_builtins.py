"""PostgreSQL's built-in types and functions without the quotes and the `pg_catalog.` that dump tools put around them.

`pg_dump --quote-all-identifiers`, and so every dump of Supabase, writes `"id" "uuid" DEFAULT "gen_random_uuid"()`. For
the server quotes around a lower-case name change nothing, except where the bare word is syntax of its own: those names
(`col_name_keyword` and the reserved words of PostgreSQL's kwlist.h) keep their quotes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.ddl.syntax.tokens import tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.ddl.syntax.dialect import Dialect
    from runner.ddl.syntax.tokens import Token

_POSSIBLE = re.compile(r'pg_catalog"?\s*\.|"[a-z_][a-z0-9_]*"\s*\(|::\s*"|\bAS\s+"', re.IGNORECASE)
_PLAIN = re.compile(r'"([a-z_][a-z0-9_]*)"')
_SYNTAX = frozenset({
    "all", "any", "array", "between", "bigint", "bit", "boolean", "case", "cast", "char", "character", "coalesce",
    "current_date", "current_role", "current_time", "current_timestamp", "current_user", "dec", "decimal", "distinct",
    "exists", "extract", "float", "greatest", "grouping", "in", "inout", "int", "integer", "interval", "least",
    "localtime", "localtimestamp", "merge_action", "national", "nchar", "none", "normalize", "not", "null", "nullif",
    "numeric", "out", "overlay", "position", "precision", "real", "row", "select", "session_user", "setof", "smallint",
    "some", "system_user", "table", "time", "timestamp", "treat", "trim", "unique", "user", "values", "varchar",
    "xmlattributes", "xmlconcat", "xmlelement", "xmlexists", "xmlforest", "xmlnamespaces", "xmlparse", "xmlpi",
    "xmlroot", "xmlserialize", "xmltable",
})  # fmt: skip
"""Names that mean something else as bare words, as functions at least."""
# What can come before a function's call within an expression. Before the `(` of a table or an index other words do.
_BEFORE_CALL = frozenset({
    "AND", "BETWEEN", "BTREE", "BY", "CASE", "CHECK", "DEFAULT", "ELSE", "FROM", "ILIKE", "IN", "IS", "LIKE", "NOT",
    "OR", "SELECT", "SIMILAR", "SYMMETRIC", "THEN", "TO", "USING", "WHEN", "WHERE",
})  # fmt: skip


def without_quotes(text: str, tokens: Sequence[Token], dialect: Dialect) -> tuple[str, Sequence[Token]]:
    """Return a statement and its tokens with built-in types and functions as bare words; line ends stay in place."""
    if ('"' not in text and "pg_catalog" not in text.lower()) or _POSSIBLE.search(text) is None:
        return text, tokens
    parts: list[str] = []
    end = 0
    for first, last, word in _replacements(tokens, dialect.builtin_types):
        parts += [text[end : first.start], word]
        end = last.end
    if not parts:
        return text, tokens
    text = "".join([*parts, text[end:]])
    return text, tokens_of(text, dialect)


def _replacements(tokens: Sequence[Token], types: frozenset[str]) -> Iterator[tuple[Token, Token, str]]:
    """Yield what is replaced: the first and the last token, and the bare word."""
    previous = ""
    index = 0
    while index < len(tokens):
        first = last = tokens[index]
        name = _bare(first)
        following = _word_at(tokens, index + 1)
        in_catalog = name == "pg_catalog" and following == "." and index + 2 < len(tokens)
        if in_catalog:
            last = tokens[index + 2]
            name = _bare(last)
            index += 2
            following = _word_at(tokens, index + 1)
        if name and name not in _SYNTAX and following != "." and (in_catalog or first.kind == "name"):
            is_call = following == "(" and _can_call(previous)
            is_cast = name in types and previous in {"::", "AS"}
            if is_call or is_cast:
                yield first, last, name
        previous = last.word or ("." if last.kind == "mark" else "name")
        index += 1


def _bare(token: Token) -> str:
    """Return a name that is the same with and without quotes; empty for all other tokens."""
    if token.kind == "word":
        return token.text.lower()
    match = _PLAIN.fullmatch(token.text) if token.kind == "name" else None
    return match[1] if match else ""


def _word_at(tokens: Sequence[Token], index: int) -> str:
    return tokens[index].word if index < len(tokens) else ""


def _can_call(previous: str) -> bool:
    return previous in _BEFORE_CALL or (previous not in {"", ".", ")", "]", "name"} and not previous[0].isalnum())
