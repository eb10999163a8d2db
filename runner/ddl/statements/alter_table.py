"""ALTER TABLE, action by action, and RENAME TABLE."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from runner.ddl.catalog.inheritance import (
    add_check,
    add_exclusion,
    add_foreign_key,
    add_unique,
    adopt,
    drop_copies,
    inherit,
    set_primary_key,
)
from runner.ddl.catalog.table_changes import (
    defer_constraint,
    drop_column,
    drop_constraint,
    keep_default_names,
    key_columns,
    rename_column,
    rename_constraint,
)
from runner.ddl.model import Key
from runner.ddl.notes import NoteKind
from runner.ddl.statements.alter_column import AlterAction, alter_column, change_column, modify_column, take_position
from runner.ddl.statements.create_table import add_items
from runner.ddl.syntax.cursor import Cursor, NotUnderstood
from runner.ddl.syntax.table_items import is_constraint, is_exclusion
from runner.ddl.syntax.tokens import split_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from runner.ddl.catalog.catalog import TableDraft
    from runner.ddl.model import Exclusion
    from runner.ddl.statements.statement import Statement


def alter_table(statement: Statement) -> None:
    """Apply an ALTER TABLE; the cursor is after the word TABLE."""
    cursor = statement.cursor
    if_exists = cursor.skip("IF", "EXISTS")
    only = cursor.skip("ONLY")
    path = cursor.take_path()
    cursor.skip("*")
    actions = split_at(cursor.rest())
    if all(_changes_nothing(cursor.inside(action)) for action in actions):
        return
    table = statement.catalog.find(path)
    if table is None and if_exists:
        return
    table = table or statement.table(path)
    for action in actions:
        _apply(AlterAction(statement=statement, table=table, cursor=cursor.inside(action), only=only))


def _apply(action: AlterAction) -> None:
    """Apply one action; one that is not understood is noted and the others still count."""
    if _changes_nothing(action.cursor):
        return
    handler = _ACTIONS.get(action.cursor.take().word)
    try:
        if handler is None:
            action.cursor.index = 0
            raise action.cursor.surprise("an action of ALTER TABLE that the reader knows")
        handler(action)
    except NotUnderstood as problem:
        action.statement.note(problem.reason, offset=problem.offset, table=action.table.name, table_related=True)


_WORDS = (
    "OWNER ENABLE DISABLE CLUSTER RESET REPLICA VALIDATE FORCE INHERITS ENGINE AUTO_INCREMENT CONVERT CHARSET "
    "COLLATE ALGORITHM LOCK ROW_FORMAT KEY_BLOCK_SIZE STATS_PERSISTENT CHECKSUM REORGANIZE COALESCE "
    "DISCARD IMPORT OPTIMIZE REBUILD TRUNCATE ANALYZE MAX_ROWS MIN_ROWS AVG_ROW_LENGTH ORDER CHARACTER OPTIONS "
    "REMOVE WITH WITHOUT PACK_KEYS DELAY_KEY_WRITE"
)
_IGNORED_WORDS = frozenset(_WORDS.split())
_IGNORED_PHRASES = (
    ("NO", "FORCE"),
    ("SET", "("),
    ("SET", "TABLESPACE"),
    ("SET", "LOGGED"),
    ("SET", "UNLOGGED"),
    ("SET", "WITHOUT"),
    ("SET", "WITH"),
    ("SET", "ACCESS"),
    ("NOT", "OF"),
    ("OF",),
    ("DEFAULT", "CHARACTER"),
    ("DEFAULT", "CHARSET"),
    ("DEFAULT", "COLLATE"),
    ("ALTER", "INDEX"),
    ("ADD", "PARTITION"),
    ("ADD", "SYSTEM", "VERSIONING"),
    ("DROP", "PARTITION"),
    ("DROP", "PERIOD", "FOR"),
    ("DROP", "SYSTEM", "VERSIONING"),
)


_PHRASES_BY_WORD = {word: [phrase for phrase in _IGNORED_PHRASES if phrase[0] == word] for word, *_ in _IGNORED_PHRASES}


def _changes_nothing(cursor: Cursor) -> bool:
    """Whether an action only changes how the table is stored, owned or protected."""
    word = cursor.word
    if word in _IGNORED_WORDS or cursor.done:
        return True
    return any(cursor.at(*phrase) for phrase in _PHRASES_BY_WORD.get(word, ()))


# -------------------------------------------------------------------------------------------------------- add


def _add(action: AlterAction) -> None:
    cursor = action.cursor
    named = cursor.skip("COLUMN")
    is_column = named or not (cursor.word == "(" or is_constraint(cursor) or is_exclusion(cursor))
    if cursor.skip("IF", "NOT", "EXISTS") or (action.statement.is_guarded and is_column):
        name = cursor.take_name()
        cursor.index -= 1
        if action.has_column(name):
            return
    if cursor.word == "(":  # MySQL: several columns
        for item in split_at(cursor.take_group()):
            _add_column(action, cursor.inside(item))
    elif not named and (is_constraint(cursor) or is_exclusion(cursor)):
        _add_constraint(action)
    else:
        _add_column(action, cursor)


def _add_column(action: AlterAction, cursor: Cursor) -> None:
    tokens = list(cursor.tokens[cursor.index :])
    place = take_position(action, cursor, tokens)
    for table in action.family:
        before = len(table.columns)
        add_items(action.statement, table, tokens)
        if place is not None and len(table.columns) == before + 1:
            table.columns.insert(place, table.columns.pop())


def _add_constraint(action: AlterAction) -> None:
    cursor = action.cursor
    if _add_key_of_index(action) or (action.statement.is_guarded and _is_there(action)):
        return
    tokens = cursor.rest()
    table = action.table
    checks, references, uniques = len(table.checks), len(table.foreign_keys), len(table.unique)
    exclusions = len(table.exclusions)
    had_key = table.primary_key
    not_null = {column.name for column in table.columns if not column.nullable}
    add_items(action.statement, table, tokens)
    for child in action.family[1:]:
        for check in table.checks[checks:]:
            add_check(child, check)
        for column in table.columns:
            inherited = child.column(column.name)
            goes_down = child.partition_of is not None or column.name not in key_columns(table)
            if inherited is not None and not column.nullable and column.name not in not_null and goes_down:
                inherited.nullable = False
                inherited.not_null_name = column.not_null_name
        if child.partition_of is None:
            continue  # keys and references are not inherited, only shared with partitions
        for reference in table.foreign_keys[references:]:
            add_foreign_key(child, reference)
        _add_keys(child, table.unique[uniques:], table.exclusions[exclusions:])
        if table.primary_key is not None and table.primary_key is not had_key and child.primary_key is None:
            set_primary_key(child, replace(table.primary_key, name=None))


def _add_keys(child: TableDraft, unique: Iterable[Key], exclusions: Iterable[Exclusion]) -> None:
    for key in unique:
        add_unique(child, replace(key, name=None))
    for exclusion in exclusions:
        add_exclusion(child, exclusion)


def _is_there(action: AlterAction) -> bool:
    """Whether the table has a constraint of the name that comes next."""
    cursor, table = action.cursor, action.table
    name = cursor.inside(cursor.tokens[cursor.index + 1 :]).take_name() if cursor.word == "CONSTRAINT" else None
    parts = (table.primary_key, *table.unique, *table.foreign_keys, *table.checks, *table.exclusions)
    return name is not None and any(part is not None and part.name == name for part in parts)


def _add_key_of_index(action: AlterAction) -> bool:
    """Apply `[CONSTRAINT name] PRIMARY KEY | UNIQUE USING INDEX index` and return True if it is one.

    The index becomes that of the constraint.
    """
    cursor, table = action.cursor, action.table
    start = cursor.index
    name = cursor.take_name() if cursor.skip("CONSTRAINT") else None
    primary = cursor.skip("PRIMARY", "KEY")
    if not ((primary or cursor.skip("UNIQUE")) and cursor.skip("USING", "INDEX")):
        cursor.index = start
        return False
    wanted = cursor.take_path()[-1]
    index = next((index for index in table.indexes if index.name == wanted), None)
    if index is None:
        raise NotUnderstood(f"table {table.name} has no index {wanted}", cursor.tokens[0].start)
    table.indexes.remove(index)
    key = Key(
        columns=tuple(column for column in index.columns if column),
        name=name or wanted,
        nulls_distinct=index.nulls_distinct,
        deferrable=cursor.skip("DEFERRABLE"),
        initially_deferred=cursor.skip("INITIALLY", "DEFERRED"),
    )
    if primary:
        set_primary_key(table, key)
    else:
        table.unique.append(key)
    return True


# ------------------------------------------------------------------------------------------------------- drop


def _drop(action: AlterAction) -> None:
    cursor = action.cursor
    if cursor.dialect.keys_by_kind:
        if cursor.skip("PRIMARY", "KEY"):
            action.table.primary_key = None
            return
        if cursor.skip_any("KEY", "INDEX", "CHECK") or cursor.skip("FOREIGN", "KEY"):
            _drop_constraint(action)
            return
    if cursor.skip("CONSTRAINT"):
        _drop_constraint(action)
        return
    cursor.skip("COLUMN")
    if_exists = cursor.skip("IF", "EXISTS")
    name = cursor.take_name()
    if if_exists and not action.has_column(name):
        return
    action.column(name)
    for table in action.family:
        drop_column(table, action.statement.catalog.column_name(table, name))


def _drop_constraint(action: AlterAction) -> None:
    action.cursor.skip("IF", "EXISTS")
    name = action.cursor.take_name()
    before = replace(action.table)
    for table in action.family:
        drop_constraint(table, name)
        if action.cursor.dialect.keys_by_kind:
            table.indexes = [index for index in table.indexes if index.name != name]
        if table.partition_of is not None and table is not action.table:
            drop_copies(table, before, action.table)


# ------------------------------------------------------------------------------------------ rename and others


def _alter(action: AlterAction) -> None:
    if action.cursor.skip("CONSTRAINT"):
        _alter_constraint(action)
    else:
        alter_column(action)


def _alter_constraint(action: AlterAction) -> None:
    """Apply `ALTER CONSTRAINT name [[NOT] DEFERRABLE] [INITIALLY DEFERRED | IMMEDIATE] [[NOT] ENFORCED]`.

    What else may follow changes nothing of a reference or is about a NOT NULL's inheritance.
    """
    cursor = action.cursor
    name = cursor.take_name()
    rest = [token.word for token in cursor.rest()]
    pairs = set(pairwise(["", *rest]))
    words = set(rest)
    deferrable = ("NOT", "DEFERRABLE") not in pairs if "DEFERRABLE" in words else None
    deferred = "DEFERRED" in words if "INITIALLY" in words else None
    enforced = ("NOT", "ENFORCED") not in pairs
    found = [
        defer_constraint(table, name, deferrable=deferrable, initially_deferred=deferred, enforced=enforced)
        for table in action.family
    ]
    if any(found) and not enforced:
        reason = f"reference {name} is NOT ENFORCED and says nothing of the rows"
        action.statement.pass_over(NoteKind.TABLE_PART, reason, table=action.table.name)


def _rename(action: AlterAction) -> None:
    cursor, catalog, table = action.cursor, action.statement.catalog, action.table
    if cursor.dialect.keys_by_kind and cursor.skip_any("KEY", "INDEX"):
        cursor.skip("IF", "EXISTS")
        old = cursor.take_name()
        cursor.expect("TO")
        new = cursor.take_name()
        table.indexes = [replace(index, name=new) if index.name == old else index for index in table.indexes]
        table.unique = [replace(key, name=new) if key.name == old else key for key in table.unique]
        return
    if cursor.skip("CONSTRAINT"):
        old = cursor.take_name()
        cursor.expect("TO")
        new = cursor.take_name()
        found = [rename_constraint(draft, old, new) for draft in action.family]
        if not any(found):
            action.statement.pass_over(
                NoteKind.MISSING_TARGET, f"there is no constraint {old} to rename", table=table.name
            )
        return
    rest = [token.word for token in cursor.tokens[cursor.index :]]
    if cursor.skip_any("TO", "AS") or ("TO" not in rest and len(rest) in {1, 3}):  # MySQL: RENAME [schema.]name
        path = cursor.take_path()
        name = catalog.new_name(path) if len(path) > 1 else replace(table.name, name=path[-1])
        if cursor.dialect.has_inheritance:
            keep_default_names(table)
        catalog.rename(table, name)
        return
    cursor.skip("COLUMN")
    if_exists = cursor.skip("IF", "EXISTS")
    column = cursor.take_name()
    cursor.expect("TO")
    new = cursor.take_name()
    if if_exists and not action.has_column(column):
        return
    old = action.column(column).name
    for draft in action.family:
        rename_column(catalog, draft, old, new)


def _set(action: AlterAction) -> None:
    cursor = action.cursor
    cursor.expect("SCHEMA")
    action.statement.catalog.rename(action.table, replace(action.table.name, schema=cursor.take_name()))


def _attach(action: AlterAction) -> None:
    cursor = action.cursor
    cursor.expect("PARTITION")
    child = action.statement.table(cursor.take_path())
    child.partition_of = action.table.name
    adopt(child, action.table)


def _detach(action: AlterAction) -> None:
    cursor = action.cursor
    cursor.expect("PARTITION")
    action.statement.table(cursor.take_path()).partition_of = None


def _inherit(action: AlterAction) -> None:
    inherit(action.table, [action.statement.table(action.cursor.take_path())])


def _no_inherit(action: AlterAction) -> None:
    action.cursor.expect("INHERIT")
    parent = action.statement.table(action.cursor.take_path())
    action.table.inherits = [name for name in action.table.inherits if name != parent.name]


def _partition(action: AlterAction) -> None:
    """Apply MySQL's PARTITION BY, which makes a plain table a partitioned one."""
    if action.cursor.skip("BY"):
        action.table.kind = "partitioned"


def _comment(action: AlterAction) -> None:
    action.cursor.skip("=")
    action.table.comment = action.cursor.take_string() or None


def rename_tables(statement: Statement) -> None:
    """Apply MySQL's `RENAME TABLE a TO b, c TO d`."""
    cursor, catalog = statement.cursor, statement.catalog
    cursor.expect("RENAME")
    cursor.skip_any("TABLE", "TABLES")
    for part in split_at(cursor.rest()):
        here = cursor.inside(part)
        table = statement.table(here.take_path())
        here.expect("TO")
        catalog.rename(table, catalog.new_name(here.take_path()))


_ACTIONS: dict[str, Callable[[AlterAction], None]] = {
    "ADD": _add,
    "ALTER": _alter,
    "ATTACH": _attach,
    "CHANGE": change_column,
    "COMMENT": _comment,
    "DETACH": _detach,
    "DROP": _drop,
    "INHERIT": _inherit,
    "MODIFY": modify_column,
    "NO": _no_inherit,
    "PARTITION": _partition,
    "RENAME": _rename,
    "SET": _set,
}
