"""Changes that affect all parts of a table: a column, a constraint or an index renamed or dropped by its name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runner.ddl.syntax.expressions import parse_expression
from runner.ddl.syntax.tokens import Token, name_value, tokens_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.ddl.catalog.catalog import Catalog, TableDraft
    from runner.ddl.model import Check, ForeignKey, IndexPart, Key


def default_constraint_name(table: TableDraft, part: Key | ForeignKey | Check, suffix: str) -> str:
    """Return the name that PostgreSQL gives to an unnamed constraint, provided that it is still free."""
    columns: Sequence[str] = () if suffix == "pkey" else part.columns
    if suffix == "check" and len(columns) != 1:
        columns = ()
    return "_".join((table.name.name, *columns, suffix))


def rename_column(catalog: Catalog, table: TableDraft, old: str, new: str) -> None:
    """Rename a column wherever it is named: in keys, references of any table, checks, indexes and computed columns."""

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
    table.indexes = [
        replace(
            index,
            parts=tuple(_part_renamed(catalog, part, old, new) for part in index.parts),
            include=renamed(index.include),
            where=index.where and _text_renamed(catalog, index.where, old, new),
        )
        for index in table.indexes
    ]
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
    table.indexes = [index for index in table.indexes if name not in index.columns]


def rename_constraint(table: TableDraft, old: str, new: str) -> bool:
    """Rename the constraint that has this name, given or default; return whether there was one."""
    for place, key in enumerate(table.foreign_keys):
        if old == _name(table, key, "fkey"):
            table.foreign_keys[place] = replace(key, name=new)
            return True
    for place, check in enumerate(table.checks):
        if old == _name(table, check, "check"):
            table.checks[place] = replace(check, name=new)
            return True
    return _rename_key(table, old, new)


def rename_index(table: TableDraft, old: str, new: str) -> bool:
    """Rename the index that has this name, including that of a key; return whether there was one."""
    for place, index in enumerate(table.indexes):
        columns = [column or "expr" for column in index.columns]
        if old == (index.name or "_".join((table.name.name, *columns, "idx"))):
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
