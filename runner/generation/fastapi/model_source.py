"""The `__table_args__` of a model: every constraint and index of its table, as SQLAlchemy source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.generation.fastapi.python_types import flat_name, outside
from runner.generation.fastapi.sqlite_sql import plain_sql, sqlite_sql
from runner.generation.fastapi.table_view import TableView, is_sound
from runner.generation.source_text import literal, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.ddl.model import Check, ForeignKey, Index, IndexPart, Key
    from runner.generation.fastapi.model_columns import ColumnView

_TYPES_KEPT = ("btree", None)


def table_arguments(view: TableView) -> tuple[str, ...]:
    """Return one source line for each constraint and index, and one for the table's own options."""
    lines: list[str] = []
    if view.constraints.primary_key:
        name, key = view.constraints.primary_key
        lines.append(f"sa.PrimaryKeyConstraint({_columns(key.columns)}, name={literal(name)})")
    lines += [_unique(name, key) for name, key in view.constraints.unique.items()]
    lines += [
        _foreign_key(view, name, key)
        for name, key in view.constraints.foreign_keys.items()
        if is_sound(view.schema, key)
    ]
    lines += [_check(view, name, check) for name, check in view.constraints.checks.items()]
    lines += [_index(name, index) for name, index in view.constraints.indexes.items()]
    options = []
    if view.database_schema:
        options.append(f'"schema": {literal(view.database_schema)}')
    if view.table.comment:
        options.append(f'"comment": {literal(one_line(view.table.comment))}')
    if options:
        lines.append(f"{{{', '.join(options)}}}")
    return tuple(lines)


def _columns(names: Iterable[str]) -> str:
    return ", ".join(literal(name) for name in names)


def _unique(name: str, key: Key) -> str:
    more = "" if key.nulls_distinct else ", postgresql_nulls_not_distinct=True"
    return f"sa.UniqueConstraint({_columns(key.columns)}, name={literal(name)}{_deferred(key)}{more})"


def _deferred(constraint: Key | ForeignKey) -> str:
    if not constraint.deferrable:
        return ""
    return f', deferrable=True, initially="{"DEFERRED" if constraint.initially_deferred else "IMMEDIATE"}"'


def _foreign_key(view: TableView, name: str, key: ForeignKey) -> str:
    target = flat_name(outside(key.references, view.home), key.references.name)
    targets = [f"{target}.{column}" for column in key.target_columns]
    more = "".join(
        f", {option}={literal(action)}"
        for option, action in (("ondelete", key.on_delete), ("onupdate", key.on_update))
        if action != "NO ACTION"
    )
    order = view.schema.positions
    if order[key.references] > order[view.table.name]:
        more += ", use_alter=True"
    return (
        f"sa.ForeignKeyConstraint([{_columns(key.columns)}], [{_columns(targets)}], "
        f"name={literal(name)}{more}{_deferred(key)})"
    )


def _check(view: TableView, name: str, check: Check) -> str:
    made = f"sa.CheckConstraint({literal(_sql(check.text))}, name={literal(name)})"
    types = {name: column.type for name, column in view.columns.items()}
    portable = check.expression is not None and sqlite_sql(check.expression, types) is not None
    return made if portable and plain_sql(check.text) == check.text else f"postgresql_only({made})"


def _sql(text: str) -> str:
    """Return SQL in which SQLAlchemy sees no parameter."""
    return one_line(text).replace("\\", "\\\\").replace(":", "\\:")


def _index(name: str, index: Index) -> str:
    parts = ", ".join(_part(part) for part in index.parts)
    options = [", unique=True"] if index.unique else []
    if index.where:
        options.append(f", postgresql_where=sa.text({literal(_sql(index.where))})")
        options.append(f", sqlite_where=sa.text({literal(_sql(plain_sql(index.where) or index.where))})")
    if index.method not in _TYPES_KEPT:
        options.append(f", postgresql_using={literal(index.method)}")
    classes = {part.column: part.operator_class for part in index.parts if part.column and part.operator_class}
    if classes:
        options.append(f", postgresql_ops={literal(classes)}")
    if index.include:
        options.append(f", postgresql_include=[{_columns(index.include)}]")
    if not index.nulls_distinct:
        options.append(", postgresql_nulls_not_distinct=True")
    made = f"sa.Index({literal(name)}, {parts}{''.join(options)})"
    return made if is_portable(index) and _reads_alike(index) else f"postgresql_only({made})"


def _reads_alike(index: Index) -> bool:
    """Whether both databases take an index in the same words."""
    return not any(
        part.nulls or (part.expression and part.expression != plain_sql(part.expression)) for part in index.parts
    )


def is_portable(index: Index) -> bool:
    """Whether SQLite can have this index."""
    texts = [part.expression for part in index.parts if part.expression] + ([index.where] if index.where else [])
    plain = all(plain_sql(text) is not None for text in texts)
    return plain and index.method in _TYPES_KEPT and not any(part.operator_class for part in index.parts)


def _part(part: IndexPart) -> str:
    if part.column and not part.descending and not part.nulls:
        return literal(part.column)
    text = f'"{part.column}"' if part.column and not part.column.islower() else part.column or f"({part.expression})"
    if part.expression and part.expression.rstrip().endswith(")") and part.expression[:1].isalpha():
        text = part.expression
    text += " DESC" if part.descending else ""
    text += f" NULLS {part.nulls.upper()}" if part.nulls else ""
    return f"sa.text({literal(_sql(text))})"


def identity_source(columns: Iterable[ColumnView]) -> str:
    """Return the attributes that tell rows apart, as a tuple's source."""
    names = [column.attribute for column in columns]
    return f"({', '.join(names)},)" if len(names) == 1 else f"({', '.join(names)})"
