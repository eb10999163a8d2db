"""A table's pages in the frontend: what its list shows, what each field is called and how it is entered."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from runner.generation.model.application_tables import ApplicationTable
from runner.generation.model.defaults import zoned_default
from runner.generation.model.field_types import MOMENTS, Kind
from runner.generation.model.given_labels import GivenLabels
from runner.generation.model.labels import family, field_label, is_maintained, label_fields
from runner.generation.model.naming import words
from runner.generation.react.typescript_source import Open

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.generation.model.fields import Field
    from runner.generation.model.given_labels import GivenText
    from runner.generation.model.references import Reference

_MOST_COLUMNS = 7
_LONG = 255  # characters: a text that may be longer, and is no name or code, is entered in several lines
_HIDDEN: frozenset[Kind] = frozenset({"json", "bytes", "array", "native", "interval"})  # in a list, at first
_SECRETS: frozenset[Kind] = frozenset({"text", "integer", "uuid"})  # that are entered as passwords are
_SHOWN_FIRST: frozenset[Kind] = MOMENTS | {"enum", "time", "span"}
_FORMATS = {
    "email": "email", "mail": "email", "phone": "phone", "telephone": "phone", "mobile": "phone", "fax": "phone",
    "url": "url", "website": "url", "homepage": "url", "link": "url",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class PageView:
    """A table in the sources of its pages."""

    table: ApplicationTable
    labels: GivenLabels = field(default_factory=GivenLabels)

    @property
    def nav(self) -> Mapping[str, Any]:
        """What people read of the table in the navigation: its labels, and the common name of tables like it."""
        return {
            "label": self._text("label", self.table.label),
            "labelSingular": self._text("singular", self.table.names.label),
            "family": self.labels.group(family(self.table)),
        }

    @property
    def declared(self) -> Mapping[str, Any]:
        """What the table's page declares, as the properties of one object."""
        text = self._text("about", self.table.about or "")
        about = {"about": text} if text else {}
        deletion = {"deletion": self.table.deletion} if self.table.deletion else {}
        return {**about, "columns": self.columns, **deletion, "fields": Open(self.fields)}

    @cached_property
    def fields(self) -> Mapping[str, Mapping[str, Any]]:
        """Label, help and format of each field, as far as they do not follow from its type."""
        return {field.name: self._declared(field) for field in self.table.fields.values()}

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Fields that the list shows at first: the most telling ones, after those by which a row is known."""
        ranks = {field.name: self._rank(field) for field in self.table.fields.values()}
        shown = {name: rank for name, rank in ranks.items() if rank is not None}
        best = sorted(shown, key=lambda name: shown[name])[:_MOST_COLUMNS]
        rest = [name for name in ranks if name in best and name not in self.label_fields]
        return (*(name for name in self.label_fields if name in ranks), *rest)[:_MOST_COLUMNS]

    @cached_property
    def label_fields(self) -> tuple[str, ...]:
        """Fields by which people know a row."""
        return label_fields(self.table)

    @cached_property
    def _references(self) -> Mapping[str, Reference]:
        single = (reference for reference in self.table.references if not reference.key.period)
        return {name: reference for reference in single for name in reference.fields}

    def _declared(self, field: Field) -> Mapping[str, Any]:
        own, column = self.table.title, field.column
        label = field_label(field, self._references.get(field.name))
        found: dict[str, Any] = {"label": self.labels.column(own, column, "label", label)}
        comment = "" if field.is_hashed else field.comment  # which is about the hash
        if text := self.labels.column(own, column, "help", comment):
            found["help"] = text
        if values := self.labels.values(own, column):
            found["values"] = values
        if (form := _format(field)) is not None:
            found["format"] = form
        elif self._is_long(field):
            found["long"] = True
        if field.type.kind == "decimal" and field.type.places:
            found["places"] = field.type.places
        if is_maintained(field):
            found["readOnly"] = True
        elif field.writable and field.default is not None and zoned_default(field.default, field.type):
            found["current"] = True
        elif field.writable and not field.is_secret and (initial := _initial(field)) is not None:
            found["initial"] = initial
        return found

    def _text(self, key: str, derived: str) -> GivenText:
        return self.labels.table(self.table.title, key, derived)

    def _is_long(self, field: Field) -> bool:
        is_name = field.name in self.label_fields or field.name in self._references
        is_code = field.bounds.pattern is not None or field.bounds.choices is not None or field.type.values
        long = field.bounds.max_length is None or field.bounds.max_length > _LONG
        return field.type.kind == "text" and long and not (is_name or is_code or self._is_unique(field))

    def _is_unique(self, field: Field) -> bool:
        return (field.name,) in self.table.unique_sets

    def _rank(self, field: Field) -> int | None:
        """Return how soon a list shows a field, from 0; None for one that it does not."""
        if field.name in self.label_fields:
            return 0
        hidden = field.type.kind in _HIDDEN or self._is_long(field) or is_maintained(field)
        if hidden or field.is_secret or field.name == self.table.deletion:
            return None
        if field.is_numbered or (field.is_key and field.type.kind == "uuid"):
            return None
        if self._is_unique(field) and not field.nullable:
            return 1
        if field.name == "status" or (field.name in self._references and not field.nullable):
            return 2
        first = field.type.kind in _SHOWN_FIRST or field.bounds.choices is not None
        return (3 if first else 4) + (2 if field.nullable else 0)


def _format(field: Field) -> str | None:
    """Return what a value is beside its type: a secret, or by its name what a text is."""
    if field.is_secret:
        return "secret" if field.type.kind in _SECRETS else None
    if field.type.kind != "text" or field.bounds.choices is not None:
        return None
    return next((_FORMATS[word] for word in reversed(words(field.column.name)) if word in _FORMATS), None)


def _initial(field: Field) -> bool | str | None:
    """Return the constant that a new row has where nothing is given, as its form shows it."""
    default = field.default
    if default is None or field.column.default is None or field.type.kind in _HIDDEN:
        return None
    if isinstance(default.value, bool):
        return default.value if field.type.kind == "boolean" else str(default.value)
    return default.value or None if isinstance(default.value, str) else None
