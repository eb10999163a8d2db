"""The variables of a table's services: its schemas, what it refers to, and examples for its tests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from runner.agents.backend.context import application
from runner.agents.backend.samples import sample_of
from runner.agents.backend.table import TableView, view_table
from runner.agents.frontend.labels import label_fields
from runner.agents.frontend.patterns import javascript_pattern
from runner.agents.frontend.rule_source import rule_source
from runner.agents.frontend.typescript_source import Arrow, Call, Code, Open, laid_out, literal
from runner.agents.source_text import one_line
from runner.naming import camel, free_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from runner.agents.backend.columns import ColumnView
    from runner.agents.backend.types import Category, PythonType
    from runner.ddl.model import Schema, Table

_MANY_DIGITS = str(2**53 + 1)  # an example of a whole number that a double cannot hold
_MOST_BITS = 32  # of a whole number that is one here too; more are kept as digits
_MAKERS: Mapping[Category, str] = {
    "text": "text", "number": "float", "decimal": "decimal", "boolean": "bool", "date": "date", "time": "time",
    "timestamp": "timestamp", "local_timestamp": "localTimestamp", "interval": "interval", "uuid": "uuid",
    "json": "json", "bytes": "bytes", "native": "native",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ServiceView:
    """A table as its services know it. Sources are TypeScript, laid out."""

    table: TableView

    @property
    def name(self) -> str:
        """What the names of its types begin with."""
        return self.table.class_name

    @property
    def key(self) -> tuple[str, ...]:
        """Fields by which one row is got; none where that cannot be."""
        return tuple(view.field for view in self.table.key) if self.table.is_writable else ()

    @property
    def own_key(self) -> tuple[str, ...]:
        """Fields of the key that clients give."""
        return tuple(view.field for view in self.table.own_key)

    @property
    def schemas(self) -> tuple[str, ...]:
        """Names of the schemas that there are."""
        names = {"createSchema": self.table.is_writable, "rowSchema": True, "updateSchema": self.table.is_changeable}
        return tuple(name for name, is_there in names.items() if is_there)

    @property
    def hooks(self) -> Mapping[str, Code]:
        """The names under which the table's hooks are offered."""
        one = ("Row", "Create", "Update", "Replace", "Remove", "RemoveMany") if self.table.is_writable else ()
        only_of_changes = () if self.table.is_changeable else ("Update", "Replace")
        names = [name for name in ("List", "Count", *one) if name not in only_of_changes]
        hooks = {f"use{name}": Code(f"use{self.name}{name}") for name in names}
        return {"keys": Code(f"{camel(self.name)}Keys"), **hooks}

    @property
    def update(self) -> Call | Code:
        """The source of the schema of changes: all fields of a new row but the key, each optional."""
        left_out = literal(dict.fromkeys(self.own_key, True))
        omitted = f".omit({left_out})" if self.own_key else ""
        if not self.rules:
            return Code(f"createSchema{omitted}.partial()")
        return Call("sql.withRulesOfChanges", (Code(f"body{omitted}.partial()"), Code("rules")))

    @property
    def kinds(self) -> Mapping[str, str]:
        """What each field is, in a few words."""
        return {view.field: self._said(view) for view in self.table.columns.values()}

    def _said(self, view: ColumnView) -> str:
        chosen = self._choices.get(view.field)
        if chosen is None:
            said = literal(_maker(view.type)).replace("f.", "").replace("()", "")
        else:
            many = "any" if view.type.category == "array" else "one"
            said = f"{many} of {', '.join(map(str, chosen[1].arguments[0]))}"
        return f"{said} or null" if view.nullable else said

    @cached_property
    def label_fields(self) -> tuple[str, ...]:
        """Fields that a row is known by."""
        return label_fields(self.table)

    @cached_property
    def _choices(self) -> Mapping[str, tuple[str, Call]]:
        """The name and source of each list of values, by field; fields that have the same share it."""
        found: dict[str, tuple[str, Call]] = {}
        for view in self.table.columns.values():
            source = _choice(view)
            if source is None:
                continue
            same = next((name for name, known in found.values() if known == source), None)
            taken = [name for name, _ in found.values()]
            found[view.field] = (same or free_name(f"{camel(view.field)}Choice", taken, separator=""), source)
        return found

    @property
    def choices(self) -> Mapping[str, str]:
        """The source of each list of values, by its constant's name."""
        named = dict(self._choices.values())
        return {name: laid_out(source, 0, len(f"const {name} = "), 1) for name, source in named.items()}

    @cached_property
    def row(self) -> Mapping[str, Call | Code]:
        """Fields of a row as it is read: of what type they are, and no bounds."""
        return {view.field: self._field(view, bounded=False) for view in self.table.columns.values()}

    @cached_property
    def body(self) -> Mapping[str, Call | Code]:
        """Fields of a new row."""
        return {view.field: self._field(view, bounded=True) for view in self.table.written}

    @cached_property
    def rules(self) -> tuple[Open, ...]:
        """The rules over a row that is written, those that only the server can hold aside."""
        if not self.table.is_writable:
            return ()
        fields = {name: view.field for name, view in self.table.columns.items()}
        types = {name: view.type for name, view in self.table.columns.items()}
        found = []
        for rule in self.table.rules:
            source = rule_source(rule.expression, types, fields)
            if source is not None:
                told = {
                    "name": rule.name,
                    "fields": [fields[name] for name in rule.columns],
                    "text": one_line(rule.text),
                    "holds": Arrow("row", source),
                }
                found.append(Open(told))
        return tuple(found)

    @cached_property
    def references(self) -> list[Mapping[str, Any]]:
        """What the table refers to."""
        found = {reference.fields: reference for reference in reversed(self.table.references)}
        return [
            {
                "fields": list(reference.fields),
                "table": reference.module,
                "targetFields": list(reference.target_fields),
            }
            for reference in reversed(found.values())
        ]

    def _field(self, view: ColumnView, *, bounded: bool) -> Call | Code:
        suffix = ".nullable()" if view.nullable else ""
        if bounded and not view.required:
            suffix = ".nullish()" if view.nullable else ".optional()"
        if view.field in self._choices:
            name = self._choices[view.field][0]
            return _wrapped(Code(name), view.type, suffix) if view.type.category == "array" else Code(name + suffix)
        source = _maker(view.type)
        if bounded and view.type.category != "array":
            options = _options(view)
            return Call(source.name, (options,) if options else (), suffix)
        return Call(source.name, source.arguments, suffix)

    # --------------------------------------------------------------------------------------------------------- examples

    @property
    def examples(self) -> Mapping[str, Any]:
        """What the table's tests need to know of it."""
        found = {"row": Open(self.example_row)}
        if self.table.is_writable:
            found["body"] = Open(self.example_body)
            found |= {"refused": Open(self.refused)} if self.refused else {}
            found |= {"broken": Open(self.broken)} if self.broken else {}
        return found

    @cached_property
    def example_row(self) -> Mapping[str, Any]:
        """A row as it is read."""
        return {view.field: self._shown(view) for view in self.table.columns.values()}

    @cached_property
    def example_body(self) -> Mapping[str, Any]:
        """A new row that the server would accept."""
        by_field = {view.field: view for view in self.table.written}
        found = {field: _shown(by_field[field], value) for field, value in self.table.example.items()}
        return {field: found.get(field, self.example_row[field]) for field in by_field if self._is_told(field, found)}

    def _is_told(self, field: str, found: Mapping[str, Any]) -> bool:
        return field in found or next(view for view in self.table.written if view.field == field).required

    @cached_property
    def refused(self) -> Mapping[str, Any]:
        """A value that each field refuses."""
        by_field = {view.field: view for view in self.table.written}
        texts = {name: _as_text(by_field[name], value) for name, value in self.table.examples.invalid.items()}
        return {field: value for field, value in texts.items() if self._is_refused_here(by_field[field])}

    def _is_refused_here(self, view: ColumnView) -> bool:
        return view.bounds.pattern is None or javascript_pattern(view.bounds.pattern) is not None

    @cached_property
    def broken(self) -> Mapping[str, Mapping[str, Any]]:
        """Values of fields that break one rule each, by the rule's name."""
        held = {rule["name"] for rule in self.rules}
        by_field = {view.field: view for view in self.table.written}
        return {
            name: {field: _as_text(by_field[field], value) for field, value in values.items()}
            for name, values in self.table.broken_rows.items()
            if name in held
        }

    def _shown(self, view: ColumnView) -> Any:
        sample = self.table.examples.bodies.get(view.name)
        if sample is None or sample.json is None:
            if view.nullable:
                return None
            sample = sample or sample_of(view, counted=False)
        return _shown(view, sample.json)


def service_variables(schema: Schema, table: Table, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the variables of one table's services: `app`, `table` and `service`."""
    view = view_table(schema, table)
    return {"app": application(schema, options), "table": view, "service": ServiceView(table=view)}


# -------------------------------------------------------------------------------------------------------------- fields


def _choice(view: ColumnView) -> Call | None:
    """Return the list of values that a column, or an item of it, is one of."""
    kind = view.type
    if kind.category == "array":
        kind = kind.item or kind
    elif view.bounds.choices is not None:
        values = list(view.bounds.choices)
        return Call("f.textChoice" if kind.category == "text" else "f.intChoice", (values,))
    if not kind.values:
        return None
    return Call("f.textChoice" if kind.category == "text" else "f.choice", (list(kind.values),))


def _maker(kind: PythonType) -> Call:
    """Return what makes the schema of a type."""
    if kind.category == "integer":
        return Call(f"f.int{kind.bits}")
    if kind.category == "array" and kind.item is not None:
        return _wrapped(_maker(kind.item), kind, "")
    return Call(f"f.{_MAKERS.get(kind.category, 'native')}")


def _wrapped(item: Any, kind: PythonType, suffix: str) -> Call:
    """Return arrays, as many in each other as the type has dimensions, around an item."""
    for _ in range(kind.field.count("list[") - 1):
        item = Call("f.array", (item,))
    return Call("f.array", (item,), suffix)


def _options(view: ColumnView) -> Mapping[str, Any]:
    """Return the bounds of a field."""
    kind, bounds = view.type, view.bounds
    found: dict[str, Any] = {}
    if kind.category == "decimal" and kind.digits is not None:
        found |= {"digits": kind.digits, "places": kind.places or 0}
    if kind.category in ("integer", "number", "decimal"):
        as_text = kind.category == "decimal" or kind.bits > _MOST_BITS
        found |= {name: _bound(value, as_text=as_text) for name, value in sorted(bounds.numbers.items())}
    if kind.category == "text":
        found |= {name: value for name, value in _lengths(view).items() if value is not None}
        pattern = None if bounds.pattern is None else javascript_pattern(bounds.pattern)
        if pattern is not None:
            found["pattern"] = Code(f"/{pattern}/u")
            found |= _like(view)
    return found


def _lengths(view: ColumnView) -> Mapping[str, int | None]:
    return {"min": view.bounds.min_length, "max": view.bounds.max_length}


def _like(view: ColumnView) -> Mapping[str, str]:
    """Return a text that the pattern of a column accepts, if one is known."""
    text = sample_of(view, counted=True).json
    accepted = isinstance(text, str) and re.search(view.bounds.pattern or "", text) is not None
    return {"like": text} if accepted else {}


def _bound(value: Decimal, *, as_text: bool) -> Any:
    if as_text:
        return f"{value:f}"
    return int(value) if value == value.to_integral_value() else float(value)


def _as_text(view: ColumnView, value: Any) -> Any:
    """Return a value of an example in the form that it has in the frontend."""
    kind = view.type
    if isinstance(value, list) and kind.category == "array":
        item = kind.item
        return [str(one) for one in value] if item is not None and _is_digits(item) else value
    if view.bounds.choices is not None or isinstance(value, bool):
        return value
    return str(value) if _is_digits(kind) and isinstance(value, int | float) else value


def _shown(view: ColumnView, value: Any) -> Any:
    """Return a value of an example likewise: text where only text will do, many digits where nothing forbids them."""
    if view.type.category == "text" and not isinstance(value, str | None):  # an example of what is referred to
        return sample_of(view, counted=False).json
    free = view.type.bits > _MOST_BITS and view.bounds.choices is None and not view.bounds.numbers
    return _MANY_DIGITS if free and value is not None else _as_text(view, value)


def _is_digits(kind: PythonType) -> bool:
    return kind.category == "decimal" or (kind.category == "integer" and kind.bits > _MOST_BITS)
