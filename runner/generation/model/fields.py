"""The fields of a table: its columns as an application presents them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from runner.ddl.model import Column
from runner.generation.model.checks import Bounds, SortedChecks
from runner.generation.model.defaults import FieldDefault, field_default
from runner.generation.model.field_types import FieldType
from runner.generation.model.naming import human
from runner.generation.model.prose import one_line

_MAINTAINED = frozenset({"tsvector"})  # native types whose values the database works out itself


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """A column as an application presents it.

    `name` is the field's in JSON, URLs and forms, unique in its table; `column` is the DDL's own record. `nullable`
    takes the primary key and domains into account. `is_numbered` fields are counted up by the database,
    `is_read_only` ones get their value from it alone: they are numbered, computed or maintained by it. A field that
    `is_secret` is written by clients and never read by them; of one that `is_hashed` the hash is stored. An array of a
    domain with checks has the field that each `item` of it is; `item_checks` are those that no bounds express.
    """

    name: str
    label: str
    column: Column
    type: FieldType
    bounds: Bounds
    default: FieldDefault | None
    nullable: bool
    is_key: bool
    is_numbered: bool
    is_read_only: bool
    is_secret: bool = False
    is_hashed: bool = False
    item: Field | None = None
    item_checks: tuple[str, ...] = ()

    @property
    def writable(self) -> bool:
        """Whether clients may give a value."""
        return not self.is_read_only

    @property
    def required(self) -> bool:
        """Whether a new row needs a value from its client."""
        return self.writable and not self.nullable and self.default is None

    @property
    def comment(self) -> str:
        """The DDL's comment on the column, on one line; empty without one."""
        return one_line(self.column.comment or "")


def make_field(
    column: Column, name: str, type_: FieldType, bounds: Bounds, *, is_key: bool, items: SortedChecks | None = None
) -> Field:
    """Return the field of a column by this name; `is_key` is whether it is part of the primary key.

    `items` are the checks on items of an array, sorted as those of a table with the column `item_of`.
    """
    nullable = column.nullable and not is_key and not domain_rejects_null(column)
    default = field_default(column, type_)
    numbered = bool(column.identity or column.auto_increment or column.serial)
    maintained = type_.kind == "native" and type_.name in _MAINTAINED and type_.domain is None
    return Field(
        name=name,
        label=human(column.name),
        column=column,
        type=type_,
        bounds=bounds,
        default=default,
        nullable=nullable,
        is_key=is_key,
        is_numbered=numbered,
        is_read_only=bool(column.generated or column.system_time)
        or numbered
        or (maintained and (nullable or default is not None)),
        item=_item(column, name, type_.item, items),
        item_checks=(*items.database_only, *(rule.name for rule in items.rules)) if items else (),
    )


def _item(column: Column, name: str, type_: FieldType | None, checks: SortedChecks | None) -> Field | None:
    if type_ is None or checks is None:
        return None
    return make_field(item_of(column), name, type_, checks.bounds[column.name], is_key=False)


def item_of(column: Column) -> Column:
    """Return the column that an item of an array is by itself."""
    return replace(column, type=replace(column.type, dimensions=0), default=None)


def domain_rejects_null(column: Column) -> bool:
    """Whether the column's domain, or one that it is made of, is NOT NULL; that of an array's items says nothing."""
    domain = None if column.type.dimensions else column.type.domain
    while domain is not None:
        if not domain.nullable:
            return True
        domain = domain.type.domain
    return False
