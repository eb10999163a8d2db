"""The variables of the backend's templates: `app` for the whole, `table` and `resource` for one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.ddl.dialects import dialect_named
from runner.generation.encoders import Code
from runner.generation.encoders.markdown_text import code, code_cell
from runner.generation.encoders.python_text import literal
from runner.generation.fastapi.generated_names import source
from runner.generation.fastapi.left_out import left_out, passed_over
from runner.generation.fastapi.query_writer import empty_views
from runner.generation.fastapi.resources import make_resource
from runner.generation.fastapi.sqlite_names import has_renamed
from runner.generation.fastapi.table_arguments import table_arguments
from runner.generation.fragments import Fragment, join
from runner.generation.model.access_options import access_options
from runner.generation.model.account_table import is_administrator
from runner.generation.model.app_options import app_options
from runner.generation.model.chosen_columns import chosen_columns
from runner.generation.model.labels import label_fields, label_qualifiers
from runner.generation.model.naming import free_name, is_python_name, snake
from runner.generation.model.native_values import NATIVE_TEXTS
from runner.generation.model.object_options import carried_functions, carried_triggers, object_option
from runner.generation.model.operation_options import operation_options
from runner.generation.model.prose import sentence
from runner.generation.model.reference_names import field_of, named_references
from runner.generation.model.searched_references import searched_references
from runner.generation.model.searched_text import searched_text
from runner.generation.model.soft_deletion import check_deletion_column
from runner.generation.model.suggested_indexes import index_option, suggested_indexes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from runner.ddl.model import Enum
    from runner.generation.fastapi.resources import Resource
    from runner.generation.model.access_options import AccessOptions
    from runner.generation.model.application import Application
    from runner.generation.model.fields import Field
    from runner.generation.model.searched_references import SearchedReferences
    from runner.generation.model.searched_text import SearchedText
    from runner.generation.model.table_part import TablePart

_MANY = 20  # attributes, of which a router would have one a line


@dataclass(frozen=True, kw_only=True, slots=True)
class Role:
    """A role of accounts, as the data of rights begin with it."""

    name: str
    is_administrator: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class PythonEnum:
    """An enumerated type as a Python class: `members` pair its names with its values."""

    class_name: str
    comment: str
    members: tuple[tuple[str, str], ...]


def app_variables(application: Application, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the variables of the set-up templates."""
    check_deletion_column(application.schema, application.roles.deletion)
    schema, tables, access = application.schema, application.tables, access_options(application, options)
    names = application.names.common.enums
    return {
        "app": app_options(application.names.common, options),
        "access": access,
        "soft_delete": application.roles.deletion,
        "operation": operation_options(options),
        "roles": _roles(access),
        "tables": tables,
        "enums": tuple(_enum(names[enum.name], enum) for enum in schema.enums if enum.name),
        "left_out": (
            *(Code(f"{code(table.title)}: {text}") for table in tables for text in left_out(schema.dialect, table)),
            *_empty_views(application),
        ),
        "passed_over": passed_over(schema, object_option(options)),
        "suggested": _suggested(application) if index_option(options) == "suggest" else (),
        "has_more_objects": len(carried_functions(schema, "all")) + len(schema.triggers)
        > len(carried_functions(schema, object_option(options)))
        + len(carried_triggers(schema, object_option(options))),
        "has_views": any(table.is_view for table in tables),
        "has_renamed": has_renamed(application),
        "serves_mysql": dialect_named(schema.dialect).mysql_compatible,
        "native_samples": NATIVE_TEXTS,
    }


def table_variables(part: TablePart, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the variables of one table's templates."""
    found, chosen = make_resource(part), chosen_columns(options, "search")
    text = searched_text(part.table, chosen)
    through = searched_references(part.table, chosen, all_have_indexes=index_option(options) == "create")
    return {
        "app": app_options(part.names, options),
        "table": part.table,
        "resource": found,
        "arguments": table_arguments(found),
        "searched": _attributes(found, text.fields) if len(text.fields) > _MANY else None,
        "search": _search(found, text, through),
        "known_by": _known_by(found),
        "left_out": left_out(part.dialect, part.table),
    }


def _empty_views(application: Application) -> Iterator[Code]:
    for name, database in empty_views(application):
        title = code(application.table(name).title)
        yield Code(f"{title}: the view has no rows on {database.value}, which cannot say the same as its query")


def _roles(access: AccessOptions) -> tuple[Role, ...]:
    """Return the roles that accounts can have; administrators alone have rights until the owner gives some."""
    return tuple(Role(name=name, is_administrator=not name or is_administrator(name)) for name in access.roles)


def _suggested(application: Application) -> tuple[Code, ...]:
    """Return the indexes that tables lack, as rows of a table in Markdown."""
    rows = []
    for name, indexes in application.derived(suggested_indexes).items():
        references = [code_cell(f"({', '.join(index.columns)})") for index in indexes if not index.is_for_lists]
        lists = [code_cell(index.columns[0]) for index in indexes if index.is_for_lists]
        title = code_cell(application.table(name).title)
        rows.append(Code(f"{title} | {', '.join(references)} | {', '.join(lists)}"))
    return tuple(rows)


def _search(found: Resource, text: SearchedText, through: SearchedReferences) -> Fragment | None:
    """Return the arguments of a table's `Resource` that name what is searched; None where nothing is.

    Many attributes are in a module of their own.
    """
    parts = []
    if text.fields:
        elsewhere = Fragment("SEARCHED", frozenset({f"app.{found.table.module}.searched.SEARCHED"}))
        parts.append(source("searched={}", elsewhere if len(text.fields) > _MANY else _attributes(found, text.fields)))
    if text.phones:
        parts.append(source("phones={}", _attributes(found, text.phones)))
    if through:
        parts.append(source("searched_references={}", literal(through)))
    return join(parts) if parts else None


def _known_by(found: Resource) -> Fragment:
    """Return the arguments of a table's `Resource` that tell how people know its rows, and names of references."""
    table = found.table
    fields = {field.name: field for field in table.fields.values()}
    parts = [
        source(f", {name}={{}}", _attributes(found, (fields[name] for name in names)))
        for name, names in (("named_by", label_fields(table)), ("qualified_by", label_qualifiers(table)))
        if names
    ]
    named = {name: field_of(reference) for name, reference in named_references(table).items()}
    return join([*parts, *([source(", references={}", literal(named))] if named else [])], "")


def _attributes(found: Resource, fields: Iterable[Field]) -> Fragment:
    return Fragment(literal(tuple(column.attribute for column in found.columns_of(fields))))


def _enum(class_name: str, enum: Enum) -> PythonEnum:
    members: list[tuple[str, str]] = []
    for value in enum.values:
        name = snake(value).upper() if value.strip() else "EMPTY"
        if not is_python_name(name) or name.lower() in ("name", "value", "mro"):
            name = f"{name}_"
        members.append((free_name(name, [taken for taken, _ in members]), value))
    plain = enum.name.name if enum.name else class_name
    comment = sentence(enum.comment or f"Values of the type {plain}")
    return PythonEnum(class_name=class_name, comment=comment, members=tuple(members))
