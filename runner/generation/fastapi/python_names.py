"""Names of columns in the Python of a backend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.generation.model.naming import free_name, is_python_name, snake, word_set

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.generation.model.schema_names import TableNames

# What an attribute must not be called: SQLAlchemy's declarative names, Pydantic's methods, names that the generated
# classes and modules use themselves.
_RESERVED = word_set(
    """metadata registry query type_annotation_map construct copy dict json schema schema_json validate fields parse_obj
    parse_raw parse_file from_orm update_forward_refs self cls dt sa pg omitted str int float bool bytes list tuple set
    object"""
)


def attribute(name: str) -> str:
    """Return a column's attribute: snake case, with `_` after a word that Python or the libraries reserve."""
    text = snake(name)
    taken = text in _RESERVED or text.startswith("model_")
    return f"{text}_" if taken or not is_python_name(text) else text


def attributes(names: TableNames) -> Mapping[str, str]:
    """Return the attributes of a table's columns by column, no two alike."""
    found: dict[str, str] = {}
    for column, field in names.fields.items():
        found[column] = free_name(attribute(field), found.values())
    return found
