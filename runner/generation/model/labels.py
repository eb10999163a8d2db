"""What people read instead of names: labels of fields, the fields that a row is known by, families of tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.generation.model.field_types import MOMENTS
from runner.generation.model.naming import human, plural, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.generation.model.application_tables import ApplicationTable
    from runner.generation.model.fields import Field
    from runner.generation.model.references import Reference

_UNITS = frozenset({"km", "cm", "mm", "kg", "kb", "mb", "gb"})
_LONGEST_ACRONYM = 6
_MOST_LABEL_FIELDS = 3
_MOST_QUALIFIERS = 2
_NAMES = ("full_name", "display_name", "name", "title", "label", "subject", "username", "code", "number")
_PAIRS = (("first_name", "last_name"), ("given_name", "family_name"), ("firstname", "lastname"))
# First words of fields such as `created_at` and `last_update`.
_MAINTAINED = frozenset({"created", "inserted", "updated", "modified", "changed", "last"})


def field_label(field: Field, reference: Reference | None = None) -> str:
    """Return a field's label: `birth_date` is "Birth date", one of a `reference` such as `school_id` is "School"."""
    name = field.column.name
    parts = list(words(name)) or [name]
    if reference is not None and len(reference.fields) == 1 and len(parts) > 1 and parts[-1] in ("id", "code", "no"):
        parts.pop()
    if field.type.kind == "boolean" and len(parts) > 1 and parts[0] in ("is", "has"):
        parts.pop(0)
    unit = parts.pop() if len(parts) > 1 and parts[-1] in _UNITS else ""
    if field.is_hashed:  # people type the password
        parts = [part for part in parts if part not in ("hash", "hashed", "digest")]
    text = " ".join(_word(part, field.comment) for part in parts)
    return f"{text[:1].upper()}{text[1:]}{f' ({unit})' if unit else ''}"


def _word(word: str, comment: str) -> str:
    """Return a word as people write it; a comment that spells an acronym out shows that it is one."""
    shown = human(word)
    if shown.isupper() or not comment or len(word) > _LONGEST_ACRONYM:
        return shown if shown.isupper() else word
    capitals = "".join(found[0] for found in re.findall(r"\b[A-Z][\w-]*", comment))
    named = re.search(rf"\b{re.escape(word.upper())}\b", comment)
    spelled = len(word) > 1 and capitals.startswith(word.upper())
    return word.upper() if named or spelled else word


def is_maintained(field: Field) -> bool:
    """Whether the server sets the value by itself: when a row was made, or last changed."""
    is_moment = field.type.kind in MOMENTS and field.default is not None and field.default.varies
    return is_moment and words(field.column.name)[0] in _MAINTAINED


def label_fields(table: ApplicationTable) -> tuple[str, ...]:
    """Return the names of the fields that tell people which row it is; a reference's field stands for its target row.

    A name or title where there is one, else a unique text, else what is unique together, else what the row refers
    to and when it was; the key if none of these exist.
    """
    texts = {field.name: field for field in table.shown if field.type.kind == "text"}
    named = _name(table, texts)
    if named:
        return named
    unique = [names[0] for names in table.unique_sets if len(names) == 1 and names[0] in texts]
    if unique and not texts[unique[0]].nullable:
        return (unique[0],)
    together = [names for names in table.unique_sets if len(names) > 1 and _are_readable(table, names)]
    if together:
        return min(together, key=len)[:_MOST_LABEL_FIELDS]
    return _what_and_when(table) or tuple(field.name for field in table.key)


def label_qualifiers(table: ApplicationTable) -> tuple[str, ...]:
    """Return the names of the fields that complete the name of a row where several rows may have the same.

    They are the readable rest of the smallest unique set that holds the name, values before references:
    `7A (2025/2026)`, where a year has only one class of that name.
    """
    texts = {field.name: field for field in table.shown if field.type.kind == "text"}
    label = set(_name(table, texts))
    if not label or any(label.issuperset(names) for names in table.unique_sets):
        return ()
    referring = {reference.fields[0] for reference in table.references if len(reference.fields) == 1}
    numbers = {field.name for field in table.shown if words(field.column.name)[-1:] == ("id",)} - referring
    rests = [
        [name for name in names if name not in label]
        for names in table.shown_unique_sets
        if label.issubset(names) and numbers.isdisjoint(names)
    ]
    rest = min(rests, key=len, default=[])
    return tuple(sorted(rest, key=referring.__contains__)) if len(rest) <= _MOST_QUALIFIERS else ()


def _name(table: ApplicationTable, texts: Mapping[str, Field]) -> tuple[str, ...]:
    """Return the field that is a row's name, or the two that are a person's; none where no field is called so."""
    paired = next((pair for pair in _PAIRS if set(pair) <= set(texts)), ())
    if paired and "full_name" not in texts:
        return paired
    noun = table.names.singular
    usual = [*_NAMES[:3], f"{noun}_name", f"{words(noun)[-1]}_name", noun, *_NAMES[3:], f"{noun}_description"]
    ends = [name for name, field in texts.items() if name.endswith("_name") and not field.nullable]
    return tuple([*(name for name in usual if name in texts), *ends][:1])


def _are_readable(table: ApplicationTable, names: Iterable[str]) -> bool:
    """Whether the fields mean something to people and always have a value, so that no label is half empty."""
    unreadable = {
        field.name for field in table.written if field.nullable or field.is_secret or field.type.kind == "uuid"
    }
    return not unreadable.intersection(names)


def _what_and_when(table: ApplicationTable) -> tuple[str, ...]:
    """Return the required references of a table, two at most, and its first required day or moment."""
    references = [reference.fields[0] for reference in table.references if reference.required]
    moments = [field.name for field in table.written if field.type.kind in MOMENTS and not field.nullable
               and not is_maintained(field)]  # fmt: skip
    return (*references[: _MOST_LABEL_FIELDS - 1], *moments[:1]) if references else ()


def family(table: ApplicationTable) -> str:
    """Return the common name of tables whose names begin alike: `fees` and `fee_payments` are "Fees"."""
    stem = human(words(table.names.singular)[0])
    return stem if stem.isupper() else human(plural(words(table.names.singular)[0]))
