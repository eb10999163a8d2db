"""The names that PostgreSQL gives to what the DDL leaves unnamed: constraints, indexes, sequences of serial columns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.ddl.model import Default

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.ddl.model import IndexPart
    from runner.ddl.qualified_name import QName

_NAME_BYTES = 63
_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_CALL = re.compile(r'(?:[\w$]+\.)?"?(?P<name>[A-Za-z_][\w$]*)"?\s*\(')
_CAST = re.compile(r'(?P<value>\w+|"[^"]+"|\(.*\)|[\w.]+\([^()]*\))\s*::\s*[\w .]+(?:\([\d, ]*\))?', re.DOTALL)


def object_name(table: str, columns: str, label: str) -> str:
    """Return `<table>_<columns>_<label>` in at most 63 bytes: the longer of the two names is shortened first.

    PostgreSQL's makeObjectName.
    """
    first, second = table.encode(), columns.encode()
    most = _NAME_BYTES - len(label) - 1 - (1 if columns else 0)
    while len(first) + len(second) > most:
        if len(first) > len(second):
            first = first[:-1]
        else:
            second = second[:-1]
    pieces = [first.decode(errors="ignore"), second.decode(errors="ignore"), label]
    return "_".join(piece for piece in pieces if piece)


def index_columns(parts: Iterable[IndexPart]) -> str:
    """Return what the default name of an index has between the table's name and the suffix.

    PostgreSQL's FigureIndexColname and ChooseIndexColumnNames: a column or a function by its name, any other expression
    as `expr`, with a number where the index has the name already.
    """
    names: list[str] = []
    for part in parts:
        name = part.column or _figured(part.expression or "")
        numbered = (f"{name}{number or ''}" for number in range(len(names) + 1))
        names.append(next(one for one in numbered if one not in names))
    return "_".join(names)


def _figured(expression: str) -> str:
    """Return the function that an expression calls or the column that it casts, as far as its text shows them."""
    text = expression.strip()
    while (inner := _in_parentheses(text)) is not None or (inner := _uncast(text)) is not None:
        text = inner
    if _PLAIN_NAME.fullmatch(text.lower()):
        return text.lower()
    call = _CALL.match(text)
    return call["name"].lower() if call and _in_parentheses(text[call.end() - 1 :]) is not None else "expr"


def _in_parentheses(text: str) -> str | None:
    """Return what is between the first parenthesis and the one that closes it; None where a text is no such pair."""
    if not (text.startswith("(") and text.endswith(")")):
        return None
    depth = 0
    for place, mark in enumerate(text):
        depth += {"(": 1, ")": -1}.get(mark, 0)
        if depth == 0:
            return text[1:-1].strip() if place == len(text) - 1 else None
    return None


def _uncast(text: str) -> str | None:
    found = _CAST.fullmatch(text)
    return found["value"] if found else None


def serial_default(table: QName, column: str, *, default_schema: str | None = None) -> Default:
    """Return the default of a serial column as PostgreSQL prints it: identifiers within a literal, both quoted."""
    path = [table.schema] if table.schema and table.schema != default_schema else []
    quoted = ".".join(_quoted(part) for part in (*path, f"{table.name}_{column}_seq"))
    return Default(text="nextval('" + quoted.replace("'", "''") + "'::regclass)")


def _quoted(name: str) -> str:
    return name if _PLAIN_NAME.fullmatch(name) else '"' + name.replace('"', '""') + '"'
