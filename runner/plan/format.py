"""What a plan may say: a pydantic model for every mapping in it, and the JSON Schema that editors take from them.

Filled in the supervisor's main thread while a plan is loaded, in the context that `paths` asks for; owns nothing. The
descriptions and examples here are the reference that a user sees in an editor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from runner.ddl.dialects import DEFAULT
from runner.plan.ids import ID, MAX_ID
from runner.plan.path_types import DDL, Templates, Workspace  # noqa: TC001 - pydantic evaluates annotations
from runner.plan.value_types import Count, DialectName, OnOff, Seconds, TaskId, Text, TextOrList, TextOrNone, Url, whole
from runner.records.task import DEFAULT_PRIORITY

if TYPE_CHECKING:
    from pydantic_core import core_schema


class Entry(BaseModel):
    """A mapping of a plan: its known keys only, each of just the type that it has here."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        model_title_generator=lambda model: model.__name__.removesuffix("Entry"),
    )


class TimeoutsEntry(Entry):
    """Limits in seconds."""

    task: Seconds | None = Field(None, description="Of a whole task.", examples=[600])
    subtask: Seconds | None = Field(None, description="Of one table of a task.", examples=[300])
    grace: Seconds | None = Field(
        None, description="What an agent gets to stop by itself before its process is ended.", examples=[10]
    )


class RetriesEntry(Entry):
    """How often a sub-task is tried."""

    attempts: Annotated[int, Field(ge=1, le=20)] | None = Field(
        None, description="Tries in all, the first one counted.", examples=[2]
    )
    backoff: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)] | None = Field(
        None, description="Seconds before the second try, doubled each time.", examples=[1.0]
    )


class ConcurrencyEntry(Entry):
    """How much runs at once."""

    tasks: Count = Field(5, description="Tasks, each in a process of its own.")
    subtasks: Count = Field(5, description="Sub-tasks inside one task, each in a thread of its own.")


class WorkersEntry(Entry):
    """What a worker process may use."""

    memory: Annotated[int, Field(ge=64, le=1_048_576), BeforeValidator(whole)] | None = Field(
        None, description="Address space in MiB; a sub-task that wants more fails, and not the machine."
    )
    max_subtasks: Annotated[int, Field(ge=1, le=1_000_000), BeforeValidator(whole)] | None = Field(
        None, description="Sub-tasks after which a fresh process takes its place: against leaks in agents."
    )


class ConvexEntry(Entry):
    """Live progress on a Convex deployment. The token comes from RUNNER_CONVEX_TOKEN only."""

    url: Url | None = Field(
        None,
        description="The deployment; CONVEX_URL otherwise.",
        examples=["https://happy-otter-123.convex.cloud"],
    )
    enabled: OnOff = Field("auto", description="auto: on when the URL and RUNNER_CONVEX_TOKEN are set.")


class LLMEntry(Entry):
    """Classification of a description whose keywords do not tell the agent."""

    enabled: OnOff = Field("auto", description="auto: on when ANTHROPIC_API_KEY is set.")
    model: Text | None = Field(None, description="The model to ask.")


class TablesEntry(Entry):
    """Which tables a task works on: shell globs over table names."""

    include: TextOrList | None = Field(None, description="All tables when left out.", examples=[["*"]])
    exclude: TextOrNone | None = Field(None, description="Taken away again.", examples=[["audit_*"]])


def _as_tables(value: object) -> object:
    return {"include": value} if isinstance(value, (str, list)) else value


Tables = Annotated[TablesEntry, BeforeValidator(_as_tables, json_schema_input_type=TablesEntry | str | list[str])]


class _Shared(Entry, defer_build=True):  # only a plan is validated: all that share this are built with it, once
    """What a plan sets for all of its tasks, and a task for itself."""

    ddl: DDL | None = Field(
        None,
        title="DDL",
        description="The SQL schema: a file, a glob, a folder of .sql files, or a list of these.",
        examples=["school.sql", ["types.sql", "migrations/*.sql"]],
    )
    dialect: DialectName | None = Field(None, description=f"The SQL dialect of the schema; {DEFAULT} when left out.")
    timeouts: TimeoutsEntry | None = Field(None, description="Limits in seconds.", examples=[{"task": 600}])
    retries: RetriesEntry | None = Field(None, description="How often a sub-task is tried.", examples=[{"attempts": 3}])
    templates: Templates | None = Field(
        None, description="A folder of your own templates, searched first.", examples=["./my-templates"]
    )


class TaskEntry(_Shared):
    """One piece of work for one agent."""

    id: TaskId | None = Field(
        None,
        description="What `needs` and commands call it; made from the description when left out.",
        examples=["be-setup"],
        json_schema_extra={"pattern": ID.pattern, "maxLength": MAX_ID},
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

    version: Annotated[Literal[1], BeforeValidator(whole)] = Field(description="Of this format.")
    name: Annotated[Text, Field(max_length=100)] = Field(
        description="Of the plan, as shown in its runs.", examples=["school"]
    )
    workspace: Workspace = Field(description="The folder to generate into.", examples=["../build/school"])
    concurrency: ConcurrencyEntry | None = Field(None, description="How much runs at once.", examples=[{"tasks": 5}])
    workers: WorkersEntry | None = Field(None, description="What a worker may use.", examples=[{"memory": 2048}])
    convex: ConvexEntry | None = Field(None, description="Live progress on a Convex deployment.")
    llm: LLMEntry | None = Field(None, title="LLM", description="Classification by a language model.")
    tasks: Annotated[list[TaskEntry], Field(min_length=1)] = Field(description="The work, in any order.")


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
