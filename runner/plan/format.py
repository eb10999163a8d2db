"""What a plan may contain: a pydantic model for every mapping in it.

Each field holds all that is specific to its key: type, bounds, default, what an editor shows (`description`,
`examples`) and what an error message asks for (`Expected`). The validators need the context of `path_types`.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from runner.ddl.dialects import DEFAULT
from runner.plan.ids import ID, MAX_ID
from runner.plan.path_types import DDL, Labels, Templates, Workspace  # noqa: TC001 - pydantic evaluates annotations
from runner.plan.value_types import (
    Count,
    DialectName,
    Expected,
    ListenAddress,
    OnOff,
    SchedulerUrl,
    Seconds,
    Switch,
    TaskId,
    Text,
    TextOrList,
    TextOrNone,
    Url,
    whole,
)
from runner.records.task import DEFAULT_PRIORITY, SUBTASK_CONCURRENCY, TASK_CONCURRENCY


class Entry(BaseModel):
    """A mapping of a plan: its known keys only, each of exactly the type that it has here."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        model_title_generator=lambda model: model.__name__.removesuffix("Entry"),
    )

    expected: ClassVar[Expected] = Expected("Write key: value.")


class TimeoutsEntry(Entry):
    """Limits in seconds."""

    expected: ClassVar[Expected] = Expected("Give seconds, such as {task: 600, subtask: 300}.")

    task: Seconds | None = Field(default=None, description="For a whole task.", examples=[600])
    subtask: Seconds | None = Field(default=None, description="For one table of a task.", examples=[300])
    grace: Seconds | None = Field(
        default=None, description="For an agent to stop by itself before its process is ended.", examples=[10]
    )


class RetriesEntry(Entry):
    """How often a sub-task is tried."""

    expected: ClassVar[Expected] = Expected("Give how to try again, such as {attempts: 2, backoff: 1.0}.")

    attempts: (
        Annotated[
            int,
            Field(ge=1, le=20),
            Expected("Give how often to try in all: a whole number from $ge to $le."),
        ]
        | None
    ) = Field(default=None, description="Number of attempts, the first one included.", examples=[2])
    backoff: (
        Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False), Expected("Give seconds from $ge to $le.")] | None
    ) = Field(default=None, description="Seconds before the second attempt, doubled each time.", examples=[1.0])


class ConcurrencyEntry(Entry):
    """How much runs at once."""

    expected: ClassVar[Expected] = Expected("Give how much runs at once, such as {tasks: 5, subtasks: 5}.")

    tasks: Count = Field(default=TASK_CONCURRENCY, description="Tasks, each in a process of its own.")
    subtasks: Count = Field(
        default=SUBTASK_CONCURRENCY, description="Sub-tasks inside one task, each in a thread of its own."
    )


class WorkersEntry(Entry):
    """What a worker process may use."""

    expected: ClassVar[Expected] = Expected(
        "Give what a worker process may use, such as {memory: 2048, max_subtasks: 1000}."
    )

    memory: (
        Annotated[
            int,
            Field(ge=64, le=1_048_576),
            BeforeValidator(whole),
            Expected("Give MiB: a whole number from $ge to $le."),
        ]
        | None
    ) = Field(default=None, description="Address space in MiB. A sub-task that needs more fails, not the machine.")
    max_subtasks: (
        Annotated[
            int,
            Field(ge=1, le=1_000_000),
            BeforeValidator(whole),
            Expected("Give a whole number from $ge to $le."),
        ]
        | None
    ) = Field(default=None, description="Sub-tasks after which a worker is replaced: against memory leaks in agents.")


_File = Annotated[Text, Expected("Give a file.")]


class ExecutorEntry(Entry):
    """Where the workers are: on this machine, or on a Dask cluster."""

    expected: ClassVar[Expected] = Expected(
        "Write local, or the scheduler of a Dask cluster, such as {dask: tls://scheduler:8786}."
    )

    dask: SchedulerUrl = Field(
        description="The address of the cluster's scheduler.", examples=["tls://scheduler.example:8786"]
    )
    ca: _File | None = Field(
        default=None,
        description="The cluster's certificate authority, a PEM file; Dask's own configuration when left out.",
        examples=["tls/ca.pem"],
    )
    cert: _File | None = Field(
        default=None, description="The certificate of this side, a PEM file.", examples=["tls/client.pem"]
    )
    key: _File | None = Field(
        default=None,
        description="The key of the certificate, a PEM file, unless that contains it.",
        examples=["tls/client-key.pem"],
    )
    listen: ListenAddress | None = Field(
        default=None,
        description="The address of this machine that workers connect to; found out when left out.",
        examples=["10.0.0.5:9000"],
    )
    wait: Annotated[
        float,
        Field(gt=0, le=86_400, allow_inf_nan=False),
        Expected("Give seconds: more than $gt, at most $le (a day)."),
    ] = Field(default=60.0, description="Seconds that the scheduler may be away before the run ends.")
    workspace: Annotated[Literal["shared"], Expected("Write $choices, or leave it out.")] | None = Field(
        default=None, description="shared: workers have the workspace at the same path, and write files themselves."
    )
    env: Annotated[TextOrNone, Expected("List names of variables: [ANTHROPIC_API_KEY].")] = Field(
        default=[],
        description="Environment variables that workers get from this process; none when left out.",
        examples=[["ANTHROPIC_API_KEY"]],
    )


def _as_executor(value: object) -> object:
    if value == "local":
        return None
    return {"dask": value} if isinstance(value, str) else value


Executor = Annotated[
    ExecutorEntry | None,
    BeforeValidator(_as_executor, json_schema_input_type=ExecutorEntry | str),
]


class ConvexEntry(Entry):
    """Live progress on a Convex deployment. The token comes from RUNNER_CONVEX_TOKEN only."""

    expected: ClassVar[Expected] = Expected("Give its settings, such as {enabled: auto}.")

    url: Url | None = Field(
        default=None,
        description="The deployment; CONVEX_URL when left out.",
        examples=["https://happy-otter-123.convex.cloud"],
    )
    enabled: OnOff = Field(default="auto", description="auto: on when the URL and RUNNER_CONVEX_TOKEN are set.")


class LLMEntry(Entry):
    """Classification of a description whose keywords do not determine the agent."""

    expected: ClassVar[Expected] = Expected("Give its settings, such as {enabled: auto}.")

    enabled: OnOff = Field(default="auto", description="auto: on when ANTHROPIC_API_KEY is set.")
    model: Annotated[Text, Expected("Give a model's name.")] | None = Field(
        default=None, description="The model to ask."
    )


class TablesEntry(Entry):
    """Which tables a task works on: shell globs over table names."""

    expected: ClassVar[Expected] = Expected('Give globs, such as {include: ["*"], exclude: ["audit_*"]}.')

    include: Annotated[TextOrList, Expected('Give globs, such as ["*"].')] | None = Field(
        default=None, description="All tables when left out.", examples=[["*"]]
    )
    exclude: Annotated[TextOrNone, Expected('Give globs, such as ["audit_*"].')] | None = Field(
        default=None, description="Removed from what `include` selects.", examples=[["audit_*"]]
    )


def _as_tables(value: object) -> object:
    return {"include": value} if isinstance(value, (str, list)) else value


Tables = Annotated[TablesEntry, BeforeValidator(_as_tables, json_schema_input_type=TablesEntry | str | list[str])]


class _Shared(Entry, defer_build=True):  # only a plan is validated: its subclasses are built with it, once
    """What a plan sets for all of its tasks, and a task for itself."""

    ddl: DDL | None = Field(
        default=None,
        title="DDL",
        description="The SQL schema: a file, a glob, a folder of .sql files, or a list of these; or a live database, "
        "as the path of a SQLite file or a URL without a password.",
        examples=["school.sql", ["types.sql", "migrations/*.sql"], "postgresql://reader@localhost/school"],
    )
    dialect: DialectName | None = Field(
        default=None, description=f"The SQL dialect of the schema; {DEFAULT} when left out."
    )
    timeouts: TimeoutsEntry | None = Field(default=None, description="Limits in seconds.", examples=[{"task": 600}])
    retries: RetriesEntry | None = Field(
        default=None, description="How often a sub-task is tried.", examples=[{"attempts": 3}]
    )
    templates: Templates | None = Field(
        default=None, description="A folder of your own templates, searched first.", examples=["./my-templates"]
    )
    search: (
        Annotated[dict[Text, TextOrNone], Expected("Give the columns of each table: {students: [full_name, phone]}.")]
        | None
    ) = Field(
        default=None,
        description="The columns that lists search, by table, and of referenced rows by the reference's name; of a "
        "table that is left out all texts and the labels of references with an index, none for [].",
        examples=[{"students": ["full_name", "phone"], "payments": ["note", "student.full_name"], "audit_log": []}],
    )
    secret: (
        Annotated[dict[Text, TextOrNone], Expected("Give the columns of each table: {users: [recovery_answer]}.")]
        | None
    ) = Field(
        default=None,
        description="The columns that hold secrets, by table, which clients write and never read; of a table that is "
        "left out those that their names or comments tell, none for [].",
        examples=[{"users": ["password_hash", "recovery_answer"], "pages": []}],
    )
    soft_delete: Annotated[Text, Expected("Give the name of a column, such as deleted_at.")] | None = Field(
        default=None,
        description="The column with the time of a row's deletion: rows of tables that have it are hidden and can be "
        "restored. Rows are deleted for good when left out.",
        examples=["deleted_at"],
    )
    labels: Labels | None = Field(
        default=None,
        description="What people read in place of names: of tables, columns, values, groups and the title, each as one "
        "text or one for each language; or a YAML file with that.",
        examples=["labels/school.yaml", {"tables": {"students": {"label": {"id": "Siswa"}}}}],
    )
    indexes: Annotated[Literal["suggest", "create", "none"], Expected("Give $choices.")] | None = Field(
        default=None,
        description="Indexes that the DDL lacks for references, sorts and filters: listed in the backend's README "
        "(suggest, when left out), created by a migration, or neither.",
        examples=["create"],
    )
    objects: Annotated[Literal["all", "needed", "none"], Expected("Give $choices.")] | None = Field(
        default=None,
        description="Functions, procedures and triggers of a PostgreSQL schema that the migrations create: all, those "
        "that defaults, checks, computed columns, indexes and views call (needed, when left out), or none.",
        examples=["all"],
    )
    rate_limit: (
        Annotated[
            Text,
            Field(pattern=r"^[1-9][0-9]{0,8}/(second|minute|hour|day)$"),
            Expected("Give requests and a period (second, minute, hour or day), such as 100/minute."),
        ]
        | None
    ) = Field(
        default=None,
        description="How many requests an address or account may send to the backend; without it there is no limit.",
        examples=["100/minute"],
    )
    metrics: Switch | None = Field(
        default=None, description="Whether the backend serves metrics for Prometheus.", examples=[True]
    )
    tracing: Annotated[Literal["none", "otel"], Expected("Give $choices.")] | None = Field(
        default=None, description="Whether the backend sends traces of requests with OpenTelemetry.", examples=["otel"]
    )
    ci: Annotated[Literal["none", "github", "gitlab"], Expected("Give $choices.")] | None = Field(
        default=None, description="The service whose pipeline checks and tests each change.", examples=["github"]
    )
    e2e: Switch | None = Field(
        default=None, description="Whether the application has tests in a browser, with Playwright.", examples=[True]
    )
    charts: Switch | None = Field(
        default=None,
        description="Whether the home page has charts: numbers of rows by day, week or month, and by choice.",
        examples=[True],
    )


class TaskEntry(_Shared):
    """One piece of work for one agent."""

    expected: ClassVar[Expected] = Expected("Write a task: - description: BE CRUD APIs for school management.")

    id: TaskId | None = Field(
        default=None,
        description="The name that `needs` and commands use; made from the description when left out.",
        examples=["be-setup"],
        json_schema_extra={"pattern": ID.pattern, "maxLength": MAX_ID},
    )
    description: Annotated[
        Text, Expected("Say in a few words what to do, such as BE CRUD APIs for school management.")
    ] = Field(
        description="What to do, in words that determine the agent.",
        examples=["BE CRUD APIs for school management"],
    )
    priority: Annotated[int, Field(ge=1, le=10), Expected("Give a whole number from $ge (last) to $le (first).")] = (
        Field(default=DEFAULT_PRIORITY, description="From 1 (last) to 10 (first).", examples=[7])
    )
    needs: Annotated[TextOrNone, Expected("List ids of other tasks: [be-setup].")] = Field(
        default=[], description="Ids of tasks that must be done before.", examples=[["be-setup"]]
    )
    agent: Annotated[Text, Expected("Give a kind such as be-crud, or a class as package.module:ClassName.")] | None = (
        Field(
            default=None,
            description="A kind's slug or title, or a class of your own; the description decides when left out.",
            examples=["be-crud", "my_agents.docs:DocsAgent"],
        )
    )
    tables: Tables | None = Field(
        default=None, description="Which tables; all when left out.", examples=[{"exclude": ["audit_*"]}]
    )
    options: Annotated[dict[str, Any], Expected("Give a mapping of what the agent takes.")] | None = Field(
        default=None, description="Passed to the agent unchanged."
    )
    workspace: Workspace | None = Field(default=None, description="A folder to generate into, other than the plan's.")


class PlanEntry(_Shared):
    """What to generate from a SQL schema, for `runner PLAN`."""

    version: Annotated[Literal[1], BeforeValidator(whole), Expected("Write version: $choices.")] = Field(
        description="Of this format."
    )
    name: Annotated[
        Text,
        Field(max_length=100),
        Expected("Give a name of at most $max_length characters, such as school."),
    ] = Field(description="Of the plan, as shown in its runs.", examples=["school"])
    workspace: Workspace = Field(description="The folder to generate into.", examples=["../build/school"])
    concurrency: ConcurrencyEntry = Field(
        default_factory=ConcurrencyEntry, description="How much runs at once.", examples=[{"tasks": 5}]
    )
    workers: WorkersEntry = Field(
        default_factory=WorkersEntry, description="What a worker may use.", examples=[{"memory": 2048}]
    )
    executor: Executor = Field(
        default=None,
        description="Where the workers are: local when left out, or on a Dask cluster.",
        examples=["local", {"dask": "tls://scheduler.example:8786"}],
    )
    merge: Annotated[Literal["store", "git"], Expected("Write $choices, or leave it out.")] = Field(
        default="store",
        description="What edits by hand are merged from: texts in `.runner/base` of the workspace, or its commits.",
        examples=["git"],
    )
    convex: ConvexEntry = Field(default_factory=ConvexEntry, description="Live progress on a Convex deployment.")
    llm: LLMEntry = Field(default_factory=LLMEntry, title="LLM", description="Classification by a language model.")
    tasks: Annotated[
        list[TaskEntry],
        Field(min_length=1),
        Expected("List at least one: - description: BE setup for the school management backend."),
    ] = Field(description="The work, in any order.")
