"""The functions of a schema: which of them checks, defaults, computed columns, indexes and views call."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from runner.ddl.model import Function, Trigger
from runner.ddl.notes import Note, NoteKind
from runner.ddl.syntax.cursor import Cursor
from runner.ddl.syntax.expressions import parse_expression, read_default
from runner.ddl.syntax.tokens import tokens_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from runner.ddl.catalog.catalog import Catalog, FunctionDraft, TriggerDraft
    from runner.ddl.model import Check, Default, Index, Table
    from runner.ddl.qualified_name import QName

_CALL = re.compile(r'([\w$]+)"?\s*\(')
_PART = re.compile(
    r'(?i)\b(?:S|FINAL|COMBINE|MS|MINV|MFINAL)FUNC\s*=\s*(?:"?[\w$]+"?\s*\.\s*)?"?([\w$]+)'
)  # of an aggregate
_CARRIED = frozenset({"sql", "plpgsql"})  # languages that every PostgreSQL has


def kept_functions(catalog: Catalog, views: Iterable[Table]) -> tuple[Function, ...]:
    """Return the functions in the order of the DDL.

    Needed are those that the schema calls, and those that these call.
    """
    by_name: dict[str, list[FunctionDraft]] = {}
    for drafts in catalog.functions.values():
        for draft in drafts:
            by_name.setdefault(draft.name.name.lower(), []).append(draft)
    called: set[str] = set()
    texts = (*_texts(catalog), *(table.view.definition for table in views if table.view))
    waiting = [name for text in texts for name in _calls(text)] if by_name else []
    while waiting:
        name = waiting.pop()
        if name in by_name and name not in called:
            called.add(name)
            waiting += [inner for draft in by_name[name] for inner in _calls(draft.text)]
    drafts = [draft for drafts in catalog.functions.values() for draft in drafts]
    _note(catalog, [draft for draft in drafts if draft.name.name.lower() not in called])
    for draft in drafts:
        if draft.name.name.lower() in called and draft.language not in _CARRIED:
            reason = f"the schema calls {draft.name}, which is in {draft.language}: create it before the migration"
            catalog.notes.append(_as_note(draft, NoteKind.CODE_BLOCK, reason))
    return tuple(
        Function(
            name=draft.name,
            arguments=draft.arguments,
            text=draft.text,
            signature=draft.signature,
            kind=draft.kind,
            is_needed=draft.name.name.lower() in called,
        )
        for draft in drafts
        if draft.language in _CARRIED
    )


def _calls(text: str) -> list[str]:
    return [name.lower() for name in (*_CALL.findall(text), *_PART.findall(text))]


def _texts(catalog: Catalog) -> Iterator[str]:
    """Yield every expression of the schema."""
    for domain in catalog.domains.values():
        yield from (check.text for check in domain.checks)
        yield domain.default.text if domain.default else ""
    for table in catalog.tables.values():
        yield from (check.text for check in table.checks)
        for column in table.columns:
            yield column.default.text if column.default else ""
            yield column.generated.text if column.generated else ""
        for index in (*table.indexes, *(exclusion.index for exclusion in table.exclusions)):
            yield index.where or ""
            yield from (part.expression or "" for part in index.parts)


def kept_triggers(catalog: Catalog, relations: Iterable[Table]) -> tuple[Trigger, ...]:
    """Return the triggers of tables and views that are still there, in the order of the DDL."""
    names = {table.name for table in relations}
    found = [draft for draft in catalog.triggers.values() if draft.table in names]
    _note_each(catalog, catalog.triggers.values(), "TRIGGER", NoteKind.TRIGGER)
    return tuple(Trigger(name=draft.name, table=draft.table, text=draft.text) for draft in found)


def _note(catalog: Catalog, drafts: Sequence[FunctionDraft]) -> None:
    """Note the functions that nothing calls."""
    for kind in ("FUNCTION", "PROCEDURE", "AGGREGATE"):
        _note_each(catalog, [draft for draft in drafts if draft.kind == kind], kind, NoteKind.FUNCTION)


def _note_each(catalog: Catalog, drafts: Iterable[FunctionDraft | TriggerDraft], word: str, kind: NoteKind) -> None:
    """Note objects that no table needs, once for each file."""
    files: dict[str, list[FunctionDraft | TriggerDraft]] = {}
    for draft in drafts:
        files.setdefault(draft.file, []).append(draft)
    for of_file in files.values():
        first = min(of_file, key=lambda draft: draft.line)
        note = _as_note(first, kind, f"CREATE {word} neither creates nor changes a table")
        catalog.notes.append(replace(note, count=len(of_file)))


def _as_note(draft: FunctionDraft | TriggerDraft, kind: NoteKind, reason: str) -> Note:
    return Note(file=draft.file, line=draft.line, statement=draft.shown, kind=kind, reason=reason)


# ---------------------------------------------------------------------------------------------------------- renames


def rename_calls(catalog: Catalog, old: QName, new: QName) -> None:
    """Call a function by its new name in every expression of the schema."""
    pattern = re.compile(rf'(?<![\w.])(?:{re.escape(old.schema or "")}\s*\.\s*)?"?{re.escape(old.name)}"?(?=\s*\()')
    path = f"{new.schema}.{new.name}" if new.schema != catalog.default_schema else new.name

    def renamed(text: str) -> str:
        return pattern.sub(path, text)

    for domain in catalog.domains.values():
        domain.checks = [_check(catalog, check, renamed) for check in domain.checks]
        domain.default = _default(catalog, domain.default, renamed)
    for table in catalog.tables.values():
        table.checks = [_check(catalog, check, renamed) for check in table.checks]
        for column in table.columns:
            column.default = _default(catalog, column.default, renamed)
            if column.generated:
                column.generated = replace(column.generated, text=renamed(column.generated.text))
        table.exclusions = [replace(one, index=_index(one.index, renamed)) for one in table.exclusions]
        table.indexes = [_index(index, renamed) for index in table.indexes]


def _check(catalog: Catalog, check: Check, renamed: Callable[[str], str]) -> Check:
    text = renamed(check.text)
    if text == check.text:
        return check
    expression, columns = parse_expression(text, catalog.dialect)
    return replace(check, text=text, expression=expression, columns=columns)


def _default(catalog: Catalog, default: Default | None, renamed: Callable[[str], str]) -> Default | None:
    if default is None or renamed(default.text) == default.text:
        return default
    text = renamed(default.text)
    return read_default(Cursor(text, tokens_of(text, catalog.dialect), catalog.dialect))


def _index(index: Index, renamed: Callable[[str], str]) -> Index:
    parts = tuple(replace(part, expression=part.expression and renamed(part.expression)) for part in index.parts)
    return replace(index, parts=parts, where=index.where and renamed(index.where))
