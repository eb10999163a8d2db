"""Views as tables: their columns, and the keys and references that their rows keep from the tables they read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runner.ddl.notes import Note, NoteKind
from runner.ddl.syntax.cursor import NotUnderstood
from runner.ddl.syntax.expressions import MAX_EXPRESSION_DEPTH, MAX_EXPRESSION_TOKENS
from runner.ddl.syntax.tokens import depth_of, tokens_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from runner.ddl.catalog.catalog import Catalog, ViewDraft
    from runner.ddl.model import SqlType, Table
    from runner.ddl.qualified_name import QName
    from runner.ddl.syntax.column_types import TypeReference


def build_views(
    catalog: Catalog, tables: Iterable[Table], resolve: Callable[[TypeReference], SqlType]
) -> tuple[Table, ...]:
    """Return the views whose columns are known, each after those that it reads; of all others there is a note."""
    if not catalog.views:
        return ()
    return _ViewBuilder(catalog, tables, resolve).views()


class _ViewBuilder:
    def __init__(self, catalog: Catalog, tables: Iterable[Table], resolve: Callable[[TypeReference], SqlType]) -> None:
        self._catalog = catalog
        self._resolve = resolve
        self._relations = {catalog.key(table.name): table for table in tables}
        self._views: dict[QName, Table] = {}
        self._reading: set[QName] = set()
        self._failed: dict[QName, str] = {}

    def views(self) -> tuple[Table, ...]:
        for key, draft in self._catalog.views.items():
            if key not in self._relations:
                self._view(key, draft)
        return tuple(self._views.values())

    def relation(self, draft: ViewDraft, path: tuple[str, ...]) -> Table:
        """Return the table or view that a name means in the query of a view."""
        catalog = self._catalog
        catalog.search_path, catalog.current_schema = draft.search_path, draft.schema
        for name in catalog.candidates(path):
            key = catalog.key(name)
            if key in self._relations:
                return self._relations[key]
            if key in catalog.views:
                found = self._view(key, catalog.views[key])
                if found is None:
                    raise NotUnderstood(f"it reads the view {'.'.join(path)}, whose columns are not known")
                return found
        raise NotUnderstood(f"it reads {'.'.join(path)}, which is no table of the DDL")

    def _view(self, key: QName, draft: ViewDraft) -> Table | None:
        if key in self._views or key in self._failed:
            return self._views.get(key)
        if key in self._reading:
            raise NotUnderstood("it reads itself")
        self._reading.add(key)
        try:
            found = self._read(draft)
        except NotUnderstood as problem:
            self._failed[key] = problem.reason
            self._note(draft, problem.reason)
            return None
        self._views[key] = self._relations[key] = found
        return found

    def _read(self, draft: ViewDraft) -> Table:
        tokens = tokens_of(draft.query, self._catalog.dialect)
        if depth_of(tokens) > MAX_EXPRESSION_DEPTH or len(tokens) > MAX_EXPRESSION_TOKENS:
            raise NotUnderstood("its query is too long or nested too deep")
        from runner.ddl.catalog.view_queries import read_view  # noqa: PLC0415 - loads sqlglot

        table = read_view(draft, self._catalog, self.relation, self._resolve)
        columns = tuple(
            replace(column, comment=draft.column_comments.get(column.name), line=draft.line) for column in table.columns
        )
        return replace(table, columns=columns, comment=draft.comment, line=draft.line, indexes=tuple(draft.indexes))

    def _note(self, draft: ViewDraft, reason: str) -> None:
        self._catalog.notes.append(
            Note(
                file=draft.file,
                line=draft.line,
                statement=draft.shown,
                kind=NoteKind.VIEW,
                reason=f"left out: {reason}",
            )
        )
