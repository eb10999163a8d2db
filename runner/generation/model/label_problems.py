"""What is wrong with the option `labels`: its form, and names that the schema lacks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.generation.model.given_labels import OF_COLUMN, long_form

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from runner.ddl.model import Column, Schema, Table

    Check = Callable[[str, Any, str], Iterable["LabelProblem"]]  # of a value at a key, by its name there

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_OF_TABLE = ("label", "singular", "about", "columns")
_ALL = ("title", "groups", "columns", "enums", "tables")
_CLOSE_MATCHES = 3
_MOST_LISTED = 12


class LabelProblem(NamedTuple):
    """What is wrong with a part of the option; `key` is its path, `expected` what to do."""

    key: str
    reason: str
    expected: str


def label_problems(given: Any, schema: Schema) -> Iterator[LabelProblem]:
    """Yield the problems of the option for a schema, in the order in which it is written."""
    tables = schema.with_columns().tables_by_label
    columns = {column.name: column for table in tables.values() for column in table.columns}
    enums = {enum.name.name: enum for enum in _enums(schema, columns.values()) if enum.name is not None}

    def of_table(key: str, value: Any, name: str) -> Iterable[LabelProblem]:
        return _of_table(key, value, tables[name])

    def of_column(key: str, value: Any, name: str) -> Iterable[LabelProblem]:
        return _of_column(key, value, columns[name])

    def of_enum(key: str, value: Any, name: str) -> Iterable[LabelProblem]:
        return _named(key, value, "value", enums[name].values, _text)

    checks: Mapping[str, Check] = {
        "title": _text,
        "groups": lambda key, value, _: _named(key, value, "group", None, _text),
        "columns": lambda key, value, _: _named(key, value, "column", columns, of_column),
        "enums": lambda key, value, _: _named(key, value, "enumeration", enums, of_enum),
        "tables": lambda key, value, _: _named(key, value, "table", tables, of_table),
    }
    return _named("labels", given, "key", _ALL, lambda key, value, name: checks[name](key, value, name))


def _enums(schema: Schema, columns: Iterable[Column]) -> Iterator[Any]:
    yield from schema.enums
    yield from (column.type.enum for column in columns if column.type.enum is not None)


def _of_table(key: str, value: Any, table: Table) -> Iterable[LabelProblem]:
    columns = {column.name: column for column in table.columns}

    def of_column(at: str, one: Any, name: str) -> Iterable[LabelProblem]:
        return _of_column(at, one, columns[name])

    def part(at: str, one: Any, name: str) -> Iterable[LabelProblem]:
        return _named(at, one, "column", columns, of_column) if name == "columns" else _text(at, one, name)

    return _named(key, value, "key", _OF_TABLE, part)


def _of_column(key: str, value: Any, column: Column) -> Iterable[LabelProblem]:
    choices = column.type.enum.values if column.type.enum else None

    def part(at: str, one: Any, name: str) -> Iterable[LabelProblem]:
        return _named(at, one, "value", choices, _text) if name == "values" else _text(at, one, name)

    form = long_form(value)
    return _text(key, value, key) if form is not value else _named(key, value, "key", OF_COLUMN, part)


def _named(key: str, value: Any, noun: str, known: Iterable[str] | None, check: Check) -> Iterator[LabelProblem]:
    """Yield the problems of a mapping by names, which must be `known` unless that is None."""
    names = None if known is None else tuple(map(str, known))
    if not isinstance(value, Mapping):
        yield LabelProblem(key, "is no mapping", f"Give a mapping by {noun}")
        return
    for name, one in value.items():
        if names is not None and name not in names:
            yield LabelProblem(f"{key}.{name}", f"there is no {noun} {name!r}", _hint(str(name), noun, names))
        else:
            yield from check(f"{key}.{name}", one, name)


def _hint(name: str, noun: str, names: tuple[str, ...]) -> str:
    if close := get_close_matches(name, names, _CLOSE_MATCHES):
        return f"Did you mean {' or '.join(close)}?"
    listed = ", ".join(names[:_MOST_LISTED]) + (", …" if len(names) > _MOST_LISTED else "")
    return f"Each {noun} is one of {listed}"


def _text(key: str, value: Any, _name: str) -> Iterator[LabelProblem]:
    texts = value if isinstance(value, Mapping) else {"": value}
    for language, text in texts.items():
        if language and not _LANGUAGE.fullmatch(str(language)):
            yield LabelProblem(f"{key}.{language}", f"{language!r} is no language", "Give a tag such as en or id")
        elif not isinstance(text, str) or not text.strip():
            yield LabelProblem(key, "is no text", "Give a text, or texts by language, such as {en: Pupils, id: Siswa}")
