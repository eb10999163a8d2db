"""What the models in `format` say, as a JSON Schema: editors complete and check plans by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from runner.plan.format import PlanEntry

if TYPE_CHECKING:
    from pydantic_core import core_schema


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
