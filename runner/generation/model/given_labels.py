"""What people read in place of names, as a plan gives it: the option `labels`.

    title: {id: Sekolah}
    groups: {Fees: {id: Keuangan}}
    columns: {school_id: {id: Sekolah}}  # of every table that has such a column
    enums: {record_status: {active: {id: Aktif}}}
    tables:
      students:
        label: {id: Siswa}
        singular: {id: Siswa}
        about: {id: Peserta didik}
        columns:
          full_name: {id: Nama lengkap}
          relation: {label: {id: Hubungan}, help: {id: Dengan siswa}, values: {ayah: {id: Ayah}}}

Each text is one for all languages, or one for each language by its tag.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runner.ddl.model import Column

GivenText = str | Mapping[str, str]

ENGLISH = "en"  # the language of labels that follow from names
OF_COLUMN = ("label", "help", "values")
_NONE: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class GivenLabels:
    """The labels of a plan, in the form that `label_problems` checks."""

    given: Mapping[str, Any] = field(default_factory=lambda: _NONE)

    def title(self, derived: str) -> GivenText:
        """Return the title of the application."""
        return _with_english(derived, self.given.get("title"))

    def group(self, derived: str) -> GivenText:
        """Return the name of a group of tables."""
        return _with_english(derived, self.given.get("groups", _NONE).get(derived))

    def table(self, label: str, key: str, derived: str) -> GivenText:
        """Return the `label`, `singular` or `about` of the table that the DDL labels so."""
        return _with_english(derived, self._table(label).get(key))

    def column(self, label: str, column: Column, key: str, derived: str) -> GivenText:
        """Return the `label` or `help` of a table's column."""
        return _with_english(derived, self._column(label, column.name).get(key))

    def values(self, label: str, column: Column) -> Mapping[str, GivenText]:
        """Return the labels of a column's values, as far as they are given."""
        enum = column.type.enum
        of_type = self.given.get("enums", _NONE).get(enum.name.name, _NONE) if enum and enum.name else _NONE
        return {**of_type, **self._column(label, column.name).get("values", _NONE)}

    def _table(self, label: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.given.get("tables", _NONE).get(label, _NONE)
        return found

    def _column(self, label: str, name: str) -> Mapping[str, Any]:
        everywhere = long_form(self.given.get("columns", _NONE).get(name, _NONE))
        return {**everywhere, **long_form(self._table(label).get("columns", _NONE).get(name, _NONE))}


def _with_english(derived: str, given: GivenText | None) -> GivenText:
    if given is None or isinstance(given, str):
        return derived if given is None else given
    return {ENGLISH: derived, **given} if derived else given


def long_form(given: Any) -> Mapping[str, Any]:
    """Return what is given for a column as a mapping with `label`; the text of a label may stand for it."""
    is_long = isinstance(given, Mapping) and set(given) <= set(OF_COLUMN)
    return given if is_long else {"label": given}
