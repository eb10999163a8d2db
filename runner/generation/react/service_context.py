"""The variables of a table's services: its schemas, what it refers to, and examples for its tests."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from runner.generation.fastapi.samples import sample_of
from runner.generation.fastapi.table_view import TableView, view_table
from runner.generation.model.app_options import app_options
from runner.generation.model.naming import camel, free_name
from runner.generation.react.javascript_patterns import javascript_pattern
from runner.generation.react.labels import label_fields
from runner.generation.react.rule_source import rule_source
from runner.generation.react.service_fields import MOST_BITS, arrays_of, bounds_of, choice_source, maker_source
from runner.generation.react.typescript_source import Arrow, Call, Code, Open, laid_out, literal
from runner.generation.source_text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.ddl.model import Table
    from runner.generation.fastapi.model_columns import ColumnView
    from runner.generation.fastapi.python_types import PythonType
    from runner.generation.model.application import Application

_MANY_DIGITS = str(2**53 + 1)  # an example of a whole number that a double cannot hold


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
        base = "body" if self.rules else "createSchema"
        changes: Call | Code = Code(f"{base}.partial()")
        if self.own_key:
            changes = Call(f"{base}.omit", (dict.fromkeys(self.own_key, True),), ".partial()")
        return Call("sql.withRulesOfChanges", (changes, Code("rules"))) if self.rules else changes

    @property
    def kinds(self) -> Mapping[str, str]:
        """What each field is, in a few words."""
        return {view.field: self._said(view) for view in self.table.columns.values()}

    def _said(self, view: ColumnView) -> str:
        chosen = self._choices.get(view.field)
        if chosen is None:
            said = literal(maker_source(view.type)).replace("f.", "").replace("()", "")
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
            source = choice_source(view)
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
            return arrays_of(Code(name), view.type, suffix) if view.type.category == "array" else Code(name + suffix)
        source = maker_source(view.type, bounded=bounded)
        if bounded and view.type.category != "array":
            options = bounds_of(view)
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


def service_variables(application: Application, table: Table, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the variables of one table's services: `app`, `table` and `service`."""
    view = view_table(application, table)
    return {"app": app_options(application, options), "table": view, "service": ServiceView(table=view)}


# ------------------------------------------------------------------------------------------------------------ examples


def _as_text(view: ColumnView, value: Any) -> Any:
    """Return a value of an example in the form that it has in the frontend."""
    kind = view.type
    if isinstance(value, list) and kind.category == "array":
        return _texts(value) if kind.item is not None and _is_digits(kind.item) else value
    if view.bounds.choices is not None or isinstance(value, bool):
        return value
    return str(value) if _is_digits(kind) and isinstance(value, int | float) else value


def _shown(view: ColumnView, value: Any) -> Any:
    """Return a value of an example likewise: text where only text will do, many digits where nothing forbids them."""
    if view.type.category == "text" and not isinstance(value, str | None):  # an example of what is referred to
        return sample_of(view, counted=False).json
    free = view.type.bits > MOST_BITS and view.bounds.choices is None and not view.bounds.numbers
    return _MANY_DIGITS if free and value is not None else _as_text(view, value)


def _is_digits(kind: PythonType) -> bool:
    return kind.category == "decimal" or (kind.category == "integer" and kind.bits > MOST_BITS)


def _texts(values: list[Any]) -> list[Any]:
    return [_texts(value) if isinstance(value, list) else str(value) for value in values]
