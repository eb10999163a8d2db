"""The first revision: SQL that creates the whole schema, a file for each table, and SQL that reverts it.

The files run in the order of their paths. Tables are numbered in the order of the DDL, since one may use the sequence
of an earlier one. Foreign keys come after all tables, which may refer to each other in any order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.generation.fastapi.migration import postgresql_statements, sqlite_statements
from runner.generation.fastapi.sql_names import quote
from runner.generation.model.naming import snake

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runner.generation.fastapi.migration.snapshot import Snapshot

REVERTED = "-- To take it back:"  # the generated `migrations/statements.py` splits the files here
FOLDERS = ("postgresql", "postgresql/2_tables", "postgresql/3_references", "sqlite")


@dataclass(frozen=True, kw_only=True, slots=True)
class SqlFile:
    """A file of the revision: its `path` within the folder, the statements that apply it and those that revert it."""

    path: str
    title: str
    up: tuple[str, ...]
    down: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The text of the file."""
        back = [REVERTED, *(f"{statement};" for statement in self.down)] if self.down else []
        return "\n\n".join([f"-- {self.title}", *(f"{statement};" for statement in self.up), *back]) + "\n"


def sql_files(snapshot: Snapshot) -> Iterator[SqlFile]:
    """Yield the files of both databases, none of them empty."""
    files = _file_names(table.label for table in snapshot.tables)
    types = tuple(postgresql_statements.create_types(snapshot))
    if types:
        back = tuple(postgresql_statements.drop_types(snapshot))
        yield SqlFile(path="postgresql/1_types.sql", title="What tables are made of.", up=types, down=back)
    for table, file in zip(snapshot.tables, files, strict=True):
        title = f"The table {table.label}."
        up = tuple(postgresql_statements.create_table(table))
        down = (f"DROP TABLE {table.sql} CASCADE",)
        yield SqlFile(path=f"postgresql/2_tables/{file}.sql", title=title, up=up, down=down)
        references = tuple(postgresql_statements.add_references(table))
        if references:
            title = f"What the table {table.label} refers to."
            yield SqlFile(path=f"postgresql/3_references/{file}.sql", title=title, up=references)
    for table, file in zip(snapshot.tables, files, strict=True):
        title = f"The table {table.label}, as far as it goes in SQLite: patterns, for one, the application holds alone."
        up = tuple(sqlite_statements.create_table(table.sqlite))
        down = (f"DROP TABLE {quote(table.sqlite.name)}",)
        yield SqlFile(path=f"sqlite/{file}.sql", title=title, up=up, down=down)


def _file_names(labels: Iterable[str]) -> list[str]:
    names = [snake(label) for label in labels]
    width = len(str(len(names)))
    return [f"{number:0{width}}_{name}" for number, name in enumerate(names, 1)]
