"""Search (`q`): each word must be in the text that some columns of a row make up, in any order, ignoring case.

On PostgreSQL an index of trigrams answers this, or one of words, which finds words by their beginning only. It is created
by the migrations, which write the text as it is written here: PostgreSQL uses an index of an expression only for the same
expression. SQLite reads all rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.core.fields import reject_unstorable
from app.core.filtering import Condition
from app.core.search_words import INTERNATIONAL, LENGTH, MARKS, SEPARATORS, has_index, words_query

MAX_WORDS = 20
_WILDCARD = re.compile(r"[\\%_]")
_REMOVED = str.maketrans("", "", SEPARATORS)
_NUMBER = re.compile(r"\+?\d{3,}")
_WHOLE_NUMBER = re.compile(r"[+(][\d\s().\-/]+")  # whose spaces do not separate words
_INTERNATIONAL = re.compile(rf"{INTERNATIONAL}(?P<local>\d{{3,}})")
_CODE_LENGTHS = (1, 2, 3)


class Search:
    """The searches of a table: `columns` are the attributes that are searched.

    Those in `phones` hold numbers that are found in any form: `0812…`, `+62812…`, `812-345`.
    """

    def __init__(self, columns: Sequence[str], phones: Sequence[str]) -> None:
        self.columns = columns
        self.phones = phones

    def words(self, q: str) -> list[str]:
        """Return the words of a search; raises ValueError."""
        reject_unstorable(q)
        words = _words(q)
        if len(words) > MAX_WORDS:
            raise ValueError(f"must have at most {MAX_WORDS} words")
        return words

    def matches(
        self, model: type[DeclarativeBase], words: Sequence[str], *, is_part: bool = False
    ) -> Condition:
        """Return the condition that a row has all of these words, in a form that its index answers.

        An index of words ignores punctuation; words of nothing else find no row unless they are a part of the search.
        """
        if not self.columns:
            return sa.false()
        query = words_query(map(_forms, words))
        begun = _HasWords(
            RowText(*self._texts(model), *map(_LocalNumber, self._numbers(model))),
            sa.literal(query, sa.Text()),
        )
        return _Found(
            self.contains(model, words),
            begun if query else sa.literal(is_part),
            sa.inspect(model).primary_key[0],
        )

    def contains(self, model: type[DeclarativeBase], words: Sequence[str]) -> Condition:
        """Return the condition that a row has all of these words, at any place in its text."""
        text = RowText(*self._texts(model))
        return sa.and_(*(_contains_one(text, word) for word in words))

    def _texts(self, model: type[DeclarativeBase]) -> list[FunctionElement[str]]:
        return [*(CellText(getattr(model, name)) for name in self.columns), *self._numbers(model)]

    def _numbers(self, model: type[DeclarativeBase]) -> list[FunctionElement[str]]:
        return [PlainNumber(CellText(getattr(model, name))) for name in self.phones]


def _words(q: str) -> list[str]:
    text = q.strip()
    return ["".join(text.split())] if _WHOLE_NUMBER.fullmatch(text) else text.split()


def _patterns(word: str) -> Iterator[str]:
    """Yield what a word matches, as parts of a LIKE pattern: the word itself, and other forms of a number."""
    yield _WILDCARD.sub(r"\\\g<0>", word)
    number = word.translate(_REMOVED)
    if not _NUMBER.fullmatch(number):
        return
    yield number
    if international := _INTERNATIONAL.fullmatch(number):
        yield number.removeprefix(international[1])
        yield from (f"0{international['local']}", f" {international['local']}")
    elif number.startswith("0") and not number.startswith("00"):
        yield from (f"+{'_' * length}{number[1:]}" for length in _CODE_LENGTHS)


def _forms(word: str) -> Iterator[str]:
    """Yield how words begin that a word finds: as the word itself, and as other forms of a number."""
    yield word
    number = word.translate(_REMOVED)
    if not _NUMBER.fullmatch(number):
        return
    yield number
    if international := _INTERNATIONAL.fullmatch(number):
        yield number.removeprefix(international[1])
        yield from (f"0{international['local']}", international["local"])
    elif not number.startswith("0"):
        yield f"0{number}"


def _contains_one(text: sa.ColumnElement[str], word: str) -> sa.ColumnElement[bool]:
    patterns = dict.fromkeys(_patterns(word))
    return sa.or_(*(_contains(text, f"%{pattern}%") for pattern in patterns))


def _contains(text: sa.ColumnElement[str], pattern: str) -> sa.ColumnElement[bool]:
    """Return the condition that a text matches a pattern. A number has no case to ignore, which takes most of the time."""
    has_case = pattern.lower() != pattern.upper()
    return (Contains if has_case else ContainsExactly)(text, sa.literal(pattern, sa.Text()))


# Elements whose SQL is determined by their classes and clauses alone, so that SQLAlchemy compiles a statement once.
class CellText(FunctionElement[str]):
    """The text of a column."""

    type = sa.Text()
    inherit_cache = True


class PlainNumber(FunctionElement[str]):
    """A text without the separators of a number."""

    type = sa.Text()
    inherit_cache = True


class RowText(FunctionElement[str]):
    """Texts, separated by spaces."""

    type = sa.Text()
    inherit_cache = True


class _LocalNumber(FunctionElement[str]):
    """An international number as it is dialled in its country; any other number as it is."""

    type = sa.Text()
    inherit_cache = True


class _Found(FunctionElement[bool]):
    """The first condition, or the second where the table of a column, the third, has an index of words."""

    type = sa.Boolean()
    inherit_cache = True


class _HasWords(FunctionElement[bool]):
    """Whether the words of a text match a `tsquery`; PostgreSQL only."""

    type = sa.Boolean()
    inherit_cache = True


class Contains(FunctionElement[bool]):
    """Whether a text matches a pattern, ignoring case."""

    type = sa.Boolean()
    inherit_cache = True


class ContainsExactly(FunctionElement[bool]):
    """Whether a text matches a pattern."""

    type = sa.Boolean()
    inherit_cache = True


def _parts(element: FunctionElement[Any], compiler: SQLCompiler, options: Any) -> list[str]:
    return [compiler.process(clause, **options) for clause in element.clauses]


@compiles(CellText)
def _compile_value(element: CellText, compiler: SQLCompiler, **options: Any) -> str:
    (column,) = _parts(element, compiler, options)
    return f"coalesce(CAST({column} AS TEXT), '')"


@compiles(PlainNumber)
def _compile_number(element: PlainNumber, compiler: SQLCompiler, **options: Any) -> str:
    (text,) = _parts(element, compiler, options)
    if compiler.dialect.name == "postgresql":
        return f"translate({text}, '{SEPARATORS}', '')"
    return reduce(lambda inner, mark: f"replace({inner}, '{mark}', '')", SEPARATORS, text)


@compiles(_LocalNumber)
def _compile_local_number(element: _LocalNumber, compiler: SQLCompiler, **options: Any) -> str:
    (number,) = _parts(element, compiler, options)
    return f"regexp_replace({number} COLLATE \"default\", '{INTERNATIONAL}', '0')"


@compiles(RowText)
def _compile_row_text(element: RowText, compiler: SQLCompiler, **options: Any) -> str:
    text = " || ' ' || ".join(_parts(element, compiler, options))
    # Columns may have collations of their own, which cannot be combined.
    return f'({text}) COLLATE "default"' if compiler.dialect.name == "postgresql" else text


@compiles(Contains)
def _compile_contains(element: Contains, compiler: SQLCompiler, **options: Any) -> str:
    text, pattern = _parts(element, compiler, options)
    if compiler.dialect.name == "postgresql":
        return f"({text}) ILIKE {pattern}"
    return f"lower({text}) LIKE lower({pattern}) ESCAPE '\\'"


@compiles(ContainsExactly)
def _compile_contains_exactly(
    element: ContainsExactly, compiler: SQLCompiler, **options: Any
) -> str:
    text, pattern = _parts(element, compiler, options)
    escape = "" if compiler.dialect.name == "postgresql" else " ESCAPE '\\'"
    return f"({text}) LIKE {pattern}{escape}"


@compiles(_Found)
def _compile_found(element: _Found, compiler: SQLCompiler, **options: Any) -> str:
    contained, begun, column = element.clauses
    by_word = has_index(compiler.dialect, column.table)
    return f"({compiler.process(begun if by_word else contained, **options)})"


@compiles(_HasWords)
def _compile_has_words(element: _HasWords, compiler: SQLCompiler, **options: Any) -> str:
    text, query = _parts(element, compiler, options)
    words = f"translate({text}, '{MARKS}', '{' ' * len(MARKS)}')"
    return f"to_tsvector('simple', left({words}, {LENGTH})) @@ to_tsquery('simple', {query})"
