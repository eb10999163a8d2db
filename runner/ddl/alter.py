"""ALTER TABLE: each action of a statement on its own, in the words of all three dialects."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from runner.ddl.body import is_constraint
from runner.ddl.catalog import ColumnDraft, TableDraft
from runner.ddl.cursor import Cursor, NotUnderstood
from runner.ddl.edits import drop_column, drop_constraint, rename_column, rename_constraint
from runner.ddl.expressions import parse_expression
from runner.ddl.inheritance import add_check, add_foreign_key, add_unique, adopt, inherit, set_primary_key
from runner.ddl.lexis import Token, split_at
from runner.ddl.model import Default, Key, NoteKind
from runner.ddl.statement import Statement
from runner.ddl.tables import add_items
from runner.ddl.types import read_type

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, kw_only=True, slots=True)
class Action:
    """One action of an ALTER TABLE: the table, whether ONLY it, and the tokens that say what."""

    statement: Statement
    table: TableDraft
    cursor: Cursor
    only: bool

    @property
    def family(self) -> list[TableDraft]:
        """The table and, but for ONLY, all that take their columns from it."""
        return self.statement.catalog.family(self.table, only=self.only)

    def column(self, name: str) -> ColumnDraft:
        """Return a column of the table; raise where it has none of that name."""
        found = self.table.column(self.statement.catalog.column_name(self.table, name))
        if found is None:
            raise NotUnderstood(f"table {self.table.name} has no column {name}", self.cursor.tokens[0].start)
        return found


def alter_table(statement: Statement) -> None:
    """Fold in an ALTER TABLE whose cursor stands behind the word TABLE."""
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
        _alter(Action(statement=statement, table=table, cursor=cursor.inside(action), only=only))


def _alter(action: Action) -> None:
    """Fold in one action; one that is not understood is noted and the others still count."""
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


_IDLE = (
    "OWNER ENABLE DISABLE CLUSTER RESET REPLICA VALIDATE FORCE INHERITS ENGINE AUTO_INCREMENT CONVERT CHARSET "
    "COLLATE ALGORITHM LOCK ROW_FORMAT KEY_BLOCK_SIZE STATS_PERSISTENT CHECKSUM REORGANIZE COALESCE "
    "DISCARD IMPORT OPTIMIZE REBUILD TRUNCATE ANALYZE MAX_ROWS MIN_ROWS AVG_ROW_LENGTH ORDER CHARACTER OPTIONS "
    "REMOVE WITH WITHOUT PACK_KEYS DELAY_KEY_WRITE"
)
_IDLE_WORDS = frozenset(_IDLE.split())
_IDLE_PHRASES = (
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
    ("ALTER", "CONSTRAINT"),
    ("ALTER", "INDEX"),
    ("ADD", "PARTITION"),
    ("DROP", "PARTITION"),
)


def _changes_nothing(cursor: Cursor) -> bool:
    """Whether an action says only who owns, stores or guards the table."""
    if cursor.word in _IDLE_WORDS or cursor.done:
        return True
    return any(cursor.at(*phrase) for phrase in _IDLE_PHRASES)


# -------------------------------------------------------------------------------------------------------- add


def _add(action: Action) -> None:
    cursor = action.cursor
    named = cursor.skip("COLUMN")
    if cursor.skip("IF", "NOT", "EXISTS"):
        name = cursor.take_name()
        cursor.index -= 1
        if action.table.column(action.statement.catalog.column_name(action.table, name)):
            return
    if cursor.dialect == "mysql" and cursor.word == "(":
        for item in split_at(cursor.take_group()):
            _add_column(action, cursor.inside(item))
    elif not named and (is_constraint(cursor) or cursor.at("EXCLUDE", "USING") or cursor.at("EXCLUDE", "(")):
        _add_constraint(action)
    else:
        _add_column(action, cursor)


def _add_column(action: Action, cursor: Cursor) -> None:
    tokens = list(cursor.tokens[cursor.index :])
    place = _take_place(action, cursor, tokens)
    for table in action.family:
        before = len(table.columns)
        add_items(action.statement, table, tokens)
        if place is not None and len(table.columns) == before + 1:
            table.columns.insert(place, table.columns.pop())


def _take_place(action: Action, cursor: Cursor, tokens: list[Token]) -> int | None:
    """Return where MySQL's FIRST or AFTER puts a column, and take those words off its definition."""
    if cursor.dialect != "mysql" or not tokens:
        return None
    if tokens[-1].word == "FIRST":
        tokens.pop()
        return 0
    if len(tokens) > 1 and tokens[-2].word == "AFTER":
        after = action.column(cursor.inside(tokens[-1:]).take_name())
        del tokens[-2:]
        return action.table.columns.index(after) + 1
    return None


def _add_constraint(action: Action) -> None:
    cursor = action.cursor
    if _takes_index(action):
        return
    tokens = cursor.rest()
    table = action.table
    checks, references, uniques = len(table.checks), len(table.foreign_keys), len(table.unique)
    had_key = table.primary_key
    add_items(action.statement, table, tokens)
    for child in action.family[1:]:
        for check in table.checks[checks:]:
            add_check(child, check)
        if child.partition_of is None:
            continue  # keys and references are not inherited, only shared with partitions
        for reference in table.foreign_keys[references:]:
            add_foreign_key(child, reference)
        for key in table.unique[uniques:]:
            add_unique(child, replace(key, name=None))
        if table.primary_key is not None and table.primary_key is not had_key and child.primary_key is None:
            set_primary_key(child, replace(table.primary_key, name=None))


def _takes_index(action: Action) -> bool:
    """Read `[CONSTRAINT name] PRIMARY KEY | UNIQUE USING INDEX index`: the index becomes the constraint's own."""
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


def _drop(action: Action) -> None:
    cursor = action.cursor
    if cursor.dialect == "mysql":
        if cursor.skip("PRIMARY", "KEY"):
            action.table.primary_key = None
            return
        if cursor.skip_any("KEY", "INDEX"):
            _drop_constraint(action)
            return
        if cursor.skip("FOREIGN", "KEY") or cursor.skip("CHECK"):
            cursor.skip("IF", "EXISTS")
            _drop_constraint(action)
            return
    if cursor.skip("CONSTRAINT"):
        cursor.skip("IF", "EXISTS")
        _drop_constraint(action)
        return
    cursor.skip("COLUMN")
    if_exists = cursor.skip("IF", "EXISTS")
    name = cursor.take_name()
    if if_exists and action.table.column(name) is None:
        return
    action.column(name)
    for table in action.family:
        drop_column(table, action.statement.catalog.column_name(table, name))


def _drop_constraint(action: Action) -> None:
    name = action.cursor.take_name()
    for table in action.family:
        drop_constraint(table, name)
        if action.cursor.dialect == "mysql":
            table.indexes = [index for index in table.indexes if index.name != name]


# ----------------------------------------------------------------------------------------------- alter column


def _alter_column(action: Action) -> None:
    cursor = action.cursor
    cursor.skip("COLUMN")
    name = cursor.take_name()
    action.column(name)
    start = cursor.index
    for table in action.family:
        cursor.index = start
        column = table.column(action.statement.catalog.column_name(table, name))
        if column is not None:
            _change_column(column, cursor)


def _change_column(column: ColumnDraft, cursor: Cursor) -> None:
    if cursor.skip("SET", "DATA", "TYPE") or cursor.skip("TYPE"):
        column.type = read_type(cursor.inside(_until(cursor, "COLLATE", "USING")))
    elif cursor.skip("SET", "DEFAULT"):
        column.default = default_of(cursor)
    elif cursor.skip("DROP", "DEFAULT"):
        column.default = None
    elif cursor.skip("SET", "NOT", "NULL"):
        column.nullable = False
    elif cursor.skip("DROP", "NOT", "NULL"):
        column.nullable = True
    elif cursor.skip("DROP", "IDENTITY"):
        column.identity = None
    elif cursor.skip("DROP", "EXPRESSION"):
        column.generated = None
    elif cursor.skip("ADD", "GENERATED") or cursor.skip("SET", "GENERATED"):
        column.identity = "always" if cursor.skip("ALWAYS") else "by default"
        column.nullable = False
    elif cursor.word not in {"SET", "RESET"}:
        raise cursor.surprise("a change of a column that the reader knows")


def default_of(cursor: Cursor) -> Default | None:
    """Return the default that the rest of an action says; DEFAULT NULL is none."""
    tokens = cursor.rest()
    text = cursor.source(tokens)
    if tokens and tokens[0].word == "NULL":
        return None
    return Default(text=text, expression=parse_expression(text, cursor.dialect)[0])


def _until(cursor: Cursor, *words: str) -> list[Token]:
    found: list[Token] = []
    while not cursor.done and cursor.word not in words:
        found.append(cursor.take())
    return found


def _change(action: Action) -> None:
    """Read MySQL's CHANGE old new definition."""
    cursor = action.cursor
    cursor.skip("COLUMN")
    old = action.column(cursor.take_name()).name
    new = cursor.inside(cursor.tokens[cursor.index : cursor.index + 1]).take_name()
    if new != old:
        rename_column(action.statement.catalog, action.table, old, new)
    _redefine(action)


def _modify(action: Action) -> None:
    """Read MySQL's MODIFY definition."""
    action.cursor.skip("COLUMN")
    _redefine(action)


def _redefine(action: Action) -> None:
    """Put a column's new definition in its place; keys stay, since they are not of the column."""
    cursor, table = action.cursor, action.table
    tokens = list(cursor.tokens[cursor.index :])
    place = _take_place(action, cursor, tokens)
    old = action.column(cursor.inside(tokens).take_name())
    position = table.columns.index(old)
    table.columns.remove(old)
    after = table.columns[position:]
    add_items(action.statement, table, tokens)
    if table.columns[position:] == after:  # not understood, and noted: what was there stays
        table.columns.insert(position, old)
        return
    new = table.columns.pop()
    new.former = old.former
    if table.primary_key and new.name in table.primary_key.columns:
        new.nullable = False
    if place is not None and place > position:
        place -= 1
    table.columns.insert(position if place is None else place, new)


# ------------------------------------------------------------------------------------------ rename and others


def _rename(action: Action) -> None:
    cursor, catalog, table = action.cursor, action.statement.catalog, action.table
    if cursor.skip_any("KEY", "INDEX"):
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
    if cursor.skip_any("TO", "AS") or (cursor.dialect == "mysql" and len(cursor.tokens) - cursor.index in {1, 3}):
        path = cursor.take_path()
        name = catalog.new_name(path) if len(path) > 1 else replace(table.name, name=path[-1])
        catalog.rename(table, name)
        return
    cursor.skip("COLUMN")
    old = action.column(cursor.take_name()).name
    cursor.expect("TO")
    new = cursor.take_name()
    for draft in action.family:
        rename_column(catalog, draft, old, new)


def _set(action: Action) -> None:
    cursor = action.cursor
    cursor.expect("SCHEMA")
    action.statement.catalog.rename(action.table, replace(action.table.name, schema=cursor.take_name()))


def _attach(action: Action) -> None:
    cursor = action.cursor
    cursor.expect("PARTITION")
    child = action.statement.table(cursor.take_path())
    child.partition_of = action.table.name
    adopt(child, action.table)


def _detach(action: Action) -> None:
    cursor = action.cursor
    cursor.expect("PARTITION")
    action.statement.table(cursor.take_path()).partition_of = None


def _inherit(action: Action) -> None:
    inherit(action.table, [action.statement.table(action.cursor.take_path())])


def _no_inherit(action: Action) -> None:
    action.cursor.expect("INHERIT")
    parent = action.statement.table(action.cursor.take_path())
    action.table.inherits = [name for name in action.table.inherits if name != parent.name]


def _partition(action: Action) -> None:
    """Read MySQL's PARTITION BY, which makes a partitioned table of a plain one."""
    if action.cursor.skip("BY"):
        action.table.kind = "partitioned"


def _comment(action: Action) -> None:
    action.cursor.skip("=")
    action.table.comment = action.cursor.take_string() or None


_ACTIONS: dict[str, Callable[[Action], None]] = {
    "ADD": _add,
    "ALTER": _alter_column,
    "ATTACH": _attach,
    "CHANGE": _change,
    "COMMENT": _comment,
    "DETACH": _detach,
    "DROP": _drop,
    "INHERIT": _inherit,
    "MODIFY": _modify,
    "NO": _no_inherit,
    "PARTITION": _partition,
    "RENAME": _rename,
    "SET": _set,
}
