"""What people read instead of names: labels of fields, the fields that a row is known by, where a table belongs.

Pure functions over the views of tables.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.generation.model.naming import human, plural, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.generation.fastapi.model_columns import ColumnView
    from runner.generation.fastapi.table_view import Reference, TableView

_UNITS = frozenset({"km", "cm", "mm", "kg", "kb", "mb", "gb"})
_LONGEST_ACRONYM = 6
_MOST_LABEL_FIELDS = 3
_NAMES = ("full_name", "display_name", "name", "title", "label", "subject", "username", "code", "number")
_PAIRS = (("first_name", "last_name"), ("given_name", "family_name"), ("firstname", "lastname"))
_MOMENTS = frozenset({"date", "timestamp", "local_timestamp"})
_KEPT = frozenset({"created", "inserted", "updated", "modified", "changed", "last"})  # `created_at`, `last_update`


# --------------------------------------------------------------------------------------------------------------- fields


def field_label(column: ColumnView, reference: Reference | None = None) -> str:
    """Return a field's label: `birth_date` is "Birth date", a reference `school_id` is "School"."""
    parts = list(words(column.name)) or [column.name]
    if reference is not None and len(reference.fields) == 1 and len(parts) > 1 and parts[-1] in ("id", "code", "no"):
        parts.pop()
    if column.type.category == "boolean" and len(parts) > 1 and parts[0] in ("is", "has"):
        parts.pop(0)
    unit = parts.pop() if len(parts) > 1 and parts[-1] in _UNITS else ""
    said = " ".join(_word(part, column.comment) for part in parts)
    return f"{said[:1].upper()}{said[1:]}{f' ({unit})' if unit else ''}"


def _word(word: str, comment: str) -> str:
    """Return a word as people write it; a comment that spells an acronym out shows that it is one."""
    shown = human(word)
    if shown.isupper() or not comment or len(word) > _LONGEST_ACRONYM:
        return shown if shown.isupper() else word
    capitals = "".join(found[0] for found in re.findall(r"\b[A-Z][\w-]*", comment))
    named = re.search(rf"\b{re.escape(word.upper())}\b", comment)
    spelled = len(word) > 1 and capitals.startswith(word.upper())
    return word.upper() if named or spelled else word


def is_kept(column: ColumnView) -> bool:
    """Whether the server keeps the value by itself: when a row was made, or last changed."""
    moment = column.type.category in _MOMENTS and column.default is not None and column.default.moment
    return moment and words(column.name)[0] in _KEPT


def label_fields(table: TableView) -> tuple[str, ...]:
    """Return the fields that tell people which row it is; a field of a reference stands for the row referred to.

    A name or title where there is one, else a unique text, else what is unique together, else what the row refers
    to and when it was; the key where nothing says more.
    """
    texts = {view.field: view for view in table.columns.values() if view.type.category == "text"}
    named = _name(table, texts)
    if named:
        return named
    unique = [fields[0] for fields in table.unique_sets if len(fields) == 1 and fields[0] in texts]
    if unique and not texts[unique[0]].nullable:
        return (unique[0],)
    together = [fields for fields in table.unique_sets if len(fields) > 1 and _are_readable(table, fields)]
    if together:
        return min(together, key=len)[:_MOST_LABEL_FIELDS]
    return _what_and_when(table) or tuple(view.field for view in table.key)


def _name(table: TableView, texts: Mapping[str, ColumnView]) -> tuple[str, ...]:
    """Return the field that is a row's name, or the two that are a person's; none where no field is called so."""
    paired = next((pair for pair in _PAIRS if set(pair) <= set(texts)), ())
    if paired and "full_name" not in texts:
        return paired
    noun = table.names.singular
    called = [*_NAMES[:3], f"{noun}_name", f"{words(noun)[-1]}_name", noun, *_NAMES[3:], f"{noun}_description"]
    ends = [field for field, view in texts.items() if field.endswith("_name") and not view.nullable]
    return tuple([*(name for name in called if name in texts), *ends][:1])


def _are_readable(table: TableView, fields: Iterable[str]) -> bool:
    """Whether the fields say something, each of them always: a label is never half empty."""
    dumb = {view.field for view in table.written if view.nullable or view.type.category == "uuid"}
    return not dumb.intersection(fields)


def _what_and_when(table: TableView) -> tuple[str, ...]:
    """Return the required references of a table, two at most, and its first required day or moment."""
    references = [reference.fields[0] for reference in table.references if reference.required]
    views = [view for view in table.written if view.type.category in _MOMENTS and not view.nullable]
    views = [view for view in views if not is_kept(view)]
    return (*references[: _MOST_LABEL_FIELDS - 1], *(view.field for view in views[:1])) if references else ()


# ----------------------------------------------------------------------------------------------------------- navigation


def is_link(table: TableView) -> bool:
    """Whether rows only link others: the key is made of two or more references, and all else may be left out."""
    key = set(table.table.key_columns)
    inside = [reference for reference in table.references if set(reference.key.columns) <= key]
    covered = {column for reference in inside for column in reference.key.columns}
    needed = [view for view in table.written if view.required and not view.is_key]
    return len(inside) > 1 and covered == key and not needed


def family(table: TableView) -> str:
    """Return what tables whose names begin alike are called together: `fees` and `fee_payments` are "Fees"."""
    stem = words(table.names.singular)[0]
    said = human(stem)
    return said if said.isupper() else human(plural(stem))
