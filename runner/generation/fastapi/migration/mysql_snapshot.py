"""Takes the snapshot of a table in MySQL and MariaDB, of a schema that is written for them.

Its types, expressions and options stay as the DDL has them, so that the server's catalog is that of the DDL. Only what
the DDL leaves unnamed gets the name that the server would choose, by which later revisions can drop it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.ddl.expression_tree import ColumnRef, Operation
from runner.generation.encoders.mysql_text import backticked, mysql_string
from runner.generation.fastapi.migration.snapshot import MysqlSnapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runner.ddl.model import Check, Column, ForeignKey, Index, IndexPart
    from runner.ddl.qualified_name import QName
    from runner.generation.fastapi.model_columns import ModelColumn
    from runner.generation.fastapi.resources import Resource
    from runner.generation.model.suggested_indexes import SuggestedIndex

_UNBOUNDED = ("text", "blob", "json", "geometry", "point", "polygon", "linestring", "geometrycollection")
_METHODS = {"fulltext": "FULLTEXT ", "spatial": "SPATIAL "}


def mysql_snapshot(resource: Resource, suggested: Iterable[SuggestedIndex]) -> MysqlSnapshot | None:
    """Return a table of a schema that MySQL or MariaDB takes as it is; None for any other schema."""
    if not resource.sql.source.mysql_compatible:
        return None
    return MysqlSnapshot(
        name=table_sql(resource.table.ddl.name, resource.home),
        columns=tuple((column.name, _column(resource, column)) for column in resource.columns.values()),
        keys=(*_keys(resource, suggested), *_checks(resource)),
        references=tuple(_references(resource)),
        options=_options(resource),
    )


def table_sql(name: QName, home: str | None) -> str:
    """Return the name of a table as SQL, with its database only outside the default one."""
    plain = backticked(name.name)
    return f"{backticked(name.schema)}.{plain}" if name.schema not in (None, home) and name.schema else plain


# ------------------------------------------------------------------------------------------------------------- columns


def _column(resource: Resource, column: ModelColumn) -> str:
    own = column.field.column
    parts = [_type(own)]
    parts += [f"CHARACTER SET {own.character_set}"] if own.character_set else []
    parts += [f"COLLATE {own.collation}"] if own.collation else []
    if own.generated:
        parts.append(f"GENERATED ALWAYS AS ({own.generated.text}) {own.generated.kind.upper()}")
    if not own.nullable or column.field.is_key:
        parts.append("NOT NULL")
    elif own.type.base == "timestamp":  # which old servers take for NOT NULL
        parts.append("NULL")
    if own.serial and own.default:
        parts.append(f"DEFAULT nextval({backticked(own.default.text.split(chr(39))[1])})")
    elif own.default and not own.generated:
        parts.append(f"DEFAULT {own.default.text}")
    parts += [f"ON UPDATE {own.on_update}"] if own.on_update else []
    parts += ["AUTO_INCREMENT"] if own.auto_increment else []
    parts += [f"COMMENT {mysql_string(own.comment)}"] if own.comment else []
    parts += [f"CHECK ({check.text})" for check in resource.table.ddl.checks if _is_inline(resource, check, own)]
    return " ".join(parts)


def _type(column: Column) -> str:
    kind = column.type
    if kind.enum is not None:
        return f"{kind.base}({','.join(map(mysql_string, kind.enum.values))})"
    if kind.width is None:
        return kind.text + (" BINARY" if kind.is_binary else "")
    return f"{kind.base}({kind.width}){kind.text.removeprefix(kind.base)}"


def _is_inline(resource: Resource, check: Check, column: Column) -> bool:
    """Whether a check is part of a column's definition, as MariaDB keeps it."""
    return resource.sql.source.checks_of_columns and check.name is None and check.of_column == column.name


# ---------------------------------------------------------------------------------------------------- keys and indexes


def _keys(resource: Resource, suggested: Iterable[SuggestedIndex]) -> Iterator[tuple[str, str]]:
    table = resource.table.ddl
    if table.primary_key:
        yield "PRIMARY", f"PRIMARY KEY ({_names(table.primary_key.columns)})"
    taken = {
        name.lower() for name in (*(key.name for key in table.unique), *(one.name for one in table.indexes)) if name
    }
    for key in table.unique:
        name = key.name or _unused(key.columns[0], taken)
        yield name, f"UNIQUE KEY {backticked(name)} ({_names(key.columns)})"
    for index in table.indexes:
        name = index.name or _unused(_first_column(index), taken)
        yield name, _index(name, index)
    indexed = [key.columns for key in (*filter(None, [table.primary_key]), *table.unique)]
    indexed += [tuple(map(str, index.columns)) for index in table.indexes if index.method not in _METHODS]
    for foreign in resource.table.foreign_keys.values():
        if foreign.name is None and not any(one[: len(foreign.columns)] == foreign.columns for one in indexed):
            name = _unused(
                foreign.columns[0], taken
            )  # the index that the server adds; a named key gives it its own name
            indexed.append(foreign.columns)
            yield name, f"KEY {backticked(name)} ({_names(foreign.columns)})"
    for one in suggested:
        if not any(table.columns_by_name[column].type.base.endswith(_UNBOUNDED) for column in one.columns):
            yield one.name, f"KEY {backticked(one.name)} ({_names(one.columns)})"


def _index(name: str, index: Index) -> str:
    kind = "UNIQUE " if index.unique else _METHODS.get(index.method or "", "")
    method = " USING HASH" if index.method == "hash" else ""
    comment = f" COMMENT {mysql_string(index.comment)}" if index.comment else ""
    parts = ", ".join(map(_part, index.parts))
    return f"{kind}KEY {backticked(name)} ({parts}){method}{comment}"


def _part(part: IndexPart) -> str:
    column = _indexed(part)
    expression = part.expression or ""
    text = backticked(column) if column else expression if expression.startswith("(") else f"({expression})"
    text += f"({part.length})" if part.length else ""
    return text + (" DESC" if part.descending else "")


def _indexed(part: IndexPart) -> str | None:
    """Return the column of a part, also of the prefix that a unique index is over."""
    if part.length and isinstance(part.parsed, Operation) and isinstance(part.parsed.args[0], ColumnRef):
        return part.parsed.args[0].name
    return part.column


def _first_column(index: Index) -> str:
    return _indexed(index.parts[0]) or "functional_index"


def _unused(name: str, taken: set[str]) -> str:
    """Return the name that the server gives to an index: that of its first column, with a number where it is taken."""
    found, number = name, 1
    while found.lower() in taken:
        number += 1
        found = f"{name}_{number}"
    taken.add(found.lower())
    return found


# --------------------------------------------------------------------------------------------------------- constraints


def _checks(resource: Resource) -> Iterator[tuple[str, str]]:
    table, number = resource.table.ddl, 0
    for check in table.checks:
        if any(_is_inline(resource, check, column) for column in table.columns):
            continue
        number += check.name is None
        unnamed = f"CONSTRAINT_{number}" if resource.sql.source.checks_of_columns else f"{table.name.name}_chk_{number}"
        name = check.name or unnamed
        yield name, f"CONSTRAINT {backticked(name)} CHECK ({check.text})"


def _references(resource: Resource) -> Iterator[tuple[str, str]]:
    number = 0
    for key in resource.table.foreign_keys.values():
        number += key.name is None
        name = key.name or f"{resource.table.ddl.name.name}_ibfk_{number}"
        yield name, f"CONSTRAINT {backticked(name)} {_reference(key, resource.home)}"


def _reference(key: ForeignKey, home: str | None) -> str:
    target = f"{table_sql(key.references, home)} ({_names(key.target_columns)})"
    text = f"FOREIGN KEY ({_names(key.columns)}) REFERENCES {target}"
    text += f" ON DELETE {key.on_delete}" if key.on_delete != "NO ACTION" else ""
    return text + (f" ON UPDATE {key.on_update}" if key.on_update != "NO ACTION" else "")


def _options(resource: Resource) -> str:
    table = resource.table.ddl
    parts = [f"{'DEFAULT ' if name == 'CHARSET' else ''}{name}={value}" for name, value in table.options]
    parts += [f"COMMENT={mysql_string(table.comment)}"] if table.comment else []
    return " ".join(parts)


def _names(columns: Iterable[str]) -> str:
    return ", ".join(map(backticked, columns))
