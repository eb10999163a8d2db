"""The type of a column as a statement names it. Each dialect reads it in its own module.

A type that is not built in stays a reference until the whole schema is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.ddl.model import SqlType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.ddl.syntax.cursor import Cursor
    from runner.ddl.syntax.dialect import Dialect
    from runner.ddl.syntax.tokens import Token

CACHED_TYPES = 4096  # bounds what schemas with very many enums (MySQL) keep in memory
REAL_BITS = 24  # a float(p) up to here has single precision


@dataclass(frozen=True, kw_only=True, slots=True)
class TypeReference:
    """A type as a statement names it. `path` is empty for a built-in type, whose `sql` is then complete.

    For any other type `arguments` is the text between its parentheses; `serial` asks for a sequence for the column.
    `character_set` is that of a national type of MySQL.
    """

    sql: SqlType
    path: tuple[str, ...] = ()
    arguments: str = ""
    serial: bool = False
    character_set: str | None = None

    @property
    def is_builtin(self) -> bool:
        """Whether the database knows the type without any definition in the DDL."""
        return not self.path


_known: dict[tuple[Dialect, str], TypeReference] = {}


def read_type(cursor: Cursor) -> TypeReference:
    """Read the type that all of the cursor's tokens make up.

    The same text gives the same object: a schema has few types and many columns.
    """
    tokens = cursor.tokens
    key = (cursor.dialect, cursor.text[tokens[0].start : tokens[-1].end] if tokens else "")
    found = _known.get(key)
    if found is None:
        found = cursor.dialect.read_type(cursor)
        if len(_known) < CACHED_TYPES:
            _known[key] = found
    return found


def numbers(tokens: Sequence[Token] | None) -> tuple[int, ...]:
    """Return the whole numbers among a type's arguments."""
    found: list[int] = []
    sign = 1
    for token in tokens or ():
        if token.kind == "number" and token.text.isdigit():
            found.append(sign * int(token.text))
        sign = -1 if token.word == "-" else 1
    return tuple(found)
