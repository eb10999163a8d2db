"""Names of references in the parameters of lists: `student` is that of `student_id`, as in `student__full_name`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.generation.model.naming import unused_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runner.generation.model.application_tables import ApplicationTable
    from runner.generation.model.references import Reference

_SUFFIX = re.compile(r"(?<=[^_])_(id|code|no)\Z")


def named_references(table: ApplicationTable) -> Mapping[str, Reference]:
    """Return the references of a table to one row each, by name; of references of the same fields, the first.

    A name is the last field's without its suffix. It is the name of no other reference, and that of a field only where
    the field is the reference.
    """
    by_fields = {one.fields: one for one in reversed(table.references) if not one.key.period}
    references = list(reversed(by_fields.values()))
    fields = {field.name for field in table.fields.values()}
    names: dict[tuple[str, ...], str] = {}
    for reference in sorted(references, key=lambda one: len(one.fields)):
        taken = {*names.values(), *(fields - set(reference.fields if len(reference.fields) == 1 else ()))}
        wanted = list(_wanted(reference))
        free = next((name for name in wanted if name not in taken), None)
        names[reference.fields] = free or unused_name(wanted[-1], taken)
    return {names[reference.fields]: reference for reference in references}


def field_of(reference: Reference) -> str:
    """Return the name of a reference in the parameter `expand` of lists: its fields."""
    return "+".join(reference.fields)


def _wanted(reference: Reference) -> Iterator[str]:
    stems = [_SUFFIX.sub("", name) for name in reference.fields]
    yield stems[-1]
    yield "_".join(stems)
    yield "_".join(reference.fields)
