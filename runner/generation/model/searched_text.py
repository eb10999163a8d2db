"""Which columns of a table `q` searches in lists: those of the task's option `search`, or all free texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from runner.generation.model.fields import Field
from runner.generation.model.naming import snake, word_set
from runner.records.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.generation.model.application_tables import ApplicationTable

ChosenColumns = tuple[tuple[str, tuple[str, ...]], ...]  # by the label of their table

_PHONES = word_set(
    "phone phones mobile fax telephone tel cell cellphone handphone homephone whatsapp msisdn telepon telp hp"
)
_NO_PHONES = word_set("extension ext model type country")
_SECRETS = word_set("password passwd passphrase pwd secret salt hash digest token")
_NUMBERS = frozenset({"integer", "decimal"})  # whose text depends on no setting of the session


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchedText:
    """The fields whose values make up the text that searches read; `phones` are read without separators as well."""

    fields: tuple[Field, ...] = ()
    phones: tuple[Field, ...] = ()


def chosen_columns(options: Mapping[str, Any]) -> ChosenColumns:
    """Return the columns that the option `search` names, by table. Raises AgentError where it is no such mapping."""
    given = options.get("search") or {}
    if not isinstance(given, Mapping):
        raise AgentError("option search: give the columns of each table, such as {students: [full_name, phone]}")
    return tuple(
        sorted((label, (names,) if isinstance(names, str) else tuple(names or ())) for label, names in given.items())
    )


def searched_text(table: ApplicationTable, chosen: ChosenColumns) -> SearchedText:
    """Return what searches of a table read, by name: the chosen columns, or all free texts that are no secrets.

    Raises:
        AgentError: a column is chosen that the table lacks, or whose values have no fixed text.

    """
    names = dict(chosen).get(table.title)
    for name in names or ():
        _check_column(table, name)
    if names is None:
        names = tuple(
            name
            for name, field in table.fields.items()
            if field.type.is_textual and not field.bounds.choices and not _words(field) & _SECRETS and _is_stored(field)
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


def _check_column(table: ApplicationTable, name: str) -> None:
    label, field = table.title, table.fields.get(name)
    if field is None:
        raise AgentError(f"option search: {label} has no column {name!r}{_close(name, table.fields)}")
    if not (field.type.is_textual or field.type.kind in _NUMBERS) or not _is_stored(field):
        raise AgentError(
            f"option search: {label}.{name} cannot be searched: it is {field.column.type.text}. "
            "Texts, whole numbers and decimals can, unless they are computed when they are read"
        )


def _close(name: object, known: Iterable[str]) -> str:
    near = get_close_matches(str(name), known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _is_stored(field: Field) -> bool:
    """Whether an index can contain the value, unlike that of a column which is computed whenever it is read."""
    return field.column.generated is None or field.column.generated.kind != "virtual"


def _words(field: Field) -> frozenset[str]:
    return frozenset(snake(field.column.name).split("_"))
