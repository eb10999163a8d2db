"""One column as the templates see it: its line in the model, its types in the schemas, whether clients may write it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.ddl.model import Column, Generated
from runner.generation.fastapi.checks import Bounds
from runner.generation.fastapi.defaults import ServerDefault, server_default
from runner.generation.fastapi.python_types import PLAIN_READ_ONLY, PythonType
from runner.generation.fastapi.sqlite_sql import plain_sql
from runner.generation.model.naming import pascal
from runner.generation.source_text import literal, one_line

if TYPE_CHECKING:
    from decimal import Decimal

    from runner.generation.model.schema_names import ColumnNames

_CHANGED = frozenset({"updated_at", "modified_at", "last_update", "last_updated", "last_modified", "updated_on"})
_MODULE_NAMES = """Annotated Any Body Bytes ConfigDict Decimal Field Int16 Int32 Int64 Literal NaiveDatetime Native
    NotNull Number Row Rule Timestamp UUID"""  # what `schemas.py` imports
_OWN_NAMES = frozenset(_MODULE_NAMES.split())
_OWN_BOUNDS = {"text", "integer", "number", "decimal"}


@dataclass(frozen=True, kw_only=True, slots=True)
class ColumnView:
    """A column of the generated application.

    `mapped` is its line in the model. `read` is its type in answers, `write` in requests (an alias `alias_name` of
    `alias` where that says more than the type alone). `required` is whether a new row needs it; `omittable` whether
    it may be left out although it cannot be null.
    """

    name: str
    field: str
    attribute: str
    label: str
    type: PythonType
    column: Column
    bounds: Bounds
    default: ServerDefault | None
    is_key: bool
    nullable: bool
    assigned: bool
    generated: bool
    mapped: str
    read: str
    write: str
    alias_name: str
    alias: str
    comment: str

    @property
    def writable(self) -> bool:
        """Whether clients may give a value."""
        return not self.generated

    @property
    def required(self) -> bool:
        """Whether a new row needs a value from its client."""
        return self.writable and not self.nullable and self.default is None

    @property
    def initial(self) -> str:
        """What follows the type of the field in a request that makes a row."""
        if self.required:
            return ""
        return " = None" if self.nullable and self.default is None else " = omitted"

    @property
    def remarks(self) -> str:
        """What a reader of the API wants to know at a glance."""
        found = ["key"] if self.is_key else []
        if self.assigned:
            found.append("numbered by the database")
        elif self.generated:
            found.append("computed by the database")
        elif self.required:
            found.append("required")
        elif self.default is not None:
            found.append(f"default `{self.default.postgresql}`")
        if self.bounds.pattern:
            found.append(f"`{self.bounds.pattern}`")
        return ", ".join(found).replace("|", "\\|")

    @property
    def renamed(self) -> bool:
        """Whether JSON knows the column by another name than Python."""
        return self.field != self.attribute


def view_column(
    column: Column,
    names: ColumnNames,
    attribute: str,
    kind: PythonType,
    bounds: Bounds,
    *,
    in_key: bool,
    alone: bool,
    taken: frozenset[str] = frozenset(),
) -> ColumnView:
    """Return a column's view; `alone` says that it is the whole key."""
    nullable = column.nullable and not in_key and not _domain_not_null(column)
    default = server_default(column, kind)
    numbered = bool(column.identity or column.auto_increment or column.serial)
    generated = bool(column.generated) or numbered
    generated = generated or (kind.postgresql in PLAIN_READ_ONLY and (nullable or default is not None))
    field_type = _with_choices(kind, bounds)
    arguments = _field_arguments(kind, bounds)
    alias = f"Annotated[{field_type}, Field({', '.join(arguments)})]" if arguments else field_type
    if kind.item is not None:
        alias = _array_field(kind, kind.item)
    is_alias = alias != kind.field or "Literal[" in alias
    alias_name = _free_alias(pascal(names.field), taken) if is_alias else ""
    shared = alias == field_type and not generated  # the bounds of requests are not those of answers
    return ColumnView(
        name=column.name,
        field=names.field,
        attribute=attribute,
        label=names.label,
        type=kind,
        column=column,
        bounds=bounds,
        default=default,
        is_key=in_key,
        nullable=nullable,
        assigned=numbered,
        generated=generated,
        mapped=_mapped(
            column, attribute, kind, default, nullable=nullable, alone=alone, counted=numbered and not in_key
        ),
        read=_read(
            column, names.field, attribute, alias_name if is_alias and shared else field_type, nullable=nullable
        ),
        write=_renamed(
            names.field, attribute, _or_none(alias_name or _sent(kind, nullable=nullable), nullable=nullable)
        ),
        alias_name=alias_name,
        alias=alias,
        comment=one_line(column.comment or ""),
    )


def _free_alias(name: str, taken: frozenset[str]) -> str:
    """Return the name of a field's type, with `Value` behind where the module knows the plain one already."""
    return f"{name}Value" if name in taken or name in _OWN_NAMES else name


def _domain_not_null(column: Column) -> bool:
    domain = column.type.domain
    while domain is not None:
        if not domain.nullable:
            return True
        domain = domain.type.domain
    return False


def _sent(kind: PythonType, *, nullable: bool) -> str:
    """Return the type of a value in a request: any JSON at all, where it must be there, is any but null."""
    return "NotNull" if kind.field == "Any" and not nullable else kind.field


def _array_field(kind: PythonType, item: PythonType) -> str:
    """Return the type of an array whose items have bounds of their own; PostgreSQL would cut them without a word."""
    arguments = _field_arguments(item, Bounds(max_length=item.max_length))
    inner = f"Annotated[{item.field}, Field({', '.join(arguments)})]" if arguments else item.field
    lists = kind.field.count("list[")
    return "list[" * lists + inner + "]" * lists


def _or_none(source: str, *, nullable: bool) -> str:
    return f"{source} | None" if nullable and source != "Any" else source


def _renamed(field: str, attribute: str, source: str) -> str:
    """Return the type of a field whose JSON name Python cannot use."""
    return source if field == attribute else f"Annotated[{source}, Field(alias={literal(field)})]"


def _read(column: Column, field: str, attribute: str, field_type: str, *, nullable: bool) -> str:
    arguments = []
    if field != attribute:
        arguments.append(f"serialization_alias={literal(field)}")
    if column.comment:
        arguments.append(f"description={literal(one_line(column.comment))}")
    source = _or_none(field_type, nullable=nullable)
    return f"Annotated[{source}, Field({', '.join(arguments)})]" if arguments else source


def _with_choices(kind: PythonType, bounds: Bounds) -> str:
    if bounds.choices is None:
        return kind.field
    return f"Literal[{', '.join(literal(choice) for choice in bounds.choices)}]"


def _field_arguments(kind: PythonType, bounds: Bounds) -> list[str]:
    """Return what `Field()` has to say of a value."""
    if bounds.choices is not None or kind.values:
        return []
    if kind.category == "array":
        return []
    found: list[str] = []
    if kind.category == "decimal" and kind.digits is not None:
        found += [f"max_digits={kind.digits}", f"decimal_places={kind.places or 0}"]
    if kind.category in _OWN_BOUNDS:
        found += [f"{name}={_number(value)}" for name, value in sorted(bounds.numbers.items())]
    if bounds.min_length is not None:
        found.append(f"min_length={bounds.min_length}")
    if bounds.max_length is not None:
        found.append(f"max_length={bounds.max_length}")
    if bounds.pattern is not None:
        found.append(f"pattern={raw_literal(bounds.pattern)}")
    return found


def raw_literal(text: str) -> str:
    """Return a pattern as a raw string where that reads better."""
    if "\\" in text and '"' not in text and not text.endswith("\\") and "\n" not in text:
        return f'r"{text}"'
    return literal(text)


def _number(value: Decimal) -> str:
    return str(int(value)) if value == value.to_integral_value() else f'Decimal("{value}")'


def _mapped(
    column: Column,
    attribute: str,
    kind: PythonType,
    default: ServerDefault | None,
    *,
    nullable: bool,
    alone: bool,
    counted: bool,
) -> str:
    """Return the column's line in its model; `counted` says that it is counted up and no key, as SQLite counts none."""
    optional = f"{kind.annotation} | None" if nullable and kind.annotation != "Any" else kind.annotation
    arguments: list[str] = []
    if column.name != attribute:
        arguments.append(literal(column.name))
    arguments.append(kind.column)
    if column.identity:
        arguments.append(f"sa.Identity(always={column.identity == 'always'})")
    elif column.generated:
        arguments.append(_computed(column.generated))
    elif (column.serial or column.auto_increment) and not alone:
        arguments.append("server_default=sa.FetchedValue()")
    if default is not None and not column.identity:
        arguments.append(f"server_default={default.source}")
        if default.python:
            arguments.append(f"default={default.python}")
    if kind.category in ("timestamp", "local_timestamp") and column.name in _CHANGED and default is not None:
        arguments.append("onupdate=utc_now" if kind.category == "timestamp" else "onupdate=sa.func.now()")
    if kind.annotation == "Any" and nullable:  # which the annotation does not tell
        arguments.append("nullable=True")
    arguments += _remarks(column, counted=counted)
    return f"{attribute}: Mapped[{optional}] = mapped_column({', '.join(arguments)})"


def _remarks(column: Column, *, counted: bool) -> list[str]:
    """Return what a column's line says beyond its type."""
    found = [f"comment={literal(one_line(column.comment))}"] if column.comment else []
    info: dict[str, Any] = {"domain": column.type.domain.name.name} if column.type.domain is not None else {}
    info |= {"counted": True} if counted else {}
    return [*found, f"info={literal(info)}"] if info else found


def _computed(generated: Generated) -> str:
    text = generated.text
    if plain_sql(text) is None:  # SQLite has no such function: it keeps an empty column
        return "sa.FetchedValue(), server_onupdate=sa.FetchedValue()"
    return f"sa.Computed({literal(text)}, persisted={generated.kind == 'stored'})"
