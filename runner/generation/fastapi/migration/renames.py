"""What the DDL renames, and a snapshot with these renames made. What it does not rename is dropped and added."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from runner.generation.encoders.sql_text import quote, text_sql
from runner.generation.fastapi.migration.snapshot import (
    ColumnSnapshot,
    ConstraintSnapshot,
    IndexSnapshot,
    Snapshot,
    TableSnapshot,
    TypeSnapshot,
)
from runner.generation.fastapi.sql_names import qualified
from runner.generation.model.schema_names import outside

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.ddl.qualified_name import QName
    from runner.generation.model.application import Application

T = TypeVar("T")
Name = tuple[str | None, str]  # schema and name of a table or type in a snapshot

_TOKEN = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|[^\W\d][\w$]*|.""", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Renames:
    """New names by old ones. `columns` are by the table's old name, `values` by the type's old name."""

    tables: Mapping[Name, Name] = field(default_factory=dict)
    columns: Mapping[Name, Mapping[str, str]] = field(default_factory=dict)
    types: Mapping[Name, Name] = field(default_factory=dict)
    values: Mapping[Name, Mapping[str, str]] = field(default_factory=dict)

    def reversed(self) -> Renames:
        """Return what reverts these."""
        return Renames(
            tables={new: old for old, new in self.tables.items()},
            columns={self.tables.get(name, name): _inverted(names) for name, names in self.columns.items()},
            types={new: old for old, new in self.types.items()},
            values={self.types.get(name, name): _inverted(names) for name, names in self.values.items()},
        )


def _inverted(names: Mapping[str, str]) -> Mapping[str, str]:
    return {new: old for old, new in names.items()}


def find_renames(old: Snapshot, application: Application) -> Renames:
    """Return the renames that the application's schema makes since `old`, from names that only `old` has."""
    schema, home = application.schema, application.names.common.home

    def name(found: QName) -> Name:
        return outside(found, home), found.name

    tables = _pairs(
        {part.key for part in old.tables},
        {name(table.name): [name(former) for former in table.former] for table in schema.tables},
    )
    kinds = {name(enum.name): enum.former for enum in schema.enums if enum.name}
    kinds |= {name(domain.name): domain.former for domain in schema.domains}
    types = _pairs(
        {part.key for part in old.types},
        {kind: [name(former) for former in names] for kind, names in kinds.items()},
    )
    old_tables = {part.key: part for part in old.tables}
    old_types = {part.key: part for part in old.types}
    back, types_back = {new: was for was, new in tables.items()}, {new: was for was, new in types.items()}
    columns: dict[Name, Mapping[str, str]] = {}
    for table in schema.tables:
        was = back.get(name(table.name), name(table.name))
        if was in old_tables:
            known = {column.name for column in old_tables[was].columns}
            columns[was] = _pairs(known, {column.name: list(column.former) for column in table.columns})
    values: dict[Name, Mapping[str, str]] = {}
    for enum in schema.enums:
        was = types_back.get(name(enum.name), name(enum.name)) if enum.name else (None, "")
        if was in old_types:
            values[was] = _pairs(set(old_types[was].values), _former_values(enum.values, enum.former_values))
    return Renames(
        tables=tables,
        columns={table: names for table, names in columns.items() if names},
        types=types,
        values={kind: names for kind, names in values.items() if names},
    )


def _pairs(old: set[T], new: Mapping[T, list[T]]) -> dict[T, T]:
    """Return the new name of each old name that is missing in `new` and that is a former name of a new one."""
    found: dict[T, T] = {}
    for now, former in new.items():
        was = next((name for name in reversed(former) if name in old and name not in new and name not in found), None)
        if was is not None and now not in old:
            found[was] = now
    return found


def _former_values(values: Iterable[str], renamed: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    history: dict[str, list[str]] = {}
    for was, now in renamed:
        history[now] = [*history.pop(was, []), was]
    return {value: history.get(value, []) for value in values}


# ------------------------------------------------------------------------------------------------------- applying them


def renamed(snapshot: Snapshot, renames: Renames) -> Snapshot:
    """Return a snapshot after the renames. As in the databases, constraints keep their names."""
    types = {part.sql: qualified(*renames.types.get(part.key, part.key)) for part in snapshot.types}
    values = {types[part.sql]: renames.values.get(part.key, {}) for part in snapshot.types}
    names = {part.sql: qualified(*renames.tables.get(part.key, part.key)) for part in snapshot.tables}
    columns = {part.sql: renames.columns.get(part.key, {}) for part in snapshot.tables}
    return replace(
        snapshot,
        types=tuple(_type(part, renames, types) for part in snapshot.types),
        tables=tuple(_Renamer(part, names, columns, types, values).table(renames) for part in snapshot.tables),
    )


def _type(part: TypeSnapshot, renames: Renames, types: Mapping[str, str]) -> TypeSnapshot:
    schema, name = renames.types.get(part.key, part.key)
    values = renames.values.get(part.key, {})
    return replace(
        part,
        schema=schema,
        name=name,
        values=tuple(values.get(value, value) for value in part.values),
        definition=part.definition and _replaced(part.definition, types),
    )


@dataclass(frozen=True, slots=True)
class _Renamer:
    """Renames within one table: `names` and `types` from old to new as SQL, `columns` by the table's old name."""

    part: TableSnapshot
    names: Mapping[str, str]
    columns: Mapping[str, Mapping[str, str]]
    types: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]  # by the type's new name

    def table(self, renames: Renames) -> TableSnapshot:
        part = self.part
        schema, name = renames.tables.get(part.key, part.key)
        return replace(
            part,
            schema=schema,
            name=name,
            columns=tuple(self.column(column) for column in part.columns),
            constraints=tuple(self.constraint(constraint) for constraint in part.constraints),
            indexes=tuple(self.index(index) for index in part.indexes),
        )

    @property
    def own(self) -> Mapping[str, str]:
        return self.columns[self.part.sql]

    def column(self, part: ColumnSnapshot) -> ColumnSnapshot:
        marks = part.type[len(part.item_type) :]
        kind = self.types.get(part.item_type, part.item_type)
        values = {text_sql(was): text_sql(now) for was, now in self.values.get(kind, {}).items()}
        return replace(
            part,
            name=self.own.get(part.name, part.name),
            type=kind + marks,
            default=part.default and _replaced(part.default, {**self.types, **values}),
            generated=part.generated and self.text(part.generated),
        )

    def constraint(self, part: ConstraintSnapshot) -> ConstraintSnapshot:
        target = part.target
        return replace(
            part,
            columns=self.own_columns(part.columns),
            target=target and self.names.get(target, target),
            target_columns=tuple(self.columns.get(target or "", {}).get(name, name) for name in part.target_columns),
            rest=self.text(part.rest),
        )

    def index(self, part: IndexSnapshot) -> IndexSnapshot:
        return replace(
            part,
            columns=self.own_columns(part.columns),
            sql=self.text(part.sql),
            otherwise=self.text(part.otherwise),
        )

    def own_columns(self, names: Iterable[str]) -> tuple[str, ...]:
        return tuple(self.own.get(name, name) for name in names)

    def text(self, text: str) -> str:
        return _replaced(text, {**self.types, **{quote(was): quote(now) for was, now in self.own.items()}})


def _replaced(text: str, words: Mapping[str, str]) -> str:
    """Return SQL with the names and string constants of `words` replaced."""
    changed = {was: now for was, now in words.items() if was != now}
    return "".join(changed.get(token, token) for token in _TOKEN.findall(text)) if changed else text
