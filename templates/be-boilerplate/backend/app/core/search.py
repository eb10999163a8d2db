"""Search (`q`): each word must be in the text that some columns of a row make up, in any order, ignoring case.

On PostgreSQL an index of trigrams answers this. It is created by the migrations, which write the text as it is written
here: PostgreSQL uses an index of an expression only for the same expression. SQLite reads all rows.
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

MAX_WORDS = 20
_SEPARATORS = " -().,/"  # that people write into a number
_WILDCARD = re.compile(r"[\\%_]")
_REMOVED = str.maketrans("", "", _SEPARATORS)
_NUMBER = re.compile(r"\+?\d{3,}")
_WHOLE_NUMBER = re.compile(r"[+(][\d\s().\-/]+")  # whose spaces do not separate words
# A country's calling code (ITU-T E.164) and a number there; codes that begin with 1 and 7 have one digit
_INTERNATIONAL = re.compile(
    r"(?:\+|00)(?P<number>"
    r"(?:[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|(?:2[1-689]|3[578]|42|5[09]|6[7-9]|8[03578]|9[679])\d)"
    r"(?P<local>\d{3,}))"
)
_CODE_LENGTHS = (1, 2, 3)


class Search:
    """The searches of a table: `columns` are the attributes that are searched.

    Those in `phones` hold numbers that are found in any form: `0812…`, `+62812…`, `812-345`.
    """

    def __init__(self, columns: Sequence[str], phones: Sequence[str]) -> None:
        self.columns = columns
        self.phones = phones

    def conditions(self, model: type[DeclarativeBase], q: str) -> Iterator[Condition]:
        """Yield the condition of each word of `q`; raises ValueError."""
        reject_unstorable(q)
        words = _words(q)
        if len(words) > MAX_WORDS:
            raise ValueError(f"must have at most {MAX_WORDS} words")
        values = [_Value(getattr(model, name)) for name in self.columns]
        numbers = [_Number(_Value(getattr(model, name))) for name in self.phones]
        text = _RowText(*values, *numbers)
        for word in words if values else ():
            patterns = [f"%{pattern}%" for pattern in dict.fromkeys(_patterns(word))]
            yield sa.or_(*(_contains(text, pattern) for pattern in patterns))
        if words and not values:
            yield sa.false()


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
        yield international["number"]
        yield from (f"0{international['local']}", f" {international['local']}")
    elif number.startswith("0") and not number.startswith("00"):
        yield from (f"+{'_' * length}{number[1:]}" for length in _CODE_LENGTHS)


def _contains(text: sa.ColumnElement[str], pattern: str) -> sa.ColumnElement[bool]:
    """Return the condition that a text matches a pattern. A number has no case to ignore, which takes most of the time."""
    has_case = pattern.lower() != pattern.upper()
    return (_Contains if has_case else _ContainsExactly)(text, sa.literal(pattern, sa.Text()))


# Elements whose SQL is determined by their classes and clauses alone, so that SQLAlchemy compiles a statement once.
class _Value(FunctionElement[str]):
    """The text of a column."""

    type = sa.Text()
    inherit_cache = True


class _Number(FunctionElement[str]):
    """A text without the separators of a number."""

    type = sa.Text()
    inherit_cache = True


class _RowText(FunctionElement[str]):
    """Texts, separated by spaces."""

    type = sa.Text()
    inherit_cache = True


class _Contains(FunctionElement[bool]):
    """Whether a text matches a pattern, ignoring case."""

    type = sa.Boolean()
    inherit_cache = True


class _ContainsExactly(FunctionElement[bool]):
    """Whether a text matches a pattern."""

    type = sa.Boolean()
    inherit_cache = True


def _parts(element: FunctionElement[Any], compiler: SQLCompiler, options: Any) -> list[str]:
    return [compiler.process(clause, **options) for clause in element.clauses]


@compiles(_Value)
def _compile_value(element: _Value, compiler: SQLCompiler, **options: Any) -> str:
    (column,) = _parts(element, compiler, options)
    return f"coalesce(CAST({column} AS TEXT), '')"


@compiles(_Number)
def _compile_number(element: _Number, compiler: SQLCompiler, **options: Any) -> str:
    (text,) = _parts(element, compiler, options)
    if compiler.dialect.name == "postgresql":
        return f"translate({text}, '{_SEPARATORS}', '')"
    return reduce(lambda inner, mark: f"replace({inner}, '{mark}', '')", _SEPARATORS, text)


@compiles(_RowText)
def _compile_row_text(element: _RowText, compiler: SQLCompiler, **options: Any) -> str:
    text = " || ' ' || ".join(_parts(element, compiler, options))
    # Columns may have collations of their own, which cannot be combined.
    return f'({text}) COLLATE "default"' if compiler.dialect.name == "postgresql" else text


@compiles(_Contains)
def _compile_contains(element: _Contains, compiler: SQLCompiler, **options: Any) -> str:
    text, pattern = _parts(element, compiler, options)
    if compiler.dialect.name == "postgresql":
        return f"({text}) ILIKE {pattern}"
    return f"lower({text}) LIKE lower({pattern}) ESCAPE '\\'"


@compiles(_ContainsExactly)
def _compile_contains_exactly(
    element: _ContainsExactly, compiler: SQLCompiler, **options: Any
) -> str:
    text, pattern = _parts(element, compiler, options)
    escape = "" if compiler.dialect.name == "postgresql" else " ESCAPE '\\'"
    return f"({text}) LIKE {pattern}{escape}"
