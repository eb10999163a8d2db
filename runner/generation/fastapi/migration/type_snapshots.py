"""What tables are made of in PostgreSQL: enums, domains, composite types and functions, in an order to create them in.

A definition names what must be there before it. With `check_function_bodies` off the body of a function is not looked
at when it is created, so only its arguments and its result are dependencies.
"""

from __future__ import annotations

import re
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from runner.generation.encoders.sql_text import quote
from runner.generation.fastapi.migration.snapshot import FunctionSnapshot, TypeSnapshot
from runner.generation.fastapi.sql_names import qualified
from runner.generation.model.schema_names import outside

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.ddl.model import Composite, Domain, Enum, Function, Schema
    from runner.ddl.qualified_name import QName

_DEFAULT = re.compile(r"\s+DEFAULT\s.*|\s*:?=.*", re.DOTALL | re.IGNORECASE)
_PART = re.compile(r'(?i)FUNC\s*=\s*(?:"?[\w$]+"?\s*\.\s*)?"?([\w$]+)')  # a function that an aggregate is made of
_RESULT = re.compile(r"\bRETURNS\s+(?:SETOF\s+)?([\w.\"$]+)", re.IGNORECASE)
_LAST_NAME = re.compile(r"([\w.\"$]+)\s*(?:\([^)]*\))?\s*(?:\[\d*\]\s*)*\Z")


def type_snapshots(
    schema: Schema, functions: Iterable[Function], home: str | None
) -> tuple[tuple[TypeSnapshot, ...], tuple[FunctionSnapshot, ...]]:
    """Return the types of a schema and some of its functions, each kind in an order in which it can be created."""
    return _Definitions(schema, functions, home).snapshots()


class _Definitions:
    """The types and functions of a schema by what they need; a function is named by its number, a type by its name."""

    def __init__(self, schema: Schema, functions: Iterable[Function], home: str | None) -> None:
        self._home = home
        self._tables = _spellings(table.name for table in schema.tables)
        self._functions = dict(enumerate(functions))
        self._types: dict[QName, TypeSnapshot] = {}
        self._parts: dict[QName | int, list[str]] = {}  # the types that each is made of
        for enum in schema.enums:
            if enum.name:
                self._add(enum.name, _enum(enum, home), [])
        for composite in schema.composites:
            self._add(composite.name, _composite(composite, home), [kind for _, kind in composite.attributes])
        for domain in schema.domains:
            self._add(domain.name, _domain(domain, home), [domain.type.text])
        for number, function in self._functions.items():
            self._parts[number] = _types_of(function)

    def _add(self, name: QName, snapshot: TypeSnapshot, parts: list[str]) -> None:
        self._types[name] = snapshot
        self._parts[name] = parts

    def snapshots(self) -> tuple[tuple[TypeSnapshot, ...], tuple[FunctionSnapshot, ...]]:
        """Return both kinds in order."""
        needs = self._needs()
        types: dict[QName, TypeSnapshot] = {}
        functions: list[FunctionSnapshot] = []
        for name in _ordered(needs):
            after = self._row_type(self._parts[name])
            if isinstance(name, int):
                function = _function(self._functions[name], self._home)
                functions.append(replace(function, position=len(types) if needs[name] else 0, after=after))
            else:
                types[name] = replace(self._types[name], after=after)
        return tuple(types.values()), tuple(functions)

    def _needs(self) -> Mapping[QName | int, set[QName | int]]:
        spelled = _spellings(self._types)
        needs: dict[QName | int, set[QName | int]] = {
            name: {spelled[part] for part in map(_plain, parts) if part in spelled}
            for name, parts in self._parts.items()
        }
        for number, function in self._functions.items():
            if function.kind == "AGGREGATE":
                parts = set(_PART.findall(function.text))
                needs[number] |= {other for other, one in self._functions.items() if one.name.name in parts}
            call = re.compile(rf'(?<!\w){re.escape(function.name.name)}"?\s*\(')
            for name, kind in self._types.items():
                if kind.definition and call.search(kind.definition):
                    needs[name].add(number)
        return needs

    def _row_type(self, parts: Iterable[str]) -> str | None:
        """Return the table, as SQL, whose row type is among some types."""
        name = next((self._tables[part] for part in map(_plain, parts) if part in self._tables), None)
        return qualified(outside(name, self._home), name.name) if name else None


def _ordered(needs: Mapping[QName | int, set[QName | int]]) -> list[QName | int]:
    """Return all in the order given, each after what it needs."""
    places = {name: place for place, name in enumerate(needs)}
    try:
        sorter = TopologicalSorter({name: sorted(before, key=places.__getitem__) for name, before in needs.items()})
        return list(sorter.static_order())
    except CycleError:
        return list(needs)


def _spellings(names: Iterable[QName]) -> dict[str, QName]:
    """Return names by how a definition may write them: with their schema and without."""
    found: dict[str, QName] = {}
    for name in names:
        found.setdefault(name.name, name)
        found[str(name)] = name
    return found


def _plain(kind: str) -> str:
    """Return a type's name without quotes, arguments and array marks."""
    match = _LAST_NAME.search(kind)
    return match[1].replace('"', "") if match else kind


def _enum(enum: Enum, home: str | None) -> TypeSnapshot:
    name = enum.name
    assert name is not None  # noqa: S101 - the caller skips those of columns
    return TypeSnapshot(schema=outside(name, home), name=name.name, values=enum.values, comment=enum.comment)


def _composite(composite: Composite, home: str | None) -> TypeSnapshot:
    attributes = ", ".join(f"{quote(name)} {kind}" for name, kind in composite.attributes)
    return TypeSnapshot(schema=outside(composite.name, home), name=composite.name.name, definition=f"({attributes})")


def _domain(domain: Domain, home: str | None) -> TypeSnapshot:
    parts = [domain.type.text]
    parts += [f"DEFAULT {domain.default.text}"] if domain.default else []
    parts += [] if domain.nullable else ["NOT NULL"]
    for check in domain.checks:
        constraint = f"CONSTRAINT {quote(check.name)} " if check.name else ""
        parts.append(f"{constraint}CHECK ({check.text})")
    return TypeSnapshot(
        schema=outside(domain.name, home), name=domain.name.name, definition=" ".join(parts), comment=domain.comment
    )


def _function(function: Function, home: str | None) -> FunctionSnapshot:
    name = qualified(outside(function.name, home), function.name.name)
    arguments = ", ".join(_DEFAULT.sub("", argument) for argument in _arguments(function))
    return FunctionSnapshot(
        sql=f"{name}({arguments})",
        create=f"CREATE OR REPLACE {function.kind} {name}{function.text}",
        kind=function.kind,
    )


def _types_of(function: Function) -> list[str]:
    """Return the types of a function's arguments and of its result."""
    result = _RESULT.search(function.signature)
    kinds = [_DEFAULT.sub("", argument) for argument in _arguments(function)]
    return [*kinds, result[1]] if result else kinds


def _arguments(function: Function) -> list[str]:
    """Return a function's arguments: the text between the commas outside of parentheses."""
    parts, depth = [""], 0
    for character in function.arguments:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]
