"""Indexes that the DDL lacks: for its references, and for what lists are commonly sorted and filtered by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from runner.ddl.catalog.default_names import object_name
from runner.generation.model.field_types import MOMENTS
from runner.generation.model.labels import label_fields
from runner.records.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from runner.ddl.qualified_name import QName
    from runner.generation.model.application import Application
    from runner.generation.model.application_tables import ApplicationTable
    from runner.generation.model.fields import Field

IndexOption = Literal["suggest", "create", "none"]

_LONGEST = 255  # characters: PostgreSQL refuses rows with more than 2,704 bytes in a B-tree index


@dataclass(frozen=True, kw_only=True, slots=True)
class SuggestedIndex:
    """An index on columns of a table; `name` is the one that PostgreSQL would give it.

    It is for a reference, or for lists by its first column, `is_for_lists`.
    """

    name: str
    columns: tuple[str, ...]
    is_for_lists: bool


def index_option(options: Mapping[str, Any]) -> IndexOption:
    """Return the task's option `indexes`. Raises AgentError for an unknown one."""
    given: Any = options.get("indexes", "suggest")
    if given not in get_args(IndexOption):
        raise AgentError(f"option indexes: {given!r} is unknown; give {', '.join(get_args(IndexOption))}")
    option: IndexOption = given
    return option


def suggested_indexes(application: Application) -> Mapping[QName, tuple[SuggestedIndex, ...]]:
    """Return the indexes that each table lacks; tables that lack none, partitions and views are left out."""
    taken = relation_names(application)
    found = {}
    for table in application.tables:
        name = table.ddl.name
        lacking = () if table.ddl.partition_of or table.is_view else tuple(_lacking(table))
        if lacking:
            found[name] = tuple(
                SuggestedIndex(
                    name=free_name(name.name, "_".join(columns), taken[name.schema]),
                    columns=columns,
                    is_for_lists=is_for_lists,
                )
                for columns, is_for_lists in lacking
            )
    return found


def relation_names(application: Application) -> dict[str | None, set[str]]:
    """Return the names of tables, keys and indexes by schema; a new index may have none of them."""
    found: dict[str | None, set[str]] = {}
    for table in application.tables:
        named = table.constraints
        primary = named.primary_key[:1] if named.primary_key else ()
        found.setdefault(table.ddl.name.schema, set()).update(
            [table.ddl.name.name, *primary, *named.unique, *named.exclusions, *named.indexes]
        )
    return found


def free_name(table: str, columns: str, taken: set[str]) -> str:
    """Return the name that PostgreSQL would give an index, and add it to `taken`."""
    number = 0
    while (name := object_name(table, columns, f"idx{number or ''}")) in taken:
        number += 1
    taken.add(name)
    return name


def _lacking(table: ApplicationTable) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield the columns of each index that a table lacks, and whether it is for lists, whose tie-breaker is the key."""
    known = list(_known(table))
    key = tuple(field.column.name for field in table.key)
    wanted = {reference.columns: False for reference in table.foreign_keys.values()}
    labels = label_fields(table)
    for name, field in table.fields.items():
        if _is_sorted(field, is_label=field.name in labels) and name not in key and (name,) not in wanted:
            wanted[name, *key] = True
    for columns, is_for_lists in wanted.items():
        leading = 1 if is_for_lists else len(columns)
        if not any(set(columns[:leading]) == set(other[:leading]) for other in known):
            known.append(columns)
            yield columns, is_for_lists


def has_index(table: ApplicationTable, columns: Collection[str]) -> bool:
    """Whether an index of the DDL begins with these columns, in any order."""
    return any(set(columns) == set(other[: len(columns)]) for other in _known(table))


def _known(table: ApplicationTable) -> Iterator[tuple[str | None, ...]]:
    """Yield the columns of the B-tree indexes over all rows, in their order; None for an expression."""
    named = table.constraints
    if named.primary_key:
        yield named.primary_key[1].columns
    yield from (unique.columns for unique in named.unique.values())
    for index in named.indexes.values():
        if index.method in (None, "btree") and index.where is None:
            yield index.columns


def _is_sorted(field: Field, *, is_label: bool) -> bool:
    """Whether lists are commonly sorted or filtered by a field, and any of its values fits into an index."""
    if field.column.generated is not None and field.column.generated.kind == "virtual":
        return False
    if field.type.kind in MOMENTS or field.type.kind == "enum" or field.bounds.choices is not None:
        return True
    length = field.bounds.max_length or field.type.max_length
    return is_label and field.type.kind == "text" and length is not None and length <= _LONGEST
