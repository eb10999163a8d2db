"""The first revision: statements that create the whole schema, a module for each table, and those that revert it.

The modules run in the order of their paths. Tables are numbered in the order of the DDL, since one may use the sequence
of an earlier one. Foreign keys come after all tables, which may refer to each other in any order, and views last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.generation.encoders.python_text import docstring, statement_list
from runner.generation.encoders.sql_text import quote
from runner.generation.fastapi.migration import mysql_statements, postgresql_statements, sqlite_statements
from runner.generation.fastapi.migration.stored_objects import ROUTINES, TRIGGERS, create_objects, drop_objects
from runner.generation.model.naming import snake

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runner.generation.fastapi.migration.snapshot import Snapshot

FOLDERS = (
    "mysql",
    "mysql/2_tables",
    "mysql/3_references",
    "mysql/4_views",
    "postgresql",
    "postgresql/2_tables",
    "postgresql/3_references",
    "postgresql/4_views",
    "sqlite",
    "sqlite/views",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class RevisionModule:
    """A module of the revision: its `path` within the folder, the statements that apply it and those that revert it."""

    path: str
    title: str
    up: tuple[str, ...]
    down: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The source of the module."""
        up, down = statement_list(self.up), statement_list(self.down)
        return f"{docstring(self.title)}\n\nUPGRADE = {up}\n\nDOWNGRADE = {down}\n"


def revision_modules(snapshot: Snapshot) -> Iterator[RevisionModule]:
    """Yield the modules of all databases, none of them empty."""
    files = _file_names(table.label for table in snapshot.tables)
    types = tuple(postgresql_statements.create_types(snapshot))
    if types:
        back = tuple(postgresql_statements.drop_types(snapshot))
        yield RevisionModule(path="postgresql/1_types.py", title="What tables are made of.", up=types, down=back)
    for table, file in zip(snapshot.tables, files, strict=True):
        title = f"The table {table.label}."
        up = tuple(postgresql_statements.create_table(table, snapshot))
        down = (f"DROP TABLE {table.sql} CASCADE",)
        yield RevisionModule(path=f"postgresql/2_tables/{file}.py", title=title, up=up, down=down)
        references = tuple(postgresql_statements.add_references(table))
        if references:
            title = f"What the table {table.label} refers to."
            yield RevisionModule(path=f"postgresql/3_references/{file}.py", title=title, up=references)
    for table, file in zip(snapshot.tables, files, strict=True):
        title = f"The table {table.label}, as far as it goes in SQLite: patterns, for one, the application holds alone."
        up = tuple(sqlite_statements.create_table(table.sqlite))
        down = (f"DROP TABLE {quote(table.sqlite.name)}",)
        yield RevisionModule(path=f"sqlite/{file}.py", title=title, up=up, down=down)
    yield from _mysql_modules(snapshot, files)
    yield from _views(snapshot)
    if snapshot.triggers:
        up = (*postgresql_statements.look_in(snapshot.schemas), *(part.create for part in snapshot.triggers))
        yield RevisionModule(path="postgresql/5_triggers.py", title="Triggers, as the schema has them.", up=up)
    yield from _stored_objects(snapshot)


def _mysql_modules(snapshot: Snapshot, files: Iterable[str]) -> Iterator[RevisionModule]:
    """Yield the modules of MySQL and MariaDB, if the schema is written for them."""
    tables = [(table, file) for table, file in zip(snapshot.tables, files, strict=True) if table.mysql]
    needed = tuple(mysql_statements.create_surroundings(snapshot)) if tables else ()
    if needed:
        back = tuple(mysql_statements.drop_surroundings(snapshot))
        yield RevisionModule(path="mysql/1_surroundings.py", title="What tables need.", up=needed, down=back)
    for table, file in tables:
        if table.mysql is None:
            continue
        title, made = f"The table {table.label}.", (mysql_statements.create_table(table.mysql),)
        down = (f"DROP TABLE {table.mysql.name}",)
        yield RevisionModule(path=f"mysql/2_tables/{file}.py", title=title, up=made, down=down)
        references = tuple(mysql_statements.add_references(table.mysql))
        if references:
            title, down = f"What the table {table.label} refers to.", (mysql_statements.drop_references(table.mysql),)
            yield RevisionModule(path=f"mysql/3_references/{file}.py", title=title, up=references, down=down)


def _views(snapshot: Snapshot) -> Iterator[RevisionModule]:
    """Yield the modules of the views, each after those that it reads."""
    files = _file_names(view.label for view in snapshot.views)
    for view, file in zip(snapshot.views, files, strict=True):
        title = f"The view {view.label}."
        up = tuple(postgresql_statements.create_view(view))
        if view is snapshot.views[0]:
            up = (*postgresql_statements.look_in(snapshot.schemas), *up)
        down = (postgresql_statements.drop_view(view),)
        yield RevisionModule(path=f"postgresql/4_views/{file}.py", title=title, up=up, down=down)
        down = (f"DROP VIEW {quote(view.flat)}",)
        yield RevisionModule(path=f"sqlite/views/{file}.py", title=title, up=(view.sqlite,), down=down)
        if view.mysql:
            down = (mysql_statements.drop_view(view),)
            yield RevisionModule(path=f"mysql/4_views/{file}.py", title=title, up=(view.mysql,), down=down)


def _stored_objects(snapshot: Snapshot) -> Iterator[RevisionModule]:
    """Yield the modules of routines, which views may call, and of triggers, which views may have."""
    modules = {
        "mysql/3_routines.py": ("mysql", ROUTINES, "Functions and procedures, as the schema has them."),
        "mysql/5_triggers.py": ("mysql", TRIGGERS, "Triggers, as the schema has them."),
        "sqlite/with_triggers.py": ("sqlite", TRIGGERS, "Triggers, as the schema has them."),
    }
    for path, (database, kinds, title) in modules.items():
        up, down = (make(snapshot.objects, database, kinds) for make in (create_objects, drop_objects))
        if up:
            yield RevisionModule(path=path, title=title, up=up, down=down)


def _file_names(labels: Iterable[str]) -> list[str]:
    names = [snake(label) for label in labels]
    width = len(str(len(names)))
    return [f"{number:0{width}}_{name}" for number, name in enumerate(names, 1)]
