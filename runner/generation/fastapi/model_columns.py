"""A field in the sources of a backend: its line in the model, its types in the schemas, and the parts of both."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from runner.generation.encoders.python_text import literal
from runner.generation.fastapi.generated_names import imported, source
from runner.generation.fastapi.python_rules import constant_source
from runner.generation.fastapi.python_types import PythonType, array_of, checked_native
from runner.generation.fastapi.server_defaults import ServerDefault, server_default
from runner.generation.fastapi.sqlite_names import name_source
from runner.generation.fastapi.translation import Database, TableSql
from runner.generation.fragments import Fragment, join
from runner.generation.model.checks import Bounds
from runner.generation.model.fields import Field
from runner.generation.model.naming import is_python_name, pascal, word_set

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.ddl.model import Generated
    from runner.generation.model.field_types import FieldType

_UPDATED = frozenset({"updated_at", "modified_at", "last_update", "last_updated", "last_modified", "updated_on"})
# What `schemas.py` imports.
_IMPORTED = word_set(
    """Annotated Any Array Body Bytes Cidr ConfigDict Date Decimal Exact ExactDecimal Field Inet InetItem Int16 Int32
    Int64 Interval Literal LocalTimestamp MacAddr MacAddr8 Native NotNull Number Row Rule Span Time Timestamp UUID bits
    padded"""
)
_MOST_SQL = 200  # characters of expressions in a model
_BOUNDED = frozenset({"text", "integer", "number", "decimal"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelColumn:
    """A field as the model and the schemas of a backend have it.

    `mapped` is its whole line in the model: `attribute: Mapped[annotation] = mapped_column(*arguments)`. `type` has the
    type in each layer, `default` what the database fills in. `read` is its type in responses, `write` in requests;
    where that has bounds it is a name of its own, `alias_name`, which stands for `alias`.
    """

    field: Field
    attribute: str
    type: PythonType
    default: ServerDefault | None
    annotation: Fragment
    arguments: tuple[Fragment, ...]
    read: Fragment
    write: Fragment
    alias_name: str
    alias: Fragment

    @property
    def name(self) -> str:
        """The column's name in the database."""
        return self.field.column.name

    @property
    def nullable(self) -> bool:
        """Whether it can be null."""
        return self.field.nullable

    @property
    def comment(self) -> str:
        """The DDL's comment on the column, on one line."""
        return self.field.comment

    @property
    def mapped(self) -> Fragment:
        """The column's line in its model."""
        form = "{}: Mapped[{}] = mapped_column({})"
        return source(form, self.attribute, self.annotation, join(self.arguments), uses="Mapped mapped_column")

    @property
    def initial(self) -> Fragment:
        """What follows the type of the field in a request that makes a row."""
        if self.field.required:
            return Fragment("")
        if self.nullable and self.default is None:
            return Fragment(" = None")
        return source(" = omitted", uses="omitted")


def model_column(
    field: Field,
    attribute: str,
    type_: PythonType,
    *,
    sql: TableSql,
    is_whole_key: bool,
    taken: frozenset[str],
    alias_module: str,
) -> ModelColumn:
    """Return a field as a backend has it.

    `sql` translates the table's expressions, `is_whole_key` is whether it alone is the primary key, `taken` are the
    names of classes that an alias must not have, and `alias_module` is where aliases are imported from, empty where
    they are in the module that uses them.
    """
    default = server_default(field.default, field.type, sql) if field.default is not None else None
    plain = _with_choices(field, type_)
    alias = _alias(field, plain, type_)
    is_imported = alias.text.isidentifier()  # a type of `app.core`, which needs no name of its own
    is_alias = not is_imported and (alias.text != type_.schema.text or "Literal[" in alias.text)
    alias_name = _alias_name(field, attribute, taken) if is_alias else ""
    named = imported(alias_name, alias_module) if alias_module else Fragment(alias_name)
    shared = is_alias and alias.text == plain.text and not field.is_read_only  # responses have no bounds
    sent = alias if is_imported else type_.schema
    if sent.text == "Any" and not field.nullable:
        sent = source("NotNull", uses="NotNull")
    return ModelColumn(
        field=field,
        attribute=attribute,
        type=type_,
        default=default,
        annotation=_optional(type_.annotation, nullable=field.nullable),
        arguments=tuple(_arguments(field, attribute, type_, default, sql, is_whole_key=is_whole_key)),
        read=_read(field, attribute, named if shared else plain),
        write=_renamed(field, attribute, _optional(named if is_alias else sent, nullable=field.nullable)),
        alias_name=alias_name,
        alias=alias,
    )


# -------------------------------------------------------------------------------------------------------------- schemas


def _alias_name(field: Field, attribute: str, taken: frozenset[str]) -> str:
    """Return the name of a field's type, with `Value` after it where the module knows the plain one already."""
    name = pascal(field.name)
    is_known = name in taken or name in _IMPORTED or name == attribute
    return f"{name}Value" if is_known or not is_python_name(name) else name


def _alias(field: Field, plain: Fragment, type_: PythonType) -> Fragment:
    """Return the type of a field in requests, with its bounds."""
    item = field.type.item
    if item is None or type_.item is None:
        return checked_native(field.type) or _bounded(plain, field.type, field.bounds)
    if item.kind == "json":
        return type_.schema
    if field.item is not None:
        bounds, plain = field.item.bounds, _with_choices(field.item, type_.item)
    else:  # PostgreSQL would cut longer items without an error
        bounds, plain = Bounds(max_length=item.max_length), type_.item.schema
    return array_of(checked_native(item, in_array=True) or _bounded(plain, item, bounds))


def _bounded(schema: Fragment, type_: FieldType, bounds: Bounds) -> Fragment:
    """Return the type of a value in requests, with its bounds."""
    arguments = _bounds(type_, bounds)
    if type_.kind == "bytes" and type_.is_padded:
        form = "Annotated[Bytes, Field({}), padded({})]"
        return source(form, join(arguments), str(type_.max_length), uses="Annotated Bytes Field padded")
    if type_.kind != "decimal" or bounds.choices is not None:
        return _annotated(schema, arguments)
    if not arguments:
        return schema
    return source("Annotated[Decimal, Field({}), Exact]", join(arguments), uses="Annotated Decimal Exact Field")


def _annotated(type_: Fragment, arguments: list[Fragment]) -> Fragment:
    """Return a type with arguments of Pydantic's `Field`, if there are any."""
    if not arguments:
        return type_
    return source("Annotated[{}, Field({})]", type_, join(arguments), uses="Annotated Field")


def _optional(type_: Fragment, *, nullable: bool) -> Fragment:
    return source("{} | None", type_) if nullable and type_.text != "Any" else type_


def _renamed(field: Field, attribute: str, type_: Fragment) -> Fragment:
    """Return the type of a field in requests; its name in JSON is an alias where Python cannot use it."""
    return _annotated(type_, [] if field.name == attribute else [Fragment(f"alias={literal(field.name)}")])


def _read(field: Field, attribute: str, type_: Fragment) -> Fragment:
    arguments = []
    if field.name != attribute:
        arguments.append(Fragment(f"serialization_alias={literal(field.name)}"))
    if field.column.comment:
        arguments.append(Fragment(f"description={literal(field.comment)}"))
    return _annotated(_optional(type_, nullable=field.nullable), arguments)


def _with_choices(field: Field, type_: PythonType) -> Fragment:
    if field.bounds.choices is None:
        return type_.schema
    return source("Literal[{}]", ", ".join(literal(choice) for choice in field.bounds.choices), uses="Literal")


def _bounds(type_: FieldType, bounds: Bounds) -> list[Fragment]:
    """Return the arguments of `Field` that bound a value."""
    if bounds.choices is not None or type_.values or type_.kind == "array":
        return []
    found: list[Fragment] = []
    if type_.kind == "decimal" and type_.digits is not None:
        found += _digits(type_.digits, type_.places or 0, bounds)
    if type_.kind in _BOUNDED:
        found += [source("{}={}", name, constant_source(value)) for name, value in sorted(bounds.numbers.items())]
    lengths = {"min_length": bounds.min_length, "max_length": bounds.max_length}
    found += [Fragment(f"{name}={length}") for name, length in lengths.items() if length is not None]
    if bounds.pattern is not None:
        found.append(Fragment(f"pattern={_raw_literal(bounds.pattern)}"))
    return found


def _digits(digits: int, places: int, bounds: Bounds) -> Iterator[Fragment]:
    """Yield what bounds the digits of a decimal. With more places than digits, or less than none, it is the value."""
    if 0 <= places <= digits:
        yield Fragment(f"max_digits={digits}")
    elif not bounds.numbers:
        limit = constant_source(Decimal(10) ** (digits - places))
        yield from (source("gt=-{}", limit), source("lt={}", limit))
    if places >= 0:
        yield Fragment(f"decimal_places={places}")


def _raw_literal(text: str) -> str:
    """Return a pattern as a raw string where that is easier to read."""
    if "\\" in text and '"' not in text and not text.endswith("\\") and "\n" not in text:
        return f'r"{text}"'
    return literal(text)


# ---------------------------------------------------------------------------------------------------------------- model


def _arguments(
    field: Field,
    attribute: str,
    type_: PythonType,
    default: ServerDefault | None,
    sql: TableSql,
    *,
    is_whole_key: bool,
) -> list[Fragment]:
    """Return the arguments of `mapped_column()`."""
    column = field.column
    sqlite = sql.sqlite_name(column.name)
    found = [Fragment(literal(column.name))] if column.name != attribute else []
    if sqlite != column.name:
        found = [name_source(column.name, sqlite)]
    found.append(type_.column)
    if column.identity:
        found.append(source("sa.Identity(always={})", str(column.identity == "always"), uses="sa"))
    elif column.generated:
        found.append(_computed(field, column.generated, sql))
    elif (column.serial or column.auto_increment) and not is_whole_key:
        found.append(source("server_default=sa.FetchedValue()", uses="sa"))
    if default is not None:
        found.append(source("server_default={}", default.source))
        if default.python:
            found.append(source("default={}", default.python))
    if default is not None or column.on_update:
        found += _on_update(field)
    if type_.annotation.text == "Any" and field.nullable:  # which the annotation does not show
        found.append(Fragment("nullable=True"))
    if sqlite != column.name:  # by which constraints refer to it on both databases
        found.append(Fragment(f"key={literal(column.name)}"))
    return found + _remarks(field)


def _on_update(field: Field) -> list[Fragment]:
    by_name = field.column.name in _UPDATED and field.default is not None and field.default.kind == "now"
    if not field.column.on_update and not by_name:
        return []
    if field.type.kind == "timestamp":
        return [source("onupdate=utc_now", uses="utc_now")]
    return [source("onupdate=now_default", uses="now_default")] if field.type.kind == "local_timestamp" else []


def _remarks(field: Field) -> list[Fragment]:
    """Return comment and info of a column. SQLite numbers only keys; the application numbers `counted` columns."""
    column = field.column
    found = [Fragment(f"comment={literal(field.comment)}")] if column.comment else []
    info: dict[str, Any] = {"domain": column.type.domain.name.name} if column.type.domain is not None else {}
    info |= {"counted": True} if field.is_numbered and not field.is_key else {}
    return [*found, Fragment(f"info={literal(info)}")] if info else found


def _computed(field: Field, generated: Generated, sql: TableSql) -> Fragment:
    """Return what marks a computed column; where one database cannot compute it, that keeps an empty column.

    Expressions that are long and differ are in the migration only.
    """
    postgresql, sqlite = (sql.generated(field.column, target) for target in Database)
    if postgresql is None or sqlite is None or (postgresql != sqlite and len(postgresql + sqlite) > _MOST_SQL):
        return source("sa.FetchedValue(), server_onupdate=sa.FetchedValue()", uses="sa")
    persisted = str(generated.kind == "stored")
    if postgresql == sqlite:
        return source("sa.Computed({}, persisted={})", literal(sqlite), persisted, uses="sa")
    form = "sa.Computed(ByDialect(postgresql={}, sqlite={}), persisted={})"
    return source(form, literal(postgresql), literal(sqlite), persisted, uses="sa ByDialect")
