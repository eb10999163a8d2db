"""Prepares tasks for scheduling, before anything is written.

Determines the agent, reads the schema (once per distinct DDL), selects the tables and digests the inputs. Runs in the
supervisor's main thread.
"""

from __future__ import annotations

import json
import pickle
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.ddl.dialects import DEFAULT, NAMES, NAMES_IN_WORDS
from runner.ddl.sql_files import expand_ddl_paths
from runner.generation.registry import agent_facts
from runner.generation.template_files import file_digests, set_digest
from runner.plan.dispatcher import AgentDispatcher, resolve_agent
from runner.records.errors import AgentError, ClassificationError, TaskInputError
from runner.records.task import Classification, TableGlobs, TaskInput, TaskSpec, inputs_digest, subtasks_of
from runner.records.version import VERSION
from runner.scheduling.job import Job
from runner.scheduling.schema_source import SchemaSource
from runner.scheduling.table_selection import select

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from _typeshed import StrPath

    from runner.ddl.live.database_snapshots import DatabaseSnapshots
    from runner.ddl.model import Schema
    from runner.generation.registry import AgentFacts
    from runner.generation.workspace.input_parts import InputParts
    from runner.scheduling.table_selection import Selection

_SHORT_DIGEST = 8  # digits, of an option's value
_COLUMN_OPTIONS = ("search", "secret", "soft_delete", "labels")  # which name tables or columns of the schema


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
        self._sources: dict[tuple[tuple[Path, ...], str], SchemaSource] = {}
        self._selections: dict[tuple[object, ...], Selection] = {}
        self._warnings: dict[str, None] = {}

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
        source = self._source(task, agent)
        schema_digest, names, read, pickled, outline = None, None, _no_tables, _pickled_no_tables, None
        if source is not None:
            named = self._named.union(task.tables.include if task.tables else ())
            schema_digest, names, warnings = self._selection(task, source, named, per_table=agent.per_table)
            self._warnings |= dict.fromkeys(warnings)
            read, pickled = partial(source.schema, named), partial(source.pickled, named)
            outline = partial(source.outline, named)
        generator = self._generator_digest(agent, task)
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
        parts = partial(self._parts, agent, task, schema_digest, outline)
        return Job(spec=spec, read_schema=read, pickle_schema=pickled, read_parts=parts, start=agent.start)

    @property
    def files(self) -> frozenset[Path]:
        """What the tasks that were prepared are made from: files of DDL, templates and modules of agents."""
        from runner.plan.input_files import files_below, module_files  # noqa: PLC0415 - for reports only

        found = {path for paths, _ in self._sources for path in paths}
        for _, templates in self._set_digests:
            found.update(files_below(templates)[0] if templates is not None else ())
        for kind in self._agents:
            found.update(module_files(kind, self._import_path or Path())[0])
        return frozenset(found)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was not understood of the schemas, about tables that no task works on."""
        return tuple(self._warnings)

    def _selection(self, task: TaskInput, source: SchemaSource, named: set[str], *, per_table: bool) -> Selection:
        globs = task.tables or TableGlobs()
        chosen = {option: task.options[option] for option in _COLUMN_OPTIONS if option in task.options}
        key = (source, globs, frozenset(named), json.dumps(chosen, default=repr), per_table)
        if key not in self._selections:  # once for all tasks that are alike
            self._selections[key] = select(source, globs, named, chosen, per_table=per_table)
        return self._selections[key]

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

    def _source(self, task: TaskInput, agent: AgentFacts) -> SchemaSource | None:
        named = task.ddl_path if isinstance(task.ddl_path, tuple) else (task.ddl_path,)
        sources = tuple(source for source in named if source is not None)
        if not sources:
            if agent.per_table:
                raise TaskInputError("ddl", f"{agent.title} works table by table and has no DDL", "Add `ddl: FILE.sql`")
            return None
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
        if (paths, dialect) not in self._sources:
            self._sources[paths, dialect] = SchemaSource(paths, dialect, self._on_new_schema)
        return self._sources[paths, dialect]

    def _generator_digest(self, agent: AgentFacts, task: TaskInput) -> str:
        """Return a digest of everything but the schema that a task's files are generated from."""
        options = json.dumps(task.options, sort_keys=True, default=str)
        return inputs_digest(VERSION, agent.code_digest, self._set_digest(agent, _templates(task)), options)

    def _set_digest(self, agent: AgentFacts, templates: Path | None) -> str:
        if (agent, templates) not in self._set_digests:  # once for all tasks of a kind
            self._set_digests[agent, templates] = set_digest(agent.kind, templates, home=agent.home)
        return self._set_digests[agent, templates]

    def _parts(
        self,
        agent: AgentFacts,
        task: TaskInput,
        schema_digest: str | None,
        outline: Callable[[], Mapping[str, Any]] | None,
    ) -> InputParts:
        """Return what the digests of a task are made from, part by part."""
        from runner.generation.workspace.input_parts import InputParts, Part  # noqa: PLC0415 - for changed inputs

        templates = _templates(task)
        read_files = partial(file_digests, agent.kind, templates, home=agent.home)
        return InputParts(
            version=VERSION,
            code=agent.code_digest,
            options={
                name: inputs_digest(json.dumps(value, sort_keys=True, default=str))[:_SHORT_DIGEST]
                for name, value in task.options.items()
            },
            templates=Part(self._set_digest(agent, templates), read_files),
            schema=Part(inputs_digest(schema_digest), outline) if schema_digest and outline else None,
        )


def _templates(task: TaskInput) -> Path | None:
    return None if task.templates is None else Path(task.templates)


def _no_tables() -> Schema:
    from runner.ddl.model import Schema  # noqa: PLC0415 - slow to import, and seldom needed

    return Schema(dialect=DEFAULT, tables=())


def _pickled_no_tables() -> bytes:
    return pickle.dumps(_no_tables(), pickle.HIGHEST_PROTOCOL)
