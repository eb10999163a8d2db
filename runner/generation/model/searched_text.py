"""Which columns of a table `q` searches in lists: those of the task's option `search`, or all free texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.generation.model.chosen_columns import no_such_column
from runner.generation.model.fields import Field
from runner.generation.model.naming import snake, word_set
from runner.records.errors import AgentError

if TYPE_CHECKING:
    from runner.generation.model.application_tables import ApplicationTable
    from runner.generation.model.chosen_columns import ChosenColumns

_PHONES = word_set(
    "phone phones mobile fax telephone tel cell cellphone handphone homephone whatsapp msisdn telepon telp hp"
)
_UNREADABLE = word_set("hash digest")
_NO_PHONES = word_set("extension ext model type country")
_NUMBERS = frozenset({"integer", "decimal"})  # whose text depends on no setting of the session


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchedText:
    """The fields whose values make up the text that searches read; `phones` are read without separators as well."""

    fields: tuple[Field, ...] = ()
    phones: tuple[Field, ...] = ()


def searched_text(table: ApplicationTable, chosen: ChosenColumns) -> SearchedText:
    """Return what searches of a table read, by name: the chosen columns, or all free texts that are no secrets.

    Raises:
        AgentError: a column is chosen that the table lacks, or whose values have no fixed text.

    """
    names = dict(chosen).get(table.title)
    if names is not None:
        names = tuple(name for name in names if not is_of_reference(table, name))
        for name in names:
            _check_column(table, name)
    else:
        names = tuple(
            name
            for name, field in table.fields.items()
            if field.type.is_textual and not field.bounds.choices and _is_stored(field)
            if not field.is_secret and not _words(field) & _UNREADABLE
        )
    fields = tuple(table.fields[name] for name in sorted(set(names)))  # the index is the same in any order of the DDL
    return SearchedText(
        fields=fields,
        phones=tuple(
            field
            for field in fields
            if field.type.is_textual and _words(field) & _PHONES and not _words(field) & _NO_PHONES
        ),
    )


def is_of_reference(table: ApplicationTable, name: str) -> bool:
    """Whether a name of the option `search` means a column of a referenced row: `student.full_name`."""
    return "." in name and name not in table.fields


def _check_column(table: ApplicationTable, name: str) -> None:
    label, field = table.title, table.fields.get(name)
    if field is None:
        raise no_such_column("search", label, name, table.fields)
    if field.is_secret:
        raise AgentError(f"option search: {label}.{name} cannot be searched: it is a secret")
    if not (field.type.is_textual or field.type.kind in _NUMBERS) or not _is_stored(field):
        raise AgentError(
            f"option search: {label}.{name} cannot be searched: it is {field.column.type.text}. "
            "Texts, whole numbers and decimals can, unless they are computed when they are read"
        )


def _is_stored(field: Field) -> bool:
    """Whether an index can contain the value, unlike that of a column which is computed whenever it is read."""
    return field.column.generated is None or field.column.generated.kind != "virtual"


def _words(field: Field) -> frozenset[str]:
    return frozenset(snake(field.column.name).split("_"))
