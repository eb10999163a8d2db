"""Prepares tasks for scheduling, before anything is written.

Determines the agent, reads the schema (once per distinct DDL), selects the tables and digests the inputs. Runs in the
supervisor's main thread.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from runner.ddl import schema_cache
from runner.ddl.dialects import DEFAULT, NAMES, NAMES_IN_WORDS
from runner.ddl.model import Note, NoteKind, Schema, Table
from runner.ddl.sql_files import expand_ddl_paths
from runner.generation.registry import agent_facts
from runner.generation.template_files import set_digest
from runner.plan.dispatcher import AgentDispatcher, resolve_agent
from runner.records.errors import AgentError, ClassificationError, RunnerError
from runner.records.task import Classification, TableGlobs, TaskInput, TaskSpec, inputs_digest, subtasks_of
from runner.records.version import VERSION
from runner.scheduling.job import Job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from _typeshed import StrPath

    from runner.ddl.live.database_snapshots import DatabaseSnapshots
    from runner.generation.registry import AgentFacts

_NO_TABLES = Schema(dialect=DEFAULT, tables=())
_CLOSE_MATCHES = 3
_WILDCARDS = frozenset("*?[")


class TaskInputError(RunnerError):
    """A task cannot be run as it is given. `key` is the key of a plan that is wrong, such as `tables.include.0`."""

    exit_code = 2

    def __init__(self, key: str, message: str, expected: str = "") -> None:
        self.key = key
        self.message = message
        self.expected = expected
        super().__init__(f"{message}. {expected}" if expected else message)


class Preparation:
    """Prepares tasks. Keeps the schemas that it has read, so that many tasks on one DDL read it once.

    `import_path` is the folder from which agents of the user's own are imported first. `databases` reads the schemas of
    live databases; without it a task that names one is refused. `on_new_schema` is called before a schema is parsed.
    """

    def __init__(
        self,
        dispatcher: AgentDispatcher,
        import_path: StrPath | None = None,
        databases: DatabaseSnapshots | None = None,
        *,
        on_new_schema: Callable[[], None] | None = None,
    ) -> None:
        self._dispatcher = dispatcher
        self._databases = databases
        self._on_new_schema = on_new_schema
        self._import_path = None if import_path is None else Path(import_path)
        self._agents: dict[str, AgentFacts] = {}  # by kind; an agent of the user's own is digested once
        self._set_digests: dict[tuple[AgentFacts, Path | None], str] = {}
        self._named: set[str] = set()
        self._schemas: dict[tuple[tuple[Path, ...], str], tuple[Schema, str]] = {}

    def name_tables(self, tasks: Iterable[TaskInput]) -> None:
        """Keep the tables of tools that some task includes by name, for all tasks: they share an application."""
        self._named.update(label for task in tasks if task.tables for label in task.tables.include)

    def prepare(self, task: TaskInput) -> Job:
        """Return the job for a task that has an id.

        Raises `TaskInputError` for a task that cannot be run as it is given, `DDLError` for a schema that cannot be
        read and ValueError for a task without an id.
        """
        if task.id is None:
            raise ValueError("the task has no id")
        classification, agent = self._agent(task)
        schema, schema_digest = self._schema(task, agent)
        globs = task.tables or TableGlobs()
        schema, schema_digest = _with_named_tables(schema, schema_digest, {*globs.include, *self._named})
        _check_searched_columns(schema, task.options.get("search"))
        tables = select_tables(schema, globs) if agent.per_table else None
        if tables is not None:
            _refuse_misread(schema, tables, globs)
        generator = self._generator_digest(agent, task)
        names = None if tables is None else [schema.label(table.name) for table in tables]
        spec = TaskSpec(
            id=task.id,
            input=task,
            title=agent.title,
            classification=classification,
            subtasks=subtasks_of(task.id, agent.title, names),
            import_path=self._import_path,
            schema_digest=schema_digest,
            inputs_digest=inputs_digest(generator, schema_digest or ""),
            generator_digest=generator if agent.reads_part else None,
        )
        return Job(spec=spec, schema=schema, start=agent.start)

    @property
    def schemas(self) -> tuple[Schema, ...]:
        """All schemas that were read."""
        return tuple(schema for schema, _ in self._schemas.values())

    def _agent(self, task: TaskInput) -> tuple[Classification, AgentFacts]:
        if task.agent is not None:
            name = resolve_agent(task.agent) or task.agent
            classification = Classification(
                kind=name, method="explicit", confidence=1.0, reasoning="the plan names the agent"
            )
        else:
            try:
                classification = self._dispatcher.classify(task.description)
            except ClassificationError as error:
                raise TaskInputError("description", str(error)) from error
        kind = classification.kind
        if kind not in self._agents:
            try:
                self._agents[kind] = agent_facts(kind, self._import_path)
            except AgentError as error:
                raise TaskInputError("agent" if task.agent else "description", str(error)) from error
        return classification, self._agents[kind]

    def _schema(self, task: TaskInput, agent: AgentFacts) -> tuple[Schema, str | None]:
        named = task.ddl_path if isinstance(task.ddl_path, tuple) else (task.ddl_path,)
        sources = tuple(source for source in named if source is not None)
        if not sources:
            if agent.per_table:
                raise TaskInputError("ddl", f"{agent.title} works table by table and has no DDL", "Add `ddl: FILE.sql`")
            return _NO_TABLES, None
        dialect = task.dialect or DEFAULT
        if dialect not in NAMES:
            raise TaskInputError("dialect", f"dialect {dialect!r} is not known", f"Give {NAMES_IN_WORDS}")
        database = None if self._databases is None else self._databases.of(sources)
        if database is None:
            paths = tuple(expand_ddl_paths(sources))
        elif task.dialect in {None, database.dialect}:
            paths, dialect = (database.path,), database.dialect
        else:
            raise TaskInputError(
                "dialect",
                f"the dialect is {task.dialect}, and the database that `ddl` names speaks {database.dialect}",
                "Leave `dialect` out.",
            )
        known = self._schemas.get((paths, dialect))
        if known is None:
            known = self._schemas[paths, dialect] = self._read_schema(paths, dialect)
        return known

    def _read_schema(self, paths: tuple[Path, ...], dialect: str) -> tuple[Schema, str]:
        """Return a schema and the digest of its source, from the cache or parsed now."""
        try:
            digest = schema_cache.schema_digest(paths, dialect)
            schema = schema_cache.load(paths, digest)
        except OSError:
            digest, schema = "", None  # the reader reports what is wrong with the file
        if schema is None:
            if self._on_new_schema is not None:
                self._on_new_schema()
            from runner.ddl.reader import read_ddl  # noqa: PLC0415 - imports the parser, 0.3 s, for a new schema only

            schema = read_ddl(paths, dialect)
            schema_cache.save(paths, digest, schema)
        return schema, digest

    def _generator_digest(self, agent: AgentFacts, task: TaskInput) -> str:
        """Return a digest of everything but the schema that a task's files are generated from."""
        templates = None if task.templates is None else Path(task.templates)
        if (agent, templates) not in self._set_digests:  # once for all tasks of a kind
            self._set_digests[agent, templates] = set_digest(agent.kind, templates, home=agent.home)
        options = json.dumps(task.options, sort_keys=True, default=str)
        return inputs_digest(VERSION, agent.code_digest, self._set_digests[agent, templates], options)


def _with_named_tables(schema: Schema, digest: str | None, labels: set[str]) -> tuple[Schema, str | None]:
    """Return the schema with the tables of tools that have one of these labels, and its digest."""
    whole = schema.with_tool_tables(labels)
    if whole is schema or digest is None:
        return whole, digest
    added = sorted(whole.label(table.name) for table in whole.tables[len(schema.tables) :])
    return whole, f"{digest}+{','.join(added)}"


def select_tables(schema: Schema, globs: TableGlobs) -> tuple[Table, ...]:
    """Return the tables that the globs select, in the order of the DDL.

    Partitions are left out unless a glob without wildcards names one: their rows are available through the partitioned
    table. Raises `TaskInputError` for a glob that matches no table and where every table is excluded.
    """
    labels = schema.with_columns().tables_by_label
    whole = {label for label, table in labels.items() if table.partition_of is None}
    chosen: set[str] = set()
    for index, pattern in enumerate(globs.include):
        found = {label for label in labels if label == pattern or (label in whole and fnmatchcase(label, pattern))}
        if not found:
            raise TaskInputError(f"tables.include.{index}", *_no_match(pattern, labels))
        chosen |= found
    for pattern in globs.exclude:
        chosen = {label for label in chosen if not fnmatchcase(label, pattern)}
    if not chosen:
        raise TaskInputError("tables.exclude", "every table is excluded", "Leave at least one")
    return tuple(table for label, table in labels.items() if label in chosen)


def _no_match(pattern: str, labels: Mapping[str, Table]) -> tuple[str, str]:
    close = get_close_matches(pattern, labels, _CLOSE_MATCHES)
    hint = f"Did you mean {' or '.join(close)}?" if close else f"The DDL has {len(labels)} tables; see `runner schema`"
    return f"{pattern!r} matches no table", hint


def _check_searched_columns(schema: Schema, search: object) -> None:
    """Raise `TaskInputError` for a table or column that `search` names and the schema lacks."""
    if not isinstance(search, Mapping) or not search:
        return
    tables = schema.with_columns().tables_by_label
    for label, names in search.items():
        if label not in tables:
            raise TaskInputError(f"search.{label}", *_no_match(label, tables))
        columns = [column.name for column in tables[label].columns]
        for index, name in enumerate(names):
            if name not in columns:
                close = get_close_matches(name, columns, _CLOSE_MATCHES)
                hint = f"Did you mean {' or '.join(close)}?" if close else f"Its columns are {', '.join(columns)}"
                raise TaskInputError(f"search.{label}.{index}", f"{label} has no column {name!r}", hint)


def _refuse_misread(schema: Schema, tables: Sequence[Table], globs: TableGlobs) -> None:
    """Raise `TaskInputError` where a selected table has a statement that was not understood."""
    chosen = {table.name for table in tables}
    for note in _unread_tables(schema):
        if note.table in chosen or _would_choose_unread(globs, schema, note):
            touched = f"it changes table {note.table}" if note.table else "it is about a table"
            raise TaskInputError(
                "ddl",
                f"{note.file}:{note.line}: not understood, and {touched}: {note.reason}",
                "Simplify that statement, or leave the table out with tables: {exclude: [...]}",
            )


def _would_choose_unread(globs: TableGlobs, schema: Schema, note: Note) -> bool:
    """Return whether globs select a table that could not be read at all; without a name, any wildcard may select it."""
    if note.table is None:
        return any(_WILDCARDS & set(pattern) for pattern in globs.include)
    label = schema.label(note.table)
    return (
        note.table not in schema.tables_by_name
        and any(fnmatchcase(label, pattern) for pattern in globs.include)
        and not any(fnmatchcase(label, pattern) for pattern in globs.exclude)
    )


def misread_tables(schema: Schema) -> tuple[str, ...]:
    """Return a warning for each statement about a table that was not understood, or that may have created one."""
    unread = (f"{note.file}:{note.line}: not understood: {note.reason}" for note in _unread_tables(schema))
    code = (note for note in schema.notes if note.kind is NoteKind.CODE_BLOCK)
    return (*unread, *(f"{note.file}:{note.line}: {note.reason}: {note.statement}" for note in code))


def _unread_tables(schema: Schema) -> tuple[Note, ...]:
    return tuple(note for note in schema.notes if note.table_related)
