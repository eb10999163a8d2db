"""The plan format: a YAML file becomes a `Plan` in which everything is resolved, or all its errors at once.

Called in the supervisor's main thread before anything is written. It reads the plan file and looks at the
paths that the plan names; it neither reads DDL nor knows the agent kinds. What later stages find wrong (an
agent that does not exist, a table glob that matches nothing) they place with `Plan.problem`.
"""

from __future__ import annotations

import glob
import json
import os
import re
import unicodedata
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
)
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import PydanticCustomError, PydanticKnownError, core_schema

from runner.errors import PlanError, Problem
from runner.plan_yaml import Node, did_you_mean, field_name, kind_of, read_yaml, shown
from runner.task import DEFAULT_PRIORITY, Retries, TableGlobs, Timeouts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pydantic_core import ErrorDetails

HIGH_PRIORITY = 8  # and up
MEDIUM_PRIORITY = 4  # and up; what is lower is low
MAX_SECONDS = 7 * 24 * 3600  # a limit longer than a week is a typing error
MAX_ID = 64  # characters; ids become parts of file names
MAX_PROBLEMS = 100  # shown of one plan
MAX_NAMES = 10  # shown in one message
MAX_GUESSED = 2_000  # ids among which one is sought that was perhaps meant; it takes 10 ms

_ID = re.compile(r"^[a-z0-9][a-z0-9._-]*$")
_VARIABLE_ADVICE = "A plan does not expand environment variables: write the path itself."
_RELATIVE = "Paths are relative to the plan file"

Dialect = Literal["postgres", "mysql", "sqlite"]
Level = Literal["high", "medium", "low"]
Switch = Literal["auto", True, False]


def level(priority: int) -> Level:
    """Return the word for a priority: high from 8, medium from 4, low below."""
    return "high" if priority >= HIGH_PRIORITY else "medium" if priority >= MEDIUM_PRIORITY else "low"


# --- what a plan becomes


@dataclass(frozen=True, kw_only=True, slots=True)
class Concurrency:
    """How many tasks run at once, and how many sub-tasks inside each."""

    tasks: int = 5
    subtasks: int = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerLimits:
    """What a worker process may use: MiB of memory, and sub-tasks before a fresh process takes its place."""

    memory: int | None = None
    max_subtasks: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ConvexSettings:
    """Live progress. `auto`: on when the environment holds both the URL and the token."""

    url: str | None = None
    enabled: Switch = "auto"


@dataclass(frozen=True, kw_only=True, slots=True)
class LLMSettings:
    """Classification where keywords do not tell. `auto`: on when the environment holds the key."""

    enabled: Switch = "auto"
    model: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanTask:
    """One task with the plan's defaults filled in. `place` is the `file:line:column` where it begins."""

    id: str
    description: str  # one line
    priority: int
    needs: tuple[str, ...]  # ids
    agent: str | None  # as written: a kind's slug or title, or `module:Class`
    ddl: tuple[Path, ...]  # files, globs and folders already expanded, in the order in which they are to be read
    dialect: Dialect
    workspace: Path
    tables: TableGlobs
    timeouts: Timeouts
    retries: Retries
    templates: Path | None
    options: dict[str, Any]
    index: int  # in the plan, from 0
    place: str

    @property
    def level(self) -> Level:
        """Return the word for its priority."""
        return level(self.priority)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A valid plan. Paths are absolute; `path` is the plan file, `file` how the user named it."""

    name: str
    path: Path
    file: str
    workspace: Path
    concurrency: Concurrency
    workers: WorkerLimits
    timeouts: Timeouts
    retries: Retries
    templates: Path | None
    convex: ConvexSettings
    llm: LLMSettings
    tasks: tuple[PlanTask, ...]
    root: Node = field(repr=False, compare=False)

    @property
    def folder(self) -> Path:
        """Return the plan file's folder: paths start there, agents of the user's own are found there."""
        return self.path.parent

    def problem(self, task: PlanTask | None, key: str, message: str, expected: str = "") -> Problem:
        """Return a problem placed at `key` (such as `agent` or `tables.include.0`) of a task, or of the plan.

        A key that the task leaves to the plan is placed there, one that nobody wrote at the task itself.
        """
        parts = [int(part) if part.isdecimal() else part for part in key.split(".")]
        top = self.root if task is None else self.root.values["tasks"].items[task.index]
        owner = self.root if parts[0] not in top.values and parts[0] in self.root.values else top
        return _problem(self.file, owner.find(parts), message, expected)


# --- what a plan may say


def _wrong(message: str, expected: str = "") -> PydanticCustomError:
    """Return an error for a validator to raise; `message` goes on after the key and the value."""
    return PydanticCustomError("plan", "{message}", {"message": message, "expected": expected})


def _printable(text: str) -> str:
    if bad := next((c for c in text if unicodedata.category(c) in {"Cc", "Cs"}), None):
        raise _wrong(f"holds the control character U+{ord(bad):04X}", "Remove it.")
    return text


def _line(value: str) -> str:
    """Return the text as one line; one of blanks becomes empty, which its field refuses."""
    return _printable(" ".join(value.split()))


def _whole(value: object) -> object:
    """Refuse true and 1.0, which equal 1 in Python."""
    if type(value) is not int:
        raise PydanticKnownError("int_type")
    return value


def _switch(value: object) -> object:
    """Refuse 1 and 0, which equal true and false in Python."""
    if value != "auto" and not isinstance(value, bool):
        raise _wrong("is not known")
    return value


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _as_tables(value: object) -> object:
    return {"include": value} if isinstance(value, (str, list)) else value


def _task_id(value: str) -> str:
    if not _ID.fullmatch(value) or len(value) > MAX_ID:
        raise _wrong(
            "is not an id",
            f"Write {slug(value)}: lower-case letters, digits, '-', '_' and '.', at most {MAX_ID}.",
        )
    return value


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        host = parts.hostname
    except ValueError:
        raise _wrong("is not a URL") from None
    if "@" in parts.netloc:
        raise _wrong("holds a user name or password", "Secrets come from the environment: RUNNER_CONVEX_TOKEN.")
    if parts.scheme not in {"http", "https"} or not host:
        raise _wrong("is not a URL")
    return value


@contextmanager
def _looking() -> Iterator[None]:
    """Turn what the file system refuses into an error of the value."""
    try:
        yield
    except (OSError, RuntimeError, re.error) as error:  # RuntimeError: no home folder, or links in a circle
        reason = getattr(error, "strerror", None) or str(error)
        raise _wrong(f"cannot be read: {reason.rstrip('.')}", "Check the path and its permissions.") from None


def _folder(info: ValidationInfo) -> Path:
    folder: Path = (info.context or {})["folder"]
    return folder


def _at_home(text: str) -> Path:
    """Return the path with `~` written out. `./~` is a file of that name, which `Path` alone forgets."""
    return Path(text).expanduser() if text.startswith("~") else Path(text)


def _path(value: object, info: ValidationInfo) -> Path:
    """Return the path that the text means, from the plan's folder on. `~` is the home folder."""
    if not isinstance(value, str):
        raise PydanticKnownError("string_type")
    if not value.strip():
        raise _wrong("is empty", "Write . for the plan's own folder.")
    return _folder(info) / _at_home(_printable(value))


def _ddl_files(value: object, info: ValidationInfo) -> tuple[Path, ...]:
    text = str(value)
    with _looking():
        path = _path(value, info)
        if path.is_file():
            files = [path]
        elif path.is_dir():
            files = sorted(file for file in path.glob("[!.]*.sql") if file.is_file())
            if not files:
                deeper = f"Name the files, or give a glob: {text.rstrip('/')}/**/*.sql"
                raise _wrong("is a folder without .sql files", deeper)
        elif glob.has_magic(text):
            pattern = str(_at_home(text))
            found = glob.glob(pattern, root_dir=_folder(info), recursive=True)  # noqa: PTH207 - has a root_dir
            files = sorted(file for name in found if (file := _folder(info) / name).is_file())
            if not files:
                raise _wrong("matches no file", _unexpanded(text) or f"{_RELATIVE}. Looked for {path}")
        elif path.exists():
            raise _wrong("is neither a file nor a folder")
        else:
            raise _wrong("does not exist", _elsewhere(text, path, _folder(info)))
        if locked := next((file for file in files if not os.access(file, os.R_OK)), None):
            raise _wrong("cannot be read: Permission denied", f"Let yourself read {locked}")
        return tuple(file.resolve() for file in files)


def _unexpanded(text: str) -> str:
    """Return what to say of `$NAME` or `${NAME}` in a path."""
    return _VARIABLE_ADVICE if re.search(r"\$\{?[A-Za-z_]", text) else ""


def _elsewhere(text: str, path: Path, folder: Path) -> str:
    """Return where the path that does not exist perhaps is."""
    if advice := _unexpanded(text):
        return advice
    if (here := Path(text)).exists():
        return f"{_RELATIVE}: write {os.path.relpath(here, folder)}"
    names = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    if near := get_close_matches(path.name, names, n=1):
        return f"Did you mean {Path(text).with_name(near[0])}?"
    return f"{_RELATIVE}. Looked for {path}"


def _workspace(value: object, info: ValidationInfo) -> Path:
    with _looking():
        path = _path(value, info).resolve()
        if (advice := _unexpanded(str(value))) and not path.exists():
            raise _wrong("names an environment variable", advice)
        if path == Path(path.anchor):
            raise _wrong("is the root of the file system", _EXPECTED["workspace"])
        there = next(part for part in (path, *path.parents) if part.exists())
        if not there.is_dir():
            raise _wrong(f"cannot be a folder: {there} is a file", _EXPECTED["workspace"])
        return path


def _templates(value: object, info: ValidationInfo) -> Path:
    with _looking():
        path = _path(value, info)
        if not path.exists():
            raise _wrong("does not exist", _elsewhere(str(value), path, _folder(info)))
        if not path.is_dir():
            raise _wrong("is not a folder")
        return path.resolve()


Text = Annotated[str, AfterValidator(_line), Field(min_length=1)]
Seconds = Annotated[float, Field(gt=0, le=MAX_SECONDS, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=64)]
OnOff = Annotated[Switch, BeforeValidator(_switch)]
TextOrNone = Annotated[list[Text], BeforeValidator(_as_list, json_schema_input_type=str | list[str])]
TextOrList = Annotated[TextOrNone, Field(min_length=1)]
DDLFiles = Annotated[tuple[Path, ...], BeforeValidator(_ddl_files, json_schema_input_type=str)]
DDL = Annotated[list[DDLFiles], BeforeValidator(_as_list, json_schema_input_type=str | list[str]), Field(min_length=1)]
Workspace = Annotated[Path, BeforeValidator(_workspace, json_schema_input_type=str)]
Templates = Annotated[Path, BeforeValidator(_templates, json_schema_input_type=str)]


class _Entry(BaseModel):
    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        model_title_generator=lambda model: model.__name__.removesuffix("Entry"),
    )


class TimeoutsEntry(_Entry):
    """Limits in seconds."""

    task: Seconds | None = Field(None, description="Of a whole task.", examples=[600])
    subtask: Seconds | None = Field(None, description="Of one table of a task.", examples=[300])
    grace: Seconds | None = Field(
        None, description="What an agent gets to stop by itself before its process is ended.", examples=[10]
    )


class RetriesEntry(_Entry):
    """How often a sub-task is tried."""

    attempts: Annotated[int, Field(ge=1, le=20)] | None = Field(
        None, description="Tries in all, the first one counted.", examples=[2]
    )
    backoff: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)] | None = Field(
        None, description="Seconds before the second try, doubled each time.", examples=[1.0]
    )


class ConcurrencyEntry(_Entry):
    """How much runs at once."""

    tasks: Count = Field(5, description="Tasks, each in a process of its own.")
    subtasks: Count = Field(5, description="Sub-tasks inside one task, each in a thread of its own.")


class WorkersEntry(_Entry):
    """What a worker process may use."""

    memory: Annotated[int, Field(ge=64, le=1_048_576), BeforeValidator(_whole)] | None = Field(
        None, description="Address space in MiB; a sub-task that wants more fails, and not the machine."
    )
    max_subtasks: Annotated[int, Field(ge=1, le=1_000_000), BeforeValidator(_whole)] | None = Field(
        None, description="Sub-tasks after which a fresh process takes its place: against leaks in agents."
    )


class ConvexEntry(_Entry):
    """Live progress on a Convex deployment. The token comes from RUNNER_CONVEX_TOKEN only."""

    url: Annotated[Text, AfterValidator(_url)] | None = Field(
        None,
        description="The deployment; CONVEX_URL otherwise.",
        examples=["https://happy-otter-123.convex.cloud"],
    )
    enabled: OnOff = Field("auto", description="auto: on when the URL and RUNNER_CONVEX_TOKEN are set.")


class LLMEntry(_Entry):
    """Classification of a description whose keywords do not tell the agent."""

    enabled: OnOff = Field("auto", description="auto: on when ANTHROPIC_API_KEY is set.")
    model: Text | None = Field(None, description="The model to ask.")


class TablesEntry(_Entry):
    """Which tables a task works on: shell globs over table names."""

    include: TextOrList | None = Field(None, description="All tables when left out.", examples=[["*"]])
    exclude: TextOrNone | None = Field(None, description="Taken away again.", examples=[["audit_*"]])


Tables = Annotated[TablesEntry, BeforeValidator(_as_tables, json_schema_input_type=TablesEntry | str | list[str])]


class _Shared(_Entry):
    """What a plan sets for all of its tasks, and a task for itself."""

    ddl: DDL | None = Field(
        None,
        title="DDL",
        description="The SQL schema: a file, a glob, a folder of .sql files, or a list of these.",
        examples=["school.sql", ["types.sql", "migrations/*.sql"]],
    )
    dialect: Dialect | None = Field(None, description="The SQL dialect of the schema; postgres when left out.")
    timeouts: TimeoutsEntry | None = Field(None, description="Limits in seconds.", examples=[{"task": 600}])
    retries: RetriesEntry | None = Field(None, description="How often a sub-task is tried.", examples=[{"attempts": 3}])
    templates: Templates | None = Field(
        None, description="A folder of your own templates, searched first.", examples=["./my-templates"]
    )


class TaskEntry(_Shared):
    """One piece of work for one agent."""

    id: Annotated[str, AfterValidator(_task_id)] | None = Field(
        None,
        description="What `needs` and commands call it; made from the description when left out.",
        examples=["be-setup"],
        json_schema_extra={"pattern": _ID.pattern, "maxLength": MAX_ID},
    )
    description: Text = Field(
        description="What to do, in words that tell the agent.",
        examples=["BE CRUD APIs for school management"],
    )
    priority: Annotated[int, Field(ge=1, le=10)] = Field(
        DEFAULT_PRIORITY, description="From 1 (last) to 10 (first).", examples=[7]
    )
    needs: TextOrNone = Field(default=[], description="Ids of tasks that must be done before.", examples=[["be-setup"]])
    agent: Text | None = Field(
        None,
        description="A kind's slug or title, or a class of your own; the description tells otherwise.",
        examples=["be-crud", "my_agents.docs:DocsAgent"],
    )
    tables: Tables | None = Field(
        None, description="Which tables; all when left out.", examples=[{"exclude": ["audit_*"]}]
    )
    options: dict[str, Any] | None = Field(None, description="Handed to the agent as they are.")
    workspace: Workspace | None = Field(None, description="A folder to generate into, other than the plan's.")


class PlanEntry(_Shared):
    """What to generate from a SQL schema, for `runner PLAN`."""

    version: Annotated[Literal[1], BeforeValidator(_whole)] = Field(description="Of this format.")
    name: Annotated[Text, Field(max_length=100)] = Field(
        description="Of the plan, as shown in its runs.", examples=["school"]
    )
    workspace: Workspace = Field(description="The folder to generate into.", examples=["../build/school"])
    concurrency: ConcurrencyEntry | None = Field(None, description="How much runs at once.", examples=[{"tasks": 5}])
    workers: WorkersEntry | None = Field(None, description="What a worker may use.", examples=[{"memory": 2048}])
    convex: ConvexEntry | None = Field(None, description="Live progress on a Convex deployment.")
    llm: LLMEntry | None = Field(None, title="LLM", description="Classification by a language model.")
    tasks: Annotated[list[TaskEntry], Field(min_length=1)] = Field(description="The work, in any order.")


_ENTRIES: dict[str, type[_Entry]] = {
    "timeouts": TimeoutsEntry,
    "retries": RetriesEntry,
    "concurrency": ConcurrencyEntry,
    "workers": WorkersEntry,
    "convex": ConvexEntry,
    "llm": LLMEntry,
    "tables": TablesEntry,
}
_REQUIRED = {name for name, about in PlanEntry.model_fields.items() if about.is_required()}
_FREE = "options"  # the one key below which anything goes, empty values too

# What to give, by the name of the key; the second half of every message about it.
_SECONDS = f"Give seconds: more than 0, at most {MAX_SECONDS} (a week)."
_EXPECTED = {
    "version": "Write version: 1.",
    "name": "Give a name of at most 100 characters, such as school.",
    "description": "Say in a few words what to do, such as BE CRUD APIs for school management.",
    "priority": "Give a whole number from 1 (last) to 10 (first).",
    "dialect": "Give postgres, mysql or sqlite.",
    "workspace": "Give the folder to generate into, such as ../build/school.",
    "templates": "Give a folder.",
    "ddl": "Give a .sql file, a glob, a folder, or a list of these.",
    "tasks": "List at least one: - description: BE setup for the school management backend.",
    "needs": "List ids of other tasks: [be-setup].",
    "agent": "Give a kind such as be-crud, or a class as package.module:ClassName.",
    "tables": 'Give globs, such as {include: ["*"], exclude: ["audit_*"]}.',
    "tables.include": 'Give globs, such as ["*"].',
    "tables.exclude": 'Give globs, such as ["audit_*"].',
    "options": "Give a mapping of what the agent takes.",
    "id": "Give lower-case letters, digits and '-', such as be-setup.",
    "timeouts": "Give seconds, such as {task: 600, subtask: 300}.",
    "retries": "Give how to try again, such as {attempts: 2, backoff: 1.0}.",
    "concurrency": "Give how much runs at once, such as {tasks: 5, subtasks: 5}.",
    "convex": "Give its settings, such as {enabled: auto}.",
    "llm": "Give its settings, such as {enabled: auto}.",
    "workers": "Give what a worker process may use, such as {memory: 2048, max_subtasks: 1000}.",
    "workers.memory": "Give MiB: a whole number from 64 to 1048576.",
    "workers.max_subtasks": "Give a whole number from 1 to 1000000.",
    "concurrency.tasks": "Give a whole number from 1 to 64.",
    "concurrency.subtasks": "Give a whole number from 1 to 64.",
    "timeouts.task": _SECONDS,
    "timeouts.subtask": _SECONDS,
    "timeouts.grace": _SECONDS,
    "retries.attempts": "Give how often to try in all: a whole number from 1 to 20.",
    "retries.backoff": "Give seconds from 0 to 3600.",
    "convex.url": "Give an address such as https://happy-otter-123.convex.cloud.",
    "convex.enabled": "Give auto, true or false.",
    "llm.enabled": "Give auto, true or false.",
    "llm.model": "Give a model's name.",
}
_OTHER_WORDS = {
    "depends_on": "needs",
    "depends": "needs",
    "after": "needs",
    "title": "description",
    "prompt": "description",
    "schema": "ddl",
    "sql": "ddl",
    "output": "workspace",
    "kind": "agent",
    "postgresql": "postgres",
    "pg": "postgres",
    "mariadb": "mysql",
    "sqlite3": "sqlite",
}
_WANTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}
_SAID = {
    "literal_error": "is not known",
    "too_short": "is empty",
    "too_long": "is too long",
    "string_too_short": "is empty",
    "string_too_long": "is too long",
}


def load_plan(path: Path) -> Plan:
    """Return the plan in this file; raises `PlanError` with all that is wrong with it, in order of lines."""
    root, problems = read_yaml(path)
    findings = _Findings(str(path), problems)
    if not isinstance(root.value, dict):
        expected = "Put the list below tasks:, after version, name and workspace." if root.items else ""
        findings.add(root, f"a plan is a mapping, and this is {kind_of(root.value)}", expected or "Write key: value.")
        raise PlanError(findings.in_order())
    entry: PlanEntry | None = None
    errors: list[ErrorDetails] = []
    try:
        entry = PlanEntry.model_validate(root.value, context={"folder": path.parent.resolve()})
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
    _check_empty_values(findings, root)
    _check_format(findings, root, errors)
    ids = _task_ids(findings, root)
    _check_needs(findings, root, ids)
    if entry is None or findings.problems:
        raise PlanError(findings.in_order())
    return _resolved(entry, ids, root, path)


def _problem(file: str, node: Node, message: str, expected: str) -> Problem:
    return Problem(file=file, line=node.line, column=node.column, message=message, expected=expected)


class _Findings:
    """All that is wrong with one plan; of each value only what was found first."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self.file = file
        self.problems = problems
        self._seen = {(problem.line, problem.column) for problem in problems}

    def add(self, node: Node, message: str, expected: str) -> None:
        """Add what is wrong with a value."""
        if (node.line, node.column) not in self._seen:
            self._seen.add((node.line, node.column))
            self.add_key(node, message, expected)

    def add_key(self, node: Node, message: str, expected: str) -> None:
        """Add a key that is unknown or missing: of these, several may share one place."""
        self.problems.append(_problem(self.file, node, message, expected))

    def in_order(self) -> list[Problem]:
        """Return the problems by line."""
        ordered = sorted(self.problems, key=lambda problem: (problem.line, problem.column))
        if len(ordered) > MAX_PROBLEMS:
            message = f"{len(ordered) - MAX_PROBLEMS} more problems are not shown"
            ordered[MAX_PROBLEMS:] = [Problem(file=self.file, message=message, expected="Mend these first.")]
        return ordered


def _check_format(findings: _Findings, root: Node, errors: list[ErrorDetails]) -> None:
    """Say what pydantic found, in the words of the plan."""
    meant: set[tuple[tuple[int | str, ...], str]] = set()  # keys that are there, misspelled
    for one in errors:
        loc = one["loc"]
        if one["type"] == "extra_forbidden":
            guess, expected = _known_key(loc) if len(meant) < MAX_PROBLEMS else ("", "")
            meant.add((loc[:-1], guess))
            key = str(loc[-1])
            findings.add_key(root.find(loc[:-1]).keys[key], f"unknown key {shown(key)}", expected)
    for one in errors:
        loc, kind = one["loc"], one["type"]
        name, node = field_name(loc), root.find(loc)
        if kind == "missing":
            if (loc[:-1], loc[-1]) not in meant:
                whose = "this task" if len(loc) > 1 else "the plan"
                findings.add_key(node, f"{whose} has no {loc[-1]}", _expected(name))
        elif kind == "plan":
            value = "" if name == "convex.url" else str(node)  # it may hold a password
            said, expected = one["ctx"]["message"], one["ctx"]["expected"]
            findings.add(node, _joined(name, value, said), expected or _expected(name))
        elif kind != "extra_forbidden":
            findings.add(node, *_wrong_value(name, node, kind))


def _wrong_value(name: str, node: Node, kind: str) -> tuple[str, str]:
    """Return what is wrong with a value, by the name that pydantic has for it, and what to do."""
    expected = _expected(name)
    if wanted := _WANTED.get(kind):
        said = f"is {kind_of(node.value)}, not {wanted}"
        if wanted == "a whole number" and isinstance(node.value, float):
            said = "is not a whole number"
        if kind == "string_type" and node.text is not None:
            expected = f'Put it in quotes: "{node}".'
        elif node.quoted and re.fullmatch(r"-?\d+(\.\d+)?", node.text or ""):
            expected = f"Remove the quotes: {shown(node.text or '')}."
    else:
        said = _SAID.get(kind, "is out of range")
        if name == "dialect":
            expected = _joined(_guess(str(node.value), ["postgres", "mysql", "sqlite"]), expected)
    return _joined(name, str(node), said), expected


def _expected(name: str) -> str:
    """Return what to give, by what a message calls the value."""
    if name.startswith("task "):
        return "Write a task: - description: BE CRUD APIs for school management."
    return _EXPECTED.get(name, "Write key: value.")


def _joined(*words: str) -> str:
    return " ".join(word for word in words if word)


def _guess(word: str, known: Iterable[str]) -> str:
    other = _OTHER_WORDS.get(word.lower(), "")
    return f"Did you mean {other}?" if other in known else did_you_mean(word, known)


def _known_key(loc: tuple[int | str, ...]) -> tuple[str, str]:
    """Return the key that was perhaps meant, and what to do with this one."""
    key = str(loc[-1])
    owner = loc[-2] if len(loc) > 1 else None
    model = PlanEntry if owner is None else TaskEntry if isinstance(owner, int) else _ENTRIES[owner]
    known = list(model.model_fields)
    if guess := _guess(key, known):
        return guess.removeprefix("Did you mean ").rstrip("?"), guess
    if key in {"token", "api_key", "secret", "password"}:
        return "", "Remove it: secrets come from the environment only."
    if model is PlanEntry and key in TaskEntry.model_fields:
        return "", f"{key} is a key of a task: move it there."
    if model is TaskEntry and key in PlanEntry.model_fields:
        return "", f"{key} is a key of the plan: move it to the top."
    return "", f"Known here: {', '.join(known)}."


def _check_empty_values(findings: _Findings, root: Node) -> None:
    """Find keys without a value, which YAML reads as null and pydantic as left out."""
    waiting: list[tuple[tuple[str | int, ...], Node]] = [((), root)]
    while waiting:
        path, node = waiting.pop()
        name = field_name(path)
        if node.value is None and (name in _EXPECTED or isinstance(path[-1], int)):
            listed = isinstance(path[-1], int)
            needed = listed or name == "description" or (len(path) == 1 and name in _REQUIRED)
            expected = _expected(name) if needed else f"{_expected(name)[:-1]}, or leave it out."
            findings.add(node, f"{name} is empty", expected)
        elif path[-1:] != (_FREE,):
            waiting += [((*path, key), value) for key, value in node.values.items()]
            waiting += [((*path, index), value) for index, value in enumerate(node.items)]


# --- ids and needs


def slug(text: str, otherwise: str = "task") -> str:
    """Return the text as an id: its ASCII letters and digits in lower case, joined by `-`, if it has any."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", ascii_text.lower())
    return words[: MAX_ID - 4].strip("-") or otherwise


def _some(names: Sequence[str], between: str = ", ") -> str:
    """Return the first of the names, and a sign that there are more."""
    return between.join([*names[:MAX_NAMES], "…"] if len(names) > MAX_NAMES else names)


def _task_nodes(root: Node) -> Sequence[Node]:
    return root.values["tasks"].items if "tasks" in root.values else ()


def _own_id(task: Node) -> Node | None:
    """Return the id that the task gives itself, if it is one."""
    own = task.values.get("id")
    return own if own is not None and isinstance(own.value, str) else None


def _task_ids(findings: _Findings, root: Node) -> list[str]:
    """Return every task's id, its own or one made from its description."""
    first: dict[str, Node] = {}
    for task in _task_nodes(root):
        if (own := _own_id(task)) is None:
            continue
        if (other := first.get(own.value)) is not None:
            at = task if own is other else own  # one anchor, used twice
            findings.add(at, f"id {own} is already used on line {other.line}", "Give each task an id of its own.")
        first.setdefault(own.value, own)
    ids: list[str] = []
    taken = set(first)
    counts: dict[str, int] = {}
    for task in _task_nodes(root):
        if (own := _own_id(task)) is not None:
            ids.append(own.value)
            continue
        description = task.values.get("description")
        base = made = slug(str(description.value)) if description else "task"
        while made in taken:
            counts[base] = counts.get(base, 1) + 1
            made = f"{base}-{counts[base]}"
        taken.add(made)
        ids.append(made)
    return ids


def _check_needs(findings: _Findings, root: Node, ids: list[str]) -> None:
    """Find needs of tasks that do not exist, and needs that wait for each other."""
    places: dict[str, dict[str, Node]] = {own: {} for own in ids}
    for own, task in zip(ids, _task_nodes(root), strict=True):
        needs = task.values.get("needs")
        for node in [] if needs is None else needs.items or [needs]:
            name = node.value.strip() if isinstance(node.value, str) else ""
            if name == own:
                findings.add(node, f"needs {node} is this task itself", "Remove it.")
            elif name in places:
                places[own].setdefault(name, node)
            elif name:
                few = len(ids) < MAX_GUESSED and len(findings.problems) < MAX_PROBLEMS
                known = (did_you_mean(name, ids) if few else "") or f"Ids here: {_some(list(places))}."
                findings.add(node, f"needs {node} is no task of this plan", known)
    for _ in range(MAX_NAMES):
        try:
            TopologicalSorter(places).prepare()
        except CycleError as error:
            cycle = error.args[1][:0:-1]  # graphlib names each before what needs it, and the first one twice
            start = min(range(len(cycle)), key=lambda index: ids.index(cycle[index]))
            ring = [*cycle[start:], *cycle[:start]]
            node = places[ring[0]].pop(ring[1])
            path = f"{_some(ring, ' needs ')} needs {ring[0]}"
            findings.add(node, f"needs {node} closes a cycle: {path}", "Remove one of these needs.")
        else:
            return


def _given(entry: _Entry | None) -> dict[str, Any]:
    return {} if entry is None else entry.model_dump(exclude_none=True)


def _resolved(entry: PlanEntry, ids: Sequence[str], root: Node, path: Path) -> Plan:
    """Fill in the defaults: the task's own, else the plan's, else the format's."""
    file = str(path)
    timeouts = replace(Timeouts(), **_given(entry.timeouts))
    retries = replace(Retries(), **_given(entry.retries))
    tasks = []
    for index, (own, task, node) in enumerate(zip(ids, entry.tasks, _task_nodes(root), strict=True)):
        tables = {key: tuple(globs) for key, globs in _given(task.tables).items()}
        files = (file for group in (task.ddl or entry.ddl or []) for file in group)
        tasks.append(
            PlanTask(
                id=own,
                description=task.description,
                priority=task.priority,
                needs=tuple(dict.fromkeys(task.needs)),
                agent=task.agent,
                ddl=tuple(dict.fromkeys(files)),
                dialect=task.dialect or entry.dialect or "postgres",
                workspace=task.workspace or entry.workspace,
                tables=TableGlobs(**tables),
                timeouts=replace(timeouts, **_given(task.timeouts)),
                retries=replace(retries, **_given(task.retries)),
                templates=task.templates or entry.templates,
                options=task.options or {},
                index=index,
                place=f"{file}:{node.line}:{node.column}",
            )
        )
    return Plan(
        name=entry.name,
        path=path.parent.resolve() / path.name,
        file=file,
        workspace=entry.workspace,
        concurrency=Concurrency(**_given(entry.concurrency)),
        workers=WorkerLimits(**_given(entry.workers)),
        timeouts=timeouts,
        retries=retries,
        templates=entry.templates,
        convex=ConvexSettings(**_given(entry.convex)),
        llm=LLMSettings(**_given(entry.llm)),
        tasks=tuple(tasks),
        root=root,
    )


# --- for editors, and to start from


class _Schema(GenerateJsonSchema):
    """Leaves out null, which stands in the models for a key that is left out and is refused in a plan."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        if schema.get("default", 0) is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)


def plan_schema() -> dict[str, Any]:
    """Return the plan format as a JSON Schema (2020-12), for editors."""
    schema = PlanEntry.model_json_schema(schema_generator=_Schema)
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema, "title": "Plan of plan-runner"}


def _yaml_text(text: str) -> str:
    """Return the text as YAML, in quotes where it needs them."""
    plain = _PLAIN.fullmatch(text) and text.lower() not in _NOT_TEXT
    return text if plain else json.dumps(text, ensure_ascii=False)


_PLAIN = re.compile(r"(\.{1,2}/)*[A-Za-z_][A-Za-z0-9_./-]*")
_NOT_TEXT = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def starter_plan(
    ddl: Path, dialect: Dialect = "postgres", *, tables: Sequence[str] = (), folder: Path | None = None
) -> str:
    """Return the text of a plan for this schema, to be written into `folder` (the DDL's own when left out).

    `tables` are named in a comment, so that globs can be written at sight.
    """
    name = slug(ddl.resolve().stem, otherwise="app")
    path = os.path.relpath(ddl.resolve(), (folder or ddl.parent).resolve())
    path = f"./{path}" if path.startswith("~") else path
    found = f"    # {len(tables)} tables: {_some([shown(table) for table in tables])}\n" if tables else ""
    return f"""\
# A plan for `runner`. `runner validate` checks it, `runner plan-schema` prints its format for editors.
version: 1
name: {_yaml_text(name)}
ddl: {_yaml_text(path)}              # a file, a glob, a folder, or a list of these
dialect: {dialect}
workspace: build/{name}

# These are the defaults:
# concurrency: {{tasks: 5, subtasks: 5}}
# workers: {{}}                           # no limits; memory (MiB) and max_subtasks of a worker process
# timeouts: {{task: 600, subtask: 300}}   # seconds
# retries: {{attempts: 2, backoff: 1.0}}
# templates: ./my-templates             # none; searched before the built-in ones

tasks:
  - id: be-setup
    description: BE setup
    priority: 10            # 10 first, 1 last, 5 when left out

  - id: be-crud
    description: BE CRUD APIs
    priority: 7
    needs: [be-setup]
{found}    tables: {{include: ["*"], exclude: []}}
"""
