"""The `__table_args__` of a model: every constraint and index of its table, as SQLAlchemy source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.generation.encoders.python_text import literal
from runner.generation.encoders.sql_text import quote
from runner.generation.fastapi.generated_names import source
from runner.generation.fastapi.sqlite_names import target_source
from runner.generation.fastapi.sqlite_sql import plain_sql, sqlite_sql
from runner.generation.fragments import Fragment, join
from runner.generation.model.prose import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.ddl.model import Check, ForeignKey, Index, IndexPart, Key
    from runner.generation.fastapi.resources import Resource

_TYPES_KEPT = ("btree", None)


def table_arguments(resource: Resource) -> tuple[Fragment, ...]:
    """Return a fragment for each constraint and index, and one for the table's own options."""
    named = resource.table.constraints
    found: list[Fragment] = []
    if named.primary_key:
        name, key = named.primary_key
        found.append(_made(f"PrimaryKeyConstraint({_columns(key.columns)}, name={literal(name)})"))
    found += [_unique(name, key) for name, key in named.unique.items()]
    found += [_foreign_key(resource, name, key) for name, key in resource.table.foreign_keys.items()]
    found += [_check(resource, name, check) for name, check in named.checks.items()]
    found += [_index(name, index) for name, index in named.indexes.items()]
    options = []
    if resource.database_schema:
        options.append(f'"schema": {literal(resource.database_schema)}')
    if resource.table.ddl.comment:
        options.append(f'"comment": {literal(one_line(resource.table.ddl.comment))}')
    return (*found, Fragment(f"{{{', '.join(options)}}}")) if options else tuple(found)


def _made(call: Fragment | str, *, portable: bool = True) -> Fragment:
    """Return a call of SQLAlchemy; what is not portable is for PostgreSQL alone."""
    made = source("sa.{}", call, uses="sa")
    return made if portable else source("postgresql_only({})", made, uses="postgresql_only")


def _columns(names: Iterable[str]) -> str:
    return ", ".join(literal(name) for name in names)


def _unique(name: str, key: Key) -> Fragment:
    more = "" if key.nulls_distinct else ", postgresql_nulls_not_distinct=True"
    return _made(f"UniqueConstraint({_columns(key.columns)}, name={literal(name)}{_deferred(key)}{more})")


def _deferred(constraint: Key | ForeignKey) -> str:
    if not constraint.deferrable:
        return ""
    return f', deferrable=True, initially="{"DEFERRED" if constraint.initially_deferred else "IMMEDIATE"}"'


def _foreign_key(resource: Resource, name: str, key: ForeignKey) -> Fragment:
    targets = join(target_source(resource.application, key.references, column) for column in key.target_columns)
    more = "".join(
        f", {option}={literal(action)}"
        for option, action in (("ondelete", key.on_delete), ("onupdate", key.on_update))
        if action != "NO ACTION"
    )
    positions = resource.application.schema.positions
    if positions[key.references] > positions[resource.table.ddl.name]:
        more += ", use_alter=True"
    call = source("ForeignKeyConstraint([{}], [{}], name={}{}{})", _columns(key.columns), targets, literal(name), more,
                  _deferred(key))  # fmt: skip
    return _made(call)


def _check(resource: Resource, name: str, check: Check) -> Fragment:
    types = {name: field.type for name, field in resource.table.fields.items()}
    portable = check.expression is not None and sqlite_sql(check.expression, types) is not None
    made = f"CheckConstraint({literal(_sql(check.text))}, name={literal(name)})"
    return _made(made, portable=portable and plain_sql(check.text) == check.text)


def _sql(text: str) -> str:
    """Return SQL in which SQLAlchemy finds no parameter."""
    return one_line(text).replace("\\", "\\\\").replace(":", "\\:")


def _index(name: str, index: Index) -> Fragment:
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
    portable = is_portable(index) and _reads_alike(index)
    return _made(f"Index({literal(name)}, {parts}{''.join(options)})", portable=portable)


def _reads_alike(index: Index) -> bool:
    """Whether both databases accept the same SQL for an index."""
    return not any(
        part.nulls or (part.expression and part.expression != plain_sql(part.expression)) for part in index.parts
    )


def is_portable(index: Index) -> bool:
    """Whether SQLite supports this index."""
    texts = [part.expression for part in index.parts if part.expression] + ([index.where] if index.where else [])
    plain = all(plain_sql(text) is not None for text in texts)
    return plain and index.method in _TYPES_KEPT and not any(part.operator_class for part in index.parts)


def _part(part: IndexPart) -> str:
    if part.column and not part.descending and not part.nulls:
        return literal(part.column)
    text = quote(part.column) if part.column else f"({part.expression})"
    if part.expression and part.expression.rstrip().endswith(")") and part.expression[:1].isalpha():
        text = part.expression
    text += " DESC" if part.descending else ""
    text += f" NULLS {part.nulls.upper()}" if part.nulls else ""
    return f"sa.text({literal(_sql(text))})"
