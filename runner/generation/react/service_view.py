"""A table's services in the frontend: its schemas, what it refers to, and examples for its tests."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from runner.generation.encoders import Code
from runner.generation.model.application_tables import ApplicationTable
from runner.generation.model.labels import label_fields, label_qualifiers
from runner.generation.model.naming import camel, free_name
from runner.generation.model.reference_names import named_references
from runner.generation.model.rule_sentences import rule_messages
from runner.generation.model.samples import sample_of
from runner.generation.react.javascript_patterns import javascript_pattern
from runner.generation.react.service_fields import MOST_BITS, arrays_of, bounds_of, choice_source, maker_source
from runner.generation.react.typescript_rules import condition_source
from runner.generation.react.typescript_source import Arrow, Call, Open, laid_out, literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.generation.model.field_types import FieldType
    from runner.generation.model.fields import Field

_MANY_DIGITS = str(2**53 + 1)  # an example of an integer that a double cannot hold


@dataclass(frozen=True, kw_only=True)
class ServiceView:
    """A table in the sources of its services. Sources are TypeScript, laid out."""

    table: ApplicationTable
    searched_references: frozenset[str] = frozenset()  # by whose labels searches find rows

    @property
    def name(self) -> str:
        """What the names of its types begin with."""
        return self.table.class_name

    @property
    def key(self) -> tuple[str, ...]:
        """Fields that identify one row; none where a row cannot be read by its key."""
        return tuple(field.name for field in self.table.key) if self.table.is_addressable else ()

    @property
    def identity(self) -> Mapping[str, Any]:
        """What identifies a row: its key, the fields by which people know it, and sets of fields that are unique."""
        unique = [list(names) for names in self.table.unique_sets if names != self.key]
        found: dict[str, Any] = {"key": self.key, "labelFields": self.label_fields}
        if qualifiers := label_qualifiers(self.table):
            found["labelQualifiers"] = qualifiers
        return found | ({"unique": unique} if unique and self.key else {})

    @property
    def schemas(self) -> tuple[str, ...]:
        """Names of the schemas that there are."""
        names = {"createSchema": self.table.is_writable, "rowSchema": True, "updateSchema": self.table.is_changeable}
        return tuple(name for name, exists in names.items() if exists)

    @property
    def hooks(self) -> Mapping[str, Code]:
        """The names under which the table's hooks are exported."""
        one = (
            ("Row", "Create", "CreateMany", "Update", "UpdateMany", "Replace", "Remove", "RemoveMany")
            if self.table.is_writable
            else ()
        )
        only_of_changes = () if self.table.is_changeable else ("Update", "UpdateMany", "Replace")
        names = [name for name in ("List", "Count", *one) if name not in only_of_changes]
        hooks = {f"use{name}": Code(f"use{self.name}{name}") for name in names}
        return {"keys": Code(f"{camel(self.name)}Keys"), **hooks}

    @property
    def update(self) -> Call | Code:
        """The source of the schema of changes: all fields of a new row but the key, each optional."""
        base = "body" if self.rules else "createSchema"
        changes: Call | Code = Code(f"{base}.partial()")
        if self.table.own_key:
            omitted = {field.name: True for field in self.table.own_key}
            changes = Call(f"{base}.omit", (omitted,), ".partial()")
        return Call("sql.withRulesOfChanges", (changes, Code("rules"))) if self.rules else changes

    @property
    def kinds(self) -> Mapping[str, str]:
        """What each field is, in a few words."""
        return {field.name: self._kind(field) for field in self.table.fields.values()}

    def _kind(self, field: Field) -> str:
        choice = self._choices.get(field.name)
        if choice is None:
            kind = literal(maker_source(field.type)).replace("f.", "").replace("()", "")
        else:
            kind = f"{'any' if field.type.item else 'one'} of {', '.join(map(str, choice[1].arguments[0]))}"
        return f"{kind} or null" if field.nullable else kind

    @cached_property
    def label_fields(self) -> tuple[str, ...]:
        """Fields by which people know a row."""
        return label_fields(self.table)

    @cached_property
    def _choices(self) -> Mapping[str, tuple[str, Call]]:
        """The name and source of each list of values, by field; fields that have the same share it."""
        found: dict[str, tuple[str, Call]] = {}
        for field in self.table.fields.values():
            source = choice_source(field)
            if source is None:
                continue
            same = next((name for name, known in found.values() if known == source), None)
            taken = [name for name, _ in found.values()]
            found[field.name] = (same or free_name(f"{camel(field.name)}Choice", taken, separator=""), source)
        return found

    @property
    def choices(self) -> Mapping[str, Code]:
        """The source of each list of values, by its constant's name."""
        named = dict(self._choices.values())
        return {name: Code(laid_out(source, 0, len(f"const {name} = "), 1)) for name, source in named.items()}

    @cached_property
    def row(self) -> Mapping[str, Call | Code]:
        """Fields of a row as it is read: their types without bounds."""
        return {field.name: self._schema(field, bounded=False) for field in self.table.shown}

    @cached_property
    def body(self) -> Mapping[str, Call | Code]:
        """Fields of a new row."""
        return {field.name: self._schema(field, bounded=True) for field in self.table.written}

    def _schema(self, field: Field, *, bounded: bool) -> Call | Code:
        suffix = ".nullable()" if field.nullable else ""
        if bounded and not field.required:
            suffix = ".nullish()" if field.nullable else ".optional()"
        if field.name in self._choices:
            name = self._choices[field.name][0]
            return arrays_of(Code(name), field.type, suffix) if field.type.item else Code(name + suffix)
        source = maker_source(field.type, bounded=bounded, item_field=field.item)
        if bounded and not field.type.item:
            options = bounds_of(field)
            return Call(source.name, (options,) if options else (), suffix)
        return Call(source.name, source.arguments, suffix)

    @cached_property
    def rules(self) -> tuple[Open, ...]:
        """The rules over a row that is written, except those that only the server can evaluate."""
        if not self.table.is_writable:
            return ()
        names = {column: field.name for column, field in self.table.fields.items()}
        sources = [(rule, condition_source(rule.condition, names)) for rule in self.table.rules]
        return tuple(
            Open(
                name=rule.name,
                fields=[names[column] for column in rule.columns],
                message=rule_messages(rule, names),
                holds=Arrow("row", source),
            )
            for rule, source in sources
            if source is not None
        )

    @cached_property
    def references(self) -> list[Mapping[str, Any]]:
        """Which rows the table refers to; of references of the same fields, the first."""
        return [
            {
                "path": name,
                "fields": list(reference.fields),
                "table": reference.module,
                "targetFields": list(reference.target_fields),
                **({"searched": True} if name in self.searched_references else {}),
            }
            for name, reference in named_references(self.table).items()
        ]

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
        return {field.name: self._read(field) for field in self.table.shown}

    def _read(self, field: Field) -> Any:
        sample = self.table.examples.body.get(field.name)
        if field.nullable and (sample is None or sample.json is None):
            return None
        return _shown(field, (sample or sample_of(field, distinct=False)).json)

    @cached_property
    def example_body(self) -> Mapping[str, Any]:
        """A new row that the server would accept."""
        example = self.table.example
        return {
            name: _shown(field, example[name]) if name in example else self._read(field)
            for name, field in self._written.items()
            if name in example or field.required
        }

    @property
    def _written(self) -> Mapping[str, Field]:
        return {field.name: field for field in self.table.written}

    @cached_property
    def refused(self) -> Mapping[str, Any]:
        """A value that each field refuses."""
        return {
            name: _as_text(self._written[name], value)
            for name, value in self.table.examples.invalid.items()
            if _is_refused_here(self._written[name])
        }

    @cached_property
    def broken(self) -> Mapping[str, Mapping[str, Any]]:
        """Values of fields that break one rule each, by the rule's name."""
        evaluated = {rule["name"] for rule in self.rules}
        return {
            rule: {name: _as_text(self._written[name], value) for name, value in values.items()}
            for rule, values in self.table.examples.broken.items()
            if rule in evaluated
        }


def _is_refused_here(field: Field) -> bool:
    if field.type.kind == "native":
        return False
    return field.bounds.pattern is None or javascript_pattern(field.bounds.pattern) is not None


def _as_text(field: Field, value: Any) -> Any:
    """Return a value of an example in the form that it has in the frontend, where large numbers are text."""
    if isinstance(value, list) and field.type.item is not None:
        return _texts(value) if _is_digits(field.type.item) else value
    if field.bounds.choices is not None or isinstance(value, bool):
        return value
    return str(value) if _is_digits(field.type) and isinstance(value, int | float) else value


def _shown(field: Field, value: Any) -> Any:
    """Do what `_as_text` does, with text where a reference has a number, and many digits where nothing forbids them."""
    if field.type.kind == "text" and not isinstance(value, str | None):
        return sample_of(field, distinct=False).json
    free = field.type.kind == "integer" and field.bounds.choices is None and not field.bounds.numbers
    return _MANY_DIGITS if free and _is_digits(field.type) and value is not None else _as_text(field, value)


def _is_digits(type_: FieldType) -> bool:
    """Whether the frontend keeps the number as text."""
    return type_.kind == "decimal" or (type_.kind == "integer" and type_.bits > MOST_BITS)


def _texts(values: list[Any]) -> list[Any]:
    return [_texts(value) if isinstance(value, list) else str(value) for value in values]
