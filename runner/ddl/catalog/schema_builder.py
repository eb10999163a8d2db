"""From drafts to the frozen schema, once every statement is applied: types, references and warnings."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from runner.ddl.catalog.called_functions import kept_functions, kept_triggers
from runner.ddl.catalog.default_names import serial_default
from runner.ddl.catalog.inlined_functions import make_inline
from runner.ddl.catalog.needed_extensions import EXTENSION_OF_TYPE, needed_extensions
from runner.ddl.catalog.tool_tables import tool_of
from runner.ddl.catalog.view_builder import build_views
from runner.ddl.expression_tree import ColumnRef, Const, Expression, Operation
from runner.ddl.model import (
    Check,
    Column,
    Composite,
    Domain,
    Exclusion,
    ForeignKey,
    Generated,
    Index,
    IndexPart,
    Key,
    Schema,
    SqlType,
    Table,
)
from runner.ddl.notes import Note, NoteKind
from runner.ddl.qualified_name import QName
from runner.ddl.syntax.expressions import parse_expression

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from runner.ddl.catalog.catalog import Catalog, DomainDraft, TableDraft
    from runner.ddl.syntax.column_types import TypeReference
    from runner.ddl.syntax.table_body import ColumnDraft

_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_TEXT_TYPES = {"text", "character varying", "character", "varchar", "char"}


def build_schema(catalog: Catalog) -> Schema:
    """Return the schema of the catalog's drafts; what it drops or cannot find becomes a warning in the catalog."""
    return _SchemaBuilder(catalog).schema()


class _SchemaBuilder:
    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._inline = make_inline(catalog)
        self._domains: dict[QName, Domain] = {}
        for name, draft in catalog.domains.items():
            self._domains[name] = self._domain(draft)

    def schema(self) -> Schema:
        catalog = self._catalog
        tables = tuple(self._table(draft) for draft in catalog.tables.values())
        tool_tables = self._tool_tables(tables)
        views = build_views(catalog, tables, self._type)
        functions = kept_functions(catalog, views)
        triggers = kept_triggers(catalog, (*tables, *views))
        extensions = dict(catalog.extension_schemas)
        if catalog.dialect.postgresql_compatible:
            extensions |= {name: own for name, own in needed_extensions(tables).items() if name not in extensions}
        return Schema(
            dialect=catalog.dialect.name,
            tables=(*(table for table in tables if table not in tool_tables), *views),
            tool_tables=tool_tables,
            enums=tuple(catalog.enums.values()),
            domains=tuple(self._domains.values()),
            notes=tuple(catalog.notes),
            warnings=tuple(catalog.warnings),
            default_schema=catalog.default_schema,
            extensions=tuple(extensions),
            extension_schemas=tuple(
                (name, schema)
                for name, schema in extensions.items()
                if schema not in (None, catalog.default_schema, "pg_catalog")
            ),
            composites=tuple(self._composite(name, columns) for name, columns in catalog.composites.items()),
            functions=functions,
            triggers=triggers,
            collations=tuple(catalog.collations.items()),
        )

    def _tool_tables(self, tables: Sequence[Table]) -> tuple[Table, ...]:
        """Return the tables that tools keep for themselves, with a note each, unless they are all that there is."""
        catalog = self._catalog
        tools = {table.name: tool for table in tables if (tool := tool_of(table, catalog.virtual_tables)) is not None}
        if len(tools) == len(tables):
            return ()
        found = tuple(table for table in tables if table.name in tools)
        for table in found:
            note = Note(
                file=catalog.tables[catalog.key(table.name)].file,
                line=table.line,
                statement=f"CREATE TABLE {table.name}",
                kind=NoteKind.SKIPPED_TABLE,
                reason=f"{table.name.name} is a table of {tools[table.name]}; `tables.include` brings it back by name",
                table=table.name,
            )
            catalog.notes.append(note)
        return found

    # -------------------------------------------------------------------------------------------------- types

    def _type(self, reference: TypeReference) -> SqlType:
        """Return a type with the enum or domain that it, or its element, is."""
        if reference.is_builtin:
            return reference.sql
        catalog = self._catalog
        suffix = f"({reference.arguments})" if reference.arguments else ""
        suffix += "[]" if reference.sql.dimensions else ""
        for name in catalog.candidates(reference.path):
            if name in catalog.enums:
                return replace(reference.sql, text=f"{name}{suffix}", base=str(name), enum=catalog.enums[name])
            if name in self._domains:
                return replace(reference.sql, text=f"{name}{suffix}", base=str(name), domain=self._domains[name])
        for name in catalog.candidates(reference.path):
            if name in catalog.composites or name in catalog.tables:
                return replace(reference.sql, text=f"{name}{suffix}", base=str(name))
        if (element := self._array_element(reference)) is not None:
            return self._type(element)
        schema = reference.path[-2] if len(reference.path) > 1 else self._extension_schema(reference.path[-1])
        name = QName(schema=schema, name=reference.path[-1])
        return replace(reference.sql, text=f"{name}{suffix}")

    def _array_element(self, reference: TypeReference) -> TypeReference | None:
        """Return `mood[]` for `_mood`, the name of the array type in the catalog; None where there is no type mood."""
        *schema, name = reference.path
        path = (*schema, name.removeprefix("_"))
        catalog = self._catalog
        kinds = (catalog.enums, self._domains, catalog.composites, catalog.tables)
        known = any(found in kind for found in catalog.candidates(path) for kind in kinds)
        if not name.startswith("_") or not known:
            return None
        return replace(reference, path=path, sql=replace(reference.sql, dimensions=1))

    def _extension_schema(self, type_name: str) -> str | None:
        """Return the schema of a type that the DDL does not define: its extension's, or else the default one."""
        schemas = self._catalog.extension_schemas
        extension = EXTENSION_OF_TYPE.get(type_name, type_name)
        return schemas.get(extension, self._catalog.default_schema)

    def _composite(self, name: QName, columns: Iterable[ColumnDraft]) -> Composite:
        attributes = tuple((column.name, self._type(column.type).text) for column in columns)
        return Composite(name=name, attributes=attributes)

    def _domain(self, draft: DomainDraft) -> Domain:
        return Domain(
            name=draft.name,
            type=self._type(draft.type),
            nullable=draft.nullable,
            default=draft.default,
            checks=tuple(self._inlined(check) for check in draft.checks),
            comment=draft.comment,
            former=draft.former,
        )

    # ------------------------------------------------------------------------------------------------- tables

    def _table(self, draft: TableDraft) -> Table:
        by_name: dict[str, Column] = {}
        for column in draft.columns:
            if column.name in by_name:
                self._warn(draft, f"column {column.name} of table {draft.name} is there twice; the first one holds")
            else:
                by_name[column.name] = self._column(draft, column)
        if not by_name:
            self._warn(draft, f"table {draft.name} has no columns, so an application leaves it out")
        self._drop_dangling(draft, by_name.keys())
        indexes = [_without_prefixes(index, by_name) for index in draft.indexes]
        if self._catalog.dialect.sqlite_compatible:
            indexes = [_with_collations(index, by_name) for index in indexes]
            indexes += _without_case(filter(None, (draft.primary_key, *draft.unique)), by_name)
        keys = [index for index in indexes if index.enforces_uniqueness and self._catalog.dialect.unique_index_is_key]
        draft.unique += [Key(columns=tuple(filter(None, index.columns)), name=index.name) for index in keys]
        return Table(
            name=draft.name,
            columns=tuple(by_name.values()),
            primary_key=draft.primary_key,
            unique=self._unique(draft),
            foreign_keys=tuple(self._foreign_key(draft, key) for key in draft.foreign_keys),
            checks=tuple(self._check(check, by_name) for check in draft.checks),
            exclusions=tuple(replace(one, index=self._index(one.index)) for one in draft.exclusions),
            indexes=tuple(self._index(index) for index in indexes if index not in keys),
            comment=draft.comment,
            options=tuple(draft.options.items()),
            kind=draft.kind,
            partition_of=draft.partition_of,
            line=draft.line,
            former=draft.former,
        )

    def _warn(self, table: TableDraft, message: str) -> None:
        self._catalog.warnings.append(f"{table.file}:{table.line}: {message}")

    def _drop_dangling(self, draft: TableDraft, names: Collection[str]) -> None:
        """Drop keys and indexes over columns that the table does not have, with a warning each."""

        def has_columns(part: Key | ForeignKey | Exclusion | Index) -> bool:
            missing = [name for name in part.columns if name is not None and name not in names]
            if missing:
                what = part.name or "one of its keys"
                self._warn(draft, f"table {draft.name} has no column {missing[0]}, which {what} is over")
            return not missing

        if draft.primary_key and not has_columns(draft.primary_key):
            draft.primary_key = None
        draft.unique = [key for key in draft.unique if has_columns(key)]
        draft.foreign_keys = [key for key in draft.foreign_keys if has_columns(key)]
        draft.exclusions = [exclusion for exclusion in draft.exclusions if has_columns(exclusion)]
        draft.indexes = [index for index in draft.indexes if has_columns(index)]

    def _column(self, table: TableDraft, draft: ColumnDraft) -> Column:
        default = draft.default
        if draft.type.serial and self._catalog.dialect.serial_is_sequence and default is None:
            default = serial_default(replace(table.name, schema=None), draft.name)
        return Column(
            name=draft.name,
            type=self._type(draft.type),
            nullable=draft.nullable,
            default=default,
            filled_with=draft.filled_with,
            identity=draft.identity,
            auto_increment=draft.auto_increment,
            serial=default is not None and default.text.lower().startswith("nextval("),
            generated=self._generated(draft),
            on_update=draft.on_update,
            system_time=draft.system_time,
            character_set=draft.character_set,
            collation=draft.collation,
            comment=draft.comment,
            line=draft.line,
            former=draft.former,
        )

    def _generated(self, draft: ColumnDraft) -> Generated | None:
        kept = draft.generated
        if kept is None:
            return None
        expression = parse_expression(kept.text, self._catalog.dialect)[0]
        inlined = expression and self._inline(expression)
        return replace(kept, expression=inlined, is_inlined=inlined != expression)

    def _index(self, index: Index) -> Index:
        """Return an index with the parsed forms of its expressions."""

        def parsed(text: str | None) -> Expression | None:
            return None if text is None else parse_expression(text, self._catalog.dialect)[0]

        if index.where is None and all(part.expression is None for part in index.parts):
            return index
        parts = tuple(replace(part, parsed=parsed(part.expression)) for part in index.parts)
        return replace(index, parts=parts, condition=parsed(index.where))

    def _unique(self, draft: TableDraft) -> tuple[Key, ...]:
        """Return the uniques; most databases keep none over the columns of the primary key."""
        if self._catalog.dialect.keeps_unique_beside_key or draft.primary_key is None:
            return tuple(draft.unique)
        return tuple(key for key in draft.unique if key.columns != draft.primary_key.columns)

    def _foreign_key(self, draft: TableDraft, key: ForeignKey) -> ForeignKey:
        """Find a reference's table and columns; warn where the table is not defined."""
        catalog = self._catalog
        path = (key.references.schema, key.references.name) if key.references.schema else (key.references.name,)
        target = catalog.tables.get(catalog.key(key.references)) or catalog.find(tuple(filter(None, path)))
        if target is None:
            self._warn(draft, f"table {draft.name} refers to {key.references}, which the DDL does not define")
            return key
        columns = key.target_columns or (target.primary_key.columns if target.primary_key else ())
        return replace(
            key,
            references=target.name,
            target_columns=tuple(catalog.column_name(target, name) for name in columns),
        )

    def _check(self, check: Check, columns: dict[str, Column]) -> Check:
        """Return a check with only the table's own columns, without the casts of text to text that servers print."""
        names = tuple(name for name in check.columns if name in columns)
        inlined = self._inlined(check)
        expression = _without_text_casts(inlined.expression, columns) if inlined.expression else None
        return replace(inlined, columns=names, expression=expression)

    def _inlined(self, check: Check) -> Check:
        inlined = check.expression and self._inline(check.expression)
        return replace(check, expression=inlined, is_inlined=inlined != check.expression)


def _without_prefixes(index: Index, columns: Mapping[str, Column]) -> Index:
    """Return an index in which a unique prefix (MySQL) is an expression, or the column where it is that long."""
    if not index.unique:
        return index
    return replace(index, parts=tuple(_prefix_as_expression(part, columns) for part in index.parts))


def _with_collations(index: Index, columns: Mapping[str, Column]) -> Index:
    """Return an index whose parts have the collations of their columns, where they have none of their own."""

    def collated(part: IndexPart) -> IndexPart:
        column = columns.get(part.column or "")
        return part if column is None or part.collation else replace(part, collation=column.collation)

    return replace(index, parts=tuple(map(collated, index.parts)))


def _without_case(keys: Iterable[Key], columns: Mapping[str, Column]) -> Iterator[Index]:
    """Yield a unique index for each key over texts that SQLite compares without regard to case (NOCASE)."""
    for key in keys:
        index = Index(name=None, parts=tuple(IndexPart(column=name) for name in key.columns), unique=True)
        if any((columns[name].collation or "").upper() == "NOCASE" for name in key.columns):
            yield _with_collations(index, columns)


def _prefix_as_expression(part: IndexPart, columns: Mapping[str, Column]) -> IndexPart:
    column = columns.get(part.column or "")
    if column is None or part.length is None:
        return part
    if column.type.args and column.type.args[0] <= part.length:
        return replace(part, length=None)
    name = column.name if _PLAIN_NAME.fullmatch(column.name) else f"`{column.name.replace('`', '``')}`"
    return replace(part, column=None, expression=f"substr({name}, 1, {part.length})")


def _without_text_casts(expression: Expression, columns: dict[str, Column]) -> Expression:
    """Remove casts to text around columns that are text already: PostgreSQL adds them when it prints a check."""
    if not isinstance(expression, Operation):
        return expression
    if expression.op == "cast" and isinstance(expression.args[0], ColumnRef) and isinstance(expression.args[1], Const):
        column = columns.get(expression.args[0].name)
        target = str(expression.args[1].value).split("(")[0]
        if column is not None and column.type.base in _TEXT_TYPES and target in _TEXT_TYPES:
            return expression.args[0]
    return replace(expression, args=tuple(_without_text_casts(argument, columns) for argument in expression.args))
