"""Changes that affect all parts of a table: a column, a constraint or an index renamed or dropped by its name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from runner.ddl.catalog.default_names import index_columns, object_name
from runner.ddl.catalog.inheritance import renamed_exclusion
from runner.ddl.model import Check, ForeignKey, Key
from runner.ddl.syntax.expressions import parse_expression
from runner.ddl.syntax.tokens import Token, name_value, tokens_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.ddl.catalog.catalog import Catalog, TableDraft
    from runner.ddl.model import Exclusion, Index, IndexPart
    from runner.ddl.syntax.table_body import ColumnDraft


_Constraint = TypeVar("_Constraint", Key, ForeignKey, Check)


def default_constraint_name(table: TableDraft, part: Key | ForeignKey | Check, suffix: str) -> str:
    """Return the name that PostgreSQL gives to an unnamed constraint, provided that it is still free."""
    columns: Sequence[str] = () if suffix == "pkey" else part.columns
    if suffix == "check" and len(columns) != 1:
        columns = ()
    return object_name(table.name.name, "_".join(columns), suffix)


def keep_default_names(table: TableDraft) -> None:
    """Give every unnamed constraint and index the name that it got when it was made; a later rename does not change it.

    Of several that would get one name only the first does.
    """
    taken = {part.name for part in (table.primary_key, *table.unique, *table.foreign_keys, *table.checks) if part}
    taken |= {index.name for index in (*table.indexes, *(exclusion.index for exclusion in table.exclusions))}

    def named(part: _Constraint, suffix: str) -> _Constraint:
        name = default_constraint_name(table, part, suffix)
        if part.name or name in taken:
            return part
        taken.add(name)
        return replace(part, name=name)

    table.primary_key = table.primary_key and named(table.primary_key, "pkey")
    table.unique = [named(key, "key") for key in table.unique]
    table.foreign_keys = [named(key, "fkey") for key in table.foreign_keys]
    table.checks = [named(check, "check") for check in table.checks]
    table.exclusions = [
        renamed_exclusion(one, _index_name(table, one.index, "excl", taken)) for one in table.exclusions
    ]
    table.indexes = [replace(index, name=_index_name(table, index, "idx", taken)) for index in table.indexes]


def _index_name(table: TableDraft, index: Index, suffix: str, taken: set[str | None]) -> str | None:
    """Return the name of an index; one that has none gets its default name, if that is free."""
    name = object_name(table.name.name, index_columns(index.parts), suffix)
    if index.name or name in taken:
        return index.name
    taken.add(name)
    return name


def rename_column(catalog: Catalog, table: TableDraft, old: str, new: str) -> None:
    """Rename a column wherever it is named: in keys, references of any table, checks, indexes and computed columns."""
    if catalog.dialect.has_inheritance:
        keep_default_names(table)

    def renamed(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(new if name == old else name for name in names)

    column = table.column(old)
    if column is not None:
        column.name = new
        column.former = (*column.former, old)
    if table.primary_key:
        table.primary_key = replace(table.primary_key, columns=renamed(table.primary_key.columns))
    table.unique = [replace(key, columns=renamed(key.columns)) for key in table.unique]
    table.foreign_keys = [replace(key, columns=renamed(key.columns)) for key in table.foreign_keys]
    table.checks = [_check_renamed(catalog, check, old, new) for check in table.checks]
    table.exclusions = [
        replace(exclusion, index=_index_renamed(catalog, exclusion.index, old, new)) for exclusion in table.exclusions
    ]
    table.indexes = [_index_renamed(catalog, index, old, new) for index in table.indexes]
    for computed in table.columns:
        if computed.generated:
            text = _text_renamed(catalog, computed.generated.text, old, new)
            computed.generated = replace(computed.generated, text=text)
    for other in catalog.tables.values():
        other.foreign_keys = [
            replace(key, target_columns=renamed(key.target_columns)) if key.references == table.name else key
            for key in other.foreign_keys
        ]


def _check_renamed(catalog: Catalog, check: Check, old: str, new: str) -> Check:
    if old not in check.columns:
        return check
    text = _text_renamed(catalog, check.text, old, new)
    expression, columns = parse_expression(text, catalog.dialect)
    return replace(check, text=text, columns=columns, expression=expression)


def _index_renamed(catalog: Catalog, index: Index, old: str, new: str) -> Index:
    return replace(
        index,
        parts=tuple(_part_renamed(catalog, part, old, new) for part in index.parts),
        include=tuple(new if name == old else name for name in index.include),
        where=index.where and _text_renamed(catalog, index.where, old, new),
    )


def _part_renamed(catalog: Catalog, part: IndexPart, old: str, new: str) -> IndexPart:
    if part.expression is not None:
        return replace(part, expression=_text_renamed(catalog, part.expression, old, new))
    return replace(part, column=new) if part.column == old else part


def _text_renamed(catalog: Catalog, text: str, old: str, new: str) -> str:
    """Return an expression in which a column has its new name."""
    parts: list[str] = []
    end = 0
    for token in tokens_of(text, catalog.dialect):
        parts.append(text[end : token.start])
        parts.append(new if _is_name(token, old, catalog) else token.text)
        end = token.end
    return "".join([*parts, text[end:]])


def _is_name(token: Token, name: str, catalog: Catalog) -> bool:
    return token.kind in {"word", "name"} and name_value(token, catalog.dialect) == name


def drop_column(table: TableDraft, name: str) -> None:
    """Drop a column, and with it every constraint and index that refers to it."""
    table.columns = [column for column in table.columns if column.name != name]
    if table.primary_key and name in table.primary_key.columns:
        table.primary_key = None
    table.unique = [key for key in table.unique if name not in key.columns]
    table.foreign_keys = [key for key in table.foreign_keys if name not in key.columns]
    table.checks = [check for check in table.checks if name not in check.columns]
    table.exclusions = [exclusion for exclusion in table.exclusions if name not in exclusion.columns]
    table.indexes = [index for index in table.indexes if name not in index.columns]


def rename_constraint(table: TableDraft, old: str, new: str) -> bool:
    """Rename the constraint that has this name, given or default; return whether there was one."""
    for place, key in enumerate(table.foreign_keys):
        if old == _name(table, key, "fkey"):
            table.foreign_keys[place] = replace(key, name=new)
            return True
    for column in table.columns:
        if not column.nullable and old == not_null_name(table, column):
            column.not_null_name = new
            return True
    for place, check in enumerate(table.checks):
        if old == _name(table, check, "check"):
            table.checks[place] = replace(check, name=new)
            return True
    for place, exclusion in enumerate(table.exclusions):
        if old == _exclusion_name(table, exclusion):
            table.exclusions[place] = renamed_exclusion(exclusion, new)
            return True
    return _rename_key(table, old, new)


def comment_constraint(table: TableDraft, name: str, comment: str | None) -> None:
    """Give a comment to the constraint that has this name, given or default."""

    def commented(part: _Constraint, suffix: str) -> _Constraint:
        return replace(part, comment=comment) if name == _name(table, part, suffix) else part

    table.primary_key = table.primary_key and commented(table.primary_key, "pkey")
    table.unique = [commented(key, "key") for key in table.unique]
    table.foreign_keys = [commented(key, "fkey") for key in table.foreign_keys]
    table.checks = [commented(check, "check") for check in table.checks]


def rename_index(table: TableDraft, old: str, new: str) -> bool:
    """Rename the index that has this name, including that of a key; return whether there was one."""
    for place, index in enumerate(table.indexes):
        if old == (index.name or object_name(table.name.name, index_columns(index.parts), "idx")):
            table.indexes[place] = replace(index, name=new)
            return True
    return _rename_key(table, old, new)


def _rename_key(table: TableDraft, old: str, new: str) -> bool:
    """Rename a key: its constraint and its index have one name."""
    if table.primary_key and old == _name(table, table.primary_key, "pkey"):
        table.primary_key = replace(table.primary_key, name=new)
        return True
    for place, key in enumerate(table.unique):
        if old == _name(table, key, "key"):
            table.unique[place] = replace(key, name=new)
            return True
    return False


def _exclusion_name(table: TableDraft, exclusion: Exclusion) -> str:
    return exclusion.name or object_name(table.name.name, index_columns(exclusion.index.parts), "excl")


def _name(table: TableDraft, part: Key | ForeignKey | Check, suffix: str) -> str:
    return part.name or default_constraint_name(table, part, suffix)


def drop_constraint(table: TableDraft, name: str) -> None:
    """Drop the constraint that has this name, given or default."""

    def stays(part: Key | ForeignKey | Check, suffix: str) -> bool:
        return name != _name(table, part, suffix)

    if table.primary_key and not stays(table.primary_key, "pkey"):
        table.primary_key = None
    table.unique = [key for key in table.unique if stays(key, "key")]
    table.foreign_keys = [key for key in table.foreign_keys if stays(key, "fkey")]
    table.checks = [check for check in table.checks if stays(check, "check")]
    table.exclusions = [one for one in table.exclusions if name != _exclusion_name(table, one)]
    for column in table.columns:
        if name == not_null_name(table, column) and column.name not in key_columns(table):
            column.nullable = True


def key_columns(table: TableDraft) -> tuple[str, ...]:
    """Return the columns of the primary key."""
    return table.primary_key.columns if table.primary_key else ()


def not_null_name(table: TableDraft, column: ColumnDraft) -> str:
    """Return the name of a column's NOT NULL, which PostgreSQL keeps as a constraint since version 18."""
    return column.not_null_name or object_name(table.name.name, column.name, "not_null")


def defer_constraint(
    table: TableDraft, name: str, *, deferrable: bool | None, initially_deferred: bool | None, enforced: bool
) -> bool:
    """Apply ALTER CONSTRAINT to a reference, None leaves as it is; return whether there was one of that name."""
    for place, key in enumerate(table.foreign_keys):
        if name == _name(table, key, "fkey"):
            if not enforced:
                del table.foreign_keys[place]
                return True
            deferred = key.initially_deferred if initially_deferred is None else initially_deferred
            can_be = (key.deferrable if deferrable is None else deferrable) or bool(initially_deferred)
            table.foreign_keys[place] = replace(key, deferrable=can_be, initially_deferred=deferred and can_be)
            return True
    return False
