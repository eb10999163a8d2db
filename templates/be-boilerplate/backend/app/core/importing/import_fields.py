"""The fields of a table that files can be imported into: how their cells are read, which of them are needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.core.access.access import Access
from app.core.constraint_columns import table_of
from app.core.fields import Body
from app.core.importing.cell_values import (
    Notation,
    Reader,
    boolean,
    choice_reader,
    clock,
    letters_and_digits,
    list_reader,
    plain_text,
    structure,
)
from app.core.resource import Resource

AnyResource = Resource[Any, Any]
Schema = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ImportField:
    """A field of the body of a POST, as JSON Schema describes it; `kind` is its JSON type or its format.

    `reference` is the foreign key over this field alone, if there is one.
    """

    name: str
    attribute: str
    kind: str
    is_required: bool
    choices: Sequence[Any] = ()
    items: str = "string"  # the kind of an array's items
    reference: sa.ForeignKeyConstraint | None = None

    def reader(self, notation: Notation, labels: Mapping[str, str]) -> Reader:
        """Return the function that reads the cells of this field; `labels` are those of choices."""
        if self.choices:
            return choice_reader(self.choices, labels)
        if self.kind == "array":
            return list_reader(_reader(self.items, notation))
        return _reader(self.kind, notation)

    def matches(self, title: str) -> bool:
        """Return whether the title of a column is the name of this field."""
        return letters_and_digits(title) == letters_and_digits(self.name)


def _reader(kind: str, notation: Notation) -> Reader:
    readers: Mapping[str, Reader] = {
        "integer": notation.number,
        "number": notation.number,
        "boolean": boolean,
        "date": notation.date,
        "date-time": notation.moment,
        "date-time-local": notation.local_moment,
        "time-local": clock,
        "": structure,
    }
    return readers.get(kind, plain_text)


def import_fields(resource: AnyResource, create: type[Body], access: Access) -> list[ImportField]:
    """Return the fields that an actor may import, in the order of the table; binary data has no form in a file."""
    schema = create.model_json_schema()
    required = set(schema.get("required", ()))
    references = _references(resource)
    writable = access.to(resource.model).create
    found = []
    for attribute, info in create.model_fields.items():
        name = info.alias or attribute
        forms = _forms(schema["properties"][name], schema.get("$defs", {}))
        kind = _kind(forms)
        if kind == "byte" or not (writable if isinstance(writable, bool) else name in writable):
            continue
        found.append(
            ImportField(
                name=name,
                attribute=attribute,
                kind=kind,
                is_required=name in required,
                choices=_choices(forms),
                items=_items(forms, schema.get("$defs", {})),
                reference=references.get(attribute),
            )
        )
    return found


def _references(resource: AnyResource) -> dict[str, sa.ForeignKeyConstraint]:
    mapper = sa.inspect(resource.model)
    return {
        mapper.get_property_by_column(key.elements[0].parent).key: key
        for key in table_of(resource.model).foreign_key_constraints
        if len(key.elements) == 1 and "model" in key.referred_table.info
    }


def _forms(schema: Schema, definitions: Schema) -> list[Schema]:
    """Return the schemas of which a value meets one, without that of null."""
    if "$ref" in schema:
        return _forms(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        return [form for part in schema["anyOf"] for form in _forms(part, definitions)]
    return [] if schema.get("type") == "null" else [schema]


def _kind(forms: Sequence[Schema]) -> str:
    """Return the kind of the first form, which the others only extend; empty for any JSON value."""
    first: Schema = forms[0] if forms else {}
    kind: str = first.get("format", first.get("type", ""))
    return "" if kind == "object" else kind


def _choices(forms: Sequence[Schema]) -> Sequence[Any]:
    lists = [[form["const"]] if "const" in form else form.get("enum", ()) for form in forms]
    return lists[0] if len(lists) == 1 else ()


def _items(forms: Sequence[Schema], definitions: Schema) -> str:
    items = forms[0].get("items") if forms else None
    return _kind(_forms(items, definitions)) if items else "string"


def guessed(fields: Sequence[ImportField], titles: Sequence[str]) -> list[ImportField | None]:
    """Return the field of each column whose title is the name of a field, each field once."""
    left = list(fields)
    columns: list[ImportField | None] = []
    for title in titles:
        field = next((field for field in left if field.matches(title)), None)
        columns.append(field)
        if field is not None:
            left.remove(field)
    return columns
