"""The `__table_args__` of a model: every constraint and index of its table, as SQLAlchemy source."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runner.generation.encoders.python_text import literal, sqlalchemy_text
from runner.generation.encoders.sql_text import quote
from runner.generation.fastapi.generated_names import source
from runner.generation.fastapi.index_sql import is_btree, is_supported, is_without_case, part_options
from runner.generation.fastapi.sqlite_names import target_source
from runner.generation.fastapi.translation import Database, TableSql
from runner.generation.fragments import Fragment, join
from runner.generation.model.constraint_messages import constraint_messages
from runner.generation.model.prose import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runner.ddl.model import Check, Exclusion, ForeignKey, Index, IndexPart, Key
    from runner.generation.fastapi.resources import Resource


def table_arguments(resource: Resource) -> tuple[Fragment, ...]:
    """Return a fragment for each constraint and index, and one for the table's own options."""
    named = resource.table.constraints
    if resource.table.is_view:
        named = replace(named, indexes={})  # of a materialized view, which the migrations create
    messages = constraint_messages(resource.table)
    found: list[Fragment] = []
    if named.primary_key:
        name, key = named.primary_key
        found.append(_primary_key(name, key, _info(messages.get(name))))
    found += [_unique(name, key, _info(messages.get(name))) for name, key in named.unique.items()]
    for name, reference in resource.table.foreign_keys.items():
        found.append(_foreign_key(resource, name, reference, _info(messages.get(name))))
    for name, check in named.checks.items():
        found += _check(resource.sql, name, check, _info(messages.get(name)))
    found += [_exclusion(resource.sql, name, exclusion) for name, exclusion in named.exclusions.items()]
    found += [
        _index(resource.sql, name, index, _info(messages.get(name)))
        for name, index in named.indexes.items()
        if is_supported(index, resource.sql, Database.POSTGRESQL)
    ]
    options = []
    if resource.table.is_view:
        options.append('"info": {"is_view": True}')
    if resource.database_schema:
        options.append(f'"schema": {literal(resource.database_schema)}')
    if resource.table.ddl.comment:
        options.append(f'"comment": {literal(one_line(resource.table.ddl.comment))}')
    return (*found, Fragment(f"{{{', '.join(options)}}}")) if options else tuple(found)


def _made(call: Fragment | str, *, portable: bool = True) -> Fragment:
    """Return a call of SQLAlchemy; what is not portable is for PostgreSQL alone."""
    made = source("sa.{}", call, uses="sa")
    return made if portable else source("postgresql_only({})", made, uses="postgresql_only")


def _info(message: str | None) -> str:
    """Return the argument that holds what is said when a constraint is violated."""
    return f', info={{"message": {literal(message)}}}' if message else ""


def _columns(names: Iterable[str]) -> str:
    return ", ".join(literal(name) for name in names)


def _primary_key(name: str, key: Key, info: str) -> Fragment:
    arguments = f"{_columns(key.columns)}, name={literal(name)}{info}"
    if key.without_overlaps:
        return source("PrimaryKeyWithoutOverlaps({})", arguments, uses="PrimaryKeyWithoutOverlaps")
    return _made(f"PrimaryKeyConstraint({arguments})")


def _unique(name: str, key: Key, info: str) -> Fragment:
    arguments = f"{_columns(key.columns)}, name={literal(name)}{_deferred(key)}{info}"
    if key.without_overlaps:
        return source("UniqueWithoutOverlaps({})", arguments, uses="UniqueWithoutOverlaps")
    return _made(f"UniqueConstraint({arguments}{'' if key.nulls_distinct else ', postgresql_nulls_not_distinct=True'})")


def _deferred(constraint: Key | ForeignKey | Exclusion) -> str:
    if not constraint.deferrable:
        return ""
    return f', deferrable=True, initially="{"DEFERRED" if constraint.initially_deferred else "IMMEDIATE"}"'


def _foreign_key(resource: Resource, name: str, key: ForeignKey, info: str) -> Fragment:
    reference = next(one for one in resource.table.references if one.name == name)
    targets = join(target_source(reference, resource.home, column) for column in key.target_columns)
    more = "".join(
        f", {option}={literal(action)}"
        for option, action in (("ondelete", key.on_delete), ("onupdate", key.on_update))
        if action != "NO ACTION"
    )
    if reference.is_forward:
        more += ", use_alter=True"
    arguments = source(
        "[{}], [{}], name={}{}{}", _columns(key.columns), targets, literal(name), more, _deferred(key) + info
    )
    if key.period:
        return source("PeriodForeignKey({})", arguments, uses="PeriodForeignKey")
    return _made(source("ForeignKeyConstraint({})", arguments))


def _check(sql: TableSql, name: str, check: Check, info: str) -> Iterator[Fragment]:
    """Yield a check as PostgreSQL has it, if it can have it."""
    text = sql.check(check, Database.POSTGRESQL)
    if text is not None:
        made = f"CheckConstraint({_sql(text)}, name={literal(name)}{info})"
        yield _made(made, portable=not check.is_inlined and sql.reads_alike(check.text, check.expression))


def _sql(text: str) -> str:
    return sqlalchemy_text(one_line(text))


def _index(sql: TableSql, name: str, index: Index, info: str) -> Fragment:
    parts = ", ".join(_part(part, sql) for part in index.parts)
    options = [", unique=True"] if index.unique else []
    conditions = {"postgresql": sql.where(index, Database.POSTGRESQL), "sqlite": sql.where(index, Database.SQLITE)}
    options += [f", {name}_where=sa.text({_sql(where)})" for name, where in conditions.items() if where]
    if not is_btree(index):
        options.append(f", postgresql_using={literal(index.method)}")
    classes = _operator_classes(index, sql)
    if classes:
        options.append(f", postgresql_ops={literal(classes)}")
    if index.include:
        options.append(f", postgresql_include=[{_columns(index.include)}]")
    if not index.nulls_distinct:
        options.append(", postgresql_nulls_not_distinct=True")
    portable = is_supported(index, sql, Database.SQLITE) and _reads_alike(index, sql)
    return _made(f"Index({literal(name)}, {parts}{''.join(options)}{info})", portable=portable)


def _exclusion(sql: TableSql, name: str, exclusion: Exclusion) -> Fragment:
    index = exclusion.index
    items = "".join(
        f"({_part(part, sql)}, {literal(operator)}), "
        for part, operator in zip(index.parts, exclusion.operators, strict=True)
    )
    options = f"name={literal(name)}, using={literal(index.method)}"
    options += f", where=sa.text({_sql(index.where)})" if index.where else ""
    classes = _operator_classes(index, sql)
    options += f", ops={literal(classes)}" if classes else ""
    call = f"postgresql_only(postgresql.ExcludeConstraint({items}{options}{_deferred(exclusion)}))"
    needs_sql = "sa" if "sa.text(" in call else ""
    return source("{}", call, uses=f"postgresql postgresql_only {needs_sql}")


def _reads_alike(index: Index, sql: TableSql) -> bool:
    """Whether both databases accept the same SQL for an index."""
    return not any(
        part.nulls
        or (part.collation and sql.source.postgresql_compatible)
        or is_without_case(part, sql.source)
        or (part.descending and part.column in sql.sqlite_names)
        or sql.part(part, Database.POSTGRESQL) != sql.part(part, Database.SQLITE)
        for part in index.parts
    )


def _is_plain(part: IndexPart, sql: TableSql) -> bool:
    """Whether the name of a column, with its operator class, says all of a part."""
    collation = part.collation if sql.source.postgresql_compatible else None
    is_changed = part.descending or part.nulls or collation or is_without_case(part, sql.source)
    return part.column is not None and not is_changed


def _operator_classes(index: Index, sql: TableSql) -> dict[str, str]:
    plain = (part for part in index.parts if _is_plain(part, sql))
    return {part.column: part.operator_class for part in plain if part.column and part.operator_class}


def _part(part: IndexPart, sql: TableSql) -> str:
    if part.column and _is_plain(part, sql):
        return literal(part.column)
    collation = part.collation if sql.source.postgresql_compatible else None
    expression = sql.part(part, Database.POSTGRESQL) or ""
    text = quote(part.column) if part.column else f"({expression})"
    if expression.rstrip().endswith(")") and expression[:1].isalpha():
        text = expression
    text = f"lower({text})" if is_without_case(part, sql.source) else text
    text += f" COLLATE {quote(collation)}" if collation else ""
    return f"sa.text({_sql(text + part_options(part))})"
