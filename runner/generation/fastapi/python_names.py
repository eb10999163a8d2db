"""Names of columns in the Python of a backend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.generation.fastapi.generated_names import MODEL_FUNCTIONS
from runner.generation.model.naming import free_name, is_python_name, snake, word_set

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from runner.generation.model.schema_names import TableNames

# What an attribute must not be called: SQLAlchemy's declarative names, Pydantic's methods, names that the generated
# classes and modules use themselves.
_RESERVED = word_set(
    """metadata registry query type_annotation_map construct copy dict json schema schema_json validate fields parse_obj
    parse_raw parse_file from_orm update_forward_refs self cls dt sa pg omitted str int float bool bytes list tuple set
    object"""
).union(MODEL_FUNCTIONS)

_PYDANTIC_PREFIXES = ("model_dump", "model_validate")  # ConfigDict.protected_namespaces of Pydantic 2.10


def attribute(name: str) -> str:
    """Return a column's attribute: snake case, with `_` after a word that Python or the libraries reserve."""
    text = snake(name)
    if text.startswith(_PYDANTIC_PREFIXES):
        text = f"own_{text}"  # no name that begins like this is allowed, whatever follows
    taken = text in _RESERVED or text.startswith("model_")
    return f"{text}_" if taken or not is_python_name(text) else text


def attributes(names: TableNames, classes: Collection[str]) -> Mapping[str, str]:
    """Return the attributes of a table's columns by column, no two alike and none named like one of `classes`."""
    found: dict[str, str] = {}
    for column, field in names.fields.items():
        plain = attribute(field)
        plain = f"{plain}_" if plain in classes else plain  # where a script has no case, a class is named like a column
        found[column] = free_name(plain, found.values())
    return found
