"""The tables of the state file that hold records: columns, statements and rows follow from the records' fields.

A field is a column of its name, unless its metadata names another `column`. Texts, numbers, booleans and enums are
kept as they are; `FileCounts`, a record of numbers alone, as one column each; other tuples and records as JSON.
"""

from __future__ import annotations

import dataclasses
import json
import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from runner.progress.stores.run_records import AttemptRecord, RunRecord, SubTaskRecord, TaskRecord
from runner.records.errors import StoreError
from runner.records.json_values import field_names, field_types, from_json_value, to_json_value, without_none

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

Row = tuple[Any, ...]
DECODING_ERRORS = (ValueError, TypeError, KeyError, AttributeError, RecursionError)  # of damaged text
Conversion = Callable[[Any], Any]
R = TypeVar("R")

encode_json = json.JSONEncoder(separators=(",", ":")).encode  # ASCII: half a surrogate pair survives, too


def valid_text(text: str) -> str:
    """Return text that can be kept as UTF-8: half surrogate pairs, from undecodable names, are replaced."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


class DamagedRowError(StoreError):
    """The state file holds a row that no runner has written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column of a record's table. The conversions are of values that are not None; None converts nothing."""

    name: str
    path: str  # of the value in the record: a field, or `field.part` in a record of numbers
    declaration: str  # type and default, for a column that is added to an existing table
    required: bool  # it has no default, so it is in the file of every runner
    kinds: frozenset[type]  # of its values in a row
    wrong: str  # SQL that is true for a value that is not written by a runner
    encode: Conversion | None
    decode: Conversion | None


class RecordTable(Generic[R]):
    """A table with a row for each record. `scope` is its first column, by which the rows of one run are found.

    `select` is the beginning of a query for whole rows, `upsert` writes one row, whether it is new or not.
    """

    def __init__(self, name: str, record: type[R], *, key: tuple[str, ...], scope: str = "run") -> None:
        self.name = name
        self.scope = scope
        self.columns = tuple(_columns(record))
        self.required = {scope, *(column.name for column in self.columns if column.required)}
        self._record = record
        self._numbers = dict(_records_of_numbers(record))
        self._paths = [column.path for column in self.columns]
        self._get = operator.attrgetter(*self._paths)
        self._encodings = [(index, column.encode) for index, column in enumerate(self.columns) if column.encode]
        self._decodings = [(column.path, column.decode) for column in self.columns if column.decode]
        self._kinds = [column.kinds for column in self.columns]
        names = [column.name for column in self.columns]
        written = names if scope == "key" else [scope, *names]  # the key of a run is given by the database
        unique = key if scope == "key" else (scope, *key)
        changes = ", ".join(f"{each} = excluded.{each}" for each in names if each not in key)
        self.select = f"SELECT {scope}, {', '.join(names)} FROM {name} "  # noqa: S608 - constants of this module
        self.upsert = (
            f"INSERT INTO {name} ({', '.join(written)}) VALUES ({', '.join('?' * len(written))}) "  # noqa: S608
            f"ON CONFLICT ({', '.join(unique)}) DO UPDATE SET {changes}"
        )

    def row(self, record: R) -> Row:
        """Return the values of a record's columns, without the scope."""
        values = list(self._get(record))
        for index, encode in self._encodings:
            if values[index] is not None:
                values[index] = encode(values[index])
        return tuple(values)

    def read(self, row: Row) -> R:
        """Return the record of a row of `select`. Raises DamagedRowError for a row that no runner has written."""
        values = dict(zip(self._paths, row[1:], strict=True))
        if not all(map(operator.contains, self._kinds, map(type, row[1:]))):
            raise DamagedRowError(f"table {self.name} has a value of the wrong type")
        try:
            for path, decode in self._decodings:
                if values[path] is not None:
                    values[path] = decode(values[path])
        except DECODING_ERRORS as error:
            raise DamagedRowError(f"table {self.name} has a value that cannot be read: {error}") from error
        for name, (kind, parts) in self._numbers.items():
            values[name] = kind(**{part: values.pop(f"{name}.{part}") for part in parts})
        return self._record(**values)

    def missing_columns(self, db: sqlite3.Connection) -> list[str]:
        """Return the statements that add the columns that the table in a file of an older runner lacks."""
        present = {row[1] for row in db.execute(f"PRAGMA table_info({self.name})")}
        return [
            f"ALTER TABLE {self.name} ADD COLUMN {column.name} {column.declaration}"
            for column in self.columns
            if column.name not in present
        ]


def _columns(record: Any) -> Iterator[Column]:
    for field in dataclasses.fields(record):
        annotated = field_types(record)[field.name]
        kind = without_none(annotated)
        if _is_numbers(kind):
            for part in dataclasses.fields(kind):
                yield _column(part.name, f"{field.name}.{part.name}", int, getattr(field.default, part.name))
        else:
            yield _column(field.metadata.get("column", field.name), field.name, annotated, field.default)


def _column(name: str, path: str, annotated: Any, default: Any) -> Column:
    kind = without_none(annotated)
    affinity, encode, decode = _conversions(kind)
    if name.endswith("_at"):
        decode = _checked_time
    declaration = affinity
    if default is not None and default is not dataclasses.MISSING:
        value = default if encode is None else encode(default)
        declaration = f"{affinity} NOT NULL DEFAULT {_literal(value)}"
    kinds = {str if affinity == "TEXT" else int} | ({type(None)} if kind is not annotated else set())
    return Column(
        name=name,
        path=path,
        declaration=declaration,
        required=default is dataclasses.MISSING,
        kinds=frozenset(kinds),
        wrong=_wrong(name, kind, optional=kind is not annotated),
        encode=encode,
        decode=decode,
    )


def _wrong(name: str, kind: Any, *, optional: bool) -> str:
    if name.endswith("_at"):
        test = f"(julianday({name}) IS NULL OR date(substr({name}, 1, 10)) <> substr({name}, 1, 10))"
    elif kind in {int, bool}:
        test = f"typeof({name}) <> 'integer'"
    elif isinstance(kind, type) and issubclass(kind, StrEnum):
        test = f"{name} NOT IN ({', '.join(_literal(each.value) for each in kind)})"
    elif kind is str:
        test = f"typeof({name}) <> 'text'"
    else:
        test = f"NOT json_valid({name})"
    return f"{name} IS NOT NULL AND {test}" if optional else f"{name} IS NULL OR {test}"


def _checked_time(text: str) -> str:
    """Return a time as it is kept, as text. Raises ValueError for other text."""
    datetime.fromisoformat(text)
    return text


def _records_of_numbers(record: Any) -> Iterator[tuple[str, tuple[Any, tuple[str, ...]]]]:
    """Yield the fields that have a column for each number, with the type of the record and its fields."""
    for name, kind in field_types(record).items():
        if _is_numbers(kind):
            yield name, (kind, field_names(kind))


def _conversions(kind: Any) -> tuple[str, Conversion | None, Conversion | None]:
    """Return the type in SQL for values of a kind, and the conversions to the database and back."""
    if kind is str:
        return "TEXT", valid_text, None
    if kind is int:
        return "INTEGER", None, None
    if kind is bool:
        return "INTEGER", None, bool
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return "TEXT", operator.attrgetter("value"), kind
    return "TEXT", lambda value: encode_json(to_json_value(value)), lambda text: from_json_value(kind, json.loads(text))


def _literal(value: str | int) -> str:
    """Return a value as SQL."""
    if isinstance(value, str):
        quoted = value.replace("'", "''")
        return f"'{quoted}'"
    return str(int(value))


def _is_numbers(kind: Any) -> bool:
    record: Any = kind
    return dataclasses.is_dataclass(kind) and set(field_types(record).values()) == {int}


RUNS = RecordTable("runs", RunRecord, key=("id",), scope="key")
TASKS = RecordTable("tasks", TaskRecord, key=("id",))
SUBTASKS = RecordTable("subtasks", SubTaskRecord, key=("id",))
ATTEMPTS = RecordTable("attempts", AttemptRecord, key=("subtask_id", "number"))
TABLES: tuple[RecordTable[Any], ...] = (RUNS, TASKS, SUBTASKS, ATTEMPTS)
